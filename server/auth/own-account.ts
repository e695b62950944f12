/**
 * What somebody does with their own account: read it whole, change how others see them, change the password, end sessions, leave.
 *
 * Leaving takes away everything that says who it was: login, name, function, password, sessions, links. What was written keeps its author's id, and
 * shows FORMER with the organisation, because an agreement has to say which party wrote what. Nobody leaves a space, or the installation, without
 * anybody who can let others in.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { may, type Role } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Database } from '../store/database.ts'
import type { SpaceInfo } from './directory.ts'
import { isWeak, normalLogin } from './logins.ts'
import { roleOf, type Picture } from './picture.ts'
import { checkPassword, hashPassword } from './secrets.ts'

/** Stands where the name of somebody who left stood. Data, as every name is: in the language of the installation. */
export const FORMER = 'voormalig lid'

export interface Device {
  /** Names the session to its owner; opens nothing. */
  id: string
  /** For instance "Chrome · Windows"; empty when the browser said nothing that we know. */
  device: string
  begunAt: number
  /** At most an hour older than the truth. */
  seenAt: number
  expiresAt: number
  isThis: boolean
}

export interface Profile {
  login: string
  /** `organisation`: signs in with the organisation, which also gives the name. */
  source: 'password' | 'organisation' | 'link'
  /** Also beside the organisation, for who joined the two. */
  hasPassword: boolean
  createdAt: number
}

/** Everything that is kept about somebody, apart from what they wrote. */
export interface Everything extends Profile {
  person: Person
  isAdministrator: boolean
  /** How an organisation names this person; empty for who signs in here alone. */
  logins: { issuer: string; subject: string; since: number }[]
  /** role null: was a member; of such a space only the id is said, as everywhere, because its name may be another by now. */
  memberships: { space: Pick<SpaceInfo, 'space' | 'kind' | 'name'>; role: Role | null }[]
  sessions: Omit<Device, 'isThis'>[]
}

export type Proof = { password: string } | { login: string }

export interface OwnAccount {
  profile(user: UserId): Profile
  everything(user: UserId): Everything
  /** In: `name` is left as it is when the organisation gives it. */
  change(user: UserId, details: { name: string; job: string; organisation: string }): Person | null
  /** Ends every session but `keep`, and every link that opened this account. */
  changePassword(user: UserId, keep: string, old: string, next: string): Promise<Result<null, { kind: 'wrong-credentials' | 'weak-password' }>>
  /** A person other than this one may let others into the space: a script does not count. */
  isKeptByOthers(space: SpaceId, user: UserId): boolean
  /** False for who has no password. */
  knowsPassword(user: UserId, password: string): Promise<boolean>
  devices(user: UserId, current: string | null): Device[]
  /** Out: false when it is not a session of this user. */
  endDevice(user: UserId, id: string): boolean
  endAllDevices(user: UserId): void
  /** `conflict`: the only one who may change members of a space, or the only administrator. */
  leave(user: UserId, proof: Proof): Promise<Result<null, { kind: 'wrong-credentials' | 'conflict' }>>
}

export interface OwnAccountDeps {
  database: Database
  clock: Clock
  dice: Dice
  picture(): Picture
  change<T>(work: () => T): T
  passwordCostLog2: number
}

/** Digits of a stored hash that name a session or a link: as many as any other id has. They open nothing. */
const SHORT_ID_CHARS = 32
export const shortIdOf = (session: string): string => session.slice(0, SHORT_ID_CHARS)

