/**
 * Makes the services of a window once, in order, out of what the composition root hands over. Nothing else makes a service.
 */
import { MediaQuery } from 'svelte/reactivity'
import { assert } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import type { Engine, LaptopLock } from '../engine/api.ts'
import type { Items } from '../items/items.ts'
import type { Appearance } from '../platform/appearance.svelte.ts'
import { createContributions } from '../platform/contributions.ts'
import type { Http, Identity } from '../platform/http.ts'
import { isHeard, keyWorldOf, listenForKeys } from '../platform/keys.ts'
import type { Storage } from '../platform/storage.ts'
import { t } from '../platform/text/text.svelte.ts'
import { contributeWorkbench } from './commands.ts'
import { createLayout, type WorkbenchLayout } from './layout.svelte.ts'
import { createNotices, type NoticesState } from './notices.svelte.ts'
import type { Services } from './services.ts'
import { createWorkspace } from './workspace.svelte.ts'

/** What the parts of the workbench see beyond what features get. */
export interface WorkbenchServices extends Services {
  readonly layout: WorkbenchLayout
  readonly notices: NoticesState
  readonly identity: Identity
}

export interface ComposeDeps {
  identity: Identity
  engine: Engine
  /** null or left out: what lies here cannot be locked. */
  lock?: LaptopLock | null
  createItems(engine: Engine, workspace: Services['workspace']): Items
  http: Http
  storage: Storage
  appearance: Appearance
  clock: Clock
  /** The doors of all features. */
  doors: readonly ((services: Services) => Disposable)[]
}

const noLock: LaptopLock = { isPossible: false, isOn: false, idleMinutes: null, order: () => Promise.resolve({ kind: 'failed', failure: 'unavailable' }), onMustLeave: createEmitter<void>().event }

export function composeServices({ identity, engine, lock, createItems, http, storage, appearance, clock, doors }: ComposeDeps): WorkbenchServices & Disposable {
  const bag = createBag()
  const contributions = createContributions()
  const keyWorld = keyWorldOf(window)
  const phone = new MediaQuery('max-width: 767px')
  const middle = new MediaQuery('max-width: 1199px')

  const workspace = bag.add(createWorkspace({ engine, identity, storage, clock }))
  const notices = bag.add(createNotices(clock))
  const layout = createLayout({
    storage,
    person: identity.person.user,
    viewOf: (id) => contributions.views.get(id) ?? null,
    width: () => (phone.current ? 'phone' : middle.current ? 'middle' : 'wide'),
  })
  const services: WorkbenchServices = {
    contributions,
    engine,
    lock: lock ?? noLock,
    items: createItems(engine, workspace),
    workspace,
    layout,
    notices,
    http,
    storage,
    appearance,
    clock,
    keyWorld,
    identity,
    async run(id, ...args) {
      const command = contributions.commands.get(id)
      assert(command, `command ${id} is not registered`)
      try {
        await command.run(...args)
      } catch (error) {
        reportError(error)
        notices.warn(t.errors.commandFailed(command.title()))
      }
    },
  }
  bag.add(contributeWorkbench(services))
  for (const door of doors) bag.add(door(services))

  let keys: Disposable | null = null
  function listen(): void {
    keys?.dispose()
    const bindings: Record<string, () => void> = {}
    const bind = (key: string | undefined, run: () => void): void => {
      if (!key || !isHeard(key, keyWorld)) return
      assert(!(key in bindings), `${key} is bound twice`)
      bindings[key] = run
    }
    for (const command of contributions.commands.all()) {
      for (const key of [command.key, ...(command.moreKeys ?? [])]) {
        bind(key, () => {
          if (command.isEnabled?.() ?? true) void services.run(command.id)
        })
      }
    }
    for (const view of contributions.views.all()) bind(view.key, () => layout.showView(view.id))
    keys = listenForKeys(window, bindings)
  }
  listen()
  bag.add(contributions.commands.onDidChange(listen))
  bag.add(contributions.views.onDidChange(listen))
  bag.add(() => keys?.dispose())

  return Object.assign(services, { dispose: () => bag.dispose() })
}
