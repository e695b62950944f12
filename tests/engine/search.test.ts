// What a question costs, and what it may find: counted in calls of the store, never in time.
import { expect, test } from 'vitest'
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
  const find = async (query: string, from = tab) => (await world.clock.answer(from.engine.search(query, 100))).map(({ title }) => title)
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
