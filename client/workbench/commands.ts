/** The commands of the workbench itself: parts, tabs, groups. */
import Columns2 from '@lucide/svelte/icons/columns-2'
import PanelBottom from '@lucide/svelte/icons/panel-bottom'
import PanelLeft from '@lucide/svelte/icons/panel-left'
import PanelRight from '@lucide/svelte/icons/panel-right'
import Printer from '@lucide/svelte/icons/printer'
import X from '@lucide/svelte/icons/x'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import type { Command } from '../platform/contributions.ts'
import { t } from '../platform/text/text.svelte.ts'
import type { WorkbenchServices } from './compose.svelte.ts'
import { walkParts } from './focus.ts'

export function contributeWorkbench({ contributions, layout }: WorkbenchServices): Disposable {
  const bag = createBag()
  const category = (): string => t.workbench.category
  const add = (command: Omit<Command, 'category'>): void => void bag.add(contributions.commands.register({ category, ...command }))
  const hasTab = (): boolean => layout.active !== null
  const group = () => layout.groups[layout.activeGroup]
  const step = (by: 1 | -1): void => {
    const tabs = group()?.tabs.length ?? 0
    if (tabs > 1) layout.activate(layout.activeGroup, ((group()?.active ?? 0) + by + tabs) % tabs)
  }

  add({ id: 'workbench.side.toggle', title: () => t.workbench.toggle.side, also: () => t.workbench.also.side, key: '$mod+b', icon: PanelLeft, run: () => layout.togglePart('side') })
  add({ id: 'workbench.context.toggle', title: () => t.workbench.toggle.context, also: () => t.workbench.also.context, key: '$mod+Alt+b', icon: PanelRight, run: () => layout.togglePart('context') })
  add({ id: 'workbench.panel.toggle', title: () => t.workbench.toggle.panel, also: () => t.workbench.also.panel, key: '$mod+j', icon: PanelBottom, run: () => layout.togglePart('panel') })
  add({
    id: 'workbench.document.beside',
    title: () => t.workbench.beside,
    also: () => t.workbench.also.beside,
    key: '$mod+Backslash',
    icon: Columns2,
    isEnabled: hasTab,
    run: () => {
      if (layout.active) layout.open(layout.active, { beside: true })
    },
  })
  add({ id: 'workbench.document.close', title: () => t.workbench.closeActive, also: () => t.workbench.also.close, key: '$mod+w', icon: X, isEnabled: hasTab, run: () => layout.closeTab(layout.activeGroup, group()?.active ?? 0) })
  add({ id: 'workbench.document.closeOthers', title: () => t.workbench.closeOthers, also: () => t.workbench.also.close, isEnabled: hasTab, run: () => layout.closeOthers(layout.activeGroup, group()?.active ?? 0) })
  add({ id: 'workbench.document.print', title: () => t.workbench.print, also: () => t.workbench.also.print, icon: Printer, isEnabled: hasTab, run: () => window.print() })
  add({ id: 'workbench.document.next', title: () => t.workbench.nextTab, key: '$mod+PageDown', isEnabled: hasTab, run: () => step(1) })
  add({ id: 'workbench.document.previous', title: () => t.workbench.previousTab, key: '$mod+PageUp', isEnabled: hasTab, run: () => step(-1) })
  for (const number of [1, 2]) {
    add({
      id: `workbench.group.focus${number}`,
      title: () => t.workbench.focus.group(number),
      key: `$mod+Digit${number}`,
      isEnabled: () => layout.groups.length >= number,
      run: () => {
        layout.focusGroup(number - 1)
        layout.focusPart('editor')
      },
    })
  }
  add({ id: 'workbench.part.next', title: () => t.workbench.focus.next, key: 'F6', run: () => walkParts(layout, 1) })
  add({ id: 'workbench.part.previous', title: () => t.workbench.focus.previous, key: 'Shift+F6', run: () => walkParts(layout, -1) })
  return bag
}
