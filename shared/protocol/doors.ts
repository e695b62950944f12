/**
 * What each message of a laptop, and each frame of a y-websocket program, asks of the grants table. The sessions ask through here, so that a
 * message that is not listed does not compile, and `docs/access.md` prints what is asked.
 */
import type { Door, Operation } from '../model/grants.ts'
import type { UpMessage } from './messages/index.ts'

/** `by part`: an edit asks `item.write`, an act what OPERATION_OF_ACT says of its kind. */
export const OPERATION_OF_MESSAGE = {
  hello: 'sync.open',
  sub: 'space.read',
  unsub: 'sync.open',
  push: 'by part',
  fetch: 'history.read',
  presence: 'presence.show',
  recv: 'sync.open',
  ping: 'sync.open',
} as const satisfies Record<UpMessage['type'], Operation | Door | 'by part'>

export const OPERATION_OF_YJS_FRAME = {
  step1: 'space.read',
  step2: 'item.write',
  update: 'item.write',
  awareness: 'presence.show',
  'query-awareness': 'space.read',
} as const satisfies Record<string, Operation>
