/** What happened to a fact, as a sentence. The number of a row is the one it has now, so that a person finds it in the document. */
import type { Registers } from '../../../shared/model/facts.ts'
import type { FactStep } from '../../engine/api.ts'
import { fieldName, rowName, valueText } from '../../platform/field-words.ts'
import { t } from '../../platform/text/text.svelte.ts'

/** Of a text that was only changed, this much says which text it was; an answer that another took the place of is shown whole. */
const CHANGED_CHARS_MAX = 200
const short = (text: string): string => (text.length > CHANGED_CHARS_MAX ? `${text.slice(0, CHANGED_CHARS_MAX - 1)}…` : text)

export interface StepWorld {
  type: string
  registers: Registers
  titleOf(item: string): string
}

const nounOf = (list: string): string => (t.timeline.rows as Record<string, string>)[list] ?? t.timeline.rows.other

function fieldOf(path: string, { registers }: StepWorld): string {
  const [list = '', row] = path.split('/')
  if (row === undefined) return fieldName(path)
  return t.timeline.inRow(rowName(path, registers) || t.timeline.goneRow(nounOf(list)), fieldName(path))
}

export function stepText(step: FactStep, world: StepWorld): string {
  const words = t.timeline
  const text = (path: string, value: Parameters<typeof valueText>[2]): string => valueText(world.type, path, value, world.titleOf)
  switch (step.kind) {
    case 'moved':
      return words.moved
    case 'row': {
      const name = rowName(`${step.list}/${step.row}/order`, world.registers) || nounOf(step.list)
      return words.row[step.what](name, step.label ? short(text(step.label.path, step.label.value)) : '')
    }
    case 'apart':
      return words.apart(fieldOf(step.path, world), text(step.path, step.value))
    case 'chosen':
      return words.chosen(fieldOf(step.path, world), text(step.path, step.value))
    case 'set': {
      const { path, before, after } = step
      const field = fieldOf(path, world)
      const now = short(text(path, after))
      if (before === undefined) return words.now(field, now)
      const isNothing = (value: unknown): boolean => value === null || value === ''
      if (isNothing(before)) return isNothing(after) ? words.now(field, now) : words.filled(field, now)
      return isNothing(after) ? words.cleared(field, short(text(path, before))) : words.changed(field, short(text(path, before)), now)
    }
  }
}

/** The other answers of a step, in the words of what became of them. */
export const otherText = (step: Extract<FactStep, { others: unknown }>, at: number, world: StepWorld): string =>
  (step.kind === 'chosen' ? t.timeline.unchosen : t.timeline.besides)(valueText(world.type, step.path, step.others[at]?.value ?? null, world.titleOf))
