import { expect, test } from 'vitest'
import { NO_ACTS } from '../model/acts.ts'
import type { ActionRow, ItemRow } from '../model/rows.ts'
import { actionsOf, isOverdue, isOwnedBy, nextNumber } from './actions.ts'
import { rowOf } from './row.ts'

const action = (id: string, number: number | null, due: string, status = 'open'): ActionRow => ({ id, number, text: id, owner: '', due, status, item: '' })
const meeting = (actions: ActionRow[], decisionNumberMax = 0): ItemRow => ({
  ...rowOf({ item: 'a'.repeat(32), space: 'b'.repeat(32), facts: { registers: { type: 'meeting', title: 'Platform' }, conflicts: {} }, acts: NO_ACTS, changedAt: 0, changedBy: null }),
  actions, decisionNumberMax,
})

test('open actions come first, the latest on top, those without a date last', () => {
  const list = actionsOf([meeting([action('klaar', 1, '2026-01-01', 'done'), action('zonder', 2, ''), action('later', 3, '2026-12-01')]), meeting([action('laat', 4, '2026-11-01')])], '2026-11-21')
  expect(list.map((one) => [one.action.id, one.daysLate])).toEqual([['laat', 20], ['later', -10], ['zonder', null], ['klaar', 324]])
  expect(list.filter(isOverdue).map((one) => one.action.id)).toEqual(['laat'])
})

test('an owner is recognised by function, organisation, or both, however it is written', () => {
  const person = { name: '', job: 'Verloskundige', organisation: 'Praktijk Oost' }
  for (const owner of ['verloskundige', ' Praktijk  Oost', 'verloskundige, praktijk oost']) expect(isOwnedBy(owner, person)).toBe(true)
  for (const owner of ['', 'huisarts', 'verloskundigen']) expect(isOwnedBy(owner, person)).toBe(false)
})

test('numbering goes on over the meetings of a space and over what was just noted', () => {
  const rows = [meeting([action('x', 31, '')], 14), meeting([action('y', null, '')], 9)]
  expect(nextNumber('decision', rows, [])).toBe(15)
  expect(nextNumber('decision', rows, [15, null])).toBe(16)
  expect(nextNumber('action', rows, [])).toBe(32)
  expect(nextNumber('action', [], [])).toBe(1)
})
