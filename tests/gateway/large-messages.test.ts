/** More than a frame in one message, at the door for stock clients: long work without a network arrives, within what the relay can hold, or is refused for good. */
import type { Socket } from 'node:net'
import * as encoding from 'lib0/encoding'
import { afterEach, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { COMMIT_BATCH_BYTES_MAX, FRAGMENT_BYTES_PER_USER_MAX, FRAME_BYTES_MAX, YJS_MESSAGE_BYTES_MAX } from '../../shared/model/limits.ts'
import { addParagraph, proseOf, setupGateway, textOf, whenClosed, whenever, whenSynced, whenText, type GatewayWorld } from './world.ts'

let world: GatewayWorld
afterEach(() => world.dispose())

const MIB = 1024 * 1024

/** Text that looks like text: words in paragraphs, written on several days, each under a clientID of its own, with some of it deleted again. */
function written(bytes: number, seed = 'large'): Y.Doc {
  const dice = namedDice(1, seed)
  let doc = new Y.Doc()
  for (let day = 0; day < 3; day++) {
    const next = new Y.Doc()
    Y.applyUpdate(next, Y.encodeStateAsUpdate(doc))
    doc = next
    for (let left = bytes / 3; left > 0; left -= 1_100) {
      const text = addParagraph(doc, `${dice.uint32()} `.repeat(100))
      text.insert(dice.uint32() % 500, 'ertussen')
      text.delete(dice.uint32() % 500, 3)
    }
  }
  addParagraph(doc, 'Het laatste woord.')
  return doc
}

async function begun(text = 'Begin.'): Promise<{ item: ItemId; reader: WebsocketProvider; token: string; user: string }> {
  const item = world.newItem()
  const { token, user } = world.token('member')
  const provider = world.stock(item, token)
  await whenSynced(provider)
  const isStored = new Promise<void>((resolve) => {
    const listening = world.relay().onDidCommit(() => (listening.dispose(), resolve()))
  })
  addParagraph(provider.doc, text)
  // Until somebody wrote, there is no page that a reader could open.
  await isStored
  const reader = world.stock(item, world.token('reader').token)
  await whenText(reader.doc, text)
  return { item, reader, token, user }
}

/** How often the relay closed this client, with what. */
function closes(provider: WebsocketProvider): number[] {
  const codes: number[] = []
  provider.on('connection-close', (event) => void codes.push(event?.code ?? 0))
  return codes
}

const frame = (...parts: (number | Uint8Array)[]): Uint8Array => {
  const encoder = encoding.createEncoder()
  for (const part of parts) if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  return encoding.toUint8Array(encoder)
}

/** A socket that was brought level, and asked for what it has where it may write. */
async function joined(item: ItemId, token: string, isAsked = true): Promise<WebSocket> {
  const socket = world.raw(`${item}?token=${token}`)
  await new Promise((resolve) => socket.once('open', resolve))
  const heard = new Promise<void>((resolve) => socket.on('message', (data: Buffer) => void (data[0] === 0 && data[1] === (isAsked ? 0 : 1) && resolve())))
  socket.send(frame(0, 0, new Uint8Array([0])))
  await heard
  return socket
}

/** Of a packet on a mobile line. */
const PIECE_BYTES = 1_300

/** One binary message as a client sends it (RFC 6455 §5.2): of more than 64 KiB, with a mask of zeroes. */
function masked(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x82
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** The relay has read all that was sent before. */
const isRead = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('pong', () => resolve())
    socket.ping()
  })

