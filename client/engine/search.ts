/**
 * Full-text search over what this laptop may read: titles, facts and prose, by Dutch stems. Exact stems for whole words; a word that is
 * still being typed also matches as a beginning, in titles always and elsewhere from five letters on. Works offline.
 *
 * The index is built from stored texts and kept current from marks: no document is opened to answer. Both happen when nothing else is being
 * done, in slices; a question does not wait for that moment. The texts that are stored are made by one tab, and the others read them.
 */
import MiniSearch from 'minisearch'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { proseJson } from '../../shared/derive/prose-json.ts'
import { searchTextOf, stemOf, wordsIn } from '../../shared/derive/search-text.ts'
import type { SearchHit } from './api.ts'
import type { Content } from './content.ts'
import type { CrashGuard } from './crash-guard.ts'
import { StoreError, type DirtyMark, type EngineStore, type StoreChange, type StoredPart, type TextRow } from './store.ts'

export interface Search extends Disposable {
  /** Answers from everything stored at the call. */
  find(query: string, countMax: number): Promise<SearchHit[]>
  /** The store changed, by this tab or another. */
  heard(change: StoreChange): void
  /** The right to a space is gone: nothing of it may stay in memory. */
  spaceLost(): void
}

/** The index, and the texts it was made from: to take a text out of it, it has to be known. */
interface Built {
  index: MiniSearch<TextRow>
  texts: Map<ItemId, TextRow>
}

/** Texts indexed, or documents read, before others get a turn. */
const SLICE_COUNT_MAX = 16
/** Between two slices that nobody waits for: what a window asks, or typed, goes first. */
const PAUSE_MS = 10
/** So long must nothing have changed before a slice that nobody waits for. */
const QUIET_MS = 500
/** In a meeting it is never quiet: after so many vain waits one slice is done all the same. */
const WAITS_COUNT_MAX = 20
/** The window has drawn what it shows first. */
const FIRST_AFTER_MS = 2_000
const PREFIX_LETTERS_MIN = 5
const EXCERPT_CHARS_BEFORE = 40
const EXCERPT_CHARS = 160
const WAKE_AFTER_MS = 500

export interface SearchDeps {
  store: EngineStore
  content: Content
  guard: CrashGuard
  clock: Clock
  /** This tab makes the texts for all tabs; asked only when nobody waits for an answer. */
  mayRun(): boolean
  failed(error: unknown): void
  /** Closed until the next contact: nothing of it is found. */
  isClosed(space: SpaceId): boolean
}

