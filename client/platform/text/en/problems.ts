/** Texts: problems. Same keys as the Dutch ones, by type. */
import type { problems as dutch } from '../nl/problems.ts'
import type { Texts } from '../texts.ts'

export const problems: Texts<typeof dutch> = {}
