/** My account: one page, behind the menu of the account and the palette. All of it needs the relay. */
import CircleUserRound from '@lucide/svelte/icons/circle-user-round'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { backFromOrganisation } from './back.ts'

export function contribute(services: Services): Disposable {
  const { contributions, layout } = services
  const bag = createBag()
  bag.add(
    contributions.editors.register({
      id: 'account',
      accepts: (input) => (input.kind === 'page' && input.page === 'account' ? 10 : undefined),
      icon: CircleUserRound,
      title: () => t.account.title,
      load: () => import('./AccountPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'account.page.open', title: () => t.account.open, also: () => t.account.also, category: () => t.account.category, icon: CircleUserRound, run: () => layout.open({ kind: 'page', page: 'account' }),
    }),
  )
  backFromOrganisation(services)
  return bag
}
