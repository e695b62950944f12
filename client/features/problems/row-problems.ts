/**
 * What a row says about a document that is not open: enough to send somebody there, cheap enough for 10,000 rows. The open document itself is
 * linted from its facts.
 */
import { daysBetween, isDay } from '../../../shared/derive/dates.ts'
import { REVIEW_WARNING_DAYS } from '../../../shared/derive/progress.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { dateText } from '../../platform/dates.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { ShownProblem } from './problem-words.ts'

export function problemsOfRow(row: ItemRow, today: string): ShownProblem[] {
  const words = t.problems
  const found: ShownProblem[] = []
  const add = (code: string, severity: ShownProblem['severity'], text: string, goTo: string = words.fix.open, focus?: string): void =>
    void found.push({ id: `${row.item} ${code}`, severity, text, item: row.item, where: row.title || t.common.untitled, goTo, ...(focus ? { focus } : {}) })

  if (row.conflictCount > 0) add('two-answers', 'choose', words.text.rowConflicts(row.conflictCount))
  const overdue = row.actions.filter((action) => action.status !== 'done' && action.status !== 'dropped' && isDay(action.due) && action.due < today).length
  if (overdue > 0) add('actions', 'caution', words.text.rowActions(overdue))
  if (row.type !== 'agreement' || row.status === 'withdrawn') return found
  if (row.owner.trim() === '') add('owner', 'needed', words.text['owner-missing'], words.fix.fill, 'owner')
  if (row.stepsWithoutRole > 0) add('roles', 'needed', words.text.rowRoles(row.stepsWithoutRole))
  if (row.stepsWithoutFeedback > 0) add('feedback', 'needed', words.text.rowFeedback(row.stepsWithoutFeedback))
  if (row.changedSinceSeal && (row.status === 'proposed' || row.status === 'adopted')) add('changed', 'caution', words.text.changedSinceSeal(0), words.fix.look)
  if (isDay(row.reviewBy)) {
    const days = daysBetween(today, row.reviewBy)
    if (days < 0) add('review', 'caution', words.text.reviewPassed(dateText(row.reviewBy)), words.fix.look, 'reviewBy')
    else if (days <= REVIEW_WARNING_DAYS) add('review', 'tip', words.text.reviewSoon(dateText(row.reviewBy), days), words.fix.look, 'reviewBy')
  }
  return found
}
