/**
 * Which texts have a word, and how much each of them is about it: an inverted index over titles and texts, in memory, by Dutch stems. Ranking is BM25+
 * (Lv and Zhai, 2011) with the constants of MiniSearch, which did this before: a question that thousands of texts answer made it build, join and sort
 * an object for each of them, twice (decision 0025). Here a question adds numbers up in two arrays and puts in order only what is asked for.
 *
 * Invariants: every text has a slot of its own; the slots of a word are rising, so that a text is taken out by halving.
 */
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import { stemOf, wordsIn } from '../../shared/derive/search-text.ts'
import type { TextRow } from './store.ts'

export interface Found {
  row: TextRow
  score: number
}

export interface SearchIndex {
  has(item: ItemId): boolean
  /** The term of a word as `wordsIn` gives it: the same for words that are found by each other. */
  termOf(word: string): number
  /** Takes the place of the text that is there of the item. */
  put(row: TextRow): void
  remove(item: ItemId): void
  /**
   * The texts with all words, best first. The last one is still being typed: it counts as the beginning of a word as well, in titles always and
   * in texts from five letters on. In: words as `wordsIn` gives them.
   */
  find(words: readonly string[], countMax: number, isWanted: (row: TextRow) => boolean): Found[]
}

/** BM25+: how soon more of the same word adds nothing, how much a long text counts less, what a word is worth in the longest text. */
const SATURATION = 1.2
const LENGTH_WEIGHT = 0.7
const LEAST = 0.5
const TITLE_WEIGHT = 4
/** A beginning is worth less than the word, and less the more is missing. */
const BEGUN_WEIGHT = 0.375
const MISSING_WEIGHT = 0.3
const PREFIX_LETTERS_MIN = 5

/** A municipality has some thousands of words; what somebody pastes may have any number. */
const WORDS_COUNT_MAX = 200_000

/**
 * Terms by number: a word is looked up once for everything that is done with it, and stemmed once, which was most of what indexing cost. It lives as long
 * as its index: of what was erased no word stays.
 */
function createTerms() {
  const names: string[] = []
  const numbers = new Map<string, number>()
  const byWord = new Map<string, number>()
  return {
    names,
    /** In: a word as `wordsIn` gives it. */
    numberOf(word: string): number {
      const known = byWord.get(word)
      if (known !== undefined) return known
      if (byWord.size >= WORDS_COUNT_MAX) byWord.clear()
      const name = stemOf(word)
      let number = numbers.get(name)
      if (number === undefined) {
        numbers.set(name, (number = names.length))
        names.push(name)
      }
      byWord.set(word, number)
      return number
    },
  }
}
type Terms = ReturnType<typeof createTerms>

/** Where a term is, and how often. */
interface Places {
  slots: number[]
  counts: number[]
}

/** The first place in a rising list at or behind a value. */
function placeOf(list: readonly number[], value: number): number {
  let [from, to] = [0, list.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((list[middle] as number) < value) from = middle + 1
    else to = middle
  }
  return from
}

/** One of the two things that are searched. */
function createField(terms: Terms, weight: number) {
  const places: (Places | undefined)[] = []
  /** Different terms, by slot. */
  const lengths: number[] = []
  let lengthsSum = 0
  let count = 0
  /** How often each term is in the text at hand, by number; all 0 in between. */
  const times: number[] = []
  const termsOf = (text: string): number[] => {
    const found: number[] = []
    for (const word of wordsIn(text)) {
      const term = terms.numberOf(word)
      while (times.length <= term) times.push(0)
      const before = times[term] as number
      if (before === 0) found.push(term)
      times[term] = before + 1
    }
    return found
  }

  return {
    put(slot: number, text: string): void {
      const found = termsOf(text)
      for (const term of found) {
        const at = (places[term] ??= { slots: [], counts: [] })
        // The newest slot is the last, except where one is used again.
        if (at.slots.length === 0 || (at.slots[at.slots.length - 1] as number) < slot) {
          at.slots.push(slot)
          at.counts.push(times[term] as number)
        } else {
          const place = placeOf(at.slots, slot)
          at.slots.splice(place, 0, slot)
          at.counts.splice(place, 0, times[term] as number)
        }
        times[term] = 0
      }
      lengths[slot] = found.length
      lengthsSum += found.length
      count++
    },
    remove(slot: number, text: string): void {
      for (const term of termsOf(text)) {
        const at = must(places[term], 'a text is taken out as it was put in')
        const place = placeOf(at.slots, slot)
        at.slots.splice(place, 1)
        at.counts.splice(place, 1)
        times[term] = 0
      }
      lengthsSum -= lengths[slot] ?? 0
      count--
    },
    /** Adds to the score of every slot that has the term. */
    score(term: number, share: number, scores: Float64Array): void {
      const at = places[term]
      if (!at || at.slots.length === 0) return
      const rarity = Math.log(1 + (count - at.slots.length + 0.5) / (at.slots.length + 0.5))
      const average = lengthsSum / count
      for (let i = 0; i < at.slots.length; i++) {
        const slot = at.slots[i] as number
        const often = at.counts[i] as number
        const length = 1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * (lengths[slot] as number)) / average
        scores[slot] = (scores[slot] as number) + weight * share * rarity * (LEAST + (often * (SATURATION + 1)) / (often + SATURATION * length))
      }
    },
  }
}

