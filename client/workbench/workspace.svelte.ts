/**
 * The reactive picture of what the engine last said: status, spaces, rows, people, presence, today. Nothing here is remembered beyond the
 * window and nothing decides; the engine's store is the truth.
 *
 * Rows are read again per space, at most once per REREAD_MS, because a typist changes the row of one item many times a second and a
 * space may hold 10,000 of them. What changes nothing but a time is not drawn with every letter: that cost 12 ms of script a key.
 */
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { Engine, EngineEvent, SpaceView, SyncStatus } from '../engine/api.ts'
import { isoDateOf, untilTomorrow } from '../platform/dates.ts'
import type { Identity } from '../platform/http.ts'
import { isText, type Storage } from '../platform/storage.ts'
import { isComing } from './arrival.ts'
import { isClosed } from './closed.svelte.ts'
import { holdItems } from './held-items.ts'
import { rowChanges } from './row-changes.ts'
import type { Workspace } from './services.ts'

const REREAD_MS = 120
/** While somebody types only times change: they are read half as often, and shown now and then. */
const TYPED_REREAD_MS = 250
const TIMES_MS = 2_000

/** Until the engine answered: nothing is known to be anywhere yet. */
const UNKNOWN: SyncStatus = {
  state: 'pending', inMemoryCount: 0, waitingCount: 0, parkedCount: 0, waitingItems: [], connection: 'connecting', blockedBy: null, behindCount: 0, storeFailure: null, follower: false, isDetour: false,
}

/** Per person: on a shared laptop nobody meets what another looked at. */
const spaceKeyOf = (user: UserId): string => `space.${user}`

/**
 * Which space a first visit shows: where somebody leads goes before where somebody helps or reads; with one role in several, the municipality
 * goes before what spans it. Never by the order in which they arrived: two laptops of one person begin in the same place.
 */
const PREFERENCE: readonly (Role | null)[] = ['leader', 'admin', 'member', 'programme-leader', 'reader', null]
const NEAREST: readonly SpaceKind[] = ['municipality', 'group', 'region', 'programme']
const preferred = (spaces: readonly SpaceView[]): SpaceView | null =>
  spaces
    .filter((one) => one.role !== null)
    .toSorted((a, b) => PREFERENCE.indexOf(a.role) - PREFERENCE.indexOf(b.role) || NEAREST.indexOf(a.kind) - NEAREST.indexOf(b.kind) || a.name.localeCompare(b.name, 'nl'))[0] ?? null

const isSamePerson = (a: Person, b: Person | undefined): boolean => a.user === b?.user && a.name === b.name && a.job === b.job && a.organisation === b.organisation && a.color === b.color

interface Deps {
  engine: Engine
  identity: Identity
  storage: Storage
  clock: Clock
}

