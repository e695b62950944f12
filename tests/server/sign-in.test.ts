// From an empty installation to a member at work, through the doors that people use.
import { expect, test } from 'vitest'
import { PASSWORD, person, startUnderTest } from './relay-under-test.ts'

test('set-up link, space, invitation, acceptance, session, and out again', async () => {
  const { running, ask, origin } = await startUnderTest()
  const token = running.setupToken
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(await ask('GET', '/api/me')).toMatchObject({ status: 401, json: { error: 'signed-out' } })

  expect(await ask('GET', `/api/links/${token}`)).toMatchObject({ status: 200, json: { kind: 'setup', space: null, role: null, person: null } })
  const accepted = await ask('POST', `/api/links/${token}`, { body: person('beheer@gemeente.nl') })
  expect(accepted).toMatchObject({ status: 200, json: { person: { name: 'projectleider' } } })
  expect(accepted.headers.get('set-cookie')).toMatch(/; Path=\/; Expires=.+; HttpOnly; SameSite=Strict$/)
  const admin = accepted.cookie
  expect(await ask('GET', '/api/me', { cookie: admin })).toMatchObject({ status: 200, json: { installationAdmin: true, person: { job: 'projectleider' } } })
  expect(await ask('GET', `/api/links/${token}`)).toMatchObject({ status: 410, json: { error: 'link-used' } })

  const made = await ask('POST', '/api/spaces', { cookie: admin, body: { kind: 'municipality', name: 'Schiedam' } })
  const { space } = made.json as { space: string }
  const invited = await ask('POST', `/api/spaces/${space}/invitations`, { cookie: admin, body: { role: 'member' } })
  expect(invited).toMatchObject({ status: 200, json: { role: 'member' } })
  const { link } = invited.json as { link: string }
  expect(link.startsWith(`${origin}/welkom/`)).toBe(true)

  const invitation = link.slice(`${origin}/welkom/`.length)
  expect(await ask('GET', `/api/links/${invitation}`)).toMatchObject({ status: 200, json: { kind: 'invitation', role: 'member', space: { space, name: 'Schiedam', kind: 'municipality' } } })
  // Looking is not using: mail scanners open every link.
  expect((await ask('GET', `/api/links/${invitation}`)).status).toBe(200)
  expect(await ask('POST', `/api/links/${invitation}`, { body: { ...person('nieuw@praktijk.nl'), password: 'kort' } })).toMatchObject({ status: 422, json: { error: 'weak-password' } })
  const joined = await ask('POST', `/api/links/${invitation}`, { body: { ...person('nieuw@praktijk.nl'), name: 'verloskundige' } })
  expect(joined.status).toBe(200)
  expect(await ask('POST', `/api/links/${invitation}`, { body: person('ander@praktijk.nl') })).toMatchObject({ status: 410, json: { error: 'link-used' } })

  const members = await ask('GET', `/api/spaces/${space}/members`, { cookie: joined.cookie })
  expect(members.json).toMatchObject([{ role: 'admin' }, { role: 'member', person: { name: 'verloskundige' } }])
  expect((await ask('GET', '/api/people', { cookie: joined.cookie })).json).toHaveLength(2)

  expect((await ask('DELETE', '/api/session', { cookie: joined.cookie })).status).toBe(204)
  expect((await ask('GET', '/api/me', { cookie: joined.cookie })).status).toBe(401)
  expect(await ask('POST', '/api/session', { body: { login: 'Nieuw@Praktijk.nl', password: 'verkeerd wachtwoord' } })).toMatchObject({ status: 401, json: { error: 'wrong-credentials' } })
  const again = await ask('POST', '/api/session', { body: { login: 'Nieuw@Praktijk.nl', password: PASSWORD } })
  expect(again).toMatchObject({ status: 200, json: { person: { name: 'verloskundige' } } })
  expect((await ask('GET', '/api/me', { cookie: again.cookie })).status).toBe(200)

  const { audit } = running.accounts
  expect(audit.verify().brokenAt).toBeNull()
  expect(audit.page({}, 50).records.map(({ operation, result }) => `${operation} ${result}`)).toEqual(
    expect.arrayContaining(['link.use done', 'space.make done', 'member.invite done', 'link.use refused', 'session.end done', 'session.begin refused', 'session.begin done']),
  )
})

test('signing in replaces the session that the browser had: nobody stays in somebody else’s', async () => {
  const { running, ask, space, member } = await startUnderTest()
  const { cookie } = await member(space(), 'reader')
  const user = (await member(space('Almere'), 'reader')).user
  const { token } = running.accounts.createSignInLink(user, null)
  const signedIn = await ask('POST', `/api/links/${token}`, { cookie, body: {} })
  expect(signedIn.cookie).not.toBe(cookie)
  expect((await ask('GET', '/api/me', { cookie })).status).toBe(401)
  expect((await ask('GET', '/api/me', { cookie: signedIn.cookie })).json.person.user).toBe(user)
})

test('no token, cookie, password or link is in a log line', async () => {
  const { running, ask, lines, administrator, space } = await startUnderTest()
  const cookie = await administrator()
  const bearer = running.accounts.createToken({ space: space(), role: 'reader', label: 'x' }).token
  const { token } = running.accounts.createInvitation({ space: space('Almere'), role: 'member', by: null })
  await ask('GET', `/api/links/${token}`, { accept: 'text/html' })
  await ask('GET', `/welkom/${token}`, { accept: 'text/html' })
  await ask('GET', `/yjs/x?token=${bearer}`)
  await ask('GET', '/api/me', { bearer })
  await ask('POST', '/api/session', { body: { login: 'a@b.nl', password: PASSWORD } })
  await ask('POST', '/api/session', { cookie, body: 'geen object' })
  const log = lines.join('\n')
  expect(log).toContain('/api/links/:token')
  for (const secret of [token, bearer, cookie.split('=')[1] ?? '?', PASSWORD]) expect(log).not.toContain(secret)
})
