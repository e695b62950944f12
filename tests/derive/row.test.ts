import { expect, test } from 'vitest'
import { needsContentSeal, needsProse, rowOf, sealInForce } from '../../shared/derive/row.ts'
import { NO_ACTS, type ActsState } from '../../shared/model/acts.ts'
import type { Registers } from '../../shared/model/facts.ts'

const [item, space, user, x, y] = ['1', '2', '3', 'a', 'b'].map((digit) => digit.repeat(32)) as [string, string, string, string, string]
const row = (registers: Registers, acts: ActsState = NO_ACTS, more: Partial<Parameters<typeof rowOf>[0]> = {}) =>
  rowOf({ item, space, facts: { registers, conflicts: {} }, acts, changedAt: 5, changedBy: user, ...more })

test('the row of an agreement counts what is missing in its steps', () => {
  const step = (id: string, values: Registers): Registers =>
    Object.fromEntries([['order', 'V'], ...Object.entries(values)].map(([field, value]) => [`steps/${id}/${field}`, value as string]))
  const made = row({
    type: 'agreement', title: ' Roken ', parent: x, order: 'V', owner: 'GGD', domain: 'lifestyle', reviewBy: '2027-01-01', sample: true,
    ...step(x, { action: 'vragen', role: 'verloskundige', termUnit: 'consult' }),
    ...step(y, { action: 'verwijzen', role: '', term: 5, termUnit: '', handover: true, feedbackWithin: '14 dagen', ifNoReply: '' }),
    ...step('c'.repeat(32), { action: 'weg', gone: true }),
  })
  expect(made).toMatchObject({
    item, space, type: 'agreement', title: 'Roken', parent: x, order: 'V', owner: 'GGD', domain: 'lifestyle', reviewBy: '2027-01-01', sample: true, gone: false,
    stepCount: 2, stepsWithoutRole: 1, stepsWithoutTerm: 1, stepsWithoutFeedback: 1, actions: [], milestones: {}, changedAt: 5, changedBy: user, status: 'concept',
  })
})

test('the row of a meeting holds its actions and the number that the next one counts on from', () => {
  const made = row({
    type: 'meeting', title: 'Overleg', date: '2026-11-23',
    [`actions/${x}/order`]: 'V', [`actions/${x}/text`]: 'bellen', [`actions/${x}/number`]: 7, [`actions/${x}/owner`]: 'wijkteam', [`actions/${x}/due`]: '2026-12-01',
    [`decisions/${x}/order`]: 'V', [`decisions/${x}/number`]: 4, [`decisions/${y}/order`]: 'k', [`decisions/${y}/number`]: 12,
  })
  expect(made).toMatchObject({ date: '2026-11-23', decisionNumberMax: 12 })
  expect(made.actions).toEqual([{ id: x, number: 7, text: 'bellen', owner: 'wijkteam', due: '2026-12-01', status: 'open', item: '' }])
})

test('the row of a progress sheet holds its milestones', () => {
  const made = row({ type: 'progress', [`milestones/${x}/code`]: 'M3', [`milestones/${x}/status`]: 'done', [`milestones/${y}/code`]: '__proto__', [`milestones/${y}/status`]: 'x' })
  expect(made.milestones).toEqual({ M3: 'done' })
})

test('an item without facts is a page, called after its prose; hostile facts do no harm', () => {
  expect(needsProse({ registers: {}, conflicts: {} })).toBe(true)
  const made = row({}, NO_ACTS, { proseJson: { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'Notities' }] }] } })
  expect(made).toMatchObject({ type: 'knowledge', title: 'Notities', parent: '' })
  expect(row({ type: 'onbekend', title: 7, parent: 'nergens', gone: 'ja', order: true, owner: null })).toMatchObject({ type: 'knowledge', title: '7', parent: '', gone: false, order: 'true', owner: '' })
})

test('changed since the seal: asked only where a seal is in force, and of the right one', () => {
  const [proposed, adopted] = ['p'.repeat(64), 'd'.repeat(64)]
  const acts = (status: ActsState['status']): ActsState => ({ ...NO_ACTS, status, seal: proposed, adoptedSeal: adopted })
  expect((['concept', 'consultation', 'proposed', 'adopted', 'revision', 'withdrawn'] as const).map((status) => sealInForce(acts(status)))).toEqual([null, null, proposed, adopted, adopted, null])
  expect(needsContentSeal(NO_ACTS)).toBe(false)
  const changed = (status: ActsState['status'], contentSeal: string): boolean => row({}, acts(status), { contentSeal }).changedSinceSeal
  expect([changed('proposed', proposed), changed('proposed', adopted), changed('adopted', adopted), changed('adopted', proposed), changed('concept', 'x')]).toEqual([false, true, false, true, false])
})

test('who still has to agree is said while a seal lies on the table', () => {
  const acts: ActsState = {
    ...NO_ACTS, status: 'proposed', seal: 's', proposedAt: 9, parties: ['JGZ', 'GGD'],
    signatures: [{ party: 'JGZ', verdict: 'agreed', note: '', by: user, time: 1 }],
  }
  expect(row({}, acts)).toMatchObject({ waitingFor: ['GGD'], proposedAt: 9 })
  expect(row({}, { ...acts, status: 'adopted' })).toMatchObject({ waitingFor: [], proposedAt: null })
})
