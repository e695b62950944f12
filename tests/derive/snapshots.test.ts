/** Snapshots against the entries they stand for: however a history is cut into snapshots, they say what the entries say. */
import * as A from '@automerge/automerge/slim'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createBag } from '../../shared/base/dispose.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { below, chance, pick, seededDice } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { decodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { changesIn, loadFacts } from '../../server/derive/facts-document.ts'
import { createLogReader } from '../../server/derive/reader.ts'
import { createSnapshotBuilder } from '../../server/derive/snapshot-builder.ts'
import { createSnapshotService } from '../../server/derive/snapshot-service.ts'
import type { Erasure } from '../../server/store/erase.ts'
import type { CommittedRun } from '../../server/store/log.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createMemorySnapshots } from '../../server/store/memory-snapshots.ts'
import { systemClock } from '../../server/system.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { createEntryMaker, createRegistrar } from '../contract/payloads.ts'
import { unopenableChange } from '../support/raw-change.ts'

const AUTHORS = ['a0', 'b0', 'c0'].map((byte) => byte.repeat(16))
const SPACE = '50'.repeat(16)

/** Three people write, delete, format and answer in one item, now and then hearing of each other; entries as a log would have them. */
function historyOf(seed: number, stepsCount: number): Entry[] {
  const dice = seededDice(seed)
  const make = createEntryMaker(seed)
  const item = '17'.repeat(16)
  const entries: Entry[] = []
  const add = (part: 'prose' | 'facts', who: number, payload: Uint8Array): void => {
    const seq = entries.length + 1
    entries.push({ ...make.entry({ space: SPACE, item, writer: AUTHORS[who]!, payload, part }), seq, prevItemSeq: seq - 1, author: AUTHORS[who]!, serverTime: 1_763_700_000_000 + seq * 7_000 })
  }
  const docs = AUTHORS.map((_, who) => {
    const doc = new Y.Doc()
    doc.clientID = 100 + who
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'remote') add('prose', who, update)
    })
    return doc
  })
  const registrars = AUTHORS.map((_, who) => createRegistrar(`${who}a`.repeat(16)))
  const heard = AUTHORS.map(() => 0)
  for (let step = 0; step < stepsCount; step++) {
    const who = below(dice, AUTHORS.length)
    const doc = docs[who]!
    if (chance(dice, 0.3)) {
      for (const entry of entries.slice(heard[who])) {
        if (entry.author === AUTHORS[who]) continue
        if (entry.part === 'prose') Y.applyUpdate(doc, entry.payload, 'remote')
        else registrars[who]!.receive(entry.payload)
      }
      heard[who] = entries.length
    }
    const root = doc.getXmlFragment('prose')
    const texts = root.toArray().flatMap((node) => (node instanceof Y.XmlElement ? node.toArray() : [])).filter((node) => node instanceof Y.XmlText)
    doc.transact(() => {
      const kind = below(dice, 6)
      if (texts.length === 0 || kind === 0) {
        const element = new Y.XmlElement('paragraph')
        element.insert(0, [new Y.XmlText(`alinea ${step}`)])
        root.insert(below(dice, root.length + 1), [element])
      } else if (kind === 1 && root.length > 1) root.delete(below(dice, root.length), 1)
      else {
        const text = pick(dice, texts)
        const at = below(dice, text.length + 1)
        if (kind === 2 && text.length > 3) text.delete(0, 2)
        else if (kind === 3 && text.length > 3) text.format(0, 3, { bold: true })
        else text.insert(at, `w${step} `)
      }
    })
    if (chance(dice, 0.4)) add('facts', who, registrars[who]!.set(pick(dice, ['title', 'owner', 'theme']), `antwoord ${step} van ${who}`))
  }
  return entries
}

const proseOf = (...updates: Uint8Array[]): string => {
  const doc = createProseDoc()
  for (const update of updates) Y.applyUpdate(doc, update)
  expect(doc.store.pendingStructs ?? doc.store.pendingDs).toBeNull()
  return JSON.stringify(doc.getXmlFragment('prose').toArray().map((node) => (node as Y.XmlElement).toArray().map((text) => (text as Y.XmlText).toDelta() as unknown)))
}
const factsOf = (doc: A.Doc<Record<string, unknown>>): unknown => ({ now: A.toJS(doc), heads: A.getHeads(doc).toSorted(), conflicts: Object.keys(doc).map((path) => Object.values(A.getConflicts(doc, path) ?? {}).map(String).toSorted()) })

/** One snapshot after another, each made from the one before it. */
function builtAt(entries: readonly Entry[], part: 'prose' | 'facts', cuts: readonly number[]): Uint8Array | null {
  let body: Uint8Array | null = null
  let from = 0
  for (const cut of cuts) {
    const own = entries.slice(from, cut).filter((entry) => entry.part === part)
    from = Math.max(from, cut)
    if (own.length === 0) continue
    const builder = createSnapshotBuilder(part, body)
    builder.add(own)
    body = builder.finish()
    builder.dispose()
  }
  return body
}

