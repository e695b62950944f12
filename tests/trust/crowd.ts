/** A relay on a folder of its own with people on it, for as long as the work lasts; and somebody honest who types meanwhile and must notice nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import type { SpaceId } from '../../shared/base/ids.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import { quantile } from '../bench/machine.ts'
import type { Client } from './client.ts'
import { createObserver, type Observer } from './observer.ts'
import { settle, type Group } from './people.ts'
import { relayProcess, withFolder, type RelayProcess } from './relay-process.ts'
import { count, type Trial } from './row.ts'
import { createWriter, type Writer } from './writer.ts'

const DIALS_AT_ONCE = 50
const HONEST_P95_MS_MAX = 250

export async function dialMany<T>(total: number, one: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let next = 0
  await Promise.all(Array.from({ length: DIALS_AT_ONCE }, async () => {
    while (next < total) made.push(await one(next++))
  }))
  return made
}

export interface Crowd {
  group: Group
  relay: RelayProcess
  dice: Dice
  /** Dials many at once; all of them are cut at the end. */
  connect(total: number, one: (i: number) => Promise<Client>): Promise<void>
}

export const withCrowd = (trial: Trial, id: string, spacesCount: number, membersCount: number, work: (crowd: Crowd) => Promise<void>): Promise<void> =>
  withFolder(async (folder) => {
    const data = join(folder, 'data')
    const group = settle(data, spacesCount, membersCount)
    const relay = relayProcess({ data })
    const clients: Client[] = []
    await relay.start()
    try {
      await work({
        group, relay, dice: namedDice(trial.seed, id),
        async connect(total, one) {
          await dialMany(total, async (i) => void clients.push(await one(i)))
        },
      })
    } finally {
      for (const client of clients) client.cut()
      await relay.kill()
    }
  })

export interface Bystanding extends Crowd {
  space: SpaceId
  /** The first member; whoever is hostile is the second. */
  honest: Writer
}

/**
 * Hostile work beside somebody honest. Violations: the relay ended or reports a bug, the honest line was cut, an acknowledged edit is not there for
 * somebody new. In: what the work gives back is asked about the log as somebody new gets it.
 */
export const withBystander = (trial: Trial, id: string, work: (scene: Bystanding) => Promise<((fresh: Observer) => void) | undefined>): Promise<void> =>
  withCrowd(trial, id, 1, 2, async (crowd) => {
    const { group, relay, dice } = crowd
    const [space, cookie, pid] = [group.space(0), group.cookie(0), relay.pid]
    const observer = createObserver(space, dice, trial.violation)
    await observer.connect(relay.address, cookie)
    const times: number[] = []
    let last = performance.now()
    const honest = createWriter({
      space, dice, window: 1,
      onAcknowledged() {
        times.push(performance.now() - last)
        last = performance.now()
      },
    })
    const { gone } = await honest.connect(relay.address, cookie)
    let isGone = false
    void gone.then(() => (isGone = true))
    while (honest.acknowledged.size === 0 && relay.isUp) await sleep(5)

    const judge = await work({ ...crowd, space, honest })

    if (!relay.isUp || relay.pid !== pid) trial.violation(`the relay ended: ${relay.output().slice(-500)}`)
    if (isGone) trial.violation('somebody honest was cut off')
    const bug = bugIn(relay)
    if (bug !== null) trial.violation(bug)
    honest.isTyping = false
    while (honest.waitingCount > 0 && relay.isUp && !isGone) await sleep(5)
    honest.cut()
    const fresh = createObserver(space, dice, trial.violation)
    await fresh.connect(relay.address, cookie)
    for (const entry of honest.acknowledged) if (!fresh.byEntry.has(entry)) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
    judge?.(fresh)
    trial.figure(`${count(honest.acknowledged.size, 'honest edit')} acknowledged meanwhile`)
    if (trial.size === 'small') return
    times.sort((a, b) => a - b)
    const p95 = quantile(times, 0.95)
    trial.figure(`honest p95 ${p95.toFixed(0)} ms, worst ${quantile(times, 1).toFixed(0)} ms`)
    if (p95 > HONEST_P95_MS_MAX) trial.missed(`honest p95 ${p95.toFixed(0)} ms`)
  })

/** What a relay writes when something happened that its authors thought impossible; null: nothing. */
export function bugIn(relay: RelayProcess): string | null {
  const found = /.*(a bug in the relay|unhandled|uncaught).*/i.exec(relay.output())
  return found ? `the relay reports: ${found[0].slice(0, 400)}` : null
}
