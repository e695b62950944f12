// Random formatting by several people: whoever has the same updates has the same prose, however they came, and a document never edits by itself.
import * as encoding from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { must } from '../base/assert.ts'
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

/** One item of text, as no editor writes it. */
function between(client: number, left: Y.ID, right: Y.ID, words: string): Uint8Array {
  const to = encoding.createEncoder()
  for (const part of [1, 1, client, 0]) encoding.writeVarUint(to, part)
  encoding.writeUint8(to, 4 | 0x80 | 0x40)
  for (const part of [left.client, left.clock, right.client, right.clock]) encoding.writeVarUint(to, part)
  encoding.writeVarString(to, words)
  encoding.writeVarUint(to, 0)
  return encoding.toUint8Array(to)
}

test.each(['left', 'right'] as const)('[INV8] what stands between two parents, of which the %s one was deleted, is nowhere for everybody', (gone) => {
  const doc = createProseDoc()
  doc.clientID = 1
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update))
  const blocks = doc.getXmlFragment('prose')
  const ids = doc.transact(() =>
    ['eerste', 'tweede'].map((words) => {
      const [paragraph, text] = [new Y.XmlElement('paragraph'), new Y.XmlText(words)]
      paragraph.insert(0, [text])
      blocks.push([paragraph])
      return must(text._start, 'its words').id
    }))
  const [first, second] = ids as [Y.ID, Y.ID]
  blocks.delete(gone === 'left' ? 0 : 1, 1)
  updates.push(between(99, first, second, 'spook'))
  const shown = (...groups: Uint8Array[]): string => {
    const reader = createProseDoc()
    for (const update of groups) Y.applyUpdate(reader, update)
    return reader.getXmlFragment('prose').toString()
  }
  const words = `<paragraph>${gone === 'left' ? 'tweede' : 'eerste'}</paragraph>`
  expect(shown(...updates)).toBe(words)
  expect(shown(Y.mergeUpdates(updates))).toBe(words)
  // Written on by somebody who read it another way: it stands behind what is nowhere.
  const next = between(100, new Y.ID(99, 4), second, 'meer')
  expect(shown(...updates, next)).toBe(words)
  expect(shown(Y.mergeUpdates([...updates, next]))).toBe(words)
})

test('elements in one another beyond every use can be taken out again by whoever reads them', () => {
  const depth = 20_000
  const to = encoding.createEncoder()
  for (const part of [1, depth, 7, 0]) encoding.writeVarUint(to, part)
  for (let i = 0; i < depth; i++) {
    encoding.writeUint8(to, 7)
    encoding.writeVarUint(to, i === 0 ? 1 : 0)
    if (i === 0) encoding.writeVarString(to, 'prose')
    else for (const part of [7, i - 1]) encoding.writeVarUint(to, part)
    encoding.writeVarUint(to, 3)
    encoding.writeVarString(to, 'blockquote')
  }
  encoding.writeVarUint(to, 0)
  const [doc, other] = [createProseDoc(), createProseDoc()]
  for (const one of [doc, other]) Y.applyUpdate(one, encoding.toUint8Array(to))
  expect(doc.store.pendingStructs).toBeNull()
  doc.getXmlFragment('prose').delete(0, 1)
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)))
  for (const one of [doc, other]) expect(one.getXmlFragment('prose').length).toBe(0)
})
