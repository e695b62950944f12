/**
 * What every log must do, whatever it stores on. Titles begin with the invariant of the protocol (SPEC.md) that they hold.
 * A setup gives an open log, fresh or shared by the tests of the suite (each has spaces and items of its own); `reopen` closes it and
 * opens the same store again.
 */
import * as A from '@automerge/automerge'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { concatBytes } from '../../shared/base/bytes.ts'
import type { Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { actToBytes, sealOf } from '../../shared/model/acts.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { FACTS_OPERATIONS_COUNT_MAX } from '../../shared/model/limits.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import type { AppendResult, Log } from '../../server/store/log.ts'
import { createEntryMaker, createRegistrar, createTypist, proposeAct } from './payloads.ts'

export interface LogUnderTest {
  log: Log
  /** Closes the log and opens the same store again. */
  reopen(): Promise<Log>
  dispose(): Promise<void>
}

const AUTHOR = 'a0'.repeat(16)
const OTHER_AUTHOR = 'b0'.repeat(16)
const WRITER = 'c0'.repeat(16)
const OTHER_WRITER = 'c1'.repeat(16)

export function describeLog(name: string, setup: () => Promise<LogUnderTest>): void {
  describe(name, () => {
    let world: LogUnderTest
    let log: Log
    let make: ReturnType<typeof createEntryMaker>
    let time = 0
    let SPACE: Id
    let OTHER_SPACE: Id
    let testsCount = 0

    beforeEach(async () => {
      world = await setup()
      log = world.log
      make = createEntryMaker(++testsCount)
      SPACE = make.id()
      OTHER_SPACE = make.id()
      time = 5_000
      await log.ensureSpace(SPACE)
      await log.ensureSpace(OTHER_SPACE)
    })
    afterEach(() => world.dispose())

    const append = async (entries: NewEntry[], author: Id = AUTHOR) => log.append(entries.map((entry) => ({ entry, author, serverTime: ++time })))
    const one = async (entry: NewEntry, author: Id = AUTHOR): Promise<AppendResult> => (await append([entry], author)).results[0]!
    const prose = (item: Id, payload: Uint8Array, writer = WRITER, space = SPACE): NewEntry => make.entry({ space, item, writer, payload })
    const facts = (item: Id, payload: Uint8Array, writer = WRITER): NewEntry => make.entry({ space: SPACE, item, writer, payload, part: 'facts' })
    const stored = (seq: number, repeated = false): AppendResult => ({ kind: 'stored', seq, repeated })
    const refused = (code: string, reason: string) => ({ kind: 'refused', code, reason })
    const words = (count: number, clientID = 1): Uint8Array[] => {
      const typist = createTypist(clientID)
      return Array.from({ length: count }, (_, i) => typist.type(`woord${i} `))
    }

    describe('spaces', () => {
      it('gives a new space an epoch, once', async () => {
        const head = await log.head(SPACE)
        expect(head).toEqual({ epoch: expect.stringMatching(/^[0-9a-f]{32}$/), head: 0, floor: 0, tailHash: EMPTY_TAIL_HASH })
        expect(await log.ensureSpace(SPACE)).toEqual(head)
        expect((await log.head(OTHER_SPACE))!.epoch).not.toBe(head!.epoch)
      })

      it('knows nothing of a space that was not made', async () => {
        const space = make.id()
        expect(await log.head(space)).toBeNull()
        expect(await log.tailHashAt(space, 0)).toBeNull()
        expect((await log.read(space, 0, 1000, 10)).entries).toEqual([])
        expect(await log.readItem(space, make.id(), null, 0, 100, 10)).toEqual([])
        expect(await log.spaceOf(make.id())).toBeNull()
        expect(await log.find(space, make.id())).toBeNull()
        expect(await one(prose(make.id(), words(1)[0]!, WRITER, space))).toEqual(refused('forbidden', 'no-access'))
      })
    })

    describe('order', () => {
      it('[INV2] numbers the entries of a space densely, over batches and spaces, and links those of an item', async () => {
        const [a1, a2, a3] = words(3, 1)
        const [b1, b2] = words(2, 2)
        const [c1] = words(1, 3)
        const [itemA, itemB, itemC] = [make.id(), make.id(), make.id()]
        const first = [prose(itemA, a1!), prose(itemB, b1!), prose(itemC, c1!, WRITER, OTHER_SPACE), prose(itemA, a2!)]
        const answer = await append(first)
        expect(answer.results).toEqual([stored(1), stored(2), stored(1), stored(3)])
        expect(answer.runs.map((run) => [run.space, run.entries.map((entry) => entry.seq)])).toEqual([[SPACE, [1, 2, 3]], [OTHER_SPACE, [1]]])
        expect((await append([prose(itemB, b2!), prose(itemA, a3!)])).results).toEqual([stored(4), stored(5)])
        const { entries } = await log.read(SPACE, 0, 1e6, 100)
        expect(entries.map((entry) => [entry.seq, entry.item, entry.prevItemSeq])).toEqual([[1, itemA, 0], [2, itemB, 0], [3, itemA, 1], [4, itemB, 2], [5, itemA, 3]])
      })

      it('keeps every field as it was pushed, author and time as the connection gave them', async () => {
        const entry = { ...prose(make.id(), words(1)[0]!), schema: 7, clientTime: 1_700_000_000_123 }
        const run = (await append([entry])).runs[0]!
        const whole = { ...entry, seq: 1, prevItemSeq: 0, author: AUTHOR, serverTime: time }
        expect(run.entries).toEqual([whole])
        expect((await log.read(SPACE, 0, 1e6, 10)).entries).toEqual([whole])
        expect(await log.find(SPACE, entry.entry)).toEqual(whole)
        expect(await log.readItem(SPACE, entry.item, 'prose', 1, 1, 10)).toEqual([whole])
      })

      it('[TAI1] rolls the tail hash over seq, entry and payload', async () => {
        const item = make.id()
        const entries = words(4).map((payload) => prose(item, payload))
        let expected: Uint8Array = EMPTY_TAIL_HASH
        const hashes = [expected]
        entries.forEach((entry, i) => hashes.push((expected = nextTailHash(expected, i + 1, entry.entry, sha256(entry.payload)))))
        const { runs } = await append(entries)
        expect(runs[0]!.tailHashAfter).toEqual(expected)
        expect((await log.head(SPACE))!.tailHash).toEqual(expected)
        for (const [seq, hash] of hashes.entries()) expect(await log.tailHashAt(SPACE, seq)).toEqual(hash)
        expect(await log.tailHashAt(SPACE, 5)).toBeNull()
      })
    })

    describe('reading', () => {
      let item: Id
      beforeEach(async () => {
        item = make.id()
        await append(words(10).map((payload) => prose(item, payload)))
      })

      it('reads from a cursor until a bound, at least one entry', async () => {
        expect((await log.read(SPACE, 3, 1e6, 4)).entries.map((entry) => entry.seq)).toEqual([4, 5, 6, 7])
        const little = await log.read(SPACE, 3, 1, 4)
        expect(little.entries.map((entry) => entry.seq)).toEqual([4])
        expect(little.tailHashAfter).toEqual(await log.tailHashAt(SPACE, 4))
        expect((await log.read(SPACE, 3, 300, 100)).entries.length).toBeLessThan(4)
        expect(await log.read(SPACE, 10, 1e6, 4)).toEqual({ epoch: (await log.head(SPACE))!.epoch, entries: [], tailHashAfter: (await log.head(SPACE))!.tailHash })
        expect((await log.read(SPACE, 11, 1e6, 4)).entries).toEqual([])
      })

      it('reads one part of one item, in one space only', async () => {
        const change = createRegistrar(AUTHOR).set('title', 'x')
        await append([facts(item, change), prose(make.id(), words(1, 9)[0]!)])
        expect((await log.readItem(SPACE, item, null, 1, 100, 100)).map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
        expect((await log.readItem(SPACE, item, 'facts', 1, 100, 100)).map((entry) => entry.seq)).toEqual([11])
        expect((await log.readItem(SPACE, item, 'prose', 4, 6, 100)).map((entry) => entry.seq)).toEqual([4, 5, 6])
        expect((await log.readItem(SPACE, item, 'prose', 4, 6, 2)).map((entry) => entry.seq)).toEqual([4, 5])
        expect((await log.readItem(SPACE, item, 'prose', 4, 6, 100, 1)).map((entry) => entry.seq)).toEqual([4])
        expect(await log.readItem(OTHER_SPACE, item, null, 1, 100, 100)).toEqual([])
      })
    })

    describe('repeats', () => {
      it('[INV5] an entry id is stored once; the same payload is answered again, another one refused', async () => {
        const [first, second] = words(2)
        const item = make.id()
        const entry = prose(item, first!)
        expect((await append([entry, entry])).results).toEqual([stored(1), stored(1, true)])
        expect(await one(entry)).toEqual(stored(1, true))
        expect(await one({ ...entry, payload: second! })).toEqual(refused('id-conflict', 'other-payload'))
        // Another space has its own ids, but not this item.
        expect(await one({ ...entry, space: OTHER_SPACE })).toEqual(refused('forbidden', 'no-access'))
        expect((await log.head(SPACE))!.head).toBe(1)
      })

      it('[INV5] an entry with only repeats adds no run', async () => {
        const entry = prose(make.id(), words(1)[0]!)
        await one(entry)
        expect((await append([entry])).runs).toEqual([])
      })
    })

    describe('items', () => {
      it('[ADM8] [INV7] an item belongs to the space of its first entry', async () => {
        const item = make.id()
        const [first, second] = words(2)
        await one(prose(item, first!))
        expect(await log.spaceOf(item)).toBe(SPACE)
        expect(await one(prose(item, second!, WRITER, OTHER_SPACE))).toEqual(refused('forbidden', 'no-access'))
        expect(await one(prose(item, second!))).toEqual(stored(2))
      })

      it('[ADM3] fields that the wire cannot carry are refused before they are stored', async () => {
        const good = prose(make.id(), words(1)[0]!)
        for (const bad of [{ clientTime: 0.5 }, { clientTime: -1 }, { schema: Infinity }, { writer: 'x' }, { entry: 'X'.repeat(32) }]) {
          expect(await one({ ...good, ...bad })).toEqual(refused('invalid', 'fields'))
        }
        expect((await log.append([{ entry: good, author: AUTHOR, serverTime: 0.5 }])).results).toEqual([refused('invalid', 'fields')])
        expect(await one({ ...good, clientTime: Number.MAX_SAFE_INTEGER })).toEqual(stored(1))
        expect((await log.read(SPACE, 0, 1e6, 10)).entries[0]?.clientTime).toBe(Number.MAX_SAFE_INTEGER)
      })

      it('[ADM8] a refused first entry does not claim the item', async () => {
        const item = make.id()
        expect(await one(prose(item, Uint8Array.of(1, 2, 3)))).toEqual(refused('invalid', 'malformed'))
        expect(await log.spaceOf(item)).toBeNull()
      })
    })

    describe('prose', () => {
      it('[ADM1] one clientID is continued by one writer, without gap or overlap', async () => {
        const item = make.id()
        const [first, second, third] = words(3)
        expect(await one(prose(item, second!))).toEqual(refused('gap', 'clock'))
        expect(await one(prose(item, first!))).toEqual(stored(1))
        expect(await one(prose(item, third!))).toEqual(refused('gap', 'clock'))
        expect(await one(prose(item, second!, OTHER_WRITER))).toEqual(refused('invalid', 'other-writer'))
        expect(await one(prose(item, second!), OTHER_AUTHOR)).toEqual(refused('invalid', 'other-writer'))
        expect(await one(prose(item, Y.mergeUpdates([first!, second!])))).toEqual(refused('invalid', 'overlap'))
        expect(await one(prose(item, first!))).toEqual(refused('invalid', 'overlap'))
        expect(await one(prose(item, Y.mergeUpdates([second!, third!])))).toEqual(stored(2))
        // Elsewhere the same clientID is somebody else's.
        expect(await one(prose(make.id(), first!, OTHER_WRITER), OTHER_AUTHOR)).toEqual(stored(3))
      })

      it('[ADM2] [INV11] refuses what would leave readers waiting: unknown dependencies and unknown deletions', async () => {
        const item = make.id()
        const [one1, two] = [createTypist(1), createTypist(2)]
        const base = one1.type('basis')
        two.receive(base)
        const onTop = two.type('X', 2)
        const erased = two.erase(0, 1)
        expect(await one(prose(item, onTop, OTHER_WRITER))).toEqual(refused('gap', 'depends'))
        expect(await one(prose(item, erased, OTHER_WRITER))).toEqual(refused('gap', 'deletes'))
        expect(await one(prose(item, base))).toEqual(stored(1))
        expect(await one(prose(item, onTop, OTHER_WRITER))).toEqual(stored(2))
        expect(await one(prose(item, erased, OTHER_WRITER))).toEqual(stored(3))
        expect(await one(prose(item, erased, OTHER_WRITER), OTHER_AUTHOR)).toEqual(stored(4))
      })

      it('[ADM2] [INV11] refuses an update whose own structs wait for each other for ever', async () => {
        // Each of two clientIDs begins with a character to the right of the other's first.
        const knot = (first: number, second: number): number[] => [1, first, 0, 0x80 | 4, second, 0, 1, 120]
        const update = Uint8Array.from([2, ...knot(2, 1), ...knot(1, 2), 0])
        expect(await one(prose(make.id(), update))).toEqual(refused('invalid', 'knot'))
      })

      it('[ADM2] takes several clientIDs of one writer in one update, whatever their order', async () => {
        const [one1, two] = [createTypist(1), createTypist(2)]
        const a = one1.type('abc')
        two.receive(a)
        const b = two.type('d')
        one1.receive(b)
        const c = one1.type('e')
        expect(await one(prose(make.id(), Y.mergeUpdates([a, b, c])))).toEqual(stored(1))
      })

      it('[ADM2] [ADM3] an update may delete from very many clientIDs, and continue only so many', async () => {
        const item = make.id()
        const root = createTypist(1_000_000)
        const insertions: NewEntry[] = []
        for (let client = 1; client <= 200; client++) {
          const typist = createTypist(client)
          insertions.push(prose(item, typist.type('x')))
          root.receive(insertions.at(-1)!.payload)
        }
        const eraseAll = root.erase(0, 200)
        await append(insertions.slice(0, 199))
        expect(await one(prose(item, eraseAll))).toEqual(refused('gap', 'deletes'))
        // The last one comes in the very same batch.
        expect((await append([insertions[199]!, prose(item, eraseAll)])).results).toEqual([stored(200), stored(201)])
        const crowd = Y.mergeUpdates(Array.from({ length: 1_001 }, (_, client) => createTypist(client + 1).type('x')))
        expect(await one(prose(make.id(), crowd))).toEqual(refused('invalid', 'malformed'))
      })

      it('takes what no window can draw, byte for byte: the relay does not know what an editor draws', async () => {
        for (const write of [
          (doc: Y.Doc) => doc.getText('prose').insert(0, 'kaal'),
          (doc: Y.Doc) => (doc.getXmlFragment('prose') as unknown as { insert(at: number, what: unknown[]): void }).insert(0, ['kaal', new Y.Map(), new Y.XmlElement('paragraph')]),
        ]) {
          const doc = new Y.Doc()
          write(doc)
          const [item, payload] = [make.id(), Y.encodeStateAsUpdate(doc)]
          expect((await one(prose(item, payload))).kind).toBe('stored')
          expect((await log.readItem(SPACE, item, 'prose', 1, 10, 10)).map((entry) => entry.payload)).toEqual([payload])
        }
      })

      it('[ADM3] refuses subdocuments, garbage, the second encoding, nothing at all', async () => {
        const doc = new Y.Doc()
        doc.getMap('m').set('sub', new Y.Doc())
        expect(await one(prose(make.id(), Y.encodeStateAsUpdate(doc)))).toEqual(refused('invalid', 'subdocument'))
        expect(await one(prose(make.id(), Uint8Array.of(255, 255, 255)))).toEqual(refused('invalid', 'malformed'))
        expect(await one(prose(make.id(), new Uint8Array()))).toEqual(refused('invalid', 'malformed'))
        expect(await one(prose(make.id(), Uint8Array.of(0, 0)))).toEqual(refused('invalid', 'empty'))
        const text = new Y.Doc()
        text.getText('prose').insert(0, 'hallo')
        expect((await one(prose(make.id(), Y.encodeStateAsUpdateV2(text)))).kind).toBe('refused')
      })
    })

    describe('facts', () => {
      it('[ADM4] one actor is continued by one writer, seq by seq, with known dependencies', async () => {
        const item = make.id()
        const [a, b] = [createRegistrar('a1'.repeat(16)), createRegistrar('b2'.repeat(16))]
        const [first, second, third] = [a.set('title', '1'), a.set('title', '2'), a.set('title', '3')]
        b.receive(first, second)
        const onTop = b.set('owner', 'x')
        expect(await one(facts(item, onTop, OTHER_WRITER))).toEqual(refused('gap', 'depends'))
        expect(await one(facts(item, second))).toEqual(refused('gap', 'seq'))
        expect(await one(facts(item, first))).toEqual(stored(1))
        expect(await one(facts(item, second, OTHER_WRITER))).toEqual(refused('invalid', 'other-writer'))
        expect(await one(facts(item, second), OTHER_AUTHOR)).toEqual(refused('invalid', 'other-writer'))
        expect(await one(facts(item, concatBytes([second, third])))).toEqual(stored(2))
        expect(await one(facts(item, onTop, OTHER_WRITER))).toEqual(stored(3))
      })

      it('[ADM4] operations numbered beyond what this log can hold are invalid, but what only waits for others is told so', async () => {
        const item = make.id()
        const a = createRegistrar('a1'.repeat(16))
        const [first, second] = [a.set('title', '1'), a.set('title', '2')]
        const late = (change: Uint8Array, startOp: number): Uint8Array => {
          const { hash: _hash, ...decoded } = A.decodeChange(change)
          return A.encodeChange({ ...decoded, startOp } as Parameters<typeof A.encodeChange>[0])
        }
        const far = 3 * FACTS_OPERATIONS_COUNT_MAX
        // As after an old backup was put back: it may be honest, and comes again when the rest is there.
        expect(await one(facts(item, late(second, far)))).toMatchObject({ kind: 'refused', code: 'gap' })
        expect(await one(facts(item, late(first, far)))).toEqual(refused('invalid', 'operations'))
        expect(await one(facts(item, first))).toEqual(stored(1))
        expect(await one(facts(item, late(second, far)))).toEqual(refused('invalid', 'operations'))
        expect(await one(facts(item, second))).toEqual(stored(2))
      })

      it('[ADM4] the numbers of operations are counted by item: a large space gives nobody room to use them up', async () => {
        const [large, item] = [make.id(), make.id()]
        for (let i = 1; i <= 5; i++) expect(await one(facts(large, createRegistrar(`0${i}`.repeat(16)).set('title', String(i))))).toEqual(stored(i))
        const numbered = (change: Uint8Array, startOp: number): Uint8Array => {
          const { hash: _hash, ...decoded } = A.decodeChange(change)
          return A.encodeChange({ ...decoded, startOp } as Parameters<typeof A.encodeChange>[0])
        }
        const change = (actor: string): Uint8Array => createRegistrar(actor.repeat(16)).set('title', actor)
        // What six entries of the space may number is far beyond what the first change of an item may.
        expect(await one(facts(item, numbered(change('b1'), 2 * FACTS_OPERATIONS_COUNT_MAX)))).toEqual(refused('invalid', 'operations'))
        expect(await one(facts(large, numbered(change('b2'), 5 * FACTS_OPERATIONS_COUNT_MAX)))).toEqual(stored(6))
        expect(await one(facts(large, numbered(change('b3'), 7 * FACTS_OPERATIONS_COUNT_MAX + 1)))).toEqual(refused('invalid', 'operations'))
        // Who goes on after the highest number there is, is within reach, whoever used it.
        expect(await one(facts(large, numbered(change('b4'), 5 * FACTS_OPERATIONS_COUNT_MAX + 1)))).toEqual(stored(7))
      })

      it('[ADM5] refuses the same seq with other content, and takes bytes that are known already', async () => {
        const item = make.id()
        const first = createRegistrar('a1'.repeat(16)).set('title', '1')
        const forged = createRegistrar('a1'.repeat(16)).set('title', 'anders')
        expect(await one(facts(item, first))).toEqual(stored(1))
        expect(await one(facts(item, forged))).toEqual(refused('invalid', 'overlap'))
        expect(await one(facts(item, first, OTHER_WRITER), OTHER_AUTHOR)).toEqual(stored(2))
      })

      it('[ADM4] refuses garbage and flipped bits', async () => {
        const change = createRegistrar('a1'.repeat(16)).set('title', '1').slice()
        change[change.length - 1]! ^= 1
        expect(await one(facts(make.id(), change))).toEqual(refused('invalid', 'malformed'))
        expect(await one(facts(make.id(), new Uint8Array()))).toEqual(refused('invalid', 'malformed'))
        expect(await one({ ...facts(make.id(), change), format: 'yjs1' })).toEqual(refused('invalid', 'format'))
      })
    })

    describe('acts', () => {
      const act = (item: Id, value: Parameters<typeof actToBytes>[0]): NewEntry =>
        make.entry({ space: SPACE, item, writer: WRITER, payload: actToBytes(value), part: 'act' })

      it('[ADM6] an act enters only when it may follow the acts before it, also within one batch', async () => {
        const item = make.id()
        const content = '{"title":"afspraak"}'
        const seal = sealOf(content)
        const adopt = act(item, { kind: 'adopt', seal, mandate: '' })
        expect(await one(adopt)).toEqual(refused('invalid', 'wrong-status'))
        const answer = await append([
          act(item, proposeAct(content, ['gemeente', 'VSV'])),
          act(item, { kind: 'sign', seal, party: 'gemeente', verdict: 'agreed', note: '' }),
          act(item, { kind: 'adopt', seal, mandate: '' }),
          act(item, { kind: 'sign', seal, party: 'VSV', verdict: 'reservation', note: 'tot juni' }),
          act(item, { kind: 'sign', seal: sealOf('anders'), party: 'VSV', verdict: 'agreed', note: '' }),
          act(item, { kind: 'adopt', seal, mandate: '' }),
        ])
        expect(answer.results).toEqual([
          stored(1), stored(2), refused('invalid', 'not-all-agreed'), stored(3), refused('invalid', 'other-seal'), stored(4),
        ])
      })

      it('the status survives reopening', async () => {
        const item = make.id()
        await one(act(item, proposeAct('inhoud', ['gemeente'])))
        log = await world.reopen()
        expect(await one(act(item, { kind: 'sign', seal: sealOf('inhoud'), party: 'gemeente', verdict: 'agreed', note: '' }))).toEqual(stored(2))
        expect(await one(act(item, { kind: 'revise', reason: '' }))).toEqual(stored(3))
        expect(await one(act(item, { kind: 'revise', reason: '' }))).toEqual(refused('invalid', 'wrong-status'))
      })

      it('[ADM6] refuses what is not an act, and a seal that does not fit its content', async () => {
        const item = make.id()
        expect(await one(make.entry({ space: SPACE, item, writer: WRITER, payload: Uint8Array.of(1), part: 'act' }))).toEqual(refused('invalid', 'malformed'))
        const wrong = { ...proposeAct('een', []), seal: sealOf('twee') } as Parameters<typeof actToBytes>[0]
        expect(await one(act(item, wrong))).toEqual(refused('invalid', 'seal-mismatch'))
      })
    })

    describe('reopening', () => {
      it('[INV1] what was answered is there afterwards, under the same epoch and seq, and the log goes on', async () => {
        const item = make.id()
        const payloads = words(5)
        const entries = payloads.map((payload) => prose(item, payload))
        await append(entries.slice(0, 3))
        const head = await log.head(SPACE)
        const before = await log.read(SPACE, 0, 1e6, 100)
        log = await world.reopen()
        expect(await log.head(SPACE)).toEqual(head)
        expect(await log.read(SPACE, 0, 1e6, 100)).toEqual(before)
        expect(await one(entries[2]!)).toEqual(stored(3, true))
        expect(await one(entries[4]!)).toEqual(refused('gap', 'clock'))
        expect(await one(entries[3]!)).toEqual(stored(4))
      })

      it('says that it is closed', async () => {
        await log.close()
        await expect(log.append([])).rejects.toMatchObject({ kind: 'closed' })
        await expect(log.head(SPACE)).rejects.toMatchObject({ kind: 'closed' })
      })
    })

    describe('reading with some left out', () => {
      it('[SNP3] gives every entry that nothing else stands for, once and in order, whatever the bounds, and says how far it looked', async () => {
        const [one, two] = [make.id(), make.id()]
        const typists = [createTypist(1), createTypist(2)]
        for (let i = 0; i < 30; i++) await append([prose(i % 3 === 0 ? two : one, typists[i % 3 === 0 ? 1 : 0]!.type(`${i} `))])
        await append([facts(one, createRegistrar('0a'.repeat(16)).set('title', 'x'))])
        const { entries: all } = await log.read(SPACE, 0, 1e9, 1000)
        const isLeft = (seq: number): boolean => all[seq - 1]!.item === one && all[seq - 1]!.part === 'prose' && seq <= 22
        for (const [bytesMax, countMax] of [[1e9, 1000], [1, 1000], [1e9, 1], [300, 3]] as const) {
          const found: number[] = []
          let cursor = 4
          while (cursor < all.length) {
            const { entries, cursorAfter, tailHashAfter } = await log.readSifted(SPACE, cursor, all.length, [{ item: one, part: 'prose', upToSeq: 22 }], bytesMax, countMax)
            expect(cursorAfter).toBeGreaterThan(cursor)
            expect(tailHashAfter).toEqual(await log.tailHashAt(SPACE, cursorAfter))
            for (const entry of entries) {
              expect(entry).toEqual(all[entry.seq - 1])
              expect(entry.seq > cursor && entry.seq <= cursorAfter).toBe(true)
              found.push(entry.seq)
            }
            cursor = cursorAfter
          }
          expect(found).toEqual(all.map(({ seq }) => seq).filter((seq) => seq > 4 && !isLeft(seq)))
        }
        const upTo = await log.readSifted(SPACE, 0, 10, [], 1e9, 1000)
        expect(upTo).toEqual({ epoch: (await log.head(SPACE))!.epoch, entries: all.slice(0, 10), cursorAfter: 10, tailHashAfter: await log.tailHashAt(SPACE, 10) })
        expect(await log.readSifted(SPACE, all.length, all.length, [], 1e9, 10)).toMatchObject({ entries: [], cursorAfter: all.length })
      })

      it('counts what was added per part of an item, in steps that join', async () => {
        const [one, two] = [make.id(), make.id()]
        const [mine, other] = [createTypist(1), createTypist(2)]
        for (let i = 0; i < 9; i++) await append([prose(one, mine.type('abc '))])
        await append([prose(two, other.type('d'))])
        const { entries: all } = await log.read(SPACE, 0, 1e9, 1000)
        const bytes = (item: Id, from: number, to: number) => all.filter((entry) => entry.item === item && entry.seq > from && entry.seq <= to).reduce((sum, { payload }) => sum + payload.length, 0)
        expect(await log.measure(SPACE, 0, 4)).toEqual({
          upToSeq: 4, tailHash: await log.tailHashAt(SPACE, 4), grown: [{ item: one, part: 'prose', entriesCount: 4, entriesBytes: bytes(one, 0, 4) }],
        })
        const rest = await log.measure(SPACE, 4, 1000)
        expect(rest.upToSeq).toBe(10)
        expect(rest.grown.toSorted((a, b) => b.entriesCount - a.entriesCount)).toEqual([
          { item: one, part: 'prose', entriesCount: 5, entriesBytes: bytes(one, 4, 9) },
          { item: two, part: 'prose', entriesCount: 1, entriesBytes: bytes(two, 9, 10) },
        ])
        expect((await log.measure(SPACE, 10, 1000)).grown).toEqual([])
        expect(await log.weigh(SPACE, one, 'prose', 2, 6)).toEqual({ entriesCount: 4, entriesBytes: bytes(one, 2, 6) })
        expect(await log.weigh(SPACE, one, 'facts', 0, 10)).toEqual({ entriesCount: 0, entriesBytes: 0 })
        expect(await log.weigh(OTHER_SPACE, one, 'prose', 0, 10)).toEqual({ entriesCount: 0, entriesBytes: 0 })
      })
    })

    it('[INV2] [INV5] a thousand hostile and honest requests leave a log that is dense and can be read by Yjs and Automerge', async () => {
      const dice = seededDice(42)
      const typists = [1, 2, 3].map((clientID) => createTypist(clientID))
      const item = make.id()
      const sent: NewEntry[] = []
      for (let i = 0; i < 300; i++) {
        const which = dice.uint32() % 3
        const typist = typists[which]!
        const entry = prose(item, typist.type(`${i} `, 0), `${which}`.repeat(32))
        sent.push(entry)
        for (const other of typists) if (other !== typist && dice.uint32() % 2) other.receive(Y.encodeStateAsUpdate(typist.doc))
      }
      const requests: NewEntry[] = []
      for (const entry of sent) {
        requests.push(entry)
        const mangled = entry.payload.slice()
        mangled[dice.uint32() % mangled.length] = dice.uint32() & 255
        requests.push({ ...entry, entry: make.id(), payload: mangled }, { ...entry }, { ...entry, entry: make.id() })
      }
      for (let i = 0; i < requests.length; i += 100) await append(requests.slice(i, i + 100))
      const { entries } = await log.read(SPACE, 0, 1e7, 10_000)
      entries.forEach((entry, i) => expect(entry.seq).toBe(i + 1))
      expect(new Set(entries.map((entry) => entry.entry)).size).toBe(entries.length)
      const doc = new Y.Doc()
      for (const entry of entries) Y.applyUpdate(doc, entry.payload)
      expect(doc.store.pendingStructs).toBeNull()
      expect(doc.store.pendingDs).toBeNull()
      expect(entries.length).toBeGreaterThanOrEqual(300)
    })
  })
}
