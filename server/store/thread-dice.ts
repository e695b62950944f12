/** Real dice for threads, where none can be handed in from outside. */
import { randomFillSync } from 'node:crypto'
import type { Dice } from '../../shared/base/random.ts'

const word = new Uint32Array(1)
export const threadDice: Dice = {
  uint32() {
    randomFillSync(word)
    return word[0] ?? 0
  },
}
