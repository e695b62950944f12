/**
 * Commits of a space to its live readers. The first commit leaves at once; where many read along, those that follow within some milliseconds leave
 * together, as one run in one frame: with 128 readers and 600 entries a second a frame for every commit was most of what the relay did.
 * A handful of readers never waits. Acknowledgements do not go through here.
 *
 * Invariants: runs leave in order, whole and after their commit [INV2]; nothing held is lost or passed by another epoch.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import { ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, FAN_OUT_HOLD_MS_MAX, FAN_OUT_READERS_PER_MS } from '../../shared/model/limits.ts'
import { encodeRun } from '../../shared/protocol/codec.ts'
import type { CommittedRun } from '../store/log.ts'
import { ENTRY_OVERHEAD_BYTES } from '../store/runs.ts'
import type { Feed } from './subscription.ts'

export interface FanOut extends Disposable {
  committed(feed: Feed, run: CommittedRun): void
  /** What is held of a space leaves now. */
  release(space: SpaceId): void
}

export interface FanOutDeps {
  clock: Clock
  /** One reader's trouble is not another's. */
  guarded(tell: () => void): void
  /** Nobody reads this space any more. */
  onEmpty(space: SpaceId): void
}

interface Hold {
  feed: Feed
  run: CommittedRun | null
  bytes: number
  timer: Disposable
}

/** How long commits wait for each other after one left, by how many hear them. */
export const holdMsFor = (readersCount: number): number => Math.min(FAN_OUT_HOLD_MS_MAX, Math.floor(readersCount / FAN_OUT_READERS_PER_MS))

const bytesOf = ({ entries }: CommittedRun): number => entries.reduce((sum, { payload }) => sum + payload.length + ENTRY_OVERHEAD_BYTES, 0)

export function createFanOut({ clock, guarded, onEmpty }: FanOutDeps): FanOut {
  const holds = new Map<SpaceId, Hold>()

  function send(feed: Feed, { space, epoch, entries, tailHashAfter }: CommittedRun): void {
    const cursorAfter = entries.at(-1)?.seq ?? 0
    const encoded = (isPacked: boolean): Uint8Array => encodeRun({ type: 'entries', space, epoch, entries, cursorAfter, tailHashAfter, more: false }, isPacked)
    let [plain, packed]: (Uint8Array | null)[] = [null, null]
    const once = (isPacked: boolean): Uint8Array => (isPacked ? (packed ??= encoded(true)) : (plain ??= encoded(false)))
    for (const subscription of [...feed.subscriptions]) guarded(() => subscription.committed({ space, epoch, entries, tailHashAfter }, once))
    if (feed.subscriptions.size === 0) onEmpty(space)
  }
  function leave(hold: Hold): void {
    const { run } = hold
    hold.run = null
    hold.bytes = 0
    if (run) send(hold.feed, run)
  }
  function begin(feed: Feed): void {
    const holdMs = holdMsFor(feed.subscriptions.size)
    if (holdMs === 0) return void holds.delete(feed.space)
    const hold: Hold = { feed, run: null, bytes: 0, timer: clock.after(holdMs, () => {
      if (hold.run === null) return void holds.delete(feed.space)
      leave(hold)
      begin(feed)
    }) }
    holds.set(feed.space, hold)
  }

  return {
    committed(feed, run) {
      const hold = holds.get(feed.space)
      if (!hold || hold.feed !== feed) {
        hold?.timer.dispose()
        send(feed, run)
        return begin(feed)
      }
      const bytes = bytesOf(run)
      const isTooMuch = hold.bytes + bytes > ENTRIES_BATCH_BYTES_MAX || (hold.run?.entries.length ?? 0) + run.entries.length > ENTRIES_BATCH_COUNT_MAX
      if (hold.run && (hold.run.epoch !== run.epoch || isTooMuch)) leave(hold)
      hold.run = hold.run ? { ...run, entries: [...hold.run.entries, ...run.entries] } : run
      hold.bytes += bytes
    },
    release(space) {
      const hold = holds.get(space)
      if (hold) leave(hold)
    },
    dispose() {
      for (const hold of holds.values()) {
        hold.timer.dispose()
        leave(hold)
      }
      holds.clear()
    },
  }
}
