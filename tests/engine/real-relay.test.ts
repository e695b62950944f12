// The engine and the relay that ships, in one process: what the test relay of the other files lets through is judged here.
import { expect, test } from 'vitest'
import { newId, type SpaceId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import type { Person } from '../../shared/model/people.ts'
import { createRelay } from '../../server/relay/relay.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { createVirtualDirectory } from '../simulation/directory.ts'
import { createRelayLine, openOnRelay } from './support/relay-line.ts'
import { proseText, type, virtualClock } from './support/world.ts'

const dice = namedDice(11, 'real relay')
const person = (name: string): Person => ({ user: newId(dice), name, job: name, organisation: 'Schiedam', color: 1 })

function setup() {
  const clock = virtualClock()
  const people = [person('verloskundige'), person('projectleider')]
  const space: SpaceId = newId(dice)
  const directory = createVirtualDirectory(people, [{ space, kind: 'municipality', name: 'Schiedam' }])
  const faults: unknown[] = []
  const relay = createRelay({ log: createMemoryLog({ dice }), directory, clock, dice, build: 'test', report: (event) => void faults.push(event) })
  const line = createRelayLine(clock, () => relay)
  const open = (me: Person) => openOnRelay({ store: createMemoryDevice().openStore(), transport: line.transport(me.user), clock, dice: namedDice(11, me.user), me })
  return { clock, people, space, directory, faults, line, open }
}

test('[INV8] two engines on the real relay converge on prose and on both answers to one fact after editing apart', async () => {
  const { clock, people, space, directory, faults, line, open } = setup()
  for (const { user } of people) directory.setRole(user, space, 'leader')
  const a = await open(people[0]!)
  const b = await open(people[1]!)
  await clock.pass(1000)
  const item = await a.engine.createItem({
    space, type: 'agreement', prose: null,
    edits: [{ op: 'set', path: 'title', value: 'Roken' }, { op: 'insert', list: 'steps', id: newId(dice), order: 'V', values: { action: 'vragen' } }],
  })
  await clock.pass(1000)
  const docA = await a.follow(item)
  const docB = await b.follow(item)
  type(docA, 'samen')
  await clock.pass(1000)
  expect(proseText(docB)).toBe('<paragraph>samen</paragraph>')

  line.isUp = false
  line.end()
  await clock.pass(1000)
  type(docA, 'van A')
  type(docB, 'van B')
  await a.engine.editFacts(item, [{ op: 'set', path: 'owner', value: 'gemeente' }])
  await b.engine.editFacts(item, [{ op: 'set', path: 'owner', value: 'GGD' }])
  await clock.pass(1000)
  expect((await a.engine.status()).state).toBe('offline')
  line.isUp = true
  await clock.pass(60_000)

  expect(proseText(docA)).toBe(proseText(docB))
  expect(proseText(docA)).toContain('van A')
  expect(proseText(docA)).toContain('van B')
  const [onA, onB] = [(await a.engine.openItem(item)).facts, (await b.engine.openItem(item)).facts]
  expect(onA).toEqual(onB)
  expect(onA.conflicts.owner?.map(({ value, author }) => [value, author])).toEqual(
    expect.arrayContaining([['gemeente', people[0]!.user], ['GGD', people[1]!.user]]),
  )
  expect((await a.engine.sealContent(item)).seal).toBe((await b.engine.sealContent(item)).seal)
  expect(await a.engine.rows()).toEqual(await b.engine.rows())
  for (const { engine } of [a, b]) expect(await engine.status()).toMatchObject({ state: 'relay', waitingCount: 0, parkedCount: 0, behindCount: 0 })
  expect(faults).toEqual([])
})

test('an agreement is proposed, signed and adopted by acts, and a change afterwards is seen', async () => {
  const { clock, people, space, directory, open } = setup()
  for (const { user } of people) directory.setRole(user, space, 'leader')
  const a = await open(people[0]!)
  const b = await open(people[1]!)
  await clock.pass(1000)
  const item = await a.engine.createItem({ space, type: 'agreement', prose: null, edits: [{ op: 'set', path: 'title', value: 'Roken' }] })
  await clock.pass(1000)
  await b.engine.openItem(item)
  const { content, seal } = await a.engine.sealContent(item)
  await a.engine.act(item, { kind: 'propose', seal, content, parties: ['JGZ'] })
  await clock.pass(1000)
  await b.engine.act(item, { kind: 'sign', seal, party: 'JGZ', verdict: 'agreed', note: '' })
  await b.engine.act(item, { kind: 'adopt', seal, mandate: '' })
  await clock.pass(1000)
  const { acts } = await a.engine.openItem(item)
  expect(acts.settled).toMatchObject({ status: 'adopted', adoptedSeal: seal, version: 1 })
  expect(acts.acts.map(({ act, state }) => [act.kind, state])).toEqual([['propose', 'accepted'], ['sign', 'accepted'], ['adopt', 'accepted']])
  expect((await a.engine.rows())[0]).toMatchObject({ status: 'adopted', changedSinceSeal: false })
  await b.engine.editFacts(item, [{ op: 'set', path: 'owner', value: 'GGD' }])
  await clock.pass(1000)
  expect((await a.engine.rows())[0]).toMatchObject({ status: 'adopted', changedSinceSeal: true })
})

test('[INV9] what a reader wrote is refused by the real relay, kept and shown, and reaches nobody', async () => {
  const { clock, people, space, directory, open } = setup()
  directory.setRole(people[0]!.user, space, 'leader')
  directory.setRole(people[1]!.user, space, 'member')
  const a = await open(people[0]!)
  const b = await open(people[1]!)
  await clock.pass(1000)
  const item = await a.engine.createItem({ space, type: 'agreement', prose: null, edits: [{ op: 'set', path: 'title', value: 'Roken' }] })
  await clock.pass(1000)
  directory.setRole(people[1]!.user, space, 'reader')
  await b.engine.editFacts(item, [{ op: 'set', path: 'title', value: 'van een lezer' }])
  await clock.pass(5000)
  expect(await b.engine.status()).toMatchObject({ state: 'refused', parkedCount: 1 })
  expect((await b.engine.parked()).map(({ code, item: ofItem }) => [code, ofItem])).toEqual([['forbidden', item]])
  expect((await a.engine.openItem(item)).facts.registers.title).toBe('Roken')
  directory.setRole(people[1]!.user, space, null)
  await clock.pass(5000)
  expect((await b.engine.spaces()).map(({ role }) => role)).toEqual([null])
  expect(await b.engine.rows()).toEqual([])
  expect((await b.engine.exportParked((await b.engine.parked()).map(({ entry }) => entry))).text).toContain('van een lezer')
})
