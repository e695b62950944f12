/** *Definitief verwijderen* from the relay that ships to the laptops: who is there hears it at once, who was away at the next contact. */
import { expect, test } from 'vitest'
import type * as Y from 'yjs'
import { newId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { ok } from '../../shared/base/result.ts'
import { namedDice } from '../../shared/base/random.ts'
import { ERASED_RANGES_BYTES_MAX } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { encodeRanges } from '../../shared/protocol/erase-prose.ts'
import { createEraser } from '../../server/derive/eraser.ts'
import { deletedRanges } from '../../server/derive/deleted-ranges.ts'
import { createRelay } from '../../server/relay/relay.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { createVirtualDirectory } from '../simulation/directory.ts'
import { createRelayLine, openOnRelay } from './support/relay-line.ts'
import { proseText, type, virtualClock } from './support/world.ts'

const dice = namedDice(12, 'erasure')
const person = (name: string): Person => ({ user: newId(dice), name, job: name, organisation: 'Schiedam', color: 1 })

function setup() {
  const clock = virtualClock()
  const people = [person('verloskundige'), person('projectleider')]
  const space: SpaceId = newId(dice)
  const directory = createVirtualDirectory(people, [{ space, kind: 'municipality', name: 'Schiedam' }])
  for (const { user } of people) directory.setRole(user, space, 'leader')
  const faults: unknown[] = []
  const log = createMemoryLog({ dice })
  const relay = createRelay({ log, directory, clock, dice, build: 'test', report: (event) => void faults.push(event) })
  const reader = {
    ask: (async (_name: string, { item }: { item: ItemId }) => {
      const entries = await log.readItem(space, item, 'prose', 1, Number.MAX_SAFE_INTEGER, 10_000)
      return ok({ ranges: encodeRanges(deletedRanges(entries.map(({ payload }) => payload)), ERASED_RANGES_BYTES_MAX) })
    }) as never,
    renew: () => undefined,
  }
  const eraser = createEraser({ log: { ...log, scrub: () => Promise.resolve(true) }, relay, reader, forgetDerived: () => Promise.resolve(), clock, dice, report: (event) => void faults.push(event) })

  const open = async (me: Person) => {
    const device = createMemoryDevice()
    const line = createRelayLine(clock, () => relay)
    const ears = { areOpen: true }
    const laptop = await openOnRelay({ store: device.openStore(), transport: line.transport(me.user, { down: (frame) => (ears.areOpen ? frame : null) }), clock, dice: namedDice(12, me.user), me })
    const look = device.openStore()
    /** Every byte that this laptop keeps, but for edits that nobody acknowledged. */
    const kept = async (item: ItemId): Promise<string> => {
      const parts = (await look.partsOf([item]))[0]!
      const payloads = [...await look.historyOf(item), ...(await look.archive(space)).filter((row) => row.item === item), ...Object.values(parts).flatMap(({ snapshot }) => (snapshot ? [snapshot] : []))]
      return payloads.map(({ payload }) => Buffer.from(payload).toString('latin1')).join('\n') + JSON.stringify([await look.textsOf([item]), await look.row(item)])
    }
    return { ...laptop, line, ears, look, kept, me }
  }
  return { clock, people, space, directory, log, relay, eraser, faults, open }
}

async function withPage() {
  const world = setup()
  const a = await world.open(world.people[0]!)
  const b = await world.open(world.people[1]!)
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'knowledge', prose: null, edits: [{ op: 'set', path: 'title', value: 'pagina GEHEIM' }] })
  await world.clock.pass(1000)
  const [docA, docB] = [await a.follow(item), await b.follow(item)]
  type(docA, 'Eerst GEHEIM daarna')
  await world.clock.pass(1000)
  return { ...world, a, b, item, docA, docB }
}
const textOf = (doc: Y.Doc): Y.XmlText => (doc.getXmlFragment('prose').get(0) as Y.XmlElement).get(0) as Y.XmlText

test('[ERA9] laptops that are there and one that was away let go of an item that was erased whole', async () => {
  const { clock, space, eraser, a, b, item, faults } = await withPage()
  b.line.isUp = false
  b.line.end()
  await clock.pass(1000)
  expect(await eraser.erase({ space, item, mode: 'whole', reason: 'per ongeluk', by: null })).toMatchObject({ ok: true })
  await clock.pass(60_000)
  expect(await a.kept(item)).toBe('[[],null]')
  expect(await b.kept(item)).toContain('GEHEIM')
  b.line.isUp = true
  await clock.pass(120_000)
  expect(await b.kept(item)).toBe('[[],null]')
  for (const one of [a, b]) {
    expect(one.events.filter((event) => event.type === 'erased')).toEqual([{ type: 'erased', item, mode: 'whole', time: expect.any(Number), reason: 'per ongeluk' }])
    expect(await one.engine.rows(space)).toEqual([])
    expect(await one.engine.status()).toMatchObject({ state: 'relay', waitingCount: 0, parkedCount: 0 })
  }
  expect(faults).toEqual([])
})

