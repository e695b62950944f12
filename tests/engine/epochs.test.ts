// The relay's log is not the one that acknowledged: a restored backup, an empty relay, a foreign store. What laptops hold comes back.
import { expect, test } from 'vitest'
import type { FactEdit } from '../../shared/model/facts.ts'
import { createWorld, proseText, type } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })
const RECHECKED_MS = 60_000

async function setup() {
  const world = createWorld()
  const laptopA = world.laptop(world.user('verloskundige'))
  const a = await laptopA.open()
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'een')], prose: null })
  await world.clock.pass(1000)
  return { world, laptopA, a, item }
}
const titles = async (tab: { engine: { rows(): Promise<{ title: string }[]> } }) => (await tab.engine.rows()).map(({ title }) => title)

test('[INV4][INV8] after a restore everything acknowledged is offered again under its own id, and a fresh laptop has it', async () => {
  const { world, a, item } = await setup()
  await a.engine.editFacts(item, [set('title', 'twee')])
  const doc = await a.edit(item)
  type(doc, 'tekst')
  await world.clock.pass(1000)
  const before = world.relay.log(world.space).entries.map(({ entry }) => entry)
  world.relay.replaceLog(world.space, 1)
  await world.clock.pass(5)
  expect((await a.status()).state).toBe('rechecking')
  await world.clock.pass(RECHECKED_MS)
  expect(world.relay.log(world.space).entries.map(({ entry }) => entry)).toEqual(before)
  expect(await a.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
  const fresh = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(5000)
  expect(await titles(fresh)).toEqual(['twee'])
  expect(proseText(await fresh.edit(item))).toBe('<paragraph>tekst</paragraph>')
})

test('[INV4] the laptops rebuild an empty relay, also when it was replaced while they were away', async () => {
  const { world, laptopA, a, item } = await setup()
  a.kill()
  world.relay.replaceLog(world.space, 0)
  const again = await laptopA.open()
  await world.clock.pass(RECHECKED_MS)
  expect(world.relay.log(world.space).entries).toHaveLength(1)
  expect(await again.status()).toMatchObject({ state: 'relay' })
  expect((await again.engine.openItem(item)).facts.registers.title).toBe('een')
})

test('[INV10] a laptop that comes back says "at the relay" only after the relay said which log it has', async () => {
  const { world, a } = await setup()
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(5000)
  world.relay.replaceLog(world.space, 0)
  a.events.length = 0
  world.relay.isUp = true
  await world.clock.pass(RECHECKED_MS)
  const said = a.events.flatMap((event) => (event.type === 'status' ? [event.status.state] : []))
  expect(said).toContain('rechecking')
  expect(said.indexOf('relay')).toBeGreaterThan(said.indexOf('rechecking'))
  // And in the middle of a connection, when it hears that the log is another one.
  a.events.length = 0
  world.relay.replaceLog(world.space, 0)
  await world.clock.pass(RECHECKED_MS)
  expect(a.events.flatMap((event) => (event.type === 'status' ? [event.status.state] : []))[0]).toBe('rechecking')
})

test('[INV8] what only others hold comes back as well: a reader of it offers it after its author had the time', async () => {
  const { world, a, item } = await setup()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  await a.engine.editFacts(item, [set('owner', 'van A')])
  await world.clock.pass(1000)
  a.kill() // its author is away when it happens
  await b.engine.editFacts(item, [set('owner', 'van B')]) // and this builds on it
  await world.clock.pass(1000)
  world.relay.replaceLog(world.space, 0)
  await world.clock.pass(5000)
  expect((await b.status()).state).toBe('rechecking')
  await world.clock.pass(RECHECKED_MS)
  expect(await b.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
  expect(world.relay.log(world.space).entries).toHaveLength(3)
  const fresh = await world.laptop(world.user('GGD')).open()
  await world.clock.pass(5000)
  expect((await fresh.engine.openItem(item)).facts).toEqual((await b.engine.openItem(item)).facts)
})

test('[INV5] entries offered again by everybody at once are in the log once each', async () => {
  const { world, a, item } = await setup()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  await b.engine.editFacts(item, [set('owner', 'GGD')])
  await world.clock.pass(1000)
  world.relay.replaceLog(world.space, 0)
  await world.clock.pass(RECHECKED_MS)
  world.relay.replaceLog(world.space, 0)
  await world.clock.pass(RECHECKED_MS)
  const ids = world.relay.log(world.space).entries.map(({ entry }) => entry)
  expect(ids).toHaveLength(2)
  expect(new Set(ids).size).toBe(2)
  for (const tab of [a, b]) expect(await tab.status()).toMatchObject({ state: 'relay' })
})

test('[INV4] an acknowledgement that speaks of the log that was replaced is not believed', async () => {
  const { world, a, item } = await setup()
  world.relay.isSilent = true
  await a.engine.editFacts(item, [set('title', 'twee')])
  await world.clock.pass(10)
  const { n, entry } = world.relay.pushes.at(-1)!
  const { author } = world.relay.log(world.space).entries[0]!
  // The new log is announced first; the answer to the old push comes after it.
  world.relay.replaceLog(world.space, 1)
  world.relay.say(author, { type: 'ack', upToN: n, serverTime: 0 })
  await world.clock.pass(3)
  expect((await a.store.outbox()).map((row) => row.entry)).toContain(entry)
  expect((await a.store.archive(world.space)).map((row) => row.entry)).not.toContain(entry)
  world.relay.isSilent = false
  await world.clock.pass(RECHECKED_MS)
  expect(world.relay.log(world.space).entries).toHaveLength(2)
  expect((await a.status()).state).toBe('relay')
})

test('[INV3] a log with the same epoch and another tail is not resumed', async () => {
  const { world, a } = await setup()
  const log = world.relay.log(world.space)
  const { seq: _seq, prevItemSeq: _prev, ...entry } = log.entries[0]!
  // Somebody put another file in its place, as long as the old one.
  log.entries.length = 0
  log.hashes.length = 1
  world.relay.cut()
  world.relay.append(world.space, { ...entry, entry: 'cd'.repeat(16), payload: new Uint8Array([1]) })
  a.events.length = 0
  await world.clock.pass(RECHECKED_MS)
  expect(a.events.some((event) => event.type === 'status' && event.status.state === 'rechecking')).toBe(true)
  expect((await a.status()).state).toBe('relay')
  expect(log.entries.map((one) => one.entry)).toEqual(['cd'.repeat(16), entry.entry])
})

test('[EPO1] a subscription that the relay ended is asked for again, also when EPOCH names the log that is followed', async () => {
  const { world, a } = await setup()
  const { epoch } = world.relay.log(world.space)
  const { author } = world.relay.log(world.space).entries[0]!
  const subs = () => world.relay.heard.filter(({ type }) => type === 'sub').length
  const before = subs()
  // Its log was replaced, it subscribed before the relay heard of that, and was told once more.
  world.relay.say(author, { type: 'epoch', space: world.space, epoch })
  await world.clock.pass(1_000)
  expect(subs()).toBe(before + 1)
  expect((await a.status()).state).toBe('relay')
})

test('a run whose tail hash does not fit its entries is not stored', async () => {
  const { world, a, item } = await setup()
  const { author, ...entry } = world.relay.log(world.space).entries[0]!
  const cursor = (await a.store.spaces())[0]!.cursor
  world.relay.say(author, {
    type: 'entries', space: world.space, epoch: world.relay.log(world.space).epoch, cursorAfter: 2, tailHashAfter: new Uint8Array(16), more: false,
    entries: [{ ...entry, author, seq: 2, entry: 'ab'.repeat(16) }],
  })
  await world.clock.pass(50)
  expect((await a.store.spaces())[0]!.cursor).toBe(cursor)
  expect(await a.store.historyOf(item)).toHaveLength(1)
  await world.clock.pass(60_000)
  expect((await a.status()).state).toBe('relay')
})

test('[INV8] an act that only the lost log had is no longer shown as taken, also in a window that is open', async () => {
  const { world, a, item } = await setup()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const shown: string[] = []
  b.engine.onEvent((event) => {
    if (event.type === 'acts' && event.item === item) shown.push(event.acts.settled.status)
  })
  await b.engine.openItem(item)
  const before = world.relay.log(world.space).entries.length
  await a.engine.act(item, { kind: 'consult', until: '2027-01-01' })
  await world.clock.pass(1000)
  expect(shown.at(-1)).toBe('consultation')
  // Its author is gone, and an act is nobody else's to repeat.
  await a.engine.dispose()
  world.relay.replaceLog(world.space, before)
  await world.clock.pass(RECHECKED_MS)
  expect(shown.at(-1)).toBe('concept')
  expect((await b.engine.openItem(item)).acts.settled.status).toBe('concept')
})

/** The machine of the relay is put back to an image of itself: the first entries, under the same epoch. */
const putBack = (log: ReturnType<ReturnType<typeof createWorld>['relay']['log']>, keep: number): void => {
  log.entries.length = keep
  log.hashes.length = keep + 1
}

/** A laptop whose last entry was acknowledged and did not come back to it, as on a line that is cut between the two. */
async function acknowledgedUnseen() {
  const it = await setup()
  const { world, a, item } = it
  const log = world.relay.log(world.space)
  world.relay.isEchoing = false
  await a.engine.editFacts(item, [set('title', 'twee')])
  await world.clock.pass(1000)
  world.relay.isEchoing = true
  const [first, last] = log.entries.map(({ entry }) => entry)
  expect(await a.store.outbox()).toEqual([])
  expect((await a.store.unplaced(world.space)).map(({ entry }) => entry)).toEqual([last])
  return { ...it, log, first: first!, last: last! }
}

test('[INV4] what was acknowledged and never seen again is offered to a relay that was put back to an image of before it', async () => {
  const { world, a, item, log, first, last } = await acknowledgedUnseen()
  putBack(log, 1)
  a.events.length = 0
  world.relay.cut()
  await world.clock.pass(RECHECKED_MS)
  expect(log.entries.map(({ entry }) => entry)).toEqual([first, last])
  expect(a.events.some((event) => event.type === 'status' && event.status.state === 'local' && event.status.waitingCount === 1)).toBe(true)
  expect(await a.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
  const fresh = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(5000)
  expect((await fresh.engine.openItem(item)).facts.registers.title).toBe('twee')
})

test('[INV4] it is offered as well where the log went on after it was put back, and by a laptop that was closed meanwhile', async () => {
  const { world, laptopA, a, log, first, last } = await acknowledgedUnseen()
  a.kill()
  putBack(log, 1)
  const { seq: _seq, prevItemSeq: _prev, ...entry } = log.entries[0]!
  for (const id of ['cd', 'ef']) world.relay.append(world.space, { ...entry, item: id.repeat(16), entry: id.repeat(16) })
  world.relay.catchUpCount = 1
  const again = await laptopA.open()
  await world.clock.pass(RECHECKED_MS)
  expect(log.entries.map((one) => one.entry)).toEqual([first, 'cd'.repeat(16), 'ef'.repeat(16), last])
  expect(await again.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
})

test('[INV4] a laptop that is ahead of the log that was put back offers what it saw and what it did not', async () => {
  const { world, a, log, first, last } = await acknowledgedUnseen()
  putBack(log, 0)
  world.relay.cut()
  await world.clock.pass(RECHECKED_MS)
  expect(log.entries.map(({ entry }) => entry)).toEqual([first, last])
  expect(await a.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
})

test('what was acknowledged and is in the log is not offered again', async () => {
  const { world, a, log, last } = await acknowledgedUnseen()
  const pushed = world.relay.pushes.length
  world.relay.cut()
  await world.clock.pass(RECHECKED_MS)
  expect(log.entries.at(-1)!.entry).toBe(last)
  expect(await a.store.unplaced(world.space)).toEqual([])
  expect(world.relay.pushes).toHaveLength(pushed)
})
