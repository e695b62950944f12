/** Texts: meetings. Same keys as the Dutch ones, by type. */
import type { meetings as dutch } from '../nl/meetings.ts'
import type { Texts } from '../texts.ts'

export const meetings: Texts<typeof dutch> = {}
