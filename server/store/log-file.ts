/**
 * Opening the log's file, and everything that must be true before a byte of it is served or an entry acknowledged.
 *
 * Beside `log.sqlite` lie `lock.sqlite`, held exclusively by the one process that writes, and `generation`. The generation is a random id that
 * is in the database too and is minted anew at every opening and in every backup: a database that comes from elsewhere (a restored
 * backup, an older copy) does not match, and then every space gets a new epoch, because its seq numbers are about to be given out again.
 * A folder with a generation but without a database has lost its store: it is never silently begun anew.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { dirname, join } from 'node:path'
import { isId, newId, type Epoch, type Id, type SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { openDatabase, sqliteCode, type Database, type DatabaseFailure } from './database.ts'
import { carryOut, ERASURES_FILE, erasuresText, readErasures, readErasuresFile, scrub, type Erasure } from './erase.ts'
import { blobOf, LOG_APPLICATION_ID, LOG_FILE, LOG_MIGRATIONS, spaceChecksumOf } from './log-rows.ts'
import { StoreProblem } from './problem.ts'

const LOCK_FILE = 'lock.sqlite'
const GENERATION_FILE = 'generation'
/** Older ones have a bug in WAL mode that can lose a commit when checkpoints meet. */
const SQLITE_VERSION_MIN = '3.51.3'

export interface LogFile {
  readonly database: Database
  /** The database did not match the generation beside it: every space has a new epoch. */
  readonly restored: boolean
  close(): void
}

export interface LogFileOptions {
  /** Must exist: making it is the caller's decision. */
  folder: string
  /** Mints generations and epochs. */
  dice: Dice
  /** The store refuses to grow beyond this; default: as far as the disk goes. */
  bytesMax?: number
  /**
   * Whose log this must be; one that names nobody becomes ours. null: it must not have been begun, because what belongs beside it is gone.
   * Left out: not asked (tools that look at a log alone).
   */
  installation?: Id | null
  /** The log was open a moment ago, in a thread that died: an erasure that it was cut off in is left to the next start, because nobody here would hear of it. */
  isAgain?: boolean
  /** Spaces that had a log before. Those that a file lacks that is begun now, or was put back, count as restored: their laptops bring back what everybody wrote. */
  lost?: readonly SpaceId[]
}

