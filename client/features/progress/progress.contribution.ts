/** Progress of the municipalities: a page behind the rail, and beside it what is behind the chosen number. */
import ChartNoAxesColumn from '@lucide/svelte/icons/chart-no-axes-column'
import ListTree from '@lucide/svelte/icons/list-tree'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

const PAGE = 'progress'

export function contribute({ contributions, layout }: Services): Disposable {
  const bag = createBag()
  bag.add(
    contributions.editors.register({
      id: PAGE,
      accepts: (input) => (input.kind === 'page' && input.page === PAGE ? 10 : undefined),
      icon: ChartNoAxesColumn,
      title: () => t.progress.title,
      load: () => import('./ProgressPage.svelte'),
    }),
  )
  bag.add(
    contributions.views.register({ id: PAGE, where: 'side', title: () => t.progress.title, icon: ChartNoAxesColumn, order: 50, page: PAGE, load: () => import('./ProgressPage.svelte') }),
  )
  bag.add(
    contributions.views.register({
      id: 'progress.detail',
      where: 'context',
      title: () => t.progress.detail,
      icon: ListTree,
      order: 10,
      appliesTo: (input) => input.kind === 'page' && input.page === PAGE,
      load: () => import('./Detail.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'progress.page.open',
      title: () => t.progress.title,
      also: () => t.progress.also,
      category: () => t.progress.category,
      icon: ChartNoAxesColumn,
      run: () => layout.open({ kind: 'page', page: PAGE }),
    }),
  )
  return bag
}
