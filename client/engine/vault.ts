/**
 * Where the content of a login lies in this browser, and whether it is locked. Without a lock there is no vault and the content lies in the database of
 * the login. Turning a lock on or off copies everything, sealed or opened, into a database of its own, points to that one in a single strictly durable
 * write, and only then deletes the old one: an overwritten row stays readable in a browser's files for a long time, a deleted database does not.
 *
 * Invariants: until that one write nothing of the old database was touched, and after it nothing of it is read; whatever was cut off is found again
 * by what the vault says (`next`: a copy that is not whole yet; `drop`: what is still to be deleted). A conversion has the laptop to itself: every open
 * store holds the shared lock of the vault, a conversion the exclusive one (unlocking.ts).
 */
import Dexie, { type DexieOptions, type IndexableType, type Table } from 'dexie'
import { must } from '../../shared/base/assert.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { createCipher, type Cipher, type KeyBox } from './cipher.ts'
import {
  databaseName, Database, DEXIE_FACTOR, failureOf, openDatabase, snapshotSumOf, STORE_SCHEMA, sumOf, versionOf, type ArchiveRecord, type EntryRecord, type OutboxRecord, type SnapshotRecord,
} from './dexie-store.ts'
import { createSealing, type Sealing } from './sealing.ts'
import { StoreError, type SpaceRow, type TextRow } from './store.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

export interface Vault {
  id: 'vault'
  /** Rises with every conversion: which content, and so which key, is meant. */
  number: number
  /** The database in which the content is. */
  content: string
  /** How its key is kept; null: not locked. */
  lock: KeyBox | null
  /** A conversion under way, or cut off. */
  next: { content: string; lock: KeyBox | null } | null
  /** Databases that nobody reads any more. */
  drop: string[]
  /** Locked by itself after so long without a sign of a person; null: never. */
  idleMinutes: number | null
}

/** What the browser gives, or something in its place for tests. */
export interface VaultPlace {
  indexedDB: IDBFactory
  IDBKeyRange: typeof IDBKeyRange
  crypto: Crypto
  pause(delayMs: number): Promise<void>
}

/** Rows copied in one transaction: few, because one of them may be a snapshot of megabytes. */
const PIECE_ROWS_MAX = 64
const VAULT_SCHEMA = 1
const TABLES = ['entries', 'outbox', 'archive', 'snapshots', 'spaces', 'rows', 'dirty', 'texts', 'staleTexts', 'values', 'counters'] as const
type TableName = (typeof TABLES)[number]

/**
 * Deleting a database leaves its newest rows in Chromium's files: what was in the log of its LevelDB goes into a table file below which nothing is merged.
 * Small databases that were made in between, and are deleted one after the other some time later, make it merge that file [measured: 8,000 readable rows,
 * 155 after the deletion, 0 after the first of these; Chromium 153]. Other browsers delete the files themselves.
 */
const SWEEPS_COUNT = 3
const SWEEP_AFTER_MS = 1_500

const vaultName = (user: UserId): string => `samenpad-vault-${user}`
const SWEEP = 'samenpad-sweep-'
const sweepNames = (user: UserId, number: number): string[] => Array.from({ length: SWEEPS_COUNT }, (_, i) => `${SWEEP}${number}-${i}-${user}`)
const contentName = (user: UserId, number: number): string => `samenpad-content-${number}-${user}`

/** What the browser or Dexie say is a failure of the store; a plain Error is a bug of ours and stays one. */
const asFailure = (error: unknown): unknown => (error instanceof StoreError || (error instanceof Error && error.name === 'Error') ? error : new StoreError(failureOf(error), error))

class VaultDatabase extends Dexie {
  declare vault: Table<Vault, 'vault'>
  constructor(name: string, options: DexieOptions) {
    super(name, { ...options, autoOpen: false, chromeTransactionDurability: 'strict' })
    this.version(VAULT_SCHEMA).stores({ vault: 'id' })
  }
}

export interface VaultStore {
  /** Out: null where no lock was ever asked for; nothing is made by asking. Errors: StoreError `newer-schema`. */
  read(): Promise<Vault | null>
  /** Edits in the content that are not at the relay: countable without the key. */
  unsentCount(vault: Vault): Promise<number>
  /**
   * Writes down what is wanted, whole: from now on the conversion is found again. In: the lock the content gets; null: none.
   * The caller has the laptop to itself, here and in everything below.
   */
  begin(lock: KeyBox | null, idleMinutes: number | null): Promise<Vault>
  /**
   * Copies what is not copied yet, points to the copy, deletes the old. In: the key of the content now, and of what it becomes; null where there is no lock.
   * Errors: StoreError; the old content is untouched then, and `resume` may be tried again or `abandon`ed.
   */
  resume(from: CryptoKey | null, to: CryptoKey | null, progress: (doneCount: number, count: number) => void): Promise<void>
  /** The copy goes, the content stays as it was. */
  abandon(): Promise<void>
  /** Deletes what nobody reads any more. */
  finish(): Promise<void>
  /** The content goes for good, with its lock: it begins empty. */
  forget(): Promise<void>
  /** Another passphrase around the same key, or another time. Nothing happens when the vault is another one by now. */
  change(number: number, change: { lock?: KeyBox; idleMinutes?: number | null }): Promise<boolean>
}

