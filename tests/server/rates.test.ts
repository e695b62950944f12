// Whoever asks without end over ordinary requests: counted before anything else is looked at, so that being refused for rights is no way around it.
import { expect, test } from 'vitest'
import { startUnderTest } from './relay-under-test.ts'

const REQUESTS_PER_MINUTE_MAX = 1_200
/** Asked at once; a slow machine may see a minute end between two of these, so what is asserted is that an end comes. */
const AT_ONCE = 100
const ROUNDS_MAX = 40

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
  expect(statuses.get(403)).toBeGreaterThanOrEqual(REQUESTS_PER_MINUTE_MAX)
  // Somebody else goes on at that route, and this one at others.
  const other = await relay.member(relay.space('Ede'), 'reader')
  expect((await relay.ask('GET', `/api/spaces/${foreign}/members`, { cookie: other.cookie })).status).toBe(403)
  expect((await relay.ask('GET', '/api/me', { cookie })).status).toBe(200)
  // What was refused for its number is a number for whoever runs the relay, and no line each.
  expect(relay.lines.filter((line) => line.includes('"status":429'))).toEqual([])
  expect((await relay.ask('GET', '/metrics')).text).toMatch(new RegExp(`^samenpad_refused_requests_total ${statuses.get(429)}$`, 'm'))
})

test('a page that is not ours uses up nothing of the person in front of it', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'reader')
  const statuses = await askOn(() => relay.ask('DELETE', '/api/me/sessions', { cookie, origin: 'http://evil.example' }))
  expect([...statuses.keys()].sort()).toEqual([403, 429])
  expect((await relay.ask('DELETE', '/api/me/sessions', { cookie })).status).toBe(204)
})
