/** What pages compute without a page. */
import { describe, expect, test } from 'vitest'
import { Schema } from '@tiptap/pm/model'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { actionsOf } from '../../shared/derive/actions.ts'
import { rowOf } from '../../shared/derive/row.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { assignmentsOf, rowsOf, type FactEdit, type FactValue } from '../../shared/model/facts.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { TEMPLATES } from '../../shared/model/templates/index.ts'
import { filtered, grouped } from '../../client/features/actions/action-list.ts'
import { BOX_HEIGHT, breakLines, layOutFlow, type FlowStep } from '../../client/features/agreements/flow-layout.ts'
import { beginningsOf, copiedEdits, draftFrom } from '../../client/features/agreements/new-agreement.ts'
import { latestMeeting, meetingEdits } from '../../client/features/meetings/new-meeting.ts'
import { doubleNumbers } from '../../client/features/meetings/records.ts'
import { insertRow, moveRow } from '../../client/items/facts/list-edits.ts'
import { applyEdits, createOptimisticFacts } from '../../client/items/optimistic-facts.ts'
import { hrefOfText, isSafeHref, itemOfHref } from '../../client/items/prose/links.ts'
import { matching, type SlashItem } from '../../client/items/prose/slash.ts'
import { keepUnknown } from '../../client/items/prose/unknown.ts'

const dice = seededDice(42)
const apply = (registers: Record<string, FactValue>, ...edits: FactEdit[]): Record<string, FactValue> => ({ ...registers, ...Object.fromEntries(edits.flatMap(assignmentsOf)) })
const titles = (registers: Record<string, FactValue>): unknown[] => rowsOf(registers, 'agenda').map((row) => row.title)
const row = (values: Partial<ItemRow>): ItemRow => ({
  ...rowOf({ item: newId(dice), space: 'b'.repeat(32), facts: { registers: { type: 'meeting', title: 'Platform' }, conflicts: {} }, acts: NO_ACTS, changedAt: 0, changedBy: null }),
  ...values,
})

describe('lists of facts', () => {
  test('rows come at the end or behind another, and move one place at a time', () => {
    let registers: Record<string, FactValue> = {}
    const add = (title: string, after: string | null = null): string => {
      const edit = insertRow(registers, 'agenda', { title }, dice, after)
      registers = apply(registers, edit)
      return edit.id
    }
    const a = add('a')
    add('c')
    const b = add('b', a)
    expect(titles(registers)).toEqual(['a', 'b', 'c'])
    registers = apply(registers, moveRow(registers, 'agenda', b, -1)!)
    expect(titles(registers)).toEqual(['b', 'a', 'c'])
    expect(moveRow(registers, 'agenda', b, -1)).toBeNull()
    registers = apply(registers, moveRow(registers, 'agenda', a, 1)!)
    expect(titles(registers)).toEqual(['b', 'c', 'a'])
    expect(moveRow(registers, 'agenda', a, 1)).toBeNull()
  })

  test('two rows with one order key, given apart, can still be moved past', () => {
    const [first, second, third] = [1, 2, 3].map((digit) => String(digit).repeat(32)) as [string, string, string]
    let registers: Record<string, FactValue> = {}
    for (const [id, title] of [[first, 'a'], [second, 'b'], [third, 'c']] as const) registers = apply(registers, { op: 'insert', list: 'agenda', id, order: 'V', values: { title } })
    expect(() => moveRow(registers, 'agenda', third, -1)).not.toThrow()
    expect(() => insertRow(registers, 'agenda', { title: 'd' }, dice, first)).not.toThrow()
  })
})

