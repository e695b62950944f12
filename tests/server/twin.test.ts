// The HTTP twin: the same frames, the same relay, for networks that block websockets.
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { bytesEqual, toHex } from '../../shared/base/bytes.ts'
import { newId, NO_ID } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { decodeDown, decodeUp, encodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import type { DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import type { Connection } from '../../server/relay/connection.ts'
import { twinRoutes } from '../../server/http/routes/twin.ts'
import type { Asked } from '../../server/http/route.ts'
import { systemClock } from '../../server/system.ts'
import { openSocket, startUnderTest, type UnderTest } from './relay-under-test.ts'

const dice = namedDice(1, 'twin')

/** One paragraph of prose by a writer of its own. */
function pushOf(space: string, n: number, text: string, item = newId(dice)): Up<'push'> {
  const doc = new Y.Doc()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText(text)])
  doc.getXmlFragment('prose').insert(0, [paragraph])
  return {
    type: 'push', n, space, entry: newId(dice), item, part: 'prose', format: 'yjs1', schema: 1, clientTime: 1, writer: newId(dice), spans: new Uint8Array(), fragment: 0, fragments: 1,
    payload: Y.encodeStateAsUpdate(doc),
  }
}

async function post(relay: UnderTest, credentials: { bearer?: string; cookie?: string }, ...messages: Parameters<typeof encodeUp>) {
  const response = await fetch(`${relay.origin}/sync/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', ...(credentials.bearer ? { authorization: `Bearer ${credentials.bearer}` } : { cookie: credentials.cookie ?? '', origin: relay.origin }) },
    body: encodeUp(...messages),
  })
  return { status: response.status, messages: response.status === 200 ? decodeDown(new Uint8Array(await response.arrayBuffer())) : [] }
}

async function entries(relay: UnderTest, bearer: string, query: Record<string, string | number>): Promise<DownMessage[]> {
  const response = await fetch(`${relay.origin}/sync/entries?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}`, { headers: { authorization: `Bearer ${bearer}` } })
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  return decodeDown(new Uint8Array(await response.arrayBuffer()))
}

test('[ACK] what is posted is committed, acknowledged and read back; posted again it is acknowledged once more and not stored', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await relay.running.app.fastify.ready()
  const bearer = relay.bearer(space, 'member')
  await restartKnows(relay, space)
  const push = pushOf(space, 1, 'over http')
  const second = pushOf(space, 2, 'nog een')
  expect(await post(relay, { bearer }, push, second)).toMatchObject({ status: 200, messages: expect.arrayContaining([expect.objectContaining({ type: 'ack', upToN: 2 })]) })
  expect(await post(relay, { bearer }, push)).toMatchObject({ status: 200, messages: [{ type: 'ack', upToN: 1 }] })

  const [subbed, run, ...rest] = await entries(relay, bearer, { space })
  expect(rest).toEqual([])
  expect(subbed).toMatchObject({ type: 'subbed', head: 2, mode: expect.stringMatching(/resume|recover/) })
  expect(run).toMatchObject({ type: 'entries', cursorAfter: 2, more: false, entries: [{ seq: 1, entry: push.entry }, { seq: 2, entry: second.entry }] })
  if (run?.type !== 'entries' || subbed?.type !== 'subbed') return expect.unreachable()
  expect(bytesEqual(run.entries[0]?.payload ?? new Uint8Array(), push.payload)).toBe(true)

  // From that cursor on there is nothing, and nothing is what it says.
  const cursor = { space, epoch: subbed.epoch, cursor: run.cursorAfter, tailHash: toHex(run.tailHashAfter) }
  expect(await entries(relay, bearer, cursor)).toMatchObject([{ type: 'subbed', mode: 'resume', head: 2 }])
})

test('a waiting question is answered by the next commit, through whichever door it came', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const { cookie } = await relay.member(space, 'member')
  const bearer = relay.bearer(space, 'reader')
  const [subbed] = await entries(relay, bearer, { space })
  if (subbed?.type !== 'subbed') return expect.unreachable()
  const waiting = entries(relay, bearer, { space, epoch: subbed.epoch, cursor: 0, wait: 25 })
  const socket = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie, origin: relay.origin })
  await socket.opened
  socket.socket.send(encodeUp({ type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: NO_ID, pendingCount: 0 }))
  await socket.next()
  const push = pushOf(space, 1, 'over een websocket')
  socket.socket.send(encodeUp(push))
  expect(await waiting).toMatchObject([{ type: 'subbed' }, { type: 'entries', entries: [{ entry: push.entry }] }])
})

test('rights are asked as everywhere: a reader writes nothing, a neighbour reads nothing', async () => {
  const relay = await startUnderTest()
  const [space, elsewhere] = [relay.space(), relay.space('Almere')]
  await restartKnows(relay, space, elsewhere)
  expect(await post(relay, { bearer: relay.bearer(space, 'reader') }, pushOf(space, 1, 'x'))).toMatchObject({ status: 200, messages: [{ type: 'nack', n: 1, code: 'forbidden' }] })
  expect(await post(relay, { bearer: relay.bearer(elsewhere, 'admin') }, pushOf(space, 1, 'x'))).toMatchObject({ status: 200, messages: [{ type: 'nack', n: 1, code: 'forbidden' }] })
  expect((await relay.ask('GET', `/sync/entries?space=${space}`, { bearer: relay.bearer(elsewhere, 'admin') })).status).toBe(403)
  expect((await relay.ask('GET', `/sync/entries?space=${space}`)).status).toBe(401)
})

test('[INV7] a right that ends while a question waits ends the question, and nothing is handed over', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const { cookie, user } = await relay.member(space, 'member')
  const waiting = relay.ask('GET', `/sync/entries?space=${space}&wait=25`, { cookie })
  while (relay.running.relay.counts().subscriptions === 0) await new Promise(setImmediate)
  relay.running.accounts.setRole(user, space, null)
  expect(await waiting).toMatchObject({ status: 403, text: '{"error":"forbidden"}' })
})

test.each([['this device', '/api/session'], ['everywhere', '/api/me/sessions']])('[INV7] signing out %s ends a question that waits, and what is written after it is not handed over', async (_where, path) => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const { cookie } = await relay.member(space, 'member')
  const waiting = relay.ask('GET', `/sync/entries?space=${space}&wait=25`, { cookie })
  while (relay.running.relay.counts().subscriptions === 0) await new Promise(setImmediate)
  expect((await relay.ask('DELETE', path, { cookie })).status).toBe(204)
  await post(relay, { bearer: relay.bearer(space, 'member') }, pushOf(space, 1, 'na het uitloggen'))
  expect(await waiting).toMatchObject({ status: 401, text: '{"error":"signed-out"}' })
})

test('[PRE3] whoever is seen by way of requests is gone when the right, or the session, ends', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const bearer = relay.bearer(space, 'member')
  const item = newId(dice)
  await post(relay, { bearer }, pushOf(space, 1, 'tekst', item))
  const [lost, left] = [await relay.member(space, 'member'), await relay.member(space, 'member')]
  const seen = (): string[] => relay.running.relay.viewersOf(item).map(({ who }) => who.user)
  const hello: Up<'hello'> = { type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: newId(dice), pendingCount: 0 }
  for (const { cookie } of [lost, left]) await relay.ask('POST', '/sync/ask', { cookie, body: encodeUp(hello, { type: 'presence', space, item, open: true, bytes: new Uint8Array() }) })
  await vi.waitFor(() => expect(seen().sort()).toEqual([lost.user, left.user].sort()), { timeout: 10_000 })
  relay.running.accounts.setRole(lost.user, space, null)
  expect(seen()).toEqual([left.user])
  await relay.ask('DELETE', '/api/session', { cookie: left.cookie })
  expect(seen()).toEqual([])
})

test('HELLO is answered with WELCOME and the spaces; what is no push is refused', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const bearer = relay.bearer(space, 'member')
  const hello: Up<'hello'> = { type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: NO_ID, pendingCount: 0 }
  expect(await post(relay, { bearer }, hello)).toMatchObject({ status: 200, messages: [{ type: 'welcome' }, { type: 'scope', space, role: 'member' }] })
  expect((await post(relay, { bearer }, hello, pushOf(space, 1, 'x'))).messages.map(({ type }) => type)).toEqual(['welcome', 'scope', 'ack'])
  expect((await post(relay, { bearer }, { ...hello, protoMin: 99, protoMax: 99 })).status).toBe(400)
  expect((await post(relay, { bearer }, { type: 'unsub', space })).status).toBe(400)
  expect((await post(relay, { bearer }, { ...pushOf(space, 1, 'x'), fragments: 2 })).status).toBe(400) // never finished
  for (const body of [new Uint8Array(), new Uint8Array([255, 255, 255]), new Uint8Array(3_000).fill(7)]) {
    expect((await relay.ask('POST', '/sync/push', { bearer, body })).status).toBe(400)
  }
})

test('an entry in sixteen pieces of a mebibyte arrives whole', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await restartKnows(relay, space)
  const bearer = relay.bearer(space, 'member')
  const whole = pushOf(space, 1, 'lang '.repeat(300_000))
  const size = Math.ceil(whole.payload.length / 4)
  const pieces = [0, 1, 2, 3].map((fragment) => ({ ...whole, n: fragment + 1, fragment, fragments: 4, payload: whole.payload.slice(fragment * size, (fragment + 1) * size) }))
  expect(await post(relay, { bearer }, ...pieces)).toMatchObject({ status: 200, messages: [{ type: 'ack', upToN: 4 }] })
  const [, run] = await entries(relay, bearer, { space })
  expect(run?.type === 'entries' && bytesEqual(run.entries[0]?.payload ?? new Uint8Array(), whole.payload)).toBe(true)
})

/** Spaces made behind the doors' back get their log as they do at a start. */
async function restartKnows(relay: UnderTest, ...spaces: string[]): Promise<void> {
  for (const space of spaces) await relay.running.log.ensureSpace(space)
}

test('who leaves while a question waits is followed no longer', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { cookie } = await relay.member(space, 'member')
  const { counts } = relay.running.relay
  const left = new AbortController()
  const asked = fetch(`${relay.origin}/sync/entries?space=${space}&wait=25`, { headers: { cookie }, signal: left.signal }).catch((error: unknown) => error)
  await vi.waitFor(() => expect(counts()).toMatchObject({ connections: 1, subscriptions: 1 }), { timeout: 10_000 })
  left.abort()
  expect(await asked).toMatchObject({ name: 'AbortError' })
  // By itself the relay would have gone on for 20 s.
  await vi.waitFor(() => expect(counts()).toMatchObject({ connections: 0, subscriptions: 0 }), { timeout: 10_000 })
})

test('[PSH2] half an answer is none: whoever heard of a part would wait for the rest for ever', async () => {
  // A relay that stops between two commits: the first push was acknowledged, then every line ends.
  const accept = (connection: Connection) => ({
    receive(frame: Uint8Array) {
      for (const message of decodeUp(frame)) {
        if (message.type === 'push' && message.n === 1) connection.send(encodeDown({ type: 'ack', upToN: 1, serverTime: 1 }))
        if (message.type !== 'ping') continue
        connection.send(encodeDown({ type: 'pong', serverTime: 1 }))
        connection.close(1012, 'restart')
      }
    },
    closed: () => undefined,
  })
  const nothing = { dispose: () => undefined }
  const routes = twinRoutes({
    relay: { accept }, accounts: { may: () => true, onDidEndSession: () => nothing }, clock: systemClock, build: 'test',
    seats: { show: () => undefined, leave: () => undefined, othersAt: () => [], ...nothing },
  })
  const ask = (...pushes: Up<'push'>[]) => {
    const asked = { caller: { user: newId(dice), via: 'token', session: null }, query: {}, frame: encodeUp(...pushes), address: '', signal: new AbortController().signal }
    return routes.find(({ path }) => path === '/sync/push')?.handle(asked as unknown as Asked<unknown, unknown, unknown>)
  }
  const space = newId(dice)
  expect(await ask(pushOf(space, 1, 'een'))).toMatchObject({ status: 200 })
  expect(await ask(pushOf(space, 1, 'een'), pushOf(space, 2, 'twee'))).toEqual({ error: 'storage' })
})
