/** The linters: an item without gaps has no problems, each gap has exactly its own, and no found number is ever repeated. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findBsnLike, passesElevenTest } from '../../shared/derive/bsn.ts'
import { addDays } from '../../shared/derive/dates.ts'
import { problemsOf, SEVERITIES, SEVERITY_OF, type ProblemInput } from '../../shared/derive/problems.ts'
import { namedDice } from '../../shared/base/random.ts'
import { NO_ACTS, type ActsState } from '../../shared/model/acts.ts'
import { assignmentsOf, rowsOf, type FactValue, type Registers } from '../../shared/model/facts.ts'
import { templateEdits } from '../../shared/model/templates/edits.ts'
import { TEMPLATES } from '../../shared/model/templates/index.ts'

const TODAY = '2026-11-21'
const ITEM = 'd'.repeat(32)

const agreement = (index: number, given: Record<string, FactValue> = {}): Record<string, FactValue> => {
  const registers: Record<string, FactValue> = {}
  for (const edit of templateEdits(TEMPLATES[index]!, namedDice(7, String(index)), { as: 'agreement' })) for (const [path, value] of assignmentsOf(edit)) registers[path] = value
  return { ...registers, owner: 'Gemeente Schiedam', reviewBy: '2027-11-01', ...given }
}
const problems = (registers: Registers, given: Partial<ProblemInput> = {}) =>
  problemsOf({ item: ITEM, facts: { registers, conflicts: {} }, acts: NO_ACTS, changedSinceSeal: false, proseText: '', ...given }, TODAY)
const codes = (...args: Parameters<typeof problems>) => problems(...args).map(({ code }) => code)
const acts = (given: Partial<ActsState>): ActsState => ({ ...NO_ACTS, ...given })

describe('agreements', () => {
  test.each(TEMPLATES.map((template, index) => [template.code, index] as const))('%s with an owner and a review date has no problems', (_code, index) => {
    expect(problems(agreement(index))).toEqual([])
  })

  test('each gap has its own problem, with the number of the step and the place to put the focus', () => {
    const registers = agreement(3)
    const steps = rowsOf(registers, 'steps')
    const second = steps[1]!
    const without = (field: string, value: FactValue = '') => problems({ ...registers, [`steps/${second.id}/${field}`]: value })
    expect(without('role')).toMatchObject([{ code: 'step-without-role', severity: 'needed', path: `steps/${second.id}/role`, params: { number: 2 } }])
    expect(without('term', null)).toMatchObject([{ code: 'step-without-term', params: { number: 2 } }])
    expect(without('feedbackWithin')).toMatchObject([{ code: 'handover-without-feedback', path: `steps/${second.id}/feedbackWithin` }])
    expect(without('ifNoReply')).toMatchObject([{ code: 'handover-without-if-no-reply', severity: 'needed' }])
    expect(without('consent')).toMatchObject([{ code: 'handover-without-consent', severity: 'caution' }])
    expect(without('handover', false)).toEqual([])
    expect(codes(agreement(3, { owner: '', title: ' ' }))).toEqual(['title-missing', 'owner-missing'])
  })

  test('review dates: passed is a caution, within sixty days a tip, further away nothing', () => {
    const at = (days: number) => problems(agreement(0, { reviewBy: addDays(TODAY, days) }))
    expect(at(-20)).toMatchObject([{ code: 'review-passed', severity: 'caution', params: { date: '2026-11-01', days: 20 } }])
    expect(at(0)).toMatchObject([{ code: 'review-soon', severity: 'tip', params: { days: 0 } }])
    expect(at(61)).toEqual([])
    expect(codes(agreement(0, { reviewBy: 'ooit' }))).toEqual(['review-missing'])
  })

  test('two answers come first and name the row', () => {
    const registers = agreement(3, { owner: '' })
    const path = `steps/${rowsOf(registers, 'steps')[1]!.id}/term`
    const answers = [3, 5].map((value) => ({ value, key: String(value), author: null, time: null }))
    const found = problems(registers, { facts: { registers, conflicts: { [path]: answers } } })
    expect(found.map(({ code }) => code)).toEqual(['two-answers', 'owner-missing'])
    expect(found[0]).toMatchObject({ severity: 'choose', path, params: { list: 'steps', field: 'term', number: 2, answers: 2 } })
  })

  test('a text that changed after the seal is a caution while it is proposed or adopted, not in revision', () => {
    const changed = (status: ActsState['status']) => codes(agreement(0), { acts: acts({ status, parties: ['JGZ'] }), changedSinceSeal: true })
    expect(changed('proposed')).toEqual(['changed-since-seal'])
    expect(changed('adopted')).toEqual(['changed-since-seal'])
    expect(changed('revision')).toEqual([])
  })

  test('what a party sent back and a consultation that ended are said', () => {
    const signature = { party: 'JGZ', verdict: 'returned' as const, note: '', by: 'u', time: 0 }
    expect(problems(agreement(0), { acts: acts({ status: 'proposed', parties: ['JGZ'], signatures: [signature] }) })).toMatchObject([{ code: 'party-returned', params: { party: 'JGZ' } }])
    expect(codes(agreement(0), { acts: acts({ status: 'consultation', consultUntil: '2026-11-20' }) })).toEqual(['consultation-over'])
  })

  test('withdrawn agreements and items out of the tree are left in peace', () => {
    expect(problems(agreement(0, { owner: '' }), { acts: acts({ status: 'withdrawn' }) })).toEqual([])
    expect(problems(agreement(0, { owner: '', gone: true }))).toEqual([])
    expect(problems({ type: 'something-new' })).toEqual([])
  })
})

test('a page without a title is called after its first line; an empty one needs a title', () => {
  expect(codes({ type: 'knowledge' }, { proseText: 'Tolken in de buurt' })).toEqual([])
  expect(codes({ type: 'knowledge' })).toEqual(['title-missing'])
  expect(codes(agreement(0, { title: '' }), { proseText: 'Waarom' })).toEqual(['title-missing'])
})

describe('meetings and contacts', () => {
  const id = 'e'.repeat(32)
  test('an open action needs an owner, and is overdue from the day after', () => {
    const meeting = { type: 'meeting', title: 'Platform', date: '2026-11-01', [`actions/${id}/order`]: 'V', [`actions/${id}/text`]: 'Bel', [`actions/${id}/due`]: '2026-11-11', [`actions/${id}/number`]: 4 }
    expect(problems(meeting)).toMatchObject([{ code: 'action-without-owner', params: { number: 4 } }, { code: 'action-overdue', params: { number: 4, days: 10 } }])
    expect(problems({ ...meeting, [`actions/${id}/status`]: 'done' })).toEqual([])
    expect(codes({ type: 'meeting', title: 'Platform' })).toEqual(['meeting-without-date'])
  })

  test('a contact is old after 180 days', () => {
    const contact = (lastChecked: string) => codes({ type: 'contact', title: 'JGZ', lastChecked })
    expect(contact(addDays(TODAY, -180))).toEqual([])
    expect(contact(addDays(TODAY, -181))).toEqual(['contact-old'])
    expect(contact('')).toEqual(['contact-never-checked'])
  })
})

describe('numbers that look like a BSN', () => {
  test('the samples of the rule: valid and invalid', () => {
    for (const valid of ['111222333', '123456782']) expect(passesElevenTest(valid)).toBe(true)
    for (const invalid of ['123456789', '000000000', '12345678a', '1112223330', '']) expect(passesElevenTest(invalid)).toBe(false)
  })

  const nine = fc.integer({ min: 1, max: 99_999_999 }).map((front) => {
    // The last digit follows from the first eight; one in eleven fronts has none.
    const digits = String(front).padStart(8, '0')
    const rest = [...digits].reduce((sum, digit, index) => sum + (9 - index) * Number(digit), 0) % 11
    return rest === 10 ? null : digits + rest
  }).filter((number): number is string => number !== null)

  test('every valid number is found however it is written, among words', () => {
    const written = fc.tuple(nine, fc.constantFrom('', ' ', '.', '-'), fc.constantFrom('BSN: ', '(', 'geb. ', 'nr ', ''), fc.constantFrom(')', '.', ', tel', ''))
    fc.assert(fc.property(written, ([number, separator, before, after]) => {
      const groups = [number.slice(0, 4), number.slice(4, 6), number.slice(6)].join(separator)
      const text = `Zie ${before}${groups}${after} bij stap 2`.replace(/2 bij stap 2$/, '2 bij stap')
      expect(findBsnLike(text)).toEqual([{ at: text.indexOf(groups), length: groups.length }])
      if (number.startsWith('0')) expect(findBsnLike(`x ${number.slice(1)} y`)).toHaveLength(1)
    }))
  })

  test('dates, telephone numbers, bank accounts and ids are not', () => {
    for (const text of ['2026-11-21', '21-11-2026', '21.11.2026 om 14.20', '010 1112223', '06-12345678', '+31 111222333', 'NL91 ABNA 0417 1643 00', 'a111222333', '1112223334', 'f'.repeat(3) + '111222333' + 'a'.repeat(20)]) {
      expect(findBsnLike(text), text).toEqual([])
    }
  })

  test('the problem says where, and never which number', () => {
    const found = problems(agreement(0, { closure: 'Dossier 111222333 sluiten.' }), { proseText: 'Bel over 123456782.' })
    expect(found).toMatchObject([{ code: 'bsn-like', severity: 'needed', path: 'closure', params: { where: 'facts', at: 8 } }, { code: 'bsn-like', path: 'prose', params: { where: 'prose', at: 9 } }])
    expect(JSON.stringify(found)).not.toMatch(/111222333|123456782/)
  })

  test('hostile text costs little: the search is linear', () => {
    const count = (size: number) => {
      const text = '1 '.repeat(size)
      return findBsnLike(text).length
    }
    expect(count(200_000)).toBe(0)
  })
})

test('problems are sorted by severity, and every code has one', () => {
  const order = problems({ type: 'agreement' }).map(({ severity }) => SEVERITIES.indexOf(severity))
  expect(order).toEqual([...order].sort())
  expect(new Set(Object.values(SEVERITY_OF))).toEqual(new Set(SEVERITIES))
})
