/**
 * Documents with edits that are not at the relay, as they are shown: at once when they come, and a moment later when they are through. Every
 * letter goes out and is acknowledged some milliseconds later; a dot that follows that is drawn twice a letter and seen by nobody. What is shown
 * is never better than the truth (invariant 10).
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId } from '../../shared/base/ids.ts'

/** The same as the sentence in the status bar: longer than the pause between two letters. */
export const HOLD_MS = 250

export interface HeldItems extends Disposable {
  hear(waiting: readonly ItemId[]): void
}

/** `show` hears the whole list whenever it is another one. */
export function holdItems(clock: Clock, show: (items: readonly ItemId[]) => void): HeldItems {
  const shown = new Set<ItemId>()
  const leaving = new Map<ItemId, Disposable>()
  const leave = (item: ItemId): void => {
    leaving.delete(item)
    shown.delete(item)
    show([...shown])
  }
  return {
    hear(waiting) {
      const now = new Set(waiting)
      const before = shown.size
      for (const item of now) {
        leaving.get(item)?.dispose()
        leaving.delete(item)
        shown.add(item)
      }
      for (const item of shown) if (!now.has(item) && !leaving.has(item)) leaving.set(item, clock.after(HOLD_MS, () => leave(item)))
      if (shown.size > before) show([...shown])
    },
    dispose() {
      for (const timer of leaving.values()) timer.dispose()
    },
  }
}
