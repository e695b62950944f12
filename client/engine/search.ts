/**
 * Full-text search over what this laptop may read: titles, facts and prose, by Dutch stems. Exact stems for whole words; a word that is
 * still being typed also matches as a beginning, in titles always and elsewhere from five letters on. Works offline.
 *
 * The index is built from stored texts and kept current from marks: no document is opened to answer. Both happen when nothing else is being
 * done, in slices; a question does not wait for that moment, and not for its end either: it is answered from what is there, and the answer says
 * whether that is all. The texts that are stored are made by one tab, and the others read them.
 */
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { searchTextOf, wordsIn } from '../../shared/derive/search-text.ts'
import type { Engine, SearchAnswer } from './api.ts'
import type { Content } from './content.ts'
import type { CrashGuard } from './crash-guard.ts'
import { createSearchIndex, type SearchIndex } from './search-index.ts'
import { StoreError, type DirtyMark, type EngineStore, type StoreChange, type StoredPart, type TextRow } from './store.ts'

export interface Search extends Disposable {
  /** Answers from everything stored at the call, or after PATIENCE_MS from what was read by then. */
  find(query: string, countMax: number, where: NonNullable<Parameters<Engine['search']>[2]>): Promise<SearchAnswer>
  /** There may be texts to make; runs after a moment. */
  wake(): void
  /** The store changed, by this tab or another. */
  heard(change: StoreChange): void
  /** The right to a space is gone, or something was erased: nothing of it may stay in memory. */
  spaceLost(): void
}

/** Texts indexed before others get a turn, however quick that is; and documents read. */
const TEXTS_COUNT_MAX = 64
const DOCUMENTS_COUNT_MAX = 16
/** Work before others get a turn: a key that is pressed meanwhile is stored this much later. */
const SLICE_MS = 8
/** Texts read from the store at once. */
const PAGE_COUNT_MAX = 256
/** Between two slices that nobody waits for: what a window asks, or typed, goes first. */
const PAUSE_MS = 10
/** So long must nothing have changed before a slice that nobody waits for. */
const QUIET_MS = 500
/** In a meeting it is never quiet: after so many vain waits one slice is done all the same. */
const WAITS_COUNT_MAX = 20
/** The window has drawn what it shows first. */
const FIRST_AFTER_MS = 2_000
/** A question is answered from what is there after this long; whoever asked asks again. */
const PATIENCE_MS = 400
const EXCERPT_CHARS_BEFORE = 40
const EXCERPT_CHARS = 160
const EXCERPT_LOOK_CHARS = 20_000
const WAKE_AFTER_MS = 500

export interface SearchDeps {
  store: EngineStore
  content: Content
  guard: CrashGuard
  clock: Clock
  /** This tab makes the texts for all tabs; asked only when nobody waits for an answer. */
  mayRun(): boolean
  failed(error: unknown): void
  /** False without the right to it, and for one that is closed until the next contact: nothing of it is found. */
  isOpen(space: SpaceId): boolean
  /** Entries are on their way that this laptop never had. */
  isArriving(): boolean
}

