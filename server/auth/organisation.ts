/**
 * What signing in with an organisation does to the accounts: finds or makes the account of (issuer, subject), gives the roles that its claims
 * give, and lets the session live as long as the organisation says so.
 *
 * An account is found by issuer and subject alone. An address never joins accounts: it can be given to somebody else, and anybody may claim it. Whoever has an
 * account with a password joins it themself, signed in here and asked for their password at both sides; and parts it again, with what the organisation gave.
 *
 * Sessions in use are renewed with the organisation every RENEW_MS, so that a disabled person or a lost group is noticed within a minute, and
 * the change reaches open sockets as every other change does. A refresh token opens something elsewhere, so it is stored sealed with a key
 * that only the session's own token gives (which is not stored): after a restart a session is renewed again from its next request on.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { Role } from '../../shared/model/grants.ts'
import type { Database } from '../store/database.ts'
import { isOverage, loginOf, nameOf, rolesOf, type Claims, type RoleRule } from './claims.ts'
import { identityKey, type Picture } from './picture.ts'
import { hashToken } from './secrets.ts'
import type { Oidc, Said } from './oidc.ts'

export interface Organisation extends Disposable {
  /** Out: null when the account is shut out. Makes the account at the first time. */
  enter(said: Said): { user: UserId; isOverage: boolean } | null
  /** `taken`: somebody else signs in with it. `joined`: this account is joined to another login there. `disabled`: there is no such person (any more). */
  join(user: UserId, said: Said): Result<null, { kind: 'taken' | 'joined' | 'disabled' }>
  isJoined(user: UserId): boolean
  /** Takes away the login of the organisation, its sessions, and the roles that its rules gave. */
  part(user: UserId): void
  /** Ties a session that was begun just now to the organisation's. In: its token, not its hash. */
  tie(token: string, said: Said): void
  /** A request came with this token: its session is in use, and can be renewed. */
  noteUse(token: string): void
  /** Whether the organisation began this session. */
  isTied(session: string): boolean
  /** Ends the sessions that the organisation says ended. Out: how many. */
  logout(issuer: string, whose: { subject: string | null; sid: string | null }): number
}

export interface OrganisationDeps {
  database: Database
  clock: Clock
  oidc: Oidc
  rules: readonly RoleRule[]
  picture(): Picture
  change<T>(work: () => T): T
  newUser(person: { login: string; name: string; job: string; organisation: string }): UserId
  putRole(user: UserId, space: SpaceId, role: Role | null): void
  /** Sessions that hold a socket open. */
  openSessions(): ReadonlySet<string>
  endSession(session: string): void
  report(event: { kind: string; [detail: string]: unknown }): void
}

/** With a look every LOOK_MS and an answer within seconds this stays under the minute that is promised. */
const RENEW_MS = 40_000
const LOOK_MS = 5_000
/** A session without a socket is in use this long after its last request. */
const USED_MS = 2 * 60_000
/** While the organisation cannot be reached, people go on working; not for ever. */
const UNREACHED_MS_MAX = 24 * 3_600_000
/** Without a refresh token nothing says whether somebody still works there: one working day. */
const UNRENEWABLE_MS_MAX = 10 * 3_600_000
/** Renewals at the same time: a thousand people come to 25 a second. */
const RENEWALS_COUNT_MAX = 8

interface Awake {
  key: Buffer
  refreshToken: string
  subject: string
  usedAt: number
  renewedAt: number
  triedAt: number
}

