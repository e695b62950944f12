// How often a websocket may be opened, on a clock that the test turns: over a real listener, before anything is upgraded.
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SOCKETS_COUNT_MAX, SOCKETS_OPENED_PER_SECOND_MAX, STRANGERS_AT_ONCE_COUNT_MAX, STRANGERS_PER_SECOND_MAX } from '../../shared/model/limits.ts'
import { handClock, type HandClock } from '../../tests/support/hand-clock.ts'
import type { Caller, Doorkeeper } from './doorkeeper.ts'
import { createKnocks, networkOf } from './knocks.ts'
import { createUpgrades, type Upgrades } from './upgrades.ts'

const FLAPS_PER_SECOND = 4

let server: Server
let clock: HandClock
let upgrades: Upgrades
let refused: { path: string; status: number }[]

beforeEach(async () => {
  clock = handClock()
  refused = []
  server = createServer()
  // Who it is and where from is what the doorkeeper says: here the request says it.
  const doorkeeper: Pick<Doorkeeper, 'callerOf' | 'isFromOurPages' | 'addressOf'> = {
    callerOf: ({ headers }) => (headers.cookie === undefined ? null : ({ user: headers.cookie, via: 'session', session: headers.cookie } satisfies Caller)),
    isFromOurPages: ({ headers }) => headers.origin !== 'http://evil.example',
    addressOf: ({ headers }) => String(headers['x-from']),
  }
  upgrades = createUpgrades({ server, doorkeeper: doorkeeper as Doorkeeper, clock, socketsMax: SOCKETS_COUNT_MAX, onRefused: ({ path, status }) => void refused.push({ path, status }) })
  for (const path of ['/sync', '/yjs/']) upgrades.add(path, ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  upgrades.dispose()
  server.close()
})

interface From {
  user?: string
  address?: string
  origin?: string
  path?: string
}

/** Everything that is asked over one connection after another. Out: the answer's head. */
const knock = ({ user, address = '192.0.2.1', origin, path = '/sync' }: From): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    let head = ''
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => (head += bytes.toString('latin1'))).on('close', () => resolve(head))
    const own = [...(user === undefined ? [] : [`Cookie: ${user}`]), ...(origin === undefined ? [] : [`Origin: ${origin}`])]
    socket.write(`${[`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', `X-From: ${address}`, ...own].join('\r\n')}\r\n\r\n`)
  })
const statusOf = async (from: From): Promise<number> => Number((await knock(from)).split(' ')[1])

async function useUp(from: From, usual: number): Promise<void> {
  const statuses = new Set<number>()
  for (let i = 0; i < STRANGERS_AT_ONCE_COUNT_MAX; i += 100) for (const status of await Promise.all(Array.from({ length: 100 }, () => statusOf(from)))) statuses.add(status)
  expect([...statuses]).toEqual([usual])
}

test('[HEL6] nobody known is told to wait after a thousand from one address, on either door, before anything is upgraded', async () => {
  await useUp({}, 101)
  const answer = await knock({ path: '/yjs/ab' })
  expect(answer).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/)
  expect(answer).toContain('Retry-After: 1\r\n')
  expect(refused).toEqual([{ path: '/yjs/', status: 429 }])
  // Whoever is known from the same address, and whoever is not from another, does not notice.
  expect(await statusOf({ user: 'een' })).toBe(101)
  expect(await statusOf({ address: '192.0.2.2' })).toBe(101)
  // Asking again and again costs nothing; waiting helps.
  for (let i = 0; i < 50; i++) expect(await statusOf({})).toBe(429)
  clock.turn(1_000)
  const after = []
  for (let i = 0; i <= STRANGERS_PER_SECOND_MAX; i++) after.push(await statusOf({}))
  expect([after.filter((status) => status === 101).length, after.at(-1)]).toEqual([STRANGERS_PER_SECOND_MAX, 429])
})

test('a page that is not ours uses up the address and not the person in front of it, and is not accounted for without end', async () => {
  await useUp({ user: 'een', origin: 'http://evil.example' }, 403)
  expect(await statusOf({ user: 'een', origin: 'http://evil.example' })).toBe(429)
  expect(await statusOf({ user: 'een' })).toBe(101)
  expect(refused.filter(({ status }) => status === 403)).toHaveLength(STRANGERS_AT_ONCE_COUNT_MAX)
})

test('a refusal is the end of its connection, also for a side that never closes its own', async () => {
  // None of them counts as an open socket and no time limit of HTTP holds for them: whoever kept them would use up what the process may open.
  const gone = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)))
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume().write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-From: 192.0.2.1\r\n\r\n')
  await gone
  expect(refused).toEqual([{ path: 'unknown', status: 404 }])
  socket.destroy()
})

test('[HEL6] one person waits after as many as there is room for, and somebody else at the same address does not', () => {
  const knocks = createKnocks(clock)
  for (let i = 0; i < SOCKETS_COUNT_MAX; i++) expect(knocks.waitSeconds('een', '192.0.2.1')).toBe(0)
  expect(knocks.waitSeconds('een', '192.0.2.1')).toBe(1)
  expect(knocks.waitSeconds('een', '192.0.2.2')).toBe(1) // whatever address
  expect(knocks.waitSeconds('twee', '192.0.2.1')).toBe(0)
  clock.turn(1_000)
  for (let i = 0; i < SOCKETS_OPENED_PER_SECOND_MAX; i++) expect(knocks.waitSeconds('een', '192.0.2.1')).toBe(0)
  expect(knocks.waitSeconds('een', '192.0.2.1')).toBe(1)
})

test('honest: a line that flaps for a day, and ten thousand who come back at once from one address', () => {
  const knocks = createKnocks(clock)
  let waits = 0
  for (let minute = 0; minute < 24 * 60; minute++) {
    for (let i = 0; i < 60 * FLAPS_PER_SECOND; i++) waits += knocks.waitSeconds('een', '192.0.2.1')
    clock.turn(60_000)
  }
  for (let i = 0; i < SOCKETS_COUNT_MAX; i++) waits += knocks.waitSeconds(`laptop ${i}`, '192.0.2.1')
  expect(waits).toBe(0)
})

test('addresses of one IPv6 network are one, however they are written, and IPv4 inside IPv6 is IPv4', () => {
  const one = ['2001:db8:0:7::1', '2001:0db8:0000:0007:ffff::', '2001:DB8:0:7:1:2:3:4'].map(networkOf)
  expect(new Set(one)).toEqual(new Set(['2001:db8:0:7']))
  expect(networkOf('2001:db8:0:8::1')).not.toBe(one[0])
  expect([networkOf('::1'), networkOf('fe80::1%eth0'), networkOf('::ffff:192.0.2.1'), networkOf('192.0.2.1'), networkOf('')]).toEqual(['0:0:0:0', 'fe80:0:0:0', '192.0.2.1', '192.0.2.1', ''])
})
