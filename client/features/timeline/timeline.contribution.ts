/** Who changed what and when, beside any document. What is told comes from the engine; here it gets its words. */
import Download from '@lucide/svelte/icons/download'
import History from '@lucide/svelte/icons/history'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { timesOf, VERSION_PAGE } from './moments.ts'

export function contribute(services: Services): Disposable {
  const { contributions, layout, workspace } = services
  const bag = createBag()
  const itemOf = (given: unknown): string | null => (typeof given === 'string' ? given : layout.active?.kind === 'item' ? layout.active.item : null)

  bag.add(
    contributions.views.register({
      id: 'timeline',
      where: 'context',
      title: () => t.timeline.view,
      icon: History,
      order: 40,
      appliesTo: (input) => input.kind === 'item',
      load: () => import('./Timeline.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'timeline.item.save',
      title: () => t.timeline.save,
      also: () => t.timeline.saveAlso,
      category: () => t.timeline.category,
      icon: Download,
      menu: ['item'],
      isEnabled: (given) => workspace.rowsById.has(itemOf(given) ?? ''),
      async run(given) {
        const item = itemOf(given)
        if (item !== null) await (await import('./save-document.ts')).saveDocument(services, item)
      },
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'timeline.item.show',
      title: () => t.timeline.show,
      also: () => t.timeline.also,
      category: () => t.timeline.category,
      icon: History,
      menu: ['item'],
      isEnabled: (given) => workspace.rowsById.has(itemOf(given) ?? ''),
      run(given) {
        const item = itemOf(given)
        if (item !== null && (layout.active?.kind !== 'item' || layout.active.item !== item)) layout.open({ kind: 'item', item })
        layout.showView('timeline')
      },
    }),
  )
  bag.add(
    contributions.editors.register({
      id: 'timeline.version',
      accepts: (input) => (input.kind === 'page' && input.page === VERSION_PAGE ? 10 : undefined),
      icon: History,
      title(input) {
        const params = input.kind === 'page' ? input.params : undefined
        const time = Number(params?.time ?? 0)
        return t.timeline.version.tab(workspace.rowsById.get(params?.item ?? '')?.title || t.common.untitled, timesOf(time, time, workspace.today))
      },
      load: () => import('./VersionPage.svelte'),
    }),
  )
  return bag
}
