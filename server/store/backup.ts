/**
 * Log and accounts together as one file, made while both are being written, checked before it gets its name; and back again into a folder.
 *
 * The log is copied first: accounts copied later know everybody who wrote in it. What is put back is recognised by the log as a backup, and every
 * space begins a new epoch. Nothing is overwritten: what was in the folder is moved aside.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fromUtf8, utf8 } from '../../shared/base/bytes.ts'
import { newId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { readArchive, sha256OfFile, writeArchive, writeWhole, type ArchivedFile } from './archive.ts'
import { failureOf, openDatabase, type DatabaseFailure, type DatabaseOptions } from './database.ts'
import { mark } from './data-folder.ts'
import { backupLog, putLogInPlace, verifyLogFile, type VerifyReport } from './log-care.ts'
import { eraseInBackup, fileAt, markAsBackup, removeSideFiles, syncFolder } from './log-file.ts'
import { LOG_FILE } from './log-rows.ts'
import { BEFORE_RESTORE } from './lost.ts'

/** The other database of the folder; the store does not know what is in it. */
export type Companion = Pick<DatabaseOptions, 'applicationId' | 'migrations'> & { name: string }

export interface BackupManifest {
  product: 'samenpad-backup'
  format: number
  version: string
  createdAt: number
  spaces: number
  entries: number
  files: ArchivedFile[]
}

export type BackupFailure =
  | DatabaseFailure
  | { kind: 'file-exists'; path: string }
  | { kind: 'file-missing'; path: string }
  | { kind: 'not-a-backup'; path: string; detail: string }
  | { kind: 'newer-backup'; path: string }
  | { kind: 'folder-filled'; path: string }
  /** A backup was put back while one was made. */
  | { kind: 'folder-changed'; path: string }
  | { kind: 'log-damaged'; report: VerifyReport }

const FORMAT = 1
const MANIFEST_FILE = 'manifest.json'
const MANIFEST_BYTES_MAX = 64 * 1024
const UNPACKED_FOLDER = '.restoring'

/** In: `file` must not exist. Errors: see BackupFailure, and StoreProblem from the log; nothing is left behind then. */
export function makeBackup(folder: string, given: string, companion: Companion, about: { version: string; now: number; dice: Dice }): Result<BackupManifest, BackupFailure> {
  const file = resolve(given)
  if (existsSync(file)) return fail({ kind: 'file-exists', path: file })
  removeLeftovers(file)
  // Two that are made at the same time, by hand and by a timetable, do not meet before one of them has its name.
  const [partial, copies] = [unfinished(file, 'partial'), unfinished(file, 'copies')]
  const places = (): string => JSON.stringify([LOG_FILE, companion.name].map((name) => fileAt(join(folder, name))))
  const before = places()
  const made = copyInto({ folder, partial, copies, companion, about })
  try {
    // Somebody put a backup back meanwhile: the log was copied before that and the accounts after it, or one of them was not there.
    if (places() !== before) return fail({ kind: 'folder-changed', path: folder })
    if (made instanceof Error) throw made
    if (!made.ok) return made
    if (existsSync(file)) return fail({ kind: 'file-exists', path: file })
    renameSync(partial, file)
    syncFolder(dirname(file))
    return made
  } finally {
    rmSync(partial, { force: true })
  }
}

const unfinished = (file: string, what: 'partial' | 'copies'): string => join(dirname(file), `.${basename(file)}.${process.pid}.${what}`)

/** What one that was killed left behind. */
function removeLeftovers(file: string): void {
  const folder = dirname(file)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const [, pid] = name.startsWith(`.${basename(file)}.`) ? (/\.(\d+)\.(?:partial|copies)$/.exec(name) ?? []) : []
    if (pid !== undefined && (Number(pid) === process.pid || !isRunning(Number(pid)))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // it runs, under another account
  }
}

