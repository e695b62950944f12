/** Texts: errors. Same keys as the Dutch ones, by type. */
import type { errors as dutch } from '../nl/errors.ts'
import type { Texts } from '../texts.ts'

export const errors: Texts<typeof dutch> = {}
