/**
 * ENTRIES and SIFTED as they go to laptops of version 4 and later: the same messages in another form on the wire. Who reads one gets the message that it
 * stands for; nothing above the codec knows which of the two forms came. Since version 4.
 */
import { packedEntries } from '../packed-entries.ts'
import { bool, bytes, defineMessage, id, uint } from '../schema.ts'
import { TAIL_HASH_BYTES } from './sub.ts'

export const packedRun = defineMessage(22, 'packedEntries', 'down', {
  space: id, epoch: id, entries: packedEntries, cursorAfter: uint, tailHashAfter: bytes(TAIL_HASH_BYTES), more: bool,
})
export const packedSifted = defineMessage(23, 'packedSifted', 'down', {
  space: id, epoch: id, cursorBefore: uint, entries: packedEntries, cursorAfter: uint, tailHashAfter: bytes(TAIL_HASH_BYTES), more: bool,
})
