// Tabs of one profile share one store; one of them has the socket. Every tab works, and no tab is lost with another.
import { expect, test } from 'vitest'
import type { FactEdit } from '../../shared/model/facts.ts'
import { createWorld, proseText, type } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

async function setup() {
  const world = createWorld()
  const laptop = world.laptop(world.user('verloskundige'))
  const [first, second] = [await laptop.open(), await laptop.open()]
  await world.clock.pass(1000)
  const item = await first.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'Roken')], prose: null })
  await world.clock.pass(1000)
  return { world, laptop, first, second, item }
}

test('one tab has the socket, and what another writes goes out over it', async () => {
  const { world, second, item } = await setup()
  expect(world.relay.heard.filter(({ type: what }) => what === 'hello')).toHaveLength(1)
  expect(await second.status()).toMatchObject({ follower: true, connection: 'live', state: 'relay' })
  const doc = await second.edit(item)
  type(doc, 'uit de tweede tab')
  await second.engine.editFacts(item, [set('owner', 'GGD')])
  await world.clock.pass(1000)
  expect(world.relay.log(world.space).entries).toHaveLength(3)
  expect(await second.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
})

test('two tabs with the same item open see each other at once, without the network', async () => {
  const { world, first, second, item } = await setup()
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  const [a, b] = [await first.edit(item), await second.edit(item)]
  expect(a.clientID).not.toBe(b.clientID)
  type(a, 'uit de eerste')
  type(b, 'uit de tweede')
  await first.engine.editFacts(item, [set('owner', 'GGD')])
  await second.engine.editFacts(item, [set('place', 'Schiedam')])
  await world.clock.pass(1000)
  expect(proseText(a)).toBe(proseText(b))
  expect(proseText(a)).toContain('uit de eerste')
  expect(proseText(a)).toContain('uit de tweede')
  const [x, y] = [(await first.engine.openItem(item)).facts, (await second.engine.openItem(item)).facts]
  expect(x).toEqual(y)
  expect(x.registers).toMatchObject({ owner: 'GGD', place: 'Schiedam' })
  expect((await second.engine.rows())[0]).toMatchObject({ owner: 'GGD' })
  expect(await second.status()).toMatchObject({ state: 'offline', connection: 'offline', waitingCount: 4 })
})

test('[INV4][INV5] when the tab with the socket dies, the next takes over and sends what it left, once', async () => {
  const { world, first, second, item } = await setup()
  world.relay.isSilent = true // everything is stored there and nothing answered
  const doc = await first.edit(item)
  type(doc, 'bijna kwijt')
  await world.clock.pass(100)
  first.kill()
  world.relay.isSilent = false
  await world.clock.pass(60_000)
  expect(await second.status()).toMatchObject({ follower: false, state: 'relay', waitingCount: 0 })
  const ids = world.relay.log(world.space).entries.map(({ entry }) => entry)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toHaveLength(2)
  expect(proseText(await second.edit(item))).toBe('<paragraph>bijna kwijt</paragraph>')
})

test('a tab that ends properly hands the socket over', async () => {
  const { world, first, second } = await setup()
  await first.engine.dispose()
  await world.clock.pass(1000)
  expect(await second.status()).toMatchObject({ follower: false, connection: 'live' })
})

test('a refusal and the choice about it are seen in every tab', async () => {
  const { world, first, second, item } = await setup()
  world.relay.judge = () => 'forbidden'
  await first.engine.editFacts(item, [set('title', 'mag niet')])
  await world.clock.pass(1000)
  expect(await second.status()).toMatchObject({ state: 'refused', parkedCount: 1 })
  await second.engine.openItem(item)
  await first.engine.openItem(item)
  await second.engine.discardParked((await second.engine.parked()).map(({ entry }) => entry))
  await world.clock.pass(1000)
  expect(await first.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
  for (const tab of [first, second]) {
    expect((await tab.engine.openItem(item)).facts.registers.title).toBe('Roken')
    expect(tab.events.some((event) => event.type === 'rebuilt')).toBe(true)
  }
})

test('every opening gets a clientID of its own, also after the tab was duplicated', async () => {
  const { laptop, item } = await setup()
  const ids = new Set<number>()
  for (let i = 0; i < 5; i++) {
    const tab = await laptop.open()
    for (let j = 0; j < 5; j++) ids.add((await tab.engine.openItem(item)).prose.clientId)
  }
  expect(ids.size).toBe(25)
})

test('a person can ask for a connection from a tab that does not have it', async () => {
  const { world, second } = await setup()
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(120_000)
  const before = world.relay.heard.length
  world.relay.isUp = true
  await second.engine.reconnect()
  await world.clock.pass(50)
  expect(world.relay.heard.length).toBeGreaterThan(before)
  expect(await second.status()).toMatchObject({ connection: 'live' })
})

test('somebody else who signed in in this browser gets nothing over this connection', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  world.relay.signedInAs = world.user('iemand anders').user
  world.relay.cut()
  await world.clock.pass(60_000)
  expect(await tab.status()).toMatchObject({ connection: 'blocked', blockedBy: 'signedOut', state: 'offline' })
})

test('[INV10] what is typed while the tab reads the outbox anew is said at once, and not only when that is read', async () => {
  const { world, first, second, item } = await setup()
  const read = first.store.outbox
  const held: (() => void)[] = []
  first.store.outbox = (...question) => new Promise((resolve) => held.push(() => resolve(read(...question))))
  // A word from the other tab: the outbox is read.
  await second.engine.editFacts(item, [set('owner', 'GGD')])
  expect(held).toHaveLength(1)
  first.events.length = 0
  const states = () => first.events.flatMap((event) => (event.type === 'status' ? [event.status.state] : []))
  void first.engine.editFacts(item, [set('title', 'Stoppen met roken')])
  await world.clock.pass(1)
  expect((await first.store.historyOf(item)).map(({ seq }) => seq)).toContain(null)
  expect(states()).toEqual(['pending'])
  first.store.outbox = read
  while (held.length > 0) {
    held.shift()?.()
    await world.clock.pass(1)
  }
  await world.clock.pass(1000)
  expect(states().at(-1)).toBe('relay')
})