export function createVaultStore(user: UserId, place: VaultPlace): VaultStore {
  const own = databaseName(user)
  const withVault = async <T>(work: (db: VaultDatabase) => Promise<T>): Promise<T> => {
    const db = new VaultDatabase(vaultName(user), place)
    try {
      await db.open()
      return await work(db)
    } catch (error) {
      throw asFailure(error)
    } finally {
      db.close()
    }
  }
  const withContent = async <T>(name: string, work: (db: Database) => Promise<T>): Promise<T> => {
    const db = new Database(name, place)
    try {
      await openDatabase(db, place.indexedDB, false)
      return await work(db)
    } catch (error) {
      throw asFailure(error)
    } finally {
      db.close()
    }
  }
  const get = (db: VaultDatabase): Promise<Vault> => db.vault.get('vault').then((vault) => vault ?? { id: 'vault', number: 0, content: own, lock: null, next: null, drop: [], idleMinutes: null })
  /** One transaction from what is there to what it becomes. */
  const alter = (become: (vault: Vault) => Vault): Promise<Vault> =>
    withVault((db) =>
      db.transaction('rw', [db.vault], async () => {
        const vault = become(await get(db))
        await db.vault.put(vault)
        return vault
      }),
    )
  const read = async (): Promise<Vault | null> => {
    const version = await versionOf(vaultName(user), place.indexedDB).catch((error: unknown) => {
      throw asFailure(error)
    })
    const found = Math.floor(version / DEXIE_FACTOR)
    if (found > VAULT_SCHEMA) throw new StoreError({ kind: 'newer-schema', found })
    return found === 0 ? null : withVault(get)
  }
  const known = async (): Promise<Vault> => must(await read(), 'the vault was read before')

  const remove = (name: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = place.indexedDB.deleteDatabase(name)
      asked.onsuccess = () => resolve()
      asked.onerror = () => reject(asked.error ?? new Error('the database cannot be deleted'))
    })
  /**
   * The database of the login itself leaves an empty one behind that older builds refuse: they know of no vault, would begin anew beside it, and never
   * send what waits in it. Its tables go in the same step that raises the version.
   */
  const fence = async (): Promise<void> => {
    const fenced = (STORE_SCHEMA + 1) * DEXIE_FACTOR
    if ((await versionOf(own, place.indexedDB)) >= fenced) return
    // Asked for at once, so that nobody's opening comes in between.
    const [, db] = await Promise.all([
      remove(own),
      new Promise<IDBDatabase>((resolve, reject) => {
        const asked = place.indexedDB.open(own, fenced)
        asked.onupgradeneeded = () => {
          for (const table of [...asked.result.objectStoreNames]) asked.result.deleteObjectStore(table)
          asked.result.createObjectStore('moved')
        }
        asked.onsuccess = () => resolve(asked.result)
        asked.onerror = () => reject(asked.error ?? new Error('the database cannot be replaced'))
      }),
    ])
    db.close()
  }
  const makeSweep = async (name: string): Promise<void> => {
    const db = new VaultDatabase(name, place)
    try {
      await db.open()
      await db.vault.put({ id: 'vault', number: 0, content: '', lock: null, next: null, drop: [], idleMinutes: null })
    } finally {
      db.close()
    }
  }
  const finish = async (): Promise<void> => {
    const { drop } = await known()
    for (const name of drop) {
      if (name.startsWith(SWEEP)) await place.pause(SWEEP_AFTER_MS)
      await (name === own ? fence() : remove(name))
    }
    if (drop.length > 0) await alter((vault) => ({ ...vault, drop: vault.drop.filter((name) => !drop.includes(name)) }))
  }

  return {
    read,
    unsentCount: (vault) => withContent(vault.content, (db) => db.outbox.count()),
    begin: (lock, idleMinutes) => alter((vault) => ({ ...must(vault.next === null ? vault : null, 'one conversion at a time'), next: { content: contentName(user, vault.number + 1), lock }, idleMinutes })),
    async resume(from, to, progress) {
      const { content, next, number } = await known()
      const { content: target } = must(next, 'a conversion was begun')
      // Sealed rows may stay readable as what they are.
      const sweeps = from ? [] : sweepNames(user, number + 1)
      for (const name of sweeps) await makeSweep(name)
      await withContent(content, (source) => withContent(target, (copy) => copyAll(source, copy, from && createCipher(place.crypto, from), to && createCipher(place.crypto, to), progress)))
      await alter((vault) => ({ ...vault, number: vault.number + 1, content: target, lock: must(vault.next, 'a conversion was begun').lock, next: null, drop: [...vault.drop, vault.content, ...sweeps] }))
      await finish()
    },
    async abandon() {
      const { next, number } = await known()
      if (!next) return
      for (const name of [next.content, ...sweepNames(user, number + 1)]) await remove(name)
      await alter((vault) => ({ ...vault, next: null }))
    },
    finish,
    async forget() {
      await alter(({ number, content, next, drop, ...vault }) => ({
        ...vault, number: number + 2, content: contentName(user, number + 2), lock: null, next: null, drop: [...drop, content, ...(next ? [next.content] : [])], idleMinutes: null,
      }))
      await finish()
    },
    async change(number, { lock, idleMinutes }) {
      let isDone = false
      await alter((vault) => {
        if (vault.number !== number || vault.lock === null || vault.next !== null) return vault
        isDone = true
        return { ...vault, ...(lock ? { lock } : {}), ...(idleMinutes === undefined ? {} : { idleMinutes }) }
      })
      return isDone
    },
  }
}