const SQLITE_FULL = 13
const SQLITE_READONLY = 8
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** What an SQLite error means for the log; anything else is passed on as it is. */
export function problemOf(error: unknown): unknown {
  if (error instanceof StoreProblem) return error
  const detail = error instanceof Error ? error.message : String(error)
  // A number in the file that is larger than any we write.
  if (error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE') return new StoreProblem('corrupt', `The log is damaged (${detail}).`, error)
  switch (sqliteCode(error)) {
    case undefined:
      return error
    case SQLITE_FULL:
      return new StoreProblem('full', `The disk is full, or the log reached its size limit (${detail}). Make room; nothing that was acknowledged is lost.`, error)
    case SQLITE_READONLY:
      return new StoreProblem('read-only', `The log cannot be written (${detail}). Give the account that runs the relay the right to write in the data folder.`, error)
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new StoreProblem('corrupt', `The log is damaged (${detail}). Stop the relay, keep a copy of the folder, and restore the last backup.`, error)
    default:
      return new StoreProblem('failed', `The disk refused (${detail}).`, error)
  }
}

function problemOfFailure(failure: DatabaseFailure): StoreProblem {
  const { path } = failure
  switch (failure.kind) {
    case 'newer':
      return new StoreProblem('newer-schema', `${path} was written by a newer version (schema ${failure.found}, this version knows ${failure.known}). Start the newer version again.`)
    case 'older':
      return new StoreProblem('newer-schema', `${path} has schema ${failure.found}; this version reads ${failure.known}. Start the relay once to bring it forward.`)
    case 'missing':
      return new StoreProblem('missing-store', `${path} is not there.`)
    case 'not-ours':
      return new StoreProblem('corrupt', `${path} is not a log of this program, or its first bytes are damaged. Keep a copy and restore the last backup.`)
    case 'damaged':
      return new StoreProblem('corrupt', `${path} is damaged (${failure.detail}). Keep a copy of the folder and restore the last backup.`)
    case 'unwritable':
      return new StoreProblem(existsSync(path) ? 'read-only' : 'failed', `${path} cannot be opened for writing (${failure.detail}).`)
    case 'busy':
      return new StoreProblem('locked', `${path} is being written by another process.`)
    case 'not-durable':
      return new StoreProblem('unsafe-settings', `${path} does not keep the settings that make commits survive a power cut (${failure.detail}).`)
  }
}

/** Numbers compared as numbers: "3.9.0" is older than "3.51.3". */
function isOlder(version: string, than: string): boolean {
  const [mine = [], other = []] = [version, than].map((text) => text.split('.').map(Number))
  for (let i = 0; i < 3; i++) if (mine[i] !== other[i]) return (mine[i] ?? 0) < (other[i] ?? 0)
  return false
}

/** What `health` shows and `open` demands. */
export interface LogSettings {
  sqliteVersion: string
  journalMode: string
  synchronous: number
  mmapBytes: number
}

export function settingsOf(database: Database): LogSettings {
  const number = (pragma: string): number => Number(Object.values(database.get(`PRAGMA ${pragma}`) ?? {})[0] ?? 0)
  const { journalMode, synchronous } = database.durability()
  return { sqliteVersion: String(database.get('SELECT sqlite_version() AS v')?.v), journalMode, synchronous, mmapBytes: number('mmap_size') }
}

function demandSafe(settings: LogSettings): void {
  const { sqliteVersion, journalMode, synchronous, mmapBytes } = settings
  if (isOlder(sqliteVersion, SQLITE_VERSION_MIN)) throw new StoreProblem('unsafe-settings', `SQLite ${sqliteVersion} is older than ${SQLITE_VERSION_MIN}.`)
  if (journalMode !== 'wal' || synchronous !== 2 || mmapBytes !== 0) {
    throw new StoreProblem('unsafe-settings', `journal_mode=${journalMode} synchronous=${synchronous} mmap_size=${mmapBytes}; needed are wal, 2 (FULL) and 0.`)
  }
}

/** Opens the database alone, with every setting read back. Errors: StoreProblem. */
export function openLogDatabase(path: string, mode: 'create' | 'write' | 'read', bytesMax?: number): Database {
  const opened = openDatabase({ path, applicationId: LOG_APPLICATION_ID, migrations: LOG_MIGRATIONS, mode })
  if (!opened.ok) throw problemOfFailure(opened.failure)
  const database = opened.value
  try {
    database.get('PRAGMA mmap_size=0')
    database.get('PRAGMA cell_size_check=ON')
    database.get(`PRAGMA cache_size=${mode === 'read' ? -8_000 : -32_000}`)
    if (bytesMax !== undefined) {
      const pageBytes = Number(database.get('PRAGMA page_size')?.page_size)
      database.get(`PRAGMA max_page_count=${Math.floor(bytesMax / pageBytes)}`)
    }
    if (mode !== 'read') demandSafe(settingsOf(database))
  } catch (error) {
    database.close()
    throw problemOf(error)
  }
  return database
}

/** Writes a small file so that either the old or the new content is there after a power cut. */
export function replaceFile(path: string, text: string): void {
  const fresh = `${path}.new`
  writeFileSync(fresh, text, { mode: 0o600, flush: true })
  renameSync(fresh, path)
  syncFolder(dirname(path))
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function takeLock(folder: string): DatabaseSync {
  const path = join(folder, LOCK_FILE)
  let lock: DatabaseSync | null = null
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('PRAGMA locking_mode=EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (sqliteCode(error) === 5) throw new StoreProblem('locked', `Another relay works in ${folder}. Stop it first; two relays on one log would give out the same numbers twice.`)
    throw problemOf(error)
  }
}

/** Generations that the database may have; empty when there is no file. */
function acceptedGenerations(folder: string): Id[] | null {
  const path = join(folder, GENERATION_FILE)
  return existsSync(path) ? readFileSync(path, 'utf8').split(/\s+/).filter(isId) : null
}

type MetaKey = 'generation' | 'installation' | 'scrub'

function metaOf(database: Database, key: MetaKey): string | null {
  const value = database.get('SELECT value FROM meta WHERE key = ?', key)?.value
  return typeof value === 'string' ? value : null
}

function putMeta(database: Database, key: MetaKey, value: string): void {
  database.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value)
}

/** Whether a log was ever begun in a folder, also when it is gone. */
export const hasLog = (folder: string): boolean =>
  existsSync(join(folder, GENERATION_FILE)) || (statSync(join(folder, LOG_FILE), { throwIfNoEntry: false })?.size ?? 0) > 0

/** Epochs and numbers of one installation mean nothing in another: its people could read what they never may, and its laptops would re-check against nothing. */
function demandOurs(database: Database, path: string, installation: Id | null | undefined): void {
  if (installation === undefined) return
  const found = metaOf(database, 'installation')
  if (installation === null || (found !== null && found !== installation)) {
    throw new StoreProblem('foreign-store', `${path} belongs to ${installation === null ? 'accounts that are not here' : 'another installation'}. Put log and accounts back together, from one backup.`)
  }
}

/** Takes a copy out of the running: where it is put back, it will not match. One plain file, nothing beside it. Errors: StoreProblem. */
export function markAsBackup(path: string, generation: Id): void {
  const database = openLogDatabase(path, 'write')
  try {
    putMeta(database, 'generation', generation)
    database.get('PRAGMA journal_mode=DELETE')
  } finally {
    database.close()
  }
}

/**
 * Opens the log of a folder for writing.
 *
 * Out:    the database, with a fresh generation in it and beside it.
 * Errors: StoreProblem: missing-folder, read-only, locked, missing-store, foreign-store, newer-schema, corrupt, unsafe-settings, failed. Nothing was changed then.
 */
export function openLogFile({ folder, dice, bytesMax, installation, isAgain = false, lost = [] }: LogFileOptions): LogFile {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new StoreProblem('missing-folder', `The data folder ${folder} is not there.`)
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new StoreProblem('read-only', `The data folder ${folder} cannot be written in. Give the account that runs the relay the right to.`, error)
  }
  const path = join(folder, LOG_FILE)
  const accepted = acceptedGenerations(folder)
  const isThere = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (!isThere && accepted !== null) {
    throw new StoreProblem(
      'missing-store',
      `${path} is missing or empty, but ${join(folder, GENERATION_FILE)} says that there was a log. Put the file back or restore a backup; remove ${GENERATION_FILE} only to begin with an empty log on purpose.`,
    )
  }
  const lock = takeLock(folder)
  let database: Database | null = null
  try {
    database = openLogDatabase(path, 'create', bytesMax)
    const opened = database
    demandOurs(opened, path, installation)
    const before = metaOf(opened, 'generation')
    const restored = before !== null && !(accepted ?? []).includes(before)
    const generation = newId(dice)
    const beside = join(folder, GENERATION_FILE)
    // Both are accepted while the database moves from one to the other; a power cut in between leaves one of them in it.
    replaceFile(beside, `${[generation, ...(before === null || restored ? [] : [before])].join('\n')}\n`)
    opened.transaction(() => {
      if (restored) {
        for (const { no, space } of opened.all('SELECT no, space FROM spaces')) {
          if (typeof no !== 'number' || !(space instanceof Uint8Array)) throw new StoreProblem('corrupt', 'The list of spaces is damaged.')
          const epoch = blobOf(newId(dice))
          opened.run('UPDATE spaces SET epoch = ?, restored = 1, checksum = ? WHERE no = ?', epoch, spaceChecksumOf(no, space, epoch, true), no)
        }
      }
      if (before === null || restored) beginLost(opened, lost, dice)
      putMeta(opened, 'generation', generation)
      if (installation) putMeta(opened, 'installation', installation)
    })
    replaceFile(beside, `${generation}\n`)
    if (!isAgain) eraseAgain(opened, folder, dice)
    let isOpen = true
    return {
      database: opened,
      restored,
      close() {
        if (!isOpen) return
        isOpen = false
        opened.close()
        lock.close()
      },
    }
  } catch (error) {
    database?.close()
    lock.close()
    throw problemOf(error)
  }
}

