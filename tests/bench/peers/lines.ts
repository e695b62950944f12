/** A client of one document as a load generator needs it: a socket, the frames of its system, and counts of what crossed. Keeps no document. */
import { once } from 'node:events'
import WebSocket from 'ws'
import { newId, type Id } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import { must } from '../../../shared/base/assert.ts'
import { PUSHES_IN_FLIGHT_COUNT_MAX } from '../../../shared/model/limits.ts'
import { decodeDown } from '../../../shared/protocol/codec.ts'
import { connect, entryOf, NOWHERE } from '../laptop.ts'
import type { OurServer, Server, YjsServer } from './systems.ts'
import { authFrame, pingFrame, EMPTY_STATE_VECTOR, read, STEP_1, STEP_2, syncFrame, UPDATE, type Dialect } from './wire.ts'

const KEEP_ALIVE_MS = 15_000

type Listener = (updates: readonly Uint8Array[]) => void

export interface Line {
  /** One update of the document, as a frame of its own. */
  write(update: Uint8Array): void
  /** Updates of the document that arrive, the answer to the first question included. What is `own` echo is said where the system says it. */
  onUpdate(listener: Listener): void
  /** How many of the updates written here the server called saved; systems that never say so are silent. */
  onSaved(listener: (count: number) => void): void
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
async function yjsLine(server: YjsServer, doc: Id, first: Listener | undefined): Promise<Line> {
  const { dialect } = server
  const isBare = server.name === 'null'
  const socket = await opened(server.address(doc))
  const listeners: Listener[] = first ? [first] : []
  let bytesIn = 0
  let bytesOut = 0
  const send = (frame: Uint8Array): void => {
    bytesOut += frame.length
    socket.send(frame)
  }
  let savedCount = 0
  const savedListeners: ((count: number) => void)[] = []
  const level = Promise.withResolvers<void>()
  let isLevel = isBare
  socket.on('message', (frame: Buffer) => {
    bytesIn += frame.length
    const updates = updateIn[dialect](frame)
    if (updates.length > 0) for (const listener of listeners) listener(updates)
    if (isLevel && savedListeners.length === 0) return
    const heard = read(dialect, frame)
    if (heard?.kind === 'saved' && isLevel) {
      if (heard.isSaved) for (const listener of savedListeners) listener(++savedCount)
    }
    if (isLevel) return
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
  if (dialect === 'hocuspocus') {
    // It closes who says nothing for a minute; its own provider asks this often.
    const asking = setInterval(() => socket.send(pingFrame(doc)), KEEP_ALIVE_MS)
    socket.once('close', () => clearInterval(asking))
  }
  if (!isBare) {
    if (dialect === 'hocuspocus') send(authFrame(doc))
    send(syncFrame(dialect, doc, STEP_1, EMPTY_STATE_VECTOR))
    await level.promise
  }
  return {
    write: (update) => send(syncFrame(dialect, doc, UPDATE, update)),
    onUpdate: (listener) => void listeners.push(listener),
    onSaved: (listener) => void savedListeners.push(listener),
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

async function ourLine(server: OurServer, doc: Id, dice: Dice, first: Listener | undefined): Promise<Line> {
  const { space } = server
  const laptop = await connect(server.http, server.admin.cookie, dice, decodedOnce)
  const writer = newId(dice)
  let n = 0
  let ackedN = 0
  const savedListeners: ((count: number) => void)[] = []
  /** Beyond the window, typing waits for an answer, as in the engine. */
  const waiting: Uint8Array[] = []
  const push = (payload: Uint8Array): void => laptop.send(entryOf(dice, { n: ++n, space, item: doc, part: 'prose', writer, payload }))
  const listeners: Listener[] = first ? [first] : []
  const subbed = laptop.next('subbed')
  laptop.on((message) => {
    if (message.type === 'nack') throw new Error(`refused: ${message.code} ${message.reason}`)
    if (message.type === 'ack') {
      ackedN = message.upToN
      while (waiting.length > 0 && n - ackedN < PUSHES_IN_FLIGHT_COUNT_MAX) push(must(waiting.shift(), 'one that waits'))
      for (const listener of savedListeners) listener(ackedN)
    }
    if (message.type !== 'entries' && message.type !== 'sifted') return
    if (message.more) laptop.send({ type: 'recv', space, cursor: message.cursorAfter })
    let updates = payloadsOnce.get(message)
    if (!updates) payloadsOnce.set(message, (updates = message.entries.filter(({ item, part }) => item === doc && part === 'prose').map(({ payload }) => payload)))
    if (updates.length > 0) for (const listener of listeners) listener(updates)
  })
  laptop.send({ type: 'sub', space, ...NOWHERE })
  await subbed
  return {
    write: (update) => void (n - ackedN < PUSHES_IN_FLIGHT_COUNT_MAX ? push(update) : waiting.push(update)),
    onUpdate: (listener) => void listeners.push(listener),
    onSaved: (listener) => void savedListeners.push(listener),
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

/** In: `first`: hears from the first answer on. */
export function lineTo(server: Server, doc: Id, dice: Dice, first?: Listener): Promise<Line> {
  if (server.kind === 'yjs') return yjsLine(server, doc, first)
  if (server.kind === 'ours') return ourLine(server, doc, dice, first)
  throw new Error('Bug: automerge-repo has clients of its own here')
}