test('[DOR3] work of weeks without a network, in one message of 3 MiB, arrives once, in entries that hold nobody up, and everybody has it', async () => {
  world = await setupGateway()
  const { item, reader, token } = await begun()
  const doc = written(3 * MIB)
  const provider = world.stock(item, token, doc)
  const codes = closes(provider)
  await whenText(reader.doc, 'Het laatste woord.')
  expect(textOf(reader.doc)).toBe(textOf(doc))
  const fresh = world.stock(item, world.token('reader').token)
  await whenSynced(fresh)
  await whenText(fresh.doc, 'Het laatste woord.')
  expect(textOf(fresh.doc)).toBe(textOf(doc))
  const prose = (await world.entries(item)).filter(({ part }) => part === 'prose')
  expect(prose.length).toBeGreaterThan(3 * MIB / COMMIT_BATCH_BYTES_MAX)
  for (const { payload } of prose) expect(payload.length).toBeLessThan(COMMIT_BATCH_BYTES_MAX + 32 * 1024)
  // It goes on under its clientID, and coming back adds nothing.
  addParagraph(doc, 'En verder.')
  await whenText(reader.doc, 'En verder.')
  const before = (await world.entries(item)).length
  provider.disconnect()
  provider.connect()
  await whenSynced(provider)
  addParagraph(doc, 'Weer terug.')
  await whenText(reader.doc, 'Weer terug.')
  expect((await world.entries(item)).length).toBe(before + 1)
  expect(codes.filter((code) => code !== 0)).toEqual([])
  expect(world.reports).toEqual([])
})

test('[DOR3] a new page may be begun with it, and a book may be pasted while others look on', async () => {
  world = await setupGateway()
  const item = world.newItem()
  const provider = world.stock(item, world.token('member').token, written(2 * MIB))
  const codes = closes(provider)
  const other = world.stock(item, world.token('member').token)
  await whenText(other.doc, 'Het laatste woord.')
  const words = new Y.XmlText()
  provider.doc.transact(() => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [words])
    proseOf(provider.doc).push([paragraph])
    words.insert(0, `${'boek '.repeat(400_000)}einde van het boek`)
  })
  words.insert(0, 'Dit is een ')
  await whenText(other.doc, 'Dit is een boek')
  expect(textOf(other.doc)).toBe(textOf(provider.doc))
  expect(codes).toEqual([])
})

test('[DOR3] a mobile line carries it in thousands of small pieces', async () => {
  world = await setupGateway()
  const { item, reader, token } = await begun()
  const socket = await joined(item, token)
  const update = Y.encodeStateAsUpdate(written(6 * MIB))
  const { _socket: line } = socket as unknown as { _socket: Socket }
  line.setNoDelay(true)
  const bytes = masked(frame(0, 2, update))
  expect(bytes.length / PIECE_BYTES).toBeGreaterThan(5_000)
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    line.write(bytes.subarray(from, from + PIECE_BYTES))
    // Until the other side, in this process, has read it by itself.
    await new Promise((resolve) => setImmediate(resolve))
  }
  await whenText(reader.doc, 'Het laatste woord.')
  expect(socket.readyState).toBe(socket.OPEN)
}, 60_000)

test('[DOR3] what is larger than a message may be is refused for good, with a reason, and stands in the account', async () => {
  world = await setupGateway()
  const { item, token, user } = await begun()
  const doc = new Y.Doc()
  addParagraph(doc, 'y'.repeat(YJS_MESSAGE_BYTES_MAX))
  const provider = world.stock(item, token, doc)
  const closed = await new Promise((resolve) => provider.once('closed', resolve))
  expect(closed).toEqual({ code: 4403, reason: 'too-large' })
  expect(provider.shouldConnect).toBe(false)
  expect(world.reports).toMatchObject([{ kind: 'gateway-refused', code: 'too-large' }, { kind: 'gateway-bad-frame' }])
  expect(world.accounted.filter(({ result }) => result === 'refused')).toMatchObject([{ who: user, operation: 'item.write', space: world.space, item }])
})

