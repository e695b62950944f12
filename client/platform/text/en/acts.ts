/** Texts: acts. Same keys as the Dutch ones, by type. */
import type { acts as dutch } from '../nl/acts.ts'
import type { Texts } from '../texts.ts'

export const acts: Texts<typeof dutch> = {}
