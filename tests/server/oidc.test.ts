// Signing in with an organisation, against a real identity provider and the whole relay: there and back, roles, sessions, logging out from there.
import { expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { CLIENT_ID, CLIENT_SECRET } from '../support/organisation.ts'
import { createBrowser, startOrganisation } from './real-organisation.ts'
import { openSocket, startUnderTest } from './relay-under-test.ts'

test('there and back: an account by issuer and subject, its roles, a fresh session; the same person comes back to the same account', async () => {
  const { relay, people, issuer } = await startOrganisation([
    { claim: 'groups', value: 'g-schiedam', space: 'Schiedam', role: 'member' },
    { claim: 'roles', value: 'Samenpad.Beheer', space: 'schiedam', role: 'admin' },
    { claim: 'groups', value: 'g-almere', space: 'Almere', role: 'reader' },
  ])
  const schiedam = relay.space('Schiedam')
  const almere = relay.space('Almere')
  expect((await relay.ask('GET', '/api/oidc')).json).toEqual({ isOffered: true })
  // As Entra ID says it: pairwise sub, oid and tid, groups and roles as lists, no e-mail.
  people.set('AAAA', { name: 'projectleider Schiedam', preferred_username: 'Leider@Schiedam.test', oid: 'o-1', tid: 't-1', groups: ['g-schiedam', 'g-other'], roles: ['Samenpad.Beheer'] })
  // Somebody with the same address is somebody else.
  const local = relay.running.accounts.createPerson({ login: 'leider@schiedam.test', name: 'ander', job: '', organisation: '' })

  const browser = createBrowser(relay)
  const before = await relay.member(almere, 'reader')
  browser.jars.set(relay.origin, new Map([before.cookie.split('=') as [string, string]]))
  expect(await browser.signIn('AAAA')).toBe(`${relay.origin}/inloggen`)
  const cookie = browser.sessionCookie()
  const me = (await relay.ask('GET', '/api/me', { cookie })).json as { person: { user: string; name: string }; source: string; login: string }
  expect(me).toMatchObject({ source: 'organisation', person: { name: 'projectleider Schiedam' } })
  expect(local.ok && local.value.user).not.toBe(me.person.user)
  expect(me.login).toMatch(/^organisation:[0-9a-f]{16}$/)
  expect([schiedam, almere].map((space) => relay.running.accounts.roleIn(me.person.user, space))).toEqual(['admin', null])
  // The session that the browser had is over, and the new one is new.
  expect(cookie).not.toBe(before.cookie)
  expect((await relay.ask('GET', '/api/me', { cookie: before.cookie })).status).toBe(401)
  expect(relay.running.accounts.database.all('SELECT issuer, subject FROM identities')).toEqual([{ issuer, subject: 'AAAA' }])
  expect((await relay.ask('GET', '/api/me/export', { cookie })).json).toMatchObject({ logins: [{ issuer, subject: 'AAAA' }] })
  // Their name and password are the organisation's.
  expect((await relay.ask('PUT', '/api/me', { cookie, body: { name: 'iemand anders', job: 'beleid', organisation: 'Schiedam' } })).json).toMatchObject({ person: { name: 'projectleider Schiedam', job: 'beleid' } })
  expect((await relay.ask('PUT', '/api/me/password', { cookie, body: { old: '', next: 'twaalf tegels in de tuin' } })).json).toEqual({ error: 'wrong-credentials' })

  people.set('AAAA', { name: 'projectleider Schiedam', groups: ['g-almere'] })
  const again = createBrowser(relay)
  await again.signIn('AAAA')
  expect((await relay.ask('GET', '/api/me', { cookie: again.sessionCookie() })).json).toMatchObject({ person: { user: me.person.user } })
  expect([schiedam, almere].map((space) => relay.running.accounts.roleIn(me.person.user, space))).toEqual([null, 'reader'])
})

test('logging out at the organisation closes the sockets of that session; a shut out account does not come in', async () => {
  const { relay, people, issuer } = await startOrganisation()
  people.set('AAAA', { name: 'verloskundige' })
  const [browser, other] = [createBrowser(relay), createBrowser(relay)]
  await browser.signIn('AAAA')
  await other.signIn('AAAA')
  const sockets = [browser, other].map((one) => openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie: one.sessionCookie(), origin: relay.origin }))
  for (const socket of sockets) await socket.opened

  const page = await browser.go(`${issuer}/session/end`)
  await browser.go(browser.actionOf(page), { xsrf: must(/name="xsrf" value="([^"]+)"/.exec(page.text)?.[1], 'xsrf'), logout: 'yes' })
  expect(await sockets[0]?.closed).toBe(4401)
  expect((await relay.ask('GET', '/api/me', { cookie: browser.sessionCookie() })).status).toBe(401)
  expect((await relay.ask('GET', '/api/me', { cookie: other.sessionCookie() })).status).toBe(200)
  expect((await relay.ask('POST', '/api/oidc/backchannel', { origin: null, body: { logout_token: 'x' } })).json).toEqual({ error: 'bad-request' })

  const { user } = ((await relay.ask('GET', '/api/me', { cookie: other.sessionCookie() })).json as { person: { user: string } }).person
  relay.running.accounts.setDisabled(user, true)
  const shut = createBrowser(relay)
  expect(await shut.signIn('AAAA')).toBe(`${relay.origin}/inloggen?organisatie=disabled`)
  expect(shut.sessionCookie()).toMatch(/=$/)
})

