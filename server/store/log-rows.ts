/**
 * How the log lies in SQLite: the schema, the place of an entry, and the checksum of a row.
 *
 * The place is the row id: number of the space × 2^33 + seq, so that a space's entries lie together and are read by range without an index.
 * Every row carries a checksum over all its fields and its payload: a flipped bit is noticed when the row is read, before it is served.
 * The tail hash of each entry chains the payloads; `verify` rehashes it.
 */
import { crc32 } from 'node:zlib'
import { must } from '../../shared/base/assert.ts'
import { FORMATS, PARTS, type Entry, type Part } from '../../shared/model/entries.ts'
import { StoreProblem } from './problem.ts'

export const LOG_FILE = 'log.sqlite'
/** "SPlg". */
export const LOG_APPLICATION_ID = 0x53506c67

/** SQL per version; appended to, never edited. */
export const LOG_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE spaces (
    no INTEGER PRIMARY KEY, space BLOB NOT NULL UNIQUE, epoch BLOB NOT NULL, restored INTEGER NOT NULL,
    head INTEGER NOT NULL, floor INTEGER NOT NULL, tail BLOB NOT NULL, checksum INTEGER NOT NULL
  );
  CREATE TABLE items (no INTEGER PRIMARY KEY, item BLOB NOT NULL UNIQUE, space INTEGER NOT NULL REFERENCES spaces, last INTEGER NOT NULL);
  CREATE TABLE entries (
    place INTEGER PRIMARY KEY, space INTEGER NOT NULL, entry BLOB NOT NULL, item INTEGER NOT NULL, prev INTEGER NOT NULL,
    part INTEGER NOT NULL, format INTEGER NOT NULL, schema INTEGER NOT NULL, author BLOB NOT NULL, writer BLOB NOT NULL,
    server_time INTEGER NOT NULL, client_time INTEGER NOT NULL, tail BLOB NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL
  );
  CREATE UNIQUE INDEX entries_by_id ON entries (space, entry);
  CREATE INDEX entries_by_item ON entries (item, part);
  -- Who continues which clientID or actor, and up to where.
  CREATE TABLE owners (
    item INTEGER NOT NULL, part INTEGER NOT NULL, key TEXT NOT NULL, writer BLOB NOT NULL, author BLOB NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (item, part, key)
  ) WITHOUT ROWID;
  -- Hashes of Automerge changes, cut to 16 bytes.
  CREATE TABLE changes (item INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (item, hash)) WITHOUT ROWID;
  -- State after the acts of an item: follows from its entries, kept because it is asked for in every commit of an act.
  CREATE TABLE acts (item INTEGER PRIMARY KEY, state TEXT NOT NULL);
  `,
  `
  -- What was erased for good, and must be refused or taken out whenever it is offered again. Never content.
  CREATE TABLE erasures (
    no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, space BLOB NOT NULL, item BLOB NOT NULL, mode INTEGER NOT NULL, time INTEGER NOT NULL,
    author BLOB NOT NULL, reason TEXT NOT NULL
  );
  CREATE TABLE erased_ranges (erasure INTEGER NOT NULL REFERENCES erasures, no INTEGER NOT NULL, ranges BLOB NOT NULL, PRIMARY KEY (erasure, no)) WITHOUT ROWID;
  `,
]

const SEQ_BITS = 33
/** Entries a space can hold: 2,700 years of one a second. */
export const SEQ_MAX = 2 ** SEQ_BITS - 1
/** Spaces a store can hold. */
export const SPACE_NO_MAX = 2 ** (53 - SEQ_BITS) - 1

export const placeOf = (spaceNo: number, seq: number): number => spaceNo * 2 ** SEQ_BITS + seq
export const seqOf = (place: number): number => place % 2 ** SEQ_BITS

/** Hex ↔ blob; `Buffer` does this natively, ten times faster than a loop. */
export const blobOf = (id: string): Uint8Array => Buffer.from(id, 'hex')
export const idOf = (blob: Uint8Array): string => Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex')

export const partNo = (part: Part): number => PARTS.indexOf(part)

/** One row of `entries` joined with its item's id, as arrays. */
export const ENTRY_COLUMNS =
  'e.place, e.entry, i.item, e.prev, e.part, e.format, e.schema, e.author, e.writer, e.server_time, e.client_time, e.tail, e.checksum, e.payload'
export type EntryRow = [
  place: number, entry: Uint8Array, item: Uint8Array, prev: number, part: number, format: number, schema: number, author: Uint8Array, writer: Uint8Array,
  serverTime: number, clientTime: number, tail: Uint8Array, checksum: number, payload: Uint8Array,
]

const ID_BYTES = 16
const scratch = Buffer.alloc(5 * ID_BYTES + 6 * 8 + 2)

/** Over everything that is served, and the place where it must lie. */
export function checksumOf(space: Uint8Array, row: EntryRow): number {
  const [place, entry, item, prev, part, format, schema, author, writer, serverTime, clientTime, tail, , payload] = row
  let at = 0
  for (const blob of [space, entry, item, author, writer]) {
    scratch.set(blob, at)
    at += ID_BYTES
  }
  for (const value of [place, prev, schema, serverTime, clientTime]) at = scratch.writeDoubleBE(value, at)
  scratch[at++] = part
  scratch[at++] = format
  return crc32(payload, crc32(tail, crc32(scratch.subarray(0, at))))
}

/** Over what a space is; its head and tail are compared with its newest entry instead. */
export const spaceChecksumOf = (no: number, space: Uint8Array, epoch: Uint8Array, restored: boolean): number =>
  crc32(epoch, crc32(space, crc32(Uint8Array.of(restored ? 1 : 0), no)))

/** Whether a row is what was written. Damage may have changed the types of its fields as well. */
export function isIntact(space: Uint8Array, row: EntryRow): boolean {
  const [place, entry, item, prev, part, format, schema, author, writer, serverTime, clientTime, tail, checksum, payload] = row as readonly unknown[]
  for (const id of [entry, item, author, writer, tail]) if (!(id instanceof Uint8Array) || id.length !== ID_BYTES) return false
  for (const value of [place, prev, part, format, schema, serverTime, clientTime]) if (typeof value !== 'number') return false
  return payload instanceof Uint8Array && checksumOf(space, row) === checksum
}

/** Errors: StoreProblem `corrupt` when the row is not what was written. */
export function entryOf(spaceId: string, space: Uint8Array, row: EntryRow): Entry {
  const [place, entry, item, prev, part, format, schema, author, writer, serverTime, clientTime, , , payload] = row
  if (!isIntact(space, row)) throw new StoreProblem('corrupt', `Entry ${seqOf(place)} of space ${spaceId} is damaged on the disk.`)
  return {
    space: spaceId, entry: idOf(entry), item: idOf(item), part: must(PARTS[part], 'a part'), format: must(FORMATS[format], 'a format'), schema,
    clientTime, writer: idOf(writer), payload, seq: seqOf(place), prevItemSeq: prev, author: idOf(author), serverTime,
  }
}
