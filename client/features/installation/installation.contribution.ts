/** How the installation is doing: one page for its administrators. */
import Server from '@lucide/svelte/icons/server'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute({ contributions, layout, workspace }: Services): Disposable {
  const bag = createBag()
  bag.add(
    contributions.editors.register({
      id: 'installation',
      accepts: (input) => (input.kind === 'page' && input.page === 'installation' ? 10 : undefined),
      icon: Server,
      title: () => t.installation.title,
      load: () => import('./InstallationPage.svelte'),
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'installation.page.show',
      title: () => t.installation.show,
      also: () => t.installation.also,
      category: () => t.audit.category,
      icon: Server,
      isEnabled: () => workspace.isInstallationAdmin,
      run: () => layout.open({ kind: 'page', page: 'installation' }),
    }),
  )
  return bag
}
