/**
 * A run of the space's log, dense and in order, with the cursor and tail hash that hold after it was stored. The same bytes go
 * to every subscriber: a laptop knows its own entries by their ids. `more`: the catch-up goes on.
 */
import { FORMATS, PARTS } from '../../model/entries.ts'
import { ENTRIES_BATCH_COUNT_MAX, FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../../model/limits.ts'
import { bool, bytes, defineMessage, id, list, oneOf, struct, uint } from '../schema.ts'
import { TAIL_HASH_BYTES } from './sub.ts'

export const wireEntry = struct({
  seq: uint,
  prevItemSeq: uint,
  entry: id,
  item: id,
  part: oneOf(PARTS),
  format: oneOf(FORMATS),
  schema: uint,
  author: id,
  writer: id,
  serverTime: uint,
  clientTime: uint,
  payload: bytes(PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX),
})

export const entries = defineMessage(10, 'entries', 'down', {
  space: id,
  epoch: id,
  entries: list(wireEntry, ENTRIES_BATCH_COUNT_MAX),
  cursorAfter: uint,
  tailHashAfter: bytes(TAIL_HASH_BYTES),
  more: bool,
})
/** The laptop has stored everything up to `cursor`: the answer to a frame with `more`, credit for the next ones. Other frames are not answered. */
export const recv = defineMessage(11, 'recv', 'up', { space: id, cursor: uint })
