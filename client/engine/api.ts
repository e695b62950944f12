/**
 * What a window can ask of the engine, and what it hears back. The engine runs in a worker, so everything here is plain data that
 * can be posted; `engine-host.ts` carries it. The very same engine is called directly in tests and in the simulator.
 *
 * Nothing here waits for the network. `editFacts`, `writeProse`, `createItem` and `act` resolve when the edit is durable on this laptop
 * (strict commit); the window does not wait for them to draw.
 */
import type { Event } from '../../shared/base/emitter.ts'
import type { EntryId, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Act, ActsState } from '../../shared/model/acts.ts'
import type { Part } from '../../shared/model/entries.ts'
import type { ParkCode } from '../../shared/model/errors.ts'
import type { FactEdit, FactsState, FactValue } from '../../shared/model/facts.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { ItemType } from '../../shared/model/items/index.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

/** `data-sync` of the status region, worst truth first. A function of stored state (invariant 10). */
export type SyncState = 'pending' | 'local' | 'relay' | 'offline' | 'refused' | 'rechecking'

export interface SyncStatus {
  state: SyncState
  /** Edits not yet durable on this laptop (typed within the last tenths of a second, or the store refuses). */
  inMemoryCount: number
  /** Edits durable here and not yet acknowledged. */
  waitingCount: number
  /** Edits the relay refused; kept here. */
  parkedCount: number
  /** Items that have waiting or parked edits. */
  waitingItems: readonly ItemId[]
  connection: 'offline' | 'connecting' | 'live' | 'blocked'
  /** Why connecting stopped, when blocked: a close reason of errors.ts. */
  blockedBy: string | null
  /** Entries still to receive while catching up; 0 when level. */
  behindCount: number
  /** The local store refuses to take edits: typing goes on in memory, a file is offered. */
  storeFailure: 'quota' | 'lost' | 'newer-schema' | 'unavailable' | null
  /** Another tab of this profile holds the socket. */
  follower: boolean
  /** The network lets no websocket through: everything goes by ordinary requests, some seconds later. */
  isDetour: boolean
}

export interface SpaceView {
  space: SpaceId
  kind: SpaceKind
  name: string
  /** null: known from before, no longer allowed. */
  role: Role | null
  /** Whether its log held anything when it was first asked for; left out: not asked yet. No rows and `true` is a space that is still arriving. */
  hasLog?: boolean
  /** Left out: it may be used without contact for as long as one likes. */
  offline?: OfflineView
}

/** For how long a space may be used without contact, and how that stands here. */
export interface OfflineView {
  daysMax: number
  /** `closed`: nothing of it is read until the next contact; what was written is kept and goes out then. */
  state: 'open' | 'soon' | 'closed'
  /** Of `soon`. */
  hoursLeft: number | null
  /** By this laptop's clock; of a closed one, since when. */
  closesAt: number
}

/** An act as listed: accepted ones have a place in the log, asked-for ones wait in the outbox. */
export interface ActView {
  entry: EntryId
  act: Act
  author: UserId
  time: number
  state: 'accepted' | 'asked' | 'refused'
  reason: string
}

export interface ActsView {
  /** From accepted acts only. */
  settled: ActsState
  /** As it will be if everything asked for is accepted. */
  expected: ActsState
  acts: readonly ActView[]
}

export interface ParkedView {
  entry: EntryId
  space: SpaceId
  item: ItemId
  part: Part
  code: ParkCode
  reason: string
  time: number
  bytes: number
}

export interface ProseOpened {
  /** All there is, merged; may be empty. */
  update: Uint8Array
  /** A fresh clientID for this handle, owned by it alone (never stored, never reused). */
  clientId: number
}

export interface PresenceView {
  session: string
  who: Person
  /** Parsed and checked JSON of the frame. */
  state: { cursor?: { anchor: unknown; head: unknown } | null }
}

export interface HistoryEntry {
  seq: number | null
  entry: EntryId
  part: Part
  author: UserId
  time: number
  payload: Uint8Array
}

/** An answer that was given, with who gave it and when. */
export interface GivenAnswer {
  value: FactValue
  author: UserId
  time: number
}

/** One thing that happened to the facts. `label`: a field that the row is called by, as it was then. */
export type FactStep =
  /** `before`: null when there was nothing, undefined when it is not known here. */
  | { kind: 'set'; path: string; before: FactValue | undefined; after: FactValue }
  /** Given without having seen what others answered; those stood too. */
  | { kind: 'apart'; path: string; value: FactValue; others: readonly GivenAnswer[] }
  /** Several answers stood and this one was given for all of them; the others are those that were not chosen. */
  | { kind: 'chosen'; path: string; value: FactValue; others: readonly GivenAnswer[] }
  | { kind: 'row'; what: 'added' | 'removed' | 'restored' | 'moved'; list: string; row: string; label: { path: string; value: FactValue } | null }
  /** The item, among those beside it. */
  | { kind: 'moved' }

