// Laptops on a network that lets no websocket through: the real engine over the HTTP twin of a real relay, and which way it takes.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Engine, EngineEvent, PresenceView } from '../../client/engine/api.ts'
import { createDetourTransport } from '../../client/engine/detour-transport.ts'
import { createEngine } from '../../client/engine/engine.ts'
import { createHttpTransport } from '../../client/engine/http-transport.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import type { SocketListener, Transport } from '../../client/engine/transport.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { newId } from '../../shared/base/ids.ts'
import type { FactEdit } from '../../shared/model/facts.ts'
import { DETOUR_PROBE_MS_MIN } from '../../shared/model/limits.ts'
import { decodeDown, encodeDown, encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage } from '../../shared/protocol/messages/index.ts'
import { readyAutomerge } from '../simulation/automerge.ts'
import { handClock } from '../support/hand-clock.ts'
import { atEnd, startUnderTest, type UnderTest } from './relay-under-test.ts'

await readyAutomerge()

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

const httpOf = (relay: UnderTest, cookie: string): Transport =>
  createHttpTransport({
    clock: systemClock,
    fetch: (path, { body, ...init }) =>
      fetch(relay.origin + path, { ...init, ...(body ? { body: body as BodyInit } : {}), headers: { cookie, origin: relay.origin, ...(body ? { 'content-type': 'application/octet-stream' } : {}) } }),
  })

async function laptop(user: string, transport: Transport): Promise<Engine> {
  const engine = await createEngine({
    store: createMemoryDevice().openStore(),
    transport, clock: systemClock, dice: systemDice, build: 'test',
    me: { user, name: 'rol', job: 'rol', organisation: 'gemeente', color: 1 },
    leadership: {
      campaign(onLeader) {
        queueMicrotask(onLeader)
        return { dispose: () => undefined }
      },
    },
    web: { report: () => Promise.reject(new Error('none')), people: () => Promise.reject(new Error('none')) },
  })
  atEnd(() => engine.dispose())
  return engine
}
/** Resolves at the first event after which it is so. */
const when = (engine: Engine, isSo: () => Promise<boolean>): Promise<void> =>
  new Promise((resolve, reject) => {
    const look = (_event?: EngineEvent): void => {
      isSo().then((so) => {
        if (!so) return
        listening.dispose()
        resolve()
      }, reject)
    }
    const listening = engine.onEvent(look)
    look()
  })
const isSafe = async (engine: Engine): Promise<boolean> => {
  const { state, behindCount } = await engine.status()
  return state === 'relay' && behindCount === 0
}

test('[INV8] what two people write over ordinary requests reaches both, large entries too, and the status says which way it went', async () => {
  const relay = await startUnderTest()
  const [schiedam, almere] = [relay.space('Schiedam'), relay.space('Almere')]
  const midwife = await relay.member(schiedam, 'member')
  const gp = await relay.member(schiedam, 'member')
  relay.running.accounts.setRole(gp.user, almere, 'member')
  const [writing, reading] = [await laptop(midwife.user, httpOf(relay, midwife.cookie)), await laptop(gp.user, httpOf(relay, gp.cookie))]
  const item = await writing.createItem({ space: schiedam, type: 'knowledge', edits: [set('title', 'Roken')], prose: null })
  for (let i = 0; i < 100; i++) await writing.editFacts(item, [set('owner', `eigenaar ${i}`)])
  const { prose } = await writing.openItem(item)
  const doc = new Y.Doc()
  doc.clientID = prose.clientId
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText('zorg '.repeat(600_000))])
  doc.getXmlFragment('prose').insert(0, [paragraph])
  await writing.writeProse(item, prose.clientId, Y.encodeStateAsUpdate(doc))
  await writing.editFacts(item, [set('owner', 'de huisarts')])
  await when(writing, () => isSafe(writing))
  expect((await writing.status()).isDetour).toBe(true)
  const rowOf = async (engine: Engine) => (await engine.freshRows(schiedam)).find((row) => row.item === item)
  await when(reading, async () => (await rowOf(reading))?.owner === 'de huisarts')
  const theirs = new Y.Doc()
  Y.applyUpdate(theirs, (await reading.openItem(item)).prose.update)
  expect(theirs.getXmlFragment('prose').toJSON()).toBe(doc.getXmlFragment('prose').toJSON())
  await reading.editFacts(item, [set('title', 'Roken en meeroken')])
  await when(writing, async () => (await rowOf(writing))?.title === 'Roken en meeroken')
})

