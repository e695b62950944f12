/**
 * Frames: one or more messages, each `length ‖ code ‖ fields`. The length lets a reader skip fields appended by a newer version and
 * whole messages it does not know (codes ≥ 64 are reserved for such extensions; an unknown lower code is an error).
 *
 * Errors: `WireError` for anything malformed; the connection is closed with CLOSE.protocol. Nothing else is thrown.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { DOWN_MESSAGES, UP_MESSAGES, type DownMessage, type UpMessage } from './messages/index.ts'
import { uint, WireError, type MessageSpec } from './schema.ts'

export { WireError } from './schema.ts'

/** Versions this build speaks. Rises with the fingerprint (tests/protocol). */
export const PROTO_MIN = 1
export const PROTO_MAX = 3
/** From this version on a laptop takes SNAPSHOT and SIFTED. */
export const PROTO_WITH_SNAPSHOTS = 2
/** From this version on a laptop takes ERASED; an older one is not let into a space of which something was erased since it was there. */
export const PROTO_WITH_ERASED = 3

const FIRST_EXTENSION_CODE = 64

interface Table {
  byName: Map<string, MessageSpec>
  byCode: Map<number, MessageSpec>
}
const tableOf = (specs: readonly MessageSpec[]): Table => ({
  byName: new Map(specs.map((spec) => [spec.name, spec])),
  byCode: new Map(specs.map((spec) => [spec.code, spec])),
})
const up = tableOf(UP_MESSAGES)
const down = tableOf(DOWN_MESSAGES)

function encode(table: Table, messages: readonly { type: string }[]): Uint8Array<ArrayBuffer> {
  const frame = encoding.createEncoder()
  for (const message of messages) {
    const spec = table.byName.get(message.type)
    if (!spec) throw new Error(`Bug: no message ${message.type}`)
    const body = encoding.createEncoder()
    encoding.writeVarUint(body, spec.code)
    spec.body.write(body, message)
    encoding.writeVarUint8Array(frame, encoding.toUint8Array(body))
  }
  return encoding.toUint8Array(frame) as Uint8Array<ArrayBuffer>
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
    if (spec) messages.push({ ...(spec.body.read(body) as object), type: spec.name })
    else if (code < FIRST_EXTENSION_CODE) throw new WireError(`unknown message ${code}`)
  }
  if (messages.length === 0 && frame.length === 0) throw new WireError('empty frame')
  return messages
}

export const encodeUp = (...messages: UpMessage[]): Uint8Array<ArrayBuffer> => encode(up, messages)
export const encodeDown = (...messages: DownMessage[]): Uint8Array<ArrayBuffer> => encode(down, messages)
export const decodeUp = (frame: Uint8Array): UpMessage[] => decode(up, frame) as UpMessage[]
export const decodeDown = (frame: Uint8Array): DownMessage[] => decode(down, frame) as DownMessage[]
