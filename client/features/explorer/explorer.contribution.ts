/** The explorer: the tree of a space, and the small items that need no feature of their own (folder, page, organisation). */
import BookOpen from '@lucide/svelte/icons/book-open'
import FolderOpen from '@lucide/svelte/icons/folder-open'
import FolderPlus from '@lucide/svelte/icons/folder-plus'
import House from '@lucide/svelte/icons/house'
import MapPinned from '@lucide/svelte/icons/map-pinned'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { isId, type ItemId } from '../../../shared/base/ids.ts'
import type { ItemType } from '../../../shared/model/items/index.ts'
import type { Command } from '../../platform/contributions.ts'
import { t } from '../../platform/text/text.svelte.ts'
import { mayWriteIn } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { openExplorer } from './explorer.svelte.ts'

const NEW: Record<'folder' | 'knowledge' | 'contact', { icon: Command['icon']; title: () => string }> = {
  folder: { icon: FolderPlus, title: () => t.workbench.explorer.newFolder },
  knowledge: { icon: BookOpen, title: () => t.workbench.explorer.newPage },
  contact: { icon: MapPinned, title: () => t.workbench.explorer.newContact },
}

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace, layout } = services
  const explorer = bag.add(openExplorer(services))
  const add = (command: Omit<Command, 'category'>): void => void bag.add(contributions.commands.register({ category: () => t.workbench.explorer.category, ...command }))
  const mayWrite = (): boolean => mayWriteIn(workspace.space)
  /** The item handed over by a menu, or the one that is open. */
  const itemOf = (given: unknown): ItemId | null => (isId(given) ? given : layout.active?.kind === 'item' ? layout.active.item : null)

  bag.add(
    contributions.views.register({
      id: 'explorer',
      where: 'side',
      title: () => t.workbench.explorer.title,
      icon: FolderOpen,
      order: 10,
      key: '$mod+Shift+e',
      load: () => import('./Explorer.svelte'),
    }),
  )
  bag.add(contributions.overlays.register({ id: 'explorer.move', isOpen: () => explorer.moving !== null, load: () => import('./MoveDialog.svelte') }))
  add({
    id: 'explorer.overview.open',
    title: () => t.workbench.explorer.openOverview,
    also: () => t.workbench.explorer.also.overview,
    icon: House,
    isEnabled: () => workspace.space !== null,
    run: () => {
      if (workspace.space) layout.open({ kind: 'page', page: 'overview' })
    },
  })
  add({
    id: 'explorer.item.reveal',
    title: () => t.workbench.explorer.reveal,
    also: () => t.workbench.explorer.also.reveal,
    isEnabled: () => layout.active?.kind === 'item',
    run: (given) => {
      const item = itemOf(given)
      if (!item) return
      layout.showView('explorer')
      explorer.reveal(item)
    },
  })
  add({
    id: 'explorer.item.rename',
    title: () => t.workbench.explorer.rename,
    also: () => t.workbench.explorer.also.rename,
    isEnabled: () => layout.active?.kind === 'item' && mayWrite(),
    run: (given) => {
      const item = itemOf(given)
      if (!item) return
      layout.showView('explorer')
      explorer.reveal(item)
      explorer.rename(item)
    },
  })
  add({
    id: 'explorer.item.move',
    title: () => t.workbench.explorer.move,
    also: () => t.workbench.explorer.also.move,
    isEnabled: () => layout.active?.kind === 'item' && mayWrite(),
    run: (given) => {
      explorer.moving = itemOf(given)
    },
  })
  add({
    id: 'explorer.item.remove',
    title: () => t.workbench.explorer.remove,
    also: () => t.workbench.explorer.also.remove,
    isEnabled: () => layout.active?.kind === 'item' && mayWrite(),
    run: async (given) => {
      const row = workspace.rowsById.get(itemOf(given) ?? '')
      if (row) await explorer.remove(row)
    },
  })
  for (const type of ['knowledge', 'contact', 'folder'] as const) {
    add({
      id: `explorer.${type}.create`,
      title: NEW[type].title,
      also: () => t.workbench.explorer.also[type],
      icon: NEW[type].icon,
      menu: ['new'],
      isEnabled: mayWrite,
      run: () => create(type),
    })
  }
  async function create(type: Extract<ItemType, 'knowledge' | 'contact' | 'folder'>): Promise<void> {
    if (!workspace.space) return
    const item = await services.items.create({ space: workspace.space.space, type, edits: [{ op: 'set', path: 'title', value: t.workbench.explorer.newTitles[type] }] })
    if (type === 'folder') layout.showView('explorer')
    else layout.open({ kind: 'item', item })
    explorer.welcome(item)
  }
  return bag
}
