/**
 * How often somebody may open a websocket. Counted before the upgrade, because what follows it (a handshake, a session, subscriptions) costs the relay more
 * than it costs whoever asks.
 *
 * Whoever is signed in counts as themself, so that colleagues behind one address never wait for each other, and everybody may come back at once after a
 * restart. Nobody known, and a page that is not ours (which could use up what the person in front of it may do), counts by address.
 */
import { isIPv6 } from 'node:net'
import type { Clock } from '../../shared/base/clock.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { SOCKETS_COUNT_MAX, SOCKETS_OPENED_PER_SECOND_MAX, STRANGERS_AT_ONCE_COUNT_MAX, STRANGERS_PER_SECOND_MAX } from '../../shared/model/limits.ts'
import { createNamedBuckets, type Allowance } from './named-buckets.ts'

export interface Knocks {
  /** In: null for nobody known. Out: 0 when they may open one now, else the seconds to wait. */
  waitSeconds(user: UserId | null, address: string): number
}

/** A household or an office has a whole network of IPv6 addresses to itself: the first 64 bits name it. */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase()
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1]
  if (inside !== undefined || !isIPv6(bare)) return inside ?? bare
  const [before = '', after] = bare.split('::')
  const groupsOf = (text: string): string[] => text.split(':').filter((group) => group !== '')
  const [first, last] = [groupsOf(before), groupsOf(after ?? '')]
  const zeros = after === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...last].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')
}

const STRANGER: Allowance = { perSecond: STRANGERS_PER_SECOND_MAX, atOnce: STRANGERS_AT_ONCE_COUNT_MAX }
const KNOWN: Allowance = { perSecond: SOCKETS_OPENED_PER_SECOND_MAX, atOnce: SOCKETS_COUNT_MAX }

export function createKnocks(clock: Clock): Knocks {
  const buckets = createNamedBuckets(clock)
  return {
    waitSeconds: (user, address) => buckets.of(user ?? networkOf(address), user === null ? STRANGER : KNOWN).takeOrSeconds(),
  }
}
