/** Agreements: the page of an agreement or template, and how one begins. */
import Route from '@lucide/svelte/icons/route'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import { mayWriteIn } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { showDialog } from '../../workbench/show-dialog.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace } = services
  bag.add(
    contributions.editors.register({
      id: 'agreements.page',
      accepts: (input, type) => (input.kind === 'item' && (type === 'agreement' || type === 'template') ? 10 : undefined),
      icon: Route,
      title: (input) => (input.kind === 'item' ? workspace.rowsById.get(input.item)?.title : '') || t.common.untitled,
      load: () => import('./AgreementPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'agreements.agreement.create',
      title: () => t.agreements.create.command,
      also: () => t.agreements.create.also,
      category: () => t.agreements.category,
      icon: Route,
      menu: ['new'],
      isEnabled: () => mayWriteIn(workspace.space),
      run: () => showDialog(() => import('./NewAgreementDialog.svelte'), { services }),
    }),
  )
  return bag
}