test('[INV6] a snapshot made in any steps says what applying its entries says, and the entries after it go on from there', async () => {
  await loadFacts()
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.array(fc.nat(90), { maxLength: 4 }), fc.nat(20), (seed, inner, rest) => {
      const entries = historyOf(seed, 50)
      const upTo = Math.max(1, entries.length - rest)
      const cuts = [...inner.filter((cut) => cut < upTo).sort((a, b) => a - b), upTo]
      const after = entries.slice(upTo)
      for (const part of ['prose', 'facts'] as const) {
        const own = entries.filter((entry) => entry.part === part)
        const covered = own.filter(({ seq }) => seq <= upTo)
        const body = builtAt(entries, part, cuts)
        if (covered.length === 0) {
          expect(body).toBeNull()
          continue
        }
        const snapshot = decodeSnapshotBody(body!)
        expect(snapshot).toMatchObject({ changedAt: covered.at(-1)!.serverTime, changedBy: covered.at(-1)!.author })
        const later = after.filter((entry) => entry.part === part).map(({ payload }) => payload)
        if (part === 'prose') {
          expect(proseOf(snapshot.content)).toBe(proseOf(...covered.map(({ payload }) => payload)))
          expect(proseOf(snapshot.content, ...later)).toBe(proseOf(...own.map(({ payload }) => payload)))
          // Served together with what it stands for, it changes nothing.
          expect(proseOf(...own.map(({ payload }) => payload), snapshot.content)).toBe(proseOf(...own.map(({ payload }) => payload)))
          for (const { payload, author, seq } of covered) {
            const header = readProseHeader(payload)
            if (typeof header === 'string') throw new Error(header)
            for (const { client, from, to } of header.blocks) {
              const hand = snapshot.attribution.hands.find(({ key }) => key === String(client))!
              expect(hand.author).toBe(author)
              expect(hand.stretches.find((one) => one.from <= from && to <= one.to)!.seq).toBeGreaterThanOrEqual(seq)
            }
          }
        } else {
          const actor = 'ff'.repeat(16)
          const [whole] = A.applyChanges(A.init<Record<string, unknown>>({ actor }), covered.flatMap(({ payload }) => changesIn(payload)))
          const loaded = A.load<Record<string, unknown>>(snapshot.content, { actor })
          expect(factsOf(loaded)).toEqual(factsOf(whole))
          const [all] = A.applyChanges(whole, later.flatMap(changesIn))
          expect(factsOf(A.applyChanges(loaded, later.flatMap(changesIn))[0])).toEqual(factsOf(all))
        }
      }
    }),
    { numRuns: 25, seed: 8 },
  )
})

test('[INV6] an entry that cannot be applied, or waits for another, makes no snapshot', async () => {
  await loadFacts()
  const entries = historyOf(5, 40)
  const prose = entries.filter(({ part }) => part === 'prose')
  const finish = (some: readonly Entry[]): Uint8Array => {
    const builder = createSnapshotBuilder('prose', null)
    builder.add(some)
    return builder.finish()
  }
  expect(() => finish(prose.slice(1))).toThrow()
  expect(() => finish([...prose, { ...prose[0]!, payload: Uint8Array.of(1, 2, 3) }])).toThrow()
  expect(() => createSnapshotBuilder('facts', Uint8Array.of(9))).toThrow()
  const facts = entries.filter(({ part }) => part === 'facts')
  const builder = createSnapshotBuilder('facts', null)
  builder.add([...facts, { ...facts[0]!, payload: unopenableChange() }])
  expect(() => builder.finish()).toThrow(/mismatching heads/)
})

test('what grew is built in the thread that reads, and again only after it grew as much again; a replaced history is begun anew', async () => {
  const bag = createBag()
  const make = createEntryMaker(9)
  const log = createMemoryLog({ dice: seededDice(9) })
  const snapshots = createMemorySnapshots()
  const committed = createEmitter<CommittedRun>()
  const reports: { kind: string; [detail: string]: unknown }[] = []
  const report = (event: { kind: string; [detail: string]: unknown }): void => void reports.push(event)
  await log.ensureSpace(SPACE)
  const service = createSnapshotService({
    log, relay: { onDidCommit: committed.event, onDidErase: createEmitter<Erasure>().event }, snapshots, clock: systemClock, report, spaces: () => [SPACE], entriesCountMin: 30,
    openReader: () => createLogReader({ log, clock: systemClock, report }),
  })
  bag.add(service)
  try {
    const doc = new Y.Doc()
    doc.clientID = 7
    const item = make.id()
    const type = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const before = Y.encodeStateVector(doc)
        doc.getText('words').insert(0, `${i} `)
        const entry = make.entry({ space: SPACE, item, writer: AUTHORS[0]!, payload: Y.encodeStateAsUpdate(doc, before) })
        const { runs } = await log.append([{ entry, author: AUTHORS[0]!, serverTime: 1_763_700_000_000 }])
        for (const run of runs) committed.fire(run)
      }
      await service.level()
    }
    await type(20)
    expect(await snapshots.labels(SPACE)).toEqual([])
    await type(20)
    const [first] = await snapshots.labels(SPACE)
    expect(first).toMatchObject({ item, part: 'prose', toSeq: 40, entriesCount: 40, tailHash: await log.tailHashAt(SPACE, 40) })
    await type(20)
    expect(await snapshots.labels(SPACE)).toEqual([first])
    await type(30)
    const [second] = await snapshots.labels(SPACE)
    expect(second).toMatchObject({ toSeq: 90, entriesCount: 90 })
    const text = new Y.Doc()
    Y.applyUpdate(text, decodeSnapshotBody((await snapshots.body(second!))!).content)
    expect(text.getText('words').toJSON()).toBe(doc.getText('words').toJSON())

    await snapshots.note(SPACE, { seq: 90, tailHash: new Uint8Array(16).fill(9) }, [])
    await type(1)
    expect(await snapshots.labels(SPACE)).toMatchObject([{ toSeq: 91, entriesCount: 91 }])
    expect(reports).toEqual([])
  } finally {
    bag.dispose()
  }
})
