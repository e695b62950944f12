/**
 * ACK: every push up to and including `upToN` that was not refused by a NACK before is in a synced commit.
 * NACK: push `n` was refused. `reason` is a short machine-readable detail for the log and the screen, never document text.
 */
import { REFUSAL_CODES } from '../../model/errors.ts'
import { defineMessage, oneOf, text, uint } from '../schema.ts'

export const ack = defineMessage(8, 'ack', 'down', { upToN: uint, serverTime: uint })
export const nack = defineMessage(9, 'nack', 'down', { n: uint, code: oneOf(REFUSAL_CODES), retryAfterMs: uint, reason: text(200) })
