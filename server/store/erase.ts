/**
 * *Definitief verwijderen*: taking an item, or what was deleted from its prose, out of the log for good.
 *
 * The log of the space is rewritten in one commit, under a new epoch: it was one thing and is another now, and every laptop has to hear of it. What
 * was erased is remembered for ever, in the database and in `erasures.json` beside it: a laptop that comes back after months, or an older
 * backup that is put back, still holds it. The file is written first. A cut between the two, or an older database, leaves an erasure that the
 * database does not know: the next opening carries it out. Nothing here holds content: an erasure names ids, times and ranges.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isId, NO_ID, type Epoch, type Id, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { eraseProse, decodeRanges, joinRanges, NO_RANGES, type ErasedRanges } from '../../shared/protocol/erase-prose.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { sha256Native } from './admission.ts'
import { sqliteCode, type Database } from './database.ts'
import { blobOf, checksumOf, entryOf, ENTRY_COLUMNS, idOf, partNo, placeOf, SEQ_MAX, seqOf, spaceChecksumOf, type EntryRow } from './log-rows.ts'
import { StoreProblem } from './problem.ts'

export const ERASE_MODES = ['whole', 'history'] as const
export type EraseMode = (typeof ERASE_MODES)[number]

export interface Erasure {
  /** Names this erasure in the database and in the file beside it. */
  id: Id
  space: SpaceId
  item: ItemId
  mode: EraseMode
  time: number
  /** null: from the machine itself. */
  by: UserId | null
  reason: string
  /** Mode `history`: what of the prose, as pieces of `encodeRanges`. Mode `whole`: none. */
  ranges: readonly Uint8Array[]
}

export interface Erased {
  epoch: Epoch
  head: number
  /** Entries that were taken away or rewritten. */
  entriesCount: number
}

/** What a log knows of the erasures of an item. */
export interface ErasedItem {
  isWhole: boolean
  ranges: ErasedRanges
}

export const ERASURES_FILE = 'erasures.json'
const FILE_FORMAT = 1

/** By item, joined. */
export function erasedItems(erasures: readonly Erasure[]): Map<ItemId, ErasedItem> {
  const items = new Map<ItemId, ErasedItem>()
  for (const { item, mode, ranges } of erasures) {
    const before = items.get(item) ?? { isWhole: false, ranges: NO_RANGES }
    items.set(item, { isWhole: before.isWhole || mode === 'whole', ranges: joinRanges(before.ranges, ...ranges.map((piece) => decodeRanges(piece) ?? NO_RANGES)) })
  }
  return items
}

/** Errors: StoreProblem `unreadable-erasures`. */
export function readErasuresFile(folder: string): Erasure[] {
  const path = join(folder, ERASURES_FILE)
  if (!existsSync(path)) return []
  try {
    const { format, erasures } = JSON.parse(readFileSync(path, 'utf8')) as { format: number; erasures: (Omit<Erasure, 'ranges'> & { ranges: string[] })[] }
    const read = erasures.map((one) => ({ ...one, ranges: one.ranges.map((piece) => new Uint8Array(Buffer.from(piece, 'base64'))) }))
    if (format === FILE_FORMAT && read.every(isErasure)) return read
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
  }
  throw new StoreProblem('unreadable-erasures', `${path} cannot be read: it says what was erased for good and must not come back. Put it back from a copy of the folder.`)
}

const isErasure = ({ id, space, item, mode, time, by, reason, ranges }: Erasure): boolean =>
  [id, space, item].every(isId) && ERASE_MODES.includes(mode) && typeof time === 'number' && (by === null || isId(by)) && typeof reason === 'string' && ranges.every((piece) => decodeRanges(piece) !== null)

export const erasuresText = (erasures: readonly Erasure[]): string =>
  `${JSON.stringify({ format: FILE_FORMAT, erasures: erasures.map((one) => ({ ...one, ranges: one.ranges.map((piece) => Buffer.from(piece).toString('base64')) })) }, null, 1)}\n`

export function readErasures(database: Database): Erasure[] {
  const ranges = Map.groupBy(database.all('SELECT erasure, ranges FROM erased_ranges ORDER BY erasure, no'), ({ erasure }) => Number(erasure))
  return database.all('SELECT * FROM erasures ORDER BY no').map(({ no, id, space, item, mode, time, author, reason }) => ({
    id: idOf(id as Uint8Array), space: idOf(space as Uint8Array), item: idOf(item as Uint8Array), mode: ERASE_MODES[Number(mode)] ?? 'whole', time: Number(time),
    by: idOf(author as Uint8Array) === NO_ID ? null : idOf(author as Uint8Array), reason: String(reason),
    ranges: (ranges.get(Number(no)) ?? []).map((row) => row.ranges as Uint8Array),
  }))
}

function note(database: Database, { id, space, item, mode, time, by, reason, ranges }: Erasure): void {
  const no = Number(database.get('SELECT coalesce(max(no), 0) + 1 AS no FROM erasures')?.no)
  database.run(
    'INSERT INTO erasures (no, id, space, item, mode, time, author, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    no, blobOf(id), blobOf(space), blobOf(item), ERASE_MODES.indexOf(mode), time, blobOf(by ?? NO_ID), reason,
  )
  for (const [i, piece] of ranges.entries()) database.run('INSERT INTO erased_ranges (erasure, no, ranges) VALUES (?, ?, ?)', no, i, piece)
}

