/**
 * Appends to the log in SQLite. Synchronous: it runs in the writer thread, or in-process in tests.
 *
 * Checks and commit share one transaction; the requests of a batch see each other through the caches below, which hold what is committed plus
 * what this transaction adds. Counters (heads, last entries, owners) are written once per commit, not once per entry. When anything
 * fails, the caches are dropped, the file is closed, opened again, checkpointed and compared before the next append: after a failed
 * fsync the kernel may have forgotten dirty pages, so believing the same connection once more would acknowledge what is not on the disk.
 *
 * A file that was moved, removed or replaced under us takes commits as before, and nobody finds them again. So after each commit it is looked at whether
 * the paths still lead to the files that took it; where they do not nothing is acknowledged until they do again, or the relay is started anew.
 */
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import { bytesEqual } from '../../shared/base/bytes.ts'
import { newId, type Epoch, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { NO_ACTS, type ActsState } from '../../shared/model/acts.ts'
import { FORMATS, type Entry, type Part } from '../../shared/model/entries.ts'
import { STORAGE_DAMAGED } from '../../shared/model/errors.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { admit, sha256Native, type Admitted, type Lookups, type Owner } from './admission.ts'
import type { Database } from './database.ts'
import { carryOut, erasedItems, readErasures, readErasuresFile, type Erased, type Erasure } from './erase.ts'
import type { AppendRequest, AppendResult, CommittedRun, SpaceHead } from './log.ts'
import { beginSpace, dueForScrub, fileAt, noteErasures, problemOf, scrubIfDue } from './log-file.ts'
import { blobOf, checksumOf, idOf, isIntact, LOG_FILE, partNo, placeOf, SEQ_MAX, SPACE_NO_MAX, spaceChecksumOf, type EntryRow } from './log-rows.ts'
import { StoreProblem } from './problem.ts'
import { collectRuns } from './runs.ts'

export interface LogWriter {
  /** Errors: StoreProblem; nothing of the batch may be acknowledged then. */
  append(batch: readonly AppendRequest[]): { results: AppendResult[]; runs: CommittedRun[] }
  ensureSpace(space: SpaceId): SpaceHead
  /** Errors: StoreProblem; the log is as it was then, unless the list beside it names the erasure: the next opening carries that out. */
  erase(erasure: Erasure): Erased & { isScrubbed: boolean }
  erasures(space: SpaceId): Erasure[]
  /** Out: false when old pages are still kept alive by somebody who reads. */
  scrub(): boolean
  /** Spaces whose newest entry is not what the head says: refused `storage`, the others go on. */
  damagedSpaces(): SpaceId[]
  close(): void
}

export interface LogWriterDeps {
  /** Opens the database; called again after a failure. */
  open(): Database
  /** Where the list of erasures lies. */
  folder: string
  dice: Dice
}

interface SpaceRow {
  no: number
  blob: Uint8Array
  epoch: Epoch
  restored: boolean
  head: number
  tail: Uint8Array
  isDamaged: boolean
}

interface ItemRow {
  no: number
  space: SpaceId
  lastSeq: number
}

/** What one transaction still has to write at its end. */
interface Moved {
  spaces: Set<SpaceRow>
  items: Set<ItemRow>
  owners: Map<string, { itemNo: number; part: Part; key: string; owner: Owner }>
}
const nothingMoved = (): Moved => ({ spaces: new Set(), items: new Set(), owners: new Map() })

const DAMAGED: AppendResult = { kind: 'refused', code: 'storage', reason: STORAGE_DAMAGED }

/** Items and owners kept in memory between commits: those being worked on now. Beyond it the oldest are read again when needed. */
const CACHED_ITEMS_COUNT_MAX = 10_000
const CACHED_OWNERS_COUNT_MAX = 20_000

/** A map that forgets what was used longest ago. */
function createCache<V>(countMax: number) {
  const values = new Map<string, V>()
  return {
    get(key: string): V | undefined {
      const value = values.get(key)
      if (value === undefined) return undefined
      values.delete(key)
      values.set(key, value)
      return value
    },
    set(key: string, value: V): void {
      values.delete(key)
      values.set(key, value)
    },
    trim(): void {
      for (const key of values.keys()) {
        if (values.size <= countMax) return
        values.delete(key)
      }
    },
  }
}

export function createLogWriter({ open, folder, dice }: LogWriterDeps): LogWriter {
  const [path, walPath] = [join(folder, LOG_FILE), join(folder, `${LOG_FILE}-wal`)]
  /** Everything that belongs to one opened file: statements and caches of a failed one are never used again. */
  let current = begin()
  let isFailed = false
  /** The connection is open; not while opening it anew has failed. */
  let isHeld = true
  let isClosed = false
  let moved = nothingMoved()

  function begin() {
    const database = open()
    try {
      return load(database)
    } catch (error) {
      database.close()
      throw problemOf(error)
    }
  }

  function load(database: Database) {
    const prepared = {
      entry: database.prepare('SELECT place, payload FROM entries WHERE space = ? AND entry = ?'),
      // The newest entry of the item comes along: an item whose counters are damaged would link the next one wrongly.
      item: database.prepare(
        'SELECT i.no, s.space, i.last, e.item FROM items i JOIN spaces s ON s.no = i.space LEFT JOIN entries e ON e.place = i.space * 8589934592 + i.last WHERE i.item = ?',
      ),
      owner: database.prepare('SELECT writer, author, last FROM owners WHERE item = ? AND part = ? AND key = ?'),
      owners: database.prepare('SELECT key, last FROM owners WHERE item = ? AND part = ?'),
      change: database.prepare('SELECT 1 FROM changes WHERE item = ? AND hash = ?'),
      acts: database.prepare('SELECT state FROM acts WHERE item = ?'),
      putItem: database.prepare('INSERT INTO items (no, item, space, last) VALUES (?, ?, ?, ?)'),
      putEntry: database.prepare(
        'INSERT INTO entries (place, space, entry, item, prev, part, format, schema, author, writer, server_time, client_time, tail, checksum, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      putOwner: database.prepare(
        'INSERT INTO owners (item, part, key, writer, author, last) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (item, part, key) DO UPDATE SET last = excluded.last',
      ),
      putChange: database.prepare('INSERT INTO changes (item, hash) VALUES (?, ?)'),
      putActs: database.prepare('INSERT INTO acts (item, state) VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET state = excluded.state'),
      moveItem: database.prepare('UPDATE items SET last = ? WHERE no = ?'),
      moveSpace: database.prepare('UPDATE spaces SET head = ?, tail = ? WHERE no = ?'),
    }
    for (const statement of Object.values(prepared)) statement.setReturnArrays(true)
    const spaces = new Map<SpaceId, SpaceRow>()
    /** Rows that cannot be believed: some space lost its name, so none may be begun anew until that is repaired. */
    let namelessCount = 0
    for (const { no, space: blob, epoch, restored, head, tail, checksum } of database.all('SELECT * FROM spaces')) {
      const isWhole =
        typeof no === 'number' && blob instanceof Uint8Array && epoch instanceof Uint8Array && typeof head === 'number' && tail instanceof Uint8Array &&
        checksum === spaceChecksumOf(no, blob, epoch, restored === 1)
      if (!isWhole) {
        namelessCount++
        continue
      }
      const space: SpaceRow = { no, blob, epoch: idOf(epoch), restored: restored === 1, head, tail, isDamaged: false }
      space.isDamaged = !endsAsItSays(database, space)
      spaces.set(idOf(blob), space)
    }
    const items = createCache<ItemRow>(CACHED_ITEMS_COUNT_MAX)
    const owners = createCache<Owner>(CACHED_OWNERS_COUNT_MAX)
    const nextItemNo = Number(database.get('SELECT coalesce(max(no), 0) + 1 AS no FROM items')?.no)
    const erased = erasedItems(readErasures(database))
    return { database, prepared, spaces, namelessCount, items, owners, nextItemNo, erased, file: fileAt(path), wal: fileAt(walPath) }
  }

  /** Errors: StoreProblem `missing-store` when the paths lead to other files than those that are open, or to none. */
  function demandInPlace(): void {
    demandSame(fileAt(path))
    if (fileAt(walPath) === current.wal) return
    // What is in a write-ahead log that nobody else will find goes into the file that they will.
    current.database.get('PRAGMA wal_checkpoint(TRUNCATE)')
    throw new StoreProblem('missing-store', `${walPath} was removed or replaced while the relay was running. Nothing is taken until the relay is started again.`)
  }
  function demandSame(file: string | null): void {
    if (file === current.file) return
    throw new StoreProblem('missing-store', `${path} was moved, removed or replaced while the relay was running. Nothing is taken until it is back in its place, or the relay is started again.`)
  }

  const itemRow = (item: ItemId): ItemRow | null => {
    const cached = current.items.get(item)
    if (cached) return cached
    const row = current.prepared.item.get(blobOf(item)) as unknown as [number, Uint8Array, number, number | null] | undefined
    if (!row) return null
    if (row[3] !== row[0]) throw new StoreProblem('corrupt', `Item ${item} does not lead to its newest entry.`)
    const found = { no: row[0], space: idOf(row[1]), lastSeq: row[2] }
    current.items.set(item, found)
    return found
  }
  const ownerKey = (itemNo: number, part: Part, key: string): string => `${itemNo} ${part} ${key}`

  const known: Lookups = {
    space(space) {
      const row = current.spaces.get(space)
      return row ? { epoch: row.epoch, head: row.head, tailHash: row.tail, restored: row.restored } : null
    },
    entry(space, entry) {
      const row = current.spaces.get(space)
      const found = row && (current.prepared.entry.get(row.no, blobOf(entry)) as unknown as [number, Uint8Array] | undefined)
      return found ? { seq: found[0] - placeOf(row.no, 0), payloadHash: sha256Native(found[1]) } : null
    },
    item: itemRow,
    owner(item, part, key) {
      const row = itemRow(item)
      if (!row) return null
      const cacheKey = ownerKey(row.no, part, key)
      const cached = current.owners.get(cacheKey)
      if (cached) return cached
      const found = current.prepared.owner.get(row.no, partNo(part), key) as unknown as [Uint8Array, Uint8Array, number] | undefined
      if (!found) return null
      const owner = { writer: idOf(found[0]), author: idOf(found[1]), end: found[2] }
      current.owners.set(cacheKey, owner)
      return owner
    },
    ends(item, part) {
      const row = itemRow(item)
      if (!row) return new Map()
      const ends = new Map(current.prepared.owners.all(row.no, partNo(part)) as unknown as [string, number][])
      // What earlier requests of this transaction moved is written at its end.
      for (const { itemNo, part: movedPart, key, owner } of moved.owners.values()) if (itemNo === row.no && movedPart === part) ends.set(key, owner.end)
      return ends
    },
    hasChange(item, hash) {
      const row = itemRow(item)
      return row !== null && current.prepared.change.get(row.no, changeBlob(hash)) !== undefined
    },
    erased: (item) => current.erased.get(item) ?? null,
    acts(item): ActsState {
      const row = itemRow(item)
      const found = row && (current.prepared.acts.get(row.no) as unknown as [string] | undefined)
      return found ? (JSON.parse(found[0]) as ActsState) : NO_ACTS
    },
  }

  function store({ entry, tailHashAfter, owners, changes, acts }: Admitted): void {
    const { prepared, items } = current
    const space = must(current.spaces.get(entry.space), 'an admitted entry has a space')
    if (entry.seq > SEQ_MAX) throw new StoreProblem('full', `Space ${entry.space} holds as many entries as a space can.`)
    let item = itemRow(entry.item)
    const itemBlob = blobOf(entry.item)
    if (!item) {
      item = { no: current.nextItemNo++, space: entry.space, lastSeq: 0 }
      prepared.putItem.run(item.no, itemBlob, space.no, entry.seq)
      items.set(entry.item, item)
    }
    const row: EntryRow = [
      placeOf(space.no, entry.seq), blobOf(entry.entry), itemBlob, entry.prevItemSeq, partNo(entry.part), FORMATS.indexOf(entry.format), entry.schema,
      blobOf(entry.author), blobOf(entry.writer), entry.serverTime, entry.clientTime, tailHashAfter, 0, entry.payload,
    ]
    prepared.putEntry.run(row[0], space.no, row[1], item.no, row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], checksumOf(space.blob, row), row[13])
    space.head = entry.seq
    space.tail = tailHashAfter
    item.lastSeq = entry.seq
    moved.spaces.add(space)
    moved.items.add(item)
    for (const { key, owner } of owners) {
      const cacheKey = ownerKey(item.no, entry.part, key)
      current.owners.set(cacheKey, owner)
      moved.owners.set(cacheKey, { itemNo: item.no, part: entry.part, key, owner })
    }
    for (const hash of changes) prepared.putChange.run(item.no, changeBlob(hash))
    if (acts) prepared.putActs.run(item.no, JSON.stringify(acts))
  }

  function finish(): void {
    const { prepared } = current
    const { spaces, items, owners } = moved
    for (const space of spaces) prepared.moveSpace.run(space.head, space.tail, space.no)
    for (const item of items) prepared.moveItem.run(item.lastSeq, item.no)
    for (const { itemNo, part, key, owner } of owners.values()) {
      prepared.putOwner.run(itemNo, partNo(part), key, blobOf(owner.writer), blobOf(owner.author), owner.end)
    }
  }

  /** Runs work in one transaction; a failure of the disk poisons the opened file. */
  function guarded<T>(work: () => T): T {
    if (isClosed) throw new StoreProblem('closed', 'The log is closed.')
    if (isFailed) recover()
    try {
      const done = current.database.transaction(work)
      demandInPlace()
      return done
    } catch (error) {
      isFailed = true
      throw problemOf(error)
    }
  }

  function recover(): void {
    try {
      // Another file at this path is not ours to write in, and one that is away may come back.
      if (isHeld) demandInPlace()
      else demandSame(fileAt(path))
      current.database.close()
      isHeld = false
      const next = begin()
      if (next.file !== current.file) {
        next.database.close()
        demandSame(next.file)
      }
      current = next
      isHeld = true
      // Moves everything from the write-ahead log into the database and syncs both: what is read from now on is on the disk.
      const busy = current.database.get('PRAGMA wal_checkpoint(TRUNCATE)')?.busy
      if (busy !== 0) throw new StoreProblem('failed', 'The log was opened again after a failure, but a reader keeps it from being synced.')
    } catch (error) {
      throw problemOf(error)
    }
    isFailed = false
  }

  const headOf = (row: SpaceRow): SpaceHead => ({ epoch: row.epoch, head: row.head, floor: 0, tailHash: row.tail })

  /** One transaction, all or nothing. */
  const appendTogether = (batch: readonly AppendRequest[]): { results: AppendResult[]; runs: CommittedRun[] } =>
    guarded(() => {
      const results: AppendResult[] = []
      const added: { entry: Entry; epoch: Epoch; tailHashAfter: Uint8Array }[] = []
      moved = nothingMoved()
      for (const request of batch) {
        const space = current.spaces.get(request.entry.space)
        if (space?.isDamaged) {
          results.push(DAMAGED)
          continue
        }
        const outcome = admit(known, request)
        if (outcome.kind !== 'admitted') {
          results.push(outcome)
          continue
        }
        store(outcome)
        results.push({ kind: 'stored', seq: outcome.entry.seq, repeated: false })
        added.push({ entry: outcome.entry, epoch: must(space, 'admitted').epoch, tailHashAfter: outcome.tailHashAfter })
      }
      finish()
      current.items.trim()
      current.owners.trim()
      return { results, runs: collectRuns(added) }
    })

  /** After damage somewhere in the batch: each by itself, so that one damaged page does not refuse everybody. */
  function appendApart(batch: readonly AppendRequest[]): { results: AppendResult[]; runs: CommittedRun[] } {
    const results: AppendResult[] = []
    const runs: CommittedRun[] = []
    for (const request of batch) {
      try {
        const alone = appendTogether([request])
        results.push(...alone.results)
        runs.push(...alone.runs)
      } catch (error) {
        if (!(error instanceof StoreProblem) || error.kind !== 'corrupt') throw error
        results.push(DAMAGED)
      }
    }
    return { results, runs }
  }

  return {
    append(batch) {
      try {
        return appendTogether(batch)
      } catch (error) {
        if (error instanceof StoreProblem && error.kind === 'corrupt') return appendApart(batch)
        throw error
      }
    },
    ensureSpace(space) {
      const there = isFailed || isClosed ? undefined : current.spaces.get(space)
      if (there) return headOf(there)
      return guarded(() => {
        const again = current.spaces.get(space)
        if (again) return headOf(again)
        const no = Number(current.database.get('SELECT coalesce(max(no), 0) + 1 AS no FROM spaces')?.no)
        if (no > SPACE_NO_MAX) throw new StoreProblem('full', 'The store holds as many spaces as it can.')
        if (current.namelessCount > 0) throw new StoreProblem('corrupt', `The list of spaces is damaged; space ${space} may be one of the ${current.namelessCount} that lost their name.`)
        const row: SpaceRow = { no, blob: blobOf(space), epoch: newId(dice), restored: false, head: 0, tail: EMPTY_TAIL_HASH, isDamaged: false }
        beginSpace(current.database, { no, space, epoch: row.epoch, isRestored: false })
        current.spaces.set(space, row)
        return headOf(row)
      })
    },
    erase(erasure) {
      const space = current.spaces.get(erasure.space)
      if (space?.isDamaged) throw new StoreProblem('corrupt', `Space ${erasure.space} is damaged; restore it first.`)
      guarded(() => undefined)
      const before = readErasuresFile(folder)
      noteErasures(folder, [...before, erasure])
      let done: Erased
      try {
        done = guarded(() => {
          dueForScrub(current.database)
          return must(carryOut(current.database, erasure, newId(dice)), 'the space of an erasure is in the log')
        })
      } catch (error) {
        noteErasures(folder, before)
        throw error
      }
      // Heads, items and owners are others now: nothing that was remembered holds. Opening again reads them, after the pages were written anew.
      const isScrubbed = scrubIfDue(current.database)
      isFailed = true
      current.database.close()
      isHeld = false
      current = begin()
      isHeld = true
      isFailed = false
      return { ...done, isScrubbed }
    },
    erasures: (space) => (isClosed ? [] : readErasures(current.database).filter((one) => one.space === space)),
    scrub: () => guarded(() => undefined) === undefined && scrubIfDue(current.database),
    damagedSpaces: () => [...current.spaces].filter(([, row]) => row.isDamaged).map(([space]) => space),
    close() {
      if (isClosed) return
      isClosed = true
      current.database.close()
    },
  }
}

