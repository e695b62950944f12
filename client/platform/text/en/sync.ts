/** Texts: sync. Same keys as the Dutch ones, by type. */
import type { sync as dutch } from '../nl/sync.ts'
import type { Texts } from '../texts.ts'

export const sync: Texts<typeof dutch> = {}
