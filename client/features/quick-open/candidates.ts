/**
 * What quick open offers for a query: documents by title over all spaces. The other spelling of a municipality counts as its name ('s-Gravenhage,
 * Den Haag). Linear over the rows: 10,000 of them in some ms, well within a frame.
 */
import type { ItemId, SpaceId } from '../../../shared/base/ids.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { fold, foldedScore, wordsOf } from '../../workbench/matching.ts'
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

interface Hit {
  row: ItemRow
  score: number
}

export interface Found {
  recent: ItemRow[]
  others: ItemRow[]
}

/** In: rows; names of spaces; recently opened items, newest first; the space one is in, whose titles come first among equals, or alone. */
export function findRows(rows: readonly ItemRow[], query: string, spaceNames: ReadonlyMap<SpaceId, string>, recent: readonly ItemId[], { here, onlyHere }: { here: SpaceId | null; onlyHere: boolean }): Found {
  const words = wordsOf(query)
  const places = new Map([...spaceNames].map(([space, name]) => [space, fold(searchableName(name))]))
  const recentAt = new Map(recent.map((item, at) => [item, at]))
  const recentHits: ItemRow[] = []
  const best: Hit[] = []
  const isBefore = (a: Hit, b: Hit): boolean => (b.score - a.score || Number(b.row.space === here) - Number(a.row.space === here) || b.row.changedAt - a.row.changedAt) < 0
  /** Only what is shown is put in order: at the first letters most of 10,000 rows are hits. */
  const keep = (hit: Hit): void => {
    const last = best[best.length - 1]
    if (best.length === SHOWN_COUNT_MAX && last && !isBefore(hit, last)) return
    best.splice(best.findLastIndex((one) => !isBefore(hit, one)) + 1, 0, hit)
    if (best.length > SHOWN_COUNT_MAX) best.pop()
  }
  const titles = titlesOf(rows)
  for (const [at, row] of rows.entries()) {
    if (row.type === 'folder' || (onlyHere && row.space !== here)) continue
    const title = titles[at] ?? ''
    const ofTitle = foldedScore(title, words)
    // "schulden heerlen": the words may be spread over title and place.
    const score = ofTitle > 0 ? ofTitle * 2 : foldedScore(`${title} ${places.get(row.space) ?? ''}`, words)
    if (score === 0) continue
    if (recentAt.has(row.item)) recentHits.push(row)
    else keep({ row, score })
  }
  return {
    recent: recentHits.sort((a, b) => (recentAt.get(a.item) ?? 0) - (recentAt.get(b.item) ?? 0)),
    others: best.map(({ row }) => row),
  }
}
