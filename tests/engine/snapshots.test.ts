// Catching up with snapshots: the engine, the relay and the builder that ship, in one process and in virtual time.
import { CLOSE } from '../../shared/model/errors.ts'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId, type SpaceId } from '../../shared/base/ids.ts'
import { namedDice, seededDice } from '../../shared/base/random.ts'
import type { Person } from '../../shared/model/people.ts'
import { decodeDown, decodeUp, encodeDown, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { DownMessage, UpMessage } from '../../shared/protocol/messages/index.ts'
import { createSnapshotService } from '../../server/derive/snapshot-service.ts'
import { createRelay } from '../../server/relay/relay.ts'
import { createMemoryLog, restoreMemoryLog, type MemoryLog } from '../../server/store/memory-log.ts'
import { createMemorySnapshots } from '../../server/store/memory-snapshots.ts'
import { createMemoryDevice, type MemoryDevice, type MemoryStoreHooks } from '../../client/engine/memory-store.ts'
import { createVirtualDirectory } from '../simulation/directory.ts'
import { snapshotReader } from '../support/snapshot-reader.ts'
import { createRelayLine, openOnRelay } from './support/relay-line.ts'
import { proseText, type, virtualClock } from './support/world.ts'

const ANNE: Person = { user: 'a0'.repeat(16), name: 'verloskundige', job: 'verloskundige', organisation: 'Schiedam', color: 1 }
const BEN: Person = { user: 'b0'.repeat(16), name: 'projectleider', job: 'projectleider', organisation: 'Schiedam', color: 2 }

interface Wire {
  /** Changes what the relay says; null: says nothing. */
  down?(message: DownMessage): DownMessage | null
}

async function setup() {
  const dice = seededDice(21)
  const clock = virtualClock()
  const space: SpaceId = newId(dice)
  const directory = createVirtualDirectory([ANNE, BEN], [{ space, kind: 'municipality', name: 'Schiedam' }])
  for (const { user } of [ANNE, BEN]) directory.setRole(user, space, 'member')
  const faults: { kind: string }[] = []
  const report = (event: { kind: string }): void => void faults.push(event)
  const kept = createMemorySnapshots()
  const world = { log: createMemoryLog({ dice }) as MemoryLog, relay: null as unknown as ReturnType<typeof createRelay>, build: async (): Promise<void> => undefined }
  const begin = async (log: MemoryLog): Promise<void> => {
    world.log = log
    world.relay = createRelay({ log, directory, clock, dice, build: 'test', snapshots: { kept, policy: { entriesCountMin: 20, gainMin: 1 } }, report })
    const service = createSnapshotService({ log, relay: world.relay, snapshots: kept, openReader: await snapshotReader(log), clock, report, spaces: () => [space], entriesCountMin: 10 })
    world.build = async () => {
      await clock.answer(service.level())
    }
  }
  await begin(world.log)
  const line = createRelayLine(clock, () => world.relay)
  let lives = 0
  const open = async (me: Person, options: { device?: MemoryDevice; wire?: Wire; hooks?: MemoryStoreHooks } = {}) => {
    const device = options.device ?? createMemoryDevice()
    const store = device.openStore(options.hooks)
    const up: UpMessage[] = []
    const down: DownMessage[] = []
    const laptop = await openOnRelay({
      store, clock, me, dice: namedDice(21, `${me.user} ${++lives}`),
      transport: line.transport(me.user, {
        up: (frame) => void up.push(...decodeUp(frame)),
        down(frame) {
          const messages = decodeDown(frame).flatMap((message) => (options.wire?.down ? (options.wire.down(message) ?? []) : message))
          down.push(...messages)
          return messages.length > 0 ? encodeDown(...messages) : null
        },
      }),
    })
    await clock.pass(1_000)
    return { ...laptop, store, device, up, down, count: (kind: DownMessage['type']) => down.filter((message) => message.type === kind).length }
  }
  /** One person writes an item in many entries, and answers in it. */
  const write = async (laptop: Awaited<ReturnType<typeof open>>, item: string, doc: Y.Doc, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      type(doc, `woord${i} `)
      if (i % 5 === 0) await clock.answer(laptop.engine.editFacts(item, [{ op: 'set', path: 'owner', value: `eigenaar ${i}` }]))
      await clock.pass(120)
    }
    await clock.pass(500)
  }
  return { ...world, world, clock, space, directory, kept, faults, open, write, begin, cut: (code?: number) => line.end(code) }
}

