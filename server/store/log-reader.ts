/**
 * Reads the log in SQLite. Synchronous: it runs in the reader thread, or in-process in tests. Every row is compared with its checksum
 * before it is given out, and a hole in the numbers is an error of its own: nothing altered and nothing incomplete is served.
 */
import { NO_ID, type EntryId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { must } from '../../shared/base/assert.ts'
import { PARTS, type Entry, type Part } from '../../shared/model/entries.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import type { Database } from './database.ts'
import type { LeftOut, Measured, ReadRun, SpaceHead } from './log.ts'
import { problemOf } from './log-file.ts'
import { blobOf, ENTRY_COLUMNS, entryOf, idOf, partNo, placeOf, SEQ_MAX, seqOf, type EntryRow } from './log-rows.ts'
import { StoreProblem } from './problem.ts'
import { ENTRY_OVERHEAD_BYTES } from './runs.ts'

/** The reading half of `Log`, without promises. Errors: StoreProblem. */
export interface LogReader {
  head(space: SpaceId): SpaceHead | null
  tailHashAt(space: SpaceId, seq: number): Uint8Array | null
  read(space: SpaceId, afterSeq: number, bytesMax: number, countMax: number): ReadRun
  readItem(space: SpaceId, item: ItemId, part: Part | null, fromSeq: number, upToSeq: number, countMax: number, bytesMax?: number): Entry[]
  readSifted(
    space: SpaceId, afterSeq: number, upToSeq: number, leftOut: readonly LeftOut[], bytesMax: number, countMax: number,
  ): ReadRun & { cursorAfter: number }
  measure(space: SpaceId, afterSeq: number, countMax: number): Measured
  weigh(space: SpaceId, item: ItemId, part: Part, afterSeq: number, upToSeq: number): { entriesCount: number; entriesBytes: number }
  spaceOf(item: ItemId): SpaceId | null
  find(space: SpaceId, entry: EntryId): Entry | null
  close(): void
}

/** Rows looked at in one reading that leaves some out: about 20 ms of the reader's thread. */
const SIFT_COUNT_MAX = 60_000

function prepare(database: Database) {
  const from = `SELECT ${ENTRY_COLUMNS} FROM entries e JOIN items i ON i.no = e.item`
  try {
    const prepared = {
      head: database.prepare('SELECT no, epoch, head, floor, tail FROM spaces WHERE space = ?'),
      tail: database.prepare('SELECT tail FROM entries WHERE place = ?'),
      range: database.prepare(`${from} WHERE e.place > ? AND e.place <= ? ORDER BY e.place LIMIT ?`),
      // The unary plus keeps the planner on the index by item.
      part: database.prepare(`${from} WHERE e.item = ? AND e.part = ? AND e.place >= ? AND e.place <= ? ORDER BY e.place LIMIT ?`),
      item: database.prepare(`${from} WHERE e.item = ? AND +e.place >= ? AND +e.place <= ? ORDER BY e.place LIMIT ?`),
      at: database.prepare(`${from} WHERE e.place = ?`),
      // What is left out never reaches JavaScript: a laptop that is new to a space with years of entries is sent few of them.
      sifted: database.prepare(
        `WITH leftOut AS MATERIALIZED (SELECT value ->> 0 AS item, value ->> 1 AS part, value ->> 2 AS upTo FROM json_each(?))
         SELECT e.place FROM entries e LEFT JOIN leftOut l ON l.item = e.item AND l.part = e.part
         WHERE e.place > ? AND e.place <= ? AND (l.upTo IS NULL OR e.place > l.upTo) ORDER BY e.place`,
      ),
      count: database.prepare('SELECT count(*) FROM entries WHERE place > ? AND place <= ?'),
      grown: database.prepare(
        `SELECT i.item, g.part, g.count, g.bytes FROM (SELECT item, part, count(*) AS count, sum(length(payload)) AS bytes FROM entries
         WHERE place > ? AND place <= ? GROUP BY item, part) g JOIN items i ON i.no = g.item`,
      ),
      weight: database.prepare('SELECT count(*), coalesce(sum(length(payload)), 0) FROM entries WHERE item = ? AND part = ? AND place > ? AND place <= ?'),
      place: database.prepare('SELECT i.no, s.space FROM items i JOIN spaces s ON s.no = i.space WHERE i.item = ?'),
      entry: database.prepare(`${from} WHERE e.space = ? AND e.entry = ?`),
    }
    for (const statement of Object.values(prepared)) statement.setReturnArrays(true)
    return prepared
  } catch (error) {
    database.close()
    throw problemOf(error)
  }
}

/** Errors: StoreProblem, also when the file is so damaged that no statement can be made. */
export function createLogReader(open: () => Database): LogReader {
  const database = open()
  const prepared = prepare(database)
  let isClosed = false

  function guarded<T>(work: () => T): T {
    if (isClosed) throw new StoreProblem('closed', 'The log is closed.')
    try {
      return work()
    } catch (error) {
      throw problemOf(error)
    }
  }

  /** All of it is of one log: an erasure is a commit as well, and what is written after it may get the number of an item that went. */
  const atOnce = <T>(work: () => T): T => guarded(() => database.reading(work))

  interface SpaceRow {
    no: number
    head: SpaceHead
  }
  const spaceRow = (space: SpaceId): SpaceRow | null => {
    const row = prepared.head.get(blobOf(space)) as unknown as [number, Uint8Array, number, number, Uint8Array] | undefined
    return row ? { no: row[0], head: { epoch: idOf(row[1]), head: row[2], floor: row[3], tailHash: row[4] } } : null
  }
  const boundedSeq = (seq: number): number => Math.min(Math.max(0, seq), SEQ_MAX)

  /** Rows as entries until a bound is reached, at least one. */
  function gather(rows: Iterable<unknown>, space: SpaceId, bytesMax: number, each: (entry: Entry, row: EntryRow) => void): void {
    const spaceBlob = blobOf(space)
    let bytes = 0
    let count = 0
    for (const row of rows as Iterable<EntryRow>) {
      const entry = entryOf(space, spaceBlob, row)
      bytes += entry.payload.length + ENTRY_OVERHEAD_BYTES
      if (count++ > 0 && bytes > bytesMax) break
      each(entry, row)
    }
  }

  const tailAt = (spaceNo: number, seq: number): Uint8Array | null => {
    if (seq === 0) return EMPTY_TAIL_HASH
    if (seq < 0 || seq > SEQ_MAX) return null
    return (prepared.tail.get(placeOf(spaceNo, seq)) as unknown as [Uint8Array] | undefined)?.[0] ?? null
  }

  return {
    head: (space) => guarded(() => spaceRow(space)?.head ?? null),
    tailHashAt: (space, seq) =>
      guarded(() => {
        const row = spaceRow(space)
        return row && tailAt(row.no, seq)
      }),
    read: (space, afterSeq, bytesMax, countMax) =>
      atOnce(() => {
        const row = spaceRow(space)
        if (!row) return { epoch: NO_ID, entries: [], tailHashAfter: EMPTY_TAIL_HASH }
        const entries: Entry[] = []
        let tailHashAfter: Uint8Array | null = null
        const rows = prepared.range.iterate(placeOf(row.no, boundedSeq(afterSeq)), placeOf(row.no, SEQ_MAX), Math.min(countMax, SEQ_MAX))
        gather(rows, space, bytesMax, (entry, [place, , , , , , , , , , , tail]) => {
          if (seqOf(place) !== afterSeq + entries.length + 1) throw new StoreProblem('corrupt', `Entry ${afterSeq + entries.length + 1} of space ${space} is missing.`)
          entries.push(entry)
          tailHashAfter = tail
        })
        if (entries.length === 0 && countMax > 0 && row.head.head > afterSeq) throw new StoreProblem('corrupt', `Entry ${afterSeq + 1} of space ${space} is missing.`)
        return { epoch: row.head.epoch, entries, tailHashAfter: tailHashAfter ?? tailAt(row.no, afterSeq) ?? row.head.tailHash }
      }),
    readItem: (space, item, part, fromSeq, upToSeq, countMax, bytesMax = Infinity) =>
      atOnce(() => {
        const row = spaceRow(space)
        const itemRow = prepared.place.get(blobOf(item)) as unknown as [number, Uint8Array] | undefined
        if (!row || !itemRow || idOf(itemRow[1]) !== space) return []
        const range = [placeOf(row.no, boundedSeq(fromSeq)), placeOf(row.no, boundedSeq(upToSeq)), Math.min(countMax, SEQ_MAX)]
        const rows = part === null ? prepared.item.iterate(itemRow[0], ...range) : prepared.part.iterate(itemRow[0], partNo(part), ...range)
        const entries: Entry[] = []
        gather(rows, space, bytesMax, (entry) => void entries.push(entry))
        return entries
      }),
    readSifted: (space, afterSeq, upToSeq, leftOut, bytesMax, countMax) =>
      atOnce(() => {
        const row = spaceRow(space)
        if (!row) return { epoch: NO_ID, entries: [], cursorAfter: afterSeq, tailHashAfter: EMPTY_TAIL_HASH }
        const known: [itemNo: number, part: number, upTo: number][] = []
        for (const { item, part, upToSeq: until } of leftOut) {
          const itemRow = prepared.place.get(blobOf(item)) as unknown as [number] | undefined
          if (itemRow) known.push([itemRow[0], partNo(part), placeOf(row.no, boundedSeq(until))])
        }
        const spaceBlob = blobOf(space)
        const entries: Entry[] = []
        let bytes = 0
        const from = placeOf(row.no, boundedSeq(afterSeq))
        let cursorAfter = Math.max(afterSeq, Math.min(upToSeq, row.head.head, afterSeq + SIFT_COUNT_MAX))
        const places = prepared.sifted.iterate(JSON.stringify(known), from, placeOf(row.no, boundedSeq(cursorAfter)))
        for (const [place] of places as unknown as Iterable<[number]>) {
          if (entries.length < countMax) {
            const found = prepared.at.get(place) as unknown as EntryRow | undefined
            const entry = entryOf(space, spaceBlob, must(found, 'it was listed a moment ago'))
            bytes += entry.payload.length + ENTRY_OVERHEAD_BYTES
            if (entries.length === 0 || bytes <= bytesMax) {
              entries.push(entry)
              continue
            }
          }
          cursorAfter = seqOf(place) - 1
          break
        }
        const [there] = prepared.count.get(from, placeOf(row.no, boundedSeq(cursorAfter))) as unknown as [number]
        if (there !== cursorAfter - afterSeq) throw new StoreProblem('corrupt', `Of the entries ${afterSeq + 1} to ${cursorAfter} of space ${space} ${there} are there.`)
        return { epoch: row.head.epoch, entries, cursorAfter, tailHashAfter: tailAt(row.no, cursorAfter) ?? row.head.tailHash }
      }),
    measure: (space, afterSeq, countMax) =>
      atOnce(() => {
        const row = spaceRow(space)
        if (!row || row.head.head <= afterSeq) return { upToSeq: afterSeq, tailHash: (row && tailAt(row.no, afterSeq)) ?? EMPTY_TAIL_HASH, grown: [] }
        const upToSeq = Math.min(row.head.head, afterSeq + countMax)
        const grown = prepared.grown.all(placeOf(row.no, boundedSeq(afterSeq)), placeOf(row.no, boundedSeq(upToSeq))) as unknown as [Uint8Array, number, number, number][]
        const tailHash = tailAt(row.no, upToSeq)
        if (tailHash === null) throw new StoreProblem('corrupt', `Entry ${upToSeq} of space ${space} is missing.`)
        return {
          upToSeq, tailHash,
          grown: grown.map(([item, part, entriesCount, entriesBytes]) => ({ item: idOf(item), part: must(PARTS[part], 'a part'), entriesCount, entriesBytes })),
        }
      }),
    weigh: (space, item, part, afterSeq, upToSeq) =>
      atOnce(() => {
        const row = spaceRow(space)
        const itemRow = prepared.place.get(blobOf(item)) as unknown as [number, Uint8Array] | undefined
        if (!row || !itemRow || idOf(itemRow[1]) !== space) return { entriesCount: 0, entriesBytes: 0 }
        const range = [placeOf(row.no, boundedSeq(afterSeq)), placeOf(row.no, boundedSeq(upToSeq))] as const
        const [entriesCount, entriesBytes] = prepared.weight.get(itemRow[0], partNo(part), ...range) as unknown as [number, number]
        return { entriesCount, entriesBytes }
      }),
    spaceOf: (item) =>
      guarded(() => {
        const row = prepared.place.get(blobOf(item)) as unknown as [number, Uint8Array] | undefined
        return row ? idOf(row[1]) : null
      }),
    find: (space, entry) =>
      guarded(() => {
        const row = spaceRow(space)
        const found = row && (prepared.entry.get(row.no, blobOf(entry)) as unknown as EntryRow | undefined)
        return found ? entryOf(space, blobOf(space), found) : null
      }),
    close() {
      if (isClosed) return
      isClosed = true
      database.close()
    },
  }
}
