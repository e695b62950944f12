/** Texts: people. Same keys as the Dutch ones, by type. */
import type { people as dutch } from '../nl/people.ts'
import type { Texts } from '../texts.ts'

export const people: Texts<typeof dutch> = {}
