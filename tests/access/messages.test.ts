// A1, A15: every message of a laptop and every act, by everybody, against the grants table; and each is accounted for.
import { expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { actToBytes, OPERATION_OF_ACT, type ActKind } from '../../shared/model/acts.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { GRANTS, may, OPERATIONS, ROLES, type Operation, type Role } from '../../shared/model/grants.ts'
import { AUDIT_REPEAT_MS } from '../../shared/model/limits.ts'
import { UP_MESSAGES } from '../../shared/protocol/messages/index.ts'
import { OPERATION_OF_MESSAGE } from '../../shared/protocol/doors.ts'
import { createEntryMaker, createTypist, EACH_ACT } from '../contract/payloads.ts'
import { ANNE, BEN, HELLO, OTHER_SPACE, SPACE, setupRelay, subTo, type TestConnection } from '../relay/world.ts'

const KINDS = Object.keys(EACH_ACT) as ActKind[]

/** null: a member of another municipality only; `lost`: was an administrator here until a moment ago. */
type Actor = Role | null | 'lost'
const ACTORS: Actor[] = [...ROLES, null, 'lost']

async function standing(actor: Actor) {
  const world = setupRelay()
  world.people.give(BEN, SPACE, 'admin')
  world.people.give(ANNE, OTHER_SPACE, 'admin')
  if (actor !== null) world.people.give(ANNE, SPACE, actor === 'lost' ? 'admin' : actor)
  const make = createEntryMaker()
  const [item, writer, typist] = [make.id(), make.id(), createTypist(1)]
  const entry = (more: Partial<NewEntry> & Pick<NewEntry, 'payload'>): NewEntry => make.entry({ space: SPACE, item, writer, ...more })
  // Something that can be read, looked at and decided on.
  const ben = await world.join(BEN)
  ben.push(entry({ payload: typist.type('geheim') }))
  await world.pass(10)
  const anne = world.connect(ANNE)
  anne.say(HELLO)
  await world.settle()
  if (actor === 'lost') world.people.give(ANNE, SPACE, null)
  anne.take()
  world.accounted.length = 0
  return { world, anne, ben, item, entry, role: actor === 'lost' ? null : actor }
}
type Standing = Awaited<ReturnType<typeof standing>>
const answersOf = (anne: TestConnection): string[] => anne.of('nack').map(({ code }) => code)

/** What each message does when it is allowed, and whether it did. `push` stands for all its kinds below. */
const TRIALS: Partial<Record<keyof typeof OPERATION_OF_MESSAGE, (standing: Standing) => Promise<boolean>>> = {
  async sub({ world, anne }) {
    anne.say(subTo(SPACE))
    await world.pass(10)
    return anne.of('subbed').length > 0 && anne.seqs().length > 0
  },
  async fetch({ world, anne, item }) {
    anne.say({ type: 'fetch', request: 1, space: SPACE, item, part: 'prose', from: 1, upTo: 0 })
    await world.pass(10)
    return anne.of('itemEntries').some(({ entries }) => entries.length > 0)
  },
  async presence({ world, anne, ben, item }) {
    ben.say({ type: 'presence', space: SPACE, item, open: true, bytes: new Uint8Array() })
    await world.pass(500)
    ben.take()
    anne.say({ type: 'presence', space: SPACE, item, open: true, bytes: Uint8Array.of(1) })
    await world.pass(500)
    const isSeen = ben.of('present').some(({ who }) => who?.user === ANNE)
    // Whoever may not be seen sees nobody either.
    expect(anne.of('present').length > 0).toBe(isSeen)
    return isSeen
  },
}

test('every message has a line in the table, and every operation a role that may and, but for reading, one that may not', () => {
  expect(Object.keys(OPERATION_OF_MESSAGE).sort()).toEqual(UP_MESSAGES.map(({ name }) => name).sort())
  for (const operation of OPERATIONS) expect([operation, GRANTS[operation].length > 0]).toEqual([operation, true])
})

test.each(ACTORS)('what %s says is done exactly when the table says so, and leaves one record', async (actor) => {
  const wrong: string[] = []
  for (const [type, operation] of Object.entries(OPERATION_OF_MESSAGE)) {
    if (operation === 'sync.open' || operation === 'by part') continue
    const place = await standing(actor)
    const isDone = await must(TRIALS[type as keyof typeof TRIALS], `the test knows how to say ${type}`)(place)
    const isAllowed = may(place.role, operation)
    if (isDone !== isAllowed) wrong.push(`${type}: ${isDone ? 'done' : 'not done'}`)
    const records = place.world.accounted.filter((one) => one.who === ANNE).map((one) => `${one.operation} ${one.result}`)
    const expected = isAllowed ? (operation === 'presence.show' ? [] : [`${operation} done`]) : [`${operation} refused`]
    if (JSON.stringify(records) !== JSON.stringify(expected)) wrong.push(`${type}: accounted as ${records.join()} instead of ${expected.join()}`)
  }
  expect(wrong).toEqual([])
})

test.each(ACTORS)('what %s pushes is stored exactly when the table says so, reaches nobody otherwise, and leaves one record', async (actor) => {
  const wrong: string[] = []
  const trials: [name: string, operation: Operation, entry: (entry: Standing['entry']) => NewEntry][] = [
    ['prose', 'item.write', (entry) => entry({ payload: createTypist(2).type('woord') })],
    ...KINDS.map((kind): (typeof trials)[number] => [kind, OPERATION_OF_ACT[kind], (entry) => entry({ part: 'act', format: 'act1', payload: actToBytes(EACH_ACT[kind]) })]),
  ]
  for (const [name, operation, build] of trials) {
    const place = await standing(actor)
    place.ben.take()
    place.anne.push(build(place.entry))
    await place.world.pass(50)
    const isAllowed = may(place.role, operation)
    const codes = answersOf(place.anne)
    // An act may still be refused by its own rules; that is not about rights.
    if (isAllowed === codes.includes('forbidden')) wrong.push(`${name}: ${codes.join() || 'stored'}`)
    if (!isAllowed && place.ben.take().some(({ type }) => type === 'entries')) wrong.push(`${name}: reached others`)
    const records = place.world.accounted.filter((one) => one.who === ANNE)
    const expected = isAllowed ? operation : place.role === null ? 'space.read' : operation
    if (records.length !== 1 || records[0]?.operation !== expected || (!isAllowed && records[0].result !== 'refused')) wrong.push(`${name}: accounted as ${JSON.stringify(records)}`)
  }
  expect(wrong).toEqual([])
})

test('somebody at work is told once in a while, each refusal each time', async () => {
  const { world, anne, entry } = await standing('member')
  const typist = createTypist(4)
  for (let i = 0; i < 20; i++) anne.push(entry({ payload: typist.type('a') }))
  await world.pass(1_000)
  expect(world.accounted.map(({ operation, result }) => `${operation} ${result}`)).toEqual(['item.write done'])
  await world.pass(AUDIT_REPEAT_MS)
  anne.push(entry({ payload: typist.type('b') }))
  await world.pass(50)
  expect(world.accounted).toHaveLength(2)
  world.people.give(ANNE, SPACE, 'reader')
  for (let i = 0; i < 3; i++) anne.push(entry({ payload: typist.type('c') }))
  await world.pass(50)
  expect(world.accounted.slice(2).map(({ operation, result }) => `${operation} ${result}`)).toEqual(['item.write refused', 'item.write refused', 'item.write refused'])
})
