// [A9] Joining an account with a password to a login at the organisation, and parting the two: by the person themself, against a real provider, and everything
// by which somebody else's account could be taken, or somebody else's login put on one's own.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Asked } from './relay-under-test.ts'
import { CLIENT_ID, CLIENT_SECRET, startFakeOrganisation, type FakeOrganisation } from '../support/organisation.ts'
import { createBrowser, startOrganisation } from './real-organisation.ts'
import { atEnd, openSocket, PASSWORD, person, startUnderTest, type UnderTest } from './relay-under-test.ts'

const PATH = '/api/me/organisation'
type World = Awaited<ReturnType<typeof startOrganisation>>
type Browser = ReturnType<typeof createBrowser>

/** Somebody with a password, by invitation, in a browser of their own. */
async function joined(relay: UnderTest, space: string, login: string): Promise<{ browser: Browser; cookie: string; user: string }> {
  const { token } = relay.running.accounts.createInvitation({ space, role: 'member', by: null })
  const answer = await relay.ask('POST', `/api/links/${token}`, { body: person(login) })
  const browser = createBrowser(relay)
  browser.jars.set(relay.origin, new Map([answer.cookie.split('=') as [string, string]]))
  return { browser, cookie: answer.cookie, user: (answer.json as { person: { user: string } }).person.user }
}
const ask = (relay: UnderTest, cookie: string, password = PASSWORD): Promise<Asked> => relay.ask('POST', PATH, { cookie, body: { password } })
/** Takes the cookie of the way there along, as the browser does. */
function take(browser: Browser, relay: UnderTest, answer: Asked): string {
  for (const line of answer.headers.getSetCookie()) browser.jars.get(relay.origin)?.set(...((line.split(';')[0] ?? '').split('=') as [string, string]))
  return (answer.json as { continueAt: string }).continueAt
}
const identities = ({ running }: UnderTest): unknown[] => running.accounts.database.all('SELECT subject, user FROM identities ORDER BY subject')
const me = async (relay: UnderTest, cookie: string): Promise<unknown> => (await relay.ask('GET', '/api/me', { cookie })).json

