/**
 * O1 and O13: long absences and wrong clocks. The real engine over a real websocket; its clock is put forward, so that nobody waits for a year. What
 * happened at the relay meanwhile happens to the real one: its process, its accounts, its log.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import { below, namedDice } from '../../shared/base/random.ts'
import { openAccounts, type Accounts } from '../../server/auth/accounts.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { awaited } from './browser-laptop.ts'
import { converge, countTokens } from './converge.ts'
import { CLOCK_SPEED, createEngineLaptop, type ClockSetting, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { settleGroups, type Group } from './people.ts'
import { relayProcess, samenpadJson, withFolder, type RelayProcess } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LEVEL_MS_MAX = 60_000

/** The accounts of a relay that does not run at that moment. */
async function withAccounts(data: string, relay: RelayProcess, work: (accounts: Accounts) => void): Promise<void> {
  await relay.stop()
  const opened = openAccounts({ path: join(data, ACCOUNTS_FILE), mode: 'write', clock: systemClock, dice: systemDice })
  if (!opened.ok) throw new Error(`no accounts: ${opened.failure.kind}`)
  work(opened.value)
  opened.value.dispose()
  await relay.start()
}
async function level(laptops: readonly EngineLaptop[]): Promise<void> {
  const isLevel = async (laptop: EngineLaptop): Promise<boolean> => (await laptop.isQuiet()) && (await must(laptop.engine, 'open').spaces()).some(({ hasLog }) => hasLog !== undefined)
  await awaited(async () => (await Promise.all(laptops.map(isLevel))).every(Boolean), LEVEL_MS_MAX)
}
const goOffline = ({ network }: EngineLaptop): void => {
  network.down()
  network.cut()
}

// ── O1 ──

const AWAY: readonly [string, number][] = [['1 h', HOUR_MS], ['3 d', 3 * DAY_MS], ['30 d', 30 * DAY_MS], ['90 d', 90 * DAY_MS], ['400 d', 400 * DAY_MS]]
const MEANWHILE = ['nothing else', 'session expired', 'made a reader', 'merged into snapshots', 'old backup put back'] as const
const FIRST_SYNC_MS_MAX = 10_000
const EDITS = 1_000

