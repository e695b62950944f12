/**
 * A log in memory, for tests and the simulator: the same admission as the real one, on a disk that can be made to misbehave.
 *
 * Appends wait in a queue until the handed-in scheduler runs their commit, in order. Each has two steps, so that a crash can fall between
 * them: `sync` makes the batch durable (or fails), `answer` tells the caller. What was synced belongs to the disk, not to this handle: after
 * `crash()` the handle never answers again, and `reopen()` gives a new one on what was synced. Deterministic; no timers, dice handed in.
 */
import { must } from '../../shared/base/assert.ts'
import { newId, NO_ID, type EntryId, type Epoch, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { NO_ACTS, type ActsState } from '../../shared/model/acts.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import { eraseProse } from '../../shared/protocol/erase-prose.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { admit, sha256Native, type Lookups, type Owner } from './admission.ts'
import { erasedItems, type Erased, type ErasedItem, type Erasure } from './erase.ts'
import type { AppendRequest, AppendResult, CommittedRun, Log, SpaceHead } from './log.ts'
import { StoreProblem } from './problem.ts'
import { collectRuns, takeWithin } from './runs.ts'

export interface MemoryLogOptions {
  /** Mints epochs. */
  dice: Dice
  /** Runs one step of a commit, at once or later, in the order given. Default: in a microtask. */
  schedule?(step: 'sync' | 'answer', run: () => void): void
  /**
   * Asked once per commit. `failed`: the disk refuses and nothing is stored. `unsure`: the commit reports failure, yet the batch is there
   * afterwards (a failed fsync). Both reject the append.
   */
  fault?(): 'none' | 'failed' | 'unsure'
  /** Of the log that was there before, for a backup that is put back. */
  erasures?: readonly Erasure[]
}

export interface MemoryLog extends Log {
  /** The process dies: what was not synced is gone, no promise of this handle settles any more. */
  crash(): void
  /** A new handle on what was synced; the old one must have crashed or been closed. */
  reopen(options?: MemoryLogOptions): MemoryLog
  /** What lies beside the log: put back with an older backup, it is carried out again. */
  allErasures(): readonly Erasure[]
  /** What is on the disk now, as a backup would hold it. */
  backup(): MemoryBackup
}

interface SpaceStore {
  epoch: Epoch
  restored: boolean
  entries: Entry[]
  /** By seq − 1. */
  tailHashes: Uint8Array[]
  places: Map<EntryId, { seq: number; payloadHash: Uint8Array }>
}

interface Disk {
  spaces: Map<SpaceId, SpaceStore>
  items: Map<ItemId, { space: SpaceId; lastSeq: number }>
  owners: Map<string, Owner>
  changes: Set<string>
  acts: Map<ItemId, ActsState>
  erasures: Erasure[]
  erased: Map<ItemId, ErasedItem>
}

/** Opaque to callers. */
export interface MemoryBackup {
  readonly disk: unknown
}

const emptyDisk = (): Disk => ({ spaces: new Map(), items: new Map(), owners: new Map(), changes: new Set(), acts: new Map(), erasures: [], erased: new Map() })

// Rows are never changed in place, so a copy of the maps is a copy of the disk.
const copyOf = (disk: Disk): Disk => ({
  spaces: new Map(
    [...disk.spaces].map(([id, store]) => [id, { ...store, entries: [...store.entries], tailHashes: [...store.tailHashes], places: new Map(store.places) }]),
  ),
  items: new Map(disk.items),
  owners: new Map(disk.owners),
  changes: new Set(disk.changes),
  acts: new Map(disk.acts),
  erasures: [...disk.erasures],
  erased: new Map(disk.erased),
})

const weightOf = (entries: readonly Entry[]): { entriesCount: number; entriesBytes: number } => ({
  entriesCount: entries.length,
  entriesBytes: entries.reduce((sum, { payload }) => sum + payload.length, 0),
})

/** The same as erase.ts does to the database. */
function carryOut(disk: Disk, erasure: Erasure, epoch: Epoch): Erased | null {
  const { space, item, mode } = erasure
  disk.erasures = [...disk.erasures, erasure]
  disk.erased = erasedItems(disk.erasures)
  const store = disk.spaces.get(space)
  if (!store) return null
  const { ranges } = must(disk.erased.get(item), 'it was just noted')
  const entries: Entry[] = []
  const tailHashes: Uint8Array[] = []
  const lastOf = new Map<ItemId, number>()
  let entriesCount = 0
  store.places.clear()
  for (const entry of store.entries) {
    if (entry.item === item && mode === 'whole') {
      entriesCount++
      continue
    }
    const payload = entry.item === item && entry.part === 'prose' ? eraseProse(entry.payload, ranges) : entry.payload
    if (payload !== entry.payload) entriesCount++
    const seq = entries.length + 1
    const payloadHash = sha256Native(payload)
    entries.push({ ...entry, payload, seq, prevItemSeq: lastOf.get(entry.item) ?? 0 })
    tailHashes.push(nextTailHash(tailHashes.at(-1) ?? EMPTY_TAIL_HASH, seq, entry.entry, payloadHash, sha256Native))
    store.places.set(entry.entry, { seq, payloadHash })
    lastOf.set(entry.item, seq)
  }
  if (mode === 'whole' && disk.items.get(item)?.space === space) {
    disk.items.delete(item)
    for (const key of [...disk.owners.keys()]) if (key.startsWith(`${item}/`)) disk.owners.delete(key)
    for (const key of [...disk.changes]) if (key.startsWith(`${item}/`)) disk.changes.delete(key)
    disk.acts.delete(item)
  }
  for (const [one, lastSeq] of lastOf) disk.items.set(one, { space, lastSeq })
  Object.assign(store, { entries, tailHashes, epoch })
  return { epoch, head: entries.length, entriesCount }
}

export const createMemoryLog = (options: MemoryLogOptions): MemoryLog => openMemoryLog(emptyDisk(), options)

/** The log as a restored backup presents it: the old entries under a new epoch for every space. */
export function restoreMemoryLog(backup: MemoryBackup, options: MemoryLogOptions): MemoryLog {
  const disk = copyOf(backup.disk as Disk)
  for (const store of disk.spaces.values()) {
    store.epoch = newId(options.dice)
    store.restored = true
  }
  for (const erasure of options.erasures ?? []) if (!disk.erasures.some(({ id }) => id === erasure.id)) carryOut(disk, erasure, newId(options.dice))
  return openMemoryLog(disk, options)
}

/** The log of a machine that was put back to an image of itself: everything as it was, the epochs too. */
export const putBackMemoryLog = (image: MemoryBackup, options: MemoryLogOptions): MemoryLog => openMemoryLog(copyOf(image.disk as Disk), options)

function openMemoryLog(disk: Disk, options: MemoryLogOptions): MemoryLog {
  const schedule = options.schedule ?? ((_step, run) => queueMicrotask(run))
  let state: 'open' | 'crashed' | 'closed' = 'open'

  const ownerKey = (item: ItemId, part: Part, key: string): string => `${item}/${part}/${key}`
  const tailHashOf = (store: SpaceStore, seq: number): Uint8Array | null => (seq === 0 ? EMPTY_TAIL_HASH : (store.tailHashes[seq - 1] ?? null))
  const known: Lookups = {
    space(space) {
      const store = disk.spaces.get(space)
      if (!store) return null
      const head = store.entries.length
      return { epoch: store.epoch, head, tailHash: must(tailHashOf(store, head), 'a tail hash per entry'), restored: store.restored }
    },
    entry: (space, entry) => disk.spaces.get(space)?.places.get(entry) ?? null,
    item: (item) => disk.items.get(item) ?? null,
    owner: (item, part, key) => disk.owners.get(ownerKey(item, part, key)) ?? null,
    ends(item, part) {
      const prefix = ownerKey(item, part, '')
      const ends = new Map<string, number>()
      for (const [key, owner] of disk.owners) if (key.startsWith(prefix)) ends.set(key.slice(prefix.length), owner.end)
      return ends
    },
    hasChange: (item, hash) => disk.changes.has(`${item}/${hash}`),
    acts: (item) => disk.acts.get(item) ?? NO_ACTS,
    erased: (item) => disk.erased.get(item) ?? null,
  }

  function commit(batch: readonly AppendRequest[]): { results: AppendResult[]; runs: CommittedRun[] } {
    const results: AppendResult[] = []
    const added: { entry: Entry; epoch: Epoch; tailHashAfter: Uint8Array }[] = []
    for (const request of batch) {
      const outcome = admit(known, request)
      if (outcome.kind !== 'admitted') {
        results.push(outcome)
        continue
      }
      const { entry, payloadHash, tailHashAfter } = outcome
      const store = must(disk.spaces.get(entry.space), 'an admitted entry has a space')
      store.entries.push(entry)
      store.tailHashes.push(tailHashAfter)
      store.places.set(entry.entry, { seq: entry.seq, payloadHash })
      disk.items.set(entry.item, { space: entry.space, lastSeq: entry.seq })
      for (const { key, owner } of outcome.owners) disk.owners.set(ownerKey(entry.item, entry.part, key), owner)
      for (const hash of outcome.changes) disk.changes.add(`${entry.item}/${hash}`)
      if (outcome.acts) disk.acts.set(entry.item, outcome.acts)
      results.push({ kind: 'stored', seq: entry.seq, repeated: false })
      added.push({ entry, epoch: store.epoch, tailHashAfter })
    }
    return { results, runs: collectRuns(added) }
  }

  /** After a crash nothing is answered; after close everything says so. */
  const never = new Promise<never>(() => undefined)
  const read = <T>(answer: () => T): Promise<T> => {
    if (state === 'crashed') return never
    if (state === 'closed') return Promise.reject(new StoreProblem('closed', 'The log is closed.'))
    return Promise.resolve(answer())
  }
  const headOf = (space: SpaceId): SpaceHead | null => {
    const found = known.space(space)
    return found && { epoch: found.epoch, head: found.head, floor: 0, tailHash: found.tailHash }
  }

  return {
    append(batch) {
      if (state !== 'open') return read(() => ({ results: [], runs: [] }))
      return new Promise((resolve, reject) => {
        schedule('sync', () => {
          if (state === 'crashed') return
          const fault = options.fault?.() ?? 'none'
          const outcome = fault === 'failed' ? null : commit(batch)
          schedule('answer', () => {
            if (state === 'crashed') return
            if (outcome && fault === 'none') resolve(outcome)
            else reject(new StoreProblem('full', 'The (simulated) disk failed.'))
          })
        })
      })
    },
    ensureSpace(space) {
      return read(() => {
        if (!disk.spaces.has(space)) {
          disk.spaces.set(space, { epoch: newId(options.dice), restored: false, entries: [], tailHashes: [], places: new Map() })
        }
        return must(headOf(space), 'the space was just made')
      })
    },
    erase(erasure) {
      if (state !== 'open') return read(() => ({ epoch: '', head: 0, entriesCount: 0, isScrubbed: true }))
      return new Promise((resolve, reject) => {
        schedule('sync', () => {
          if (state === 'crashed') return
          const fault = options.fault?.() ?? 'none'
          const done = fault === 'failed' ? null : carryOut(disk, erasure, newId(options.dice))
          schedule('answer', () => {
            if (state === 'crashed') return
            if (done && fault === 'none') resolve({ ...done, isScrubbed: true })
            else reject(new StoreProblem('full', 'The (simulated) disk failed.'))
          })
        })
      })
    },
    erasures: (space) => read(() => disk.erasures.filter((one) => one.space === space)),
    allErasures: () => disk.erasures,
    head: (space) => read(() => headOf(space)),
    tailHashAt: (space, seq) =>
      read(() => {
        const store = disk.spaces.get(space)
        return store ? tailHashOf(store, seq) : null
      }),
    read: (space, afterSeq, bytesMax, countMax) =>
      read(() => {
        const store = disk.spaces.get(space)
        const entries = takeWithin(store?.entries.slice(afterSeq, afterSeq + countMax) ?? [], bytesMax)
        const upTo = afterSeq + entries.length
        return { epoch: store?.epoch ?? NO_ID, entries, tailHashAfter: (store && tailHashOf(store, upTo)) ?? EMPTY_TAIL_HASH }
      }),
    readItem: (space, item, part, fromSeq, upToSeq, countMax, bytesMax = Infinity) =>
      read(() => {
        const all = disk.spaces.get(space)?.entries ?? []
        const wanted: Entry[] = []
        for (let seq = Math.max(1, fromSeq); seq <= Math.min(upToSeq, all.length) && wanted.length < countMax; seq++) {
          const entry = must(all[seq - 1], 'seq is dense')
          if (entry.item === item && (part === null || entry.part === part)) wanted.push(entry)
        }
        return takeWithin(wanted, bytesMax)
      }),
    readSifted: (space, afterSeq, upToSeq, leftOut, bytesMax, countMax) =>
      read(() => {
        const store = disk.spaces.get(space)
        const leftOutUpTo = new Map(leftOut.map(({ item, part, upToSeq: until }) => [`${item}/${part}`, until]))
        const all = store?.entries.slice(afterSeq, upToSeq) ?? []
        const isWanted = ({ item, part, seq }: Entry): boolean => seq > (leftOutUpTo.get(`${item}/${part}`) ?? 0)
        const wanted = all.filter(isWanted)
        const entries = takeWithin(wanted.slice(0, countMax), bytesMax)
        const next = wanted[entries.length]
        const cursorAfter = next ? next.seq - 1 : afterSeq + all.length
        return { epoch: store?.epoch ?? NO_ID, entries, cursorAfter, tailHashAfter: (store && tailHashOf(store, cursorAfter)) ?? EMPTY_TAIL_HASH }
      }),
    measure: (space, afterSeq, countMax) =>
      read(() => {
        const store = disk.spaces.get(space)
        const entries = store?.entries.slice(afterSeq, afterSeq + countMax) ?? []
        const byPart = Map.groupBy(entries, ({ item, part }) => `${item}/${part}`)
        const upToSeq = afterSeq + entries.length
        return {
          upToSeq,
          tailHash: (store && tailHashOf(store, upToSeq)) ?? EMPTY_TAIL_HASH,
          grown: [...byPart.values()].map((own) => ({ item: must(own[0], 'a group').item, part: must(own[0], 'a group').part, ...weightOf(own) })),
        }
      }),
    weigh: (space, item, part, afterSeq, upToSeq) =>
      read(() => weightOf(disk.spaces.get(space)?.entries.slice(afterSeq, upToSeq).filter((entry) => entry.item === item && entry.part === part) ?? [])),
    spaceOf: (item) => read(() => disk.items.get(item)?.space ?? null),
    find: (space, entry) =>
      read(() => {
        const store = disk.spaces.get(space)
        const place = store?.places.get(entry)
        return (place && store?.entries[place.seq - 1]) ?? null
      }),
    close() {
      if (state === 'open') state = 'closed'
      return Promise.resolve()
    },
    crash() {
      state = 'crashed'
    },
    reopen(newOptions = options) {
      if (state === 'open') throw new Error('Bug: reopened while still open')
      return openMemoryLog(disk, newOptions)
    },
    backup: () => ({ disk: copyOf(disk) }),
  }
}
