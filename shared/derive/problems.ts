/**
 * What needs attention in one item: linters over (facts, acts, prose text, today). They give codes with parameters; the text catalogue words
 * them. A problem never holds document text beyond names of things (a title, a step number, a party): a found BSN stays unsaid.
 *
 * Severity as on screen: `choose` two answers, `needed` an agreement cannot do without, `caution` something moved or ran out, `tip` would help.
 * `path` is the fact to put the focus on, 'prose' for the running text, '' for the item as a whole.
 */
import type { ItemId } from '../base/ids.ts'
import { missingParties, type ActsState } from '../model/acts.ts'
import { textAt, type FactsState } from '../model/facts.ts'
import { agreementSchema } from '../model/items/agreement.ts'
import { isItemType, SCHEMAS } from '../model/items/index.ts'
import { meetingSchema } from '../model/items/meeting.ts'
import { contactSchema } from '../model/items/others.ts'
import { readFacts } from '../model/items/schema.ts'
import { findBsnLike } from './bsn.ts'
import { daysBetween, isDay } from './dates.ts'
import { REVIEW_WARNING_DAYS } from './progress.ts'

/** Contacts that nobody looked at for this long get a question; from the field, not from a norm. */
export const CONTACT_AGE_DAYS_MAX = 180

export type Severity = 'choose' | 'needed' | 'caution' | 'tip'
export const SEVERITIES: readonly Severity[] = ['choose', 'needed', 'caution', 'tip']

interface ProblemParams {
  /** `field` is the last part of the path, `list` and `number` say which row when it is one of a list. */
  'two-answers': { field: string; list: string; number: number; answers: number }
  'title-missing': Record<never, never>
  'owner-missing': Record<never, never>
  'parties-missing': Record<never, never>
  'steps-missing': Record<never, never>
  'step-without-action': { number: number }
  'step-without-role': { number: number }
  'step-without-term': { number: number }
  'handover-without-feedback': { number: number }
  'handover-without-if-no-reply': { number: number }
  'handover-without-consent': { number: number }
  'review-missing': Record<never, never>
  'review-passed': { date: string; days: number }
  'review-soon': { date: string; days: number }
  'changed-since-seal': { status: string; signed: number }
  'party-returned': { party: string }
  'consultation-over': { date: string }
  'bsn-like': { where: 'facts' | 'prose'; field: string; at: number }
  'contact-old': { date: string; days: number }
  'contact-never-checked': Record<never, never>
  'action-without-owner': { number: number }
  'action-without-due': { number: number }
  'action-overdue': { number: number; date: string; days: number }
  'meeting-without-date': Record<never, never>
}

export type ProblemCode = keyof ProblemParams

export const SEVERITY_OF: Record<ProblemCode, Severity> = {
  'two-answers': 'choose',
  'title-missing': 'needed',
  'owner-missing': 'needed',
  'parties-missing': 'tip',
  'steps-missing': 'tip',
  'step-without-action': 'needed',
  'step-without-role': 'needed',
  'step-without-term': 'needed',
  'handover-without-feedback': 'needed',
  'handover-without-if-no-reply': 'needed',
  'handover-without-consent': 'caution',
  'review-missing': 'tip',
  'review-passed': 'caution',
  'review-soon': 'tip',
  'changed-since-seal': 'caution',
  'party-returned': 'caution',
  'consultation-over': 'tip',
  'bsn-like': 'needed',
  'contact-old': 'caution',
  'contact-never-checked': 'tip',
  'action-without-owner': 'needed',
  'action-without-due': 'tip',
  'action-overdue': 'caution',
  'meeting-without-date': 'needed',
}

export type DerivedProblem = {
  [Code in ProblemCode]: { code: Code; severity: Severity; item: ItemId; path: string; params: ProblemParams[Code] }
}[ProblemCode]

export interface ProblemInput {
  item: ItemId
  facts: FactsState
  acts: ActsState
  /** Content differs from the seal on the table or the adopted one (as in the item's row). */
  changedSinceSeal: boolean
  /** Plain running text, '' if there is none or it is not at hand. */
  proseText: string
}

/** Out: most severe first, within a severity in the order of the document. Items out of the tree have no problems. */
export function problemsOf(input: ProblemInput, today: string): DerivedProblem[] {
  const { item, facts, acts } = input
  const { registers } = facts
  const type = registers.type
  if (!isItemType(type) || registers.gone === true) return []

  const problems: DerivedProblem[] = []
  const add = <Code extends ProblemCode>(code: Code, path: string, params: ProblemParams[Code]): void => {
    problems.push({ code, severity: SEVERITY_OF[code], item, path, params } as DerivedProblem)
  }

  lintAnswers(facts, add)
  // A page without a title is called after its first heading or line.
  if (textAt(registers, 'title').trim() === '' && !(type === 'knowledge' && input.proseText.trim() !== '')) add('title-missing', 'title', {})
  if (type === 'agreement' && acts.status !== 'withdrawn') lintAgreement(facts, acts, input.changedSinceSeal, today, add)
  if (type === 'template') lintSteps(facts, add)
  if (type === 'meeting') lintMeeting(facts, today, add)
  if (type === 'contact') lintContact(facts, today, add)
  lintPersonal(facts, input.proseText, add)

  return problems.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}

