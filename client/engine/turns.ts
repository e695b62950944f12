import type { ItemId } from '../../shared/base/ids.ts'

/** Work on items: one after another per item, side by side for different ones. */
export interface Turns {
  /** Out: what the work answers; the next one begins after it, also when it failed. */
  of<T>(item: ItemId, work: () => Promise<T>): Promise<T>
  /** Something is being done, or waits. */
  has(item: ItemId): boolean
}

export function createTurns(): Turns {
  const last = new Map<ItemId, Promise<unknown>>()
  return {
    of(item, work) {
      const before = last.get(item) ?? Promise.resolve()
      const mine = before.then(work, work)
      last.set(item, mine)
      const tidy = () => {
        if (last.get(item) === mine) last.delete(item)
      }
      mine.then(tidy, tidy)
      return mine
    },
    has: (item) => last.has(item),
  }
}
