// H1 and H2: what a browser is told about every answer. The score counts as the observatory of Mozilla does; what it cannot see from outside (certificates) is not in it.
import { expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { bareHeaders } from '../../server/http/headers.ts'
import { raw, startUnderTest, type UnderTest } from './relay-under-test.ts'

const PUBLIC_URL = 'https://samenpad.gemeente.nl'
const HALF_A_YEAR_SECONDS = 15_768_000
const statusOf = (answer: string): number => Number(answer.split(' ')[1])
const behindTls = (): Promise<UnderTest> => startUnderTest({ publicUrl: PUBLIC_URL, securityContact: 'mailto:veilig@gemeente.nl' })

const policyOf = (headers: Headers): Map<string, string[]> =>
  new Map((headers.get('content-security-policy') ?? '').split(';').map((directive) => directive.trim().split(/\s+/)).map(([name = '', ...sources]) => [name, sources]))

/** Above 100 where what is asked for is there and more; each miss costs what it costs there. */
function scoreOf(headers: Headers, cookie: string): { score: number; misses: string[] } {
  const policy = policyOf(headers)
  const scripts = policy.get('script-src') ?? policy.get('default-src') ?? []
  const styles = policy.get('style-src') ?? policy.get('default-src') ?? []
  const misses: string[] = []
  let score = 100
  const judge = (what: string, isFine: boolean, bonus: number, cost: number): void => {
    score += isFine ? bonus : -cost
    if (!isFine) misses.push(what)
  }
  judge('a policy without unsafe sources', scripts.length > 0 && ![...scripts, ...styles].some((source) => ["'unsafe-inline'", "'unsafe-eval'", 'data:', '*', 'http:', 'https:'].includes(source)), 5, 20)
  judge('a policy that begins at nothing', policy.get('default-src')?.join() === "'none'", 5, 0)
  judge('no frames around it', policy.get('frame-ancestors')?.join() === "'none'" && headers.get('x-frame-options') === 'DENY', 5, 20)
  judge('cookies: Secure, HttpOnly, SameSite', /; Secure/.test(cookie) && /; HttpOnly/.test(cookie) && /; SameSite=Strict/.test(cookie) && cookie.startsWith('__Host-'), 5, 40)
  judge('HSTS for half a year', Number(/max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '')?.[1] ?? 0) >= HALF_A_YEAR_SECONDS, 0, 20)
  judge('no sniffing', headers.get('x-content-type-options') === 'nosniff', 0, 5)
  judge('no referrer', headers.get('referrer-policy') === 'no-referrer', 5, 5)
  judge('resources for our own pages', headers.get('cross-origin-resource-policy') === 'same-origin', 10, 0)
  judge('no other origin may read', headers.get('access-control-allow-origin') === null, 0, 50)
  return { score, misses }
}

test('H1: the page, its parts, an answer and an error score 110 or more', async () => {
  const relay = await behindTls()
  const { token } = relay.running.accounts.createSetupLink()
  const signedIn = await relay.ask('POST', `/api/links/${token}`, { origin: PUBLIC_URL, body: { login: 'beheer@gemeente.nl', name: 'beheer', job: 'beheer', organisation: 'gemeente', password: 'elf fietsen in de regen' } })
  const cookie = must(signedIn.headers.get('set-cookie'), 'a cookie')
  for (const path of ['/', '/afspraken/x', '/assets/main-1a2b3c.js', '/sw.js', '/api/me', '/api/nergens', '/healthz', '/.well-known/security.txt']) {
    const { headers } = await relay.ask('GET', path, { accept: '*/*' })
    const { score, misses } = scoreOf(headers, cookie)
    expect([path, misses, score >= 110]).toEqual([path, [], true])
  }
  const bare = scoreOf(new Headers(), '')
  expect([bare.score < 0, bare.misses.length]).toEqual([true, 8])
})

test('H1: nothing is inline or evaluated, wasm alone is compiled, and strings become script or markup under two named policies only', async () => {
  const policy = policyOf((await (await behindTls()).ask('GET', '/', { accept: 'text/html' })).headers)
  expect(policy.get('script-src')).toEqual(["'self'", "'wasm-unsafe-eval'"])
  expect(policy.get('require-trusted-types-for')).toEqual(["'script'"])
  expect(policy.get('trusted-types')).toEqual(['default', 'svelte-trusted-html'])
  // No third party at all: every source is our own, or something that the window made itself.
  expect([...policy.values()].flat().filter((source) => !["'self'", "'none'", "'wasm-unsafe-eval'", 'data:', 'blob:', "'unsafe-inline'", "'script'", 'default', 'svelte-trusted-html'].includes(source))).toEqual([])
  expect([...policy].filter(([, sources]) => sources.includes("'unsafe-inline'")).map(([name]) => name)).toEqual(['style-src-attr'])
})

