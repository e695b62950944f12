/**
 * The disk of one laptop: the real in-memory store, with virtual latency before every commit, death of a tab between any two commits, and
 * a disk that is full for a while. Everything that commits is shown to the judge at that very moment, with its arguments.
 */
import { createMemoryDevice, type MemoryStore } from '../../client/engine/memory-store.ts'
import type { EngineStore } from '../../client/engine/store.ts'
import type { EntryId } from '../../shared/base/ids.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import type { Scheduler } from './scheduler.ts'

export type StoreWrite = Extract<
  keyof EngineStore,
  | 'putLocal' | 'putRun' | 'acknowledge' | 'park' | 'releaseParked' | 'discardParked' | 'unarchive' | 'recheckSpace' | 'finishRecheck' | 'offerAgain' | 'quarantine'
  | 'dropArchiveBefore' | 'putSnapshot' | 'adoptSnapshot' | 'putSpace' | 'removeSpace' | 'putRows' | 'putTexts' | 'putValue'
>
const READS = [
  'outbox', 'archive', 'entriesOf', 'partsOf', 'historyOf', 'entriesAfter', 'lastAt', 'unplaced', 'spaces', 'rows', 'row', 'dirty', 'texts', 'textsOf', 'staleTexts',
  'getValue', 'missing', 'countRows',
] as const satisfies readonly (keyof EngineStore)[]
const WRITES: readonly StoreWrite[] = [
  'putLocal', 'putRun', 'acknowledge', 'park', 'releaseParked', 'discardParked', 'unarchive', 'recheckSpace', 'finishRecheck', 'offerAgain', 'quarantine',
  'dropArchiveBefore', 'putSnapshot', 'adoptSnapshot', 'putSpace', 'removeSpace', 'putRows', 'putTexts', 'putValue',
]

export interface StoreOwner {
  readonly name: string
  /** The tab crashes at a commit. */
  die(torn: 'before' | 'after'): void
}

export interface TabStore {
  store: EngineStore
  kill(): void
  /** The tab dies at its n-th commit from now, before it happens or right after it. */
  armKill(atWrite: number, torn: 'before' | 'after'): void
  disarm(): void
}

export interface Disk {
  openStore(owner: StoreOwner): TabStore
  failNext(count: number): void
  /** A row that waits is in the outbox no more. Out: whether there was one, with its entry in the content as well. */
  loseRow(entry: EntryId): boolean
  /** Reads without a tab: what is really on the disk. */
  readonly inspect: EngineStore
}

export interface DiskTap {
  written(owner: StoreOwner, name: StoreWrite, args: readonly unknown[]): void
  refused(owner: StoreOwner, name: StoreWrite): void
}

export function createDisk(scheduler: Scheduler, dice: Dice, tap: DiskTap): Disk {
  const device = createMemoryDevice()
  let failuresLeft = 0

  return {
    inspect: device.openStore(),
    failNext: (count) => void (failuresLeft = count),
    loseRow: device.loseRow,
    openStore(owner) {
      let armed: { left: number; torn: 'before' | 'after' } | null = null
      const asked: { name: StoreWrite; args: readonly unknown[] }[] = []
      let current: { name: StoreWrite; args: readonly unknown[] } | undefined
      const isDue = (torn: 'before' | 'after'): boolean => armed !== null && armed.torn === torn && armed.left <= 0
      const raw: MemoryStore = device.openStore({
        beforeCommit: () =>
          new Promise((resolve) => {
            current = asked.shift()
            scheduler.after(1 + below(dice, 4), () => {
              if (armed) armed.left--
              if (isDue('before')) return resolve('crash')
              if (failuresLeft > 0 && current) {
                failuresLeft--
                tap.refused(owner, current.name)
                return resolve('quota')
              }
              resolve('go')
            })
          }),
        afterCommit() {
          if (current) tap.written(owner, current.name, current.args)
          return isDue('after') ? 'crash' : 'go'
        },
        onCrash: () => owner.die(armed?.torn ?? 'before'),
      })
      let lastAsked: Promise<unknown> = Promise.resolve()
      const after = <T>(asked: Promise<T>): Promise<T> => {
        // Only that it ended counts here; whoever asked hears how it went.
        const ended = (): void => undefined
        lastAsked = asked.then(ended, ended)
        return asked
      }
      const store: EngineStore = { ...raw }
      for (const name of WRITES) {
        const write = raw[name] as (...args: unknown[]) => Promise<unknown>
        Object.assign(store, {
          [name]: (...args: unknown[]) => {
            asked.push({ name, args })
            return after(write(...args))
          },
        })
      }
      // As in a browser: a read waits for the writes that the same tab asked for before it, and what it read may be old news when it is heard.
      const moment = (): Promise<void> | undefined =>
        below(dice, 5) === 0 ? new Promise((resolve) => void scheduler.after(1 + below(dice, 2), resolve)) : undefined
      for (const name of READS) {
        const read = raw[name] as (...args: unknown[]) => Promise<unknown>
        const readLater = async (before: Promise<unknown>, args: unknown[]): Promise<unknown> => {
          await before
          await moment()
          const answer = await read(...args)
          await moment()
          return answer
        }
        Object.assign(store, { [name]: (...args: unknown[]) => after(readLater(lastAsked, args)) })
      }
      return { store, kill: () => raw.kill(), armKill: (atWrite, torn) => void (armed = { left: atWrite, torn }), disarm: () => void (armed = null) }
    },
  }
}
