// How often a connection is sought again.
import { expect, test } from 'vitest'
import { createBackOff } from '../../client/engine/back-off.ts'
import { namedDice } from '../../shared/base/random.ts'
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, BACKOFF_QUICK_COUNT, BACKOFF_QUICK_MS_MAX } from '../../shared/model/limits.ts'

const waits = (count: number, seed: number, isGreeted: boolean): number[] => {
  const backOff = createBackOff(namedDice(seed, 'back-off'))
  if (isGreeted) backOff.restart()
  return Array.from({ length: count }, () => backOff.nextMs())
}
const seeds = Array.from({ length: 200 }, (_, seed) => seed)
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

test('a line that was there is sought within half a second for as long as a tunnel or a restart lasts', () => {
  for (const seed of seeds) {
    const quick = waits(BACKOFF_QUICK_COUNT, seed, true)
    expect(Math.max(...quick)).toBeLessThanOrEqual(BACKOFF_QUICK_MS_MAX)
    expect(Math.min(...quick)).toBeGreaterThanOrEqual(BACKOFF_MS_MIN)
    // Two seconds without a network are over before the quick attempts are.
    expect(sum(quick)).toBeGreaterThan(2_000)
  }
})

test('a relay that stays away is left alone for ever longer, and never for longer than the longest', () => {
  for (const isGreeted of [true, false]) {
    const late = seeds.map((seed) => waits(BACKOFF_QUICK_COUNT + 20, seed, isGreeted).slice(-5)).flat()
    expect(Math.max(...late)).toBeLessThanOrEqual(BACKOFF_MS_MAX)
    expect(sum(late) / late.length).toBeGreaterThan(BACKOFF_MS_MAX / 3)
  }
})

test('of two thousand laptops that lose their relay together no fiftieth of a second sees a tenth come back', () => {
  const first = Array.from({ length: 2_000 }, (_, seed) => waits(1, seed, true)[0] ?? 0)
  const inSlot = Map.groupBy(first, (ms) => Math.floor(ms / 20))
  expect(Math.max(...[...inSlot.values()].map(({ length }) => length))).toBeLessThan(200)
})