test('signing out goes on to the organisation and comes back, and ends here first, also when the organisation is away', async () => {
  const { relay, people, issuer, close } = await startOrganisation()
  people.set('AAAA', { name: 'verloskundige' })
  const [browser, other] = [createBrowser(relay), createBrowser(relay)]
  await browser.signIn('AAAA')
  await other.signIn('AAAA')
  const socket = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie: browser.sessionCookie(), origin: relay.origin })
  await socket.opened
  const ended = await relay.ask('DELETE', '/api/session', { cookie: browser.sessionCookie() })
  expect([ended.status, ended.headers.get('set-cookie'), ended.headers.get('clear-site-data'), ended.headers.get('cache-control')]).toEqual([200, expect.stringMatching(/Expires=Thu, 01 Jan 1970/), '"cache"', 'no-store'])
  expect(await socket.closed).toBe(4401)
  const there = new URL((ended.json as { continueAt: string }).continueAt)
  expect(there.origin + there.pathname).toBe(`${issuer}/session/end`)
  // Nothing of the person is in the address.
  expect(Object.fromEntries(there.searchParams)).toEqual({ client_id: CLIENT_ID, post_logout_redirect_uri: `${relay.origin}/inloggen` })
  const page = await browser.go(there.href)
  const back = await browser.go(browser.actionOf(page), { xsrf: must(/name="xsrf" value="([^"]+)"/.exec(page.text)?.[1], 'xsrf'), logout: 'yes' })
  expect(back.url).toBe(`${relay.origin}/inloggen`)
  // The organisation asks who it is again: the next person at this laptop is not let in as the last.
  expect((await browser.go(`${relay.origin}/api/oidc/login`)).text).toContain('value="login"')

  await close()
  const away = await relay.ask('DELETE', '/api/session', { cookie: other.sessionCookie() })
  expect(away.headers.get('set-cookie')).toMatch(/Expires=Thu, 01 Jan 1970/)
  expect((await relay.ask('GET', '/api/me', { cookie: other.sessionCookie() })).status).toBe(401)
  // A session that the organisation did not begin is none of its business.
  const { cookie } = await relay.member(relay.space(), 'member')
  expect((await relay.ask('DELETE', '/api/session', { cookie })).status).toBe(204)
})

