/**
 * What was erased for good, on this laptop: the relay says which items and which ranges, and the store takes them out of everything it keeps, in the
 * transaction in which it takes the new epoch of the space. What was never acknowledged is a person's own work: it is parked, not dropped.
 */
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { decodeRanges, eraseProse, joinRanges, NO_RANGES, type ErasedRanges } from '../../shared/protocol/erase-prose.ts'
import type { Down } from '../../shared/protocol/messages/index.ts'

/** One item of which something was erased; `whole` stands above `history`. */
export interface Erasing {
  item: ItemId
  mode: 'whole' | 'history'
  time: number
  reason: string
  ranges: ErasedRanges
}

/** Reason of edits that were parked because their item was erased; the relay says the same. */
export const ERASED = 'erased'

/** In: everything that was said of a space. Out: one per item. */
export function erasingOf(messages: readonly Down<'erased'>[]): Erasing[] {
  return [...Map.groupBy(messages, ({ item }) => item).values()].map((own) => {
    const last = must(own.findLast(({ mode }) => mode === 'whole') ?? own.at(-1), 'a group has an element')
    return { item: last.item, mode: last.mode, time: last.time, reason: last.reason, ranges: joinRanges(...own.map(({ ranges }) => decodeRanges(ranges) ?? NO_RANGES)) }
  })
}

/** The payload without what was erased; the very same bytes when nothing of it was. */
export const payloadWithout = (row: { part: Part; payload: Uint8Array }, { ranges }: Erasing): Uint8Array => (row.part === 'prose' ? eraseProse(row.payload, ranges) : row.payload)

/** How a store takes ranges out of a payload when it cannot read it itself. Out: null for bytes that it was not told of. */
export type Strip = (row: { part: Part; payload: Uint8Array }, one: Erasing) => Uint8Array | null
