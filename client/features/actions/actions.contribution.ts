/** Actions of a space in one place: on the rail, in the side bar, and as a page. */
import ListChecks from '@lucide/svelte/icons/list-checks'
import { actionsOf, isOverdue } from '../../../shared/derive/actions.ts'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace, layout } = services
  /** What asks for attention, not everything there is. */
  const overdueCount = (): number => actionsOf(workspace.rows.filter((row) => row.space === workspace.space?.space && row.actions.length > 0), workspace.today).filter(isOverdue).length
  bag.add(
    contributions.views.register({
      id: 'actions', where: 'side', title: () => t.meetings.list.title, icon: ListChecks, order: 30, badge: overdueCount, width: 300,
      load: () => import('./ActionsView.svelte'),
    }),
  )
  bag.add(
    contributions.editors.register({
      id: 'actions.page',
      accepts: (input) => (input.kind === 'page' && input.page === 'actions' ? 10 : undefined),
      icon: ListChecks,
      title: () => t.meetings.list.title,
      load: () => import('./ActionsPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'actions.page.open',
      title: () => t.meetings.list.open,
      also: () => t.meetings.list.also,
      category: () => t.meetings.list.category,
      icon: ListChecks,
      isEnabled: () => workspace.space !== null,
      run: () => layout.open({ kind: 'page', page: 'actions' }),
    }),
  )
  return bag
}