async function withHistory() {
  const it = await setup()
  const anne = await it.open(ANNE)
  const item = await it.clock.answer(anne.engine.createItem({ space: it.space, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null }))
  const doc = await anne.follow(item)
  await it.write(anne, item, doc, 60)
  await it.world.build()
  return { ...it, anne, item, doc, answer: it.clock.answer }
}
type History = Awaited<ReturnType<typeof withHistory>>

/** What a laptop shows of the item equals what its author has, and its row and cursor say so too. */
async function expectSame({ clock, anne, item, world, space }: History, laptop: Awaited<ReturnType<History['open']>>): Promise<void> {
  const [mine, theirs] = [await clock.answer(anne.engine.openItem(item)), await clock.answer(laptop.engine.openItem(item))]
  const text = ({ prose }: typeof mine): string => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, prose.update)
    expect(doc.store.pendingStructs).toBeNull()
    return proseText(doc)
  }
  expect(text(theirs)).toBe(text(mine))
  expect(theirs.facts.registers).toEqual(mine.facts.registers)
  expect((await clock.answer(laptop.engine.sealContent(item))).seal).toBe((await clock.answer(anne.engine.sealContent(item))).seal)
  const [row] = await laptop.store.spaces()
  expect(row!.cursor).toBe((await world.log.head(space))!.head)
  expect(row!.tailHash).toEqual(await world.log.tailHashAt(space, row!.cursor))
  expect((await clock.answer(laptop.engine.freshRows(space))).find((row) => row.item === item)).toMatchObject({ title: 'Roken', owner: mine.facts.registers.owner })
}

test('[SNP3][INV8] a fresh laptop gets snapshots in the place of entries, shows the same, writes on, and everybody has it', async () => {
  const it = await withHistory()
  const ben = await it.open(BEN)
  expect(ben.count('snapshot')).toBe(2)
  expect(ben.count('sifted')).toBeGreaterThan(0)
  await expectSame(it, ben)
  expect((await ben.store.entriesOf(it.item, 'prose')).snapshot).toMatchObject({ adopted: true })
  const own = await ben.follow(it.item)
  type(own, 'van ben ')
  await it.clock.answer(ben.engine.editFacts(it.item, [{ op: 'set', path: 'owner', value: 'ben' }]))
  await it.clock.pass(1_000)
  await expectSame(it, ben)
  expect(proseText(it.doc)).toContain('van ben')
  expect(await ben.engine.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
  expect(it.faults).toEqual([])
})

test('[SNP7][INV3] killed between any two writes while it leaps, a laptop begins again where it was and ends with everything', async () => {
  const it = await withHistory()
  const isOfLeap = (operation: string): boolean => operation === 'adoptSnapshot' || operation === 'putRun'
  let commits = 0
  await it.open(BEN, { hooks: { afterCommit: (operation) => (isOfLeap(operation) && commits++, 'go') } })
  expect(commits).toBeGreaterThan(2)
  for (let at = 1; at <= commits; at++) {
    const device = createMemoryDevice()
    let count = 0
    await it.open(BEN, { device, hooks: { afterCommit: (operation) => (isOfLeap(operation) && ++count === at ? 'crash' : 'go') } })
    const [row] = await device.openStore().spaces()
    if (row!.cursor > 0) expect(row!.tailHash).toEqual(await it.world.log.tailHashAt(it.space, row!.cursor))
    await expectSame(it, await it.open(BEN, { device }))
  }
})

test('[SNP7] a run that leaves out what no snapshot stands for ends the connection, and nothing of it is stored', async () => {
  const it = await withHistory()
  // Whoever goes on after the snapshot names what came before: that is what the hole shows by. Another item's snapshot is later, so both are in one run.
  type(it.doc, 'daarna ')
  await it.clock.pass(1_000)
  const other = await it.clock.answer(it.anne.engine.createItem({ space: it.space, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: 'Bewegen' }], prose: null }))
  await it.write(it.anne, other, await it.anne.follow(other), 60)
  await it.world.build()
  let isLying = true
  const ben = await it.open(BEN, {
    wire: {
      down(message) {
        if (message.type === 'sifted') isLying = false
        return isLying && message.type === 'snapshot' && message.item === it.item ? null : message
      },
    },
  })
  await it.clock.pass(5_000)
  expect(ben.up.filter((message) => message.type === 'hello').length).toBeGreaterThan(1)
  await expectSame(it, ben)
})

