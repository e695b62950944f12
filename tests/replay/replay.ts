/**
 * Plays a recorded session with two real engines and a real relay. Who has received what is the recording's: frames wait on the line until
 * the recording says that they were there, and whoever received nothing for a while, and then everything, was offline. Virtual time stands
 * still while a real disk works, so the same code runs on the log in memory and on SQLite in its writer thread.
 */
import * as Y from 'yjs'
import type { Engine } from '../../client/engine/api.ts'
import type { Log } from '../../server/store/log.ts'
import { assert } from '../../shared/base/assert.ts'
import { newId, type EntryId, type ItemId, type UserId } from '../../shared/base/ids.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import type { Entry } from '../../shared/model/entries.ts'
import type { Person } from '../../shared/model/people.ts'
import { decodeDown } from '../../shared/protocol/codec.ts'
import { PROSE } from '../simulation/content.ts'
import { createVirtualDirectory } from '../simulation/directory.ts'
import { createDisk, type Disk } from '../simulation/disk.ts'
import { createLock } from '../simulation/lock.ts'
import { createNetwork, type Line } from '../simulation/network.ts'
import { makeEngine, makeRelay, partsReady } from '../simulation/parts.ts'
import { createScheduler, drainMicrotasks } from '../simulation/scheduler.ts'
import type { Patch, Step } from './recorded-session.ts'

export interface Replayed {
  /** Text in the two windows, as their engines would open it anew, and in the engine of somebody who was never there before. */
  windows: string[]
  engines: string[]
  fresh: string
  /** Seal of the whole content, as the three engines make it. */
  seals: string[]
  /** The item's entries as they lie in the log. */
  entries: Entry[]
  item: ItemId
  counts: { edits: number; entries: number; absences: number; receipts: number; virtualSeconds: number }
}

interface Laptop {
  index: number
  user: UserId
  line: Line
  disk: Disk
  engine: Engine
}

interface Writer extends Laptop {
  doc: Y.Doc
  isOffline: boolean
  /** Entries of the other one that arrived here. */
  arrivedCount: number
  /** Entries of this one that the relay committed. */
  committedCount: number
  /** For each step of typing: transactions up to it. */
  typed: number[]
}

const TICK_MS = 5
const PATIENCE_TICKS = 20_000
/** Longer than the engine merges typing for. */
const PAUSE_MS = 55

