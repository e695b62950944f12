/** Two windows in one process: what handles promise to views. */
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createBag } from '../../shared/base/dispose.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import type { Role } from '../../shared/model/grants.ts'
import type { SpaceView } from '../../client/engine/api.ts'
import { createItems } from '../../client/items/create-items.ts'
import type { ItemHandle } from '../../client/items/items.ts'
import { createLoopback, person, type WindowEngine } from './loopback.ts'
import { createTestClock } from './test-clock.ts'

const SPACE: SpaceView = { space: newId(seededDice(7)), kind: 'municipality', name: 'Schiedam', role: 'leader' }

/** A window with its items; `settle` lets everything that was promised happen, `pass` moves the clock. */
function setup(roles: readonly Role[] = ['leader', 'leader']) {
  const bag = createBag()
  const loopback = createLoopback(1, [SPACE])
  const clock = createTestClock()
  const reports: unknown[] = []
  const windows = roles.map((role, index) => {
    const engine = loopback.window(person(['verloskundige', 'wijkteam', 'huisarts'][index] ?? 'lezer', index + 1), role)
    const items = bag.add(
      createItems({
        engine, clock,
        row: (item) => engine.rowList().find((row) => row.item === item) ?? null,
        role: () => role,
        report: (error) => reports.push(error),
      }),
    )
    return { engine, items }
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve()
      clock.pass(100)
    }
  }
  const at = (index: number) => windows[index] as { engine: WindowEngine; items: ReturnType<typeof createItems> }
  return { bag, clock, reports, settle, at }
}

async function shared(world: ReturnType<typeof setup>): Promise<{ item: Id; one: ItemHandle; two: ItemHandle }> {
  const item = await world.at(0).items.create({
    space: SPACE.space, type: 'agreement',
    edits: [{ op: 'set', path: 'title', value: 'Schulden' }],
    prose: (doc) => doc.getXmlFragment('prose').insert(0, [paragraph('Geldzorgen geven stress.')]),
  })
  const [one, two] = await Promise.all([world.at(0).items.open(item), world.at(1).items.open(item)])
  return { item, one, two }
}

const paragraph = (text: string): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText(text)])
  return element
}
const firstText = (handle: ItemHandle): Y.XmlText => (handle.prose.get(0) as Y.XmlElement).get(0) as Y.XmlText
const proseText = (handle: ItemHandle): string => handle.prose.toString()

describe('prose', () => {
  test('typing at the same time in the same paragraph ends the same on both sides, with both texts', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    world.at(0).engine.pause()
    world.at(1).engine.pause()
    firstText(one).insert(0, 'A: ')
    firstText(two).insert(firstText(two).length, ' B.')
    world.at(0).engine.resume()
    world.at(1).engine.resume()
    await world.settle()
    expect(firstText(one).toString()).toBe('A: Geldzorgen geven stress. B.')
    expect(proseText(two)).toBe(proseText(one))
    expect(world.reports).toEqual([])
  })

  test('every own update is written once, and none of others is written back', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    firstText(one).insert(0, 'x')
    await world.settle()
    expect(proseText(two)).toBe(proseText(one))
    expect(world.at(1).engine.written).toEqual([])
    expect(world.at(0).engine.written.filter(({ part }) => part === 'prose')).toHaveLength(2) // the first text and the x
  })

  test('edits of many others are drawn together, twenty times a second at most', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    await world.settle()
    let drawn = 0
    one.prose.observeDeep(() => drawn++)
    for (let at = 0; at < 40; at++) {
      firstText(two).insert(0, 'y')
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    }
    world.clock.pass(50)
    expect(firstText(one).toString().startsWith('y'.repeat(40))).toBe(true)
    expect(drawn).toBeLessThanOrEqual(2)
  })

  test('each handle of a document writes under the clientID that the engine minted for it', async () => {
    const world = setup()
    const { item, one, two } = await shared(world)
    const again = await world.at(0).items.open(item)
    expect(again.doc).toBe(one.doc)
    expect(two.doc.clientID).not.toBe(one.doc.clientID)
  })
})

