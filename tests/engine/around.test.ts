// What stands around the documents: presence, history, search, people, the programme's report, snapshots.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createCompaction } from '../../client/engine/compaction.ts'
import { createFactsDocument } from '../../client/engine/facts.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { newId } from '../../shared/base/ids.ts'
import type { FactEdit } from '../../shared/model/facts.ts'
import { LOCAL_ENTRIES_COUNT_MAX } from '../../shared/model/limits.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { unopenableChange } from '../support/raw-change.ts'
import { countCalls } from './support/calls.ts'
import { createWorld, proseText, type } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })
const HOUR_MS = 60 * 60 * 1000

async function setup() {
  const world = createWorld()
  const [anna, bert] = [world.user('verloskundige'), world.user('projectleider')]
  const laptop = world.laptop(anna)
  const a = await laptop.open()
  const b = await world.laptop(bert).open()
  await world.clock.pass(1000)
  const make = (title: string, more: FactEdit[] = []) => a.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', title), ...more], prose: null })
  return { world, laptop, a, b, anna, bert, make }
}
const presentIn = (tab: { events: { type: string }[] }) => {
  const last = tab.events.filter((event) => event.type === 'presence').at(-1) as { present: { who: { name: string }; state: unknown }[] } | undefined
  return last?.present.map(({ who, state }) => [who.name, state]) ?? []
}

test('who is where is seen by others, at most ten times a second, and goes with the connection', async () => {
  const { world, a, b, make } = await setup()
  const item = await make('Roken')
  await world.clock.pass(1000)
  for (let i = 0; i < 30; i++) {
    await b.engine.showPresence(item, { cursor: { anchor: i, head: i } })
    await world.clock.pass(10)
  }
  await world.clock.pass(200)
  expect(world.relay.heard.filter(({ type: what }) => what === 'presence').length).toBeLessThan(6)
  expect(presentIn(a)).toContainEqual(['projectleider', { cursor: { anchor: 29, head: 29 } }])
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  expect(presentIn(a)).toEqual([])
  world.relay.isUp = true
  await world.clock.pass(60_000)
  expect(presentIn(a)).toContainEqual(['projectleider', { cursor: { anchor: 29, head: 29 } }])
})

test('presence of a tab without the socket goes over the tab that has it, both ways', async () => {
  const { world, laptop, b, make } = await setup()
  const second = await laptop.open()
  const item = await make('Roken')
  await world.clock.pass(1000)
  await second.engine.showPresence(item, { cursor: { anchor: 1, head: 2 } })
  await b.engine.showPresence(item, {})
  await world.clock.pass(1000)
  expect(presentIn(b)).toContainEqual(['verloskundige', { cursor: { anchor: 1, head: 2 } }])
  expect(presentIn(second)).toContainEqual(['projectleider', { cursor: null }])
})

test('presence that makes no sense is somebody looking without a caret', async () => {
  const { world, a, bert, anna, make } = await setup()
  const item = await make('Roken')
  await world.clock.pass(1000)
  const say = (bytes: Uint8Array) => world.relay.say(anna.user, { type: 'present', space: world.space, item, session: 'ab'.repeat(16), who: bert, open: true, bytes })
  for (const text of ['', '{', 'null', '7', '{"cursor":5}', '{"cursor":{"anchor":{"x":1}}}']) {
    say(new TextEncoder().encode(text))
    await world.clock.pass(10)
  }
  say(new Uint8Array([255, 254]))
  await world.clock.pass(100)
  expect(presentIn(a)).toEqual([['projectleider', {}]])
})

test('carets that move all the time are told to the window twenty times a second at most, and the last one always', async () => {
  const { world, a, bert, anna, make } = await setup()
  const item = await make('Roken')
  await world.clock.pass(1000)
  const before = a.events.filter(({ type }) => type === 'presence').length
  for (let i = 1; i <= 50; i++) {
    world.relay.say(anna.user, { type: 'present', space: world.space, item, session: 'ab'.repeat(16), who: bert, open: true, bytes: new TextEncoder().encode(`{"cursor":{"anchor":${i},"head":${i}}}`) })
    await world.clock.pass(4)
  }
  await world.clock.pass(100)
  const told = a.events.filter(({ type }) => type === 'presence').length - before
  expect(told).toBeGreaterThan(1)
  expect(told).toBeLessThanOrEqual(6)
  expect(presentIn(a)).toEqual([['projectleider', { cursor: { anchor: 50, head: 50 } }]])
})

