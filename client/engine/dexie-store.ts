/**
 * The local store in IndexedDB: one database per login, shared by all tabs of the browser profile.
 *
 * Invariants: every readwrite transaction is strictly durable; every stored payload carries a checksum that is verified whenever it is read;
 * a database of a newer build is refused, not adapted; upgrades only add. A payload that went bad is never applied: it is taken from its
 * other copy, or fetched from the relay again.
 */
import Dexie, { type DexieOptions, type Table } from 'dexie'
import { must } from '../../shared/base/assert.ts'
import { crc32 } from '../../shared/base/checksum.ts'
import { utf8 } from '../../shared/base/bytes.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { isId, newId, NO_ID, type EntryId, type Epoch, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { FORMAT_OF_PART, PARTS, type NewEntry, type Part } from '../../shared/model/entries.ts'
import { ROLES } from '../../shared/model/grants.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { ERASED, payloadWithout, type Erasing, type Strip } from './erasure.ts'
import {
  lastOrders, RIGHT_LOST, StoreError, withoutRight, type ArchiveRow, type DirtyMark, type EngineStore, type OutboxRow, type SnapshotRow, type SpaceRow, type StoreChange,
  type StoredEntry, type StoredPart, type StoreFailure, type TabMessage, type TextRow,
} from './store.ts'

/** Rises with every change of the tables below; a change only adds. */
export const STORE_SCHEMA = 1
/** Dexie counts versions in tenths. */
export const DEXIE_FACTOR = 10

/** The key under which a database says which one it is. */
const IDENTITY = 'database'

/** Why the content leaves an entry out whose bytes are not what was stored. */
const CHECKSUM = 'checksum'

export interface Summed {
  sum: number
}
/** IndexedDB cannot index null and booleans: 0 and 1 instead. */
export type EntryRecord = StoredEntry & Summed & { covered: 0 | 1; placed: 0 | 1 }
export type OutboxRecord = OutboxRow & Summed
export type ArchiveRecord = ArchiveRow & Summed
export type SnapshotRecord = SnapshotRow & Summed

type CounterName = 'at' | 'mark'

export class Database extends Dexie {
  declare entries: Table<EntryRecord, EntryId>
  declare outbox: Table<OutboxRecord, EntryId>
  declare archive: Table<ArchiveRecord, EntryId>
  declare snapshots: Table<SnapshotRecord, [ItemId, Part]>
  declare spaces: Table<SpaceRow, SpaceId>
  declare rows: Table<ItemRow, ItemId>
  declare dirty: Table<DirtyMark, ItemId>
  declare texts: Table<TextRow, ItemId>
  declare staleTexts: Table<DirtyMark, ItemId>
  declare values: Table<{ key: string; value: unknown }, string>
  /** Last place of arrival and last mark given out. A table of its own: transactions on it take turns. */
  declare counters: Table<{ name: CounterName; last: number }, CounterName>

  constructor(name: string, options: DexieOptions) {
    super(name, { ...options, autoOpen: false, chromeTransactionDurability: 'strict' })
    this.version(STORE_SCHEMA).stores({
      entries: 'entry, at, item, [item+part+covered], [space+placed]',
      outbox: 'entry, order, space',
      archive: 'entry, space, ackedAt',
      snapshots: '[item+part], space',
      spaces: 'space',
      rows: 'item, space',
      dirty: 'item, at, space',
      texts: 'item, space',
      staleTexts: 'item, at, space',
      values: 'key',
      counters: 'name',
    })
  }
}

/** A row that went bad may lack its bytes, or hold something else in their place. No stored sum equals this one. */
const NO_SUM = Number.NaN
const NO_BYTES = new Uint8Array(0)
const isBytes = (payload: unknown): payload is Uint8Array => payload instanceof Uint8Array
const bytesIn = (payload: unknown): Uint8Array => (isBytes(payload) ? payload : NO_BYTES)

/** Identity and bytes; what may change later (place, author, state) is not in it. */
export const sumOf = ({ entry, item, part, space, writer, payload }: Pick<NewEntry, 'entry' | 'item' | 'part' | 'space' | 'writer' | 'payload'>): number =>
  isBytes(payload) ? crc32(payload, crc32(utf8(`${entry}${item}${part}${space}${writer}`))) : NO_SUM
export const snapshotSumOf = ({ item, part, space, payload, attribution }: SnapshotRow): number => {
  if (!isBytes(payload) || !(attribution === undefined || isBytes(attribution))) return NO_SUM
  const sum = crc32(payload, crc32(utf8(`${item}${part}${space}`)))
  return attribution ? crc32(attribution, sum) : sum
}

/** A log that nobody has: the relay says what the right one is, and what is stored here is compared with it. */
const UNKNOWN_LOG: Epoch = 'f'.repeat(32)
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
/** A row that went bad says what it still says. The rest is what a laptop may believe least: that it may read, and knows nothing of the log. */
const wholeSpace = (row: SpaceRow): SpaceRow => {
  const { epoch, cursor, tailHash, head, role, kind, name } = row
  const isKnown = isId(epoch) && isCount(cursor) && isCount(head) && isBytes(tailHash)
  if (isKnown && (role === null || ROLES.includes(role)) && kind && typeof name === 'string') return row
  return {
    ...row, kind: kind || 'municipality', name: typeof name === 'string' ? name : '', role: role === null || ROLES.includes(role) ? role : 'reader', rechecking: row.rechecking === true,
    ...(isKnown ? {} : { epoch: UNKNOWN_LOG, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0 }),
  }
}

/** A view into a frame would store the whole frame. */
const owned = (payload: Uint8Array): Uint8Array => (payload.byteLength === payload.buffer.byteLength ? payload : payload.slice())

const nameOfError = (error: unknown): string => (error instanceof Error ? error.name : '')

