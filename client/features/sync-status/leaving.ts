/**
 * The browser's own question before a window is closed or loaded anew: asked when something typed is nowhere but in this window, and only then.
 * Whatever is on the laptop comes back by itself; a question about it would teach people to say yes.
 */
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { SyncStatus } from '../../engine/api.ts'

export function losesWork({ inMemoryCount, waitingCount, parkedCount, storeFailure }: Pick<SyncStatus, 'inMemoryCount' | 'waitingCount' | 'parkedCount' | 'storeFailure'>): boolean {
  if (inMemoryCount > 0) return true
  // A full store keeps what it has. Any other failure may mean that what is called stored is in memory too, or gone with the store.
  return storeFailure !== null && storeFailure !== 'quota' && waitingCount + parkedCount > 0
}

/** In: the status of this moment, not one that is held back for the eye. */
export function askBeforeLeaving(leaving: Pick<Window, 'addEventListener' | 'removeEventListener'>, statusNow: () => SyncStatus): Disposable {
  const ask = (event: Event): void => {
    if (losesWork(statusNow())) event.preventDefault()
  }
  leaving.addEventListener('beforeunload', ask)
  return { dispose: () => leaving.removeEventListener('beforeunload', ask) }
}
