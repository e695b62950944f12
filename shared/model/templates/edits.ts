/**
 * A template as the first facts of an item: an agreement to work on, or the template itself in the space of a programme. Both carry
 * `sample: true`: every term in a template is made up until a municipality says otherwise. Owner and review date stay empty on
 * purpose; they are the first things that the problems list asks for.
 */
import { newId, type ItemId, type SpaceId } from '../../base/ids.ts'
import { orderBetween } from '../../base/order.ts'
import type { Dice } from '../../base/random.ts'
import type { FactEdit, FactValue } from '../facts.ts'
import type { PathwayTemplate, TemplateStep } from './template.ts'

export interface TemplateUse {
  as: 'agreement' | 'template'
  /** Where it comes in the tree; '' at the top. */
  parent?: ItemId | ''
  order?: string
  /** The template item that an agreement begins from. */
  origin?: { space: SpaceId; item: ItemId }
}

/** In: dice for the ids of rows. Out: edits for `createItem`, in an order that can be applied as it is. */
export function templateEdits(template: PathwayTemplate, dice: Dice, use: TemplateUse): FactEdit[] {
  const fields: Record<string, FactValue> = {
    type: use.as,
    title: template.title,
    parent: use.parent ?? '',
    order: use.order ?? '',
    theme: template.theme,
    domain: template.domain,
    phase: template.phase,
    targetGroup: template.targetGroup,
    trigger: template.trigger,
    instrument: template.instrument,
    threshold: template.threshold,
    signalledBy: template.signalledBy,
    conversationRule: template.conversationRule,
    escalation: template.escalation,
    closure: template.closure,
    sample: true,
    ...(use.origin ? { originSpace: use.origin.space, originItem: use.origin.item } : {}),
  }
  return [
    ...Object.entries(fields).map(([path, value]): FactEdit => ({ op: 'set', path, value })),
    ...insertsOf('parties', template.parties.map((name) => ({ name })), dice),
    ...insertsOf('steps', template.steps.map(stepValues), dice),
    ...insertsOf('indicators', template.indicators.map((text) => ({ text })), dice),
  ]
}

const stepValues = (step: TemplateStep): Record<string, FactValue> => ({
  action: step.action,
  role: step.role,
  organisation: step.organisation,
  term: step.term.count,
  termUnit: step.term.unit,
  termFrom: step.term.from,
  consent: step.consent,
  feedbackTo: step.feedback?.to ?? '',
  feedbackWithin: step.feedback?.within ?? '',
  feedbackHow: step.feedback?.how ?? '',
  ifNoReply: step.ifNoReply,
  handover: step.handover,
  proof: step.proof ?? '',
})

/** Rows of one list at the end of an empty list, with order keys and fresh ids. */
export function insertsOf(list: string, rows: readonly Record<string, FactValue>[], dice: Dice): FactEdit[] {
  let order = ''
  return rows.map((values): FactEdit => {
    order = orderBetween(order, '')
    return { op: 'insert', list, id: newId(dice), order, values }
  })
}
