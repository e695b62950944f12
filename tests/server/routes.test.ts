// Every route of the table, asked by everybody: rights, cross-site requests, shapes, and the files of the client.
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { DOORS, isOfSpace, may, ROLES, UNRECORDED, type Role } from '../../shared/model/grants.ts'
import { decodeDown, encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import { BODIES, ENDS_SESSIONS, fillPath, isRefusedForRights, mayAsk, NOBODY } from '../support/every-route.ts'
import { freshFolder, openSocket, startUnderTest, type UnderTest } from './relay-under-test.ts'

async function everybody(relay: UnderTest) {
  const space = relay.space('Schiedam', 'programme')
  const elsewhere = relay.space('Almere')
  const administrator = await relay.administrator()
  const roles: Role[] = ['reader', 'member', 'leader', 'admin', 'programme-leader']
  const cookies = new Map<string, string | undefined>([['nobody', undefined], ['forged', `${relay.running.app.doorkeeper.cookieName}=${'B'.repeat(43)}`], ['administrator', administrator]])
  for (const role of roles) cookies.set(role, (await relay.member(space, role)).cookie)
  cookies.set('neighbour', (await relay.member(elsewhere, 'admin')).cookie)
  const revoked = await relay.member(space, 'admin')
  relay.running.accounts.setRole(revoked.user, space, null)
  cookies.set('revoked', revoked.cookie)
  const disabled = await relay.member(space, 'admin')
  relay.running.accounts.setDisabled(disabled.user, true)
  cookies.set('disabled', disabled.cookie)
  const target = await relay.member(space, 'reader')
  return { space, elsewhere, cookies, roles, target: target.user }
}

describe('rights', () => {
  test('every route, every role: allowed exactly when the grants table says so', async () => {
    const relay = await startUnderTest()
    const { space, elsewhere, cookies, target } = await everybody(relay)
    const roleOf = (actor: string): Role | null => ROLES.find((role) => role === actor) ?? null
    const standingOf = (actor: string) => ({ isKnown: !['nobody', 'forged', 'disabled'].includes(actor), isAdministrator: actor === 'administrator', role: roleOf(actor) })
    const cells: string[] = []
    const wrong: string[] = []
    for (const route of relay.running.app.routes) {
      const name = `${route.method} ${route.path}`
      if (ENDS_SESSIONS.has(name)) continue
      await Promise.all([...cookies].map(async ([actor, cookie]) => {
        const answer = await relay.ask(route.method, fillPath(route.path, { space, user: target, programme: elsewhere }), { ...(cookie === undefined ? {} : { cookie }), ...(name in BODIES ? { body: BODIES[name] } : {}) })
        cells.push(name)
        // A second, finer question inside: nobody changes or gives more than they hold, or a municipality that is not theirs.
        const isFiner = answer.status === 403 && name.startsWith('PUT /api/spaces/:space/members') && actor === 'programme-leader'
        const isAllowed = !isRefusedForRights(answer.status, answer.json?.error) || isFiner
        const own = name === 'POST /api/session' || name === 'POST /api/links/:token' ? true : isAllowed
        if (own !== mayAsk(standingOf(actor), route.operation) || answer.status >= 500) wrong.push(`${name} by ${actor}: ${answer.status} ${answer.text.slice(0, 80)}`)
      }))
    }
    expect(wrong).toEqual([])
    expect(cells.length).toBe((relay.running.app.routes.length - ENDS_SESSIONS.size) * cookies.size)
  })

  test('an unknown space and a forbidden one are answered alike', async () => {
    const relay = await startUnderTest()
    const { space, cookies } = await everybody(relay)
    const cookie = cookies.get('neighbour') ?? ''
    for (const path of ['/api/spaces/:space/members', '/api/programmes/:space/report', `/sync/entries?space=:space`]) {
      const [forbidden, unknown] = await Promise.all([space, NOBODY].map((one) => relay.ask('GET', path.replace(':space', one), { cookie })))
      expect([forbidden?.status, forbidden?.text]).toEqual([403, '{"error":"forbidden"}'])
      expect(unknown?.text).toBe(forbidden?.text)
      expect(unknown?.status).toBe(forbidden?.status)
    }
  })

  test('nobody gives away, or takes from another, more than they hold', async () => {
    const relay = await startUnderTest()
    const { running } = relay
    const space = relay.space()
    const leader = await relay.member(space, 'leader')
    const admin = await relay.member(space, 'admin')
    const member = await relay.member(space, 'member')
    const invite = (cookie: string, role: Role) => relay.ask('POST', `/api/spaces/${space}/invitations`, { cookie, body: { role } })
    const change = (cookie: string, user: string, role: Role | null) => relay.ask('PUT', `/api/spaces/${space}/members/${user}`, { cookie, body: { role } })

    expect((await invite(leader.cookie, 'leader')).status).toBe(200)
    expect((await invite(leader.cookie, 'admin')).json).toEqual({ error: 'forbidden' })
    expect((await invite(admin.cookie, 'programme-leader')).json).toEqual({ error: 'bad-request' }) // not a programme
    expect((await invite(member.cookie, 'reader')).json).toEqual({ error: 'forbidden' })
    expect((await change(leader.cookie, member.user, null)).json).toEqual({ error: 'forbidden' })
    expect((await change(admin.cookie, NOBODY, 'reader')).json).toEqual({ error: 'not-found' })
    expect((await change(admin.cookie, member.user, 'reader')).status).toBe(204)
    expect(running.accounts.roleIn(member.user, space)).toBe('reader')
    expect((await change(admin.cookie, member.user, null)).status).toBe(204)
    expect(running.accounts.roleIn(member.user, space)).toBeNull()
    // Without the last one who may let people in, the door stays shut for ever.
    expect((await change(admin.cookie, admin.user, 'member')).json).toEqual({ error: 'conflict' })
    const second = await relay.member(space, 'admin')
    expect((await change(second.cookie, admin.user, null)).status).toBe(204)
  })

  test('a municipality takes part in a programme when its own leader says so, sees what the programme sees, and can stop', async () => {
    const relay = await startUnderTest()
    const programme = relay.space('Programma', 'programme')
    const almere = relay.space('Almere')
    const programmeLeader = await relay.member(programme, 'programme-leader')
    const leader = await relay.member(almere, 'leader')
    const member = await relay.member(almere, 'member')
    const change = (cookie: string, takesPart: boolean) => relay.ask('PUT', `/api/spaces/${almere}/participations/${programme}`, { cookie, body: { takesPart } })
    const report = () => relay.ask('GET', `/api/programmes/${programme}/report`, { cookie: programmeLeader.cookie })
    expect((await change(programmeLeader.cookie, true)).json).toEqual({ error: 'forbidden' })
    expect((await change(member.cookie, true)).json).toEqual({ error: 'forbidden' })
    expect((await report()).json.municipalities).toEqual([])
    expect((await change(leader.cookie, true)).status).toBe(204)
    const seen = await report()
    expect(seen).toMatchObject({ status: 200, json: { municipalities: [{ space: almere, name: 'Almere', rows: [] }] } })
    const own = await relay.ask('GET', `/api/spaces/${almere}/report`, { cookie: member.cookie })
    expect(own.json.municipalities).toEqual(seen.json.municipalities)
    expect((await relay.ask('GET', `/api/spaces/${almere}/participations`, { cookie: member.cookie })).json).toEqual([{ programme, name: 'Programma', takesPart: true }])
    const reader = await relay.member(programme, 'reader')
    expect((await relay.ask('GET', `/api/programmes/${programme}/report`, { cookie: reader.cookie })).json.municipalities).toEqual([])
    expect((await change(leader.cookie, false)).status).toBe(204)
    expect((await report()).json.municipalities).toEqual([])
    expect((await relay.ask('PUT', `/api/spaces/${almere}/participations/${almere}`, { cookie: leader.cookie, body: { takesPart: true } })).json).toEqual({ error: 'bad-request' })
  })

  test('a limit for offline use is set by whoever runs the space, in days, is accounted for, and reaches the open connections of its members', async () => {
    const relay = await startUnderTest()
    const space = relay.space('Almere')
    await relay.running.log.ensureSpace(space)
    const admin = await relay.member(space, 'admin')
    const member = await relay.member(space, 'member')
    const change = (cookie: string, daysMax: unknown) => relay.ask('PUT', `/api/spaces/${space}/offline`, { cookie, body: { daysMax } })
    const socket = openSocket(`${relay.origin.replace('http', 'ws')}/sync`, { cookie: member.cookie, origin: relay.origin })
    await socket.opened
    socket.socket.send(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'test', device: NOBODY, pendingCount: 0 }))
    const scopes = async () => decodeDown(await socket.next()).filter((message) => message.type === 'scope')
    expect(await scopes()).toMatchObject([{ space, role: 'member', offlineDaysMax: null }])

    for (const { cookie } of [member, await relay.member(space, 'reader'), await relay.member(space, 'leader')]) expect((await change(cookie, 7)).json).toEqual({ error: 'forbidden' })
    const absurd = [0, -1, 401, 1.5, '7', undefined, 1e9]
    for (const daysMax of absurd) expect((await change(admin.cookie, daysMax)).json, String(daysMax)).toEqual({ error: 'bad-request' })
    for (const daysMax of [1, 400, 7]) expect((await change(admin.cookie, daysMax)).status).toBe(204)
    for (const daysMax of [1, 400, 7]) expect(await scopes()).toMatchObject([{ space, role: 'member', offlineDaysMax: daysMax }])
    expect((await change(admin.cookie, null)).status).toBe(204)
    expect(await scopes()).toMatchObject([{ offlineDaysMax: null }])

    const noted = relay.running.accounts.audit.page({ space }, 100).records.filter(({ operation }) => operation === 'space.change')
    expect(noted.map(({ role, subject, result }) => [result, role, subject].join(' ').trim())).toEqual([
      'done admin offline unlimited', 'done admin offline 7', 'done admin offline 400', 'done admin offline 1', ...[...absurd.map(() => 'admin'), 'leader', 'reader', 'member'].map((role) => `refused ${role} PUT /api/spaces/:space/offline`),
    ])
  })

  test('A11: each request leaves one record, or none by the list, refused ones too; whoever asked, in which role, and what came of it', async () => {
    const relay = await startUnderTest()
    const { space, elsewhere, cookies, target } = await everybody(relay)
    const { audit } = relay.running.accounts
    const wrong: string[] = []
    for (const route of relay.running.app.routes) {
      const name = `${route.method} ${route.path}`
      if (ENDS_SESSIONS.has(name)) continue
      for (const actor of ['admin', 'reader', 'neighbour'] as const) {
        const before = audit.page({}, 1).records[0]?.seq ?? 0
        const answer = await relay.ask(route.method, fillPath(route.path, { space, user: target, programme: elsewhere }), { cookie: cookies.get(actor) ?? '', ...(name in BODIES ? { body: BODIES[name] } : {}) })
        const made = audit.page({}, 9).records.filter(({ seq }) => seq > before)
        const isDone = answer.status < 300
        // What never reached the route (a shape that is not one) was no operation.
        const expected = answer.json?.error === 'bad-request' && made.length === 0 ? 0 : isDone && UNRECORDED.has(route.operation) ? 0 : 1
        const [record] = made
        if (made.length !== expected) wrong.push(`${name} by ${actor}: ${made.length} records for ${answer.status}`)
        if (record && (record.operation !== route.operation || record.result !== (isDone ? 'done' : 'refused'))) wrong.push(`${name} by ${actor}: ${record.operation} ${record.result} for ${answer.status}`)
        if (record && record.space === space && record.role !== (actor === 'neighbour' ? null : actor)) wrong.push(`${name} by ${actor}: as ${record.role}`)
      }
    }
    expect(wrong).toEqual([])
    expect(audit.verify().brokenAt).toBeNull()
  })
})

