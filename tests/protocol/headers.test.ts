/**
 * The header readers against the libraries themselves: what the relay believes of a payload is what Yjs and Automerge find in it, and
 * nothing hostile makes the readers throw.
 */
import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'
import { sha256 } from '../../shared/base/hash.ts'
import { concatBytes } from '../../shared/base/bytes.ts'
import { ANSWERS_PER_ENTRY_COUNT_MAX, FACTS_BYTES_MAX } from '../../shared/model/limits.ts'
import { below, chance, pick, seededDice } from '../../shared/base/random.ts'
import { readChangeHeaders, type HeaderTools } from '../../shared/protocol/automerge-header.ts'
import { readProseHeader, type ProseHeader } from '../../shared/protocol/prose-header.ts'
import { newId } from '../../shared/base/ids.ts'
import { createRegistrar, createTypist } from '../contract/payloads.ts'
import { KEY, rawChange, register, sleb, uleb } from '../support/raw-change.ts'

const header = (update: Uint8Array): ProseHeader => {
  const read = readProseHeader(update)
  if (typeof read === 'string') throw new Error(`refused: ${read}`)
  return read
}
const asMeta = (read: ProseHeader) => ({
  from: new Map(read.blocks.map((block) => [block.client, block.from])),
  to: new Map(read.blocks.map((block) => [block.client, block.to])),
})

/** Everything an editor may put in a document. */
function richUpdates(seed: number): Uint8Array[] {
  const dice = seededDice(seed)
  const updates: Uint8Array[] = []
  const docs = [11, 12, 13].map((clientID) => {
    const doc = new Y.Doc()
    doc.clientID = clientID
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'remote') updates.push(update)
    })
    return doc
  })
  for (let step = 0; step < 60; step++) {
    const doc = pick(dice, docs)
    doc.transact(() => {
      const root = doc.getXmlFragment('prose')
      const map = doc.getMap('meta')
      switch (below(dice, 7)) {
        case 0: {
          const element = new Y.XmlElement('paragraph')
          element.insert(0, [new Y.XmlText(`zin ${step} é 👩‍⚕️`)])
          root.insert(below(dice, root.length + 1), [element])
          break
        }
        case 1:
          map.set(pick(dice, ['a', 'b']), { deep: [1, 2.5, -70000, null, true, 'x', { y: undefined }], big: 10n, raw: new Uint8Array([1, 2]) })
          break
        case 2: {
          const text = doc.getText('notes')
          text.insert(below(dice, text.length + 1), 'ab\u{1F476}c')
          break
        }
        case 3: {
          const text = doc.getText('notes')
          if (text.length > 3) text.format(0, 3, { bold: true, link: { href: 'https://example.org' } })
          else text.insertEmbed(0, { image: 'x' })
          break
        }
        case 4: {
          const text = doc.getText('notes')
          if (text.length > 2) text.delete(0, 2)
          break
        }
        case 5:
          if (root.length > 1) root.delete(0, 1)
          break
        default:
          doc.getArray('list').push([new Y.Map([['k', new Y.Array()]]), 1, 'two', new Uint8Array([3])])
      }
    })
    if (chance(dice, 0.5)) {
      const other = pick(dice, docs)
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)), 'remote')
    }
  }
  return [...updates, ...docs.map((doc) => Y.encodeStateAsUpdate(doc)), Y.mergeUpdates(updates)]
}

