/**
 * RFC 6455 as bytes, written from the standard and not with the library under trial: frames as a client may send them, and as it must not, and
 * the frames of a server read as strictly as the standard allows. Nothing here knows what our messages mean.
 */
import { createHash } from 'node:crypto'

export const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameParts {
  opcode: number
  payload?: Uint8Array
  /** Default true. */
  fin?: boolean
  /** Three bits: 4 is RSV1, which compression would use. */
  rsv?: number
  /** null: not masked, which a client must not. */
  mask?: readonly [number, number, number, number] | null
  /** Bytes of the length field; by default as few as will do. */
  lengthBytes?: 0 | 2 | 8
  /** What the header says, when that is not what follows. */
  announced?: bigint
}

const MASK = [0x37, 0xfa, 0x21, 0x3d] as const

export function frame({ opcode, payload = new Uint8Array(), fin = true, rsv = 0, mask = MASK, announced = BigInt(payload.length), lengthBytes }: FrameParts): Buffer {
  const field = lengthBytes ?? (announced < 126n ? 0 : announced < 65_536n ? 2 : 8)
  const header = Buffer.alloc(2 + field + (mask ? 4 : 0))
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  header[1] = (mask ? 0x80 : 0) | (field === 0 ? Number(announced) : field === 2 ? 126 : 127)
  if (field === 2) header.writeUInt16BE(Number(announced), 2)
  if (field === 8) header.writeBigUInt64BE(announced, 2)
  const body = Buffer.from(payload)
  if (mask) {
    header.set(mask, 2 + field)
    for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i % 4] ?? 0)
  }
  return Buffer.concat([header, body])
}

export const binary = (payload: Uint8Array): Buffer => frame({ opcode: OP.binary, payload })
export const ping = (payload: Uint8Array = new Uint8Array()): Buffer => frame({ opcode: OP.ping, payload })
export const pong = (payload: Uint8Array = new Uint8Array()): Buffer => frame({ opcode: OP.pong, payload })

export function closePayload(code: number, reason: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(code)
  return Buffer.concat([bytes, reason])
}
export const close = (code: number, reason?: Uint8Array): Buffer => frame({ opcode: OP.close, payload: closePayload(code, reason) })

/** One message in parts of so many bytes. */
export function fragments(opcode: number, payload: Uint8Array, partBytes: number): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < payload.length; at += partBytes)
    frames.push(frame({ opcode: at === 0 ? opcode : OP.continuation, fin: at + partBytes >= payload.length, payload: payload.subarray(at, at + partBytes) }))
  return frames
}

export interface ServerFrame {
  fin: boolean
  opcode: number
  payload: Buffer
}

/** Out: what bytes of a server add up to; `fault` is the first thing that the standard forbids it. */
export function createFrameReader(onFrame: (frame: ServerFrame) => void, onFault: (fault: string) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const [first, second] = [rest[0], rest[1]]
      if (first === undefined || second === undefined) return
      const short = second & 0x7f
      const field = short < 126 ? 0 : short === 126 ? 2 : 8
      if (rest.length < 2 + field) return
      const length = field === 0 ? short : field === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
      if (rest.length < 2 + field + length) return
      const opcode = first & 0x0f
      const isControl = opcode >= 8
      if ((first & 0x70) !== 0) onFault('a reserved bit')
      if ((second & 0x80) !== 0) onFault('a masked frame')
      if (field > 0 && length < (field === 2 ? 126 : 65_536)) onFault('a length that is longer than it need be')
      if (isControl && (length > 125 || (first & 0x80) === 0)) onFault('a control frame that is long or in parts')
      if (![0, 1, 2, 8, 9, 10].includes(opcode)) onFault(`opcode ${opcode}`)
      onFrame({ fin: (first & 0x80) !== 0, opcode, payload: rest.subarray(2 + field, 2 + field + length) })
      rest = rest.subarray(2 + field + length)
    }
  }
}

/** RFC 6455 §4.2.2: shows that the server read the key. */
export const acceptOf = (key: string): string => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
