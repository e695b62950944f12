// What the relay refuses: for now, or until a person looks. A refused entry holds back its own item and nothing else, and never disappears.
import { expect, test } from 'vitest'
import { STORAGE_DAMAGED } from '../../shared/model/errors.ts'
import type { FactEdit } from '../../shared/model/facts.ts'
import { createWorld, proseText, type } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

async function setup() {
  const world = createWorld()
  const a = await world.laptop(world.user('verloskundige')).open()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const make = (title: string) => a.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', title)], prose: null })
  const [x, y] = [await make('x'), await make('y')]
  await world.clock.pass(1000)
  const titleOnB = async (item: string) => (await b.engine.openItem(item)).facts.registers.title
  return { world, a, b, x, y, titleOnB }
}

test('[INV9] a refused entry holds back the later ones of its item and nothing else', async () => {
  const { world, a, x, y, titleOnB } = await setup()
  let isFirst = true
  world.relay.judge = ({ item }) => (item === x && isFirst ? ((isFirst = false), 'invalid') : null)
  await a.engine.editFacts(x, [set('title', 'x geweigerd')])
  await world.clock.pass(1000)
  await a.engine.editFacts(x, [set('title', 'x daarna')])
  await a.engine.editFacts(y, [set('title', 'y daarna')])
  await world.clock.pass(60_000)
  expect([await titleOnB(x), await titleOnB(y)]).toEqual(['x', 'y daarna'])
  expect(await a.status()).toMatchObject({ state: 'refused', parkedCount: 1, waitingCount: 1, waitingItems: [x] })
  expect(await a.engine.parked()).toMatchObject([{ item: x, code: 'invalid', reason: 'test', part: 'facts' }])
  expect((await a.engine.openItem(x)).facts.registers.title).toBe('x daarna') // kept and shown here
  const { text } = await a.engine.exportParked((await a.engine.parked()).map(({ entry }) => entry))
  expect(text).toContain('title = "x geweigerd"')
})