async function absences(trial: Trial): Promise<void> {
  const runsCount = trial.count(1, 5, 500)
  const editsCount = trial.size === 'small' ? 100 : EDITS
  const firstSyncs: number[] = []
  const cells = new Set<string>()
  let tokens = 0
  let parkedCount = 0
  for (let run = 0; run < runsCount; run++) {
    await withFolder(async (folder) => {
      const data = join(folder, 'data')
      const [group] = settleGroups(data, 1, 1, 2) as [Group]
      const space = must(group.spaces[0], 'a space')
      const [traveller, colleague] = [must(group.members[0], 'two'), must(group.members[1], 'two')]
      const relay = relayProcess({ data })
      await relay.start()
      const [awayName, awayMs] = must(AWAY[run % AWAY.length], 'a time')
      const meanwhile = must(MEANWHILE[(run + Math.floor(run / AWAY.length)) % MEANWHILE.length], 'something')
      cells.add(`${awayName}, ${meanwhile}`)
      const violation = (text: string): void => trial.violation(`run ${run}, away ${awayName}, ${meanwhile}: ${text}`)
      const dice = namedDice(trial.seed, `O1/${run}`)
      const ledger: Ledger = new Map()
      const clock: ClockSetting = { speed: CLOCK_SPEED, offsetMs: 0 }
      const laptops = [
        await createEngineLaptop({ name: 'away', user: 0, member: traveller, relayPort: relay.port, seed: trial.seed + run, ledger, clock }),
        await createEngineLaptop({ name: 'there', user: 1, member: colleague, relayPort: relay.port, seed: trial.seed + run, ledger }),
      ]
      const [away, there] = laptops as [EngineLaptop, EngineLaptop]
      try {
        for (const laptop of laptops) await laptop.open()
        await level(laptops)
        const items = [await away.createItem(space), await there.createItem(space)]
        for (const laptop of laptops) for (const item of items) await awaited(() => laptop.see(item), LEVEL_MS_MAX)
        for (let i = 0; i < 20; i++) await there.type(must(items[below(dice, 2)], 'an item'))
        await converge(laptops, items, violation)
        const backup = join(folder, 'kopie')
        if (meanwhile === 'old backup put back') await samenpadJson(data, 'backup', backup)

        goOffline(away)
        for (let i = 0; i < editsCount / 2; i++) await away.type(must(items[below(dice, 2)], 'an item'))
        // Closed, and opened again at the end of its journey, with another clock.
        await away.close()
        clock.offsetMs += awayMs
        await away.open()
        for (const item of items) await awaited(() => away.see(item), LEVEL_MS_MAX)
        for (let i = 0; i < editsCount / 2; i++) await away.type(must(items[below(dice, 2)], 'an item'))
        const mine = [...ledger.values()].filter(({ token }) => token.startsWith('[[u0.'))
        const many = meanwhile === 'merged into snapshots' ? 400 : 20
        for (let i = 0; i < many; i++) await there.type(must(items[below(dice, 2)], 'an item'))
        await level([there])

        let renewed: string | null = null
        const { user } = traveller.person
        if (meanwhile === 'session expired') await withAccounts(data, relay, (accounts) => {
          const found = accounts.sessionOf(traveller.cookie.slice(traveller.cookie.indexOf('=') + 1))
          accounts.endSession(must(found, 'a session').session)
        })
        if (meanwhile === 'made a reader') await withAccounts(data, relay, (accounts) => accounts.setRole(user, space, 'reader'))
        if (meanwhile === 'old backup put back') {
          await relay.stop()
          await samenpadJson(data, 'restore', backup, '--force')
          await relay.start()
        }
        const began = performance.now()
        away.network.heal()
        await must(away.engine, 'open').reconnect()
        if (meanwhile === 'session expired') {
          const isTold = await awaited(async () => (await must(away.engine, 'open').status()).connection === 'blocked', 20_000)
          if (isTold === null) violation('nobody says that a new sign-in is needed')
          const { waitingCount } = await must(away.engine, 'open').status()
          if (waitingCount === 0) violation('nothing waits any more')
          await withAccounts(data, relay, (accounts) => (renewed = accounts.startSession(user).token))
          away.signIn(`${traveller.cookie.slice(0, traveller.cookie.indexOf('='))}=${renewed}`)
          await must(away.engine, 'open').reconnect()
        }
        if (meanwhile === 'made a reader') {
          // Decided: nothing of it reaches others, nothing of it is lost; it lies apart, with a reason.
          // The first of each document is refused; what builds on it waits behind it.
          const apart = async (): Promise<boolean> => {
            const { state, parkedCount, connection } = await must(away.engine, 'open').status()
            return connection === 'live' && state === 'refused' && parkedCount >= items.length
          }
          if ((await awaited(apart, LEVEL_MS_MAX)) === null) violation(`edits that may not be made are not set apart: ${await away.describe()}`)
          const parked = await must(away.engine, 'open').parked()
          parkedCount += parked.length
          const { text } = await must(away.engine, 'open').exportParked(parked.map(({ entry }) => entry))
          const missing = mine.filter(({ token, isStored }) => isStored && !text.includes(token))
          if (missing.length > 0) violation(`${missing.length} of ${mine.length} tokens are not in the file of what lies apart`)
          const said = (await there.contents(items)).join('')
          const leaked = mine.filter(({ token }) => said.includes(token))
          if (leaked.length > 0) violation(`${leaked.length} tokens of a reader reached others`)
        } else {
          await awaited(() => away.isQuiet(), LEVEL_MS_MAX, 20)
          firstSyncs.push(performance.now() - began)
          const contents = await converge(laptops, items, violation)
          if (contents) countTokens(ledger, items, contents, violation)
        }
        tokens += ledger.size
      } finally {
        for (const laptop of laptops) await laptop.dispose()
        await relay.kill()
      }
    })
    trial.progress(`${run + 1} of ${runsCount}`)
  }
  const worst = Math.max(0, ...firstSyncs)
  trial.figure(`${count(runsCount, 'absence')} with ${editsCount} edits each, ${cells.size} of ${AWAY.length * MEANWHILE.length} cells`)
  trial.figure(`first sync ${(worst / 1000).toFixed(1)} s at most`)
  trial.figure(`${count(tokens, 'token')} traced, ${count(parkedCount, 'document')} of who had become a reader set apart and in the file`)
  if (worst > FIRST_SYNC_MS_MAX) trial.missed(`first sync ${(worst / 1000).toFixed(1)} s`)
}

