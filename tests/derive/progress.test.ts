/** Progress over rows: each number is the list behind it, and the programme sees what was agreed and nothing else. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STATUSES } from '../../shared/model/acts.ts'
import { ITEM_TYPES } from '../../shared/model/items/index.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { addDays, daysBetween } from '../../shared/derive/dates.ts'
import { agreedRows, MILESTONES, programmeProgressOf, progressOf } from '../../shared/derive/progress.ts'

const TODAY = '2026-11-21'
const SPACE = 'a'.repeat(32)
let nextItem = 0

const row = (given: Partial<ItemRow>): ItemRow => ({
  item: (nextItem += 1).toString(16).padStart(32, '0'), space: SPACE, type: 'agreement', title: 'Roken', parent: '', order: 'V', gone: false, sample: false,
  status: 'concept', version: 0, conflictCount: 0, changedSinceSeal: false, waitingFor: [], proposedAt: null, adoptedAt: null, consultUntil: '', owner: 'Gemeente', domain: 'lifestyle', reviewBy: '2027-06-01',
  date: '', stepCount: 4, stepsWithoutRole: 0, stepsWithoutTerm: 0, stepsWithoutFeedback: 0, actions: [], decisionNumberMax: 0, milestones: {}, changedAt: 0, changedBy: null,
  ...given,
})
const action = (given: Partial<ItemRow['actions'][number]>) => ({ id: 'b'.repeat(32), number: 1, text: 'Bel het wijkteam', owner: 'verloskundige', due: '', status: 'open', item: '', ...given })
const milestone = (rows: ItemRow[], code: string) => progressOf(rows, TODAY).milestones.find((found) => found.code === code)!

describe('progress of one municipality', () => {
  test('agreements are counted once per status, templates and removed items are not', () => {
    const rows = [row({ status: 'adopted', version: 1 }), row({ status: 'adopted', version: 2 }), row({ status: 'concept' }), row({ type: 'template' }), row({ gone: true }), row({ type: 'knowledge' })]
    const progress = progressOf(rows, TODAY)
    expect(progress.agreements).toHaveLength(3)
    expect(STATUSES.map((status) => progress.byStatus[status].length)).toEqual([1, 0, 0, 2, 0, 0])
  })

  test('what is missing is asked of living agreements only', () => {
    const rows = [row({ owner: ' ' }), row({ owner: '', status: 'withdrawn' }), row({ stepsWithoutFeedback: 2, reviewBy: '' })]
    const progress = progressOf(rows, TODAY)
    expect(progress.missingOwner.map((behind) => behind.item)).toEqual([rows[0]!.item])
    expect(progress.missingFeedback).toMatchObject([{ item: rows[2]!.item, stepCount: 2 }])
    expect(progress.missingReview.map((behind) => behind.item)).toEqual([rows[2]!.item])
  })

  test('a review date counts as passed the day after, and as near up to sixty days ahead', () => {
    const at = (days: number) => row({ reviewBy: addDays(TODAY, days) })
    const progress = progressOf([at(-1), at(0), at(60), at(61), at(-30)], TODAY)
    expect(progress.reviewPassed.map((review) => review.days)).toEqual([-30, -1])
    expect(progress.reviewSoon.map((review) => review.days)).toEqual([0, 60])
  })

  test('actions are open until they are done or dropped, overdue from the day after', () => {
    const meeting = row({ type: 'meeting', date: '2026-11-01', actions: [action({ due: TODAY }), action({ due: '2026-11-11' }), action({ due: '2026-01-01', status: 'done' }), action({ due: '', status: 'busy' }), action({ status: 'dropped' })] })
    const progress = progressOf([meeting], TODAY)
    expect(progress.actionsOpen).toHaveLength(3)
    expect(progress.actionsOverdue).toMatchObject([{ due: '2026-11-11', daysOverdue: 10 }])
  })

  test('who is waited for stands with the days since the proposal, longest first', () => {
    const proposedAt = (day: string) => Date.parse(`${day}T10:00:00Z`)
    const rows = [row({ status: 'proposed', waitingFor: ['JGZ'], proposedAt: proposedAt('2026-11-18') }), row({ status: 'proposed', waitingFor: ['Huisartsen', 'Wijkteam'], proposedAt: proposedAt('2026-11-09') })]
    expect(progressOf(rows, TODAY).waiting.map(({ party, days }) => [party, days])).toEqual([['Huisartsen', 12], ['Wijkteam', 12], ['JGZ', 3]])
  })
})

describe('milestones', () => {
  test('there are seventeen in four phases; without a sheet none is done', () => {
    expect(MILESTONES.map(({ code }) => code)).toEqual(Array.from({ length: 17 }, (_, index) => `M${index + 1}`))
    expect(['prepare', 'set-up', 'carry-out', 'embed'].map((phase) => MILESTONES.filter((one) => one.phase === phase).length)).toEqual([4, 6, 5, 2])
    expect(progressOf([], TODAY).milestonesDone).toEqual([])
    expect(progressOf([], TODAY).milestonesApplicable).toHaveLength(17)
  })

  test('done is counted over what applies', () => {
    const sheet = row({ type: 'progress', milestones: { M1: 'done', M2: 'embedded', M3: 'busy', M13: 'not-applicable', M4: 'nonsense' } })
    const progress = progressOf([sheet], TODAY)
    expect(progress.milestonesDone.map(({ code }) => code)).toEqual(['M1', 'M2'])
    expect(progress.milestonesApplicable).toHaveLength(16)
    expect(milestone([sheet], 'M4').status).toBe('none')
    expect(milestone([sheet], 'M1').behind).toMatchObject([{ item: sheet.item }])
  })

  test('M8 and M9 follow from the agreements, whatever the sheet says', () => {
    const sheet = row({ type: 'progress', milestones: { M8: 'embedded', M9: 'done' } })
    expect(milestone([sheet], 'M8')).toMatchObject({ status: 'none', isComputed: true, count: 0, of: 0 })
    const open = row({ stepsWithoutFeedback: 1 })
    const rows = [sheet, row({ status: 'adopted', version: 1 }), row({ status: 'revision', version: 1 }), open]
    expect(milestone(rows, 'M8')).toMatchObject({ status: 'busy', count: 2, of: 3, behind: [{ item: open.item }] })
    expect(milestone(rows, 'M9')).toMatchObject({ status: 'busy', count: 2, of: 3, behind: [{ item: open.item }] })
    expect(milestone(rows.slice(0, 3), 'M9').status).toBe('done')
    expect(milestone([row({})], 'M9').status).toBe('none')
  })

  test('M5 is done once a meeting was held, not when one is planned', () => {
    expect(milestone([row({ type: 'meeting', date: '2026-12-01' })], 'M5').status).toBe('none')
    expect(milestone([row({ type: 'meeting', date: '2026-11-01' })], 'M5')).toMatchObject({ status: 'done', isComputed: true })
  })
})

const anyRow: fc.Arbitrary<ItemRow> = fc.record({
  type: fc.constantFrom(...ITEM_TYPES), status: fc.constantFrom(...STATUSES), gone: fc.boolean(), owner: fc.constantFrom('', 'Gemeente'), title: fc.string(),
  reviewBy: fc.constantFrom('', '2020-01-01', '2026-12-01', '2030-01-01', 'morgen'), stepCount: fc.nat(9), stepsWithoutRole: fc.nat(3), stepsWithoutFeedback: fc.nat(3), stepsWithoutTerm: fc.nat(3),
  waitingFor: fc.array(fc.constantFrom('JGZ', 'Wijkteam'), { maxLength: 2 }), proposedAt: fc.option(fc.nat()), adoptedAt: fc.option(fc.nat()), consultUntil: fc.constant(''), conflictCount: fc.nat(2), changedSinceSeal: fc.boolean(),
  date: fc.constantFrom('', '2026-11-01', '2027-01-01'), milestones: fc.dictionary(fc.constantFrom('M1', 'M8', 'M17', '__proto__', 'x'), fc.constantFrom('done', 'busy', 'toString', 'not-applicable')),
  actions: fc.array(fc.record({ id: fc.constant('c'.repeat(32)), number: fc.constant(null), text: fc.constant('canary-action'), owner: fc.constant('canary-owner'), due: fc.constantFrom('', '2026-01-01', '2027-01-01'), status: fc.constantFrom('open', 'busy', 'done', 'dropped', ''), item: fc.constant('') }), { maxLength: 3 }),
}).map((given) => row(given))

describe('programme', () => {
  test('totals are the sum of the municipalities, whatever the rows', () => {
    fc.assert(fc.property(fc.array(fc.array(anyRow, { maxLength: 6 }), { maxLength: 4 }), (spaces) => {
      const programme = programmeProgressOf(spaces.map((rows, index) => ({ space: String(index), name: String(index), rows })), TODAY)
      for (const [name, list] of Object.entries(programme.totals)) {
        if (!Array.isArray(list)) continue
        const each = programme.municipalities.map(({ progress }) => (progress as unknown as Record<string, unknown[]>)[name]!.length)
        expect(list.length).toBe(each.reduce((sum, count) => sum + count, 0))
      }
      const inStatuses = STATUSES.reduce((sum, status) => sum + programme.totals.byStatus[status].length, 0)
      expect(inStatuses).toBe(programme.totals.agreements.length)
    }))
  })

  test('[A14] the agreed rows give the same numbers as the full ones and hold no text of steps, actions or people', () => {
    fc.assert(fc.property(fc.array(anyRow, { maxLength: 8 }), (rows) => {
      const agreed = agreedRows(rows.map((one) => ({ ...one, changedBy: 'canary-person', parent: 'canary-parent', order: 'canary-order' })))
      expect(JSON.stringify(agreed)).not.toContain('canary')
      const lengths = (given: readonly ItemRow[]) => {
        const { conflicts: _conflicts, hasSample: _hasSample, actionsOpen, actionsOverdue, ...progress } = progressOf(given, TODAY)
        return { ...progress, actionsOpen: actionsOpen.filter(({ type }) => type === 'meeting').length, actionsOverdue: actionsOverdue.filter(({ type }) => type === 'meeting').length }
      }
      expect(lengths(agreed)).toEqual(lengths(rows))
      expect(agreedRows(agreed)).toEqual(agreed)
    }))
  })
})

test('days between two days and adding days are each other inverse', () => {
  fc.assert(fc.property(fc.integer({ min: -40_000, max: 40_000 }), (count) => {
    expect(daysBetween(TODAY, addDays(TODAY, count))).toBe(count)
  }))
})
