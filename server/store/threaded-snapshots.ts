/** Snapshots as the relay uses them: a file in a thread of its own, opened when it is first asked, or before. */
import { Worker } from 'node:worker_threads'
import type { SnapshotFunctions, SnapshotThreadData } from './snapshot-thread.ts'
import type { Snapshots } from './snapshots.ts'
import { keepThread, THREAD_YOUNG_MB } from './thread-port.ts'

const NAMES = ['open', 'labels', 'body', 'put', 'notedUpTo', 'note', 'due', 'forget', 'close'] as const

export interface ThreadedSnapshotsOptions {
  folder: string
  report?(event: { kind: string; [detail: string]: unknown }): void
}

export interface ThreadedSnapshots extends Snapshots {
  /** Starts the thread, so that nobody who asks has to wait for it. Errors: what cannot be opened is reported, and tried again for whoever asks. */
  begin(): void
}

/** Errors: what is asked rejects with StoreProblem; whoever asks goes on without snapshots. */
export function createThreadedSnapshots({ folder, report }: ThreadedSnapshotsOptions): ThreadedSnapshots {
  const workerData: SnapshotThreadData = { folder }
  const died = (problem: unknown): void => report?.({ kind: 'store-thread-died', thread: 'snapshots', problem })
  const thread = keepThread<SnapshotFunctions>(
    () => new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData, resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MB }, name: 'snapshots' }), NAMES, (ask) => ask.open(), died,
  )
  return {
    begin: () => void thread.ask().catch(died),
    labels: async (...question) => (await thread.ask()).labels(...question),
    body: async (...question) => (await thread.ask()).body(...question),
    put: async (...question) => (await thread.ask()).put(...question),
    notedUpTo: async (...question) => (await thread.ask()).notedUpTo(...question),
    note: async (...question) => (await thread.ask()).note(...question),
    due: async (...question) => (await thread.ask()).due(...question),
    forget: async (...question) => (await thread.ask()).forget(...question),
    close: () => thread.close(),
  }
}
