// What a question costs, and what it may find: counted in calls of the store, never in time.
import { expect, test } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import type { FactEdit } from '../../shared/model/facts.ts'
import { countCalls } from './support/calls.ts'
import { createWorld } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

async function setup(itemCount: number) {
  const world = createWorld()
  const anna = world.user('verloskundige')
  const laptop = world.laptop(anna)
  const tab = await laptop.open()
  await world.clock.pass(1000)
  const make = (title: string) => tab.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', title)], prose: null })
  for (let i = 0; i < itemCount; i++) await make(`Afspraak ${i}`)
  await world.clock.pass(10_000)
  const find = async (query: string, from = tab) => (await world.clock.answer(from.engine.search(query, 100))).hits.map(({ title }) => title)
  return { world, anna, laptop, tab, make, find }
}

test('a question reads no rows, texts or documents of the store, however many items there are', async () => {
  const costs: number[] = []
  for (const itemCount of [3, 60]) {
    const { tab, find } = await setup(itemCount)
    await find('afspraak')
    const calls = countCalls(tab.store)
    expect(await find('afspraak')).toHaveLength(itemCount)
    expect(calls.of('rows', 'row', 'texts', 'entriesOf', 'historyOf')).toBe(0)
    costs.push(calls.of())
  }
  expect(costs[1]).toBe(costs[0])
  expect(costs[0]).toBeLessThanOrEqual(3)
})

test('a question finds nothing of a space whose right was lost, and everything again when it came back', async () => {
  const { world, anna, find } = await setup(2)
  expect(await find('afspraak')).toHaveLength(2)
  world.relay.grant(anna.user, world.space, null)
  await world.clock.pass(10)
  expect(await find('afspraak')).toEqual([])
  world.relay.grant(anna.user, world.space, 'leader')
  await world.clock.pass(10_000)
  expect(await find('afspraak')).toHaveLength(2)
})

test('texts and index are made before anybody asks, so that the first question costs no more than the second', async () => {
  const { tab, laptop, world, find } = await setup(40)
  await world.clock.pass(60_000)
  expect(await tab.store.texts()).toHaveLength(40)
  tab.kill()
  const again = await laptop.open()
  await world.clock.pass(60_000)
  const calls = countCalls(again.store)
  const costs: number[] = []
  for (const _ of ['first', 'second']) {
    calls.reset()
    expect(await find('afspraak', again)).toHaveLength(40)
    costs.push(calls.of())
  }
  expect(calls.of('texts', 'entriesOf', 'putTexts')).toBe(0)
  expect(costs[0]).toBe(costs[1])
})

test('nothing is made for search while somebody types, but not for ever, and a question does not wait for quiet', async () => {
  const { tab, world, make, find } = await setup(0)
  const item = await make('Afspraak')
  await world.clock.pass(20_000)
  const calls = countCalls(tab.store)
  const type = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      await tab.engine.editFacts(item, [set('owner', `eigenaar ${i}`)])
      await world.clock.pass(250)
    }
  }
  await type(5)
  expect(calls.of('putTexts', 'staleTexts')).toBe(0)
  expect(await find('eigenaar')).toEqual(['Afspraak'])
  calls.reset()
  await type(40)
  expect(calls.of('putTexts')).toBeGreaterThan(0)
  expect(calls.of('putTexts')).toBeLessThanOrEqual(4)
  await world.clock.pass(20_000)
  calls.reset()
  await world.clock.pass(600_000)
  expect(calls.of('staleTexts', 'putTexts', 'texts')).toBe(0)
})

test('a tab that does not lead makes no texts and finds what the leading one made of them', async () => {
  const { laptop, world, make, find } = await setup(1)
  const second = await laptop.open()
  await world.clock.pass(10_000)
  expect(await find('afspraak', second)).toEqual(['Afspraak 0'])
  const calls = countCalls(second.store)
  await make('Bevindingen')
  await world.clock.pass(20_000)
  expect(calls.of('putTexts', 'entriesOf')).toBe(0)
  expect(await find('bevindingen', second)).toEqual(['Bevindingen'])
  expect(calls.of('putTexts', 'entriesOf', 'texts')).toBe(0)
})

test.each(['with a relay', 'without a line'])('texts that were due when the leading tab died are made by the next one, %s', async (line) => {
  const world = createWorld()
  const laptop = world.laptop(world.user('verloskundige'))
  const first = await laptop.open({ hooks: { beforeCommit: (operation) => (operation === 'putTexts' ? new Promise(() => undefined) : 'go') } })
  const second = await laptop.open()
  await first.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'Bevindingen')], prose: null })
  await world.clock.pass(20_000)
  expect(await second.store.texts()).toEqual([])
  world.relay.isDeaf = line === 'without a line'
  first.kill()
  await world.clock.pass(20_000)
  expect((await second.store.texts()).map(({ title }) => title)).toEqual(['Bevindingen'])
})

