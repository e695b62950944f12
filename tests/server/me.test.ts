// One's own account through its doors: who others see, password, devices, what is kept, and leaving; resets and invitations of others.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FORMER } from '../../server/auth/own-account.ts'
import { createTypist } from '../contract/payloads.ts'
import { openSocket, PASSWORD, person, startUnderTest, type UnderTest } from './relay-under-test.ts'

const NEXT = 'twaalf tegels in de tuin'

/** Somebody with a password of their own, by invitation, as everybody comes in. */
async function joined(relay: UnderTest, space: string, role: 'reader' | 'member' | 'leader' | 'admin', login: string) {
  const { token } = relay.running.accounts.createInvitation({ space, role, by: null })
  const answer = await relay.ask('POST', `/api/links/${token}`, { body: person(login) })
  expect(answer.status).toBe(200)
  return { user: (answer.json as { person: { user: string } }).person.user, cookie: answer.cookie }
}
const signIn = (relay: UnderTest, login: string, password = PASSWORD) => relay.ask('POST', '/api/session', { body: { login, password } })

test('name, function and organisation are one’s own; a page without words is refused', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { cookie, user } = await joined(relay, space, 'member', 'eigen@praktijk.nl')
  expect((await relay.ask('GET', '/api/me', { cookie })).json).toMatchObject({ login: 'eigen@praktijk.nl', source: 'password', installationAdmin: false })
  const changed = await relay.ask('PUT', '/api/me', { cookie, body: { name: ' verloskundige ', job: 'verloskundige', organisation: 'Praktijk Zuid' } })
  expect(changed).toMatchObject({ status: 200, json: { person: { user, name: 'verloskundige', organisation: 'Praktijk Zuid' } } })
  expect((await relay.ask('GET', `/api/spaces/${space}/members`, { cookie })).json).toMatchObject([{ person: { name: 'verloskundige' } }])
  expect(await relay.ask('PUT', '/api/me', { cookie, body: { name: ' ', job: '', organisation: '' } })).toMatchObject({ status: 400, json: { error: 'bad-request' } })
  expect((await relay.ask('PUT', '/api/me', { bearer: relay.bearer(space, 'admin'), body: { name: 'x', job: '', organisation: '' } })).json).toEqual({ error: 'forbidden' })
})

test('[B4] a name is something that others see, and an address is one however its accents are written', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { cookie } = await relay.member(space, 'member')
  const called = (name: string) => relay.ask('PUT', '/api/me', { cookie, body: { name, job: '', organisation: '' } })
  for (const name of ['\u200b', 'a\u200bb', '\u2800\u2800', '\u3164', '\u00ad', '\ud800', 'x\udc00y', '\u202ebm', 'a\u2066', '\u200f', '\ufeffa\ufeffb', '—', '\u0007', 'a\nb']) expect([name, (await called(name)).status]).toEqual([name, 400])
  for (const [name, shown] of [['Zoë Ünal', 'Zoë Ünal'], ['Zoe\u0308', 'Zo\u00eb'], ['می\u200cخواهم', 'می\u200cخواهم'], [' 王小明 ', '王小明'], ['O’Neill-van \'t Hof', 'O’Neill-van \'t Hof']]) expect((await called(String(name))).json).toMatchObject({ person: { name: shown } })
  const invite = (login: string, password = PASSWORD) => relay.ask('POST', `/api/links/${relay.running.accounts.createInvitation({ space, role: 'member', by: null }).token}`, { body: { ...person(login), password } })
  expect((await invite('jos\u00e9@praktijk.nl')).status).toBe(200)
  expect((await invite('JOSE\u0301@praktijk.nl', 'dertien tegels in de tuin')).json).toEqual({ error: 'wrong-credentials' })
  expect((await signIn(relay, 'jose\u0301@praktijk.nl')).status).toBe(200)
  expect((await invite('jo\u200bs@praktijk.nl')).status).toBe(400)
})

