/**
 * Group commit: pushes of all sessions wait here and go to the log batch by batch, one at a time, those of one space in order of arrival.
 *
 * A push that finds the writer idle is committed at once. Under load commits begin at most once per COMMIT_BATCH_MS_MAX, and those of a space that
 * many read along less often still, unless a full batch is waiting: fewer, larger commits mean fewer fsyncs and fewer frames to fan out, and with 128
 * readers a frame for every commit was most of what the relay did (decision 0024). Rights are asked again when the batch is made [INV7].
 * A failed append answers its whole batch, and everything that waits behind it, with `storage`; nothing of it is acknowledged [INV1]. It may
 * have been written all the same (a sync that failed late): before anything else is committed, and within a second, the log is looked at and
 * what is found there is handed on as if it had just been committed, or readers would never hear of it [INV2].
 * A space whose log is damaged answers its own pushes with `storage`; the others go on.
 */
import type { Clock } from '../../shared/base/clock.ts'
import { must } from '../../shared/base/assert.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { STORAGE_DAMAGED } from '../../shared/model/errors.ts'
import {
  COMMIT_BATCH_BYTES_MAX, COMMIT_BATCH_COUNT_MAX, COMMIT_BATCH_MS_MAX, COMMIT_HOLD_MS_MAX, COMMIT_QUEUE_BYTES_MAX, COMMIT_QUEUE_COUNT_MAX,
  COMMIT_READERS_PER_MS,
} from '../../shared/model/limits.ts'
import type { AppendResult, CommittedRun, Log } from '../store/log.ts'
import { StoreProblem } from '../store/problem.ts'
import type { RelayDeps } from './api.ts'

export interface Waiting {
  entry: NewEntry
  author: UserId
  /** Asked again just before the commit. */
  may(): boolean
  /** Called exactly once, those of one space in the order of pushing. */
  answer(result: AppendResult, serverTime: number): void
}

export interface CommitQueue {
  /** False: no room, nothing was taken. */
  push(waiting: Waiting): boolean
  /**
   * Work on the log between two commits, that gives a space another head. Errors: rejects as `work` does; the queue goes on.
   */
  between<T extends { head: number }>(space: SpaceId, work: () => Promise<T>): Promise<T>
  /** Takes nothing more; resolves when what was taken has been answered. */
  drain(): Promise<void>
  counts(): { queuedEntries: number; queuedBytes: number; committedEntries: number; commits: number }
}

export interface CommitQueueDeps {
  log: Log
  clock: Clock
  report: RelayDeps['report']
  /** How many hear a commit of this space. */
  readersOf(space: SpaceId): number
  /** All answers of a batch were given; acknowledgements may leave now. */
  onAnswered(): void
  /** After the answers, in commit order. */
  onCommitted(run: CommittedRun): void
}

const REFUSED_FORBIDDEN: AppendResult = { kind: 'refused', code: 'forbidden', reason: 'no-access' }
const REFUSED_STORAGE: AppendResult = { kind: 'refused', code: 'storage', reason: 'commit-failed' }
const REFUSED_DAMAGED: AppendResult = { kind: 'refused', code: 'storage', reason: STORAGE_DAMAGED }
/** How soon after a failed commit the log is looked at when nobody pushes. */
const LOOK_AGAIN_MS = 1_000

/** What waits for one space, in order of arrival. */
interface Line {
  waiting: Waiting[]
  /** Index of the first one that was not taken yet: shifting a long array is slow. */
  first: number
  bytes: number
  /** Its last commit was so short ago that the next one waits. */
  hold: Disposable | null
}

/** How long commits of a space are apart, by how many hear them. */
const holdMsFor = (readersCount: number): number => Math.min(COMMIT_HOLD_MS_MAX, Math.floor(readersCount / COMMIT_READERS_PER_MS))

