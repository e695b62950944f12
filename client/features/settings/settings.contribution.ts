/** Settings and help: pages at the foot of the rail. Other features add their own settings to the registry. */
import CircleQuestionMark from '@lucide/svelte/icons/circle-question-mark'
import SettingsIcon from '@lucide/svelte/icons/settings'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import type { ComponentLoader } from '../../platform/contributions.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute({ contributions, layout }: Services): Disposable {
  const bag = createBag()
  const pages: { page: string; icon: typeof SettingsIcon; title: () => string; rail: () => string; command: () => string; also: () => string; order: number; load: ComponentLoader }[] = [
    { page: 'help', icon: CircleQuestionMark, title: () => t.settings.help.title, rail: () => t.settings.help.title, command: () => t.settings.help.open, also: () => t.settings.help.also, order: 900, load: () => import('./HelpPage.svelte') },
    { page: 'settings', icon: SettingsIcon, title: () => t.settings.title, rail: () => t.settings.rail, command: () => t.settings.open, also: () => t.settings.also, order: 910, load: () => import('./SettingsPage.svelte') },
  ]
  for (const { page, icon, title, rail, command, also, order, load } of pages) {
    bag.add(contributions.editors.register({ id: page, accepts: (input) => (input.kind === 'page' && input.page === page ? 10 : undefined), icon, title, load }))
    bag.add(contributions.views.register({ id: page, where: 'side', title: rail, icon, order, isLast: true, page, load }))
    bag.add(contributions.commands.register({ id: `settings.${page === 'settings' ? 'page' : page}.open`, title: command, also, category: () => t.settings.category, icon, run: () => layout.open({ kind: 'page', page }) }))
  }
  bag.add(contributions.settings.register({ id: 'appearance', title: () => t.settings.appearance, order: 10, load: () => import('./AppearanceSetting.svelte') }))
  bag.add(contributions.settings.register({ id: 'storage', title: () => t.settings.storage.title, order: 20, load: () => import('./StorageSetting.svelte') }))
  bag.add(contributions.settings.register({ id: 'about', title: () => t.settings.about.title, order: 900, load: () => import('./AboutSetting.svelte') }))
  return bag
}
