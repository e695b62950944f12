import { expect, test } from 'vitest'
import { createWorld, proseText, type } from './support/world.ts'

test('an item made on one laptop is there on another, facts and prose, and both say it is at the relay', async () => {
  const world = createWorld()
  const a = await world.laptop(world.user('verloskundige')).open()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null })
  const docA = await a.edit(item)
  type(docA, 'eerste regel')
  await world.clock.pass(1000)
  expect((await a.status()).state).toBe('relay')
  expect((await b.engine.rows()).map((row) => row.title)).toEqual(['Roken'])
  const docB = await b.edit(item)
  expect(proseText(docB)).toBe('<paragraph>eerste regel</paragraph>')
  type(docB, 'tweede regel')
  await world.clock.pass(1000)
  expect(proseText(docA)).toBe('<paragraph>eerste regel</paragraph><paragraph>tweede regel</paragraph>')
  const { facts } = await b.engine.openItem(item)
  expect(facts).toEqual({ registers: { title: 'Roken', type: 'agreement' }, conflicts: {} })
})

test('two answers given apart are both shown on both laptops until somebody chooses', async () => {
  const world = createWorld()
  const a = await world.laptop(world.user('verloskundige')).open()
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  await world.clock.pass(1000)
  world.relay.isUp = false
  world.relay.cut()
  await world.clock.pass(100)
  await a.engine.editFacts(item, [{ op: 'set', path: 'reviewBy', value: '2027-01-01' }])
  await b.engine.editFacts(item, [{ op: 'set', path: 'reviewBy', value: '2027-06-01' }])
  expect((await a.status()).state).toBe('offline')
  world.relay.isUp = true
  await world.clock.pass(60_000)
  const onA = (await a.engine.openItem(item)).facts
  const onB = (await b.engine.openItem(item)).facts
  expect(onA).toEqual(onB)
  expect(onA.conflicts.reviewBy?.map(({ value, author }) => [value, author !== null]).sort()).toEqual([['2027-01-01', true], ['2027-06-01', true]])
  expect((await b.engine.rows())[0]?.conflictCount).toBe(1)
  const winner = onB.registers.reviewBy!
  await b.engine.editFacts(item, [{ op: 'set', path: 'reviewBy', value: winner }])
  await world.clock.pass(1000)
  expect((await a.engine.openItem(item)).facts.conflicts).toEqual({})
  expect((await a.status()).state).toBe('relay')
})