export function createSearchIndex(): SearchIndex {
  const terms = createTerms()
  const titles = createField(terms, TITLE_WEIGHT)
  const texts = createField(terms, 1)
  const rows: (TextRow | null)[] = []
  const slots = new Map<ItemId, number>()
  const free: number[] = []

  const remove = (item: ItemId): void => {
    const slot = slots.get(item)
    if (slot === undefined) return
    const row = must(rows[slot], 'a row in every slot that is used')
    titles.remove(slot, row.title)
    texts.remove(slot, row.text)
    rows[slot] = null
    slots.delete(item)
    free.push(slot)
  }

  return {
    has: (item) => slots.has(item),
    termOf: terms.numberOf,
    put(row) {
      const known = slots.get(row.item)
      const before = known === undefined ? null : rows[known]
      if (known !== undefined && before?.title === row.title && before.text === row.text) {
        // Most of what marks an item changes no word of it.
        rows[known] = row
        return
      }
      remove(row.item)
      const slot = free.pop() ?? rows.length
      slots.set(row.item, slot)
      rows[slot] = row
      titles.put(slot, row.title)
      texts.put(slot, row.text)
    },
    remove,
    find(words, countMax, isWanted) {
      const last = words[words.length - 1]
      if (last === undefined) return []
      const total = new Float64Array(rows.length).fill(1)
      const ofWord = new Float64Array(rows.length)
      let isFirst = true
      /** Out: whether anything is left. */
      const both = (): boolean => {
        let isAny = false
        for (let slot = 0; slot < total.length; slot++) {
          const score = ofWord[slot] as number
          if (score === 0) total[slot] = 0
          else if (total[slot] !== 0) {
            total[slot] = (isFirst ? 0 : (total[slot] as number)) + score
            isAny = true
          }
        }
        isFirst = false
        return isAny
      }
      for (const word of new Set(words.slice(0, -1))) {
        ofWord.fill(0)
        const term = terms.numberOf(word)
        titles.score(term, 1, ofWord)
        texts.score(term, 1, ofWord)
        if (!both()) return []
      }
      ofWord.fill(0)
      // As a beginning it is not stemmed: a stem would cut off its end.
      for (const [term, name] of terms.names.entries()) {
        if (!name.startsWith(last)) continue
        const share = name === last ? 1 : (BEGUN_WEIGHT * name.length) / (name.length + MISSING_WEIGHT * (name.length - last.length))
        titles.score(term, share, ofWord)
        if (last.length >= PREFIX_LETTERS_MIN) texts.score(term, share, ofWord)
      }
      const whole = new Float64Array(rows.length)
      const term = terms.numberOf(last)
      titles.score(term, 1, whole)
      texts.score(term, 1, whole)
      for (let slot = 0; slot < whole.length; slot++) ofWord[slot] = Math.max(ofWord[slot] as number, whole[slot] as number)
      if (!both()) return []

      const best: Found[] = []
      const isBefore = (a: Found, b: Found): boolean => a.score > b.score || (a.score === b.score && a.row.item < b.row.item)
      for (let slot = 0; slot < total.length; slot++) {
        const score = total[slot] as number
        if (score === 0) continue
        const worst = best[best.length - 1]
        if (best.length === countMax && worst && score < worst.score) continue
        const found: Found = { row: must(rows[slot], 'a row in every slot that has words'), score }
        if (!isWanted(found.row) || (best.length === countMax && worst && !isBefore(found, worst))) continue
        best.splice(best.findLastIndex((one) => isBefore(one, found)) + 1, 0, found)
        if (best.length > countMax) best.pop()
      }
      return best
    },
  }
}
