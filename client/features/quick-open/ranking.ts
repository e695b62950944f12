/**
 * In which order the palette offers commands and views: who means the title before who means another word, and what cannot be undone never first while
 * something else is meant as well. "verwijderen" is in the title of erasing for good, and people who type it mean putting away.
 */
import { fold, wordsOf } from '../../workbench/matching.ts'
import type { FilterGroup } from '../../workbench/ui/FilterList.svelte'
import { scoreOf } from './candidates.ts'

export interface Rankable {
  title: string
  /** Found by as well, for less. */
  also?: string
  isFinal?: boolean
}

interface Hit<T> {
  option: T
  score: number
}

/** Only what matches; the group with the best one first. Among equals the given order stays. */
export function rankGroups<T extends Rankable>(groups: readonly FilterGroup<T>[], query: string): FilterGroup<T>[] {
  const words = wordsOf(query)
  return groups
    .map(({ options, ...group }) => ({ group, hits: options.map((option) => ({ option, score: scoreOf(fold(option.title), fold(option.also ?? ''), words) })).filter(({ score }) => score > 0).sort(compareHits) }))
    .filter(({ hits }) => hits.length > 0)
    .sort(({ hits: [a] }, { hits: [b] }) => (a && b ? compareHits(a, b) : 0))
    .map(({ group, hits }) => ({ ...group, options: hits.map(({ option }) => option) }))
}

const compareHits = (a: Hit<Rankable>, b: Hit<Rankable>): number => Number(a.option.isFinal ?? false) - Number(b.option.isFinal ?? false) || b.score - a.score
