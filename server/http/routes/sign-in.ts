/** Who am I, signing in and out, and accepting links. No GET has side effects: mail scanners open every link they see. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { Accounts } from '../../auth/accounts.ts'
import { defineRoute, type Answer, type Asked, type Route } from '../route.ts'
import { filledName, name, password, person, role, space, time } from '../schemas.ts'

const linkParams = v.object({ token: v.pipe(v.string(), v.maxLength(100)) })
const linkView = v.object({ kind: v.picklist(['setup', 'invitation', 'sign-in']), space: v.nullable(space), role: v.nullable(role), expiresAt: time, person: v.nullable(person) })
const newAccount = v.object({ login: v.pipe(filledName, v.maxLength(254)), name: filledName, job: name, organisation: name, password })

export function signInRoutes(accounts: Accounts): Route[] {
  const personOf = (user: string) => must(accounts.person(user), 'whoever signs in is known')
  const start = (user: string, { sessionToken }: Pick<Asked<unknown, unknown, unknown>, 'sessionToken'>): Answer => {
    // A session that was there before signing in must not survive it: somebody else may have put it there.
    const before = sessionToken === null ? null : accounts.sessionOf(sessionToken)
    if (before) accounts.endSession(before.session)
    const { token, session } = accounts.startSession(user)
    return { status: 200, body: { person: personOf(user) }, session: { token, expiresAt: session.expiresAt } }
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/api/me',
      summary: 'Who is signed in',
      who: 'signed-in',
      answer: v.object({ person, installationAdmin: v.boolean() }),
      refusals: [],
      handle: ({ caller }) => {
        const { user } = must(caller, 'signed in')
        return { status: 200, body: { person: personOf(user), installationAdmin: accounts.isAdministrator(user) } }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/session',
      summary: 'Sign in with work mail and password; sets the session cookie',
      who: 'anyone',
      body: v.object({ login: v.pipe(v.string(), v.maxLength(254)), password }),
      answer: v.object({ person }),
      refusals: ['wrong-credentials'],
      guardsSecret: true,
      async handle(asked) {
        const user = await accounts.signIn(asked.body.login, asked.body.password)
        accounts.audit.record({ who: user, operation: 'sign-in', space: null, subject: 'password', from: asked.address, result: user ? 'done' : 'refused' })
        return user ? start(user, asked) : { error: 'wrong-credentials' }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/session',
      summary: 'Sign out; closes the sockets of this session',
      who: 'signed-in',
      answer: null,
      refusals: [],
      handle({ caller, address }) {
        const { user, session } = must(caller, 'signed in')
        if (session === null) return { error: 'bad-request' } // a bearer token is ended on the command line
        accounts.endSession(session)
        accounts.audit.record({ who: user, operation: 'sign-out', space: null, subject: '', from: address, result: 'done' })
        return { status: 204, session: null }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/links/:token',
      summary: 'What a link is for; does not use it',
      who: 'anyone',
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
      summary: 'Accept a link; sets the session cookie. A new person gives all fields; an existing one their login and password; somebody signed in, or with a sign-in link, nothing',
      who: 'anyone',
      params: linkParams,
      body: v.union([newAccount, v.strictObject({})]),
      answer: v.object({ person }),
      refusals: ['not-found', 'link-used', 'link-expired', 'weak-password', 'wrong-credentials'],
      guardsSecret: true,
      async handle(asked) {
        const { params, body, caller, address } = asked
        const accepted = await accounts.acceptLink(params.token, 'login' in body ? body : null, caller?.user ?? null)
        if (!accepted.ok) {
          accounts.audit.record({ who: caller?.user ?? null, operation: 'link.use', space: null, subject: accepted.failure.kind, from: address, result: 'refused' })
          return { error: accepted.failure.kind }
        }
        const { user, kind } = accepted.value
        accounts.audit.record({ who: user, operation: 'link.use', space: accepted.value.space?.space ?? null, subject: kind, from: address, result: 'done' })
        return start(user, asked)
      },
    }),
  ]
}
