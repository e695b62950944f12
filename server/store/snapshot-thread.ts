/** The thread that keeps snapshots: their writing and syncing hold up neither commits nor catch-ups. Started by threaded-snapshots.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import { openSnapshotFile, type SnapshotFile } from './snapshot-file.ts'
import { answerFrom } from './thread-port.ts'

export interface SnapshotThreadData {
  folder: string
}

const { folder } = workerData as SnapshotThreadData
let file: SnapshotFile | null = null
const opened = (): SnapshotFile => must(file, 'the snapshots are opened first')

const functions = {
  open() {
    file = openSnapshotFile(folder)
  },
  labels: (...question: Parameters<SnapshotFile['labels']>) => opened().labels(...question),
  body: (...question: Parameters<SnapshotFile['body']>) => opened().body(...question),
  put: (...question: Parameters<SnapshotFile['put']>) => opened().put(...question),
  notedUpTo: (...question: Parameters<SnapshotFile['notedUpTo']>) => opened().notedUpTo(...question),
  note: (...question: Parameters<SnapshotFile['note']>) => opened().note(...question),
  due: (...question: Parameters<SnapshotFile['due']>) => opened().due(...question),
  forget: (...question: Parameters<SnapshotFile['forget']>) => opened().forget(...question),
  close: () => file?.close(),
}

export type SnapshotFunctions = typeof functions
if (parentPort) answerFrom(parentPort, functions)