test('signing out everywhere and leaving for good go on to the organisation too, from a device that it let in', async () => {
  const { relay, people, issuer } = await startOrganisation()
  people.set('AAAA', { name: 'verloskundige' })
  const [browser, other, last] = [createBrowser(relay), createBrowser(relay), createBrowser(relay)]
  const farewell = `${issuer}/session/end`
  const goesTo = (json: unknown): string => {
    const { origin, pathname } = new URL((json as { continueAt: string }).continueAt)
    return origin + pathname
  }
  await browser.signIn('AAAA')
  await other.signIn('AAAA')
  const everywhere = await relay.ask('DELETE', '/api/me/sessions', { cookie: browser.sessionCookie() })
  expect([everywhere.status, everywhere.headers.get('set-cookie'), everywhere.headers.get('clear-site-data'), goesTo(everywhere.json)]).toEqual([200, expect.stringMatching(/Expires=Thu, 01 Jan 1970/), '"cache"', farewell])
  for (const one of [browser, other]) expect((await relay.ask('GET', '/api/me', { cookie: one.sessionCookie() })).status).toBe(401)

  await last.signIn('AAAA')
  const { login } = (await relay.ask('GET', '/api/me', { cookie: last.sessionCookie() })).json as { login: string }
  expect(await relay.ask('DELETE', '/api/me', { cookie: last.sessionCookie(), body: { login: 'iemand anders' } })).toMatchObject({ json: { error: 'wrong-credentials' } })
  const left = await relay.ask('DELETE', '/api/me', { cookie: last.sessionCookie(), body: { login } })
  expect([left.status, goesTo(left.json)]).toEqual([200, farewell])

  // From a device that a password let in there is nowhere to go on to.
  const { cookie } = await relay.member(relay.space(), 'member')
  expect((await relay.ask('DELETE', '/api/me/sessions', { cookie })).status).toBe(204)
})

test('an invitation is taken by whoever is signed in, and the session stays the organisation’s', async () => {
  const { relay, people, issuer } = await startOrganisation()
  const space = relay.space()
  people.set('AAAA', { name: 'verloskundige' })
  const browser = createBrowser(relay)
  await browser.signIn('AAAA')
  const cookie = browser.sessionCookie()
  const { token } = relay.running.accounts.createInvitation({ space, role: 'member', by: null })
  const accepted = await relay.ask('POST', `/api/links/${token}`, { cookie, body: {} })
  expect([accepted.status, accepted.cookie]).toEqual([200, ''])
  expect((await relay.ask('GET', `/api/spaces/${space}/members`, { cookie })).json).toMatchObject([{ role: 'member', person: { name: 'verloskundige' } }])
  const page = await browser.go(`${issuer}/session/end`)
  await browser.go(browser.actionOf(page), { xsrf: must(/name="xsrf" value="([^"]+)"/.exec(page.text)?.[1], 'xsrf'), logout: 'yes' })
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(401)
})

test('no code, state, token or secret of it is in a log line, a header that others read, or the accounts', async () => {
  const { relay, people } = await startOrganisation()
  people.set('AAAA', { name: 'verloskundige' })
  const browser = createBrowser(relay)
  await browser.signIn('AAAA')
  const rows = relay.running.accounts.database.all('SELECT * FROM organisation_sessions')
  expect(rows).toMatchObject([{ subject: 'AAAA', sealed: expect.stringMatching(/^[\w-]{40,}$/) }])
  const log = relay.lines.join('\n')
  for (const secret of ['code=', 'state=', CLIENT_SECRET, browser.sessionCookie().split('=')[1] ?? '?']) expect(log).not.toContain(secret)
})

test('the cookie of the way there comes back from another site, and nothing else does', async () => {
  const { relay } = await startOrganisation()
  const answer = await relay.ask('GET', '/api/oidc/login')
  expect(answer.status).toBe(302)
  expect(answer.headers.get('set-cookie')).toMatch(/^samenpad-[0-9a-f]{8}-organisation=[\w.-]{300,900}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const lost = await relay.ask('GET', '/api/oidc/callback?code=x&state=y')
  expect([lost.status, lost.headers.get('location')]).toEqual([302, '/inloggen?organisatie=expired'])
  // An answer to what another window began leaves this one its cookie.
  const cookie = must(answer.headers.get('set-cookie'), 'a way there').split(';')[0]
  const other = await relay.ask('GET', '/api/oidc/callback?code=x&state=y', { cookie })
  expect([other.headers.get('location'), other.headers.get('set-cookie')]).toEqual(['/inloggen?organisatie=expired', null])
})

test('without an organisation there is no way there', async () => {
  const relay = await startUnderTest()
  expect((await relay.ask('GET', '/api/oidc')).json).toEqual({ isOffered: false })
  for (const path of ['/api/oidc/login', '/api/oidc/callback']) expect((await relay.ask('GET', path)).json).toEqual({ error: 'not-found' })
})
