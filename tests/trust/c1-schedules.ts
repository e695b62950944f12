/**
 * C1, C4, C6 and C7: seeded schedules of the real engine and the real relay in one process, on virtual time, lines and disks, under a judge that knows
 * the eleven invariants (tests/simulation). A schedule is a function of its seed: every violation comes with the one command that repeats it.
 */
import { availableParallelism } from 'node:os'
import type { Focus } from '../simulation/focus.ts'
import { runMany } from '../simulation/many.ts'
import { add, faultsOf, newTotals, repeatOf, rulesOf, runSeed, type Totals } from '../simulation/runner.ts'
import { SABOTAGES } from '../simulation/sabotage/index.ts'
import { count, type Row, type Trial } from './row.ts'

const FAILED_COUNT_MAX = 10
/** In fewer, a rare kind of fault may well not come up. */
const COUNTED_FROM = 300

/** In: how many schedules, from the seed of the trial on. Stops at the tenth that is violated. */
async function play(trial: Trial, focus: Focus, schedules: number): Promise<Totals> {
  const totals = newTotals()
  const began = performance.now()
  let cpuMs = 0
  await runMany({
    from: trial.seed, count: schedules, focus, threads: availableParallelism(),
    played(result) {
      add(totals, result)
      cpuMs += result.cpuMs
      const done = totals.passed + totals.failed
      trial.progress(`${done} of ${schedules} schedules, ${totals.failed} violated, ${((1000 * done) / (performance.now() - began)).toFixed(1)} a second`)
      for (const { rule, what } of result.violations.slice(0, 1)) trial.violation(`[${rule}] ${what} (${repeatOf(result.seed, focus)})`)
      return totals.failed >= FAILED_COUNT_MAX ? 'stop' : undefined
    },
  })
  const done = totals.passed + totals.failed
  const seconds = (performance.now() - began) / 1000
  trial.figure(`${count(done, 'schedule')} from seed ${trial.seed}`)
  trial.figure(`${count(totals.events, 'event')}`)
  trial.figure(`${(done / seconds).toFixed(1)} a second on ${availableParallelism()} cores, ${(cpuMs / done).toFixed(0)} ms of CPU each`)
  return totals
}

const times = (totals: Totals, ...what: readonly string[]): number => what.reduce((sum, one) => sum + (totals.counts.get(one) ?? 0), 0)

export const c1: Row = {
  id: 'C1',
  name: 'Simulated schedules',
  promise: 'whatever order of edits, lines, crashes, full disks, clocks, rights, tabs, compactions, restores and erasures: the invariants hold',
  target: '10,000 in CI and by default, 100,000 by hand (--full): 0 violations, each kind of fault ≥ 300 times per 10,000, the same seed gives the same trace 100 of 100',
  async run(trial) {
    const totals = await play(trial, 'C1', trial.count(40, 10_000, 100_000))
    const rarest = faultsOf(totals).sort((a, b) => a.times - b.times)[0]
    if (rarest) trial.figure(`rarest of ${faultsOf(totals).length} kinds of fault: ${rarest.fault}, ${count(rarest.times, 'time')}`)
    if (totals.passed + totals.failed >= COUNTED_FROM) for (const { fault, times: there, timesMin } of faultsOf(totals)) if (there < timesMin) trial.missed(`${fault} came ${there} times of ${timesMin}`)
    const twice = Math.min(100, trial.count(5, 100, 100))
    let same = 0
    for (let seed = trial.seed; seed < trial.seed + twice; seed++) {
      trial.progress(`${seed - trial.seed} of ${twice} traces compared`)
      if ((await runSeed(seed)).hash === (await runSeed(seed)).hash) same++
      else trial.violation(`two runs of one seed differ (${repeatOf(seed, 'C1')} --trace)`)
    }
    trial.figure(`same trace ${same}/${twice}`)
  },
}

export const c4: Row = {
  id: 'C4',
  name: 'Duplicate delivery',
  promise: 'everything that was ever pushed comes again one to five times, hours later, over a restart and into another epoch, and is there once',
  target: '2,000 schedules, 0 violations',
  async run(trial) {
    const totals = await play(trial, 'C4', trial.count(20, 2_000, 2_000))
    trial.figure(`${count(times(totals, 'pushes of hours ago'), 'push', 'pushes')} sent again`)
    trial.figure(`${count(times(totals, 'relay killed'), 'restart')}, ${count(times(totals, 'relay set back to a backup', 'erased whole', 'erased history'), 'new epoch')}`)
  },
}

export const c6: Row = {
  id: 'C6',
  name: 'Both parts, one document',
  promise: 'a sentence and the step it belongs to are there together or not at all, whoever dies between them',
  target: '5,000 schedules, 0 halves of a pair',
  async run(trial) {
    const totals = await play(trial, 'C6', trial.count(30, 5_000, 5_000))
    trial.figure(`${count(times(totals, 'op linked'), 'pair')} written`)
    trial.figure(`${count(times(totals, 'tab killed before a store write'), 'crash', 'crashes')} before a write and ${times(totals, 'tab killed after a store write')} after one`)
    trial.figure(`${count(times(totals, 'relay killed before a commit', 'relay killed after a commit'), 'relay crash', 'relay crashes')} around a commit`)
  },
}

const SCHEDULES_MAX = 1_000

export const c7: Row = {
  id: 'C7',
  name: 'Test of the tests',
  promise: 'a part that misbehaves is found, for a rule that it breaks',
  target: '14 of 14 planted faults, each within 1,000 schedules',
  async run(trial) {
    const names = Object.keys(SABOTAGES).slice(0, trial.count(4, Infinity, Infinity))
    let found = 0
    let slowest = { name: '', schedules: 0 }
    for (const [index, name] of names.entries()) {
      const breaks = SABOTAGES[name]?.breaks ?? []
      let schedules = 0
      let isFound = false
      trial.progress(`${index} of ${names.length}: ${name}`)
      await runMany({
        from: trial.seed, count: SCHEDULES_MAX, threads: availableParallelism(), sabotage: name,
        played(result) {
          if (isFound) return 'stop'
          schedules++
          isFound = rulesOf(result).some((rule) => breaks.includes(rule))
          return isFound ? 'stop' : undefined
        },
      })
      if (!isFound) trial.violation(`${name} was not found in ${schedules} schedules`)
      else found++
      if (isFound && schedules > slowest.schedules) slowest = { name, schedules }
    }
    trial.figure(`${found} of ${names.length} planted faults found`)
    trial.figure(`the slowest (${slowest.name}) after ${count(slowest.schedules, 'schedule')}`)
  },
}
