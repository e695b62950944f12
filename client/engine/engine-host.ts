/**
 * The window's end of the engine: starts the worker and gives back an `Engine` that lives in it. A worker that does not answer any more
 * is not silence: the status says that the local store is lost, and takes it back when the worker answers again.
 *
 * One that stays silent is busy with something that somebody made to keep it busy. It is ended, as a killed browser would, and the next one finds the
 * crash guard's mark. Not while something typed is on its way to it: nobody else has that, and a person is asked to keep it in a file.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { Engine, EngineEvent, LaptopLock, LockAnswer, LockedView, LockOutcome, SyncStatus } from './api.ts'
import { METHOD_NAMES, type FromWorker, type Method, type StartedLock, type ToWorker } from './rpc.ts'
import { isWorse } from './status.ts'

/** What is used of a Worker. */
export interface WorkerPort {
  postMessage(message: ToWorker): void
  onmessage: ((event: { data: FromWorker }) => void) | null
  onerror: ((event: { message?: string }) => void) | null
  terminate(): void
}

export interface HostOptions {
  me: Person
  build: string
  clock: Clock
  /** What is stored here is locked: how it stands, and the way to answer. The start waits for it. */
  locked?: (view: LockedView, answer: (answer: LockAnswer) => void) => void
  /** Left out: the real worker. */
  makeWorker?: () => WorkerPort
}

/** How often the worker is asked whether it is there: a person must know within two questions that typing is not kept. */
const ASK_EVERY_MS = 1_000
const UNANSWERED_COUNT_MAX = 2
/** Questions, not seconds: a laptop that slept asks none. What honest work takes in one go is tenths of a second. */
const SILENT_COUNT_MAX = 20
/** A mark names the item at the first, the entry at the second, and sets it apart at the third. Twice that. */
const RESTARTS_COUNT_MAX = 6

const GOOD_NEWS_EVERY_MS = 250
/** Whether somebody must know it now: it got worse, in another document too, or something else is the matter than before. */
const isBadNews = (now: SyncStatus, before: SyncStatus): boolean =>
  isWorse(now.state, before.state) ||
  (['connection', 'blockedBy', 'storeFailure', 'parkedCount', 'follower', 'isDetour'] as const).some((name) => now[name] !== before[name]) ||
  now.waitingItems.some((item) => !before.waitingItems.includes(item))

/** What the window asks to be kept. Each of these answers when it is. */
const WRITES: ReadonlySet<Method> = new Set<Method>(['writeProse', 'editFacts', 'editLinked', 'createItem', 'act'])

const realWorker = (): WorkerPort => new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'samenpad-engine' }) as unknown as WorkerPort

