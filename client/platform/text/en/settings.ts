/** Texts: settings. Same keys as the Dutch ones, by type. */
import type { settings as dutch } from '../nl/settings.ts'
import type { Texts } from '../texts.ts'

export const settings: Texts<typeof dutch> = {}
