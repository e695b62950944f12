/** Taking part in a programme: for municipalities, changed by their own leader, seen by all their members. */
import Handshake from '@lucide/svelte/icons/handshake'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { may } from '../../../shared/model/grants.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute({ contributions, layout, workspace }: Services): Disposable {
  const bag = createBag()
  bag.add(
    contributions.editors.register({
      id: 'participation',
      accepts: (input) => (input.kind === 'page' && input.page === 'participation' ? 10 : undefined),
      icon: Handshake,
      title: () => t.participation.title,
      load: () => import('./ParticipationPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'participation.page.show',
      title: () => t.participation.show,
      also: () => t.participation.also,
      category: () => t.people.category,
      icon: Handshake,
      isEnabled: () => workspace.space?.kind === 'municipality' && may(workspace.space.role, 'member.list'),
      run: () => {
        if (workspace.space) layout.open({ kind: 'page', page: 'participation', params: { space: workspace.space.space } })
      },
    }),
  )
  return bag
}
