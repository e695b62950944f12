/**
 * Who may what, in memory: the relay's directory for simulated worlds. A role change tells the living relay at once, as the accounts do;
 * the dead one's listeners are gone with it.
 */
import type { Directory, SpaceInfo } from '../../server/auth/directory.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import { may, type Role } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'

export interface VirtualDirectory extends Directory {
  setRole(user: UserId, space: SpaceId, role: Role | null): void
  roleOf(user: UserId, space: SpaceId): Role | null
}

export function createVirtualDirectory(people: readonly Person[], spaces: readonly SpaceInfo[]): VirtualDirectory {
  const personById = new Map(people.map((person) => [person.user, person]))
  const infoById = new Map(spaces.map((info) => [info.space, info]))
  const roles = new Map<string, Role>()
  const roleChanged = createEmitter<{ user: UserId; info: SpaceInfo; role: Role | null }>()
  const signedOut = createEmitter<{ user: UserId }>()
  const key = (user: UserId, space: SpaceId): string => `${user}/${space}`
  const roleOf = (user: UserId, space: SpaceId): Role | null => roles.get(key(user, space)) ?? null
  return {
    person: (user) => personById.get(user) ?? null,
    spacesOf: (user) =>
      spaces.flatMap((info) => {
        const role = roleOf(user, info.space)
        return role ? [{ info, role }] : []
      }),
    may: (user, space, operation) => may(roleOf(user, space), operation),
    roleOf,
    setRole(user, space, role) {
      if (role) roles.set(key(user, space), role)
      else roles.delete(key(user, space))
      const info = infoById.get(space)
      if (info) roleChanged.fire({ user, info, role })
    },
    onDidChangeRole: roleChanged.event,
    onDidSignOut: signedOut.event,
  }
}
