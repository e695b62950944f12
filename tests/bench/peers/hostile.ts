/**
 * Hostile input: a fresh server for each case, two honest people at work on it, one sender who means harm. Told: whether it goes on at all, the
 * longest wait of the honest ones, its CPU and how far its memory went.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { newId } from '../../../shared/base/ids.ts'
import { below, randomBytes, seededDice } from '../../../shared/base/random.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../../shared/protocol/codec.ts'
import { entryOf } from '../laptop.ts'
import { cpuSeconds, residentMiB } from '../machine.ts'
import { cborOf, joinOf } from './cbor.ts'
import { lineTo, type Line } from './lines.ts'
import { isOurs, withServer, type Server, type SystemName } from './systems.ts'
import { shown, type Table, type Tell } from './table.ts'
import { authFrame, awarenessFrame, createPen, orphan, runsIn, STEP_1, syncFrame, UPDATE, EMPTY_STATE_VECTOR } from './wire.ts'

const dice = seededDice(4186)
const TYPE_MS = 20
/** Nothing hostile may hold others up for longer. */
const STALL_MS_MAX = 200
const AFTER_MS = 2_500

/** What a sender with an ordinary login can do to a document. */
interface Foe {
  server: Server
  doc: string
  /** A socket past its handshake. */
  socket(): Promise<WebSocket>
  raw(): Promise<Socket>
  /** One update of the document as a frame of this system. */
  update(bytes: Uint8Array): Uint8Array
}