type Add = <Code extends ProblemCode>(code: Code, path: string, params: ProblemParams[Code]) => void

function lintAnswers(facts: FactsState, add: Add): void {
  for (const path of Object.keys(facts.conflicts).sort()) {
    const answers = facts.conflicts[path] ?? []
    if (answers.length < 2) continue
    const [list, id, field] = path.split('/')
    if (field === undefined || list === undefined) add('two-answers', path, { field: path, list: '', number: 0, answers: answers.length })
    else add('two-answers', path, { field, list, number: numberOfRow(facts, list, id ?? ''), answers: answers.length })
  }
}

/** Place of a row in its list as the screen numbers it, 0 for a row that was removed. */
function numberOfRow(facts: FactsState, list: string, id: string): number {
  const type = facts.registers.type
  if (!isItemType(type)) return 0
  const rows = readFacts(SCHEMAS[type], facts.registers)[list] as { id: string }[] | undefined
  return (rows ?? []).findIndex((row) => row.id === id) + 1
}

function lintSteps(facts: FactsState, add: Add): void {
  const { steps } = readFacts(agreementSchema, facts.registers)
  if (steps.length === 0) add('steps-missing', '', {})
  steps.forEach((step, index) => {
    const number = index + 1
    const at = (field: string): string => `steps/${step.id}/${field}`
    if (step.action.trim() === '') add('step-without-action', at('action'), { number })
    if (step.role === '') add('step-without-role', at('role'), { number })
    if (step.termUnit === '' || (step.term === null && step.termUnit !== 'consult')) add('step-without-term', at('term'), { number })
    if (!step.handover) return
    if (step.feedbackTo.trim() === '' || step.feedbackWithin.trim() === '') add('handover-without-feedback', at(step.feedbackTo.trim() === '' ? 'feedbackTo' : 'feedbackWithin'), { number })
    if (step.ifNoReply.trim() === '') add('handover-without-if-no-reply', at('ifNoReply'), { number })
    if (step.consent === '') add('handover-without-consent', at('consent'), { number })
  })
}

function lintAgreement(facts: FactsState, acts: ActsState, changedSinceSeal: boolean, today: string, add: Add): void {
  const { owner, reviewBy, parties } = readFacts(agreementSchema, facts.registers)
  if (owner.trim() === '') add('owner-missing', 'owner', {})
  lintSteps(facts, add)
  if (parties.length === 0) add('parties-missing', 'parties', {})
  if (!isDay(reviewBy)) add('review-missing', 'reviewBy', {})
  else {
    const days = daysBetween(today, reviewBy)
    if (days < 0) add('review-passed', 'reviewBy', { date: reviewBy, days: -days })
    else if (days <= REVIEW_WARNING_DAYS) add('review-soon', 'reviewBy', { date: reviewBy, days })
  }
  // In revision a difference is the point; before a proposal there is nothing to differ from.
  if (changedSinceSeal && (acts.status === 'proposed' || acts.status === 'adopted')) {
    add('changed-since-seal', '', { status: acts.status, signed: acts.parties.length - missingParties(acts).length })
  }
  if (acts.status === 'proposed') for (const signature of acts.signatures) if (signature.verdict === 'returned') add('party-returned', '', { party: signature.party })
  if (acts.status === 'consultation' && acts.consultUntil !== null && isDay(acts.consultUntil) && acts.consultUntil < today) add('consultation-over', '', { date: acts.consultUntil })
}

function lintMeeting(facts: FactsState, today: string, add: Add): void {
  const { date, actions } = readFacts(meetingSchema, facts.registers)
  if (!isDay(date)) add('meeting-without-date', 'date', {})
  actions.forEach((action, index) => {
    if (action.status === 'done' || action.status === 'dropped') return
    const number = action.number ?? index + 1
    if (action.owner.trim() === '') add('action-without-owner', `actions/${action.id}/owner`, { number })
    if (!isDay(action.due)) add('action-without-due', `actions/${action.id}/due`, { number })
    else if (action.due < today) add('action-overdue', `actions/${action.id}/due`, { number, date: action.due, days: daysBetween(action.due, today) })
  })
}

function lintContact(facts: FactsState, today: string, add: Add): void {
  const { lastChecked } = readFacts(contactSchema, facts.registers)
  if (!isDay(lastChecked)) {
    add('contact-never-checked', 'lastChecked', {})
    return
  }
  const days = daysBetween(lastChecked, today)
  if (days > CONTACT_AGE_DAYS_MAX) add('contact-old', 'lastChecked', { date: lastChecked, days })
}

function lintPersonal(facts: FactsState, proseText: string, add: Add): void {
  for (const [path, value] of Object.entries(facts.registers)) {
    if (typeof value !== 'string') continue
    for (const { at } of findBsnLike(value)) add('bsn-like', path, { where: 'facts', field: path.split('/').at(-1) ?? path, at })
  }
  for (const { at } of findBsnLike(proseText)) add('bsn-like', 'prose', { where: 'prose', field: '', at })
}
