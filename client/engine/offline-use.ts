/**
 * Which spaces are closed on this laptop because it had no contact for longer than they allow. Counted here, in every tab; written down by the tab
 * that leads, in one value of the store beside the spaces, and told to the others.
 *
 * Invariants: nothing is removed by it; what a space says of its limit is believed from the relay alone; an answer of the relay opens at once
 * whatever it names. The rule is offline-limit.ts.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import type { OfflineView } from './api.ts'
import { DAY_MS, opennessOf, passing, type Contact, type Passed } from './offline-limit.ts'
import { unlessRefused, type EngineStore } from './store.ts'

export interface OfflineUse extends Disposable {
  /** Time that went by on this laptop; to be given back with `confirmed`, or kept with what is to be closed later. */
  passedMs(): number
  isClosed(space: SpaceId): boolean
  /** Whether something that was fetched at `atMs` may be shown under a limit; null: no limit. */
  isOver(daysMax: number | null, atMs: number): boolean
  /** Left out: the space has no limit. */
  viewOf(space: SpaceId): OfflineView | undefined
  /** The relay answered what it was asked at `askedAtMs`, and these spaces are followed with these limits. Only of the tab that leads. */
  confirmed(limits: Iterable<readonly [SpaceId, number | null]>, askedAtMs: number): void
  /** The right to a space is gone. */
  forget(space: SpaceId): void
  /** Something else has a limit (`isOver`): time is counted for it too, and `looked` asks. */
  countToo(): void
  /** Writes down what was counted. Errors: none; a store that refuses says so itself. */
  keep(): Promise<void>
}

export interface OfflineUseDeps {
  store: EngineStore
  clock: Clock
  isLeading(): boolean
  /** Now and then, and at every contact. In: whether a space opened, closed, or is about to. */
  looked(hasChanged: boolean): void
  storeFailed(error: unknown): void
}

interface Kept extends Passed {
  contacts: Record<SpaceId, Contact>
}

const KEY = 'offline'
/** A laptop that hears much and asks nothing asks once in this time whether the relay is there, where a space has a limit. */
export const CONTACT_MS = 10 * 60_000
/** How often it is looked whether a limit passed: so long a lid that is opened may show what was there before. */
const LOOK_MS = 10_000
/** How often the time that went by is written down: what a killed laptop may lose of it. */
const KEEP_MS = 10 * 60_000
/** Spaces are confirmed one after another: one write for all of them. */
const KEEP_SOON_MS = 100

export async function createOfflineUse({ store, clock, isLeading, looked, storeFailed }: OfflineUseDeps): Promise<OfflineUse> {
  const found = (await store.getValue(KEY)) as Kept | undefined
  let passed: Passed = { passedMs: found?.passedMs ?? 0, shownAt: found?.shownAt ?? clock.now() }
  let contacts = new Map<SpaceId, Contact>(Object.entries(found?.contacts ?? {}))
  let keptAt = clock.now()
  let isCounting = found !== undefined
  let timer: Disposable | null = null
  let keeping: Disposable | null = null

  const passedMs = (): number => (passed = passing(passed, clock.now())).passedMs
  // Another tab counted further than what was written down.
  const notBefore = (ms: number): void => {
    passed = { passedMs: Math.max(passedMs(), ms), shownAt: passed.shownAt }
  }
  const saying = (): string => JSON.stringify([...contacts].map(([space, contact]) => [space, contact.daysMax, opennessOf(contact, passedMs())]))
  let said = saying()

  const keep = async (): Promise<void> => {
    keeping?.dispose()
    keeping = null
    if (!isLeading() || !isCounting) return
    keptAt = clock.now()
    const value: Kept = { passedMs: passedMs(), shownAt: passed.shownAt, contacts: Object.fromEntries(contacts) }
    store.post({ type: KEY, value })
    await unlessRefused(store.putValue(KEY, value))
  }
  const keepSoon = (): void => {
    keeping ??= clock.after(KEEP_SOON_MS, () => void keep().catch(storeFailed))
  }

  const look = (): void => {
    const now = saying()
    const hasChanged = now !== said
    said = now
    looked(hasChanged)
    if (Math.abs(clock.now() - keptAt) >= KEEP_MS) keep().catch(storeFailed)
    watch()
  }
  const watch = (): void => {
    timer?.dispose()
    timer = isCounting ? clock.after(LOOK_MS, look) : null
  }
  const listening = store.onDidPost((message) => {
    if (message.type !== KEY) return
    const value = message.value as Kept
    contacts = new Map(Object.entries(value.contacts))
    isCounting = true
    notBefore(value.passedMs)
    look()
  })
  watch()

  return {
    passedMs,
    isClosed(space) {
      const contact = contacts.get(space)
      return contact !== undefined && opennessOf(contact, passedMs()).state === 'closed'
    },
    isOver: (daysMax, atMs) => daysMax !== null && opennessOf({ daysMax, atMs }, passedMs()).state === 'closed',
    viewOf(space) {
      const contact = contacts.get(space)
      if (!contact) return undefined
      const { daysMax, contactAt } = contact
      const openness = opennessOf(contact, passedMs())
      // A clock that was set back shows a moment before it: then it closed by now.
      const closesAt = contactAt + daysMax * DAY_MS
      return { daysMax, state: openness.state, hoursLeft: openness.state === 'soon' ? openness.hoursLeft : null, closesAt: openness.state === 'closed' ? Math.min(closesAt, clock.now()) : closesAt }
    },
    confirmed(limits, askedAtMs) {
      const now = passedMs()
      for (const [space, daysMax] of limits) {
        const before = contacts.get(space)
        if (daysMax === null) contacts.delete(space)
        else contacts.set(space, { daysMax, atMs: Math.max(askedAtMs, before?.atMs ?? askedAtMs), contactAt: clock.now() - (now - askedAtMs) })
        if (daysMax !== null) isCounting = true
        if (before || daysMax !== null) keepSoon()
      }
      if (isCounting) look()
    },
    forget(space) {
      if (!contacts.delete(space)) return
      keepSoon()
      look()
    },
    countToo() {
      if (isCounting) return
      isCounting = true
      keepSoon()
      watch()
    },
    keep,
    dispose() {
      listening.dispose()
      timer?.dispose()
      keeping?.dispose()
    },
  }
}
