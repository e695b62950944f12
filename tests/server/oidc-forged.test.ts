// [A9] Answers, ID tokens and logout tokens that were forged, mixed up, replayed or brought by another browser: none is accepted.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPair, type JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { createOidc, FAREWELL_MS, FLOW_MS, type Oidc } from '../../server/auth/oidc.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { forgedLogouts, forgedTokens, halfOf, LOGOUT_EVENT, seconds } from '../support/forged-tokens.ts'
import { handClock } from '../support/hand-clock.ts'
import { CLIENT_ID, CLIENT_SECRET, startFakeOrganisation, type FakeOrganisation } from '../support/organisation.ts'

const REDIRECT = 'http://127.0.0.1:4180/api/oidc/callback'
const SIGN_IN = { before: null, joins: null }

let organisation: FakeOrganisation
let oidc: Oidc
let lateMs = 0
const reports: unknown[] = []

const createFor = (issuer: string): Oidc =>
  createOidc({
    settings: { issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'openid profile', roleRules: [] },
    clock: { ...systemClock, now: () => Date.now() + lateMs }, dice: systemDice, report: (event) => void reports.push(event),
  })

beforeAll(async () => {
  organisation = await startFakeOrganisation()
})
afterAll(() => organisation.close())
beforeEach(() => {
  lateMs = 0
  reports.length = 0
  oidc = createFor(organisation.issuer)
})

interface Begun {
  flow: string
  state: string
  nonce: string
  challenge: string
}
async function begin(of = oidc): Promise<Begun> {
  const begun = await of.begin(REDIRECT, SIGN_IN)
  if (!begun.ok) throw new Error(begun.failure.kind)
  const { searchParams } = new URL(begun.value.url)
  expect(searchParams.get('code_challenge_method')).toBe('S256')
  const get = (name: string): string => must(searchParams.get(name), name)
  return { flow: begun.value.flow, state: get('state'), nonce: get('nonce'), challenge: get('code_challenge') }
}
const goodClaims = ({ nonce }: Begun): JWTPayload => ({ iss: organisation.issuer, aud: CLIENT_ID, sub: 'somebody', nonce, iat: seconds(), exp: seconds() + 300, name: 'verloskundige', sid: 'there' })
const tokens = (id_token: string) => ({ access_token: 'x', token_type: 'Bearer', id_token })
/** What was said, or the kind of failure; an exception is never right. */
async function finish(begun: Begun, query: Record<string, string> = {}, flow: string | null = begun.flow, of = oidc): Promise<string> {
  const done = await of.finish(flow, { code: 'code', state: begun.state, ...query })
  return done.ok ? `accepted ${done.value.subject}` : done.failure.kind
}

test('a good answer is accepted, with the verifier that belongs to the challenge', async () => {
  const begun = await begin()
  organisation.answer = async (form) => {
    expect(createHash('sha256').update(must(form.get('code_verifier'), 'PKCE')).digest('base64url')).toBe(begun.challenge)
    expect(form.get('redirect_uri')).toBe(REDIRECT)
    return tokens(await organisation.sign(goodClaims(begun)))
  }
  expect(await oidc.finish(begun.flow, { code: 'code', state: begun.state })).toMatchObject({ ok: true, value: { issuer: organisation.issuer, subject: 'somebody', sid: 'there', claims: { name: 'verloskundige' }, refreshToken: null } })
})

test('[A9] whoever is at the organisation comes back, however many others began meanwhile', async () => {
  const begun = await begin()
  for (let i = 0; i < 10_100; i++) await oidc.begin(REDIRECT, SIGN_IN)
  organisation.answer = async () => tokens(await organisation.sign(goodClaims(begun)))
  expect(await finish(begun)).toBe('accepted somebody')
  expect(await finish(begun)).toBe('expired')
})

test('[A9] what a browser keeps opens with the key of the relay that sealed it, and is not readable', async () => {
  const begun = await begin()
  const middle = Math.floor(begun.flow.length / 2)
  const bent = `${begun.flow.slice(0, middle)}${begun.flow[middle] === 'A' ? 'B' : 'A'}${begun.flow.slice(middle + 1)}`
  for (const flow of [bent, 'x', '', 'a.b.c.d.e', null]) expect(await finish(begun, {}, flow)).toBe('expired')
  expect(await finish(begun, {}, begun.flow, createFor(organisation.issuer))).toBe('expired')
  const read = begun.flow.split('.').map((piece) => Buffer.from(piece, 'base64url').toString('latin1')).join()
  for (const secret of [begun.state, begun.nonce, REDIRECT]) expect(read).not.toContain(secret)
})