/** In: steps of two people; a log. The caller closes the log. Errors: throws when something that must come does not. */
export async function replay(steps: readonly Step[], openLog: (dice: Dice) => Log): Promise<Replayed> {
  await partsReady()
  let callsUnderWay = 0
  const scheduler = createScheduler({
    async settle() {
      do await drainMicrotasks()
      while (callsUnderWay > 0)
    },
  })
  const start = scheduler.now
  const dice = (name: string): Dice => namedDice(1, name)
  const ids = dice('identities')
  const space = newId(ids)
  const people: Person[] = ['verloskundige', 'kraamverzorgende', 'lezer'].map((job, index) => ({ user: newId(ids), name: job, job, organisation: 'praktijk', color: 1 + index }))
  const directory = createVirtualDirectory(people, [{ space, kind: 'municipality', name: 'gemeente' }])
  for (const [index, { user }] of people.entries()) directory.setRole(user, space, index === 2 ? 'reader' : 'member')

  // The relay

  const log = watched(openLog(dice('epochs')), (change) => void (callsUnderWay += change))
  await log.ensureSpace(space)
  const relayProcess = scheduler.process('relay', { clockOffsetMs: 0 })
  const reports: string[] = []
  const relay = makeRelay({ log, directory, clock: relayProcess.clock, dice: dice('relay'), build: 'replay', report: (event) => void reports.push(JSON.stringify(event)) })
  const authorOf = new Map<EntryId, UserId>()
  relay.onDidCommit((run) => {
    for (const entry of run.entries) {
      authorOf.set(entry.entry, entry.author)
      for (const writer of writers) if (writer.user === entry.author && entry.part === 'prose') writer.committedCount++
    }
  })

  // The laptops

  const writers: Writer[] = []
  const network = createNetwork(scheduler, dice('network'), { process: relayProcess, accept: (connection, user) => relay.accept(connection, user) }, {
    opened: () => undefined,
    closed: () => undefined,
    cut: () => undefined,
    sent: (_connection, _direction, frame) => frame,
    arrived(connection, direction, frame) {
      const writer = writers.find(({ line }) => line === connection.line)
      if (direction === 'up' || !writer) return
      for (const message of decodeDown(frame))
        if (message.type === 'entries') writer.arrivedCount += message.entries.filter((entry) => entry.part === 'prose' && entry.author !== writer.user).length
    },
  })
  const openLaptop = async (index: number): Promise<Laptop> => {
    const name = `d${index}t0`
    const process = scheduler.process(name, { clockOffsetMs: 0 })
    const line = network.line(`d${index}`)
    line.latencyMs = 1
    const disk = createDisk(scheduler, dice(`disk ${index}`), { written: () => undefined, refused: () => undefined })
    const person = people[index]!
    const opening = makeEngine({
      store: disk.openStore({ name, die: () => undefined }).store,
      transport: network.transport(line, name, () => person.user, process),
      leadership: createLock(scheduler, dice(`lock ${index}`)).leadershipFor(process),
      clock: process.clock,
      dice: dice(`engine ${index}`),
      me: person,
    })
    let engine: Engine | null = null
    void opening.then((opened) => void (engine = opened))
    await until(`laptop ${index} starts`, () => engine !== null)
    return { index, user: person.user, line, disk, engine: await opening }
  }

  const advance = (ms: number): Promise<void> => scheduler.runUntil(scheduler.now + ms)
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let tick = 0; !(await isSo()); tick++) {
      if (tick > PATIENCE_TICKS) throw new Error(`does not come: ${what} (relay: ${reports.slice(-3).join(' ')})`)
      await advance(TICK_MS)
    }
  }
  /** Resolves what an engine promised while virtual time goes on. */
  const inTime = async <T>(promised: Promise<T>): Promise<T> => {
    let isSettled = false
    const settle = (): void => void (isSettled = true)
    promised.then(settle, settle)
    await until('an answer of the engine', () => isSettled)
    return promised
  }
  const cursorOf = async (laptop: Laptop): Promise<number> => (await laptop.disk.inspect.spaces())[0]?.cursor ?? 0
  const headOf = async (): Promise<number> => (await log.head(space))?.head ?? 0
  const isLevel = async (laptop: Laptop): Promise<boolean> => (await cursorOf(laptop)) === (await headOf()) && (await laptop.disk.inspect.outbox()).length === 0

  const [first, second] = [await openLaptop(0), await openLaptop(1)]
  await until('both are connected', async () => (await first.disk.inspect.spaces()).length + (await second.disk.inspect.spaces()).length === 2)
  const item = await inTime(first.engine.createItem({ space, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: 'Verslag' }], prose: emptyPage() }))
  await until('both have the page', async () => (await headOf()) === 2 && (await isLevel(first)) && (await isLevel(second)))
  for (const laptop of [first, second]) {
    // Yjs puts text typed after a deletion behind what was deleted. Where both did that at one place at the same time, the smaller clientID comes
    // first, and the recording's text has the first person's there; so the page is opened anew until the clientIDs are in that order.
    let { prose } = await inTime(laptop.engine.openItem(item))
    while (prose.clientId <= (writers[0]?.doc.clientID ?? 0)) {
      await inTime(laptop.engine.closeItem(item))
      ;({ prose } = await inTime(laptop.engine.openItem(item)))
    }
    const doc = new Y.Doc()
    doc.clientID = prose.clientId
    Y.applyUpdate(doc, prose.update, 'remote')
    laptop.engine.onEvent((event) => {
      if (event.type === 'prose' && event.item === item) Y.applyUpdate(doc, event.update, 'remote')
    })
    writers.push({ ...laptop, doc, isOffline: false, arrivedCount: 0, committedCount: 0, typed: [] })
  }

  // The session

  const counts = { edits: 0, entries: 0, absences: 0, receipts: 0, virtualSeconds: 0 }
  const other = (writer: Writer): Writer => writers[1 - writer.index]!

  const type = async (writer: Writer, patches: readonly Patch[], upTo: number): Promise<void> => {
    // What is on its way to the other one waits until the recording says that it was there.
    network.letThrough(other(writer).line, 0)
    const text = textOf(writer.doc)
    const stored: Promise<void>[] = []
    const write = (update: Uint8Array, origin: unknown): void => {
      if (origin !== 'remote') stored.push(writer.engine.writeProse(item, writer.doc.clientID, update))
    }
    writer.doc.on('update', write)
    for (const patch of patches) apply(text, patch)
    writer.doc.off('update', write)
    counts.edits += patches.length
    writer.typed.push(upTo)
    await advance(PAUSE_MS)
    await inTime(Promise.all(stored))
    if (!writer.isOffline) await until('the relay has what was typed', () => writer.committedCount === writer.typed.length)
  }

  const learn = async (writer: Writer, upTo: number): Promise<void> => {
    const wanted = other(writer).typed.indexOf(upTo) + 1
    assert(upTo === 0 || wanted > 0, `nobody typed exactly ${upTo} transactions`)
    assert(writer.arrivedCount <= wanted, 'more arrived than the recording allows')
    while (writer.arrivedCount < wanted) {
      network.letThrough(writer.line, 1)
      await until('the next frame', () => writer.line.passes === 0 || writer.arrivedCount >= wanted)
    }
    assert(writer.arrivedCount === wanted, `${writer.arrivedCount} entries arrived together, the recording had ${wanted}`)
    if (wanted === other(writer).committedCount) network.letThrough(writer.line, null)
    counts.receipts++
    // Stored, and told to the window.
    await advance(4 * TICK_MS)
  }

  for (const step of steps) {
    const writer = writers[step.agent]!
    switch (step.kind) {
      case 'type':
        await type(writer, step.patches, step.upTo)
        break
      case 'learn':
        await learn(writer, step.upTo)
        break
      case 'offline':
        writer.isOffline = true
        network.setState(writer.line, 'down')
        await advance(4 * TICK_MS)
        break
      case 'online': {
        writer.isOffline = false
        counts.absences++
        // Frames that were under way when the line went were lost; the catch-up brings them.
        writer.arrivedCount = other(writer).committedCount
        network.setState(writer.line, 'up')
        network.letThrough(writer.line, null)
        await inTime(writer.engine.reconnect())
        await until('everything after an absence', () => isLevel(writer))
        writer.arrivedCount = other(writer).committedCount
        break
      }
    }
  }
  for (const writer of writers) network.letThrough(writer.line, null)
  for (const writer of writers) await until('the end', () => isLevel(writer))
  await advance(1_000)

  const newcomer = await openLaptop(2)
  await until('the newcomer has it all', () => isLevel(newcomer))
  const openedText = async ({ engine }: Laptop): Promise<string> => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, (await inTime(engine.openItem(item))).prose.update)
    return plainText(doc)
  }
  const sealOf = async ({ engine }: Laptop): Promise<string> => (await inTime(engine.sealContent(item))).seal
  const entries = await log.readItem(space, item, null, 1, await headOf(), Number.MAX_SAFE_INTEGER)
  const replayed: Replayed = {
    windows: writers.map(({ doc }) => plainText(doc)),
    engines: [await openedText(first), await openedText(second)],
    fresh: await openedText(newcomer),
    seals: [await sealOf(first), await sealOf(second), await sealOf(newcomer)],
    entries,
    item,
    counts: { ...counts, entries: entries.length, virtualSeconds: Math.round((scheduler.now - start) / 1000) },
  }
  await relay.drain()
  return replayed
}

