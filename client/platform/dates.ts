/**
 * Dates and times as people read them: "1 maart 2027", "14.20", "donderdag". Dates of the domain are ISO texts (YYYY-MM-DD) without a
 * time zone; moments are milliseconds and shown in Europe/Amsterdam, wherever the laptop is.
 */
import { daysBetween, isDay } from '../../shared/derive/dates.ts'
import { language, locale } from './text/text.svelte.ts'

const ZONE = 'Europe/Amsterdam'

/** en-CA writes YYYY-MM-DD. Made once: a window asks some twenty times before it draws anything, and making one takes a millisecond. */
const isoDate = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' })
/** The ISO date of a moment in Amsterdam. */
export const isoDateOf = (moment: number): string => isoDate.format(moment)

/** The moment at which a date begins in Amsterdam, which is one or two hours ahead of UTC. In: a date. */
export function startOf(iso: string): number {
  const midnight = Date.parse(`${iso}T00:00:00Z`)
  const summer = midnight - 2 * 3_600_000
  return isoDateOf(summer) === iso ? summer : midnight - 3_600_000
}

/** Whole days from one date to the other; negative when `to` is earlier; null when one of them is no date. */
export const daysUntil = (from: string, to: string): number | null => (isDay(from) && isDay(to) ? daysBetween(from, to) : null)

const format = (iso: string, options: Intl.DateTimeFormatOptions): string =>
  isDay(iso) ? new Intl.DateTimeFormat(locale(), { ...options, timeZone: 'UTC' }).format(Date.parse(`${iso}T00:00:00Z`)) : iso

/** "1 maart 2027" */
export const dateText = (iso: string): string => format(iso, { day: 'numeric', month: 'long', year: 'numeric' })
/** "27 nov" */
export const shortDateText = (iso: string): string => format(iso, { day: 'numeric', month: 'short' }).replace('.', '')
/** "donderdag" */
export const weekdayText = (iso: string): string => format(iso, { weekday: 'long' })
/** "donderdag 13 november" */
export const longDayText = (iso: string): string => format(iso, { weekday: 'long', day: 'numeric', month: 'long' })

/** "14.20" in Dutch, "14:20" in English. */
export function timeText(moment: number): string {
  const text = new Intl.DateTimeFormat(locale(), { timeZone: ZONE, hour: '2-digit', minute: '2-digit', hour12: false }).format(moment)
  return language() === 'nl' ? text.replace(':', '.') : text
}

/** A moment seen from today: time, yesterday, weekday within a week, or the date. The words for today and yesterday are handed in. */
export function momentText(moment: number, today: string, words: { today: string; yesterday: string }): string {
  const date = isoDateOf(moment)
  const days = daysUntil(date, today)
  if (days === 0) return `${words.today} ${timeText(moment)}`
  if (days === 1) return words.yesterday
  if (days !== null && days > 1 && days < 7) return weekdayText(date)
  return dateText(date)
}

/** Milliseconds from now until it is another date in Amsterdam. */
export function untilTomorrow(now: number): number {
  const today = isoDateOf(now)
  let [low, high] = [0, 26 * 3_600_000] // a day of 25 hours exists once a year
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2)
    if (isoDateOf(now + middle) === today) low = middle
    else high = middle
  }
  return high
}
