/** Packed entries and squeezed bytes: what goes in comes out, small where much repeats, and hostile bytes end in the error of the wire. */
import * as encoding from 'lib0/encoding'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../shared/base/bytes.ts'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { FORMATS, PARTS } from '../../shared/model/entries.ts'
import { decodeDown, encodeDown, encodeRun, WireError } from '../../shared/protocol/codec.ts'
import type { Down } from '../../shared/protocol/messages/index.ts'
import { SQUEEZED_BYTES_MAX, type WireEntry } from '../../shared/protocol/packed-entries.ts'
import { squeeze, unsqueeze } from '../../shared/protocol/squeeze.ts'
import { DOWN_SAMPLES } from './samples.ts'

/** Few different ids, as in a log, and now and then one of its own. */
const someId = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('a0', 'b1', 'c2').map((byte) => byte.repeat(16)) }, { weight: 1, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex) })
const someUint = fc.oneof(fc.nat(300), fc.integer({ min: 1_763_700_000_000, max: 1_763_700_100_000 }), fc.maxSafeNat())
const loose = fc.record({
  prevItemSeq: fc.maxSafeNat(), entry: someId, item: someId, part: fc.constantFrom(...PARTS), format: fc.constantFrom(...FORMATS), schema: someUint, author: someId, writer: someId,
  serverTime: someUint, clientTime: someUint, payload: fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(new Uint8Array(90).fill(7))),
})
const entriesOf = fc.tuple(fc.uniqueArray(fc.oneof(fc.nat(1_000), fc.maxSafeNat()), { maxLength: 30 }), fc.infiniteStream(loose)).map(([seqs, stream]): WireEntry[] =>
  seqs.sort((a, b) => a - b).map((seq) => {
    const entry = stream.next().value
    return { ...entry, seq, prevItemSeq: seq === 0 ? 0 : entry.prevItemSeq % seq }
  }))
const run = fc.tuple(entriesOf, fc.boolean()).map(([entries, isSifted]): Down<'entries'> | Down<'sifted'> => ({ ...(isSifted ? DOWN_SAMPLES.sifted : DOWN_SAMPLES.entries), entries }))

const refusedOr = <T>(decode: () => T): T | null => {
  try {
    return decode()
  } catch (error) {
    if (error instanceof WireError) return null
    throw error
  }
}

/** Letters of many people in many items, as a laptop that was away gets them. */
function letters(count: number): WireEntry[] {
  const dice = seededDice(7)
  const author = newId(dice)
  return Array.from({ length: count }, (_, i): WireEntry => ({
    seq: 5_000 + i, prevItemSeq: 1 + i, entry: newId(dice), item: newId(dice), part: 'prose', format: 'yjs1', schema: 1, author, writer: newId(dice), serverTime: 1_763_700_000_000 + 7 * i, clientTime: 1_763_700_000_000 + 7 * i - (i % 5),
    payload: Uint8Array.from([1, 1, ...[0, 0, 0, 0, 0].map(() => dice.uint32() & 127 | 128), 3, 0, 0x84, ...new TextEncoder().encode('prose paragraph text letter'), i & 127]),
  }))
}

describe('packed entries', () => {
  it('[WIR6] what was packed is read as the message it was packed from', () => {
    fc.assert(fc.property(run, (message) => void expect(decodeDown(encodeRun(message, true))).toEqual([message])), { numRuns: 500, seed: 11 })
    fc.assert(fc.property(run, (message) => void expect(decodeDown(encodeRun(message, false))).toEqual([message])), { numRuns: 50, seed: 12 })
  })

  it('[WIR6] a thousand small entries take less than three fifths of what they take one by one', () => {
    const message: Down<'entries'> = { ...DOWN_SAMPLES.entries, entries: letters(1_000), cursorAfter: 5_999 }
    expect(encodeRun(message, true).length).toBeLessThan(0.6 * encodeDown(message).length)
    expect(decodeDown(encodeRun(message, true))).toEqual([message])
  })

  it('[WIR6] what is read shares no memory with the frame', () => {
    const message: Down<'entries'> = { ...DOWN_SAMPLES.entries, entries: letters(3) }
    const frame = Buffer.from(encodeRun(message, true))
    const read = decodeDown(frame)
    frame.fill(0)
    expect(read).toEqual([message])
  })

  it('[WIR3] cut, altered and lengthened frames only ever end in the error of the wire, and a cut one is never taken for whole', () => {
    const many: Down<'entries'> = { ...DOWN_SAMPLES.entries, entries: letters(60) }
    fc.assert(
      fc.property(fc.oneof(run, fc.constant(many)), fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (message, cutAt, at, byte) => {
        const frame = encodeRun(message, true)
        expect(refusedOr(() => decodeDown(frame.subarray(0, cutAt % frame.length)))).toBeNull()
        const altered = frame.slice()
        altered[at % frame.length] = byte
        refusedOr(() => decodeDown(altered))
      }),
      { numRuns: 1_000, seed: 13 },
    )
  })

  it('[WIR3] a squeezed message that promises more than it may is refused before anything is made of it', () => {
    const promising = (plainBytes: number, rest: Uint8Array): Uint8Array => {
      const body = encoding.createEncoder()
      encoding.writeVarUint(body, 22)
      for (const id of [1, 2]) encoding.writeUint8Array(body, new Uint8Array(16).fill(id))
      encoding.writeVarUint(body, 1)
      encoding.writeVarUint8Array(body, new Uint8Array(16))
      encoding.writeVarUint(body, plainBytes)
      encoding.writeVarUint8Array(body, rest)
      const frame = encoding.createEncoder()
      encoding.writeVarUint8Array(frame, encoding.toUint8Array(body))
      return encoding.toUint8Array(frame)
    }
    expect(() => decodeDown(promising(SQUEEZED_BYTES_MAX + 1, new Uint8Array(4_000)))).toThrow('too much is squeezed')
    expect(() => decodeDown(promising(SQUEEZED_BYTES_MAX, new Uint8Array(3)))).toThrow('promise too much')
  })

  it('entries that no log gives are a bug of ours, not an error of the wire', () => {
    const [one] = letters(1)
    for (const entries of [[one!, one!], [{ ...one!, prevItemSeq: one!.seq }], [{ ...one!, item: 'x' }]]) expect(() => encodeRun({ ...DOWN_SAMPLES.entries, entries }, true)).toThrow('Bug')
  })
})

describe('squeezing', () => {
  const repetitive = fc.array(fc.constantFrom(...['pad', 'paragraph', '\u0001\u0002', 'x', 'zzzzzzzz']), { maxLength: 400 }).map((words) => new TextEncoder().encode(words.join('')))

  it('what was squeezed comes out the same, or it was not worth it', () => {
    let count = 0
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 2_000 })), (plain) => {
        const squeezed = squeeze(plain)
        if (!squeezed) return
        count++
        expect(squeezed.length).toBeLessThanOrEqual(plain.length - Math.floor(plain.length / 8))
        expect(unsqueeze(squeezed, plain.length)).toEqual(plain)
      }),
      { numRuns: 1_000, seed: 14 },
    )
    expect(count).toBeGreaterThan(100)
  })

  it('a run of one byte, and one longer than a reference may be', () => {
    const plain = new Uint8Array(100_000).fill(9)
    const squeezed = squeeze(plain)!
    expect(squeezed.length).toBeLessThan(100)
    expect(unsqueeze(squeezed, plain.length)).toEqual(plain)
  })

  it('random bytes only ever end in the error of the wire', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3_000), (bytes, size) => void refusedOr(() => unsqueeze(bytes, size))), { numRuns: 3_000, seed: 15 })
  })
})