test('[SNP8] a snapshot that cannot be read is not stored, and the entries come instead', async () => {
  const it = await withHistory()
  const bad = (message: DownMessage): DownMessage => (message.type === 'snapshot' ? { ...message, payload: message.payload.map((byte, i) => (i > 60 ? byte ^ 0x2a : byte)) } : message)
  const ben = await it.open(BEN, { wire: { down: bad } })
  await it.clock.pass(5_000)
  expect(ben.up.filter((message) => message.type === 'hello').map(({ protoMax }) => protoMax)).toEqual([PROTO_MAX, PROTO_MIN])
  expect((await ben.store.entriesOf(it.item, 'prose')).snapshot).toBeNull()
  await expectSame(it, ben)

  // Asked to renew itself (a space with erasures), it greets as what it is again; asked once more, it is too old indeed.
  it.cut(CLOSE.upgrade.code)
  await it.clock.pass(60_000)
  expect(ben.up.filter((message) => message.type === 'hello').at(-1)?.protoMax).toBe(PROTO_MAX)
  expect((await it.answer(ben.engine.status())).connection).toBe('live')
  it.cut(CLOSE.upgrade.code)
  await it.clock.pass(60_000)
  expect((await it.answer(ben.engine.status())).connection).toBe('blocked')
})

test('[SNP7] an acknowledged entry that only a snapshot may hold is offered once, and not at every connection', async () => {
  const it = await withHistory()
  const ben = await it.open(BEN)
  const device = createMemoryDevice()
  let isCut = false
  const author = await it.open(ANNE, { device, wire: { down: (message) => (isCut && message.type === 'entries' ? null : message) } })
  isCut = true
  await it.clock.answer(author.engine.editFacts(it.item, [{ op: 'set', path: 'owner', value: 'gezien door niemand' }]))
  await it.clock.pass(1_000)
  const [unseen] = await author.store.unplaced(it.space)
  await it.clock.answer(author.engine.dispose())
  await it.write(ben, it.item, await ben.follow(it.item), 60)
  await it.world.build()
  const again = await it.open(ANNE, { device })
  await it.clock.pass(5_000)
  expect(again.count('sifted')).toBeGreaterThan(0)
  for (let i = 0; i < 3; i++) {
    it.cut()
    await it.clock.pass(60_000)
  }
  expect(again.up.flatMap((message) => (message.type === 'push' ? [message.entry] : []))).toEqual([unseen!.entry])
  expect(await again.engine.status()).toMatchObject({ state: 'relay', waitingCount: 0 })
  await expectSame(it, again)
})

