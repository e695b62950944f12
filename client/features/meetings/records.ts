/** Decisions and actions of a meeting as they are shown: number, words, and what is disputed. Numbers are given once and never changed by us. */
import type { Id } from '../../../shared/base/ids.ts'
import type { FactsState } from '../../../shared/model/facts.ts'
import { meetingSchema, type Action, type Decision } from '../../../shared/model/items/meeting.ts'
import { readFacts, type FieldsOf } from '../../../shared/model/items/schema.ts'
import { shortDateText } from '../../platform/dates.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { RecordKind } from './context.ts'

export const LIST_OF: Record<RecordKind, 'decisions' | 'actions'> = { decision: 'decisions', action: 'actions' }
export const NODE_OF = { decision: 'decisionRef', action: 'actionRef' } as const

export type MeetingFields = FieldsOf<typeof meetingSchema.fields>

export const decisionsOf = (facts: FactsState): Decision[] => readFacts(meetingSchema, facts.registers).decisions
export const actionsOfMeeting = (facts: FactsState): Action[] => readFacts(meetingSchema, facts.registers).actions

/** A row that somebody took away is still known, so that its reference can say so. */
export const isGone = (facts: FactsState, kind: RecordKind, id: Id): boolean => facts.registers[`${LIST_OF[kind]}/${id}/gone`] === true

export const numberText = (kind: RecordKind, number: number | null): string =>
  kind === 'decision' ? (number === null ? t.meetings.decision : t.meetings.decisionNumber(number)) : number === null ? t.meetings.action : t.meetings.actionNumber(number)

/** "GGD, tekst stap 3, vóór 2 dec" */
export const actionText = ({ owner, text, due }: Pick<Action, 'owner' | 'text' | 'due'>): string =>
  [owner, text, due && t.meetings.before(shortDateText(due))].filter(Boolean).join(', ') || t.meetings.noText

/** First path of a row with two answers, null without. */
export const disputedPath = (facts: FactsState, kind: RecordKind, id: Id): string | null =>
  Object.keys(facts.conflicts).find((path) => path.startsWith(`${LIST_OF[kind]}/${id}/`)) ?? null

/** Numbers that two rows of this meeting carry: noted apart, shown as they are. */
export function doubleNumbers(rows: readonly { number: number | null }[]): Set<number> {
  const seen = new Set<number>()
  const double = new Set<number>()
  for (const { number } of rows) {
    if (number === null) continue
    if (seen.has(number)) double.add(number)
    seen.add(number)
  }
  return double
}
