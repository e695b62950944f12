/**
 * The seeded schedules of the real engine and the real relay: plans that failed once, then new ones. SAMENPAD_SCHEDULES says how many;
 * `npm run sim -- --seed N` repeats one, with everything that happened under `--trace`.
 */
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RULES } from './checker.ts'
import { add, describeFailure, neverHappened, newTotals, readPlan, regressions, runSeed } from './runner.ts'
import { runPlan } from './world.ts'

const SCHEDULES = Number(process.env.SAMENPAD_SCHEDULES ?? 100)
const CHUNK = 50
/** In fewer schedules a rare kind of fault may well not come up. */
const COUNTED_FROM = 300

describe('plans that failed once', () => {
  for (const path of regressions())
    test(basename(path, '.json').replaceAll('-', ' '), async () => {
      const result = await runPlan(readPlan(path))
      expect(describeFailure(result).split('\n').slice(0, -1)).toEqual([])
    })
})

describe(`[1–11] ${Object.values(RULES).join('; ')}`, () => {
  const totals = newTotals()
  for (let from = 1; from <= SCHEDULES; from += CHUNK) {
    const to = Math.min(SCHEDULES, from + CHUNK - 1)
    test(`in the schedules ${from} to ${to}`, async () => {
      const failures: string[] = []
      for (let seed = from; seed <= to; seed++) {
        const result = await runSeed(seed)
        add(totals, result)
        if (result.violations.length > 0) failures.push(`seed ${seed}\n${describeFailure(result)}`)
      }
      expect(failures).toEqual([])
    })
  }
  test.runIf(SCHEDULES >= COUNTED_FROM)('every kind of operation and fault happened', () => {
    expect(neverHappened(totals)).toEqual([])
  })
})

test('the same seed gives the same trace, byte by byte', async () => {
  for (const seed of [3, 11, 58, 187, 202]) {
    const [once, again] = [await runSeed(seed), await runSeed(seed)]
    expect({ hash: again.hash, events: again.events, counts: [...again.counts] }).toEqual({ hash: once.hash, events: once.events, counts: [...once.counts] })
  }
})