/** Out: an error where something was thrown; what it means depends on whether the folder is still the same. */
function copyInto({ folder, partial, copies, companion, about }: { folder: string; partial: string; copies: string; companion: Companion; about: { version: string; now: number; dice: Dice } }): Result<BackupManifest, BackupFailure> | Error {
  try {
    mkdirSync(copies, { mode: 0o700 })
    backupLog(folder, join(copies, LOG_FILE), about.dice)
    const failure = copyCompanion(join(folder, companion.name), join(copies, companion.name), companion)
    if (failure) return fail(failure)
    const report = verifyLogFile(join(copies, LOG_FILE))
    if (report.problems.length > 0) return fail({ kind: 'log-damaged', report })
    const files = [LOG_FILE, companion.name].map((name): ArchivedFile => {
      const bytes = statSync(join(copies, name)).size
      return { name, bytes, sha256: sha256OfFile(join(copies, name), bytes) }
    })
    const manifest: BackupManifest = { product: 'samenpad-backup', format: FORMAT, version: about.version, createdAt: about.now, spaces: report.spaces, entries: report.entries, files }
    writeArchive(partial, [
      { name: MANIFEST_FILE, from: utf8(`${JSON.stringify(manifest, null, 2)}\n`) },
      ...files.map(({ name, bytes }) => ({ name, from: { path: join(copies, name), bytes } })),
    ])
    // Read back from the disk: a backup that cannot be read is found out today.
    const checked = readManifest(partial)
    return checked.ok ? ok(manifest) : checked
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  } finally {
    rmSync(copies, { recursive: true, force: true })
  }
}

/** Out: why there is no sound copy; what is copied here unsound would be refused on the day that it is needed. */
function copyCompanion(from: string, to: string, companion: Companion): DatabaseFailure | null {
  const source = openDatabase({ ...companion, path: from, mode: 'read' })
  if (!source.ok) return source.failure
  try {
    source.value.run('VACUUM INTO ?', to)
  } catch (error) {
    return failureOf(error, from)
  } finally {
    source.value.close()
  }
  const failure = failureIn(to, companion, 'read')
  return failure?.kind === 'damaged' ? { ...failure, path: from } : failure
}

/** In: mode `write` brings an older one forward. Out: why it is not sound; null when it is. */
function failureIn(path: string, companion: Companion, mode: 'read' | 'write'): DatabaseFailure | null {
  const opened = openDatabase({ ...companion, path, mode })
  if (!opened.ok) return opened.failure
  try {
    const found = opened.value.get('PRAGMA integrity_check(1)')?.integrity_check
    return found === 'ok' ? null : { kind: 'damaged', path, detail: String(found) }
  } finally {
    opened.value.close()
  }
}

/** All of a database in its one file, so that it can be given another name. Throws what the disk says. */
function intoOneFile(path: string, companion: Companion): DatabaseFailure | null {
  const opened = openDatabase({ ...companion, path, mode: 'write' })
  if (!opened.ok) return opened.failure
  try {
    opened.value.get('PRAGMA journal_mode=DELETE')
    return null
  } finally {
    opened.value.close()
  }
}

/** Reads all of a backup and compares it with what it says about itself. In: `take` gets every piece on the way, before it is known whether it is right. */
function readManifest(path: string, take: (name: string, piece: Uint8Array) => void = () => undefined): Result<BackupManifest, BackupFailure> {
  if (!existsSync(path)) return fail({ kind: 'file-missing', path })
  const pieces: Uint8Array[] = []
  let manifestBytes = 0
  const read = readArchive(path, (name, piece) => {
    take(name, piece)
    if (name !== MANIFEST_FILE || (manifestBytes += piece.length) > MANIFEST_BYTES_MAX) return
    pieces.push(piece.slice())
  })
  if (!read.ok) return fail({ kind: 'not-a-backup', path, detail: read.failure.detail })
  const manifest = parseManifest(pieces)
  if (!manifest) return fail({ kind: 'not-a-backup', path, detail: 'no manifest' })
  if (manifest.format > FORMAT) return fail({ kind: 'newer-backup', path })
  const found = read.value.filter(({ name }) => name !== MANIFEST_FILE)
  const isSame = JSON.stringify(found) === JSON.stringify(manifest.files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })))
  return isSame ? ok(manifest) : fail({ kind: 'not-a-backup', path, detail: 'contents differ from the manifest' })
}

