/** Follow a space from a cursor: what this laptop has applied and stored. Epoch all zeros and cursor 0: nothing yet. */
import { bytes, defineMessage, id, uint } from '../schema.ts'

export const TAIL_HASH_BYTES = 16

export const sub = defineMessage(4, 'sub', 'up', { space: id, epoch: id, cursor: uint, tailHash: bytes(TAIL_HASH_BYTES) })
export const unsub = defineMessage(5, 'unsub', 'up', { space: id })
