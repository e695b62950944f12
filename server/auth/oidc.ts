/**
 * Signing in with an organisation: the OpenID Connect code flow with PKCE, state and nonce, by openid-client. Knows the protocol and nothing of
 * accounts: what it returns is who the organisation says this is.
 *
 * - Every ID token's signature is checked, also one that came straight from the token endpoint, so that `none` and foreign keys never pass.
 * - A flow belongs to the browser that began it (a cookie holds its secret), lasts FLOW_MS, and ends at the first answer, good or bad: an answer
 *   cannot be used twice, nor brought by another browser.
 * - Logout tokens follow OpenID Connect Back-Channel Logout 1.0 §2.6, each once.
 * - The organisation is looked up when somebody needs it: a relay starts, and works, without it.
 */
import { createRemoteJWKSet, errors as joseErrors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import * as client from 'openid-client'
import type { Clock } from '../../shared/base/clock.ts'
import type { UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { Claims, RoleRule } from './claims.ts'
import { hashToken, isToken, newToken } from './secrets.ts'

export interface OidcSettings {
  issuer: string
  clientId: string
  clientSecret: string
  scope: string
  roleRules: readonly RoleRule[]
}

/** Who the organisation says this is. */
export interface Said {
  issuer: string
  subject: string
  /** Names the session there, for logging out from there. */
  sid: string | null
  claims: Claims
  refreshToken: string | null
}

export type OidcFailure = { kind: 'denied' | 'expired' | 'failed' | 'unreachable' }

/** What a flow was begun for, said by whoever began it and not by what comes back. */
export interface Errand {
  /** The session that the browser had. */
  before: string | null
  /** An account that there is already, to be joined to what the organisation says; null: to sign in. */
  joins: UserId | null
}

export interface Oidc {
  readonly issuer: string
  /** Out: where to send the browser, and the secret it keeps meanwhile. Who joins an account is asked for a password there, whoever that browser is signed in as. */
  begin(redirectUri: string, errand: Errand): Promise<Result<{ url: string; flow: string }, OidcFailure>>
  /** In: the secret of the browser, and the query that came back. */
  finish(flow: string | null, query: Readonly<Record<string, string>>): Promise<Result<Said & { errand: Errand }, OidcFailure & { errand: Errand | null }>>
  /** `failed`: the organisation does not renew it any more; `unreachable`: ask later. */
  renew(refreshToken: string, subject: string): Promise<Result<Pick<Said, 'claims' | 'refreshToken'>, { kind: 'failed' | 'unreachable' }>>
  /** Whose sessions a logout token ends. */
  readLogout(token: string): Promise<Result<{ subject: string | null; sid: string | null }, { kind: 'failed' | 'unreachable' }>>
  /**
   * Where a browser signs out of the organisation itself (OpenID Connect RP-Initiated Logout 1.0), and comes back from to `returnUri`. Null: it offers no such
   * page, or does not answer within FAREWELL_MS. Without an ID token as a hint, which would put names in an address: it may ask whether this is meant.
   */
  farewell(returnUri: string): Promise<string | null>
}

export interface OidcDeps {
  settings: OidcSettings
  clock: Clock
  dice: Dice
  report(event: { kind: string; [detail: string]: unknown }): void
}

/** From our page to the organisation's and back, with a second factor and a coffee. */
export const FLOW_MS = 10 * 60_000
/** Flows that wait; the oldest goes first. About 500 bytes each. */
const FLOWS_COUNT_MAX = 10_000
/** The specification asks for recent ones; clocks differ and networks repeat. */
const LOGOUT_AGE_SECONDS_MAX = 5 * 60
/** Somebody who signs out waits for this; what the organisation says was asked at sign-in, so only a relay that began since then has to ask. */
export const FAREWELL_MS = 3_000
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Signed with the organisation's own key: no `none`, and nothing that our shared secret could sign. */
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA']
const TIMEOUT_SECONDS = 10
const CLOCK_SKEW_SECONDS = 30

interface Flow {
  verifier: string
  state: string
  nonce: string
  redirectUri: string
  errand: Errand
  expiresAt: number
}

export function createOidc({ settings, clock, dice, report }: OidcDeps): Oidc {
  const flows = new Map<string, Flow>()
  const usedLogouts = new Map<string, number>()
  let known: Promise<{ config: client.Configuration; keys: JWTVerifyGetKey | null }> | null = null

  async function lookUp(): Promise<{ config: client.Configuration; keys: JWTVerifyGetKey | null }> {
    const issuer = new URL(settings.issuer)
    const execute = issuer.protocol === 'http:' ? [client.allowInsecureRequests, client.enableNonRepudiationChecks] : [client.enableNonRepudiationChecks]
    const metadata = { client_secret: settings.clientSecret, [client.clockTolerance]: CLOCK_SKEW_SECONDS }
    const config = await client.discovery(issuer, settings.clientId, metadata, undefined, { execute, timeout: TIMEOUT_SECONDS })
    const { jwks_uri: jwks } = config.serverMetadata()
    return { config, keys: jwks === undefined ? null : createRemoteJWKSet(new URL(jwks), { timeoutDuration: TIMEOUT_SECONDS * 1_000 }) }
  }
  const find = () => {
    known ??= lookUp().catch((problem: unknown) => {
      known = null // asked again next time
      throw problem
    })
    return known
  }

  /** A refusal of the organisation, or an answer that does not hold, is no bug: it is told without the answer itself. */
  function failureOf(during: string, problem: unknown): { kind: 'denied' | 'failed' | 'unreachable' } {
    const code = problem instanceof Error && 'code' in problem ? String(problem.code) : ''
    const name = problem instanceof client.ResponseBodyError || problem instanceof client.AuthorizationResponseError ? problem.error : code
    const kind = problem instanceof client.AuthorizationResponseError ? 'denied' : isUnreachable(problem) ? 'unreachable' : 'failed'
    report({ kind: 'organisation-sign-in', during, outcome: kind, reason: name || (problem instanceof Error ? problem.name : 'unknown') })
    return { kind }
  }

  /** What the ID token says, completed with what only the user info endpoint says, when a name or a rule needs it. */
  async function claimsOf(config: client.Configuration, tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, subject: string): Promise<Claims> {
    const claims: Claims = tokens.claims() ?? {}
    const wanted = new Set(['name', ...settings.roleRules.map(({ claim }) => claim.split('.')[0] ?? claim)])
    const isComplete = [...wanted].every((name) => Object.hasOwn(claims, name) || (name === 'groups' && Object.hasOwn(claims, '_claim_names')))
    if (isComplete || config.serverMetadata().userinfo_endpoint === undefined) return claims
    return { ...(await client.fetchUserInfo(config, tokens.access_token, subject)), ...claims }
  }

  return {
    issuer: settings.issuer,
    async begin(redirectUri, errand) {
      try {
        const { config } = await find()
        const [verifier, state, nonce, secret] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce(), newToken(dice)]
        for (const [key, { expiresAt }] of flows) if (expiresAt <= clock.now() || flows.size >= FLOWS_COUNT_MAX) flows.delete(key)
        flows.set(hashToken(secret), { verifier, state, nonce, redirectUri, errand, expiresAt: clock.now() + FLOW_MS })
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri, scope: settings.scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
          ...(errand.joins === null ? {} : { prompt: 'login' }),
        })
        return ok({ url: url.href, flow: secret })
      } catch (problem) {
        return fail(failureOf('begin', problem))
      }
    },
    async finish(secret, query) {
      const key = isToken(secret) ? hashToken(secret) : ''
      const flow = flows.get(key)
      flows.delete(key)
      if (!flow || flow.expiresAt <= clock.now()) return fail({ kind: 'expired', errand: flow?.errand ?? null })
      const { errand } = flow
      try {
        const { config } = await find()
        const url = new URL(flow.redirectUri)
        url.search = new URLSearchParams(query).toString()
        const tokens = await client.authorizationCodeGrant(config, url, { pkceCodeVerifier: flow.verifier, expectedState: flow.state, expectedNonce: flow.nonce, idTokenExpected: true })
        const said = tokens.claims()
        if (!said) return fail({ kind: 'failed', errand })
        const claims = await claimsOf(config, tokens, said.sub)
        return ok({ issuer: said.iss, subject: said.sub, sid: typeof said.sid === 'string' ? said.sid : null, claims, refreshToken: tokens.refresh_token ?? null, errand })
      } catch (problem) {
        return fail({ ...failureOf('finish', problem), errand })
      }
    },
    async renew(refreshToken, subject) {
      try {
        const { config } = await find()
        const tokens = await client.refreshTokenGrant(config, refreshToken)
        const said = tokens.claims()
        if (said && said.sub !== subject) return fail({ kind: 'failed' })
        return ok({ claims: await claimsOf(config, tokens, subject), refreshToken: tokens.refresh_token ?? null })
      } catch (problem) {
        return fail({ kind: failureOf('renew', problem).kind === 'unreachable' ? 'unreachable' : 'failed' })
      }
    },
    async readLogout(token) {
      try {
        const { config, keys } = await find()
        if (!keys) return fail({ kind: 'failed' })
        const { payload } = await jwtVerify(token, keys, {
          issuer: config.serverMetadata().issuer, audience: settings.clientId, algorithms: SIGNATURES, clockTolerance: CLOCK_SKEW_SECONDS, maxTokenAge: LOGOUT_AGE_SECONDS_MAX,
          requiredClaims: ['iat', 'jti', 'events'], currentDate: new Date(clock.now()),
        })
        const { jti, sub, sid, events, nonce } = payload
        const event = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[LOGOUT_EVENT] : undefined
        const isWhole = typeof event === 'object' && event !== null && nonce === undefined && typeof jti === 'string' && (typeof sub === 'string' || typeof sid === 'string')
        if (!isWhole || usedLogouts.has(jti)) return fail({ kind: 'failed' })
        for (const [used, at] of usedLogouts) if (at + (LOGOUT_AGE_SECONDS_MAX + CLOCK_SKEW_SECONDS) * 1_000 < clock.now()) usedLogouts.delete(used)
        usedLogouts.set(jti, clock.now())
        return ok({ subject: sub ?? null, sid: typeof sid === 'string' ? sid : null })
      } catch (problem) {
        return fail({ kind: failureOf('logout', problem).kind === 'unreachable' ? 'unreachable' : 'failed' })
      }
    },
    async farewell(returnUri) {
      const waited = Promise.withResolvers<null>()
      const timer = clock.after(FAREWELL_MS, () => waited.resolve(null))
      const asked = find().then(({ config }) => {
        const page = config.serverMetadata().end_session_endpoint
        // The window goes there: an address, and as safe as the one where people sign in.
        if (page === undefined || !URL.canParse(page) || !['https:', new URL(settings.issuer).protocol].includes(new URL(page).protocol)) return null
        return client.buildEndSessionUrl(config, { post_logout_redirect_uri: returnUri }).href
      }).catch((problem: unknown) => {
        failureOf('farewell', problem)
        return null
      })
      const url = await Promise.race([asked, waited.promise])
      timer.dispose()
      return url
    },
  }
}

/** Errors of the token endpoint that are about us or about its own day, not about the person. */
const NOT_ABOUT_THE_PERSON = new Set(['invalid_client', 'unauthorized_client', 'temporarily_unavailable', 'server_error', 'slow_down'])

/** Nothing came back, or a 5xx: the organisation, or the way there, is down. */
function isUnreachable(problem: unknown): boolean {
  if (problem instanceof joseErrors.JWKSTimeout || (problem instanceof client.ResponseBodyError && NOT_ABOUT_THE_PERSON.has(problem.error))) return true
  for (let one: unknown = problem; one instanceof Error; one = one.cause) {
    if ((one instanceof TypeError && !('code' in one)) || one.name === 'TimeoutError' || one.name === 'AbortError') return true
    if ('status' in one && typeof one.status === 'number' && one.status >= 500) return true
    if (one.cause instanceof Response) return one.cause.status >= 500
  }
  return false
}