function parseManifest(pieces: Uint8Array[]): BackupManifest | null {
  try {
    const manifest = JSON.parse(fromUtf8(Buffer.concat(pieces))) as BackupManifest
    return manifest.product === 'samenpad-backup' && typeof manifest.format === 'number' && Array.isArray(manifest.files) ? manifest : null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

/**
 * Puts a backup in a folder that this process holds (`takeDataFolder(…, 'restore')`).
 * In: `mayReplace`: what is there is moved aside instead of refused; `prepare`: changes the companion while all can still be refused. Out: where it went, null when there was nothing.
 * Errors: see BackupFailure, and StoreProblem when the log in it does not verify. The folder is as it was then.
 */
export function restoreBackup(
  folder: string, given: string, companion: Companion, options: { mayReplace: boolean; prepare: (companionPath: string) => DatabaseFailure | null; now: number; dice: Dice },
): Result<{ manifest: BackupManifest; movedTo: string | null }, BackupFailure> {
  const file = resolve(given)
  if (!existsSync(file)) return fail({ kind: 'file-missing', path: file })
  const wanted = [LOG_FILE, companion.name]
  if (!options.mayReplace && readdirSync(folder).some((name) => wanted.includes(name))) return fail({ kind: 'folder-filled', path: folder })

  const unpacked = join(folder, UNPACKED_FOLDER)
  rmSync(unpacked, { recursive: true, force: true })
  mkdirSync(unpacked, { mode: 0o700 })
  try {
    // Checked while it is unpacked: reading a large one takes as long as checking it.
    const manifest = unpack(file, unpacked, wanted)
    if (!manifest.ok) return manifest
    const names = manifest.value.files.map(({ name }) => name)
    if (names.length !== 2 || wanted.some((name) => !names.includes(name))) return fail({ kind: 'not-a-backup', path: file, detail: `holds ${names.join(', ')}` })
    const fresh = join(unpacked, companion.name)
    const failure = failureIn(fresh, companion, 'write') ?? options.prepare(fresh) ?? intoOneFile(fresh, companion)
    if (failure) return fail(failure)
    const log = join(unpacked, LOG_FILE)
    eraseInBackup(log, folder, options.dice)
    markAsBackup(log, newId(options.dice))
    const report = verifyLogFile(log)
    if (report.problems.length > 0) return fail({ kind: 'log-damaged', report })

    // Everything that takes room or can be refused is done: from here on files only change their names.
    mark(folder, 'restoring')
    const movedTo = moveAside(folder, [LOG_FILE, companion.name], options.now)
    putLogInPlace(folder, log)
    renameSync(fresh, join(folder, companion.name))
    syncFolder(folder)
    mark(folder, 'whole')
    return ok({ manifest: manifest.value, movedTo })
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}

/** Only the named files: an archive that somebody else made may hold anything. */
function unpack(file: string, into: string, wanted: readonly string[]): Result<BackupManifest, BackupFailure> {
  const handles = new Map<string, number>()
  try {
    const manifest = readManifest(file, (name, piece) => {
      if (!wanted.includes(name)) return
      let handle = handles.get(name)
      if (handle === undefined) handles.set(name, (handle = openSync(join(into, name), 'wx', 0o600)))
      writeWhole(handle, piece)
    })
    for (const handle of handles.values()) fsyncSync(handle)
    return manifest
  } finally {
    for (const handle of handles.values()) closeSync(handle)
  }
}

/** Databases with what belongs to them, into a folder of their own beside the new ones. */
function moveAside(folder: string, names: readonly string[], now: number): string | null {
  const there = names.flatMap((name) => ['', '-wal', '-shm', '-journal'].map((suffix) => name + suffix)).filter((name) => existsSync(join(folder, name)))
  if (there.length === 0) return null
  const aside = join(folder, `${BEFORE_RESTORE}${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`)
  mkdirSync(aside, { mode: 0o700 })
  for (const name of there) renameSync(join(folder, name), join(aside, name))
  for (const name of names) removeSideFiles(join(folder, name))
  syncFolder(aside)
  syncFolder(folder)
  return aside
}
