/** C2: the relay as a process that is killed, five laptops with the real engine, a bad network for each of them; at the end all say the same. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import { below, chance, fraction, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import { converge, countTokens } from './converge.ts'
import { createEngineLaptop, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { settleGroups, type Group } from './people.ts'
import { relayProcess, withFolder, type RelayProcess } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const LAPTOPS = 5
const STEPS = 120

export const c2: Row = {
  id: 'C2',
  name: 'Real processes',
  promise: 'five laptops, a bad network and a relay that is killed end with the same text: nothing lost, doubled or invented',
  target: '500 runs by hand, 20 by default, a few in CI: 0 violations',
  run: (trial) => withFolder((folder) => runs(folder, trial)),
}

interface Tally {
  kills: number
  crashes: number
  faults: Map<string, number>
  tokens: number
}

async function runs(folder: string, trial: Trial): Promise<void> {
  const runsCount = trial.count(3, 20, 500)
  const data = join(folder, 'data')
  const groups = settleGroups(data, runsCount, 1, LAPTOPS)
  const relay = relayProcess({ data })
  const tally: Tally = { kills: 0, crashes: 0, faults: new Map(), tokens: 0 }
  await relay.start()
  try {
    for (const [run, group] of groups.entries()) {
      const before = tally.kills
      await oneRun(relay, group, trial, run, tally)
      trial.progress(`${run + 1} of ${runsCount} runs, ${tally.kills} kills`)
      if (tally.kills === before) throw new Error('Bug: a run without a kill')
    }
  } finally {
    await relay.kill()
  }
  trial.figure(count(runsCount, 'run'))
  trial.figure(count(tally.kills, 'SIGKILL'))
  trial.figure(count(tally.crashes, 'laptop crash', 'laptop crashes'))
  trial.figure(`faults ${[...tally.faults].map(([name, times]) => `${name} ${times}`).sort().join(' ')}`)
  trial.figure(`${count(tally.tokens, 'token')} traced`)
}

const FAULTS: Record<string, (laptop: EngineLaptop, dice: Dice) => void> = {
  cut: ({ network }) => network.cut(),
  down: ({ network }) => {
    network.down()
    network.cut()
  },
  'half-open': ({ network }) => network.halfOpen(),
  blackhole: ({ network }, dice) => network.blackhole(pick(dice, ['up', 'down', 'both'] as const)),
  delay: ({ network }, dice) => network.delay(1 + below(dice, 40)),
  narrow: ({ network }) => network.bandwidth(20_000),
  portal: ({ network }, dice) => {
    network.captivePortal(pick(dice, [200, 302, 511] as const))
    network.cut()
  },
  'no-upgrade': ({ network }) => {
    network.refuseUpgrade()
    network.cut()
  },
}

async function oneRun(relay: RelayProcess, { spaces, members }: Group, trial: Trial, run: number, tally: Tally): Promise<void> {
  const dice = namedDice(trial.seed, `C2/${run}`)
  const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
  const space = must(spaces[0], 'a space')
  const ledger: Ledger = new Map()
  const laptops: EngineLaptop[] = []
  const open = async (i: number): Promise<EngineLaptop> => {
    const laptop = await createEngineLaptop({ name: `laptop ${i}`, user: i, member: must(members[i % LAPTOPS], 'a member'), relayPort: relay.port, seed: trial.seed + run, ledger })
    laptops.push(laptop)
    await laptop.open()
    return laptop
  }
  try {
    for (let i = 0; i < LAPTOPS; i++) await open(i)
    await until(async () => (await Promise.all(laptops.map((laptop) => laptop.isQuiet()))).every(Boolean) && (await must(laptops[0]?.engine, 'open').spaces()).length > 0)
    const items: ItemId[] = [await must(laptops[0], 'five').createItem(space), await must(laptops[1], 'five').createItem(space)]

    const killAt = new Set(Array.from({ length: 1 + below(dice, 5) }, () => 5 + below(dice, STEPS - 10)))
    /** A relay that is down comes back while people go on typing. */
    let coming: Promise<unknown> | null = null
    for (let step = 0; step < STEPS; step++) {
      if (killAt.has(step)) {
        await coming
        await relay.kill()
        tally.kills++
        coming = relay.start()
      }
      const laptop = pick(dice, laptops)
      const roll = fraction(dice)
      if (roll < 0.12) {
        const name = pick(dice, Object.keys(FAULTS))
        tally.faults.set(name, (tally.faults.get(name) ?? 0) + 1)
        must(FAULTS[name], 'a fault')(laptop, dice)
      } else if (roll < 0.22) laptop.network.heal()
      else if (roll < 0.25) {
        laptop.crash()
        tally.crashes++
      }
      if (!laptop.engine) await laptop.open()
      const item = pick(dice, items)
      const what = below(dice, 10)
      // Typing is never awaited: a crash comes in the middle of it.
      if (await laptop.see(item)) void (what < 6 ? laptop.type(item) : what < 8 ? laptop.erase(item) : what < 9 ? laptop.addStep(item) : laptop.setTitle(item, `Afspraak ${below(dice, 1000)}`))
      await sleep(below(dice, 16))
    }
    await coming
    for (const laptop of laptops) {
      laptop.network.heal()
      // Half-open lines are given up by themselves after forty seconds of silence; here the lid is closed and opened.
      if (chance(dice, 0.5)) laptop.network.cut()
    }
    await open(LAPTOPS)
    const contents = await converge(laptops, items, violation)
    if (contents) countTokens(ledger, items, contents, violation)
    tally.tokens += ledger.size
  } finally {
    for (const laptop of laptops) await laptop.dispose()
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('waited in vain')
    await sleep(20)
  }
}
