/**
 * The main thread's side of the reader thread: asks, feeds it pages of the log, and watches it. What reads content runs there, because content can
 * hang or exhaust whoever reads it.
 *
 * Invariant: no entry stops the service. A thread that spends too long on one entry, or dies in it, is replaced; that entry is left out
 * from then on and reported with its author; the questions that waited are asked again. Nothing is removed from the log.
 */
import { Worker } from 'node:worker_threads'
import { must, unreachable } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../../shared/model/limits.ts'
import type { Log } from '../store/log.ts'
import { ENTRY_OVERHEAD_BYTES } from '../store/runs.ts'
import type { Snapshots } from '../store/snapshots.ts'
import { THREAD_YOUNG_MB } from '../store/thread-port.ts'
import { MARKER_BYTES, markerOn, skipKey, type FromReader, type QuestionName, type Questions, type ReaderData, type ToReader } from './questions.ts'
import { keptProse, type KeptProse } from './short-answer.ts'

/** One entry or update may take the thread this long. A full frame of text takes 0.1 s; what takes seconds is made to. */
const STEP_MS_MAX = 4_000
const WATCH_MS = 250
/** Old space of the thread; Automerge's and Yjs's documents of one item at a time need a few tens of MB. */
const MEMORY_MB_MAX = 384
/** Updates kept merged between questions, counted as they are in the log; a document in memory takes some ten times that. */
const CACHE_BYTES_MAX = 4 * 1024 * 1024
const PAGE_COUNT_MAX = 2_000
/** A page with less than this is the last: the largest entry would still have fitted in. */
const PAGE_BYTES_FULL = 2 * 1024 * 1024
const PAGE_BYTES_MAX = PAGE_BYTES_FULL + PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX + ENTRY_OVERHEAD_BYTES
/** A question that saw this many threads die is not asked again. */
const ATTEMPTS_COUNT_MAX = 3

export type ReadFailure =
  /** What was handed in (not what is in the log) hung or exhausted the thread. */
  | { kind: 'poison' }
  | { kind: 'unavailable'; reason: string }

export interface LogReader extends Disposable {
  /** The log was rewritten: entries that could not be read are tried again, in their new places. */
  renew(): void
  /** Whether an entry of this item is left out because nobody could read it. */
  leavesOut(item: ItemId): boolean
  ask<N extends QuestionName>(name: N, ask: Questions[N]['ask']): Promise<Result<Questions[N]['answer'], ReadFailure>>
}

export interface LogReaderDeps {
  log: Pick<Log, 'readItem' | 'tailHashAt'>
  /** A long history is not applied entry by entry where one of these stands for it. */
  snapshots?: Pick<Snapshots, 'labels' | 'body'>
  clock: Clock
  /** `kind: 'entry-left-out'` with space, item, seq, author, reason; `kind: 'reader-replaced'` with the reason. */
  report(event: { kind: string; [detail: string]: unknown }): void
  /** For tests: shorter patience. */
  stepMsMax?: number
}

interface Waiting {
  name: QuestionName
  ask: { space?: SpaceId; item?: ItemId }
  attempts: number
  settle(answer: Result<unknown, ReadFailure>): void
}

