/**
 * What applying the entries of one part of an item gives, fromSeq…toSeq; sent instead of them when that is much smaller. The payload is the next
 * piece of a snapshot body (snapshot-body.ts); `last` ends it. Since version 2; reserved before.
 */
import { FORMATS, PARTS } from '../../model/entries.ts'
import { PAYLOAD_BYTES_MAX } from '../../model/limits.ts'
import { bool, bytes, defineMessage, id, oneOf, uint } from '../schema.ts'

export const snapshot = defineMessage(19, 'snapshot', 'down', {
  space: id, item: id, part: oneOf(PARTS), fromSeq: uint, toSeq: uint, format: oneOf(FORMATS), payload: bytes(PAYLOAD_BYTES_MAX), last: bool,
})