export function createWorkspace({ engine, identity, storage, clock }: Deps): Workspace & Disposable {
  const bag = createBag()
  let status = $state.raw<SyncStatus>(UNKNOWN)
  let spaces = $state.raw<readonly SpaceView[]>([])
  let people = $state.raw<ReadonlyMap<UserId, Person>>(new Map())
  let today = $state(isoDateOf(clock.now()))
  let chosen = $state<SpaceId | null>(storage.read(spaceKeyOf(identity.person.user), isText))
  let isLoaded = $state(false)
  let waitingItems = $state.raw<readonly ItemId[]>([])
  const held = bag.add(holdItems(clock, (items) => (waitingItems = items)))
  const rowsBySpace = new SvelteMap<SpaceId, readonly ItemRow[]>()
  const presentByItem = new SvelteMap<ItemId, readonly Person[]>()
  /** Carets move all the time; that is for the text they are in. */
  function keepPresent(item: ItemId, next: readonly Person[]): void {
    const before = presentByItem.get(item) ?? []
    if (before.length !== next.length || before.some((who, at) => !isSamePerson(who, next[at]))) presentByItem.set(item, next)
  }

  const readable = $derived(new Set(spaces.filter((space) => space.role !== null && !isClosed(space)).map((space) => space.space)))
  const rows = $derived([...rowsBySpace].filter(([space]) => readable.has(space)).flatMap(([, list]) => list.filter((row) => !row.gone)))
  const rowsById = $derived(new Map(rows.map((row) => [row.item, row])))
  /** What the engine had and has no more: of an erased document, and of a space whose right was lost. */
  const left = new SvelteMap<ItemId, ItemRow>()
  const unshown = $derived(new Map([...rowsBySpace].flatMap(([space, list]) => (readable.has(space) ? list.filter((row) => row.gone) : list).map((row) => [row.item, row]))))
  const isClosedHere = (id: SpaceId): boolean => spaces.some((one) => one.space === id && isClosed(one))
  const preferredOf = (list: readonly SpaceView[]): SpaceView | null => list.find((one) => one.space === chosen && one.role !== null) ?? preferred(list)
  const space = $derived(preferredOf(spaces))

  const shownAt = new Map<SpaceId, number>()
  /** Spaces in which somebody is typing: nothing of their rows but a time changed when they were last read. */
  const typedIn = new Set<SpaceId>()
  function keepRows(space: SpaceId, list: readonly ItemRow[]): void {
    const before = rowsBySpace.get(space)
    const { rows, kind } = rowChanges(before ?? [], list)
    if (before && kind !== 'facts') typedIn.add(space)
    else typedIn.delete(space)
    if (before && kind === 'none') return
    if (before && list.length < before.length && !isClosedHere(space)) {
      const now = new Set(list.map(({ item }) => item))
      for (const row of before) if (!now.has(row.item)) left.set(row.item, row)
    }
    const now = clock.now()
    if (before && kind === 'times' && now - (shownAt.get(space) ?? -Infinity) < TIMES_MS) return lookLater(space)
    shownAt.set(space, now)
    rowsBySpace.set(space, rows)
  }
  const later = new Map<SpaceId, Disposable>()
  function lookLater(space: SpaceId): void {
    if (later.has(space)) return
    later.set(space, clock.after(TIMES_MS, () => {
      later.delete(space)
      rereadSoon([space])
    }))
  }

  const waiting = new Set<SpaceId>()
  let isReading = false
  let readTimer: Disposable | null = null
  async function reread(): Promise<void> {
    while (waiting.size > 0) {
      const now = [...waiting]
      waiting.clear()
      for (const one of now) keepRows(one, await engine.rows(one))
    }
  }
  function rereadSoon(list: readonly SpaceId[]): void {
    for (const one of list) waiting.add(one)
    if (isReading) return
    isReading = true
    readTimer = clock.after([...waiting].every((one) => typedIn.has(one)) ? TYPED_REREAD_MS : REREAD_MS, () => {
      void reread().finally(() => {
        isReading = false
        if (waiting.size > 0) rereadSoon([])
      })
    })
  }
  bag.add(() => {
    readTimer?.dispose()
    for (const timer of later.values()) timer.dispose()
  })

  const here = new SvelteSet<SpaceId>()
  /** Spaces that something on screen wants to know it of. */
  const askedFor = new Set<SpaceId>()
  const beingLooked = new Set<SpaceId>()
  /** Again at all news of the engine, until every space that was asked for is here once. */
  function lookWhetherHere(): void {
    if (!isLoaded) return
    for (const { space: id, hasLog } of spaces) {
      if (!askedFor.has(id) || here.has(id) || beingLooked.has(id)) continue
      if (hasLog === false) here.add(id)
      if (hasLog !== true || isComing({ status, spaces }, id)) continue
      beingLooked.add(id)
      void engine
        .freshRows(id)
        .then((list) => {
          keepRows(id, list)
          // That a log exists and how much of it is to come are told one after the other.
          if (!isComing({ status, spaces }, id)) here.add(id)
        })
        .finally(() => beingLooked.delete(id))
    }
  }

  /** A field tells what is in it when it is left, and what closes is taken away: it is left first. */
  const leaveField = (): void => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  }

  /** What the engine told by itself is newer than an answer that was under way when it did. */
  const told = new Set<EngineEvent['type']>()
  async function readAll(): Promise<void> {
    const [nowStatus, nowSpaces, nowPeople] = await Promise.all([engine.status(), engine.spaces(), engine.people()])
    if (!told.has('status')) status = nowStatus
    held.hear(status.waitingItems)
    if (!told.has('people')) people = new Map(nowPeople.map((person) => [person.user, person]))
    // What is shown goes first: of 10,000 rows in 14 spaces that is one part in fourteen.
    const shown = preferredOf(told.has('spaces') ? spaces : nowSpaces)
    if (shown) keepRows(shown.space, await engine.rows(shown.space))
    if (!told.has('spaces')) spaces = nowSpaces
    const grouped = Map.groupBy(await engine.rows(), (row) => row.space)
    for (const [id, list] of grouped) keepRows(id, list)
    isLoaded = true
    lookWhetherHere()
  }

  bag.add(
    engine.onEvent((event) => {
      told.add(event.type)
      switch (event.type) {
        case 'status':
          status = event.status
          held.hear(status.waitingItems)
          return lookWhetherHere()
        case 'spaces':
          if (event.spaces.some((one) => isClosed(one) && readable.has(one.space))) leaveField()
          rereadSoon(event.spaces.filter((one) => one.role !== null && !rowsBySpace.has(one.space)).map((one) => one.space))
          spaces = event.spaces
          return lookWhetherHere()
        case 'rows':
          lookWhetherHere()
          return rereadSoon(event.spaces)
        case 'people':
          people = new Map(event.people.map((person) => [person.user, person]))
          return
        case 'presence':
          // My own other window is no company, nor what is left of it while the relay waits for a dead line.
          return keepPresent(event.item, event.present.map(({ who }) => who).filter(({ user }) => user !== identity.person.user))
        case 'prose':
        case 'facts':
        case 'acts':
        case 'rebuilt':
        case 'erased':
        case 'report':
          return // of open items and of the programme view: their own handles listen
      }
    }),
  )

  function renewToday(): void {
    today = isoDateOf(clock.now())
    bag.add(clock.after(untilTomorrow(clock.now()), renewToday))
  }
  renewToday()
  // A laptop that slept through midnight: timers stood still, the tab comes back.
  const lookAgain = (): void => {
    today = isoDateOf(clock.now())
  }
  document.addEventListener('visibilitychange', lookAgain)
  bag.add(() => document.removeEventListener('visibilitychange', lookAgain))
  // A socket over a network that went says nothing by itself, for most of a minute.
  const askLine = (): void => void engine.reconnect()
  for (const event of ['online', 'offline']) {
    window.addEventListener(event, askLine)
    bag.add(() => window.removeEventListener(event, askLine))
  }

  void readAll()

  return {
    me: identity.person,
    isInstallationAdmin: identity.installationAdmin,
    get isLoaded() { return isLoaded },
    get status() { return status },
    get waitingItems() { return waitingItems },
    get spaces() { return spaces },
    get rows() { return rows },
    get rowsById() { return rowsById },
    formerRow(item) {
      const row = unshown.get(item) ?? left.get(item)
      return row && !rowsById.has(item) && !isClosedHere(row.space) ? row : null
    },
    get space() { return space },
    get people() { return people },
    get today() { return today },
    person(user) {
      if (user === null) return null
      return user === identity.person.user ? identity.person : (people.get(user) ?? null)
    },
    presentAt: (item) => presentByItem.get(item) ?? [],
    isHere(one) {
      if (!askedFor.has(one)) {
        askedFor.add(one)
        queueMicrotask(lookWhetherHere) // not while the page is being drawn from what is known
      }
      return here.has(one)
    },
    chooseSpace(next) {
      chosen = next
      storage.write(spaceKeyOf(identity.person.user), next)
    },
    dispose: () => bag.dispose(),
  }
}
