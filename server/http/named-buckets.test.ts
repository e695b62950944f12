// How often a name may, on a clock that the test turns.
import { describe, expect, test } from 'vitest'
import { handClock } from '../../tests/support/hand-clock.ts'
import { createNamedBuckets } from './named-buckets.ts'

const THREE_A_MINUTE = { perSecond: 3 / 60, atOnce: 3 }
const ONE_A_MINUTE = { perSecond: 1 / 60, atOnce: 1 }
const TWENTY_A_SECOND = { perSecond: 20, atOnce: 2 }
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

describe('a bucket for each name', () => {
  test('lets so many through at once and then as fast as it fills, and says how long the others wait', () => {
    const clock = handClock()
    const buckets = createNamedBuckets(clock)
    const tries = (name: string, count: number): number[] => times(count, () => buckets.of(name, THREE_A_MINUTE).takeOrSeconds())
    expect(tries('een', 4)).toEqual([0, 0, 0, 20])
    expect(tries('twee', 1)).toEqual([0])
    clock.turn(4_500)
    expect(tries('een', 1)).toEqual([16])
    clock.turn(15_500)
    expect(tries('een', 2)).toEqual([0, 20])
    clock.turn(60_000)
    expect(tries('een', 4)).toEqual([0, 0, 0, 20])
  })

  test('gives turns that are still to come, each with its own wait, and refuses when too many were given', () => {
    const clock = handClock()
    const bucket = createNamedBuckets(clock).of('een', TWENTY_A_SECOND)
    expect(times(6, () => bucket.takeAhead(3))).toEqual([0, 0, 50, 100, 150, null])
    expect(bucket.waitMs()).toBeLessThanOrEqual(200)
    clock.turn(50)
    expect(times(2, () => bucket.takeAhead(3))).toEqual([150, null])
    expect(bucket.take()).toBe(false)
    clock.turn(250)
    expect(times(3, () => bucket.takeAhead(3))).toEqual([0, 0, 50])
  })

  test('a clock that is put back keeps nobody waiting longer than others wait', () => {
    let now = 600_000
    const bucket = createNamedBuckets({ now: () => now, after: handClock().after }).of('een', ONE_A_MINUTE)
    expect([bucket.takeOrSeconds(), bucket.takeOrSeconds()]).toEqual([0, 60])
    now = 0
    expect(bucket.takeOrSeconds()).toBe(60)
    now = 60_000
    expect(bucket.takeOrSeconds()).toBe(0)
  })

  test('remembers a bounded number of names, whatever is made up, and forgets who tried longest ago first', () => {
    const clock = handClock()
    const buckets = createNamedBuckets(clock)
    const tryOnce = (name: string): number => buckets.of(name, ONE_A_MINUTE).takeOrSeconds()
    tryOnce('de eerste')
    for (let i = 1; i < 20_000; i++) tryOnce(`verzonnen ${i}`)
    expect(buckets.count).toBe(20_000)
    expect(tryOnce('de eerste')).toBe(60) // and is now the latest
    for (let i = 20_000; i < 39_999; i++) tryOnce(`verzonnen ${i}`)
    expect(buckets.count).toBe(20_000)
    expect(tryOnce('de eerste')).toBe(60)
    for (let i = 40_000; i < 60_000; i++) tryOnce(`verzonnen ${i}`)
    expect(tryOnce('de eerste')).toBe(0)
    expect(tryOnce('verzonnen 59999')).toBe(60)
  })
})
