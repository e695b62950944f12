/**
 * The installed shell: works offline after the first visit, and a new version comes only when somebody asks for it and nothing is unsent.
 *
 * Every tab that holds edits that are not at the relay holds the lock UNSENT, shared. Taking over needs it exclusively: while any tab of this
 * browser has unsent edits, the new version waits, and says so. The lock is the truth of the moment; a tab that crashed holds nothing.
 *
 * A worker may also come without being asked for: the one that withdraws a harmful one (server/http/static.ts). Windows go on under it with what they loaded,
 * and none registers a worker again while the page says that there is none.
 */
import { registerSW } from 'virtual:pwa-register'
import { t } from './platform/text/text.svelte.ts'
import type { WorkbenchServices } from './workbench/compose.svelte.ts'

const UNSENT = 'samenpad-unsent'
/** Where a tab tells the others that somebody asked for the new version. */
const TAKEN = 'samenpad-taken'
/** A laptop that stays open for weeks still hears of a new version the same day. */
const LOOK_EVERY_MS = 3_600_000
/** After a network that went while the worker came in: until it is there, the window cannot be opened without one. */
const REGISTER_AGAIN_MS = 15_000

export function keepUpToDate({ workspace, notices, clock }: WorkbenchServices): void {
  if (!('serviceWorker' in navigator)) return
  // The held list as well: the lock is not asked for and given back with every letter.
  holdWhileUnsent(() => workspace.status.inMemoryCount + workspace.status.waitingCount > 0 || workspace.waitingItems.length > 0)

  if (document.querySelector('meta[name="samenpad-worker"][content="withdrawn"]')) return void takeAway().catch((error: unknown) => reportError(error))

  // In either order: what is asked in one tab and what the browser does in this one come by different ways.
  let isTaken = false
  let isInPlace = false
  const tabs = new BroadcastChannel(TAKEN)
  tabs.onmessage = taken
  let { controller } = navigator.serviceWorker
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    const isFirst = controller === null
    ;({ controller } = navigator.serviceWorker)
    if (isFirst) return
    isInPlace = true
    // Somebody took the new version in use, here or in another tab: this one follows. Nobody did: a person decides.
    if (isTaken) reload()
    else offer()
  })
  let takeOver = register()

  function register(): (reload?: boolean) => Promise<void> {
    return registerSW({
      immediate: true,
      onNeedRefresh: offer,
      onNeedReload: () => undefined, // said too late for a tab that had no worker when it was loaded: see above
      onRegisteredSW() {
        clock.after(LOOK_EVERY_MS, lookAgain)
      },
      onRegisterError(error: unknown) {
        if (!isUnreachable(error)) return reportError(error)
        clock.after(REGISTER_AGAIN_MS, () => {
          takeOver = register()
        })
      },
    })
  }
  async function look(): Promise<void> {
    // Withdrawn meanwhile: nothing to look for.
    const registration = navigator.onLine ? await navigator.serviceWorker.getRegistration() : undefined
    await registration?.update()
  }
  function lookAgain(): void {
    look().catch((error: unknown) => {
      if (!isUnreachable(error)) reportError(error)
    })
    clock.after(LOOK_EVERY_MS, lookAgain)
  }

  function taken(): void {
    isTaken = true
    if (isInPlace) reload()
  }
  function offer(): void {
    notices.say(t.workbench.update.ready, { title: t.workbench.update.now, run: () => void tryTakeOver() })
  }
  async function tryTakeOver(): Promise<void> {
    const isFree = await navigator.locks.request(UNSENT, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
      if (lock === null) return false
      tabs.postMessage(null)
      taken()
      // None waits: it is in place, or was withdrawn.
      if ((await navigator.serviceWorker.getRegistration())?.waiting) await takeOver(true)
      else reload()
      return true
    })
    if (!isFree) notices.say(t.workbench.update.waits, { title: t.workbench.update.now, run: () => void tryTakeOver() })
  }
  function reload(): void {
    if (workspace.status.inMemoryCount === 0) location.reload()
    else clock.after(100, reload)
  }
}

/** The worker's script could not be fetched (Service Workers, "Update", step 9: a TypeError): the network or the relay is away, and a later try comes. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError
}

/** What an interrupted withdrawal left. Nothing that people wrote is in a cache. */
async function takeAway(): Promise<void> {
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
  for (const name of await caches.keys()) await caches.delete(name)
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
