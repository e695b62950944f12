/**
 * The local store as the engine sees it. Implementations: Dexie (browser; strict durability, checksums) and memory (simulator, unit
 * tests), held together by tests/contract/engine-store.contract.ts. All tabs of a profile share one store.
 *
 * Invariants kept here: entries, cursor and tail hash are stored in one transaction (3); a local edit and its outbox row are stored in
 * one transaction; a row leaves the outbox only into the archive or by a human choice (4, 9).
 */
import type { Event } from '../../shared/base/emitter.ts'
import { NO_ID, type EntryId, type Epoch, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Entry, NewEntry, Part } from '../../shared/model/entries.ts'
import type { ParkCode } from '../../shared/model/errors.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import type { Erasing, Strip } from './erasure.ts'

/** An entry as a laptop keeps it: its own ones have no seq until the relay's log came by. */
export interface StoredEntry extends NewEntry {
  /** Order of arrival on this laptop, rising; what other tabs use to see what is new. */
  at: number
  seq: number | null
  epoch: Epoch | null
  author: UserId
  serverTime: number | null
  /** Why its payload is left out of the content: it could not be applied. The bytes are kept. */
  quarantined: string | null
}

/** The most frozen format of the product: any later build drains any earlier outbox. Additive changes only. */
export interface OutboxRow extends NewEntry {
  /** Order of sending: the place of arrival (`at`) of its entry, so that nothing is sent before what it builds on. */
  order: number
  author: UserId
  state: 'waiting' | 'parked'
  /** Why it was parked. */
  code: ParkCode | null
  reason: string
  storedAt: number
}

export interface ArchiveRow extends NewEntry {
  order: number
  author: UserId
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
  /** The relay's log turned out to be another one: what was believed acknowledged is being offered again. */
  rechecking: boolean
  /** The log that was followed before the right was lost. With the right back it is named to the relay, which says what was erased since: edits were kept. */
  formerEpoch?: Epoch
}

/** Reason of edits that were parked because the right to their space is gone. */
export const RIGHT_LOST = 'right-lost'

/** By item, the place of the last of these rows. */
export const lastOrders = (rows: readonly Pick<OutboxRow, 'item' | 'order'>[]): Map<ItemId, number> => {
  const lasts = new Map<ItemId, number>()
  for (const { item, order } of rows) lasts.set(item, Math.max(order, lasts.get(item) ?? 0))
  return lasts
}

/** What is left of a space whose right was lost. */
export const withoutRight = (row: SpaceRow): SpaceRow => ({
  ...row, role: null, epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0, rechecking: false, ...(row.epoch === NO_ID ? {} : { formerEpoch: row.epoch }),
})

/** All entries of one part of one item up to a place, merged. Raw local entries that have no seq yet are never inside. */
export interface SnapshotRow {
  item: ItemId
  part: Part
  space: SpaceId
  /** Counts the snapshots of this part: a newer one is made from the one before it. */
  version: number
  upToSeq: number
  upToAt: number
  payload: Uint8Array
  /** Who wrote last in what it covers, and when: the raw entries may be gone. */
  changedAt: number
  changedBy: UserId
  /** The life of the log whose numbers `upToSeq` belongs to; rows of older builds do not say. */
  epoch?: Epoch
  /** Part of it came from the relay, and its entries were never here: they cannot be offered to a relay that lost them. */
  adopted?: boolean
  /** Who wrote what in it (shared/protocol/snapshot-body.ts), where that is known. */
  attribution?: Uint8Array
}

/** The snapshot of one part of an item and what it does not cover, in order of arrival. */
export interface StoredPart {
  snapshot: SnapshotRow | null
  entries: StoredEntry[]
}

/** What full-text search reads of an item, so that an index is built without opening documents. */
export interface TextRow {
  item: ItemId
  space: SpaceId
  title: string
  text: string
}

/** An entry as it comes from the relay. */
export type ReceivedEntry = Entry & { epoch: Epoch }

/** `at` rises with every change of the item; a mark is taken away only by whoever saw the newest. */
export interface DirtyMark {
  item: ItemId
  space: SpaceId
  at: number
}

/** Between tabs of one profile: the one with the socket tells the others what they cannot see in the store. */
export type TabMessage = { type: string; [field: string]: unknown }

