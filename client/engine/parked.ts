/**
 * What the relay refused, and what a person decides about it: keep, offer again, or drop after export. Nothing is dropped without that
 * choice (9), and dropping never leaves something behind that builds on what is gone (11).
 */
import { newId, type EntryId, type ItemId } from '../../shared/base/ids.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Part } from '../../shared/model/entries.ts'
import type { ParkCode } from '../../shared/model/errors.ts'
import type { ParkedView } from './api.ts'
import type { Content } from './content.ts'
import { createFactsDocument, factsReady } from './facts.ts'
import type { Outbox } from './outbox.ts'
import { hasPending, loadProse, type ProsePayload } from './prose.ts'
import type { EngineStore, OutboxRow, StoredEntry } from './store.ts'
import type { Unsent } from './unsent-text.ts'

export interface Parked {
  list(): ParkedView[]
  /** These, and what waits behind them in the same items: an entry that was refused may hold an empty line, and the words are in the next. */
  unsent(entries: readonly EntryId[]): Unsent[]
  retry(entries: readonly EntryId[]): Promise<void>
  /** Out: the items whose content changed by it. */
  discard(entries: readonly EntryId[]): Promise<ItemId[]>
}

/** Reason of an entry that was parked because what it builds on was discarded. */
export const BUILDS_ON_DISCARDED = 'builds-on-discarded'

export function createParked(deps: { store: EngineStore; outbox: Outbox; content: Content; clock: Clock; dice: Dice }): Parked {
  const { store, outbox, content, clock, dice } = deps
  const rows = (): OutboxRow[] => [...outbox.rows()].filter(({ state }) => state === 'parked').map(({ row }) => row)
  const chosen = (entries: readonly EntryId[]): OutboxRow[] => {
    const wanted = new Set(entries)
    return rows().filter(({ entry }) => wanted.has(entry))
  }

  /** Waiting entries of a part that would wait for ever in everybody's document, because what they build on is gone. */
  const dangling = async (item: ItemId, part: Part): Promise<EntryId[]> => {
    const { snapshot, entries } = await store.entriesOf(item, part)
    const readable = entries.filter(({ quarantined }) => quarantined === null)
    const placed = readable.filter(({ seq }) => seq !== null)
    const waiting = readable.filter(({ seq }) => seq === null)
    return part === 'prose' ? danglingProse(snapshot?.payload ?? null, placed, waiting, clock) : part === 'facts' ? danglingFacts(snapshot?.payload ?? null, placed, waiting, dice) : []
  }

  return {
    list: () =>
      rows().map(({ entry, space, item, part, code, reason, storedAt, payload }) => ({
        entry, space, item, part, code: code as ParkCode, reason, time: storedAt, bytes: payload.length,
      })),
    unsent(entries) {
      const wanted = new Set(entries)
      const items = new Set(chosen(entries).map(({ item }) => item))
      return [...outbox.rows()].filter(({ row, state }) => items.has(row.item) && (state !== 'parked' || wanted.has(row.entry))).map(({ row }) => ({ ...row, code: row.code ?? '' }))
    },
    async retry(entries) {
      await store.releaseParked(chosen(entries).map(({ entry }) => entry))
      await outbox.readAll()
    },
    async discard(entries) {
      const gone = chosen(entries)
      await store.discardParked(gone.map(({ entry }) => entry))
      for (const { entry } of gone) outbox.step(entry, 'discarded')
      const parts = new Map(gone.map(({ item, part }) => [`${item}/${part}`, { item, part }]))
      for (const { item, part } of parts.values())
        for (const entry of await dangling(item, part)) {
          await store.park(entry, 'invalid', BUILDS_ON_DISCARDED)
          outbox.step(entry, 'refused', { code: 'invalid', reason: BUILDS_ON_DISCARDED })
        }
      const items = [...new Set(gone.map(({ item }) => item))]
      for (const item of items) await content.rebuild(item)
      return items
    },
  }
}

async function danglingProse(snapshot: Uint8Array | null, placed: readonly StoredEntry[], waiting: readonly StoredEntry[], clock: Clock): Promise<EntryId[]> {
  const good: ProsePayload[] = [...(snapshot ? [{ entry: null, payload: snapshot }] : []), ...placed]
  const bad: EntryId[] = []
  for (const one of waiting) {
    const { doc } = await loadProse([...good, one], clock)
    if (hasPending(doc)) bad.push(one.entry)
    else good.push(one)
    doc.destroy()
  }
  return bad
}

async function danglingFacts(snapshot: Uint8Array | null, placed: readonly StoredEntry[], waiting: readonly StoredEntry[], dice: Dice): Promise<EntryId[]> {
  await factsReady()
  let good = [...placed]
  const bad: EntryId[] = []
  for (const one of waiting) {
    const document = createFactsDocument(newId(dice))
    if (snapshot) document.begin(snapshot)
    for (const { payload, author } of [...good, one]) document.apply(payload, author)
    if (document.missingCount() > 0) bad.push(one.entry)
    else good = [...good, one]
    document.dispose()
  }
  return bad
}
