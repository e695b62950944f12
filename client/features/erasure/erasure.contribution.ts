/** *Definitief verwijderen*: a document, or what was deleted from its text, by whoever may; and the message to everybody who had it. */
import Eraser from '@lucide/svelte/icons/eraser'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { isId } from '../../../shared/base/ids.ts'
import { may } from '../../../shared/model/grants.ts'
import { dateText, isoDateOf } from '../../platform/dates.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { openErasure } from './erasure.svelte.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, engine, layout, notices, workspace } = services
  const erasure = openErasure(services)

  bag.add(contributions.overlays.register({ id: 'erasure.dialog', isOpen: () => erasure.asking !== null, load: () => import('./EraseDialog.svelte') }))
  bag.add(
    contributions.commands.register({
      id: 'erasure.item.erase',
      title: () => t.erasure.open,
      also: () => t.erasure.also,
      category: () => t.workbench.explorer.category,
      icon: Eraser,
      menu: ['item'],
      isFinal: true,
      isEnabled: () => may(workspace.space?.role, 'item.erase'),
      run: (given) => {
        const item = isId(given) ? given : layout.active?.kind === 'item' ? layout.active.item : null
        const row = item ? workspace.rowsById.get(item) : undefined
        if (row) erasure.asking = row
      },
    }),
  )
  bag.add(
    engine.onEvent((event) => {
      if (event.type !== 'erased' || event.mode !== 'whole') return
      const title = workspace.rowsById.get(event.item)?.title.trim() ?? ''
      layout.close({ kind: 'item', item: event.item })
      notices.warn(t.erasure.gone(title === '' ? t.common.untitled : title, dateText(isoDateOf(event.time)), event.reason))
    }),
  )
  return bag
}
