/**
 * B11, and the crowd of A13: what costs little to send and much to receive. Compression that was never agreed, messages in a hundred thousand parts, frames that
 * are larger than they may be, handshakes that never end and a thousand sockets that never say who they are, while somebody honest types.
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { newId } from '../../shared/base/ids.ts'
import { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN } from '../../shared/model/limits.ts'
import { residentMiB } from '../bench/machine.ts'
import { withBystander, type Bystanding } from './crowd.ts'
import type { RelayProcess } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { COMPRESSION_OFFERS } from './websocket/cases-limits.ts'
import { syncEndpoint, yjsEndpoint, type Endpoint } from './websocket/endpoints.ts'
import { requestText, upgrade, type RawSocket } from './websocket/raw-socket.ts'
import { binary, frame, OP, ping } from './websocket/wire.ts'

const KIB = 1024
const FRAGMENTS = 100_000
const FRAGMENT_SOCKETS = 8
const MEMORY_KIB_EACH_MAX = 64
/** A hundred thousand parts at once: what is kept of them may not show. */
const MEMORY_MIB_MAX = 50
/** The limit is 10 s; this machine has a second to notice. */
const CLOSED_SECONDS_MAX = 11
/** Longer means that it is never closed. */
const CLOSED_MS_LAST = 30_000
const DIALS_AT_ONCE = 50

export const b11: Row = {
  id: 'B11',
  name: 'Decompression, fragments, slow handshakes',
  promise: 'what is cheap to send and dear to receive is refused before it is dear, and who never says HELLO is gone in ten seconds',
  target: 'compression never agreed; 100,000 parts of a message closed, memory +≤ 50 MB; 1,000 sockets without HELLO (twice; 60 in CI) closed ≤ 10 s, ≤ 64 KiB each; honest p95 ≤ 250 ms',
  run: (trial) => withBystander(trial, 'B11', (bystanding) => weigh(bystanding, trial)),
}

interface Scene {
  trial: Trial
  relay: RelayProcess
  /** Of somebody known. */
  known: Record<string, string>
  /** Of nobody known, from our own page. */
  unknown: Record<string, string>
  endpoints: Endpoint[]
}

function sceneOf({ relay, group, dice, honest }: Bystanding, trial: Trial): Scene {
  const unknown = { Origin: relay.address }
  return { trial, relay, unknown, known: { ...unknown, Cookie: group.cookie(1) }, endpoints: [syncEndpoint(newId(dice)), yjsEndpoint(honest.item)] }
}

/** The crowd alone, as row A13 asks for it. */
export async function withoutHelloRow(bystanding: Bystanding, trial: Trial): Promise<undefined> {
  await crowdWithoutHello(sceneOf(bystanding, trial), 'of all kinds', trial.count(60, 1_000, 1_000), KINDS)
}

async function weigh(bystanding: Bystanding, trial: Trial): Promise<undefined> {
  const scene = sceneOf(bystanding, trial)
  await compression(scene)
  await tinyFragments(scene)
  await largeFrames(scene)
  const crowd = trial.count(60, 1_000, 1_000)
  await crowdWithoutHello(scene, 'of all kinds', crowd, KINDS)
  // Of the mixture the dearest alone; the short run has had it.
  if (trial.size !== 'small') await crowdWithoutHello(scene, 'with half a frame', crowd, KINDS.filter(({ name }) => name.includes('half a frame')))
}

/** After the handshake and, where there is one, the greeting. */
async function signedIn({ relay, known, trial }: Scene, endpoint: Endpoint, headers: Record<string, string> = {}): Promise<RawSocket | null> {
  const { socket, status, headers: answered } = await upgrade({ port: relay.port, path: endpoint.path, headers: { ...known, ...headers } })
  if (!socket) {
    trial.violation(`${endpoint.name}: no socket, status ${status}`)
    return null
  }
  if (answered['sec-websocket-extensions'] !== undefined) trial.violation(`${endpoint.name} accepts ${answered['sec-websocket-extensions']}`)
  for (const bytes of endpoint.greeting) await socket.send(bytes)
  while (endpoint.greeting.length > 0 && socket.events.length === 0 && socket.tcp.writable) await sleep(2)
  return socket
}

