/**
 * The log on SQLite in one folder, with the writer and the reader in this very thread: for tests and for the command line. The relay uses the
 * same two halves in threads of their own (threaded-log.ts), because every one of these calls blocks.
 */
import { join } from 'node:path'
import type { SpaceId } from '../../shared/base/ids.ts'
import type { Log } from './log.ts'
import { openLogDatabase, openLogFile, settingsOf, type LogFileOptions, type LogSettings } from './log-file.ts'
import { backupLog, verifyLogFile, type VerifyReport } from './log-care.ts'
import { createLogReader } from './log-reader.ts'
import { LOG_FILE } from './log-rows.ts'
import { createLogWriter } from './log-writer.ts'

/** A log that lies on a disk. */
export interface StoredLog extends Log {
  /** The database did not match the generation beside it (a restored backup): every space has a new epoch. */
  readonly restored: boolean
  /** Spaces whose end was found damaged at opening: they refuse entries, the others go on. */
  readonly damagedSpaces: readonly SpaceId[]
  settings(): Promise<LogSettings>
  /** A consistent copy while writing goes on; `file` must not exist. Errors: StoreProblem. */
  backupTo(file: string): Promise<void>
  /** Writes what an erasure left in free pages over; false when somebody who reads keeps them alive. */
  scrub(): Promise<boolean>
  /** Rehashes everything. */
  verify(): Promise<VerifyReport>
}

/** Opens or begins the log of a folder. Errors: rejects with StoreProblem, see openLogFile. */
export async function createSqliteLog(options: LogFileOptions): Promise<StoredLog> {
  const { folder, dice } = options
  const path = join(folder, LOG_FILE)
  const file = openLogFile(options)
  let isFirst = true
  // Opened again after a failure: the lock stays, only the connection is new.
  const open = () => {
    if (!isFirst) return openLogDatabase(path, 'write', options.bytesMax)
    isFirst = false
    return file.database
  }
  try {
    const writer = createLogWriter({ open, folder, dice })
    const reader = createLogReader(() => openLogDatabase(path, 'read'))
    return {
      restored: file.restored,
      damagedSpaces: writer.damagedSpaces(),
      append: async (batch) => writer.append(batch),
      ensureSpace: async (space) => writer.ensureSpace(space),
      erase: async (erasure) => writer.erase(erasure),
      erasures: async (space) => writer.erasures(space),
      scrub: async () => writer.scrub(),
      head: async (space) => reader.head(space),
      tailHashAt: async (space, seq) => reader.tailHashAt(space, seq),
      read: async (...question) => reader.read(...question),
      readItem: async (...question) => reader.readItem(...question),
      readSifted: async (...question) => reader.readSifted(...question),
      measure: async (...question) => reader.measure(...question),
      weigh: async (...question) => reader.weigh(...question),
      spaceOf: async (item) => reader.spaceOf(item),
      find: async (space, entry) => reader.find(space, entry),
      settings: async () => settingsOf(file.database),
      backupTo: async (target) => backupLog(folder, target, dice),
      verify: async () => verifyLogFile(path),
      async close() {
        // The reader first: the last connection to close moves the write-ahead log into the database, and only the writer can.
        reader.close()
        writer.close()
        file.close()
      },
    }
  } catch (error) {
    file.close()
    throw error
  }
}
