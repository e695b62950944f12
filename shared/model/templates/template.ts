/**
 * What a pathway template is: an agreement to begin from, as data. All terms and thresholds in templates are illustrative; every
 * template becomes an item with `sample: true` until a municipality makes it its own.
 *
 * Invariants, held by the two constructors and by tests: a step has a role and a term; a handover has a feedback term and an
 * "als niet", because the referrer stays responsible until somebody else has taken over; consent is named where data go elsewhere.
 * Nothing here says that pathways lower mortality: what they give is clear agreements, people who know each other, follow-through.
 */
import type { VOCABULARIES } from '../vocabularies.ts'

export type DomainCode = keyof (typeof VOCABULARIES)['domain']
export type PhaseCode = keyof (typeof VOCABULARIES)['phase']
export type RoleCode = keyof (typeof VOCABULARIES)['role']
export type ConsentCode = keyof (typeof VOCABULARIES)['consent']
export type TermUnitCode = keyof (typeof VOCABULARIES)['termUnit']

export interface Term {
  /** null only for `consult`: the same consult has no number. */
  count: number | null
  unit: TermUnitCode
  /** From which moment it runs; '' where the unit says it (week 34 of the pregnancy). */
  from: string
}

export interface Feedback {
  to: string
  within: string
  how: string
}

interface StepBase {
  action: string
  role: RoleCode
  organisation: string
  term: Term
  consent: ConsentCode
  proof?: string
}

export interface TemplateStep extends StepBase {
  handover: boolean
  feedback: Feedback | null
  ifNoReply: string
}

/** A step that stays with the same organisation. */
export const step = (base: StepBase): TemplateStep => ({ ...base, handover: false, feedback: null, ifNoReply: '' })

/** A step by which care or information passes to another organisation. */
export const handover = (base: StepBase & { feedback: Feedback; ifNoReply: string }): TemplateStep => ({ ...base, handover: true })

export const sameConsult: Term = { count: null, unit: 'consult', from: '' }
export const within = (count: number, unit: 'hours' | 'workdays' | 'days' | 'weeks', from: string): Term => ({ count, unit, from })
export const beforeWeek = (week: number): Term => ({ count: week, unit: 'before-week', from: '' })
export const atWeek = (week: number): Term => ({ count: week, unit: 'at-week', from: '' })

/** The running text around the steps, one list entry a paragraph or bullet. Headings are the same for every template. */
export interface TemplateProse {
  why: readonly string[]
  atAGlance: string
  whenItFails: readonly string[]
  knowEachOther: readonly string[]
}

export interface PathwayTemplate {
  /** Stable code; never shown. */
  code: string
  title: string
  theme: string
  domain: DomainCode
  phase: PhaseCode
  targetGroup: string
  trigger: string
  instrument: string
  /** Where a number shows it says that it is local and not the official R4U threshold. */
  threshold: string
  signalledBy: string
  conversationRule: string
  escalation: string
  closure: string
  parties: readonly string[]
  steps: readonly TemplateStep[]
  indicators: readonly string[]
  prose: TemplateProse
}

/** Stands with every number that decides something. */
export const LOCAL_THRESHOLD = 'lokaal vastgesteld, niet de officiële R4U-drempel'
