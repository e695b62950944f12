/** One's own account: who others see, password, sessions, everything that is kept, and leaving. A script has no account of its own. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { UserId } from '../../../shared/base/ids.ts'
import type { Caller } from '../doorkeeper.ts'
import { defineRoute, type Asked, type Route } from '../route.ts'
import { goingOn, onwards, type SignInRoutesDeps } from './sign-in.ts'
import { filledName, id, name, password, person, role, space, time } from '../schemas.ts'

const session = { id, device: v.string(), begunAt: time, seenAt: time, expiresAt: time }
const profile = { login: v.string(), source: v.picklist(['password', 'organisation', 'link']), hasPassword: v.boolean(), createdAt: time }
const record = v.object({ seq: time, time, operation: v.string(), space: v.nullable(v.string()), subject: v.string(), from: v.string(), result: v.string() })

/** More than anybody does in the time that records are kept. */
const OWN_RECORDS_COUNT_MAX = 10_000

export function meRoutes(deps: SignInRoutesDeps): Route[] {
  const { accounts } = deps
  const { own } = accounts
  const isScript = ({ caller }: Pick<Asked<unknown, unknown, unknown>, 'caller'>): boolean => caller?.via === 'token'
  const mine = (caller: Caller | null): UserId => must(caller, 'signed in').user

  return [
    defineRoute({
      method: 'GET',
      path: '/api/me',
      summary: 'Who is signed in. A browser’s session lasts from its last use: the cookie is set again',
      operation: 'account.read',
      answer: v.object({ person, installationAdmin: v.boolean(), ...profile }),
      refusals: [],
      handle: ({ caller, sessionToken }) => {
        const user = mine(caller)
        const session = caller?.via === 'session' && sessionToken !== null ? accounts.sessionOf(sessionToken) : null
        return {
          status: 200,
          body: { person: must(accounts.person(user), 'whoever is signed in is known'), installationAdmin: accounts.isAdministrator(user), ...own.profile(user) },
          ...(session && sessionToken !== null ? { session: { token: sessionToken, expiresAt: session.expiresAt } } : {}),
        }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/me',
      summary: 'How others see you. The name of somebody who signs in with an organisation comes from there and stays',
      operation: 'account.change',
      body: v.object({ name: filledName, job: name, organisation: name }),
      answer: v.object({ person }),
      refusals: ['forbidden'],
      handle: (asked) => (isScript(asked) ? { error: 'forbidden' } : { status: 200, body: { person: own.change(mine(asked.caller), asked.body) } }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/me',
      summary: 'Leave for good: login, name and password go, what you wrote stays under "voormalig lid". Proven with the password, or without one with the login typed out. `continueAt` as when signing out',
      operation: 'account.delete',
      body: v.union([v.strictObject({ password }), v.strictObject({ login: v.pipe(v.string(), v.maxLength(254)) })]),
      answer: onwards,
      mayBeEmpty: true,
      refusals: ['forbidden', 'wrong-credentials', 'conflict'],
      guardsSecret: true,
      async handle(asked) {
        if (isScript(asked)) return { error: 'forbidden' }
        const goOn = goingOn(deps, asked)
        const left = await own.leave(mine(asked.caller), asked.body)
        return left.ok ? goOn() : { error: left.failure.kind }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/me/password',
      summary: 'Change the password; ends every other session',
      operation: 'account.change',
      body: v.object({ old: password, next: password }),
      answer: null,
      refusals: ['forbidden', 'wrong-credentials', 'weak-password'],
      guardsSecret: true,
      async handle({ caller, body, note }) {
        note({ subject: 'password' })
        const { user, session: current } = must(caller, 'signed in')
        if (current === null) return { error: 'forbidden' }
        const changed = await own.changePassword(user, current, body.old, body.next)
        return changed.ok ? { status: 204 } : { error: changed.failure.kind }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/me/sessions',
      summary: 'Where you are signed in',
      operation: 'account.read',
      answer: v.array(v.object({ ...session, isThis: v.boolean() })),
      refusals: [],
      handle: ({ caller }) => ({ status: 200, body: own.devices(mine(caller), caller?.session ?? null) }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/me/sessions/:session',
      summary: 'Sign out one device; closes its sockets',
      operation: 'session.end',
      params: v.object({ session: id }),
      answer: null,
      refusals: ['not-found'],
      handle({ caller, params, note }) {
        note({ subject: params.session })
        return own.endDevice(mine(caller), params.session) ? { status: 204 } : { error: 'not-found' }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/me/sessions',
      summary: 'Sign out everywhere, here as well. `continueAt` as when signing out',
      operation: 'session.end',
      answer: onwards,
      mayBeEmpty: true,
      refusals: ['forbidden'],
      async handle(asked) {
        asked.note({ subject: 'everywhere' })
        if (isScript(asked)) return { error: 'forbidden' }
        const goOn = goingOn(deps, asked)
        own.endAllDevices(mine(asked.caller))
        return goOn()
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/me/export',
      summary: 'Everything that is kept about you, apart from what you wrote',
      operation: 'account.export',
      answer: v.object({
        person, isAdministrator: v.boolean(), ...profile, logins: v.array(v.object({ issuer: v.string(), subject: v.string(), since: time })), memberships: v.array(v.object({ space, role: v.nullable(role) })), sessions: v.array(v.object(session)), records: v.array(record),
      }),
      refusals: ['forbidden'],
      handle(asked) {
        if (isScript(asked)) return { error: 'forbidden' }
        const user = mine(asked.caller)
        const everything = own.everything(user)
        const known = new Set(everything.memberships.map(({ space }) => space.space))
        // Of what was refused elsewhere only that it was: in which space a document is, or that there is such a space, is not theirs to read.
        const mayBeSaid = (space: string | null, result: string): boolean => space !== null && (result === 'done' || known.has(space))
        const { records } = accounts.audit.page({ who: user }, OWN_RECORDS_COUNT_MAX)
        const told = records.map(({ seq, time, operation, space, subject, from, result }) => ({ seq, time, operation, space: mayBeSaid(space, result) ? space : null, subject, from, result }))
        return { status: 200, body: { ...everything, records: told } }
      },
    }),
  ]
}
