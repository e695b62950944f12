/**
 * Signing in with an organisation, over the browser: there, back, and out when the organisation says so.
 *
 * Coming back is a GET with an effect, as the protocol wants it; it has one only for the browser that went (its flow cookie) and once. Whatever goes
 * wrong ends on the sign-in page, which says it in words: the address holds a code from a short list and nothing of the answer.
 */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { OidcFailure, Oidc } from '../../auth/oidc.ts'
import type { Organisation } from '../../auth/organisation.ts'
import { defineRoute, type Answer, type Route } from '../route.ts'
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
        const begun = await oidc.begin(`${origin}${CALLBACK_PATH}`, caller?.session ?? null)
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
        if (!finished.ok) {
          note({ subject: `organisation ${finished.failure.kind}` })
          return failed(finished.failure.kind)
        }
        const entered = organisation.enter(finished.value)
        if (!entered) return failed('disabled')
        note({ who: entered.user, ...(entered.isOverage ? { subject: 'organisation, groups left out' } : {}) })
        // The cookie of an earlier session does not come along from another site; the flow remembered it.
        if (finished.value.before !== null) accounts.endSession(finished.value.before)
        const { token, session } = accounts.startSession(entered.user, device)
        organisation.tie(token, finished.value)
        return { status: 302, location: SIGN_IN_PAGE, session: { token, expiresAt: session.expiresAt }, flow: null }
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
        const count = organisation.logout(oidc.issuer, read.value)
        note({ subject: `organisation, ${count} sessions` })
        return { status: 204 }
      },
    }),
  ]
}