test('H2: no answer to somebody signed in may be kept by anybody, of any route, refused ones too', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { cookie, user } = await relay.member(space, 'admin')
  for (const { method, path } of relay.running.app.routes.filter((route) => !route.path.startsWith('/api/me') || route.method === 'GET')) {
    if (path === '/api/session') continue
    const answer = await relay.ask(method, path.replace(':space', space).replace(':user', user).replaceAll(/:\w+/g, 'f'.repeat(32)), { cookie, ...(method === 'GET' ? {} : { body: {} }) })
    expect([method, path, answer.headers.get('cache-control')]).toEqual([method, path, 'no-store'])
  }
  // What is the same for everybody may be kept; the page itself is asked for anew.
  expect((await relay.ask('GET', '/assets/main-1a2b3c.js', { cookie })).headers.get('cache-control')).toContain('immutable')
  expect((await relay.ask('GET', '/', { cookie, accept: 'text/html' })).headers.get('cache-control')).toBe('no-cache')
})

test('H2: signing out empties the browser’s own cache and takes the cookie away, and leaves what others have not sent yet', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'member')
  const { headers } = await relay.ask('DELETE', '/api/session', { cookie })
  expect(headers.get('clear-site-data')).toBe('"cache"')
  expect(headers.get('set-cookie')).toMatch(/Expires=Thu, 01 Jan 1970/)
})

test('H2: a service worker that does harm can be withdrawn', async () => {
  const usual = await startUnderTest()
  expect((await usual.ask('GET', '/sw.js')).text).toBe('// service worker')
  const relay = await startUnderTest({ withdrawsWorker: true })
  const { status, text, headers } = await relay.ask('GET', '/sw.js')
  expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, 'text/javascript; charset=utf-8', 'no-cache'])
  expect(text).toContain('unregister()')
  expect(text).not.toMatch(/indexedDB|localStorage|clients/)
  // The page says so, wherever it is asked for, and is kept as little as ever.
  for (const path of ['/', '/index.html', `/item/${'0'.repeat(32)}`]) {
    const [plain, marked] = [await usual.ask('GET', path, { accept: 'text/html' }), await relay.ask('GET', path, { accept: 'text/html' })]
    expect([plain.text.includes('withdrawn'), marked.text.includes('<meta name="samenpad-worker" content="withdrawn">')]).toEqual([false, true])
    expect([marked.status, marked.headers.get('content-type'), marked.headers.get('cache-control')]).toEqual([200, 'text/html; charset=utf-8', 'no-cache'])
  }
})

test('H1: what is no request or no handshake is answered with the whole list as well, and its connection goes', async () => {
  const relay = await behindTls()
  const whole = Object.keys(bareHeaders(true)).map((name) => name.toLowerCase())
  const host = `Host: ${new URL(PUBLIC_URL).host}\r\n`
  const handshake = `${host}Connection: Upgrade\r\nUpgrade: websocket\r\n`
  for (const [sent, status] of [
    ['GET /version HTTP/1.1\r\n', 400], [`POST /api/session HTTP/1.1\r\n${host}Expect: 999\r\n`, 417],
    ...['/sync', `/yjs/${'ab'.repeat(16)}`].flatMap((path): [string, number][] => [
      [`POST ${path} HTTP/1.1\r\n${handshake}`, 405], [`GET ${path} HTTP/1.1\r\n${handshake}`, 400], [`GET ${path} HTTP/1.1\r\n${handshake}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 7\r\n`, 400],
    ]),
  ] as const) {
    const answer = await raw(relay.port, `${sent}\r\n`)
    expect([sent, statusOf(answer)]).toEqual([sent, status])
    const names = new Set(answer.split('\r\n').slice(1).map((line) => line.split(':')[0]?.toLowerCase()))
    expect([sent, whole.filter((name) => !names.has(name))]).toEqual([sent, []])
  }
  // What watches over a relay may speak HTTP/1.0, which knows no host.
  expect(statusOf(await raw(relay.port, 'GET /healthz HTTP/1.0\r\n\r\n'))).toBe(200)
})
