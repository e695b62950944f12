/** Texts: conflicts. Same keys as the Dutch ones, by type. */
import type { conflicts as dutch } from '../nl/conflicts.ts'
import type { Texts } from '../texts.ts'

export const conflicts: Texts<typeof dutch> = {}
