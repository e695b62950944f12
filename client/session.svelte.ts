/**
 * Which of the three things this window is: an opened link, the sign-in page, or the workbench. The workbench opens on the identity kept
 * in this browser without asking the relay first, so that a cold start needs no network; the relay is asked beside it.
 *
 * Signing in, out and accepting a link end in a fresh load of `/`: no engine, handle or row of one person ever lives on under another.
 */
import type { Clock } from '../shared/base/clock.ts'
import type { Disposable } from '../shared/base/dispose.ts'
import { isId } from '../shared/base/ids.ts'
import type { Engine } from './engine/api.ts'
import type { Items } from './items/items.ts'
import type { Appearance } from './platform/appearance.svelte.ts'
import { noteIfEmpty } from './platform/begun-empty.ts'
import type { Http, Identity } from './platform/http.ts'
import { IDENTITY_KEY, keepIdentity, readIdentity } from './platform/identity.ts'
import type { Storage } from './platform/storage.ts'
import { composeServices, type WorkbenchServices } from './workbench/compose.svelte.ts'
import type { Services } from './workbench/services.ts'

export interface AppDeps {
  http: Http
  storage: Storage
  appearance: Appearance
  clock: Clock
  startEngine(identity: Identity): Promise<Engine>
  createItems(engine: Engine, workspace: Services['workspace']): Items
  doors: readonly ((services: Services) => Disposable)[]
  /** Called once the workbench is there: service worker, asking for storage. */
  onWorking(services: WorkbenchServices): void
}

export type Phase =
  | { kind: 'starting' }
  | { kind: 'link'; token: string }
  | { kind: 'sign-in'; isOffline: boolean; known: Identity | null }
  | { kind: 'working'; services: WorkbenchServices }
  | { kind: 'failed' }

export interface Session {
  readonly phase: Phase
  /** After signing in or accepting a link. */
  enter(identity: Identity): void
}

const LINK = /^\/welkom\/([^/]+)\/?$/
const ITEM = /^\/item\/([0-9a-f]{32})\/?$/
export const SIGN_IN_PATH = '/inloggen'

export function createSession(deps: AppDeps, location: Location = window.location): Session {
  const { http, storage } = deps
  let phase = $state.raw<Phase>({ kind: 'starting' })

  async function work(identity: Identity): Promise<void> {
    try {
      const engine = await deps.startEngine(identity)
      const services = composeServices({ identity, engine, createItems: deps.createItems, http, storage, appearance: deps.appearance, clock: deps.clock, doors: deps.doors })
      const item = ITEM.exec(location.pathname)?.[1]
      if (item && isId(item)) services.layout.open({ kind: 'item', item })
      if (location.pathname !== '/') history.replaceState(null, '', '/')
      phase = { kind: 'working', services }
      deps.onWorking(services)
    } catch (error) {
      reportError(error)
      phase = { kind: 'failed' }
    }
  }

  function enter(identity: Identity): void {
    keepIdentity(storage, identity)
    void noteIfEmpty(storage, identity.person.user).then(() => location.assign('/'))
  }

  async function start(): Promise<void> {
    const token = LINK.exec(location.pathname)?.[1]
    if (token) {
      phase = { kind: 'link', token: decodeURIComponent(token) }
      return
    }
    const known = readIdentity(storage)
    const wantsSignIn = location.pathname === SIGN_IN_PATH
    if (known && !wantsSignIn) await work(known)
    const me = await http.me()
    if (me.ok) {
      if (known?.person.user !== me.value.person.user || wantsSignIn) return enter(me.value)
      keepIdentity(storage, me.value)
      return
    }
    // With a known identity the workbench is open and the engine says itself that the relay wants a new sign-in.
    if (known && !wantsSignIn) return
    phase = { kind: 'sign-in', isOffline: me.failure.kind === 'offline', known }
  }
  void start()

  // Signed out or in as somebody else in another tab: this one follows.
  addEventListener('storage', (event) => {
    if (event.key?.endsWith(IDENTITY_KEY) && phase.kind === 'working' && readIdentity(storage)?.person.user !== phase.services.workspace.me.user) location.assign('/')
  })

  return { get phase() { return phase }, enter }
}

