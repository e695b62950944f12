/**
 * Messages as data. A message is a code, a name, a direction and an ordered list of named fields; from that one description
 * follow the codec, the fingerprint that guards the version, the table in SPEC.md and the structure-aware fuzzer.
 *
 * Encoding is lib0's: unsigned LEB128 integers (≤ 2^53 − 1), length-prefixed bytes and UTF-8. Decoding never trusts a
 * length: it is checked against what is left before anything is allocated.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { fromHex, fromUtf8, putHex, toHex, utf8 } from '../base/bytes.ts'
import { ID_BYTES, type Id } from '../base/ids.ts'

export class WireError extends Error {}

export interface Field<T> {
  /** How the fingerprint and SPEC.md name it. */
  readonly shape: string
  write(to: encoding.Encoder, value: T): void
  read(from: decoding.Decoder): T
}

const left = (from: decoding.Decoder): number => from.arr.length - from.pos

const readUint = (from: decoding.Decoder): number => {
  let value = 0
  let scale = 1
  for (;;) {
    if (left(from) < 1) throw new WireError('truncated integer')
    const byte = from.arr[from.pos++] as number
    value += (byte & 0x7f) * scale
    if (value > Number.MAX_SAFE_INTEGER) throw new WireError('integer out of range')
    if (byte < 0x80) return value
    scale *= 128
    // Eight bytes hold 53 bits and more; an endless run of empty ones would make the scale infinite and the value NaN.
    if (scale > 2 ** 49) throw new WireError('integer too long')
  }
}

const readBytes = (from: decoding.Decoder, size: number): Uint8Array<ArrayBuffer> => {
  if (size > left(from)) throw new WireError('truncated bytes')
  const bytes = from.arr.slice(from.pos, from.pos + size) as Uint8Array<ArrayBuffer>
  from.pos += size
  return bytes
}

export const uint: Field<number> = {
  shape: 'uint',
  write: (to, value) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`Bug: ${value} is not an unsigned integer`)
    encoding.writeVarUint(to, value)
  },
  read: readUint,
}

export const bool: Field<boolean> = {
  shape: 'bool',
  write: (to, value) => encoding.writeUint8(to, value ? 1 : 0),
  read: (from) => {
    const byte = readBytes(from, 1)[0]
    if (byte !== 0 && byte !== 1) throw new WireError('not a bool')
    return byte === 1
  },
}

/** 16 bytes on the wire, 32 hex digits in memory. */
export const id: Field<Id> = {
  shape: 'id',
  write: (to, value) => {
    if (value.length !== 2 * ID_BYTES) throw new Error('Bug: not an id')
    // Straight into the buffer where there is room: byte by byte through the library costs three times as much.
    if (to.cpos + ID_BYTES > to.cbuf.length) return encoding.writeUint8Array(to, fromHex(value))
    putHex(value, to.cbuf, to.cpos)
    to.cpos += ID_BYTES
  },
  read: (from) => toHex(readBytes(from, ID_BYTES)),
}

export const bytes = (bytesMax: number): Field<Uint8Array> => ({
  shape: `bytes(${bytesMax})`,
  write: (to, value) => {
    if (value.length > bytesMax) throw new Error(`Bug: ${value.length} bytes, at most ${bytesMax}`)
    encoding.writeVarUint8Array(to, value)
  },
  read: (from) => {
    const size = readUint(from)
    if (size > bytesMax) throw new WireError('bytes too long')
    return readBytes(from, size)
  },
})

export const text = (bytesMax: number): Field<string> => ({
  shape: `text(${bytesMax})`,
  write: (to, value) => {
    const raw = utf8(value)
    if (raw.length > bytesMax) throw new Error(`Bug: text of ${raw.length} bytes, at most ${bytesMax}`)
    encoding.writeVarUint8Array(to, raw)
  },
  read: (from) => {
    const size = readUint(from)
    if (size > bytesMax) throw new WireError('text too long')
    try {
      return fromUtf8(readBytes(from, size))
    } catch (error) {
      if (error instanceof WireError) throw error
      throw new WireError('text is not UTF-8')
    }
  },
})

/** One of a closed list, sent as its index. New values are appended only. */
export const oneOf = <T extends string>(values: readonly T[]): Field<T> => ({
  shape: `oneOf(${values.join('|')})`,
  write: (to, value) => {
    const index = values.indexOf(value)
    if (index < 0) throw new Error(`Bug: ${value} is not one of ${values.join(', ')}`)
    encoding.writeVarUint(to, index)
  },
  read: (from) => {
    const value = values[readUint(from)]
    if (value === undefined) throw new WireError('unknown value')
    return value
  },
})

export const optional = <T>(field: Field<T>): Field<T | null> => ({
  shape: `optional(${field.shape})`,
  write: (to, value) => {
    bool.write(to, value !== null)
    if (value !== null) field.write(to, value)
  },
  read: (from) => (bool.read(from) ? field.read(from) : null),
})

/** The last field of a message, which an older version did not send: nothing left to read is none. */
export const appended = <T>(field: Field<T>): Field<T | null> => {
  const inside = optional(field)
  return { shape: `appended(${field.shape})`, write: (to, value) => inside.write(to, value), read: (from) => (left(from) === 0 ? null : inside.read(from)) }
}

// reason: the value types differ per field and are recovered by ValueOf; `unknown` would not take a Field<number>
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Shape = Readonly<Record<string, Field<any>>>
export type ValueOf<S extends Shape> = { -readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never }

export const struct = <S extends Shape>(fields: S): Field<ValueOf<S>> => {
  const entries = Object.entries(fields)
  return {
    shape: `{${entries.map(([name, field]) => `${name}:${field.shape}`).join(',')}}`,
    write: (to, value) => {
      for (const [name, field] of entries) field.write(to, (value as Record<string, unknown>)[name])
    },
    read: (from) => {
      const value: Record<string, unknown> = {}
      for (const [name, field] of entries) value[name] = field.read(from)
      return value as ValueOf<S>
    },
  }
}

export const list = <T>(field: Field<T>, countMax: number): Field<T[]> => ({
  shape: `list(${field.shape},${countMax})`,
  write: (to, values) => {
    if (values.length > countMax) throw new Error(`Bug: ${values.length} elements, at most ${countMax}`)
    encoding.writeVarUint(to, values.length)
    for (const value of values) field.write(to, value)
  },
  read: (from) => {
    const count = readUint(from)
    if (count > countMax || count > left(from)) throw new WireError('list too long')
    return Array.from({ length: count }, () => field.read(from))
  },
})

export type Direction = 'up' | 'down' | 'both'

export interface MessageSpec<Name extends string = string, S extends Shape = Shape> {
  readonly code: number
  readonly name: Name
  readonly direction: Direction
  readonly body: Field<ValueOf<S>>
}

export const defineMessage = <Name extends string, S extends Shape>(code: number, name: Name, direction: Direction, fields: S): MessageSpec<Name, S> => ({
  code,
  name,
  direction,
  body: struct(fields),
})

export type MessageOf<M> = M extends MessageSpec<infer Name, infer S> ? { type: Name } & ValueOf<S> : never
