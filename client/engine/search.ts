/**
 * Full-text search over what this laptop may read: titles, facts and prose, by Dutch stems. Exact stems for whole words; a word that is
 * still being typed also matches as a beginning, in titles always and elsewhere from five letters on. Works offline.
 *
 * The index is built at the first question from stored texts, in slices, and kept current from marks: no document is opened to answer.
 */
import MiniSearch from 'minisearch'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import { proseJson } from '../../shared/derive/prose-json.ts'
import { searchTextOf, stemOf, wordsIn } from '../../shared/derive/search-text.ts'
import type { SearchHit } from './api.ts'
import type { Content } from './content.ts'
import { StoreError, type DirtyMark, type EngineStore, type TextRow } from './store.ts'

export interface Search extends Disposable {
  /** Answers from everything stored at the call. */
  find(query: string, countMax: number): Promise<SearchHit[]>
  /** Texts may have become stale. */
  wake(): void
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
const PREFIX_LETTERS_MIN = 5
const EXCERPT_CHARS_BEFORE = 40
const EXCERPT_CHARS = 160
const WAKE_AFTER_MS = 500

export function createSearch(deps: { store: EngineStore; content: Content; clock: Clock; failed(error: unknown): void }): Search {
  const { store, content, clock } = deps
  let built: Built | null = null
  let mustRebuild = false
  let running: Promise<void> | null = null
  let timer: Disposable | null = null
  let isDisposed = false

  const breath = (): Promise<void> => new Promise((resolve) => clock.after(0, resolve))

  const build = async (): Promise<Built> => {
    mustRebuild = false
    const texts = new Map<ItemId, TextRow>()
    const index = new MiniSearch<TextRow>({
      idField: 'item', fields: ['title', 'text'], storeFields: [],
      tokenize: wordsIn,
      processTerm: stemOf,
    })
    let count = 0
    for (const row of await store.texts()) {
      texts.set(row.item, row)
      index.add(row)
      if (++count % SLICE_COUNT_MAX === 0) await breath()
    }
    return { index, texts }
  }

  const textRow = async ({ item, space }: DirtyMark): Promise<TextRow | null> => {
    const row = await store.row(item)
    if (!row || row.gone) return null
    const doc = await content.proseDoc(item)
    const text = searchTextOf({ facts: await content.facts(item), prose: proseJson(doc) })
    doc.destroy()
    return { item, space, title: row.title, text }
  }

  const put = ({ index, texts }: Built, item: ItemId, row: TextRow | null): void => {
    const before = texts.get(item)
    if (before) index.remove(before)
    texts.delete(item)
    if (!row) return
    texts.set(item, row)
    index.add(row)
  }

  const refresh = async (): Promise<void> => {
    // Taken over only when it is whole: until then the one before answers.
    const into = built && !mustRebuild ? built : await build()
    built = into
    while (!isDisposed) {
      const marks = await store.staleTexts(SLICE_COUNT_MAX)
      if (marks.length === 0) return
      const fresh: { text: TextRow; at: number }[] = []
      for (const mark of marks) {
        const row = await textRow(mark)
        put(into, mark.item, row)
        fresh.push({ text: row ?? { item: mark.item, space: mark.space, title: '', text: '' }, at: mark.at })
      }
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
    // Nobody asked yet: the marks wait in the store.
    if (!built || timer || isDisposed) return
    timer = clock.after(WAKE_AFTER_MS, () => {
      timer = null
      start().catch(deps.failed)
    })
  }

  return {
    async find(query, countMax) {
      await running
      await start()
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
        .filter(({ space }) => readable.has(space))
        .sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
        .slice(0, countMax)
        .map(({ item, space, title, text, score }) => ({ item, space, title, excerpt: excerptOf(text, words), score }))
    },
    wake,
    spaceLost() {
      mustRebuild = true
      wake()
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
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
