/**
 * The machine that the relay runs on: a disk that survives, a process that can be killed at any commit, backups, and a clock of its own.
 * Every synced commit is shown to the judge before the relay hears of it; after every restart the disk is read back whole.
 */
import type { Directory } from '../../server/auth/directory.ts'
import type { Relay, RelayDeps, RelaySession } from '../../server/relay/api.ts'
import type { Connection } from '../../server/relay/connection.ts'
import { createMemoryLog, putBackMemoryLog, restoreMemoryLog, type MemoryBackup, type MemoryLog, type MemoryLogOptions } from '../../server/store/memory-log.ts'
import { createEraser, type EraseOrder } from '../../server/derive/eraser.ts'
import { deletedRanges } from '../../server/derive/deleted-ranges.ts'
import { createSnapshotService } from '../../server/derive/snapshot-service.ts'
import type { Erasure } from '../../server/store/erase.ts'
import type { AppendRequest, Log } from '../../server/store/log.ts'
import { createMemorySnapshots } from '../../server/store/memory-snapshots.ts'
import type { Snapshots } from '../../server/store/snapshots.ts'
import type { Epoch, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import { ok } from '../../shared/base/result.ts'
import { ERASED_RANGES_BYTES_MAX } from '../../shared/model/limits.ts'
import { encodeRanges } from '../../shared/protocol/erase-prose.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import type { Checker } from './checker.ts'
import { type Machine, type Process, type Scheduler } from './scheduler.ts'

export interface RelayHostDeps {
  scheduler: Scheduler
  /** Latencies of the disk. */
  diskDice: Dice
  /** Epochs. */
  logDice: Dice
  relayDice(life: number): Dice
  directory: Directory
  spaces: readonly SpaceId[]
  checker: Checker
  createRelay(deps: RelayDeps): Relay
  /** Latencies of the file with the snapshots. */
  snapshotDice: Dice
  openReader: (log: Pick<Log, 'readItem'>) => Parameters<typeof createSnapshotService>[0]['openReader']
  /** Seams for misbehaviour; each gets the honest thing and gives back what is used. */
  sabotage: { log?(log: Log): Log; erasures?(honest: readonly Erasure[]): readonly Erasure[]; snapshots?(snapshots: Snapshots, log: Log): Snapshots; directory?(directory: Directory): Directory }
  /** In a synced commit. */
  onCommitted(entries: readonly Entry[]): void
  onDied(): void
  counted(what: string): void
  reported(event: { kind: string; [detail: string]: unknown }): void
}

export interface VirtualRelayHost {
  readonly process: Process | null
  readonly relay: Relay | null
  readonly machine: Machine
  accept(connection: Connection, user: UserId): RelaySession | null
  start(): Promise<void>
  kill(downMs: number): void
  /** Dies at its n-th commit from now: before the commit is synced, or after that and before anybody hears. */
  armKill(atCommit: number, torn: 'before' | 'after', downMs: number): void
  /** Takes back planned deaths. */
  disarm(): void
  failCommits(count: number, torn: 'before' | 'after'): void
  backup(): void
  /** Sets the machine back to the last backup, under a new epoch. False: there is none. */
  restore(downMs: number): boolean
  /** An image of the machine, as it is at this moment. */
  takeImage(): void
  /** Puts the machine back to its image. False: there is none, or it is of another epoch, or nothing came since. */
  putBackImage(downMs: number): boolean
  /** What a person asks for in the dialog. False: nobody listens. */
  erase(order: Pick<EraseOrder, 'space' | 'item' | 'mode'>): boolean
  /** The whole log, as it is on the disk. */
  entriesOf(space: SpaceId): Promise<Entry[]>
  /** Every snapshot beside it. */
  snapshotsOf(space: SpaceId): Promise<{ item: ItemId; part: Part; body: Uint8Array }[]>
  readonly isUp: boolean
}

const ALL = Number.MAX_SAFE_INTEGER
/** A snapshot after a few entries already, and for everybody: what takes weeks elsewhere happens in a schedule. */
const SNAPSHOT_ENTRIES_COUNT = 3
const EAGER = { entriesCountMin: 3, gainMin: 0 }

export function createRelayHost(deps: RelayHostDeps): VirtualRelayHost {
  const { scheduler, checker, counted } = deps
  const machine: Machine = { clockOffsetMs: 0 }
  let log: MemoryLog
  let process: Process | null = null
  let relay: Relay | null = null
  let life = 0
  let armed: { left: number; torn: 'before' | 'after'; downMs: number } | null = null
  let faults: { left: number; torn: 'before' | 'after' } = { left: 0, torn: 'before' }
  /** Lies on the same machine as the log, and is not in its backups. */
  const kept = createMemorySnapshots()
  let service: ReturnType<typeof createSnapshotService> | null = null
  let lastBackup: MemoryBackup | null = null
  let image: { backup: MemoryBackup; heads: ReadonlyMap<SpaceId, { epoch: Epoch; head: number }> } | null = null
  let starting = false
  let isErasing = false
  /** An erasure is on the disk, and the relay has not been told. */
  let isUnheard = false
  /** Prose of the item that is being erased, as it was read to find out what is deleted in it: what is deleted after that is not erased. */
  let seenDeleted: readonly Entry[] = []
  /** Batches whose appends have been asked and not yet synced, in order. */
  let asked: (readonly AppendRequest[])[] = []

  const isDue = (torn: 'before' | 'after'): boolean => armed !== null && armed.torn === torn && armed.left <= 0
  const dieArmed = (): void => {
    const downMs = armed?.downMs ?? 0
    counted(`relay killed ${armed?.torn ?? ''} a commit`)
    armed = null
    host.kill(downMs)
  }

  /** Options of one life: steps of a commit take virtual time and belong to the process. */
  let lastStepAt = 0
  const optionsOf = (alive: () => boolean): MemoryLogOptions => ({
    dice: deps.logDice,
    schedule(step, run) {
      const handle = log
      // Steps keep the order in which they were asked for.
      lastStepAt = Math.max(lastStepAt, scheduler.now + 1 + below(deps.diskDice, step === 'sync' ? 6 : 2))
      scheduler.after(lastStepAt - scheduler.now, () => {
        if (!alive() || handle !== log) return
        if (step === 'answer') {
          run()
          if (!isUnheard) return
          isUnheard = false
          return void scheduler.after(0, checker.erasuresHeard)
        }
        const batch = asked.shift() ?? []
        if (armed) armed.left--
        if (isDue('before')) return dieArmed()
        const erasuresCount = handle.allErasures().length
        run()
        const erasure = handle.allErasures()[erasuresCount]
        if (erasure) {
          isUnheard = true
          showErased(handle, erasure)
        }
        else showCommitted(handle, batch)
        // Synced and shown; nobody else has heard of it when the process dies here.
        if (isDue('after')) void Promise.resolve().then(dieArmed)
      })
    },
    fault() {
      if (faults.left === 0) return 'none'
      faults.left--
      counted(`commit failed ${faults.torn} writing`)
      return faults.torn === 'before' ? 'failed' : 'unsure'
    },
  })

  /** What this commit added, read from the disk at once: microtasks of the same step, before anybody else can look. */
  const showCommitted = (handle: Log, batch: readonly AppendRequest[]): void => {
    for (const space of new Set(batch.map((request) => request.entry.space))) {
      const model = checker.spaces.get(space)
      if (!model) continue
      const from = model.entries.length
      void handle.read(space, from, ALL, ALL).then(({ entries, tailHashAfter }) => {
        if (entries.length === 0) return
        deps.onCommitted(entries)
        checker.committed(batch, [], [{ space, epoch: model.epoch, entries, tailHashAfter }])
      })
    }
  }

  /** The log of a space was rewritten: seen at once as well, and by nobody before. */
  const showErased = (handle: Log, { space, item, mode }: Erasure): void => {
    counted(`erased ${mode}`)
    void Promise.all([handle.head(space), handle.read(space, 0, ALL, ALL)]).then(([head, { entries }]) => {
      if (head) checker.logErased(space, head.epoch, item, mode, entries, seenDeleted)
    })
  }

  /** The log as the relay gets it: appends announced to the judge, answers compared with what was synced. */
  const watched = (honest: Log): Log => ({
    ...honest,
    append(batch) {
      asked.push(batch)
      checker.asked(batch)
      return honest.append(batch).then((outcome) => {
        for (const result of outcome.results) {
          if (result.kind === 'stored' && result.repeated) counted('repeated entry acknowledged again')
        }
        checker.committed(batch, outcome.results, [])
        return outcome
      })
    },
  })

  /** Writing takes a moment, and a process that dies meanwhile has written nothing. */
  const onDisk = (alive: () => boolean): Snapshots => {
    const write = <T>(what: string, work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        scheduler.after(1 + below(deps.snapshotDice, 1_500), () => {
          if (!alive()) return counted('relay died over a snapshot')
          counted(what)
          work().then(resolve, reject)
        })
      })
    return {
      ...kept,
      put: (label, body) => write('relay stored a snapshot', () => kept.put(label, body)),
      note: (...question) => write('relay noted what grew', () => kept.note(...question)),
      forget: (space) => write('relay forgot snapshots of another history', () => kept.forget(space)),
    }
  }

  const begin = (): void => {
    life++
    isErasing = isUnheard = false
    checker.erasuresHeard()
    const born = scheduler.process(`relay#${life}`, machine)
    process = born
    asked = []
    const alive = (): boolean => !born.isDead
    // A dead relay hears nothing more of anybody's rights.
    const honest: Directory = {
      ...deps.directory,
      onDidChangeRole: (listener) => deps.directory.onDidChangeRole((value) => void (alive() && listener(value))),
      onDidSignOut: (listener) => deps.directory.onDidSignOut((value) => void (alive() && listener(value))),
    }
    const directory = deps.sabotage.directory?.(honest) ?? honest
    const seen = watched(log)
    const snapshots = deps.sabotage.snapshots?.(onDisk(alive), log) ?? onDisk(alive)
    relay = deps.createRelay({
      log: deps.sabotage.log?.(seen) ?? seen,
      directory,
      clock: born.clock,
      dice: deps.relayDice(life),
      build: 'sim',
      snapshots: { kept: snapshots, policy: EAGER },
      report: (event) => void (alive() && deps.reported(event)),
    })
    service = createSnapshotService({
      log, relay, snapshots, clock: born.clock, spaces: () => deps.spaces, openReader: deps.openReader(log), entriesCountMin: SNAPSHOT_ENTRIES_COUNT,
      report: (event) => void (alive() && deps.reported(event)),
    })
  }

  const readBack = async (how: 'restarted' | 'restored' | 'put back'): Promise<void> => {
    for (const space of deps.spaces) {
      const head = await log.ensureSpace(space)
      const { entries } = await log.read(space, 0, ALL, ALL)
      if (how === 'restored') checker.logOpened(space, head.epoch, entries)
      else if (how === 'put back') checker.logPutBack(space, entries)
      else checker.logReadBack(space, head.epoch, entries)
    }
  }
  const stop = (): void => {
    process?.kill()
    service?.dispose()
    relay = null
    log.crash()
    deps.onDied()
    starting = true
  }
  const startAfter = (downMs: number, how: Parameters<typeof readBack>[0], open: (options: MemoryLogOptions) => MemoryLog): void =>
    void scheduler.after(downMs, () => {
      log = open(optionsOf(() => process !== null && !process.isDead))
      void readBack(how).then(() => {
        starting = false
        begin()
      })
    })

  /** As the judge saw them: what is asked of the disk at this moment is not in it yet. */
  const headsNow = (): Map<SpaceId, { epoch: Epoch; head: number }> => new Map([...checker.spaces].map(([space, { epoch, entries }]) => [space, { epoch, head: entries.length }]))

  const host: VirtualRelayHost = {
    get process() {
      return process
    },
    get relay() {
      return relay
    },
    machine,
    get isUp() {
      return relay !== null && !starting
    },
    accept: (connection, user) => (relay && process && !process.isDead ? relay.accept(connection, user) : null),
    async start() {
      log = createMemoryLog(optionsOf(() => process !== null && !process.isDead))
      for (const space of deps.spaces) {
        const head = await log.ensureSpace(space)
        checker.logOpened(space, head.epoch, [])
      }
      begin()
    },
    kill(downMs) {
      if (!process || process.isDead) return
      counted('relay killed')
      stop()
      startAfter(downMs, 'restarted', (options) => log.reopen(options))
    },
    armKill(atCommit, torn, downMs) {
      armed = { left: atCommit, torn, downMs }
    },
    disarm: () => void (armed = null),
    failCommits(count, torn) {
      faults = { left: count, torn }
    },
    backup() {
      if (process && !process.isDead) lastBackup = log.backup()
    },
    restore(downMs) {
      if (!lastBackup || !process || process.isDead) return false
      const backup = lastBackup
      const erasures = deps.sabotage.erasures?.(log.allErasures()) ?? log.allErasures()
      counted('relay set back to a backup')
      stop()
      // The list of erasures lies beside the log and is as old as the machine.
      startAfter(downMs, 'restored', (options) => restoreMemoryLog(backup, { ...options, erasures }))
      return true
    },
    takeImage() {
      if (process && !process.isDead) image = { backup: log.backup(), heads: headsNow() }
    },
    putBackImage(downMs) {
      if (!image || !process || process.isDead) return false
      const { backup, heads } = image
      const now = [...headsNow()]
      // Under another epoch it would be a backup; and what has not grown is no other log.
      if (!now.every(([space, { epoch }]) => heads.get(space)?.epoch === epoch) || !now.some(([space, { head }]) => head > (heads.get(space)?.head ?? 0))) return false
      counted('relay put back to an image of itself')
      stop()
      startAfter(downMs, 'put back', (options) => putBackMemoryLog(backup, options))
      return true
    },
    erase(order) {
      // One at a time, as one person asks for it: what the judge expects is what that one saw.
      if (!relay || !process || process.isDead || !service || isErasing) return false
      const [handle, born, made] = [log, process, service]
      const eraser = createEraser({
        log: { ...handle, scrub: () => Promise.resolve(true) },
        relay,
        reader: {
          ask: (async (_name: string, asked: { space: SpaceId; item: ItemId }) => {
            const entries = await handle.readItem(asked.space, asked.item, 'prose', 1, ALL, ALL)
            seenDeleted = entries
            return ok({ ranges: encodeRanges(deletedRanges(entries.map(({ payload }) => payload)), ERASED_RANGES_BYTES_MAX) })
          }) as Parameters<typeof createEraser>[0]['reader']['ask'],
          renew: () => undefined,
        },
        forgetDerived: (space) => made.forget(space),
        clock: born.clock,
        dice: deps.logDice,
        report: (event) => void (born.isDead || deps.reported(event)),
      })
      isErasing = true
      void eraser.erase({ ...order, reason: 'op verzoek', by: null }).then((done) => {
        isErasing = false
        if (!born.isDead) deps.reported({ kind: done.ok ? 'erased' : `not erased: ${done.failure.kind}` })
      })
      return true
    },
    snapshotsOf: async (space) => (await Promise.all((await kept.labels(space)).map(async (label) => ({ ...label, body: await kept.body(label) })))).flatMap(({ item, part, body }) => (body ? [{ item, part, body }] : [])),
    async entriesOf(space) {
      const { entries } = await log.read(space, 0, ALL, ALL)
      return entries
    },
  }
  return host
}

