/** Cutting a large update by size: every part stands on those before it, and together they say the same. */
import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { cutUpdate } from '../../server/derive/cut-update.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { namedDice } from '../../shared/base/random.ts'
import { Malformed, readProseHeader } from '../../shared/protocol/prose-header.ts'

/** One person's work under a new clientID each time the page was loaded, and others' beside it: what is deleted is collected. Out: states on the way, the last with all of it. */
function work(seed: number, steps: number): Uint8Array[] {
  const dice = namedDice(seed, 'cut')
  const docs = Array.from({ length: 4 }, (_, i) => Object.assign(createProseDoc(), { clientID: [7, 2 ** 31, 44, 900][i]! }))
  const states: Uint8Array[] = []
  for (let step = 0; step < steps; step++) {
    const doc = docs[dice.uint32() % docs.length]!
    const prose = doc.getXmlFragment('prose')
    doc.transact(() => {
      if (prose.length === 0 || dice.uint32() % 6 === 0) {
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText('Begin 🙂 ')])
        paragraph.setAttribute('soort', String(step))
        prose.insert(dice.uint32() % (prose.length + 1), [paragraph])
      }
      if (prose.length > 3 && dice.uint32() % 9 === 0) prose.delete(dice.uint32() % prose.length, 1)
      const text = (prose.get(dice.uint32() % prose.length) as Y.XmlElement).get(0) as Y.XmlText
      if (text.length > 6 && dice.uint32() % 3 === 0) text.delete(dice.uint32() % (text.length - 4), 3)
      else text.insert(dice.uint32() % (text.length + 1), 'zorgpad'.slice(dice.uint32() % 7))
      if (text.length > 4 && dice.uint32() % 5 === 0) text.format(0, 3, { bold: true })
    })
    if (dice.uint32() % 2 === 0) {
      const other = docs[dice.uint32() % docs.length]!
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)))
    }
    states.push(Y.encodeStateAsUpdate(docs[0]!))
  }
  for (const doc of docs) Y.applyUpdate(docs[0]!, Y.encodeStateAsUpdate(doc))
  states.push(Y.encodeStateAsUpdate(docs[0]!))
  return states
}

const docOf = (...updates: Uint8Array[]): Y.Doc => {
  const doc = createProseDoc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

test('parts of any size apply one after another with nothing left waiting, and end the same', () => {
  fc.assert(fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 80 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 600 }), (seed, steps, share, bytesMax) => {
    const states = work(seed, steps)
    const known = share > 0.2 ? docOf(states[Math.floor(share * (states.length - 1))]!) : createProseDoc()
    const whole = docOf(states.at(-1)!)
    const update = Y.encodeStateAsUpdate(whole, Y.encodeStateVector(known))
    const parts = cutUpdate(update, bytesMax)
    for (const part of parts) {
      const header = readProseHeader(part)
      if (typeof header === 'string') throw new Error(header)
      Y.applyUpdate(known, part)
      expect(known.store.pendingStructs).toBeNull()
      expect(known.store.pendingDs).toBeNull()
    }
    expect(known.getXmlFragment('prose').toString()).toBe(whole.getXmlFragment('prose').toString())
    expect(Y.encodeStateVector(known)).toEqual(Y.encodeStateVector(whole))
    expect(Y.equalSnapshots(Y.snapshot(known), Y.snapshot(whole))).toBe(true)
  }), { numRuns: 150 })
})

test('what is large is cut to the size that was asked for, deletions too, and one large struct stays whole', () => {
  const doc = new Y.Doc()
  const text = doc.getText('prose')
  // A letter between any two neighbours: nothing of it becomes one struct.
  for (let i = 0; i < 12_000; i++) text.insert(Math.floor(i / 2), 'ab')
  const book = 'x'.repeat(300_000)
  doc.getText('bijlage').insert(0, book)
  const before = docOf(Y.encodeStateAsUpdate(doc))
  for (let i = 0; i < 11_000; i++) text.delete(i, 1)
  const bytesMax = 64 * 1024
  const parts = cutUpdate(Y.encodeStateAsUpdate(before), bytesMax)
  expect(parts.length).toBeGreaterThan(3)
  expect(parts.filter(({ length }) => length > bytesMax + 64)).toHaveLength(1)
  const deletions = cutUpdate(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(before)), 16 * 1024)
  expect(deletions.length).toBeGreaterThan(1)
  for (const part of deletions) expect(part.length).toBeLessThan(40 * 1024)
  expect(docOf(...parts, ...deletions).getText('prose').toString()).toBe(text.toString())
})

test('whatever the bytes say, they are cut or refused as what they are', () => {
  const update = work(3, 40).at(-1)!
  const dice = namedDice(5, 'cut garbage')
  for (let i = 0; i < 3_000; i++) {
    const bytes = update.slice(0, dice.uint32() % (update.length + 1))
    for (let flips = dice.uint32() % 4; flips > 0 && bytes.length > 0; flips--) bytes[dice.uint32() % bytes.length] = dice.uint32() & 0xff
    try {
      cutUpdate(bytes, 200)
    } catch (error) {
      expect(error).toBeInstanceOf(Malformed)
    }
  }
})

test('an update made to be cut into millions of stretches is refused before it fills the memory', () => {
  const to = encoding.createEncoder()
  const structsCount = 1_500_000
  encoding.writeVarUint(to, 1)
  for (const number of [structsCount, 7, 0]) encoding.writeVarUint(to, number)
  // Deleted letters, each of which stands on a later one of somebody else.
  for (let i = 0; i < structsCount; i++) {
    encoding.writeUint8(to, 0x81)
    for (const number of [5, i, 1]) encoding.writeVarUint(to, number)
  }
  encoding.writeVarUint(to, 0)
  expect(() => cutUpdate(encoding.toUint8Array(to), 512 * 1024)).toThrow(Malformed)
})