/** Out: the close code, 0 when it was cut off without, null when it was not closed at all. */
async function codeOf(socket: RawSocket, ms = CLOSED_MS_LAST): Promise<number | null> {
  const closeEvent = (): string | undefined => socket.events.find((event) => event.startsWith('close:'))
  const isGone = await Promise.race([
    socket.ended.then(() => true),
    new Promise<boolean>((resolve) => (socket.onEvent = (event) => void (event.startsWith('close:') && resolve(true)))),
    sleep(closeEvent() === undefined ? ms : 0, closeEvent() !== undefined, { ref: false }),
  ])
  return isGone ? Number(closeEvent()?.slice('close:'.length) ?? 0) : null
}

async function compression(scene: Scene): Promise<void> {
  const { trial, endpoints } = scene
  const bomb = frame({ opcode: OP.binary, rsv: 4, payload: deflateRawSync(Buffer.alloc(64 * KIB * KIB)) })
  let tried = 0
  for (const endpoint of endpoints) {
    for (const offer of COMPRESSION_OFFERS) {
      const socket = await signedIn(scene, endpoint, { 'Sec-WebSocket-Extensions': offer })
      if (!socket) continue
      await socket.send(bomb)
      const code = await codeOf(socket)
      if (code !== 1002) trial.violation(`${endpoint.name}: a compressed frame after "${offer}" ended with ${code}`)
      socket.cut()
      tried += 1
    }
  }
  trial.figure(`compression offered ${tried} times, never agreed, a compressed frame closed each time`)
}

/** In: work during which the memory of the relay is looked at. Out: MiB at most. */
async function peakOf({ relay }: Scene, work: () => Promise<void>): Promise<number> {
  let peak = residentMiB(relay.pid)
  const timer = setInterval(() => void (relay.isUp && (peak = Math.max(peak, residentMiB(relay.pid)))), 25)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return peak
}

async function tinyFragments(scene: Scene): Promise<void> {
  const { trial, endpoints } = scene
  const codes = new Map<string, number>()
  const before = residentMiB(scene.relay.pid)
  const peak = await peakOf(scene, async () => {
    for (const endpoint of endpoints) {
      for (const bytes of [0, 1]) {
        const part = frame({ opcode: OP.continuation, fin: false, payload: Buffer.alloc(bytes, 0x2a) })
        const many = Buffer.concat(Array.from({ length: FRAGMENTS / 100 }, () => part))
        await Promise.all(Array.from({ length: FRAGMENT_SOCKETS }, async () => {
          const socket = await signedIn(scene, endpoint)
          if (!socket) return
          await socket.send(frame({ opcode: OP.binary, fin: false, payload: endpoint.ask(endpoint.askBytesMin) }))
          for (let i = 0; i < 100 && !socket.isClosing; i++) await socket.send(many)
          const code = await codeOf(socket)
          if (code !== 1008 && code !== 1009) trial.violation(`${endpoint.name}: ${FRAGMENTS} parts of ${bytes} bytes ended with ${code}`)
          codes.set(String(code), (codes.get(String(code)) ?? 0) + 1)
          socket.cut()
        }))
      }
    }
  })
  trial.figure(`${[...codes.values()].reduce((a, b) => a + b, 0)}× 100,000 parts closed with ${[...codes.keys()].join(' or ')}`)
  if (trial.size === 'small') return
  const memory = peak - before
  trial.figure(`memory +${memory.toFixed(0)} MiB`)
  if (memory > MEMORY_MIB_MAX) trial.missed(`memory +${memory.toFixed(0)} MiB under fragments`)
}