export function createCommitQueue({ log, clock, report, readersOf, onAnswered, onCommitted }: CommitQueueDeps): CommitQueue {
  /** Those that were served last come last. */
  const lines = new Map<SpaceId, Line>()
  let queuedCount = 0
  let queuedBytes = 0
  let committedEntries = 0
  let commits = 0
  let isWriting = false
  let isPaced = false
  let isClosed = false
  /** Spaces that have a log, with the seq up to which their entries were handed on, or were there before this relay. */
  const handedOn = new Map<SpaceId, number>()
  /** Spaces of a failed commit. */
  const doubtful = new Set<SpaceId>()
  /** Spaces that could not be read, of which that was reported. */
  const damaged = new Set<SpaceId>()
  let mustLook = false
  let idlers: (() => void)[] = []
  const works: (() => Promise<void>)[] = []

  const countOf = ({ waiting, first }: Line): number => waiting.length - first
  const isFull = (count: number, bytes: number): boolean => count >= COMMIT_BATCH_COUNT_MAX || bytes >= COMMIT_BATCH_BYTES_MAX

  /** Whether a batch may be made now: of whatever is not held back, or only when it would be a full one. */
  function isReady(onlyWhenFull: boolean): boolean {
    if (onlyWhenFull && !isFull(queuedCount, queuedBytes)) return false
    let [count, bytes] = [0, 0]
    for (const line of lines.values()) {
      if (line.hold && !isFull(countOf(line), line.bytes)) continue
      count += countOf(line)
      bytes += line.bytes
      if (onlyWhenFull ? isFull(count, bytes) : count > 0) return true
    }
    return false
  }

  function take(): Waiting[] {
    const batch: Waiting[] = []
    let bytes = 0
    for (const [space, line] of [...lines]) {
      if (line.hold && !isFull(countOf(line), line.bytes)) continue
      const before = batch.length
      for (let next = line.waiting[line.first]; next && batch.length < COMMIT_BATCH_COUNT_MAX; next = line.waiting[line.first]) {
        const size = next.entry.payload.length
        if (batch.length > 0 && bytes + size > COMMIT_BATCH_BYTES_MAX) break
        bytes += size
        line.bytes -= size
        line.first++
        batch.push(next)
      }
      if (batch.length === before) break // it begins the next one
      lines.delete(space)
      hold(space, line)
      if (line.first === line.waiting.length) [line.waiting, line.first] = [[], 0]
      else if (line.first > 4096) [line.waiting, line.first] = [line.waiting.slice(line.first), 0]
      if (countOf(line) > 0 || line.hold) lines.set(space, line)
      if (isFull(batch.length, bytes)) break
    }
    queuedCount -= batch.length
    queuedBytes -= bytes
    return batch
  }

  /** From here on the next commit of this space waits, where it must; that every commit waits a little is `pace`. */
  function hold(space: SpaceId, line: Line): void {
    line.hold?.dispose()
    line.hold = null
    const holdMs = isClosed ? 0 : holdMsFor(readersOf(space))
    if (holdMs <= COMMIT_BATCH_MS_MAX) return
    line.hold = clock.after(holdMs, () => {
      line.hold = null
      if (countOf(line) === 0) lines.delete(space)
      else next()
    })
  }

  /** Everything that waits, held back or not: it will not be committed. */
  function clear(): Waiting[] {
    const all = [...lines.values()].flatMap(({ waiting, first }) => waiting.slice(first))
    for (const line of lines.values()) line.hold?.dispose()
    lines.clear()
    queuedCount = 0
    queuedBytes = 0
    return all
  }

  /** Whether `work` could read the log of its space. Errors: rejects when the store as a whole fails. */
  async function isReadable(space: SpaceId, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      damaged.delete(space)
      return true
    } catch (problem) {
      if (!(problem instanceof StoreProblem) || problem.kind !== 'corrupt') throw problem
      if (!damaged.has(space)) report({ kind: 'space-damaged', space, problem })
      damaged.add(space)
      return false
    }
  }

  /** Those who still may, appended in one commit. Out: an answer for each of them. */
  async function append(allowed: readonly Waiting[], serverTime: number): Promise<{ answers: Map<Waiting, AppendResult>; runs: CommittedRun[] }> {
    const answers = new Map<Waiting, AppendResult>()
    const refused = new Set(doubtful)
    for (const space of new Set(allowed.map((waiting) => waiting.entry.space))) {
      if (handedOn.has(space)) continue
      const begin = async (): Promise<void> => void handedOn.set(space, (await log.ensureSpace(space)).head)
      if (!(await isReadable(space, begin))) refused.add(space)
    }
    const sound = allowed.filter((waiting) => !refused.has(waiting.entry.space))
    for (const waiting of allowed) answers.set(waiting, REFUSED_DAMAGED)
    if (sound.length === 0) return { answers, runs: [] }
    const { results, runs } = await log.append(sound.map(({ entry, author }) => ({ entry, author, serverTime })))
    for (const [i, waiting] of sound.entries()) answers.set(waiting, must(results[i], 'one answer per request'))
    return { answers, runs }
  }

  function handOn(run: CommittedRun): void {
    committedEntries += run.entries.length
    handedOn.set(run.space, run.entries.at(-1)?.seq ?? 0)
    onCommitted(run)
  }

  /** Hands on what failed commits wrote all the same; a damaged space stays in doubt. Errors: rejects when the store as a whole fails. */
  async function lookBack(): Promise<void> {
    mustLook = false
    for (const space of doubtful) if (await isReadable(space, () => catchUp(space))) doubtful.delete(space)
  }
  async function catchUp(space: SpaceId): Promise<void> {
    const found = await log.head(space)
    for (let from = handedOn.get(space) ?? 0; found && from < found.head; from = handedOn.get(space) ?? found.head) {
      const { entries, tailHashAfter } = await log.read(space, from, COMMIT_BATCH_BYTES_MAX, COMMIT_BATCH_COUNT_MAX)
      if (entries.length === 0) throw new Error(`entry ${from + 1} of ${found.head} cannot be read`)
      handOn({ space, epoch: found.epoch, entries, tailHashAfter })
    }
  }

  async function writeBatch(): Promise<void> {
    const batch = take()
    const serverTime = clock.now()
    let allowed: Waiting[] = []
    let outcome: Awaited<ReturnType<typeof append>>
    try {
      await lookBack()
      allowed = batch.filter((waiting) => waiting.may())
      outcome = await append(allowed, serverTime)
    } catch (problem) {
      report({ kind: 'commit-failed', problem })
      for (const waiting of allowed) if (handedOn.has(waiting.entry.space)) doubtful.add(waiting.entry.space)
      clock.after(LOOK_AGAIN_MS, () => {
        mustLook = doubtful.size > 0
        next()
      })
      // What waits behind may depend on what just failed.
      for (const waiting of [...batch, ...clear()]) waiting.answer(REFUSED_STORAGE, serverTime)
      onAnswered()
      return
    }
    const { answers, runs } = outcome
    for (const waiting of batch) waiting.answer(answers.get(waiting) ?? REFUSED_FORBIDDEN, serverTime)
    if (runs.length > 0) commits++
    onAnswered()
    for (const run of runs) handOn(run)
  }

  function pace(): void {
    isPaced = true
    clock.after(COMMIT_BATCH_MS_MAX, () => {
      isPaced = false
      next()
    })
  }

  function next(): void {
    if (isWriting) return
    const work = works.shift()
    if (work) {
      isWriting = true
      void work().finally(() => {
        isWriting = false
        next()
      })
      return
    }
    if (queuedCount === 0 && !mustLook) {
      for (const resolve of idlers) resolve()
      idlers = []
      return
    }
    if (!mustLook && !isReady(isPaced)) return
    isWriting = true
    if (!isPaced) pace()
    // Not in this very call: the rest of the frame that brought the first push belongs to the same batch.
    Promise.resolve()
      .then(writeBatch)
      .catch((bug: unknown) => report({ kind: 'bug', bug }))
      .finally(() => {
        isWriting = false
        next()
      })
      .catch((bug: unknown) => report({ kind: 'bug', bug }))
  }

  return {
    push(waiting) {
      const bytes = waiting.entry.payload.length
      if (isClosed || queuedCount >= COMMIT_QUEUE_COUNT_MAX || queuedBytes + bytes > COMMIT_QUEUE_BYTES_MAX) return false
      const { space } = waiting.entry
      let line = lines.get(space)
      if (!line) lines.set(space, (line = { waiting: [], first: 0, bytes: 0, hold: null }))
      line.waiting.push(waiting)
      line.bytes += bytes
      queuedCount++
      queuedBytes += bytes
      next()
      return true
    },
    between(space, work) {
      return new Promise((resolve, reject) => {
        works.push(async () => {
          try {
            // What a failed commit wrote all the same belongs to the old numbers.
            await lookBack()
            const done = await work()
            handedOn.set(space, done.head)
            doubtful.delete(space)
            resolve(done)
          } catch (problem) {
            reject(problem as Error)
          }
        })
        next()
      })
    },
    drain() {
      isClosed = true
      for (const [space, line] of [...lines]) {
        hold(space, line)
        if (countOf(line) === 0) lines.delete(space)
      }
      return new Promise((resolve) => {
        if (!isWriting && queuedCount === 0) return resolve()
        idlers.push(resolve)
        next()
      })
    },
    counts: () => ({ queuedEntries: queuedCount, queuedBytes, committedEntries, commits }),
  }
}
