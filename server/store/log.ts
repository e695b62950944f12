/**
 * The log of every space, as the relay sees it. Implementations: memory (tests, simulator), SQLite in a writer thread. One
 * contract suite (tests/contract/log.contract.ts) holds for all of them.
 *
 * Invariants kept here: an append that resolved is in a synced commit (1); seq is dense per space, prevItemSeq unbroken (2); an
 * entry id is stored at most once (5). What an entry means is checked in the same commit, because it depends on what is
 * already there: which space an item belongs to, who may continue a clientID or actor, whether an act may follow.
 */
import type { Entry, NewEntry, Part } from '../../shared/model/entries.ts'
import type { RefusalCode } from '../../shared/model/errors.ts'
import type { EntryId, Epoch, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Erased, Erasure } from './erase.ts'

export interface AppendRequest {
  entry: NewEntry
  author: UserId
  serverTime: number
}

export type AppendResult =
  /** Committed now, or found committed before with the same payload (`repeated`). */
  | { kind: 'stored'; seq: number; repeated: boolean }
  | { kind: 'refused'; code: RefusalCode; reason: string }

/** Everything one commit added to one space, in order: what fan-out encodes once. */
export interface CommittedRun {
  space: SpaceId
  epoch: Epoch
  entries: Entry[]
  tailHashAfter: Uint8Array
}

export interface SpaceHead {
  epoch: Epoch
  head: number
  /** Lowest seq that can still be read, minus one; 0 while raw entries are kept. */
  floor: number
  tailHash: Uint8Array
}

/** What one reading found. `epoch`: the log that all of it is of, whatever became of it since; NO_ID where there is none. */
export interface ReadRun {
  epoch: Epoch
  entries: Entry[]
  tailHashAfter: Uint8Array
}

/** Entries of this part up to and including `upToSeq`. */
export interface LeftOut {
  item: ItemId
  part: Part
  upToSeq: number
}

export interface Measured {
  upToSeq: number
  tailHash: Uint8Array
  grown: { item: ItemId; part: Part; entriesCount: number; entriesBytes: number }[]
}

export interface Log {
  /**
   * Appends in order, all in one synced commit, and answers each request in the same order.
   * `runs` holds what the commit added, so that fan-out order equals commit order.
   * Errors: rejects when the store failed (disk full, fsync error): nothing of the batch may be acknowledged.
   * Limits: COMMIT_BATCH_COUNT_MAX requests.
   */
  append(batch: readonly AppendRequest[]): Promise<{ results: AppendResult[]; runs: CommittedRun[] }>
  /** Creates the log of a space with a new epoch if it has none yet. */
  ensureSpace(space: SpaceId): Promise<SpaceHead>
  head(space: SpaceId): Promise<SpaceHead | null>
  /** Tail hash after `seq` (0: empty log), null where unknown. */
  tailHashAt(space: SpaceId, seq: number): Promise<Uint8Array | null>
  /** Entries after `afterSeq`, in order, until a bound is reached; at least one if there is one. */
  read(space: SpaceId, afterSeq: number, bytesMax: number, countMax: number): Promise<ReadRun>
  /** Entries of one item, oldest first, until a bound is reached (`bytesMax`: unbounded if not given); at least one if there is one. */
  readItem(space: SpaceId, item: ItemId, part: Part | null, fromSeq: number, upToSeq: number, countMax: number, bytesMax?: number): Promise<Entry[]>
  /**
   * Entries after `afterSeq` up to `upToSeq`, without those that something else stands for; until a bound is reached, or enough was looked at. `cursorAfter`
   * is how far that went, with or without entries.
   */
  readSifted(
    space: SpaceId, afterSeq: number, upToSeq: number, leftOut: readonly LeftOut[], bytesMax: number, countMax: number,
  ): Promise<ReadRun & { cursorAfter: number }>
  /** What was added after `afterSeq`, per part of an item, of at most `countMax` entries; payloads are not read. */
  measure(space: SpaceId, afterSeq: number, countMax: number): Promise<Measured>
  /** Entries of one part of an item after `afterSeq` up to `upToSeq`, counted. */
  weigh(space: SpaceId, item: ItemId, part: Part, afterSeq: number, upToSeq: number): Promise<{ entriesCount: number; entriesBytes: number }>
  /**
   * Takes an item, or ranges of its prose, out for good, under a new epoch of its space, and never takes them in again. In: an item of that space, or
   * one that was erased before. Errors: rejects when the store failed; then nothing was erased, or the next opening finishes it.
   */
  erase(erasure: Erasure): Promise<Erased & { isScrubbed: boolean }>
  /** Of a space, oldest first. */
  erasures(space: SpaceId): Promise<Erasure[]>
  /** Which space an item lives in, null if unknown. */
  spaceOf(item: ItemId): Promise<SpaceId | null>
  find(space: SpaceId, entry: EntryId): Promise<Entry | null>
  close(): Promise<void>
}
