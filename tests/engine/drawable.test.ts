// What windows get of an open text: all of it but what no window can draw. Yjs itself is asked where everything stands.
import { expect, test } from 'vitest'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { below, chance, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { findBare } from '../../shared/protocol/bare-prose.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { blocksOf, createDrawable } from '../../client/engine/drawable.ts'

/** Seen from the update alone. */
const isBareByItself = (update: Uint8Array): boolean => findBare(update, () => null).bare.size > 0

type Any = { insert(at: number, what: unknown[]): void; delete(at: number, length: number): void; length: number }

const isBareIn = (doc: Y.Doc): boolean => blocksOf(doc).bare.size > 0

/** Somebody who writes whatever Yjs can hold, wherever it can stand. */
function writeAnything(dice: Dice, doc: Y.Doc, isHonest: boolean): void {
  const root = doc.getXmlFragment('prose')
  const all: (Y.XmlFragment | Y.XmlText)[] = [root]
  for (const one of all)
    if (one instanceof Y.XmlFragment) for (const child of one.toArray()) if (child instanceof Y.XmlElement || child instanceof Y.XmlText) all.push(child)
  const at = pick(dice, all)
  if (at instanceof Y.XmlText) {
    const place = below(dice, at.length + 1)
    const what = below(dice, 4)
    if (what === 0 && at.length > 0) at.format(0, 1 + below(dice, at.length), { bold: chance(dice, 0.5) || null })
    else if (what === 1 && at.length > 0) at.delete(below(dice, at.length), 1)
    else if (what === 2) at.insertEmbed(place, chance(dice, 0.5) ? { image: 'x' } : new Y.XmlElement('embed'))
    else at.insert(place, `woord ${below(dice, 100)} `)
    return
  }
  const list = at as unknown as Any
  const what = below(dice, 8)
  if (what === 0 && list.length > 0) return list.delete(below(dice, list.length), 1)
  if (what === 1 && at instanceof Y.XmlElement) return at.setAttribute(pick(dice, ['id', 'level']), `${below(dice, 100)}`)
  if (what > 4 && !isHonest) return list.insert(below(dice, list.length + 1), [pick(dice, [() => 'kaal', () => 7, () => Uint8Array.of(1), () => new Y.Array(), () => new Y.Map([['k', 'v']]), () => new Y.Text('los'), () => new Y.XmlHook('haak'), () => new Y.XmlFragment()])()])
  const block = new Y.XmlElement(pick(dice, ['paragraph', 'tableCell']))
  if (chance(dice, 0.5)) block.setAttribute('id', 'a')
  if (chance(dice, 0.7)) block.insert(0, [new Y.XmlText('begin')])
  list.insert(below(dice, list.length + 1), [chance(dice, 0.9) ? block : new Y.XmlText('los')])
}

/** Several people at once. Out: their updates in an order in which they can be applied. */
function session(dice: Dice, stepsCount: number, isHonest = (client: number): boolean => client !== 1): Uint8Array[] {
  const updates: Uint8Array[] = []
  const docs = [11, 1, 12].map((clientID) => {
    const doc = createProseDoc()
    doc.clientID = clientID
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'remote') updates.push(update)
    })
    return doc
  })
  for (let i = 0; i < stepsCount; i++) {
    const doc = pick(dice, docs)
    doc.transact(() => {
      for (let left = 1 + below(dice, 3); left > 0; left--) writeAnything(dice, doc, isHonest(doc.clientID))
    })
    if (chance(dice, 0.4)) Y.applyUpdate(pick(dice, docs), Y.encodeStateAsUpdate(doc), 'remote')
  }
  return updates
}

const stateOf = (doc: Y.Doc): string => JSON.stringify(doc.getXmlFragment('prose').toString())

test('whatever a program writes, windows get a text that can be drawn, the same one whenever they open it', () => {
  let bareCount = 0
  for (let seed = 1; seed <= 40; seed++) {
    const dice = namedDice(seed, 'drawable')
    const updates = session(dice, 60)
    const raw = createProseDoc()
    const openedAt = below(dice, updates.length)
    for (const update of updates.slice(0, openedAt)) Y.applyUpdate(raw, update)
    const drawable = createDrawable(raw)
    const window = createProseDoc()
    Y.applyUpdate(window, drawable.update)
    expect(isBareIn(window), `seed ${seed}`).toBe(false)
    for (const [i, update] of updates.slice(openedAt).entries()) {
      Y.applyUpdate(raw, update)
      Y.applyUpdate(window, drawable.next(update))
      expect(isBareIn(window), `seed ${seed}, update ${openedAt + i}`).toBe(false)
      expect([window.store.pendingStructs, window.store.pendingDs]).toEqual([null, null])
    }
    if (isBareIn(raw)) bareCount++
    const later = createProseDoc()
    Y.applyUpdate(later, createDrawable(raw).update)
    expect(stateOf(later), `seed ${seed}`).toBe(stateOf(window))
    expect(Y.encodeStateVector(later)).toEqual(Y.encodeStateVector(raw))
  }
  expect(bareCount).toBeGreaterThan(20)
})

test('what nobody writes who has an editor is the only thing that goes: of honest people windows get the very same bytes', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const updates = session(namedDice(seed, 'honest'), 60, () => true)
    const drawable = createDrawable(createProseDoc())
    for (const update of updates) {
      expect(drawable.next(update)).toBe(update)
      expect(isBareByItself(update)).toBe(false)
    }
    const merged = Y.mergeUpdates(updates)
    expect(isBareByItself(merged)).toBe(false)
    expect(createDrawable(createProseDoc()).next(merged)).toBe(merged)
  }
})

test('what the relay sees in an update that holds all of a text is what Yjs finds in it', () => {
  let [seen, clean] = [0, 0]
  for (let seed = 1; seed <= 200; seed++) {
    const updates = session(namedDice(seed, 'whole'), 5 + (seed % 12))
    const doc = createProseDoc()
    for (const update of updates) Y.applyUpdate(doc, update)
    const whole = Y.encodeStateAsUpdate(doc)
    expect(readProseHeader(whole)).not.toBeTypeOf('string')
    expect(isBareByItself(whole), `seed ${seed}`).toBe(isBareIn(doc))
    if (isBareIn(doc)) seen++
    else clean++
  }
  expect(Math.min(seen, clean)).toBeGreaterThan(20)
})

test('any bytes are answered, and those that stand on each other as well', () => {
  const dice = namedDice(1, 'any bytes')
  for (let i = 0; i < 2_000; i++) {
    const bytes = Uint8Array.from({ length: below(dice, 60) }, () => dice.uint32() & (i % 2 ? 0xff : 0x8f))
    expect(createDrawable(createProseDoc()).next(bytes)).toBeInstanceOf(Uint8Array)
  }
  const to = encoding.createEncoder()
  const uints = (...values: number[]): void => values.forEach((value) => encoding.writeVarUint(to, value))
  uints(2)
  for (const [client, other] of [[9, 5], [5, 9]] as const) {
    uints(1, client, 0)
    encoding.writeUint8(to, 0x80 | 4)
    uints(other, 0)
    encoding.writeVarString(to, 'x')
  }
  uints(0)
  const knot = encoding.toUint8Array(to)
  expect(isBareByItself(knot)).toBe(false)
  expect(createDrawable(createProseDoc()).next(knot)).toBe(knot)
})
