/** Quick open and the command palette: one field over everything. */
import Command from '@lucide/svelte/icons/command'
import Search from '@lucide/svelte/icons/search'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { createQuickOpen, keepQuickOpen } from './quick-open.svelte.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const quickOpen = createQuickOpen()
  keepQuickOpen(services, quickOpen)
  const category = (): string => t.search.category
  bag.add(services.contributions.overlays.register({ id: 'quick-open', isOpen: () => quickOpen.isOpen, load: () => import('./Palette.svelte') }))
  bag.add(
    services.contributions.commands.register({
      id: 'quick-open.show',
      title: () => t.search.quickOpen.command,
      category,
      icon: Search,
      key: '$mod+p',
      moreKeys: ['$mod+k'],
      run: (query) => quickOpen.show(typeof query === 'string' ? query : ''),
    }),
  )
  bag.add(
    services.contributions.commands.register({
      id: 'quick-open.commands',
      title: () => t.workbench.palette.show,
      category,
      icon: Command,
      key: 'F1',
      moreKeys: ['$mod+Shift+p'],
      run: () => quickOpen.show('>'),
    }),
  )
  return bag
}
