/** Texts: common. Same keys as the Dutch ones, by type. */
import type { common as dutch } from '../nl/common.ts'
import type { Texts } from '../texts.ts'

export const common: Texts<typeof dutch> = {}