/** Ends a transaction without a trace: there are payloads in it that whoever takes ranges out of them was not told of. */
class StrangeBytes extends Error {}
/** Dexie may wrap what ended a collection's work. */
const isStrange = (error: unknown): boolean =>
  error instanceof StrangeBytes || (error instanceof Error && (isStrange((error as { inner?: unknown }).inner) || ((error as { failures?: unknown[] }).failures ?? []).some(isStrange)))

/** Names of errors by which a browser says that the database went away under us. */
const LOST = new Set(['DatabaseClosedError', 'InvalidStateError', 'UnknownError', 'AbortError', 'TransactionInactiveError', 'NotFoundError', 'OpenFailedError', 'TimeoutError'])

export function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreError) return error.failure
  const inner = (error as { inner?: unknown }).inner
  const names = [nameOfError(error), nameOfError(inner)]
  if (names.includes('QuotaExceededError')) return { kind: 'quota' }
  if (inner instanceof StoreError) return inner.failure
  if (names.some((name) => LOST.has(name))) return { kind: 'lost' }
  return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) }
}

/**
 * Dexie would adapt a newer database to the older tables; so the version is looked at before Dexie gets to see it.
 * In: whether the database was open before. One that is gone then was deleted under us, and what the documents on screen build on with it:
 * edits put into a fresh one could not be opened from it. It stays lost until the window begins anew.
 */
export async function openDatabase(db: Database, factory: IDBFactory, wasOpen: boolean): Promise<void> {
  const found = await versionOf(db.name, factory)
  const schema = Math.floor(found / DEXIE_FACTOR)
  if (schema > STORE_SCHEMA) throw new StoreError({ kind: 'newer-schema', found: schema })
  if (wasOpen && schema === 0) throw new StoreError({ kind: 'lost' })
  await db.open()
}

/** Out: the version of a database as the browser counts it, in Dexie's tenths; 0 when there is none, and none is made. */
export function versionOf(name: string, factory: IDBFactory): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const asked = factory.open(name)
    let isNew = false
    asked.onupgradeneeded = () => {
      isNew = true
      asked.transaction?.abort() // it does not exist: making it is Dexie's business
    }
    asked.onsuccess = () => {
      const { version } = asked.result
      asked.result.close()
      resolve(version)
    }
    asked.onerror = () => (isNew ? resolve(0) : reject(asked.error ?? new Error('the database cannot be opened')))
  })
}

export interface DexieStoreOptions {
  user: UserId
  dice: Dice
  /** Where the content lies, when it is not in the database of that login itself (vault.ts). */
  name?: string
  /** Another IndexedDB than the browser's own, for tests. */
  dexie?: { indexedDB?: IDBFactory; IDBKeyRange?: typeof IDBKeyRange }
}

export const databaseName = (user: UserId): string => `samenpad-${user}`

/**
 * Opens the store of a login.
 * Errors: rejects with StoreError `newer-schema`, or `unavailable` where the browser has no IndexedDB for us (private windows of some).
 */
