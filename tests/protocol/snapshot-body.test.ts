/** The body of a snapshot and the attribution table in it: what goes in comes out, and every clock has one hand. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toHex } from '../../shared/base/bytes.ts'
import { attributionFrom, type Attribution, type Contribution } from '../../shared/protocol/attribution.ts'
import { decodeAttribution, decodeSnapshotBody, encodeAttribution, encodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { WireError } from '../../shared/protocol/schema.ts'

const AUTHORS = ['a0', 'b0', 'c0'].map((byte) => byte.repeat(16))

/** Entries as a log has them: each hand is continued where it ended, by its author; the relay's clock may jump. */
const log = fc
  .array(fc.record({ hand: fc.nat(4), length: fc.integer({ min: 1, max: 300 }), laterMs: fc.integer({ min: -90_000, max: 400_000 }) }), { maxLength: 80 })
  .map((steps) => {
    const ends = new Map<string, number>()
    let time = 1_763_700_000_000
    return steps.map(({ hand, length, laterMs }, at): Contribution => {
      const key = String(1_000_000_000 + hand)
      const from = ends.get(key) ?? 0
      ends.set(key, from + length)
      time += laterMs
      return { seq: at + 1, author: AUTHORS[hand % AUTHORS.length]!, serverTime: time, spans: [{ key, from, to: from + length }] }
    })
  })

const tableOf = (contributions: readonly Contribution[], before: Attribution | null = null): Attribution => {
  const builder = attributionFrom(before)
  for (const one of contributions) builder.add(one)
  return builder.result()
}

it('[SNP1] a body and its table come out as they went in', () => {
  fc.assert(
    fc.property(log, fc.uint8Array({ maxLength: 200 }), (entries, content) => {
      const body = { changedAt: 1_763_700_000_123, changedBy: AUTHORS[0]!, attribution: tableOf(entries), content }
      expect(decodeSnapshotBody(encodeSnapshotBody(body))).toEqual(body)
      expect(decodeAttribution(encodeAttribution(body.attribution))).toEqual(body.attribution)
    }),
    { numRuns: 300, seed: 6 },
  )
})

it('[SNP1] whatever is cut off or altered, a body is refused in the one way that is allowed, or read', () => {
  const whole = encodeSnapshotBody({ changedAt: 1, changedBy: AUTHORS[0]!, attribution: tableOf([{ seq: 1, author: AUTHORS[1]!, serverTime: 5_000, spans: [{ key: '7', from: 0, to: 4 }] }]), content: Uint8Array.of(1, 2, 3) })
  for (let end = 0; end < whole.length; end++) expect(() => decodeSnapshotBody(whole.subarray(0, end)), toHex(whole.subarray(0, end))).toThrow(WireError)
  for (let at = 0; at < whole.length; at++) {
    const altered = whole.slice()
    altered[at]! ^= 0x55
    try {
      decodeSnapshotBody(altered)
    } catch (error) {
      expect(error).toBeInstanceOf(WireError)
    }
  }
})

it('[SNP2] every clock is in one stretch of its author, whether the table is made at once or goes on from one before it', () => {
  fc.assert(
    fc.property(log, fc.nat(80), (entries, cut) => {
      const whole = tableOf(entries)
      expect(tableOf(entries.slice(cut), tableOf(entries.slice(0, cut)))).toEqual(whole)
      for (const { author, seq, serverTime, spans } of entries)
        for (const { key, from, to } of spans) {
          const hand = whole.hands.find((one) => one.key === key)!
          expect(hand.author).toBe(author)
          const holding = hand.stretches.filter((one) => one.from < to && from < one.to)
          expect(holding).toHaveLength(1)
          expect(holding[0]!.seq).toBeGreaterThanOrEqual(seq)
          expect(Math.abs(holding[0]!.time - serverTime)).toBeLessThanOrEqual(61_000)
        }
    }),
    { numRuns: 300, seed: 7 },
  )
})

it('[SNP2] clocks that are told again stay with whoever wrote them first', () => {
  const [first, again] = [AUTHORS[0]!, AUTHORS[1]!]
  const table = tableOf([
    { seq: 1, author: first, serverTime: 1_000, spans: [{ key: '7', from: 0, to: 10 }] },
    { seq: 2, author: again, serverTime: 900_000, spans: [{ key: '7', from: 4, to: 10 }] },
  ])
  expect(table.hands).toEqual([{ key: '7', author: first, stretches: [{ from: 0, to: 10, time: 1_000, seq: 1 }] }])
})
