/**
 * What quick open offers for a query: documents by title over all spaces. The other spelling of a municipality counts as its name ('s-Gravenhage,
 * Den Haag). Linear over the rows: 10,000 of them in some ms, well within a frame.
 */
import type { ItemId, SpaceId } from '../../../shared/base/ids.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { fold, foldedScore, wordsOf } from '../../workbench/matching.ts'
import { searchableName } from '../../workbench/spaces.ts'

export const SHOWN_COUNT_MAX = 40

// Rows are replaced when they change, never edited: what was folded for one stays right as long as it lives.
const foldedTitles = new WeakMap<ItemRow, string>()
function foldedTitle(row: ItemRow): string {
  const known = foldedTitles.get(row)
  if (known !== undefined) return known
  const folded = fold(row.title)
  foldedTitles.set(row, folded)
  return folded
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
  const hits: { row: ItemRow; score: number }[] = []
  for (const row of rows) {
    if (row.type === 'folder' || (onlyHere && row.space !== here)) continue
    const title = foldedTitle(row)
    const ofTitle = foldedScore(title, words)
    // "schulden heerlen": the words may be spread over title and place.
    const score = ofTitle > 0 ? ofTitle * 2 : foldedScore(`${title} ${places.get(row.space) ?? ''}`, words)
    if (score > 0) hits.push({ row, score })
  }
  const byScore = hits.filter(({ row }) => !recentAt.has(row.item)).sort((a, b) => b.score - a.score || Number(b.row.space === here) - Number(a.row.space === here) || b.row.changedAt - a.row.changedAt)
  return {
    recent: hits.filter(({ row }) => recentAt.has(row.item)).sort((a, b) => (recentAt.get(a.row.item) ?? 0) - (recentAt.get(b.row.item) ?? 0)).map(({ row }) => row),
    others: byScore.slice(0, SHOWN_COUNT_MAX).map(({ row }) => row),
  }
}
