/** The account of who did what: of a space for its administrators, of everything for those of the installation. */
import ScrollText from '@lucide/svelte/icons/scroll-text'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { may } from '../../../shared/model/grants.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute({ contributions, layout, workspace }: Services): Disposable {
  const bag = createBag()
  const category = (): string => t.audit.category
  bag.add(
    contributions.editors.register({
      id: 'audit',
      accepts: (input) => (input.kind === 'page' && input.page === 'audit' ? 10 : undefined),
      icon: ScrollText,
      title: () => t.audit.title,
      load: () => import('./AuditPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'audit.space.show',
      title: () => t.audit.showSpace,
      also: () => t.audit.also,
      category,
      icon: ScrollText,
      isEnabled: () => may(workspace.space?.role, 'audit.read'),
      run: () => {
        if (workspace.space) layout.open({ kind: 'page', page: 'audit', params: { space: workspace.space.space } })
      },
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'audit.installation.show',
      title: () => t.audit.showAll,
      also: () => t.audit.also,
      category,
      icon: ScrollText,
      isEnabled: () => workspace.isInstallationAdmin,
      run: () => layout.open({ kind: 'page', page: 'audit' }),
    }),
  )
  return bag
}
