/**
 * Builds snapshots beside the relay: notes what grew since it last looked, and has the reader thread make a snapshot of what grew enough. Nothing
 * waits for it; killed at any moment it has lost nothing but its own last step.
 *
 * The cost follows from what changed: entries are counted once, and a snapshot is read again only after as much again was written. It takes at
 * most a fifth of one core: after each piece of work it rests four times as long.
 */
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import { SNAPSHOT_BYTES_MAX } from '../../shared/model/limits.ts'
import type { Relay } from '../relay/api.ts'
import type { Log } from '../store/log.ts'
import type { Growth, Snapshots } from '../store/snapshots.ts'
import type { LogReader } from './reader.ts'

export interface SnapshotService extends Disposable {
  /** Looks at everything that changed now, and builds what is due. Errors: rejects when log or snapshots cannot be read. */
  level(): Promise<void>
  /** Something of a space was erased for good: nothing that was made of it stays, not even what is being made. */
  forget(space: SpaceId): Promise<void>
}

export interface SnapshotServiceDeps {
  log: Pick<Log, 'tailHashAt' | 'measure'>
  relay: Pick<Relay, 'onDidCommit' | 'onDidErase'>
  snapshots: Snapshots
  /** Begins a reader of its own, and ends it when all is done: whoever waits for an answer about an open document must not wait for a snapshot. */
  openReader(): Pick<LogReader, 'ask' | 'dispose'>
  clock: Clock
  /** Those to look at in the beginning; others when something is committed in them. */
  spaces(): readonly SpaceId[]
  /** `kind: 'no-snapshot'` with space, item, part and the reason; `kind: 'snapshots-failed'` with the problem. */
  report(event: { kind: string; [detail: string]: unknown }): void
  /** For tests and the simulator: fewer than usual. */
  entriesCountMin?: number
}

/**
 * Looked at once it has been quiet for so long, and at last after so long: a laptop that needs a snapshot is minutes or days behind, and a thread that
 * begins costs as much as some thousand entries.
 */
const LOOK_QUIET_MS = 15_000
const LOOK_AFTER_MS_MAX = 60_000
const REST_SHARE = 4
const REST_MS_MIN = 20
/** Entries counted in one reading: about 10 ms of the log's reader. */
const MEASURE_COUNT_MAX = 10_000
const DUE_COUNT_MAX = 64

