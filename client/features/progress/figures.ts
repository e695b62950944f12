/**
 * The figures of the pathways table, in order: each is a list of derive/progress, so that its number can be opened. `late` ones stand out
 * when they are not zero.
 */
import type { Behind, Progress } from '../../../shared/derive/progress.ts'
import type { t } from '../../platform/text/text.svelte.ts'

export type FigureKey = keyof (typeof t)['progress']['figures']

export interface Figure {
  key: FigureKey
  list(progress: Progress): readonly Behind[]
  isLate?: boolean
}

export const FIGURES: readonly Figure[] = [
  { key: 'agreements', list: (p) => p.agreements },
  { key: 'concept', list: (p) => p.byStatus.concept },
  { key: 'consultation', list: (p) => p.byStatus.consultation },
  { key: 'proposed', list: (p) => p.byStatus.proposed },
  { key: 'adopted', list: (p) => p.byStatus.adopted },
  { key: 'revision', list: (p) => p.byStatus.revision },
  { key: 'withdrawn', list: (p) => p.byStatus.withdrawn },
  { key: 'waiting', list: (p) => p.waiting },
  { key: 'missingOwner', list: (p) => p.missingOwner, isLate: true },
  { key: 'missingRole', list: (p) => p.missingRole, isLate: true },
  { key: 'missingFeedback', list: (p) => p.missingFeedback, isLate: true },
  { key: 'reviewPassed', list: (p) => p.reviewPassed, isLate: true },
  { key: 'reviewSoon', list: (p) => p.reviewSoon },
  { key: 'conflicts', list: (p) => p.conflicts },
  { key: 'actionsOpen', list: (p) => p.actionsOpen },
  { key: 'actionsOverdue', list: (p) => p.actionsOverdue, isLate: true },
]