test('[INV7] a right that is taken away is heard over requests too: what was written meanwhile is parked, not lost', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const midwife = await relay.member(space, 'member')
  const engine = await laptop(midwife.user, httpOf(relay, midwife.cookie))
  const item = await engine.createItem({ space, type: 'knowledge', edits: [set('title', 'Roken')], prose: null })
  await when(engine, () => isSafe(engine))
  relay.running.accounts.setRole(midwife.user, space, 'reader')
  await engine.editFacts(item, [set('title', 'Meeroken')])
  await when(engine, async () => (await engine.status()).parkedCount === 1)
  relay.running.accounts.setRole(midwife.user, space, null)
  await when(engine, async () => (await engine.spaces()).every((one) => one.role === null))
})

test('a login that ended closes the connection with the reason', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const midwife = await relay.member(space, 'member')
  const engine = await laptop(midwife.user, httpOf(relay, `${midwife.cookie}x`))
  await when(engine, async () => (await engine.status()).blockedBy === 'signedOut')
})

test('[FET1] history is asked for over requests too: a laptop that came later sees every version, and one that may not read gets nothing', async () => {
  const relay = await startUnderTest()
  const [space, elsewhere] = [relay.space('Schiedam'), relay.space('Almere')]
  const midwife = await relay.member(space, 'member')
  const writing = await laptop(midwife.user, httpOf(relay, midwife.cookie))
  const item = await writing.createItem({ space, type: 'knowledge', edits: [set('title', 'een')], prose: null })
  for (const title of ['twee', 'drie']) {
    await writing.editFacts(item, [set('title', title)])
    await when(writing, () => isSafe(writing))
  }
  const fetched = async (cookie: string): Promise<(Down<'itemEntries'> | undefined)[]> => {
    const heard = Promise.withResolvers<Down<'itemEntries'>>()
    const socket = httpOf(relay, cookie).connect({
      opened: () => undefined,
      frame(bytes) {
        for (const message of decodeDown(bytes)) if (message.type === 'itemEntries') heard.resolve(message)
      },
      closed: (code) => heard.reject(new Error(`closed with ${code}`)),
    })
    atEnd(() => socket.dispose())
    socket.send(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'test', device: newId(systemDice), pendingCount: 0 }))
    socket.send(encodeUp({ type: 'fetch', request: 7, space, item, part: 'facts', from: 1, upTo: 0 }))
    return [await heard.promise]
  }
  const [own] = await fetched(midwife.cookie)
  expect(own).toMatchObject({ request: 7, more: false })
  expect(own!.entries.length).toBeGreaterThanOrEqual(3)
  expect((await writing.version(item, own!.entries[1]!.seq))?.facts.registers.title).toBe('twee')
  const stranger = await relay.member(elsewhere, 'member')
  const [none] = await fetched(stranger.cookie)
  expect(none?.entries).toEqual([])
})

test('[B4] who looks along is seen over requests too, and is gone when they leave; nobody is shown to a space they may not read', async () => {
  const relay = await startUnderTest()
  const [space, elsewhere] = [relay.space('Schiedam'), relay.space('Almere')]
  const [midwife, gp, stranger] = [await relay.member(space, 'member'), await relay.member(space, 'member'), await relay.member(elsewhere, 'member')]
  const [first, second] = [await laptop(midwife.user, httpOf(relay, midwife.cookie)), await laptop(gp.user, httpOf(relay, gp.cookie))]
  const item = await first.createItem({ space, type: 'knowledge', edits: [set('title', 'Roken')], prose: null })
  await when(first, () => isSafe(first))
  await when(second, async () => (await second.rows(space)).some((row) => row.item === item))
  const seenBy = (engine: Engine) => {
    let present: readonly PresenceView[] = []
    engine.onEvent((event) => {
      if (event.type === 'presence' && event.item === item) present = event.present
    })
    return () => present
  }
  const [byFirst, bySecond] = [seenBy(first), seenBy(second)]
  await first.openItem(item)
  await second.openItem(item)
  await first.showPresence(item, { cursor: null })
  await second.showPresence(item, { cursor: { anchor: 1, head: 1 } })
  await when(first, async () => byFirst().some(({ who, state }) => who.user === gp.user && state.cursor !== null && state.cursor !== undefined))
  await when(second, async () => bySecond().some(({ who }) => who.user === midwife.user))
  // A made-up space opens nothing.
  const body = encodeUp(
    { type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'test', device: newId(systemDice), pendingCount: 0 },
    { type: 'presence', space: elsewhere, item, open: true, bytes: new Uint8Array() },
  )
  for (let turn = 0; turn < 2; turn++) {
    const response = await fetch(`${relay.origin}/sync/ask`, { method: 'POST', body: body as BodyInit, headers: { cookie: stranger.cookie, origin: relay.origin, 'content-type': 'application/octet-stream' } })
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0])
  }
  await second.showPresence(item, null)
  await when(first, async () => byFirst().length === 0)
})