describe('with a real provider', () => {
  let world: World
  let relay: UnderTest
  let space: string
  beforeEach(async () => {
    world = await startOrganisation([{ claim: 'groups', value: 'g-almere', space: 'Almere', role: 'leader' }])
    relay = world.relay
    space = relay.space('Schiedam')
    relay.space('Almere')
    world.people.set('AAAA', { name: 'verloskundige Zuid', groups: ['g-almere'] })
    world.people.set('BBBB', { name: 'iemand anders' })
  })

  test('joined: the same account by either way in, name and roles of the organisation, asked for both passwords; parted: as before', async () => {
    const almere = relay.running.accounts.spaces().find(({ name }) => name === 'Almere')?.space ?? ''
    const { browser, cookie, user } = await joined(relay, space, 'eigen@praktijk.nl')
    expect(await me(relay, cookie)).toMatchObject({ source: 'password', hasPassword: true })
    const asked = await ask(relay, cookie)
    expect(asked.status).toBe(200)
    const there = take(browser, relay, asked)
    expect([new URL(there).searchParams.get('prompt'), new URL(there).searchParams.get('code_challenge_method')]).toEqual(['login', 'S256'])
    expect(await browser.signIn('AAAA', there)).toBe(`${relay.origin}/?verbonden=ja`)
    // The session is the one that asked: coming back signs nobody in.
    expect(browser.sessionCookie()).toBe(cookie)
    expect(await me(relay, cookie)).toMatchObject({ person: { user, name: 'verloskundige Zuid' }, login: 'eigen@praktijk.nl', source: 'organisation', hasPassword: true })
    expect([space, almere].map((one) => relay.running.accounts.roleIn(user, one))).toEqual(['member', 'leader'])
    const other = createBrowser(relay)
    await other.signIn('AAAA')
    expect(await me(relay, other.sessionCookie())).toMatchObject({ person: { user } })
    expect((await relay.ask('POST', '/api/session', { body: { login: 'eigen@praktijk.nl', password: PASSWORD } })).status).toBe(200)
    expect((await ask(relay, cookie)).json).toEqual({ error: 'conflict' })

    const socket = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie: other.sessionCookie(), origin: relay.origin })
    await socket.opened
    const part = (password: string): Promise<Asked> => relay.ask('DELETE', PATH, { cookie, body: { password } })
    expect((await part('verkeerd wachtwoord')).json).toEqual({ error: 'wrong-credentials' })
    expect([(await part(PASSWORD)).status, (await part(PASSWORD)).json]).toEqual([204, { error: 'not-found' }])
    expect(await socket.closed).toBe(4401)
    expect(await me(relay, cookie)).toMatchObject({ person: { user }, source: 'password' })
    expect([space, almere].map((one) => relay.running.accounts.roleIn(user, one))).toEqual(['member', null])
    // Whoever signs in there is somebody new from now on.
    const again = createBrowser(relay)
    await again.signIn('AAAA')
    expect(await me(relay, again.sessionCookie())).not.toMatchObject({ person: { user } })
    const { audit } = relay.running.accounts
    expect(audit.page({ who: user, operation: 'account.change' }, 10).records.map(({ subject, result }) => `${subject} ${result}`)).toEqual([
      'organisation parted refused', 'organisation parted done', 'organisation parted refused', 'organisation asked refused', 'organisation joined done', 'organisation asked done',
    ])
    expect(audit.verify().brokenAt).toBeNull()
  })

  test('whoever signs in with the organisation alone has no password, and so cannot part', async () => {
    const browser = createBrowser(relay)
    await browser.signIn('AAAA')
    for (const password of ['', PASSWORD]) expect((await relay.ask('DELETE', PATH, { cookie: browser.sessionCookie(), body: { password } })).json).toEqual({ error: 'wrong-credentials' })
    expect(identities(relay)).toHaveLength(1)
  })

  test('parting from within a session of the organisation ends it as well', async () => {
    const { browser, cookie } = await joined(relay, space, 'eigen@praktijk.nl')
    await browser.signIn('AAAA', take(browser, relay, await ask(relay, cookie)))
    const other = createBrowser(relay)
    await other.signIn('AAAA')
    const parted = await relay.ask('DELETE', PATH, { cookie: other.sessionCookie(), body: { password: PASSWORD } })
    expect([parted.status, parted.headers.get('set-cookie')]).toEqual([204, expect.stringMatching(/Expires=Thu, 01 Jan 1970/)])
    expect([(await me(relay, other.sessionCookie())), await me(relay, cookie)]).toMatchObject([{ error: 'signed-out' }, { source: 'password' }])
  })

  test('a login of somebody else is not joined, and neither account changes', async () => {
    const theirs = createBrowser(relay)
    await theirs.signIn('BBBB')
    const before = identities(relay)
    const { browser, cookie, user } = await joined(relay, space, 'eigen@praktijk.nl')
    expect(await browser.signIn('BBBB', take(browser, relay, await ask(relay, cookie)))).toBe(`${relay.origin}/?verbonden=taken`)
    expect(identities(relay)).toEqual(before)
    expect(await me(relay, cookie)).toMatchObject({ person: { user, name: 'projectleider' }, source: 'password' })
    expect(await me(relay, theirs.sessionCookie())).toMatchObject({ person: { name: 'iemand anders' } })
    expect(relay.running.accounts.audit.page({ who: user, operation: 'account.change' }, 1).records).toMatchObject([{ subject: 'organisation taken', result: 'refused' }])
  })

  test('nobody begins it without the password, a script never, a foreign page never', async () => {
    const { cookie } = await joined(relay, space, 'eigen@praktijk.nl')
    const linked = await relay.member(space, 'member') // came by a link and has no password
    for (const answer of [await ask(relay, cookie, 'verkeerd wachtwoord'), await ask(relay, cookie, ''), await ask(relay, linked.cookie, ''), await ask(relay, linked.cookie)]) expect([answer.status, answer.json, answer.headers.get('set-cookie')]).toEqual([401, { error: 'wrong-credentials' }, null])
    expect((await relay.ask('POST', PATH, { bearer: relay.bearer(space, 'admin'), origin: null, body: { password: PASSWORD } })).json).toEqual({ error: 'forbidden' })
    for (const origin of ['http://evil.example', null]) expect((await relay.ask('POST', PATH, { cookie, origin, body: { password: PASSWORD } })).json).toEqual({ error: 'forbidden' })
    expect((await relay.ask('POST', PATH, { body: { password: PASSWORD } })).json).toEqual({ error: 'signed-out' })
    // What a mail could make somebody click does nothing.
    expect((await relay.ask('GET', PATH, { cookie })).status).toBe(404)
  })
})

