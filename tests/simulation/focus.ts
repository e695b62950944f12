/**
 * Plans that look for one thing: what C4 and C6 of the table in docs/trust.md ask for, more often than chance brings it. They are played, judged and
 * repeated like any other; what happens around the one thing stays as chance has it.
 */
import { below, chance, namedDice, pick } from '../../shared/base/random.ts'
import { makePlan, tabName, type ItemKind, type Op, type Plan } from './plan.ts'

export const FOCUSES = ['C1', 'C4', 'C6'] as const
export type Focus = (typeof FOCUSES)[number]

export const planOf = (focus: Focus, seed: number): Plan => (focus === 'C4' ? repeatedPlan(seed) : focus === 'C6' ? tornPairsPlan(seed) : makePlan(seed))

const HOUR_MS = 3_600_000

/** C4: everything that was ever pushed and committed comes again, one to five times and in any order: hours later, over a restart, and into another epoch. */
function repeatedPlan(seed: number): Plan {
  const plan = makePlan(seed)
  const dice = namedDice(seed, 'repeated')
  const torn = pick(dice, ['before', 'after'] as const)
  const again = (after: number): Op => ({ after, op: 'repeatAll', r: dice.uint32() })
  const ops = [...plan.ops]
  // Something must be lost at the restore, and something be there.
  ops.splice(below(dice, ops.length), 0, { after: 10, op: 'backup' })
  ops.push(
    { after: 1_000, op: 'heal' },
    again(HOUR_MS + below(dice, HOUR_MS)),
    { after: below(dice, 40), op: 'killRelay', atCommit: 0, torn, downMs: 50 + below(dice, 3_000) },
    again(5_000 + below(dice, 20_000)),
    { after: below(dice, 2_000), op: 'restore', downMs: 50 + below(dice, 3_000) },
    again(4_000 + below(dice, 1_000)),
    again(below(dice, 30_000)),
  )
  return { ...plan, ops }
}

const PAIRS_COUNT = 14

/** C6: the tab dies at the very write of a pair, before it or after it, or the relay between the two halves; then it is opened again. */
function tornPairsPlan(seed: number): Plan {
  const dice = namedDice(seed, 'torn pairs')
  const devices = Array.from({ length: 2 + below(dice, 2) }, (_, user) => ({ user, tabs: 1 + below(dice, 2) }))
  const kind = pick(dice, ['agreement', 'meeting', 'knowledge'] as const satisfies readonly ItemKind[])
  const ops: Op[] = [
    { after: 50, op: 'create', tab: tabName(0, 0), space: 0, item: 'i0', kind },
    ...devices.map((_, device): Op => ({ after: 300, op: 'open', tab: tabName(device, 0), item: 'i0' })),
  ]
  for (let pair = 0; pair < PAIRS_COUNT; pair++) {
    const device = below(dice, devices.length)
    const tab = tabName(device, 0)
    const torn = pick(dice, ['before', 'after'] as const)
    if (chance(dice, 0.3)) ops.push({ after: below(dice, 100), op: 'type', tab, item: 'i0', count: 1, r: dice.uint32() })
    if (chance(dice, 0.15)) ops.push({ after: 0, op: 'cut', device, afterFrames: 1 + below(dice, 4) })
    if (chance(dice, 0.15)) ops.push({ after: 0, op: 'killRelay', atCommit: 1 + below(dice, 2), torn, downMs: 50 + below(dice, 2_000) })
    if (chance(dice, 0.1)) ops.push({ after: 0, op: 'failCommit', count: 1, torn })
    if (chance(dice, 0.1)) ops.push({ after: 0, op: 'failStore', device, count: 1 })
    ops.push({ after: below(dice, 100), op: 'linked', tab, item: 'i0', r: dice.uint32() })
    if (chance(dice, 0.75)) {
      ops.push({ after: 0, op: 'killTab', tab, atWrite: 1, torn })
      ops.push({ after: 50 + below(dice, 400), op: 'openTab', tab }, { after: 100 + below(dice, 300), op: 'open', tab, item: 'i0' })
    }
  }
  return { seed, users: devices.map((_, user) => [user === 0 ? 'leader' : 'member']), devices, ops }
}