/** Errors: rejects when the worker cannot be started at all. A store that cannot be used is no error here but part of the status. */
export async function startEngine({ me, build, clock, locked, makeWorker = realWorker }: HostOptions): Promise<Engine & { lock: LaptopLock }> {
  const events = createEmitter<EngineEvent>()
  const calls = new Map<number, { message: ToWorker; resolve(value: unknown): void; reject(error: Error): void }>()
  /** How often each item is open in this window. */
  const openCounts = new Map<ItemId, number>()
  let worker: WorkerPort
  let isStarted = false
  let restartsCount = 0
  let lastId = 0
  let status: SyncStatus | null = null
  let isLost = false
  let isEnded = false
  let timer: Disposable | null = null

  // What the laptop's lock needs: the key is held here for a worker that takes the place of one that hangs, and nowhere else.
  let lock: StartedLock | null = null
  const leaving = createEmitter<void>()
  const orders = new Map<number, { resolve(outcome: LockOutcome): void; progress: ((view: LockedView) => void) | undefined }>()
  const showLocked = (view: LockedView): void => {
    if (!isStarted) return locked?.(view, (answer) => worker.postMessage({ type: 'lockAnswer', answer }))
    for (const { progress } of orders.values()) progress?.(view)
  }

  /** Out: when the worker can be asked. Errors: rejects when it cannot be started. */
  const begin = (): Promise<void> =>
    new Promise((resolve, reject) => {
      isStarted = false
      const mine = (worker = makeWorker())
      mine.onmessage = ({ data }) => {
        if (worker !== mine) return
        switch (data.type) {
          case 'started':
            isStarted = true
            lock = data.lock ?? null
            // Asked of the worker before, which did not answer, or while there was none.
            for (const { message } of calls.values()) worker.postMessage(message)
            return resolve()
          case 'startFailed':
            return reject(new Error(data.reason))
          case 'alive':
            return heard(data.id)
          case 'locked':
            return showLocked(data.view)
          case 'mustLeave':
            return leaving.fire()
          case 'lockOutcome':
            orders.get(data.id)?.resolve(data.outcome)
            return void orders.delete(data.id)
          case 'event':
            return hear(data.event)
          case 'answer': {
            const call = calls.get(data.id)
            calls.delete(data.id)
            if (data.ok) call?.resolve(data.value)
            else call?.reject(new Error(data.reason))
          }
        }
      }
      // Before it started: it cannot. Later: a bug was thrown somewhere in it; whether it still answers is asked all the time.
      mine.onerror = ({ message }) => reject(new Error(message ?? 'the engine cannot be started'))
      mine.postMessage({ type: 'start', me, build, held: lock?.held ?? null })
    })

  const lost = (from: SyncStatus): SyncStatus => ({ ...from, state: 'pending', storeFailure: 'lost', connection: 'offline' })
  // What is on its way to the worker is not in its counts yet, and the letters are on the screen already.
  let writingCount = 0
  const shown = (from: SyncStatus): SyncStatus => {
    const known = isLost ? lost(from) : from
    return writingCount > 0 && known.inMemoryCount === 0 ? { ...known, state: 'pending', inMemoryCount: writingCount } : known
  }
  /** What was said last; null: somebody asked since, and may know something better. */
  let said: SyncStatus | null = null
  let resting: Disposable | null = null
  const rest = (): void => {
    resting = clock.after(GOOD_NEWS_EVERY_MS, () => {
      resting = null
      say()
    })
  }
  /** Worse is said at once, better only so often: with every key it goes from not kept to safe, and each time all that shows it is drawn anew. */
  function say(): void {
    if (!status || isEnded) return
    const now = shown(status)
    const isBad = said === null || isBadNews(now, said)
    if (!isBad && (resting || JSON.stringify(now) === JSON.stringify(said))) return
    said = now
    if (!isBad) rest()
    events.fire({ type: 'status', status: now })
  }
  const writing = <T>(answer: Promise<T>): Promise<T> => {
    if (writingCount++ === 0) say()
    const done = (): void => {
      if (--writingCount === 0) say()
    }
    answer.then(done, done)
    return answer
  }
  function hear(event: EngineEvent): void {
    if (event.type !== 'status') return events.fire(event)
    status = event.status
    if (!isLost) say()
  }
  let unanswered = 0
  function heard(id: number): void {
    if (id !== lastAsked) return
    unanswered = 0
    if (!isLost) return
    isLost = false
    say()
  }
  let lastAsked = 0
  function ask(): void {
    if (isEnded) return
    if (unanswered >= UNANSWERED_COUNT_MAX && !isLost && status) {
      isLost = true
      say()
    }
    if (unanswered >= SILENT_COUNT_MAX && writingCount === 0 && restartsCount < RESTARTS_COUNT_MAX) restart()
    unanswered++
    lastAsked = ++lastId
    worker.postMessage({ type: 'alive', id: lastAsked })
    timer = clock.after(ASK_EVERY_MS, ask)
  }

  function restart(): void {
    worker.terminate()
    restartsCount++
    unanswered = 0
    // One that cannot be started stays silent, which is said already; nobody waits for its answers.
    begin().catch((error: Error) => {
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
    })
    // Whatever writes in it has a name that only the old worker knew; until it is open again nobody can.
    for (const item of openCounts.keys()) events.fire({ type: 'rebuilt', item })
  }

  const count = (method: Method, [item]: unknown[]): void => {
    const change = method === 'openItem' ? 1 : method === 'closeItem' ? -1 : 0
    if (change === 0) return
    const next = (openCounts.get(item as ItemId) ?? 0) + change
    if (next > 0) openCounts.set(item as ItemId, next)
    else openCounts.delete(item as ItemId)
  }
  const call = (method: Method, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      count(method, args)
      const id = ++lastId
      const message: ToWorker = { type: 'call', id, method, args }
      calls.set(id, { message, resolve, reject })
      // Copied, not handed over: other listeners of the document may hold the same bytes.
      if (isStarted) worker.postMessage(message)
    })

  await begin()
  const remote = Object.fromEntries(METHOD_NAMES.map((method) => [method, (...args: unknown[]) => (WRITES.has(method) ? writing(call(method, args)) : call(method, args))])) as unknown as Omit<Engine, 'onEvent'>
  status = await remote.status()
  ask()
  return {
    ...remote,
    lock: {
      get isPossible() {
        return lock !== null
      },
      get isOn() {
        return lock?.isOn ?? false
      },
      get idleMinutes() {
        return lock?.idleMinutes ?? null
      },
      async order(order, progress) {
        const id = ++lastId
        const outcome = await new Promise<LockOutcome>((resolve) => {
          orders.set(id, { resolve, progress })
          worker.postMessage({ type: 'lockOrder', id, order })
        })
        if (order.kind === 'idle' && outcome.kind === 'done' && lock) lock = { ...lock, idleMinutes: order.minutes }
        return outcome
      },
      onMustLeave: leaving.event,
    },
    onEvent: events.event,
    async status() {
      said = null
      if (isLost && status) return shown(status)
      const now = await remote.status()
      said = null
      return shown(now)
    },
    async dispose() {
      await remote.dispose()
      isEnded = true
      timer?.dispose()
      resting?.dispose()
      worker.terminate()
    },
  }
}
