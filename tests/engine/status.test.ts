import { expect, test } from 'vitest'
import { isWorse, stateOf, statusOf, type StatusInput } from '../../client/engine/status.ts'
import type { SyncState } from '../../client/engine/api.ts'

const quiet: StatusInput = {
  inMemoryCount: 0, waitingCount: 0, parkedCount: 0, waitingItems: [], connection: 'live', blockedBy: null, behindCount: 0, storeFailure: null, follower: false, isDetour: false,
  isRechecking: false,
}

// One line per thing a person must be told, worst first: what stands above wins.
const TABLE: [what: string, given: Partial<StatusInput>, state: SyncState][] = [
  ['nothing to say', {}, 'relay'],
  ['an edit waits, connected', { waitingCount: 1 }, 'local'],
  ['an edit waits, no connection', { waitingCount: 1, connection: 'offline' }, 'offline'],
  ['nothing waits, no connection', { connection: 'offline' }, 'offline'],
  ['nothing waits, connecting', { connection: 'connecting' }, 'offline'],
  ['nothing waits, connecting is pointless', { connection: 'blocked', blockedBy: 'signedOut' }, 'offline'],
  ['the log was replaced', { isRechecking: true }, 'rechecking'],
  ['the log was replaced and the connection went', { isRechecking: true, connection: 'offline' }, 'rechecking'],
  ['an edit was refused', { parkedCount: 1 }, 'refused'],
  ['refused and waiting', { parkedCount: 1, waitingCount: 3 }, 'refused'],
  ['refused while offline', { parkedCount: 1, connection: 'offline' }, 'refused'],
  ['refused while the log is in doubt', { parkedCount: 1, isRechecking: true }, 'refused'],
  ['typed and not stored', { inMemoryCount: 1 }, 'pending'],
  ['typed and not stored, refused before', { inMemoryCount: 1, parkedCount: 1 }, 'pending'],
  ['a store that refuses holds what waits in memory only', { waitingCount: 1, storeFailure: 'unavailable' }, 'pending'],
  ['a store that refuses, and everything is at the relay', { storeFailure: 'quota' }, 'relay'],
]

for (const [what, given, state] of TABLE) test(`[INV10] ${what}: "${state}"`, () => expect(stateOf({ ...quiet, ...given })).toBe(state))

test('[INV10] "at the relay" is never said while anything is in memory, waiting, refused, in doubt or unconnected', () => {
  for (const inMemoryCount of [0, 1])
    for (const waitingCount of [0, 1])
      for (const parkedCount of [0, 1])
        for (const isRechecking of [false, true])
          for (const connection of ['offline', 'connecting', 'live', 'blocked'] as const) {
            const isSafe = inMemoryCount + waitingCount + parkedCount === 0 && !isRechecking && connection === 'live'
            expect(stateOf({ ...quiet, inMemoryCount, waitingCount, parkedCount, isRechecking, connection }) === 'relay').toBe(isSafe)
          }
})

test('[INV10] nothing is worse than what is not even stored, and nothing better than what is at the relay', () => {
  const worstFirst: SyncState[] = ['pending', 'refused', 'rechecking', 'offline', 'local', 'relay']
  for (const [i, one] of worstFirst.entries()) for (const [j, other] of worstFirst.entries()) expect(isWorse(one, other)).toBe(i < j)
})

test('the status carries what it was made from', () => {
  expect(statusOf({ ...quiet, waitingCount: 2, waitingItems: ['a'], behindCount: 7, follower: true })).toEqual({
    state: 'local', inMemoryCount: 0, waitingCount: 2, parkedCount: 0, waitingItems: ['a'], connection: 'live', blockedBy: null, behindCount: 7, storeFailure: null, follower: true, isDetour: false,
  })
})
