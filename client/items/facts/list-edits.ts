/** Edits of lists of facts: rows get their place by fractional keys, so that two people can insert and move at the same time. */
import { newId, type Id } from '../../../shared/base/ids.ts'
import { orderBetween } from '../../../shared/base/order.ts'
import type { Dice } from '../../../shared/base/random.ts'
import { rowsOf, type FactEdit, type FactValue, type Registers } from '../../../shared/model/facts.ts'

/** Two rows may carry the same key after edits apart; then no key lies between, and the open end is taken. */
const between = (before: string, after: string): string => orderBetween(before, before !== '' && after !== '' && before >= after ? '' : after)

/** In: `after` is the row it comes behind, null for the end of the list. Out: the edit, with the new row's id. */
export function insertRow(registers: Registers, list: string, values: Record<string, FactValue>, dice: Dice, after: Id | null = null): { op: 'insert'; list: string; id: Id; order: string; values: Record<string, FactValue> } {
  const rows = rowsOf(registers, list)
  const at = after === null ? rows.length - 1 : rows.findIndex((row) => row.id === after)
  return { op: 'insert', list, id: newId(dice), order: between(rows[at]?.order ?? '', rows[at + 1]?.order ?? ''), values }
}

/** One place up (-1) or down (+1); null when it is at that end already. */
export function moveRow(registers: Registers, list: string, id: Id, by: -1 | 1): FactEdit | null {
  const rows = rowsOf(registers, list)
  const at = rows.findIndex((row) => row.id === id)
  const target = rows[at + by]
  if (at === -1 || !target) return null
  const beyond = rows[at + 2 * by]?.order ?? ''
  return { op: 'move', list, id, order: by === -1 ? between(beyond, target.order) : between(target.order, beyond) }
}
