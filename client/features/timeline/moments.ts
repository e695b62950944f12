/** Who and when, in the words of the timeline, and the page that shows a document as it was then. */
import type { Person } from '../../../shared/model/people.ts'
import type { EditorInput } from '../../platform/contributions.ts'
import { dateText, daysUntil, isoDateOf, timeText } from '../../platform/dates.ts'
import { t } from '../../platform/text/text.svelte.ts'

export const VERSION_PAGE = 'version'

/** In: what `Engine.version` asks for, and when that was. */
export const versionInput = (item: string, upToSeq: number, time: number): EditorInput => ({ kind: 'page', page: VERSION_PAGE, params: { item, seq: String(upToSeq), time: String(time) } })

/** Function and organisation; in examples the name says the function already. */
export function personText(person: Person | null): string {
  if (!person) return t.common.unknownPerson
  const parts = [person.name, person.job, person.organisation].filter((part) => part !== '')
  return parts.filter((part, at) => !parts.slice(0, at).some((earlier) => earlier.toLocaleLowerCase('nl').includes(part.toLocaleLowerCase('nl')))).join(', ')
}

/** "vandaag 14.20–14.35", "18 november 2026 9.05". */
export function timesOf(since: number, until: number, today: string): string {
  const day = isoDateOf(until)
  const ago = daysUntil(day, today)
  const from = isoDateOf(since) === day ? timeText(since) : timeText(until)
  return t.timeline.when(ago === 0 ? t.common.today : ago === 1 ? t.common.yesterday : dateText(day), from, timeText(until))
}
