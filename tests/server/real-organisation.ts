// A real identity provider beside a whole relay, and a browser as far as signing in with it needs one.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { beforeEach, vi } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import type { RoleRule } from '../../server/auth/claims.ts'
import { CLIENT_ID, CLIENT_SECRET } from '../support/organisation.ts'
import { atEnd, startUnderTest, type UnderTest } from './relay-under-test.ts'

/** The provider says at every start that it is set up for trying out, which is so. */
beforeEach(() => {
  for (const stream of ['info', 'warn'] as const) vi.spyOn(console, stream).mockImplementation(() => undefined)
})

type Claims = Record<string, unknown>

/** The provider knows whoever is in `people`; its own development pages ask for a login. */
/** In: `dist`, the built client, for a real browser. The provider is on another site than the relay, as it is everywhere. */
export async function startOrganisation(roleRules: readonly RoleRule[] = [], dist?: string) {
  const people = new Map<string, Claims>()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const relay = await startUnderTest({ oidc: { issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'openid profile email offline_access', roleRules }, ...(dist === undefined ? {} : { dist }) })
  const provider = new Provider(issuer, {
    clients: [{
      client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [`${relay.origin}/api/oidc/callback`], post_logout_redirect_uris: [`${relay.origin}/inloggen`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
      backchannel_logout_uri: `${relay.origin}/api/oidc/backchannel`, backchannel_logout_session_required: true,
    }],
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    claims: { openid: ['sub', 'sid', 'oid', 'tid'], profile: ['name', 'preferred_username', 'groups', 'roles', '_claim_names'], email: ['email'] },
    conformIdTokenClaims: false,
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    cookies: { keys: ['a key for cookies of the test'] },
    // By itself it asks no address of this machine: where the relay is in this test.
    fetch: (url: string | URL, options: RequestInit & { dispatcher?: unknown }) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    findAccount: (_context: unknown, sub: string) => (people.has(sub) ? { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) } : undefined),
  })
  server.on('request', provider.callback())
  return { relay, people, issuer, close: () => (server.closeAllConnections(), new Promise<void>((resolve) => server.close(() => resolve()))) }
}

/** A browser as far as signing in needs one: cookies of each side, redirects, and the forms of the provider. */
export function createBrowser(relay: UnderTest) {
  const jars = new Map<string, Map<string, string>>()
  async function go(url: string, form?: Record<string, string>): Promise<{ url: string; text: string; status: number }> {
    const { origin } = new URL(url)
    const jar = jars.get(origin) ?? new Map<string, string>()
    jars.set(origin, jar)
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET', redirect: 'manual', ...(form ? { body: new URLSearchParams(form) } : {}),
      headers: { connection: 'close', accept: 'text/html', cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (value === '' || attributes.some((one) => /expires=thu, 01 jan 1970/i.test(one))) jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    const text = await response.text()
    if (location === null) return { url, text, status: response.status }
    const next = new URL(location, url)
    return next.origin === relay.origin && ['/inloggen', '/'].includes(next.pathname) ? { url: next.href, text: '', status: 200 } : go(next.href)
  }
  const actionOf = (page: { url: string; text: string }): string => new URL(must(/action="([^"]+)"/.exec(page.text)?.[1], `a form in ${page.text.slice(0, 200)}`), page.url).href
  const sessionCookie = (): string => {
    const { cookieName } = relay.running.app.doorkeeper
    return `${cookieName}=${jars.get(relay.origin)?.get(cookieName) ?? ''}`
  }
  return {
    go, actionOf, sessionCookie, jars,
    /** From our sign-in page, or from where else we were sent, to where the browser ends; with the provider's session there may be no question at all. */
    async signIn(login: string, from = `${relay.origin}/api/oidc/login`): Promise<string> {
      let page = await go(from)
      while (page.text.includes('name="prompt"')) page = await go(actionOf(page), page.text.includes('value="login"') ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' })
      return page.url
    },
  }
}