describe('own edits on top of the engine’s picture', () => {
  const set = (path: string, value: FactValue): FactEdit => ({ op: 'set', path, value })
  const state = (registers: Record<string, FactValue>) => ({ registers, conflicts: {} })

  test('an edit of others in between does not hide an own one under way, and the later picture does', () => {
    const facts = createOptimisticFacts(state({ owner: '' }))
    const ticket = facts.own([set('owner', 'ik')])
    facts.replace(state({ owner: '', title: 'van een ander' }))
    expect(facts.shown.registers).toEqual({ owner: 'ik', title: 'van een ander' })
    facts.replace(state({ owner: 'ik', title: 'van een ander' }))
    facts.settle(ticket)
    facts.replace(state({ owner: 'zij', title: 'van een ander' }))
    expect(facts.shown.registers.owner).toBe('zij')
  })

  test('the old value never comes back for a moment when the engine answers before it announces', () => {
    const facts = createOptimisticFacts(state({ owner: 'oud' }))
    const ticket = facts.own([set('owner', 'nieuw')])
    facts.settle(ticket)
    expect(facts.shown.registers.owner).toBe('nieuw')
    facts.replace(state({ owner: 'nieuw' }))
    expect(facts.shown.registers.owner).toBe('nieuw')
  })

  test('an edit that the engine will never have goes away and shows what is true', () => {
    const facts = createOptimisticFacts(state({ owner: 'oud' }))
    facts.drop(facts.own([set('owner', 'nieuw')]))
    expect(facts.shown.registers.owner).toBe('oud')
  })

  test('an answer to a question takes the question away, nothing else does', () => {
    const asked = { registers: { owner: 'a', title: 't' }, conflicts: { owner: [{ value: 'a', key: '1', author: null, time: null }, { value: 'b', key: '2', author: null, time: null }] } }
    expect(applyEdits(asked, [set('title', 'u')]).conflicts).toHaveProperty('owner')
    expect(applyEdits(asked, [set('owner', 'a')]).conflicts).toEqual({})
  })
})

describe('links', () => {
  test.each(['javascript:alert(1)', 'JAVASCRIPT:alert(1)', 'java\tscript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'blob:x', '//voorbeeld.nl', '/item/zoek', ''])('%j is refused', (href) => {
    expect(isSafeHref(href)).toBe(false)
  })
  test.each(['https://voorbeeld.nl', 'http://voorbeeld.nl/a?b', 'mailto:post@voorbeeld.nl', 'tel:+31101234567', `/item/${'a'.repeat(32)}`])('%j is kept', (href) => {
    expect(isSafeHref(href)).toBe(true)
  })
  test('what people type becomes an address', () => {
    expect([hrefOfText('voorbeeld.nl/pad'), hrefOfText('post@voorbeeld.nl'), hrefOfText('zomaar tekst'), itemOfHref(`/item/${'c'.repeat(32)}`)]).toEqual(['https://voorbeeld.nl/pad', 'mailto:post@voorbeeld.nl', '', 'c'.repeat(32)])
  })
})

test('the slash menu finds by title first, then by other words, without minding accents', () => {
  const item = (id: string, words = ''): SlashItem => ({ id, title: () => id, words: () => words, icon: null as never, run: () => undefined })
  const items = [item('Link', 'koppel adres'), item('Kop'), item('Één oogopslag')]
  expect(matching(items, 'kop').map(({ id }) => id)).toEqual(['Kop', 'Link'])
  expect(matching(items, 'een').map(({ id }) => id)).toEqual(['Één oogopslag'])
  expect(matching(items, '')).toHaveLength(3)
})

