/**
 * The local store in memory: the disk of one laptop, shared by the engines of its tabs. Used by the simulator and the tests; held to
 * the same contract as the Dexie store. Every operation is one transaction: it happens wholly at its commit, in the order of asking, or
 * not at all. A tab can be killed before or after any commit; what was committed stays on the device.
 */
import { must } from '../../shared/base/assert.ts'
import { createEmitter, type Emitter } from '../../shared/base/emitter.ts'
import type { EntryId, ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { NewEntry, Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { ERASED, payloadWithout, type Erasing, type Strip } from './erasure.ts'
import { lastOrders, RIGHT_LOST, StoreError, withoutRight } from './store.ts'
import type {
  ArchiveRow, DirtyMark, EngineStore, OutboxRow, SnapshotRow, SpaceRow, StoreChange, StoredEntry, StoredPart, StoreFailure, TabMessage, TextRow,
} from './store.ts'

export interface MemoryStoreHooks {
  /** Called before each commit of this tab; waits for the promise, refuses on `quota`, ends the tab without committing on `crash`. */
  beforeCommit?(operation: string): Promise<CommitVerdict> | CommitVerdict
  /** Called right after each commit, before the engine hears of it. */
  afterCommit?(operation: string): 'go' | 'crash'
  /** This tab crashed at a commit. */
  onCrash?(): void
}
export type CommitVerdict = 'go' | 'quota' | 'crash'

export interface MemoryStore extends EngineStore {
  /** The tab is gone: nothing of it is committed any more, nothing it still waits for resolves. */
  kill(): void
}

export interface MemoryDevice {
  /** One tab's way to the store of this device. */
  openStore(hooks?: MemoryStoreHooks): MemoryStore
  /** Commits so far, of all tabs: for tests that kill at the n-th. */
  readonly commitCount: number
  /** A record goes bad: a row that waits, and whose entry is here as well, is in the outbox no more. Out: whether there was one. */
  loseRow(entry: EntryId): boolean
}

interface HeldEntry extends StoredEntry {
  isCovered: boolean
}

interface Tables {
  lastAt: number
  lastMark: number
  entries: Map<EntryId, HeldEntry>
  entriesByPart: Map<string, HeldEntry[]>
  entriesByAt: HeldEntry[]
  outbox: Map<EntryId, OutboxRow>
  archive: Map<EntryId, ArchiveRow>
  snapshots: Map<string, SnapshotRow>
  spaces: Map<SpaceId, SpaceRow>
  rows: Map<ItemId, ItemRow>
  dirty: Map<ItemId, DirtyMark>
  texts: Map<ItemId, TextRow>
  staleTexts: Map<ItemId, DirtyMark>
  values: Map<string, unknown>
}

interface Tab {
  isDead: boolean
  changes: Emitter<StoreChange>
  posts: Emitter<TabMessage>
}

const partKey = (item: ItemId, part: Part): string => `${item}/${part}`
/** A new one each time: one promise for all would keep whoever waits for it, whole dead tabs, for ever. */
const never = (): Promise<never> => new Promise(() => undefined)

export function createMemoryDevice(): MemoryDevice {
  const tables: Tables = {
    lastAt: 0, lastMark: 0,
    entries: new Map(), entriesByPart: new Map(), entriesByAt: [], outbox: new Map(), archive: new Map(), snapshots: new Map(), spaces: new Map(),
    rows: new Map(), dirty: new Map(), texts: new Map(), staleTexts: new Map(), values: new Map(),
  }
  const tabs = new Set<Tab>()
  let commitCount = 0

  const openStore = (hooks: MemoryStoreHooks = {}): MemoryStore => {
    const tab: Tab = { isDead: false, changes: createEmitter(), posts: createEmitter() }
    const failures = createEmitter<StoreFailure>()
    tabs.add(tab)
    let queue: Promise<unknown> = Promise.resolve()

    const kill = (): void => {
      tab.isDead = true
      tabs.delete(tab)
    }
    const crash = (): Promise<never> => {
      kill()
      hooks.onCrash?.()
      return never()
    }
    const announce = (change: Omit<StoreChange, 'foreign'>): void => {
      for (const other of [...tabs]) if (!other.isDead) other.changes.fire({ ...change, foreign: other !== tab })
    }

    /** One transaction, after those asked for before it. `work` changes the tables synchronously, so nobody sees half of it. */
    const write = <T>(operation: string, work: () => { result: T; change: Omit<StoreChange, 'foreign'> | null }): Promise<T> => {
      const run = async (): Promise<T> => {
        if (tab.isDead) return never()
        const verdict = hooks.beforeCommit ? await hooks.beforeCommit(operation) : 'go'
        if (tab.isDead) return never()
        if (verdict === 'crash') return crash()
        if (verdict === 'quota') {
          failures.fire({ kind: 'quota' })
          throw new StoreError({ kind: 'quota' })
        }
        const { result, change } = work()
        commitCount++
        const after = hooks.afterCommit?.(operation) ?? 'go'
        if (after === 'crash') {
          kill()
          if (change) announce(change)
          return crash()
        }
        if (change) announce(change)
        return result
      }
      const asked = queue.then(run, run)
      queue = asked.catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error
      })
      return asked
    }
    const read = async <T>(work: () => T): Promise<T> => (tab.isDead ? never() : work())

    const t = tables
    const addEntry = (entry: Omit<StoredEntry, 'at'>): HeldEntry => {
      const held: HeldEntry = { ...entry, at: ++t.lastAt, isCovered: false }
      t.entries.set(held.entry, held)
      const key = partKey(held.item, held.part)
      const list = t.entriesByPart.get(key)
      if (list) list.push(held)
      else t.entriesByPart.set(key, [held])
      t.entriesByAt.push(held)
      return held
    }
    const removeEntries = (isGone: (held: HeldEntry) => boolean): void => {
      for (const held of t.entriesByAt) if (isGone(held)) t.entries.delete(held.entry)
      t.entriesByAt = t.entriesByAt.filter((held) => t.entries.has(held.entry))
      for (const [key, list] of t.entriesByPart) {
        const kept = list.filter((held) => t.entries.has(held.entry))
        if (kept.length === 0) t.entriesByPart.delete(key)
        else if (kept.length < list.length) t.entriesByPart.set(key, kept)
      }
    }
    /** Out: whether anything of it was here. */
    const erase = (one: Erasing, stripped: Strip): boolean => {
      const { item } = one
      let isHere = t.rows.has(item)
      const strip = <R extends { item: ItemId; part: Part; payload: Uint8Array }>(row: R, put: (changed: R) => void): void => {
        if (row.item !== item) return
        const payload = must(stripped(row, one), 'every payload was asked about')
        if (payload === row.payload) return
        isHere = true
        put({ ...row, payload })
      }
      if (one.mode === 'history') {
        for (const held of t.entries.values()) strip(held, ({ payload }) => void (held.payload = payload))
        for (const [id, row] of t.outbox) strip(row, (changed) => t.outbox.set(id, changed))
        for (const [id, row] of t.archive) strip(row, (changed) => t.archive.set(id, changed))
        for (const [key, row] of t.snapshots) strip(row, (changed) => t.snapshots.set(key, changed))
        return isHere
      }
      isHere ||= [...t.entries.values()].some((held) => held.item === item)
      removeEntries((held) => held.item === item)
      for (const [id, row] of t.outbox) {
        if (row.item === item && row.state === 'waiting') t.outbox.set(id, { ...row, state: 'parked', code: 'deleted', reason: ERASED })
      }
      for (const table of [t.archive, t.snapshots] as Map<string, { item: ItemId }>[]) for (const [key, row] of table) if (row.item === item) table.delete(key)
      for (const table of [t.rows, t.dirty, t.texts, t.staleTexts] as Map<string, unknown>[]) table.delete(item)
      return isHere
    }
    const isStrange = (one: Erasing, strip: Strip): boolean =>
      one.mode === 'history' && [...t.entries.values(), ...t.outbox.values(), ...t.archive.values(), ...t.snapshots.values()].some((row) => row.item === one.item && strip(row, one) === null)
    const markDirty = (item: ItemId, space: SpaceId): void => void t.dirty.set(item, { item, space, at: ++t.lastMark })
    const toOutbox = (entry: NewEntry, author: string, order: number, storedAt: number): void => {
      const { space, entry: id, item, part, format, schema, clientTime, writer, payload } = entry
      t.outbox.set(id, {
        space, entry: id, item, part, format, schema, clientTime, writer, payload,
        order, author, state: 'waiting', code: null, reason: '', storedAt,
      })
    }
    const isClosed = (space: SpaceId): boolean => t.spaces.get(space)?.role === null
    const itemsOf = (entries: readonly { item: ItemId; part: Part }[]): { item: ItemId; part: Part }[] => {
      const seen = new Map(entries.map(({ item, part }) => [partKey(item, part), { item, part }]))
      return [...seen.values()]
    }
    const oldest = (marks: Map<ItemId, DirtyMark>, countMax: number): DirtyMark[] =>
      [...marks.values()].sort((a, b) => a.at - b.at).slice(0, countMax)
    const partOf = (item: ItemId, part: Part): StoredPart => ({
      snapshot: t.snapshots.get(partKey(item, part)) ?? null,
      entries: (t.entriesByPart.get(partKey(item, part)) ?? []).filter((held) => !held.isCovered).map(toStored),
    })
    const outboxSorted = (): OutboxRow[] => [...t.outbox.values()].sort((a, b) => a.order - b.order)

    return {
      kill,
      putLocal: (edits, now) =>
        write('putLocal', () => {
          const from = t.lastAt + 1
          const fresh = edits.filter(({ entry }) => !t.entries.has(entry) && !t.outbox.has(entry))
          const kept = fresh.filter(({ space }) => !isClosed(space))
          for (const edit of kept) {
            const { at } = addEntry({ ...edit, seq: null, epoch: null, serverTime: null, quarantined: null })
            toOutbox(edit, edit.author, at, now)
            markDirty(edit.item, edit.space)
          }
          const to = t.lastAt
          for (const edit of fresh) {
            if (!isClosed(edit.space)) continue
            toOutbox(edit, edit.author, ++t.lastAt, now)
            t.outbox.set(edit.entry, { ...must(t.outbox.get(edit.entry), 'just put there'), state: 'parked', code: 'forbidden', reason: RIGHT_LOST })
          }
          return { result: undefined, change: { ...(kept.length > 0 ? { entries: { from, to } } : {}), items: itemsOf(kept), outbox: 'added' } }
        }),
      putRun: (space, epoch, entries, cursorAfter, tailHashAfter, cursorBefore) =>
        write('putRun', () => {
          const row = t.spaces.get(space)
          const from = cursorBefore ?? (entries[0]?.seq ?? 1) - 1
          if (!row || row.epoch !== epoch || from > row.cursor) return { result: 'stale' as const, change: null }
          const firstAt = t.lastAt + 1
          for (const entry of entries) {
            const held = t.entries.get(entry.entry)
            if (held) Object.assign(held, { seq: entry.seq, epoch, author: entry.author, serverTime: entry.serverTime, clientTime: entry.clientTime })
            else addEntry({ ...entry, quarantined: null })
            markDirty(entry.item, space)
          }
          if (cursorAfter > row.cursor) t.spaces.set(space, { ...row, cursor: cursorAfter, tailHash: tailHashAfter, head: Math.max(row.head, cursorAfter) })
          return { result: 'stored' as const, change: { entries: { from: firstAt, to: t.lastAt }, items: itemsOf(entries) } }
        }),
      acknowledge: (entries, epoch, now) =>
        write('acknowledge', () => {
          for (const id of entries) {
            const row = t.outbox.get(id)
            if (!row) continue
            t.outbox.delete(id)
            const { state: _state, code: _code, reason: _reason, storedAt: _storedAt, ...rest } = row
            t.archive.set(id, { ...rest, ackedAt: now, epoch })
          }
          return { result: undefined, change: { outbox: 'acknowledged' } }
        }),
      park: (entry, code, reason) =>
        write('park', () => {
          const row = t.outbox.get(entry)
          if (row) t.outbox.set(entry, { ...row, state: 'parked', code, reason })
          return { result: undefined, change: { outbox: 'judged' } }
        }),
      releaseParked: (entries) =>
        write('releaseParked', () => {
          const from = t.lastAt + 1
          const released = entries.flatMap((id) => t.outbox.get(id) ?? []).filter(({ state, space }) => state === 'parked' && !isClosed(space))
          const lasts = lastOrders(released)
          const added = outboxSorted().filter((row) => row.state === 'parked' && row.order <= (lasts.get(row.item) ?? 0) && !t.entries.has(row.entry))
          for (const row of released) t.outbox.set(row.entry, { ...row, state: 'waiting', code: null, reason: '' })
          for (const row of added) {
            const { order: _order, state: _state, code: _code, reason: _reason, storedAt: _storedAt, ...entry } = row
            addEntry({ ...entry, seq: null, epoch: null, serverTime: null, quarantined: null })
            markDirty(row.item, row.space)
          }
          return { result: undefined, change: { entries: { from, to: t.lastAt }, items: itemsOf(added), outbox: 'judged' } }
        }),
      discardParked: (entries) =>
        write('discardParked', () => {
          const gone = new Set<EntryId>()
          for (const id of entries) {
            const row = t.outbox.get(id)
            if (row?.state !== 'parked') continue
            t.outbox.delete(id)
            if (t.entries.get(id)?.seq === null) gone.add(id)
            markDirty(row.item, row.space)
          }
          removeEntries((held) => gone.has(held.entry))
          return { result: undefined, change: { outbox: 'judged' } }
        }),
      unarchive: (_space, entries) =>
        write('unarchive', () => {
          for (const id of entries) {
            const row = t.archive.get(id)
            if (!row) continue
            t.archive.delete(id)
            toOutbox(row, row.author, row.order, row.ackedAt)
          }
          return { result: undefined, change: { outbox: 'changed' } }
        }),
      recheckSpace: (space, epoch, commonSeq, tailHash, erasing = [], strip = payloadWithout) =>
        write('recheckSpace', () => {
          const row = must(t.spaces.get(space), 'recheck of an unknown space')
          if (erasing.some((one) => isStrange(one, strip))) return { result: undefined, change: null }
          const erased = erasing.filter((one) => erase(one, strip))
          for (const held of t.entries.values()) {
            if (held.space !== space || held.seq === null || held.seq <= commonSeq) continue
            held.seq = null
            held.epoch = null
          }
          for (const archived of [...t.archive.values()]) {
            if (archived.space !== space) continue
            const seq = t.entries.get(archived.entry)?.seq ?? null
            if (seq !== null && seq <= commonSeq) continue
            t.archive.delete(archived.entry)
            toOutbox(archived, archived.author, archived.order, archived.ackedAt)
          }
          for (const [key, snapshot] of t.snapshots) {
            if (snapshot.space !== space || !snapshot.adopted) continue
            t.snapshots.delete(key)
            for (const held of t.entriesByPart.get(key) ?? []) held.isCovered = false
            markDirty(snapshot.item, space)
          }
          t.spaces.set(space, { ...row, epoch, cursor: commonSeq, tailHash, rechecking: true })
          return { result: undefined, change: { outbox: 'changed', spaces: true, rechecked: space, ...(erased.length > 0 ? { erased, rows: [space] } : {}) } }
        }),
      finishRecheck: (space, epoch) =>
        write('finishRecheck', () => {
          const row = t.spaces.get(space)
          if (row?.epoch !== epoch) return { result: undefined, change: null }
          t.spaces.set(space, { ...row, rechecking: false })
          return { result: undefined, change: { spaces: true, recheckOver: space } }
        }),
      unplaced: (space) =>
        read(() => t.entriesByAt.filter((held) => held.space === space && held.seq === null && !t.outbox.has(held.entry)).map(toStored)),
      offerAgain: (entries, now) =>
        write('offerAgain', () => {
          for (const id of entries) {
            const held = t.entries.get(id)
            if (held && held.seq === null && !t.outbox.has(id)) toOutbox(held, held.author, held.at, now)
          }
          return { result: undefined, change: { outbox: 'changed' } }
        }),
      // Nothing vanishes from memory.
      missing: () => read(() => true),
      countRows: () => read(() => undefined),
      quarantine: (entry, reason) =>
        write('quarantine', () => {
          const held = t.entries.get(entry)
          if (held) {
            held.quarantined = reason
            markDirty(held.item, held.space)
          }
          return { result: undefined, change: {} }
        }),
      dropArchiveBefore: (time) =>
        write('dropArchiveBefore', () => {
          for (const [id, row] of t.archive) if (row.ackedAt < time) t.archive.delete(id)
          return { result: undefined, change: null }
        }),
      outbox: (afterOrder = 0) => read(() => outboxSorted().filter((row) => row.order > afterOrder)),
      archive: (space) => read(() => [...t.archive.values()].filter((row) => row.space === space).sort((a, b) => a.order - b.order)),
      entriesOf: (item, part) => read(() => partOf(item, part)),
      partsOf: (items) => read(() => items.map((item) => ({ prose: partOf(item, 'prose'), facts: partOf(item, 'facts'), act: partOf(item, 'act') }))),
      historyOf: (item) => read(() => t.entriesByAt.filter((held) => held.item === item).map(toStored)),
      entriesAfter: (at, countMax) =>
        read(() => {
          // The newest are at the end and few are asked for: walk back instead of searching from the start.
          let from = t.entriesByAt.length
          while (from > 0 && must(t.entriesByAt[from - 1], 'inside').at > at) from--
          return t.entriesByAt.slice(from, from + countMax).map(toStored)
        }),
      lastAt: () => read(() => t.lastAt),
      putSnapshot: (row, covered, dropBefore) =>
        write('putSnapshot', () => {
          if ((t.snapshots.get(partKey(row.item, row.part))?.version ?? 0) !== row.version - 1) return { result: undefined, change: null }
          t.snapshots.set(partKey(row.item, row.part), row)
          const old = new Set<EntryId>()
          for (const id of covered) {
            const held = t.entries.get(id)
            if (!held || held.seq === null) continue
            held.isCovered = true
            if ((held.serverTime ?? dropBefore) < dropBefore) old.add(id)
          }
          removeEntries((held) => old.has(held.entry))
          return { result: undefined, change: null }
        }),
      adoptSnapshot: (row) =>
        write('adoptSnapshot', () => {
          if (t.spaces.get(row.space)?.epoch !== row.epoch) return { result: 'stale' as const, change: null }
          const key = partKey(row.item, row.part)
          const before = t.snapshots.get(key)
          if (before && before.epoch === undefined && before.upToSeq >= row.upToSeq) return { result: 'unplaceable' as const, change: null }
          if (before?.epoch === row.epoch && before.upToSeq >= row.upToSeq) return { result: 'stored' as const, change: null }
          t.snapshots.set(key, { ...row, version: (before?.version ?? 0) + 1 })
          for (const held of t.entriesByPart.get(key) ?? []) held.isCovered = held.seq !== null && held.seq <= row.upToSeq
          markDirty(row.item, row.space)
          return { result: 'stored' as const, change: { snapshots: [{ item: row.item, part: row.part }] } }
        }),
      spaces: () => read(() => [...t.spaces.values()]),
      putSpace: (row) =>
        write('putSpace', () => {
          t.spaces.set(row.space, row)
          return { result: undefined, change: { spaces: true } }
        }),
      removeSpace: (space) =>
        write('removeSpace', () => {
          removeEntries((held) => held.space === space)
          for (const [id, row] of t.outbox)
            if (row.space === space && row.state === 'waiting') t.outbox.set(id, { ...row, state: 'parked', code: 'forbidden', reason: RIGHT_LOST })
          for (const table of [t.archive, t.snapshots, t.rows, t.dirty, t.texts, t.staleTexts] as Map<string, { space: SpaceId }>[])
            for (const [key, row] of table) if (row.space === space) table.delete(key)
          const row = t.spaces.get(space)
          if (row) t.spaces.set(space, withoutRight(row))
          return { result: undefined, change: { spaces: true, outbox: 'changed', rows: [space] } }
        }),
      rows: (space) => read(() => [...t.rows.values()].filter((row) => space === undefined || row.space === space)),
      row: (item) => read(() => t.rows.get(item) ?? null),
      dirty: (countMax) => read(() => oldest(t.dirty, countMax)),
      putRows: (rows) =>
        write('putRows', () => {
          for (const { row, at } of rows) {
            // The space may have been removed between the reading and the writing.
            if (!t.dirty.has(row.item)) continue
            t.rows.set(row.item, row)
            t.staleTexts.set(row.item, { item: row.item, space: row.space, at: ++t.lastMark })
            if (t.dirty.get(row.item)?.at === at) t.dirty.delete(row.item)
          }
          return { result: undefined, change: { rows: [...new Set(rows.map(({ row }) => row.space))] } }
        }),
      texts: (space) => read(() => [...t.texts.values()].filter((text) => space === undefined || text.space === space)),
      textsAfter: (item, countMax) => read(() => [...t.texts.values()].filter((text) => item === null || text.item > item).sort((a, b) => (a.item < b.item ? -1 : 1)).slice(0, countMax)),
      textsOf: (items) => read(() => items.flatMap((item) => t.texts.get(item) ?? [])),
      staleTexts: (countMax) => read(() => oldest(t.staleTexts, countMax)),
      putTexts: (texts) =>
        write('putTexts', () => {
          const wanted = texts.filter(({ text }) => t.rows.has(text.item))
          for (const { text, at } of wanted) {
            t.texts.set(text.item, text)
            if (t.staleTexts.get(text.item)?.at === at) t.staleTexts.delete(text.item)
          }
          return { result: undefined, change: { texts: wanted.map(({ text }) => text.item) } }
        }),
      getValue: (key) => read(() => structuredClone(t.values.get(key))),
      putValue: (key, value) =>
        write('putValue', () => {
          t.values.set(key, structuredClone(value))
          return { result: undefined, change: null }
        }),
      onDidChange: tab.changes.event,
      onDidFail: failures.event,
      post(message) {
        if (tab.isDead) return
        const copy = structuredClone(message)
        // As a BroadcastChannel does: never within the call.
        void Promise.resolve().then(() => {
          for (const other of [...tabs]) if (other !== tab && !other.isDead) other.posts.fire(copy)
        })
      },
      onDidPost: tab.posts.event,
      async close() {
        kill()
      },
    }
  }

  return {
    openStore,
    loseRow: (entry) => tables.entries.has(entry) && tables.outbox.delete(entry),
    get commitCount() {
      return commitCount
    },
  }
}

/** Named one by one: a rest pattern takes twenty times as long, and reading an item copies every entry of it. */
function toStored({ space, entry, item, part, format, schema, clientTime, writer, payload, at, seq, epoch, author, serverTime, quarantined }: HeldEntry): StoredEntry {
  return { space, entry, item, part, format, schema, clientTime, writer, payload, at, seq, epoch, author, serverTime, quarantined }
}
