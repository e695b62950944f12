/**
 * The folder that holds everything of one installation. Two invariants: a folder that is not ours is never written in, and one relay
 * at a time runs on it.
 *
 * The lock is an SQLite file held in an exclusive transaction: the operating system gives it back when the process dies, however it
 * dies, so there is no stale lock to clean up after a power cut. `relay.json` beside it only says who holds it.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { dirname, join, resolve } from 'node:path'
import type { Disposable } from '../../shared/base/dispose.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { sqliteCode } from './database.ts'
import { hasLog, replaceFile } from './log-file.ts'

export type FolderFailure =
  | { kind: 'folder-missing'; path: string }
  | { kind: 'folder-not-ours'; path: string }
  /** It holds a log, and nothing readable says that it is whole, or whose. */
  | { kind: 'folder-unmarked'; path: string; mark: string }
  | { kind: 'folder-newer'; path: string }
  | { kind: 'folder-unwritable'; path: string; detail: string }
  | { kind: 'folder-in-use'; path: string; by: RelayNote | null }
  /** A restore was cut off: neither the old nor the new is whole. */
  | { kind: 'folder-half-restored'; path: string }

/** What the running relay says about itself. */
export interface RelayNote {
  pid: number
  address: string
  /** How the command line on the same machine asks it for something. */
  control?: { address: string; secret: string }
}

export interface DataFolder extends Disposable {
  readonly path: string
  file(name: string): string
  /** Says where the relay listens, for whoever finds the folder in use. */
  note(note: RelayNote): void
}

const MARKER_FILE = 'samenpad.json'
const LOCK_FILE = 'relay.lock'
const NOTE_FILE = 'relay.json'
const FOLDER_FORMAT = 1
/** Present on a fresh disk or in a fresh clone, or left by a start that was cut off before its first mark; says nothing about whose folder it is. */
const NOBODYS = new Set(['lost+found', '.gitkeep', '.DS_Store', LOCK_FILE, `${MARKER_FILE}.new`])

/**
 * Takes the folder for this process, and makes it where there is none.
 * In: `restore` also takes one that a restore left half done or that lost its mark, and leaves the mark to the caller.
 * Out: held until disposed. Errors: see FolderFailure; nothing was written then.
 */
export function takeDataFolder(given: string, purpose: 'run' | 'restore' = 'run'): Result<DataFolder, FolderFailure> {
  const path = resolve(given)
  const seen = look(path)
  if (seen && seen.kind !== 'folder-missing' && !(purpose === 'restore' && (seen.kind === 'folder-half-restored' || seen.kind === 'folder-unmarked'))) return fail(seen)
  try {
    makeFolder(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    const lock = takeLock(path)
    if (!lock) return fail({ kind: 'folder-in-use', path, by: readNote(path) })
    if (purpose === 'run' && !existsSync(join(path, MARKER_FILE))) mark(path, 'whole')
    return ok({
      path,
      file: (name) => join(path, name),
      note: (note) => writeFileSync(join(path, NOTE_FILE), JSON.stringify(note), { mode: 0o600 }),
      dispose() {
        rmSync(join(path, NOTE_FILE), { force: true })
        lock.close()
      },
    })
  } catch (error) {
    return fail({ kind: 'folder-unwritable', path, detail: systemCode(error) })
  }
}

/** For looking beside a running relay. Errors: missing, not ours, newer. */
export function findDataFolder(given: string): Result<{ path: string; file(name: string): string; relay: RelayNote | null }, FolderFailure> {
  const path = resolve(given)
  const failure = look(path)
  if (failure) return fail(failure)
  if (!existsSync(join(path, MARKER_FILE))) return fail({ kind: 'folder-missing', path })
  return ok({ path, file: (name) => join(path, name), relay: readNote(path) })
}

/** Says that a folder is ours, and whether what is in it is whole. Synced before this returns. */
export function mark(path: string, state: 'whole' | 'restoring'): void {
  replaceFile(join(path, MARKER_FILE), `${marked(state)}\n`)
}
const marked = (state: 'whole' | 'restoring'): string => JSON.stringify({ product: 'samenpad', format: FOLDER_FORMAT, ...(state === 'restoring' ? { state } : {}) })

/** Step by step: Node's own `recursive` turns for ever where a file system refuses folders (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  // Only for the account the relay runs under: it holds everybody's documents.
  mkdirSync(path, { mode: 0o700 })
}

function look(path: string): FolderFailure | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) return { kind: 'folder-missing', path }
    if (!found.isDirectory()) return { kind: 'folder-not-ours', path }
    const marker = join(path, MARKER_FILE)
    if (!existsSync(marker) && readdirSync(path).every((name) => NOBODYS.has(name))) return undefined
    const { product, format, state } = readMark(marker) ?? {}
    if (product !== 'samenpad' || typeof format !== 'number')
      return hasLog(path) ? { kind: 'folder-unmarked', path, mark: marked('whole') } : { kind: 'folder-not-ours', path }
    if (format > FOLDER_FORMAT) return { kind: 'folder-newer', path }
    return state === 'restoring' ? { kind: 'folder-half-restored', path } : undefined
  } catch (error) {
    return { kind: 'folder-unwritable', path, detail: systemCode(error) }
  }
}

/** Out: null when there is none, or one that cannot be read. */
function readMark(marker: string): { product?: unknown; format?: unknown; state?: unknown } | null {
  if (!existsSync(marker)) return null
  try {
    return JSON.parse(readFileSync(marker, 'utf8')) as { product?: unknown } | null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function takeLock(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(path, LOCK_FILE), { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode=EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (sqliteCode(error) === 5) return undefined // SQLITE_BUSY: another process has it
    throw error
  }
}

function readNote(path: string): RelayNote | null {
  const file = join(path, NOTE_FILE)
  if (!existsSync(file)) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RelayNote
  } catch (error) {
    if (error instanceof SyntaxError) return null // half-written by a relay that is just starting
    throw error
  }
}

function systemCode(error: unknown): string {
  if (error instanceof Error && 'code' in error) return error.code === 'ERR_SQLITE_ERROR' ? error.message : String(error.code)
  throw error
}