test('[A9] an organisation that names itself with a gap, as Entra ID does for everybody’s tenant, is not asked', async () => {
  const everybody = await startFakeOrganisation({ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' })
  const begun = await createFor(`${everybody.issuer}/.well-known/openid-configuration`).begin(REDIRECT, SIGN_IN)
  await everybody.close()
  expect(begun).toEqual({ ok: false, failure: { kind: 'failed' } })
  expect(reports).toMatchObject([{ reason: 'issuer-of-every-tenant' }])
})

const FORGED = forgedTokens(() => organisation)
const BAD_LOGOUTS = forgedLogouts(() => organisation)

describe('[A9] an ID token', () => {
  test.each(Object.keys(FORGED))('%s is refused', async (name) => {
    const begun = await begin()
    const forge = must(FORGED[name], name)
    organisation.answer = async () => tokens(await forge(goodClaims(begun)))
    expect(await finish(begun)).toBe('failed')
    expect(JSON.stringify(reports)).not.toContain('somebody')
  })
})

test('an ID token that names what came with it is accepted, and one that is dated back by minutes', async () => {
  const begun = await begin()
  organisation.answer = async () => tokens(await organisation.sign({ ...goodClaims(begun), azp: CLIENT_ID, aud: [CLIENT_ID, 'other'], at_hash: halfOf('x'), c_hash: halfOf('code'), iat: seconds() - 300 }))
  expect(await finish(begun)).toBe('accepted somebody')
})

test('keys that were changed between two sign-ins are asked for anew, for a renewal and a logout token too', async () => {
  const changing = await startFakeOrganisation()
  const of = createFor(changing.issuer)
  const good = (begun: Begun) => changing.sign({ ...goodClaims(begun), iss: changing.issuer })
  for (let round = 0; round < 3; round++) {
    const begun = await begin(of)
    changing.answer = async () => tokens(await good(begun))
    expect(await finish(begun, {}, undefined, of)).toBe('accepted somebody')
    await changing.changeKey(`then ${round}`)
    changing.answer = async () => tokens(await good(begun))
    expect(await of.renew('a refresh token', 'somebody')).toMatchObject({ ok: true, value: { claims: { name: 'verloskundige' } } })
    await changing.changeKey(`later ${round}`)
    const logout = await changing.sign({ iss: changing.issuer, aud: CLIENT_ID, iat: seconds(), jti: String(round), sub: 'somebody', events: { [LOGOUT_EVENT]: {} } })
    expect(await of.readLogout(logout)).toMatchObject({ ok: true, value: { issuer: changing.issuer, subject: 'somebody' } })
  }
  // Made-up keys do not make us ask without end.
  const before = changing.keysAskedCount()
  const stranger = (await generateKeyPair('RS256')).privateKey
  for (let i = 0; i < 60; i++) await of.readLogout(await changing.sign({ iss: changing.issuer, aud: CLIENT_ID }, { key: stranger, header: { kid: `made up ${i}` } }))
  expect(changing.keysAskedCount() - before).toBeLessThan(40)
  await changing.close()
  expect(await of.renew('a refresh token', 'somebody')).toEqual({ ok: false, failure: { kind: 'unreachable' } })
})

test('an organisation that moves its pages is followed within the hour, and one that is away for a moment stays known', async () => {
  const metadata: Record<string, string> = {}
  const moving = await startFakeOrganisation(metadata)
  const of = createFor(moving.issuer)
  const goesTo = async (): Promise<string> => {
    const begun = await of.begin(REDIRECT, SIGN_IN)
    return begun.ok ? new URL(begun.value.url).pathname : begun.failure.kind
  }
  expect(await goesTo()).toBe('/authorize')
  metadata.authorization_endpoint = `${moving.issuer}/elsewhere`
  expect(await goesTo()).toBe('/authorize')
  lateMs = 60 * 60_000
  // Nobody waits for the reading.
  expect(await goesTo()).toBe('/authorize')
  await vi.waitFor(async () => expect(await goesTo()).toBe('/elsewhere'))
  await moving.close()
  lateMs *= 2
  expect(await goesTo()).toBe('/elsewhere')
  await vi.waitFor(() => expect(reports).toMatchObject([{ during: 'look up', outcome: 'unreachable' }]))
  expect(await goesTo()).toBe('/elsewhere')
})

test('a renewal that says nothing of the person takes nothing from them', async () => {
  organisation.answer = () => ({ access_token: 'y', token_type: 'Bearer' })
  expect(await oidc.renew('a refresh token', 'somebody')).toEqual({ ok: true, value: { claims: null, refreshToken: null } })
})

describe('[A9] an answer', () => {
  beforeEach(() => {
    organisation.answer = () => Promise.reject(new Error('the organisation knows no such code'))
  })
  const good = (begun: Begun): void => void (organisation.answer = async () => tokens(await organisation.sign(goodClaims(begun))))

  test('with another state, without one, or without a code is refused', async () => {
    const begun = await begin()
    good(begun)
    for (const query of [{ state: 'x' }, { state: '' }]) expect(await finish(begun, query)).toBe('expired')
    expect(await oidc.finish(begun.flow, { state: begun.state })).toMatchObject({ ok: false })
  })
  test('in a browser that began nothing, or something else, is refused', async () => {
    const [mine, others] = [await begin(), await begin()]
    good(others)
    expect(await finish(others, {}, null)).toBe('expired')
    expect(await finish(others, {}, 'A'.repeat(43))).toBe('expired')
    expect(await finish(others, {}, mine.flow)).toBe('expired')
    // What this browser did begin goes on: two windows were signing in, or somebody else's page sent it here.
    good(mine)
    expect(await finish(mine)).toBe('accepted somebody')
  })
  test('is used once: a replay is refused, also after a failed attempt', async () => {
    const begun = await begin()
    good(begun)
    expect(await finish(begun)).toBe('accepted somebody')
    expect(await finish(begun)).toBe('expired')
    const second = await begin()
    organisation.answer = () => ({ error: 'invalid_grant' })
    expect(await finish(second)).toBe('failed')
    good(second)
    expect(await finish(second)).toBe('expired')
  })
  test('that comes too late is refused', async () => {
    const begun = await begin()
    good(begun)
    lateMs = FLOW_MS
    expect(await finish(begun)).toBe('expired')
  })
  test('that says no is a no', async () => {
    const begun = await begin()
    expect(await oidc.finish(begun.flow, { error: 'access_denied', state: begun.state })).toEqual({ ok: false, failure: { kind: 'denied', errand: SIGN_IN } })
    // Whoever sends a browser back writes that word: only what looks like one of the standard is kept of it.
    const other = await begin()
    expect(await oidc.finish(other.flow, { error: 'een geheim van iemand', state: other.state })).toMatchObject({ failure: { kind: 'denied' } })
    expect(JSON.stringify(reports)).toContain('access_denied')
    expect(JSON.stringify(reports)).not.toContain('geheim')
  })
  test('whose code the organisation does not know under our verifier is refused', async () => {
    expect(await finish(await begin())).toBe('failed')
  })
  test('of another organisation is refused (mix-up)', async () => {
    const careful = await startFakeOrganisation({ authorization_response_iss_parameter_supported: true })
    const of = createFor(careful.issuer)
    careful.answer = () => ({})
    for (const query of [{ iss: 'https://evil.example' }, {}] as Record<string, string>[]) expect(await finish(await begin(of), query, undefined, of)).toBe('failed')
    await careful.close()
  })
  test('of an organisation that names itself otherwise, or is not there, begins nothing', async () => {
    const liar = await startFakeOrganisation({ issuer: 'https://evil.example' })
    expect(await createFor(liar.issuer).begin(REDIRECT, SIGN_IN)).toMatchObject({ ok: false, failure: { kind: 'failed' } })
    await liar.close()
    expect(await createFor(liar.issuer).begin(REDIRECT, SIGN_IN)).toEqual({ ok: false, failure: { kind: 'unreachable' } })
  })
})

describe('[A9] a logout token', () => {
  const good = (): JWTPayload => ({ iss: organisation.issuer, aud: CLIENT_ID, iat: seconds(), exp: seconds() + 120, jti: String(Math.random()), sub: 'somebody', sid: 'there', events: { [LOGOUT_EVENT]: {} } })
  test('that is good is read once', async () => {
    const token = await organisation.sign(good())
    expect(await oidc.readLogout(token)).toEqual({ ok: true, value: { issuer: organisation.issuer, subject: 'somebody', sid: 'there' } })
    // However the address is written in the settings, it is the issuer that sessions are known by.
    expect(await createFor(`${organisation.issuer}/`).readLogout(token)).toMatchObject({ ok: true, value: { issuer: organisation.issuer } })
    expect(await oidc.readLogout(token)).toMatchObject({ ok: false })
  })
  test.each(Object.keys(BAD_LOGOUTS))('%s ends nothing', async (name) => {
    expect(await oidc.readLogout(await must(BAD_LOGOUTS[name], name)(good()))).toEqual({ ok: false, failure: { kind: 'failed' } })
  })
})

describe('signing out of the organisation', () => {
  const RETURN = 'https://samenpad.test/inloggen'
  test.each([
    ['it offers a page', { end_session_endpoint: 'https://organisation.test/uit?a=1' }, `https://organisation.test/uit?a=1&post_logout_redirect_uri=${encodeURIComponent(RETURN)}&client_id=${CLIENT_ID}`],
    ['it offers none', {}, null],
    ['its page is no address', { end_session_endpoint: 'weg' }, null],
    ['its page is a script', { end_session_endpoint: 'javascript:alert(1)' }, null],
  ])('when %s', async (_when, metadata, expected) => {
    const one = await startFakeOrganisation(metadata)
    expect(await createFor(one.issuer).farewell(RETURN)).toBe(expected)
    await one.close()
    // Away since the relay began: signing out does not wait for it, and says so to whoever runs the relay.
    expect(await createFor(one.issuer).farewell(RETURN)).toBeNull()
    expect(reports).toMatchObject([{ during: 'farewell', outcome: 'unreachable' }])
  })
  test('one that never answers is waited for no longer than a moment', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const clock = handClock()
    const of = createOidc({ settings: { issuer: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'openid', roleRules: [] }, clock, dice: systemDice, report: () => undefined })
    const asked = of.farewell(RETURN)
    clock.turn(FAREWELL_MS)
    expect(await asked).toBeNull()
    silent.closeAllConnections()
    silent.close()
  })
})
