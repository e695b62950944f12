/** A client of one document as a load generator needs it: a socket, the frames of its system, and counts of what crossed. Keeps no document. */
import { once } from 'node:events'
import WebSocket from 'ws'
import { newId, type Id } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import { decodeDown } from '../../../shared/protocol/codec.ts'
import { connect, entryOf, NOWHERE } from '../laptop.ts'
import type { OurServer, Server, YjsServer } from './systems.ts'
import { authFrame, EMPTY_STATE_VECTOR, read, STEP_1, STEP_2, syncFrame, UPDATE, type Dialect } from './wire.ts'

export interface Line {
  /** One update of the document, as a frame of its own. */
  write(update: Uint8Array): void
  /** Updates of the document that arrive, the answer to the first question included. What is `own` echo is said where the system says it. */
  onUpdate(listener: (updates: readonly Uint8Array[]) => void): void
  readonly bytesIn: number
  readonly bytesOut: number
  isOpen(): boolean
  /** Waits until what was sent has left this process. */
  close(): Promise<void>
}

/**
 * A server sends the same bytes to all its readers. The same bytes are read once: otherwise this process would weigh more than what it measures.
 * In: what reading a frame gives; it may be kept, so it holds no view into the frame that is written to later (nobody does).
 */
export function readOnce<T>(read: (frame: Buffer) => T): (frame: Buffer) => T {
  let known = new Map<number, { frame: Buffer; value: T }>()
  return (frame) => {
    const { length } = frame
    // Clocks and sequence numbers are at the ends.
    let key = length
    for (let i = 0; i < Math.min(40, length); i++) key = (Math.imul(key, 31) + (frame[i] as number)) | 0
    for (let i = Math.max(0, length - 40); i < length; i++) key = (Math.imul(key, 31) + (frame[i] as number)) | 0
    const before = known.get(key)
    if (before && before.frame.equals(frame)) return before.value
    const value = read(frame)
    if (known.size > 2_000) known = new Map()
    known.set(key, { frame, value })
    return value
  }
}

const opened = async (address: string): Promise<WebSocket> => {
  const socket = new WebSocket(address, { perMessageDeflate: false })
  await once(socket, 'open')
  // A server that ends or is ended: the row looks at its process.
  socket.on('error', () => socket.terminate())
  return socket
}
const closed = async (socket: WebSocket): Promise<void> => {
  if (socket.readyState === WebSocket.CLOSED) return
  const gone = once(socket, 'close')
  socket.close()
  const late = setTimeout(() => socket.terminate(), 2_000)
  await gone
  clearTimeout(late)
}

const updateIn: Record<Dialect, (frame: Buffer) => readonly Uint8Array[]> = {
  'y-websocket': readOnce((frame) => updatesOf('y-websocket', frame)),
  hocuspocus: readOnce((frame) => updatesOf('hocuspocus', frame)),
}
const updatesOf = (dialect: Dialect, frame: Buffer): readonly Uint8Array[] => {
  const heard = read(dialect, frame)
  return heard?.kind === 'update' || heard?.kind === 'step2' ? [heard.bytes] : []
}

/** In: `isBare`: the control, which knows no handshake. Resolves when the server has answered the first question. */
async function yjsLine(server: YjsServer, doc: Id): Promise<Line> {
  const { dialect } = server
  const isBare = server.name === 'null'
  const socket = await opened(server.address(doc))
  const listeners: ((updates: readonly Uint8Array[]) => void)[] = []
  let bytesIn = 0
  let bytesOut = 0
  const send = (frame: Uint8Array): void => {
    bytesOut += frame.length
    socket.send(frame)
  }
  const level = Promise.withResolvers<void>()
  let isLevel = isBare
  socket.on('message', (frame: Buffer) => {
    bytesIn += frame.length
    const updates = updateIn[dialect](frame)
    if (updates.length > 0) for (const listener of listeners) listener(updates)
    if (isLevel) return
    const heard = read(dialect, frame)
    // As the stock clients do: what the server asks is answered with what it lacks, which is nothing.
    if (heard?.kind === 'step1') send(syncFrame(dialect, doc, STEP_2, new Uint8Array([0, 0])))
    if (heard?.kind === 'step2') {
      isLevel = true
      level.resolve()
    }
  })
  // Once level, a socket that closes is the row's affair.
  if (isBare) level.resolve()
  socket.once('close', (code) => level.reject(new Error(`closed with ${code}`)))
  if (!isBare) {
    if (dialect === 'hocuspocus') send(authFrame(doc))
    send(syncFrame(dialect, doc, STEP_1, EMPTY_STATE_VECTOR))
    await level.promise
  }
  return {
    write: (update) => send(syncFrame(dialect, doc, UPDATE, update)),
    onUpdate: (listener) => void listeners.push(listener),
    get bytesIn() {
      return bytesIn
    },
    get bytesOut() {
      return bytesOut
    },
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => closed(socket),
  }
}

const decodedOnce = readOnce((frame) => decodeDown(frame))
const payloadsOnce = new WeakMap<object, readonly Uint8Array[]>()

async function ourLine(server: OurServer, doc: Id, dice: Dice): Promise<Line> {
  const { space } = server
  const laptop = await connect(server.http, server.admin.cookie, dice, decodedOnce)
  const writer = newId(dice)
  let n = 0
  const listeners: ((updates: readonly Uint8Array[]) => void)[] = []
  const subbed = laptop.next('subbed')
  laptop.on((message) => {
    if (message.type === 'nack') throw new Error(`refused: ${message.code} ${message.reason}`)
    if (message.type !== 'entries') return
    laptop.send({ type: 'recv', space, cursor: message.cursorAfter })
    let updates = payloadsOnce.get(message)
    if (!updates) payloadsOnce.set(message, (updates = message.entries.filter(({ item, part }) => item === doc && part === 'prose').map(({ payload }) => payload)))
    if (updates.length > 0) for (const listener of listeners) listener(updates)
  })
  laptop.send({ type: 'sub', space, ...NOWHERE })
  await subbed
  return {
    write: (update) => laptop.send(entryOf(dice, { n: ++n, space, item: doc, part: 'prose', writer, payload: update })),
    onUpdate: (listener) => void listeners.push(listener),
    get bytesIn() {
      return laptop.bytesIn
    },
    get bytesOut() {
      return laptop.bytesOut
    },
    isOpen: () => laptop.isOpen(),
    close: () => laptop.close(),
  }
}

export function lineTo(server: Server, doc: Id, dice: Dice): Promise<Line> {
  if (server.kind === 'yjs') return yjsLine(server, doc)
  if (server.kind === 'ours') return ourLine(server, doc, dice)
  throw new Error('Bug: automerge-repo has clients of its own here')
}
