/**
 * Answer to SUB. `resume`: entries after the cursor follow. `recover`: the log is another one than the laptop knew (new epoch, or the
 * tail hash differs); entries follow from `commonSeq`, and the laptop offers what it has and the log lacks.
 */
import { defineMessage, id, oneOf, uint } from '../schema.ts'

export const subbed = defineMessage(6, 'subbed', 'down', { space: id, epoch: id, head: uint, floor: uint, mode: oneOf(['resume', 'recover'] as const), commonSeq: uint })
