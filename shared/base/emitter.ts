/**
 * One event with listeners. Events announce what happened; they never decide what another part does next.
 * Listeners are called in the order of subscription; one that throws does not keep others from hearing.
 */
import type { Disposable } from './dispose.ts'

export type Event<T> = (listener: (value: T) => void) => Disposable

export interface Emitter<T> extends Disposable {
  readonly event: Event<T>
  fire(value: T): void
}

export function createEmitter<T>(): Emitter<T> {
  const listeners = new Set<(value: T) => void>()
  return {
    event(listener) {
      // A wrapper of its own per subscription: the same function may listen twice.
      const own = (value: T) => listener(value)
      listeners.add(own)
      return { dispose: () => void listeners.delete(own) }
    },
    fire(value) {
      const errors: unknown[] = []
      for (const listener of [...listeners]) {
        try {
          listener(value)
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    },
    dispose() {
      listeners.clear()
    },
  }
}