describe('prose header', () => {
  it('finds the same clientIDs and clocks as Yjs in whatever an editor makes', () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (const update of richUpdates(seed)) expect(asMeta(header(update))).toEqual(Y.parseUpdateMeta(update))
    }
  })

  it('knows what an update deletes', () => {
    const typist = createTypist(7)
    typist.type('hallo')
    const read = header(typist.erase(1, 3))
    expect(read.blocks).toEqual([])
    expect([...read.deletedUpTo]).toEqual([[7, 4]])
  })

  it('names what other clientIDs must have before', () => {
    const one = createTypist(1)
    const two = createTypist(2)
    two.receive(one.type('abc'))
    expect(header(two.type('X', 1)).blocks).toEqual([{ client: 2, from: 0, to: 1, needs: [{ at: 0, client: 1, clock: 0 }, { at: 0, client: 1, clock: 1 }] }])
  })

  it('refuses a gap that is hidden inside an update', () => {
    const typist = createTypist(5)
    const updates = [typist.type('een'), typist.type('twee'), typist.type('drie')]
    const holed = Y.mergeUpdates([updates[0]!, updates[2]!])
    expect(Y.parseUpdateMeta(holed)).toEqual({ from: new Map([[5, 0]]), to: new Map([[5, 11]]) })
    expect(readProseHeader(holed)).toBe('skip')
  })

  it('refuses two blocks of one clientID', () => {
    const to = encoding.createEncoder()
    encoding.writeVarUint(to, 2)
    for (const clock of [0, 100]) {
      for (const value of [1, 5, clock]) encoding.writeVarUint(to, value)
      encoding.writeUint8(to, 4)
      encoding.writeVarUint(to, 1)
      encoding.writeVarString(to, 'prose')
      encoding.writeVarString(to, 'x')
    }
    encoding.writeVarUint(to, 0)
    expect(readProseHeader(encoding.toUint8Array(to))).toBe('malformed')
  })

  it('refuses clientIDs in another order than Yjs writes them, because merging would leave out what others wrote', () => {
    const block = (client: number): number[] => [1, client, 0, 4, 1, 5, ...new TextEncoder().encode('prose'), 1, 97]
    expect(header(Uint8Array.of(2, ...block(9), ...block(3), 0)).blocks.map(({ client }) => client)).toEqual([9, 3])
    expect(readProseHeader(Uint8Array.of(2, ...block(3), ...block(9), 0))).toBe('malformed')
  })

  it('refuses subdocuments', () => {
    const doc = new Y.Doc()
    doc.getMap('m').set('sub', new Y.Doc())
    expect(readProseHeader(Y.encodeStateAsUpdate(doc))).toBe('subdocument')
  })

  it('refuses a struct that stands on itself', () => {
    const to = encoding.createEncoder()
    for (const value of [1, 1, 5, 0]) encoding.writeVarUint(to, value)
    encoding.writeUint8(to, 0x80 | 4)
    for (const value of [5, 0]) encoding.writeVarUint(to, value)
    encoding.writeVarString(to, 'x')
    encoding.writeVarUint(to, 0)
    expect(readProseHeader(encoding.toUint8Array(to))).toBe('malformed')
  })

  it('refuses the second encoding of Yjs, whose decoder hangs', () => {
    const doc = new Y.Doc()
    doc.getText('prose').insert(0, 'hallo')
    expect(typeof readProseHeader(Y.encodeStateAsUpdateV2(doc))).toBe('string')
  })

  it('refuses nesting that would break readers', () => {
    const doc = new Y.Doc()
    let deep: unknown = 1
    for (let i = 0; i < 1000; i++) deep = [deep]
    doc.getMap('m').set('deep', deep)
    expect(readProseHeader(Y.encodeStateAsUpdate(doc))).toBe('malformed')
  })

  it('answers any bytes, and passes only what Yjs applies with nothing pending', () => {
    const honest = richUpdates(3)
    const applies = (bytes: Uint8Array): void => {
      const read = readProseHeader(bytes)
      if (typeof read === 'string') return
      if (read.blocks.some((block) => block.from > 0 || block.needs.length > 0) || read.deletedUpTo.size > 0) return
      const doc = new Y.Doc()
      Y.applyUpdate(doc, bytes)
      expect(doc.store.pendingStructs).toBeNull()
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), applies), { numRuns: 3000, seed: 1 })
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (index, at, byte, cut) => {
        const bytes = honest[index]!.slice(0, honest[index]!.length - (cut % 3 === 0 ? cut % honest[index]!.length : 0))
        if (bytes.length > 0) bytes[at % bytes.length] = byte
        applies(bytes)
      }),
      { numRuns: 3000, seed: 2 },
    )
  })
})

const tools: HeaderTools = {
  sha256,
  inflateRaw(bytes, bytesMax) {
    try {
      return inflateRawSync(bytes, { maxOutputLength: bytesMax })
    } catch {
      return null
    }
  },
}