test('[ERA10] what was never sent of an erased item is kept apart with its reason, readable, until its author decides', async () => {
  const { clock, space, eraser, b, item, docB } = await withPage()
  b.line.isUp = false
  b.line.end()
  await clock.pass(1000)
  textOf(docB).insert(0, 'mijn eigen zin ')
  await clock.pass(1000)
  await eraser.erase({ space, item, mode: 'whole', reason: 'per ongeluk', by: null })
  b.line.isUp = true
  await clock.pass(120_000)
  expect(await b.engine.status()).toMatchObject({ state: 'refused', parkedCount: 1 })
  const parked = await b.engine.parked()
  expect(parked).toMatchObject([{ item, code: 'deleted', reason: 'erased' }])
  expect((await b.engine.exportParked(parked.map(({ entry }) => entry))).text).toContain('mijn eigen zin')
  expect(await b.kept(item)).not.toContain('GEHEIM')
  // Typed into the editor before it closed: the relay says the same.
  await b.engine.retryParked(parked.map(({ entry }) => entry))
  await clock.pass(60_000)
  expect(await b.engine.parked()).toMatchObject([{ code: 'deleted' }])
  await b.engine.discardParked(parked.map(({ entry }) => entry))
  await clock.pass(1000)
  expect(await b.engine.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
})

test('[ERA9] what was erased while a space was closed to somebody leaves their refused edits too, once it is open to them again', async () => {
  const { clock, space, directory, eraser, a, b, item, docA, docB } = await withPage()
  // It reaches the log, and the laptop never hears that it did.
  b.ears.areOpen = false
  textOf(docB).insert(0, 'VERTROUWELIJK ')
  await clock.pass(1000)
  expect(proseText(docA)).toContain('VERTROUWELIJK')
  b.ears.areOpen = true
  directory.setRole(b.me.user, space, null)
  await clock.pass(60_000)
  expect(await b.engine.parked()).toMatchObject([{ item, code: 'forbidden', reason: 'right-lost' }])
  textOf(docA).delete(0, 'VERTROUWELIJK '.length)
  await clock.pass(1000)
  await eraser.erase({ space, item, mode: 'history', reason: 'naam', by: null })
  await clock.pass(60_000)
  directory.setRole(b.me.user, space, 'leader')
  await clock.pass(120_000)
  const words = async (): Promise<string> => [...(await b.look.outbox()), ...(await b.look.historyOf(item)), ...(await b.look.archive(space))].map(({ payload }) => Buffer.from(payload).toString('latin1')).join('\n')
  expect(await words()).not.toContain('VERTROUWELIJK')
  await b.engine.retryParked((await b.engine.parked()).map(({ entry }) => entry))
  await clock.pass(60_000)
  expect(await b.engine.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
  expect(await words()).not.toContain('VERTROUWELIJK')
  expect(proseText(await b.follow(item))).toBe('<paragraph>Eerst GEHEIM daarna</paragraph>')
  expect(await a.engine.status()).toMatchObject({ state: 'relay' })
})

test('[ERA9] after the history of a text was erased its words go on as they were, in open documents too, and what was deleted is nowhere', async () => {
  const { clock, space, log, eraser, a, b, item, docA, docB } = await withPage()
  textOf(docA).delete(6, 'GEHEIM '.length)
  await a.engine.editFacts(item, [{ op: 'set', path: 'title', value: 'pagina' }])
  await clock.pass(1000)
  b.line.isUp = false
  b.line.end()
  await clock.pass(1000)
  textOf(docB).insert(6, 'van B ')
  await clock.pass(1000)
  await eraser.erase({ space, item, mode: 'history', reason: 'naam', by: null })
  textOf(docA).insert(0, 'van A ')
  await clock.pass(60_000)
  b.line.isUp = true
  await clock.pass(120_000)
  const expected = '<paragraph>van A Eerst van B daarna</paragraph>'
  expect([proseText(docA), proseText(docB)]).toEqual([expected, expected])
  const words = (await log.readItem(space, item, 'prose', 1, Number.MAX_SAFE_INTEGER, 10_000)).map(({ payload }) => Buffer.from(payload).toString('latin1')).join('\n')
  expect(words).not.toContain('GEHEIM')
  for (const one of [a, b]) {
    for (const { payload } of await one.look.entriesOf(item, 'prose').then(({ entries }) => entries)) expect(Buffer.from(payload).includes('GEHEIM')).toBe(false)
    for (const row of await one.look.archive(space)) if (row.part === 'prose') expect(Buffer.from(row.payload).includes('GEHEIM')).toBe(false)
    expect(await one.engine.status()).toMatchObject({ state: 'relay', waitingCount: 0, parkedCount: 0 })
    expect(proseText(await one.follow(item))).toBe(expected)
  }
})
