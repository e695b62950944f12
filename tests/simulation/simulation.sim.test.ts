/**
 * The seeded schedules of the real engine and the real relay: plans that failed once, then new ones. SAMENPAD_SCHEDULES says how many;
 * `npm run sim -- --seed N` repeats one, with everything that happened under `--trace`.
 */
import { relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RULES } from './checker.ts'
import { runMany, type SeedResult } from './many.ts'
import { add, faultsOf, neverHappened, newTotals, readPlan, regressions, runSeed } from './runner.ts'
import { runPlan, type RunResult } from './world.ts'

const SCHEDULES = Number(process.env.SAMENPAD_SCHEDULES ?? 100)
const CHUNK = 50
/** In fewer schedules a rare kind of fault may well not come up. */
const COUNTED_FROM = 300

const title = (rule: string): string => (/^\d/.test(rule) ? `[INV${rule}]` : `[${rule}]`)
const totals = newTotals()
/** Per rule, how to repeat what broke it. */
const broken = new Map<string, string[]>()

const judge = (result: RunResult, name: string): void => {
  add(totals, result)
  for (const { rule, what } of result.violations) broken.set(String(rule), [...(broken.get(String(rule)) ?? []), `${name}: ${what}`])
}

test('plans that failed once play out, the first of all', async () => {
  for (const path of regressions()) judge(await runPlan(readPlan(path)), `npm run sim -- --plan ${relative(process.cwd(), path)}`)
})

for (let from = 1; from <= SCHEDULES; from += CHUNK) {
  const to = Math.min(SCHEDULES, from + CHUNK - 1)
  test(`the schedules ${from} to ${to} play out`, async () => {
    for (let seed = from; seed <= to; seed++) judge(await runSeed(seed), `npm run sim -- --seed ${seed}`)
  })
}

describe(`in all schedules`, () => {
  for (const [rule, text] of Object.entries(RULES))
    test(`${title(rule)} ${text}`, () => {
      expect(broken.get(rule) ?? []).toEqual([])
    })
  test('every kind of operation and fault happened', (context) => {
    if (SCHEDULES < COUNTED_FROM) context.skip(`${SCHEDULES} schedules are too few to count on the rare kinds; ${COUNTED_FROM} are enough`)
    expect(neverHappened(totals)).toEqual([])
    expect(faultsOf(totals).filter(({ times, timesMin }) => times < timesMin)).toEqual([])
  })
})

test('the same seed gives the same trace, byte by byte, and in a thread of its own', async () => {
  const same = ({ hash, events, counts }: SeedResult) => ({ hash, events, counts: [...counts] })
  for (const seed of [3, 11, 58, 187, 202]) {
    const [once, again] = [await runSeed(seed), await runSeed(seed)]
    expect(same(again)).toEqual(same(once))
    await runMany({ from: seed, count: 1, threads: 2, played: (elsewhere) => expect(same(elsewhere)).toEqual(same(once)) })
  }
})
