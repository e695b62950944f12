/** A step of a pathway in words: within what time, who hears back, which consent; and what it still lacks. */
import type { FactsState } from '../../../shared/model/facts.ts'
import { agreementSchema, type Step } from '../../../shared/model/items/agreement.ts'
import { readFacts } from '../../../shared/model/items/schema.ts'
import { labelOf, VOCABULARIES } from '../../../shared/model/vocabularies.ts'
import { language, t } from '../../platform/text/text.svelte.ts'

export interface ShownStep extends Step {
  /** Place in the list, from 1; never stored. */
  number: number
}

export const stepsOf = (facts: FactsState): ShownStep[] => readFacts(agreementSchema, facts.registers).steps.map((step, at) => ({ ...step, number: at + 1 }))

/** "5 werkdagen", "zelfde consult", "vóór week 34"; '' when no term was agreed. */
export function termText(step: Step): string {
  const { term, termUnit } = step
  if (termUnit === 'consult') return labelOf('termUnit', 'consult', language())
  if (term === null || termUnit === '') return ''
  if (termUnit === 'before-week' || termUnit === 'at-week') return `${labelOf('termUnit', termUnit, language())}\u00a0${term}`
  const one = term === 1 ? t.agreements.oneUnit[termUnit as keyof typeof t.agreements.oneUnit] : undefined
  // A number and its unit stay on one line.
  return `${term}\u00a0${one ?? labelOf('termUnit', termUnit, language())}`
}

export function feedbackText(step: Step): string {
  const { feedbackTo, feedbackWithin, feedbackHow } = step
  const parts = [feedbackTo && t.agreements.feedbackTo(feedbackTo), feedbackWithin && t.agreements.feedbackWithin(feedbackWithin), feedbackHow]
  return parts.filter(Boolean).join(', ')
}

export const consentText = (step: Step): string => (step.consent === 'ask' ? t.agreements.consentAsk : step.consent === 'recorded' ? t.agreements.consentRecorded : '')

export const roleText = (step: Step): string => {
  const label = labelOf('role', step.role, language())
  return label.charAt(0).toLocaleUpperCase(language()) + label.slice(1)
}

const ROLES = Object.keys(VOCABULARIES.role)
/** The same role has the same of the five colours everywhere; the word carries the meaning. */
export const roleColor = (role: string): string => `var(--p-${(Math.max(0, ROLES.indexOf(role)) % 5) + 1})`

export const lacksRole = (step: Step): boolean => step.role === ''
export const lacksTerm = (step: Step): boolean => termText(step) === ''
/** Care passes to another organisation: then somebody has to hear back. */
export const lacksFeedback = (step: Step): boolean => step.handover && (step.feedbackTo === '' || step.feedbackWithin === '')
export const lacksIfNoReply = (step: Step): boolean => step.handover && step.ifNoReply === ''

/** Paths of one cell that have two answers. */
export const disputed = (facts: FactsState, step: Step, fields: readonly (keyof Step & string)[]): string | null =>
  fields.map((field) => `steps/${step.id}/${field}`).find((path) => facts.conflicts[path] !== undefined) ?? null
