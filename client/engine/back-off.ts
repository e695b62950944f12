/**
 * How long to wait before a connection is sought again. Two cases, told apart by whether the relay was there a moment ago:
 *
 * a line that was up comes and goes (a train, a lift, a relay that restarts): for the first seconds it is sought often enough to use two seconds of
 * network; a relay that is away for longer is left alone for a time that grows and varies. Never two laptops in step.
 */
import { fraction, type Dice } from '../../shared/base/random.ts'
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, BACKOFF_QUICK_COUNT, BACKOFF_QUICK_MS_MAX } from '../../shared/model/limits.ts'

/** Where growing goes on after the quick ones: 0.8 s. */
const AFTER_QUICK_DOUBLINGS = 3
const DOUBLINGS_MAX = 20

export interface BackOff {
  nextMs(): number
  /** The relay was there, or it is likely that the network changed. */
  restart(): void
}

export function createBackOff(dice: Dice): BackOff {
  let quickCount = 0
  let doublings = 0
  return {
    nextMs() {
      if (quickCount > 0) {
        quickCount--
        return BACKOFF_MS_MIN + Math.floor((BACKOFF_QUICK_MS_MAX - BACKOFF_MS_MIN) * fraction(dice))
      }
      const longest = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(doublings++, DOUBLINGS_MAX))
      return Math.max(BACKOFF_MS_MIN, Math.ceil(longest * fraction(dice)))
    },
    restart() {
      quickCount = BACKOFF_QUICK_COUNT
      doublings = AFTER_QUICK_DOUBLINGS
    },
  }
}
