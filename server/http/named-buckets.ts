/**
 * A bucket for each name: a person, a network, a login from one of them. What a name may is what its bucket holds at once and how fast it fills; a refused try costs
 * nothing. Memory only: a restart forgets all of it, and so locks nobody out. Bounded: whoever tried longest ago is forgotten first.
 */
import type { Clock } from '../../shared/base/clock.ts'
import { NAMES_COUNT_MAX } from '../../shared/model/limits.ts'
import { Bucket } from '../relay/bucket.ts'

export interface Allowance {
  readonly perSecond: number
  readonly atOnce: number
}

export interface NamedBuckets {
  /** A name keeps the allowance that it came with first. */
  of(name: string, allowance: Allowance): Bucket
  /** Names that are remembered. */
  readonly count: number
}

export function createNamedBuckets(clock: Clock): NamedBuckets {
  /** The one that was asked for longest ago first. */
  const buckets = new Map<string, Bucket>()
  return {
    of(name, { perSecond, atOnce }) {
      const bucket = buckets.get(name) ?? new Bucket(clock, perSecond, atOnce)
      buckets.delete(name)
      const [oldest] = buckets.keys()
      if (buckets.size >= NAMES_COUNT_MAX && oldest !== undefined) buckets.delete(oldest)
      buckets.set(name, bucket)
      return bucket
    },
    get count() {
      return buckets.size
    },
  }
}
