/**
 * Which of the four things this window is: an opened link, the sign-in page, the door of a locked laptop, or the workbench. The workbench opens on the identity kept
 * in this browser without asking the relay first, so that a cold start needs no network; the relay is asked beside it.
 *
 * Signing in, out and accepting a link end in a fresh load of `/`: no engine, handle or row of one person ever lives on under another.
 */
import type { Clock } from '../shared/base/clock.ts'
import type { Disposable } from '../shared/base/dispose.ts'
import { isId } from '../shared/base/ids.ts'
import type { Engine, LaptopLock, LockAnswer, LockedView } from './engine/api.ts'
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
  /** In: what is told while the copy on this laptop is locked. An engine without a lock cannot be locked. */
  startEngine(identity: Identity, locked: (view: LockedView, answer: (answer: LockAnswer) => void) => void): Promise<Engine & { lock?: LaptopLock }>
  createItems(engine: Engine, workspace: Services['workspace']): Items
  doors: readonly ((services: Services) => Disposable)[]
  /** Called once the workbench is there: service worker, asking for storage. */
  onWorking(services: WorkbenchServices): void
}

export type Phase =
  | { kind: 'starting' }
  | { kind: 'link'; token: string }
  | { kind: 'sign-in'; isOffline: boolean; known: Identity | null }
  /** What lies on this laptop is locked, or is being locked or unlocked. */
  | { kind: 'locked'; view: LockedView; answer(answer: LockAnswer): void }
  | { kind: 'working'; services: WorkbenchServices }
  | { kind: 'failed' }

export interface Session {
  readonly phase: Phase
  /** After signing in or accepting a link. */
  enter(identity: Identity): void
}

const LINK = /^\/welkom\/([^/]+)\/?$/
const ITEM = /^\/item\/([0-9a-f]{32})\/?$/
/** How long what was typed last is waited for before it is looked at again. */
const LEAVE_AGAIN_MS = 200
export const SIGN_IN_PATH = '/inloggen'

export function createSession(deps: AppDeps, location: Location = window.location): Session {
  const { http, storage } = deps
  let phase = $state.raw<Phase>({ kind: 'starting' })

  async function work(identity: Identity): Promise<void> {
    try {
      const engine = await deps.startEngine(identity, (view, answer) => {
        phase = { kind: 'locked', view, answer }
      })
      const services = composeServices({ identity, engine, lock: lockOf(engine), createItems: deps.createItems, http, storage, appearance: deps.appearance, clock: deps.clock, doors: deps.doors })
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

  /** Every tab of this person locks together: once its last letters are kept this one begins anew, before the door. */
  async function leave(engine: Engine): Promise<void> {
    if ((await engine.status()).inMemoryCount > 0) return void deps.clock.after(LEAVE_AGAIN_MS, () => void leave(engine))
    await engine.dispose()
    location.reload()
  }
  function lockOf(engine: Engine & { lock?: LaptopLock }): LaptopLock | null {
    const { lock } = engine
    if (!lock) return null
    lock.onMustLeave(() => void leave(engine))
    return {
      get isPossible() { return lock.isPossible },
      get isOn() { return lock.isOn },
      get idleMinutes() { return lock.idleMinutes },
      onMustLeave: lock.onMustLeave,
      async order(order) {
        const before = phase
        const outcome = await lock.order(order, (view) => {
          phase = { kind: 'locked', view, answer: () => undefined }
        })
        if (order.kind === 'change' || order.kind === 'idle') return outcome
        if (outcome.kind === 'done') location.reload()
        // The engine is gone and nothing is lost: the next start finds what was begun.
        else if (outcome.kind === 'failed') phase = { kind: 'locked', view: { kind: order.kind === 'off' ? 'unlocking' : 'locking', unsentCount: 0, wrong: false, isWaiting: false, failure: outcome.failure, progress: null }, answer: () => location.reload() }
        else phase = before
        return outcome
      },
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
    if (known && !wantsSignIn) {
      // Signed in all the while, and the store gone: a browser that runs out of disk lets go of that alone.
      await noteIfEmpty(storage, known.person.user)
      await work(known)
    }
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

