// Random formatting by several people: whoever has the same updates has the same prose, however they came, and a document never edits by itself.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { below, namedDice, pick, type Dice } from '../base/random.ts'
import { createProseDoc } from './prose-doc.ts'

const textOf = (doc: Y.Doc): Y.XmlText => doc.getXmlFragment('prose').get(0) as Y.XmlText

/** Three people, who receive what the others did at random moments. Out: all updates, in an order of causes, and what the windows sent unasked. */
function session(dice: Dice, createDoc: () => Y.Doc): { updates: Uint8Array[]; unasked: number } {
  const updates: Uint8Array[] = []
  let unasked = 0
  let isTyping = true
  const windows = [1, 2, 3].map((clientID) => {
    const doc = createDoc()
    doc.clientID = clientID
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'remote') return
      if (isTyping) updates.push(update)
      else unasked++
    })
    return { doc, heard: 0 }
  })
  windows[0]!.doc.transact(() => windows[0]!.doc.getXmlFragment('prose').insert(0, [new Y.XmlText('wie signaleert belt vandaag nog met de verloskundige')]))
  for (let step = 0; step < 40; step++) {
    const one = pick(dice, windows)
    isTyping = false
    if (one.heard === 0 || below(dice, 3) === 0) for (; one.heard < updates.length; one.heard++) Y.applyUpdate(one.doc, updates[one.heard]!, 'remote')
    isTyping = true
    const text = textOf(one.doc)
    const from = below(dice, text.length)
    const count = 1 + below(dice, text.length - from)
    if (below(dice, 4) === 0) text.delete(from, Math.min(count, 3))
    else text.format(from, count, { [pick(dice, ['bold', 'italic'])]: below(dice, 3) === 0 ? null : {} })
  }
  return { updates, unasked }
}

const after = (updates: readonly Uint8Array[], createDoc: () => Y.Doc): string => {
  const doc = createDoc()
  for (const update of updates) Y.applyUpdate(doc, update)
  const state = `${JSON.stringify(textOf(doc).toDelta())} ${Buffer.from(Y.encodeStateAsUpdate(doc)).toString('hex')}`
  doc.destroy()
  return state
}

test('[INV8] the same updates give the same prose, one by one, all at once or in any groups', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const dice = namedDice(seed, 'formatting')
    const { updates } = session(dice, createProseDoc)
    const whole = after([Y.mergeUpdates(updates)], createProseDoc)
    expect(after(updates, createProseDoc), `seed ${seed}`).toBe(whole)
    const at = below(dice, updates.length - 1) + 1
    expect(after([Y.mergeUpdates(updates.slice(0, at)), Y.mergeUpdates(updates.slice(at))], createProseDoc), `seed ${seed}`).toBe(whole)
  }
})

test('a document that hears of the formatting of others edits nothing by itself, where a plain one does', () => {
  const unasked = (createDoc: () => Y.Doc): number => Array.from({ length: 50 }, (_, seed) => session(namedDice(seed, 'formatting'), createDoc).unasked).reduce((a, b) => a + b, 0)
  expect(unasked(createProseDoc)).toBe(0)
  expect(unasked(() => new Y.Doc())).toBeGreaterThan(0)
})
