/**
 * Frames: one or more messages, each `length ‖ code ‖ fields`. The length lets a reader skip fields appended by a newer version and
 * whole messages it does not know (codes ≥ 64 are reserved for such extensions; an unknown lower code is an error).
 *
 * Errors: `WireError` for anything malformed; the connection is closed with CLOSE.protocol. Nothing else is thrown.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { concatBytes } from '../base/bytes.ts'
import { DOWN_MESSAGES, PACKED_MESSAGES, UP_MESSAGES, type Down, type DownMessage, type UpMessage } from './messages/index.ts'
import { uint, WireError, type MessageSpec } from './schema.ts'

export { WireError } from './schema.ts'

/** Versions this build speaks. Rises with the fingerprint (tests/protocol). */
export const PROTO_MIN = 1
export const PROTO_MAX = 5
/** From this version on a laptop takes SNAPSHOT and SIFTED. */
export const PROTO_WITH_SNAPSHOTS = 2
/** From this version on a laptop takes ERASED; an older one is not let into a space of which something was erased since it was there. */
export const PROTO_WITH_ERASED = 3
/** From this version on a laptop takes ENTRIES and SIFTED packed. */
export const PROTO_WITH_PACKED = 4

const FIRST_EXTENSION_CODE = 64

interface Table {
  /** The form in which a message is sent. */
  byType: Map<string, MessageSpec>
  /** What a code stands for: packed messages are read as what they were packed from. */
  byCode: Map<number, { type: string; body: MessageSpec['body'] }>
}
/** In: `packed`: by the name of the message that each stands for. */
const tableOf = (specs: readonly MessageSpec[], packed: Readonly<Record<string, MessageSpec>> = {}): Table => ({
  byType: new Map(specs.map((spec) => [spec.name, spec])),
  byCode: new Map([...specs.map((spec) => [spec.name, spec] as const), ...Object.entries(packed)].map(([type, { code, body }]) => [code, { type, body }])),
})
const up = tableOf(UP_MESSAGES)
const down = tableOf(DOWN_MESSAGES, PACKED_MESSAGES)
const downPacked: Table = { ...down, byType: new Map(Object.entries(PACKED_MESSAGES)) }

/** Messages are written here first; making a buffer for each and growing it was most of what a small message cost. */
const SCRATCH_BYTES = 64 * 1024
const scratch = new Uint8Array(SCRATCH_BYTES)
const writer = encoding.createEncoder()

/** Out: the bytes of one message behind its length. */
function encodeOne(table: Table, message: { type: string }): Uint8Array<ArrayBuffer> {
  const spec = table.byType.get(message.type)
  if (!spec) throw new Error(`Bug: no message ${message.type}`)
  writer.cbuf = scratch
  writer.cpos = 0
  writer.bufs = []
  encoding.writeVarUint(writer, spec.code)
  spec.body.write(writer, message)
  // What did not fit went on elsewhere, and is put together.
  const body = writer.bufs.length === 0 ? scratch.subarray(0, writer.cpos) : encoding.toUint8Array(writer)
  let headBytes = 1
  for (let left = body.length; left > 127; left = Math.floor(left / 128)) headBytes++
  const whole = new Uint8Array(headBytes + body.length)
  let left = body.length
  for (let at = 0; at < headBytes; at++) {
    whole[at] = (left & 127) | (at + 1 < headBytes ? 128 : 0)
    left = Math.floor(left / 128)
  }
  whole.set(body, headBytes)
  return whole
}

function encode(table: Table, messages: readonly { type: string }[]): Uint8Array<ArrayBuffer> {
  const [only, ...more] = messages
  if (!only) return new Uint8Array(0)
  const first = encodeOne(table, only)
  return more.length === 0 ? first : concatBytes([first, ...more.map((message) => encodeOne(table, message))])
}

function decode(table: Table, given: Uint8Array): { type: string }[] {
  // A plain view: what a Node socket hands over is a Buffer, whose `slice` would share its pooled memory instead of copying.
  const frame = new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  const messages: { type: string }[] = []
  const from = decoding.createDecoder(frame)
  while (from.pos < frame.length) {
    const size = uint.read(from)
    if (size > frame.length - from.pos) throw new WireError('truncated message')
    const body = decoding.createDecoder(frame.subarray(from.pos, from.pos + size))
    from.pos += size
    const code = uint.read(body)
    const spec = table.byCode.get(code)
    if (spec) messages.push({ ...(spec.body.read(body) as object), type: spec.type })
    else if (code < FIRST_EXTENSION_CODE) throw new WireError(`unknown message ${code}`)
  }
  if (messages.length === 0 && frame.length === 0) throw new WireError('empty frame')
  return messages
}

export const encodeUp = (...messages: UpMessage[]): Uint8Array<ArrayBuffer> => encode(up, messages)
export const encodeDown = (...messages: DownMessage[]): Uint8Array<ArrayBuffer> => encode(down, messages)
/** In: `isPacked`: whether the other side greeted with PROTO_WITH_PACKED or later. */
export const encodeRun = (run: Down<'entries'> | Down<'sifted'>, isPacked: boolean): Uint8Array<ArrayBuffer> => encode(isPacked ? downPacked : down, [run])
export const decodeUp = (frame: Uint8Array): UpMessage[] => decode(up, frame) as UpMessage[]
export const decodeDown = (frame: Uint8Array): DownMessage[] => decode(down, frame) as DownMessage[]
