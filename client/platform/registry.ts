/** A list that features add to and the workbench reads. Ids are unique; whoever registers gets the way to take it back. */
import { assert } from '../../shared/base/assert.ts'
import { createEmitter, type Event } from '../../shared/base/emitter.ts'
import type { Disposable } from '../../shared/base/dispose.ts'

export interface Registry<T extends { id: string }> {
  register(contribution: T): Disposable
  get(id: string): T | undefined
  /** In order of registration. */
  all(): readonly T[]
  readonly onDidChange: Event<void>
}

export function createRegistry<T extends { id: string }>(name: string): Registry<T> {
  const byId = new Map<string, T>()
  const changed = createEmitter<void>()
  return {
    register(contribution) {
      assert(!byId.has(contribution.id), `${name} ${contribution.id} registered twice`)
      byId.set(contribution.id, contribution)
      changed.fire()
      return {
        dispose() {
          byId.delete(contribution.id)
          changed.fire()
        },
      }
    },
    get: (id) => byId.get(id),
    all: () => [...byId.values()],
    onDidChange: changed.event,
  }
}