/** One empty paragraph: everybody types into the same text. */
function emptyPage(): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = 1
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText()])
  doc.getXmlFragment(PROSE).insert(0, [paragraph])
  return Y.encodeStateAsUpdate(doc)
}

function textOf(doc: Y.Doc): Y.XmlText {
  const paragraph = doc.getXmlFragment(PROSE).get(0)
  const text = paragraph instanceof Y.XmlElement ? paragraph.get(0) : null
  assert(text instanceof Y.XmlText, 'the page has one paragraph with one text')
  return text
}

export const plainText = (doc: Y.Doc): string => (textOf(doc).toDelta() as { insert: string }[]).map(({ insert }) => insert).join('')

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/

/** Positions and lengths of the recording count code points, those of Yjs count UTF-16 units. */
function apply(text: Y.XmlText, [position, deleted, inserted]: Patch): void {
  let [from, length] = [position, deleted]
  const plain = astralSeen.has(text) ? text.toString() : ''
  if (plain !== '') {
    const points = [...plain]
    from = points.slice(0, position).join('').length
    length = points.slice(position, position + deleted).join('').length
  }
  if (ASTRAL.test(inserted)) astralSeen.add(text)
  text.doc?.transact(() => {
    if (length > 0) text.delete(from, length)
    if (inserted !== '') text.insert(from, inserted)
  }, 'local')
}
/** Texts that ever held a character outside the basic plane; counting is only needed there. */
const astralSeen = new WeakSet<Y.XmlText>()

/** Counts calls of the log that are under way in another thread. */
function watched(log: Log, count: (change: 1 | -1) => void): Log {
  const counted =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      count(1)
      return call(...args).finally(() => count(-1))
    }
  return {
    ...log,
    append: counted(log.append.bind(log)), ensureSpace: counted(log.ensureSpace.bind(log)), head: counted(log.head.bind(log)), tailHashAt: counted(log.tailHashAt.bind(log)),
    read: counted(log.read.bind(log)), readItem: counted(log.readItem.bind(log)), spaceOf: counted(log.spaceOf.bind(log)), find: counted(log.find.bind(log)),
  }
}