/** Begins with the index by itself, some time after the start. */
export function createSearch(deps: SearchDeps): Search {
  const { store, content, guard, clock } = deps
  let index: SearchIndex = createSearchIndex()
  /** Every stored text is in the index. */
  let isRead = false
  /** Nothing was stored since everything was read: a question needs no answer of the store, which takes longer than all the rest. */
  let isLevel = false
  /** The space that was asked from last. */
  let near: SpaceId | null = null
  let running: Promise<boolean> | null = null
  let timer: Disposable | null = null
  let isDisposed = false
  /** Questions whose answer is not complete yet. */
  let askedCount = 0
  /** Rises with everything that goes before search. */
  let workCount = 0
  let workSeen = 0
  /** Ends the wait that is going on. */
  let hurry = (): void => undefined
  /** Texts that other tabs stored since they were read here. */
  const elsewhere = new Set<ItemId>()

  const wait = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const waiting = clock.after(delayMs, resolve)
      hurry = () => {
        waiting.dispose()
        resolve()
      }
    })
  /** Others get a turn; when nobody waits for an answer, until it is quiet. */
  const breath = async (): Promise<void> => {
    await wait(askedCount > 0 ? 0 : PAUSE_MS)
    for (let i = 0; i < WAITS_COUNT_MAX && workCount !== workSeen && askedCount === 0 && !isDisposed; i++) {
      workSeen = workCount
      await wait(QUIET_MS)
    }
  }
  let sliceCount = 0
  let sliceBegan = clock.now()
  /** After each piece of work: a breath when it is time for one. */
  const step = async (countMax: number): Promise<void> => {
    // A clock that was turned back counts as one that stands still.
    if (++sliceCount < countMax && clock.now() - sliceBegan < SLICE_MS) return
    await breath()
    sliceCount = 0
    sliceBegan = clock.now()
  }

  /** The stored texts, page by page, and before the next page those of a space that is asked from. */
  const read = async (): Promise<void> => {
    const into = index
    const seen = new Set<SpaceId>()
    let last: ItemId | null = null
    while (into === index && !isDisposed) {
      const space = near !== null && !seen.has(near) ? near : null
      const rows: TextRow[] = space === null ? await store.textsAfter(last, PAGE_COUNT_MAX) : await store.texts(space)
      if (space !== null) seen.add(space)
      else last = rows[rows.length - 1]?.item ?? last
      for (const row of rows) {
        // It may have been lost or erased while others had their turn.
        if (into !== index || isDisposed) return
        if (into.has(row.item)) continue
        into.put(row)
        await step(TEXTS_COUNT_MAX)
      }
      if (space === null && rows.length < PAGE_COUNT_MAX && into === index) isRead = true
      if (isRead) return
    }
  }

  const textRow = async ({ item, space }: DirtyMark, parts: Record<Part, StoredPart>): Promise<TextRow | null> => {
    const row = await store.row(item)
    if (!row || row.gone) return null
    const prose = await content.prose(item, parts.prose)
    const text = searchTextOf({ facts: await content.facts(item, parts.facts), prose })
    return { item, space, title: row.title, text }
  }
  const put = (into: SearchIndex, item: ItemId, row: TextRow | null): void => (row ? into.put(row) : into.remove(item))

  /** Texts of documents that changed. Out: whether there may be more of them. */
  const readMarked = async (marks: readonly DirtyMark[]): Promise<boolean> => {
    const into = index
    const items = marks.map(({ item }) => item)
    const fresh: { text: TextRow; at: number }[] = []
    await guard.reading(items, async () => {
      for (const [i, parts] of (await store.partsOf(items)).entries()) {
        const mark = must(marks[i], 'one answer per item')
        const row = await textRow(mark, parts)
        put(into, mark.item, row)
        fresh.push({ text: row ?? { item: mark.item, space: mark.space, title: '', text: '' }, at: mark.at })
        await step(DOCUMENTS_COUNT_MAX)
      }
    })
    await guard.cleared(items)
    try {
      await store.putTexts(fresh)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // The index has them, the store says itself that it refuses, and the marks stay for later.
      return false
    }
    return true
  }

  /** Out: whether nothing was left to read. */
  const refresh = async (): Promise<boolean> => {
    if (askedCount === 0) await breath()
    while (!isDisposed) {
      if (!isRead) {
        await read()
        continue
      }
      const into = index
      if (elsewhere.size > 0) {
        const items = [...elsewhere].slice(0, TEXTS_COUNT_MAX)
        for (const item of items) elsewhere.delete(item)
        for (const row of await store.textsOf(items)) put(into, row.item, row)
        await step(1)
        continue
      }
      if (!deps.mayRun() && askedCount === 0) return false
      isLevel = true
      const [marks, dirty] = await Promise.all([store.staleTexts(DOCUMENTS_COUNT_MAX), store.dirty(DOCUMENTS_COUNT_MAX)])
      if (index !== into) continue
      if (marks.length === 0) {
        // A document without a row has no text either. What is being typed into a known one is found a moment later.
        const isBehind = dirty.some(({ item }) => !index.has(item))
        if (isBehind) isLevel = false
        return !isBehind
      }
      if (await readMarked(marks)) continue
      isLevel = false
      return marks.length < DOCUMENTS_COUNT_MAX
    }
    return false
  }
  const start = (): Promise<boolean> => {
    running ??= refresh().finally(() => {
      running = null
    })
    return running
  }
  const wake = (): void => {
    if (timer || isDisposed) return
    timer = clock.after(isRead ? WAKE_AFTER_MS : FIRST_AFTER_MS, () => {
      timer = null
      start().catch(deps.failed)
    })
  }
  /** Out: whether everything that was stored at the call was read. */
  const upToDate = async (): Promise<boolean> => {
    askedCount++
    hurry()
    try {
      // A run that is under way may have read its marks before the newest one.
      await running
      return await start()
    } finally {
      askedCount--
    }
  }
  /** Out: false when the answer must not wait any longer; the reading goes on as if somebody waited for it. */
  const upToDateSoon = async (): Promise<boolean> => {
    const isOver = Promise.withResolvers<'over'>()
    const patience = clock.after(PATIENCE_MS, () => isOver.resolve('over'))
    const reading = upToDate()
    try {
      const first = await Promise.race([reading, isOver.promise])
      if (first !== 'over') return first
      reading.catch(deps.failed)
      return false
    } finally {
      patience.dispose()
    }
  }
  wake()

  return {
    async find(query, countMax, { here, onlyHere = false }) {
      near = here ?? near
      const isAll = isLevel || (await upToDateSoon())
      const words = wordsIn(query)
      const hits = index
        .find(words, countMax, ({ space }) => deps.isOpen(space) && (!onlyHere || space === here))
        .map(({ row: { item, space, title, text }, score }) => ({ item, space, title, excerpt: excerptOf(text, words, index), score }))
      return { hits, isComplete: isAll && isRead && !deps.isArriving() }
    },
    wake,
    heard({ foreign, entries, outbox, rows, texts }) {
      // Texts that were stored here are in the index.
      if (foreign || !texts) isLevel = false
      if (entries || outbox || rows) workCount++
      if (foreign) for (const item of texts ?? []) elsewhere.add(item)
      if (rows || (foreign && texts)) wake()
    },
    spaceLost() {
      index = createSearchIndex()
      isRead = false
      isLevel = false
      elsewhere.clear()
      wake()
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
      hurry()
    },
  }
}