test('[LIM1] nobody else may send more than a frame: who reads, and who was not asked yet', async () => {
  world = await setupGateway()
  const { item } = await begun()
  const large = frame(0, 1, new Uint8Array(FRAME_BYTES_MAX))
  const reader = await joined(item, world.token('reader').token, false)
  const ofReader = whenClosed(reader)
  reader.send(large)
  expect((await ofReader).code).toBe(1009)
  const early = world.raw(`${item}?token=${world.token('member').token}`)
  await new Promise((resolve) => early.once('open', resolve))
  const ofEarly = whenClosed(early)
  early.send(large)
  expect((await ofEarly).code).toBe(1009)
})

test('only what was written may be large, and it must be what it says', async () => {
  world = await setupGateway()
  const { item, reader } = await begun()
  const { token } = world.token('member', world.space, 'hostile')
  for (const [bytes, code] of [
    [frame(1, new Uint8Array(FRAME_BYTES_MAX)), 4403], [frame(0, 0, new Uint8Array(FRAME_BYTES_MAX)), 4403], [new Uint8Array(2 * MIB).fill(3), 4403],
    [frame(0, 1, new Uint8Array(FRAME_BYTES_MAX).fill(255)), 1002], [frame(0, 2, new Uint8Array(2 * MIB)), 1002],
  ] as const) {
    const socket = await joined(item, token)
    const closed = whenClosed(socket)
    socket.send(bytes)
    expect((await closed).code).toBe(code)
  }
  expect(textOf(reader.doc)).toBe('Begin.\n')
})

test('[DOR4] halves of messages fill the room of their own sender alone, who comes back later; a socket that goes gives it back', async () => {
  world = await setupGateway()
  const { item, token, reader } = await begun()
  const half = new Uint8Array(6 * MIB)
  const halves = await Promise.all([1, 2].map(() => joined(item, token)))
  for (const socket of halves) {
    socket.send(half, { fin: false })
    await isRead(socket)
  }
  // 12 of 16 MiB: there is no room for six more.
  const third = await joined(item, token)
  const refused = whenClosed(third)
  third.send(half, { fin: false })
  expect(await refused).toEqual({ code: 1013, reason: 'busy' })
  const back = world.stock(item, token, written(5 * MIB, 'back'))
  const codes = closes(back)
  await whenever(() => codes.length > 0, (ask) => {
    back.on('connection-close', ask)
    return () => back.off('connection-close', ask)
  })
  expect(codes[0]).toBe(1013)
  const somebodyElse = written(2 * MIB, 'somebody else')
  addParagraph(somebodyElse, 'Van iemand anders.')
  world.stock(item, world.token('member').token, somebodyElse)
  await whenText(reader.doc, 'Van iemand anders.')
  expect(textOf(reader.doc).match(/Het laatste woord/g)).toHaveLength(1)
  for (const socket of halves) socket.terminate()
  await whenever(() => (textOf(reader.doc).match(/Het laatste woord/g) ?? []).length === 2, (ask) => {
    reader.doc.on('update', ask)
    return () => reader.doc.off('update', ask)
  })
})

test('[DOR4] the room of one person is given back each time, however it ended', async () => {
  world = await setupGateway()
  const { item, reader } = await begun()
  const { token } = world.token('member', world.space, 'again and again')
  const part = new Uint8Array(4 * MIB)
  // Together many times what one person may hold.
  for (let round = 0; round < Math.ceil((3 * FRAGMENT_BYTES_PER_USER_MAX) / part.length); round++) {
    const socket = await joined(item, token)
    const closed = whenClosed(socket)
    if (round % 3 === 0) socket.send(frame(0, 1, part)) // is no update
    else if (round % 3 === 1) {
      socket.send(part, { fin: false })
      await isRead(socket)
      socket.terminate()
    } else {
      socket.send(part, { fin: false })
      socket.send(new Uint8Array(0), { fin: true }) // a question for nothing
    }
    expect([1002, 1006, 4403]).toContain((await closed).code)
  }
  const doc = written(2 * MIB, newId(world.dice))
  const provider = world.stock(item, token, doc)
  const codes = closes(provider)
  await whenText(reader.doc, 'Het laatste woord.')
  expect(codes).toEqual([])
})
