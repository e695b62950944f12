/** Knowledge pages, social map entries and folders: the page for every item that no other feature wants more. */
import BookOpen from '@lucide/svelte/icons/book-open'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  bag.add(
    services.contributions.editors.register({
      id: 'knowledge.page',
      accepts: (input, type) => (input.kind === 'item' && type !== null ? 1 : undefined),
      icon: BookOpen,
      title: (input) => (input.kind === 'item' ? services.workspace.rowsById.get(input.item)?.title : '') || t.common.untitled,
      load: () => import('./ItemPage.svelte'),
    }),
  )
  return bag
}
