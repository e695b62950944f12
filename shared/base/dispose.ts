/**
 * Lifetime: what is opened returns the way to close it, and the opener hands that to an owner.
 * A bag closes its contents once, in the reverse order of opening.
 */
export interface Disposable {
  dispose(): void
}

export interface DisposableBag extends Disposable {
  /** Takes ownership; returns the same thing for chaining. Added after dispose: closed at once. */
  add<T extends Disposable | (() => void)>(thing: T): T
  readonly isDisposed: boolean
}

export function createBag(): DisposableBag {
  const things: (Disposable | (() => void))[] = []
  let isDisposed = false
  const close = (thing: Disposable | (() => void)) =>
    typeof thing === 'function' ? thing() : thing.dispose()
  return {
    get isDisposed() {
      return isDisposed
    },
    add(thing) {
      if (isDisposed) close(thing)
      else things.push(thing)
      return thing
    },
    dispose() {
      if (isDisposed) return
      isDisposed = true
      for (const thing of things.reverse()) close(thing)
      things.length = 0
    },
  }
}
