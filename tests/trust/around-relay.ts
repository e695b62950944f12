/**
 * Laptops with the real engine around one relay process, in one space: they begin level, work at random places, and are closed at the end. Trials that
 * do something to the relay or its files between two moments of work.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { below, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import { sealOf } from '../../shared/model/acts.ts'
import { openAccounts } from '../../server/auth/accounts.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { CLOCK_SPEED, createEngineLaptop, type ClockSetting, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { settle, type Member } from './people.ts'
import { relayProcess, samenpadJson, type RelayProcess } from './relay-process.ts'

/** Longer means that they never come up. */
const LEVEL_MS_MAX = 60_000

export interface AroundRelay {
  data: string
  space: SpaceId
  relay: RelayProcess
  ledger: Ledger
  dice: Dice
  /** Those still there. */
  laptops: EngineLaptop[]
  /** The next member comes, with a laptop that has nothing. */
  arrive(name: string): Promise<EngineLaptop>
  /** Gone for good, with everything on it. */
  lose(laptop: EngineLaptop): Promise<void>
  /** So much time passes for every laptop, and for the relay from its next start. */
  age(ms: number): void
  /** Everybody signs in anew: sessions end after a month, and a backup holds those of its day. */
  signIn(folder: string): void
  /** Another relay on another folder, to which all laptops go from now on; the first one stays. */
  moveTo(folder: string): Promise<RelayProcess>
}

/** In: one laptop for each name, and `comingCount` members that may arrive later. */
export async function aroundRelay<T>(
  { data, id, seed, run, names, comingCount }: { data: string; id: string; seed: number; run: number; names: readonly string[]; comingCount: number },
  violation: (text: string) => void,
  work: (around: AroundRelay) => Promise<T>,
): Promise<T> {
  const { spaces, members } = settle(data, 1, names.length + comingCount)
  const space = must(spaces[0], 'a space')
  const env = { TRUST_CLOCK_OFFSET_MS: '0' }
  const relayOn = (folder: string): RelayProcess => relayProcess({ data: folder, env, nodeArguments: ['--import', new URL('./clock-offset.mjs', import.meta.url).href] })
  const relays = [relayOn(data)]
  const relay = must(relays[0], 'the first')
  await relay.start()
  const clock: ClockSetting = { speed: CLOCK_SPEED, offsetMs: 0 }
  const ledger: Ledger = new Map()
  const laptops: EngineLaptop[] = []
  let arrivedCount = 0
  const memberOf = new Map<EngineLaptop, Member>()
  const arrive = async (name: string): Promise<EngineLaptop> => {
    const user = arrivedCount++
    const member = must(members[user], 'a member')
    const laptop = await createEngineLaptop({ name, user, member, relayPort: must(relays.at(-1), 'a relay').port, seed: seed + run, ledger, clock })
    laptops.push(laptop)
    memberOf.set(laptop, member)
    await laptop.open()
    return laptop
  }
  try {
    for (const name of names) await arrive(name)
    await comeUp(laptops, space, violation)
    return await work({
      data, space, relay, ledger, laptops, arrive,
      dice: namedDice(seed, `${id}/${run}`),
      age(ms) {
        clock.offsetMs += ms
        env.TRUST_CLOCK_OFFSET_MS = String(clock.offsetMs)
      },
      signIn(folder) {
        const now = (): number => Date.now() + clock.offsetMs
        const opened = openAccounts({ path: join(folder, ACCOUNTS_FILE), mode: 'write', clock: { ...systemClock, now }, dice: systemDice })
        const accounts = must(opened.ok ? opened.value : null, 'accounts')
        const cookieName = `samenpad-${accounts.installation.slice(0, 8)}`
        for (const member of members) member.cookie = `${cookieName}=${accounts.startSession(member.person.user).token}`
        accounts.dispose()
        for (const laptop of laptops) laptop.signIn(must(memberOf.get(laptop), 'its member').cookie)
      },
      async moveTo(folder) {
        const next = relayOn(folder)
        relays.push(next)
        await next.start()
        for (const { network } of laptops) {
          network.target(next.port)
          network.cut()
        }
        return next
      },
      async lose(laptop) {
        laptops.splice(laptops.indexOf(laptop), 1)
        await laptop.dispose()
      },
    })
  } finally {
    for (const laptop of laptops) await laptop.dispose()
    for (const one of relays) await one.kill()
  }
}

async function comeUp(laptops: readonly EngineLaptop[], space: SpaceId, violation: (text: string) => void): Promise<void> {
  const end = Date.now() + LEVEL_MS_MAX
  for (;;) {
    const ready = await Promise.all(laptops.map(async (laptop) => (await laptop.isQuiet()) && (await must(laptop.engine, 'open').spaces()).some((one) => one.space === space)))
    if (ready.every(Boolean)) return
    if (Date.now() > end) return violation('the laptops never came up')
    await sleep(20)
  }
}

/** Typing most of the time, deleting what somebody typed now and then, and where the trial counts them steps of an agreement. */
export async function workTogether(laptops: readonly EngineLaptop[], items: readonly ItemId[], dice: Dice, stepsCount: number, deeds: readonly ('type' | 'erase' | 'addStep')[]): Promise<void> {
  for (let step = 0; step < stepsCount; step++) {
    const laptop = pick(dice, laptops)
    const item = pick(dice, items)
    if (await laptop.see(item)) await laptop[must(deeds[below(dice, deeds.length)], 'a deed')](item)
  }
}

/** The export that people make on the machine says what the laptops say, to the letter: its seal of each item is the hash of their content. */
export async function exportSaysSo(data: string, space: SpaceId, items: readonly ItemId[], contents: readonly string[], violation: (text: string) => void): Promise<void> {
  const out = `${data}-export`
  const exported = await samenpadJson<{ items: { id: string; folder: string }[] }>(data, 'export', '--space', space, '--out', out)
  for (const [i, item] of items.entries()) {
    const folder = exported.items.find(({ id }) => id === item)?.folder
    const seal = folder === undefined ? null : (JSON.parse(readFileSync(join(out, folder, 'item.json'), 'utf8')) as { seal: string }).seal
    if (seal !== sealOf(must(contents[i], 'content of each item'))) violation(`the export says something else of ${item.slice(0, 6)} than the laptops`)
  }
  rmSync(out, { recursive: true, force: true })
}
