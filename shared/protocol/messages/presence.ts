/**
 * Where somebody is in an item. Never in the log; last value wins per (item, session); only viewers of the item receive it. `open` false:
 * the sender left. `bytes` is UTF-8 JSON `{cursor?: {anchor, head}}` with Yjs relative positions. Who it is comes from the relay's login.
 */
import { PRESENCE_BYTES_MAX } from '../../model/limits.ts'
import { bool, bytes, defineMessage, id } from '../schema.ts'
import { person } from './welcome.ts'

export const presence = defineMessage(14, 'presence', 'up', { space: id, item: id, open: bool, bytes: bytes(PRESENCE_BYTES_MAX) })
export const present = defineMessage(15, 'present', 'down', { space: id, item: id, session: id, who: person, open: bool, bytes: bytes(PRESENCE_BYTES_MAX) })