/** Begins with the index by itself, some time after the start. */
export function createSearch(deps: SearchDeps): Search {
  const { store, content, guard, clock } = deps
  let built: Built | null = null
  let mustRebuild = false
  let running: Promise<void> | null = null
  let timer: Disposable | null = null
  let isDisposed = false
  /** Questions that wait for an answer. */
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

  const build = async (): Promise<Built> => {
    mustRebuild = false
    elsewhere.clear()
    const texts = new Map<ItemId, TextRow>()
    const index = new MiniSearch<TextRow>({
      idField: 'item', fields: ['title', 'text'], storeFields: [],
      tokenize: wordsIn,
      processTerm: stemOf,
    })
    let count = 0
    for (const row of await store.texts()) {
      if (isDisposed) break
      texts.set(row.item, row)
      index.add(row)
      if (++count % SLICE_COUNT_MAX === 0) await breath()
    }
    return { index, texts }
  }

  const textRow = async ({ item, space }: DirtyMark, parts: Record<Part, StoredPart>): Promise<TextRow | null> => {
    const row = await store.row(item)
    if (!row || row.gone) return null
    const doc = await content.proseDoc(item, parts.prose)
    const text = searchTextOf({ facts: await content.facts(item, parts.facts), prose: proseJson(doc) })
    doc.destroy()
    return { item, space, title: row.title, text }
  }

  const put = ({ index, texts }: Built, item: ItemId, row: TextRow | null): void => {
    const before = texts.get(item)
    // Most of what marks an item changes no word of it, and taking words out and in again is most of the work.
    if (before && row && before.title === row.title && before.text === row.text) return
    if (before) index.remove(before)
    texts.delete(item)
    if (!row) return
    texts.set(item, row)
    index.add(row)
  }

  const refresh = async (): Promise<void> => {
    if (askedCount === 0) await breath()
    // Taken over only when it is whole: until then the one before answers.
    const into = built && !mustRebuild ? built : await build()
    built = into
    while (!isDisposed) {
      if (elsewhere.size > 0) {
        const items = [...elsewhere].slice(0, SLICE_COUNT_MAX)
        for (const item of items) elsewhere.delete(item)
        for (const row of await store.textsOf(items)) put(into, row.item, row)
        await breath()
        continue
      }
      const marks = deps.mayRun() || askedCount > 0 ? await store.staleTexts(SLICE_COUNT_MAX) : []
      if (marks.length === 0) return
      const items = marks.map(({ item }) => item)
      const fresh: { text: TextRow; at: number }[] = []
      await guard.reading(items, async () => {
        for (const [i, parts] of (await store.partsOf(items)).entries()) {
          const mark = must(marks[i], 'one answer per item')
          const row = await textRow(mark, parts)
          put(into, mark.item, row)
          fresh.push({ text: row ?? { item: mark.item, space: mark.space, title: '', text: '' }, at: mark.at })
        }
      })
      await guard.cleared(items)
      try {
        await store.putTexts(fresh)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        return // the index has them, the store says itself that it refuses, and the marks stay for later
      }
      await breath()
    }
  }
  const start = (): Promise<void> => {
    running ??= refresh().finally(() => {
      running = null
    })
    return running
  }
  const wake = (): void => {
    if (timer || isDisposed) return
    timer = clock.after(built ? WAKE_AFTER_MS : FIRST_AFTER_MS, () => {
      timer = null
      start().catch(deps.failed)
    })
  }
  const upToDate = async (): Promise<void> => {
    askedCount++
    hurry()
    try {
      // A run that is under way may have read its marks before the newest one.
      await running
      await start()
    } finally {
      askedCount--
    }
  }
  wake()

  return {
    async find(query, countMax) {
      await upToDate()
      // What is gone has no text any more; the right to a space may have gone since the index was made.
      const readable = new Set((await store.spaces()).filter(({ role }) => role !== null).map(({ space }) => space))
      const words = wordsIn(query)
      const last = words[words.length - 1]
      if (!built || last === undefined) return []
      const { index, texts } = built
      const hits = index.search(query, {
        combineWith: 'AND',
        boost: { title: 4 },
        tokenize: wordsIn,
        processTerm: stemOf,
      })
      // The word being typed, as the beginning of a word: stems would cut off its end, so it is not stemmed.
      const begun = index.search(
        {
          combineWith: 'AND',
          queries: [
            ...(words.length > 1 ? [{ combineWith: 'AND' as const, queries: words.slice(0, -1) }] : []),
            { combineWith: 'OR', queries: [
              { queries: [last], fields: ['title'], prefix: true },
              ...(last.length >= PREFIX_LETTERS_MIN ? [{ queries: [last], prefix: true }] : []),
            ] },
          ],
        },
        { boost: { title: 4 }, tokenize: wordsIn, processTerm: (term) => (term === last ? term : stemOf(term)) },
      )
      const scores = new Map<ItemId, number>()
      for (const { id, score } of [...hits, ...begun]) scores.set(id as ItemId, Math.max(scores.get(id as ItemId) ?? 0, score))
      return [...scores]
        .map(([item, score]) => ({ ...must(texts.get(item), 'a text for everything in the index'), score }))
        .filter(({ space }) => readable.has(space) && !deps.isClosed(space))
        .sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
        .slice(0, countMax)
        .map(({ item, space, title, text, score }) => ({ item, space, title, excerpt: excerptOf(text, words), score }))
    },
    heard({ foreign, entries, outbox, rows, texts }) {
      if (entries || outbox || rows) workCount++
      if (foreign) for (const item of texts ?? []) elsewhere.add(item)
      if (rows || (foreign && texts)) wake()
    },
    spaceLost() {
      mustRebuild = true
      wake()
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
      hurry()
    },
  }
}

/** The text around the first word that was found, on one line. */
function excerptOf(text: string, words: readonly string[]): string {
  const stems = new Set(words.map(stemOf))
  const last = words[words.length - 1] ?? ''
  let at = 0
  for (const { index, 0: word } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    const [plain = ''] = wordsIn(word)
    if (!stems.has(stemOf(plain)) && !(last !== '' && plain.startsWith(last))) continue
    at = index
    break
  }
  const from = Math.max(0, at - EXCERPT_CHARS_BEFORE)
  const cut = text.slice(from, from + EXCERPT_CHARS).replace(/\s+/g, ' ').trim()
  return `${from > 0 ? '…' : ''}${cut}${from + EXCERPT_CHARS < text.length ? '…' : ''}`
}