test('a new password asks for the old one, ends every other session and the sockets of those', async () => {
  const relay = await startUnderTest()
  const { cookie } = await joined(relay, relay.space(), 'member', 'eigen@praktijk.nl')
  const elsewhere = await signIn(relay, 'eigen@praktijk.nl')
  const socket = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie: elsewhere.cookie, origin: relay.origin })
  await socket.opened
  const change = (old: string, next: string) => relay.ask('PUT', '/api/me/password', { cookie, body: { old, next } })
  expect(await change('verkeerd wachtwoord', NEXT)).toMatchObject({ status: 401, json: { error: 'wrong-credentials' } })
  expect(await change(PASSWORD, 'kort')).toMatchObject({ status: 422, json: { error: 'weak-password' } })
  expect((await relay.ask('GET', '/api/me', { cookie: elsewhere.cookie })).status).toBe(200)
  expect((await change(PASSWORD, NEXT)).status).toBe(204)
  expect(await socket.closed).toBe(4401)
  expect((await relay.ask('GET', '/api/me', { cookie: elsewhere.cookie })).status).toBe(401)
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(200)
  expect((await signIn(relay, 'eigen@praktijk.nl')).status).toBe(401)
  expect((await signIn(relay, 'eigen@praktijk.nl', NEXT)).status).toBe(200)
})

test('devices: each with a few words and its times, never what the browser sent; one or all of them signed out', async () => {
  const relay = await startUnderTest()
  const { cookie } = await joined(relay, relay.space(), 'member', 'eigen@praktijk.nl')
  const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  const other = await relay.running.app.fastify.inject({ method: 'POST', url: '/api/session', headers: { host: new URL(relay.origin).host, origin: relay.origin, 'user-agent': agent }, payload: { login: 'eigen@praktijk.nl', password: PASSWORD } })
  const otherCookie = String(other.headers['set-cookie']).split(';')[0] ?? ''
  const neighbour = await joined(relay, relay.space('Almere'), 'member', 'ander@praktijk.nl')

  const list = (await relay.ask('GET', '/api/me/sessions', { cookie })).json as { id: string; device: string; isThis: boolean }[]
  expect(list.map(({ device, isThis }) => [device, isThis])).toEqual([['', true], ['Chrome · Windows', false]])
  const id = list[1]?.id ?? ''
  expect(JSON.stringify(relay.running.accounts.database.all('SELECT * FROM sessions'))).not.toContain('Mozilla')

  const socket = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie: otherCookie, origin: relay.origin })
  await socket.opened
  expect((await relay.ask('DELETE', `/api/me/sessions/${id}`, { cookie: neighbour.cookie })).json).toEqual({ error: 'not-found' })
  expect((await relay.ask('DELETE', `/api/me/sessions/${id}`, { cookie })).status).toBe(204)
  expect(await socket.closed).toBe(4401)
  expect((await relay.ask('GET', '/api/me', { cookie: otherCookie })).status).toBe(401)

  expect((await signIn(relay, 'eigen@praktijk.nl')).status).toBe(200)
  const all = await relay.ask('DELETE', '/api/me/sessions', { cookie })
  expect([all.status, all.headers.get('set-cookie')]).toEqual([204, expect.stringMatching(/Expires=Thu, 01 Jan 1970/)])
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(401)
  expect((await relay.ask('GET', '/api/me', { cookie: neighbour.cookie })).status).toBe(200)
})

test('what is kept about me: account, memberships, sessions and what I did; no secret, and nothing of others', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { cookie, user } = await joined(relay, space, 'member', 'eigen@praktijk.nl')
  await joined(relay, space, 'member', 'ander@praktijk.nl')
  const answer = await relay.ask('GET', '/api/me/export', { cookie })
  expect(answer.json).toMatchObject({
    login: 'eigen@praktijk.nl', source: 'password', person: { user }, isAdministrator: false, memberships: [{ role: 'member', space: { name: 'Schiedam' } }], sessions: [{ device: '' }],
    records: [{ operation: 'link.use', result: 'done' }],
  })
  for (const other of ['ander@praktijk.nl', 'scrypt', cookie.split('=')[1] ?? '?']) expect(answer.text).not.toContain(other)
  // That somebody was a member is theirs; what the space is called now is not.
  relay.running.accounts.setRole(user, space, null)
  const after = await relay.ask('GET', '/api/me/export', { cookie })
  expect(after.json).toMatchObject({ memberships: [{ role: null, space: { space, name: '' } }] })
  expect(after.text).not.toContain('Schiedam')
})

