/**
 * The two doors of the relay that speak websocket. Neither echoes, so a trial asks something that has one answer and may be of any size: a message
 * that a newer laptop could send and an older relay skips, followed by PING; or a question for presence with bytes after it that nobody reads.
 */
import { must } from '../../../shared/base/assert.ts'
import type { Id } from '../../../shared/base/ids.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../../shared/protocol/codec.ts'
import { binary } from './wire.ts'

export interface Endpoint {
  name: string
  path: string
  /** Frames that a socket says first, and for which it is answered. */
  greeting: readonly Buffer[]
  /** Bytes of the smallest question. */
  askBytesMin: number
  /** The payload of a question of exactly so many bytes. */
  ask(bytes: number): Buffer
  /** Of the hexadecimal form of a message: whether it answers `ask`. */
  isAnswer(hex: string): boolean
  /** Its own sign of life that looks like an answer comes right before its ping. */
  hasSignOfLife: boolean
}

const PING = Buffer.from(encodeUp({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 }))
const PONG_CODE = 17
/** Reserved for what a newer version says and an older one skips. */
const EXTENSION_CODE = 64

const varUint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varUint(value >>> 7)])

function skipped(bytes: number): Buffer {
  if (bytes === 0) return Buffer.alloc(0)
  for (const lengthBytes of [1, 2, 3]) {
    const head = varUint(bytes - lengthBytes)
    if (head.length === lengthBytes && bytes > lengthBytes) return Buffer.concat([Buffer.from(head), Buffer.from([EXTENSION_CODE]), Buffer.alloc(bytes - lengthBytes - 1, 0x2a)])
  }
  // A byte too many for a short length and one too few for a long one: two messages.
  return Buffer.concat([skipped(bytes - SMALL_BYTES), skipped(SMALL_BYTES)])
}
const SMALL_BYTES = 10

export const helloFrame = (device: Id): Buffer => Buffer.from(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'trust', device, pendingCount: 0 }))

const codeOf = (hex: string): number => {
  const bytes = Buffer.from(hex, 'hex')
  let at = 0
  while ((must(bytes[at], 'a length') & 128) !== 0) at += 1
  return bytes[at + 1] ?? -1
}

export const syncEndpoint = (device: Id): Endpoint => ({
  name: 'sync',
  path: '/sync',
  greeting: [binary(helloFrame(device))],
  askBytesMin: PING.length + 2,
  ask: (bytes) => Buffer.concat([skipped(bytes - PING.length), PING]),
  isAnswer: (hex) => codeOf(hex) === PONG_CODE,
  hasSignOfLife: false,
})

const QUERY_AWARENESS = 3
/** Awareness of nobody. */
const NOBODY = '010100'

export const yjsEndpoint = (item: Id): Endpoint => ({
  name: 'yjs',
  path: `/yjs/${item}`,
  greeting: [],
  askBytesMin: 1,
  ask: (bytes) => Buffer.concat([Buffer.from([QUERY_AWARENESS]), Buffer.alloc(bytes - 1, 0x2a)]),
  isAnswer: (hex) => hex === NOBODY,
  hasSignOfLife: true,
})
