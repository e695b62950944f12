/**
 * Prose of items, as it is now on this laptop, read for whoever looks at it: a window that opens, a row, the index, a seal, and the question whether an
 * entry would keep a window busy for long. The last documents stay here, so that reading one anew costs what was added to it: a row is made, then the
 * text for the index, a moment later both again, and n entries of a program one after the other would read n times all there is.
 */
import * as Y from 'yjs'
import { areSame } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { EntryId, ItemId } from '../../shared/base/ids.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import type { CrashGuard } from './crash-guard.ts'
import { buildsOn, clientsIn, DEAR, faultOf, hasPending, lackOf, loadProse, mergeProse, tryUpdate, type LoadedProse, type ProsePayload } from './prose.ts'
import { unlessRefused, type EngineStore, type SnapshotRow, type StoredPart } from './store.ts'
import { createTurns } from './turns.ts'

export interface ProseReader extends Disposable {
  /**
   * As it is now, unstored edits included. `look` may not change the document, nor keep it. `stored`: what was read of it a moment ago, by somebody who
   * reads many items at once.
   */
  look<T>(item: ItemId, look: (doc: Y.Doc) => T, stored?: StoredPart): Promise<T>
  /** What others stored may keep its reader busy for long: it is read here first, where nobody's typing waits for it. Out: what is left out, and what is in it again. */
  tried(item: ItemId): Promise<Pick<LoadedProse, 'unreadable' | 'broughtBack'>>
  /** Whether an update goes on from what is set apart because it takes too long. In: readable (see `faultOf`). */
  isOfApart(item: ItemId, update: Uint8Array): boolean
  /** What it holds may have become less, or may not be read any more: nothing of it stays in memory. */
  forget(item: ItemId): void
  forgetAll(): void
}

export interface ProseReaderDeps {
  store: EngineStore
  guard: CrashGuard
  clock: Clock
  /** Typed here and not stored yet. It is stored later, or the item is forgotten. */
  unstored(item: ItemId): Uint8Array[]
  /** A snapshot that a reading begins with. */
  begunWith(snapshot: SnapshotRow | null): void
  /** How many entries a reading had to go through. */
  read(item: ItemId, count: number): void
  /** What is stored builds on something that is not, and nothing is known to be left out of it. */
  lacks(item: ItemId, lack: number): void
}

/** A document that was read, and what is in it. */
interface Kept {
  doc: Y.Doc
  snapshot: Uint8Array | null
  entries: Set<EntryId>
  /** Of the updates it is made of. */
  bytesCount: number
}

/** What is stored of an item at a moment, and what is typed. */
interface Asked {
  snapshot: Uint8Array | null
  payloads: ProsePayload[]
  /** Some of it is kept out of the content. */
  isAnyLeftOut: boolean
}

