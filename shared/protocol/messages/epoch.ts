/** The space's log was replaced while connected: stop, SUB again, re-check everything that was believed acknowledged. */
import { defineMessage, id } from '../schema.ts'

export const epoch = defineMessage(18, 'epoch', 'down', { space: id, epoch: id })
