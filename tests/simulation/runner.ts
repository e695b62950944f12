/**
 * Runs schedules and keeps count. Used by the command line (run.ts) and by the test stage alike, so that both mean the same by "a seed".
 * A count that stays at zero is a fault of the tester: what never happens proves nothing.
 */
import './random-pool.ts'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rule } from './checker.ts'
import { planOf, type Focus } from './focus.ts'
import { minimise } from './minimise.ts'
import type { Plan } from './plan.ts'
import { SABOTAGES } from './sabotage/index.ts'
import type { Sabotage } from './sabotage/sabotage.ts'
import { runPlan, type RunResult } from './world.ts'

export const REGRESSIONS = join(import.meta.dirname, 'regressions')

/** What must happen at least once in a few hundred schedules. */
export const MUST_HAPPEN: readonly string[] = [
  'op create', 'op open', 'op close', 'op type', 'op delete', 'op format', 'op facts set', 'op facts insert', 'op facts remove', 'op facts restore', 'op facts move', 'op linked',
  'op act propose', 'op act sign', 'op act adopt', 'op act revise', 'op act consult', 'op act withdraw', 'op act publish', 'op presence', 'op peek', 'op openTab', 'op closeTab',
  'op killTab', 'op restartDevice', 'op sleep', 'op stealLead', 'op network up', 'op network down', 'op network hole', 'op partition', 'op heal', 'op cut', 'op halfOpen', 'op stall',
  'op slow', 'op killRelay', 'op failCommit', 'op failStore', 'op clock', 'op role', 'op retryParked', 'op discardParked', 'op repeat', 'op backup', 'op restore', 'op image', 'op putBack', 'op loseRow', 'op erase',
  'connection cut', 'frames lost in a cut', 'relay killed', 'relay killed before a commit', 'relay killed after a commit', 'relay set back to a backup',
  'tab killed before a store write', 'tab killed after a store write', 'commit failed before writing', 'commit failed after writing', 'local disk refused an edit',
  'repeated entry acknowledged again', 'parked edits offered again', 'parked edits discarded', 'down nack', 'down subbed', 'down scope', 'wrote park', 'wrote recheckSpace', 'wrote putSnapshot', 'wrote removeSpace',
  'relay stored a snapshot', 'relay died over a snapshot', 'relay forgot snapshots of another history', 'down snapshot', 'down sifted', 'wrote adoptSnapshot',
  'erased whole', 'erased history', 'down erased', 'refused deleted erased',
  'conflicts at rest', 'refused at rest',
]

/** The kinds of fault, each with the events that are one; every kind comes this often in 10,000 schedules, or the tester is too kind. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  partition: ['op partition', 'op network hole'],
  'cut at a frame': ['connection cut'],
  delay: ['op slow', 'op stall'],
  'half-open line': ['op halfOpen'],
  'the same entry sent again': ['repeated entry acknowledged again'],
  'old pushes again, in any order': ['op repeat'],
  'tab killed between two store writes': ['tab killed before a store write', 'tab killed after a store write'],
  'laptop restarted': ['op restartDevice'],
  'laptop asleep': ['op sleep'],
  'second tab': ['op openTab'],
  'lead taken by another tab': ['op stealLead'],
  'relay killed': ['relay killed'],
  'relay killed around a commit': ['relay killed before a commit', 'relay killed after a commit'],
  'commit failed': ['commit failed before writing', 'commit failed after writing'],
  'local disk full': ['local disk refused an edit', 'local disk refused something else'],
  'clock jump': ['op clock'],
  'role change': ['op role'],
  compaction: ['wrote putSnapshot'],
  'compaction at the relay': ['relay stored a snapshot'],
  'catch-up with snapshots': ['wrote adoptSnapshot'],
  'epoch change': ['relay set back to a backup'],
  'relay put back to an image': ['relay put back to an image of itself'],
  'row vanished on a laptop': ['op loseRow'],
  'erased for good': ['erased whole', 'erased history'],
}
const FAULTS_COUNT_MIN = 300
const PER_SCHEDULES = 10_000

export interface Totals {
  passed: number
  failed: number
  events: number
  counts: Map<string, number>
}

export const newTotals = (): Totals => ({ passed: 0, failed: 0, events: 0, counts: new Map() })

export function add(totals: Totals, result: Omit<RunResult, 'lines'>): void {
  if (result.violations.length === 0) totals.passed++
  else totals.failed++
  totals.events += result.events
  for (const [what, count] of result.counts) totals.counts.set(what, (totals.counts.get(what) ?? 0) + count)
}

export const faultsOf = (totals: Totals): { fault: string; times: number; timesMin: number }[] =>
  Object.entries(FAULTS).map(([fault, events]) => ({
    fault,
    times: events.reduce((sum, event) => sum + (totals.counts.get(event) ?? 0), 0),
    timesMin: Math.floor((FAULTS_COUNT_MIN * (totals.passed + totals.failed)) / PER_SCHEDULES),
  }))

export const neverHappened = (totals: Totals): string[] => MUST_HAPPEN.filter((what) => !totals.counts.get(what))

export const runSeed = (seed: number, { focus = 'C1', sabotage }: { focus?: Focus; sabotage?: string | undefined } = {}): Promise<RunResult> =>
  runPlan(planOf(focus, seed), { sabotage: sabotage === undefined ? undefined : sabotageNamed(sabotage) })

export const sabotageNamed = (name: string): Sabotage => {
  const sabotage = SABOTAGES[name]
  if (!sabotage) throw new Error(`No sabotage ${name}. Known: ${Object.keys(SABOTAGES).join(', ')}`)
  return sabotage
}

export const readPlan = (path: string): Plan => (JSON.parse(readFileSync(path, 'utf8')) as { plan: Plan }).plan

/** Plans that failed once; they run first. */
export const regressions = (): string[] =>
  readdirSync(REGRESSIONS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(REGRESSIONS, name))

export const rulesOf = (result: Omit<RunResult, 'lines'>): Rule[] => [...new Set(result.violations.map((violation) => violation.rule))]

const MINIMISE_RUNS_MAX = 300

/** Makes a failing plan small and keeps it where it runs first from now on. Out: the file; to be named after the lesson. */
export async function saveFailure(result: Omit<RunResult, 'lines'>, plan: Plan): Promise<string> {
  const rules = rulesOf(result)
  const small = await minimise(plan, rules, async (candidate) => rulesOf(await runPlan(candidate)), MINIMISE_RUNS_MAX)
  mkdirSync(REGRESSIONS, { recursive: true })
  const path = join(REGRESSIONS, `unnamed-${plan.seed}.json`)
  const head = { lesson: 'name this file after the lesson, and say here what it was', broke: result.violations.map(({ rule, what }) => `[${rule}] ${what}`) }
  const ops = small.ops.map((op) => JSON.stringify(op)).join(',\n    ')
  const { ops: _ops, ...world } = small
  writeFileSync(path, `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "plan": ${JSON.stringify(world).slice(0, -1)},"ops":[\n    ${ops}\n  ]}\n}\n`)
  return path
}

export const repeatOf = (seed: number, focus: Focus): string => `npm run sim -- --seed ${seed}${focus === 'C1' ? '' : ` --only ${focus}`}`

export const describeFailure = (result: Omit<RunResult, 'lines'>, focus: Focus = 'C1'): string =>
  [...result.violations.map(({ rule, what, time }) => `  [${rule}] at ${time} ms: ${what}`), `  repeat: ${repeatOf(result.seed, focus)}`].join('\n')
