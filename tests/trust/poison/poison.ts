/** What a hostile member offers: bytes in a valid frame, made from a seed and from what that member can read of the item. Nothing here is stored as a file. */
import type { Dice } from '../../../shared/base/random.ts'
import type { Part } from '../../../shared/model/entries.ts'

/** What every member can read of an item. */
export interface Seen {
  /** All its prose, as one update. */
  prose: Uint8Array
  /** Continued by honest people: clientID and first clock that is not there. */
  clients: readonly { client: number; end: number }[]
  /** The changes of its facts, oldest first. */
  changes: readonly { actor: string; seq: number; hash: string; payload: Uint8Array }[]
}

export type Make = (dice: Dice, seen: Seen) => Uint8Array

export interface Poison {
  name: string
  part: Part
  make: Make
  /** May be well made, and then takes away, copies, or writes between the letters of what others wrote: not for a document whose every word is counted. */
  touchesWords?: boolean
}

export const poisonsOf = (part: Part, makes: Record<string, Make>): Poison[] => Object.entries(makes).map(([name, make]) => ({ name: `${part}: ${name}`, part, make }))
