/**
 * The local store as the engine sees it. Implementations: Dexie (browser; strict durability, checksums) and memory (simulator, unit
 * tests), held together by tests/contract/engine-store.contract.ts. All tabs of a profile share one store.
 *
 * Invariants kept here: entries, cursor and tail hash are stored in one transaction (3); a local edit and its outbox row are stored in
 * one transaction; a row leaves the outbox only into the archive or by a human choice (4, 9).
 */
import type { Event } from '../../shared/base/emitter.ts'
import type { EntryId, Epoch, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { NewEntry, Part } from '../../shared/model/entries.ts'
import type { ParkCode } from '../../shared/model/errors.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

/** An entry as a laptop keeps it: its own ones have no seq until the relay's log came by. */
export interface StoredEntry extends NewEntry {
  /** Order of arrival on this laptop, rising; what other tabs use to see what is new. */
  at: number
  seq: number | null
  epoch: Epoch | null
  author: UserId
  serverTime: number | null
}

/** The most frozen format of the product: any later build drains any earlier outbox. Additive changes only. */
export interface OutboxRow extends NewEntry {
  /** Order of sending, rising. */
  order: number
  state: 'waiting' | 'parked'
  /** Why it was parked. */
  code: ParkCode | null
  reason: string
  storedAt: number
}

export interface ArchiveRow extends NewEntry {
  ackedAt: number
  epoch: Epoch
}

export interface SpaceRow {
  space: SpaceId
  kind: SpaceKind
  name: string
  role: Role | null
  epoch: Epoch
  cursor: number
  tailHash: Uint8Array
  /** Known head of the relay's log, to show progress while catching up. */
  head: number
}

/** All entries of one part of one item up to a place, merged. Raw local entries that have no seq yet are never inside. */
export interface SnapshotRow {
  item: ItemId
  part: Part
  space: SpaceId
  upToSeq: number
  upToAt: number
  payload: Uint8Array
}

export interface StoreChange {
  /** Items with new entries, per part; `rows`: projection rows changed; `outbox`, `spaces`: those tables changed. */
  entriesUpToAt?: number
  items?: readonly { item: ItemId; part: Part }[]
  rows?: readonly SpaceId[]
  outbox?: boolean
  spaces?: boolean
  /** True when another tab made the change. */
  foreign: boolean
}

export type StoreFailure = { kind: 'quota' } | { kind: 'lost' } | { kind: 'newer-schema'; found: number } | { kind: 'unavailable'; reason: string }

export interface EngineStore {
  /** One local edit (or a linked set of them): entries and outbox rows in one strictly durable transaction. Resolves when durable. */
  putLocal(edits: readonly (NewEntry & { author: UserId })[], now: number): Promise<void>
  /**
   * A run from the relay: entries, cursor, tail hash and the dirty marks for the projection in one transaction.
   * An entry that is already there (own, or repeated) only gets its seq, author and server time.
   */
  putRun(space: SpaceId, epoch: Epoch, entries: readonly (Omit<StoredEntry, 'at'> & { seq: number; serverTime: number })[], cursorAfter: number, tailHashAfter: Uint8Array): Promise<void>
  /** ACK: the rows move from the outbox to the archive; those already gone are ignored. */
  acknowledge(entries: readonly EntryId[], epoch: Epoch, now: number): Promise<void>
  park(entry: EntryId, code: ParkCode, reason: string): Promise<void>
  /** A human choice: offered again (`waiting`), or dropped after export. Dropping removes the entry from the item's content as well. */
  releaseParked(entries: readonly EntryId[]): Promise<void>
  discardParked(entries: readonly EntryId[]): Promise<void>
  /** Archive rows after a place that a relay lost go back to the outbox, in their old order. */
  unarchive(space: SpaceId, entries: readonly EntryId[]): Promise<void>
  dropArchiveBefore(time: number): Promise<void>

  outbox(): Promise<OutboxRow[]>
  archive(space: SpaceId): Promise<ArchiveRow[]>
  entriesOf(item: ItemId, part: Part): Promise<{ snapshot: SnapshotRow | null; entries: StoredEntry[] }>
  /** Entries that arrived on this laptop after `at`, oldest first: what other tabs stored. */
  entriesAfter(at: number, countMax: number): Promise<StoredEntry[]>
  lastAt(): Promise<number>
  putSnapshot(row: SnapshotRow): Promise<void>

  spaces(): Promise<SpaceRow[]>
  putSpace(row: SpaceRow): Promise<void>
  /** Removes everything of a space except parked rows. */
  removeSpace(space: SpaceId): Promise<void>

  rows(space?: SpaceId): Promise<ItemRow[]>
  row(item: ItemId): Promise<ItemRow | null>
  /** Items whose row must be computed again. */
  dirty(countMax: number): Promise<{ item: ItemId; space: SpaceId; at: number }[]>
  /** Stores rows and takes away their dirty marks, unless something newer came meanwhile. */
  putRows(rows: readonly { row: ItemRow; at: number }[]): Promise<void>

  /** Small values: device id, identity of the login, settings, cached programme progress. JSON-able. */
  getValue(key: string): Promise<unknown>
  putValue(key: string, value: unknown): Promise<void>

  readonly onDidChange: Event<StoreChange>
  readonly onDidFail: Event<StoreFailure>
  close(): Promise<void>
}