/** Four people, every answer that a register can hold, apart and together. */
function richChanges(seed: number): Uint8Array[] {
  const dice = seededDice(seed)
  let docs = Array.from({ length: 4 }, () => A.init<Record<string, unknown>>({ actor: newId(dice) }))
  const made: Uint8Array[] = []
  for (let step = 0; step < 30; step++) {
    const who = below(dice, docs.length)
    const [mine, other] = [docs[who]!, pick(dice, docs)]
    if (mine !== other && chance(dice, 0.25)) {
      docs = docs.with(who, A.merge(mine, other))
      continue
    }
    const doc = A.change(mine, { time: below(dice, 2 ** 31) }, (draft) => {
      for (let left = 1 + below(dice, pick(dice, [2, 6, 30])); left > 0; left--) {
        const key = pick(dice, ['title', `steps/${below(dice, 5)}/action`, `k${below(dice, 300)}`])
        switch (below(dice, 5)) {
          case 0:
            draft[key] = new A.ImmutableString('x'.repeat(below(dice, 40)))
            break
          case 1:
            draft[key] = pick<unknown>(dice, [null, true, 1.5, -7, 2 ** 40, new Date(1000), Uint8Array.of(1, 2), new A.Counter(3), new A.Uint(5), new A.Float64(2 ** 60)])
            break
          case 2:
            delete draft[key]
            break
          default:
            for (let i = below(dice, 20); i > 0; i--) draft[`r${i}`] = new A.ImmutableString('zelfde')
        }
      }
    })
    const change = A.getLastLocalChange(doc)
    if (change && doc !== mine) made.push(change)
    docs = docs.with(who, doc)
  }
  const together = docs.reduce((all, one) => A.merge(all, one))
  return [...made, ...A.getAllChanges(A.load(A.save(together)))]
}

/** The last of what is done to one document. */
function lastOf(...deeds: ((draft: Record<string, unknown>) => void)[]): Uint8Array {
  const doc = deeds.reduce((before, deed) => A.change(before, { time: 0 }, deed), A.init<Record<string, unknown>>({ actor: 'c3'.repeat(16) }))
  return A.getLastLocalChange(doc)!
}

/** The same change as a compressed chunk: type 2, contents deflated, checksum unchanged. */
function deflated(change: Uint8Array): Uint8Array {
  let at = 9
  while (change[at]! & 0x80) at++
  const contents = deflateRawSync(change.subarray(at + 1))
  const to = encoding.createEncoder()
  encoding.writeUint8Array(to, change.subarray(0, 8))
  encoding.writeUint8(to, 2)
  encoding.writeVarUint8Array(to, contents)
  return encoding.toUint8Array(to)
}