export function createOrganisation(deps: OrganisationDeps): Organisation {
  const { database, clock, oidc, rules, picture, change, newUser, putRole, openSessions, endSession, report } = deps
  /** By session hash. */
  const awake = new Map<string, Awake>()
  let renewalsCount = 0
  let isDisposed = false

  /** Only what differs: each change is announced to open sockets. */
  function giveRoles(user: UserId, claims: Claims): void {
    const roles = rolesOf(claims, rules, [...picture().spaces.values()])
    for (const [space, role] of roles) if ((picture().spacesByUser.get(user)?.get(space) ?? null) !== role) putRole(user, space, role)
  }
  const hasNews = (user: UserId, claims: Claims): boolean => {
    const name = nameOf(claims)
    return (name !== '' && picture().users.get(user)?.person.name !== name) || [...rolesOf(claims, rules, [...picture().spaces.values()])].some(([space, role]) => (picture().spacesByUser.get(user)?.get(space) ?? null) !== role)
  }
  function apply(user: UserId, claims: Claims): void {
    if (!hasNews(user, claims)) return
    change(() => {
      const name = nameOf(claims)
      if (name !== '') database.run('UPDATE users SET name = ? WHERE id = ?', name, user)
      giveRoles(user, claims)
    })
  }

  async function renew(session: string, one: Awake): Promise<void> {
    one.triedAt = clock.now()
    // To the end: whoever waited longest comes first, however many there are.
    awake.delete(session)
    awake.set(session, one)
    renewalsCount++
    const answer = await oidc.renew(one.refreshToken, one.subject).finally(() => renewalsCount--)
    const user = picture().sessions.get(session)?.user
    if (isDisposed || user === undefined) return void awake.delete(session)
    if (answer.ok) {
      const { claims, refreshToken } = answer.value
      one.renewedAt = clock.now()
      if (refreshToken !== null) one.refreshToken = refreshToken
      database.run('UPDATE organisation_sessions SET sealed = ?, refreshed_at = ? WHERE session = ?', seal(one.key, one.refreshToken), one.renewedAt, session)
      // Where it says nothing of somebody, that takes nothing from them.
      return claims === null ? undefined : apply(user, claims)
    }
    if (answer.failure.kind === 'unreachable' && clock.now() - one.renewedAt < UNREACHED_MS_MAX) return
    report({ kind: 'organisation-session-ended', reason: answer.failure.kind })
    awake.delete(session)
    endSession(session)
  }

  /** As many as may be renewed at a time; each that ends makes room for the next. */
  function renewDue(): void {
    if (isDisposed) return
    const now = clock.now()
    const open = openSessions()
    for (const [session, one] of awake) {
      if (renewalsCount >= RENEWALS_COUNT_MAX) return
      // A clock that went back says nothing of when it was tried.
      const isDue = Math.abs(now - one.triedAt) >= RENEW_MS && (open.has(session) || now - one.usedAt < USED_MS)
      if (isDue && picture().sessions.has(session)) renew(session, one).catch((bug: unknown) => report({ kind: 'bug', bug })).finally(renewDue)
    }
  }

  function look(): void {
    if (isDisposed) return
    const now = clock.now()
    for (const session of awake.keys()) if (!picture().sessions.has(session)) awake.delete(session)
    renewDue()
    for (const row of database.all('SELECT session FROM organisation_sessions WHERE sealed IS NULL AND refreshed_at <= ?', now - UNRENEWABLE_MS_MAX)) endSession(String(row.session))
    timer = clock.after(LOOK_MS, look)
  }
  let timer = clock.after(LOOK_MS, look)

  return {
    enter(said) {
      const key = identityKey(said.issuer, said.subject)
      const known = picture().usersByIdentity.get(key)
      if (known !== undefined && picture().users.get(known)?.isDisabled !== false) return null
      const user = known ?? change(() => {
        const shown = loginOf(said.claims)
        const login = shown !== null && !picture().usersByLogin.has(shown) ? shown : `organisation:${hashToken(key).slice(0, 16)}`
        const user = newUser({ login, name: nameOf(said.claims), job: '', organisation: '' })
        database.run('INSERT INTO identities (issuer, subject, user, created_at) VALUES (?, ?, ?, ?)', said.issuer, said.subject, user, clock.now())
        return user
      })
      apply(user, said.claims)
      return { user, isOverage: isOverage(said.claims) }
    },
    join(user, said) {
      const holder = picture().usersByIdentity.get(identityKey(said.issuer, said.subject))
      const row = picture().users.get(user)
      if (row?.kind !== 'person' || row.isDisabled) return fail({ kind: 'disabled' })
      if (holder !== undefined && holder !== user) return fail({ kind: 'taken' })
      if (holder === undefined && database.get('SELECT 1 FROM identities WHERE user = ? AND issuer = ?', user, said.issuer)) return fail({ kind: 'joined' })
      if (holder === undefined) change(() => database.run('INSERT INTO identities (issuer, subject, user, created_at) VALUES (?, ?, ?, ?)', said.issuer, said.subject, user, clock.now()))
      apply(user, said.claims)
      return ok(null)
    },
    isJoined: (user) => picture().organisationUsers.has(user),
    part(user) {
      change(() => {
        database.run('DELETE FROM identities WHERE user = ?', user)
        database.run('DELETE FROM sessions WHERE user = ? AND hash IN (SELECT session FROM organisation_sessions)', user)
        giveRoles(user, {})
      })
    },
    tie(token, { issuer, subject, sid, refreshToken }) {
      const [session, key, now] = [hashToken(token), keyOf(token), clock.now()]
      database.run(
        'INSERT INTO organisation_sessions (session, issuer, subject, sid, sealed, refreshed_at) VALUES (?, ?, ?, ?, ?, ?)',
        session, issuer, subject, sid, refreshToken === null ? null : seal(key, refreshToken), now,
      )
      if (refreshToken !== null) awake.set(session, { key, refreshToken, subject, usedAt: now, renewedAt: now, triedAt: now })
    },
    noteUse(token) {
      const session = hashToken(token)
      const one = awake.get(session)
      if (one) {
        one.usedAt = clock.now()
        return
      }
      const user = picture().sessions.get(session)?.user
      if (user === undefined || !picture().organisationUsers.has(user)) return
      const row = database.get('SELECT subject, sealed, refreshed_at FROM organisation_sessions WHERE session = ?', session)
      if (!row || row.sealed === null) return
      const key = keyOf(token)
      const renewedAt = Number(row.refreshed_at)
      awake.set(session, { key, refreshToken: unseal(key, String(row.sealed)), subject: String(row.subject), usedAt: clock.now(), renewedAt, triedAt: renewedAt })
    },
    isTied: (session) => database.get('SELECT 1 FROM organisation_sessions WHERE session = ?', session) !== undefined,
    logout(issuer, { subject, sid }) {
      const rows = sid !== null
        ? database.all('SELECT session FROM organisation_sessions WHERE issuer = ? AND ((sid = ? AND (? IS NULL OR subject = ?)) OR (sid IS NULL AND subject = ?))', issuer, sid, subject, subject, subject)
        : database.all('SELECT session FROM organisation_sessions WHERE issuer = ? AND subject = ?', issuer, subject)
      for (const row of rows) endSession(String(row.session))
      return rows.length
    },
    dispose() {
      isDisposed = true
      timer.dispose()
    },
  }
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const CIPHER = 'aes-256-gcm'

const keyOf = (token: string): Buffer => Buffer.from(hkdfSync('sha256', token, '', 'samenpad organisation session', KEY_BYTES))

function seal(key: Buffer, text: string): string {
  // Of the system itself: a nonce that comes twice under one key would give both texts away.
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** Errors: throws for another key, or bytes that changed. */
function unseal(key: Buffer, text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}
