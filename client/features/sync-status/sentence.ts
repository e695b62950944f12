/**
 * The one sentence of the status bar: a function of what the engine says is stored, never better than that (invariant 10). What must be acted
 * on goes before what is merely so: a store that refuses, a refused edit, a closed door, then where the work is.
 */
import type { CloseReason } from '../../../shared/model/errors.ts'
import type { SyncStatus } from '../../engine/api.ts'

export type Sentence =
  | { kind: 'store-failed' }
  | { kind: 'refused'; count: number }
  | { kind: 'signed-out' }
  | { kind: 'upgrade' }
  | { kind: 'blocked' }
  | { kind: 'pending' }
  | { kind: 'rechecking' }
  | { kind: 'offline' }
  | { kind: 'local'; count: number }
  | { kind: 'behind'; count: number }
  | { kind: 'relay' }

export function sentenceOf(status: SyncStatus): Sentence {
  if (status.storeFailure !== null) return { kind: 'store-failed' }
  if (status.state === 'refused') return { kind: 'refused', count: status.parkedCount }
  if (status.connection === 'blocked') {
    if (status.blockedBy === ('signedOut' satisfies CloseReason)) return { kind: 'signed-out' }
    return status.blockedBy === ('upgrade' satisfies CloseReason) ? { kind: 'upgrade' } : { kind: 'blocked' }
  }
  switch (status.state) {
    case 'pending':
      return { kind: 'pending' }
    case 'rechecking':
      return { kind: 'rechecking' }
    case 'offline':
      return { kind: 'offline' }
    case 'local':
      return { kind: 'local', count: status.waitingCount + status.inMemoryCount }
    case 'relay':
      return status.behindCount > 0 ? { kind: 'behind', count: status.behindCount } : { kind: 'relay' }
  }
}

/** Edits that are only on this laptop, for the words beside a sentence that is about something else; 0 where the sentence says it, or nothing holds them up. */
export function waitingBeside(status: SyncStatus): number {
  const { kind } = sentenceOf(status)
  return kind === 'local' || kind === 'pending' || kind === 'behind' || kind === 'relay' ? 0 : status.waitingCount + status.inMemoryCount
}
