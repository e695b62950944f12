/** What can be done with an item of the tree, for its menu. What other features add (`menu: ['item']`) comes after the explorer's own. */
import ArrowDown from '@lucide/svelte/icons/arrow-down'
import ArrowUp from '@lucide/svelte/icons/arrow-up'
import Columns2 from '@lucide/svelte/icons/columns-2'
import FolderInput from '@lucide/svelte/icons/folder-input'
import Pencil from '@lucide/svelte/icons/pencil'
import SquareArrowOutUpRight from '@lucide/svelte/icons/square-arrow-out-up-right'
import Trash2 from '@lucide/svelte/icons/trash-2'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { keyText } from '../../platform/keys.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import type { MenuEntry } from '../../workbench/ui/Menu.svelte'
import type { Explorer } from './explorer.svelte.ts'

const OWN = 'explorer.'

export function itemEntries(services: Services, explorer: Explorer, row: ItemRow): MenuEntry[] {
  const words = t.workbench.explorer
  const input = { kind: 'item', item: row.item } as const
  const others = services.contributions.commands.all().filter((command) => command.menu?.includes('item') && !command.id.startsWith(OWN) && (command.isEnabled?.() ?? true))
  const open: MenuEntry[] =
    row.type === 'folder'
      ? []
      : [
          { kind: 'do', title: words.openKeep, icon: SquareArrowOutUpRight, run: () => services.layout.open(input) },
          { kind: 'do', title: t.workbench.openBeside, icon: Columns2, keys: keyText('$mod+Enter', services.keyWorld), run: () => services.layout.open(input, { beside: true }) },
        ]
  const change: MenuEntry[] = explorer.isWritable
    ? [
        { kind: 'do', title: words.rename, icon: Pencil, keys: 'F2', run: () => explorer.rename(row.item) },
        { kind: 'do', title: words.move, icon: FolderInput, run: () => void services.run('explorer.item.move', row.item) },
        { kind: 'do', title: words.up, icon: ArrowUp, keys: keyText('Alt+ArrowUp', services.keyWorld), run: () => void explorer.moveBy(row, -1) },
        { kind: 'do', title: words.down, icon: ArrowDown, keys: keyText('Alt+ArrowDown', services.keyWorld), run: () => void explorer.moveBy(row, 1) },
        { kind: 'line' },
        { kind: 'do', title: words.remove, icon: Trash2, isDanger: true, run: () => void explorer.remove(row) },
      ]
    : []
  const added = others.map((command): MenuEntry => ({ kind: 'do', title: command.title(), ...(command.icon ? { icon: command.icon } : {}), run: () => void services.run(command.id, row.item) }))
  return [open, added, change].filter((part) => part.length > 0).flatMap((part, at) => (at === 0 ? part : [{ kind: 'line' } as const, ...part]))
}
