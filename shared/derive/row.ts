/**
 * The projection row of an item, from its facts, its acts and (where there is nothing better) its prose. Pure: the engine computes it for
 * the person, the relay's worker for the programme, and both get the same.
 */
import { missingParties, type ActsState } from '../model/acts.ts'
import { rowsOf, textAt, type FactsState, type FactValue } from '../model/facts.ts'
import { isId, type ItemId, type SpaceId, type UserId } from '../base/ids.ts'
import { isItemType, type ItemType } from '../model/items/index.ts'
import { TITLE_CHARS_MAX } from '../model/limits.ts'
import type { ActionRow, ItemRow } from '../model/rows.ts'
import { titleOfProse, type ProseNode } from './prose-json.ts'

export interface RowInput {
  item: ItemId
  space: SpaceId
  facts: FactsState
  /** From accepted acts only. */
  acts: ActsState
  /** Needed for items without a title in their facts. */
  proseJson?: ProseNode
  changedAt: number
  changedBy: UserId | null
  /** Seal of the content as it is now; needed where a seal lies on the table or was adopted (see `needsContentSeal`). */
  contentSeal?: string
}

const text = (value: FactValue | undefined): string => (value === null || value === undefined ? '' : String(value))

const numberOf = (value: FactValue | undefined): number | null => (typeof value === 'number' ? value : null)

/** The seal that the content is compared with: null where changing the content means nothing. */
export function sealInForce({ status, seal, adoptedSeal }: ActsState): string | null {
  switch (status) {
    case 'proposed':
      return seal
    case 'adopted':
    case 'revision':
      return adoptedSeal
    case 'concept':
    case 'consultation':
    case 'withdrawn':
      return null
  }
}

export const needsContentSeal = (acts: ActsState): boolean => sealInForce(acts) !== null
/** Prose written by somebody who knows no facts (any y-websocket client) is a page that is called after its first heading or line. */
export const needsProse = (facts: FactsState): boolean => textAt(facts.registers, 'title').trim() === ''

export function rowOf({ item, space, facts, acts, proseJson, changedAt, changedBy, contentSeal }: RowInput): ItemRow {
  const { registers } = facts
  const type: ItemType = isItemType(registers.type) ? registers.type : 'knowledge'
  const title = textAt(registers, 'title').trim() || (proseJson ? titleOfProse(proseJson) : '')
  const parent = textAt(registers, 'parent')
  const steps = type === 'agreement' || type === 'template' ? rowsOf(registers, 'steps') : []
  const milestones: Record<string, string> = {}
  if (type === 'progress')
    for (const row of rowsOf(registers, 'milestones')) if (/^M\d{1,2}$/.test(text(row.code))) milestones[text(row.code)] = text(row.status)
  const inForce = sealInForce(acts)
  return {
    item,
    space,
    type,
    title: title.slice(0, TITLE_CHARS_MAX),
    parent: isId(parent) ? parent : '',
    order: textAt(registers, 'order'),
    gone: registers.gone === true,
    sample: registers.sample === true,
    status: acts.status,
    version: acts.version,
    conflictCount: Object.keys(facts.conflicts).length,
    changedSinceSeal: inForce !== null && contentSeal !== undefined && contentSeal !== inForce,
    waitingFor: acts.status === 'proposed' ? missingParties(acts) : [],
    proposedAt: acts.status === 'proposed' ? acts.proposedAt : null,
    adoptedAt: acts.adoptedAt,
    consultUntil: acts.status === 'consultation' ? (acts.consultUntil ?? '') : '',
    owner: textAt(registers, 'owner'),
    domain: textAt(registers, 'domain'),
    reviewBy: textAt(registers, 'reviewBy'),
    date: type === 'meeting' ? textAt(registers, 'date') : '',
    stepCount: steps.length,
    stepsWithoutRole: steps.filter((step) => text(step.role) === '').length,
    stepsWithoutTerm: steps.filter((step) => text(step.termUnit) === '' || (typeof step.term !== 'number' && step.termUnit !== 'consult')).length,
    stepsWithoutFeedback: steps.filter((step) => step.handover === true && (text(step.feedbackWithin) === '' || text(step.ifNoReply) === '')).length,
    actions: type === 'meeting' ? actionsOf(facts) : [],
    decisionNumberMax: type === 'meeting' ? Math.max(0, ...rowsOf(registers, 'decisions').map((row) => numberOf(row.number) ?? 0)) : 0,
    milestones,
    changedAt,
    changedBy,
  }
}

const actionsOf = ({ registers }: FactsState): ActionRow[] =>
  rowsOf(registers, 'actions').map((row) => ({
    id: row.id,
    number: numberOf(row.number),
    text: text(row.text),
    owner: text(row.owner),
    due: text(row.due),
    status: text(row.status) || 'open',
    item: text(row.item),
  }))