/** Sixteen of the 32 bytes tell two changes apart; the index is half as large. */
const changeBlob = (hash: string): Uint8Array => blobOf(hash.slice(0, 32))

/** Whether the newest entry of a space is there, intact, the last one, and ends the hash chain as the head says. */
function endsAsItSays(database: Database, space: SpaceRow): boolean {
  const after = database.get('SELECT place FROM entries WHERE place > ? AND place <= ? LIMIT 1', placeOf(space.no, space.head), placeOf(space.no, SEQ_MAX))
  if (after) return false
  if (space.head === 0) return bytesEqual(space.tail, EMPTY_TAIL_HASH)
  const row = database.get(
    'SELECT e.*, i.item AS item_id FROM entries e JOIN items i ON i.no = e.item WHERE e.place = ?', placeOf(space.no, space.head),
  )
  if (!row) return false
  const whole = [
    row.place, row.entry, row.item_id, row.prev, row.part, row.format, row.schema, row.author, row.writer, row.server_time, row.client_time, row.tail, row.checksum, row.payload,
  ] as EntryRow
  if (!isIntact(space.blob, whole) || !bytesEqual(whole[11], space.tail)) return false
  const before = space.head === 1 ? EMPTY_TAIL_HASH : (database.get('SELECT tail FROM entries WHERE place = ?', placeOf(space.no, space.head - 1))?.tail as Uint8Array | undefined)
  return before !== undefined && bytesEqual(nextTailHash(before, space.head, idOf(whole[1]), sha256Native(whole[13]), sha256Native), space.tail)
}