export interface StoreChange {
  /** `items`: those with new entries or new places in the log, per part; `rows`: projection rows changed; `outbox`, `spaces`: those tables changed. */
  /** Places of arrival that the change covers; its entries are in `items`. */
  entries?: { from: number; to: number }
  items?: readonly { item: ItemId; part: Part }[]
  rows?: readonly SpaceId[]
  /** Parts of which a snapshot from the relay was stored. */
  snapshots?: readonly { item: ItemId; part: Part }[]
  /** What was erased for good and was here. */
  erased?: readonly Erasing[]
  /** Items whose search text was stored. */
  texts?: readonly ItemId[]
  /** `added`: rows behind all others came; `acknowledged`: rows went to the archive; `judged`: refused, released or discarded; `changed`: anything else. */
  outbox?: 'added' | 'acknowledged' | 'judged' | 'changed'
  spaces?: boolean
  /** A space whose entries lost their places, and whose snapshots from the relay were let go, because its log is another one. */
  rechecked?: SpaceId
  /** A space of which the other log said all it has, and was offered what it lacks. */
  recheckOver?: SpaceId
  /** Spaces whose cursor went back to the start, because a stored payload went bad. */
  rewound?: readonly SpaceId[]
  /** True when another tab made the change. */
  foreign: boolean
}

/** How an operation rejects when the store itself failed; `onDidFail` says the same. Any other rejection is a bug. */
export class StoreError extends Error {
  readonly failure: StoreFailure
  constructor(failure: StoreFailure, cause?: unknown) {
    super(`local store: ${failure.kind}`, { cause })
    this.failure = failure
  }
}

/** A write that may be left undone, because it is tried again at another time; that the store refuses, it says itself. */
export async function unlessRefused(write: Promise<void>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}

export type StoreFailure = { kind: 'quota' } | { kind: 'lost' } | { kind: 'newer-schema'; found: number } | { kind: 'unavailable'; reason: string }

export interface EngineStore {
  /**
   * One local edit (or a linked set of them): entries and outbox rows in one strictly durable transaction. Resolves when durable. What was typed into a
   * space whose right is lost by now is kept as `removeSpace` keeps what it finds, a parked outbox row and no content: it may build on what that took.
   */
  putLocal(edits: readonly (NewEntry & { author: UserId })[], now: number): Promise<void>
  /**
   * A run from the relay: entries, cursor, tail hash and the dirty marks for the projection in one transaction.
   * An entry that is already there (own, or repeated) only gets its seq, author and server time.
   * `cursorBefore`: where a run begins from which some were left out, because snapshots that are stored already stand for them.
   * Out: `stale`, and nothing stored, when the space is at another epoch or the run does not join on to the stored cursor (another tab went on).
   */
  putRun(
    space: SpaceId, epoch: Epoch, entries: readonly ReceivedEntry[], cursorAfter: number, tailHashAfter: Uint8Array, cursorBefore?: number,
  ): Promise<'stored' | 'stale'>
  /**
   * A snapshot from the relay takes the place of the one that is there; what is here of the entries it stands for is no longer read for the content, and
   * the item is marked for the projection. It never moves the cursor. One that reaches no further than the one that is there changes nothing.
   * Out: `stale` when the space is at another epoch; `unplaceable` when the one that is there does not say of which log its numbers are.
   */
  adoptSnapshot(row: Omit<SnapshotRow, 'version'> & { epoch: Epoch }): Promise<'stored' | 'stale' | 'unplaceable'>
  /** ACK: the rows move from the outbox to the archive; those already gone are ignored. */
  acknowledge(entries: readonly EntryId[], epoch: Epoch, now: number): Promise<void>
  park(entry: EntryId, code: ParkCode, reason: string): Promise<void>
  /**
   * A human choice: offered again (`waiting`), or dropped after export. Dropping removes the entry from the item's content as well. What belongs to a
   * space whose right is lost cannot be offered, and stays parked. What is offered and was in no content comes back to it with the refused rows of its item
   * before it, because it may build on those: they stay parked, as refused rows do that are in the content.
   */
  releaseParked(entries: readonly EntryId[]): Promise<void>
  discardParked(entries: readonly EntryId[]): Promise<void>
  /** Archive rows that the relay lacks go back to the outbox, in their old order. */
  unarchive(space: SpaceId, entries: readonly EntryId[]): Promise<void>
  /**
   * The relay's log is another one from `commonSeq` on: in one transaction the space gets its new epoch and cursor, entries after that place
   * lose their seq, own acknowledged ones among them go back to the outbox, snapshots that came from the relay are let go (the new log
   * says again what they said), and the space is marked `rechecking`.
   * What was erased for good goes first, out of every table: an item as a whole (its edits that wait are parked as `deleted`), or ranges of its prose.
   * `strip` takes the ranges out where the payloads mean nothing to the store; where it does not know sound ones nothing at all is done.
   */
  recheckSpace(space: SpaceId, epoch: Epoch, commonSeq: number, tailHash: Uint8Array, erasing?: readonly Erasing[], strip?: Strip): Promise<void>
  /** What that log lacked was offered: takes the mark away and touches nothing else; not when the space is at another epoch by now. */
  finishRecheck(space: SpaceId, epoch: Epoch): Promise<void>
  /** Entries of a space that have no place in its log and do not wait in the outbox: what a relay lost of others, in order of arrival. */
  unplaced(space: SpaceId): Promise<StoredEntry[]>
  /** Puts such entries in the outbox, under their own ids and in their order of arrival: before own entries that were made on top of them. */
  offerAgain(entries: readonly EntryId[], now: number): Promise<void>
  /**
   * Entries of a part build on something that is not here. What this laptop has another copy of (outbox, archive) is put back; where that is nothing, the
   * whole space is asked for again, once for each `lack` in the life of its log: some is missing for good, as what a person threw away is.
   * Out: whether there is nothing more to do about it; false: ask again after what was put back, or is arriving, is there.
   */
  missing(space: SpaceId, item: ItemId, part: Part, lack: number): Promise<boolean>
  /**
   * Looks for rows that vanished, by counting and naming rows and without reading contents, and brings them back as `missing` does: entries, rows of the
   * projection, and snapshots that entries or a row still speak of. A snapshot whose part has no entry left, beside another part that has, is not missed.
   */
  countRows(): Promise<void>
  /** Leaves a payload out of the item's content from now on; the bytes stay. null: it is part of it again. */
  quarantine(entry: EntryId, reason: string | null): Promise<void>
  dropArchiveBefore(time: number): Promise<void>

