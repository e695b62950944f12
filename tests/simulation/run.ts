/**
 * The simulator on the command line.
 *
 *   npm run sim -- --n 1000 [--from S]     schedules S, S+1, … (default 1), on all cores (--threads N); regressions first. It ends at the first
 *                                          --stop violated schedules (default 10)
 *   npm run sim -- --only C4 --n 2000      plans that look for one thing (C4: pushes of hours ago come again; C6: torn pairs)
 *   npm run sim -- --seed N [--trace]      one schedule, with everything that happened
 *   npm run sim -- --plan FILE [--trace]   one saved plan
 *   npm run sim -- … --sabotage NAME       with a part that misbehaves; the exit code is 0 when it was caught
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { must } from '../../shared/base/assert.ts'
import { RULES } from './checker.ts'
import { FOCUSES, planOf } from './focus.ts'
import { runMany, type SeedResult } from './many.ts'
import { add, describeFailure, faultsOf, neverHappened, newTotals, readPlan, regressions, rulesOf, sabotageNamed, saveFailure } from './runner.ts'
import { SABOTAGES } from './sabotage/index.ts'
import { runPlan, type RunResult } from './world.ts'

const { values } = parseArgs({
  options: {
    n: { type: 'string' }, from: { type: 'string', default: '1' }, threads: { type: 'string', default: String(availableParallelism()) }, seed: { type: 'string' }, plan: { type: 'string' }, sabotage: { type: 'string' },
    only: { type: 'string', default: 'C1' }, stop: { type: 'string', default: '10' }, trace: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  },
})

const PROGRESS_EVERY_MS = 15_000
/** Below this many schedules some kinds of fault may well not come up. */
const COUNTED_FROM = 300

if (values.help) {
  console.log(`npm run sim -- --seed N | --n COUNT [--from S] [--threads N] | --plan FILE   [--sabotage NAME] [--trace] [--keep: save and minimise failing plans]\nsabotage: ${Object.keys(SABOTAGES).join(', ')}`)
  process.exit(0)
}

const focus = must(FOCUSES.find((one) => one === values.only.toUpperCase()), `--only is one of ${FOCUSES.join(', ')}`)
const sabotage = values.sabotage === undefined ? undefined : sabotageNamed(values.sabotage)
const startedAt = performance.now()
const totals = newTotals()

const show = (result: RunResult): void => {
  for (const line of result.lines) console.log(line)
  console.log(`seed ${result.seed}: ${result.events} events, ${Math.round(result.virtualMs / 1000)} virtual seconds, trace ${result.hash}`)
}

if (values.seed !== undefined || values.plan !== undefined) {
  const plan = values.plan !== undefined ? readPlan(values.plan) : planOf(focus, Number(values.seed))
  const result = await runPlan(plan, { sabotage, isTraced: values.trace })
  show(result)
  add(totals, result)
  if (result.violations.length > 0) console.log(describeFailure(result, focus))
  if (result.violations.length > 0 && values.keep && !sabotage) console.log(`  plan: ${await saveFailure(result, plan)}`)
} else {
  const count = Number(values.n ?? 100)
  const from = Number(values.from)
  if (!sabotage) {
    for (const path of regressions()) {
      const result = await runPlan(readPlan(path))
      add(totals, result)
      if (result.violations.length > 0) console.log(`${path}\n${describeFailure(result)}`)
    }
  }
  let cpuMs = 0
  let saidAt = startedAt
  const judge = async (result: SeedResult): Promise<'stop' | void> => {
    add(totals, result)
    cpuMs += result.cpuMs
    const now = performance.now()
    if (now - saidAt > PROGRESS_EVERY_MS) {
      saidAt = now
      const done = totals.passed + totals.failed
      console.log(`${done} of ${count} schedules, ${totals.failed} failed, ${((1000 * done) / (now - startedAt)).toFixed(1)} a second`)
    }
    if (result.violations.length === 0) return
    console.log(`seed ${result.seed} breaks ${result.violations.map(({ rule }) => `[${rule}] ${RULES[rule]}`)[0] ?? ''}\n${describeFailure(result, focus)}`)
    if (values.keep && !sabotage) console.log(`  plan: ${await saveFailure(result, planOf(focus, result.seed))}`)
    return totals.failed >= Number(values.stop) || (sabotage && rulesOf(result).some((rule) => sabotage.breaks.includes(rule))) ? 'stop' : undefined
  }
  await runMany({ from, count, threads: sabotage ? 1 : Number(values.threads), focus, sabotage: values.sabotage, played: judge })
  const seconds = (performance.now() - startedAt) / 1000
  const runs = totals.passed + totals.failed
  for (const [what, times] of [...totals.counts].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(times).padStart(9)}  ${what}`)
  if (!sabotage && focus === 'C1') console.log(`\nfaults, and how often they must come in ${runs} schedules:`)
  if (!sabotage && focus === 'C1') for (const { fault, times, timesMin } of faultsOf(totals)) console.log(`${String(times).padStart(9)}  ${fault} (${timesMin})${times < timesMin ? '  TOO RARE' : ''}`)
  console.log(`${runs} schedules, ${totals.events} events, ${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(1)} a second, ${(cpuMs / Math.max(1, runs - (sabotage ? 0 : regressions().length))).toFixed(1)} ms of CPU each`)
  if (!sabotage && focus === 'C1' && runs >= COUNTED_FROM) {
    for (const { fault } of faultsOf(totals).filter(({ times, timesMin }) => times < timesMin)) {
      console.log(`too rare: ${fault}`)
      totals.failed++
    }
    for (const what of neverHappened(totals)) {
      console.log(`never happened: ${what}`)
      totals.failed++
    }
  }
}

if (sabotage) {
  const isCaught = totals.failed > 0
  console.log(`sabotage ${values.sabotage ?? ''} (${sabotage.what}): ${isCaught ? `caught by schedule ${totals.passed + 1}` : 'NOT caught'}`)
  console.log(isCaught ? '1 passed, 0 failed' : '0 passed, 1 failed')
  process.exitCode = isCaught ? 0 : 1
} else {
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
  process.exitCode = totals.failed > 0 ? 1 : 0
}
