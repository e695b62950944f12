/** The thread that reads the log: catch-up and history never wait for a commit, and a commit never waits for them. Started by threaded-log.ts. */
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import { openLogDatabase } from './log-file.ts'
import { createLogReader, type LogReader } from './log-reader.ts'
import { LOG_FILE } from './log-rows.ts'
import { packEntries } from './packing.ts'
import { answerFrom } from './thread-port.ts'
import type { ThreadOptions } from './writer-thread.ts'

const { folder } = workerData as ThreadOptions
let reader: LogReader | null = null
const opened = (): LogReader => must(reader, 'the log is opened first')

const functions = {
  open() {
    reader = createLogReader(() => openLogDatabase(join(folder, LOG_FILE), 'read'))
  },
  head: (...question: Parameters<LogReader['head']>) => opened().head(...question),
  tailHashAt: (...question: Parameters<LogReader['tailHashAt']>) => opened().tailHashAt(...question),
  read(...question: Parameters<LogReader['read']>) {
    const { entries, ...rest } = opened().read(...question)
    return { ...rest, entries: packEntries(entries) }
  },
  readItem: (...question: Parameters<LogReader['readItem']>) => packEntries(opened().readItem(...question)),
  readSifted(...question: Parameters<LogReader['readSifted']>) {
    const { entries, ...rest } = opened().readSifted(...question)
    return { ...rest, entries: packEntries(entries) }
  },
  measure: (...question: Parameters<LogReader['measure']>) => opened().measure(...question),
  weigh: (...question: Parameters<LogReader['weigh']>) => opened().weigh(...question),
  spaceOf: (...question: Parameters<LogReader['spaceOf']>) => opened().spaceOf(...question),
  find(...question: Parameters<LogReader['find']>) {
    const entry = opened().find(...question)
    return packEntries(entry ? [entry] : [])
  },
  close: () => reader?.close(),
}

export type ReaderFunctions = typeof functions
if (parentPort) answerFrom(parentPort, functions)