export function createOwnAccount({ database, clock, dice, picture, change, passwordCostLog2 }: OwnAccountDeps): OwnAccount {
  const rowOf = (user: UserId) => {
    const row = picture().users.get(user)
    if (!row) throw new Error('Bug: an account that nobody has')
    return row
  }
  const profile = (user: UserId): Profile => {
    const { login, password, createdAt } = rowOf(user)
    return { login, source: picture().organisationUsers.has(user) ? 'organisation' : password === null ? 'link' : 'password', hasPassword: password !== null, createdAt }
  }
  const devices = (user: UserId, current: string | null): Device[] =>
    [...picture().sessions]
      .filter(([, session]) => session.user === user && session.expiresAt > clock.now())
      .map(([hash, { device, createdAt, seenAt, expiresAt }]) => ({ id: shortIdOf(hash), device, begunAt: createdAt, seenAt, expiresAt, isThis: hash === current }))
      .sort((a, b) => Number(b.isThis) - Number(a.isThis) || b.seenAt - a.seenAt)

  /** A script lets nobody in: it is no keeper. */
  const isKeptByOthers = (space: SpaceId, user: UserId): boolean =>
    [...(picture().members.get(space)?.keys() ?? [])].some((other) => other !== user && picture().users.get(other)?.kind === 'person' && may(roleOf(picture(), other, space), 'member.change'))
  const isNeeded = (user: UserId): boolean => {
    const { users, spacesByUser } = picture()
    if (rowOf(user).isAdministrator && ![...users.values()].some((other) => other.person.user !== user && other.isAdministrator && !other.isDisabled)) return true
    return [...(spacesByUser.get(user) ?? [])].some(([space, role]) => may(role, 'member.change') && !isKeptByOthers(space, user))
  }
  /** Of now: one that was replaced while it was stretched proves nothing any more. */
  async function knowsPassword(user: UserId, given: string): Promise<boolean> {
    const { password } = rowOf(user)
    return (await checkPassword(given, password, passwordCostLog2)) && rowOf(user).password === password
  }
  async function isProven(user: UserId, proof: Proof): Promise<boolean> {
    const { login, password } = rowOf(user)
    if (password !== null) return 'password' in proof && (await knowsPassword(user, proof.password))
    return 'login' in proof && normalLogin(proof.login) === login
  }

  return {
    profile,
    everything(user) {
      const { person, isAdministrator } = rowOf(user)
      const memberships = [...picture().members].flatMap(([space, roles]) => {
        const info = picture().spaces.get(space)
        if (!info || !roles.has(user)) return []
        const role = roles.get(user) ?? null
        return [{ space: { space, kind: info.kind, name: role === null ? '' : info.name }, role }]
      })
      const logins = database.all('SELECT issuer, subject, created_at FROM identities WHERE user = ?', user).map((row) => ({ issuer: String(row.issuer), subject: String(row.subject), since: Number(row.created_at) }))
      return { ...profile(user), person, isAdministrator, logins, memberships, sessions: devices(user, null).map(({ isThis: _, ...device }) => device) }
    },
    change(user, { name, job, organisation }) {
      const kept = rowOf(user).person.name
      const shown = profile(user).source === 'organisation' ? kept : name.trim()
      change(() => database.run('UPDATE users SET name = ?, job = ?, organisation = ? WHERE id = ?', shown, job.trim(), organisation.trim(), user))
      return rowOf(user).person
    },
    async changePassword(user, keep, old, next) {
      const { login, password } = rowOf(user)
      if (!(await checkPassword(old, password, passwordCostLog2))) return fail({ kind: 'wrong-credentials' })
      if (isWeak(next, login)) return fail({ kind: 'weak-password' })
      const hashed = await hashPassword(next, dice, passwordCostLog2)
      // Whoever changed it meanwhile knew the old one as well: only the one that was proven is replaced.
      const isDone = change(() => {
        if (database.run('UPDATE users SET password = ? WHERE id = ? AND password = ?', hashed, user, password).changes === 0) return false
        database.run('DELETE FROM sessions WHERE user = ? AND hash <> ?', user, keep)
        database.run('DELETE FROM links WHERE user = ?', user)
        return true
      })
      return isDone ? ok(null) : fail({ kind: 'wrong-credentials' })
    },
    isKeptByOthers,
    knowsPassword,
    devices,
    endDevice(user, id) {
      const session = [...picture().sessions].find(([hash, one]) => one.user === user && shortIdOf(hash) === id)?.[0]
      if (session === undefined) return false
      change(() => database.run('DELETE FROM sessions WHERE hash = ?', session))
      return true
    },
    endAllDevices: (user) => void change(() => database.run('DELETE FROM sessions WHERE user = ?', user)),
    async leave(user, proof) {
      if (!(await isProven(user, proof))) return fail({ kind: 'wrong-credentials' })
      if (isNeeded(user)) return fail({ kind: 'conflict' })
      change(() => {
        database.run("UPDATE users SET login = ?, name = ?, job = '', password = NULL, admin = 0, disabled = 1 WHERE id = ?", `gone:${user}`, FORMER, user)
        database.run('UPDATE members SET role = NULL, changed_at = ? WHERE user = ? AND role IS NOT NULL', clock.now(), user)
        for (const table of ['sessions', 'links', 'identities']) database.run(`DELETE FROM ${table} WHERE user = ?`, user)
      })
      // Or later, in the hourly sweep.
      database.emptyLog()
      return ok(null)
    },
  }
}
