/** Projection rows of the two-window world: as much of them as pages read. */
import { textAt, rowsOf, type Registers } from '../../shared/model/facts.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { ActsState } from '../../shared/model/acts.ts'
import { agreementSchema } from '../../shared/model/items/agreement.ts'
import { meetingSchema } from '../../shared/model/items/meeting.ts'
import { readFacts } from '../../shared/model/items/schema.ts'
import type { ItemType } from '../../shared/model/items/index.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

export function rowOf(item: ItemId, space: SpaceId, type: ItemType, registers: Registers, conflictCount: number, acts: ActsState): ItemRow {
  const agreement = readFacts(agreementSchema, registers)
  const meeting = readFacts(meetingSchema, registers)
  const isMeeting = type === 'meeting'
  return {
    item, space, type, conflictCount,
    title: textAt(registers, 'title'),
    parent: textAt(registers, 'parent'),
    order: textAt(registers, 'order'),
    gone: registers.gone === true,
    sample: registers.sample === true,
    status: acts.status,
    version: acts.version,
    changedSinceSeal: false,
    waitingFor: [],
    proposedAt: null,
    adoptedAt: null,
    consultUntil: '',
    owner: agreement.owner,
    domain: agreement.domain,
    reviewBy: agreement.reviewBy,
    date: isMeeting ? meeting.date : '',
    stepCount: rowsOf(registers, 'steps').length,
    stepsWithoutRole: agreement.steps.filter((step) => step.role === '').length,
    stepsWithoutTerm: 0,
    stepsWithoutFeedback: 0,
    actions: isMeeting ? meeting.actions.map(({ id, number, text, owner, due, status, item: about }) => ({ id, number, text, owner, due, status, item: about })) : [],
    decisionNumberMax: isMeeting ? Math.max(0, ...meeting.decisions.map((decision) => decision.number ?? 0)) : 0,
    milestones: {},
    changedAt: 0,
    changedBy: null,
  }
}