test('what is kept about me says nothing of spaces that I never was in: a refusal there looks as one nowhere', async () => {
  const relay = await startUnderTest()
  const [own, other] = [relay.space(), relay.space('Almere')]
  for (const space of [own, other]) await relay.running.log.ensureSpace(space)
  const { user, cookie } = await relay.member(own, 'reader')
  const theirs = await relay.member(other, 'member')
  const item = 'c'.repeat(32)
  await relay.running.relay.push(theirs.user, { space: other, entry: 'd'.repeat(32), item, part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, writer: 'e'.repeat(32), payload: createTypist(1).type('tekst') })
  expect(await openSocket(`ws://127.0.0.1:${relay.port}/yjs/${item}`, { cookie, origin: relay.origin }).closed).toBe(4404)
  for (const space of [other, 'f'.repeat(32)]) expect((await relay.ask('GET', `/api/spaces/${space}/members`, { cookie })).status).toBe(403)
  expect((await relay.ask('POST', `/api/spaces/${own}/invitations`, { cookie, body: { role: 'reader' } })).status).toBe(403)
  const { text, json } = await relay.ask('GET', '/api/me/export', { cookie })
  const records = (json as { records: { operation: string; space: string | null; subject: string }[] }).records.map(({ operation, space, subject }) => [operation, space, subject])
  expect(records).toEqual([
    ['member.invite', own, 'POST /api/spaces/:space/invitations'], ['member.list', null, 'GET /api/spaces/:space/members'], ['member.list', null, 'GET /api/spaces/:space/members'], ['space.read', null, item],
  ])
  expect(text).not.toContain(other)
  // Whoever keeps that space does read it.
  expect(relay.running.accounts.audit.page({ space: other, who: user }, 9).records).toHaveLength(2)
})

test('leaving: asks for the password, takes away who it was, keeps the organisation beside what was written', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const keeper = await joined(relay, space, 'admin', 'beheer@gemeente.nl')
  const { cookie, user } = await joined(relay, space, 'member', 'eigen@praktijk.nl')
  const leave = (who: string, body: unknown) => relay.ask('DELETE', '/api/me', { cookie: who, body })
  expect(await leave(cookie, { password: 'verkeerd wachtwoord' })).toMatchObject({ status: 401, json: { error: 'wrong-credentials' } })
  expect(await leave(cookie, { login: 'eigen@praktijk.nl' })).toMatchObject({ status: 401 }) // who has a password proves it
  await relay.ask('PUT', '/api/me', { cookie, body: { name: 'verloskundige', job: 'Wijkverpleegkundige', organisation: 'gemeente' } })
  // Without a keeper nobody could ever be let in again.
  expect(await leave(keeper.cookie, { password: PASSWORD })).toMatchObject({ status: 409, json: { error: 'conflict' } })
  expect((await leave(cookie, { password: PASSWORD })).status).toBe(204)

  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(401)
  expect((await signIn(relay, 'eigen@praktijk.nl')).status).toBe(401)
  const people = (await relay.ask('GET', '/api/people', { cookie: keeper.cookie })).json as { user: string }[]
  expect(people.find((one) => one.user === user)).toMatchObject({ name: FORMER, job: '', organisation: 'gemeente' })
  expect((await relay.ask('GET', `/api/spaces/${space}/members`, { cookie: keeper.cookie })).json).toHaveLength(1)
  const { path } = relay.running.accounts.database
  const onDisk = (): string => [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('')
  expect(onDisk()).toContain('beheer@gemeente.nl')
  for (const word of ['eigen@praktijk.nl', 'Wijkverpleegkundige']) expect(onDisk()).not.toContain(word)
  // The address is free again, for a new person who is not the old one.
  expect((await joined(relay, space, 'reader', 'eigen@praktijk.nl')).user).not.toBe(user)
})

test('somebody who came by a sign-in link leaves with the login typed out', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'member', 'link@praktijk.nl')
  expect((await relay.ask('DELETE', '/api/me', { cookie, body: { login: 'ander@praktijk.nl' } })).status).toBe(401)
  expect((await relay.ask('DELETE', '/api/me', { cookie, body: { login: ' Link@Praktijk.nl ' } })).status).toBe(204)
})

test('a reset link works once, lets choose a password and ends every session', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const admin = await joined(relay, space, 'admin', 'beheer@gemeente.nl')
  const { user, cookie } = await joined(relay, space, 'member', 'eigen@praktijk.nl')
  const made = await relay.ask('POST', `/api/spaces/${space}/members/${user}/reset`, { cookie: admin.cookie })
  expect(made.status).toBe(200)
  const path = `/api/links/${(made.json as { link: string }).link.split('/welkom/')[1] ?? ''}`
  expect(await relay.ask('GET', path)).toMatchObject({ status: 200, json: { kind: 'reset', role: null, person: { user } } })
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(200) // looking is not using
  expect(await relay.ask('POST', path, { body: { password: 'kort' } })).toMatchObject({ status: 422, json: { error: 'weak-password' } })
  expect(await relay.ask('POST', path, { body: {} })).toMatchObject({ status: 422 })
  const used = await relay.ask('POST', path, { body: { password: NEXT } })
  expect(used).toMatchObject({ status: 200, json: { person: { user } } })
  expect((await relay.ask('GET', '/api/me', { cookie: used.cookie })).json).toMatchObject({ person: { user } })
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(401)
  expect((await signIn(relay, 'eigen@praktijk.nl')).status).toBe(401)
  expect((await signIn(relay, 'eigen@praktijk.nl', NEXT)).status).toBe(200)
  expect(await relay.ask('POST', path, { body: { password: NEXT } })).toMatchObject({ status: 410, json: { error: 'link-used' } })
})

