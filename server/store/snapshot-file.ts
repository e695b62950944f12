/**
 * Snapshots in a SQLite file beside the log. Synchronous: it runs in a thread of its own (snapshot-thread.ts), or in-process in tests. Every row
 * carries a checksum over its label and its body; a row that does not fit is thrown away. A file that cannot be opened, is of
 * another version, or in which SQLite meets damage, is thrown away as a whole: everything in it can be made again from the log.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ID_BYTES, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { openDatabase, sqliteCode, type Database } from './database.ts'
import { scrub } from './erase.ts'
import { problemOf, removeSideFiles, syncFolder } from './log-file.ts'
import { blobOf, idOf, partNo } from './log-rows.ts'
import { StoreProblem } from './problem.ts'
import { isDue, type Growth, type SnapshotLabel, type SnapshotPart } from './snapshots.ts'

export const SNAPSHOTS_FILE = 'snapshots.sqlite'
/** "SPsn". */
const SNAPSHOTS_APPLICATION_ID = 0x5350736e

/** SQL per version. An older file is begun anew rather than brought forward when that is simpler: nothing is lost. */
const SNAPSHOTS_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE snapshots (
    space BLOB NOT NULL, item BLOB NOT NULL, part INTEGER NOT NULL, to_seq INTEGER NOT NULL, tail BLOB NOT NULL, body_bytes INTEGER NOT NULL,
    entries_count INTEGER NOT NULL, entries_bytes INTEGER NOT NULL, label_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
  );
  CREATE UNIQUE INDEX snapshots_by_part ON snapshots (space, item, part);
  -- How far growth was noted, and what grew since the last snapshot of each part.
  CREATE TABLE noted (space BLOB PRIMARY KEY, seq INTEGER NOT NULL, tail BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE growth (
    space BLOB NOT NULL, item BLOB NOT NULL, part INTEGER NOT NULL, entries_count INTEGER NOT NULL, entries_bytes INTEGER NOT NULL,
    PRIMARY KEY (space, item, part)
  ) WITHOUT ROWID;
  `,
]

const SNAPSHOT_PARTS = ['prose', 'facts'] as const satisfies readonly SnapshotPart[]

/** The same as `Snapshots`, without promises. Errors: StoreProblem. */
export interface SnapshotFile {
  labels(space: SpaceId, item?: ItemId): SnapshotLabel[]
  body(label: SnapshotLabel): Uint8Array | null
  put(label: SnapshotLabel, body: Uint8Array): void
  notedUpTo(space: SpaceId): { seq: number; tailHash: Uint8Array }
  note(space: SpaceId, upTo: { seq: number; tailHash: Uint8Array }, grown: readonly Growth[]): void
  due(space: SpaceId, countMax: number, entriesCountMin?: number): Growth[]
  forget(space: SpaceId): void
  close(): void
}

/** A label as a row: space, item, part, to_seq, tail, body_bytes, entries_count, entries_bytes. */
type LabelRow = [space: Uint8Array, item: Uint8Array, part: number, toSeq: number, tail: Uint8Array, bodyBytes: number, entriesCount: number, entriesBytes: number]
const LABEL_COLUMNS = 'space, item, part, to_seq, tail, body_bytes, entries_count, entries_bytes, label_checksum, checksum'

const rowOf = ({ space, item, part, toSeq, tailHash, bodyBytes, entriesCount, entriesBytes }: SnapshotLabel): LabelRow => [
  blobOf(space), blobOf(item), partNo(part), toSeq, tailHash, bodyBytes, entriesCount, entriesBytes,
]

function labelChecksumOf([space, item, part, toSeq, tail, bodyBytes, entriesCount, entriesBytes]: LabelRow): number {
  const numbers = Buffer.alloc(5 * 8)
  for (const [i, value] of [part, toSeq, bodyBytes, entriesCount, entriesBytes].entries()) numbers.writeDoubleBE(value, i * 8)
  return crc32(tail, crc32(item, crc32(space, crc32(numbers))))
}

/** Null when the row is not what was written; damage may have changed the types of its fields as well. */
function labelOf(row: readonly unknown[]): SnapshotLabel | null {
  const [space, item, part, toSeq, tailHash, bodyBytes, entriesCount, entriesBytes, checksum] = row
  if (!(space instanceof Uint8Array) || !(item instanceof Uint8Array) || !(tailHash instanceof Uint8Array)) return null
  if (![part, toSeq, bodyBytes, entriesCount, entriesBytes].every((value) => typeof value === 'number')) return null
  if (labelChecksumOf(row as unknown as LabelRow) !== checksum) return null
  const named = SNAPSHOT_PARTS.find((one) => partNo(one) === part)
  if (named === undefined) return null
  return {
    space: idOf(space), item: idOf(item), part: named, toSeq: toSeq as number, tailHash: tailHash.slice(), bodyBytes: bodyBytes as number,
    entriesCount: entriesCount as number, entriesBytes: entriesBytes as number,
  }
}

/** Whether the body at the end of a row is what was written under this label. */
function isBody({ bodyBytes }: SnapshotLabel, row: readonly unknown[]): boolean {
  const [checksum, body] = row.slice(-2)
  return body instanceof Uint8Array && body.length === bodyBytes && crc32(body) === checksum
}

/** Removes all snapshots of a folder whose relay is stopped: after an erasure, and whenever they are in doubt. */
export function forgetSnapshots(folder: string): void {
  const path = join(folder, SNAPSHOTS_FILE)
  removeSideFiles(path)
  rmSync(path, { force: true })
  syncFolder(folder)
}

/** The file and what is asked of it most. */
type Opened = ReturnType<typeof prepare>

function prepare(database: Database) {
  const prepared = {
    labels: database.prepare(`SELECT ${LABEL_COLUMNS} FROM snapshots WHERE space = ?`),
    labelsOfItem: database.prepare(`SELECT ${LABEL_COLUMNS} FROM snapshots WHERE space = ? AND item = ?`),
    body: database.prepare(`SELECT ${LABEL_COLUMNS}, body FROM snapshots WHERE space = ? AND item = ? AND part = ?`),
    everyLabel: database.prepare(`SELECT ${LABEL_COLUMNS}, rowid FROM snapshots NOT INDEXED`),
    growth: database.prepare('SELECT item, part, entries_count, entries_bytes FROM growth WHERE space = ? ORDER BY entries_count DESC'),
  }
  for (const statement of Object.values(prepared)) statement.setReturnArrays(true)
  return { database, prepared }
}

/** Our statements are fixed and our rows replace each other: these are damage too, which SQLite does not call so ("no such column", two rows of one name, another type). */
const SIGNS_OF_DAMAGE: readonly (number | undefined)[] = [1, 19, 20] // SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH

/** What an error means for this file; bugs of ours are passed on as they are. */
function problemHere(error: unknown): unknown {
  const problem = problemOf(error)
  if (!isCorrupt(problem) && !SIGNS_OF_DAMAGE.includes(sqliteCode(error))) return problem
  return new StoreProblem('corrupt', `${SNAPSHOTS_FILE} was damaged and is begun anew. Nothing is lost: all of it can be made from the log.`, error)
}
const isCorrupt = (problem: unknown): boolean => problem instanceof StoreProblem && problem.kind === 'corrupt'

/** Errors: StoreProblem, `locked` while another process has it, else `corrupt`: whatever it is, all of it can be made again. */
function open(folder: string): Opened {
  const path = join(folder, SNAPSHOTS_FILE)
  let database: Database | null = null
  try {
    const opened = openDatabase({ path, applicationId: SNAPSHOTS_APPLICATION_ID, migrations: SNAPSHOTS_MIGRATIONS, mode: 'create' })
    if (!opened.ok) throw new StoreProblem(opened.failure.kind === 'busy' ? 'locked' : 'corrupt', `${path} cannot be opened (${opened.failure.kind}).`)
    database = opened.value
    return prepare(database)
  } catch (error) {
    database?.close()
    throw problemHere(error)
  }
}

/** Opens the file, or begins it anew. Errors: StoreProblem when not even an empty one can be made. */
function openOrBegin(folder: string): Opened {
  try {
    return open(folder)
  } catch (problem) {
    if (!isCorrupt(problem)) throw problem
    forgetSnapshots(folder)
    return open(folder)
  }
}

/**
 * Opens or begins the file of a folder. Errors: StoreProblem when not even an empty one can be made; later on `corrupt` once for a file in which damage was met: it is
 * empty from then on, and what it held is made again.
 */
export function openSnapshotFile(folder: string): SnapshotFile {
  let file: Opened | null = openOrBegin(folder)
  let isClosed = false

  /** The next question begins an empty one. */
  function throwAway(opened: Opened): void {
    opened.database.close()
    file = null
    forgetSnapshots(folder)
  }
  function guarded<T>(work: (opened: Opened) => T): T {
    if (isClosed) throw new StoreProblem('closed', 'The snapshots are closed.')
    file ??= openOrBegin(folder)
    try {
      return work(file)
    } catch (error) {
      const problem = problemHere(error)
      if (isCorrupt(problem)) throwAway(file)
      throw problem
    }
  }
  const drop = ({ database }: Opened, space: Uint8Array, item: Uint8Array, part: number): void => {
    database.run('DELETE FROM snapshots WHERE space = ? AND item = ? AND part = ?', space, item, part)
  }
  const grow = ({ database }: Opened, space: Uint8Array, { item, part, entriesCount, entriesBytes }: Growth): void => {
    database.run(
      `INSERT INTO growth (space, item, part, entries_count, entries_bytes) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (space, item, part) DO UPDATE SET entries_count = entries_count + excluded.entries_count, entries_bytes = entries_bytes + excluded.entries_bytes`,
      space, blobOf(item), partNo(part), entriesCount, entriesBytes,
    )
  }
  const labels = ({ prepared }: Opened, space: SpaceId, item?: ItemId): SnapshotLabel[] =>
    ((item === undefined ? prepared.labels.all(blobOf(space)) : prepared.labelsOfItem.all(blobOf(space), blobOf(item))) as unknown as unknown[][]).flatMap((row) => labelOf(row) ?? [])

  return {
    labels: (space, item) => guarded((opened) => labels(opened, space, item)),
    body: ({ space, item, part, toSeq }) =>
      guarded((opened) => {
        const key = [blobOf(space), blobOf(item), partNo(part)] as const
        const row = opened.prepared.body.get(...key) as unknown as unknown[] | undefined
        if (!row) return null
        const label = labelOf(row)
        // Replaced by a newer one since the label was read: that one stands for other entries.
        if (label && label.toSeq !== toSeq) return null
        if (label && isBody(label, row)) return (row[row.length - 1] as Uint8Array).slice()
        opened.database.transaction(() => {
          drop(opened, ...key)
          if (label) grow(opened, key[0], label)
        })
        return null
      }),
    put: (label, body) =>
      guarded((opened) => {
        const { database } = opened
        const row = rowOf({ ...label, bodyBytes: body.length })
        const [space, item, part] = row
        database.transaction(() => {
          drop(opened, space, item, part)
          database.run(`INSERT INTO snapshots (${LABEL_COLUMNS}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...row, labelChecksumOf(row), crc32(body), body)
          database.run('DELETE FROM growth WHERE space = ? AND item = ? AND part = ?', space, item, part)
        })
      }),
    notedUpTo: (space) =>
      guarded(({ database }) => {
        const row = database.get('SELECT seq, tail FROM noted WHERE space = ?', blobOf(space))
        return typeof row?.seq === 'number' && row.tail instanceof Uint8Array ? { seq: row.seq, tailHash: row.tail.slice() } : { seq: 0, tailHash: EMPTY_TAIL_HASH }
      }),
    note: (space, upTo, grown) =>
      guarded((opened) => {
        const { database } = opened
        const blob = blobOf(space)
        database.transaction(() => {
          for (const one of grown) grow(opened, blob, one)
          database.run('INSERT INTO noted (space, seq, tail) VALUES (?, ?, ?) ON CONFLICT (space) DO UPDATE SET seq = excluded.seq, tail = excluded.tail', blob, upTo.seq, upTo.tailHash)
        })
      }),
    due: (space, countMax, entriesCountMin) =>
      guarded((opened) => {
        const last = new Map(labels(opened, space).map((label) => [`${label.item}/${label.part}`, label]))
        const due: Growth[] = []
        for (const [item, part, entriesCount, entriesBytes] of opened.prepared.growth.iterate(blobOf(space)) as unknown as Iterable<unknown[]>) {
          const named = SNAPSHOT_PARTS.find((one) => partNo(one) === part)
          // Damage may have changed the types of its fields; without a checksum, that is all that can be seen.
          if (named === undefined || !(item instanceof Uint8Array) || item.length !== ID_BYTES || typeof entriesCount !== 'number' || typeof entriesBytes !== 'number') continue
          const grown: Growth = { item: idOf(item), part: named, entriesCount, entriesBytes }
          if (isDue(grown, last.get(`${grown.item}/${named}`) ?? null, entriesCountMin)) due.push(grown)
          if (due.length >= countMax) break
        }
        return due
      }),
    forget(space) {
      try {
        guarded((opened) => {
          const { database, prepared } = opened
          const blob = blobOf(space)
          database.transaction(() => {
            // It may be an erasure: damage may hide a row from the index, or hide whose it is, and it goes all the same.
            const gone = [...(prepared.everyLabel.iterate() as unknown as Iterable<unknown[]>)].filter((row) => (labelOf(row)?.space ?? space) === space)
            for (const row of gone) database.run('DELETE FROM snapshots WHERE rowid = ?', row.at(-1) as number)
            for (const table of ['noted', 'growth']) database.run(`DELETE FROM ${table} WHERE space = ?`, blob)
          })
          // Nothing stays in free pages; where they cannot be written over (no room, damage, somebody who reads), the whole file goes.
          if (!scrub(database)) throwAway(opened)
        })
      } catch (problem) {
        if (!isCorrupt(problem)) throw problem // begun anew, it holds nothing of this space either
      }
    },
    close() {
      if (isClosed) return
      isClosed = true
      file?.database.close()
    },
  }
}

