/**
 * Who exists and who may what, as the doors ask it. The SQLite implementation is `accounts.ts`; tests and simulator use a small
 * one in memory. All questions are answered from memory or an indexed read on this thread: they are asked per message.
 */
import type { Event } from '../../shared/base/emitter.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Operation, Role, SpaceKind } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'

export interface SpaceInfo {
  space: SpaceId
  kind: SpaceKind
  name: string
  /** Days without contact after which laptops close it; left out or null: no limit. */
  offlineDaysMax?: number | null
}

export interface Directory {
  person(user: UserId): Person | null
  spacesOf(user: UserId): { info: SpaceInfo; role: Role }[]
  /** The one question every door asks; false for unknown users, spaces and everything in between. */
  may(user: UserId, space: SpaceId, operation: Operation): boolean
  /** Fires when somebody's role in a space changed (null: lost), or what is said of the space with it; sessions tell the laptop within the second. */
  readonly onDidChangeRole: Event<{ user: UserId; info: SpaceInfo; role: Role | null }>
  /** Fires when every session of a user must end. */
  readonly onDidSignOut: Event<{ user: UserId }>
}