describe('with a provider that lies', () => {
  let organisation: FakeOrganisation
  let relay: UnderTest
  let eigen: Awaited<ReturnType<typeof joined>>
  beforeEach(async () => {
    organisation = await startFakeOrganisation()
    atEnd(() => organisation.close())
    relay = await startUnderTest({ oidc: { issuer: organisation.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'openid', roleRules: [] } })
    eigen = await joined(relay, relay.space(), 'eigen@praktijk.nl')
  })

  interface Way {
    state: string
    nonce: string
    flow: string
  }
  const wayOf = (url: string, answer: Asked): Way => ({ state: new URL(url).searchParams.get('state') ?? '', nonce: new URL(url).searchParams.get('nonce') ?? '', flow: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '' })
  const toJoin = async (cookie = eigen.cookie): Promise<Way> => {
    const answer = await ask(relay, cookie)
    return wayOf((answer.json as { continueAt: string }).continueAt, answer)
  }
  const toSignIn = async (): Promise<Way> => {
    const answer = await relay.ask('GET', '/api/oidc/login')
    return wayOf(answer.headers.get('location') ?? '', answer)
  }
  const seconds = (): number => Math.floor(Date.now() / 1_000)
  const says = (claims: Record<string, unknown>): void => {
    organisation.answer = async () => ({ access_token: 'x', token_type: 'Bearer', id_token: await organisation.sign({ iss: organisation.issuer, aud: CLIENT_ID, sub: 'victim', iat: seconds(), exp: seconds() + 300, ...claims }) })
  }
  const back = async (state: string, flow: string): Promise<[string | null, string]> => {
    const answer = await relay.ask('GET', `/api/oidc/callback?code=x&state=${state}`, { cookie: flow, origin: null })
    return [answer.headers.get('location'), answer.headers.getSetCookie().filter((line) => line.startsWith(`${relay.running.app.doorkeeper.cookieName}=`)).join()]
  }

  test('a good answer joins, once', async () => {
    const way = await toJoin()
    says({ nonce: way.nonce })
    expect(await back(way.state, way.flow)).toEqual(['/?verbonden=ja', ''])
    expect(await back(way.state, way.flow)).toEqual(['/inloggen?organisatie=expired', ''])
    expect(identities(relay)).toEqual([{ subject: 'victim', user: eigen.user }])
  })

  const FORGED: Record<string, (way: Way, signIn: Way) => Promise<[string, string]> | [string, string]> = {
    'another nonce': (way) => (says({ nonce: 'x' }), [way.state, way.flow]),
    'no nonce': (way) => (says({}), [way.state, way.flow]),
    'the nonce of a sign-in': (way, signIn) => (says({ nonce: signIn.nonce }), [way.state, way.flow]),
    'another state': (way) => (says({ nonce: way.nonce }), ['x', way.flow]),
    'the state of a sign-in': (way, signIn) => (says({ nonce: way.nonce }), [signIn.state, way.flow]),
    'another audience': (way) => (says({ nonce: way.nonce, aud: 'other' }), [way.state, way.flow]),
    'another issuer': (way) => (says({ nonce: way.nonce, iss: 'https://evil.example' }), [way.state, way.flow]),
    'an end that is past': (way) => (says({ nonce: way.nonce, iat: seconds() - 900, exp: seconds() - 600 }), [way.state, way.flow]),
    'a code that the organisation does not know under our verifier': (way) => {
      organisation.answer = () => Promise.reject(new Error('no such code'))
      return [way.state, way.flow]
    },
    'the cookie of a sign-in': (way, signIn) => (says({ nonce: way.nonce }), [way.state, signIn.flow]),
    'no cookie': (way) => (says({ nonce: way.nonce }), [way.state, '']),
    'a session that ended meanwhile': async (way) => {
      says({ nonce: way.nonce })
      await relay.ask('DELETE', '/api/session', { cookie: eigen.cookie })
      return [way.state, way.flow]
    },
    'a session that somebody else’s took the place of': async (way) => {
      says({ nonce: way.nonce })
      await joined(relay, relay.space('Almere'), 'ander@praktijk.nl')
      await relay.ask('POST', '/api/session', { cookie: eigen.cookie, body: { login: 'ander@praktijk.nl', password: PASSWORD } })
      return [way.state, way.flow]
    },
    'an account that was shut out meanwhile': (way) => {
      says({ nonce: way.nonce })
      relay.running.accounts.setDisabled(eigen.user, true)
      return [way.state, way.flow]
    },
  }
  test.each(Object.keys(FORGED))('%s joins nothing and signs nobody in', async (name) => {
    const [way, signIn] = [await toJoin(), await toSignIn()]
    const [state, flow] = (await FORGED[name]?.(way, signIn)) ?? ['', '']
    const [location, cookie] = await back(state, flow)
    expect([location, cookie]).toEqual([expect.stringMatching(/^\/(inloggen\?organisatie|\?verbonden)=(failed|expired)$/), ''])
    expect(identities(relay)).toEqual([])
  })

  test('a sign-in joins nothing, whatever address or name its token says', async () => {
    const way = await toSignIn()
    says({ nonce: way.nonce, sub: 'attacker', email: 'eigen@praktijk.nl', email_verified: true, preferred_username: 'eigen@praktijk.nl', name: 'projectleider' })
    const [location] = await back(way.state, way.flow)
    expect(location).toBe('/inloggen')
    expect(identities(relay)).not.toMatchObject([{ user: eigen.user }])
    expect(await me(relay, eigen.cookie)).toMatchObject({ source: 'password' })
  })

  test('a second login is not put beside the first', async () => {
    const [first, second] = [await toJoin(), await toJoin()]
    says({ nonce: first.nonce })
    expect((await back(first.state, first.flow))[0]).toBe('/?verbonden=ja')
    says({ nonce: second.nonce, sub: 'another' })
    expect((await back(second.state, second.flow))[0]).toBe('/?verbonden=joined')
    expect(identities(relay)).toEqual([{ subject: 'victim', user: eigen.user }])
  })
})
