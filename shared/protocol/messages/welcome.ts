/** Answer to HELLO: the protocol version to speak, the relay's time, who the login says you are, the limits in force. */
import { NAME_CHARS_MAX } from '../../model/limits.ts'
import { defineMessage, id, struct, text, uint } from '../schema.ts'

const nameBytesMax = NAME_CHARS_MAX * 4

/** A person as others see them: from the login. */
export const person = struct({ user: id, name: text(nameBytesMax), job: text(nameBytesMax), organisation: text(nameBytesMax), color: uint })

export const welcome = defineMessage(2, 'welcome', 'down', {
  proto: uint,
  serverTime: uint,
  session: id,
  who: person,
  payloadBytesMax: uint,
  minBuild: text(NAME_CHARS_MAX),
})
