/** What a client lacks, told without a document: the client has everything afterwards, whatever it had before, deletions included. */
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { keptProse, shortAnswer } from '../../server/derive/short-answer.ts'
import type { SnapshotLabel } from '../../server/store/snapshots.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { encodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'

const SPACE = '50'.repeat(16)
const ITEM = '17'.repeat(16)
const TAIL = new Uint8Array(16).fill(3)

/** Three people who type and delete in one document, and hear each other now and then. Out: one update an edit, in an order the log can take. */
function written(dice: Dice, count: number): Uint8Array[] {
  const people = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc(), { clientID }))
  const updates: Uint8Array[] = []
  const heard = people.map(() => 0)
  for (let i = 0; i < count; i++) {
    const at = dice.uint32() % people.length
    const doc = people[at]!
    if (dice.uint32() % 3 === 0) for (; heard[at]! < updates.length; heard[at]!++) Y.applyUpdate(doc, updates[heard[at]!]!)
    const before = Y.encodeStateVector(doc)
    let update: Uint8Array | null = null
    doc.once('update', (bytes: Uint8Array) => (update = bytes))
    const text = doc.getText('prose')
    if (text.length > 3 && dice.uint32() % 3 === 0) text.delete(dice.uint32() % (text.length - 2), 2)
    else text.insert(dice.uint32() % (text.length + 1), `${i} `)
    updates.push(update ?? Y.encodeStateAsUpdate(doc, before))
  }
  return updates
}

const docOf = (updates: readonly Uint8Array[]): Y.Doc => {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}
/** Text, clocks and deletions. */
const stateOf = (doc: Y.Doc): unknown => [doc.getText('prose').toString(), Y.encodeStateVector(doc), Y.encodeSnapshot(Y.snapshot(doc))]

const logOf = (updates: readonly Uint8Array[]) => ({
  readItem: (_space: string, _item: string, _part: unknown, fromSeq: number, upToSeq: number, countMax: number) =>
    Promise.resolve(updates.map((payload, i) => ({ seq: 2 * i + 2, payload }) as Entry).filter(({ seq }) => seq >= fromSeq && seq <= upToSeq).slice(0, countMax)),
  tailHashAt: () => Promise.resolve(TAIL),
})
/** In: what a snapshot of the first so many holds. */
const keptOf = (updates: readonly Uint8Array[], count: number, tailHash = TAIL) => {
  const body = encodeSnapshotBody({ changedAt: 1, changedBy: 'a0'.repeat(16), attribution: { hands: [] }, content: Y.encodeStateAsUpdate(docOf(updates.slice(0, count))) })
  const label: SnapshotLabel = { space: SPACE, item: ITEM, part: 'prose', toSeq: 2 * count, tailHash, bodyBytes: body.length, entriesCount: count, entriesBytes: 1 }
  return { labels: () => Promise.resolve([label]), body: () => Promise.resolve(body) }
}

test('whoever knows a part of a short document has all of it afterwards, deletions included', async () => {
  const dice = namedDice(1, 'short answers')
  for (let round = 0; round < 60; round++) {
    const updates = written(dice, 1 + (dice.uint32() % 64))
    const client = docOf(updates.slice(0, dice.uint32() % (updates.length + 1)))
    const answer = await shortAnswer({ log: logOf(updates) }, SPACE, ITEM, Y.encodeStateVector(client))
    for (const update of answer!.updates) Y.applyUpdate(client, update)
    const whole = docOf(updates)
    expect(stateOf(client)).toEqual(stateOf(whole))
    expect(client.store.pendingStructs).toBeNull()
    expect(Y.decodeStateVector(answer!.stateVector)).toEqual(Y.decodeStateVector(Y.encodeStateVector(whole)))
    expect(answer!.seq).toBe(2 * updates.length)
  }
})

test('whoever knows all of it is told what was deleted and nothing else', async () => {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  doc.getText('prose').insert(0, 'een lang woord dat niemand nog eens hoeft te horen')
  const known = Y.encodeStateVector(doc)
  expect((await shortAnswer({ log: logOf(updates) }, SPACE, ITEM, known))!.updates).toEqual([])
  doc.getText('prose').delete(0, 4)
  const [only, ...more] = (await shortAnswer({ log: logOf(updates) }, SPACE, ITEM, known))!.updates
  expect(more).toEqual([])
  expect(only!.length).toBeLessThan(16)
})

test('nothing is told of an item that nobody wrote, and a long one is left to the thread that reads', async () => {
  const nobody = await shortAnswer({ log: logOf([]) }, SPACE, ITEM, Uint8Array.of(0))
  expect(nobody).toEqual({ updates: [], stateVector: Uint8Array.of(0), seq: 0 })
  const updates = written(namedDice(2, 'short answers'), 65)
  expect(await shortAnswer({ log: logOf(updates) }, SPACE, ITEM, Uint8Array.of(0))).toBeNull()
})

test('[6] somebody new to a long document gets its snapshot and what came after it; somebody who knows a part does not', async () => {
  const updates = written(namedDice(3, 'short answers'), 200)
  const snapshots = keptOf(updates, 180)
  const client = new Y.Doc()
  const answer = await shortAnswer({ log: logOf(updates), snapshots }, SPACE, ITEM, Y.encodeStateVector(client))
  expect(answer!.updates).toHaveLength(21)
  for (const update of answer!.updates) Y.applyUpdate(client, update)
  expect(stateOf(client)).toEqual(stateOf(docOf(updates)))
  expect(await shortAnswer({ log: logOf(updates), snapshots }, SPACE, ITEM, Y.encodeStateVector(docOf(updates.slice(0, 9))))).toBeNull()
})

test('[SNP5] a snapshot of another history, or one that cannot be read, is not told', async () => {
  const updates = written(namedDice(4, 'short answers'), 100)
  expect(await keptProse(logOf(updates), keptOf(updates, 90), SPACE, ITEM)).toMatchObject({ toSeq: 180 })
  expect(await keptProse(logOf(updates), keptOf(updates, 90, new Uint8Array(16)), SPACE, ITEM)).toBeNull()
  expect(await keptProse(logOf(updates), { ...keptOf(updates, 90), body: () => Promise.resolve(Uint8Array.of(1, 2)) }, SPACE, ITEM)).toBeNull()
  expect(await keptProse(logOf(updates), { ...keptOf(updates, 90), body: () => Promise.resolve(null) }, SPACE, ITEM)).toBeNull()
})
