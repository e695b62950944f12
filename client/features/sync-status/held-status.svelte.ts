/**
 * The status as it is shown. Worse news is shown at once; better news after it held for HOLD_MS, so that the sentence does not flicker with
 * every letter. What is shown is therefore never better than the truth (invariant 10).
 */
import type { Clock } from '../../../shared/base/clock.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { SyncState, SyncStatus } from '../../engine/api.ts'
import { HOLD_MS } from '../../workbench/held-items.ts'

/** Worst first. */
const ORDER: readonly SyncState[] = ['pending', 'refused', 'rechecking', 'offline', 'local', 'relay']
const rankOf = (status: SyncStatus): number => (status.storeFailure !== null ? -1 : ORDER.indexOf(status.state))

export function createHeldStatus(clock: Clock, first: SyncStatus): { readonly now: SyncStatus; hear(status: SyncStatus): void } & Disposable {
  let now = $state.raw(first)
  let latest = first
  let timer: Disposable | null = null
  return {
    get now() { return now },
    hear(status) {
      latest = status
      if (rankOf(status) <= rankOf(now)) {
        timer?.dispose()
        timer = null
        now = status
        return
      }
      timer ??= clock.after(HOLD_MS, () => {
        timer = null
        now = latest
      })
    },
    dispose: () => timer?.dispose(),
  }
}
