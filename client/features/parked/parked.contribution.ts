/** Refused edits: to be seen, kept as a file, offered again or thrown away. Nothing goes without somebody choosing it. */
import OctagonAlert from '@lucide/svelte/icons/octagon-alert'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute({ contributions, layout }: Services): Disposable {
  const bag = createBag()
  bag.add(
    contributions.editors.register({
      id: 'parked',
      accepts: (input) => (input.kind === 'page' && input.page === 'parked' ? 10 : undefined),
      icon: OctagonAlert,
      title: () => t.sync.parked.title,
      load: () => import('./ParkedPage.svelte'),
    }),
  )
  bag.add(contributions.commands.register({ id: 'parked.page.open', title: () => t.sync.toParked, also: () => t.sync.parked.also, category: () => t.sync.category, icon: OctagonAlert, run: () => layout.open({ kind: 'page', page: 'parked' }) }))
  return bag
}
