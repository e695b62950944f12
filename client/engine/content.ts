/**
 * Documents of items: opening, editing, and hearing what others stored. Prose passes through as bytes (the window has the Y.Doc); facts
 * live here as Automerge documents, loaded when needed. What another tab or the relay stored is noticed by its place of arrival (`at`).
 *
 * Invariants: a clientID and an Automerge actor belong to one handle of one engine, with a writer id of their own, in memory only; an item's
 * facts are edited by one change at a time; what cannot be applied is quarantined and nothing else suffers.
 */
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { areSame } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { newId, NO_ID, type EntryId, type Epoch, type ItemId, type SpaceId, type UserId, type WriterId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { proseJson, type ProseNode } from '../../shared/derive/prose-json.ts'
import { actToBytes, applyAct, NO_ACTS, readAct, type Act, type ActsState } from '../../shared/model/acts.ts'
import { FORMAT_OF_PART, type Part } from '../../shared/model/entries.ts'
import { assignmentsOf, type FactEdit, type FactsState } from '../../shared/model/facts.ts'
import { isItemType, SCHEMAS, type ItemType } from '../../shared/model/items/index.ts'
import { COALESCE_MS } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ActsView, ActView, EngineEvent, ProseOpened } from './api.ts'
import type { CrashGuard } from './crash-guard.ts'
import { createDrawable, type Drawable } from './drawable.ts'
import { createFactsDocument, factsReady, type FactsDocument } from './facts.ts'
import type { LocalEdit, Outbox } from './outbox.ts'
import { createProseReader } from './prose-reader.ts'
import { clientsIn, faultOf, isEmptyUpdate, isKnotty, mergeProse, saysMore } from './prose.ts'
import { RIGHT_LOST, unlessRefused, type EngineStore, type SnapshotRow, type StoreChange, type StoredEntry, type StoredPart } from './store.ts'
import { createTurns } from './turns.ts'
import type { Unsent } from './unsent-text.ts'

export interface Content extends Disposable {
  open(item: ItemId): Promise<{ prose: ProseOpened; facts: FactsState; acts: ActsView }>
  close(item: ItemId): void
  writeProse(item: ItemId, clientId: number, update: Uint8Array): Promise<void>
  editFacts(item: ItemId, edits: readonly FactEdit[]): Promise<void>
  editLinked(item: ItemId, edits: readonly FactEdit[], clientId: number, update: Uint8Array): Promise<void>
  create(space: SpaceId, type: ItemType, edits: readonly FactEdit[], prose: Uint8Array | null): Promise<ItemId>
  act(item: ItemId, act: Act): Promise<void>
  /** Stores what is typed and still held for its neighbours. */
  flush(): void

  /** What is typed and not stored yet. */
  unstored(): Unsent[]

  /**
   * As it is now on this laptop, unstored edits included. `stored`: what was read of that part a moment ago, by somebody who reads many items
   * at once, and again what changed since; nothing stays in memory then.
   */
  facts(item: ItemId, stored?: StoredPart): Promise<FactsState>
  /** The same for prose. */
  prose(item: ItemId, stored?: StoredPart): Promise<ProseNode>
  acts(item: ItemId, stored?: StoredPart): Promise<ActsView>
  spaceOf(item: ItemId): Promise<SpaceId | null>
  /** Its facts are in memory: asking for them reads nothing. */
  isLoaded(item: ItemId): boolean

  /** The store changed, by this tab or another. */
  heard(change: StoreChange): void
  /** Resolves when everything stored at the call, by whichever tab, is in the documents that are in memory. */
  caughtUp(): Promise<void>
  /** The relay's opinion of an entry changed. */
  judged(item: ItemId, part: Part): void
  /** What an item holds became less: whoever shows it begins again. */
  rebuild(item: ItemId): Promise<void>
  /** What may be read of a space is another: nothing of before may stay in memory, and whoever shows an item of it begins again. */
  spaceChanged(space: SpaceId): Promise<void>
  /** As far as it was asked before. */
  knownSpaceOf(item: ItemId): SpaceId | undefined
}

