/** Meetings: the page, the list beside it, how one begins, and noting decisions and actions by key. */
import Gavel from '@lucide/svelte/icons/gavel'
import MessagesSquare from '@lucide/svelte/icons/messages-square'
import SquareCheck from '@lucide/svelte/icons/square-check'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { browserDice } from '../../platform/browser-dice.ts'
import { dateText } from '../../platform/dates.ts'
import { t } from '../../platform/text/text.svelte.ts'
import { rowsOnceHere } from '../../workbench/arrival.ts'
import { mayWriteIn } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import type { RecordKind } from './context.ts'
import { pageOf } from './open-pages.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace, layout } = services
  bag.add(
    contributions.editors.register({
      id: 'meetings.page',
      accepts: (input, type) => (input.kind === 'item' && type === 'meeting' ? 10 : undefined),
      icon: MessagesSquare,
      title: (input) => (input.kind === 'item' ? workspace.rowsById.get(input.item)?.title : '') || t.common.untitled,
      load: () => import('./MeetingPage.svelte'),
    }),
  )
  bag.add(contributions.views.register({ id: 'meetings', where: 'side', title: () => t.meetings.view.title, icon: MessagesSquare, order: 40, load: () => import('./MeetingsView.svelte') }))
  bag.add(
    contributions.commands.register({
      id: 'meetings.meeting.create',
      title: () => t.meetings.create.command,
      also: () => t.meetings.create.also,
      category: () => t.meetings.category,
      key: '$mod+Alt+o',
      icon: MessagesSquare,
      menu: ['new'],
      isEnabled: () => mayWriteIn(workspace.space),
      run: create,
    }),
  )
  async function create(): Promise<void> {
    const space = workspace.space?.space
    if (!space) return
    // Attendance and place come from the meeting before.
    const rows = await rowsOnceHere(services, space, () => services.notices.say(t.meetings.create.waits))
    const { latestMeeting, meetingEdits, meetingProse } = await import('./new-meeting.ts')
    const latest = latestMeeting(rows)
    const handle = latest ? await services.items.open(latest.item) : null
    const before = handle?.facts.registers ?? null
    handle?.dispose()
    const points = t.meetings.create.points
    const list = [
      { title: points.opening, minutes: 5 },
      { title: points.minutes, minutes: 10 },
      { title: points.pathways, minutes: 30 },
      { title: points.signals, minutes: 20 },
      { title: points.anyOther, minutes: 5 },
    ]
    const today = workspace.today
    const item = await services.items.create({ space, type: 'meeting', edits: meetingEdits(t.meetings.create.title(dateText(today)), today, before, list, browserDice), prose: meetingProse(list) })
    layout.open({ kind: 'item', item })
  }

  const activePage = (): ((kind: RecordKind) => void) | null => (layout.active?.kind === 'item' ? pageOf(layout.active.item) : null)
  const note = (kind: RecordKind, title: () => string, icon: typeof Gavel, key?: string): void => {
    bag.add(
      contributions.commands.register({
        id: `meetings.${kind}.create`,
        title,
        category: () => t.meetings.category,
        icon,
        ...(key ? { key } : {}),
        isEnabled: () => activePage() !== null,
        run: () => activePage()?.(kind),
      }),
    )
  }
  note('decision', () => t.meetings.newDecision, Gavel)
  note('action', () => t.meetings.newAction, SquareCheck, '$mod+Alt+a')
  return bag
}
