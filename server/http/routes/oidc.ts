/**
 * Signing in with an organisation, over the browser: there, back, and out when the organisation says so; and joining an account with a password to it.
 *
 * Coming back is a GET with an effect, as the protocol wants it; it has one only for the browser that went (its flow cookie) and once. Whatever goes
 * wrong ends on the sign-in page, which says it in words: the address holds a code from a short list and nothing of the answer.
 */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import { fail } from '../../../shared/base/result.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { OidcFailure, Oidc } from '../../auth/oidc.ts'
import type { Organisation } from '../../auth/organisation.ts'
import { defineRoute, type Answer, type Route } from '../route.ts'
import { password } from '../schemas.ts'
import { SIGN_IN_PAGE } from './sign-in.ts'

export interface OidcRoutesDeps {
  accounts: Accounts
  /** null: not configured. */
  oidc: Oidc | null
  organisation: Organisation | null
}

export const CALLBACK_PATH = '/api/oidc/callback'
/** Codes of Entra ID are about 1,500 characters. */
const ANSWER_CHARS_MAX = 8_192
const LOGOUT_TOKEN_CHARS_MAX = 16_384

const text = v.optional(v.pipe(v.string(), v.maxLength(ANSWER_CHARS_MAX)))

const failed = (reason: OidcFailure['kind'] | 'disabled'): Answer => ({ status: 302, location: `${SIGN_IN_PAGE}?organisatie=${reason}`, isRefusal: true, flow: null })
/** A second window began after this one, and goes on. */
const otherWindow: Answer = { status: 302, location: `${SIGN_IN_PAGE}?organisatie=expired`, isRefusal: true }
/** Who joins is signed in here, and goes back to the window, which says in words how it ended. */
const notJoined = (reason: OidcFailure['kind'] | 'disabled' | 'taken' | 'joined'): Answer => ({ status: 302, location: `/?verbonden=${reason}`, isRefusal: true, flow: null })

export function oidcRoutes({ accounts, oidc, organisation }: OidcRoutesDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/oidc',
      summary: 'Whether people can sign in with an organisation',
      operation: 'session.ways',
      answer: v.object({ isOffered: v.boolean() }),
      refusals: [],
      handle: () => ({ status: 200, body: { isOffered: oidc !== null } }),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/oidc/login',
      summary: 'Sends the browser to the sign-in page of the organisation',
      operation: 'session.ways',
      answer: null,
      redirects: true,
      refusals: ['not-found'],
      async handle({ origin, caller }) {
        if (!oidc) return { error: 'not-found' }
        const begun = await oidc.begin(`${origin}${CALLBACK_PATH}`, { before: caller?.session ?? null, joins: null })
        return begun.ok ? { status: 302, location: begun.value.url, flow: begun.value.flow } : failed(begun.failure.kind)
      },
    }),
    defineRoute({
      method: 'GET',
      path: CALLBACK_PATH,
      summary: 'The browser comes back from the organisation; sets the session cookie',
      operation: 'session.begin',
      query: v.object({ code: text, state: text, iss: text, error: text, error_description: text }),
      answer: null,
      redirects: true,
      refusals: ['not-found'],
      async handle({ query, flowToken, device, note }) {
        if (!oidc || !organisation) return { error: 'not-found' }
        note({ subject: 'organisation' })
        const finished = await oidc.finish(flowToken, Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string')))
        const { before, joins } = (finished.ok ? finished.value.errand : finished.failure.errand) ?? { before: null, joins: null }
        if (joins !== null) note({ operation: 'account.change', who: joins, subject: 'organisation joined' })
        if (!finished.ok) {
          note({ subject: `organisation ${finished.failure.kind}` })
          const { kind, isOther } = finished.failure
          if (isOther) return otherWindow
          return joins === null ? failed(kind) : notJoined(kind)
        }
        if (joins !== null) {
          // Whoever asked for it is still signed in here, in that very session: nobody joins what somebody else left behind in this browser.
          const joined = before !== null && accounts.userOfSession(before) === joins ? organisation.join(joins, finished.value) : fail({ kind: 'expired' } as const)
          if (joined.ok) return { status: 302, location: '/?verbonden=ja', flow: null }
          note({ subject: `organisation ${joined.failure.kind}` })
          return notJoined(joined.failure.kind)
        }
        const entered = organisation.enter(finished.value)
        if (!entered) return failed('disabled')
        note({ who: entered.user, ...(entered.isOverage ? { subject: 'organisation, groups left out' } : {}) })
        // The cookie of an earlier session does not come along from another site; the flow remembered it.
        if (before !== null) accounts.endSession(before)
        const { token, session } = accounts.startSession(entered.user, device)
        organisation.tie(token, finished.value)
        return { status: 302, location: SIGN_IN_PAGE, session: { token, expiresAt: session.expiresAt }, flow: null }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/me/organisation',
      summary: 'Join your account to your login at the organisation. Proven with the password here; `continueAt` is where the organisation asks for its own',
      operation: 'account.change',
      body: v.object({ password }),
      answer: v.object({ continueAt: v.string() }),
      refusals: ['not-found', 'forbidden', 'wrong-credentials', 'conflict', 'storage'],
      guardsSecret: true,
      async handle({ caller, body, origin, note }) {
        note({ subject: 'organisation asked' })
        const { user, session } = must(caller, 'signed in')
        if (!oidc || !organisation) return { error: 'not-found' }
        if (session === null) return { error: 'forbidden' } // a script is nobody
        if (!(await accounts.own.knowsPassword(user, must(body, 'checked by its schema').password))) return { error: 'wrong-credentials' }
        if (organisation.isJoined(user)) return { error: 'conflict' }
        const begun = await oidc.begin(`${origin}${CALLBACK_PATH}`, { before: session, joins: user })
        return begun.ok ? { status: 200, body: { continueAt: begun.value.url }, flow: begun.value.flow } : { error: 'storage' }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/me/organisation',
      summary: 'Part your account from the organisation: sign in with the password alone. Ends the sessions that the organisation began, and takes the roles that its rules gave',
      operation: 'account.change',
      body: v.object({ password }),
      answer: null,
      refusals: ['not-found', 'forbidden', 'wrong-credentials'],
      guardsSecret: true,
      async handle({ caller, body, note }) {
        note({ subject: 'organisation parted' })
        const { user, session } = must(caller, 'signed in')
        if (session === null) return { error: 'forbidden' }
        if (!organisation?.isJoined(user)) return { error: 'not-found' }
        // Without a password nothing would be left to sign in with; it is asked for, so there is one.
        if (!(await accounts.own.knowsPassword(user, must(body, 'checked by its schema').password))) return { error: 'wrong-credentials' }
        const isTied = organisation.isTied(session)
        organisation.part(user)
        return isTied ? { status: 204, session: null } : { status: 204 }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/oidc/backchannel',
      summary: 'The organisation says that sessions ended (OpenID Connect Back-Channel Logout)',
      operation: 'session.revoke',
      body: v.object({ logout_token: v.pipe(v.string(), v.maxLength(LOGOUT_TOKEN_CHARS_MAX)) }),
      takesForm: true,
      answer: null,
      refusals: ['not-found', 'storage'],
      async handle({ body, note }) {
        if (!oidc || !organisation) return { error: 'not-found' }
        const read = await oidc.readLogout(must(body, 'checked by its schema').logout_token)
        if (!read.ok) return { error: read.failure.kind === 'unreachable' ? 'storage' : 'bad-request' }
        const count = organisation.logout(read.value.issuer, read.value)
        note({ subject: `organisation, ${count} sessions` })
        return { status: 204 }
      },
    }),
  ]
}
