/**
 * Who exists, who is a member of what, and what opens a door: `accounts.sqlite` behind the Directory interface.
 *
 * Questions are answered from memory, because they are asked per message. Memory is the file, read whole after a change of people, rights or spaces
 * (sessions, which come and go all day, are followed one by one): changes of this process at once, changes of another (the command line) when SQLite's data_version moves, within POLL_MS. What differs from before is
 * announced, so that a role taken away reaches open sockets within seconds, whoever took it.
 */
import { assert, must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import { createEmitter, type Event } from '../../shared/base/emitter.ts'
import { newId, type Id, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { covers, may as roleMay, type Role, type SpaceKind } from '../../shared/model/grants.ts'
import {
  INVITATION_DAYS_MAX, RESET_LINK_HOURS_MAX, SESSIONS_PER_USER_MAX, SESSION_DAYS_MAX, SETUP_LINK_HOURS_MAX,
} from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { openDatabase, type Database, type DatabaseFailure, type SqlRow } from '../store/database.ts'
import { createAudit, type Audit } from './audit.ts'
import type { Directory, SpaceInfo } from './directory.ts'
import { isLogin, isWeak, normalLogin } from './logins.ts'
import { createOrganisation, type Organisation, type OrganisationDeps } from './organisation.ts'
import { createOwnAccount, shortIdOf, type OwnAccount } from './own-account.ts'
import { readPicture, roleOf, type Account, type Picture, type SessionRow } from './picture.ts'
import { ACCOUNTS_APPLICATION_ID, ACCOUNTS_MIGRATIONS } from './schema.ts'
import { checkPassword, hashPassword, hashToken, isToken, newToken, PASSWORD_COST_LOG2 } from './secrets.ts'

export type LinkKind = 'setup' | 'invitation' | 'sign-in' | 'reset'

export interface LinkView {
  kind: LinkKind
  space: SpaceInfo | null
  role: Role | null
  expiresAt: number
  /** Whom a sign-in link signs in, or whose password a reset link changes. */
  person: Person | null
}

/** An invitation that nobody used yet. */
export interface PendingInvitation {
  /** Names it; opens nothing. */
  id: string
  role: Role
  by: Person | null
  createdAt: number
  expiresAt: number
}

export type LinkFailure = { kind: 'not-found' | 'link-used' | 'link-expired' }
export type AcceptFailure = LinkFailure | { kind: 'bad-request' | 'weak-password' | 'wrong-credentials' }

export interface NewPerson {
  login: string
  name: string
  job: string
  organisation: string
}

export interface Session {
  /** Hash of the token: names the session inside the relay, opens nothing. */
  session: string
  user: UserId
  expiresAt: number
}

export interface Accounts extends Directory, Disposable {
  readonly database: Database
  readonly audit: Audit
  readonly own: OwnAccount
  /** From now on people may sign in with an organisation, and their sessions live as long as it says. Once. */
  joinOrganisation(given: Pick<OrganisationDeps, 'oidc' | 'rules' | 'openSessions'>): Organisation
  /** Names this installation; new for every data folder. */
  readonly installation: Id
  /** Whether a log was begun beside these accounts, in this life of the relay or an earlier one. */
  hadLog(): boolean
  noteLog(): void
  /** One session ended (signed out, expired): its sockets must close. */
  readonly onDidEndSession: Event<{ session: string }>
  /** Compares with the file now instead of at the next poll. */
  refresh(): void

  hasAdministrator(): boolean
  isAdministrator(user: UserId): boolean
  accounts(): Account[]
  /** Everybody who is or was a member of a space that `user` may read, `user` included. */
  peopleFor(user: UserId): Person[]

  spaces(): SpaceInfo[]
  space(space: SpaceId): SpaceInfo | null
  roleIn(user: UserId, space: SpaceId): Role | null
  membersOf(space: SpaceId): { person: Person; role: Role }[]
  /** Municipalities that take part in a programme. */
  participantsOf(programme: SpaceId): SpaceInfo[]

  /** In: `space` for a given id (the example programme), else a fresh one. */
  createSpace(request: { space?: SpaceId; kind: SpaceKind; name: string }): SpaceInfo
  /** null: no limit. Open sockets of its members hear of it like of a changed role. */
  setOfflineDays(space: SpaceId, daysMax: number | null): void
  setParticipation(programme: SpaceId, space: SpaceId, takesPart: boolean): void
  /** Without a password: signs in by link only. Errors: `taken` when the login exists. */
  createPerson(person: NewPerson & { user?: UserId; color?: number }): Result<Person, { kind: 'taken' }>
  /** null takes the membership away; the name stays with what was written. */
  setRole(user: UserId, space: SpaceId, role: Role | null): void
  /** Ends every session and token of a user for good, or lets the user in again. */
  setDisabled(user: UserId, isDisabled: boolean): void

  /** A new one-time set-up link; earlier ones stop working. */
  createSetupLink(): { token: string; expiresAt: number }
  createInvitation(request: { space: SpaceId; role: Role; by: UserId | null }): { token: string; expiresAt: number }
  /** Newest first; without those whose maker may not invite so any more. */
  invitationsOf(space: SpaceId): PendingInvitation[]
  /** It stops working. Out: false when the space has no such invitation. */
  endInvitation(space: SpaceId, id: string): boolean
  /**
   * Whoever holds a reset link is that person, so it may open nothing that its maker could not open already: all that this person may, in every space, and the
   * installation. Only an administrator of that may more.
   */
  mayReset(by: UserId, user: UserId): boolean
  /** Lets somebody choose a new password. Earlier ones of the user stop working. `conflict`: the organisation signs this person in. */
  createResetLink(user: UserId, by: UserId | null): Result<{ token: string; expiresAt: number }, { kind: 'not-found' | 'conflict' }>
  /** In: `uses` null for as often as wanted. Earlier sign-in links of the user stop working. */
  createSignInLink(user: UserId, uses: number | null): { token: string; expiresAt: number }
  /** Every link stops working. */
  forgetLinks(): void
  readLink(token: string): Result<LinkView, LinkFailure>
  /**
   * In: details of a new person, or of somebody who exists already and proves it with the password; null: whoever is signed in
   * (`current`), or nobody for a sign-in link. A reset link takes the new password alone, and ends every session of its person.
   */
  acceptLink(token: string, details: (NewPerson & { password: string }) | { password: string } | null, current: UserId | null): Promise<Result<LinkView & { user: UserId }, AcceptFailure>>

  signIn(login: string, password: string): Promise<UserId | null>
  /** In: `device` a few words for the list of sessions, see http/device.ts. */
  startSession(user: UserId, device?: string): { token: string; session: Session }
  /** Also moves the session's end forward, at most once an hour. */
  sessionOf(token: string): Session | null
  /** In: what names the session, not its token. Null: it is over. */
  userOfSession(session: string): UserId | null
  endSession(session: string): void

  /** A bearer token with an author of its own, member of one space. */
  createToken(request: { space: SpaceId; role: Role; label: string }): { token: string; user: UserId }
  userOfToken(token: string): UserId | null
}

export interface AccountsDeps {
  path: string
  mode: 'create' | 'write' | 'read'
  clock: Clock
  dice: Dice
  /** What a person running the relay should know; never content. */
  report?(event: { kind: string; [detail: string]: unknown }): void
  /** For tests: passwords that are cheap to guess. */
  passwordCostLog2?: number
}

const POLL_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A session's end moves forward at most this often: each time is a synced commit. */
const SEEN_MS_MIN = HOUR_MS
/** Used and expired links are kept this long to say "used" instead of "unknown". */
const DEAD_LINK_DAYS = 90
const COLORS_COUNT = 5

/** Opens (mode `create`: makes) the accounts. Errors: see DatabaseFailure. */
export function openAccounts(deps: AccountsDeps): Result<Accounts, DatabaseFailure> {
  const opened = openDatabase({ path: deps.path, mode: deps.mode, applicationId: ACCOUNTS_APPLICATION_ID, migrations: ACCOUNTS_MIGRATIONS, overwrites: true })
  return opened.ok ? ok(createAccounts(opened.value, deps)) : opened
}

function createAccounts(database: Database, { mode, clock, dice, report = () => undefined, passwordCostLog2 = PASSWORD_COST_LOG2 }: AccountsDeps): Accounts {
  const bag = createBag()
  bag.add(() => database.close())
  const roleChanged = bag.add(createEmitter<{ user: UserId; info: SpaceInfo; role: Role | null }>())
  const signedOut = bag.add(createEmitter<{ user: UserId }>())
  const sessionEnded = bag.add(createEmitter<{ session: string }>())

  if (mode !== 'read') database.run("INSERT INTO meta (name, value) VALUES ('installation', ?) ON CONFLICT (name) DO NOTHING", newId(dice))
  const installation = String(must(database.get("SELECT value FROM meta WHERE name = 'installation'"), 'the file names its installation').value)

  let organisation: Organisation | null = null
  let picture = readPicture(database)
  let version = database.dataVersion()

  const refresh = (): void => {
    version = database.dataVersion()
    const before = picture
    picture = readPicture(database)
    announce(before, picture)
  }

  function announce(before: Picture, after: Picture): void {
    const pairs = new Map<SpaceId, Set<UserId>>()
    for (const { members } of [before, after]) {
      for (const [space, roles] of members) for (const user of roles.keys()) (pairs.get(space) ?? pairs.set(space, new Set()).get(space))?.add(user)
    }
    for (const [space, users] of pairs) {
      const info = after.spaces.get(space) ?? before.spaces.get(space)
      if (!info) continue
      const was = before.spaces.get(space)
      const isOther = was?.name !== info.name || was.offlineDaysMax !== info.offlineDaysMax
      for (const user of users) {
        const role = roleOf(after, user, space)
        if (role !== roleOf(before, user, space) || (isOther && role)) roleChanged.fire({ user, info, role })
      }
    }
    for (const user of before.users.values()) {
      const now = after.users.get(user.person.user)
      if (!user.isDisabled && (!now || now.isDisabled)) signedOut.fire({ user: user.person.user })
    }
    for (const session of before.sessions.keys()) if (!after.sessions.has(session)) sessionEnded.fire({ session })
  }

  /** Sessions come and go all day: nothing else is read again for one. */
  function beginSession(session: string, row: SessionRow): void {
    const own = [...picture.sessions].filter(([, { user }]) => user === row.user).sort(([, a], [, b]) => b.seenAt - a.seenAt)
    const over = own.slice(SESSIONS_PER_USER_MAX - 1).map(([hash]) => hash)
    database.transaction(() => {
      database.run('INSERT INTO sessions (hash, user, device, created_at, expires_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)', session, row.user, row.device, row.createdAt, row.expiresAt, row.seenAt)
      for (const hash of over) database.run('DELETE FROM sessions WHERE hash = ?', hash)
    })
    picture.sessions.set(session, row)
    for (const hash of over) forgetSession(hash)
  }
  /** Out: false when another process ended it. */
  function useSession(session: string, row: SessionRow): boolean {
    if (database.run('UPDATE sessions SET seen_at = ?, expires_at = ? WHERE hash = ?', row.seenAt, row.expiresAt, session).changes === 0) return false
    picture.sessions.set(session, row)
    return true
  }
  function endSession(session: string): void {
    database.run('DELETE FROM sessions WHERE hash = ?', session)
    forgetSession(session)
  }
  function forgetSession(session: string): void {
    if (picture.sessions.delete(session)) sessionEnded.fire({ session })
  }

  /** Everything else that the picture shows changes through here: one commit, then memory, then announcements. It shows no links. */
  function change<T>(work: () => T): T {
    const result = database.transaction(work)
    refresh()
    return result
  }

  let sweptAt = clock.now()
  const poll = (): void => {
    if (bag.isDisposed) return
    const now = clock.now()
    // A socket does not ask again once it is open: when its session is over, somebody has to tell it.
    const isOver = mode !== 'read' && [...picture.sessions.values()].some(({ expiresAt }) => expiresAt <= now)
    if (isOver || (mode !== 'read' && Math.abs(now - sweptAt) >= HOUR_MS)) {
      sweptAt = now
      change(() => {
        database.run('DELETE FROM sessions WHERE expires_at <= ?', now)
        database.run('DELETE FROM links WHERE expires_at <= ?', now - DEAD_LINK_DAYS * DAY_MS)
      })
      database.emptyLog()
    } else if (database.dataVersion() !== version) refresh()
    timer = clock.after(POLL_MS, poll)
  }
  let timer = clock.after(POLL_MS, poll)
  bag.add(() => timer.dispose())

  const audit = bag.add(
    createAudit(database, {
      clock, report,
      roleOf: (who, space) => (space === null ? null : roleOf(picture, who, space)) ?? (picture.users.get(who)?.isAdministrator === true ? 'administrator' : null),
    }),
  )

  const personOf = (user: UserId): Person | null => picture.users.get(user)?.person ?? null

  function newUser(kind: 'person' | 'script', { user = newId(dice), login, name, job, organisation, color }: NewPerson & { user?: UserId; color?: number }, password: string | null): UserId {
    const given = color ?? 1 + (picture.users.size % COLORS_COUNT)
    database.run(
      'INSERT INTO users (id, kind, login, name, job, organisation, color, password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      user, kind, normalLogin(login), name.trim(), job.trim(), organisation.trim(), given, password, clock.now(),
    )
    return user
  }

  function putRole(user: UserId, space: SpaceId, role: Role | null): void {
    database.run(
      'INSERT INTO members (user, space, role, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (user, space) DO UPDATE SET role = excluded.role, changed_at = excluded.changed_at',
      user, space, role, clock.now(),
    )
  }

  function newLink(link: { kind: LinkKind; space?: SpaceId; role?: Role; user?: UserId; by?: UserId | null; lastsMs: number; uses: number | null }): { token: string; expiresAt: number } {
    const token = newToken(dice)
    const now = clock.now()
    const expiresAt = now + link.lastsMs
    database.run(
      'INSERT INTO links (hash, kind, space, role, user, created_by, created_at, expires_at, uses_left) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      hashToken(token), link.kind, link.space ?? null, link.role ?? null, link.user ?? null, link.by ?? null, now, expiresAt, link.uses,
    )
    return { token, expiresAt }
  }

  const isAdministrator = (user: UserId): boolean => {
    const row = picture.users.get(user)
    return row !== undefined && row.isAdministrator && !row.isDisabled
  }
  function mayReset(by: UserId, user: UserId): boolean {
    const held = [...(picture.spacesByUser.get(user) ?? [])]
    if (!held.some(([space]) => roleMay(roleOf(picture, by, space), 'member.change'))) return false
    return isAdministrator(by) || (!isAdministrator(user) && held.every(([space, role]) => covers(roleOf(picture, by, space), role)))
  }
  /** Whether its maker may still do what it does: nobody keeps a key to what was taken from them. What the command line made holds always. */
  function isStillGiven({ kind, created_by: by, space, role, user }: SqlRow): boolean {
    if (by === null) return true
    if (kind === 'reset') return mayReset(String(by), String(user))
    const own = roleOf(picture, String(by), String(space))
    return roleMay(own, 'member.invite') && covers(own, role as Role)
  }

  function readLink(token: string): Result<LinkView & { row: SqlRow }, LinkFailure> {
    const row = isToken(token) ? database.get('SELECT * FROM links WHERE hash = ?', hashToken(token)) : undefined
    if (!row) return fail({ kind: 'not-found' })
    if (row.uses_left === 0) return fail({ kind: 'link-used' })
    if (Number(row.expires_at) <= clock.now()) return fail({ kind: 'link-expired' })
    const user = row.user === null ? null : picture.users.get(String(row.user))
    if (user?.isDisabled || !isStillGiven(row)) return fail({ kind: 'not-found' })
    return ok({
      kind: row.kind as LinkKind,
      space: row.space === null ? null : (picture.spaces.get(String(row.space)) ?? null),
      role: row.role as Role | null,
      expiresAt: Number(row.expires_at),
      person: user?.person ?? null,
      row,
    })
  }

  async function acceptReset(token: string, password: string): Promise<Result<LinkView & { user: UserId }, AcceptFailure>> {
    const login = (user: UserId): string => must(picture.users.get(user), 'a reset link is of somebody').login
    const first = readLink(token)
    if (!first.ok) return first
    const { user } = must(first.value.person, 'a reset link is of somebody')
    if (isWeak(password, login(user))) return fail({ kind: 'weak-password' })
    const hashed = await hashPassword(password, dice, passwordCostLog2)
    const link = readLink(token)
    if (!link.ok) return link
    const isUsed = change(() => {
      if (database.run('UPDATE links SET uses_left = 0 WHERE hash = ? AND uses_left > 0', hashToken(token)).changes === 0) return false
      database.run('UPDATE users SET password = ? WHERE id = ?', hashed, user)
      database.run('DELETE FROM sessions WHERE user = ?', user)
      database.run("DELETE FROM links WHERE user = ? AND kind = 'sign-in'", user)
      return true
    })
    const { kind, space, role, expiresAt, person } = link.value
    return isUsed ? ok({ kind, space, role, expiresAt, person, user }) : fail({ kind: 'link-used' })
  }

  /** Out: null for a wrong password, nobody, or somebody shut out. Stretching takes a while: a password that was replaced meanwhile opens nothing any more. */
  async function whoKnows(login: string, password: string): Promise<UserId | null> {
    const known = picture.usersByLogin.get(normalLogin(login))
    if (!(await checkPassword(password, known?.password ?? null, passwordCostLog2)) || !known) return null
    const now = picture.users.get(known.person.user)
    return now?.isDisabled === false && now.password === known.password ? known.person.user : null
  }

  /** Who accepts: somebody known who proves it, or the row of a person yet to be made. */
  async function whoAccepts(
    details: (NewPerson & { password: string }) | { password: string } | null,
    current: UserId | null,
  ): Promise<Result<{ user: UserId } | { create: NewPerson; password: string }, AcceptFailure>> {
    if (details && !('login' in details)) return fail({ kind: 'bad-request' })
    if (!details) return current ? ok({ user: current }) : fail({ kind: 'bad-request' })
    if (picture.usersByLogin.has(normalLogin(details.login))) {
      const user = await whoKnows(details.login, details.password)
      return user ? ok({ user }) : fail({ kind: 'wrong-credentials' })
    }
    if (!isLogin(normalLogin(details.login)) || details.name.trim() === '') return fail({ kind: 'bad-request' })
    if (isWeak(details.password, details.login)) return fail({ kind: 'weak-password' })
    return ok({ create: details, password: await hashPassword(details.password, dice, passwordCostLog2) })
  }

  return {
    database,
    audit,
    own: createOwnAccount({ database, clock, dice, picture: () => picture, change, passwordCostLog2 }),
    joinOrganisation(given) {
      assert(organisation === null, 'an installation has one organisation')
      organisation = bag.add(createOrganisation({
        ...given, database, clock, report, picture: () => picture, change, putRole,
        newUser: (person) => newUser('person', person, null),
        endSession,
      }))
      return organisation
    },
    installation,
    hadLog: () => database.get("SELECT 1 FROM meta WHERE name = 'log'") !== undefined,
    noteLog: () => void database.run("INSERT INTO meta (name, value) VALUES ('log', 'begun') ON CONFLICT (name) DO NOTHING"),
    onDidChangeRole: roleChanged.event,
    onDidSignOut: signedOut.event,
    onDidEndSession: sessionEnded.event,
    refresh,

    person: personOf,
    spacesOf(user) {
      if (picture.users.get(user)?.isDisabled !== false) return []
      return [...(picture.spacesByUser.get(user) ?? [])]
        .map(([space, role]) => ({ info: must(picture.spaces.get(space), 'members are of known spaces'), role }))
        .sort((a, b) => a.info.name.localeCompare(b.info.name, 'nl'))
    },
    may(user, space, operation) {
      if (roleMay(roleOf(picture, user, space), operation)) return true
      // Who leads a programme sees the derived progress, and nothing else, of the municipalities that take part.
      if (operation !== 'space.progress') return false
      return (picture.programmesBySpace.get(space) ?? []).some((programme) => roleOf(picture, user, programme) === 'programme-leader')
    },

    hasAdministrator: () => [...picture.users.values()].some((user) => user.isAdministrator && !user.isDisabled),
    isAdministrator,
    accounts: () => [...picture.users.values()],
    peopleFor(user) {
      const seen = new Map<UserId, Person>()
      const add = (who: UserId): void => {
        const person = personOf(who)
        if (person) seen.set(who, person)
      }
      add(user)
      for (const space of picture.spacesByUser.get(user)?.keys() ?? []) {
        if (roleMay(roleOf(picture, user, space), 'space.read')) for (const other of picture.members.get(space)?.keys() ?? []) add(other)
      }
      return [...seen.values()]
    },

    spaces: () => [...picture.spaces.values()],
    space: (space) => picture.spaces.get(space) ?? null,
    roleIn: (user, space) => roleOf(picture, user, space),
    membersOf: (space) =>
      [...(picture.members.get(space) ?? [])].flatMap(([user]) => {
        const role = roleOf(picture, user, space)
        const person = personOf(user)
        return role && person ? [{ person, role }] : []
      }),
    participantsOf: (programme) =>
      [...picture.programmesBySpace].flatMap(([space, programmes]) => {
        const info = programmes.includes(programme) ? picture.spaces.get(space) : undefined
        return info ? [info] : []
      }),

    createSpace({ space = newId(dice), kind, name }) {
      const info: SpaceInfo = { space, kind, name: name.trim(), offlineDaysMax: null }
      change(() => database.run('INSERT INTO spaces (id, kind, name, created_at) VALUES (?, ?, ?, ?)', info.space, info.kind, info.name, clock.now()))
      return info
    },
    setOfflineDays: (space, daysMax) => change(() => void database.run('UPDATE spaces SET offline_days = ? WHERE id = ?', daysMax, space)),
    setParticipation(programme, space, takesPart) {
      change(() => {
        if (takesPart) database.run('INSERT INTO participations (programme, space) VALUES (?, ?) ON CONFLICT DO NOTHING', programme, space)
        else database.run('DELETE FROM participations WHERE programme = ? AND space = ?', programme, space)
      })
    },
    createPerson(person) {
      if (picture.usersByLogin.has(normalLogin(person.login))) return fail({ kind: 'taken' })
      const user = change(() => newUser('person', person, null))
      return ok(must(personOf(user), 'just made'))
    },
    setRole: (user, space, role) => change(() => putRole(user, space, role)),
    setDisabled: (user, isDisabled) =>
      change(() => {
        database.run('UPDATE users SET disabled = ? WHERE id = ?', isDisabled ? 1 : 0, user)
        if (!isDisabled) return
        database.run('DELETE FROM sessions WHERE user = ?', user)
        database.run('DELETE FROM tokens WHERE user = ?', user)
      }),

    createSetupLink: () =>
      database.transaction(() => {
        database.run("DELETE FROM links WHERE kind = 'setup'")
        return newLink({ kind: 'setup', lastsMs: SETUP_LINK_HOURS_MAX * HOUR_MS, uses: 1 })
      }),
    createInvitation: ({ space, role, by }) => newLink({ kind: 'invitation', space, role, by, lastsMs: INVITATION_DAYS_MAX * DAY_MS, uses: 1 }),
    invitationsOf: (space) =>
      database
        .all("SELECT * FROM links WHERE kind = 'invitation' AND space = ? AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0) ORDER BY created_at DESC, hash", space, clock.now())
        .filter(isStillGiven)
        .map((row) => ({
          id: shortIdOf(String(row.hash)), role: row.role as Role, by: row.created_by === null ? null : personOf(String(row.created_by)), createdAt: Number(row.created_at), expiresAt: Number(row.expires_at),
        })),
    endInvitation: (space, id) => database.run("DELETE FROM links WHERE kind = 'invitation' AND space = ? AND substr(hash, 1, ?) = ?", space, id.length, id).changes > 0,
    mayReset,
    createResetLink(user, by) {
      const row = picture.users.get(user)
      if (row?.kind !== 'person' || row.isDisabled) return fail({ kind: 'not-found' })
      if (picture.organisationUsers.has(user)) return fail({ kind: 'conflict' })
      return ok(database.transaction(() => {
        database.run("DELETE FROM links WHERE kind = 'reset' AND user = ?", user)
        return newLink({ kind: 'reset', user, by, lastsMs: RESET_LINK_HOURS_MAX * HOUR_MS, uses: 1 })
      }))
    },
    createSignInLink: (user, uses) =>
      database.transaction(() => {
        database.run("DELETE FROM links WHERE kind = 'sign-in' AND user = ?", user)
        return newLink({ kind: 'sign-in', user, lastsMs: INVITATION_DAYS_MAX * DAY_MS, uses })
      }),
    forgetLinks: () => void database.run('DELETE FROM links'),
    readLink(token) {
      const found = readLink(token)
      if (!found.ok) return found
      const { kind, space, role, expiresAt, person } = found.value
      return ok({ kind, space, role, expiresAt, person })
    },
    async acceptLink(token, details, current) {
      const first = readLink(token)
      if (!first.ok) return first
      if (first.value.kind === 'reset') return acceptReset(token, details?.password ?? '')
      const signsIn = first.value.person?.user
      const who = signsIn ? ok({ user: signsIn }) : await whoAccepts(details, current)
      if (!who.ok) return who
      // Stretching a password takes a while, and two may hold the same link: asked again in the very commit that uses it up.
      const link = readLink(token)
      if (!link.ok) return link
      const { kind, space, role, expiresAt, person, row } = link.value
      if (kind === 'setup' && [...picture.users.values()].some((user) => user.isAdministrator && !user.isDisabled)) return fail({ kind: 'link-used' })
      if ('create' in who.value && picture.usersByLogin.has(normalLogin(who.value.create.login))) return fail({ kind: 'wrong-credentials' })
      const accepted = who.value
      const user = change(() => {
        const used = database.run('UPDATE links SET uses_left = uses_left - 1 WHERE hash = ? AND (uses_left IS NULL OR uses_left > 0)', String(row.hash))
        if (used.changes === 0) return null
        const user = 'user' in accepted ? accepted.user : newUser('person', accepted.create, accepted.password)
        if (kind === 'setup') database.run('UPDATE users SET admin = 1 WHERE id = ?', user)
        if (kind === 'invitation' && space && role) putRole(user, space.space, higherRole(roleOf(picture, user, space.space), role))
        return user
      })
      return user ? ok({ kind, space, role, expiresAt, person, user }) : fail({ kind: 'link-used' })
    },

    signIn: whoKnows,
    startSession(user, device = '') {
      const token = newToken(dice)
      const session = hashToken(token)
      const now = clock.now()
      const expiresAt = now + SESSION_DAYS_MAX * DAY_MS
      beginSession(session, { user, device, createdAt: now, expiresAt, seenAt: now })
      return { token, session: { session, user, expiresAt } }
    },
    sessionOf(token) {
      if (!isToken(token)) return null
      const session = hashToken(token)
      const row = picture.sessions.get(session)
      const now = clock.now()
      if (!row || row.expiresAt <= now || picture.users.get(row.user)?.isDisabled !== false) return null
      organisation?.noteUse(token)
      if (now - row.seenAt < SEEN_MS_MIN) return { session, user: row.user, expiresAt: row.expiresAt }
      const expiresAt = now + SESSION_DAYS_MAX * DAY_MS
      return useSession(session, { ...row, seenAt: now, expiresAt }) ? { session, user: row.user, expiresAt } : null
    },
    userOfSession(session) {
      const row = picture.sessions.get(session)
      return row && row.expiresAt > clock.now() && picture.users.get(row.user)?.isDisabled === false ? row.user : null
    },
    endSession,

    createToken({ space, role, label }) {
      const token = newToken(dice)
      const user = change(() => {
        const id = newId(dice)
        newUser('script', { user: id, login: `script:${id}`, name: label, job: 'script', organisation: '' }, null)
        putRole(id, space, role)
        database.run('INSERT INTO tokens (hash, user, label, created_at) VALUES (?, ?, ?, ?)', hashToken(token), id, label, clock.now())
        return id
      })
      return { token, user }
    },
    userOfToken(token) {
      if (!isToken(token)) return null
      const hash = hashToken(token)
      // The command line may have made it a moment ago: whoever uses it at once must not be turned away for good.
      if (!picture.tokens.has(hash) && database.dataVersion() !== version) refresh()
      const user = picture.tokens.get(hash)
      return user !== undefined && picture.users.get(user)?.isDisabled === false ? user : null
    },
    dispose: () => bag.dispose(),
  }
}

/** An invitation never takes anything away from somebody who is a member already. */
const higherRole = (held: Role | null, offered: Role): Role => (held && covers(held, offered) ? held : offered)