test('[SNP9][INV8] after the log was put back, what came as a snapshot is asked for again, and nothing is there that the log does not have', async () => {
  const it = await withHistory()
  const backup = it.world.log.backup()
  await it.write(it.anne, it.item, it.doc, 12)
  await it.world.build()
  const ben = await it.open(BEN)
  expect(ben.count('snapshot')).toBe(2)
  await expectSame(it, ben)
  it.cut()
  it.world.log.crash()
  await it.begin(restoreMemoryLog(backup, { dice: seededDice(5) }))
  await it.clock.pass(120_000)
  expect((await ben.store.entriesOf(it.item, 'prose')).snapshot).toBeNull()
  await expectSame(it, ben)
  expect(await ben.engine.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
})

/** Ben has a window on what came as snapshots; then the log is put back to before the last of it was written. */
async function putBackUnderAWindow(isAuthorThere: boolean) {
  const it = await withHistory()
  const backup = it.world.log.backup()
  await it.write(it.anne, it.item, it.doc, 53)
  await it.world.build()
  const ben = await it.open(BEN)
  for (const part of ['prose', 'facts'] as const) expect((await ben.store.entriesOf(it.item, part)).entries).toEqual([])
  const shown = await ben.follow(it.item)
  expect(proseText(shown)).toBe(proseText(it.doc))
  const ownerShown = (): unknown => ben.events.findLast((event) => event.type === 'facts')?.facts.registers.owner
  if (!isAuthorThere) await it.anne.engine.dispose()
  it.cut()
  it.world.log.crash()
  await it.begin(restoreMemoryLog(backup, { dice: seededDice(5) }))
  await it.clock.pass(120_000)
  const rebuilt = ben.events.filter((event) => event.type === 'rebuilt')
  return { ...it, ben, shown, rebuilt, ownerShown }
}

test('[SNP9][INV8] a window on what only a snapshot had, and a log that was put back does not bring again, begins again, and what is typed in it reaches everybody', async () => {
  const it = await putBackUnderAWindow(false)
  expect(it.rebuilt).toEqual([{ type: 'rebuilt', item: it.item }])
  const fresh = await it.ben.follow(it.item)
  expect(fresh.getXmlFragment('prose').length).toBeLessThan(it.shown.getXmlFragment('prose').length)
  const { entries } = await it.ben.store.entriesOf(it.item, 'prose')
  const log = new Y.Doc()
  for (const { payload, seq } of entries) {
    expect(seq).not.toBeNull()
    Y.applyUpdate(log, payload)
  }
  expect(proseText(fresh)).toBe(proseText(log))
  expect(it.ownerShown()).toBe('eigenaar 55')
  expect((await it.clock.answer(it.ben.engine.freshRows(it.space))).find((row) => row.item === it.item)).toMatchObject({ owner: 'eigenaar 55' })
  type(fresh, 'daarna ')
  await it.clock.pass(60_000)
  expect(await it.ben.engine.status()).toMatchObject({ state: 'relay', parkedCount: 0 })
})

test('[SNP9] a window goes on as it is when the log that was put back brings everything again', async () => {
  const it = await putBackUnderAWindow(true)
  expect(it.rebuilt).toEqual([])
  expect(proseText(it.shown)).toBe(proseText(it.doc))
  await expectSame(it, it.ben)
})

test('a window that is open while a snapshot arrives shows it', async () => {
  const it = await setup()
  const anne = await it.open(ANNE)
  const item = await it.clock.answer(anne.engine.createItem({ space: it.space, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null }))
  const doc = await anne.follow(item)
  type(doc, 'eerst ')
  await it.clock.pass(500)
  const device = createMemoryDevice()
  const early = await it.open(BEN, { device })
  await early.engine.dispose()
  await it.write(anne, item, doc, 60)
  await it.world.build()
  let isHeld = true
  const held: { down?: Wire['down'] } = { down: (message) => (isHeld ? null : message) }
  const ben = await it.open(BEN, { device, wire: held })
  const shown = await ben.follow(item)
  expect(proseText(shown)).not.toContain('woord5')
  const facts: unknown[] = []
  ben.engine.onEvent((event) => {
    if (event.type === 'facts') facts.push(event.facts.registers.owner)
  })
  isHeld = false
  await it.clock.pass(60_000)
  expect(ben.count('snapshot')).toBeGreaterThan(0)
  expect(proseText(shown)).toBe(proseText(doc))
  expect(facts.at(-1)).toBe('eigenaar 55')
})

test('[SNP2] who wrote what is told of a snapshot without a connection, as the relay tells it with one', async () => {
  const it = await withHistory()
  const ben = await it.open(BEN)
  const prose = async (withRelay: boolean) => {
    const { moments, isWhole } = await it.clock.answer(ben.engine.timeline(it.item, { countMax: 100, withRelay }))
    return { isWhole, moments: moments.filter((moment) => moment.kind === 'prose').map(({ author, since, blockCount, addedChars }) => ({ author, since: Math.floor(since / 60_000), blockCount, addedChars })) }
  }
  const [here, whole] = [await prose(false), await prose(true)]
  expect(here.moments).toEqual(whole.moments)
  expect(here.moments).toMatchObject([{ author: ANNE.user, blockCount: 60 }])
  expect([here.isWhole, whole.isWhole]).toEqual([false, true])
})

test('[FET1] a laptop that got only a snapshot opens any version: text that was deleted later is there', async () => {
  const it = await withHistory()
  const paragraphs = it.doc.getXmlFragment('prose')
  paragraphs.delete(0, 30)
  await it.clock.pass(1_000)
  await it.write(it.anne, it.item, it.doc, 60)
  await it.world.build()
  const ben = await it.open(BEN)
  const { moments } = await it.clock.answer(ben.engine.timeline(it.item, { countMax: 100, withRelay: true }))
  const head = (await it.world.log.head(it.space))!.head
  expect(Math.max(...moments.map(({ upToSeq }) => upToSeq ?? 0))).toBe(head)
  const textAt = async (seq: number): Promise<string> => {
    const version = (await it.clock.answer(ben.engine.version(it.item, seq)))!
    const doc = new Y.Doc()
    Y.applyUpdate(doc, version.prose)
    return proseText(doc)
  }
  expect(await textAt(head)).toBe(proseText(it.doc))
  expect(await textAt(60)).toContain('woord5 ')
  expect(await textAt(60)).not.toContain('woord59 ')
  await ben.engine.dispose()
  const offline = await it.open(BEN, { device: ben.device, wire: { down: () => null } })
  expect(await it.clock.answer(offline.engine.version(it.item, 60))).toBeNull()
})