describe('facts', () => {
  test('an own edit shows at once, before the engine has heard of it', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    one.set('owner', 'Gemeente')
    expect(one.facts.registers.owner).toBe('Gemeente')
    expect(world.at(0).engine.written.filter(({ part }) => part === 'facts')).toHaveLength(2) // type and title, nothing yet of the owner
    await world.settle()
    expect(two.facts.registers.owner).toBe('Gemeente')
  })

  test('what the engine says afterwards replaces the own picture', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    one.set('owner', 'Gemeente')
    await world.settle()
    two.set('owner', 'GGD')
    await world.settle()
    expect(one.facts.registers.owner).toBe('GGD')
    expect(one.facts.conflicts).toEqual({})
  })

  test('two answers given apart are both there, and choosing one settles it for everybody', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    world.at(1).engine.pause()
    one.set('reviewBy', '2027-03-01')
    two.set('reviewBy', '2027-06-01')
    await world.settle()
    world.at(1).engine.resume()
    await world.settle()
    for (const handle of [one, two]) expect(handle.facts.conflicts.reviewBy?.map(({ value }) => value).sort()).toEqual(['2027-03-01', '2027-06-01'])
    one.set('reviewBy', '2027-03-01') // the same as shown: still an answer to the question
    expect(one.facts.conflicts).toEqual({})
    await world.settle()
    expect(two.facts).toMatchObject({ registers: { reviewBy: '2027-03-01' }, conflicts: {} })
  })

  test('setting what is there already writes nothing', async () => {
    const world = setup()
    const { one } = await shared(world)
    const before = world.at(0).engine.written.length
    one.set('title', 'Schulden')
    await world.settle()
    expect(world.at(0).engine.written).toHaveLength(before)
  })

  test('a malformed edit throws at the caller and shows nothing', async () => {
    const world = setup()
    const { one } = await shared(world)
    expect(() => one.set('__proto__', 'x')).toThrow(/malformed/)
    expect(one.facts.registers).not.toHaveProperty('__proto__', 'x')
  })
})

describe('a linked edit', () => {
  test('brings facts and prose in one transaction, also to a window that was away', async () => {
    const world = setup()
    const { item, one, two } = await shared(world)
    world.at(1).engine.pause()
    const id = newId(seededDice(3))
    one.editLinked([{ op: 'insert', list: 'steps', id, order: 'V', values: { action: 'Bel' } }], (doc) => {
      const reference = new Y.XmlElement('decisionRef')
      reference.setAttribute('id', id)
      ;(doc.getXmlFragment('prose').get(0) as Y.XmlElement).push([reference])
    })
    expect(one.facts.registers[`steps/${id}/action`]).toBe('Bel')
    await world.settle()
    const pair = world.at(0).engine.written.filter((write) => write.item === item).slice(-3)
    expect(new Set(pair.map((write) => write.pair)).size).toBe(1)
    expect(new Set(pair.map((write) => write.part))).toEqual(new Set(['facts', 'prose']))
    world.at(1).engine.resume()
    await world.settle()
    expect(two.facts.registers[`steps/${id}/action`]).toBe('Bel')
    expect(proseText(two)).toContain(id)
  })

  test('loses no text when the change throws half-way', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    expect(() =>
      one.editLinked([{ op: 'set', path: 'owner', value: 'GGD' }], () => {
        firstText(one).insert(0, 'half ')
        throw new Error('stop')
      }),
    ).toThrow('stop')
    await world.settle()
    expect(proseText(two)).toBe(proseText(one))
    expect(two.facts.registers.owner).toBe('GGD')
  })
})

