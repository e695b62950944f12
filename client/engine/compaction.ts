/**
 * Merges the entries of an item that grew long into one snapshot row, so that opening it stays fast. Own entries that have no place in the
 * log are never inside; raw entries stay as long as the acknowledged archive does, to rebuild a relay that lost them.
 */
import * as Y from 'yjs'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Part } from '../../shared/model/entries.ts'
import { ARCHIVE_DAYS, LOCAL_ENTRIES_COUNT_MAX } from '../../shared/model/limits.ts'
import { attributionFrom } from '../../shared/protocol/attribution.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { decodeAttribution, encodeAttribution } from '../../shared/protocol/snapshot-body.ts'
import { createFactsDocument, factsReady } from './facts.ts'
import { hasPending, loadProse } from './prose.ts'
import type { EngineStore, SnapshotRow, StoredEntry } from './store.ts'

export interface Compaction {
  /** Somebody read this many entries that no snapshot covers. */
  seen(item: ItemId, part: Part, count: number): void
  /** Merges what was seen to be long. */
  run(): Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000

export function createCompaction(deps: { store: EngineStore; clock: Clock; dice: Dice; entriesCountMax?: number | undefined }): Compaction {
  const { store, clock, dice, entriesCountMax = LOCAL_ENTRIES_COUNT_MAX } = deps
  const long = new Map<string, { item: ItemId; part: Part }>()
  /** With how many entries it could not be merged: tried again when there are twice as many, so that all trying costs no more than reading them once more. */
  const inVain = new Map<string, number>()

  /** Everything merged, or null when it cannot be: something is unreadable or waits for what is not here. */
  const merged = async (part: Part, snapshot: SnapshotRow | null, entries: readonly StoredEntry[]): Promise<Uint8Array | null> => {
    if (part === 'act') return null // few, and each is a step of its own
    if (part === 'prose') {
      const { doc, unreadable } = await loadProse([...(snapshot ? [{ entry: null, payload: snapshot.payload }] : []), ...entries], clock)
      const isWhole = unreadable.length === 0 && !hasPending(doc)
      const update = isWhole ? Y.encodeStateAsUpdate(doc) : null
      doc.destroy()
      return update
    }
    await factsReady()
    const document = createFactsDocument(newId(dice))
    const isWhole = (!snapshot || document.begin(snapshot.payload).ok) && document.applyAll(entries).ok && document.missingCount() === 0
    const saved = isWhole ? document.save() : null
    document.dispose()
    if (!saved) return null
    // Automerge saves changes that it cannot load again, when another program wrote them. The entries themselves can be read: they stay.
    const again = createFactsDocument(newId(dice))
    const isReadable = again.begin(saved).ok
    again.dispose()
    return isReadable ? saved : null
  }

  /** Who wrote what, as far as it is known: also when the entries themselves are let go. */
  const attributionOf = (part: Part, snapshot: SnapshotRow | null, entries: readonly StoredEntry[]): Pick<SnapshotRow, 'attribution'> => {
    if (part !== 'prose' || (snapshot && !snapshot.attribution)) return {}
    const builder = attributionFrom(snapshot?.attribution ? decodeAttribution(snapshot.attribution) : null)
    for (const { seq, author, serverTime, payload } of [...entries].sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))) {
      const header = readProseHeader(payload)
      if (typeof header === 'string' || seq === null || serverTime === null) return {}
      builder.add({ seq, author, serverTime, spans: header.blocks.map(({ client, from, to }) => ({ key: String(client), from, to })) })
    }
    return { attribution: encodeAttribution(builder.result()) }
  }

  return {
    seen(item, part, count) {
      const key = `${item}/${part}`
      if (count > Math.max(entriesCountMax, 2 * (inVain.get(key) ?? 0)) && part !== 'act') long.set(key, { item, part })
    },
    async run() {
      for (const [key, { item, part }] of [...long]) {
        long.delete(key)
        const { snapshot, entries } = await store.entriesOf(item, part)
        const placed = entries.filter(({ seq, quarantined }) => seq !== null && quarantined === null)
        const last = placed[placed.length - 1]
        if (placed.length <= entriesCountMax || !last) continue
        const payload = await merged(part, snapshot, placed)
        if (!payload) {
          inVain.set(key, placed.length)
          continue
        }
        inVain.delete(key)
        const newest = placed.reduce((a, b) => ((b.seq ?? 0) > (a.seq ?? 0) ? b : a), last)
        const row: SnapshotRow = {
          item, part, space: last.space, payload,
          version: (snapshot?.version ?? 0) + 1,
          upToSeq: Math.max(snapshot?.upToSeq ?? 0, newest.seq ?? 0),
          upToAt: Math.max(snapshot?.upToAt ?? 0, last.at),
          changedAt: Math.max(snapshot?.changedAt ?? 0, newest.serverTime ?? newest.clientTime),
          changedBy: newest.author,
          ...(newest.epoch === null ? {} : { epoch: newest.epoch }),
          ...(snapshot?.adopted ? { adopted: true } : {}),
          ...attributionOf(part, snapshot, placed),
        }
        // By the relay's time as well: a laptop whose clock runs ahead would let go what a restored relay still needs from it.
        const now = Math.min(clock.now(), newest.serverTime ?? 0)
        await store.putSnapshot(row, placed.map(({ entry }) => entry), now - ARCHIVE_DAYS * DAY_MS)
      }
    },
  }
}
