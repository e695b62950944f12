/** Signing in and out, and accepting links. No GET has side effects: mail scanners open every link they see. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { UserId } from '../../../shared/base/ids.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { Oidc } from '../../auth/oidc.ts'
import type { Organisation } from '../../auth/organisation.ts'
import { defineRoute, type Answer, type Asked, type Route } from '../route.ts'
import { filledName, name, password, person, role, space, time } from '../schemas.ts'

const linkParams = v.object({ token: v.pipe(v.string(), v.maxLength(100)) })
const linkView = v.object({ kind: v.picklist(['setup', 'invitation', 'sign-in', 'reset']), space: v.nullable(space), role: v.nullable(role), expiresAt: time, person: v.nullable(person) })
const newAccount = v.object({ login: v.pipe(filledName, v.maxLength(254)), name: filledName, job: name, organisation: name, password })

/** A session that was there before signing in must not survive it: somebody else may have put it there. */
export function beginSession(accounts: Accounts, user: UserId, { sessionToken, device }: Pick<Asked<unknown, unknown, unknown>, 'sessionToken' | 'device'>): { token: string; expiresAt: number; session: string } {
  const before = sessionToken === null ? null : accounts.sessionOf(sessionToken)
  if (before) accounts.endSession(before.session)
  const { token, session } = accounts.startSession(user, device)
  return { token, expiresAt: session.expiresAt, session: session.session }
}

export interface SignInRoutesDeps {
  accounts: Accounts
  /** null: not configured. */
  oidc: Oidc | null
  organisation: Organisation | null
}

/** The page where people sign in, and where they come back to from their organisation: it asks the relay who is signed in before it shows anything of whoever was here before. */
export const SIGN_IN_PAGE = '/inloggen'

/**
 * Where the browser goes on when the session that asks has ended: to the organisation that began it, or the next person at this laptop would be let in by it as them.
 * Asked before it ends; answered after it, whatever follows: the organisation may be away, and here it is over.
 */
export function goingOn({ oidc, organisation }: SignInRoutesDeps, { caller, origin }: Pick<Asked<unknown, unknown, unknown>, 'caller' | 'origin'>): () => Promise<Answer> {
  const isTied = caller?.session ? (organisation?.isTied(caller.session) ?? false) : false
  return async () => {
    const continueAt = isTied && oidc ? await oidc.farewell(`${origin}${SIGN_IN_PAGE}`) : null
    return continueAt === null ? { status: 204, session: null } : { status: 200, body: { continueAt }, session: null }
  }
}
/** What `goingOn` answers. */
export const onwards = v.object({ continueAt: v.string() })

export function signInRoutes(deps: SignInRoutesDeps): Route[] {
  const { accounts } = deps
  const start = (user: UserId, asked: Asked<unknown, unknown, unknown>): Answer => ({ status: 200, body: { person: must(accounts.person(user), 'whoever signs in is known') }, session: beginSession(accounts, user, asked) })

  return [
    defineRoute({
      method: 'POST',
      path: '/api/session',
      summary: 'Sign in with work mail and password; sets the session cookie',
      operation: 'session.begin',
      body: v.object({ login: v.pipe(v.string(), v.maxLength(254)), password }),
      answer: v.object({ person }),
      refusals: ['wrong-credentials'],
      guardsSecret: true,
      async handle(asked) {
        const user = await accounts.signIn(asked.body.login, asked.body.password)
        asked.note({ who: user, subject: 'password' })
        return user ? start(user, asked) : { error: 'wrong-credentials' }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/session',
      summary: 'Sign out; closes the sockets of this session. `continueAt`: where the browser signs out of the organisation that signed it in; without one, 204',
      operation: 'session.end',
      answer: onwards,
      mayBeEmpty: true,
      refusals: [],
      async handle(asked) {
        const { session } = must(asked.caller, 'signed in')
        if (session === null) return { error: 'bad-request' } // a bearer token is ended on the command line
        const goOn = goingOn(deps, asked)
        accounts.endSession(session)
        return goOn()
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/links/:token',
      summary: 'What a link is for; does not use it',
      operation: 'link.read',
      params: linkParams,
      answer: linkView,
      refusals: ['not-found', 'link-used', 'link-expired'],
      guardsSecret: true,
      handle({ params }) {
        const link = accounts.readLink(params.token)
        return link.ok ? { status: 200, body: link.value } : { error: link.failure.kind }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/links/:token',
      summary: 'Accept a link; sets the session cookie. A new person gives all fields; an existing one their login and password; somebody signed in, or with a sign-in link, nothing; a reset link takes the new password',
      operation: 'link.use',
      params: linkParams,
      body: v.union([newAccount, v.strictObject({ password }), v.strictObject({})]),
      answer: v.object({ person }),
      refusals: ['not-found', 'link-used', 'link-expired', 'weak-password', 'wrong-credentials'],
      guardsSecret: true,
      async handle(asked) {
        const { params, body, caller, note } = asked
        // A script is of one space, and nobody: a link makes it no member of another, and no session.
        const accepted = await accounts.acceptLink(params.token, 'password' in body ? body : null, caller?.via === 'session' ? caller.user : null)
        if (!accepted.ok) {
          note({ subject: accepted.failure.kind })
          return { error: accepted.failure.kind }
        }
        const { user, kind } = accepted.value
        note({ who: user, space: accepted.value.space?.space ?? null, subject: kind })
        // Who was signed in stays so: an organisation's session stays tied to the organisation.
        if (caller?.session && caller.user === user && !('password' in body)) return { status: 200, body: { person: must(accounts.person(user), 'whoever accepts is known') } }
        return start(user, asked)
      },
    }),
  ]
}
