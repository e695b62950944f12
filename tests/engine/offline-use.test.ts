// A space that sets how long it may be used without contact (decision 0022): closed when that passed, nothing lost, open again by itself.
import { expect, test } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import type { FactEdit } from '../../shared/model/facts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { encodeDown } from '../../shared/protocol/codec.ts'
import { DAY_MS, HOUR_MS } from '../../client/engine/offline-limit.ts'
import type { ProgrammeReport } from '../../client/engine/api.ts'
import { createWorld, proseText, type, type TabOf } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })
const MINUTE_MS = 60_000
const WORD = 'Kanariezin'

async function setup(daysMax = 3) {
  const world = createWorld()
  const me = world.user('verloskundige')
  const free = newId(world.dice)
  world.relay.grant(me.user, free, 'leader')
  world.relay.limit(world.space, daysMax)
  const laptop = world.laptop(me)
  const tab = await laptop.open()
  await world.clock.pass(1000)
  const make = async (space: string, title: string) => {
    const item = await tab.engine.createItem({ space, type: 'agreement', edits: [set('title', title)], prose: null })
    const doc = await tab.edit(item)
    type(doc, `${WORD} over ${title}`)
    await world.clock.pass(1000)
    return { item, doc }
  }
  const limited = await make(world.space, 'Huisbezoek')
  const other = await make(free, 'Wachttijd')
  await world.clock.pass(5000)
  /** The lid is shut, and opened so much later; then a moment to look. */
  const later = async (ms: number) => {
    world.clock.sleep(ms, false)
    await world.clock.pass(2 * MINUTE_MS)
  }
  const away = () => {
    world.relay.isUp = false
    world.relay.cut()
  }
  const back = async () => {
    world.relay.isUp = true
    await world.clock.pass(2 * MINUTE_MS)
  }
  const offline = async (at: TabOf = tab) => (await at.engine.spaces()).find(({ space }) => space === world.space)?.offline
  const state = async (at?: TabOf) => (await offline(at))?.state
  return { world, me, laptop, tab, free, limited, other, later, away, back, offline, state }
}

/** Everything that a window can read of an item and its space, as one text. */
async function readable({ world, tab }: Awaited<ReturnType<typeof setup>>, space: string, item: string): Promise<string> {
  const { engine } = tab
  const { prose, facts, acts } = await engine.openItem(item)
  const [found, history] = await Promise.all([world.clock.answer(engine.search(WORD, 10)), world.clock.answer(engine.timeline(item, { countMax: 10, withRelay: false }))])
  const fresh = await world.clock.answer(engine.freshRows(space))
  const parked = await engine.exportParked((await engine.parked()).map(({ entry }) => entry))
  const version = await world.clock.answer(engine.version(item, 99))
  const text = JSON.stringify([facts, acts, await engine.rows(space), fresh, found.hits.filter((hit) => hit.space === space), history.moments, version?.facts ?? null, parked.text])
  return `${new TextDecoder('latin1').decode(prose.update)} ${text}`
}

test('a space that may be used without contact for three days is open until then, says so a day ahead, and is closed after', async () => {
  const { world, tab, away, later, state, offline } = await setup(3)
  expect(await offline()).toMatchObject({ daysMax: 3, state: 'open', hoursLeft: null })
  away()
  await later(2 * DAY_MS - HOUR_MS)
  expect(await state()).toBe('open')
  await later(5 * HOUR_MS)
  expect(await offline()).toMatchObject({ state: 'soon', hoursLeft: 20 })
  const closesAt = (await offline())!.closesAt
  expect(closesAt - world.clock.now()).toBeLessThanOrEqual(20 * HOUR_MS)
  await later(20 * HOUR_MS)
  expect(await offline()).toMatchObject({ state: 'closed', closesAt })
  expect(tab.events.flatMap((event) => (event.type === 'spaces' ? event.spaces.filter(({ space }) => space === world.space).map(({ offline }) => offline?.state) : [])).filter((one, at, all) => one !== all[at - 1]))
    .toEqual(['open', 'soon', 'closed'])
})

