/**
 * Something of this space was erased for good: an item, or what was deleted from its text. Comes before a SUBBED of mode `recover`; the laptop takes it
 * out of everything it keeps, in the transaction in which it takes the new epoch. One message per item and piece of ranges. Since version 3.
 */
import { ERASE_REASON_CHARS_MAX, ERASED_RANGES_BYTES_MAX } from '../../model/limits.ts'
import { bytes, defineMessage, id, oneOf, text, uint } from '../schema.ts'

export const erased = defineMessage(21, 'erased', 'down', {
  space: id, item: id, mode: oneOf(['whole', 'history'] as const), time: uint, reason: text(4 * ERASE_REASON_CHARS_MAX), ranges: bytes(ERASED_RANGES_BYTES_MAX),
})