test('texts for which a full laptop had no room are made when there is room again, also when nobody types', async () => {
  const world = createWorld()
  let isFull = true
  const tab = await world.laptop(world.user('verloskundige')).open({ hooks: { beforeCommit: (operation) => (isFull && ['putTexts', 'putValue'].includes(operation) ? 'quota' : 'go') } })
  await tab.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'Bevindingen')], prose: null })
  await world.clock.pass(20_000)
  expect(await tab.store.texts()).toEqual([])
  isFull = false
  await world.clock.pass(60_000)
  expect((await tab.store.texts()).map(({ title }) => title)).toEqual(['Bevindingen'])
})

test('what is looked for in one space is not pushed out by better hits in others', async () => {
  const { world, other, tab } = await halfRead(5)
  const ask = (onlyHere: boolean) => world.clock.answer(tab.engine.search('afspraak', 3, { here: other, onlyHere }))
  // A shorter title is about it more.
  expect((await ask(false)).hits.map(({ space }) => space)).toEqual(Array(3).fill(world.space))
  expect((await ask(true)).hits.map(({ space }) => space)).toEqual(Array(3).fill(other))
})

/** Two spaces with stored texts, and a tab whose store hands out a page of texts only when the test lets it. */
async function halfRead(textCount: number) {
  const world = createWorld()
  const person = world.user('verloskundige')
  const other = newId(world.dice)
  world.relay.grant(person.user, other, 'leader')
  const laptop = world.laptop(person)
  const first = await laptop.open()
  await world.clock.pass(1000)
  const [item] = await Promise.all([
    ...Array.from({ length: textCount }, (_, i) => first.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', `Afspraak ${i}`)], prose: null })),
    ...Array.from({ length: textCount }, (_, i) => first.engine.createItem({ space: other, type: 'agreement', edits: [set('title', `Afspraak elders ${i}`)], prose: null })),
  ])
  await world.clock.pass(60_000)
  expect(await first.store.texts()).toHaveLength(2 * textCount)
  first.kill()

  const tab = await laptop.open()
  await world.clock.pass(1000)
  const pages = Promise.withResolvers<void>()
  const readPage = tab.store.textsAfter.bind(tab.store)
  const hold = () => (tab.store.textsAfter = async (...args) => pages.promise.then(() => readPage(...args)))
  return { world, other, person, tab, item: item!, hold, letGo: pages.resolve }
}

test('a question that comes while the texts are being read is answered from what is there, the space in sight first, and says that it is not all', async () => {
  const { world, other, tab, hold, letGo } = await halfRead(5)
  hold()
  const ask = (query: string) => world.clock.answer(tab.engine.search(query, 100, { here: other }))
  const soFar = await ask('afspraak')
  expect(soFar.isComplete).toBe(false)
  expect(soFar.hits.map(({ space }) => space)).toEqual(Array(5).fill(other))
  // Nothing found is no answer yet either.
  expect(await ask('0 afspraak')).toMatchObject({ isComplete: false })
  expect(await ask('bestaat niet')).toEqual({ hits: [], isComplete: false })
  letGo()
  const all = await ask('afspraak')
  expect(all.isComplete).toBe(true)
  expect(all.hits).toHaveLength(10)
  expect(await ask('bestaat niet')).toEqual({ hits: [], isComplete: true })
})

test('what is written while the texts are being read is stored in between, not behind them', async () => {
  const { world, tab, item } = await halfRead(150)
  const order: string[] = []
  const found = tab.engine.search('afspraak', 100).then(({ isComplete }) => order.push(isComplete ? 'everything was read' : 'not everything was read'))
  // A key comes to a worker as a message: not before what is being done has let go.
  const kept = new Promise<void>((resolve) => void setImmediate(resolve)).then(() => tab.engine.editFacts(item, [set('owner', 'wijkteam')])).then(() => order.push('kept'))
  await world.clock.pass(5_000)
  await Promise.all([found, kept])
  expect(order).toEqual(['kept', 'everything was read'])
})

test('a document that is here and has no row yet is no part of the answer, and the answer says so', async () => {
  const { world, tab, make } = await setup(1)
  const ask = () => world.clock.answer(tab.engine.search('afspraak', 100))
  const drawn = Promise.withResolvers<void>()
  const putRows = tab.store.putRows.bind(tab.store)
  tab.store.putRows = (rows) => drawn.promise.then(() => putRows(rows))
  await make('Afspraak die net kwam')
  expect(await ask()).toMatchObject({ hits: [{ title: 'Afspraak 0' }], isComplete: false })
  drawn.resolve()
  await world.clock.pass(10_000)
  const { hits, isComplete } = await ask()
  expect(hits).toHaveLength(2)
  expect(isComplete).toBe(true)
})

test('what was erased or may not be read any more leaves the memory at once, also in the middle of reading', async () => {
  const { world, other, person, tab, hold, letGo } = await halfRead(3)
  hold()
  const ask = () => world.clock.answer(tab.engine.search('afspraak', 100, { here: other }))
  expect((await ask()).hits).toHaveLength(3)
  world.relay.grant(person.user, other, null)
  await world.clock.pass(10)
  expect((await ask()).hits).toEqual([])
  letGo()
  await world.clock.pass(1000)
  const { hits, isComplete } = await ask()
  expect(new Set(hits.map(({ space }) => space))).toEqual(new Set([world.space]))
  expect(isComplete).toBe(true)
})
