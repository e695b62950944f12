/**
 * The whole of `accounts.sqlite` as questions are asked of it: read after a change, so that no question touches the file.
 */
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Database } from '../store/database.ts'
import type { SpaceInfo } from './directory.ts'

export interface Account {
  person: Person
  kind: 'person' | 'script'
  login: string
  isAdministrator: boolean
  isDisabled: boolean
  createdAt: number
}

export interface UserRow extends Account {
  password: string | null
}

export interface SessionRow {
  user: UserId
  device: string
  createdAt: number
  expiresAt: number
  seenAt: number
}

export interface Picture {
  users: ReadonlyMap<UserId, UserRow>
  usersByLogin: ReadonlyMap<string, UserRow>
  spaces: ReadonlyMap<SpaceId, SpaceInfo>
  /** null: was a member. */
  members: ReadonlyMap<SpaceId, ReadonlyMap<UserId, Role | null>>
  spacesByUser: ReadonlyMap<UserId, ReadonlyMap<SpaceId, Role>>
  programmesBySpace: ReadonlyMap<SpaceId, readonly SpaceId[]>
  /** The one thing in it that changes by itself: they come and go all day, see accounts.ts. */
  sessions: Map<string, SessionRow>
  /** By issuer and subject, see identityKey. */
  usersByIdentity: ReadonlyMap<string, UserId>
  organisationUsers: ReadonlySet<UserId>
  tokens: ReadonlyMap<string, UserId>
}

export const roleOf = ({ users, spacesByUser }: Picture, user: UserId, space: SpaceId): Role | null =>
  users.get(user)?.isDisabled === false ? (spacesByUser.get(user)?.get(space) ?? null) : null

/** An issuer is an address, so it holds no line end. */
export const identityKey = (issuer: string, subject: string): string => `${issuer}\n${subject}`

/** Reads all of it. */
export function readPicture(database: Database): Picture {
  const users = new Map<UserId, UserRow>()
  for (const row of database.all('SELECT * FROM users ORDER BY created_at, id')) {
    const user = String(row.id)
    users.set(user, {
      person: { user, name: String(row.name), job: String(row.job), organisation: String(row.organisation), color: Number(row.color) },
      kind: row.kind as UserRow['kind'],
      login: String(row.login),
      isAdministrator: row.admin === 1,
      isDisabled: row.disabled === 1,
      createdAt: Number(row.created_at),
      password: row.password === null ? null : String(row.password),
    })
  }
  const spaces = new Map<SpaceId, SpaceInfo>()
  for (const row of database.all('SELECT id, kind, name, offline_days FROM spaces ORDER BY name')) {
    spaces.set(String(row.id), {
      space: String(row.id), kind: row.kind as SpaceKind, name: String(row.name), offlineDaysMax: row.offline_days === null ? null : Number(row.offline_days),
    })
  }
  const members = new Map<SpaceId, Map<UserId, Role | null>>()
  const spacesByUser = new Map<UserId, Map<SpaceId, Role>>()
  const inside = <K, V>(outer: Map<string, Map<K, V>>, key: string): Map<K, V> => {
    const found = outer.get(key) ?? new Map<K, V>()
    outer.set(key, found)
    return found
  }
  for (const row of database.all('SELECT user, space, role FROM members')) {
    const role = row.role as Role | null
    inside(members, String(row.space)).set(String(row.user), role)
    if (role) inside(spacesByUser, String(row.user)).set(String(row.space), role)
  }
  const programmesBySpace = new Map<SpaceId, SpaceId[]>()
  for (const row of database.all('SELECT programme, space FROM participations')) {
    programmesBySpace.set(String(row.space), [...(programmesBySpace.get(String(row.space)) ?? []), String(row.programme)])
  }
  const sessions = new Map<string, SessionRow>()
  for (const row of database.all('SELECT hash, user, device, created_at, expires_at, seen_at FROM sessions')) {
    sessions.set(String(row.hash), {
      user: String(row.user), device: String(row.device), createdAt: Number(row.created_at), expiresAt: Number(row.expires_at), seenAt: Number(row.seen_at),
    })
  }
  const tokens = new Map(database.all('SELECT hash, user FROM tokens').map((row) => [String(row.hash), String(row.user)]))
  const usersByIdentity = new Map(database.all('SELECT issuer, subject, user FROM identities').map((row) => [identityKey(String(row.issuer), String(row.subject)), String(row.user)]))
  return { users, usersByIdentity, organisationUsers: new Set(usersByIdentity.values()), usersByLogin: new Map([...users.values()].map((user) => [user.login, user])), spaces, members, spacesByUser, programmesBySpace, sessions, tokens }
}
