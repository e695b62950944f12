/**
 * What a dishonest organisation, or whoever stands between, might send: ID tokens and logout tokens of which none may be accepted. Each is made of claims
 * that are good, so that exactly one thing is wrong with it.
 */
import { createHash } from 'node:crypto'
import { base64url, exportJWK, exportSPKI, generateKeyPair, type JWTPayload } from 'jose'
import { must } from '../../shared/base/assert.ts'
import { CLIENT_ID, CLIENT_SECRET, type FakeOrganisation } from './organisation.ts'

export type Forgery = (claims: JWTPayload) => Promise<string> | string

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
export const seconds = (): number => Math.floor(Date.now() / 1_000)
/** As `at_hash` and `c_hash` are made. */
export const halfOf = (text: string): string => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

const part = (value: unknown): string => base64url.encode(JSON.stringify(value))
const without = (claims: JWTPayload, name: string): JWTPayload => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
const changedBy = (of: () => FakeOrganisation) => (change: (claims: JWTPayload) => JWTPayload): Forgery => (claims) => of().sign(change(claims))

/** In: the organisation, which may be started later. */
export function forgedTokens(of: () => FakeOrganisation): Readonly<Record<string, Forgery>> {
  const changed = changedBy(of)
  return {
    'alg none': (claims) => `${part({ alg: 'none' })}.${part(claims)}.`,
    'alg NONE with a signature': async (claims) => `${part({ alg: 'NONE' })}.${part(claims)}.${(await of().sign(claims)).split('.')[2] ?? ''}`,
    'HS256 with our client secret': (claims) => of().sign(claims, { alg: 'HS256', key: new TextEncoder().encode(CLIENT_SECRET) }),
    'HS256 with the public key as secret': async (claims) => of().sign(claims, { alg: 'HS256', key: new TextEncoder().encode(await exportSPKI((await generateKeyPair('RS256')).publicKey)) }),
    'a foreign key under the known kid': async (claims) => of().sign(claims, { key: (await generateKeyPair('RS256')).privateKey }),
    'a foreign key under an unknown kid': async (claims) => of().sign(claims, { key: (await generateKeyPair('RS256')).privateKey, header: { kid: 'other' } }),
    'a kid that is a path': (claims) => of().sign(claims, { header: { kid: '../../dev/null' } }),
    'a foreign key in the header': async (claims) => {
      const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
      return of().sign(claims, { key: privateKey, header: { jwk: await exportJWK(publicKey), kid: 'mine' } })
    },
    'a foreign key by address': async (claims) => of().sign(claims, { key: (await generateKeyPair('RS256')).privateKey, header: { jku: 'https://evil.example/jwks', kid: 'mine' } }),
    'another algorithm than the organisation signs with': async (claims) => of().sign(claims, { alg: 'ES256', key: (await generateKeyPair('ES256')).privateKey }),
    'no signature': async (claims) => `${(await of().sign(claims)).split('.').slice(0, 2).join('.')}.`,
    'a body changed after signing': async (claims) => {
      const [head, , signature] = (await of().sign(claims)).split('.')
      return `${head}.${part({ ...claims, sub: 'somebody else' })}.${signature}`
    },
    'another issuer': changed((claims) => ({ ...claims, iss: 'https://evil.example' })),
    'the issuer with a slash': changed((claims) => ({ ...claims, iss: `${of().issuer}/` })),
    'no issuer': changed((claims) => without(claims, 'iss')),
    'another audience': changed((claims) => ({ ...claims, aud: 'other' })),
    'no audience': changed((claims) => without(claims, 'aud')),
    'two audiences, and made for nobody in particular': changed((claims) => ({ ...claims, aud: [CLIENT_ID, 'other'] })),
    'one audience, made for another': changed((claims) => ({ ...claims, azp: 'other' })),
    'with the hash of another access token': changed((claims) => ({ ...claims, at_hash: halfOf('other') })),
    'with a hash that is no text': changed((claims) => ({ ...claims, at_hash: 7 })),
    'with the hash of another code': changed((claims) => ({ ...claims, c_hash: halfOf('other') })),
    'of tomorrow': changed((claims) => ({ ...claims, iat: seconds() + 86_400, exp: seconds() + 90_000 })),
    'of last year': changed((claims) => ({ ...claims, iat: seconds() - 365 * 86_400 })),
    'an empty subject': changed((claims) => ({ ...claims, sub: '' })),
    'an endless subject': changed((claims) => ({ ...claims, sub: 'a'.repeat(4_096) })),
    'two audiences, made for the other': changed((claims) => ({ ...claims, aud: [CLIENT_ID, 'other'], azp: 'other' })),
    'expired': changed((claims) => ({ ...claims, iat: seconds() - 900, exp: seconds() - 600 })),
    'without an end': changed((claims) => without(claims, 'exp')),
    'without a beginning': changed((claims) => without(claims, 'iat')),
    'not yet valid': changed((claims) => ({ ...claims, nbf: seconds() + 600 })),
    'another nonce': changed((claims) => ({ ...claims, nonce: 'x' })),
    'no nonce': changed((claims) => without(claims, 'nonce')),
    'no subject': changed((claims) => without(claims, 'sub')),
    'a subject that is no text': changed((claims) => ({ ...claims, sub: 7 as unknown as string })),
    'no token at all': () => '',
    'five parts': () => 'a.b.c.d.e',
    'nothing that is a token': () => 'x'.repeat(500),
  }
}

export function forgedLogouts(of: () => FakeOrganisation): Readonly<Record<string, Forgery>> {
  const changed = changedBy(of)
  const tokens = forgedTokens(of)
  return {
    'alg none': must(tokens['alg none'], 'there'),
    'HS256 with our client secret': must(tokens['HS256 with our client secret'], 'there'),
    'a foreign key': must(tokens['a foreign key under the known kid'], 'there'),
    'another issuer': must(tokens['another issuer'], 'there'),
    'another audience': must(tokens['another audience'], 'there'),
    'old': changed((claims) => ({ ...claims, iat: seconds() - 3_600 })),
    'expired': changed((claims) => ({ ...claims, exp: seconds() - 60 })),
    'without an event': changed((claims) => without(claims, 'events')),
    'of another event': changed((claims) => ({ ...claims, events: { 'https://example.org/other': {} } })),
    'with an event that is no object': changed((claims) => ({ ...claims, events: { [LOGOUT_EVENT]: 'yes' } })),
    'with an event that is a list': changed((claims) => ({ ...claims, events: { [LOGOUT_EVENT]: [] } })),
    'of tomorrow': changed((claims) => ({ ...claims, iat: seconds() + 86_400, exp: seconds() + 90_000 })),
    'with an empty number': changed((claims) => ({ ...claims, jti: '' })),
    'with a nonce, as an ID token has': changed((claims) => ({ ...claims, nonce: 'x' })),
    'of nobody': changed((claims) => without(without(claims, 'sub'), 'sid')),
    'without a number': changed((claims) => without(claims, 'jti')),
    'that is nothing': () => 'x',
  }
}
