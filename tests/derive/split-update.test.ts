/** Cutting an update by writer: every part stands on the ones before it, is of one writer, and together they say the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { splitByWriter } from '../../server/derive/split-update.ts'
import { namedDice } from '../../shared/base/random.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'

/** Three people write in one text, on what they have seen of each other. */
function session(seed: number, steps: number): { doc: Y.Doc; states: Uint8Array[] } {
  const dice = namedDice(seed, 'split')
  const docs = [11, 22, 33].map((clientID) => {
    const doc = new Y.Doc({ gc: false })
    doc.clientID = clientID
    return doc
  })
  const states: Uint8Array[] = []
  for (let step = 0; step < steps; step++) {
    const doc = docs[dice.uint32() % 3]!
    const text = doc.getText('prose')
    if (text.length > 3 && dice.uint32() % 4 === 0) text.delete(dice.uint32() % (text.length - 1), 1)
    else text.insert(dice.uint32() % (text.length + 1), 'abc'.slice(dice.uint32() % 3))
    if (dice.uint32() % 2 === 0) {
      const other = docs[dice.uint32() % 3]!
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)))
    }
    states.push(Y.encodeStateAsUpdate(docs[0]!))
  }
  for (const doc of docs) Y.applyUpdate(docs[0]!, Y.encodeStateAsUpdate(doc))
  return { doc: docs[0]!, states }
}

const WRITERS: Record<number, string> = { 11: 'a'.repeat(32), 22: 'b'.repeat(32) }

test('parts apply one after another without anything left waiting, and end the same', () => {
  fc.assert(fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, steps, share) => {
    const { doc, states } = session(seed, steps)
    const known = new Y.Doc({ gc: false })
    const earlier = states[Math.floor(share * (states.length - 1))]
    if (earlier && share > 0.1) Y.applyUpdate(known, earlier)
    const update = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(known))
    const parts = splitByWriter(update, Y.decodeStateVector(Y.encodeStateVector(known)), (client) => WRITERS[client] ?? null)
    for (const part of parts) {
      const header = readProseHeader(part.update)
      if (typeof header === 'string') throw new Error(header)
      for (const { client } of header.blocks) expect(WRITERS[client] ?? null).toBe(part.writer)
      Y.applyUpdate(known, part.update)
      expect(known.store.pendingStructs).toBeNull()
      expect(known.store.pendingDs).toBeNull()
    }
    expect(Y.encodeStateAsUpdate(known)).toEqual(Y.encodeStateAsUpdate(doc))
  }), { numRuns: 200 })
})
