/** Frames: what goes in comes out, hostile bytes end in one kind of error, newer bytes are read by older code. */
import * as encoding from 'lib0/encoding'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '../../shared/base/bytes.ts'
import { decodeDown, decodeUp, encodeDown, encodeUp, WireError } from '../../shared/protocol/codec.ts'
import { DOWN_MESSAGES, UP_MESSAGES, type DownMessage, type UpMessage } from '../../shared/protocol/messages/index.ts'
import type { MessageSpec } from '../../shared/protocol/schema.ts'
import { uint } from '../../shared/protocol/schema.ts'
import { DOWN_SAMPLES, UP_SAMPLES } from './samples.ts'
import * as decoding from 'lib0/decoding'

/** Random values of a message, from the same description that the codec follows. */
function arbitraryOf(shape: string): fc.Arbitrary<unknown> {
  let at = 0
  const until = (stops: string): string => {
    const from = at
    while (at < shape.length && !stops.includes(shape[at]!)) at++
    return shape.slice(from, at)
  }
  function number(): number {
    at++ // the bracket
    const value = Number(until(')'))
    at++
    return value
  }
  function read(): fc.Arbitrary<unknown> {
    if (shape[at] === '{') {
      at++
      const fields: Record<string, fc.Arbitrary<unknown>> = {}
      while (shape[at] !== '}') {
        const name = until(':')
        at++
        fields[name] = read()
        if (shape[at] === ',') at++
      }
      at++
      return fc.record(fields)
    }
    const kind = until('(,})')
    switch (kind) {
      case 'uint':
        return fc.oneof(fc.nat(300), fc.maxSafeNat())
      case 'bool':
        return fc.boolean()
      case 'id':
        return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex)
      case 'bytes':
        return fc.uint8Array({ maxLength: Math.min(40, number()) })
      case 'text': {
        const bytesMax = number()
        return fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => new TextEncoder().encode(text).length <= bytesMax)
      }
      case 'oneOf': {
        at++
        const values = until(')').split('|')
        at++
        return fc.constantFrom(...values)
      }
      case 'optional':
      case 'appended': {
        at++
        const inner = read()
        at++
        return fc.option(inner)
      }
      case 'list': {
        at++
        const element = read()
        at++
        until(')')
        at++
        return fc.array(element, { maxLength: 5 })
      }
      default:
        throw new Error(`no arbitrary for ${kind} in ${shape}`)
    }
  }
  return read()
}

const messageOf = (spec: MessageSpec): fc.Arbitrary<unknown> => arbitraryOf(spec.body.shape).map((fields) => ({ ...(fields as object), type: spec.name }))
const upMessage = fc.oneof(...UP_MESSAGES.map(messageOf)) as fc.Arbitrary<UpMessage>
const downMessage = fc.oneof(...DOWN_MESSAGES.map(messageOf)) as fc.Arbitrary<DownMessage>

/** Decodes, or says that the bytes were refused in the one way that is allowed. */
function refusedOr<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof WireError) return null
    throw error
  }
}

describe('codec', () => {
  it('[WIR1] what was encoded is decoded to the same messages, in both directions', () => {
    fc.assert(fc.property(fc.array(upMessage, { minLength: 1, maxLength: 4 }), (messages) => void expect(decodeUp(encodeUp(...messages))).toEqual(messages)), { numRuns: 500, seed: 1 })
    fc.assert(fc.property(fc.array(downMessage, { minLength: 1, maxLength: 4 }), (messages) => void expect(decodeDown(encodeDown(...messages))).toEqual(messages)), { numRuns: 500, seed: 2 })
  })

  it('[WIR1] frames put one after the other are one frame', () => {
    const [hello, ping] = [encodeUp(UP_SAMPLES.hello), encodeUp(UP_SAMPLES.ping)]
    expect(decodeUp(concatBytes([hello, ping]))).toEqual([UP_SAMPLES.hello, UP_SAMPLES.ping])
  })

  it('[WIR1] what is decoded does not share memory with the frame', () => {
    const frame = Buffer.from(encodeUp(UP_SAMPLES.push))
    const [push] = decodeUp(frame)
    frame.fill(0)
    expect(push).toEqual(UP_SAMPLES.push)
  })

  it('[WIR2] what an older version did not send yet is read as none', () => {
    const whole = encodeDown(DOWN_SAMPLES.scope)
    const older = Uint8Array.from([whole[0]! - 2, ...whole.subarray(1, -2)])
    expect(decodeDown(older)).toEqual([{ ...DOWN_SAMPLES.scope, offlineDaysMax: null }])
  })

  it('[WIR2] fields appended by a newer version, and whole messages it adds, are skipped', () => {
    fc.assert(
      fc.property(upMessage, fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 64, max: 1_000_000 }), (message, more, code) => {
        const known = encodeUp(message)
        const from = decoding.createDecoder(known)
        const body = known.subarray(known.length - uint.read(from))
        const newer = encoding.createEncoder()
        encoding.writeVarUint8Array(newer, concatBytes([body, more]))
        const extension = encoding.createEncoder()
        encoding.writeVarUint(extension, code)
        encoding.writeUint8Array(extension, more)
        encoding.writeVarUint8Array(newer, encoding.toUint8Array(extension))
        expect(decodeUp(encoding.toUint8Array(newer))).toEqual([message])
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  it('[WIR3] random bytes only ever end in the error of the wire', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      refusedOr(() => decodeUp(bytes))
      refusedOr(() => decodeDown(bytes))
    }), { numRuns: 5_000, seed: 4 })
  })

  it('[WIR3] cut and altered frames only ever end in the error of the wire, and a cut one is never taken for whole', () => {
    fc.assert(
      fc.property(downMessage, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (message, cutAt, at, byte) => {
        const frame = encodeDown(message)
        expect(refusedOr(() => decodeDown(frame.subarray(0, cutAt % frame.length)))).toBeNull()
        const altered = frame.slice()
        altered[at % frame.length] = byte
        refusedOr(() => decodeDown(altered))
      }),
      { numRuns: 2_000, seed: 5 },
    )
  })

  it('[WIR3] lengths that promise more than there is are refused before anything is allocated', () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]
    for (const bytes of [huge, [9, 10, ...huge], [2, 63], [1], [...Array.from({ length: 200 }, () => 0x80), 0]]) {
      expect(() => decodeDown(Uint8Array.from(bytes))).toThrow(WireError)
    }
  })

  it('a bug of our own is not an error of the wire', () => {
    expect(() => encodeUp({ ...UP_SAMPLES.ping, pendingCount: -1 })).toThrow('Bug')
    expect(() => encodeUp({ ...UP_SAMPLES.ping, pendingCount: 0.5 })).toThrow('Bug')
    expect(() => encodeUp({ ...UP_SAMPLES.sub, space: 'x' })).toThrow('Bug')
    expect(() => encodeUp({ ...UP_SAMPLES.sub, tailHash: new Uint8Array(17) })).toThrow('Bug')
  })
})
