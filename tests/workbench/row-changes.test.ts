/** Rows that are read again while somebody types: the window redraws for what is said in them, and now and then for the time. */
import { describe, expect, it } from 'vitest'
import { rowChanges } from '../../client/workbench/row-changes.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { rowOf } from '../../shared/derive/row.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

const dice = seededDice(3)
const space = newId(dice)
const rows: ItemRow[] = Array.from({ length: 3 }, (_, at) =>
  rowOf({ item: newId(dice), space, facts: { registers: { type: 'agreement', title: `afspraak ${at}` }, conflicts: {} }, acts: NO_ACTS, changedAt: at, changedBy: null }),
)
const readAgain = (change: (row: ItemRow, at: number) => ItemRow = (row) => row): ItemRow[] => structuredClone(rows).map(change)

describe('rows read again', () => {
  it('that say the same are the same list', () => {
    expect(rowChanges(rows, readAgain())).toEqual({ kind: 'none', rows })
    expect(rowChanges(rows, readAgain()).rows).toBe(rows)
  })

  it('of which one has another time keep the others as they were', () => {
    const changes = rowChanges(rows, readAgain((row, at) => (at === 1 ? { ...row, changedAt: 99, changedBy: newId(dice) } : row)))
    expect(changes.kind).toBe('times')
    expect(changes.rows[0]).toBe(rows[0])
    expect(changes.rows[1]).toMatchObject({ changedAt: 99 })
    expect(changes.rows[2]).toBe(rows[2])
  })

  it.each<[string, Partial<ItemRow>]>([
    ['a title', { title: 'anders' }],
    ['a place in the tree', { parent: newId(dice) }],
    ['what is waited for', { waitingFor: ['huisarts'] }],
    ['a milestone', { milestones: { M1: 'done' } }],
    ['being gone', { gone: true }],
  ])('that differ in %s are news, whatever comes after them', (_, news) => {
    const changes = rowChanges(rows, readAgain((row, at) => (at === 1 ? { ...row, ...news } : { ...row, changedAt: 50 })))
    expect(changes.kind).toBe('facts')
    expect(changes.rows[1]).toMatchObject(news)
  })

  it('of which one came or went are news', () => {
    expect(rowChanges(rows.slice(1), readAgain()).kind).toBe('facts')
    expect(rowChanges(rows, readAgain().slice(1)).kind).toBe('facts')
    expect(rowChanges(rows, [...readAgain().slice(1), { ...structuredClone(rows[0]!), item: newId(dice) }]).kind).toBe('facts')
  })
})