test('a PING is answered by what the relay answers after it, not by what it said before, and brings what it says of the spaces now', async () => {
  const asked: PromiseWithResolvers<Response>[] = []
  const socket = createHttpTransport({
    clock: handClock(),
    fetch() {
      const answer = Promise.withResolvers<Response>()
      asked.push(answer)
      return answer.promise
    },
  })
  const heard: string[] = []
  const codes: number[] = []
  const line = socket.connect({ opened: () => undefined, frame: (bytes) => void heard.push(...decodeDown(bytes).map(({ type }) => type)), closed: (code) => void codes.push(code) })
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
  const answer = (...messages: DownMessage[]): Response => new Response(new Uint8Array(messages.length === 0 ? [] : encodeDown(...messages)), { headers: { 'content-type': 'application/octet-stream' } })
  const ping = (): void => line.send(encodeUp({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 }))
  line.send(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'test', device: newId(systemDice), pendingCount: 0 }))
  asked[0]!.resolve(answer())
  await settle()
  ping()
  await settle()
  expect([heard, asked.length]).toEqual([[], 2])
  asked[1]!.resolve(answer({ type: 'scope', space: newId(systemDice), role: 'member', kind: 'group', name: 'nieuw', offlineDaysMax: 3 }))
  await settle()
  expect(heard).toEqual(['scope', 'pong'])
  ping()
  asked[2]!.reject(new TypeError('no network'))
  await settle()
  expect([heard, codes]).toEqual([['scope', 'pong'], [1006]])
  line.dispose()
})

test('after three sockets that came to nothing the detour is taken; when a socket opens again, the engine is asked to connect anew', () => {
  const clock = handClock()
  const opened: { way: 'direct' | 'detour'; listener: SocketListener; isDisposed: boolean }[] = []
  const way = (name: 'direct' | 'detour'): Transport => ({
    connect(listener) {
      const one = { way: name, listener, isDisposed: false }
      opened.push(one)
      return { send: () => undefined, bufferedBytes: () => 0, dispose: () => void (one.isDisposed = true) }
    },
  })
  const transport = createDetourTransport({ direct: way('direct'), detour: way('detour'), clock })
  const closed: number[] = []
  const listener: SocketListener = { opened: () => undefined, frame: () => undefined, closed: (code) => void closed.push(code) }
  const last = () => opened.at(-1)!

  transport.connect(listener)
  last().listener.closed(1006, '')
  // The second one opens, stays silent and is given up.
  const second = transport.connect(listener)
  last().listener.opened()
  second.dispose()
  transport.connect(listener)
  last().listener.closed(1006, '')
  const fourth = transport.connect(listener)
  expect(opened.map((one) => one.way)).toEqual(['direct', 'direct', 'direct', 'detour'])
  expect([second.isDetour ?? false, fourth.isDetour]).toEqual([false, true])
  const detour = last()
  detour.listener.frame(new Uint8Array(1))

  clock.turn(DETOUR_PROBE_MS_MIN)
  expect(last().way).toBe('direct')
  last().listener.closed(1006, '')
  clock.turn(DETOUR_PROBE_MS_MIN)
  expect(opened).toHaveLength(5) // ever more rarely
  clock.turn(DETOUR_PROBE_MS_MIN)
  expect(opened).toHaveLength(6)
  closed.length = 0
  last().listener.opened()
  expect([closed, detour.isDisposed, last().isDisposed]).toEqual([[1006], true, true])
  transport.connect(listener)
  expect(last().way).toBe('direct')
})

test('what one person wrote never travels under the name of who signed in after them in the same browser', async () => {
  const relay = await startUnderTest()
  const schiedam = relay.space('Schiedam')
  const first = await relay.member(schiedam, 'member')
  const second = await relay.member(schiedam, 'member')
  let cookie = first.cookie
  const engine = await laptop(first.user, {
    connect: (listener) =>
      createHttpTransport({
        clock: systemClock,
        fetch: (path, { body, ...init }) =>
          fetch(relay.origin + path, { ...init, ...(body ? { body: body as BodyInit } : {}), headers: { cookie, origin: relay.origin, ...(body ? { 'content-type': 'application/octet-stream' } : {}) } }),
      }).connect(listener),
  })
  const item = await engine.createItem({ space: schiedam, type: 'knowledge', edits: [set('title', 'van de eerste')], prose: null })
  await when(engine, () => isSafe(engine))
  cookie = second.cookie
  await engine.editFacts(item, [set('owner', 'ook van de eerste')])
  await when(engine, async () => (await engine.status()).connection !== 'live')
  const authors = (await relay.running.log.readItem(schiedam, item, null, 1, 100, 100)).map(({ author }) => author)
  expect(new Set(authors)).toEqual(new Set([first.user]))
  expect((await engine.status()).waitingCount).toBe(1)
})
