/** Texts: items. Same keys as the Dutch ones, by type. */
import type { items as dutch } from '../nl/items.ts'
import type { Texts } from '../texts.ts'

export const items: Texts<typeof dutch> = {}
