/** Calendar days as ISO text (YYYY-MM-DD). No clock: "today" is always handed in by whoever asks. */
const DAY_MS = 86_400_000

export const isDay = (text: unknown): text is string => typeof text === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))

/** Whole days from `from` to `to`, negative when `to` is earlier. In: two days for which `isDay` holds. */
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS)

/** The day of a moment, in UTC: a difference of one day with the wall calendar does not matter where days are counted. */
export const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)

export const addDays = (day: string, count: number): string => dayOf(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS)
