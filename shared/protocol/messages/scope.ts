/**
 * A space that this login may enter, with the role held there; `role` null: no longer. Sent after WELCOME and whenever it changes.
 * `offlineDaysMax`: days without contact after which a laptop closes it; null: no limit.
 */
import { NAME_CHARS_MAX } from '../../model/limits.ts'
import { ROLES } from '../../model/grants.ts'
import { appended, defineMessage, id, oneOf, optional, text, uint } from '../schema.ts'

export const scope = defineMessage(3, 'scope', 'down', {
  space: id,
  role: optional(oneOf(ROLES)),
  kind: oneOf(['municipality', 'region', 'programme', 'group'] as const),
  name: text(NAME_CHARS_MAX * 4),
  offlineDaysMax: appended(uint),
})
