// An identity provider that lies on request: discovery, keys, and a token endpoint that answers what the test says. What a good one does is tested
// against a real one (tests/server/oidc.test.ts); this one is for everything that must be refused.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'

export const CLIENT_ID = 'samenpad'
export const CLIENT_SECRET = 'een geheim van meer dan tweeendertig tekens'

export interface FakeOrganisation {
  issuer: string
  /** The answer of the token endpoint; reset before each trial. */
  answer: (form: URLSearchParams) => Promise<Record<string, unknown>> | Record<string, unknown>
  /** From now on it signs with another key, and publishes no other. */
  changeKey(kid: string): Promise<void>
  /** How often its keys were asked for. */
  keysAskedCount(): number
  sign(payload: JWTPayload, options?: { key?: CryptoKey | Uint8Array; alg?: string; header?: Record<string, unknown> }): Promise<string>
  close(): Promise<void>
}

/** In: what the discovery document says besides the usual. */
export async function startFakeOrganisation(metadata: Record<string, unknown> = {}): Promise<FakeOrganisation> {
  async function newKey(kid: string) {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    return { key: privateKey, kid, jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }] } }
  }
  let own = await newKey('first')
  let keysAsked = 0
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]
    const send = (body: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (path === '/.well-known/openid-configuration') {
      const { issuer } = fake
      return send({
        issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'], subject_types_supported: ['pairwise'], id_token_signing_alg_values_supported: ['RS256'], code_challenge_methods_supported: ['S256'], ...metadata,
      })
    }
    if (path === '/jwks') {
      keysAsked++
      return send(own.jwks)
    }
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      Promise.resolve(fake.answer(new URLSearchParams(body))).then(send, () => response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeOrganisation = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: () => ({}),
    async changeKey(kid) {
      own = await newKey(kid)
    },
    keysAskedCount: () => keysAsked,
    sign: (payload, { key = own.key, alg = 'RS256', header = {} } = {}) => new SignJWT(payload).setProtectedHeader({ alg, kid: own.kid, ...header }).sign(key),
    close: () => new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    }),
  }
  return fake
}