/** Also after a restore: a space that was made, and written in, between the copies of log and accounts is in the accounts alone. */
function beginLost(database: Database, lost: readonly SpaceId[], dice: Dice): void {
  let no = Number(database.get('SELECT coalesce(max(no), 0) AS no FROM spaces')?.no)
  for (const space of lost) {
    if (!database.get('SELECT 1 FROM spaces WHERE space = ?', blobOf(space))) beginSpace(database, { no: ++no, space, epoch: newId(dice), isRestored: true })
  }
}

/** What the file beside the database says was erased and the database does not know: it is an older one, or an erasure was cut off. */
function eraseAgain(database: Database, folder: string, dice: Dice): void {
  const listed = readErasuresFile(folder)
  eraseMissing(database, listed, dice)
  const known = readErasures(database)
  if (known.some(({ id }) => !listed.some((one) => one.id === id))) noteErasures(folder, known)
}

function eraseMissing(database: Database, listed: readonly Erasure[], dice: Dice): void {
  const known = new Set(readErasures(database).map(({ id }) => id))
  const missing = listed.filter(({ id }) => !known.has(id))
  if (missing.length > 0) {
    database.transaction(() => {
      for (const one of missing) carryOut(database, one, newId(dice))
      dueForScrub(database)
    })
  }
  scrubIfDue(database)
}

