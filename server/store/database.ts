/**
 * One SQLite file, opened the only way this product opens one: WAL, synchronous=FULL, both read back. With NORMAL a power cut loses
 * commits that were already answered; some builds set NORMAL by themselves, so what counts is what the file says, not what we asked.
 *
 * Every file carries an application id (is it ours?) and a version (can this build read it?). Older files are brought forward by
 * `migrations`, newer ones are refused untouched: an older program must never write into a newer schema.
 */
import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { assert } from '../../shared/base/assert.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'

export type DatabaseFailure =
  | { kind: 'missing'; path: string }
  | { kind: 'not-ours'; path: string }
  | { kind: 'newer'; path: string; found: number; known: number }
  | { kind: 'older'; path: string; found: number; known: number }
  | { kind: 'unwritable'; path: string; detail: string }
  | { kind: 'busy'; path: string }
  | { kind: 'damaged'; path: string; detail: string }
  | { kind: 'not-durable'; path: string; detail: string }

export type SqlValue = SQLInputValue
export type SqlRow = Record<string, null | number | bigint | string | Uint8Array>

export interface Database {
  readonly path: string
  run(sql: string, ...values: SqlValue[]): { changes: number }
  all(sql: string, ...values: SqlValue[]): SqlRow[]
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined
  /** A statement of one's own, for whoever runs it thousands of times a second or reads row by row. */
  prepare(sql: string): StatementSync
  /** Everything in `work` in one commit, synced before this returns; nothing of it when it throws. */
  transaction<T>(work: () => T): T
  /** All that `work` reads is of one moment: a commit of another connection may fall between any two statements. */
  reading<T>(work: () => T): T
  /** Changes when another connection, of this process or another, committed. */
  dataVersion(): number
  /** Journal mode and synchronous level as the connection has them now. */
  durability(): { journalMode: string; synchronous: number }
  /** Takes what was overwritten out of the write-ahead log as well. Waits for nobody. Out: false while somebody reads, or the disk refuses; to be asked again. */
  emptyLog(): boolean
  close(): void
}

export interface DatabaseOptions {
  path: string
  /** Four letters as a number; tells our files from others. */
  applicationId: number
  /** SQL per version: `migrations[0]` makes version 1 from an empty file. Appended to, never edited. */
  migrations: readonly string[]
  mode: 'create' | 'write' | 'read'
  /** What is taken out is overwritten in the file: for rows about people. Left out: it stays in free space until that is used again. */
  overwrites?: boolean
}

const SYNCHRONOUS_FULL = 2
/** How long a writer of another process (the command line beside a running relay) may hold us up. */
const BUSY_MS_MAX = 5_000

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/** The SQLite result code of an error, undefined for errors of another kind (bugs). */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** What an SQLite error means for whoever runs the program; rethrows what is a bug of ours. */
export function failureOf(error: unknown, path: string): DatabaseFailure {
  const detail = error instanceof Error ? error.message : String(error)
  switch (sqliteCode(error)) {
    case SQLITE_BUSY:
      return { kind: 'busy', path }
    case SQLITE_NOTADB:
      return { kind: 'not-ours', path }
    case SQLITE_CORRUPT:
      return { kind: 'damaged', path, detail }
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
      return { kind: 'unwritable', path, detail }
    default:
      throw error
  }
}

/**
 * Opens a file, brings it to the newest version (not in mode `read`), and proves that commits are synced.
 * Errors: see DatabaseFailure; the file is closed again and unchanged.
 */
export function openDatabase(options: DatabaseOptions): Result<Database, DatabaseFailure> {
  const { path, mode } = options
  if (mode !== 'create' && !existsSync(path)) return fail({ kind: 'missing', path })
  let connection: DatabaseSync
  try {
    connection = new DatabaseSync(path, { readOnly: mode === 'read', timeout: BUSY_MS_MAX, enableForeignKeyConstraints: true })
  } catch (error) {
    return fail(failureOf(error, path))
  }
  try {
    const failure = prepare(connection, options)
    if (failure) {
      connection.close()
      return fail(failure)
    }
  } catch (error) {
    connection.close()
    return fail(failureOf(error, path))
  }
  return ok(wrap(connection, path))
}

function prepare(connection: DatabaseSync, { path, applicationId, migrations, mode, overwrites = false }: DatabaseOptions): DatabaseFailure | undefined {
  const number = (pragma: string): number => Number(Object.values(connection.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
  const isEmpty = connection.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.n === 0
  const foundId = number('application_id')
  const found = number('user_version')
  if (isEmpty ? mode === 'read' || (foundId !== 0 && foundId !== applicationId) : foundId !== applicationId) return { kind: 'not-ours', path }
  if (found > migrations.length) return { kind: 'newer', path, found, known: migrations.length }
  if (mode === 'read') return found < migrations.length ? { kind: 'older', path, found, known: migrations.length } : undefined

  const journal = connection.prepare('PRAGMA journal_mode=WAL').get()?.journal_mode
  connection.exec(`PRAGMA synchronous=FULL; PRAGMA secure_delete=${overwrites ? 'ON' : 'OFF'}`)
  const synchronous = number('synchronous')
  if (journal !== 'wal' || synchronous !== SYNCHRONOUS_FULL) return { kind: 'not-durable', path, detail: `journal_mode=${String(journal)} synchronous=${synchronous}` }

  if (found < migrations.length) {
    connection.exec('BEGIN IMMEDIATE')
    // Asked again inside the transaction: another process may have brought the file forward meanwhile.
    for (let version = number('user_version'); version < migrations.length; version++) connection.exec(migrations[version] ?? '')
    connection.exec(`PRAGMA application_id=${applicationId}`)
    connection.exec(`PRAGMA user_version=${migrations.length}`)
    connection.exec('COMMIT')
  }
  return undefined
}

function wrap(connection: DatabaseSync, path: string): Database {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql)
    if (!statement) statements.set(sql, (statement = connection.prepare(sql)))
    return statement
  }
  let isOpen = true
  let isInside = false
  return {
    path,
    run: (sql, ...values) => ({ changes: Number(prepared(sql).run(...values).changes) }),
    all: (sql, ...values) => prepared(sql).all(...values) as SqlRow[],
    get: (sql, ...values) => prepared(sql).get(...values) as SqlRow | undefined,
    prepare: (sql) => connection.prepare(sql),
    transaction(work) {
      assert(!isInside, 'transactions do not nest')
      connection.exec('BEGIN IMMEDIATE')
      isInside = true
      try {
        const result = work()
        connection.exec('COMMIT')
        return result
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      } finally {
        isInside = false
      }
    },
    reading(work) {
      if (connection.isTransaction) return work()
      connection.exec('BEGIN')
      try {
        return work()
      } finally {
        // A damaged file may have ended it.
        if (connection.isTransaction) connection.exec('COMMIT')
      }
    },
    dataVersion: () => Number(prepared('PRAGMA data_version').get()?.data_version),
    durability: () => ({
      journalMode: String(prepared('PRAGMA journal_mode').get()?.journal_mode),
      synchronous: Number(prepared('PRAGMA synchronous').get()?.synchronous),
    }),
    emptyLog() {
      connection.exec('PRAGMA busy_timeout=0')
      try {
        return prepared('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
      } catch (error) {
        if (sqliteCode(error) === undefined) throw error
        return false
      } finally {
        connection.exec(`PRAGMA busy_timeout=${BUSY_MS_MAX}`)
      }
    },
    close() {
      if (!isOpen) return
      isOpen = false
      statements.clear()
      connection.close()
    },
  }
}