// ── The copy ──

async function copyAll(source: Database, copy: Database, from: Cipher | null, to: Cipher | null, progress: (doneCount: number, count: number) => void): Promise<void> {
  const convert = convertWith(from && createSealing(from), to && createSealing(to))
  const counts = await Promise.all(TABLES.map((name) => source.table(name).count()))
  const count = counts.reduce((sum, one) => sum + one, 0)
  let doneCount = 0
  for (const name of TABLES) {
    const [old, fresh] = [source.table(name), copy.table(name)]
    // Pieces are copied in the order of keys, each in one transaction: what is there already is a beginning, and it goes on after that.
    let [last] = await fresh.orderBy(':id').reverse().limit(1).primaryKeys()
    doneCount += await fresh.count()
    for (;;) {
      progress(doneCount, count)
      const rows: unknown[] = await (last === undefined ? old.orderBy(':id') : old.where(':id').above(last)).limit(PIECE_ROWS_MAX).toArray()
      if (rows.length === 0) break
      last = keyOf(old, rows[rows.length - 1])
      const converted = await Promise.all(rows.map((row) => convert(name, row)))
      await copy.transaction('rw', [fresh], () => fresh.bulkPut(converted))
      doneCount += rows.length
    }
  }
  for (const [i, name] of TABLES.entries()) must((await copy.table(name).count()) === counts[i] ? true : null, `every row of ${name} was copied`)
}

const keyOf = (table: Table, row: unknown): IndexableType => {
  const { keyPath } = table.schema.primKey
  const values = row as Record<string, string>
  return Array.isArray(keyPath) ? keyPath.map((name) => must(values[name], 'a key')) : must(values[must(keyPath, 'every table has a key in its rows') as string], 'a key')
}

/** What a row becomes. A payload that went bad before stays one that went bad; anything else that does not open ends the conversion. */
function convertWith(from: Sealing | null, to: Sealing | null): (name: TableName, row: unknown) => Promise<unknown> {
  const altered = (): StoreError => new StoreError({ kind: 'unavailable', reason: 'bytes of the local store were altered' })
  const whole = <T>(opened: T | null): T => {
    if (opened === null) throw altered()
    return opened
  }
  /** One wrong bit: whoever reads it sees that these are not the bytes that were stored. */
  const summed = <R extends { sum: number }>(row: R, sum: (row: R) => number, isSound: boolean): R => ({ ...row, sum: isSound ? sum(row) : (sum(row) ^ 1) >>> 0 })
  const entry = async <R extends EntryRecord | OutboxRecord | ArchiveRecord>(record: R): Promise<R> => {
    const isSound = record.sum === sumOf(record)
    const plain = from ? await from.payload.open(record.entry, record.payload) : record.payload
    const payload = plain === null ? record.payload : to ? await to.payload.seal(record.entry, plain) : plain
    return summed({ ...record, payload }, sumOf, isSound && plain !== null)
  }
  const snapshot = async (record: SnapshotRecord): Promise<SnapshotRecord> => {
    const isSound = record.sum === snapshotSumOf(record)
    const plain = from ? await from.snapshot.open(record) : record
    const next = plain === null ? record : to ? await to.snapshot.seal(plain) : plain
    return summed({ ...next, sum: 0 }, snapshotSumOf, isSound && plain !== null)
  }
  const both = async <T>(row: T, open: ((row: T) => Promise<T | null>) | undefined, seal: ((row: T) => Promise<T>) | undefined): Promise<T> => {
    const plain = open ? whole(await open(row)) : row
    return seal ? seal(plain) : plain
  }
  return async (name, row) => {
    switch (name) {
      case 'entries':
        return entry(row as EntryRecord)
      case 'outbox':
        return entry(row as OutboxRecord)
      case 'archive':
        return entry(row as ArchiveRecord)
      case 'snapshots':
        return snapshot(row as SnapshotRecord)
      case 'rows':
        return both(row as ItemRow, from?.row.open, to?.row.seal)
      case 'texts':
        return both(row as TextRow, from?.text.open, to?.text.seal)
      case 'spaces':
        return both(row as SpaceRow, from?.space.open, to?.space.seal)
      case 'values': {
        const { key, value } = row as { key: string; value: unknown }
        return { key, value: await both(value, from ? async (stored) => from.value.open(key, stored).then((one) => one && (one.value as typeof stored)) : undefined, to ? (plain) => to.value.seal(key, plain) : undefined) }
      }
      case 'dirty':
      case 'staleTexts':
      case 'counters':
        return row
    }
  }
}