export function createSnapshotService({ log, relay, snapshots, openReader, clock, spaces, report, entriesCountMin }: SnapshotServiceDeps): SnapshotService {
  const changed = new Set<SpaceId>(spaces())
  /** Parts that cannot be made into a snapshot; tried again by the next life of the relay. */
  const hopeless = new Set<string>()
  let timer: Disposable | null = null
  let running: Promise<void> | null = null
  let isDisposed = false
  let reader: ReturnType<SnapshotServiceDeps['openReader']> | null = null
  const closeReader = (): void => {
    reader?.dispose()
    reader = null
  }

  let changedAt = 0
  const later = (): void => {
    if (timer || running || isDisposed || changed.size === 0) return
    // What was waited is summed up: a machine's clock may jump, and whoever counts on its time may wait for days.
    let waitedMs = 0
    const wait = (delayMs: number): void => {
      timer = clock.after(delayMs, () => {
        waitedMs += delayMs
        changedAt = Math.min(changedAt, clock.now())
        const leftMs = LOOK_QUIET_MS - (clock.now() - changedAt)
        if (leftMs > 0 && waitedMs < LOOK_AFTER_MS_MAX) return wait(leftMs)
        timer = null
        run().catch((problem: unknown) => report({ kind: 'snapshots-failed', problem }))
      })
    }
    wait(LOOK_QUIET_MS)
  }
  const isChanged = ({ space }: { space: SpaceId }): void => {
    changedAt = clock.now()
    changed.add(space)
    later()
  }
  const listening = createBag()
  listening.add(relay.onDidCommit(isChanged))
  // Also when whoever asked for it was told that it failed, and it is on the disk: nobody calls `forget` then.
  listening.add(relay.onDidErase(isChanged))

  const rest = (workedMs: number): Promise<void> => new Promise((resolve) => void clock.after(Math.max(REST_MS_MIN, REST_SHARE * workedMs), resolve))

  /** Whether the log still has this place with this hash. */
  const isOf = async (space: SpaceId, place: { seq: number; tailHash: Uint8Array }): Promise<boolean> => {
    const there = await log.tailHashAt(space, place.seq)
    return there !== null && bytesEqual(there, place.tailHash)
  }

  /** Brings what was noted of a space level with its log; out: up to where, and the tail hash there. */
  async function measure(space: SpaceId): Promise<{ seq: number; tailHash: Uint8Array }> {
    let noted = await snapshots.notedUpTo(space)
    const isSound = noted.seq > 0 ? await isOf(space, noted) : (await snapshots.labels(space)).length === 0
    if (!isSound) {
      // Another history than the one that was counted, a restored backup or an erasure; or snapshots of which nothing says what they are of.
      await snapshots.forget(space)
      noted = await snapshots.notedUpTo(space)
    }
    for (;;) {
      const { upToSeq, tailHash, grown } = await log.measure(space, noted.seq, MEASURE_COUNT_MAX)
      if (upToSeq === noted.seq || isDisposed) return noted
      noted = { seq: upToSeq, tailHash }
      await snapshots.note(space, noted, grown.flatMap(({ part, ...one }): Growth[] => (part === 'act' ? [] : [{ part, ...one }])))
    }
  }

  async function build(space: SpaceId, upTo: { seq: number; tailHash: Uint8Array }, { item, part }: Growth): Promise<void> {
    const known = (await snapshots.labels(space, item)).find((label) => label.part === part)
    // One of another history, kept while the log was put back, is nothing to go on from.
    const last = known && (await isOf(space, { seq: known.toSeq, tailHash: known.tailHash })) ? known : undefined
    const body = last ? await snapshots.body(last) : null
    const before = last && body ? { body, toSeq: last.toSeq } : null
    const made = await (reader ??= openReader()).ask('snapshot', { space, item, part, before, upToSeq: upTo.seq })
    const refuse = (reason: string): void => {
      hopeless.add(`${item}/${part}`)
      report({ kind: 'no-snapshot', space, item, part, reason })
    }
    if (!made.ok) return refuse(made.failure.kind)
    if ('kind' in made.value) return made.value.kind === 'nothing' ? undefined : refuse(made.value.reason)
    const { body: fresh, entriesCount, entriesBytes } = made.value
    if (fresh.length > SNAPSHOT_BYTES_MAX) return refuse('too large')
    const sum = before && last ? { entriesCount: last.entriesCount, entriesBytes: last.entriesBytes } : { entriesCount: 0, entriesBytes: 0 }
    // The log may have been replaced meanwhile: the label says by its hash what it stands for.
    await snapshots.put(
      { space, item, part, toSeq: upTo.seq, tailHash: upTo.tailHash, bodyBytes: fresh.length, entriesCount: sum.entriesCount + entriesCount, entriesBytes: sum.entriesBytes + entriesBytes },
      fresh,
    )
  }

  async function lookAt(space: SpaceId): Promise<void> {
    const upTo = await measure(space)
    let workedMs = 0
    for (const grown of await snapshots.due(space, DUE_COUNT_MAX, entriesCountMin)) {
      if (hopeless.has(`${grown.item}/${grown.part}`)) continue
      if (workedMs > 0) await rest(workedMs)
      if (isDisposed) return
      const began = clock.now()
      await build(space, upTo, grown)
      workedMs = clock.now() - began
    }
  }

  async function work(): Promise<void> {
    for (const space of [...changed]) {
      if (isDisposed) return
      changed.delete(space)
      try {
        await lookAt(space)
      } catch (problem) {
        if (isDisposed) return
        // A damaged space keeps no other one from its snapshots; it is looked at again when it changes.
        report({ kind: 'snapshots-failed', space, problem })
      }
    }
  }
  function run(): Promise<void> {
    running ??= work().finally(() => {
      running = null
      closeReader()
      later()
    })
    return running
  }
  later()

  return {
    async forget(space) {
      await running
      hopeless.clear()
      await snapshots.forget(space)
      changed.add(space)
      later()
    },
    async level() {
      await running
      await run()
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
      listening.dispose()
      closeReader()
    },
  }
}