test('[FET1] any version of an item can be looked at, from what is here and what the relay has', async () => {
  const { world, a, b, make } = await setup()
  const item = await make('een')
  for (const title of ['twee', 'drie', 'vier']) {
    await a.engine.editFacts(item, [set('title', title)])
    await world.clock.pass(100)
  }
  const titles = async () => Promise.all([1, 2, 3, 4].map(async (seq) => (await world.clock.answer(b.engine.version(item, seq)))?.facts.registers.title))
  expect(await titles()).toEqual(['een', 'twee', 'drie', 'vier'])
  // One person in one go: there is no step between. Somebody else's edit, or a pause, is one.
  const earlier = async (seq: number) => (await world.clock.answer(b.engine.version(item, seq)))?.earlierSeq
  expect(await earlier(4)).toBeNull()
  await b.engine.editFacts(item, [set('title', 'van een ander')])
  await world.clock.pass(40_000)
  await b.engine.editFacts(item, [set('title', 'na een pauze')])
  await world.clock.pass(100)
  expect([await earlier(5), await earlier(6)]).toEqual([4, 5])
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await b.engine.editFacts(item, [set('title', 'offline')])
  // What has no place in the log yet is in no version of it.
  expect(await titles()).toEqual(['een', 'twee', 'drie', 'vier'])
})

test('search finds by stem in title, facts and prose, by the beginning of a word being typed, and only what may be read', async () => {
  const { world, a, b, make } = await setup()
  const roken = await make('Roken en stoppen', [set('trigger', 'De zwangere rookt of is kortgeleden gestopt'), set('domain', 'lifestyle')])
  const geld = await make('Geldzorgen')
  const doc = await a.edit(geld)
  type(doc, 'Afspraken met de schuldhulpverlening over gemeenten en zorgpaden')
  await world.clock.pass(5000)
  const find = async (query: string) => (await world.clock.answer(b.engine.search(query, 10))).hits.map(({ title }) => title)
  expect(await find('zorgpad')).toEqual(['Geldzorgen'])
  expect(await find('afspraak gemeente')).toEqual(['Geldzorgen'])
  expect(await find('gestopt')).toEqual(['Roken en stoppen'])
  expect(await find('leefstijl')).toEqual(['Roken en stoppen'])
  expect(await find('schuldhulp')).toEqual(['Geldzorgen']) // five letters and more: also the beginning of a word in the text
  expect(await find('gel')).toEqual(['Geldzorgen']) // fewer: in titles
  expect(await find('schu')).toEqual([])
  expect(await find('geldzorgen roken')).toEqual([])
  expect(await find('   ')).toEqual([])
  const [hit] = (await world.clock.answer(b.engine.search('schuldhulpverlening', 10))).hits
  expect(hit).toMatchObject({ item: geld, space: world.space })
  expect(hit?.excerpt).toContain('schuldhulpverlening')
  // The place that is shown is where the words stand together, in whole words.
  type(doc, `De verloskundige schrijft. ${'Tussendoor staat er nog veel meer. '.repeat(10)}Daarna spreken we af dat de verloskundige belt. ${'En zo verder. '.repeat(20)}`)
  await world.clock.pass(5000)
  const [called] = (await world.clock.answer(b.engine.search('verloskundige belt', 10))).hits
  expect(called?.excerpt).toMatch(/^…veel meer\. Daarna spreken we af dat de verloskundige belt\.( En zo verder\.)+…$/)
  // It keeps up, also offline.
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await b.engine.editFacts(roken, [set('title', 'Meeroken')])
  await world.clock.pass(1000)
  expect(await find('meeroken')).toEqual(['Meeroken'])
  await b.engine.editFacts(roken, [{ op: 'set', path: 'gone', value: true }])
  await world.clock.pass(1000)
  expect(await find('meeroken')).toEqual([])
})

test('people and the report of a programme are asked when there is a connection and kept for when there is none', async () => {
  const world = createWorld()
  const me = world.user('programmaleider', 'programme-leader')
  const report = { municipalities: [{ space: world.space, name: 'Schiedam', rows: [] }] }
  let isOnline = true
  const web = {
    people: () => (isOnline ? Promise.resolve([me]) : Promise.reject(new Error('offline'))),
    report: () => (isOnline ? Promise.resolve(report) : Promise.reject(new Error('offline'))),
  }
  const laptop = world.laptop(me)
  const tab = await laptop.open({ web })
  await world.clock.pass(1000)
  expect(await tab.engine.people()).toEqual([me])
  expect(await tab.engine.programmeReport(world.space)).toBeNull()
  await world.clock.pass(10)
  expect(tab.events.find((event) => event.type === 'report')).toMatchObject({ programme: world.space, report })
  isOnline = false
  tab.kill()
  const again = await laptop.open({ web })
  expect(await again.engine.people()).toEqual([me])
  expect(await again.engine.programmeReport(world.space)).toMatchObject(report)
})