describe('facts header', () => {
  const one = createRegistrar('a1'.repeat(16))
  const two = createRegistrar('b2'.repeat(16))
  const first = one.set('title', 'Vroegsignalering')
  two.receive(first)
  const second = two.set('owner', 'verloskundige '.repeat(400))
  one.receive(second)
  const third = one.set('title', 'Kansrijke start')

  it('finds actor, seq, hash and dependencies as Automerge does, compressed or not', () => {
    for (const change of [first, second, third, deflated(second), deflated(third)]) {
      const { actor, seq, hash, deps, startOp, ops } = A.decodeChange(change)
      expect(readChangeHeaders(change, tools)).toEqual([{ actor, seq, hash, deps, lastOp: startOp + ops.length - 1 }])
    }
  })

  it('reads concatenated changes in order', () => {
    const payload = new Uint8Array([...first, ...second, ...third])
    expect(readChangeHeaders(payload, tools)?.map((change) => change.seq)).toEqual([1, 1, 2])
  })

  it('refuses a whole document, a cut change and any flipped bit', () => {
    expect(readChangeHeaders(A.save(one.doc()), tools)).toBeNull()
    expect(readChangeHeaders(new Uint8Array(), tools)).toBeNull()
    for (const change of [first, deflated(second)]) {
      for (let at = 0; at < change.length; at++) {
        expect(readChangeHeaders(change.subarray(0, at), tools)).toBeNull()
        const flipped = change.slice()
        flipped[at]! ^= 1 << at % 8
        // A flipped bit may still inflate to the same bytes; then it is the same change.
        const read = readChangeHeaders(flipped, tools)
        if (read) expect(read[0]!.hash).toBe(A.decodeChange(change).hash)
      }
    }
  })

  it.each([
    ['a billion operations in a few bytes', [[0x15, [0x80, 0x94, 0xeb, 0xdc, 0x03, 1, 107]], [0x34, [0x80, 0x94, 0xeb, 0xdc, 0x03]]], []],
    ['a billion replaced answers', [[0x70, [0x7f, 0x80, 0x94, 0xeb, 0xdc, 0x03]]], []],
    ['a key that is no text', [[0x15, [0x7f, 1, 0xff]]], []],
    ['a key that is the prototype of an object', [[0x15, [0x7f, 9, ...new TextEncoder().encode('__proto__')]]], []],
    ['columns in another order', [[0x42, [0x7f, 1]], [0x34, [1]]], []],
    ['bytes behind the columns', [[0x42, [0x7f, 1]]], [0]],
  ] as [string, [number, number[]][], number[]][])('refuses %s, over which readers hang or fail', (_what, columns, behind) => {
    const contents = [0, 1, 7, 1, 1, 0, 0, 0, columns.length, ...columns.flatMap(([spec, data]) => [spec, data.length]), ...columns.flatMap(([, data]) => data), ...behind]
    const head = Uint8Array.of(1, contents.length, ...contents)
    const chunk = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83, ...sha256(head).subarray(0, 4), ...head)
    expect(readChangeHeaders(chunk, tools)).toBeNull()
  })

  it('[ADM4] an entry answers one question so many times and no more, in one change or in many, and other questions besides', () => {
    const most = ANSWERS_PER_ENTRY_COUNT_MAX
    const keyed = (runs: [key: string, times: number][], seq = 1) =>
      rawChange(register(runs.reduce((sum, [, times]) => sum + times, 0)).map(([spec, data]) => (spec === 0x15 ? [spec, runs.flatMap(([key, times]) => [...(times === 1 ? [0x7f] : sleb(times)), 1, key.charCodeAt(0)])] : [spec, data])), { actor: new Uint8Array(16).fill(9), seq })
    expect(readChangeHeaders(keyed([['a', most], ['b', most]]), tools)).toHaveLength(1)
    expect(readChangeHeaders(keyed([['a', most + 1]]), tools)).toBeNull()
    expect(readChangeHeaders(keyed([['a', most - 1], ['b', 2], ['a', 2]]), tools)).toBeNull()
    expect(readChangeHeaders(concatBytes([keyed([['a', most]]), keyed([['b', 2]], 2)]), tools)).toHaveLength(2)
    expect(readChangeHeaders(concatBytes([keyed([['a', most - 1]]), keyed([['a', 2]], 2)]), tools)).toBeNull()
    // Also where the keys are a list instead of runs.
    const listed = (times: number) => rawChange(register(times).map(([spec, data]) => [spec, spec === 0x15 ? [...sleb(-times), ...Array.from({ length: times }, (_, i) => [1, i % 2 === 0 ? 97 : 98]).flat()] : data]), { actor: new Uint8Array(16).fill(9) })
    expect(readChangeHeaders(listed(2 * most), tools)).toHaveLength(1)
    expect(readChangeHeaders(listed(2 * most + 1), tools)).toBeNull()
  })

  it.each([
    ['a run of one', [[0x42, [1, 1]]]],
    ['the same value in two runs', [[0x42, [2, 1, 2, 1]]]],
    ['a value of a run once more by itself', [[0x42, [2, 1, 0x7f, 1]]]],
    ['the same value twice among values that differ', [[0x42, [0x7d, 1, 2, 2]]]],
    ['values that differ in two lists', [[0x42, [0x7f, 1, 0x7f, 2]]]],
    ['no nulls', [[0x42, [0, 0]]]],
    ['nulls after nulls', [[0x42, [0, 1, 0, 1]]]],
    ['an empty stretch of truths', [[0x34, [1, 0, 1]]]],
    ['a number in more bytes than it needs', [[0x42, [0x7f, 0x81, 0]]]],
    ['a signed number in more bytes than it needs', [[0x42, [0xff, 0x7f, 1]]]],
    ['an unknown column', [[0x26, [0x7f, 2]]]],
  ] as [string, [number, number[]][]][])('[ADM4] refuses %s: Automerge applies it and can never open the document again', (_what, columns) => {
    const actor = new Uint8Array(16).fill(9)
    const honest = register(1)
    expect(readChangeHeaders(rawChange(honest, { actor }), tools)).toHaveLength(1)
    const own = [...honest.filter(([spec]) => !columns.some(([other]) => other === spec)), ...columns].sort(([a], [b]) => a - b)
    expect(readChangeHeaders(rawChange(own, { actor }), tools)).toBeNull()
  })

  it.each([
    ['the author among the others', [7]],
    ['one of the others twice', [9, 9]],
    ['the others in another order', [9, 8]],
  ])('[ADM4] refuses %s in the list of actors', (_what, others) => {
    const actorOf = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)
    const change = (list: number[]): Uint8Array => rawChange(register(1), { actor: actorOf(7), others: list.map(actorOf) })
    expect(readChangeHeaders(change([8, 9]), tools)).toHaveLength(1)
    expect(readChangeHeaders(change(others), tools)).toBeNull()
  })

  it('what it refuses so is what Automerge cannot open again', () => {
    const [doc] = A.applyChanges(A.init(), [rawChange([[0x15, [1, ...KEY]], [0x34, [1]], [0x42, [1, 1]], [0x56, [1, 0]], [0x70, [1, 0]]])])
    expect(() => A.load(A.save(doc))).toThrow(/mismatching heads/)
  })

  it.each([
    ['an object', (draft: Record<string, unknown>) => void (draft.a = {})],
    ['objects in one another', (draft: Record<string, unknown>) => void (draft.a = { b: { c: 1 } })],
    ['a list', (draft: Record<string, unknown>) => void (draft.a = [])],
    ['a text', (draft: Record<string, unknown>) => void (draft.a = 'letter voor letter')],
  ])('[ADM4] refuses %s: facts are flat, and the rest of Automerge is dear to read', (_what, deed) => {
    expect(readChangeHeaders(lastOf(deed), tools)).toBeNull()
  })

  it('[ADM4] refuses what is done in one: a key, an element, letters, a mark, a count', () => {
    for (const change of [
      lastOf((draft) => void (draft.a = {}), (draft) => void ((draft.a as Record<string, unknown>).b = 1)),
      lastOf((draft) => void (draft.a = []), (draft) => void (draft.a as unknown[]).push(1)),
      lastOf((draft) => void (draft.a = 'x'), (draft) => A.splice(draft, ['a'], 0, 0, 'y')),
      lastOf((draft) => void (draft.a = 'xxxx'), (draft) => A.mark(draft, ['a'], { start: 0, end: 3, expand: 'none' }, 'bold', true)),
      lastOf((draft) => void (draft.a = new A.Counter(1)), (draft) => (draft.a as A.Counter).increment(1)),
    ])
      expect(readChangeHeaders(change, tools)).toBeNull()
  })

  it('[ADM4] takes as many bytes as facts of one entry may have, and no more, compressed or not', () => {
    const change = (bytes: number): Uint8Array => lastOf((draft) => void (draft.title = new A.ImmutableString('x'.repeat(bytes))))
    const plainOf = (bytes: number): Uint8Array =>
      rawChange([[0x15, [0x7f, ...KEY]], [0x34, [1]], [0x42, [0x7f, 1]], [0x56, [0x7f, ...uleb(bytes * 16 + 6)]], [0x57, Array.from({ length: bytes }, () => 120)], [0x70, [0x7f, 0]]])
    expect(readChangeHeaders(change(FACTS_BYTES_MAX - 200), tools)).toHaveLength(1)
    expect(readChangeHeaders(change(FACTS_BYTES_MAX), tools)).toBeNull()
    const half = plainOf(FACTS_BYTES_MAX / 2)
    expect(readChangeHeaders(half, tools)).toHaveLength(1)
    expect(readChangeHeaders(new Uint8Array([...half, ...half]), tools)).toBeNull()
  })

  it('takes every change that sets and empties registers, and every one that Automerge makes again of a saved document', () => {
    let count = 0
    fc.assert(fc.property(fc.nat(), (seed) => {
      for (const change of richChanges(seed)) {
        expect(readChangeHeaders(change, tools)).toHaveLength(1)
        count++
      }
    }), { numRuns: 4, seed: 3 })
    expect(count).toBeGreaterThan(100)
  })

  it('stops inflating at the limit', () => {
    const asked: number[] = []
    readChangeHeaders(deflated(second), { sha256, inflateRaw: (_bytes, bytesMax) => (asked.push(bytesMax), null) })
    expect(asked).toEqual([FACTS_BYTES_MAX])
  })
})