/** Refused by what the header announces, as well as by what comes. */
async function largeFrames(scene: Scene): Promise<void> {
  const { trial, relay, known, endpoints } = scene
  let closed = 0
  const judge = (words: string, code: number | null): void => {
    if (code === 1009) closed += 1
    else trial.violation(`${words} ended with ${code}`)
  }
  for (const endpoint of endpoints) {
    for (const [words, bytes] of [['announced', frame({ opcode: OP.binary, announced: BigInt(FRAME_BYTES_MAX + 1) })], ['sent', binary(Buffer.alloc(FRAME_BYTES_MAX + 1))]] as const) {
      const socket = await signedIn(scene, endpoint)
      if (!socket) continue
      await socket.send(bytes)
      judge(`${endpoint.name}: more than 1 MiB ${words} after login`, await codeOf(socket))
      socket.cut()
    }
  }
  const half = frame({ opcode: OP.binary, payload: Buffer.alloc(FRAME_BYTES_MAX) }).subarray(0, 2 * FRAME_BYTES_MAX_BEFORE_LOGIN)
  for (const [words, bytes] of [['in one frame', binary(Buffer.alloc(FRAME_BYTES_MAX_BEFORE_LOGIN + 1))], ['of a frame that does not end', half]] as const) {
    const { socket } = await upgrade({ port: relay.port, path: '/sync', headers: known })
    if (!socket) continue
    await socket.send(bytes)
    judge(`sync: more than 16 KiB ${words} before HELLO`, await codeOf(socket, 5_000))
    socket.cut()
  }
  trial.figure(`${count(closed, 'frame')} over the limit closed with 1009`)
}

// ── Who never says HELLO ──

interface Kind {
  name: string
  /** Out: resolves when it was closed, or told so. */
  open(scene: Scene): Promise<{ told: Promise<void>; cut(): void }>
}

const toldOf = (socket: RawSocket): Promise<void> => Promise.race([socket.ended, new Promise<void>((resolve) => {
  if (socket.isClosing) return resolve()
  socket.onEvent = (event) => void (event.startsWith('close:') && resolve())
})])

/** A socket through the handshake that does this and nothing else. */
const upgraded = (name: string, who: 'known' | 'unknown', act: (socket: RawSocket, isOver: () => boolean) => Promise<void>): Kind => ({
  name,
  async open(scene) {
    const { socket } = await upgrade({ port: scene.relay.port, path: '/sync', headers: scene[who] })
    if (!socket) return { told: Promise.resolve(), cut: () => undefined }
    let isOver = false
    void socket.ended.then(() => (isOver = true))
    const told = toldOf(socket)
    void act(socket, () => isOver)
    return { told, cut: () => socket.cut() }
  },
})

/** A connection that gets no further than these bytes, one piece at a time. */
const asking = (name: string, piecesOf: (scene: Scene) => Iterable<string>, everyMs: number): Kind => ({
  name,
  open(scene) {
    return new Promise((resolve) => {
      const tcp = connect({ port: scene.relay.port, host: '127.0.0.1', noDelay: true })
      tcp.on('error', () => undefined).resume() // its end follows
      const told = new Promise<void>((done) => tcp.once('close', () => done()))
      tcp.once('connect', () => {
        resolve({ told, cut: () => tcp.destroy() })
        const pieces = piecesOf(scene)[Symbol.iterator]()
        const timer = setInterval(() => {
          const { value, done } = pieces.next()
          if (!done && tcp.writable) tcp.write(value)
        }, everyMs)
        void told.then(() => clearInterval(timer))
      })
      void told.then(() => resolve({ told, cut: () => undefined }))
    })
  },
})

const requestOf = ({ relay, known }: Scene): string => requestText({ port: relay.port, path: '/sync', headers: known })
function* endlessHeaders(scene: Scene): Generator<string> {
  yield requestOf(scene).slice(0, -2)
  for (let i = 0; ; i++) yield `X-${i}: ${i}\r\n`
}

