/** What the reader thread can be asked, and what goes over to it and back. Plain data only; bytes are copied, never transferred. */
import type { Id, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { SnapshotPart } from '../store/snapshots.ts'
import type { KeptProse } from './short-answer.ts'
import type { NoveltyFailure } from './prose-state.ts'
import type { WriterPart } from './split-update.ts'

export interface Questions {
  /** What a client with this state vector lacks, and what the log holds up to `seq` (of this item's prose). */
  missing: { ask: { space: SpaceId; item: ItemId; stateVector: Uint8Array }; answer: { update: Uint8Array; stateVector: Uint8Array; seq: number } | { kind: 'malformed' } }
  /** What an update would add to the log. */
  novelty: { ask: { space: SpaceId; item: ItemId; update: Uint8Array }; answer: { update: Uint8Array | null } | NoveltyFailure }
  /** An update in parts of at most COMMIT_BATCH_BYTES_MAX, or of one struct, each of which stands on those before it. */
  cut: { ask: { update: Uint8Array }; answer: { parts: Uint8Array[] } | NoveltyFailure }
  /** A novelty in parts of one writer each; asked after `forget`, so that nothing of it counts as being there. */
  split: { ask: { space: SpaceId; item: ItemId; update: Uint8Array }; answer: { parts: WriterPart[] } }
  /** The novelty last given for this item was refused by the log. */
  forget: { ask: { item: ItemId }; answer: Record<never, never> }
  /** The first facts of a knowledge page, as a payload. Without a title: it is called after its first heading or line. */
  page: { ask: { actor: Id; author: UserId; timeMs: number }; answer: { payload: Uint8Array } }
  /** A snapshot body of one part up to `upToSeq`, made from the one before it and what came after that. */
  snapshot: {
    ask: { space: SpaceId; item: ItemId; part: SnapshotPart; before: { body: Uint8Array; toSeq: number } | null; upToSeq: number }
    answer: { body: Uint8Array; entriesCount: number; entriesBytes: number } | { kind: 'unreadable'; reason: string } | { kind: 'nothing' }
  }
  /** What of an item's prose was deleted, as pieces of ranges for an erasure. */
  deleted: { ask: { space: SpaceId; item: ItemId }; answer: { ranges: Uint8Array[] } }
  /** The log was rewritten: nothing that is remembered of it holds any more. */
  renew: { ask: Record<never, never>; answer: Record<never, never> }
  /** The projection row of an item now. */
  row: { ask: { space: SpaceId; item: ItemId }; answer: { row: ItemRow } }
}

export type QuestionName = keyof Questions

export type ToReader =
  | { [N in QuestionName]: { kind: 'ask'; id: number; name: N; ask: Questions[N]['ask'] } }[QuestionName]
  | { kind: 'page'; entries: Entry[]; isLast: boolean }
  | { kind: 'no-page'; reason: string }
  | { kind: 'kept'; prose: KeptProse | null }

export type FromReader =
  | { kind: 'answer'; id: number; answer: unknown }
  | { kind: 'failed'; id: number; reason: string }
  | { kind: 'pull'; space: SpaceId; item: ItemId; part: Part | null; fromSeq: number }
  | { kind: 'pull-kept'; space: SpaceId; item: ItemId }
  | { kind: 'skipped'; space: SpaceId; item: ItemId; seq: number; reason: string }

/** What the reader is doing at this moment, in memory that outlives it: says which entry hung or blew up the thread. */
export interface Marker {
  /** Rises by one when a piece of work begins and when it ends: odd is working. */
  steps: Int32Array
  /** Id of the question under way. */
  ask: Int32Array
  /** seq of the entry being applied, 0 while something else is being read. */
  seq: Float64Array
}

export const MARKER_BYTES = 16

export const markerOn = (memory: SharedArrayBuffer): Marker => ({
  steps: new Int32Array(memory, 0, 1),
  ask: new Int32Array(memory, 4, 1),
  seq: new Float64Array(memory, 8, 1),
})

export interface ReaderData {
  memory: SharedArrayBuffer
  /** `<item>/<seq>` of entries to leave out. */
  skip: readonly string[]
  cacheBytesMax: number
}

export const skipKey = (item: ItemId, seq: number): string => `${item}/${seq}`
