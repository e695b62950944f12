/** Catching up with snapshots: who gets them, in which order, and that nothing is missing or sent to the wrong person. */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Clock } from '../../shared/base/clock.ts'
import { bytesEqual, concatBytes } from '../../shared/base/bytes.ts'
import { NO_ID, type Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { CATCH_UP_CREDIT_BYTES_MAX, PAYLOAD_BYTES_MAX, SOCKET_BUFFER_BYTES_MAX } from '../../shared/model/limits.ts'
import { PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { Down } from '../../shared/protocol/messages/index.ts'
import { decodeSnapshotBody, encodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { createSnapshotService } from '../../server/derive/snapshot-service.ts'
import { loadFacts } from '../../server/derive/facts-document.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createMemorySnapshots } from '../../server/store/memory-snapshots.ts'
import type { SnapshotPolicy, Snapshots } from '../../server/store/snapshots.ts'
import { createEntryMaker, createRegistrar, createTypist } from '../contract/payloads.ts'
import { snapshotReader } from '../support/snapshot-reader.ts'
import { ANNE, BEN, HELLO, setupRelay, SPACE, subTo, type TestConnection } from './world.ts'

beforeAll(() => loadFacts())

const POLICY: SnapshotPolicy = { entriesCountMin: 20, gainMin: 1 }
const AUTHOR = ANNE

/** A space in which one text was written in many small steps, with facts and another item between them. */
async function setup(options: { policy?: SnapshotPolicy; snapshots?: Snapshots; writesCount?: number } = {}) {
  const faults: ('unsure' | 'none')[] = []
  const log = createMemoryLog({ dice: seededDice(4), fault: () => faults.pop() ?? 'none' })
  const kept = options.snapshots ?? createMemorySnapshots()
  const world = setupRelay({ log, snapshots: { kept, policy: options.policy ?? POLICY } })
  const make = createEntryMaker(3)
  const [long, short] = [make.id(), make.id()]
  const typist = createTypist(7)
  const other = createTypist(8)
  const registrar = createRegistrar('0a'.repeat(16))
  await log.ensureSpace(SPACE)
  world.people.give(ANNE, SPACE, 'member')
  world.people.give(BEN, SPACE, 'member')
  const add = async (item: Id, part: 'prose' | 'facts', payload: Uint8Array, writer: Id = AUTHOR): Promise<void> => {
    const { results } = await log.append([{ entry: make.entry({ space: SPACE, item, writer, payload, part }), author: AUTHOR, serverTime: 1_763_700_000_000 }])
    expect(results[0]!.kind).toBe('stored')
  }
  for (let i = 0; i < (options.writesCount ?? 100); i++) {
    await add(long, 'prose', typist.type(`${i} `))
    if (i % 10 === 3) await add(short, 'prose', other.type('x'), BEN)
    if (i % 25 === 4) await add(long, 'facts', registrar.set('title', `titel ${i}`))
  }
  const openReader = await snapshotReader(log)
  /** What somebody did to the clock on the wall: it says another time, and goes as before. */
  const wall = { offsetMs: 0 }
  const clock: Clock = { now: () => world.clock.now() + wall.offsetMs, after: world.clock.after }
  const service = createSnapshotService({ log, relay: world.relay, snapshots: kept, openReader, clock, report: (event) => void world.reports.push(event), spaces: () => [SPACE], entriesCountMin: 30 })
  const build = async (): Promise<void> => {
    let isDone = false
    const done = service.level().then(() => (isDone = true))
    while (!isDone) await world.pass(1_000)
    await done
  }
  const level = async () => (await log.read(SPACE, 0, 1e9, 1e6)).entries
  const join = async (user: Id, protoMax: number, cursor = 0): Promise<TestConnection> => {
    const head = (await log.head(SPACE))!
    const connection = world.connect(user)
    connection.say({ ...HELLO, protoMax }, subTo(SPACE, cursor === 0 ? NO_ID : head.epoch, cursor, (await log.tailHashAt(SPACE, cursor))!))
    await world.settle()
    return connection
  }
  return { ...world, log, faults, wall, kept, typist, long, short, add, build, level, join }
}
const runs = (connection: TestConnection) => connection.received.filter((message): message is Down<'entries'> | Down<'sifted'> => message.type === 'entries' || message.type === 'sifted')
const bodiesOf = (connection: TestConnection) => {
  const bodies = new Map<string, { toSeq: number; body: Uint8Array }>()
  for (const { item, part, toSeq, payload } of connection.of('snapshot')) {
    const key = `${item}/${part}`
    bodies.set(key, { toSeq, body: concatBytes([bodies.get(key)?.body ?? new Uint8Array(), payload]) })
  }
  return bodies
}

test('[SNP3] a laptop that is far behind gets snapshots first, then the other entries, each once and in order, then live ones', async () => {
  const world = await setup()
  await world.build()
  await world.add(world.long, 'prose', world.typist.type('na '))
  const all = await world.level()
  const ben = await world.join(BEN, PROTO_MAX)
  const [snapshot, ...others] = ben.of('snapshot')
  expect(others).toEqual([])
  const covered = (item: Id, part: string, seq: number): boolean => item === world.long && part === 'prose' && seq <= snapshot!.toSeq
  expect(snapshot).toMatchObject({ item: world.long, part: 'prose', fromSeq: 1, toSeq: all.length - 1, format: 'yjs1', last: true })
  const kinds = ben.received.map(({ type }) => type)
  expect(kinds.slice(kinds.indexOf('subbed') + 1)).toEqual(['snapshot', 'sifted', 'entries'])
  let cursor = 0
  for (const run of runs(ben)) {
    if (run.type === 'sifted') expect(run.cursorBefore).toBe(cursor)
    expect(bytesEqual(run.tailHashAfter, (await world.log.tailHashAt(SPACE, run.cursorAfter))!)).toBe(true)
    cursor = run.cursorAfter
  }
  expect(cursor).toBe(all.length)
  expect(runs(ben).flatMap(({ entries }) => entries.map(({ seq }) => seq))).toEqual(all.filter((entry) => !covered(entry.item, entry.part, entry.seq)).map(({ seq }) => seq))
  const doc = new Y.Doc()
  Y.applyUpdate(doc, decodeSnapshotBody(snapshot!.payload).content)
  for (const { entries } of runs(ben)) for (const entry of entries) if (entry.item === world.long && entry.part === 'prose') Y.applyUpdate(doc, entry.payload)
  expect(doc.getText('words').toJSON()).toBe(world.typist.read())
  world.relay.accept({ send: () => undefined, bufferedBytes: () => 0, close: () => undefined }, ANNE)
  const anne = await world.join(ANNE, PROTO_MAX, all.length)
  const entry = createEntryMaker(77).entry({ space: SPACE, item: world.long, writer: AUTHOR, payload: world.typist.type('levend') })
  anne.push(entry)
  await world.pass(20)
  expect(runs(ben).at(-1)!.entries.map((one) => one.entry)).toEqual([entry.entry])
})

test('snapshots are made a minute after writing at the latest, also on a machine whose clock is set back', async () => {
  const world = await setup()
  world.people.give(ANNE, SPACE, 'leader')
  const anne = await world.join(ANNE, PROTO_MAX, (await world.level()).length)
  const write = (): void => void anne.push(createEntryMaker(world.clock.now()).entry({ space: SPACE, item: world.long, writer: AUTHOR, payload: world.typist.type('nu ') }))
  write()
  await world.pass(5_000)
  world.wall.offsetMs -= 2 * 86_400_000
  write()
  await world.pass(30_000)
  const [first] = await world.kept.labels(SPACE, world.long)
  expect(first).toMatchObject({ item: world.long, part: 'prose' })
  // Whoever never stops writing gets them too.
  for (let i = 0; i < 40; i++) {
    write()
    world.wall.offsetMs -= 60_000
    await world.pass(2_000)
  }
  const [second] = await world.kept.labels(SPACE, world.long)
  expect(second!.toSeq).toBeGreaterThan(first!.toSeq)
})

test('[ERA6] a snapshot of what was erased goes within the minute, also when whoever asked for it was told that the disk failed', async () => {
  const world = await setup()
  await world.build()
  expect(await world.kept.labels(SPACE, world.long)).toHaveLength(1)
  world.faults.push('unsure')
  const asked = world.relay.erase({ id: '01'.repeat(16), space: SPACE, item: world.long, mode: 'whole', time: 5, by: ANNE, reason: 'per ongeluk', ranges: [] })
  await expect(asked).rejects.toMatchObject({ kind: 'full' })
  await world.pass(60_000)
  expect(await world.kept.labels(SPACE, world.long)).toEqual([])
})

test('[ERA6] snapshots of which it was never noted up to where they go are thrown away at the first look', async () => {
  const world = await setup()
  await world.build()
  const [label] = await world.kept.labels(SPACE, world.long)
  const body = (await world.kept.body(label!))!
  // The note was lost, and the snapshot written after that; then the item was erased.
  await world.kept.forget(SPACE)
  await world.kept.put(label!, body)
  await world.relay.erase({ id: '01'.repeat(16), space: SPACE, item: world.long, mode: 'whole', time: 5, by: ANNE, reason: 'per ongeluk', ranges: [] })
  await world.build()
  expect(await world.kept.labels(SPACE, world.long)).toEqual([])
})

test('[SNP4] whoever speaks the first version, is hardly behind, or must re-check gets every entry', async () => {
  const world = await setup()
  await world.build()
  const all = (await world.level()).map(({ seq }) => seq)
  const old = await world.join(BEN, PROTO_MIN)
  expect(old.of('welcome')[0]!.proto).toBe(PROTO_MIN)
  const near = await world.join(BEN, PROTO_MAX, all.length - 10)
  const unknown = world.connect(BEN)
  unknown.say({ ...HELLO, protoMax: PROTO_MAX }, subTo(SPACE, 'ee'.repeat(16), 30))
  await world.settle()
  expect(unknown.of('subbed')[0]!.mode).toBe('recover')
  for (const connection of [old, near, unknown]) {
    expect(connection.of('snapshot')).toEqual([])
    expect(connection.of('sifted')).toEqual([])
  }
  expect([old.seqs(), near.seqs(), unknown.seqs()]).toEqual([all, all.slice(-10), all])
})

test('[SNP3] half-way behind, only what is worth it by size comes as a snapshot', async () => {
  const policy = { entriesCountMin: 20, gainMin: 1 }
  const world = await setup({ policy })
  await world.build()
  const [label] = await world.kept.labels(SPACE)
  // Worth it for whoever has nothing, and for whoever has less than a third.
  policy.gainMin = (0.67 * (label!.entriesBytes + 100 * label!.entriesCount)) / label!.bodyBytes
  const all = (await world.level()).map(({ seq }) => seq)
  for (const [cursor, isWorthIt] of [[0, true], [20, true], [70, false]] as const) {
    const ben = await world.join(BEN, PROTO_MAX, cursor)
    expect(ben.of('snapshot')).toHaveLength(isWorthIt ? 1 : 0)
    if (!isWorthIt) expect(ben.seqs()).toEqual(all.slice(cursor))
  }
})

test('[SNP5] a snapshot of another history, and one whose body is gone, are not used: the entries come', async () => {
  const inner = createMemorySnapshots()
  const world = await setup({ snapshots: inner })
  await world.build()
  const all = (await world.level()).map(({ seq }) => seq)
  const [label] = await inner.labels(SPACE)
  const body = (await inner.body(label!))!
  await inner.put({ ...label!, tailHash: new Uint8Array(16).fill(1) }, body)
  const ben = await world.join(BEN, PROTO_MAX)
  expect(ben.of('snapshot')).toEqual([])
  expect(ben.seqs()).toEqual(all)
  const gone = await setup({ snapshots: { ...inner, labels: async () => [label!], body: async () => null } })
  const late = await gone.join(BEN, PROTO_MAX)
  expect(late.of('snapshot')).toEqual([])
  expect(runs(late).flatMap(({ entries }) => entries.map(({ seq }) => seq))).toEqual(all)
  const broken = await setup({ snapshots: { ...inner, labels: () => Promise.reject(new Error('a disk')) } })
  const third = await broken.join(BEN, PROTO_MAX)
  expect(third.seqs()).toEqual(all)
  expect(broken.reports.map(({ kind }) => kind)).toContain('snapshots-failed')
})

test('[SNP6] a large one comes in pieces, as the socket has room, and no more than the credit before one is confirmed', async () => {
  const inner = createMemorySnapshots()
  const world = await setup({ snapshots: inner })
  await world.build()
  const [label] = await inner.labels(SPACE)
  const body = decodeSnapshotBody((await inner.body(label!))!)
  const large = encodeSnapshotBody({ ...body, content: new Uint8Array(CATCH_UP_CREDIT_BYTES_MAX).fill(7) })
  const weighty = { ...label!, bodyBytes: 1 }
  const labels = [weighty, { ...weighty, part: 'facts' as const }]
  const relay = await setup({ snapshots: { ...inner, labels: async () => labels, body: async () => large } })
  const ben = relay.connect(BEN)
  ben.buffered = SOCKET_BUFFER_BYTES_MAX + 1
  ben.say({ ...HELLO, protoMax: PROTO_MAX }, subTo(SPACE))
  await relay.settle()
  expect(ben.of('snapshot')).toEqual([])
  ben.buffered = 0
  await relay.pass(100)
  const pieces = ben.of('snapshot')
  expect(pieces).toHaveLength(Math.ceil(large.length / PAYLOAD_BYTES_MAX))
  expect(pieces.map(({ last }) => last)).toEqual(pieces.map((_, i) => i === pieces.length - 1))
  expect(bytesEqual(bodiesOf(ben).get(`${label!.item}/prose`)!.body, large)).toBe(true)
  expect(ben.of('sifted')).toEqual([])
  ben.say({ type: 'recv', space: SPACE, cursor: 0 })
  await relay.pass(100)
  expect(bytesEqual(bodiesOf(ben).get(`${label!.item}/facts`)!.body, large)).toBe(true)
  expect(ben.of('sifted')).toEqual([])
  ben.say({ type: 'recv', space: SPACE, cursor: 0 })
  await relay.pass(100)
  const head = (await relay.log.head(SPACE))!.head
  expect(runs(ben).at(-1)!.cursorAfter).toBe(head)
})

test('[INV7] nothing of a snapshot goes to somebody who lost the right meanwhile', async () => {
  const world = await setup()
  await world.build()
  const ben = world.connect(BEN)
  const label = (await world.kept.labels(SPACE))[0]!
  const body = world.kept.body.bind(world.kept)
  world.kept.body = async (asked) => {
    world.people.takeSilently(BEN, SPACE)
    return body(asked)
  }
  ben.say({ ...HELLO, protoMax: PROTO_MAX }, subTo(SPACE))
  await world.settle()
  expect(label.item).toBe(world.long)
  expect(ben.of('snapshot')).toEqual([])
  expect(runs(ben)).toEqual([])
})