test('a page of another site changes nothing: every route that changes something, with a real cookie', async () => {
  const relay = await startUnderTest()
  const { space, elsewhere, cookies, target } = await everybody(relay)
  const cookie = cookies.get('admin') ?? ''
  const before = JSON.stringify(relay.running.accounts.database.all('SELECT * FROM members ORDER BY user, space'))
  for (const route of relay.running.app.routes.filter(({ method }) => method !== 'GET')) {
    const name = `${route.method} ${route.path}`
    for (const origin of [null, 'null', 'http://evil.example', `https://127.0.0.1:${relay.port}`, `http://localhost:${relay.port}`]) {
      const answer = await relay.ask(route.method, fillPath(route.path, { space, user: target, programme: elsewhere }), { cookie, origin, ...(name in BODIES ? { body: BODIES[name] } : {}) })
      expect([name, origin, answer.status]).toEqual([name, origin, 403])
    }
  }
  expect(JSON.stringify(relay.running.accounts.database.all('SELECT * FROM members ORDER BY user, space'))).toBe(before)
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(200) // still signed in
})

describe('shapes', () => {
  test('answers are what the table, and so OpenAPI, says they are', async () => {
    const relay = await startUnderTest()
    const { space, elsewhere, cookies, target } = await everybody(relay)
    for (const route of relay.running.app.routes) {
      if (!route.answer || route.method !== 'GET') continue
      const { operation } = route
      const who = isOfSpace(operation) ? must(ROLES.findLast((role) => may(role, operation)), 'somebody may') : DOORS[operation] === 'administrator' ? 'administrator' : 'reader'
      const answer = await relay.ask(route.method, fillPath(route.path, { space, user: target, programme: elsewhere }), { cookie: cookies.get(who) ?? '' })
      if (route.path === '/api/links/:token') expect(answer.json).toEqual({ error: 'not-found' })
      else expect([route.path, v.safeParse(route.answer, answer.json).success]).toEqual([route.path, true])
    }
    const openapi = (await relay.ask('GET', '/api/openapi.json')).json
    const described = Object.entries(openapi.paths as Record<string, object>).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`))
    expect(described.sort()).toEqual(relay.running.app.routes.map(({ method, path }) => `${method} ${path}`).sort())
  })

  test('what does not fit the schema is refused with a code and nothing else', async () => {
    const cases: [what: string, method: string, path: string, body: unknown][] = [
      ['an id of the wrong length', 'GET', '/api/spaces/abc/members', undefined],
      ['a role that does not exist', 'POST', '/api/spaces/:space/invitations', { role: 'owner' }],
      ['a body that is no object', 'POST', '/api/spaces/:space/invitations', [1]],
      ['no body', 'POST', '/api/spaces/:space/invitations', undefined],
      ['a name with control characters', 'POST', '/api/spaces', { kind: 'group', name: 'a\u0000b' }],
      ['a name that turns the text around', 'POST', '/api/spaces', { kind: 'group', name: 'a\u202eb' }],
      ['a name of 10,000 characters', 'POST', '/api/spaces', { kind: 'group', name: 'a'.repeat(10_000) }],
      ['prototype keys', 'POST', '/api/spaces', JSON.parse('{"__proto__": {"kind": "group"}, "name": "x"}')],
    ]
    const relay = await startUnderTest()
    const space = relay.space()
    const { cookie, user } = await relay.member(space, 'admin')
    relay.running.accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', user)
    relay.running.accounts.refresh()
    for (const [what, method, path, body] of cases) {
      const answer = await relay.ask(method, path.replace(':space', space), { cookie, ...(body === undefined ? {} : { body }) })
      // An id that cannot exist is nobody's: forbidden, like every other space that is not yours.
      expect([what, answer.json]).toEqual([what, { error: what.startsWith('an id') ? 'forbidden' : 'bad-request' }])
    }
  })

  test('[B10] three thousand requests of junk: an answer for each, never a 5xx, never a stack', async () => {
    const relay = await startUnderTest()
    const { space, cookies, target } = await everybody(relay)
    const dice = namedDice(20_261_121, 'junk')
    const words = ['', '0', space, target, NOBODY, 'null', '__proto__', '%00', '%2e%2e', '..', "'", '"', '<x>', 'a'.repeat(200), '\u202e', '1e309', '-1', 'constructor', '{}', '[]']
    const value = (depth = 0): unknown => {
      const kind = below(dice, depth > 2 ? 5 : 8)
      if (kind < 3) return pick(dice, words)
      if (kind === 3) return pick(dice, [0, -1, 2 ** 53, 1e308, 0.5])
      if (kind === 4) return pick(dice, [null, true, false])
      if (kind === 5) return Array.from({ length: below(dice, 4) }, () => value(depth + 1))
      return Object.fromEntries(Array.from({ length: below(dice, 5) }, () => [pick(dice, [...words, 'login', 'password', 'name', 'role', 'kind', 'takesPart', 'job', 'organisation']), value(depth + 1)]))
    }
    const actors = [...cookies.values()]
    const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const
    for (let i = 0; i < 3_000; i++) {
      const { path, method } = pick(dice, relay.running.app.routes)
      const url = `${path.replaceAll(/:\w+/g, () => encodeURI(pick(dice, words)))}${below(dice, 3) === 0 ? `?${new URLSearchParams({ [pick(dice, ['space', 'cursor', 'wait', 'epoch', 'tailHash', 'x'])]: pick(dice, words) }).toString()}` : ''}`
      const cookie = pick(dice, actors)
      const answer = await relay.running.app.fastify.inject({
        method: below(dice, 4) === 0 ? pick(dice, methods) : method,
        url,
        headers: { host: '127.0.0.1', origin: 'http://127.0.0.1', 'content-type': pick(dice, ['application/json', 'text/plain', 'application/octet-stream', 'x', 'application/json; charset="']), accept: pick(dice, ['*/*', 'text/html', 'application/json', 'x']), ...(cookie === undefined ? {} : { cookie }) },
        payload: below(dice, 3) === 0 ? pick(dice, words) : JSON.stringify(value()),
        remoteAddress: `10.0.${below(dice, 256)}.${below(dice, 256)}`,
      })
      expect([url, answer.statusCode < 500, / at .*\.(ts|js):\d+/.test(answer.body)]).toEqual([url, true, false])
    }
    expect(relay.lines.filter((line) => line.includes('"level":50'))).toEqual([])
  })

  test('a body that is too large is refused before it is read', async () => {
    const relay = await startUnderTest()
    const answer = await relay.ask('POST', '/api/session', { body: { login: 'a@b.nl', password: 'x'.repeat(100_000) } })
    expect(answer).toMatchObject({ status: 413, json: { error: 'too-large' } })
  })

  test('health, readiness, version and metrics say what they are asked', async () => {
    const { ask } = await startUnderTest()
    expect((await ask('GET', '/healthz')).json).toEqual({ ok: true })
    expect((await ask('GET', '/readyz')).json).toEqual({
      ready: true,
      checks: { log: expect.stringMatching(/^journal_mode=wal synchronous=2 mmap_size=0 sqlite=3\.\d+\.\d+$/), accounts: expect.stringMatching(/^journal_mode=wal synchronous=2 mmap_size=0 sqlite=3\./) },
    })
    expect((await ask('GET', '/version')).json).toMatchObject({ name: 'samenpad', version: '0.0.0-test', protocol: { min: 1 } })
    const metrics = (await ask('GET', '/metrics')).text
    for (const name of ['samenpad_connections 0', 'samenpad_committed_entries 0', 'process_resident_memory_bytes']) expect(metrics).toContain(name)
  })
})

describe('the client', () => {
  test('the page is asked for anew each time, hashed files are kept, the page of every other path is the page', async () => {
    const { ask, running } = await startUnderTest()
    const html = { accept: 'text/html' }
    for (const encoding of ['', 'identity', 'gzip', 'br, gzip']) {
      for (const url of ['/', '/index.html', '/diep/pad']) {
        const { statusCode, headers } = await running.app.fastify.inject({ url, headers: { accept: 'text/html', ...(encoding === '' ? {} : { 'accept-encoding': encoding }) } })
        expect([encoding, url, statusCode, headers['cache-control']]).toEqual([encoding, url, 200, 'no-cache'])
      }
    }
    for (const path of ['/', '/welkom/abc', '/diep/pad']) {
      const page = await ask('GET', path, html)
      expect([path, page.status, page.headers.get('cache-control'), page.headers.get('content-type')]).toEqual([path, 200, 'no-cache', 'text/html; charset=utf-8'])
    }
    expect((await ask('GET', '/sw.js')).headers.get('cache-control')).toBe('no-cache')
    expect((await ask('GET', '/assets/main-1a2b3c.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await ask('GET', '/assets/main-old.js', html)).toMatchObject({ status: 404, json: { error: 'not-found' } })
    expect(await ask('GET', '/api/unknown', html)).toMatchObject({ status: 404, json: { error: 'not-found' } })
    expect((await ask('POST', '/diep/pad', { body: {} })).status).toBe(404)
    for (const path of ['/..%2f..%2fpackage.json', '/%2e%2e/package.json', '/assets/..%5c..%5cindex.html', '/.env', '/assets/', '/assets']) expect([400, 404]).toContain((await ask('GET', path)).status)
  })

  test('every answer carries the content security policy, and nothing signed-in may be kept', async () => {
    const relay = await startUnderTest()
    const { cookie } = await relay.member(relay.space(), 'reader')
    for (const path of ['/', '/api/me', '/assets/main-1a2b3c.js', '/api/unknown']) {
      const { headers } = await relay.ask('GET', path, { cookie, accept: 'text/html' })
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy.replace("style-src-attr 'unsafe-inline'", '')).not.toContain('unsafe-inline')
      expect(policy).not.toContain("'unsafe-eval'")
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    for (const path of ['/api/me', '/api/people']) expect((await relay.ask('GET', path, { cookie })).headers.get('cache-control')).toBe('no-store')
  })

  test('that was never built says so on a page, and the doors work', async () => {
    const { ask } = await startUnderTest({ dist: `${freshFolder()}/none` })
    const page = await ask('GET', '/', { accept: 'text/html' })
    expect(page.status).toBe(503)
    expect(page.text).toContain('nog niet gebouwd')
    expect((await ask('GET', '/healthz')).status).toBe(200)
  })
})
