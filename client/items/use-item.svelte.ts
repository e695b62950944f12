/** An item held open by a component for as long as it shows it; follows when it is asked for another one. */
import type { ItemId } from '../../shared/base/ids.ts'
import type { ItemHandle, Items } from './items.ts'

export interface UsedItem {
  readonly handle: ItemHandle | null
  readonly hasFailed: boolean
}

/** Call while a component is being set up. Errors: `hasFailed`; the engine could not read the item from the local store. */
export function useItem(items: () => Items, item: () => ItemId): UsedItem {
  let handle = $state.raw<ItemHandle | null>(null)
  let hasFailed = $state(false)
  $effect(() => {
    const wanted = item()
    let isWanted = true
    let opened: ItemHandle | null = null
    hasFailed = false
    items().open(wanted).then(
      (next) => {
        if (!isWanted) return next.dispose()
        opened = next
        handle = next
      },
      () => {
        if (isWanted) hasFailed = true
      },
    )
    return () => {
      isWanted = false
      handle = null
      opened?.dispose()
    }
  })
  return {
    get handle() {
      return handle
    },
    get hasFailed() {
      return hasFailed
    },
  }
}
