/** What somebody at a browser could get to see there: for asking whether it is only theirs. */
import type { Page } from 'playwright-core'

/** Everything that a page of this origin shows, or keeps under a name that the given person's window reads. */
export async function reach(page: Page, user: string): Promise<string> {
  return page.evaluate(async (user) => {
    const found: string[] = [document.documentElement.outerHTML, document.title, location.href, JSON.stringify(history.state), JSON.stringify(sessionStorage)]
    // Under somebody else's id are their choices (which tabs, how wide), which only their window reads: never content.
    for (const [key, value] of Object.entries({ ...localStorage })) if (!/[0-9a-f]{32}/.test(key) || key.includes(user)) found.push(`${key} ${String(value)}`)
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) found.push(request.url)
    const words = (value: unknown): string => (value instanceof Uint8Array || value instanceof ArrayBuffer ? new TextDecoder().decode(value) : typeof value === 'object' && value !== null ? Object.values(value).map(words).join(' ') : String(value))
    for (const { name } of await indexedDB.databases()) {
      if (!name?.includes(user)) continue
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error(name))
      })
      for (const store of db.objectStoreNames) {
        found.push(await new Promise<string>((resolve, reject) => {
          const request = db.transaction(store).objectStore(store).getAll()
          request.onsuccess = () => resolve(words(request.result))
          request.onerror = () => reject(request.error ?? new Error(store))
        }))
      }
      db.close()
    }
    return found.join('\n')
  }, user)
}
export const userOf = (page: Page): Promise<string> => page.evaluate(async () => ((await (await fetch('/api/me')).json()) as { person: { user: string } }).person.user)