test('a reset opens nothing that the asker could not open: roles in other spaces and the installation count', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const almere = relay.space('Almere')
  const administrator = await relay.administrator()
  const admin = await joined(relay, space, 'admin', 'baas@gemeente.nl')
  const { user } = await joined(relay, space, 'member', 'eigen@praktijk.nl')
  const reset = (cookie: string, who: string, where = space) => relay.ask('POST', `/api/spaces/${where}/members/${who}/reset`, { cookie })
  relay.running.accounts.setRole(user, almere, 'reader')
  expect((await reset(admin.cookie, user)).json).toEqual({ error: 'forbidden' })
  relay.running.accounts.setRole(admin.user, almere, 'reader')
  expect((await reset(admin.cookie, user)).status).toBe(200)
  expect((await reset(admin.cookie, user, almere)).json).toEqual({ error: 'forbidden' }) // a reader there
  expect((await reset(admin.cookie, 'f'.repeat(32))).json).toEqual({ error: 'not-found' })
  const chief = ((await relay.ask('GET', '/api/me', { cookie: administrator })).json as { person: { user: string } }).person.user
  relay.running.accounts.setRole(chief, space, 'reader')
  expect((await reset(admin.cookie, chief)).json).toEqual({ error: 'forbidden' })
})

test('invitations that wait are listed without their links, and taken back', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const admin = await joined(relay, space, 'admin', 'baas@gemeente.nl')
  const leader = await joined(relay, space, 'leader', 'leider@gemeente.nl')
  const made = await relay.ask('POST', `/api/spaces/${space}/invitations`, { cookie: admin.cookie, body: { role: 'admin' } })
  const { link } = made.json as { link: string }
  const list = await relay.ask('GET', `/api/spaces/${space}/invitations`, { cookie: leader.cookie })
  expect(list.json).toMatchObject([{ role: 'admin', by: { user: admin.user } }])
  expect(list.text).not.toContain(link.split('/welkom/')[1])
  const [{ id }] = list.json as [{ id: string }]
  const end = (cookie: string) => relay.ask('DELETE', `/api/spaces/${space}/invitations/${id}`, { cookie })
  expect((await end(leader.cookie)).json).toEqual({ error: 'forbidden' }) // above a leader
  expect((await end(admin.cookie)).status).toBe(204)
  expect((await end(admin.cookie)).json).toEqual({ error: 'not-found' })
  expect((await relay.ask('GET', `/api/links/${link.split('/welkom/')[1] ?? ''}`)).json).toEqual({ error: 'not-found' })
  expect((await relay.ask('GET', `/api/spaces/${space}/invitations`, { cookie: admin.cookie })).json).toEqual([])
})

test('a link makes a script no member of another space, and gives it no session', async () => {
  const relay = await startUnderTest()
  const [space, almere] = [relay.space(), relay.space('Almere')]
  const bearer = relay.bearer(space, 'reader')
  const { token } = relay.running.accounts.createInvitation({ space: almere, role: 'admin', by: null })
  const answer = await relay.ask('POST', `/api/links/${token}`, { bearer, origin: null, body: {} })
  expect([answer.status, answer.cookie]).toEqual([400, ''])
  expect(relay.running.accounts.membersOf(almere)).toEqual([])
  expect(relay.running.accounts.readLink(token).ok).toBe(true)
})

test('the last person who may let others in stays, whatever a script may', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const admin = await relay.member(space, 'admin')
  const bearer = relay.bearer(space, 'admin')
  const change = (who: { cookie: string } | { bearer: string; origin: null }, role: string | null) => relay.ask('PUT', `/api/spaces/${space}/members/${admin.user}`, { ...who, body: { role } })
  expect((await change({ cookie: admin.cookie }, null)).json).toEqual({ error: 'conflict' })
  expect((await change({ bearer, origin: null }, 'leader')).json).toEqual({ error: 'conflict' })
  await relay.member(space, 'admin')
  expect((await change({ cookie: admin.cookie }, 'leader')).status).toBe(204)
})
