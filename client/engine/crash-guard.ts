/**
 * Marks what is being applied, so that a payload that kills the engine does not kill it for ever. A mark that is found at the start is of an
 * engine that died over it: the item is then read entry by entry, each with a mark of its own, and an entry over which the engine died
 * twice that way is quarantined. A browser that was killed by chance at that moment leaves a mark as well; once is therefore not enough.
 */
import type { EntryId, ItemId } from '../../shared/base/ids.ts'
import { unlessRefused, type EngineStore } from './store.ts'

export interface CrashGuard {
  /** `work` reads these items. */
  reading<T>(items: readonly ItemId[], work: () => Promise<T>): Promise<T>
  /** Something from elsewhere arrived in an item: that it was read before says nothing any more. */
  arrived(item: ItemId): void
  /** An engine died over this item: read it entry by entry. */
  isSuspect(item: ItemId): boolean
  /** `work` applies this entry of a suspect item. */
  applying(entry: EntryId, work: () => void): Promise<void>
  /** The items were read to the end. */
  cleared(items: readonly ItemId[]): Promise<void>
}

const APPLYING = 'applying'
const CRASHES = 'crashes'
const CRASHES_MAX = 2
export const CRASHED = 'crashed'

export async function createCrashGuard(store: EngineStore): Promise<CrashGuard> {
  const [counted, applying] = await Promise.all([store.getValue(CRASHES), store.getValue(APPLYING)])
  // Marks that cannot be read any more say nothing; they must not keep anybody out.
  const crashes = new Map<string, number>(typeof counted === 'object' && counted !== null ? Object.entries(counted as Record<string, number>) : [])
  const found = Array.isArray(applying) ? applying.filter((id) => typeof id === 'string') : []
  const keep = (): Promise<void> => store.putValue(CRASHES, Object.fromEntries(crashes))
  const settle = async (): Promise<void> => {
    for (const id of found) {
      if ((crashes.get(id) ?? 0) < CRASHES_MAX || !id.startsWith('entry/')) continue
      await store.quarantine(id.slice('entry/'.length), CRASHED)
      crashes.delete(id)
    }
    await keep()
    await store.putValue(APPLYING, [])
  }
  for (const id of found) crashes.set(id, (crashes.get(id) ?? 0) + 1)
  // Without room the marks stay, and are found once more at the next start; what they name is suspect all the same.
  if (found.length > 0) await unlessRefused(settle())

  const marked = new Set<string>()
  /** Items that were read to the end, with nothing from elsewhere since: they need no mark, and typing costs no extra writes. */
  const proven = new Set<ItemId>()
  /** A store without room for a mark must not keep a person from reading; that it refuses is said by the store itself. */
  const say = (): Promise<void> => unlessRefused(store.putValue(APPLYING, [...marked]))
  const mark = async (ids: readonly string[]): Promise<string[]> => {
    const fresh = ids.filter((id) => !marked.has(id))
    if (fresh.length === 0) return fresh
    for (const id of fresh) marked.add(id)
    await say()
    return fresh
  }
  const unmark = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return
    for (const id of ids) marked.delete(id)
    await say()
  }

  return {
    async reading(items, work) {
      const fresh = await mark(items.filter((item) => !proven.has(item)))
      try {
        // Before the work: what arrives while it goes on takes the proof away again.
        for (const item of items) proven.add(item)
        return await work()
      } finally {
        await unmark(fresh)
      }
    },
    arrived: (item) => void proven.delete(item),
    isSuspect: (item) => crashes.has(item),
    async applying(entry, work) {
      const fresh = await mark([`entry/${entry}`])
      work()
      await unmark(fresh)
    },
    async cleared(items) {
      if (items.filter((item) => crashes.delete(item)).length > 0) await unlessRefused(keep())
    },
  }
}
