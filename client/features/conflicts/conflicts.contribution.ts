/**
 * Two answers, choose one. Other features run `conflicts.fact.choose` with an item and a path; F1 offers the first open question of the document.
 */
import Split from '@lucide/svelte/icons/split'
import { assert } from '../../../shared/base/assert.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import { createBag } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { showDialog } from '../../workbench/show-dialog.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()

  async function choose(item: string, path: string): Promise<void> {
    const handle = await services.items.open(item)
    try {
      await showDialog(() => import('./ChooseDialog.svelte'), { services, handle, path })
    } finally {
      handle.dispose()
    }
  }

  bag.add(
    services.contributions.commands.register({
      id: 'conflicts.fact.choose',
      title: () => t.conflicts.choose,
      also: () => t.conflicts.also,
      category: () => t.conflicts.category,
      icon: Split,
      isEnabled: () => {
        const active = services.layout.active
        return active?.kind === 'item' && (services.workspace.rowsById.get(active.item)?.conflictCount ?? 0) > 0
      },
      async run(...given) {
        const [item, path] = given
        if (typeof item === 'string' && typeof path === 'string') return choose(item, path)
        const active = services.layout.active
        assert(active?.kind === 'item', 'offered only beside an open item')
        const handle = await services.items.open(active.item)
        const first = Object.keys(handle.facts.conflicts)[0]
        handle.dispose()
        if (first === undefined) services.notices.say(t.conflicts.none)
        else await choose(active.item, first)
      },
    }),
  )
  return bag
}
