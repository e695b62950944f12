/**
 * The doors of all features, one line each. How a feature registers:
 *
 *   client/features/outline/outline.contribution.ts
 *     export function contribute(services: Services): Disposable {
 *       const bag = createBag()
 *       bag.add(services.contributions.commands.register({ id: 'outline.item.reveal', title: () => t.outline.reveal, category: () => t.outline.category,
 *         key: '$mod+Alt+r', menu: ['item'], run: (item) => … }))
 *       bag.add(services.contributions.views.register({ id: 'outline', where: 'side', title: () => t.outline.title, icon: ListTree, order: 50,
 *         load: () => import('./Outline.svelte') }))
 *       bag.add(services.contributions.editors.register({ id: 'outline', accepts: (input, type) => (type === 'outline' ? 10 : undefined), icon: Route,
 *         title: …, load: () => import('./OutlineEditor.svelte') }))
 *       return bag
 *     }
 *
 * - The door itself is in the first script: keep it to registering, and leave everything else behind `load: () => import(…)`.
 * - Views, panels and status items get the props `services`; context views also `input`; editors `services`, `input`.
 * - An editor draws itself inside <EditorFrame {services} {input}> (workbench/parts/EditorFrame.svelte), which gives it the breadcrumb, a place
 *   for its acts (snippet `actions`), a bar that stays at the bottom (snippet `toolbar`) and the scrolling sheet.
 * - A rail entry is a view `where: 'side'`: it is its command as well (`key`). A rail entry with `page` opens that page and has no `load` of its own to show.
 * - "Nieuw …" in the explorer: a command with `menu: ['new']`. In the menu of an item: `menu: ['item']`, its id is the first argument.
 * - A dialog of a feature: `overlays` with `isOpen` (a rune), so that it is there whichever view is shown. Draw it with workbench/ui/Modal.svelte.
 * - Controls: workbench/ui (Menu, Modal, FilterList, Avatar, EmptyBlock, StatusBadge …); styles: workbench/ui/index.css lists the class names.
 * - Only one element on the page has role="status": the sync sentence. Say things with `services.notices.say` (a toast), or an `aria-live` of your own.
 */
import type { Disposable } from '../shared/base/dispose.ts'
import { contribute as account } from './features/account/account.contribution.ts'
import { contribute as acts } from './features/acts/acts.contribution.ts'
import { contribute as actions } from './features/actions/actions.contribution.ts'
import { contribute as audit } from './features/audit/audit.contribution.ts'
import { contribute as agreements } from './features/agreements/agreements.contribution.ts'
import { contribute as conflicts } from './features/conflicts/conflicts.contribution.ts'
import { contribute as erasure } from './features/erasure/erasure.contribution.ts'
import { contribute as explorer } from './features/explorer/explorer.contribution.ts'
import { contribute as installation } from './features/installation/installation.contribution.ts'
import { contribute as knowledge } from './features/knowledge/knowledge.contribution.ts'
import { contribute as lock } from './features/lock/lock.contribution.ts'
import { contribute as meetings } from './features/meetings/meetings.contribution.ts'
import { contribute as parked } from './features/parked/parked.contribution.ts'
import { contribute as participation } from './features/participation/participation.contribution.ts'
import { contribute as people } from './features/people/people.contribution.ts'
import { contribute as quickOpen } from './features/quick-open/quick-open.contribution.ts'
import { contribute as search } from './features/search/search.contribution.ts'
import { contribute as settings } from './features/settings/settings.contribution.ts'
import { contribute as syncStatus } from './features/sync-status/sync-status.contribution.ts'
import { contribute as timeline } from './features/timeline/timeline.contribution.ts'
import { contribute as welcome } from './features/welcome/welcome.contribution.ts'
import { contribute as problems } from './features/problems/problems.contribution.ts'
import { contribute as progress } from './features/progress/progress.contribution.ts'
import type { Services } from './workbench/services.ts'

export const doors: readonly ((services: Services) => Disposable)[] = [
  account,
  actions,
  acts,
  agreements,
  audit,
  problems,
  progress,
  conflicts,
  erasure,
  explorer,
  installation,
  knowledge,
  lock,
  meetings,
  parked,
  participation,
  people,
  quickOpen,
  search,
  settings,
  syncStatus,
  timeline,
  welcome,
]
