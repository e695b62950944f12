/** After the account has no session any more: nothing of it stays open in this window, and of an account that is gone nothing stays on this laptop. */
import { forgetIdentity } from '../../platform/identity.ts'
import type { Services } from '../../workbench/services.ts'

/** In: where signing out goes on, at the organisation; left out: the sign-in page. */
export async function leaveWindow({ storage, engine }: Services, continueAt = '/inloggen'): Promise<void> {
  forgetIdentity(storage)
  await engine.dispose()
  location.assign(continueAt)
}

/** For good: the stores of this person go as well. Other windows of theirs are on their way out and let go of them a moment later. In: as of `leaveWindow`. */
export async function leaveLaptop(services: Services, continueAt = '/inloggen'): Promise<void> {
  const { user } = services.workspace.me
  forgetIdentity(services.storage)
  await services.engine.dispose()
  const stores = (await indexedDB.databases()).flatMap(({ name }) => (name?.includes(user) ? [name] : []))
  await Promise.all(stores.map((name) => new Promise<void>((resolve) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = request.onerror = request.onblocked = () => resolve() // blocked: it happens once the last window lets go
  })))
  for (const key of Object.keys(localStorage)) if (key.includes(user)) localStorage.removeItem(key)
  location.assign(continueAt)
}