test('of a closed space nothing is read: no document, row, hit, history or file; another space goes on, and writing is never refused', async () => {
  const all = await setup()
  const { world, tab, limited, other, free, away, later } = all
  expect(await readable(all, world.space, limited.item)).toContain(WORD)
  away()
  type(limited.doc, `${WORD} zonder netwerk`)
  await world.clock.pass(1000)
  expect((await tab.engine.exportUnsent()).text).toContain(WORD)
  await later(4 * DAY_MS)
  const closed = await readable(all, world.space, limited.item)
  expect(closed).not.toContain(WORD)
  expect(closed).not.toContain('Huisbezoek')
  expect(await tab.engine.openItem(limited.item)).toMatchObject({ prose: { update: new Uint8Array(0) }, facts: EMPTY_FACTS, acts: { acts: [] } })
  expect((await tab.engine.exportUnsent()).text).not.toContain(WORD)
  expect((await tab.engine.rows()).map(({ space }) => space)).toEqual([free])
  await expect(tab.engine.sealContent(limited.item)).rejects.toThrow('closed')
  expect(await tab.engine.spaceOf(limited.item)).toBe(world.space)
  // What shows it hears that it begins anew, and nothing of what is in it.
  expect(tab.events.filter((event) => event.type === 'rebuilt').map(({ item }) => item)).toEqual([limited.item])
  const from = tab.events.length
  await tab.engine.editFacts(limited.item, [set('title', 'Ander huisbezoek')])
  type(limited.doc, 'een laatste letter')
  await world.clock.pass(1000)
  expect(tab.events.slice(from).filter((event) => event.type !== 'status' && event.type !== 'rows')).toEqual([])
  expect(await tab.status()).toMatchObject({ waitingCount: 3, inMemoryCount: 0, parkedCount: 0 })
  const open = await readable(all, free, other.item)
  expect(open).toContain(WORD)
  expect(open).toContain('Wachttijd')
})

test('contact opens it again by itself, and what was written meanwhile reaches the relay', async () => {
  const { world, tab, limited, away, later, back, state } = await setup()
  away()
  type(limited.doc, 'voor het sluiten')
  // Still in the hand when the limit passes: what was typed is stored first.
  world.clock.sleep(4 * DAY_MS, false)
  type(limited.doc, 'op de grens')
  await world.clock.pass(2 * MINUTE_MS)
  expect(await state()).toBe('closed')
  await later(30 * DAY_MS)
  const from = tab.events.length
  await back()
  expect(await state()).toBe('open')
  expect(tab.events.slice(from).filter((event) => event.type === 'rebuilt').map(({ item }) => item)).toEqual([limited.item])
  const text = proseText(await tab.edit(limited.item))
  for (const words of [WORD, 'voor het sluiten', 'op de grens']) expect(text).toContain(words)
  expect(await tab.engine.rows(world.space)).toMatchObject([{ title: 'Huisbezoek' }])
  expect(await tab.status()).toMatchObject({ state: 'relay', waitingCount: 0, parkedCount: 0 })
  const ben = await world.laptop(world.user('wijkverpleegkundige')).open()
  await world.clock.pass(5000)
  expect(proseText(await ben.edit(limited.item))).toBe(text)
})

test('a clock that is set back gives no time, also not over a restart', async () => {
  const { world, laptop, tab, away, later, state } = await setup()
  away()
  await later(2 * DAY_MS)
  await tab.engine.dispose()
  world.clock.turn(-2 * DAY_MS)
  const again = await laptop.open()
  await later(DAY_MS / 2)
  expect(await state(again)).toBe('soon')
  await later(DAY_MS / 2)
  expect(await state(again)).toBe('closed')
  world.clock.turn(-30 * DAY_MS)
  await later(HOUR_MS)
  expect(await state(again)).toBe('closed')
})

test('a clock that jumped 400 days ahead and back closes, and the next contact opens', async () => {
  const { world, limited, tab, later, away, back, state } = await setup()
  away()
  world.clock.turn(400 * DAY_MS)
  await later(HOUR_MS)
  world.clock.turn(-400 * DAY_MS)
  await later(HOUR_MS)
  expect(await state()).toBe('closed')
  await back()
  expect(await state()).toBe('open')
  expect(proseText(await tab.edit(limited.item))).toContain(WORD)
  away()
  await later(DAY_MS)
  expect(await state()).toBe('open')
})

test('it is closed from the first answer after a start, and stays so while nobody answers', async () => {
  const { world, laptop, tab, limited, away, later, state } = await setup()
  away()
  await later(HOUR_MS)
  tab.kill()
  world.clock.sleep(5 * DAY_MS, true)
  const again = await laptop.open()
  expect(await again.engine.rows(world.space)).toEqual([])
  expect((await again.engine.openItem(limited.item)).prose.update).toHaveLength(0)
  await later(DAY_MS)
  expect(await state(again)).toBe('closed')
})

test('a laptop that is connected for weeks stays open, and its days count from the last answer; a line that fell silent is no contact', async () => {
  const { world, me, later, state } = await setup()
  for (let day = 0; day < 10; day++) {
    await later(DAY_MS)
    expect(await state()).toBe('open')
  }
  // Everything is swallowed, also that the line is dead; and what was still on it is no answer to anything.
  world.relay.isDeaf = true
  world.clock.sleep(4 * DAY_MS, false)
  world.relay.sayRaw(me.user, encodeDown({ type: 'scope', space: world.space, role: 'leader', kind: 'municipality', name: 'gemeente', offlineDaysMax: 3 }))
  await world.clock.pass(1000)
  expect(await state()).toBe('closed')
})

