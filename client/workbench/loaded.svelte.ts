/** A component that is fetched when it is first needed. A failed fetch (a new version took the file away) is told, with a way to try again. */
import type { ComponentLoader } from '../platform/contributions.ts'
import type { Component } from 'svelte'

// any: see ComponentLoader.
export type Loaded = { state: 'loading' } | { state: 'ready'; Component: Component<any> } | { state: 'failed' }

const known = new WeakMap<ComponentLoader, Component<any>>()

export interface Loading {
  readonly now: Loaded
  again(): void
}

export function load(loader: ComponentLoader): Loading {
  const ready = known.get(loader)
  let now = $state.raw<Loaded>(ready ? { state: 'ready', Component: ready } : { state: 'loading' })
  function fetchIt(): void {
    loader().then(
      (module) => {
        known.set(loader, module.default)
        now = { state: 'ready', Component: module.default }
      },
      (error: unknown) => {
        reportError(error)
        now = { state: 'failed' }
      },
    )
  }
  if (!ready) fetchIt()
  return {
    get now() { return now },
    again() {
      now = { state: 'loading' }
      fetchIt()
    },
  }
}
