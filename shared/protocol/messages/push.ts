/**
 * One entry, or one fragment of it (`fragment` of `fragments`, from 0 of 1). `n` is dense per connection from 1 and counts messages, so
 * fragments count too; the entry is judged at its last fragment. `spans` names half-typed runs held back in earlier entries (reserved, empty today).
 */
import { FORMATS, PARTS } from '../../model/entries.ts'
import { FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../../model/limits.ts'
import { bytes, defineMessage, id, oneOf, uint } from '../schema.ts'

export const push = defineMessage(7, 'push', 'up', {
  n: uint,
  space: id,
  entry: id,
  item: id,
  part: oneOf(PARTS),
  format: oneOf(FORMATS),
  schema: uint,
  clientTime: uint,
  writer: id,
  spans: bytes(1024),
  fragment: uint,
  fragments: uint,
  payload: bytes(PAYLOAD_BYTES_MAX),
})
export const PUSH_FRAGMENTS_MAX = FRAGMENTS_COUNT_MAX
