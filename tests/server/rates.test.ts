// Whoever asks without end over ordinary requests: counted before anything else is looked at, so that being refused for rights is no way around it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../server/system.ts'
import { PASSWORD, person, startUnderTest } from './relay-under-test.ts'

/** What one person may ask at one route at once and how many more wait for their turn. */
const [REQUESTS_AT_ONCE, REQUESTS_AHEAD] = [100, 20]
const AT_ONCE = 100
const ROUNDS_MAX = 13

// However slow the machine: the relay's clock is still until it is turned.
let now = 0
beforeEach(() => {
  now = Date.now()
  vi.spyOn(systemClock, 'now').mockImplementation(() => now)
})
afterEach(() => vi.restoreAllMocks())

/** Asks until it is too often. Out: how many were answered with each status. */
async function askOn(ask: () => Promise<{ status: number }>): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>()
  for (let round = 0; round < ROUNDS_MAX && !statuses.has(429); round++) {
    for (const { status } of await Promise.all(Array.from({ length: AT_ONCE }, ask))) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  return statuses
}

test('requests that are refused for rights count as well: somebody known fills no more of the account than the limit lets through', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'reader')
  const foreign = relay.space('Almere')
  const statuses = await askOn(() => relay.ask('GET', `/api/spaces/${foreign}/members`, { cookie }))
  expect([...statuses.keys()].sort()).toEqual([403, 429])
  expect(statuses.get(403)).toBe(REQUESTS_AT_ONCE + REQUESTS_AHEAD)
  // Somebody else goes on at that route, and this one at others.
  const other = await relay.member(relay.space('Ede'), 'reader')
  expect((await relay.ask('GET', `/api/spaces/${foreign}/members`, { cookie: other.cookie })).status).toBe(403)
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(200)
  // What was refused for its number is a number for whoever runs the relay, and no line each.
  expect(relay.lines.filter((line) => line.includes('"status":429'))).toEqual([])
  expect((await relay.ask('GET', '/metrics')).text).toMatch(new RegExp(`^samenpad_refused_requests_total ${statuses.get(429)}$`, 'm'))
  now += 60_000
  expect((await relay.ask('GET', `/api/spaces/${foreign}/members`, { cookie })).status).toBe(403)
})

test('whoever asks faster than that waits for a turn and gets it, and is who they are when it comes', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'reader')
  const other = await relay.member(relay.space('Ede'), 'reader')
  const after = vi.spyOn(systemClock, 'after')
  /** The relay has timers of other lengths too. */
  const areHeld = (...waits: number[]): Promise<void> => vi.waitFor(() => expect(after.mock.calls.map(([ms]) => ms)).toEqual(expect.arrayContaining(waits)))
  const ask = (): Promise<number> => relay.ask('GET', '/api/me', { cookie }).then(({ status }) => status)
  const ask4 = (): Promise<number[]> => Promise.all(Array.from({ length: 4 }, ask))
  expect(new Set(await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, ask)))).toEqual(new Set([200]))
  after.mockClear()
  const waiting = ask4()
  await areHeld(50, 100, 150, 200)
  // Beside them nobody waits.
  expect((await relay.ask('GET', '/api/me', { cookie: other.cookie })).status).toBe(200)
  expect(await waiting).toEqual([200, 200, 200, 200])
  // Who signs out meanwhile is nobody when the turn comes.
  const late = ask4()
  await areHeld(250, 300, 350, 400)
  expect((await relay.ask('DELETE', '/api/session', { cookie })).status).toBe(204)
  expect(await late).toEqual([401, 401, 401, 401])
})

test('a page that is not ours uses up nothing of the person in front of it', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'reader')
  const statuses = await askOn(() => relay.ask('DELETE', '/api/me/sessions', { cookie, origin: 'http://evil.example' }))
  expect([...statuses.keys()].sort()).toEqual([403, 429])
  expect((await relay.ask('DELETE', '/api/me/sessions', { cookie })).status).toBe(204)
})

test('a relay that stops while somebody is refused leaves nothing behind on its clock', async () => {
  const onClock = new Set<object>()
  const after = systemClock.after.bind(systemClock)
  vi.spyOn(systemClock, 'after').mockImplementation((delayMs, callback) => {
    const timer = after(delayMs, () => {
      onClock.delete(own)
      callback()
    })
    const own = {
      dispose() {
        onClock.delete(own)
        timer.dispose()
      },
    }
    onClock.add(own)
    return own
  })
  const relay = await startUnderTest()
  const statuses = await askOn(() => relay.ask('GET', '/api/me'))
  expect(statuses.get(429)).toBeGreaterThan(0)
  await relay.running.close()
  expect(onClock.size).toBe(0)
})

test('guessing a password is slowed down per login; others sign in as ever', async () => {
  const { running, ask, space } = await startUnderTest()
  const { token } = running.accounts.createInvitation({ space: space(), role: 'member', by: null })
  await ask('POST', `/api/links/${token}`, { body: person('eigen@praktijk.nl') })
  const guesses = await Promise.all(Array.from({ length: 30 }, () => ask('POST', '/api/session', { body: { login: 'doel@praktijk.nl', password: 'gok' } })))
  expect(guesses.filter(({ status }) => status === 429).length).toBe(10)
  expect(guesses.at(-1)?.json).toEqual({ error: 'rate' })
  expect((await ask('POST', '/api/session', { body: { login: 'eigen@praktijk.nl', password: PASSWORD } })).status).toBe(200)
})

test('guessing one’s own password in somebody’s place is slowed down as well, whatever stands beside it', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  const { token } = relay.running.accounts.createInvitation({ space, role: 'member', by: null })
  const { cookie } = await relay.ask('POST', `/api/links/${token}`, { body: person('eigen@praktijk.nl') })
  let guess = 0
  const statuses = await Promise.all(Array.from({ length: 25 }, () => relay.ask('PUT', '/api/me/password', { cookie, body: { old: `gok ${++guess} van velen`, next: 'twaalf tegels in de tuin', login: `iemand${guess}@praktijk.nl` } }).then(({ status }) => status)))
  expect(statuses.filter((status) => status === 401)).toHaveLength(20)
  expect(statuses.filter((status) => status === 429)).toHaveLength(5)
})

test('behind a proxy that writes the port of each connection as well, guessing is slowed down by address all the same', async () => {
  const relay = await startUnderTest({ publicUrl: 'https://samenpad.gemeente.nl' })
  const statuses: number[] = []
  for (let port = 50_000; port < 50_025; port++) {
    const { status } = await fetch(`${relay.origin}/api/session`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: 'https://samenpad.gemeente.nl', 'x-forwarded-for': `203.0.113.9:${port}` }, body: JSON.stringify({ login: 'iemand@gemeente.nl', password: 'mis' }),
    })
    statuses.push(status)
  }
  expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), ...Array.from({ length: 5 }, () => 429)])
  expect(relay.running.accounts.audit.page({}, 1).records[0]?.from).toBe('203.0.113.9')
})
