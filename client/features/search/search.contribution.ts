/** Full-text search over everything on this laptop, in the side bar. */
import SearchIcon from '@lucide/svelte/icons/search'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { createSearch, keepSearch } from './search.svelte.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const search = bag.add(createSearch(services.engine, services.clock, () => services.workspace.space?.space))
  keepSearch(services, search)
  bag.add(
    services.contributions.views.register({
      id: 'search',
      where: 'side',
      title: () => t.search.title,
      icon: SearchIcon,
      order: 20,
      width: 340,
      load: () => import('./SearchView.svelte'),
    }),
  )
  bag.add(
    services.contributions.commands.register({
      id: 'search.text.find',
      title: () => t.search.label,
      category: () => t.search.category,
      icon: SearchIcon,
      key: '$mod+Shift+f',
      run: (query) => {
        if (typeof query === 'string') search.query = query
        services.layout.showView('search')
        search.askFocus()
      },
    }),
  )
  return bag
}
