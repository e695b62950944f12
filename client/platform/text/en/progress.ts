/** Texts: progress. Same keys as the Dutch ones, by type. */
import type { progress as dutch } from '../nl/progress.ts'
import type { Texts } from '../texts.ts'

export const progress: Texts<typeof dutch> = {}
