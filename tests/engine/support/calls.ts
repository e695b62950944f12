// Counts what an engine asks of its store: the figure that stays the same on a slow machine.
import type { EngineStore } from '../../../client/engine/store.ts'

export interface CallCounter {
  /** Calls per operation since the start or the last reset. */
  readonly counts: ReadonlyMap<string, number>
  /** Of these operations, or of all. */
  of(...operations: (keyof EngineStore)[]): number
  reset(): void
}

/** In: the store of an open tab. The engine asks it by name at every call, so counting may begin at any moment. */
export function countCalls(store: EngineStore): CallCounter {
  const counts = new Map<string, number>()
  const methods = store as unknown as Record<string, unknown>
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method !== 'function' || name.startsWith('on')) continue
    methods[name] = (...args: unknown[]): unknown => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      return (method as (...args: unknown[]) => unknown)(...args)
    }
  }
  return {
    counts,
    of: (...operations) => (operations.length === 0 ? [...counts.keys()] : operations).reduce((sum, name) => sum + (counts.get(name) ?? 0), 0),
    reset: () => counts.clear(),
  }
}