describe('refused edits that a person threw away', () => {
  test('leave the document and its facts as they are at everybody else', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    await world.settle()
    world.at(0).engine.pause()
    firstText(one).insert(0, 'geweigerd ')
    one.set('owner', 'niemand')
    await world.settle()
    const before = one.doc
    world.at(0).engine.discard()
    expect(one.isWritable).toBe(false) // until the fresh document is there
    await world.settle()
    expect(one.doc).not.toBe(before)
    expect(proseText(one)).toBe(proseText(two))
    expect(one.facts).toEqual(two.facts)
    world.at(0).engine.resume()
    firstText(one).insert(0, 'weer ')
    await world.settle()
    expect(proseText(two)).toContain('weer Geldzorgen')
    expect(world.reports).toEqual([])
  })
})

describe('lifetime and rights', () => {
  test('an item rests when its last handle is closed: not seen there any more, and back with the same document', async () => {
    const world = setup()
    const { item, one, two } = await shared(world)
    const second = await world.at(0).items.open(item)
    const { doc } = one
    one.dispose()
    one.dispose()
    await world.settle()
    expect(two.present).toHaveLength(1)
    second.dispose()
    await world.settle()
    expect(two.present).toHaveLength(0)
    firstText(two).insert(0, 'ondertussen ')
    await world.settle()
    const back = await world.at(0).items.open(item)
    expect(back.doc).toBe(doc)
    expect(proseText(back)).toBe(proseText(two))
    await world.settle()
    expect(two.present).toHaveLength(1)
  })

  test('what rested longest is closed when more items were looked at than are kept', async () => {
    const world = setup()
    const { one } = await shared(world)
    let closed = 0
    one.doc.on('destroy', () => closed++)
    one.dispose()
    for (let at = 0; at < 6; at++) {
      const item = await world.at(0).items.create({ space: SPACE.space, type: 'knowledge', edits: [] })
      expect(closed).toBe(0)
      ;(await world.at(0).items.open(item)).dispose()
    }
    expect(closed).toBe(1)
  })

  test('text that came while the item was being opened is there', async () => {
    const world = setup()
    const { item, one } = await shared(world)
    world.at(1).items.dispose()
    const opening = createItems({ engine: world.at(1).engine, clock: world.clock, row: () => null, role: () => 'leader' })
    const opened = opening.open(item)
    firstText(one).insert(0, 'net nu ')
    const handle = await opened
    await world.settle()
    expect(proseText(handle)).toBe(proseText(one))
  })

  test('a reader may not write, a member may, and an unknown kind of document is read-only for all', async () => {
    const world = setup(['leader', 'reader'])
    const { one, two } = await shared(world)
    expect([one.isWritable, two.isWritable]).toEqual([true, false])
    one.set('type', 'hologram')
    expect(one.isWritable).toBe(false)
  })

  test('what has no row, because it was erased for good while it was being opened, offers nothing to write', async () => {
    const world = setup()
    const { item, one } = await shared(world)
    const { engine, items } = world.at(1)
    items.dispose()
    let isErased = false
    const opening = createItems({ engine, clock: world.clock, row: (of) => (isErased ? null : (engine.rowList().find((row) => row.item === of) ?? null)), role: () => 'leader' })
    const handle = await opening.open(item)
    expect(handle.isWritable).toBe(true)
    isErased = true
    expect([handle.isWritable, one.isWritable]).toEqual([false, true])
  })
})

describe('presence', () => {
  test('is sent ten times a second at most, and the last place wins', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    await world.settle()
    const sent: unknown[] = []
    const { engine } = world.at(0)
    const show = engine.showPresence.bind(engine)
    engine.showPresence = (item, state) => (sent.push(state), show(item, state))
    for (let at = 0; at < 30; at++) {
      one.showCursor({ anchor: at, head: at })
      world.clock.pass(10)
    }
    world.clock.pass(200)
    await world.settle()
    expect(sent.length).toBeLessThanOrEqual(5)
    expect(two.present.map(({ who, state }) => [who.name, state.cursor])).toEqual([['verloskundige', { anchor: 29, head: 29 }]])
  })

  test('ends when the last handle is closed', async () => {
    const world = setup()
    const { one, two } = await shared(world)
    await world.settle()
    expect(two.present).toHaveLength(1)
    one.dispose()
    await world.settle()
    expect(two.present).toHaveLength(0)
  })
})
