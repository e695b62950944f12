/**
 * The log as the relay uses it: one thread writes, one reads, long jobs get a thread of their own; the event loop of the sockets never waits
 * for a disk. A thread that dies takes its unanswered questions with it (they reject, nothing of them is acknowledged) and is started
 * again by the next question, which opens the log anew with all its checks.
 */
import { Worker } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import type { Entry } from '../../shared/model/entries.ts'
import type { CareFunctions } from './care-thread.ts'
import type { LogSettings } from './log-file.ts'
import { packRequests, unpackEntries } from './packing.ts'
import type { ReaderFunctions } from './reader-thread.ts'
import type { StoredLog } from './sqlite-log.ts'
import { askThread, keepThread, THREAD_YOUNG_MB, type Asked } from './thread-port.ts'
import type { ThreadOptions, WriterFunctions } from './writer-thread.ts'

export interface ThreadedLogOptions extends ThreadOptions {
  /** For whoever runs the relay: a thread died and will be started again. */
  report?(event: { kind: string; [detail: string]: unknown }): void
}

const WRITER = ['open', 'append', 'ensureSpace', 'erase', 'erasures', 'scrub', 'close'] as const
const READER = ['open', 'head', 'tailHashAt', 'read', 'readItem', 'readSifted', 'measure', 'weigh', 'spaceOf', 'find', 'close'] as const
const CARE = ['backupTo', 'verify', 'close'] as const

/** What a batch of entries leaves behind is gone before it is looked at twice: in 6 it is carried over, and a tenth of the writer's time goes to that. */
const WRITER_YOUNG_MB = 24

/** Opens or begins the log of a folder, which must exist. Errors: rejects with StoreProblem, see openLogFile. */
export async function createThreadedLog({ report, ...options }: Omit<ThreadedLogOptions, 'isAgain'>): Promise<StoredLog> {
  let about: { restored: boolean; damagedSpaces: string[]; settings: LogSettings } | null = null
  const started = (file: string, youngMb = THREAD_YOUNG_MB) => (): Worker => new Worker(new URL(file, import.meta.url), { workerData: { ...options, isAgain: about !== null } satisfies ThreadOptions, resourceLimits: { maxYoungGenerationSizeMb: youngMb } })
  const died = (thread: string) => (problem: unknown): void => report?.({ kind: 'store-thread-died', thread, problem })
  const writer = keepThread<WriterFunctions>(started('./writer-thread.ts', WRITER_YOUNG_MB), WRITER, async (ask) => (about = await ask.open()), died('writer'))
  // The reader's thread comes up meanwhile; it opens what the writer has opened, made or brought forward.
  const reader = keepThread<ReaderFunctions>(started('./reader-thread.ts'), READER, async (ask) => {
    await writer.ask()
    await ask.open()
  }, died('reader'))
  try {
    await Promise.all([writer.ask(), reader.ask()])
  } catch (error) {
    await reader.close()
    await writer.close()
    throw error
  }
  const opened = () => must(about, 'the writer said what it found when it opened')

  async function care<T>(job: (ask: Asked<CareFunctions>) => Promise<T>): Promise<T> {
    const thread = askThread<CareFunctions>(started('./care-thread.ts')(), CARE, () => undefined)
    try {
      return await job(thread.ask)
    } finally {
      await thread.end('close')
    }
  }

  return {
    get restored() {
      return opened().restored
    },
    get damagedSpaces() {
      return opened().damagedSpaces
    },
    async append(batch) {
      const { results, runs } = await (await writer.ask()).append(packRequests(batch))
      return {
        results,
        runs: runs.map(({ space, epoch, tailHashAfter, places, changed }) => ({
          space, epoch, tailHashAfter,
          entries: places.map(([request, seq, prevItemSeq]): Entry => {
            const { entry, author, serverTime } = must(batch[request], 'the place of a request')
            const payload = changed.find(([its]) => its === seq)?.[1] ?? entry.payload
            return { ...entry, payload, seq, prevItemSeq, author, serverTime }
          }),
        })),
      }
    },
    ensureSpace: async (space) => (await writer.ask()).ensureSpace(space),
    erase: async (erasure) => (await writer.ask()).erase(erasure),
    erasures: async (space) => (await writer.ask()).erasures(space),
    scrub: async () => (await writer.ask()).scrub(),
    head: async (space) => (await reader.ask()).head(space),
    tailHashAt: async (space, seq) => (await reader.ask()).tailHashAt(space, seq),
    async read(...question) {
      const { entries, ...rest } = await (await reader.ask()).read(...question)
      return { ...rest, entries: unpackEntries(entries) }
    },
    readItem: async (...question) => unpackEntries(await (await reader.ask()).readItem(...question)),
    async readSifted(...question) {
      const { entries, ...rest } = await (await reader.ask()).readSifted(...question)
      return { ...rest, entries: unpackEntries(entries) }
    },
    measure: async (...question) => (await reader.ask()).measure(...question),
    weigh: async (...question) => (await reader.ask()).weigh(...question),
    spaceOf: async (item) => (await reader.ask()).spaceOf(item),
    async find(...question) {
      return unpackEntries(await (await reader.ask()).find(...question))[0] ?? null
    },
    settings: async () => opened().settings,
    backupTo: (file) => care((ask) => ask.backupTo(file)),
    verify: () => care((ask) => ask.verify()),
    async close() {
      // The reader first: the last connection to close moves the write-ahead log into the database, and only the writer can.
      await reader.close()
      await writer.close()
    },
  }
}
