/** A token bucket on a handed-in clock: so many a second on average, a bucket full at once. A clock that jumps back gives nothing. */
import type { Clock } from '../../shared/base/clock.ts'

export interface Bucket {
  /** Takes one token if there is one. */
  take(): boolean
  /** Until the next token, at least 1. */
  waitMs(): number
}

export function createBucket(clock: Clock, perSecond: number, size: number): Bucket {
  let tokens = size
  let filledAt = clock.now()
  return {
    take() {
      const now = clock.now()
      tokens = Math.min(size, tokens + (Math.max(0, now - filledAt) * perSecond) / 1000)
      filledAt = now
      if (tokens < 1) return false
      tokens--
      return true
    },
    waitMs: () => Math.max(1, Math.ceil(((1 - tokens) * 1000) / perSecond)),
  }
}
