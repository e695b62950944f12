/** Small things that every log does alike: grouping a commit by space, and cutting a read at a number of bytes. */
import { must } from '../../shared/base/assert.ts'
import type { Epoch, SpaceId } from '../../shared/base/ids.ts'
import type { Entry } from '../../shared/model/entries.ts'
import type { CommittedRun } from './log.ts'

/** Runs per space, in the order of first appearance; within a run by seq. */
export function collectRuns(added: readonly { entry: Entry; epoch: Epoch; tailHashAfter: Uint8Array }[]): CommittedRun[] {
  const runs = new Map<SpaceId, CommittedRun>()
  for (const { entry, epoch, tailHashAfter } of added) {
    let run = runs.get(entry.space)
    if (!run) runs.set(entry.space, (run = { space: entry.space, epoch, entries: [], tailHashAfter }))
    run.entries.push(entry)
    run.tailHashAfter = tailHashAfter
  }
  return [...runs.values()]
}

/** What one entry weighs on the wire beside its payload, roughly: ids, times, lengths. */
export const ENTRY_OVERHEAD_BYTES = 100

/** The first entries that fit, at least one if there is one. */
export function takeWithin(entries: readonly Entry[], bytesMax: number): Entry[] {
  let bytes = 0
  let count = 0
  for (; count < entries.length; count++) {
    bytes += must(entries[count], 'within the list').payload.length + ENTRY_OVERHEAD_BYTES
    if (count > 0 && bytes > bytesMax) break
  }
  return entries.slice(0, count)
}
