/**
 * What the status says, as a function of stored state and connection alone (invariant 10). Never better than the truth: whatever is
 * uncertain is said to be worse.
 */
import type { ItemId } from '../../shared/base/ids.ts'
import type { SyncState, SyncStatus } from './api.ts'
import type { OutboxCounts } from './outbox.ts'

export interface StatusInput extends Pick<OutboxCounts, 'inMemoryCount' | 'waitingCount' | 'parkedCount'> {
  waitingItems: readonly ItemId[]
  connection: SyncStatus['connection']
  blockedBy: string | null
  behindCount: number
  storeFailure: SyncStatus['storeFailure']
  follower: boolean
  isDetour: boolean
  /** A space's log was replaced, and what was believed acknowledged is being offered again. */
  isRechecking: boolean
}

const WORST_FIRST: readonly SyncState[] = ['pending', 'refused', 'rechecking', 'offline', 'local', 'relay']

/** One is further from safe than the other. */
export const isWorse = (one: SyncState, other: SyncState): boolean => WORST_FIRST.indexOf(one) < WORST_FIRST.indexOf(other)

/** In order of what a person must know first: not even here; refused; in doubt; no connection; on its way; safe. */
export function stateOf({ inMemoryCount, waitingCount, parkedCount, connection, storeFailure, isRechecking }: StatusInput): SyncState {
  // A store that refuses, or a stand-in in memory, keeps nothing: whatever is not at the relay is not safe.
  if (inMemoryCount > 0 || (storeFailure !== null && waitingCount > 0)) return 'pending'
  if (parkedCount > 0) return 'refused'
  if (isRechecking) return 'rechecking'
  if (connection !== 'live') return 'offline'
  return waitingCount > 0 ? 'local' : 'relay'
}

export function statusOf(input: StatusInput): SyncStatus {
  const { inMemoryCount, waitingCount, parkedCount, waitingItems, connection, blockedBy, behindCount, storeFailure, follower, isDetour } = input
  return { state: stateOf(input), inMemoryCount, waitingCount, parkedCount, waitingItems, connection, blockedBy, behindCount, storeFailure, follower, isDetour }
}