/** An item at a place in the log, to be looked at. */
export interface VersionView {
  upToSeq: number
  /** Of the entry at that place, or of the last one before it. */
  author: UserId
  time: number
  /** Place of the version before it: before this person wrote without somebody else in between, or a pause. null: it is the first. */
  earlierSeq: number | null
  /** A Yjs update for a document of its own. */
  prose: Uint8Array
  facts: FactsState
  acts: ActsState
}

/** A stretch of work of one person, or one formal step. */
export type Moment = {
  /** The entry it began with. */
  key: EntryId
  author: UserId
  since: number
  until: number
  /** Not at the relay. */
  isHereOnly: boolean
  /** Place in the log of its last entry: what `version` asks for. */
  upToSeq: number | null
} & (
  | { kind: 'made'; title: string }
  | { kind: 'facts'; steps: FactStep[] }
  | { kind: 'prose'; blockCount: number; addedChars: number; removedChars: number }
  /** `content` of a proposal is left out. */
  | { kind: 'act'; act: Act }
  | { kind: 'unreadable'; entryCount: number }
)

export interface TimelineView {
  /** Newest first. */
  moments: Moment[]
  /** How many there are in all. */
  momentCount: number
  /** False: older ones may be at the relay only. */
  isWhole: boolean
}

export interface SearchHit {
  item: ItemId
  space: SpaceId
  title: string
  excerpt: string
  score: number
}

/** Best first. */
export interface SearchAnswer {
  hits: SearchHit[]
  /** False: this laptop has not looked everywhere yet, and goes on doing so; asked again, there may be more. */
  isComplete: boolean
}

/** Derived progress of one municipality as the relay computed it, for those who lead a programme. */
export interface ProgrammeReport {
  fetchedAt: number
  /** `offlineDaysMax`: of the municipality; left out by a relay from before. */
  municipalities: { space: SpaceId; name: string; offlineDaysMax?: number | null; rows: ItemRow[] }[]
  /** Left out above, because this laptop had no contact for longer than they allow. */
  closed?: { space: SpaceId; name: string }[]
}

export type EngineEvent =
  | { type: 'status'; status: SyncStatus }
  | { type: 'spaces'; spaces: SpaceView[] }
  | { type: 'rows'; spaces: readonly SpaceId[] }
  | { type: 'prose'; item: ItemId; update: Uint8Array }
  | { type: 'facts'; item: ItemId; facts: FactsState }
  | { type: 'acts'; item: ItemId; acts: ActsView }
  /** Own refused edits were discarded: what is shown of the item is no longer true. Close it and open it again, with a fresh document. */
  | { type: 'rebuilt'; item: ItemId }
  /** Erased for good by somebody who may: the item as a whole, of which nothing is here any more, or what had been deleted from its text. */
  | { type: 'erased'; item: ItemId; mode: 'whole' | 'history'; time: number; reason: string }
  | { type: 'presence'; item: ItemId; present: PresenceView[] }
  | { type: 'people'; people: Person[] }
  | { type: 'report'; programme: SpaceId; report: ProgrammeReport }

export interface Engine {
  readonly onEvent: Event<EngineEvent>

  status(): Promise<SyncStatus>
  /** Of a closed space (`offline`) nothing is answered below: no rows, empty documents, no hits, no history, no text in files. Writing is never refused. */
  spaces(): Promise<SpaceView[]>
  /** Projection rows of one space, or of all. */
  rows(space?: SpaceId): Promise<ItemRow[]>
  /** The same once everything that is stored now was drawn up; in a tab that does not lead, as far as the leading one got. */
  freshRows(space: SpaceId): Promise<ItemRow[]>
  people(): Promise<Person[]>
  /** Where an item is, also when the space is closed and has no rows. */
  spaceOf(item: ItemId): Promise<SpaceId | null>

  /** Until `closeItem` as often as opened, events of types prose, facts, acts and presence of this item follow. */
  openItem(item: ItemId): Promise<{
    prose: ProseOpened
    facts: FactsState
    acts: ActsView
    /** Highest schema version among the item's entries; left out when not known. Above ours the item opens read-only. */
    schema?: number
  }>
  closeItem(item: ItemId): Promise<void>

