/** Where the work is: the status sentence and what belongs to it. Never nicer than the truth. */
import type { sync as dutch } from '../nl/sync.ts'
import type { Texts } from '../texts.ts'

const edits = (count: number) => (count === 1 ? '1 edit' : `${count} edits`)

export const sync: Texts<typeof dutch> = {
  category: 'Sync',
  relay: 'Everything saved at the relay',
  local: (count) => `${edits(count)} only on this laptop`,
  pending: 'Saving on this laptop',
  offline: 'Offline — you can go on working',
  refused: (count) => `${edits(count)} refused — have a look`,
  rechecking: 'Checking with the relay',
  behind: (count) => `Catching up, ${count} to go`,
  storeFailed: 'This laptop no longer saves anything — keep your work in a file',
  signedOut: 'You are signed out — sign in again',
  upgrade: 'This version is too old — reload',
  waiting: (count) => `${edits(count)} ${count === 1 ? 'waits' : 'wait'} on this laptop`,
}