export interface ContentDeps {
  store: EngineStore
  outbox: Outbox
  clock: Clock
  dice: Dice
  me: Person
  emit(event: EngineEvent): void
  storeFailed(error: unknown): void
  guard: CrashGuard
  /** The last place of arrival at the start: what comes after it is news. */
  lastAt: number
  /** How many entries a reading of a part had to go through. */
  read(item: ItemId, part: Part, count: number): void
}

interface LoadedFacts {
  document: FactsDocument
  /** The space whose relay gave the snapshot that it began with; null when it is made of what this laptop keeps in any case. */
  givenBy: SpaceId | null
  writer: WriterId
  /** Own changes that are not durable yet: the document is the only place that has them. */
  unstoredCount: number
}

/** A document that was read for a row or for the index, and what is in it. */
interface ReadFacts {
  document: FactsDocument
  snapshot: Uint8Array | null
  givenBy: SpaceId | null
  entries: Set<EntryId>
}

interface Typing {
  item: ItemId
  clientId: number
  updates: Uint8Array[]
  stored: (() => void)[]
  timer: Disposable
}

/** Facts documents kept in memory; about 100 kB each. Open ones are never let go. */
const LOADED_COUNT_MAX = 64
/** A row is made, then the text for the index, and a moment later both again: the last documents read for that are not read anew. */
const READ_COUNT_MAX = 16
const PUMP_COUNT_MAX = 500

