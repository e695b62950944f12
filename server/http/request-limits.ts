/**
 * How often somebody may ask by ordinary requests, in windows of a minute: a count for each name, which is a caller at a route, an address, or a login from an
 * address. Memory only: a restart forgets all of it, and so locks nobody out. Bounded: whoever began a window longest ago is forgotten first.
 */
import type { Clock } from '../../shared/base/clock.ts'

const WINDOW_MS = 60_000
/** About 200 bytes each. */
const NAMES_COUNT_MAX = 20_000

export interface RequestLimit {
  /** Counts one more. Out: 0 when it may go on, else the seconds until it may. */
  waitSeconds(name: string): number
  /** Names that are remembered. */
  readonly count: number
}

export function createRequestLimit(clock: Clock, perMinuteMax: number): RequestLimit {
  /** The one whose window began longest ago first. */
  const windows = new Map<string, { since: number; asked: number }>()
  return {
    waitSeconds(name) {
      const now = clock.now()
      let window = windows.get(name)
      // A clock that jumped back must not keep anybody waiting.
      if (!window || now < window.since || now >= window.since + WINDOW_MS) {
        windows.delete(name)
        for (const [oldest] of windows) {
          if (windows.size < NAMES_COUNT_MAX) break
          windows.delete(oldest)
        }
        windows.set(name, (window = { since: now, asked: 0 }))
      }
      if (window.asked >= perMinuteMax) return Math.ceil((window.since + WINDOW_MS - now) / 1_000)
      window.asked++
      return 0
    },
    get count() {
      return windows.size
    },
  }
}
