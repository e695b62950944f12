/**
 * What sockets hold of messages over FRAME_BYTES_MAX, from the piece with which one becomes so large until all of it is in the log. The library keeps what
 * came of a message until it is whole, for as long as the sender likes; here that is counted, by person and over all sockets, as the other door
 * counts unfinished entries. Whoever finds no room is sent away and comes back later.
 */
import type { Disposable } from '../../shared/base/dispose.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { FRAME_BYTES_MAX } from '../../shared/model/limits.ts'
import type { FragmentBudget } from '../relay/pushes.ts'

/** Of one socket. */
export interface LargeMessages extends Disposable {
  /** A piece came, and the library has dealt with it. Out: how large that of which it is a part has become; null when there is no room for it. */
  came(bytes: number): 'small' | 'large' | null
  /** A message is whole. Out: gives its room back when it has been dealt with; null when there is none for it. */
  whole(bytes: number): (() => void) | null
}

/** Each piece costs an object: so many may be of any size, as of every other message, and all of them on average of this. A mobile line carries somewhat more at a time. */
const SMALL_PIECES_COUNT_MAX = 4_096
const PIECE_BYTES_MIN = 1_024
/** The largest message in such pieces, with room. */
export const LARGE_PIECES_COUNT_MAX = 16_384

const NOTHING = (): void => undefined

export function createLargeMessages(budget: FragmentBudget, user: UserId): LargeMessages {
  /** Since the last whole message, or a little more: the piece that ended one began the next. */
  let comingBytes = 0
  let comingPieces = 0
  /** Of these, in the budget. */
  let countedBytes = 0
  let hasEnded = false
  return {
    came(bytes) {
      if (hasEnded) [comingBytes, comingPieces] = [0, 0]
      hasEnded = false
      comingBytes += bytes
      comingPieces += 1
      if (comingBytes <= FRAME_BYTES_MAX) return 'small'
      if (comingPieces > SMALL_PIECES_COUNT_MAX && comingBytes < comingPieces * PIECE_BYTES_MIN) return null
      if (!budget.take(user, comingBytes - countedBytes)) return null
      countedBytes = comingBytes
      return 'large'
    },
    whole(bytes) {
      hasEnded = true
      budget.give(user, countedBytes)
      countedBytes = 0
      if (bytes <= FRAME_BYTES_MAX) return NOTHING
      return budget.take(user, bytes) ? () => budget.give(user, bytes) : null
    },
    dispose() {
      budget.give(user, countedBytes)
      countedBytes = 0
    },
  }
}