const KEPT_COUNT_MAX = 16
/** Of updates, all documents together; in memory ten times as much. One that is larger than this is read anew each time. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024

export function createProseReader({ store, guard, clock, ...deps }: ProseReaderDeps): ProseReader {
  // The one that was read last is the last in it.
  const kept = new Map<ItemId, Kept>()
  /** Rises with everything that is forgotten: what was being read at that moment is not kept. */
  let forgottenCount = 0
  /** Who wrote what is set apart because it takes too long, of items that were read. */
  const setApartIn = new Map<ItemId, ReadonlySet<number>>()
  /** Takes too long, and others build on it. */
  const needed = new Set<EntryId>()

  const drop = (item: ItemId): void => {
    kept.get(item)?.doc.destroy()
    kept.delete(item)
  }
  const keep = (item: ItemId, one: Kept): void => {
    drop(item)
    kept.set(item, one)
    let bytesCount = [...kept.values()].reduce((sum, each) => sum + each.bytesCount, 0)
    for (const [oldest, each] of kept) {
      if (kept.size <= KEPT_COUNT_MAX && bytesCount <= KEPT_BYTES_MAX) return
      bytesCount -= each.bytesCount
      drop(oldest)
    }
  }

  /** Unreadable: left out of the content, the bytes stay. A store that refuses to note it hears of it again at the next reading. */
  const leaveOut = (entry: EntryId, reason: string): Promise<void> => unlessRefused(store.quarantine(entry, reason))

  /** An item over which an engine died: the same once before, entry by entry with a mark on each. */
  const probe = async (payloads: readonly ProsePayload[]): Promise<void> => {
    const doc = createProseDoc()
    for (const { entry, payload, isSetApart } of payloads) {
      if (isSetApart) continue
      const apply = (): void => {
        if (faultOf(payload) === null) Y.applyUpdate(doc, payload)
      }
      if (entry) await guard.applying(entry, apply)
      else apply()
    }
    doc.destroy()
  }

  const whole = async (item: ItemId, payloads: readonly ProsePayload[], isSlow: boolean): Promise<LoadedProse> => {
    if (guard.isSuspect(item)) await probe(payloads)
    const read = await loadProse(payloads, clock, isSlow)
    for (const { entry, reason } of read.unreadable) if (entry) await leaveOut(entry, reason)
    for (const { entry } of read.broughtBack) if (entry) await unlessRefused(store.quarantine(entry, null))
    for (const { entry } of [...read.broughtBack, ...read.needed]) if (entry) needed.add(entry)
    const apart = payloads.filter((one) => (one.isSetApart && !read.broughtBack.includes(one)) || read.unreadable.some(({ entry, reason }) => entry === one.entry && reason === DEAR))
    if (apart.length > 0) setApartIn.set(item, new Set(apart.flatMap(({ payload }) => [...clientsIn(payload)])))
    else setApartIn.delete(item)
    return read
  }

  /**
   * What was kept, brought up to what is stored now. A word instead, and nothing is kept any more, when it holds what is stored no more or otherwise, and
   * when anything does not go well: the reading of the whole, which follows, finds out which entry it is.
   */
  const takeKept = (item: ItemId, snapshot: Uint8Array | null, payloads: readonly ProsePayload[]): Kept | 'slow' | 'otherwise' => {
    const before = kept.get(item)
    if (!before || guard.isSuspect(item)) return 'otherwise'
    kept.delete(item)
    const news = payloads.filter(({ entry, isSetApart }) => !isSetApart && (entry === null || !before.entries.has(entry)))
    const ids = payloads.flatMap(({ entry, isSetApart }) => (entry === null || isSetApart ? [] : [entry]))
    const isBeginning = ids.length - news.filter(({ entry }) => entry !== null).length === before.entries.size && areSame(snapshot, before.snapshot)
    const verdict = isBeginning ? tryAll(before.doc, news) : 'otherwise'
    if (verdict === 'well' && !hasPending(before.doc)) {
      for (const id of ids) before.entries.add(id)
      // What is typed and not stored is counted when it is.
      before.bytesCount += bytesIn(news.filter(({ entry }) => entry !== null))
      return before
    }
    before.doc.destroy()
    return verdict === 'slow' ? 'slow' : 'otherwise'
  }
  const tryAll = (doc: Y.Doc, news: readonly ProsePayload[]): ReturnType<typeof tryUpdate> =>
    news.some(({ payload }) => faultOf(payload) !== null) ? 'unreadable' : tryUpdate(doc, mergeProse(news.map(({ payload }) => payload)), clock)

  const asked = async (item: ItemId, stored?: StoredPart): Promise<Asked> => {
    // Asked first: what is stored between the two questions is in both answers, which does no harm.
    const unstored = deps.unstored(item)
    const { snapshot, entries } = stored ?? (await store.entriesOf(item, 'prose'))
    deps.read(item, entries.length)
    deps.begunWith(snapshot)
    const payloads: ProsePayload[] = []
    for (const { entry, payload, quarantined } of entries) {
      if (quarantined === null) payloads.push({ entry, payload, isNeeded: needed.has(entry) })
      else if (quarantined === DEAR) payloads.push({ entry, payload, isSetApart: true })
    }
    for (const payload of unstored) payloads.push({ entry: null, payload })
    return { snapshot: snapshot?.payload ?? null, payloads, isAnyLeftOut: entries.some(({ quarantined }) => quarantined !== null) }
  }
  /** Two readings of one item: the second finds what the first keeps. */
  const turns = createTurns()
  /** The document is kept afterwards, where it fits. */
  const read = <T>(item: ItemId, look: (read: LoadedProse) => T, stored?: StoredPart): Promise<T> => {
    const forgottenBefore = forgottenCount
    return turns.of(item, () =>
      guard.reading([item], async () => {
        const first = await asked(item, stored)
        // What was read for many at once may be older than what is kept by now.
        const { snapshot, payloads, isAnyLeftOut } = stored && holdsMore(kept.get(item), first.payloads) ? await asked(item) : first
        const before = takeKept(item, snapshot, payloads)
        if (typeof before !== 'string') {
          const looked = look({ doc: before.doc, unreadable: [], broughtBack: [], needed: [] })
          keep(item, before)
          return looked
        }
        const all: ProsePayload[] = snapshot ? [{ entry: null, payload: snapshot }, ...payloads] : payloads
        const loaded = await whole(item, all, before === 'slow')
        const looked = look(loaded)
        if (hasPending(loaded.doc) && loaded.unreadable.length === 0 && !isAnyLeftOut) deps.lacks(item, lackOf(loaded.doc))
        const leftOut = new Set(loaded.unreadable.map(({ entry }) => entry))
        const entries = new Set(payloads.flatMap(({ entry, isSetApart }) => (entry === null || isSetApart || leftOut.has(entry) ? [] : [entry])))
        const bytesCount = bytesIn(all)
        if (forgottenBefore === forgottenCount && bytesCount <= KEPT_BYTES_MAX) keep(item, { doc: loaded.doc, snapshot, entries, bytesCount })
        else loaded.doc.destroy()
        return looked
      }),
    )
  }

  const forgetAll = (): void => {
    forgottenCount++
    for (const item of [...kept.keys()]) drop(item)
  }
  return {
    look: (item, look, stored) => read(item, ({ doc }) => look(doc), stored),
    tried: (item) => read(item, ({ unreadable, broughtBack }) => ({ unreadable, broughtBack })),
    isOfApart: (item, update) => buildsOn(update, setApartIn.get(item) ?? new Set()),
    forget(item) {
      forgottenCount++
      drop(item)
    },
    forgetAll,
    dispose: forgetAll,
  }
}

/** Whether something is in a document that is not, or no more, among these. */
function holdsMore(one: Kept | undefined, payloads: readonly ProsePayload[]): boolean {
  const ids = new Set(payloads.map(({ entry }) => entry))
  return one !== undefined && [...one.entries].some((entry) => !ids.has(entry))
}

const bytesIn = (payloads: readonly ProsePayload[]): number => payloads.reduce((sum, { payload }) => sum + payload.length, 0)