test('a laptop that hears something all the time asks all the same whether the relay is there', async () => {
  const { world, me } = await setup()
  const asked = () => world.relay.heard.filter(({ user, type }) => user === me.user && type === 'ping').length
  const before = asked()
  for (let i = 0; i < 360; i++) {
    world.relay.say(me.user, { type: 'pong', serverTime: 0 })
    await world.clock.pass(5000)
  }
  expect(asked() - before).toBeGreaterThanOrEqual(2)
  expect(asked() - before).toBeLessThanOrEqual(3)
})

test('refused work of a closed space is kept, and its words are in no file', async () => {
  const { world, tab, limited, away, later, back } = await setup()
  world.relay.judge = () => 'forbidden'
  await tab.engine.editFacts(limited.item, [set('title', `${WORD} geweigerd`)])
  await world.clock.pass(5000)
  const file = async () => (await tab.engine.exportParked((await tab.engine.parked()).map(({ entry }) => entry))).text
  expect(await file()).toContain(WORD)
  away()
  await later(4 * DAY_MS)
  expect(await tab.engine.parked()).toHaveLength(1)
  expect(await file()).not.toContain(WORD)
  // Nor is it thrown away unread.
  await tab.engine.discardParked((await tab.engine.parked()).map(({ entry }) => entry))
  expect(await tab.engine.parked()).toHaveLength(1)
  await back()
  expect(await file()).toContain(WORD)
})

test('a limit that is set, made shorter or taken away reaches a laptop over its open line', async () => {
  const { world, offline, state, later, away } = await setup(7)
  world.relay.limit(world.space, 1)
  await world.clock.pass(1000)
  expect(await offline()).toMatchObject({ daysMax: 1, state: 'open' })
  world.relay.limit(world.space, null)
  await world.clock.pass(1000)
  expect(await offline()).toBeUndefined()
  away()
  await later(1000 * DAY_MS)
  expect(await state()).toBeUndefined()
})

test('every tab of a laptop closes and opens with the one that has the line', async () => {
  const { world, laptop, limited, away, later, back, state } = await setup()
  const beside = await laptop.open()
  await beside.edit(limited.item)
  away()
  await later(4 * DAY_MS)
  expect(await state(beside)).toBe('closed')
  expect(await beside.engine.rows(world.space)).toEqual([])
  await back()
  expect(await state(beside)).toBe('open')
  expect(proseText(await beside.edit(limited.item))).toContain(WORD)
})

test('of a programme its laptop keeps no municipality for longer than that one allows', async () => {
  const world = createWorld()
  const me = world.user('programmaleider', null)
  const programme = newId(world.dice)
  world.relay.grant(me.user, programme, 'programme-leader')
  const [strict, free] = [newId(world.dice), newId(world.dice)]
  const municipalities: ProgrammeReport['municipalities'] = [{ space: strict, name: 'Eemsdelta', offlineDaysMax: 2, rows: [] }, { space: free, name: 'Almere', offlineDaysMax: null, rows: [] }]
  let isUp = true
  const web = { report: async () => (isUp ? { municipalities } : Promise.reject(new Error('offline'))), people: async () => [] }
  const laptop = world.laptop(me)
  const tab = await laptop.open({ web })
  await world.clock.pass(1000)
  await tab.engine.programmeReport(programme)
  await world.clock.pass(1000)
  expect(await tab.engine.programmeReport(programme)).toMatchObject({ municipalities: [{ space: strict }, { space: free }], closed: [] })
  isUp = false
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(5000)
  const from = tab.events.length
  world.clock.sleep(3 * DAY_MS, false)
  await world.clock.pass(2 * MINUTE_MS)
  expect(tab.events.slice(from).filter((event) => event.type === 'report')).toMatchObject([{ programme, report: { municipalities: [{ space: free }], closed: [{ space: strict, name: 'Eemsdelta' }] } }])
  await tab.engine.dispose()
  const again = await laptop.open({ web })
  expect(await again.engine.programmeReport(programme)).toMatchObject({ municipalities: [{ space: free }], closed: [{ name: 'Eemsdelta' }] })
  isUp = true
  await again.engine.programmeReport(programme)
  await world.clock.pass(1000)
  expect(await again.engine.programmeReport(programme)).toMatchObject({ municipalities: [{ space: strict }, { space: free }], closed: [] })
})
