/** Which actions are shown and how they are put together; pure, so that 10,000 documents can be tested without a page. */
import { isOverdue, isOwnedBy, type MeetingAction } from '../../../shared/derive/actions.ts'
import type { Person } from '../../../shared/model/people.ts'

export const FILTERS = ['open', 'mine', 'overdue', 'all'] as const
export type Filter = (typeof FILTERS)[number]
export const GROUPINGS = ['meeting', 'owner'] as const
export type Grouping = (typeof GROUPINGS)[number]

export interface ActionGroup {
  key: string
  title: string
  actions: MeetingAction[]
}

/** `kept`: ids that stay in the list though they no longer fit, because they were changed there a moment ago. */
export function filtered(actions: readonly MeetingAction[], filter: Filter, me: Person, kept: ReadonlySet<string>): MeetingAction[] {
  const fits = (one: MeetingAction): boolean => {
    switch (filter) {
      case 'all':
        return true
      case 'open':
        return one.isOpen
      case 'mine':
        return one.isOpen && isOwnedBy(one.action.owner, me)
      case 'overdue':
        return isOverdue(one)
    }
  }
  return actions.filter((one) => fits(one) || kept.has(one.action.id))
}

/** Meetings newest first; owners in alphabetical order, those without one last. */
export function grouped(actions: readonly MeetingAction[], by: Grouping, noOwner: string, language: string): ActionGroup[] {
  const groups = new Map<string, ActionGroup & { order: string }>()
  for (const one of actions) {
    const owner = one.action.owner.trim()
    const key = by === 'meeting' ? one.meeting.item : owner.toLocaleLowerCase(language)
    const group = groups.get(key) ?? { key, title: by === 'meeting' ? one.meeting.title : owner || noOwner, order: by === 'meeting' ? one.meeting.date : key, actions: [] }
    group.actions.push(one)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => {
    if (by === 'meeting') return a.order < b.order ? 1 : a.order > b.order ? -1 : 0
    return Number(a.key === '') - Number(b.key === '') || a.order.localeCompare(b.order, language)
  })
}
