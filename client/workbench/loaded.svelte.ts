/** A component that is fetched when it is first needed. A failed fetch (a new version took the file away) is told, with a way to try again. */
import type { ComponentLoader } from '../platform/contributions.ts'
import type { Component } from 'svelte'

// any: see ComponentLoader.
export type Loaded = { state: 'loading' } | { state: 'ready'; Component: Component<any> } | { state: 'failed' }

const known = new WeakMap<ComponentLoader, Component<any>>()

/**
 * Fetches what will be wanted, one after another, when the window has nothing better to do: the first Ctrl+Shift+F must not lose the letters that follow
 * it. A failure is no fault yet (the network goes, the relay starts anew): what is shown is asked for again, and told there.
 */
export async function fetchAhead(loaders: readonly ComponentLoader[]): Promise<void> {
  for (const loader of loaders) {
    if (known.has(loader)) continue
    await new Promise<void>((resolve) => void (window.requestIdleCallback?.(() => resolve(), { timeout: 2000 }) ?? setTimeout(resolve, 200)))
    try {
      known.set(loader, (await loader()).default)
    } catch {
      // See above.
    }
  }
}

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
