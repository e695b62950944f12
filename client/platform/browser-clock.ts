/** The clock of the window. Everything that shows or plans time gets it as an argument, so that tests bring their own. */
import type { Clock } from '../../shared/base/clock.ts'

export const browserClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return { dispose: () => clearTimeout(timer) }
  },
}
