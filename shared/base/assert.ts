/**
 * Assertions for bugs: a broken promise inside our own code. They throw, always, in every build.
 * Expected failures are not bugs; they are returned as plain objects with a `kind`.
 */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`Bug: ${why}`)
}

/** Returns the value, or throws with the reason why it had to be there. Used instead of `!`. */
export function must<T>(value: T | null | undefined, why: string): T {
  if (value === null || value === undefined) throw new Error(`Bug: ${why}`)
  return value
}

/** The end of a switch over a closed union: a forgotten case does not compile. */
export function unreachable(value: never): never {
  throw new Error(`Bug: unexpected ${JSON.stringify(value)}`)
}