/** The text around the first place where as many of the words as there are stand together, on one line. Cost: the text up to there, and `EXCERPT_LOOK_CHARS` at most behind the first of them. */
function excerptOf(text: string, words: readonly string[], { termOf }: SearchIndex): string {
  const terms = new Set(words.map(termOf))
  const last = words[words.length - 1] ?? ''
  let [at, most, lookTo] = [0, 0, Infinity]
  /** What was found within one excerpt, up to the word at hand. */
  let near: { index: number; term: number }[] = []
  for (const { index, 0: word } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    if (index > lookTo || most === terms.size) break
    const plain = IS_PLAIN.test(word) ? word.toLowerCase() : (wordsIn(word)[0] ?? '')
    const own = termOf(plain)
    const term = terms.has(own) ? own : last !== '' && plain.startsWith(last) ? termOf(last) : null
    if (term === null) continue
    lookTo = Math.min(lookTo, index + EXCERPT_LOOK_CHARS)
    near = [...near.filter((one) => one.index > index - EXCERPT_CHARS / 2), { index, term }]
    const count = new Set(near.map((one) => one.term)).size
    if (count > most) [at, most] = [near[0]?.index ?? index, count]
  }
  const before = Math.max(0, at - EXCERPT_CHARS_BEFORE)
  // Whole words, where there is a space in time.
  const space = text.slice(before, at).search(/\s/)
  const from = before === 0 || space < 0 ? before : before + space
  const piece = text.slice(from, from + EXCERPT_CHARS)
  const isCut = from + EXCERPT_CHARS < text.length
  const cut = (isCut ? piece.replace(/\s\S{0,30}$/, '') : piece).replace(/\s+/g, ' ').trim()
  return `${from > 0 ? '…' : ''}${cut}${isCut ? '…' : ''}`
}
/** Nothing to take off: most words, and a third of the time. */
const IS_PLAIN = /^[A-Za-z0-9]+$/