describe('the flow', () => {
  const step = (number: number, values: Partial<FlowStep> = {}): FlowStep => ({ number, action: `Doe stap ${number}`, role: 'Wijkteam', term: '', lacksRole: false, ifNoReply: '', ...values })

  test('goes in rows of four with an arrow from each to the next, without boxes over each other', () => {
    const flow = layOutFlow(Array.from({ length: 9 }, (_, at) => step(at + 1, at === 1 ? { ifNoReply: 'bel zelf' } : {})), 'als niet:')
    expect(flow.boxes).toHaveLength(9)
    expect(flow.arrows).toHaveLength(8)
    const spots = flow.boxes.map(({ x, y }) => `${x} ${y}`)
    expect(new Set(spots).size).toBe(9)
    for (const a of flow.boxes) for (const b of flow.boxes) if (a !== b && a.x === b.x) expect(Math.abs(a.y - b.y)).toBeGreaterThan(BOX_HEIGHT)
    expect(flow.boxes[1]!.note!.y).toBeLessThan(flow.boxes[4]!.y)
    expect(Math.max(...flow.boxes.map((box) => box.y + BOX_HEIGHT))).toBeLessThanOrEqual(flow.height)
  })

  test('one step, and none, are drawings too', () => {
    expect(layOutFlow([step(1)], '').arrows).toEqual([])
    expect(layOutFlow([], '').boxes).toEqual([])
  })

  test('words that do not fit end in three dots, inside the box', () => {
    const lines = breakLines('Zwangerschapsdiabetesbegeleidingsprogramma bespreken met de huisarts', 19, 2)
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(19)
    expect(lines[0]!.endsWith('…')).toBe(true)
  })
})

describe('a new agreement', () => {
  test('offers own templates before built-in ones, each once, and always the empty one', () => {
    const title = TEMPLATES[0]!.title
    const own = row({ type: 'template', title })
    const offered = beginningsOf([own, row({ type: 'agreement', title })])
    expect(offered[0]).toEqual({ kind: 'item', row: own })
    expect(offered.filter((one) => one.kind === 'built-in')).toHaveLength(TEMPLATES.length - 1)
    expect(offered.at(-1)).toEqual({ kind: 'empty' })
  })

  test('from a template has its facts under ids of its own, and leaves owner, review date and place behind', () => {
    const id = 'd'.repeat(32)
    const edits = copiedEdits({ type: 'template', title: 'Roken', parent: 'x', owner: 'landelijk', reviewBy: '2020-01-01', trigger: 'rookt', [`steps/${id}/order`]: 'V', [`steps/${id}/action`]: 'Vraag' }, { space: 's', item: 'i' }, dice)
    const registers = apply({}, ...edits)
    expect(registers).toMatchObject({ trigger: 'rookt', sample: true, originSpace: 's', originItem: 'i' })
    for (const left of ['title', 'parent', 'owner', 'reviewBy', 'type']) expect(registers).not.toHaveProperty(left)
    expect(rowsOf(registers, 'steps').map((one) => [one.action, one.id === id])).toEqual([['Vraag', false]])
  })

  test('without a template has headings to write under and a place for the steps', async () => {
    const { prose } = await draftFrom({ kind: 'empty' }, null as never, dice, ['Waarom', 'Anders'])
    const doc = new Y.Doc()
    prose(doc)
    expect(doc.getXmlFragment('prose').toArray().map((block) => (block as Y.XmlElement).nodeName)).toEqual(['heading', 'paragraph', 'pathwaySteps', 'heading', 'paragraph'])
  })
})

describe('a new meeting', () => {
  test('takes along place, times and seats of the latest one, everybody present', () => {
    const before = { place: 'Stadhuis', startTime: '15:00', title: 'Platform 1', [`attendance/${'a'.repeat(32)}/order`]: 'V', [`attendance/${'a'.repeat(32)}/job`]: 'huisarts', [`attendance/${'a'.repeat(32)}/presence`]: 'absent' }
    const registers = apply({}, ...meetingEdits('Platform 2', '2026-11-21', before, [{ title: 'Opening', minutes: 5 }], dice))
    expect(registers).toMatchObject({ title: 'Platform 2', date: '2026-11-21', place: 'Stadhuis', startTime: '15:00' })
    expect(rowsOf(registers, 'attendance').map((seat) => [seat.job, seat.presence])).toEqual([['huisarts', 'present']])
    expect(titles(registers)).toEqual(['Opening'])
  })

  test('the latest is the one with the latest date', () => {
    expect(latestMeeting([row({ date: '2026-01-01' }), row({ date: '2026-09-09', title: 'deze' }), row({ type: 'agreement', date: '2027-01-01' })])?.title).toBe('deze')
    expect(latestMeeting([])).toBeNull()
  })

  test('numbers that came twice are known as such', () => {
    expect([...doubleNumbers([{ number: 1 }, { number: 2 }, { number: 1 }, { number: null }, { number: null }])]).toEqual([1])
  })
})