export const o1: Row = {
  id: 'O1',
  name: 'Duration',
  promise: 'who comes back after an hour or after 400 days, whatever happened meanwhile, brings everything and gets everything',
  target: '500 runs by hand, 5 by default: {1 h, 3 d, 30 d, 90 d, 400 d} × {nothing else, session expired, made a reader, merged into snapshots, old backup put back}, 0 lost, first sync of 1,000 edits ≤ 10 s (a smallest build that the relay accepts does not exist yet, so nothing is too old)',
  run: absences,
}

// ── O13 ──

const JUMPS_MS = [-2 * DAY_MS, -HOUR_MS, 0, 9 * HOUR_MS, 400 * DAY_MS]

async function clocks(trial: Trial): Promise<void> {
  const runsCount = trial.count(1, 6, 100)
  let [tokens, jumps, moments] = [0, 0, 0]
  await withFolder(async (folder) => {
    const data = join(folder, 'data')
    const groups = settleGroups(data, runsCount, 1, 3)
    const relay = relayProcess({ data })
    await relay.start()
    try {
      for (const [run, { spaces, members }] of groups.entries()) {
        const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
        const dice = namedDice(trial.seed, `O13/${run}`)
        const space = must(spaces[0], 'a space')
        const ledger: Ledger = new Map()
        // Speed 1: what the relay calls now must be comparable.
        const settings = members.map((): ClockSetting => ({ speed: 1, offsetMs: must(JUMPS_MS[below(dice, JUMPS_MS.length)], 'a jump') }))
        const laptops: EngineLaptop[] = []
        try {
          for (const [i, member] of members.entries()) {
            const laptop = await createEngineLaptop({ name: `clock ${i}`, user: i, member, relayPort: relay.port, seed: trial.seed + run, ledger, clock: must(settings[i], 'a clock') })
            laptops.push(laptop)
            await laptop.open()
          }
          await level(laptops)
          const began = Date.now()
          const item = await must(laptops[0], 'three').createItem(space)
          for (const laptop of laptops) await awaited(() => laptop.see(item), LEVEL_MS_MAX)
          for (let step = 0; step < 60; step++) {
            const i = below(dice, laptops.length)
            const laptop = must(laptops[i], 'a laptop')
            if (below(dice, 4) === 0) {
              must(settings[i], 'a clock').offsetMs = must(JUMPS_MS[below(dice, JUMPS_MS.length)], 'a jump')
              jumps++
            }
            // In the middle of it: the edit is not awaited.
            void (below(dice, 4) > 0 ? laptop.type(item) : laptop.setTitle(item, `Afspraak ${step}`))
            await sleep(below(dice, 30))
          }
          const contents = await converge(laptops, [item], violation)
          if (contents) countTokens(ledger, [item], contents, violation)
          tokens += ledger.size
          // Whatever the clocks said: what others are told of when is the relay's time, in the order of the log.
          const told = (await must(laptops[1]?.engine, 'open').timeline(item, { countMax: Number.MAX_SAFE_INTEGER, withRelay: true })).moments
          const times = told.filter(({ upToSeq }) => upToSeq !== null).toSorted((a, b) => (a.upToSeq ?? 0) - (b.upToSeq ?? 0)).map(({ until }) => until)
          moments += times.length
          if (times.some((time, i) => i > 0 && time < (times[i - 1] ?? 0))) violation('times of the log do not rise with their places')
          if (times.some((time) => time < began - 5_000 || time > Date.now() + 5_000)) violation('an entry has the time of a laptop')
        } finally {
          for (const laptop of laptops) await laptop.dispose()
        }
        trial.progress(`${run + 1} of ${runsCount}`)
      }
    } finally {
      await relay.kill()
    }
  })
  trial.figure(`${count(runsCount, 'run')}, ${count(jumps, 'jump')} of −2 d … +400 d while people write`)
  trial.figure(`${count(tokens, 'token')} traced`)
  trial.figure(`${count(moments, 'entry', 'entries')} with the relay’s time, rising`)
}

export const o13: Row = {
  id: 'O13',
  name: 'Clock',
  promise: 'no result depends on a laptop’s clock, and what is said of when is the relay’s time',
  target: '100 runs by hand, 6 by default, three laptops, −2 d … +400 d and jumps during an edit: all say the same, 0 lost, times of the log rise with its places (the audit log takes its time from the relay’s process alone)',
  run: clocks,
}
