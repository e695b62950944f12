/**
 * The seeded schedules of the real engine and the real relay: plans that failed once, then new ones, in threads on all cores. SAMENPAD_SCHEDULES says
 * how many; SAMENPAD_SCHEDULES_MINUTES when to begin no more of them, on a machine that is slow or busy. `npm run sim -- --seed N` repeats one, with
 * everything that happened under `--trace`.
 */
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { RULES } from './checker.ts'
import type { Focus } from './focus.ts'
import { runMany, type SeedResult } from './many.ts'
import { add, faultsOf, neverHappened, newTotals, readPlan, regressions, repeatOf, runSeed, type Totals } from './runner.ts'
import { runPlan, type RunResult } from './world.ts'

const SCHEDULES = Number(process.env.SAMENPAD_SCHEDULES ?? 100)
const MINUTES = Number(process.env.SAMENPAD_SCHEDULES_MINUTES ?? Infinity)
/** However slow the machine is; a run of fewer than these plays all. */
const SCHEDULES_MIN = 1_000
/** One schedule of each focus for so many others. */
const FOCUS_SHARE = 20
/** In fewer schedules a rare kind of fault may well not come up. */
const COUNTED_FROM = 300
/** By then it is clear that something is wrong, and each has its own command. */
const FAILED_COUNT_MAX = 10
const PROGRESS_COUNT = 500
/** Three times each; a hundred of them by `npm run trust -- --only C1`. */
const TRACES_COUNT = 12
const MINUTE_MS = 60_000
const TIMEOUT_MS = 60 * MINUTE_MS

const title = (rule: string): string => (/^\d/.test(rule) ? `[INV${rule}]` : `[${rule}]`)
const totals = newTotals()
/** Per rule, how to repeat what broke it. */
const broken = new Map<string, string[]>()

const judge = (result: Omit<RunResult, 'lines'>, name: string, into: Totals): void => {
  add(into, result)
  for (const { rule, what } of result.violations) broken.set(String(rule), [...(broken.get(String(rule)) ?? []), `${name}: ${what}`])
}

async function playAll(focus: Focus, count: number, into: Totals): Promise<void> {
  const began = performance.now()
  let cpuMs = 0
  const before = into.passed + into.failed
  const done = (): number => into.passed + into.failed - before
  const say = (): void => {
    const seconds = (performance.now() - began) / 1000
    console.log(`${focus}: ${done()} of ${count} schedules in ${seconds.toFixed(0)} s, ${(done() / seconds).toFixed(1)} a second, ${(cpuMs / done()).toFixed(0)} ms of CPU each, ${into.failed} failed`)
  }
  await runMany({
    from: 1, count, focus, threads: availableParallelism(),
    played(result) {
      judge(result, repeatOf(result.seed, focus), into)
      cpuMs += result.cpuMs
      if (done() % PROGRESS_COUNT === 0) say()
      const isLate = performance.now() - began > MINUTES * MINUTE_MS && done() >= Math.min(count, SCHEDULES_MIN)
      return isLate || into.failed >= FAILED_COUNT_MAX ? 'stop' : undefined
    },
  })
  say()
}

test('plans that failed once play out, the first of all', async () => {
  for (const path of regressions()) judge(await runPlan(readPlan(path)), `npm run sim -- --plan ${relative(process.cwd(), path)}`, totals)
})

test(`the schedules 1 to ${SCHEDULES} play out`, { timeout: TIMEOUT_MS }, () => playAll('C1', SCHEDULES, totals))

test('[INV5] pushes of hours ago come again and change nothing', { timeout: TIMEOUT_MS }, async () => {
  const own = newTotals()
  await playAll('C4', Math.ceil(SCHEDULES / FOCUS_SHARE), own)
  expect(own.counts.get('pushes of hours ago') ?? 0).toBeGreaterThan(0)
})

test('[C6] pairs that a crash comes into are whole or not there', { timeout: TIMEOUT_MS }, async () => {
  const own = newTotals()
  await playAll('C6', Math.ceil(SCHEDULES / FOCUS_SHARE), own)
  expect((own.counts.get('tab killed before a store write') ?? 0) + (own.counts.get('tab killed after a store write') ?? 0)).toBeGreaterThan(0)
})

describe(`in all schedules`, () => {
  for (const [rule, text] of Object.entries(RULES))
    test(`${title(rule)} ${text}`, () => {
      expect(broken.get(rule) ?? []).toEqual([])
    })
  test('every kind of operation and fault happened', (context) => {
    if (totals.passed + totals.failed < COUNTED_FROM) context.skip(`${SCHEDULES} schedules are too few to count on the rare kinds; ${COUNTED_FROM} are enough`)
    console.log(faultsOf(totals).map(({ fault, times, timesMin }) => `${String(times).padStart(9)}  ${fault} (${timesMin})`).join('\n'))
    expect(neverHappened(totals)).toEqual([])
    expect(faultsOf(totals).filter(({ times, timesMin }) => times < timesMin)).toEqual([])
  })
})

test('the same seed gives the same trace, byte by byte, and in a thread of its own', { timeout: TIMEOUT_MS }, async () => {
  const same = ({ hash, events, counts }: Pick<SeedResult, 'hash' | 'events' | 'counts'>) => ({ hash, events, counts: [...counts] })
  const elsewhere = new Map<number, SeedResult>()
  await runMany({ from: 1, count: TRACES_COUNT, threads: 2, played: (result) => void elsewhere.set(result.seed, result) })
  for (let seed = 1; seed <= TRACES_COUNT; seed++) {
    const once = await runSeed(seed)
    expect(same(await runSeed(seed))).toEqual(same(once))
    expect(same(must(elsewhere.get(seed), 'it was played'))).toEqual(same(once))
  }
  console.log(`same trace ${TRACES_COUNT}/${TRACES_COUNT}, three times each`)
})
