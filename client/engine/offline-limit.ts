/**
 * How long a space stays open without contact, as a rule without a clock of its own (decision 0022).
 *
 * Invariant: the time that went by on a laptop only grows. It grows by what the clock shows more than it showed before, so a clock that is set back
 * gives no time back, and goes on counting from there. A clock that jumped ahead and back has used that time up, until the next contact:
 * from it counting begins anew.
 */
export const HOUR_MS = 60 * 60 * 1000
export const DAY_MS = 24 * HOUR_MS

export interface Passed {
  /** Time that went by since this laptop began to count. */
  passedMs: number
  /** What the clock showed when it was last looked at. */
  shownAt: number
}

/** What a laptop keeps of a space with a limit. */
export interface Contact {
  daysMax: number
  /** Place on the time that went by, at which the relay was last asked and answered. */
  atMs: number
  /** What the clock showed then: for people, never for counting. */
  contactAt: number
}

export type Openness = { state: 'open' } | { state: 'soon'; hoursLeft: number } | { state: 'closed' }

export const passing = ({ passedMs, shownAt }: Passed, now: number): Passed => ({ passedMs: passedMs + Math.max(0, now - shownAt), shownAt: now })

/** A person is told a day ahead, and of a limit of one day when half of it is left. */
export function opennessOf({ daysMax, atMs }: Pick<Contact, 'daysMax' | 'atMs'>, passedMs: number): Openness {
  const limitMs = daysMax * DAY_MS
  const leftMs = limitMs - Math.max(0, passedMs - atMs)
  if (leftMs <= 0) return { state: 'closed' }
  return leftMs <= Math.min(DAY_MS, limitMs / 2) ? { state: 'soon', hoursLeft: Math.ceil(leftMs / HOUR_MS) } : { state: 'open' }
}
