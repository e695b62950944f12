/**
 * A laptop as far as the relay can tell: one socket that speaks the protocol, and people who type. Used where the engine would measure itself
 * instead of the relay.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { NO_ID, newId, type Id } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { FORMAT_OF_PART, type Part } from '../../shared/model/entries.ts'
import { PUSHES_IN_FLIGHT_COUNT_MAX } from '../../shared/model/limits.ts'
import { decodeDown, encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage, UpMessage } from '../../shared/protocol/messages/index.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'

export interface Place {
  epoch: Id
  cursor: number
  tailHash: Uint8Array
}
export const NOWHERE: Place = { epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH }

export interface Laptop {
  send(...messages: UpMessage[]): void
  next<T extends DownMessage['type']>(type: T): Promise<Down<T>>
  on(listener: (message: DownMessage) => void): void
  readonly bytesIn: number
  readonly bytesOut: number
  /** All that crossed the TCP connection so far, the upgrade and the frames' own heads included. */
  onTheWire(): { in: number; out: number }
  isOpen(): boolean
  close(): Promise<void>
}

/** In: `decode`, for a generator with so many laptops that reading the same frame for each of them would weigh more than the relay. */
export async function connect(address: string, cookie: string, dice: Dice, decode: (frame: Buffer) => DownMessage[] = decodeDown, protoMax = PROTO_MAX): Promise<Laptop> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/sync`, { headers: { cookie, origin: address }, perMessageDeflate: false })
  let tcp: Socket | null = null
  socket.once('upgrade', (response) => (tcp = response.socket))
  const listeners = new Set<(message: DownMessage) => void>()
  let bytesIn = 0
  let bytesOut = 0
  socket.on('message', (data: Buffer) => {
    bytesIn += data.length
    for (const message of decode(data)) for (const listener of listeners) listener(message)
  })
  const laptop: Laptop = {
    send(...messages) {
      const frame = encodeUp(...messages)
      bytesOut += frame.length
      socket.send(frame)
    },
    next: (type) =>
      new Promise((resolve, reject) => {
        const onClose = (code: number): void => reject(new Error(`closed with ${code} while waiting for ${type}`))
        socket.once('close', onClose)
        const listener = (message: DownMessage): void => {
          if (message.type !== type) return
          listeners.delete(listener)
          socket.off('close', onClose)
          resolve(message as never)
        }
        listeners.add(listener)
      }),
    on: (listener) => void listeners.add(listener),
    get bytesIn() {
      return bytesIn
    },
    get bytesOut() {
      return bytesOut
    },
    onTheWire: () => ({ in: tcp?.bytesRead ?? 0, out: tcp?.bytesWritten ?? 0 }),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return
      socket.close()
      await once(socket, 'close')
    },
  }
  await once(socket, 'open')
  // A relay that is killed: the close that follows is what counts.
  socket.on('error', () => socket.terminate())
  const welcome = laptop.next('welcome')
  laptop.send({ type: 'hello', protoMin: PROTO_MIN, protoMax, build: 'bench', device: newId(dice), pendingCount: 0 })
  await welcome
  return laptop
}

/** Follows a space from a place and keeps the credit flowing. Out: resolves when the catch-up is over, with the place reached. */
export async function follow(laptop: Laptop, space: Id, from: Place): Promise<{ place: Place; entryCount: number }> {
  let place = from
  let entryCount = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const subbed = laptop.next('subbed')
  let head = Infinity
  laptop.on((message) => {
    // A whole one is confirmed by the place that it leaves where it was.
    if (message.type === 'snapshot' && message.space === space && message.last) laptop.send({ type: 'recv', space, cursor: place.cursor })
    if ((message.type !== 'entries' && message.type !== 'sifted') || message.space !== space) return
    place = { epoch: message.epoch, cursor: message.cursorAfter, tailHash: message.tailHashAfter }
    entryCount += message.entries.length
    if (message.more) laptop.send({ type: 'recv', space, cursor: message.cursorAfter })
    if (message.cursorAfter >= head) resolve()
  })
  laptop.send({ type: 'sub', space, epoch: from.epoch, cursor: from.cursor, tailHash: from.tailHash })
  const answer = await subbed
  head = answer.head
  if (place.cursor >= head) resolve()
  await promise
  return { place: { ...place, epoch: answer.epoch }, entryCount }
}

/** In: place in the order of one connection, from 1. */
export type MakeEntry = (n: number) => UpMessage

/** An entry as a PUSH, under a fresh id. */
export function entryOf(dice: Dice, { n, space, item, part, schema = 1, writer, payload }: { n: number; space: Id; item: Id; part: Part; schema?: number; writer: Id; payload: Uint8Array }): UpMessage {
  return {
    type: 'push', n, space, entry: newId(dice), item, part, format: FORMAT_OF_PART[part], schema, clientTime: Date.now(), writer, spans: new Uint8Array(), fragment: 0, fragments: 1, payload,
  }
}

/** Somebody who types in one item: each call is the update of one keystroke, as an entry ready to be pushed. */
export function typist(space: Id, item: Id, dice: Dice): MakeEntry {
  const doc = new Y.Doc()
  const writer = newId(dice)
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  let update: Uint8Array | null = null
  doc.on('update', (bytes: Uint8Array) => {
    update = bytes
  })
  let isBegun = false
  return (n) => {
    if (!isBegun) {
      isBegun = true
      paragraph.insert(0, [text])
      doc.getXmlFragment('prose').insert(0, [paragraph])
    } else text.insert(text.length, 'e')
    return entryOf(dice, { n, space, item, part: 'prose', writer, payload: must(update, 'an update after an edit') })
  }
}

/**
 * Pushes so many entries over a fresh connection, spread over the typists, at most so many a second; resolves when all are acknowledged.
 * Out: ms per entry from sending to ACK. `sentAt` gets when each left.
 */
export async function pushAt(laptop: Laptop, typists: readonly MakeEntry[], perSecond: number, count: number, sentAt?: Map<Id, number>): Promise<number[]> {
  const times: number[] = []
  const began: number[] = []
  let n = 0
  let acked = 0
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  laptop.on((message) => {
    if (message.type === 'nack') reject(new Error(`refused: ${message.code} ${message.reason}`))
    if (message.type !== 'ack') return
    const now = performance.now()
    for (; acked < message.upToN; acked++) times.push(now - (began[acked] as number))
    if (acked >= count) resolve()
  })
  // What is refused is thrown below; meanwhile the loop goes on for a moment.
  promise.catch(() => (n = count))
  const start = performance.now()
  while (n < count) {
    // A laptop keeps at most so many unanswered; beyond it typing waits, as the engine's does.
    const due = Math.min(count, acked + PUSHES_IN_FLIGHT_COUNT_MAX, Math.ceil(((performance.now() - start) / 1000) * perSecond))
    for (; n < due; n++) {
      const message = must(typists[n % typists.length], 'a typist')(n + 1)
      const now = performance.now()
      began.push(now)
      if (message.type === 'push') sentAt?.set(message.entry, now)
      laptop.send(message)
    }
    await sleep(1)
  }
  await promise
  return times
}
