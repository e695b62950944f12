/**
 * What quick open offers for a query: documents by title over all spaces. The other spelling of a municipality counts as its name ('s-Gravenhage,
 * Den Haag). Linear over the rows: 10,000 of them in some ms, well within a frame.
 */
import type { ItemId, SpaceId } from '../../../shared/base/ids.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { fold, wordScore, wordsOf } from '../../workbench/matching.ts'
import { searchableName } from '../../workbench/spaces.ts'

export const SHOWN_COUNT_MAX = 40

// The list is replaced when one of its rows changes. One weak entry for all of them: one a row took 16 ms for 10,000 titles, this takes 3.
const foldedTitles = new WeakMap<readonly ItemRow[], readonly string[]>()
function titlesOf(rows: readonly ItemRow[]): readonly string[] {
  const known = foldedTitles.get(rows)
  if (known) return known
  const titles = rows.map(({ title }) => fold(title))
  foldedTitles.set(rows, titles)
  return titles
}

export interface Found {
  recent: ItemRow[]
  others: ItemRow[]
}

/** "schulden heerlen": the words may be spread over title and place. All of them in the title is worth twice as much. */
export function scoreOf(title: string, place: string, words: readonly string[]): number {
  if (words.length === 0) return 1
  let score = 0
  let isOfTitle = true
  for (const word of words) {
    let ofWord = wordScore(title, word)
    if (ofWord === 0) {
      isOfTitle = false
      // In the place every word begins behind the title, so its first one too stands at the start of a word.
      ofWord = Math.min(2, wordScore(place, word))
    }
    if (ofWord === 0) return 0
    score += ofWord
  }
  return isOfTitle ? score * 2 : score
}

/** In: rows; names of spaces; recently opened items, newest first; the space one is in, whose titles come first among equals, or alone. */
export function findRows(rows: readonly ItemRow[], query: string, spaceNames: ReadonlyMap<SpaceId, string>, recent: readonly ItemId[], { here, onlyHere }: { here: SpaceId | null; onlyHere: boolean }): Found {
  const words = wordsOf(query)
  const places = new Map([...spaceNames].map(([space, name]) => [space, fold(searchableName(name))]))
  const recentAt = new Map(recent.map((item, at) => [item, at]))
  const recentHits: ItemRow[] = []
  const best: ItemRow[] = []
  const scores: number[] = []
  /** The better of two, or the one in the space one is in, or the newer. */
  const isBefore = (row: ItemRow, score: number, at: number): boolean => {
    const other = best[at] as ItemRow
    return (score - (scores[at] as number) || Number(row.space === here) - Number(other.space === here) || row.changedAt - other.changedAt) > 0
  }
  /** Only what is shown is put in order: at the first letters most of 10,000 rows are hits. */
  const keep = (row: ItemRow, score: number): void => {
    if (best.length === SHOWN_COUNT_MAX && !isBefore(row, score, best.length - 1)) return
    let at = best.length
    while (at > 0 && isBefore(row, score, at - 1)) at--
    best.splice(at, 0, row)
    scores.splice(at, 0, score)
    if (best.length <= SHOWN_COUNT_MAX) return
    best.pop()
    scores.pop()
  }
  const titles = titlesOf(rows)
  // No text and no object is made for a row: with 10,000 of them at every letter, clearing up after it was felt more than the looking.
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as ItemRow
    if (row.type === 'folder' || (onlyHere && row.space !== here)) continue
    const score = scoreOf(titles[at] ?? '', places.get(row.space) ?? '', words)
    if (score === 0) continue
    if (recentAt.has(row.item)) recentHits.push(row)
    else keep(row, score)
  }
  return {
    recent: recentHits.sort((a, b) => (recentAt.get(a.item) ?? 0) - (recentAt.get(b.item) ?? 0)),
    others: best,
  }
}
