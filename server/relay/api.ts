/**
 * The relay's own doors: sockets speak the protocol through `accept`, the gateway and the HTTP twin use the same inside. It orders,
 * stores, acknowledges and fans out; it edits nothing and reads no payload (the log's writer checks headers).
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Event } from '../../shared/base/emitter.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Directory } from '../auth/directory.ts'
import type { Erased, Erasure } from '../store/erase.ts'
import type { AppendResult, CommittedRun, Log } from '../store/log.ts'
import type { Account } from './accounting.ts'
import type { Connection } from './connection.ts'
import type { SnapshotSource } from './subscription.ts'

export interface RelayDeps {
  log: Log
  directory: Directory
  clock: Clock
  dice: Dice
  build: string
  /** Left out: laptops far behind get every entry. */
  snapshots?: SnapshotSource
  /** Who did what over these doors. Left out: nobody keeps account. */
  account?: Account
  /** Called for what a person running the relay should know; never with document text. */
  report(event: { kind: string; [detail: string]: unknown }): void
}

export interface RelaySession {
  /** One frame from the other side. Never throws: a bad frame closes the connection with a code. */
  receive(frame: Uint8Array): void
  /** The connection is gone. */
  closed(): void
}

/** Somebody looking at an item, whichever door they came through. */
export interface Viewer {
  /** An Id: of the connection, or minted by the door. */
  session: string
  who: Person
  /** UTF-8 JSON as in PRESENCE; empty when only looking. */
  bytes: Uint8Array
}

export interface Relay {
  /** A connection whose upgrade was authenticated as `user`. */
  accept(connection: Connection, user: UserId): RelaySession
  /** The same checks, order and commit as a PUSH, for the gateway and the HTTP twin. Rejects never: a failed store is `refused storage`. */
  push(user: UserId, entry: NewEntry, from?: { session: string; address: string }): Promise<AppendResult>
  /** After each commit, in commit order, once per space of the commit. */
  readonly onDidCommit: Event<CommittedRun>
  /**
   * Erases between two commits, and tells every subscription of the space that its log is another one now. Rights are the caller's to ask.
   * Errors: rejects when the store failed.
   */
  erase(erasure: Erasure): Promise<Erased & { isScrubbed: boolean }>
  /** The log of a space was rewritten: what is remembered of it by seq, or of the item, is not true any more. */
  readonly onDidErase: Event<Erasure>
  /** Presence shared by all doors: what `look` shows reaches every other viewer; null leaves. Rights are asked here. */
  look(user: UserId, session: string, space: SpaceId, item: ItemId, bytes: Uint8Array | null): void
  readonly onDidLook: Event<{ item: ItemId; viewer: Viewer; gone: boolean }>
  viewersOf(item: ItemId): readonly Viewer[]
  /** How many connections of another door get what is committed in an item: where it is many, commits of the space wait for each other. 0: nobody any more. */
  readAlong(space: SpaceId, item: ItemId, readersCount: number): void
  /** For the account of who did what, where a door answers by itself what the relay was not asked. */
  readonly account: Account
  /** Numbers for /metrics and the bench. */
  counts(): { connections: number; subscriptions: number; queuedEntries: number; queuedBytes: number; committedEntries: number; commits: number }
  /** Stops taking pushes, commits what is queued, closes connections with 1012. */
  drain(): Promise<void>
}