  /** In order of sending; only rows after that place when it is given. */
  outbox(afterOrder?: number): Promise<OutboxRow[]>
  archive(space: SpaceId): Promise<ArchiveRow[]>
  entriesOf(item: ItemId, part: Part): Promise<StoredPart>
  /** All parts of several items in one reading, in the order of asking; of an item that is not there they are empty. */
  partsOf(items: readonly ItemId[]): Promise<Record<Part, StoredPart>[]>
  /** Every raw entry still kept of an item, covered by a snapshot or not. */
  historyOf(item: ItemId): Promise<StoredEntry[]>
  /** Entries that arrived on this laptop after `at`, oldest first: what other tabs stored. */
  entriesAfter(at: number, countMax: number): Promise<StoredEntry[]>
  lastAt(): Promise<number>
  /**
   * Stores a snapshot over entries that have a seq; those are no longer read for the content, and those older than `dropBefore` (server time)
   * are removed. Nothing happens unless it was made from the snapshot that is there: another tab may have merged meanwhile.
   */
  putSnapshot(row: SnapshotRow, covered: readonly EntryId[], dropBefore: number): Promise<void>

  spaces(): Promise<SpaceRow[]>
  putSpace(row: SpaceRow): Promise<void>
  /** The right was lost: waiting rows are parked as `forbidden`, everything else of the space is removed; its row stays without role and cursor. */
  removeSpace(space: SpaceId): Promise<void>

  rows(space?: SpaceId): Promise<ItemRow[]>
  row(item: ItemId): Promise<ItemRow | null>
  /** Items whose row must be computed again. */
  dirty(countMax: number): Promise<DirtyMark[]>
  /** Stores rows and takes away their dirty marks, unless something newer came meanwhile. Their search texts are stale from then on. */
  putRows(rows: readonly { row: ItemRow; at: number }[]): Promise<void>
  /** Of one space, or of all. */
  texts(space?: SpaceId): Promise<TextRow[]>
  /** A page of all texts, in the order of their items. In: the last item of the page before; null for the first. */
  textsAfter(item: ItemId | null, countMax: number): Promise<TextRow[]>
  /** Of these items; those that have none are left out. */
  textsOf(items: readonly ItemId[]): Promise<TextRow[]>
  /** Items whose search text must be computed again. */
  staleTexts(countMax: number): Promise<DirtyMark[]>
  putTexts(texts: readonly { text: TextRow; at: number }[]): Promise<void>

  /** Small values: device id, identity of the login, settings, cached programme progress. JSON-able. */
  getValue(key: string): Promise<unknown>
  putValue(key: string, value: unknown): Promise<void>

  readonly onDidChange: Event<StoreChange>
  readonly onDidFail: Event<StoreFailure>
  /** Says something to the other tabs that share this store; never stored, never heard by itself. */
  post(message: TabMessage): void
  readonly onDidPost: Event<TabMessage>
  close(): Promise<void>
}
