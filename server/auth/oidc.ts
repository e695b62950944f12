/**
 * Signing in with an organisation: the OpenID Connect code flow with PKCE, state and nonce, by openid-client. Knows the protocol and nothing of
 * accounts: what it returns is who the organisation says this is.
 *
 * - Every ID token's signature is checked, also one that came straight from the token endpoint, so that `none` and foreign keys never pass; and what
 *   binds it to us, to this moment and to the tokens that came with it, where the specification leaves that to us.
 * - Keys are asked for anew when a token is signed with one that we do not know: an organisation may change them between two sign-ins.
 * - A flow belongs to the browser that began it, which keeps it itself (sealed, in a cookie), lasts FLOW_MS, and ends at the first answer, good or bad: an
 *   answer cannot be used twice, nor brought by another browser. Nothing is kept here of who began and did not come back: strangers may begin as many as they like.
 * - Logout tokens follow OpenID Connect Back-Channel Logout 1.0 §2.6, each once.
 * - The organisation is looked up when somebody needs it: a relay starts, and works, without it.
 */
import { createHash } from 'node:crypto'
import { compactVerify, createRemoteJWKSet, EncryptJWT, errors as joseErrors, jwtDecrypt, jwtVerify } from 'jose'
import * as client from 'openid-client'
import type { Clock } from '../../shared/base/clock.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { randomBytes, type Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { Claims, RoleRule } from './claims.ts'
import { hashToken } from './secrets.ts'

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
  /** Out: where to send the browser, and the flow that it keeps meanwhile, sealed (about 500 characters). Who joins an account is asked for a password there, whoever that browser is signed in as. */
  begin(redirectUri: string, errand: Errand): Promise<Result<{ url: string; flow: string }, OidcFailure>>
  /**
   * In: what the browser kept, and the query that came back. `isOther`: that answers another flow than the one kept, as where a second window began to sign in;
   * the one that is kept goes on.
   */
  finish(flow: string | null, query: Readonly<Record<string, string>>): Promise<Result<Said & { errand: Errand }, OidcFailure & { errand: Errand | null; isOther?: true }>>
  /** Out: `claims` null when it says nothing of the person. `failed`: the organisation does not renew it any more; `unreachable`: ask later. */
  renew(refreshToken: string, subject: string): Promise<Result<Pick<Said, 'refreshToken'> & { claims: Claims | null }, { kind: 'failed' | 'unreachable' }>>
  /** Whose sessions a logout token ends. The issuer is the one that its ID tokens name, however ours is written in the settings. */
  readLogout(token: string): Promise<Result<{ issuer: string; subject: string | null; sid: string | null }, { kind: 'failed' | 'unreachable' }>>
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
/** Flows that ended and are not over yet; the oldest goes first. The organisation takes a code once as well. About 150 bytes each. */
const ENDED_FLOWS_COUNT_MAX = 10_000
const SEAL_KEY_BYTES = 32
const SEAL = { alg: 'dir', enc: 'A256GCM' } as const
/** The specification asks for recent ones; clocks differ and networks repeat. */
const LOGOUT_AGE_SECONDS_MAX = 5 * 60
/** Somebody who signs out waits for this; what the organisation says was asked at sign-in, so only a relay that began since then has to ask. */
export const FAREWELL_MS = 3_000
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Signed with the organisation's own key: no `none`, and nothing that our shared secret could sign. */
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA']
const TIMEOUT_SECONDS = 10
const CLOCK_SKEW_SECONDS = 30
/** Entra ID dates its tokens back by minutes; a token of yesterday is of another sign-in. */
const ID_TOKEN_AGE_SECONDS_MAX = 24 * 3_600
/** OpenID Connect Core §2. */
const SUBJECT_CHARS_MAX = 255
/** Whoever sends logout tokens under made-up keys makes us ask for keys, so that is bounded; each time serves everybody. */
const KEYS_ASKED_PER_MINUTE_MAX = 30
/** An organisation that moves its pages says so in what it publishes; it is read again after this long. */
const PUBLISHED_AGE_MS = 60 * 60_000
const MINUTE_MS = 60_000

type Keys = ReturnType<typeof createRemoteJWKSet>

interface Flow {
  verifier: string
  state: string
  nonce: string
  redirectUri: string
  errand: Errand
  expiresAt: number
}

