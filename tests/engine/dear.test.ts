// Updates that can be read and take too long. Time is counted in items that a reader puts in their places, so that no machine is too slow for it.
import { afterEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { FORMAT_OF_PART } from '../../shared/model/entries.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { DEAR, hasPending, isKnotty } from '../../client/engine/prose.ts'
import { longWalk } from '../support/long-walk.ts'
import { createWorld, proseText, type } from './support/world.ts'

const [LOWER, HIGHER] = [5, 9]
const integrate = Y.Item.prototype.integrate
afterEach(() => void (Y.Item.prototype.integrate = integrate))

/** What placing an item takes, from now on. */
function slowly(clock: { now(): number }, msOf: (item: Y.Item) => number): void {
  let spentMs = 0
  const now = clock.now
  clock.now = () => now() + spentMs
  Y.Item.prototype.integrate = function (...args) {
    spentMs += msOf(this)
    integrate.apply(this, args)
  }
}

/** An agreement that two people have open, and the entry of somebody who wrote with a program of their own. */
async function opened(msOf = ({ id }: Y.Item): number => (id.client === HIGHER ? 100 : 0)) {
  const world = createWorld()
  slowly(world.clock, msOf)
  const laptop = world.laptop(world.user('verloskundige'))
  const tab = await laptop.open()
  const other = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1000)
  const item = await tab.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null })
  const doc = await tab.edit(item)
  type(doc, 'van de een')
  await world.clock.pass(5000)
  const entry = newId(world.dice)
  const send = (payload: Uint8Array, id = entry, author = 'kwaadwillige'): void =>
    world.relay.append(world.space, {
      entry: id, item, part: 'prose', format: FORMAT_OF_PART.prose, schema: 1, clientTime: 0, serverTime: world.clock.now(), author: world.user(author).user, writer: newId(world.dice), payload,
    })
  /** What somebody wrote behind it whose laptop was fast enough to show it. */
  const sendBehind = (payload: Uint8Array): void => {
    const fast = new Y.Doc()
    Y.applyUpdate(fast, Y.encodeStateAsUpdate(doc))
    Y.applyUpdate(fast, payload)
    const before = Y.encodeStateVector(fast)
    const last = [...(fast.store.clients.get(HIGHER) ?? [])].at(-1) as Y.Item
    fast.transact((transaction) => new Y.Item({ client: fast.clientID, clock: 0 } as Y.ID, last, last.lastId, null, null, last.parent as Y.XmlText, null, new Y.ContentString(' en wat daarachter kwam')).integrate(transaction, 0))
    send(Y.encodeStateAsUpdate(fast, before), newId(world.dice), 'jeugdverpleegkundige')
  }
  const leftOut = async (store = tab.store) => (await store.entriesOf(item, 'prose')).entries.filter(({ quarantined }) => quarantined !== null).map((one) => [one.entry, one.quarantined])
  return { world, laptop, tab, other, item, doc, entry, send, sendBehind, leftOut }
}

test('the relay takes such an update: nothing in it is malformed', () => {
  expect(readProseHeader(longWalk(100))).not.toBeTypeOf('string')
  expect(isKnotty(longWalk(100))).toBe(true)
  const typed = new Y.Doc()
  for (let i = 0; i < 500; i++) typed.getText('prose').insert(i, 'x')
  expect(isKnotty(Y.encodeStateAsUpdate(typed))).toBe(false)
})

test('[INV10] one that takes too long never reaches the window, is set apart, and the others go on', async () => {
  const { world, other, item, doc, entry, send, leftOut } = await opened()
  send(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(5000)
  expect(await leftOut()).toEqual([[entry, DEAR]])
  const theirs = await other.edit(item)
  type(theirs, 'van de ander')
  await world.clock.pass(5000)
  expect(proseText(doc)).toContain('van de een')
  expect(proseText(doc)).toContain('van de ander')
  expect(proseText(doc)).not.toContain('bbb')
  expect(proseText(theirs)).toBe(proseText(doc))
})

test('[INV3] what others built on one is worth the wait: nothing is set apart that their words need, in open windows and new ones', async () => {
  const { world, other, item, doc, entry, send, sendBehind, leftOut } = await opened()
  const theirs = await other.edit(item)
  send(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(5000)
  expect(await leftOut()).toEqual([[entry, DEAR]])
  sendBehind(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(5000)
  const late = await world.laptop(world.user('ggd')).open()
  await world.clock.pass(5000)
  for (const shown of [doc, theirs, await late.edit(item)]) {
    expect(proseText(shown)).toContain('b en wat daarachter kwam')
    expect(hasPending(shown)).toBe(false)
  }
  expect([await leftOut(), await leftOut(other.store), await leftOut(late.store)]).toEqual([[], [], []])
})

test('[INV10] one that comes with others, or after them, that only could take long is found out all the same', async () => {
  const HIGHEST = 99
  const { world, doc, entry, send, leftOut } = await opened(({ id }) => (id.client === HIGHER || id.client === HIGHEST ? 100 : 0))
  // Both in one answer.
  world.relay.cut()
  send(longWalk(100, [20, 21]), newId(world.dice))
  send(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(60_000)
  expect(await leftOut()).toEqual([[entry, DEAR]])
  send(longWalk(100, [30, 31]), newId(world.dice))
  await world.clock.pass(1000)
  const later = newId(world.dice)
  send(longWalk(100, [98, HIGHEST]), later)
  await world.clock.pass(5000)
  expect(await leftOut()).toEqual([[entry, DEAR], [later, DEAR]])
  expect(proseText(doc)).toContain('van de een')
  expect(proseText(doc).match(/b+/g)?.map((run) => run.length)).toEqual([100, 100])
})

test('one that came while nobody looked is set apart at the first opening, by another laptop too', async () => {
  const { world, tab, item, entry, send, leftOut } = await opened()
  tab.kill()
  send(longWalk(100, [LOWER, HIGHER]))
  const later = await world.laptop(world.user('ggd')).open()
  await world.clock.pass(5000)
  expect(proseText(await later.edit(item))).not.toContain('bbb')
  expect(await leftOut(later.store)).toEqual([[entry, DEAR]])
})

test('one that is only large is not: it is read, and reaches the window', async () => {
  const { world, doc, send, leftOut } = await opened(({ id }) => (id.client === HIGHER ? 4 : 0))
  send(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(5000)
  expect(await leftOut()).toEqual([])
  expect(proseText(doc)).toContain('bbb')
})

test('a laptop that slept while it read one sets nothing apart', async () => {
  let readings = 0
  // Every first reading, and not the one that follows at once to find out over what it was.
  const { world, doc, send, leftOut } = await opened(({ id }) => (id.client === LOWER && id.clock === 0 && ++readings % 2 === 1 ? 60_000 : 0))
  send(longWalk(100, [LOWER, HIGHER]))
  await world.clock.pass(5000)
  expect(readings).toBeGreaterThan(1)
  expect(await leftOut()).toEqual([])
  expect(proseText(doc)).toContain('bbb')
})
