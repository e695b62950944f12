/**
 * Erasing what was deleted, against Yjs itself: nobody's text changes, nothing erased can be read any more, and copies that were erased at
 * different times, or not yet, still meet in the same document.
 */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { below, chance, pick, seededDice, type Dice } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { decodeRanges, encodeRanges, eraseProse, joinRanges, NO_RANGES } from '../../shared/protocol/erase-prose.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { deletedRanges } from '../../server/derive/deleted-ranges.ts'

interface Writer {
  doc: Y.Doc
  updates: Uint8Array[]
}

function writer(clientID: number): Writer {
  const doc = createProseDoc()
  doc.clientID = clientID
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array, origin: unknown) => void (origin !== 'remote' && updates.push(update)))
  return { doc, updates }
}

const textsIn = (element: Y.XmlFragment): Y.XmlText[] =>
  element.toArray().flatMap((child) => (child instanceof Y.XmlText ? [child] : child instanceof Y.XmlElement ? textsIn(child) : []))

/** One edit of somebody: words, formats, embeds, paragraphs, attributes, and all of these taken away again. `word` is what they write. */
function edit(dice: Dice, { doc }: Writer, word: string): void {
  const root = doc.getXmlFragment('prose')
  const texts = textsIn(root)
  if (texts.length === 0 || chance(dice, 0.15)) {
    const paragraph = new Y.XmlElement('paragraph')
    const text = new Y.XmlText()
    text.insert(0, word)
    paragraph.insert(0, [text])
    root.insert(below(dice, root.length + 1), [paragraph])
    return
  }
  const text = pick(dice, texts)
  const at = below(dice, text.length + 1)
  const paragraph = text.parent as Y.XmlElement
  switch (below(dice, 7)) {
    case 0: return void text.insert(at, word, { bold: true })
    case 1: return void (text.length > 1 && text.format(below(dice, text.length - 1), 1, { link: { href: `https://voorbeeld.nl/${word}` } }))
    case 2: return void text.insertEmbed(at, { word })
    case 3: return void paragraph.setAttribute('titel', word)
    case 4: return void (root.length > 1 && chance(dice, 0.4) && root.delete(below(dice, root.length), 1))
    case 5: return void (at < text.length && text.delete(at, 1 + below(dice, text.length - at)))
    default: return void text.insert(at, word)
  }
}

/** Three people, who meet now and then; what they wrote last may not have reached the others. */
function history(seed: number, signs: readonly string[] = ['👶', 'é']): { people: Writer[]; all: Uint8Array[] } {
  const dice = seededDice(seed)
  const people = [writer(7), writer(2 ** 31 + 5), writer(19)]
  for (let step = 0; step < 80; step++) {
    const person = pick(dice, people)
    edit(dice, person, chance(dice, 0.2) ? `${pick(dice, signs)}${step}` : `woord${step}`)
    if (chance(dice, 0.15)) for (const one of people) for (const other of people) Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(one.doc)), 'remote')
  }
  return { people, all: people.flatMap(({ updates }) => updates) }
}

function load(updates: readonly Uint8Array[]): Y.Doc {
  const doc = createProseDoc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}
const contentOf = (doc: Y.Doc) => doc.getXmlFragment('prose').toArray().map((child) => (child instanceof Y.XmlElement ? [child.nodeName, child.getAttributes(), textsIn(child).map((text) => text.toDelta() as unknown)] : null))
const expectSame = (a: Y.Doc, b: Y.Doc): void => {
  expect(contentOf(a)).toEqual(contentOf(b))
  expect(Y.decodeStateVector(Y.encodeStateVector(a))).toEqual(Y.decodeStateVector(Y.encodeStateVector(b)))
  for (const doc of [a, b]) expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
}
const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1)

