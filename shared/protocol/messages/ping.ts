/** Is the other side there? Pings of the transport do not count: they pass proxies that have lost the other half. */
import { defineMessage, uint } from '../schema.ts'

export const ping = defineMessage(16, 'ping', 'up', { pendingCount: uint, oldestPendingAgeMs: uint })
export const pong = defineMessage(17, 'pong', 'down', { serverTime: uint })
