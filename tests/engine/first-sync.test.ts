// What the rows of a space that arrives for the first time cost: counted in calls of the store, never in time.
import { expect, test } from 'vitest'
import { countCalls } from './support/calls.ts'
import { createWorld } from './support/world.ts'

const BATCH_COUNT_MAX = 64

test('a first synchronisation costs a handful of transactions for each batch of items, not for each item', async () => {
  const world = createWorld()
  const anna = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  const itemCount = 300
  for (let i = 0; i < itemCount; i++) {
    await anna.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: `Afspraak ${i}` }], prose: null })
    if (i % 50 === 0) await world.clock.pass(1000)
  }
  await world.clock.pass(20_000)
  const bert = await world.laptop(world.user('projectleider')).open()
  const calls = countCalls(bert.store)
  let seen = 0
  for (let i = 0; i < 100 && seen < itemCount; i++) {
    await world.clock.pass(20)
    seen = new Set((await bert.engine.rows()).map(({ title }) => title)).size
  }
  expect(seen).toBe(itemCount)
  const batchCount = Math.ceil(itemCount / BATCH_COUNT_MAX)
  expect(calls.of('entriesOf', 'historyOf')).toBe(0)
  expect(calls.of('partsOf')).toBeLessThanOrEqual(batchCount + 1)
  expect(calls.of('putRows')).toBeLessThanOrEqual(batchCount + 1)
  // Of all kinds together, the question of this test itself left out: six for each batch, and some around it.
  expect(calls.of() - calls.of('rows')).toBeLessThanOrEqual(6 * (batchCount + 1) + 20)
})

test('an edit while its row is being computed is in the row soon after', async () => {
  const world = createWorld()
  const anna = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  const item = await anna.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'een' }], prose: null })
  await world.clock.pass(1000)
  const { partsOf } = anna.store
  let isEdited = false
  anna.store.partsOf = async (items) => {
    const read = await partsOf(items)
    if (!isEdited) await anna.engine.editFacts(item, [{ op: 'set', path: 'title', value: 'drie' }])
    isEdited = true
    return read
  }
  await anna.engine.editFacts(item, [{ op: 'set', path: 'title', value: 'twee' }])
  await world.clock.pass(1000)
  expect(isEdited).toBe(true)
  expect((await anna.engine.rows()).map(({ title }) => title)).toEqual(['drie'])
  expect(await anna.store.dirty(10)).toEqual([])
})
