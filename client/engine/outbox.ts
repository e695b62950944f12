/**
 * The outbox of this laptop as one engine sees it: what was typed and is not stored yet, what is stored and waits for the relay, what the
 * relay refused. A mirror of the store's table that every tab shares; the store is the truth.
 *
 * Invariants: an edit and its outbox row are stored in one transaction; a row leaves only by an acknowledgement or by a human choice
 * (4, 9). The life of an edit is the table EDIT_STEPS.
 */
import { assert } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createEmitter, type Event } from '../../shared/base/emitter.ts'
import type { EntryId, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { NewEntry, Part } from '../../shared/model/entries.ts'
import type { ParkCode } from '../../shared/model/errors.ts'
import type { EngineStore, OutboxRow } from './store.ts'

export type EditState = 'memory' | 'laptop' | 'sent' | 'relay' | 'parked' | 'discarded'
export type EditEvent = 'stored' | 'pushed' | 'acknowledged' | 'askedAgainLater' | 'refused' | 'disconnected' | 'rechecked' | 'released' | 'discarded'
export type EditStep = { to: EditState } | { ignored: string }

const to = (state: EditState): EditStep => ({ to: state })
const ignored = (why: string): EditStep => ({ ignored: why })
const notStored = ignored('only stored edits are sent, and a tab knows nothing of those in the memory of another')
const settled = ignored('it is over; a late or repeated answer changes nothing')

/** The life of one edit: complete, so that a forgotten pair does not compile. */
export const EDIT_STEPS: Record<EditState, Record<EditEvent, EditStep>> = {
  memory: {
    stored: to('laptop'), pushed: notStored, acknowledged: notStored, askedAgainLater: notStored, refused: notStored, disconnected: notStored,
    rechecked: notStored, released: notStored, discarded: notStored,
  },
  laptop: {
    stored: ignored('stored already'), pushed: to('sent'),
    // The answer to a push of an earlier connection, heard by another tab.
    acknowledged: to('relay'),
    askedAgainLater: ignored('it waits already'), refused: to('parked'), disconnected: ignored('it was not under way'), rechecked: to('laptop'),
    released: ignored('it was not parked'), discarded: ignored('only refused edits can be discarded'),
  },
  sent: {
    stored: ignored('stored already'), pushed: ignored('it is under way'), acknowledged: to('relay'), askedAgainLater: to('laptop'), refused: to('parked'),
    disconnected: to('laptop'), rechecked: to('laptop'), released: ignored('it was not parked'), discarded: ignored('only refused edits can be discarded'),
  },
  relay: {
    stored: settled, pushed: settled, acknowledged: settled, askedAgainLater: settled, refused: settled, disconnected: settled,
    // The relay's log is another one: what it acknowledged in its former life is offered again.
    rechecked: to('laptop'), released: settled, discarded: settled,
  },
  parked: {
    stored: ignored('stored already'), pushed: ignored('parked edits are not sent'),
    // A commit is stronger than an opinion: it is in the log.
    acknowledged: to('relay'),
    askedAgainLater: ignored('refused already'), refused: to('parked'), disconnected: ignored('it was not under way'),
    rechecked: ignored('a person has to look first'), released: to('laptop'), discarded: to('discarded'),
  },
  discarded: {
    stored: settled, pushed: settled, acknowledged: settled, askedAgainLater: settled, refused: settled, disconnected: settled, rechecked: settled,
    released: settled, discarded: settled,
  },
}

/** A row with what this engine knows of its sending. */
export interface Waiting {
  row: OutboxRow
  state: 'laptop' | 'sent' | 'parked'
  /** Refusals with "later" so far, for the back-off. */
  attempts: number
  /** It was refused while an earlier entry of its item was still unanswered: that judgement does not count, and it waits for the earlier one. */
  waitsForEarlier: boolean
  /** What the archive has of its item was offered again to fill a hole in front of it; that is done once. */
  isHealed: boolean
}

export type LocalEdit = NewEntry & { author: UserId }

export interface OutboxCounts {
  inMemoryCount: number
  waitingCount: number
  parkedCount: number
  waitingItems: readonly ItemId[]
  /** ms since 1970 of the oldest waiting row, null if none. */
  oldestStoredAt: number | null
}

export interface Outbox {
  /** Resolves when the edits are durable on this laptop. A refusing store is tried again until it takes them. */
  write(edits: readonly LocalEdit[]): Promise<void>
  /** Typed and held back for a moment by the caller: counts as in memory. */
  holding(count: number): void
  /** Resolves when the store took everything, or refused. */
  drained(): Promise<void>
  /** Edits that the store has not taken yet, in order. */
  unstored(): readonly LocalEdit[]
  /** In order of sending. */
  rows(): Iterable<Waiting>
  get(entry: EntryId): Waiting | null
  counts(): OutboxCounts
  /** One step of the table; throws where the table says nothing of the kind can follow. */
  step(entry: EntryId, event: EditEvent, refusal?: { code: ParkCode; reason: string }): void
  /** Rows of a space are no longer under way; of all spaces without one. */
  recall(space?: SpaceId): void
  /** Reads rows behind the last known one. */
  readAdded(): Promise<void>
  readAll(): Promise<void>
  /**
   * `work` brings rows back to the outbox, at most so many: they count as waiting until they were read, so that no moment shows fewer than there
   * are. Errors: rejects as `work` does.
   */
  bringBack(count: number, work: () => Promise<void>): Promise<void>
  /** Resolves when no reading is under way: the counts are those of the store. */
  upToDate(): Promise<void>
  readonly isReading: boolean
  readonly onDidChange: Event<void>
  /** There may be something new to send. */
  readonly onDidAdd: Event<void>
  /** The relay refused an entry, or a person decided about a refused one. */
  readonly onDidJudge: Event<{ item: ItemId; part: Part }>
}

/** How long a refusing store is left alone before it is asked again. */
const STORE_RETRY_MS = 1_000

export async function createOutbox(deps: { store: EngineStore; clock: Clock; storeFailed(error: unknown): void; storeWorks(): void }): Promise<Outbox> {
  const { store, clock } = deps
  let waiting = new Map<EntryId, Waiting>()
  let lastOrder = 0
  const changed = createEmitter<void>()
  const added = createEmitter<void>()
  const judged = createEmitter<{ item: ItemId; part: Part }>()
  let queue: { edits: readonly LocalEdit[]; stored: () => void }[] = []
  let isStoring = false
  let heldCount = 0
  let reading: Promise<void> = Promise.resolve()
  let readingCount = 0
  let expectedCount = 0

  const take = (row: OutboxRow, before: Waiting | undefined): void => {
    const state = row.state === 'parked' ? 'parked' : before?.state === 'sent' ? 'sent' : 'laptop'
    waiting.set(row.entry, { row, state, attempts: before?.attempts ?? 0, waitsForEarlier: before?.waitsForEarlier ?? false, isHealed: before?.isHealed ?? false })
    lastOrder = Math.max(lastOrder, row.order)
  }
  /** One reading at a time: an older answer must not overtake a newer one. */
  const inTurn = (read: () => Promise<void>): Promise<void> => {
    readingCount++
    const done = (): void => void readingCount--
    reading = reading.then(read, read)
    reading.then(done, done)
    return reading
  }
  const readAdded = (): Promise<void> =>
    inTurn(async () => {
      const rows = await store.outbox(lastOrder)
      for (const row of rows) take(row, waiting.get(row.entry))
      if (rows.length === 0) return
      changed.fire()
      added.fire()
    })
  const readAll = (): Promise<void> =>
    inTurn(async () => {
      const rows = await store.outbox()
      const before = waiting
      waiting = new Map()
      for (const row of rows) take(row, before.get(row.entry))
      changed.fire()
      added.fire()
      for (const { row } of waiting.values()) if (row.part === 'act') judged.fire({ item: row.item, part: row.part })
    })

  let storing: Promise<void> = Promise.resolve()

  const storeQueued = (): void => {
    if (!isStoring) storing = storeAll()
  }
  const storeAll = async (): Promise<void> => {
    isStoring = true
    while (queue.length > 0) {
      // Whatever was typed while the last transaction ran goes into one. A copy: more is queued while this one runs.
      const batch = [...queue]
      try {
        await store.putLocal(batch.flatMap(({ edits }) => edits), clock.now())
        // Counted as waiting before they stop counting as in memory, or the status would be better than the truth for a moment.
        await readAdded()
      } catch (error) {
        deps.storeFailed(error)
        isStoring = false
        clock.after(STORE_RETRY_MS, storeQueued)
        return
      }
      queue = queue.slice(batch.length)
      deps.storeWorks()
      for (const { stored } of batch) stored()
      changed.fire()
    }
    isStoring = false
  }

  await readAll()

  return {
    write(edits) {
      assert(edits.length > 0, 'nothing to write')
      const stored = new Promise<void>((resolve) => queue.push({ edits, stored: resolve }))
      changed.fire()
      storeQueued()
      return stored
    },
    holding(count) {
      heldCount = count
      changed.fire()
    },
    drained: () => storing,
    unstored: () => queue.flatMap(({ edits }) => edits),
    rows: () => waiting.values(),
    get: (entry) => waiting.get(entry) ?? null,
    counts() {
      let waitingCount = expectedCount
      let parkedCount = 0
      let oldestStoredAt: number | null = null
      const items = new Set<ItemId>()
      for (const { row, state } of waiting.values()) {
        if (state === 'parked') parkedCount++
        else {
          waitingCount++
          if (oldestStoredAt === null || row.storedAt < oldestStoredAt) oldestStoredAt = row.storedAt
        }
        items.add(row.item)
      }
      const inMemoryCount = heldCount + queue.reduce((sum, { edits }) => sum + edits.length, 0)
      return { inMemoryCount, waitingCount, parkedCount, waitingItems: [...items], oldestStoredAt }
    },
    step(entry, event, refusal) {
      const one = waiting.get(entry)
      if (!one) return // settled meanwhile, by this tab or another
      const step = EDIT_STEPS[one.state][event]
      if ('ignored' in step) return
      if (step.to === 'relay' || step.to === 'discarded') waiting.delete(entry)
      else if (step.to === 'memory') throw new Error('Bug: a stored edit goes back to memory')
      else {
        one.state = step.to
        if (refusal) one.row = { ...one.row, state: 'parked', ...refusal }
      }
      changed.fire()
      if (event === 'refused' || event === 'discarded') judged.fire({ item: one.row.item, part: one.row.part })
    },
    recall(space) {
      let isAny = false
      for (const one of waiting.values()) {
        if (one.state !== 'sent' || (space !== undefined && one.row.space !== space)) continue
        one.state = 'laptop'
        isAny = true
      }
      if (isAny) changed.fire()
    },
    readAdded,
    readAll,
    async bringBack(count, work) {
      expectedCount += count
      changed.fire()
      try {
        await work()
        await readAll()
      } finally {
        expectedCount -= count
        changed.fire()
      }
    },
    upToDate: () => reading,
    get isReading() {
      return readingCount > 0
    },
    onDidChange: changed.event,
    onDidAdd: added.event,
    onDidJudge: judged.event,
  }
}
