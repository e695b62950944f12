/**
 * The engine: local store, outbox, documents, projections, search and one connection, tied together behind `api.ts`. It takes everything
 * that differs between a browser and a simulator as an argument: store, transport, leadership, clock, dice.
 */
import { createBag, type Disposable, type DisposableBag } from '../../shared/base/dispose.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { isId, newId, NO_ID, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { NO_ACTS, sealOf } from '../../shared/model/acts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { ARCHIVE_DAYS } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import type { Engine, EngineEvent, ParkedView, ProgrammeReport, SpaceView, SyncStatus } from './api.ts'
import { createAdoption } from './adoption.ts'
import { createCompaction } from './compaction.ts'
import { createContent } from './content.ts'
import { createCrashGuard } from './crash-guard.ts'
import { factsIfPossible } from './facts.ts'
import { createHistory } from './history.ts'
import { createOfflineUse } from './offline-use.ts'
import { createOutbox } from './outbox.ts'
import { createParked } from './parked.ts'
import { createPresence } from './presence.ts'
import { createProjection } from './projection.ts'
import { createSearch } from './search.ts'
import type { Erasing } from './erasure.ts'
import { isWorse, statusOf } from './status.ts'
import { StoreError, unlessRefused, type EngineStore, type SpaceRow, type StoreChange, type StoreFailure } from './store.ts'
import { createSync, type SyncView } from './sync.ts'
import { createTimeline } from './timeline.ts'
import type { Leadership, Transport } from './transport.ts'
import { createVersions } from './version.ts'
import { unsentText, type Unsent } from './unsent-text.ts'

