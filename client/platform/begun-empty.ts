/**
 * Remembers, over the fresh load that follows signing in, that this browser had nothing of that person: either somebody works here for the first
 * time, or what was here was wiped. Nobody but the relay's list of sign-ins can tell the two apart.
 */
import type { UserId } from '../../shared/base/ids.ts'
import type { Storage } from './storage.ts'

const KEY = 'begun-empty'

type Databases = Pick<IDBFactory, 'databases'>

/** Call before an engine of that person is started. A browser that does not list what it keeps is not asked further. */
export async function noteIfEmpty(storage: Storage, user: UserId, databases: Databases = indexedDB): Promise<void> {
  try {
    const known = await databases.databases()
    if (!known.some(({ name }) => name?.endsWith(user))) storage.write(KEY, true)
  } catch {
    storage.remove(KEY) // no storage in this browser at all: the status says so itself
  }
}

/** Out: whether it began empty; true once. */
export function takeBegunEmpty(storage: Storage): boolean {
  const isEmpty = storage.read(KEY, (value): value is true => value === true) === true
  storage.remove(KEY)
  return isEmpty
}
