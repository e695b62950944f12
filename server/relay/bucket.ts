/**
 * A token bucket on a handed-in clock: so many a second on average, a bucket full at once. A clock that jumps back gives nothing.
 * A class, because every connection has one: fields cost a tenth of closures.
 */
import type { Clock } from '../../shared/base/clock.ts'

export class Bucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #size: number
  #tokens: number
  #filledAt: number

  constructor(clock: Clock, perSecond: number, size: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#size = size
    this.#tokens = size
    this.#filledAt = clock.now()
  }

  /** Takes one token if there is one. */
  take(): boolean {
    return this.takeAhead(0) !== null
  }

  /** Takes one token, if need be one that is still to come. In: how many may be taken ahead. Out: ms until it is there; null: too many are, and none was taken. */
  takeAhead(aheadMax: number): number | null {
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#size, this.#tokens + (Math.max(0, now - this.#filledAt) * this.#perSecond) / 1000)
    this.#filledAt = now
    if (this.#tokens - 1 < -aheadMax) return null
    this.#tokens--
    return this.#tokens < 0 ? Math.ceil((-this.#tokens * 1000) / this.#perSecond) : 0
  }

  /** Takes one token. Out: 0, or the seconds until there is one. */
  takeOrSeconds(): number {
    return this.take() ? 0 : Math.ceil(this.waitMs() / 1_000)
  }

  /** Until the next token, at least 1. */
  waitMs(): number {
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond))
  }
}
