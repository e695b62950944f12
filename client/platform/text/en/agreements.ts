/** Texts: agreements. Same keys as the Dutch ones, by type. */
import type { agreements as dutch } from '../nl/agreements.ts'
import type { Texts } from '../texts.ts'

export const agreements: Texts<typeof dutch> = {}
