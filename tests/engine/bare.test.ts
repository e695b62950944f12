// What no window can draw, in entries that do not show it by themselves: it stands beside what is in the log. Honest windows are open meanwhile.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { FORMAT_OF_PART } from '../../shared/model/entries.ts'
import { findBare } from '../../shared/protocol/bare-prose.ts'
import { blocksOf } from '../../client/engine/drawable.ts'
import { hasPending } from '../../client/engine/prose.ts'
import { createWorld, proseText, type } from './support/world.ts'

/** Seen from the update alone. */
const isBareByItself = (update: Uint8Array): boolean => findBare(update, () => null).bare.size > 0

type Any = { insert(at: number, what: unknown[]): void; delete(at: number, length: number): void; length: number }

/** An agreement that two people have open, and somebody with a program of their own. */
async function opened() {
  const world = createWorld()
  const laptop = world.laptop(world.user('verloskundige'))
  const tab = await laptop.open()
  const other = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const item = await tab.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null })
  const doc = await tab.edit(item)
  type(doc, 'van de een')
  await world.clock.pass(5000)
  const theirs = await other.edit(item)
  const program = new Y.Doc()
  const writer = newId(world.dice)
  const catchUp = (): void => {
    for (const { item: of, part, payload } of world.relay.log(world.space).entries) if (of === item && part === 'prose') Y.applyUpdate(program, payload)
  }
  const write = async (change: (root: Any) => void): Promise<Uint8Array> => {
    catchUp()
    const before = Y.encodeStateVector(program)
    program.transact(() => change(program.getXmlFragment('prose') as unknown as Any))
    const payload = Y.encodeStateAsUpdate(program, before)
    world.relay.append(world.space, {
      entry: newId(world.dice), item, part: 'prose', format: FORMAT_OF_PART.prose, schema: 1, clientTime: 0, serverTime: world.clock.now(), author: world.user('kwaadwillige').user, writer, payload,
    })
    await world.clock.pass(5000)
    return payload
  }
  const isDrawn = (shown: Y.Doc): boolean => blocksOf(shown).bare.size === 0 && !hasPending(shown)
  return { world, laptop, tab, other, item, doc, theirs, program, write, isDrawn }
}

test('letters behind a block that is in the log reach no window, open or opened later; everybody goes on, and so does what stands on them', async () => {
  const { world, laptop, tab, item, doc, theirs, program, write, isDrawn } = await opened()
  const bare = await write((root) => root.insert(root.length, ['kaal']))
  expect(isBareByItself(bare)).toBe(false)
  expect([doc, theirs].map(isDrawn)).toEqual([true, true])
  // A block, by the same program, whose neighbours are those letters.
  const block = new Y.XmlElement('paragraph')
  block.insert(0, [new Y.XmlText('achter de letters')])
  await write((root) => root.insert(root.length, [block, 'nog kaler']))
  type(theirs, 'van de ander')
  type(doc, 'en verder')
  await world.clock.pass(5000)
  for (const shown of [doc, theirs]) {
    expect(isDrawn(shown)).toBe(true)
    for (const words of ['van de een', 'achter de letters', 'van de ander', 'en verder']) expect(proseText(shown)).toContain(words)
    expect(shown.getXmlFragment('prose').toString()).not.toContain('kale')
  }
  expect(theirs.getXmlFragment('prose').toString()).toBe(doc.getXmlFragment('prose').toString())
  tab.kill()
  const [again, late] = [await laptop.open(), await world.laptop(world.user('ggd')).open()]
  await world.clock.pass(5000)
  for (const one of [again, late]) {
    const shown = await world.clock.answer(one.edit(item))
    expect(isDrawn(shown)).toBe(true)
    expect(shown.getXmlFragment('prose').toString()).toBe(doc.getXmlFragment('prose').toString())
  }
  // Nothing was set apart, and the log has what was written.
  expect((await again.store.entriesOf(item, 'prose')).entries.filter(({ quarantined }) => quarantined !== null)).toEqual([])
  expect(program.getXmlFragment('prose').toString()).toContain('kaal')
})

test('values in somebody else’s block do the same, and when they are taken away again nothing is left of it', async () => {
  const { world, doc, theirs, write, isDrawn } = await opened()
  const bare = await write((root) => (root as unknown as Y.XmlFragment).get(0) instanceof Y.XmlElement && ((root as unknown as Y.XmlFragment).get(0) as unknown as Any).insert(0, [{ waarde: 1 }, new Y.Map([['k', 'v']])]))
  expect(isBareByItself(bare)).toBe(false)
  expect([doc, theirs].map(isDrawn)).toEqual([true, true])
  await write((root) => ((root as unknown as Y.XmlFragment).get(0) as unknown as Any).delete(0, 1))
  type(doc, 'en verder')
  await world.clock.pass(5000)
  expect([doc, theirs].map(isDrawn)).toEqual([true, true])
  expect(proseText(theirs)).toContain('en verder')
  expect(theirs.getXmlFragment('prose').toString()).toBe(doc.getXmlFragment('prose').toString())
})