/** Rows rewritten before the next are read. */
const PAGE_COUNT = 500

/**
 * Carries one erasure out, inside the caller's transaction, and remembers it. The space gets the given epoch; seq stays dense.
 * Out: null when the space is not in this log (then it is remembered all the same). Errors: StoreProblem `corrupt` for a damaged row.
 */
export function carryOut(database: Database, erasure: Erasure, epoch: Epoch): Erased | null {
  note(database, erasure)
  const spaceBlob = blobOf(erasure.space)
  const space = database.get('SELECT no, restored, head FROM spaces WHERE space = ?', spaceBlob)
  if (!space) return null
  const [spaceNo, head] = [Number(space.no), Number(space.head)]
  const itemRow = database.get('SELECT no, space FROM items WHERE item = ?', blobOf(erasure.item))
  const itemNo = itemRow && Number(itemRow.space) === spaceNo ? Number(itemRow.no) : null
  const done = itemNo === null ? { head, entriesCount: 0 } : rewrite(database, erasure, { spaceNo, spaceBlob, head, itemNo })
  if (itemNo !== null && erasure.mode === 'whole') {
    for (const table of ['owners', 'changes', 'acts']) database.run(`DELETE FROM ${table} WHERE item = ?`, itemNo)
    database.run('DELETE FROM items WHERE no = ?', itemNo)
  }
  const epochBlob = blobOf(epoch)
  database.run('UPDATE spaces SET epoch = ?, checksum = ? WHERE no = ?', epochBlob, spaceChecksumOf(spaceNo, spaceBlob, epochBlob, space.restored === 1), spaceNo)
  return { epoch, ...done }
}

function rewrite(
  database: Database, erasure: Erasure, { spaceNo, spaceBlob, head, itemNo }: { spaceNo: number; spaceBlob: Uint8Array; head: number; itemNo: number },
): { head: number; entriesCount: number } {
  const ranges = joinRanges(...erasure.ranges.map((piece) => decodeRanges(piece) ?? NO_RANGES))
  const first = database.get(
    'SELECT min(place) AS place FROM entries WHERE item = ? AND (? OR part = ?)', itemNo, erasure.mode === 'whole' ? 1 : 0, partNo('prose'),
  )?.place
  if (typeof first !== 'number') return { head, entriesCount: 0 }
  const select = database.prepare(`SELECT ${ENTRY_COLUMNS}, e.item FROM entries e JOIN items i ON i.no = e.item WHERE e.place > ? AND e.place <= ? ORDER BY e.place LIMIT ${PAGE_COUNT}`)
  select.setReturnArrays(true)
  const remove = database.prepare('DELETE FROM entries WHERE place = ?')
  const move = database.prepare('UPDATE entries SET place = ?, prev = ?, tail = ?, checksum = ?, payload = ? WHERE place = ?')
  const lastOf = new Map<number, number>()
  let seq = seqOf(first) - 1
  let entriesCount = 0
  const before = database.get('SELECT tail FROM entries WHERE place = ?', placeOf(spaceNo, seq))?.tail
  let tail = before instanceof Uint8Array ? before : EMPTY_TAIL_HASH
  for (let read = first - 1; ; ) {
    const rows = select.all(read, placeOf(spaceNo, SEQ_MAX)) as unknown as [...EntryRow, itemNo: number][]
    for (const found of rows) {
      const row = found.slice(0, -1) as EntryRow
      const owner = found.at(-1) as number
      const entry = entryOf(erasure.space, spaceBlob, row)
      read = row[0]
      if (owner === itemNo && erasure.mode === 'whole') {
        remove.run(row[0])
        entriesCount++
        continue
      }
      const payload = owner === itemNo && entry.part === 'prose' ? eraseProse(entry.payload, ranges) : entry.payload
      if (payload !== entry.payload) entriesCount++
      seq++
      tail = nextTailHash(tail, seq, entry.entry, sha256Native(payload), sha256Native)
      const moved: EntryRow = [placeOf(spaceNo, seq), row[1], row[2], lastOf.get(owner) ?? row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], tail, 0, payload]
      move.run(moved[0], moved[3], tail, checksumOf(spaceBlob, moved), payload, row[0])
      lastOf.set(owner, seq)
    }
    if (rows.length === 0) break
  }
  for (const [no, last] of lastOf) database.run('UPDATE items SET last = ? WHERE no = ?', last, no)
  database.run('UPDATE spaces SET head = ?, tail = ? WHERE no = ?', seq, tail, spaceNo)
  return { head: seq, entriesCount }
}

/**
 * Writes every page of a database anew, so that nothing that was taken out is left in its free space, and empties its write-ahead log.
 * Out: false when somebody who reads at this moment keeps the old pages alive; to be asked again. Cost: reads and writes all of it.
 */
export function scrub(database: Database): boolean {
  try {
    database.get('PRAGMA secure_delete=ON')
    database.run('VACUUM')
    const { busy } = database.get('PRAGMA wal_checkpoint(TRUNCATE)') ?? {}
    return busy === 0
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error
    return false // no room for a second copy, or somebody writes: the erasure itself stands, and the caller hears that this is still to do
  }
}