test('[INV9] what is offered again after a refusal goes first, and the rest follows', async () => {
  const { world, a, x, titleOnB } = await setup()
  world.relay.judge = () => 'forbidden'
  await a.engine.editFacts(x, [set('title', 'een')])
  await a.engine.editFacts(x, [set('title', 'twee')])
  await world.clock.pass(5000)
  expect(await a.status()).toMatchObject({ parkedCount: 1, waitingCount: 1 })
  world.relay.judge = () => null
  await a.engine.retryParked((await a.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(5000)
  expect(await titleOnB(x)).toBe('twee')
  expect(await a.status()).toMatchObject({ state: 'relay', parkedCount: 0, waitingCount: 0 })
  expect(world.relay.log(world.space).entries.filter(({ item }) => item === x).map(({ payload }) => payload.length)).toHaveLength(3)
})

test('[INV9][INV11] a discarded entry leaves the content, and what was built on it is parked instead of poisoning others', async () => {
  const { world, a, b, x, titleOnB } = await setup()
  world.relay.judge = () => 'invalid'
  await a.engine.editFacts(x, [set('title', 'weg ermee')])
  await world.clock.pass(1000)
  await a.engine.editFacts(x, [set('owner', 'bouwt erop')])
  await world.clock.pass(1000)
  world.relay.judge = () => null
  await a.engine.openItem(x)
  await a.engine.discardParked((await a.engine.parked()).map(({ entry }) => entry))
  expect((await a.engine.openItem(x)).facts.registers).toEqual({ type: 'agreement', title: 'x' })
  expect(a.events.some((event) => event.type === 'rebuilt' && event.item === x)).toBe(true)
  expect((await a.engine.parked()).map(({ code, reason }) => [code, reason])).toEqual([['invalid', 'builds-on-discarded']])
  await a.engine.discardParked((await a.engine.parked()).map(({ entry }) => entry))
  await a.engine.editFacts(x, [set('owner', 'opnieuw')])
  await world.clock.pass(5000)
  expect([await titleOnB(x), (await b.engine.openItem(x)).facts.registers.owner]).toEqual(['x', 'opnieuw'])
  expect(await a.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
})

test('[INV11] discarding refused prose takes a fresh document, and what builds on it does not go out', async () => {
  const { world, a, b, x } = await setup()
  const before = await a.edit(x)
  type(before, 'blijft')
  await world.clock.pass(1000)
  world.relay.judge = ({ part }) => (part === 'prose' ? 'invalid' : null)
  type(before, 'geweigerd')
  await world.clock.pass(1000)
  type(before, 'bouwt erop')
  await world.clock.pass(1000)
  world.relay.judge = () => null
  await a.engine.discardParked((await a.engine.parked()).map(({ entry }) => entry))
  const after = await a.edit(x)
  expect(proseText(after)).toBe('<paragraph>blijft</paragraph>')
  expect(after.clientID).not.toBe(before.clientID)
  type(after, 'opnieuw')
  await world.clock.pass(1000)
  expect(await a.engine.parked()).toMatchObject([{ reason: 'builds-on-discarded' }])
  await a.engine.discardParked((await a.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(5000)
  expect(proseText(await b.edit(x))).toBe('<paragraph>blijft</paragraph><paragraph>opnieuw</paragraph>')
})

test('a relay that is busy, full or slow is asked again by itself, later and later, until it takes everything in order', async () => {
  const { world, a, x, y, titleOnB } = await setup()
  for (const code of ['busy', 'rate', 'storage'] as const) {
    const asked: number[] = []
    let left = 4
    world.relay.judge = () => (left-- > 0 ? (asked.push(world.clock.now()), code) : null)
    await a.engine.editFacts(x, [set('title', `${code} 1`)])
    await a.engine.editFacts(x, [set('title', `${code} 2`)])
    await a.engine.editFacts(y, [set('title', code)])
    await world.clock.pass(60_000)
    expect([await titleOnB(x), await titleOnB(y)]).toEqual([`${code} 2`, code])
    expect(await a.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
    expect(asked.at(-1)! - asked[0]!).toBeGreaterThan(100)
  }
})

test('[INV9] a space whose log is damaged holds up its own items, and what is typed elsewhere goes on', async () => {
  const { world, a, x, y, titleOnB } = await setup()
  world.relay.judge = ({ item }) => (item === x ? { code: 'storage', reason: STORAGE_DAMAGED } : null)
  await a.engine.editFacts(x, [set('title', 'x wacht')])
  await world.clock.pass(60_000)
  await a.engine.editFacts(y, [set('title', 'y gaat door')])
  await world.clock.pass(500)
  expect([await titleOnB(x), await titleOnB(y)]).toEqual(['x', 'y gaat door'])
  expect(await a.status()).toMatchObject({ state: 'local', waitingCount: 1, parkedCount: 0 })
  world.relay.judge = () => null
  await world.clock.pass(60_000)
  expect(await titleOnB(x)).toBe('x wacht')
})

test('what the relay asks to wait is waited', async () => {
  const { world, a, x } = await setup()
  const asked: number[] = []
  world.relay.judge = () => (asked.push(world.clock.now()), asked.length === 1 ? { code: 'busy', retryAfterMs: 7000 } : null)
  await a.engine.editFacts(x, [set('title', 'later')])
  await world.clock.pass(6000)
  expect(asked).toHaveLength(1)
  await world.clock.pass(4000)
  expect(asked).toHaveLength(2)
})

test('[INV9] an entry that was judged without its unanswered predecessor is judged again after it', async () => {
  const { world, a, x, titleOnB } = await setup()
  let isRefusing = true
  // The first is put off, the second refused for good because the first is missing.
  const n = world.relay.pushes.at(-1)!.n
  world.relay.judge = (push) => (!isRefusing ? null : push.n === n + 1 ? 'busy' : 'invalid')
  await a.engine.editLinked(x, [set('title', 'een')], (await a.engine.openItem(x)).prose.clientId, new Uint8Array([0, 0]))
  await a.engine.editFacts(x, [set('title', 'twee')])
  await world.clock.pass(20)
  isRefusing = false
  await world.clock.pass(60_000)
  expect(await a.engine.parked()).toEqual([])
  expect(await titleOnB(x)).toBe('twee')
})

test('a hole that nothing in the outbox fills is filled from the archive; when that does not help, the entry is parked', async () => {
  const { world, a, x } = await setup()
  const before = world.relay.log(world.space).entries.length
  const offered: string[] = []
  world.relay.judge = ({ entry }) => (offered.push(entry), 'gap')
  await a.engine.editFacts(x, [set('title', 'een')])
  await world.clock.pass(120_000)
  expect(new Set(offered).size).toBe(2) // the new one, and what the archive has of the item
  expect(await a.engine.parked()).toMatchObject([{ reason: 'gap' }])
  world.relay.judge = () => null
  await world.clock.pass(60_000)
  expect(world.relay.log(world.space).entries).toHaveLength(before) // offered again, not stored again
})

test('an entry of more than a frame travels in fragments and arrives whole', async () => {
  const { world, a, b, x } = await setup()
  const doc = await a.edit(x)
  const long = Array.from({ length: 250_000 }, (_, i) => `woord ${i} `).join('')
  type(doc, long)
  await world.clock.pass(5000)
  expect(proseText(await b.edit(x))).toBe(`<paragraph>${long}</paragraph>`)
  expect(world.relay.pushes.at(-1)).toMatchObject({ fragments: 4 })
  expect(await a.status()).toMatchObject({ state: 'relay' })
})

test('[INV9] an entry that no relay could take is parked as too large and stays exportable', async () => {
  const { world, a, x } = await setup()
  const doc = await a.edit(x)
  type(doc, 'w'.repeat(17 * 1024 * 1024))
  await world.clock.pass(5000)
  expect(await a.engine.parked()).toMatchObject([{ item: x, code: 'too-large' }])
  expect(await a.status()).toMatchObject({ state: 'refused' })
})

test('acts that were refused are shown with the reason, those that wait as asked for', async () => {
  const { world, a, x } = await setup()
  await a.engine.openItem(x)
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await a.engine.act(x, { kind: 'consult', until: '2027-01-01' })
  await world.clock.pass(10)
  expect((await a.engine.openItem(x)).acts).toMatchObject({ settled: { status: 'concept' }, expected: { status: 'consultation' }, acts: [{ state: 'asked' }] })
  world.relay.judge = () => 'forbidden'
  world.relay.isUp = true
  await world.clock.pass(60_000)
  expect((await a.engine.openItem(x)).acts).toMatchObject({ settled: { status: 'concept' }, expected: { status: 'concept' }, acts: [{ state: 'refused', reason: 'test' }] })
  const last = a.events.filter((event) => event.type === 'acts').at(-1)
  expect(last).toMatchObject({ item: x, acts: { acts: [{ state: 'refused' }] } })
})

test('a lost right takes the copy away, keeps what was not sent, and says so', async () => {
  const { world, a, x } = await setup()
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await a.engine.editFacts(x, [set('title', 'onverzonden')])
  const me = world.relay.log(world.space).entries[0]!.author
  world.relay.grant(me, world.space, null)
  world.relay.isUp = true
  await world.clock.pass(60_000)
  expect(await a.engine.spaces()).toMatchObject([{ role: null }])
  expect(await a.engine.rows()).toEqual([])
  expect(await a.engine.parked()).toMatchObject([{ code: 'forbidden', item: x }])
  expect((await a.engine.exportParked((await a.engine.parked()).map(({ entry }) => entry))).text).toContain('onverzonden')
  expect(await a.store.entriesAfter(0, 100)).toEqual([])
  world.relay.grant(me, world.space, 'member')
  await world.clock.pass(5000)
  expect((await a.engine.rows()).map(({ title }) => title).sort()).toEqual(['x', 'y'])
  await a.engine.retryParked((await a.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(5000)
  expect((await a.engine.rows()).map(({ title }) => title).sort()).toEqual(['onverzonden', 'y'])
  expect(await a.status()).toMatchObject({ state: 'relay' })
})

test('[INV11] what is typed at the moment a right is lost is kept as what waited is, so that nothing in the text waits for it when the right is back', async () => {
  const { world, a, b, x } = await setup()
  const me = world.relay.log(world.space).entries[0]!.author
  world.relay.judge = () => ({ code: 'busy', retryAfterMs: 10_000 })
  const doc = await a.edit(x)
  type(doc, 'eerst')
  await world.clock.pass(1000)
  type(doc, 'daarna') // stored after the space was removed, and it goes on from what was removed
  await a.engine.editFacts(x, [set('title', 'daarna')])
  world.relay.grant(me, world.space, null)
  await world.clock.pass(1000)
  expect(await a.engine.parked()).toMatchObject(['prose', 'facts', 'prose'].map((part) => ({ item: x, part, code: 'forbidden', reason: 'right-lost' })))
  expect([await a.store.entriesAfter(0, 100), await a.engine.rows()]).toEqual([[], []])
  await a.engine.retryParked((await a.engine.parked()).map(({ entry }) => entry))
  expect(await a.status()).toMatchObject({ state: 'refused', parkedCount: 3, waitingCount: 0 })
  world.relay.judge = () => null
  world.relay.grant(me, world.space, 'member')
  await world.clock.pass(5000)
  const before = await a.edit(x)
  expect([proseText(before), before.store.pendingStructs]).toEqual(['', null])
  await a.engine.retryParked((await a.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(5000)
  const text = '<paragraph>eerst</paragraph><paragraph>daarna</paragraph>'
  expect([proseText(before), proseText(await b.edit(x)), (await a.engine.openItem(x)).facts.registers.title]).toEqual([text, text, 'daarna'])
  expect(await a.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
})

test('[INV9][INV11] of what was refused with a lost right the last is offered alone: what it goes on from is shown with it, and holds it back', async () => {
  const { world, a, b, x } = await setup()
  const me = world.relay.log(world.space).entries[0]!.author
  world.relay.judge = () => ({ code: 'busy', retryAfterMs: 10_000 })
  const doc = await a.edit(x)
  for (const word of ['een', 'twee']) {
    type(doc, word)
    await world.clock.pass(1000)
  }
  world.relay.judge = () => null
  world.relay.grant(me, world.space, null)
  await world.clock.pass(1000)
  world.relay.grant(me, world.space, 'member')
  await world.clock.pass(5000)
  const [first, second] = await a.engine.parked()
  const window = await a.edit(x)
  await a.engine.retryParked([second!.entry])
  await world.clock.pass(5000)
  const text = '<paragraph>een</paragraph><paragraph>twee</paragraph>'
  expect([proseText(window), window.store.pendingStructs, proseText(await b.edit(x))]).toEqual([text, null, ''])
  expect(await a.status()).toMatchObject({ state: 'refused', parkedCount: 1, waitingCount: 1 })
  await a.engine.retryParked([first!.entry])
  await world.clock.pass(5000)
  expect([proseText(await b.edit(x)), await a.status()]).toMatchObject([text, { state: 'relay', parkedCount: 0 }])
})

test('an item that was refused and discarded altogether leaves the tree', async () => {
  const { world, a } = await setup()
  world.relay.judge = () => 'forbidden'
  const item = await a.engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'nooit')], prose: null })
  await world.clock.pass(1000)
  expect((await a.engine.rows()).find((row) => row.item === item)).toMatchObject({ title: 'nooit', gone: false })
  await a.engine.discardParked((await a.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(1000)
  expect((await a.engine.rows()).find((row) => row.item === item)?.gone).toBe(true)
})