export function createContent(deps: ContentDeps): Content {
  const { store, outbox, clock, dice, me, guard } = deps
  const openCounts = new Map<ItemId, number>()
  const writers = new Map<string, WriterId>()
  const loaded = new Map<ItemId, LoadedFacts>()
  const readBefore = new Map<ItemId, ReadFacts>()
  /** Being read: what arrives meanwhile may not be in what was read, and is applied after it. */
  const loading = new Set<ItemId>()
  const spaceByItem = new Map<ItemId, SpaceId>()
  const typing = new Map<string, Typing>()
  /** Entries written through this engine: the window, and the facts document here, have them already. */
  const own = new Set<EntryId>()
  /** Facts and acts events so far of open items. */
  const said = new Map<ItemId, number>()
  /** Snapshots of prose from the relay that windows may show, the last of each life of its log. */
  const given = new Map<ItemId, Map<Epoch, Uint8Array>>()
  /** Prose of open items as windows can draw it; null where it could not be read. */
  const drawables = new Map<ItemId, Promise<Drawable | null>>()
  const turns = createTurns()
  const inTurn = turns.of
  let seenAt = deps.lastAt
  let pumping: Promise<void> | null = null
  let mustPump = false
  let preparingCount = 0

  const spaceOf = async (item: ItemId): Promise<SpaceId | null> => {
    const known = spaceByItem.get(item)
    if (known) return known
    const row = await store.row(item)
    const space = row?.space ?? (await store.historyOf(item))[0]?.space ?? (await store.entriesOf(item, 'facts')).snapshot?.space ?? null
    if (space) spaceByItem.set(item, space)
    return space
  }

  const newEntry = (space: SpaceId, item: ItemId, part: Part, schema: number, writer: WriterId, payload: Uint8Array): LocalEdit => ({
    space, entry: newId(dice), item, part, format: FORMAT_OF_PART[part], schema, clientTime: Math.max(0, clock.now()), writer, payload, author: me.user,
  })

  /** Unreadable: left out of the content, the bytes stay. A store that refuses to note it hears of it again at the next reading. */
  const leaveOut = (entry: EntryId, reason: string): Promise<void> => unlessRefused(store.quarantine(entry, reason))

  const unstoredOf = (item: ItemId, part: Part): LocalEdit[] => outbox.unstored().filter((edit) => edit.item === item && edit.part === part)

  /** Resolves when durable. What was typed into a space that was closed meanwhile is kept apart from the content: whoever shows the item begins again. */
  const write = async (edits: readonly LocalEdit[]): Promise<void> => {
    await outbox.write(edits)
    const refused = edits.filter(({ entry }) => outbox.get(entry)?.row.reason === RIGHT_LOST)
    for (const { entry } of refused) own.delete(entry)
    for (const item of new Set(refused.map((edit) => edit.item))) rebuild(item).catch(deps.storeFailed)
  }

  /** Rows of the store vanished, or what a part waits for will never come. The reading that noticed is not kept waiting. */
  const lacking = new Set<string>()
  const lacks = (item: ItemId, part: Part, lack: number): void => {
    const key = `${item}/${part}/${lack}`
    if (lacking.has(key)) return
    lacking.add(key)
    const ask = async (): Promise<void> => {
      const space = await spaceOf(item)
      if (!space || !(await store.missing(space, item, part, lack))) lacking.delete(key)
    }
    ask().catch((error: unknown) => {
      lacking.delete(key)
      deps.storeFailed(error)
    })
  }

  // ── Facts ──

  const load = (item: ItemId): Promise<LoadedFacts> => {
    const known = loaded.get(item)
    if (known) {
      // The newest used is the last to go.
      loaded.delete(item)
      loaded.set(item, known)
      return Promise.resolve(known)
    }
    loading.add(item)
    return guard.reading([item], () => read(item)).finally(() => loading.delete(item))
  }
  const read = async (item: ItemId): Promise<LoadedFacts> => {
    const { document, givenBy } = await factsDocument(item)
    const one: LoadedFacts = { document, givenBy, writer: newId(dice), unstoredCount: 0 }
    loaded.set(item, one)
    letGo()
    return one
  }
  /**
   * What was read before, brought up to what is stored now; null when it holds anything that is stored no more or otherwise: whoever asks begins
   * anew then. The caller has it from now on.
   */
  const takeReadBefore = (item: ItemId, snapshot: Uint8Array | null, entries: readonly { entry: EntryId; payload: Uint8Array; author: UserId }[]): ReadFacts | null => {
    const before = readBefore.get(item)
    if (!before) return null
    readBefore.delete(item)
    const news = entries.filter(({ entry }) => !before.entries.has(entry))
    const isBeginning = entries.length - news.length === before.entries.size && areSame(snapshot, before.snapshot)
    if (isBeginning && before.document.applyAll(news).ok) {
      for (const { entry } of news) before.entries.add(entry)
      return before
    }
    before.document.dispose()
    return null
  }
  const keepRead = (item: ItemId, read: ReadFacts): void => {
    forgetRead(item)
    readBefore.set(item, read)
    for (const oldest of readBefore.keys()) {
      if (readBefore.size <= READ_COUNT_MAX) return
      forgetRead(oldest)
    }
  }
  const forgetRead = (item: ItemId): void => {
    readBefore.get(item)?.document.dispose()
    readBefore.delete(item)
  }
  const factsDocument = async (item: ItemId, stored?: StoredPart): Promise<ReadFacts> => {
    await factsReady()
    // Asked first: what is stored between the two questions is in both answers, which does no harm.
    const unstored = unstoredOf(item, 'facts')
    const { snapshot, entries } = stored ?? (await store.entriesOf(item, 'facts'))
    deps.read(item, 'facts', entries.length)
    const begin = (): FactsDocument => {
      const begun = createFactsDocument(newId(dice))
      const from = snapshot ? begun.begin(snapshot.payload) : null
      if (from && !from.ok) deps.storeFailed(new Error(`snapshot of facts: ${from.failure.reason}`))
      return begun
    }
    const isSuspect = guard.isSuspect(item)
    const readable = entries.filter(({ quarantined }) => quarantined === null)
    const all = [...readable, ...unstored.filter((edit) => !readable.some(({ entry }) => entry === edit.entry))]
    const before = isSuspect ? null : takeReadBefore(item, snapshot?.payload ?? null, all)
    if (before) return before
    let document = begin()
    const isWhole = !isSuspect && document.applyAll(readable).ok
    if (!isSuspect && !isWhole) {
      document.dispose()
      document = begin()
    }
    for (const { entry, payload, author } of isWhole ? [] : readable) {
      let fault: string | null = null
      const apply = (): void => {
        const applied = document.apply(payload, author)
        if (!applied.ok) fault = applied.failure.reason
      }
      if (isSuspect) await guard.applying(entry, apply)
      else apply()
      if (fault !== null) await leaveOut(entry, fault)
    }
    if (document.missingCount() > 0 && readable.length === entries.length) lacks(item, 'facts', document.lack())
    for (const { payload, author } of unstored) document.apply(payload, author)
    return { document, snapshot: snapshot?.payload ?? null, givenBy: snapshot?.adopted ? snapshot.space : null, entries: new Set(all.map(({ entry }) => entry)) }
  }
  /** In turn only where a document is edited: what is made from `stored` is only looked at. */
  const facts = (item: ItemId, stored?: StoredPart): Promise<FactsState> => {
    if (!stored || loaded.has(item)) return inTurn(item, async () => (await load(item)).document.view())
    return guard.reading([item], async () => {
      const read = await factsDocument(item, stored)
      const view = read.document.view()
      keepRead(item, read)
      return view
    })
  }
  const letGo = (): void => {
    for (const [item, one] of loaded) {
      if (loaded.size <= LOADED_COUNT_MAX) return
      if (openCounts.has(item) || one.unstoredCount > 0 || turns.has(item)) continue
      one.document.dispose()
      loaded.delete(item)
    }
  }

  const schemaOf = (facts: FactsState): number => {
    const type = facts.registers.type
    return isItemType(type) ? SCHEMAS[type].version : 1
  }

  const emitFacts = (item: ItemId, facts: FactsState): void => {
    if (!openCounts.has(item)) return
    said.set(item, (said.get(item) ?? 0) + 1)
    deps.emit({ type: 'facts', item, facts })
  }

  /** One change of a document that is at its newest; null when nothing would change. */
  const changeOf = (item: ItemId, space: SpaceId, one: LoadedFacts, edits: readonly FactEdit[]): LocalEdit | null => {
    const payload = one.document.change(edits.flatMap(assignmentsOf), clock.now(), me.user)
    if (!payload) return null
    const facts = one.document.view()
    emitFacts(item, facts)
    const entry = newEntry(space, item, 'facts', schemaOf(facts), one.writer, payload)
    own.add(entry.entry)
    return entry
  }

  /** Stores edits of which one came out of a facts document. */
  const writeFrom = async (one: LoadedFacts | null, edits: readonly LocalEdit[]): Promise<void> => {
    if (one) one.unstoredCount++
    await write(edits)
    if (one) one.unstoredCount--
  }

  // ── Prose ──

  const handleKey = (item: ItemId, clientId: number): string => `${item}/${clientId}`
  const heldCount = (): number => [...typing.values()].reduce((sum, { updates }) => sum + updates.length, preparingCount)
  /** Counts an edit as in memory from the moment it was made: its document may have to be read first. */
  const prepare = async <T>(work: () => Promise<T>): Promise<T> => {
    preparingCount++
    outbox.holding(heldCount())
    try {
      return await work()
    } finally {
      preparingCount--
      outbox.holding(heldCount())
    }
  }

  const proseEntry = (item: ItemId, space: SpaceId, clientId: number, update: Uint8Array): LocalEdit => {
    const writer = must(writers.get(handleKey(item, clientId)), 'prose of a handle that was not opened here')
    const entry = newEntry(space, item, 'prose', 1, writer, update)
    own.add(entry.entry)
    return entry
  }

  /** Takes what a handle typed and still holds; the caller stores it. */
  const takeTyped = (key: string): { updates: Uint8Array[]; stored: (() => void)[] } => {
    const held = typing.get(key)
    if (!held) return { updates: [], stored: [] }
    typing.delete(key)
    held.timer.dispose()
    return held
  }

  const storeTyped = (key: string): void => {
    const held = typing.get(key)
    if (!held) return
    const { updates, stored } = takeTyped(key)
    const space = must(spaceByItem.get(held.item), 'known since it was opened')
    const tellAll = (): void => {
      for (const tell of stored) tell()
    }
    const merged = mergeProse(updates)
    if (isEmptyUpdate(merged)) tellAll()
    else void write([proseEntry(held.item, space, held.clientId, merged)]).then(tellAll)
    outbox.holding(heldCount())
  }

  const mintClientId = (item: ItemId, taken: ReadonlySet<number>): number => {
    let clientId = dice.uint32()
    // 32 bits are few: a document lives for years and gets a new id at every opening.
    while (clientId === 0 || taken.has(clientId)) clientId = dice.uint32()
    writers.set(handleKey(item, clientId), newId(dice))
    return clientId
  }

  const noteGiven = (snapshot: SnapshotRow | null): void => {
    if (!snapshot?.adopted || !openCounts.has(snapshot.item)) return
    given.set(snapshot.item, (given.get(snapshot.item) ?? new Map<Epoch, Uint8Array>()).set(snapshot.epoch ?? NO_ID, snapshot.payload))
  }
  const reader = createProseReader({
    store, guard, clock,
    unstored: (item) => [...unstoredOf(item, 'prose').map(({ payload }) => payload), ...[...typing.values()].flatMap((held) => (held.item === item ? held.updates : []))],
    begunWith: noteGiven,
    read: (item, count) => deps.read(item, 'prose', count),
    lacks: (item, lack) => lacks(item, 'prose', lack),
  })

  // ── Acts ──

  const acts = async (item: ItemId, stored?: StoredPart): Promise<ActsView> => {
    const { entries } = stored ?? (await store.entriesOf(item, 'act'))
    const accepted = entries.filter(({ seq }) => seq !== null).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
    const views: ActView[] = []
    let settled: ActsState = NO_ACTS
    const readable = (entry: StoredEntry): Act | null => {
      const read = readAct(entry.payload)
      return read.ok ? read.value : null
    }
    for (const entry of accepted) {
      const act = readable(entry)
      if (!act) continue
      const time = entry.serverTime ?? entry.clientTime
      const next = applyAct(settled, act, entry.author, time)
      if (next.ok) settled = next.value
      views.push({ entry: entry.entry, act, author: entry.author, time, state: 'accepted', reason: '' })
    }
    let expected = settled
    for (const entry of entries) {
      if (entry.seq !== null) continue
      const act = readable(entry)
      if (!act) continue
      const waiting = outbox.get(entry.entry)
      const refusal = waiting?.state === 'parked' ? waiting.row : null
      if (!refusal) {
        const next = applyAct(expected, act, entry.author, entry.clientTime)
        if (next.ok) expected = next.value
      }
      views.push({ entry: entry.entry, act, author: entry.author, time: entry.clientTime, state: refusal ? 'refused' : 'asked', reason: refusal ? refusal.reason || (refusal.code ?? '') : '' })
    }
    return { settled, expected, acts: views }
  }
  /** Items whose acts are being read to be said; `again`: something happened meanwhile. An older reading never overtakes a newer one. */
  const saying = new Map<ItemId, { again: boolean }>()
  const emitActs = (item: ItemId): void => {
    const running = saying.get(item)
    if (running) running.again = true
    else sayActs(item).catch(deps.storeFailed)
  }
  const sayActs = async (item: ItemId): Promise<void> => {
    const one = { again: true }
    saying.set(item, one)
    try {
      while (one.again) {
        one.again = false
        const view = await acts(item)
        if (one.again) continue
        said.set(item, (said.get(item) ?? 0) + 1)
        deps.emit({ type: 'acts', item, acts: view })
      }
    } finally {
      saying.delete(item)
    }
  }

  // ── What others stored ──

  const pump = (): Promise<void> => {
    mustPump = true
    pumping ??= pumpAll().finally(() => {
      pumping = null
    })
    return pumping
  }
  const pumpAll = async (): Promise<void> => {
    while (mustPump) {
      mustPump = false
      for (;;) {
        const entries = await store.entriesAfter(seenAt, PUMP_COUNT_MAX)
        if (entries.length === 0) break
        seenAt = must(entries[entries.length - 1], 'not empty').at
        await take(entries)
      }
    }
  }
  const take = async (entries: readonly StoredEntry[]): Promise<void> => {
    const prose = new Map<ItemId, Uint8Array[]>()
    const facts = new Map<ItemId, StoredEntry[]>()
    /** A reading of the whole document judges those that are still to come in here as well. */
    const leftOut = new Set<EntryId | null>()
    for (const entry of entries) {
      const { item, part, payload, quarantined } = entry
      spaceByItem.set(item, entry.space)
      const isOwn = own.delete(entry.entry)
      if (quarantined !== null || leftOut.has(entry.entry)) continue
      if (part === 'prose') {
        if (!openCounts.has(item)) continue
        const drawable = (await drawables.get(item)) ?? null
        const asDrawn = (update: Uint8Array): Uint8Array => drawable?.next(update) ?? update
        const fault = isOwn ? null : faultOf(payload)
        if (isOwn) asDrawn(payload)
        else if (fault !== null) await leaveOut(entry.entry, fault)
        else {
          const updates = [...(prose.get(item) ?? [])]
          if (reader.isOfApart(item, payload) || isKnotty(payload)) {
            const { unreadable, broughtBack } = await reader.tried(item)
            for (const one of unreadable) leftOut.add(one.entry)
            updates.push(...broughtBack.map((one) => asDrawn(one.payload)))
          }
          if (!leftOut.has(entry.entry)) updates.push(asDrawn(payload))
          if (updates.length > 0) prose.set(item, updates)
        }
      } else if (part === 'facts' && !isOwn && (loaded.has(item) || loading.has(item))) facts.set(item, [...(facts.get(item) ?? []), entry])
    }
    for (const [item, updates] of prose) deps.emit({ type: 'prose', item, update: mergeProse(updates) })
    for (const [item, list] of facts)
      await inTurn(item, async () => {
        const one = loaded.get(item)
        if (!one) return
        for (const { entry, payload, author } of list) {
          const applied = one.document.apply(payload, author)
          if (!applied.ok) await leaveOut(entry, applied.failure.reason)
        }
        emitFacts(item, one.document.view())
      })
  }

  /** A snapshot took the place of many entries: what shows the item gets what it says, and facts in memory begin again from it. */
  const adopted = async (item: ItemId, part: Part): Promise<void> => {
    if (part === 'prose' && openCounts.has(item)) {
      const { snapshot } = await store.entriesOf(item, part)
      noteGiven(snapshot)
      if (snapshot) deps.emit({ type: 'prose', item, update: (await drawables.get(item))?.next(snapshot.payload) ?? snapshot.payload })
    }
    if (part !== 'facts' || !(loaded.has(item) || loading.has(item))) return
    await inTurn(item, async () => {
      loaded.get(item)?.document.dispose()
      loaded.delete(item)
      emitFacts(item, (await load(item)).document.view())
    })
  }

  /**
   * The log of a space is another one, and the snapshots of the one before are let go. Facts in memory begin again without them, so that rows are made
   * of what is here. They are said with the next entry, or when the other log was read: most of it comes again at once.
   */
  const letGoOfGiven = async (space: SpaceId): Promise<void> => {
    await Promise.all(
      [...new Set([...loaded.keys(), ...loading])].map((item) =>
        inTurn(item, async () => {
          const one = loaded.get(item)
          if (one?.givenBy !== space) return
          one.document.dispose()
          loaded.delete(item)
          if (openCounts.has(item)) await load(item)
        }),
      ),
    )
  }
  /** What the other log did not bring again is gone: a window that still shows it begins again, before more is written on top of it. */
  const recheckOver = async (space: SpaceId): Promise<void> => {
    for (const item of [...openCounts.keys()]) {
      if (spaceByItem.get(item) !== space) continue
      await inTurn(item, async () => emitFacts(item, (await load(item)).document.view()))
      const shown = [...(given.get(item)?.values() ?? [])]
      given.delete(item)
      if (shown.length === 0) continue
      const doc = createProseDoc()
      Y.applyUpdate(doc, await reader.look(item, (now) => Y.encodeStateAsUpdate(now)))
      const isGone = shown.some((payload) => saysMore(doc, payload))
      doc.destroy()
      if (isGone) await rebuild(item)
    }
  }

  const rebuild = async (item: ItemId): Promise<void> => {
    forgetRead(item)
    reader.forget(item)
    await inTurn(item, async () => {
      loaded.get(item)?.document.dispose()
      loaded.delete(item)
    })
    if (!openCounts.has(item)) return
    await inTurn(item, async () => emitFacts(item, (await load(item)).document.view()))
    deps.emit({ type: 'rebuilt', item })
    emitActs(item)
  }

  const knownSpace = async (item: ItemId): Promise<SpaceId> => must(await spaceOf(item), `item ${item} is in no known space`)

  return {
    async open(item) {
      openCounts.set(item, (openCounts.get(item) ?? 0) + 1)
      const reading = spaceOf(item).then(() => reader.look(item, createDrawable))
      // Whoever opens it hears why it could not be read.
      drawables.set(item, reading.then((drawable) => drawable, () => null))
      const { update } = await reading
      const opened = { update, clientId: mintClientId(item, clientsIn(update)) }
      const actsNow = await acts(item)
      const facts = await inTurn(item, async () => (await load(item)).document.view())
      // An event that overtakes this answer would be taken for older than it: what changed on the way is said once more.
      const saidBefore = said.get(item) ?? 0
      clock.after(0, () => {
        if ((said.get(item) ?? 0) === saidBefore || !openCounts.has(item)) return
        emitActs(item)
        inTurn(item, async () => emitFacts(item, (await load(item)).document.view())).catch(deps.storeFailed)
      })
      return { prose: opened, facts, acts: actsNow }
    },
    close(item) {
      const count = (openCounts.get(item) ?? 0) - 1
      if (count > 0) openCounts.set(item, count)
      else {
        openCounts.delete(item)
        drawables.delete(item)
        said.delete(item)
        given.delete(item)
      }
      letGo()
    },
    async writeProse(item, clientId, update) {
      const fault = faultOf(update)
      if (fault !== null) throw new Error(`Bug: not a Yjs update: ${fault}`)
      const key = handleKey(item, clientId)
      if (!spaceByItem.has(item)) await knownSpace(item)
      must(writers.get(key), 'prose of a handle that was not opened here')
      const stored = new Promise<void>((resolve) => {
        let held = typing.get(key)
        if (!held) typing.set(key, (held = { item, clientId, updates: [], stored: [], timer: clock.after(COALESCE_MS, () => storeTyped(key)) }))
        held.updates.push(update)
        held.stored.push(resolve)
      })
      outbox.holding(heldCount())
      return stored
    },
    async editFacts(item, edits) {
      const stored = await prepare(async () => {
        const space = await knownSpace(item)
        return inTurn(item, async () => {
          const one = await load(item)
          const edit = changeOf(item, space, one, edits)
          return { done: edit ? writeFrom(one, [edit]) : Promise.resolve() }
        })
      })
      await stored.done
    },
    async editLinked(item, edits, clientId, update) {
      const stored = await prepare(async () => {
        const space = await knownSpace(item)
        return inTurn(item, async () => {
          const one = await load(item)
          const edit = changeOf(item, space, one, edits)
          const written = edit ? [edit] : []
          const tells: (() => void)[] = []
          const add = (by: number, updates: readonly Uint8Array[]): void => {
            const merged = mergeProse(updates)
            if (!isEmptyUpdate(merged)) written.push(proseEntry(item, space, by, merged))
          }
          // What was typed in the item before comes first and in the same transaction: the pair may stand on it.
          const mine = takeTyped(handleKey(item, clientId))
          for (const [key, held] of [...typing]) {
            if (held.item !== item) continue
            const taken = takeTyped(key)
            add(held.clientId, taken.updates)
            tells.push(...taken.stored)
          }
          add(clientId, [...mine.updates, update])
          tells.push(...mine.stored)
          const done = (written.length > 0 ? writeFrom(one, written) : Promise.resolve()).then(() => {
            for (const tell of tells) tell()
          })
          return { done }
        })
      })
      await stored.done
    },
    async create(space, type, edits, prose) {
      const item = newId(dice)
      spaceByItem.set(item, space)
      const stored = await prepare(() =>
        inTurn(item, async () => {
          const one = await load(item)
          const edit = must(changeOf(item, space, one, [{ op: 'set', path: 'type', value: type }, ...edits]), 'the type is a change')
          const written = [edit]
          if (prose && !isEmptyUpdate(prose)) written.push(newEntry(space, item, 'prose', 1, newId(dice), prose))
          return { done: writeFrom(one, written) }
        }),
      )
      await stored.done
      return item
    },
    async act(item, act) {
      const stored = await prepare(async () => {
        const space = await knownSpace(item)
        return { done: write([newEntry(space, item, 'act', 1, newId(dice), actToBytes(act))]) }
      })
      await stored.done
    },
    flush() {
      for (const key of [...typing.keys()]) storeTyped(key)
    },
    unstored() {
      const held = [...typing.values()].map((one) => {
        const space = must(spaceByItem.get(one.item), 'known since it was opened')
        return newEntry(space, one.item, 'prose', 1, NO_ID, mergeProse(one.updates))
      })
      return [...outbox.unstored(), ...held].map((edit) => ({ ...edit, code: '' }))
    },
    facts,
    prose: (item, stored) => reader.look(item, proseJson, stored),
    acts,
    spaceOf,
    isLoaded: (item) => loaded.has(item),
    heard(change) {
      for (const { item, part } of change.items ?? []) if (part === 'act' && openCounts.has(item)) emitActs(item)
      // What was accepted may be asked for anew, or nobody's any more.
      if (change.rechecked !== undefined) for (const item of openCounts.keys()) if (spaceByItem.get(item) === change.rechecked) emitActs(item)
      if (change.rechecked !== undefined) letGoOfGiven(change.rechecked).catch(deps.storeFailed)
      if (change.recheckOver !== undefined) recheckOver(change.recheckOver).catch(deps.storeFailed)
      for (const { item, part } of change.snapshots ?? []) adopted(item, part).catch(deps.storeFailed)
      if (change.entries === undefined) return
      if (change.items?.some(({ item, part }) => openCounts.has(item) || (part === 'facts' && (loaded.has(item) || loading.has(item))))) {
        // Hints of other tabs may come out of order: go back to where this one begins.
        seenAt = Math.min(seenAt, change.entries.from - 1)
        pump().catch(deps.storeFailed)
      } else if (!pumping && change.entries.from <= seenAt + 1) {
        // Nothing of it is shown, it is read when it is opened. Over a hole nothing is skipped: there another tab's hint is still to come.
        seenAt = Math.max(seenAt, change.entries.to)
      }
    },
    caughtUp: pump,
    judged(item, part) {
      if (part === 'act' && openCounts.has(item)) emitActs(item)
    },
    rebuild,
    knownSpaceOf: (item) => spaceByItem.get(item),
    async spaceChanged(space) {
      for (const item of [...readBefore.keys()]) forgetRead(item)
      reader.forgetAll()
      const items = new Set([...loaded.keys(), ...openCounts.keys()])
      for (const item of items) if (spaceByItem.get(item) === space) await rebuild(item)
    },
    dispose() {
      for (const { timer } of typing.values()) timer.dispose()
      for (const { document } of [...loaded.values(), ...readBefore.values()]) document.dispose()
      loaded.clear()
      readBefore.clear()
      reader.dispose()
    },
  }
}