export interface SnapshotsReport {
  snapshots: number
  /** What is wrong, a sentence each. One whose history is not the log's is not wrong: it is not used. */
  problems: { space: SpaceId | null; text: string }[]
}

/** Compares every row with its checksums; changes nothing. */
export function verifySnapshotFile(folder: string): SnapshotsReport {
  const path = join(folder, SNAPSHOTS_FILE)
  const report: SnapshotsReport = { snapshots: 0, problems: [] }
  const found = (space: SpaceId | null, text: string): void => void report.problems.push({ space, text: `${text} The relay throws it away and sends the entries.` })
  if (!existsSync(path)) return report
  const opened = openDatabase({ path, applicationId: SNAPSHOTS_APPLICATION_ID, migrations: SNAPSHOTS_MIGRATIONS, mode: 'read' })
  if (!opened.ok) {
    found(null, `${SNAPSHOTS_FILE} cannot be read (${opened.failure.kind}).`)
    return report
  }
  const database = opened.value
  try {
    const statement = database.prepare(`SELECT ${LABEL_COLUMNS}, body FROM snapshots`)
    statement.setReturnArrays(true)
    for (const row of statement.iterate() as unknown as Iterable<unknown[]>) {
      report.snapshots++
      const label = labelOf(row)
      if (!label || !isBody(label, row)) found(label?.space ?? null, `The snapshot of item ${label?.item ?? '(unknown)'} is damaged.`)
    }
  } catch (error) {
    const problem = problemOf(error)
    if (!(problem instanceof StoreProblem)) throw problem
    found(null, `${SNAPSHOTS_FILE} is damaged.`)
  } finally {
    database.close()
  }
  return report
}