export async function openDexieStore({ user, dice, name = databaseName(user), dexie = {} }: DexieStoreOptions): Promise<EngineStore> {
  const db = new Database(name, dexie)
  const changes = createEmitter<StoreChange>()
  const failures = createEmitter<StoreFailure>()
  const posts = createEmitter<TabMessage>()
  const channel = new BroadcastChannel(name)
  let isClosed = false

  db.on('close', () => {
    if (!isClosed) failures.fire({ kind: 'lost' })
  })
  channel.onmessage = ({ data }: MessageEvent<{ change?: StoreChange; message?: TabMessage }>) => {
    if (data.change) changes.fire({ ...data.change, foreign: true })
    if (data.message) posts.fire(data.message)
  }

  let opening: Promise<void> | null = null
  let wasOpen = false
  /** Which database it is: another one of the same name is not ours. */
  let identity: unknown
  const reopen = async (): Promise<void> => {
    await openDatabase(db, dexie.indexedDB ?? indexedDB, wasOpen)
    const found = (await db.values.get(IDENTITY))?.value
    if (wasOpen && found !== identity) {
      db.close()
      throw new StoreError({ kind: 'lost' })
    }
    identity = found ?? (await begin())
    wasOpen = true
  }
  /** Two tabs may begin at the same time. On a full disk it stays without, and is told apart by being gone. */
  const begin = (): Promise<unknown> =>
    db.transaction('rw', [db.values], async () => {
      const known = await db.values.get(IDENTITY)
      if (known) return known.value
      const value = newId(dice)
      await db.values.put({ key: IDENTITY, value })
      return value
    }).catch((error: unknown) => {
      if (failureOf(error).kind !== 'quota') throw error
      return undefined
    })
  /** The first time, and again after the connection was lost: meanwhile another tab may have brought a newer build and its database. */
  const ensureOpen = (): Promise<void> => {
    if (isClosed) return Promise.reject(new StoreError({ kind: 'lost' }))
    if (db.isOpen()) return Promise.resolve()
    opening ??= reopen().finally(() => {
      opening = null
    })
    return opening
  }
  const guarded = async <T>(work: () => PromiseLike<T>): Promise<T> => {
    try {
      await ensureOpen()
      return await work()
    } catch (error) {
      const failure = failureOf(error)
      // The next operation opens it again.
      if (failure.kind === 'lost') db.close()
      if (!isClosed) failures.fire(failure)
      throw new StoreError(failure, error)
    }
  }
  const announce = (change: Omit<StoreChange, 'foreign'>): void => {
    channel.postMessage({ change: { ...change, foreign: true } })
    changes.fire({ ...change, foreign: false })
  }
  /** One strictly durable transaction; what changed is announced after its commit. */
  const write = <T>(tables: Table[], work: () => Promise<{ result: T; change: Omit<StoreChange, 'foreign'> | null }>): Promise<T> =>
    guarded(async () => {
      const { result, change } = await db.transaction('rw', tables, work)
      if (change) announce(change)
      return result
    })
  const writeUnlessStrange = (tables: Table[], work: () => Promise<{ result: void; change: Omit<StoreChange, 'foreign'> }>): Promise<void> =>
    guarded(async () => {
      const done = await db.transaction('rw', tables, work).catch((error: unknown) => {
        if (isStrange(error)) return null
        throw error
      })
      if (done) announce(done.change)
    })
  const read = <T>(tables: Table[], work: () => Promise<T>): Promise<T> => guarded(() => db.transaction('r', tables, work))

  await guarded(() => Promise.resolve()).catch((error: unknown) => {
    channel.close()
    throw error
  })

  // ── Parts of transactions ──

  /** The next numbers, rising over all tabs; the transaction must hold `counters`. */
  const take = async (name: CounterName, count: number): Promise<number[]> => {
    const last = (await db.counters.get(name))?.last ?? 0
    if (count > 0) await db.counters.put({ name, last: last + count })
    return Array.from({ length: count }, (_, i) => last + 1 + i)
  }
  const addEntries = async (entries: readonly Omit<StoredEntry, 'at'>[]): Promise<number[]> => {
    const places = await take('at', entries.length)
    await db.entries.bulkAdd(entries.map((entry, i) => toRecord({ ...entry, at: must(places[i], 'a place per entry') })))
    return places
  }

  const toRecord = (entry: StoredEntry): EntryRecord => {
    const { space, entry: id, item, part, format, schema, clientTime, writer, payload, seq, epoch, author, serverTime, quarantined, at } = entry
    const plain = { space, entry: id, item, part, format, schema, clientTime, writer, payload: owned(payload), seq, epoch, author, serverTime, quarantined, at }
    return { ...plain, sum: sumOf(plain), covered: 0, placed: seq === null ? 0 : 1 }
  }
  const toStored = ({ covered: _covered, placed: _placed, sum: _sum, ...entry }: EntryRecord): StoredEntry => ({ ...entry, payload: bytesIn(entry.payload) })
  /** Whatever is not in the sum and is always there, is there. */
  const isWhole = ({ part, format, schema, clientTime, author }: NewEntry & { author: UserId }): boolean =>
    format === FORMAT_OF_PART[part] && Number.isSafeInteger(schema) && Number.isSafeInteger(clientTime) && isId(author)
  /** It is found where it is looked for: by whether it has a place, and whether a snapshot stands for it. */
  const isFiled = ({ seq, placed, covered }: EntryRecord): boolean => (placed === 0 ? seq === null : placed === 1 && isCount(seq)) && ([0, 1] as number[]).includes(covered)
  const isSound = (record: EntryRecord): boolean => record.sum === sumOf(record) && isWhole(record) && record.quarantined !== undefined && isFiled(record)
  const isSoundRow = (record: OutboxRecord): boolean => record.sum === sumOf(record) && isWhole(record) && Number.isFinite(record.order) && Number.isFinite(record.storedAt) && (record.state === 'waiting' || record.state === 'parked')
  const outboxRecord = (entry: NewEntry, author: UserId, order: number, storedAt: number): OutboxRecord => {
    const { space, entry: id, item, part, format, schema, clientTime, writer, payload } = entry
    const row: OutboxRow = { space, entry: id, item, part, format, schema, clientTime, writer, payload: owned(payload), order, author, state: 'waiting', code: null, reason: '', storedAt }
    return { ...row, sum: sumOf(row) }
  }
  const mark = async (table: Table<DirtyMark, ItemId>, items: ReadonlyMap<ItemId, SpaceId>): Promise<void> => {
    const numbers = await take('mark', items.size)
    await table.bulkPut([...items].map(([item, space], i) => ({ item, space, at: must(numbers[i], 'a number per mark') })))
  }
  /** Those spaces whose right was lost. */
  const closedAmong = async (rows: readonly { space: SpaceId }[]): Promise<Set<SpaceId>> => {
    const spaces = await db.spaces.bulkGet([...new Set(rows.map(({ space }) => space))])
    return new Set(spaces.flatMap((row) => (row?.role === null ? [row.space] : [])))
  }
  const isThere = <T>(value: T | undefined): value is T => value !== undefined
  const itemsOf = (entries: readonly { item: ItemId; part: Part }[]): { item: ItemId; part: Part }[] => {
    const seen = new Map(entries.map(({ item, part }) => [`${item}/${part}`, { item, part }]))
    return [...seen.values()]
  }
  const spacesByItem = (entries: readonly { item: ItemId; space: SpaceId }[]): Map<ItemId, SpaceId> => new Map(entries.map(({ item, space }) => [item, space]))
  const placesOf = (keys: readonly number[]): StoreChange['entries'] => (keys.length > 0 ? { from: Math.min(...keys), to: Math.max(...keys) } : undefined)
  const withPlaces = (keys: readonly number[]): Pick<StoreChange, 'entries'> => {
    const entries = placesOf(keys)
    return entries ? { entries } : {}
  }
  const ofSpace = (space: SpaceId) => db.entries.where('[space+placed]').between([space, Dexie.minKey], [space, Dexie.maxKey])

  // ── Erased for good: parts of the transaction of a recheck ──

  /** Out: whether anything of it was here. */
  const eraseItem = async ({ item }: Erasing, space: SpaceId): Promise<boolean> => {
    const wasShown = (await db.rows.get(item)) !== undefined
    const entriesCount = await db.entries.where('item').equals(item).delete()
    await db.outbox.where('space').equals(space).filter((row) => row.item === item && row.state === 'waiting').modify({ state: 'parked', code: 'deleted', reason: ERASED })
    await db.archive.where('space').equals(space).filter((row) => row.item === item).delete()
    for (const part of PARTS) await db.snapshots.delete([item, part])
    for (const table of [db.rows, db.dirty, db.texts, db.staleTexts] as Table<unknown, ItemId>[]) await table.delete(item)
    return wasShown || entriesCount > 0
  }
  const eraseRanges = async (one: Erasing, space: SpaceId, stripped: Strip): Promise<boolean> => {
    let isHere = false
    const strip = <R extends Summed & { item: ItemId; part: Part; payload: Uint8Array }>(sum: (row: R) => number) => (row: R): void => {
      if (row.item !== one.item) return
      const isSound = row.sum === sum(row)
      const payload = stripped(row, one)
      // Bytes that went bad and cannot be read are nobody's text any more.
      if (payload === null && !isSound) return
      if (payload === row.payload) return
      if (payload === null) throw new StrangeBytes()
      isHere = true
      row.payload = payload
      if (isSound) row.sum = sum(row)
    }
    await db.entries.where('item').equals(one.item).modify(strip<EntryRecord>(sumOf))
    await db.outbox.where('space').equals(space).modify(strip<OutboxRecord>(sumOf))
    await db.archive.where('space').equals(space).modify(strip<ArchiveRecord>(sumOf))
    await db.snapshots.where('space').equals(space).modify(strip<SnapshotRecord>(snapshotSumOf))
    return isHere
  }

  // ── Payloads that went bad ──

  /** Everything of the space is asked for again; entries that are sound only get their place anew. */
  const rewind = async (space: SpaceId): Promise<void> => {
    const row = await db.spaces.get(space)
    if (row) await db.spaces.put({ ...row, cursor: 0, tailHash: EMPTY_TAIL_HASH })
  }
  const mendEntries = (bad: readonly EntryRecord[]): Promise<void> =>
    write([db.entries, db.spaces, db.outbox, db.archive], async () => {
      const rewound = new Set<SpaceId>()
      for (const { entry } of bad) {
        const record = await db.entries.get(entry)
        if (!record || isSound(record)) continue
        // Of one's own edits there is another copy: unsent, or acknowledged a short time ago.
        const [typed, sent] = [await db.outbox.get(entry), await db.archive.get(entry)]
        if (typed && isSoundRow(typed)) await db.entries.put(toRecord({ ...typed, seq: null, epoch: null, serverTime: null, quarantined: null, at: record.at }))
        else {
          const filed: EntryRecord = { ...record, placed: record.seq === null ? 0 : 1, covered: 0 }
          const mended = record.sum === sumOf(record) ? filed : { ...filed, payload: bytesIn(sent?.payload), sum: sent?.sum ?? NO_SUM }
          const isMended = isSound(mended)
          await db.entries.put(isMended ? mended : { ...record, quarantined: CHECKSUM })
          if (!isMended && record.placed) rewound.add(record.space)
        }
      }
      for (const space of rewound) await rewind(space)
      return { result: undefined, change: { rewound: [...rewound] } }
    })
  /** Everything of the space is asked for again because of this lack; not again for the same one in the life of its log, nor while that is still arriving. */
  const rewindOnce = async (space: SpaceId, lack: number): Promise<'rewound' | 'before' | 'arriving'> => {
    const row = await db.spaces.get(space)
    if (!row || row.role === null || row.rechecking || row.epoch === NO_ID || row.cursor < row.head) return 'arriving'
    const key = `lacks/${space}`
    const known = (await db.values.get(key))?.value as { epoch: Epoch; lacks: number[] } | undefined
    const lacks = known?.epoch === row.epoch ? known.lacks : []
    if (lacks.includes(lack)) return 'before'
    await db.values.put({ key, value: { epoch: row.epoch, lacks: [...lacks, lack] } })
    await rewind(space)
    return 'rewound'
  }
  /** Copies of entries that are not there, in their order. Out: their places. */
  const putBack = async (copies: readonly (NewEntry & { author: UserId; order: number })[]): Promise<{ lost: readonly NewEntry[]; places: number[] }> => {
    const known = new Set(await db.entries.where('entry').anyOf(copies.map(({ entry }) => entry)).primaryKeys())
    const lost = copies.filter(({ entry }) => !known.has(entry)).sort((a, b) => a.order - b.order)
    const places = await addEntries(lost.map((copy) => ({ ...copy, seq: null, epoch: null, serverTime: null, quarantined: null })))
    await mark(db.dirty, spacesByItem(lost))
    return { lost, places }
  }
  /** Of those rows what is in the content: a refused row may be in none. */
  const isInContent = (row: OutboxRecord): boolean => row.state === 'waiting' && isSoundRow(row)

  /** Sound ones as they are; of the others what can be mended is, and the rest is named as left out. */
  const sound = async (records: readonly EntryRecord[]): Promise<StoredEntry[]> => {
    const bad = records.filter((record) => (record.quarantined ?? null) === null && !isSound(record))
    if (bad.length === 0) return records.map(toStored)
    await mendEntries(bad)
    const mended = new Map((await db.entries.bulkGet(bad.map(({ entry }) => entry))).filter(isThere).map((record) => [record.entry, record]))
    return records.map((record) => toStored(mended.get(record.entry) ?? record))
  }
  const dropSnapshot = ({ item, part, space }: SnapshotRecord): Promise<void> =>
    write([db.snapshots, db.entries, db.spaces], async () => {
      await db.snapshots.delete([item, part])
      await db.entries.where('[item+part+covered]').equals([item, part, 1]).modify({ covered: 0 })
      await rewind(space)
      return { result: undefined, change: { rewound: [space] } }
    })

  const soundOutbox = async (records: readonly OutboxRecord[]): Promise<OutboxRow[]> => {
    const rows: OutboxRow[] = []
    for (const record of records) {
      const { sum: _sum, ...row } = record
      if (isSoundRow(record)) {
        rows.push(row)
        continue
      }
      rows.push(
        await write([db.outbox, db.entries], async () => {
          const copy = await db.entries.get(row.entry)
          const mended = copy && isSound(copy) ? fromCopy(record, copy) : { ...record, ...spoiledRow(record) }
          // A parked row keeps its wrong sum: nobody will take its bytes for the ones that were typed.
          await db.outbox.put(mended)
          const { sum: _wrong, ...rest } = mended
          return { result: { ...rest, payload: bytesIn(rest.payload) }, change: { outbox: 'changed' as const } }
        }),
      )
    }
    return rows
  }
  const fromCopy = (row: OutboxRecord, copy: EntryRecord): OutboxRecord => {
    const { order, state, code, reason, storedAt } = row
    const isParked = state === 'parked' && code !== null && code !== undefined
    return {
      ...outboxRecord(copy, copy.author, Number.isFinite(order) ? order : copy.at, Number.isFinite(storedAt) ? storedAt : copy.clientTime),
      ...(isParked ? { state, code, reason } : {}),
    }
  }
  /** Kept as it is, for a person to look at. */
  const spoiledRow = ({ storedAt, sum }: OutboxRecord) => ({ state: 'parked', code: 'invalid', reason: CHECKSUM, storedAt: Number.isFinite(storedAt) ? storedAt : 0, sum: sum ?? NO_SUM }) as const

  /** Parts of the transaction that reads them. */
  const recordsOf = (item: ItemId, part: Part) => db.entries.where('[item+part+covered]').equals([item, part, 0]).sortBy('at')
  const soundPart = async (found: SnapshotRecord | undefined, records: readonly EntryRecord[]): Promise<StoredPart> => {
    if (!found) return { snapshot: null, entries: await sound(records) }
    if (found.sum !== snapshotSumOf(found)) {
      await dropSnapshot(found)
      return entriesOf(found.item, found.part)
    }
    const { sum: _sum, ...snapshot } = found
    return { snapshot, entries: await sound(records) }
  }
  const entriesOf = async (item: ItemId, part: Part): Promise<StoredPart> => {
    const found = await read([db.snapshots, db.entries], async () => ({ snapshot: await db.snapshots.get([item, part]), records: await recordsOf(item, part) }))
    return soundPart(found.snapshot, found.records)
  }
  const partsOf = async (items: readonly ItemId[]): Promise<Record<Part, StoredPart>[]> => {
    const keys = items.flatMap((item) => PARTS.map((part): [ItemId, Part] => [item, part]))
    const found = await read([db.snapshots, db.entries], async () => {
      const [snapshots, ...records] = await Promise.all([db.snapshots.bulkGet(keys), ...keys.map(([item, part]) => recordsOf(item, part))])
      return { snapshots, records }
    })
    const parts: StoredPart[] = []
    for (const [i, records] of found.records.entries()) parts.push(await soundPart(found.snapshots[i], records))
    return items.map((_, i) => {
      const [prose, facts, act] = parts.slice(i * PARTS.length, (i + 1) * PARTS.length)
      return { prose: must(prose, 'every part was read'), facts: must(facts, 'every part was read'), act: must(act, 'every part was read') }
    })
  }

  return {
    putLocal: (edits, now) =>
      write([db.entries, db.outbox, db.spaces, db.dirty, db.counters], async () => {
        const ids = edits.map(({ entry }) => entry)
        const [known, waiting, closed] = await Promise.all([db.entries.bulkGet(ids), db.outbox.bulkGet(ids), closedAmong(edits)])
        const fresh = edits.filter((_, i) => known[i] === undefined && waiting[i] === undefined)
        const kept = fresh.filter(({ space }) => !closed.has(space))
        const refused = fresh.filter(({ space }) => closed.has(space))
        const places = await addEntries(kept.map((edit) => ({ ...edit, seq: null, epoch: null, serverTime: null, quarantined: null })))
        await db.outbox.bulkAdd(kept.map((edit, i) => outboxRecord(edit, edit.author, must(places[i], 'a place per entry'), now)))
        if (refused.length > 0) {
          const orders = await take('at', refused.length)
          await db.outbox.bulkAdd(refused.map((edit, i) => ({ ...outboxRecord(edit, edit.author, must(orders[i], 'a place per row'), now), state: 'parked', code: 'forbidden', reason: RIGHT_LOST })))
        }
        await mark(db.dirty, spacesByItem(kept))
        return { result: undefined, change: { ...withPlaces(places), items: itemsOf(kept), outbox: 'added' as const } }
      }),
    putRun: (space, epoch, entries, cursorAfter, tailHashAfter, cursorBefore) =>
      write([db.entries, db.spaces, db.dirty, db.counters], async () => {
        const row = await db.spaces.get(space)
        const from = cursorBefore ?? (entries[0]?.seq ?? 1) - 1
        if (!row || row.epoch !== epoch || from > row.cursor) return { result: 'stale' as const, change: null }
        const known = await db.entries.bulkGet(entries.map(({ entry }) => entry))
        const updates: EntryRecord[] = []
        const added: Omit<StoredEntry, 'at'>[] = []
        entries.forEach((entry, i) => {
          const record = known[i]
          // The same id names the same bytes: where the copy here went bad, these are the good ones. For whoever left the bad ones out they are news.
          if (!record || record.quarantined === CHECKSUM || !isSound(record)) added.push({ ...entry, epoch, quarantined: null })
          else updates.push({ ...toRecord({ ...entry, epoch, quarantined: record.quarantined, at: record.at }), covered: record.covered })
        })
        await db.entries.bulkPut(updates)
        await db.entries.bulkDelete(added.map(({ entry }) => entry))
        const places = await addEntries(added)
        await mark(db.dirty, spacesByItem(entries))
        if (cursorAfter > row.cursor) await db.spaces.put({ ...row, cursor: cursorAfter, tailHash: owned(tailHashAfter), head: Math.max(row.head, cursorAfter) })
        return { result: 'stored' as const, change: { ...withPlaces(places), items: itemsOf(entries) } }
      }),
    acknowledge: (entries, epoch, now) =>
      write([db.outbox, db.archive], async () => {
        const rows = (await db.outbox.bulkGet([...entries])).filter(isThere)
        await db.outbox.bulkDelete(rows.map(({ entry }) => entry))
        await db.archive.bulkPut(rows.map(({ state: _state, code: _code, reason: _reason, storedAt: _storedAt, ...row }) => ({ ...row, ackedAt: now, epoch })))
        return { result: undefined, change: { outbox: 'acknowledged' as const } }
      }),
    park: (entry, code, reason) =>
      write([db.outbox], async () => {
        await db.outbox.update(entry, { state: 'parked', code, reason })
        return { result: undefined, change: { outbox: 'judged' as const } }
      }),
    releaseParked: (entries) =>
      write([db.outbox, db.entries, db.spaces, db.dirty, db.counters], async () => {
        const parked = (await db.outbox.bulkGet([...entries])).filter(isThere).filter(({ state }) => state === 'parked')
        const closed = await closedAmong(parked)
        const rows = parked.filter(({ space }) => !closed.has(space))
        await db.outbox.bulkPut(rows.map((row) => ({ ...row, state: 'waiting' as const, code: null, reason: '' })))
        const lasts = lastOrders(rows)
        const before = await db.outbox.where('space').anyOf([...new Set(rows.map(({ space }) => space))]).filter(({ state, item, order }) => state === 'parked' && order < (lasts.get(item) ?? 0)).toArray()
        const shown = [...rows, ...before].sort((a, b) => a.order - b.order)
        const known = await db.entries.bulkGet(shown.map(({ entry }) => entry))
        const missing = shown.filter((_, i) => known[i] === undefined)
        const places = await addEntries(missing.map((row) => ({ ...row, seq: null, epoch: null, serverTime: null, quarantined: null })))
        await mark(db.dirty, spacesByItem(missing))
        return { result: undefined, change: { ...withPlaces(places), items: itemsOf(missing), outbox: 'judged' as const } }
      }),
    discardParked: (entries) =>
      write([db.outbox, db.entries, db.dirty, db.counters], async () => {
        const rows = (await db.outbox.bulkGet([...entries])).filter(isThere).filter(({ state }) => state === 'parked')
        const ids = rows.map(({ entry }) => entry)
        await db.outbox.bulkDelete(ids)
        const unplaced = (await db.entries.bulkGet(ids)).filter(isThere).filter(({ placed }) => placed === 0)
        await db.entries.bulkDelete(unplaced.map(({ entry }) => entry))
        await mark(db.dirty, spacesByItem(rows))
        return { result: undefined, change: { outbox: 'judged' as const } }
      }),
    unarchive: (_space, entries) =>
      write([db.outbox, db.archive], async () => {
        const rows = (await db.archive.bulkGet([...entries])).filter(isThere)
        await db.archive.bulkDelete(rows.map(({ entry }) => entry))
        await db.outbox.bulkPut(rows.map((row) => outboxRecord(row, row.author, row.order, row.ackedAt)))
        return { result: undefined, change: { outbox: 'changed' as const } }
      }),
    recheckSpace: (space, epoch, commonSeq, tailHash, erasing = [], strip = payloadWithout) =>
      writeUnlessStrange([db.spaces, db.entries, db.archive, db.outbox, db.snapshots, db.dirty, db.counters, db.rows, db.texts, db.staleTexts], async () => {
        const row = must(await db.spaces.get(space), 'recheck of an unknown space')
        const erased: Erasing[] = []
        for (const one of erasing) if (await (one.mode === 'whole' ? eraseItem(one, space) : eraseRanges(one, space, strip))) erased.push(one)
        const common = new Set<EntryId>()
        await db.entries.where('[space+placed]').equals([space, 1]).modify((record) => {
          if (record.seq !== null && record.seq <= commonSeq) return void common.add(record.entry)
          record.seq = null
          record.epoch = null
          record.placed = 0
        })
        const lost = (await db.archive.where('space').equals(space).toArray()).filter(({ entry }) => !common.has(entry))
        await db.archive.bulkDelete(lost.map(({ entry }) => entry))
        await db.outbox.bulkPut(lost.map((one) => outboxRecord(one, one.author, one.order, one.ackedAt)))
        const adopted = await db.snapshots.where('space').equals(space).filter((snapshot) => snapshot.adopted === true).toArray()
        for (const { item, part } of adopted) {
          await db.snapshots.delete([item, part])
          await db.entries.where('[item+part+covered]').equals([item, part, 1]).modify({ covered: 0 })
        }
        await mark(db.dirty, spacesByItem(adopted))
        await db.spaces.put({ ...row, epoch, cursor: commonSeq, tailHash: owned(tailHash), rechecking: true })
        return { result: undefined, change: { outbox: 'changed' as const, spaces: true, rechecked: space, ...(erased.length > 0 ? { erased, rows: [space] } : {}) } }
      }),
    finishRecheck: (space, epoch) =>
      write([db.spaces], async () => {
        const row = await db.spaces.get(space)
        if (row?.epoch !== epoch) return { result: undefined, change: null }
        await db.spaces.put({ ...row, rechecking: false })
        return { result: undefined, change: { spaces: true, recheckOver: space } }
      }),
    unplaced: (space) =>
      read([db.entries, db.outbox], async () => {
        const waiting = new Set(await db.outbox.where('space').equals(space).primaryKeys())
        const records = await db.entries.where('[space+placed]').equals([space, 0]).sortBy('at')
        return records.filter((record) => !waiting.has(record.entry) && isSound(record)).map(toStored)
      }),
    offerAgain: (entries, now) =>
      write([db.entries, db.outbox], async () => {
        const waiting = await db.outbox.bulkGet([...entries])
        const records = await db.entries.bulkGet([...entries])
        const offered = records.filter((record, i) => record?.placed === 0 && waiting[i] === undefined).filter(isThere)
        await db.outbox.bulkAdd(offered.map((record) => outboxRecord(record, record.author, record.at, now)))
        return { result: undefined, change: { outbox: 'changed' as const } }
      }),
    missing: (space, item, part, lack) =>
      write([db.entries, db.outbox, db.archive, db.snapshots, db.spaces, db.dirty, db.values, db.counters], async () => {
        const isOf = (row: NewEntry): boolean => row.item === item && row.part === part
        const sent = await db.archive.where('space').equals(space).filter((row) => isOf(row) && row.sum === sumOf(row)).toArray()
        const typed = await db.outbox.where('space').equals(space).filter((row) => isOf(row) && isInContent(row)).toArray()
        const { lost, places } = await putBack([...sent, ...typed])
        if (lost.length > 0) return { result: false, change: { ...withPlaces(places), items: [{ item, part }] } }
        // What a snapshot stood for that is gone, nothing stands for.
        const isMerged = (await db.snapshots.get([item, part])) !== undefined
        if (!isMerged) await db.entries.where('[item+part+covered]').equals([item, part, 1]).modify({ covered: 0 })
        const done = await rewindOnce(space, lack)
        return { result: done !== 'arriving', change: done === 'rewound' ? { rewound: [space] } : null }
      }),
    countRows: async () => {
      const found = await read([db.entries, db.outbox, db.snapshots, db.spaces, db.rows, db.dirty], async () => {
        const typed = await db.outbox.filter(isInContent).toArray()
        const known = new Set(await db.entries.where('entry').anyOf(typed.map(({ entry }) => entry)).primaryKeys())
        const rows = await db.rows.toCollection().primaryKeys()
        const shown = new Set([...rows, ...(await db.dirty.toCollection().primaryKeys())])
        const snapshots = await db.snapshots.toCollection().primaryKeys()
        const kept = new Set([...((await db.entries.orderBy('item').uniqueKeys()) as ItemId[]), ...snapshots.map(([item]) => item)])
        // Nothing is read of an entry that a snapshot stands for: without that one it would be missed by nobody.
        const merged = new Set(snapshots.map((key) => key.join('/')))
        const parts = (await db.entries.orderBy('[item+part+covered]').uniqueKeys()) as unknown as [ItemId, Part, 0 | 1][]
        const bare = parts.filter(([item, part, covered]) => covered === 1 && !merged.has(`${item}/${part}`)).map(([item, part]) => ({ item, part }))
        const hollow = (await db.rows.bulkGet(rows.filter((item) => !kept.has(item)))).filter(isThere).filter(({ gone }) => !gone)
        const counted = (await db.spaces.toArray()).map(async ({ space, cursor }) => {
          const [mergedCount, placedCount] = await Promise.all([db.snapshots.where('space').equals(space).count(), db.entries.where('[space+placed]').equals([space, 1]).count()])
          // A log has no holes. Where something was merged, or came merged, not every entry is here.
          return mergedCount === 0 && placedCount < cursor ? [{ space, placedCount }] : []
        })
        const short = (await Promise.all(counted)).flat()
        return { typed: typed.filter(({ entry }) => !known.has(entry)), hidden: [...kept].filter((item) => !shown.has(item)), bare, hollow, short }
      })
      if (Object.values(found).every(({ length }) => length === 0)) return
      await write([db.entries, db.outbox, db.snapshots, db.spaces, db.dirty, db.values, db.counters], async () => {
        const { lost, places } = await putBack(found.typed)
        for (const item of found.hidden) {
          const one = (await db.entries.where('item').equals(item).first()) ?? (await db.snapshots.where('[item+part]').between([item, Dexie.minKey], [item, Dexie.maxKey]).first())
          if (one) await mark(db.dirty, spacesByItem([one]))
        }
        const lacks = new Map(found.short.map(({ space, placedCount }) => [space, placedCount]))
        const lacksToo = (space: SpaceId, what: string): void => void lacks.set(space, crc32(utf8(what), lacks.get(space)))
        for (const { item, part } of found.bare) {
          const records = await db.entries.where('[item+part+covered]').equals([item, part, 1]).toArray()
          await db.entries.bulkPut(records.map((record) => ({ ...record, covered: 0 as const })))
          await mark(db.dirty, spacesByItem(records))
          const one = records[0]
          if (one) lacksToo(one.space, `${item}/${part}`)
        }
        for (const { item, space } of found.hollow) lacksToo(space, item)
        const rewound: SpaceId[] = []
        for (const [space, lack] of lacks) if ((await rewindOnce(space, lack)) === 'rewound') rewound.push(space)
        return { result: undefined, change: { ...withPlaces(places), items: itemsOf([...lost, ...found.bare]), rewound } }
      })
    },
    quarantine: (entry, reason) =>
      write([db.entries, db.dirty, db.counters], async () => {
        const record = await db.entries.get(entry)
        if (record) {
          await db.entries.put({ ...record, quarantined: reason })
          await mark(db.dirty, spacesByItem([record]))
        }
        return { result: undefined, change: {} }
      }),
    dropArchiveBefore: (time) =>
      write([db.archive], async () => {
        await db.archive.where('ackedAt').below(time).delete()
        return { result: undefined, change: null }
      }),
    outbox: async (afterOrder = 0) => soundOutbox(await read([db.outbox], () => db.outbox.where('order').above(afterOrder).sortBy('order'))),
    archive: (space) =>
      read([db.archive], async () => {
        const records = await db.archive.where('space').equals(space).sortBy('order')
        return records.filter((record) => record.sum === sumOf(record)).map(({ sum: _sum, ...row }) => row)
      }),
    entriesOf,
    partsOf,
    historyOf: async (item) => sound(await read([db.entries], () => db.entries.where('item').equals(item).sortBy('at'))),
    entriesAfter: async (at, countMax) => sound(await read([db.entries], () => db.entries.where('at').above(at).limit(countMax).sortBy('at'))),
    lastAt: () => read([db.counters], async () => (await db.counters.get('at'))?.last ?? 0),
    putSnapshot: (row, covered, dropBefore) =>
      write([db.snapshots, db.entries], async () => {
        const before = await db.snapshots.get([row.item, row.part])
        if ((before?.version ?? 0) !== row.version - 1) return { result: undefined, change: null }
        const plain = { ...row, payload: owned(row.payload) }
        await db.snapshots.put({ ...plain, sum: snapshotSumOf(plain) })
        const records = (await db.entries.bulkGet([...covered])).filter(isThere).filter(({ placed }) => placed === 1)
        const isOld = ({ serverTime }: EntryRecord): boolean => (serverTime ?? dropBefore) < dropBefore
        await db.entries.bulkDelete(records.filter(isOld).map(({ entry }) => entry))
        await db.entries.bulkPut(records.filter((record) => !isOld(record)).map((record) => ({ ...record, covered: 1 as const })))
        return { result: undefined, change: null }
      }),
    adoptSnapshot: (row) =>
      write([db.snapshots, db.entries, db.spaces, db.dirty, db.counters], async () => {
        if ((await db.spaces.get(row.space))?.epoch !== row.epoch) return { result: 'stale' as const, change: null }
        const before = await db.snapshots.get([row.item, row.part])
        if (before && before.epoch === undefined && before.upToSeq >= row.upToSeq) return { result: 'unplaceable' as const, change: null }
        if (before?.epoch === row.epoch && before.upToSeq >= row.upToSeq) return { result: 'stored' as const, change: null }
        const plain: SnapshotRow = { ...row, version: (before?.version ?? 0) + 1, payload: owned(row.payload) }
        await db.snapshots.put({ ...plain, sum: snapshotSumOf(plain) })
        await db.entries.where('[item+part+covered]').between([row.item, row.part, 0], [row.item, row.part, 1], true, true).modify((record) => {
          record.covered = record.seq !== null && record.seq <= row.upToSeq ? 1 : 0
        })
        await mark(db.dirty, spacesByItem([row]))
        return { result: 'stored' as const, change: { snapshots: [{ item: row.item, part: row.part }] } }
      }),
    spaces: () => read([db.spaces], async () => (await db.spaces.toArray()).map(wholeSpace)),
    putSpace: (row) =>
      write([db.spaces], async () => {
        await db.spaces.put({ ...row, tailHash: owned(row.tailHash) })
        return { result: undefined, change: { spaces: true } }
      }),
    removeSpace: (space) =>
      write([db.entries, db.outbox, db.archive, db.snapshots, db.rows, db.dirty, db.texts, db.staleTexts, db.spaces], async () => {
        await ofSpace(space).delete()
        await db.outbox.where('space').equals(space).filter(({ state }) => state === 'waiting').modify({ state: 'parked', code: 'forbidden', reason: RIGHT_LOST })
        for (const table of [db.archive, db.snapshots, db.rows, db.dirty, db.texts, db.staleTexts] as Table[]) await table.where('space').equals(space).delete()
        const row = await db.spaces.get(space)
        if (row) await db.spaces.put(withoutRight(row))
        return { result: undefined, change: { spaces: true, outbox: 'changed' as const, rows: [space] } }
      }),
    rows: (space) => read([db.rows], () => (space === undefined ? db.rows.toArray() : db.rows.where('space').equals(space).toArray())),
    row: (item) => read([db.rows], async () => (await db.rows.get(item)) ?? null),
    dirty: (countMax) => read([db.dirty], () => db.dirty.orderBy('at').limit(countMax).toArray()),
    putRows: (rows) =>
      write([db.rows, db.dirty, db.staleTexts, db.counters], async () => {
        const marks = await db.dirty.bulkGet(rows.map(({ row }) => row.item))
        // The space may have been removed between the reading and the writing.
        const wanted = rows.filter((_, i) => marks[i] !== undefined)
        await db.rows.bulkPut(wanted.map(({ row }) => row))
        await db.dirty.bulkDelete(rows.filter(({ at }, i) => marks[i]?.at === at).map(({ row }) => row.item))
        await mark(db.staleTexts, spacesByItem(wanted.map(({ row }) => row)))
        return { result: undefined, change: { rows: [...new Set(wanted.map(({ row }) => row.space))] } }
      }),
    texts: (space) => read([db.texts], () => (space === undefined ? db.texts.toArray() : db.texts.where('space').equals(space).toArray())),
    textsAfter: (item, countMax) => read([db.texts], () => db.texts.where('item').above(item ?? '').limit(countMax).toArray()),
    textsOf: (items) => read([db.texts], async () => (await db.texts.bulkGet([...items])).filter(isThere)),
    staleTexts: (countMax) => read([db.staleTexts], () => db.staleTexts.orderBy('at').limit(countMax).toArray()),
    putTexts: (texts) =>
      write([db.texts, db.staleTexts, db.rows], async () => {
        const known = await db.rows.bulkGet(texts.map(({ text }) => text.item))
        const wanted = texts.filter((_, i) => known[i] !== undefined)
        await db.texts.bulkPut(wanted.map(({ text }) => text))
        const marks = await db.staleTexts.bulkGet(wanted.map(({ text }) => text.item))
        await db.staleTexts.bulkDelete(wanted.filter(({ at }, i) => marks[i]?.at === at).map(({ text }) => text.item))
        return { result: undefined, change: { texts: wanted.map(({ text }) => text.item) } }
      }),
    getValue: (key) => read([db.values], async () => (await db.values.get(key))?.value),
    putValue: (key, value) =>
      write([db.values], async () => {
        await db.values.put({ key, value })
        return { result: undefined, change: null }
      }),
    onDidChange: changes.event,
    onDidFail: failures.event,
    post(message) {
      if (!isClosed) channel.postMessage({ message })
    },
    onDidPost: posts.event,
    async close() {
      if (isClosed) return
      isClosed = true
      channel.close()
      db.close()
    },
  }
}
