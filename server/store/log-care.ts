/**
 * What people do with a whole log: check it, copy it while it is being written, put a copy back. Synchronous and thorough; run in a
 * thread of its own or from the command line, never on the way of an edit.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { bytesEqual } from '../../shared/base/bytes.ts'
import { newId, type SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { sha256Native } from './admission.ts'
import { forgetGeneration, markAsBackup, openLogDatabase, problemOf, removeSideFiles, syncFolder } from './log-file.ts'
import { ENTRY_COLUMNS, entryOf, idOf, LOG_FILE, placeOf, SEQ_MAX, type EntryRow } from './log-rows.ts'
import { StoreProblem } from './problem.ts'

export interface VerifyReport {
  spaces: number
  entries: number
  payloadBytes: number
  /** What is wrong, a sentence each; empty when nothing is. Of one space only the first damage and the end are named. */
  problems: { space: SpaceId | null; text: string }[]
}

/**
 * Rehashes every chain: seq dense, every row intact, items linked, tail hashes equal, SQLite's own structure sound.
 * In: a log file, in use or not. Errors: StoreProblem when it cannot be opened. Cost: reads everything once.
 */
export function verifyLogFile(path: string): VerifyReport {
  const database = openLogDatabase(path, 'read')
  const report: VerifyReport = { spaces: 0, entries: 0, payloadBytes: 0, problems: [] }
  const found = (space: SpaceId | null, text: string): void => void report.problems.push({ space, text })
  try {
    for (const row of database.all('PRAGMA integrity_check(20)')) if (row.integrity_check !== 'ok') found(null, String(row.integrity_check))
    const statement = database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entries e JOIN items i ON i.no = e.item WHERE e.place > ? AND e.place <= ? ORDER BY e.place`)
    statement.setReturnArrays(true)
    // One look at one moment, however long it takes.
    database.run('BEGIN')
    for (const row of database.all('SELECT no, space, head, tail FROM spaces ORDER BY no')) {
      report.spaces++
      const [no, blob, head, headTail] = [Number(row.no), row.space as Uint8Array, Number(row.head), row.tail as Uint8Array]
      const space = idOf(blob)
      const lastOf = new Map<string, number>()
      let seq = 0
      let tail: Uint8Array = EMPTY_TAIL_HASH
      try {
        for (const raw of statement.iterate(placeOf(no, 0), placeOf(no, SEQ_MAX)) as unknown as Iterable<EntryRow>) {
          const entry = entryOf(space, blob, raw)
          if (entry.seq !== seq + 1) throw new StoreProblem('corrupt', `Entry ${seq + 1} is missing.`)
          if (entry.prevItemSeq !== (lastOf.get(entry.item) ?? 0)) throw new StoreProblem('corrupt', `Entry ${entry.seq} is not linked to the one before it of its item.`)
          tail = nextTailHash(tail, entry.seq, entry.entry, sha256Native(entry.payload), sha256Native)
          if (!bytesEqual(tail, raw[11])) throw new StoreProblem('corrupt', `The hash chain breaks at entry ${entry.seq}.`)
          lastOf.set(entry.item, entry.seq)
          seq = entry.seq
          report.entries++
          report.payloadBytes += entry.payload.length
        }
        if (seq !== head || !bytesEqual(tail, headTail)) found(space, `The log ends at entry ${seq}, its head says ${head}.`)
      } catch (error) {
        const problem = problemOf(error)
        if (!(problem instanceof StoreProblem)) throw problem
        found(space, problem.message)
      }
    }
    database.run('COMMIT')
  } finally {
    database.close()
  }
  return report
}

/**
 * A consistent copy of the log as it is at one moment, while it is being written. Put back anywhere, it is recognised as a backup.
 * In: `file` must not exist. Out: synced. Errors: StoreProblem; nothing is left behind then.
 */
export function backupLog(folder: string, file: string, dice: Dice): void {
  const target = resolve(file)
  if (existsSync(target)) throw new StoreProblem('failed', `${target} exists already.`)
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  const source = openLogDatabase(join(folder, LOG_FILE), 'read')
  try {
    source.run('VACUUM INTO ?', partial)
    markAsBackup(partial, newId(dice))
    const handle = openSync(partial, 'r')
    fsyncSync(handle)
    closeSync(handle)
    renameSync(partial, target)
    syncFolder(dirname(target))
  } catch (error) {
    rmSync(partial, { force: true })
    throw problemOf(error)
  } finally {
    removeSideFiles(partial)
    source.close()
  }
}

/**
 * Puts a log in the place of that of a folder whose relay is stopped. At the next start every space has a new epoch.
 * In: one on the same file system that was checked and marked as a backup (`markAsBackup`); it moves.
 */
export function putLogInPlace(folder: string, fresh: string): void {
  const path = join(folder, LOG_FILE)
  // From here on a power cut leaves a log without a generation: whatever it is then, its spaces get new epochs.
  forgetGeneration(folder)
  // What the old database had beside it would be read as part of the new one.
  removeSideFiles(path)
  renameSync(fresh, path)
  syncFolder(folder)
}
