/**
 * Snapshots that the relay sends instead of many entries: taken apart, tried, and stored in the place of whatever snapshot was here. What cannot be
 * read is not stored, and the relay is asked for the entries instead.
 *
 * Invariant: a snapshot that was stored gives its content without anything waiting in it (6, 11).
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import { newId, type Epoch, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { WireError } from '../../shared/protocol/schema.ts'
import { decodeSnapshotBody, encodeAttribution, type SnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import type { CrashGuard } from './crash-guard.ts'
import { createFactsDocument, factsReady, packFacts } from './facts.ts'
import { hasPending, loadProse } from './prose.ts'
import type { EngineStore } from './store.ts'

export interface ArrivedSnapshot {
  space: SpaceId
  epoch: Epoch
  item: ItemId
  part: Part
  toSeq: number
  /** All pieces, joined. */
  body: Uint8Array
}

/** `stale`: another tab went on with this space. `refused`: the entries are wanted instead. */
export type Adopted = 'stored' | 'stale' | 'refused'

export function createAdoption({ store, guard, clock, dice }: { store: EngineStore; guard: CrashGuard; clock: Clock; dice: Dice }): (arrived: ArrivedSnapshot) => Promise<Adopted> {
  /** What is stored of it, or null when it cannot be used. */
  const payloadOf = async (part: Part, { content, attribution }: SnapshotBody): Promise<Uint8Array | null> => {
    if (part === 'act') return null
    if (part === 'prose') {
      const { doc, unreadable } = await loadProse([{ entry: null, payload: content }], clock)
      const isWhole = unreadable.length === 0 && !hasPending(doc)
      doc.destroy()
      return isWhole ? content : null
    }
    await factsReady()
    const payload = packFacts(content, new Map(attribution.hands.map(({ key, author }) => [key, author])))
    const document = createFactsDocument(newId(dice))
    const isWhole = document.begin(payload).ok && document.missingCount() === 0
    document.dispose()
    return isWhole ? payload : null
  }
  const read = (body: Uint8Array): SnapshotBody | null => {
    try {
      return decodeSnapshotBody(body)
    } catch (error) {
      if (error instanceof WireError) return null
      throw error
    }
  }

  return async ({ space, epoch, item, part, toSeq, body: bytes }) => {
    const body = read(bytes)
    guard.arrived(item)
    const payload = body && (await guard.reading([item], () => payloadOf(part, body)))
    if (!body || !payload) return 'refused'
    const stored = await store.adoptSnapshot({
      space, epoch, item, part, payload, adopted: true, upToSeq: toSeq, upToAt: await store.lastAt(), changedAt: body.changedAt, changedBy: body.changedBy,
      ...(part === 'prose' ? { attribution: encodeAttribution(body.attribution) } : {}),
    })
    return stored === 'unplaceable' ? 'refused' : stored
  }
}