test('an item that grew long is merged into a snapshot, and nothing of it changes', async () => {
  const { world, laptop, a, b, make } = await setup()
  const item = await make('lang')
  const { prose } = await a.engine.openItem(item)
  const doc = new Y.Doc()
  doc.clientID = prose.clientId
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update))
  for (let i = 0; i <= LOCAL_ENTRIES_COUNT_MAX; i++) {
    type(doc, `regel ${i}`)
    await a.engine.editLinked(item, [set(i % 2 === 0 ? 'owner' : 'place', `waarde ${i}`)], prose.clientId, updates[i]!)
  }
  await world.clock.pass(5000)
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await a.engine.editFacts(item, [set('theme', 'nog niet verzonden')])
  a.kill()
  const again = await laptop.open()
  const before = await again.engine.openItem(item)
  await world.clock.pass(HOUR_MS + 1000)
  const { snapshot, entries } = await again.store.entriesOf(item, 'prose')
  expect([snapshot?.version, entries.length]).toEqual([1, 0])
  const facts = await again.store.entriesOf(item, 'facts')
  expect([facts.snapshot?.version, facts.entries.map(({ seq }) => seq)]).toEqual([1, [null]])
  again.kill()
  world.relay.isUp = true
  const last = await laptop.open()
  const after = await last.engine.openItem(item)
  expect(after.facts).toEqual(before.facts)
  expect(proseText(await last.edit(item))).toBe(proseText(doc))
  expect(await last.store.historyOf(item)).toHaveLength(2 * LOCAL_ENTRIES_COUNT_MAX + 4)
  await world.clock.pass(60_000)
  expect((await b.engine.openItem(item)).facts.registers).toEqual(after.facts.registers)
})

test('raw entries are let go by the relay\'s time: a laptop whose clock runs ahead keeps what a restored relay would need', async () => {
  const DAY_MS = 24 * HOUR_MS
  const { world } = await setup()
  for (const [newestDay, keptCount] of [[1, 3], [60, 1]] as const) {
    const store = createMemoryDevice().openStore()
    const [space, item, epoch] = [newId(world.dice), newId(world.dice), newId(world.dice)]
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    for (const words of ['een', 'twee', 'drie']) type(doc, words)
    await store.putSpace({ space, kind: 'municipality', name: 'Schiedam', role: 'member', epoch, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0, rechecking: false })
    const entries = updates.map((payload, i) => ({
      space, epoch, entry: newId(world.dice), item, part: 'prose' as const, format: 'yjs1' as const, schema: 1, clientTime: 0, writer: newId(world.dice), payload,
      seq: i + 1, prevItemSeq: i, author: newId(world.dice), serverTime: (i === 2 ? newestDay : 0) * DAY_MS,
    }))
    await store.putRun(space, epoch, entries, 3, EMPTY_TAIL_HASH)
    const compaction = createCompaction({ store, clock: { now: () => 400 * DAY_MS, after: world.clock.after }, dice: world.dice, entriesCountMax: 2 })
    compaction.seen(item, 'prose', 3)
    await compaction.run()
    expect((await store.entriesOf(item, 'prose')).snapshot?.upToSeq).toBe(3)
    expect(await store.historyOf(item)).toHaveLength(keptCount)
  }
})

test('a page written by somebody who knows no facts is called after its first heading', async () => {
  const { world, a, b, make } = await setup()
  const item = await make('')
  const doc = await a.edit(item)
  type(doc, 'Notities van de wijk')
  await world.clock.pass(1000)
  expect((await b.engine.rows())[0]?.title).toBe('Notities van de wijk')
})

test('facts that Automerge could save and not open again are never merged, and not tried again before there are twice as many', async () => {
  const { world } = await setup()
  const store = createMemoryDevice().openStore()
  const [space, item, epoch, anna] = [newId(world.dice), newId(world.dice), newId(world.dice), newId(world.dice)]
  const document = createFactsDocument(newId(world.dice))
  await store.putSpace({ space, kind: 'municipality', name: 'Schiedam', role: 'member', epoch, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0, rechecking: false })
  let count = 0
  const arrive = async (...payloads: Uint8Array[]): Promise<void> => {
    const entries = payloads.map((payload) => ({
      space, epoch, entry: newId(world.dice), item, part: 'facts' as const, format: 'am1' as const, schema: 1, clientTime: 0, writer: newId(world.dice), payload,
      seq: ++count, prevItemSeq: count - 1, author: anna, serverTime: 0,
    }))
    await store.putRun(space, epoch, entries, count, EMPTY_TAIL_HASH)
  }
  let answers = 0
  const answer = (): Uint8Array => document.change([['title', `antwoord ${++answers}`]], 0, anna)!
  await arrive(unopenableChange(), answer(), answer())
  const compaction = createCompaction({ store, clock: world.clock, dice: world.dice, entriesCountMax: 2 })
  const calls = countCalls(store)
  const look = async (): Promise<number> => {
    calls.reset()
    compaction.seen(item, 'facts', count)
    await compaction.run()
    expect((await store.entriesOf(item, 'facts')).snapshot).toBeNull()
    return calls.of('entriesOf') - 1
  }
  expect(await look()).toBe(1)
  for (const tries of [0, 0, 0, 1, 0]) {
    await arrive(answer())
    expect(await look()).toBe(tries)
  }
  document.dispose()
})
