/** First message of a connection. Who it is comes from the cookie or token of the upgrade, never from here. */
import { NAME_CHARS_MAX } from '../../model/limits.ts'
import { defineMessage, id, text, uint } from '../schema.ts'

export const hello = defineMessage(1, 'hello', 'up', { protoMin: uint, protoMax: uint, build: text(NAME_CHARS_MAX), device: id, pendingCount: uint })
