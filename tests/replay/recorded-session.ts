/**
 * A recorded session of two people (josephg/editing-traces, "concurrent" kind) as a script that an engine and a relay can follow: who types
 * what, who must have received how much of the other before, and where a person can be without a connection meanwhile. The order of
 * causes and effects is the recording's own; what travels when is decided by it and by nothing else.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { must } from '../../shared/base/assert.ts'

/** Position and length count Unicode code points. */
export type Patch = readonly [position: number, deleted: number, inserted: string]

interface Transaction {
  parents: number[]
  agent: number
  patches: Patch[]
}

export interface Recording {
  kind: 'concurrent'
  endContent: string
  numAgents: number
  txns: Transaction[]
}

export type Step =
  /** Typed in one go; `upTo`: transactions of this person so far, this step included. */
  | { kind: 'type'; agent: number; patches: Patch[]; upTo: number }
  /** The person's document must now hold exactly this many transactions of the other one. */
  | { kind: 'learn'; agent: number; upTo: number }
  | { kind: 'offline'; agent: number }
  | { kind: 'online'; agent: number }

const FILE = 'friendsforever.json.gz'

/** Where the recordings are, or why they cannot be used. */
export function findRecording(): { path: string } | { missing: string } {
  const folder = process.env.SAMENPAD_TRACES ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data')
  const path = join(folder, FILE)
  return existsSync(path) ? { path } : { missing: `${FILE} is not in ${folder}; point SAMENPAD_TRACES at the recorded editing histories` }
}

export const readRecording = (path: string): Recording => JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Recording

/**
 * In:  a recording of two people, each of whose transactions follows their own earlier ones.
 * Out: steps in an order that respects every parent. Typing that nobody needs in parts is one step. A person is offline for every stretch that
 *      ends in receiving all that the other wrote meanwhile, as long as the other needs nothing of that stretch before it ends.
 */
export function scriptOf(recording: Recording): Step[] {
  const { txns } = recording
  const known: [number, number][] = [] // per transaction: how many of each person's it stands on, itself included
  const needs = txns.map(({ parents, agent }, index) => {
    const version: [number, number] = [0, 0]
    for (const parent of parents) for (const one of [0, 1] as const) version[one] = Math.max(version[one], must(known[parent], 'parents come first')[one])
    const need = version[1 - agent] as number
    version[agent as 0 | 1]++
    known[index] = version
    return need
  })
  /** Counts of a person's transactions that the other needs exactly. */
  const needed: [Set<number>, Set<number>] = [new Set(), new Set()]
  for (const [index, { agent }] of txns.entries()) needed[(1 - agent) as 0 | 1].add(needs[index] as number)

  const steps: Step[] = []
  const made = [0, 0] as [number, number]
  const learned = [0, 0] as [number, number]
  for (const [index, { agent, patches }] of txns.entries()) {
    const me = agent as 0 | 1
    const need = needs[index] as number
    if (need > learned[me]) {
      steps.push({ kind: 'learn', agent, upTo: need })
      learned[me] = need
    }
    const last = steps[steps.length - 1]
    made[me]++
    if (last?.kind === 'type' && last.agent === agent && !needed[me].has(last.upTo)) {
      last.patches.push(...patches)
      last.upTo = made[me]
    } else steps.push({ kind: 'type', agent, patches: [...patches], upTo: made[me] })
  }
  // In the end everybody has everything.
  for (const agent of [0, 1]) steps.push({ kind: 'learn', agent, upTo: made[(1 - agent) as 0 | 1] })
  return withAbsences(steps, needed)
}

/** Puts `offline` and `online` around the stretches that allow it. */
function withAbsences(steps: readonly Step[], needed: readonly [ReadonlySet<number>, ReadonlySet<number>]): Step[] {
  const leaves = new Map<number, Step>()
  const returns = new Map<number, Step>()
  for (const agent of [0, 1] as const) {
    let from = 0
    for (const [at, step] of steps.entries()) {
      if (step.kind !== 'learn' || step.agent !== agent) continue
      const start = startOfAbsence(steps, agent, from, at, needed[agent])
      if (start !== null) {
        leaves.set(start, { kind: 'offline', agent })
        returns.set(at, { kind: 'online', agent })
      }
      from = at + 1
    }
  }
  // Both never leave and come back at the same place of the list: an absence holds at least one step of the other.
  return steps.flatMap((step, at) => [...(leaves.has(at) ? [leaves.get(at)!] : []), ...(returns.has(at) ? [returns.get(at)!] : []), step])
}

/** The earliest place after `from` where this person can go offline until `to`; null: nowhere. */
function startOfAbsence(steps: readonly Step[], agent: number, from: number, to: number, needed: ReadonlySet<number>): number | null {
  const end = steps[to]
  if (end?.kind !== 'learn') return null
  let wroteOther = 0
  let own: number | null = null
  let start = to
  for (let at = to - 1; at >= from; at--) {
    const step = steps[at]!
    if (step.kind === 'type' && step.agent !== agent) wroteOther = Math.max(wroteOther, step.upTo)
    // The other needs something of this person's here: what was written up to it must be out before.
    if (step.kind === 'learn' && step.agent !== agent) break
    if (step.kind === 'type' && step.agent === agent) {
      // Pushed in one burst at the return, so nobody may need a part of it.
      if (own !== null && needed.has(step.upTo)) break
      own = step.upTo
    }
    start = at
  }
  return wroteOther === end.upTo && start < to ? start : null
}
