// What administrators read over HTTP: who did what, how the installation is doing; and what is said about weaknesses.
import { expect, test } from 'vitest'
import { startUnderTest } from './relay-under-test.ts'

interface Page {
  records: { seq: number; operation: string; space: string | null; subject: string; name: string | null; role: string | null; result: string }[]
  before: number | null
}

test('an administrator of a space reads what was done there, a page at a time, and the reading is in it', async () => {
  const { ask, space, member } = await startUnderTest()
  const schiedam = space('Schiedam')
  const almere = space('Almere')
  const admin = await member(schiedam, 'admin')
  const neighbour = await member(almere, 'admin')
  const leader = await member(schiedam, 'leader')
  for (const role of ['reader', 'member', 'leader']) await ask('POST', `/api/spaces/${schiedam}/invitations`, { cookie: leader.cookie, body: { role } })
  await ask('POST', `/api/spaces/${almere}/invitations`, { cookie: neighbour.cookie, body: { role: 'reader' } })
  expect((await ask('GET', `/api/spaces/${schiedam}/audit`, { cookie: leader.cookie })).json).toEqual({ error: 'forbidden' })

  const read = async (query: string): Promise<Page> => (await ask('GET', `/api/spaces/${schiedam}/audit${query}`, { cookie: admin.cookie })).json as Page
  const first = await read('?operation=member.invite&count=2')
  expect(first).toMatchObject({ before: expect.any(Number) as number, records: [{ subject: 'leader', role: 'leader', result: 'done' }, { subject: 'member' }] })
  const rest = await read(`?operation=member.invite&count=2&before=${first.before}`)
  expect(rest).toMatchObject({ before: null, records: [{ subject: 'reader' }] })
  const all = await read('')
  expect(new Set(all.records.map((one) => one.space))).toEqual(new Set([schiedam]))
  expect(all.records.map(({ operation, result }) => `${operation} ${result}`)).toEqual([
    'audit.read done', 'audit.read done', 'audit.read refused', 'member.invite done', 'member.invite done', 'member.invite done',
  ])
  expect((await read('?result=refused')).records).toMatchObject([{ operation: 'audit.read', role: 'leader' }])
  // By who did it and by when, and the account says which part was read.
  expect((await read(`?who=${leader.user}`)).records).toHaveLength(4)
  expect(await read(`?since=0&until=${Date.UTC(2020, 0, 1)}`)).toEqual({ records: [], before: null })
  expect((await read(`?since=${Date.now() - 3_600_000}`)).records.slice(0, 2)).toMatchObject([{ subject: 'since 1970-01-01T00:00Z until 2020-01-01T00:00Z' }, { subject: leader.user }])
  expect((await ask('GET', `/api/spaces/${schiedam}/audit?since=gisteren`, { cookie: admin.cookie })).json).toEqual({ error: 'bad-request' })
  expect((await ask('GET', `/api/spaces/${schiedam}/audit?count=501`, { cookie: admin.cookie })).json).toEqual({ error: 'bad-request' })
})

test('an administrator of the installation reads everything, signing in included; nobody else does', async () => {
  const { ask, space, member, administrator } = await startUnderTest()
  const admin = await member(space(), 'admin')
  await ask('POST', '/api/session', { body: { login: 'niemand@gemeente.nl', password: 'mis' } })
  expect((await ask('GET', '/api/audit', { cookie: admin.cookie })).json).toEqual({ error: 'forbidden' })
  const all = (await ask('GET', '/api/audit', { cookie: await administrator() })).json as Page
  expect(all.records.map(({ operation, result }) => `${operation} ${result}`)).toEqual(expect.arrayContaining(['installation.audit refused', 'session.begin refused']))
})

test('what cannot be read leaves a record as well, whoever sent it and wherever it was refused', async () => {
  const { ask, origin, space, member, administrator } = await startUnderTest()
  const schiedam = space('Schiedam')
  const leader = await member(schiedam, 'leader')
  const path = `/api/spaces/${schiedam}/invitations`
  expect((await ask('POST', path, { cookie: leader.cookie, body: { role: 'koning' } })).status).toBe(400)
  const raw = (body: string) => fetch(origin + path, { method: 'POST', headers: { cookie: leader.cookie, origin, 'content-type': 'application/json' }, body })
  expect((await raw('{"role":')).status).toBe(400)
  expect((await raw(`"${'x'.repeat(3_000_000)}"`)).status).toBe(413)
  const { records } = (await ask('GET', '/api/audit?operation=member.invite', { cookie: await administrator() })).json as Page
  expect(records.map(({ subject, result }) => `${subject} ${result}`)).toEqual(Array.from({ length: 3 }, () => 'POST /api/spaces/:space/invitations refused'))
  expect(new Set(records.map(({ role }) => role))).toEqual(new Set(['leader']))
})

test('where a weakness may be told is said for half a year, or not at all', async () => {
  const silent = await startUnderTest()
  expect((await silent.ask('GET', '/.well-known/security.txt')).status).toBe(404)
  const { ask } = await startUnderTest({ securityContact: 'mailto:veilig@gemeente.nl' })
  const { status, text, headers } = await ask('GET', '/.well-known/security.txt')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toContain('text/plain')
  expect(text).toContain('Contact: mailto:veilig@gemeente.nl\n')
  const expires = Date.parse(/Expires: (.+)/.exec(text)?.[1] ?? '')
  expect(expires - Date.now()).toBeGreaterThan(30 * 86_400_000)
  expect(headers.get('permissions-policy')).toContain('camera=()')
})

test('administrators of the installation see how it is doing, and when the last backup was made', async () => {
  const { ask, administrator, running, space, member } = await startUnderTest()
  const admin = await administrator()
  running.accounts.audit.record({ who: null, operation: 'machine.backup', space: null, subject: '', from: 'cli', request: null, result: 'done' })
  const { status, json } = await ask('GET', '/api/installation', { cookie: admin })
  expect(status).toBe(200)
  expect(json).toMatchObject({ ready: true, peopleCount: 1, spacesCount: 0, socketsCount: 0, queuedCount: 0, restoreAt: null, backupAt: expect.any(Number) as number, auditDays: 1_826, securityContact: null })
  const { usedBytes, freeBytes } = json as { usedBytes: number; freeBytes: number }
  expect(usedBytes).toBeGreaterThan(0)
  expect(freeBytes).toBeGreaterThan(0)
  expect((await ask('GET', '/api/installation', { cookie: (await member(space(), 'admin')).cookie })).status).toBe(403)
})