function foeOf(server: Server, doc: string): Foe {
  const address = server.kind === 'yjs' ? server.address(doc) : server.kind === 'ours' ? `${server.http.replace('http', 'ws')}/sync` : `ws://127.0.0.1:${server.port}/`
  const headers = server.kind === 'ours' ? { cookie: server.admin.cookie, origin: server.http } : {}
  let n = 0
  return {
    server, doc,
    async socket() {
      const socket = new WebSocket(address, { headers, perMessageDeflate: false })
      // Being thrown out is what happens to a foe.
      socket.on('error', () => socket.terminate())
      await once(socket, 'open')
      if (server.kind === 'ours') {
        n = 0
        socket.send(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'bench', device: newId(dice), pendingCount: 0 }))
      } else if (server.kind === 'automerge') socket.send(joinOf(newId(dice)))
      else {
        if (server.dialect === 'hocuspocus') socket.send(authFrame(doc))
        socket.send(syncFrame(server.dialect, doc, STEP_1, EMPTY_STATE_VECTOR))
      }
      await heard(socket, 'message', 2_000)
      return socket
    },
    async raw() {
      const { port, pathname, search } = new URL(address)
      const socket = connectTcp(Number(port), '127.0.0.1')
      socket.on('error', () => socket.destroy())
      await once(socket, 'connect')
      const key = createHash('sha1').update(newId(dice)).digest('base64').slice(0, 22) + '=='
      const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`)
      await heard(socket, 'data', 1_000)
      return socket
    },
    update(bytes) {
      if (server.kind === 'yjs') return syncFrame(server.dialect, doc, UPDATE, bytes)
      if (server.kind === 'ours') return encodeUp(entryOf(dice, { n: ++n, space: server.space, item: doc, part: 'prose', writer: newId(dice), payload: bytes }))
      return bytes
    },
  }
}

/** The next event of this name, or that it does not come; an error is no reason to stop here. */
const heard = (from: WebSocket | Socket, event: 'message' | 'data', ms: number): Promise<unknown> => Promise.race([new Promise((resolve) => from.once(event, resolve)), sleep(ms)])

const flushed = async (socket: WebSocket): Promise<void> => {
  while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > 0) await sleep(5)
}

/** A frame from a client is masked; these break a rule each: RSV bits, opcode 3, a stray continuation, 2^63 bytes, a close of one byte, 200 MiB announced. */
const MALFORMED = ['f28500000000' + '0000000000', '838100000000' + '00', '808100000000' + '00', '82ff8000000000000000' + '00000000', '888100000000' + '03', '82ff000000000c800000' + '00000000', '0101']

/** A document of its own in one update of about so many bytes. */
function bigUpdate(bytes: number): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  text.insert(0, 'x'.repeat(bytes))
  doc.getXmlFragment('prose').insert(0, [paragraph])
  return Y.encodeStateAsUpdate(doc)
}

/** One typist's pieces of so many bytes, each its own update. */
function* pieces(bytes: number): Generator<Uint8Array> {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  let made = new Uint8Array()
  doc.on('update', (update: Uint8Array) => (made = new Uint8Array(update)))
  doc.getXmlFragment('prose').insert(0, [paragraph])
  yield made
  for (;;) {
    text.insert(0, 'y'.repeat(bytes))
    yield made
  }
}

type Attack = (foe: Foe, isQuick: boolean) => Promise<void>

const attacks: Record<string, Attack> = {
  'malformed websocket frames': async (foe) => {
    for (const frame of MALFORMED) {
      const socket = await foe.raw()
      socket.write(Buffer.from(frame, 'hex'))
      await sleep(100)
      socket.destroy()
    }
  },
  'random and truncated messages, 2,000': async (foe) => {
    for (let left = 2_000; left > 0; ) {
      const socket = await foe.socket()
      for (; left > 0 && socket.readyState === WebSocket.OPEN; left--) {
        socket.send(below(dice, 2) === 0 ? randomBytes(dice, 1 + below(dice, 200)) : foe.update(orphan(dice.uint32(), 1)).subarray(0, 1 + below(dice, 20)))
        if (left % 20 === 0) await sleep(1)
      }
      socket.terminate()
    }
    if (foe.server.kind !== 'automerge') return
    for (const value of [null, 'x', 7]) {
      const socket = await foe.socket()
      socket.send(cborOf(value))
      await sleep(50)
      socket.terminate()
    }
    const socket = await foe.socket()
    socket.send(cborOf({ type: 'join' }))
    await sleep(50)
    socket.terminate()
  },
  'presence of 20,000 made-up people, 1 KiB each': async (foe, isQuick) => {
    const { server, doc } = foe
    if (server.kind === 'automerge') return
    const socket = await foe.socket()
    const json = JSON.stringify({ user: { name: 'x'.repeat(1_000) } })
    for (let i = 0; i < (isQuick ? 200 : 1_000) && socket.readyState === WebSocket.OPEN; i++) {
      if (server.kind === 'ours') {
        for (let k = 0; k < 20; k++) socket.send(encodeUp({ type: 'presence', space: server.space, item: k === 0 ? doc : newId(dice), open: true, bytes: Buffer.from(json) }))
      } else socket.send(awarenessFrame(server.dialect, doc, Array.from({ length: 20 }, () => ({ clientId: dice.uint32(), json }))))
      if (i % 10 === 0) await flushed(socket)
    }
    await flushed(socket)
    await sleep(AFTER_MS)
    socket.terminate()
  },
  '2,000 updates that wait for a past': async (foe) => {
    if (foe.server.kind === 'automerge') return
    let socket = await foe.socket()
    const client = dice.uint32()
    for (let i = 0; i < 2_000; i++) {
      if (socket.readyState !== WebSocket.OPEN) {
        // Thrown out: a stubborn one comes back, a few times.
        if (i > 100) break
        socket = await foe.socket()
      }
      socket.send(foe.update(orphan(client, i)))
      if (i % 50 === 0) await flushed(socket)
    }
    await flushed(socket)
    await sleep(AFTER_MS)
    socket.terminate()
  },
  'a reader that stopped, owed 38 MiB': async (foe, isQuick) => {
    if (foe.server.kind === 'automerge') return
    const reader = await foe.socket()
    if (foe.server.kind === 'ours') reader.send(encodeUp({ type: 'sub', space: foe.server.space, epoch: '0'.repeat(32), cursor: 0, tailHash: new Uint8Array(16) }))
    await sleep(200)
    reader.pause()
    const writer = await lineTo(foe.server, foe.doc, dice)
    let echoed = 0
    writer.onUpdate((updates) => (echoed += updates.reduce((sum, { length }) => sum + length, 0)))
    let written = 0
    for (const piece of pieces(60_000)) {
      if (written > (isQuick ? 8 : 38) * 2 ** 20) break
      writer.write(piece)
      written += piece.length
      for (let waited = 0; written - echoed > 2 * 2 ** 20 && waited < 400; waited++) await sleep(5)
    }
    await sleep(AFTER_MS)
    await writer.close()
    reader.terminate()
  },
  'one valid update of 64 MiB': async (foe, isQuick) => {
    if (foe.server.kind === 'automerge') return
    const socket = await foe.socket()
    socket.send(syncOrPush(foe, bigUpdate((isQuick ? 8 : 64) * 2 ** 20)))
    await flushed(socket)
    await sleep(AFTER_MS)
    socket.terminate()
  },
  '64 MiB of garbage in one frame': async (foe, isQuick) => {
    const socket = await foe.socket()
    socket.send(Buffer.alloc((isQuick ? 8 : 64) * 2 ** 20, 7))
    await flushed(socket)
    await sleep(AFTER_MS)
    socket.terminate()
  },
  'a thousand who come and go, a document each': async (foe, isQuick) => {
    for (let i = 0; i < (isQuick ? 100 : 1_000); i += 20)
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const one = await foeOf(foe.server, newId(dice)).socket()
          one.terminate()
        }),
      )
    await sleep(AFTER_MS)
  },
}

/** Ours refuses such a payload in the codec already, so it is written without it. */
function syncOrPush(foe: Foe, update: Uint8Array): Uint8Array {
  return foe.server.kind === 'ours' ? Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x1f, 7]), update]) : foe.update(update)
}

/** null: it ended, whether or not anybody has been told. */
function memoryOf(pid: number): number | null {
  try {
    return residentMiB(pid)
  } catch {
    return null // a process that ended has no memory to tell of
  }
}

interface Outcome {
  verdict: string
  stallMs: number
  cpu: number
  peak: number
  kept: number
}

async function outcomeOf(system: SystemName, attack: Attack, isQuick: boolean): Promise<Outcome> {
  let outcome: Outcome = { verdict: '', stallMs: Number.NaN, cpu: Number.NaN, peak: Number.NaN, kept: Number.NaN }
  await withServer(system, async (server) => {
    const doc = newId(dice)
    const foe = foeOf(server, doc)
    const pid = server.pid
    const delays: number[] = []
    let isTyping = true
    let lines: Line[] = []
    let typing: Promise<void> = Promise.resolve()
    /** The oldest letter that has not arrived. */
    const open = new Map<number, number>()
    if (server.kind !== 'automerge') {
      const pen = createPen(dice)
      const writer = await lineTo(server, doc, dice)
      const reader = await lineTo(server, doc, dice)
      lines = [writer, reader]
      reader.onUpdate((updates) => {
        const now = performance.now()
        for (const { client, from, to } of updates.flatMap((update) => [...runsIn(update)]))
          for (let clock = from; client === pen.client && clock < to; clock++) {
            const began = open.get(clock)
            if (began === undefined) continue
            delays.push(now - began)
            open.delete(clock)
          }
      })
      writer.write(pen.first)
      await sleep(300)
      typing = (async () => {
        while (isTyping && writer.isOpen()) {
          open.set(pen.clock, performance.now())
          writer.write(pen.next())
          await sleep(TYPE_MS)
        }
      })()
    }
    await sleep(1_500)
    // The first letters of a document wait for what a server does once.
    delays.length = 0
    const memory = residentMiB(pid)
    let peak = memory
    const watch = setInterval(() => {
      peak = Math.max(peak, memoryOf(pid) ?? 0)
    }, 50)
    const cpuBefore = cpuSeconds(pid)
    try {
      await attack(foe, isQuick)
    } catch (error) {
      // A server that is gone refuses connections: the verdict says so below. Anything else is ours.
      if (memoryOf(pid) !== null) throw error
    }
    await sleep(1_000)
    isTyping = false
    await typing
    clearInterval(watch)
    const isAlive = server.isAlive() && memoryOf(pid) !== null
    const cpu = isAlive ? cpuSeconds(pid) - cpuBefore : Number.NaN
    // Honest letters get a little longer to arrive.
    for (let waited = 0; isAlive && open.size > 0 && waited < 100; waited++) await sleep(50)
    const now = performance.now()
    const isCut = lines.some((line) => !line.isOpen())
    const stallMs = Math.max(0, ...delays, ...(isCut ? [] : [...open.values()].map((began) => now - began)))
    outcome = {
      verdict: !isAlive ? 'CRASH' : isCut ? 'honest ones cut off' : open.size > 0 ? 'honest letters lost' : 'ok',
      stallMs: delays.length > 0 && isAlive ? stallMs : Number.NaN, cpu, peak: peak - memory, kept: isAlive ? (memoryOf(pid) ?? Number.NaN) - memory : Number.NaN,
    }
    await Promise.all(lines.map((line) => line.close()))
  })
  return outcome
}

export async function hostile(tell: Tell, isQuick: boolean): Promise<void> {
  for (const [name, attack] of Object.entries(attacks)) {
    const lines: Table['lines'] = []
    for (const system of ['samenpad', 'samenpad-yjs', 'yws', 'hocuspocus', 'automerge'] as SystemName[]) {
      const isFor = system !== 'automerge' || /websocket|truncated|garbage|come and go/.test(name)
      if (!isFor) continue
      const { verdict, stallMs, cpu, peak, kept } = await outcomeOf(system, attack, isQuick)
      lines.push({ system, values: [verdict, stallMs, cpu, peak, kept] })
    }
    tell({
      row: 'hostile',
      title: `Hostile: ${name}`,
      columns: [
        { title: 'still serving', unit: '' },
        { title: 'longest wait of an honest letter', unit: 'ms' },
        { title: 'CPU', unit: 's' },
        { title: 'memory, peak', unit: 'MiB' },
        { title: 'memory, kept', unit: 'MiB' },
      ],
      lines,
      notes: lines.flatMap(({ system, values: [verdict, stallMs] }) =>
        isOurs(system) && (verdict !== 'ok' || (stallMs as number) > STALL_MS_MAX) ? [`**${system}: ${verdict}, an honest letter waited ${shown(stallMs ?? null)} ms; asked: at most ${STALL_MS_MAX} ms.**`] : [],
      ),
    })
  }
}