/**
 * Brings the log of an unpacked backup forward, and takes out what was erased in this folder since it was made.
 * Errors: StoreProblem: it cannot be opened, or a row that has to be rewritten is damaged.
 */
export function eraseInBackup(path: string, folder: string, dice: Dice): void {
  const database = openLogDatabase(path, 'write')
  try {
    eraseMissing(database, readErasuresFile(folder), dice)
    database.get('PRAGMA journal_mode=DELETE')
  } catch (error) {
    throw problemOf(error)
  } finally {
    database.close()
  }
}

/** The list of erasures beside the database, synced. */
export const noteErasures = (folder: string, erasures: readonly Erasure[]): void => replaceFile(join(folder, ERASURES_FILE), erasuresText(erasures))

/** Within the transaction of an erasure: what was taken out still lies in free pages. */
export const dueForScrub = (database: Database): void => putMeta(database, 'scrub', 'due')

/** Out: false when somebody who reads kept old pages alive; asked again at the next opening. */
export function scrubIfDue(database: Database): boolean {
  if (metaOf(database, 'scrub') === null) return true
  if (!scrub(database)) return false
  database.run('DELETE FROM meta WHERE key = ?', 'scrub')
  return true
}

/** Within a transaction. In: a number and a space that are not there yet. */
export function beginSpace(database: Database, { no, space, epoch, isRestored }: { no: number; space: SpaceId; epoch: Epoch; isRestored: boolean }): void {
  const [blob, epochBlob] = [blobOf(space), blobOf(epoch)]
  database.run(
    'INSERT INTO spaces (no, space, epoch, restored, head, floor, tail, checksum) VALUES (?, ?, ?, ?, 0, 0, ?, ?)',
    no, blob, epochBlob, isRestored ? 1 : 0, EMPTY_TAIL_HASH, spaceChecksumOf(no, blob, epochBlob, isRestored),
  )
}

/** After this the log that is opened next counts as restored. */
export function forgetGeneration(folder: string): void {
  rmSync(join(folder, GENERATION_FILE), { force: true })
  syncFolder(folder)
}

/** Which file a path leads to, as the system names it; null when it leads to none that we may look at. */
export function fileAt(path: string): string | null {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found ? `${found.dev}/${found.ino}` : null
  } catch {
    return null // a folder that was closed to us, a network disk that went: as good as gone
  }
}

/** Removes what belongs to a database file that is replaced. */
export function removeSideFiles(path: string): void {
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
}
