/** An entry: one immutable row of a space's log, as every layer passes it. Payloads are opaque here. */
import type { EntryId, ItemId, SpaceId, UserId, WriterId } from '../base/ids.ts'

export const PARTS = ['prose', 'facts', 'act'] as const
export type Part = (typeof PARTS)[number]

/** How to read a payload. `yjs1`: one Yjs V1 update. `am1`: one or more Automerge change chunks, concatenated. `act1`: UTF-8 JSON of an Act. */
export const FORMATS = ['yjs1', 'am1', 'act1'] as const
export type Format = (typeof FORMATS)[number]
export const FORMAT_OF_PART: Record<Part, Format> = { prose: 'yjs1', facts: 'am1', act: 'act1' }

/** `schema` of what came through the y-websocket gateway: such a client knows no item types. The label of its entries in every history. */
export const GATEWAY_SCHEMA = 0

/** What a laptop asks the relay to append. */
export interface NewEntry {
  space: SpaceId
  entry: EntryId
  item: ItemId
  part: Part
  format: Format
  /** Version of the item type's schema that the writer used. */
  schema: number
  /** The writer's own clock, ms; shown, never trusted or ordered by. */
  clientTime: number
  writer: WriterId
  payload: Uint8Array
}

/** What the log holds. `seq` is dense per space from 1; author and serverTime come from the connection. */
export interface Entry extends NewEntry {
  seq: number
  /** seq of the previous entry of the same item in this space, 0 for the first: a reader notices a hole. */
  prevItemSeq: number
  author: UserId
  serverTime: number
}
