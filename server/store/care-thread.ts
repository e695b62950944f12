/** A thread for one long job on the log (check, backup), beside the writer and the reader. Started by threaded-log.ts and ended after its job. */
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { backupLog, verifyLogFile } from './log-care.ts'
import { LOG_FILE } from './log-rows.ts'
import { answerFrom } from './thread-port.ts'
import { threadDice } from './thread-dice.ts'
import type { ThreadOptions } from './writer-thread.ts'

const { folder } = workerData as ThreadOptions

const functions = {
  backupTo: (file: string) => backupLog(folder, file, threadDice),
  verify: () => verifyLogFile(join(folder, LOG_FILE)),
  close: () => undefined,
}

export type CareFunctions = typeof functions
if (parentPort) answerFrom(parentPort, functions)
