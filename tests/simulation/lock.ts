/**
 * One leader per laptop, as the Web Lock gives it: a queue of tabs. A dead tab loses the lock at once; a stolen lock is lost before its
 * holder hears of it, so that for a moment two tabs believe that they lead.
 */
import type { Leadership } from '../../client/engine/transport.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import type { Process, Scheduler } from './scheduler.ts'

interface Candidate {
  process: Process
  onLeader(): void
  onLost(): void
}

export interface Lock {
  leadershipFor(process: Process): Leadership
  released(process: Process): void
  steal(process: Process): boolean
  readonly holder: Process | null
}

export function createLock(scheduler: Scheduler, dice: Dice): Lock {
  let holder: Candidate | null = null
  let waiting: Candidate[] = []
  /** Those that gave up their candidature. */
  const left = new WeakSet<Candidate>()

  const next = (): void => {
    if (holder) return
    waiting = waiting.filter((candidate) => !candidate.process.isDead)
    const candidate = waiting.shift()
    if (!candidate) return
    holder = candidate
    scheduler.after(1 + below(dice, 20), () => {
      if (holder === candidate) candidate.onLeader()
    }, candidate.process)
  }
  const leave = (candidate: Candidate): void => {
    waiting = waiting.filter((other) => other !== candidate)
    if (holder !== candidate) return
    holder = null
    next()
  }

  return {
    get holder() {
      return holder?.process ?? null
    },
    leadershipFor: (process) => ({
      campaign(onLeader, onLost) {
        const candidate: Candidate = { process, onLeader, onLost }
        waiting.push(candidate)
        next()
        return {
          dispose() {
            left.add(candidate)
            leave(candidate)
          },
        }
      },
    }),
    released(process) {
      if (holder?.process === process) leave(holder)
      waiting = waiting.filter((candidate) => candidate.process !== process)
    },
    steal(process) {
      const thief = waiting.find((candidate) => candidate.process === process)
      if (!thief || !holder) return false
      const robbed = holder
      waiting = waiting.filter((candidate) => candidate !== thief)
      holder = thief
      scheduler.after(1, () => {
        if (holder === thief) thief.onLeader()
      }, process)
      // The robbed one goes on for a while, hears of it, and stands in line again.
      scheduler.after(1 + below(dice, 3_000), () => {
        robbed.onLost()
        if (left.has(robbed)) return
        waiting.push(robbed)
        next()
      }, robbed.process)
      return true
    },
  }
}
