/** Actions of all meetings, from projection rows alone: whose they are, how late, what is still to be done. Pure; "today" is handed in. */
import type { Person } from '../model/people.ts'
import type { ActionRow, ItemRow } from '../model/rows.ts'
import { daysBetween, isDay } from './dates.ts'

/** An action with the meeting it comes from. */
export interface MeetingAction {
  meeting: ItemRow
  action: ActionRow
  /** Days past the due date; negative while there is time, null without a date. */
  daysLate: number | null
  isOpen: boolean
}

export const isOpenAction = ({ status }: Pick<ActionRow, 'status'>): boolean => status !== 'done' && status !== 'dropped'

const plain = (text: string): string => text.trim().toLocaleLowerCase('nl').replace(/\s+/g, ' ')

/** Owners are written in words: a name, a function, an organisation, or the last two together. */
export function isOwnedBy(owner: string, { name, job, organisation }: Pick<Person, 'name' | 'job' | 'organisation'>): boolean {
  const wanted = plain(owner)
  return wanted !== '' && [name, job, organisation, `${job}, ${organisation}`, `${job} ${organisation}`].some((one) => plain(one) === wanted)
}

const BY_DUE = (a: MeetingAction, b: MeetingAction): number =>
  Number(b.isOpen) - Number(a.isOpen) || (b.daysLate ?? -Infinity) - (a.daysLate ?? -Infinity) || (a.action.number ?? Infinity) - (b.action.number ?? Infinity)

/** Open ones first, the latest first, those without a date last. */
export function actionsOf(rows: readonly ItemRow[], today: string): MeetingAction[] {
  return rows
    .flatMap((meeting) =>
      meeting.actions.map((action): MeetingAction => ({ meeting, action, isOpen: isOpenAction(action), daysLate: isDay(action.due) ? daysBetween(action.due, today) : null })),
    )
    .sort(BY_DUE)
}

export const isOverdue = ({ isOpen, daysLate }: MeetingAction): boolean => isOpen && daysLate !== null && daysLate > 0

/**
 * The number that the next decision or action of a space gets: numbering goes on over its meetings. Two meetings held apart may give the same
 * one; then both keep it, and both are shown.
 * In: rows of one space; numbers given in the meeting itself, which its row may not have yet.
 */
export function nextNumber(kind: 'decision' | 'action', rows: readonly ItemRow[], own: readonly (number | null)[]): number {
  const given = kind === 'decision' ? rows.map((row) => row.decisionNumberMax) : rows.flatMap((row) => row.actions.map((action) => action.number ?? 0))
  return Math.max(0, ...given, ...own.map((number) => number ?? 0)) + 1
}
