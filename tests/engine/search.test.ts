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