/** As much as half of the largest frame, in pieces, as fast as it is taken. */
async function halfAFrame(socket: RawSocket): Promise<void> {
  if (socket.tcp.writable) socket.tcp.write(frame({ opcode: OP.binary, announced: BigInt(FRAME_BYTES_MAX) }))
  for (let sent = 0; sent < FRAME_BYTES_MAX / 2 && socket.tcp.writable; sent += 16 * KIB) {
    socket.tcp.write(Buffer.alloc(16 * KIB))
    await sleep(20)
  }
}

const KINDS: readonly Kind[] = [
  upgraded('known and silent', 'known', () => Promise.resolve()),
  upgraded('known and chatty', 'known', async (socket, isOver) => {
    for (; !isOver(); await sleep(250)) await socket.send(ping(Buffer.from('hallo')))
  }),
  upgraded('known, half a frame', 'known', halfAFrame),
  upgraded('known, byte by byte', 'known', async (socket, isOver) => {
    await socket.send(frame({ opcode: OP.binary, announced: BigInt(FRAME_BYTES_MAX_BEFORE_LOGIN) }))
    for (; !isOver(); await sleep(20)) await socket.send(Buffer.from([1]))
  }),
  upgraded('unknown, deaf to the close', 'unknown', () => Promise.resolve()),
  upgraded('unknown, half a frame', 'unknown', halfAFrame),
  asking('connected and silent', () => [], 1_000),
  asking('a handshake byte by byte', (scene) => requestOf(scene), 200),
  asking('headers without end', endlessHeaders, 200),
  asking('huge headers', (scene) => [`${requestOf(scene).slice(0, -2)}X-Huge: ${'x'.repeat(256 * KIB)}`], 10),
]

/**
 * A program takes memory at its first crowd that it keeps for the next, so what one more socket costs is the difference between a large crowd and
 * a small one, and not what there was more than before anybody came.
 */
async function crowdWithoutHello(scene: Scene, words: string, total: number, kinds: readonly Kind[]): Promise<void> {
  const { trial } = scene
  const few = trial.size === 'small' ? 0 : Math.floor(total / 4)
  const low = few === 0 ? null : await withoutHello(scene, words, few, kinds)
  const high = await withoutHello(scene, words, total, kinds)
  trial.figure(`${count(total, 'socket')} without HELLO ${words} closed`)
  if (low === null) return
  const each = Math.max(0, ((high.peak - low.peak) * KIB) / (total - few))
  trial.figure(`after ${Math.max(...high.worst.values()).toFixed(1)} s at most, ${each.toFixed(0)} KiB each`)
  for (const [name, longest] of high.worst) if (longest > CLOSED_SECONDS_MAX) trial.missed(`${name}: closed after ${longest.toFixed(1)} s`)
  if (each > MEMORY_KIB_EACH_MAX) trial.missed(`${each.toFixed(0)} KiB for each socket ${words}`)
}

/** Out: MiB at most, and by kind the seconds until the last was closed. */
async function withoutHello(scene: Scene, words: string, total: number, kinds: readonly Kind[]): Promise<{ peak: number; worst: Map<string, number> }> {
  const { trial } = scene
  const worst = new Map<string, number>()
  const cuts: (() => void)[] = []
  const peak = await peakOf(scene, async () => {
    const waits: Promise<void>[] = []
    let next = 0
    await Promise.all(Array.from({ length: Math.min(DIALS_AT_ONCE, total) }, async () => {
      while (next < total) {
        const kind = kinds[next++ % kinds.length]
        if (!kind) return
        const began = performance.now()
        const { told, cut } = await kind.open(scene)
        cuts.push(cut)
        waits.push(Promise.race([told.then(() => true), sleep(CLOSED_MS_LAST, false, { ref: false })]).then((isClosed) => {
          if (!isClosed) trial.violation(`${kind.name}: not closed after ${CLOSED_MS_LAST / 1000} s`)
          worst.set(kind.name, Math.max(worst.get(kind.name) ?? 0, (performance.now() - began) / 1000))
          trial.progress(`${words}: ${worst.size} kinds closed`)
        }))
      }
    }))
    await Promise.all(waits)
  })
  for (const cut of cuts) cut()
  return { peak, worst }
}