  /** One Yjs V1 update made by the handle's clientID. Merged with its neighbours for COALESCE_MS, then stored and sent. */
  writeProse(item: ItemId, clientId: number, update: Uint8Array): Promise<void>
  /** All edits in one change. Errors: rejects for edits that are malformed (a bug in the caller). */
  editFacts(item: ItemId, edits: readonly FactEdit[]): Promise<void>
  /** Both parts in one transaction: never half of a linked pair (a decision in the facts and its reference in the notes). */
  editLinked(item: ItemId, edits: readonly FactEdit[], clientId: number, update: Uint8Array): Promise<void>
  /** Makes an item offline or online; its first facts (and prose) are one transaction. Out: its id. */
  createItem(request: { space: SpaceId; type: ItemType; edits: readonly FactEdit[]; prose: Uint8Array | null }): Promise<ItemId>
  act(item: ItemId, act: Act): Promise<void>
  /** The canonical content of an item now, ready to be sealed, with its seal. */
  sealContent(item: ItemId): Promise<{ content: string; seal: string }>

  /** null: left the item. */
  showPresence(item: ItemId, state: { cursor?: { anchor: unknown; head: unknown } | null } | null): Promise<void>

  parked(): Promise<ParkedView[]>
  exportParked(entries: readonly EntryId[]): Promise<{ fileName: string; text: string }>
  /** Errors: both reject when the local store refuses (the status says why); nothing has changed then. */
  retryParked(entries: readonly EntryId[]): Promise<void>
  discardParked(entries: readonly EntryId[]): Promise<void>

  /**
   * An item as it was after the entry at that place in the log (`upToSeq` of a moment); null when the relay is needed for it and does not answer.
   * Also of an item whose entries never were on this laptop.
   */
  version(item: ItemId, upToSeq: number): Promise<VersionView | null>
  /** Who changed what and when, the newest `countMax`; from this laptop alone, which is at once, or completed by the relay. */
  timeline(item: ItemId, options: { countMax: number; withRelay: boolean }): Promise<TimelineView>
  /** Answers within tenths of a second from what is read by then. `here`: the space in sight, read before the others; `onlyHere`: nothing else is looked for. */
  search(query: string, countMax: number, where?: { here?: SpaceId; onlyHere?: boolean }): Promise<SearchAnswer>
  /** Last known report, also offline; asks for a newer one when there is a connection (an event `report` follows). */
  programmeReport(programme: SpaceId): Promise<ProgrammeReport | null>
  /** All unsent work as one readable file, for when the store refuses. */
  exportUnsent(): Promise<{ fileName: string; text: string }>
  /** Something happened to the network, or a person asks: try now instead of after the back-off; a line that is open is asked whether it lives. */
  reconnect(): Promise<void>
  dispose(): Promise<void>
}

// ── The lock of the laptop's copy ──

/** The page before the engine: what is locked is opened by a passphrase, what was cut off is brought to its end. */
export interface LockedView {
  /** `locking`, `unlocking`: putting the lock on or taking it off, which is going on or was cut off. */
  kind: 'locked' | 'locking' | 'unlocking'
  /** Edits in the locked copy that are nowhere else. */
  unsentCount: number
  wrong: boolean
  /** Other tabs store their work first. */
  isWaiting: boolean
  /** Why it could not go on; nothing was lost. */
  failure: 'quota' | 'lost' | 'newer-schema' | 'unavailable' | null
  /** Rows, while it goes on. */
  progress: { doneCount: number; count: number } | null
}

export type LockAnswer =
  | { kind: 'passphrase'; passphrase: string }
  /** The copy stays as it was before the lock was asked for. */
  | { kind: 'stop' }
  /** The copy goes for good, with what was never sent. */
  | { kind: 'forget' }

export type LockOrder =
  | { kind: 'on'; passphrase: string; idleMinutes: number | null }
  | { kind: 'off'; passphrase: string }
  | { kind: 'change'; passphrase: string; next: string }
  | { kind: 'idle'; minutes: number | null }
  | { kind: 'lock' }

/** `changed`: another tab was first. `unstored`: something is typed that the local store does not take. */
export type LockOutcome = { kind: 'done' } | { kind: 'wrong' } | { kind: 'changed' } | { kind: 'unstored' } | { kind: 'failed'; failure: NonNullable<LockedView['failure']> }

export interface LaptopLock {
  /** False where the browser has no way to keep one. */
  readonly isPossible: boolean
  readonly isOn: boolean
  /** Minutes without a sign of a person after which it locks by itself. */
  readonly idleMinutes: number | null
  /**
   * After `on`, `off` and `lock` the window must begin anew; until then its engine is gone. In: what is told while it goes on.
   */
  order(order: LockOrder, progress?: (view: LockedView) => void): Promise<LockOutcome>
  /** Another tab locked: the window must begin anew once everything that was typed is stored. */
  readonly onMustLeave: Event<void>
}