describe('the list of actions', () => {
  const me = { user: 'u', name: '', job: 'huisarts', organisation: 'Praktijk', color: 1 }
  const meetings = Array.from({ length: 10_000 }, (_, at) =>
    row({ date: `2026-${String((at % 12) + 1).padStart(2, '0')}-01`, title: `Platform ${at}`, actions: [{ id: newId(dice), number: at, text: 'iets', owner: at % 4 === 0 ? 'huisarts' : 'GGD', due: at % 2 === 0 ? '2026-11-01' : '', status: at % 5 === 0 ? 'done' : 'open', item: '' }] }),
  )

  test('of ten thousand meetings is filtered and put together right', () => {
    const all = actionsOf(meetings, '2026-11-21')
    expect(all).toHaveLength(10_000)
    expect(filtered(all, 'open', me, new Set())).toHaveLength(8000)
    expect(filtered(all, 'mine', me, new Set())).toHaveLength(2000)
    expect(filtered(all, 'overdue', me, new Set())).toHaveLength(4000)
    const groups = grouped(all, 'owner', 'niemand', 'nl')
    expect(groups.map(({ title, actions }) => [title, actions.length])).toEqual([['GGD', 7500], ['huisarts', 2500]])
    expect(grouped(all, 'meeting', '', 'nl')[0]?.title).toMatch(/^Platform/)
  })

  test('keeps what was changed a moment ago where it is', () => {
    const all = actionsOf(meetings.slice(0, 5), '2026-11-21')
    const done = all.find((one) => !one.isOpen)!
    expect(filtered(all, 'open', me, new Set())).not.toContain(done)
    expect(filtered(all, 'open', me, new Set([done.action.id]))).toContain(done)
  })
})

describe('a table that nobody could work with', () => {
  const cells = { content: 'text*', attrs: { colspan: { default: 1 }, rowspan: { default: 1 } } }
  const schema = new Schema({
    nodes: {
      doc: { content: 'block+' }, text: {}, table: { content: 'tableRow+', group: 'block' }, tableRow: { content: 'tableCell*' }, tableCell: cells,
      unknownBlock: { group: 'block', attrs: { name: { default: '' }, text: { default: '' } } },
    },
  })
  const met: string[] = []
  keepUnknown(schema, (name) => met.push(name))
  const cell = (words = '', attrs = {}) => schema.node('tableCell', attrs, words === '' ? [] : [schema.text(words)])
  const row = (count: number) => schema.node('tableRow', null, Array.from({ length: count }, () => cell()))
  const drawn = (...rows: ReturnType<typeof row>[]): string => schema.node('table', null, rows).type.name

  test('[L4] long and merged ones of every use are tables', () => {
    expect(drawn(...Array.from({ length: 10_000 }, () => row(20)))).toBe('table')
    expect(drawn(schema.node('tableRow', null, [cell('Partij', { rowspan: 3, colspan: 2 }), cell()]), ...Array.from({ length: 2_000 }, () => row(8)))).toBe('table')
    expect(met).toEqual([])
  })

  test('[B3] wider and longer than memory holds, or merged over a hundred thousand rows, shows its words', () => {
    expect(drawn(row(40_000), ...Array.from({ length: 5_000 }, () => row(0)))).toBe('unknownBlock')
    expect(drawn(schema.node('tableRow', null, [cell('bovenaan', { rowspan: 2 })]), ...Array.from({ length: 50_000 }, () => row(1)))).toBe('unknownBlock')
    expect(met).toEqual(['table.size', 'table.size'])
    expect(schema.node('table', null, [schema.node('tableRow', null, [cell('woorden')]), row(40_000), ...Array.from({ length: 5_000 }, () => row(0))]).attrs.text).toContain('woorden')
  })
})
