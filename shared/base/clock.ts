/**
 * Time as an argument. Nothing in `shared/`, the engine or the relay reads a clock of its own, so that the very
 * same code runs under the simulator's virtual time.
 */
import type { Disposable } from './dispose.ts'

export interface Clock {
  /** Milliseconds since 1970, as the machine believes. May jump; never used to order anything. */
  now(): number
  /** Calls back once, after at least `delayMs`. Disposing cancels. */
  after(delayMs: number, callback: () => void): Disposable
}
