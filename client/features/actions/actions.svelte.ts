/** The actions of the chosen space as runes, shared by rail, side view and page: the filter, the grouping, and what was changed just now. */
import { SvelteSet } from 'svelte/reactivity'
import { actionsOf, isOverdue, type MeetingAction } from '../../../shared/derive/actions.ts'
import type { FactValue } from '../../../shared/model/facts.ts'
import { labelOf } from '../../../shared/model/vocabularies.ts'
import { language, t } from '../../platform/text/text.svelte.ts'
import { mayWriteIn } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { filtered, grouped, type ActionGroup, type Filter, type Grouping } from './action-list.ts'

export interface ActionsState {
  filter: Filter
  grouping: Grouping
  readonly all: readonly MeetingAction[]
  readonly shown: readonly MeetingAction[]
  readonly groups: readonly ActionGroup[]
  readonly overdueCount: number
  readonly isWritable: boolean
  /** Writes the fact in the meeting that the action belongs to. */
  setStatus(one: MeetingAction, status: string): Promise<void>
  open(one: MeetingAction, beside: boolean): void
}

export function createActions(services: Services): ActionsState {
  const { workspace, engine, layout, notices } = services
  let filter = $state<Filter>('open')
  let grouping = $state<Grouping>('meeting')
  const touched = new SvelteSet<string>()
  const all = $derived(actionsOf(workspace.rows.filter((row) => row.space === workspace.space?.space && row.type === 'meeting'), workspace.today))
  const shown = $derived(filtered(all, filter, workspace.me, touched))
  const groups = $derived(grouped(shown, grouping, t.meetings.list.noOwner, language()))
  const nameOf = (one: MeetingAction): string => (one.action.number === null ? t.meetings.action : t.meetings.actionNumber(one.action.number))
  return {
    get filter() {
      return filter
    },
    set filter(next) {
      touched.clear()
      filter = next
    },
    get grouping() {
      return grouping
    },
    set grouping(next) {
      grouping = next
    },
    get all() {
      return all
    },
    get shown() {
      return shown
    },
    get groups() {
      return groups
    },
    get overdueCount() {
      return all.filter(isOverdue).length
    },
    get isWritable() {
      return mayWriteIn(workspace.space)
    },
    async setStatus(one, status) {
      touched.add(one.action.id)
      const value: FactValue = status
      await engine.editFacts(one.meeting.item, [{ op: 'set', path: `actions/${one.action.id}/status`, value }])
      notices.announce(t.meetings.list.changed(nameOf(one), labelOf('actionStatus', status, language())))
    },
    open(one, beside) {
      layout.open({ kind: 'item', item: one.meeting.item, focus: `actions/${one.action.id}/text` }, { beside })
    },
  }
}
