/** Texts: search. Same keys as the Dutch ones, by type. */
import type { search as dutch } from '../nl/search.ts'
import type { Texts } from '../texts.ts'

export const search: Texts<typeof dutch> = {}
