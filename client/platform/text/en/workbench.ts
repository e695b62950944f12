/** Texts: workbench. Same keys as the Dutch ones, by type. */
import type { workbench as dutch } from '../nl/workbench.ts'
import type { Texts } from '../texts.ts'

export const workbench: Texts<typeof dutch> = {}