export function createLogReader({ log, snapshots, clock, report, stepMsMax = STEP_MS_MAX }: LogReaderDeps): LogReader {
  const waiting = new Map<number, Waiting>()
  const skip = new Set<string>()
  let nextId = 1
  let isDisposed = false
  /** Started with the first question: a relay without gateway clients and programmes has no such thread. */
  let thread: { worker: Worker; memory: SharedArrayBuffer; reason: string } | null = null
  let watch: Disposable | null = null

  const post = (worker: Worker, message: ToReader): void => worker.postMessage(message)

  function start(): Worker {
    const memory = new SharedArrayBuffer(MARKER_BYTES)
    const workerData: ReaderData = { memory, skip: [...skip], cacheBytesMax: CACHE_BYTES_MAX }
    const worker = new Worker(new URL('./reader.worker.ts', import.meta.url), { workerData, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX, maxYoungGenerationSizeMb: THREAD_YOUNG_MB }, name: 'reader' })
    worker.unref()
    const own = { worker, memory, reason: 'ended' }
    thread = own
    worker.on('message', (message: FromReader) => hear(worker, message))
    worker.on('error', (error) => (own.reason = error.message))
    worker.on('exit', () => {
      if (thread === own) void replace()
    })
    for (const [id, { name, ask }] of waiting) post(worker, { kind: 'ask', id, name, ask } as ToReader)
    return worker
  }

  function hear(worker: Worker, message: FromReader): void {
    switch (message.kind) {
      case 'answer':
        return settle(message.id, ok(message.answer))
      case 'failed':
        return settle(message.id, fail({ kind: 'unavailable', reason: message.reason }))
      case 'pull':
        void feed(worker, message)
        return
      case 'pull-kept':
        void feedKept(worker, message)
        return
      case 'skipped':
        skip.add(skipKey(message.item, message.seq))
        void tellLeftOut(message.space, message.item, message.seq, message.reason)
        return
      default:
        unreachable(message)
    }
  }

  async function feed(worker: Worker, { space, item, part, fromSeq }: Extract<FromReader, { kind: 'pull' }>): Promise<void> {
    try {
      const entries = await log.readItem(space, item, part, fromSeq, Number.MAX_SAFE_INTEGER, PAGE_COUNT_MAX, PAGE_BYTES_MAX)
      const bytes = entries.reduce((sum, { payload }) => sum + payload.length + ENTRY_OVERHEAD_BYTES, 0)
      post(worker, { kind: 'page', entries, isLast: entries.length < PAGE_COUNT_MAX && bytes < PAGE_BYTES_FULL })
    } catch (error) {
      post(worker, { kind: 'no-page', reason: error instanceof Error ? error.message : String(error) })
    }
  }

  async function feedKept(worker: Worker, { space, item }: Extract<FromReader, { kind: 'pull-kept' }>): Promise<void> {
    let prose: KeptProse | null = null
    try {
      if (snapshots) prose = await keptProse(log, snapshots, space, item)
    } catch (problem) {
      // Everything that a snapshot says is in the entries.
      report({ kind: 'snapshots-failed', space, problem })
    }
    post(worker, { kind: 'kept', prose })
  }

  async function tellLeftOut(space: SpaceId, item: ItemId, seq: number, reason: string): Promise<void> {
    try {
      const [entry] = await log.readItem(space, item, null, seq, seq, 1)
      report({ kind: 'entry-left-out', space, item, seq, author: entry?.author ?? null, reason })
    } catch (error) {
      report({ kind: 'entry-left-out', space, item, seq, author: null, reason, authorUnknown: error instanceof Error ? error.message : String(error) })
    }
  }

  function settle(id: number, answer: Result<unknown, ReadFailure>): void {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) {
      watch?.dispose()
      watch = null
    }
    asked?.settle(answer)
  }

  /** The thread is gone: find out over what, and go on without it. */
  async function replace(): Promise<void> {
    const { memory, reason } = must(thread, 'only a running thread is replaced')
    thread = null
    if (isDisposed) return
    report({ kind: 'reader-replaced', reason })
    const marker = markerOn(memory)
    const id = Atomics.load(marker.ask, 0)
    const asked = waiting.get(id)
    if (asked && (Atomics.load(marker.steps, 0) & 1) === 1) {
      const seq = marker.seq[0] ?? 0
      const { space, item } = asked.ask
      if (seq > 0 && space !== undefined && item !== undefined) {
        skip.add(skipKey(item, seq))
        await tellLeftOut(space, item, seq, reason)
      } else settle(id, fail({ kind: 'poison' }))
    }
    for (const [other, question] of waiting) {
      question.attempts += 1
      if (question.attempts >= ATTEMPTS_COUNT_MAX) settle(other, fail({ kind: 'unavailable', reason }))
    }
    if (waiting.size > 0 && !isDisposed && thread === null) start()
  }

  function keepWatch(): void {
    let seenSteps = -1
    let seenThread = thread
    let stuckMs = 0
    const look = (): void => {
      const steps = thread ? Atomics.load(markerOn(thread.memory).steps, 0) : -1
      const isStuck = thread !== null && thread === seenThread && steps === seenSteps && (steps & 1) === 1
      stuckMs = isStuck ? stuckMs + WATCH_MS : 0
      seenSteps = steps
      seenThread = thread
      if (thread && stuckMs >= stepMsMax) {
        stuckMs = 0
        thread.reason = 'took too long'
        void thread.worker.terminate()
      }
      watch = clock.after(WATCH_MS, look)
    }
    watch = clock.after(WATCH_MS, look)
  }

  const ask: LogReader['ask'] = (name, question) =>
    new Promise((resolve) => {
      if (isDisposed) {
        resolve(fail({ kind: 'unavailable', reason: 'closed' }))
        return
      }
      const id = nextId
      nextId += 1
      waiting.set(id, { name, ask: question as Waiting['ask'], attempts: 0, settle: resolve as Waiting['settle'] })
      if (watch === null) keepWatch()
      if (thread === null) start()
      else post(thread.worker, { kind: 'ask', id, name, ask: question } as ToReader)
    })

  return {
    ask,
    leavesOut: (item) => skip.size > 0 && [...skip].some((key) => key.startsWith(`${item}/`)),
    renew() {
      skip.clear()
      // In its turn: what is being read at this moment is of the log that was.
      if (thread) void ask('renew', {})
    },
    dispose() {
      isDisposed = true
      watch?.dispose()
      const running = thread
      thread = null
      void running?.worker.terminate()
      for (const id of [...waiting.keys()]) settle(id, fail({ kind: 'unavailable', reason: 'closed' }))
    },
  }
}
