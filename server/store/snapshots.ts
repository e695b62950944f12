/**
 * Snapshots of items, as the relay keeps them: what applying the entries 1…toSeq of one part gives, so that a laptop far behind need not be sent all
 * of them. All of it follows from the log and may be thrown away at any moment; the entries stay. It lies in a file of its own, so that
 * neither its writing nor its damage ever touches the log.
 *
 * Invariant: a label names the history it stands for by the tail hash at toSeq. One that is not the log's (a restored backup, an erasure) is
 * never used (6). Implementations: memory (tests, simulator), SQLite in a thread; tests/contract/snapshots.contract.ts holds for both.
 */
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { LEAP_ENTRIES_COUNT_MIN, SNAPSHOT_ENTRIES_COUNT_MIN, SNAPSHOT_GAIN_MIN, SNAPSHOT_GROWTH_SHARE_MIN } from '../../shared/model/limits.ts'
import type { Log } from './log.ts'
import { ENTRY_OVERHEAD_BYTES } from './runs.ts'

/** Parts that have snapshots: acts are few, and each of them is judged and shown by itself. */
export type SnapshotPart = Exclude<Part, 'act'>

export interface SnapshotLabel {
  space: SpaceId
  item: ItemId
  part: SnapshotPart
  /** Holds the entries 1…toSeq of this part. */
  toSeq: number
  /** The log's at toSeq. */
  tailHash: Uint8Array
  bodyBytes: number
  /** What it stands for. */
  entriesCount: number
  entriesBytes: number
}

/** What was added to one part of an item. */
export interface Growth {
  item: ItemId
  part: SnapshotPart
  entriesCount: number
  entriesBytes: number
}

export interface Snapshots {
  /** Of every snapshot of a space, or of one item of it. Those whose label is damaged are left out. */
  labels(space: SpaceId, item?: ItemId): Promise<SnapshotLabel[]>
  /** Its body, or null when that is gone or damaged; a damaged one is thrown away, and what it stood for counts as grown. */
  body(label: SnapshotLabel): Promise<Uint8Array | null>
  /** Stores it in place of the one before; what was noted of its part counts as done. */
  put(label: SnapshotLabel, body: Uint8Array): Promise<void>
  /** Up to where growth was noted, and the log's tail hash there; seq 0 when nothing was. */
  notedUpTo(space: SpaceId): Promise<{ seq: number; tailHash: Uint8Array }>
  note(space: SpaceId, upTo: { seq: number; tailHash: Uint8Array }, grown: readonly Growth[]): Promise<void>
  /** Parts that grew enough for another snapshot, the most grown first. */
  due(space: SpaceId, countMax: number, entriesCountMin?: number): Promise<Growth[]>
  /** Whatever is kept of a space. */
  forget(space: SpaceId): Promise<void>
  close(): Promise<void>
}

/** Many entries since the last one, and enough of them beside its size. */
export const isDue = (grown: Growth, last: SnapshotLabel | null, entriesCountMin = SNAPSHOT_ENTRIES_COUNT_MIN): boolean =>
  grown.entriesCount >= entriesCountMin && onWire(grown) >= (last?.bodyBytes ?? 0) * SNAPSHOT_GROWTH_SHARE_MIN

const onWire = ({ entriesCount, entriesBytes }: Pick<Growth, 'entriesCount' | 'entriesBytes'>): number => entriesBytes + entriesCount * ENTRY_OVERHEAD_BYTES

export interface SnapshotPolicy {
  /** Entries to be behind before anything is looked for. */
  entriesCountMin: number
  /** How much larger the entries must be. */
  gainMin: number
}
export const USUAL_POLICY: SnapshotPolicy = { entriesCountMin: LEAP_ENTRIES_COUNT_MIN, gainMin: SNAPSHOT_GAIN_MIN }

/**
 * The snapshots that a laptop at `cursor` is better off with than with their entries.
 *
 * Cost: nothing for who is hardly behind; else one question for the labels and one or two for each that could be worth it.
 */
export async function worthwhile(
  snapshots: Snapshots, log: Pick<Log, 'tailHashAt' | 'weigh'>, space: SpaceId, cursor: number, head: number, policy: SnapshotPolicy = USUAL_POLICY,
): Promise<SnapshotLabel[]> {
  if (head - cursor < policy.entriesCountMin) return []
  const chosen: SnapshotLabel[] = []
  for (const label of await snapshots.labels(space)) {
    const { item, part, toSeq, tailHash } = label
    const isWorthIt = (weight: Pick<Growth, 'entriesCount' | 'entriesBytes'>): boolean => onWire(weight) >= label.bodyBytes * policy.gainMin
    if (toSeq <= cursor || toSeq > head || !isWorthIt(label)) continue
    if (cursor > 0 && !isWorthIt(await log.weigh(space, item, part, cursor, toSeq))) continue
    const there = await log.tailHashAt(space, toSeq)
    if (there !== null && bytesEqual(there, tailHash)) chosen.push(label)
  }
  return chosen
}
