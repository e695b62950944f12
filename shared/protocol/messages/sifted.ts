/**
 * A run of the space's log from which the entries that a SNAPSHOT of this subscription stands for were left out: in order, with the cursor before
 * and after it. What is left out has no bytes here, so the tail hash is told and cannot be recomputed. Since version 2.
 */
import { ENTRIES_BATCH_COUNT_MAX } from '../../model/limits.ts'
import { bool, bytes, defineMessage, id, list, uint } from '../schema.ts'
import { wireEntry } from './entries.ts'
import { TAIL_HASH_BYTES } from './sub.ts'

export const sifted = defineMessage(20, 'sifted', 'down', {
  space: id,
  epoch: id,
  cursorBefore: uint,
  entries: list(wireEntry, ENTRIES_BATCH_COUNT_MAX),
  cursorAfter: uint,
  tailHashAfter: bytes(TAIL_HASH_BYTES),
  more: bool,
})
