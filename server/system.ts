/** The real clock and the real dice, handed to everything that the relay is made of. */
import { randomFillSync } from 'node:crypto'
import type { Clock } from '../shared/base/clock.ts'
import type { Dice } from '../shared/base/random.ts'

/** setTimeout fires at once for anything longer. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, TIMEOUT_MS_MAX))
    return { dispose: () => clearTimeout(timer) }
  },
}

const word = new Uint32Array(1)
export const systemDice: Dice = {
  uint32() {
    randomFillSync(word)
    return word[0] ?? 0
  },
}
