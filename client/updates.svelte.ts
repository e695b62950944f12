/**
 * The installed shell: works offline after the first visit, and a new version comes only when somebody asks for it and nothing is unsent.
 *
 * Every tab that holds edits that are not at the relay holds the lock UNSENT, shared. Taking over needs it exclusively: while any tab of this
 * browser has unsent edits, the new version waits, and says so. The lock is the truth of the moment; a tab that crashed holds nothing.
 */
import { registerSW } from 'virtual:pwa-register'
import { t } from './platform/text/text.svelte.ts'
import type { WorkbenchServices } from './workbench/compose.svelte.ts'

const UNSENT = 'samenpad-unsent'
/** A laptop that stays open for weeks still hears of a new version the same day. */
const LOOK_EVERY_MS = 3_600_000

export function keepUpToDate({ workspace, notices, clock }: WorkbenchServices): void {
  if (!('serviceWorker' in navigator)) return
  // The held list as well: the lock is not asked for and given back with every letter.
  holdWhileUnsent(() => workspace.status.inMemoryCount + workspace.status.waitingCount > 0 || workspace.waitingItems.length > 0)

  const takeOver = registerSW({
    immediate: true,
    onNeedRefresh: offer,
    // Another tab took the new version in use: this one follows, once its last letters are kept.
    onNeedReload: reload,
    onRegisteredSW(_url, registration) {
      const look = (): void => {
        // Offline, or the relay is away: the next look comes.
        if (navigator.onLine) registration?.update().catch((error: unknown) => reportError(error))
        clock.after(LOOK_EVERY_MS, look)
      }
      clock.after(LOOK_EVERY_MS, look)
    },
    onRegisterError: (error: unknown) => reportError(error),
  })

  function offer(): void {
    notices.say(t.workbench.update.ready, { title: t.workbench.update.now, run: () => void tryTakeOver() })
  }
  async function tryTakeOver(): Promise<void> {
    const isFree = await navigator.locks.request(UNSENT, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
      if (lock === null) return false
      await takeOver(true)
      return true
    })
    if (!isFree) notices.say(t.workbench.update.waits, { title: t.workbench.update.now, run: () => void tryTakeOver() })
  }
  function reload(): void {
    if (workspace.status.inMemoryCount === 0) location.reload()
    else clock.after(100, reload)
  }
}

/** Holds the shared lock for as long as `isUnsent` (a rune) says so. */
function holdWhileUnsent(isUnsent: () => boolean): void {
  $effect.root(() => {
    const unsent = $derived(isUnsent())
    $effect(() => {
      if (!unsent) return
      const { promise, resolve } = Promise.withResolvers<void>()
      void navigator.locks.request(UNSENT, { mode: 'shared' }, () => promise)
      return resolve
    })
  })
}

/** Asks the browser to keep what is stored here; whether it agreed stands in the settings. */
export async function askToKeepStorage(): Promise<void> {
  if (!navigator.storage?.persist || (await navigator.storage.persisted())) return
  await navigator.storage.persist()
}
