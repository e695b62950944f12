/**
 * What the overview of a space shows, from its rows: what others changed since the last look, my open actions, what is to be reviewed soon. Pure, so
 * that every list can be tested with a date of its own.
 */
import type { UserId } from '../../../shared/base/ids.ts'
import type { Person } from '../../../shared/model/people.ts'
import type { ActionRow, ItemRow } from '../../../shared/model/rows.ts'
import { REVIEW_WARNING_DAYS } from '../../../shared/derive/progress.ts'
import { daysUntil } from '../../platform/dates.ts'

export interface MyAction {
  item: ItemRow
  action: ActionRow
  /** Days until it is due; negative when late; null without a date. */
  days: number | null
}

export interface Review {
  row: ItemRow
  days: number
}

/** Newest first; what I did myself is no news to me. */
export const newsSince = (rows: readonly ItemRow[], since: number, me: UserId): ItemRow[] =>
  rows.filter((row) => row.type !== 'folder' && row.changedAt > since && row.changedBy !== me).sort((a, b) => b.changedAt - a.changedAt)

const same = (a: string, b: string): boolean => a !== '' && a.toLocaleLowerCase('nl') === b.trim().toLocaleLowerCase('nl')

/** An action is mine when its owner is my name, function or organisation: owners are written in words. */
export function myActions(rows: readonly ItemRow[], me: Person, today: string): MyAction[] {
  const isMine = ({ owner }: ActionRow): boolean => [me.name, me.job, me.organisation, `${me.job}, ${me.organisation}`, `${me.job} ${me.organisation}`].some((one) => same(one, owner))
  return rows
    .flatMap((item) => item.actions.filter((action) => (action.status === 'open' || action.status === 'busy') && isMine(action)).map((action) => ({ item, action, days: daysUntil(today, action.due) })))
    .sort((a, b) => (a.days ?? Infinity) - (b.days ?? Infinity))
}

/** Agreements whose review date has passed or comes within the warning time. */
export const toReview = (rows: readonly ItemRow[], today: string): Review[] =>
  rows
    .flatMap((row) => {
      const days = row.type === 'agreement' && row.status !== 'withdrawn' ? daysUntil(today, row.reviewBy) : null
      return days !== null && days <= REVIEW_WARNING_DAYS ? [{ row, days }] : []
    })
    .sort((a, b) => a.days - b.days)

