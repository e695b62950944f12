/** A clock that a test moves by hand; callbacks run in the order of their time. */
import type { Clock } from '../../shared/base/clock.ts'

export interface TestClock extends Clock {
  pass(ms: number): void
}

export function createTestClock(start = 1_000_000): TestClock {
  let now = start
  const waiting = new Set<{ at: number; callback: () => void }>()
  return {
    now: () => now,
    after(delayMs, callback) {
      const entry = { at: now + delayMs, callback }
      waiting.add(entry)
      return { dispose: () => void waiting.delete(entry) }
    },
    pass(ms) {
      const end = now + ms
      for (;;) {
        const due = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        waiting.delete(due)
        now = Math.max(now, due.at)
        due.callback()
      }
      now = end
    },
  }
}