describe('erasing what was deleted', () => {
  it('leaves the text of everybody as it was, struct by struct in the same place', () => {
    for (const seed of SEEDS) {
      const { all } = history(seed)
      const ranges = deletedRanges(all)
      const erased = all.map((update) => eraseProse(update, ranges))
      for (const [i, update] of erased.entries()) {
        const [before, after] = [readProseHeader(all[i] as Uint8Array), readProseHeader(update)]
        if (typeof before === 'string' || typeof after === 'string') throw new Error(`refused: ${String(after)}`)
        expect(after.blocks.map(({ client, from, to }) => [client, from, to])).toEqual(before.blocks.map(({ client, from, to }) => [client, from, to]))
        expect(after.deletedUpTo).toEqual(before.deletedUpTo)
      }
      expectSame(load(erased), load(all))
      expectSame(load([...erased].reverse()), load(all))
      expectSame(load([eraseProse(Y.mergeUpdates(all), ranges)]), load(all))
    }
  })

  it('erasing twice is erasing once, and a copy that is not erased yet brings nothing back', () => {
    for (const seed of SEEDS) {
      const { all } = history(seed)
      const ranges = deletedRanges(all)
      const erased = all.map((update) => eraseProse(update, ranges))
      for (const update of erased) expect(eraseProse(update, ranges)).toBe(update)
      const dice = seededDice(seed)
      expectSame(load(all.map((update, i) => (chance(dice, 0.5) ? update : (erased[i] as Uint8Array)))), load(all))
    }
  })

  it('[ERA3] what is erased in several steps is the same in one step, byte by byte: a relay knows an entry again by its hash', () => {
    let differences = 0
    for (const seed of SEEDS) {
      const { all } = history(seed)
      const dice = seededDice(seed)
      const steps = [0.3, 0.6, 1].map((part) => deletedRanges(all.slice(0, Math.ceil(part * all.length))))
      // A name in the middle of a word first, and the rest of the word later.
      const some = joinRanges(new Map([...(steps[2] ?? NO_RANGES)].map(([client, list]) => [client, list.flatMap(([from, to]) => (to - from > 3 && chance(dice, 0.7) ? [[from + 1, to - 1] as const] : []))])))
      for (const update of [...all, Y.mergeUpdates(all)]) {
        const once = eraseProse(update, joinRanges(some, ...steps))
        const stepwise = [some, ...steps].reduce(eraseProse, update)
        expect(Buffer.from(stepwise)).toEqual(Buffer.from(once))
        if (once !== update) differences++
      }
    }
    expect(differences).toBeGreaterThan(100)
  })

  it('leaves no letter of what was deleted, and every letter of the rest', () => {
    let gone = 0
    const letters = (texts: readonly string[]): string[] => [...texts.join('')].sort()
    const written = (updates: readonly Uint8Array[]): string[] =>
      updates.flatMap((update) => Y.decodeUpdate(update).structs).flatMap((struct) => (struct instanceof Y.Item && struct.content instanceof Y.ContentString ? [struct.content.str] : []))
    for (const seed of SEEDS) {
      // Ours: a letter of two halves that was cut in the middle is another letter afterwards, as in Yjs itself.
      const { all } = history(seed, ['é'])
      const ranges = deletedRanges(all)
      const doc = load(all)
      const shown = textsIn(doc.getXmlFragment('prose')).flatMap((text) => (text.toDelta() as { insert: unknown }[]).flatMap(({ insert }) => (typeof insert === 'string' ? [insert] : [])))
      expect(letters(written(all.map((update) => eraseProse(update, ranges))))).toEqual(letters(shown))
      gone += letters(written(all)).length - letters(shown).length
    }
    expect(gone).toBeGreaterThan(500)
  })

  it('takes what people write on, who have not heard of it', () => {
    for (const seed of SEEDS) {
      const { people, all } = history(seed)
      const ranges = deletedRanges(all)
      const dice = seededDice(seed + 1000)
      for (const person of people) for (let i = 0; i < 5; i++) edit(dice, person, `later${i}`)
      const everything = people.flatMap(({ updates }) => updates)
      const later = everything.filter((update) => !all.includes(update))
      expectSame(load([...all.map((update) => eraseProse(update, ranges)), ...later.map((update) => eraseProse(update, ranges))]), load(everything))
    }
  })

  it('ranges survive the way over the wire, in pieces of any size', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const ranges = deletedRanges(history(seed).all)
      for (const bytesMax of [40, 100, 100_000]) {
        const pieces = encodeRanges(ranges, bytesMax)
        expect(pieces.every(({ length }) => length <= bytesMax)).toBe(true)
        expect(joinRanges(...pieces.map((piece) => decodeRanges(piece) ?? NO_RANGES))).toEqual(ranges)
      }
    }
    expect(encodeRanges(NO_RANGES, 100)).toEqual([])
    expect(decodeRanges(Uint8Array.of(1, 5))).toBeNull()
    expect(decodeRanges(Uint8Array.of(1, 5, 1, 3, 0))).toBeNull()
  })

  it('never throws on hostile bytes, and changes nothing that it cannot read', () => {
    const dice = seededDice(5)
    const { all } = history(5)
    const ranges = deletedRanges(all)
    for (let i = 0; i < 3000; i++) {
      const update = pick(dice, all).slice()
      update[below(dice, update.length)] = below(dice, 256)
      const erased = eraseProse(update, ranges)
      if (typeof readProseHeader(update) === 'string') continue
      expect(typeof readProseHeader(erased)).not.toBe('string')
    }
    expect(eraseProse(Uint8Array.of(1, 2), ranges)).toEqual(Uint8Array.of(1, 2))
  })
})