export function createOidc({ settings, clock, dice, report }: OidcDeps): Oidc {
  /** Of this process: a flow does not outlive it. */
  const sealKey = randomBytes(dice, SEAL_KEY_BYTES)
  const seal = (flow: Flow): Promise<string> => new EncryptJWT({ ...flow }).setProtectedHeader(SEAL).encrypt(sealKey)
  /** When each is over, by the hash of what the browser keeps. */
  const endedFlows = new Map<string, number>()
  const usedLogouts = new Map<string, number>()
  let keysAsked = { since: 0, count: 0 }
  let known: Promise<{ config: client.Configuration; keys: Keys | null }> | null = null

  async function lookUp(): Promise<{ config: client.Configuration; keys: Keys | null }> {
    const issuer = new URL(settings.issuer)
    const execute = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []
    const metadata = { client_secret: settings.clientSecret, [client.clockTolerance]: CLOCK_SKEW_SECONDS }
    const config = await client.discovery(issuer, settings.clientId, metadata, undefined, { execute, timeout: TIMEOUT_SECONDS })
    const { issuer: named, jwks_uri: jwks } = config.serverMetadata()
    // Entra ID names itself with a gap for the tenant where everybody's is let in, with roles of its own making; however the address was written or pasted.
    if (named.includes('{')) throw Object.assign(new Error('the issuer is of every tenant'), { code: 'issuer-of-every-tenant' })
    return { config, keys: jwks === undefined ? null : createRemoteJWKSet(new URL(jwks), { timeoutDuration: TIMEOUT_SECONDS * 1_000 }) }
  }
  let foundAt = 0
  /** What was found before is used until it is found anew: nobody waits for that, and an organisation that is away for a moment stays known. */
  const find = () => {
    if (known && Math.abs(clock.now() - foundAt) < PUBLISHED_AGE_MS) return known
    foundAt = clock.now()
    const fresh = lookUp()
    if (known) fresh.then(() => void (known = fresh), (problem: unknown) => void failureOf('look up', problem))
    else {
      known = fresh.catch((problem: unknown) => {
        known = null // asked again next time
        throw problem
      })
    }
    return known
  }

  /** A refusal of the organisation, or an answer that does not hold, is no bug: it is told without the answer itself. */
  function failureOf(during: string, problem: unknown): { kind: 'denied' | 'failed' | 'unreachable' } {
    const code = problem instanceof Error && 'code' in problem ? String(problem.code) : ''
    const name = problem instanceof client.ResponseBodyError || problem instanceof client.AuthorizationResponseError ? problem.error : code
    const kind = problem instanceof client.AuthorizationResponseError ? 'denied' : isUnreachable(problem) ? 'unreachable' : 'failed'
    // Codes of the standard are such words; whatever else stands there, whoever sends a browser back can write.
    const reason = name === '' || !/^[\w.-]{1,60}$/.test(name) ? (problem instanceof Error ? problem.name : 'unknown') : name
    report({ kind: 'organisation-sign-in', during, outcome: kind, reason })
    return { kind }
  }

  /** Out: null where it is none of ours. */
  async function openFlow(kept: string): Promise<Flow | null> {
    try {
      // What opens with our key was sealed with it: of this shape.
      return (await jwtDecrypt<Flow & Record<string, unknown>>(kept, sealKey, { keyManagementAlgorithms: [SEAL.alg], contentEncryptionAlgorithms: [SEAL.enc] })).payload
    } catch (problem) {
      if (problem instanceof joseErrors.JOSEError) return null
      throw problem
    }
  }
  /** Out: false where it was ended before. */
  function endFlow(kept: string, { expiresAt }: Flow): boolean {
    const key = hashToken(kept)
    if (endedFlows.has(key)) return false
    for (const [one, until] of endedFlows) if (until <= clock.now() || endedFlows.size >= ENDED_FLOWS_COUNT_MAX) endedFlows.delete(one)
    endedFlows.set(key, expiresAt)
    return true
  }

  function mayAskForKeys(): boolean {
    if (Math.abs(clock.now() - keysAsked.since) >= MINUTE_MS) keysAsked = { since: clock.now(), count: 0 }
    return ++keysAsked.count <= KEYS_ASKED_PER_MINUTE_MAX
  }

  /** In: a question that needs the keys. Asked once more with fresh ones when a key is unknown. */
  async function withKeys<T>(keys: Keys | null, ask: (keys: Keys) => Promise<T>): Promise<T> {
    if (!keys) throw new Error('the organisation publishes no keys')
    try {
      return await ask(keys)
    } catch (problem) {
      if (!(problem instanceof joseErrors.JWKSNoMatchingKey) || !mayAskForKeys()) throw problem
    }
    await keys.reload()
    return ask(keys)
  }

  /** In: what belongs together; `code` null where there was none. Errors: throws when it does not, or the signature is not the organisation's. */
  async function check(keys: Keys | null, tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, code: string | null): Promise<void> {
    const { id_token: token, access_token: access } = tokens
    const claims = tokens.claims()
    if (token === undefined || !claims) return
    const { protectedHeader: { alg } } = await withKeys(keys, (known) => compactVerify(token, known, { algorithms: SIGNATURES }))
    const now = clock.now() / 1_000
    const isOfUs = claims.azp === undefined || claims.azp === settings.clientId
    const isOfSomebody = claims.sub !== '' && claims.sub.length <= SUBJECT_CHARS_MAX
    const isOfNow = claims.iat <= now + CLOCK_SKEW_SECONDS && (code === null || claims.iat >= now - ID_TOKEN_AGE_SECONDS_MAX)
    const belongs = (claim: unknown, to: string | null): boolean => claim === undefined || (to !== null && claim === halfHash(alg, to))
    if (!isOfUs || !isOfSomebody || !isOfNow || !belongs(claims.at_hash, access) || !belongs(claims.c_hash, code)) throw new Error('an ID token that is of something else')
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
    async begin(redirectUri, errand) {
      try {
        const { config } = await find()
        const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri, scope: settings.scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
          ...(errand.joins === null ? {} : { prompt: 'login' }),
        })
        return ok({ url: url.href, flow: await seal({ verifier, state, nonce, redirectUri, errand, expiresAt: clock.now() + FLOW_MS }) })
      } catch (problem) {
        return fail(failureOf('begin', problem))
      }
    },
    async finish(kept, query) {
      const flow = kept === null ? null : await openFlow(kept)
      if (kept === null || !flow || flow.expiresAt <= clock.now()) return fail({ kind: 'expired', errand: flow?.errand ?? null })
      if (query.state !== flow.state) return fail({ kind: 'expired', errand: null, isOther: true })
      if (!endFlow(kept, flow)) return fail({ kind: 'expired', errand: null })
      const { errand } = flow
      try {
        const { config, keys } = await find()
        const url = new URL(flow.redirectUri)
        url.search = new URLSearchParams(query).toString()
        const tokens = await client.authorizationCodeGrant(config, url, { pkceCodeVerifier: flow.verifier, expectedState: flow.state, expectedNonce: flow.nonce, idTokenExpected: true })
        const said = tokens.claims()
        if (!said) return fail({ kind: 'failed', errand })
        await check(keys, tokens, query.code ?? null)
        const claims = await claimsOf(config, tokens, said.sub)
        return ok({ issuer: said.iss, subject: said.sub, sid: typeof said.sid === 'string' ? said.sid : null, claims, refreshToken: tokens.refresh_token ?? null, errand })
      } catch (problem) {
        return fail({ ...failureOf('finish', problem), errand })
      }
    },
    async renew(refreshToken, subject) {
      try {
        const { config, keys } = await find()
        const tokens = await client.refreshTokenGrant(config, refreshToken)
        const said = tokens.claims()
        if (said && said.sub !== subject) return fail({ kind: 'failed' })
        await check(keys, tokens, null)
        const isSilent = !said && config.serverMetadata().userinfo_endpoint === undefined
        return ok({ claims: isSilent ? null : await claimsOf(config, tokens, subject), refreshToken: tokens.refresh_token ?? null })
      } catch (problem) {
        return fail({ kind: failureOf('renew', problem).kind === 'unreachable' ? 'unreachable' : 'failed' })
      }
    },
    async readLogout(token) {
      try {
        const { config, keys } = await find()
        const { issuer } = config.serverMetadata()
        const { payload } = await withKeys(keys, (known) => jwtVerify(token, known, {
          issuer, audience: settings.clientId, algorithms: SIGNATURES, clockTolerance: CLOCK_SKEW_SECONDS, maxTokenAge: LOGOUT_AGE_SECONDS_MAX,
          requiredClaims: ['iat', 'jti', 'events'], currentDate: new Date(clock.now()),
        }))
        const { jti, sub, sid, events, nonce } = payload
        const event = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[LOGOUT_EVENT] : undefined
        const isWhole = typeof event === 'object' && event !== null && !Array.isArray(event) && nonce === undefined && typeof jti === 'string' && jti !== '' && (typeof sub === 'string' || typeof sid === 'string')
        if (!isWhole || usedLogouts.has(jti)) return fail({ kind: 'failed' })
        for (const [used, at] of usedLogouts) if (at + (LOGOUT_AGE_SECONDS_MAX + CLOCK_SKEW_SECONDS) * 1_000 < clock.now()) usedLogouts.delete(used)
        usedLogouts.set(jti, clock.now())
        return ok({ issuer, subject: sub ?? null, sid: typeof sid === 'string' ? sid : null })
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

/** The left half of a hash under which an ID token names what came with it (OpenID Connect Core §3.1.3.6). */
function halfHash(alg: string, of: string): string {
  const size = /(256|384|512)$/.exec(alg)?.[1] ?? '512' // Ed25519 hashes with SHA-512
  const hash = createHash(`sha${size}`).update(of, 'ascii').digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}

/** Errors of the token endpoint that are about us or about its own day, not about the person. */
const NOT_ABOUT_THE_PERSON = new Set(['invalid_client', 'unauthorized_client', 'temporarily_unavailable', 'server_error', 'slow_down'])

/** Nothing came back, or a 5xx: the organisation, or the way there, is down. */
function isUnreachable(problem: unknown): boolean {
  // A page of keys that is no page of keys, or none at all, is told by the library's plainest error.
  if (problem instanceof joseErrors.JWKSTimeout || (problem instanceof joseErrors.JOSEError && problem.code === joseErrors.JOSEError.code) || (problem instanceof client.ResponseBodyError && NOT_ABOUT_THE_PERSON.has(problem.error))) return true
  for (let one: unknown = problem; one instanceof Error; one = one.cause) {
    if ((one instanceof TypeError && !('code' in one)) || one.name === 'TimeoutError' || one.name === 'AbortError') return true
    if ('status' in one && typeof one.status === 'number' && one.status >= 500) return true
    if (one.cause instanceof Response) return one.cause.status >= 500
  }
  return false
}
