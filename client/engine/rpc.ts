/**
 * What goes between the window and the engine's worker: calls and answers by number, events as they come. Plain data only; bytes that
 * nobody here needs any more are handed over instead of copied.
 */
import type { Engine, EngineEvent, LockAnswer, LockedView, LockOrder, LockOutcome } from './api.ts'
import type { Person } from '../../shared/model/people.ts'
import type { StoreFailure } from './store.ts'
import type { HeldKey } from './unlocking.ts'

export type Method = Exclude<keyof Engine, 'onEvent'>
/** Every method of the engine; a forgotten one does not compile. */
const METHODS: Record<Method, true> = {
  status: true, spaces: true, rows: true, freshRows: true, people: true, spaceOf: true, openItem: true, closeItem: true, writeProse: true, editFacts: true, editLinked: true, createItem: true,
  act: true, sealContent: true, showPresence: true, parked: true, exportParked: true, retryParked: true, discardParked: true, version: true, timeline: true, search: true,
  programmeReport: true, exportUnsent: true, reconnect: true, dispose: true,
}
export const METHOD_NAMES = Object.keys(METHODS) as Method[]

export type ToWorker =
  /** `held`: the key of the worker whose place this one takes. */
  | { type: 'start'; me: Person; build: string; held?: HeldKey | null }
  | { type: 'lockAnswer'; answer: LockAnswer }
  | { type: 'lockOrder'; id: number; order: LockOrder }
  | { type: 'call'; id: number; method: Method; args: unknown[] }
  | { type: 'alive'; id: number }

/** `held` stays in the memory of the window. */
export interface StartedLock {
  isOn: boolean
  idleMinutes: number | null
  held: HeldKey | null
}

export type FromWorker =
  /** `failure`: the local store cannot be used; the engine works in memory and says so in its status. */
  | { type: 'started'; failure: StoreFailure | null; lock?: StartedLock }
  /** Before it started: a passphrase is needed. Later: how far an order is. */
  | { type: 'locked'; view: LockedView }
  | { type: 'lockOutcome'; id: number; outcome: LockOutcome }
  | { type: 'mustLeave' }
  | { type: 'startFailed'; reason: string }
  | { type: 'answer'; id: number; ok: true; value: unknown }
  | { type: 'answer'; id: number; ok: false; reason: string }
  | { type: 'event'; event: EngineEvent }
  | { type: 'alive'; id: number }

/** Buffers that a message may hand over: byte arrays that are the whole of theirs. */
export function handedOver(message: FromWorker): ArrayBuffer[] {
  const bytes: unknown[] = []
  if (message.type === 'event' && message.event.type === 'prose') bytes.push(message.event.update)
  if (message.type === 'answer' && message.ok && typeof message.value === 'object' && message.value !== null && 'prose' in message.value)
    bytes.push((message.value as { prose: { update?: unknown } }).prose.update)
  return bytes.filter((one): one is Uint8Array<ArrayBuffer> => one instanceof Uint8Array && one.byteLength > 0 && one.byteLength === one.buffer.byteLength).map(({ buffer }) => buffer)
}

/** The engine's side: answers calls, passes events on. */
export function serveEngine(engine: Engine, post: (message: FromWorker, transfer: ArrayBuffer[]) => void): (message: ToWorker) => void {
  const say = (message: FromWorker): void => post(message, handedOver(message))
  engine.onEvent((event) => say({ type: 'event', event }))
  return (message) => {
    if (message.type === 'alive') return say({ type: 'alive', id: message.id })
    if (message.type !== 'call') return
    const { id, method, args } = message
    const call = engine[method] as (...given: unknown[]) => Promise<unknown>
    call(...args).then(
      (value) => say({ type: 'answer', id, ok: true, value }),
      (error: unknown) => say({ type: 'answer', id, ok: false, reason: error instanceof Error ? error.message : String(error) }),
    )
  }
}
