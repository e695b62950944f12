/**
 * The simulator on the command line.
 *
 *   npm run sim -- --n 1000 [--from S]     schedules S, S+1, … (default 1), on all cores (--threads N); regressions first
 *   npm run sim -- --seed N [--trace]      one schedule, with everything that happened
 *   npm run sim -- --plan FILE [--trace]   one saved plan
 *   npm run sim -- … --sabotage NAME       with a part that misbehaves; the exit code is 0 when it was caught
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { RULES } from './checker.ts'
import { runMany, type SeedResult } from './many.ts'
import { makePlan } from './plan.ts'
import { add, describeFailure, faultsOf, neverHappened, newTotals, readPlan, regressions, rulesOf, runSeed, sabotageNamed, saveFailure } from './runner.ts'
import { SABOTAGES } from './sabotage/index.ts'
import { runPlan, type RunResult } from './world.ts'

const { values } = parseArgs({
  options: {
    n: { type: 'string' }, from: { type: 'string', default: '1' }, threads: { type: 'string', default: String(availableParallelism()) }, seed: { type: 'string' }, plan: { type: 'string' }, sabotage: { type: 'string' },
    trace: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  },
})

/** Below this many schedules some kinds of fault may well not come up. */
const COUNTED_FROM = 300

if (values.help) {
  console.log(`npm run sim -- --seed N | --n COUNT [--from S] [--threads N] | --plan FILE   [--sabotage NAME] [--trace] [--keep: save and minimise failing plans]\nsabotage: ${Object.keys(SABOTAGES).join(', ')}`)
  process.exit(0)
}

const sabotage = values.sabotage === undefined ? undefined : sabotageNamed(values.sabotage)
const startedAt = performance.now()
const totals = newTotals()

const show = (result: RunResult): void => {
  for (const line of result.lines) console.log(line)
  console.log(`seed ${result.seed}: ${result.events} events, ${Math.round(result.virtualMs / 1000)} virtual seconds, trace ${result.hash}`)
}

if (values.seed !== undefined || values.plan !== undefined) {
  const plan = values.plan !== undefined ? readPlan(values.plan) : makePlan(Number(values.seed))
  const result = await runPlan(plan, { sabotage, isTraced: values.trace })
  show(result)
  add(totals, result)
  if (result.violations.length > 0) console.log(describeFailure(result))
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
  const judge = async (result: SeedResult): Promise<void> => {
    add(totals, result)
    if (result.violations.length === 0) return
    console.log(`seed ${result.seed} breaks ${result.violations.map(({ rule }) => `[${rule}] ${RULES[rule]}`)[0] ?? ''}\n${describeFailure(result)}`)
    if (values.keep && !sabotage) console.log(`  plan: ${await saveFailure(result, makePlan(result.seed))}`)
  }
  if (!sabotage) await runMany({ from, count, threads: Number(values.threads), played: judge })
  for (let seed = from; sabotage && seed < from + count; seed++) {
    const result = await runSeed(seed, sabotage)
    await judge(result)
    if (rulesOf(result).some((rule) => sabotage.breaks.includes(rule))) break
  }
  const seconds = (performance.now() - startedAt) / 1000
  const runs = totals.passed + totals.failed
  for (const [what, times] of [...totals.counts].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(times).padStart(9)}  ${what}`)
  if (!sabotage) console.log(`\nfaults, and how often they must come in ${runs} schedules:`)
  if (!sabotage) for (const { fault, times, timesMin } of faultsOf(totals)) console.log(`${String(times).padStart(9)}  ${fault} (${timesMin})${times < timesMin ? '  TOO RARE' : ''}`)
  console.log(`${runs} schedules, ${totals.events} events, ${seconds.toFixed(1)} s, ${((1000 * seconds) / runs).toFixed(1)} ms each`)
  if (!sabotage && count >= COUNTED_FROM) {
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
