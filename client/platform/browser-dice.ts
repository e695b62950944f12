/** The browser's own chance, for ids that the window makes (rows of lists). Everything else is handed its dice. */
import type { Dice } from '../../shared/base/random.ts'

export const browserDice: Dice = { uint32: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 }