export interface EngineDeps {
  /** Of this login alone. */
  store: EngineStore
  transport: Transport
  leadership: Leadership
  clock: Clock
  dice: Dice
  me: Person
  build: string
  /** How often it is tidied up, and how many entries an item may have before they are merged. Left out: as people have it. */
  tidy?: { everyMs: number; entriesCountMax: number } | undefined
  /** The store at hand is a stand-in in memory, for this reason: what is not at the relay is not kept. */
  storeFailure?: NonNullable<SyncStatus['storeFailure']>
  /** Questions that are no part of the log, over HTTP. They reject when there is no connection. */
  web: {
    report(programme: SpaceId): Promise<{ municipalities: ProgrammeReport['municipalities'] }>
    people(): Promise<Person[]>
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
/** How often acknowledged rows that are old enough are let go, and items that grew long are merged. */
const TIDY_EVERY_MS = 60 * 60 * 1000
/** A refusing store is asked again after this long: a person who made room must not have to wonder. */
const PROBE_AFTER_MS = 1_000
const PEOPLE = 'people'
const reportKey = (programme: SpaceId): string => `report/${programme}`
/** `atMs`: place on the time that went by, at which it was asked for; older builds did not say, and had no limits in it. */
type KeptReport = Omit<ProgrammeReport, 'closed'> & { atMs?: number }

/**
 * Errors: rejects when the store cannot be read; nothing of the engine is left behind then, and the store is the caller's. A store that can be
 * read and takes nothing is no error but part of the status: reading goes on.
 */
export async function createEngine(deps: EngineDeps): Promise<Engine> {
  const bag = createBag()
  try {
    return await openEngine(deps, bag)
  } catch (error) {
    bag.dispose()
    throw error
  }
}

async function openEngine(deps: EngineDeps, bag: DisposableBag): Promise<Engine> {
  const { store, clock, dice, me } = deps
  const events = createEmitter<EngineEvent>()
  const emit = (event: EngineEvent): void => events.fire(event)
  const tab = newId(dice)
  /** Until then there are no parts to ask, and nobody to tell. */
  let isOpen = false
  let isEnding = false

  // ── Failure of the store ──

  let storeFailure: SyncStatus['storeFailure'] = deps.storeFailure ?? null
  const storeFailed = (error: unknown): void => {
    if (isEnding) return
    if (!(error instanceof StoreError)) {
      // A bug, or an engine part that cannot be loaded: loud, where the worker's owner hears it.
      clock.after(0, () => {
        throw error
      })
      return
    }
    storeRefuses(error.failure)
  }
  const storeRefuses = (failure: StoreFailure): void => {
    storeFailure = failure.kind
    if (!isOpen) return
    statusChanged()
    probeLater()
  }
  let probing: Disposable | null = null
  bag.add({ dispose: () => probing?.dispose() })
  const probeLater = (): void => {
    probing ??= clock.after(PROBE_AFTER_MS, probe)
  }
  /** Whether it takes something again is found out by a small write, not by waiting for a person to type. */
  const probe = (): void => {
    probing = null
    if (isEnding || storeFailure === null) return
    store.putValue('probe', clock.now()).then(storeWorks, storeFailed)
  }
  const storeWorks = (): void => {
    // A stand-in in memory never becomes a store; and a small write may pass where what was typed does not fit.
    if (storeFailure === null || deps.storeFailure || outbox.unstored().length > 0) return
    storeFailure = null
    statusChanged()
    deriveAgain()
  }
  /** Rows and texts that are due, and that nobody is about to make. */
  const deriveAgain = (): void => {
    projection.wake()
    search.wake()
  }
  bag.add(store.onDidFail(storeRefuses))

  // ── Parts ──

  // What another tab does between these readings and the first hint that is listened to would be missed for good: it is heard of here, and told later.
  const missed: StoreChange[] = []
  const early = bag.add(store.onDidChange((change) => void missed.push(change)))
  // The first view waits for these: all at once, not one after another.
  const [foundSpaces, knownDevice, lastAt, outbox, guard, offline] = await Promise.all([
    store.spaces(), store.getValue('device'), store.lastAt(), createOutbox({ store, clock, storeFailed, storeWorks }), createCrashGuard(store),
    createOfflineUse({ store, clock, isLeading: () => isLeading(), looked: (hasChanged) => offlineLooked(hasChanged), storeFailed }),
  ])
  bag.add(offline)
  let spaceRows: SpaceRow[] = foundSpaces
  /** What was left over of spaces whose right was lost. */
  const leftovers = (): SpaceRow[] => spaceRows.filter(({ role, cursor }) => role === null && cursor > 0)
  const removeLeftovers = async (): Promise<void> => {
    for (const { space } of leftovers()) await store.removeSpace(space)
  }
  if (leftovers().length > 0) {
    await unlessRefused(removeLeftovers())
    spaceRows = await store.spaces()
    await outbox.readAll()
  }
  const device = isId(knownDevice) ? knownDevice : newId(dice)
  if (device !== knownDevice) await unlessRefused(store.putValue('device', device))
  /** A closed item says nothing but that it begins anew. */
  const emitOfItem = (event: Extract<EngineEvent, { item: ItemId }>): void => {
    const space = content.knownSpaceOf(event.item)
    if (event.type !== 'rebuilt' && space && offline.isClosed(space)) return
    emit(event)
  }
  const compaction = createCompaction({ store, clock, dice, entriesCountMax: deps.tidy?.entriesCountMax })
  const content = bag.add(createContent({ store, outbox, clock, dice, me, emit: emitOfItem, storeFailed, guard, lastAt, read: compaction.seen }))
  // Assigned below: the parts speak through it, and it is told of them.
  // eslint-disable-next-line prefer-const -- reason: sync, presence and history each need the other
  let sync: Awaited<ReturnType<typeof createSync>> | undefined
  const isLeading = (): boolean => sync?.isLeading ?? false
  const presence = bag.add(createPresence({ tab, store, clock, isLeading, send: (message) => sync?.send(message) ?? false, emit: (item, present) => emitOfItem({ type: 'presence', item, present }) }))
  const history = bag.add(createHistory({ store, clock, send: (message) => sync?.send(message) ?? false }))
  const timeline = createTimeline({ store, history, clock })
  const versions = createVersions({ store, history, clock, dice })
  const projection = bag.add(createProjection({ store, content, guard, clock, mayRun: isLeading, failed: storeFailed }))
  const search = bag.add(createSearch({
    store, content, guard, clock, mayRun: isLeading, failed: storeFailed,
    isOpen: (space) => !offline.isClosed(space) && spaceRows.some((row) => row.space === space && row.role !== null),
    isArriving: () => {
      const { connection, behindCount } = syncView()
      return connection === 'live' && behindCount > 0
    },
  }))
  const parked = createParked({ store, outbox, content, clock, dice })

  // ── Offline use ──

  const isItemClosed = async (item: ItemId): Promise<boolean> => {
    const space = await content.spaceOf(item)
    return space !== null && offline.isClosed(space)
  }
  const openRows = (rows: ItemRow[]): ItemRow[] => rows.filter(({ space }) => !offline.isClosed(space))
  let closed = new Set(foundSpaces.map(({ space }) => space).filter(offline.isClosed))
  function offlineLooked(hasChanged: boolean): void {
    if (!isOpen || isEnding) return
    if (hasChanged) offlineChanged()
    sayReports().catch(storeFailed)
  }
  /** What was typed is stored first; then whoever shows anything of a space that opened or closed begins again. */
  function offlineChanged(): void {
    const before = closed
    closed = new Set(spaceRows.map(({ space }) => space).filter(offline.isClosed))
    const turned = spaceRows.map(({ space }) => space).filter((space) => before.has(space) !== closed.has(space))
    if (turned.length > 0) content.flush()
    emit({ type: 'spaces', spaces: spaceViews() })
    for (const space of turned) content.spaceChanged(space).catch(storeFailed)
    if (turned.length > 0) emit({ type: 'rows', spaces: turned })
  }

  // ── Status ──

  /** What the tab with the socket last said; believed only while this tab does not lead. */
  let leaderView: SyncView | null = null
  const syncView = (): SyncView => {
    const own: SyncView = sync?.view() ?? { connection: 'offline', blockedBy: null, behindCount: 0, follower: true, isDetour: false, isLevel: false, isRechecking: false }
    return own.follower && leaderView ? { ...leaderView, follower: true } : own
  }
  const status = (): SyncStatus =>
    statusOf({ ...outbox.counts(), ...syncView(), storeFailure, isRechecking: syncView().isRechecking || spaceRows.some((row) => row.rechecking && row.role !== null) })
  let said: { state: SyncStatus['state']; text: string } | null = null
  let isSayingDue = false
  let isWaitingToSay = false
  function statusChanged(): void {
    if (!isOpen || isSayingDue || isEnding) return
    // Several things change at once; the sum of them is said.
    isSayingDue = true
    void Promise.resolve().then(sayStatus)
  }
  function sayStatus(): void {
    isSayingDue = false
    if (isEnding) return
    const now = status()
    if (outbox.isReading) {
      sayWhenRead()
      // Counts that are being read anew may be better than the truth. Bad news does not wait for them: what is typed meanwhile may be stored before they are.
      if (!said || !isWorse(now.state, said.state)) return
    }
    const text = JSON.stringify(now)
    if (text === said?.text) return
    said = { state: now.state, text }
    emit({ type: 'status', status: now })
  }
  function sayWhenRead(): void {
    if (isWaitingToSay) return
    isWaitingToSay = true
    const say = (): void => {
      isWaitingToSay = false
      sayStatus()
    }
    outbox.upToDate().then(say, say)
  }
  let lastSaid = ''
  const syncChanged = (): void => {
    statusChanged()
    if (!isLeading() || !sync) return
    const view = sync.view()
    const text = JSON.stringify(view)
    if (text === lastSaid) return
    lastSaid = text
    store.post({ type: 'leads', view })
  }

  // ── Spaces and people ──

  const spaceViews = (): SpaceView[] => spaceRows.map(({ space, kind, name, role, epoch, head, cursor }) => ({ space, kind, name, role, ...(epoch === NO_ID ? {} : { hasLog: head > 0 || cursor > 0 }), ...offlineOf(space) }))
  const offlineOf = (space: SpaceId): Pick<SpaceView, 'offline'> => {
    const view = offline.viewOf(space)
    return view ? { offline: view } : {}
  }
  let spacesAskedCount = 0
  let spacesReadCount = 0
  const readSpaces = async (): Promise<void> => {
    const asked = ++spacesAskedCount
    const rows = await store.spaces()
    // Two readings may answer in another order than they were asked; what was asked earlier knows less.
    if (asked < spacesReadCount) return
    spacesReadCount = asked
    const before = spaceRows
    spaceRows = rows
    for (const { space, role } of spaceRows) {
      if (role !== null || !before.some((row) => row.space === space && row.role !== null)) continue
      content.spaceChanged(space).catch(storeFailed)
      search.spaceLost()
    }
    emit({ type: 'spaces', spaces: spaceViews() })
    statusChanged()
  }
  const askPeople = async (): Promise<void> => {
    let people: Person[]
    try {
      people = await deps.web.people()
    } catch {
      return // no connection for this question: what is known stays
    }
    await store.putValue(PEOPLE, people)
    emit({ type: 'people', people })
  }
  const askReport = async (programme: SpaceId): Promise<void> => {
    let municipalities: ProgrammeReport['municipalities']
    const askedAtMs = offline.passedMs()
    try {
      ;({ municipalities } = await deps.web.report(programme))
    } catch {
      return // no connection, or no right: what is known stays, with its date
    }
    const report: KeptReport = { fetchedAt: clock.now(), municipalities, atMs: askedAtMs }
    await store.putValue(reportKey(programme), report)
    sayReport(programme, report)
  }
  const shownReport = (programme: SpaceId, { fetchedAt, municipalities, atMs = 0 }: KeptReport): ProgrammeReport => {
    const isOver = ({ space, offlineDaysMax = null }: ProgrammeReport['municipalities'][number]): boolean => offline.isClosed(programme) || offline.isClosed(space) || offline.isOver(offlineDaysMax, atMs)
    if (municipalities.some(({ offlineDaysMax = null }) => offlineDaysMax !== null)) offline.countToo()
    const [over, shown] = [municipalities.filter(isOver), municipalities.filter((one) => !isOver(one))]
    return { fetchedAt, municipalities: shown, closed: over.map(({ space, name }) => ({ space, name })) }
  }
  /** Reports that were answered, without their rows, and what was said to be closed in them. */
  const saidReports = new Map<SpaceId, { outline: KeptReport; closed: string }>()
  const answeredReport = (programme: SpaceId, kept: KeptReport): ProgrammeReport => {
    const report = shownReport(programme, kept)
    saidReports.set(programme, { outline: { ...kept, municipalities: kept.municipalities.map((one) => ({ ...one, rows: [] })) }, closed: JSON.stringify(report.closed) })
    return report
  }
  const sayReport = (programme: SpaceId, kept: KeptReport): void => emit({ type: 'report', programme, report: answeredReport(programme, kept) })
  /** Where other municipalities of a report are closed by now, or open again. */
  const sayReports = async (): Promise<void> => {
    for (const [programme, { outline, closed }] of saidReports) {
      if (JSON.stringify(shownReport(programme, outline).closed) === closed) continue
      const kept = (await store.getValue(reportKey(programme))) as KeptReport | undefined
      if (kept) sayReport(programme, kept)
    }
  }

  // ── Erased for good ──

  const erased = (all: readonly Erasing[]): void => {
    for (const { item, mode, time, reason } of all) {
      emit({ type: 'erased', item, mode, time, reason })
      if (mode === 'whole') content.rebuild(item).catch(storeFailed)
    }
    search.spaceLost()
  }

  // ── The store changed ──

  const storeChanged = (change: StoreChange): void => {
    // A refusal of another kind than edits (rows, entries of others) is over with the next commit of this tab.
    if (!change.foreign && outbox.unstored().length === 0) storeWorks()
    if (change.outbox === 'changed' || (change.foreign && change.outbox === 'judged')) outbox.readAll().catch(storeFailed)
    else if (change.foreign && change.outbox === 'added') outbox.readAdded().catch(storeFailed)
    else if (change.foreign && change.outbox === 'acknowledged') readOutboxSoon()
    if (change.entries && (change.foreign || change.outbox !== 'added')) for (const { item } of change.items ?? []) guard.arrived(item)
    content.heard(change)
    if (change.erased) erased(change.erased)
    // Whatever was not the making of rows may have marked some.
    if (!change.rows && !change.texts) projection.wake()
    if (change.rows) emit({ type: 'rows', spaces: change.rows })
    search.heard(change)
    for (const space of change.rewound ?? []) sync?.rewound(space)
    if (change.spaces) readSpaces().catch(storeFailed)
  }
  early.dispose()
  bag.add(store.onDidChange(storeChanged))
  let isReadingOutbox = false
  /** Another tab acknowledges many rows one after another; reading them all each time would be quadratic, and being late is no lie. */
  const readOutboxSoon = (): void => {
    if (isReadingOutbox) return
    isReadingOutbox = true
    clock.after(OUTBOX_READ_AFTER_MS, () => {
      isReadingOutbox = false
      outbox.readAll().catch(storeFailed)
    })
  }
  bag.add(outbox.onDidChange(statusChanged))
  bag.add(outbox.onDidAdd(() => sync?.pump()))
  bag.add(outbox.onDidJudge(({ item, part }) => content.judged(item, part)))
  bag.add(
    store.onDidPost((message) => {
      switch (message.type) {
        case 'leads':
          leaderView = message.view as SyncView
          return statusChanged()
        case 'whoLeads':
          lastSaid = ''
          return syncChanged()
        case 'tryNow':
          return isLeading() ? sync?.tryNow() : undefined
        case 'rebuilt':
          return void content.rebuild(message.item as ItemId).catch(storeFailed)
      }
    }),
  )
  for (const change of missed) storeChanged(change)

  const tidy = async (): Promise<void> => {
    if (!isLeading()) return
    await removeLeftovers()
    await store.dropArchiveBefore(clock.now() - ARCHIVE_DAYS * DAY_MS)
    await compaction.run()
  }
  const tidyLater = (): void => {
    const timer = clock.after(deps.tidy?.everyMs ?? TIDY_EVERY_MS, () => {
      if (isEnding) return
      tidy().catch(storeFailed)
      tidyLater()
    })
    tidying = timer
  }
  let tidying = { dispose: (): void => undefined }

  sync = await createSync({
    store, outbox, transport: deps.transport, leadership: deps.leadership, clock, dice, me, build: deps.build, device,
    changed: syncChanged,
    isUp: (isUp) => {
      presence.connected(isUp)
      if (isUp) askPeople().catch(storeFailed)
      else history.disconnected()
    },
    leads: deriveAgain,
    flush: content.flush,
    heard: (message) => (message.type === 'present' ? presence.heard(message) : history.heard(message)),
    storeFailed,
    offline,
    adopt: createAdoption({ store, guard, clock, dice }),
  })
  bag.add(sync)
  store.post({ type: 'whoLeads' })
  tidyLater()
  projection.wake()
  isOpen = true
  statusChanged()
  if (storeFailure !== null && !deps.storeFailure) probeLater()

  /** For a file with the work, which is wanted most when the store refuses: then without titles. */
  const titleOf = async (): Promise<(item: ItemId) => string> => {
    const titles = new Map<ItemId, string>()
    await unlessRefused(store.rows().then((rows) => openRows(rows).forEach(({ item, title }) => titles.set(item, title))))
    return (item) => titles.get(item) ?? ''
  }

  return {
    onEvent: events.event,
    status: async () => status(),
    spaces: async () => spaceViews(),
    rows: async (space) => openRows(await store.rows(space)),
    async freshRows(space) {
      await projection.upToDate()
      return openRows(await store.rows(space))
    },
    spaceOf: (item) => content.spaceOf(item),
    people: async () => ((await store.getValue(PEOPLE)) as Person[] | undefined) ?? [],
    async openItem(item) {
      const opened = await content.open(item)
      if (!(await isItemClosed(item))) return opened
      return { prose: { update: new Uint8Array(0), clientId: opened.prose.clientId }, facts: EMPTY_FACTS, acts: { settled: NO_ACTS, expected: NO_ACTS, acts: [] } }
    },
    closeItem: async (item) => content.close(item),
    writeProse: (item, clientId, update) => content.writeProse(item, clientId, update),
    editFacts: (item, edits) => content.editFacts(item, edits),
    editLinked: (item, edits, clientId, update) => content.editLinked(item, edits, clientId, update),
    createItem: ({ space, type, edits, prose }) => content.create(space, type, edits, prose),
    act: (item, act) => content.act(item, act),
    async sealContent(item) {
      if (await isItemClosed(item)) throw new Error('Bug: nothing of a closed space is proposed')
      const prose = await content.prose(item)
      const text = canonicalOf({ facts: await content.facts(item), prose })
      return { content: text, seal: sealOf(text) }
    },
    async showPresence(item, state) {
      const space = await content.spaceOf(item)
      if (space) presence.show(space, item, state)
    },
    async parked(): Promise<ParkedView[]> {
      return parked.list()
    },
    async exportParked(entries) {
      // Unsent work is wanted most when much fails: without Automerge the text says so in the place of the facts.
      await factsIfPossible()
      return unsentText(parked.unsent(entries).filter(({ space }) => !offline.isClosed(space)), await titleOf(), clock.now())
    },
    async retryParked(entries) {
      await parked.retry(entries)
    },
    async discardParked(entries) {
      // Nobody throws away what they cannot read.
      const open = new Set(parked.list().filter(({ space }) => !offline.isClosed(space)).map(({ entry }) => entry))
      for (const item of await parked.discard(entries.filter((entry) => open.has(entry)))) store.post({ type: 'rebuilt', item })
      sync?.pump()
    },
    async version(item, upToSeq) {
      const space = await content.spaceOf(item)
      return space && !offline.isClosed(space) ? versions(space, item, upToSeq) : null
    },
    async timeline(item, options) {
      const space = await content.spaceOf(item)
      return space && !offline.isClosed(space) ? timeline(space, item, options) : { moments: [], momentCount: 0, isWhole: true }
    },
    search: (query, countMax, where = {}) => search.find(query, countMax, where),
    async programmeReport(programme) {
      askReport(programme).catch(storeFailed)
      const kept = (await store.getValue(reportKey(programme))) as KeptReport | undefined
      return kept ? answeredReport(programme, kept) : null
    },
    async exportUnsent() {
      await factsIfPossible()
      // Of a closed space what is stored stays where it is, unread; what is nowhere but in memory must not be lost.
      const stored: Unsent[] = [...outbox.rows()].filter(({ row }) => !offline.isClosed(row.space)).map(({ row }) => ({ ...row, code: row.code ?? '' }))
      return unsentText([...stored, ...content.unstored()], await titleOf(), clock.now())
    },
    async reconnect() {
      if (isLeading()) sync?.tryNow()
      else store.post({ type: 'tryNow' })
    },
    async dispose() {
      if (isEnding) return
      // What was typed a moment ago must be stored before the lock goes to another tab.
      content.flush()
      await outbox.drained()
      await offline.keep()
      isEnding = true
      tidying.dispose()
      bag.dispose()
      await store.close()
    },
  }
}

const OUTBOX_READ_AFTER_MS = 200
