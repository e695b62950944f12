import { beforeAll, expect, test } from 'vitest'
import * as A from '@automerge/automerge/slim'
import { createFactsDocument, factsReady, readableChange, splitChanges } from '../../client/engine/facts.ts'
import { assignmentsOf, type FactEdit, type FactsState } from '../../shared/model/facts.ts'
import { concatBytes, fromHex } from '../../shared/base/bytes.ts'
import { newId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { ANSWERS_NAMED_COUNT_MAX } from '../../shared/model/limits.ts'
import { rawChange, sleb, uleb, unreadableChange } from '../support/raw-change.ts'
import './support/world.ts'

const dice = namedDice(3, 'facts')
const [anna, bert] = [newId(dice), newId(dice)]
beforeAll(() => factsReady())

const make = () => createFactsDocument(newId(dice))
const change = (doc: ReturnType<typeof make>, edit: FactEdit | FactEdit[], author = anna, time = 1_700_000_000_000): Uint8Array =>
  doc.change([edit].flat().flatMap(assignmentsOf), time, author)!
const set = (path: string, value: string | number | boolean | null): FactEdit => ({ op: 'set', path, value })

test('several edits are one change, and come out on the other side as they went in', () => {
  const [a, b] = [make(), make()]
  const row = newId(dice)
  const payload = change(a, [set('title', 'Roken'), set('sample', true), { op: 'insert', list: 'steps', id: row, order: 'V', values: { term: 3, action: 'vragen', proof: null } }])
  expect(splitChanges(payload)).toHaveLength(1)
  expect(b.apply(payload, anna)).toEqual({ ok: true, value: undefined })
  expect(b.view()).toEqual(a.view())
  expect(b.view().registers).toEqual({
    title: 'Roken', sample: true, [`steps/${row}/order`]: 'V', [`steps/${row}/term`]: 3, [`steps/${row}/action`]: 'vragen', [`steps/${row}/proof`]: null,
  })
})

test('a change that changes nothing is no change', () => {
  const a = make()
  change(a, set('title', 'Roken'))
  expect(a.change([['title', 'Roken']], 1000, anna)).toBeNull()
})

test('two answers given apart are both shown with who and when; the same answer given twice is one', () => {
  const [a, b] = [make(), make()]
  const first = change(a, [set('owner', 'gemeente'), set('place', 'Schiedam')], anna, 1_700_000_000_000)
  const second = change(b, [set('owner', 'GGD'), set('place', 'Schiedam')], bert, 1_700_000_060_000)
  a.apply(second, bert)
  b.apply(first, anna)
  expect(a.view()).toEqual(b.view())
  const { conflicts, registers } = a.view()
  expect(Object.keys(conflicts)).toEqual(['owner'])
  expect(conflicts.owner?.map(({ value, author, time }) => [value, author, time])).toEqual(
    expect.arrayContaining([['gemeente', anna, 1_700_000_000_000], ['GGD', bert, 1_700_000_060_000]]),
  )
  expect(conflicts.owner?.map(({ value }) => value)).toContain(registers.owner)
})

test('a payload that fails half-way leaves the document as it was, and what is typed after it builds on what everybody has', () => {
  const [a, b, c] = [make(), make(), make()]
  b.apply(change(a, set('title', 'Roken')), anna)
  const before = a.view()
  const halfGood = concatBytes([change(c, set('owner', 'GGD'), bert), unreadableChange()])
  expect([a.apply(halfGood, bert).ok, b.apply(halfGood, bert).ok]).toEqual([false, false])
  expect(a.view()).toEqual(before)
  const next = change(a, set('title', 'Drinken'))
  expect(b.apply(next, anna)).toEqual({ ok: true, value: undefined })
  expect(b.missingCount()).toBe(0)
  expect(b.view()).toEqual(a.view())
  expect(b.view().registers).toEqual({ title: 'Drinken' })
})

test('choosing the answer that is on top already ends the conflict on both sides', () => {
  const [a, b] = [make(), make()]
  const first = change(a, set('owner', 'gemeente'))
  const second = change(b, set('owner', 'GGD'), bert)
  a.apply(second, bert)
  b.apply(first, anna)
  const choice = change(a, set('owner', a.view().registers.owner as string))
  b.apply(choice, anna)
  expect(b.view().conflicts).toEqual({})
  expect(b.view()).toEqual(a.view())
})

test('both may begin the same list apart, and both rows are there', () => {
  const [a, b] = [make(), make()]
  const [x, y] = [newId(dice), newId(dice)]
  const first = change(a, { op: 'insert', list: 'steps', id: x, order: 'V', values: { action: 'van A' } })
  const second = change(b, { op: 'insert', list: 'steps', id: y, order: 'V', values: { action: 'van B' } })
  a.apply(second, bert)
  b.apply(first, anna)
  expect(a.view()).toEqual(b.view())
  expect(a.view().registers).toMatchObject({ [`steps/${x}/action`]: 'van A', [`steps/${y}/action`]: 'van B' })
})

test('what somebody types in a row that another removes is still there when the removal is taken back', () => {
  const [a, b] = [make(), make()]
  const row = newId(dice)
  b.apply(change(a, { op: 'insert', list: 'steps', id: row, order: 'V', values: { action: 'oud' } }), anna)
  const removal = change(a, { op: 'remove', list: 'steps', id: row })
  const typed = change(b, set(`steps/${row}/action`, 'nieuw'), bert)
  a.apply(typed, bert)
  b.apply(removal, anna)
  expect(a.view()).toEqual(b.view())
  expect(a.view().registers).toMatchObject({ [`steps/${row}/gone`]: true, [`steps/${row}/action`]: 'nieuw' })
})

test('numbers survive, also those that Automerge would take for 64-bit integers', () => {
  const [a, b] = [make(), make()]
  b.apply(change(a, [set('x', 1e300), set('y', 0.1), set('z', -5), set('big', 2 ** 53)]), anna)
  expect(b.view().registers).toEqual({ x: 1e300, y: 0.1, z: -5, big: 2 ** 53 })
})

test('a hostile document is kept as it is, and the view shows only what the model allows', () => {
  const hostile = A.change(A.init<Record<string, unknown>>({ actor: newId(dice) }), { time: 0 }, (doc) => {
    Object.assign(doc, { constructor: 1 })
    doc['steps/kort/action'] = 'geen rij'
    doc['Title'] = 'hoofdletter'
    doc.nested = { title: 'diep' }
    doc.list = [1, 2]
    doc.when = new Date(5)
    doc.bytes = new Uint8Array([1])
    doc.counter = new A.Counter(1)
    doc.long = new A.ImmutableString('x'.repeat(30_000))
    doc.title = new A.ImmutableString('goed')
  })
  const a = make()
  const payload = A.getLastLocalChange(hostile)!
  expect(a.apply(payload, bert).ok).toBe(true)
  expect(a.view().registers).toEqual({ constructor: 1, title: 'goed' })
  expect(Object.getPrototypeOf(a.view().registers)).toBe(Object.prototype)
  const saved = make()
  saved.begin(a.save())
  expect(saved.view()).toEqual(a.view())
})

test('[INV11] an unreadable payload changes nothing and the document goes on', () => {
  const a = make()
  change(a, set('title', 'Roken'))
  const before: FactsState = a.view()
  const other = make()
  const good = change(other, set('owner', 'GGD'), bert)
  const duplicate = A.getLastLocalChange(A.change(A.init<Record<string, unknown>>({ actor: splitActor(good) }), { time: 0 }, (doc) => void (doc.x = 2)))!
  for (const bad of [new Uint8Array(0), new Uint8Array([1, 2, 3]), good.slice(0, -1), good.slice(3), concatBytes([good, new Uint8Array([9])]), ...Array.from(good, (_, at) => good.map((byte, i) => (i === at ? byte ^ 1 : byte)))])
    expect(a.apply(bad, bert).ok).toBe(false)
  expect(a.view()).toEqual(before)
  expect(a.apply(good, bert).ok).toBe(true)
  expect(a.apply(duplicate, bert).ok).toBe(false)
  expect(a.view().registers).toEqual({ title: 'Roken', owner: 'GGD' })
  expect(change(a, set('place', 'Schiedam'))).not.toBeNull()
})
const splitActor = (payload: Uint8Array): string => A.decodeChange(payload).actor

test('whoever takes a change of another goes on under its own actor', () => {
  const [a, b] = [make(), make()]
  const mine = change(a, set('title', 'Roken'))
  expect(a.apply(change(b, set('owner', 'GGD'), bert), bert).ok).toBe(true)
  const [first, second] = [mine, change(a, set('title', 'Drinken'))].map((payload) => A.decodeChange(payload))
  expect([second?.actor, second?.seq]).toEqual([first?.actor, 2])
})

test('a change that is refused says of no actor whose it is', () => {
  const [a, b] = [make(), make()]
  change(a, set('owner', 'gemeente'))
  const theirs = change(b, set('owner', 'GGD'), bert)
  const actor = fromHex(A.decodeChange(theirs).actor)
  expect(a.apply(unreadableChange({ actor }), anna).ok).toBe(false)
  a.apply(theirs, bert)
  expect(a.view().conflicts.owner?.find(({ value }) => value === 'GGD')?.author).toBe(bert)
})

test('[INV11] changes that wait for others are counted until those come', () => {
  const [a, b] = [make(), make()]
  const first = change(a, set('title', 'een'))
  const second = change(a, set('title', 'twee'))
  b.apply(second, anna)
  expect([b.view().registers, b.missingCount()]).toEqual([{}, 1])
  b.apply(first, anna)
  expect([b.view().registers, b.missingCount()]).toEqual([{ title: 'twee' }, 0])
})

test('of more answers than people can give as many are shown as a window can draw, the one that stands among them, and one more resolves them all', () => {
  const numbers = Array.from({ length: 999 }, (_, i) => sleb(2 ** 20 + i))
  const hostile = rawChange([[0x15, [...sleb(numbers.length), 5, ...Buffer.from('title')]], [0x34, uleb(numbers.length)], [0x42, [...sleb(numbers.length), 1]], [0x56, [...sleb(numbers.length), ...uleb(4 * 16 + 4)]], [0x57, numbers.flat()], [0x70, [...sleb(numbers.length), 0]]])
  const document = createFactsDocument(newId(dice))
  expect(document.apply(hostile, newId(dice)).ok).toBe(true)
  const { registers, conflicts } = document.view()
  expect(conflicts.title!.length).toBe(ANSWERS_NAMED_COUNT_MAX + 1)
  expect(conflicts.title!.map(({ value }) => value)).toContain(registers.title)
  document.change([['title', 'Roken']], 0, newId(dice))
  expect(document.view()).toMatchObject({ registers: { title: 'Roken' }, conflicts: {} })
})

test('a snapshot keeps registers, conflicts and whose answers they are', () => {
  const [a, b] = [make(), make()]
  const first = change(a, set('owner', 'gemeente'))
  a.apply(change(b, set('owner', 'GGD'), bert), bert)
  const c = make()
  expect(c.begin(a.save()).ok).toBe(true)
  expect(c.view()).toEqual(a.view())
  expect(c.apply(first, anna).ok).toBe(true) // applying what is inside again changes nothing
  expect(c.view()).toEqual(a.view())
  expect(c.begin(new Uint8Array([0, 0, 0, 9, 1])).ok).toBe(false)
})

test('one payload may hold several changes', () => {
  const [a, b] = [make(), make()]
  const both = concatBytes([change(a, set('title', 'een')), change(a, set('title', 'twee'))])
  expect(splitChanges(both)).toHaveLength(2)
  expect(b.apply(both, anna).ok).toBe(true)
  expect(b.view().registers).toEqual({ title: 'twee' })
})

test('a change can be read by a person', () => {
  const a = make()
  expect(readableChange(change(a, [set('title', 'Roken'), set('term', 3)]))).toBe('title = "Roken"\nterm = 3')
  expect(readableChange(new Uint8Array([1]))).toBe('')
})

test('[B3] a moment that no calendar has is not said: whoever shows it would fail', () => {
  const reader = make()
  const far = A.change(A.init<Record<string, unknown>>({ actor: newId(dice) }), { time: Number.MAX_SAFE_INTEGER }, (doc) => void (doc.title = new A.ImmutableString('van een programma')))
  expect(reader.apply(A.getLastLocalChange(far)!, anna).ok).toBe(true)
  expect(reader.apply(change(make(), set('title', 'van bert'), bert), bert).ok).toBe(true)
  expect(reader.view().conflicts.title?.map(({ author, time }) => [author, time]).sort()).toEqual([[anna, null], [bert, 1_700_000_000_000]].sort())
})
