// How often somebody may ask, on a clock that the test turns; and what whoever asks too often hears, and when.
import { createServer, request, type ClientRequest, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { handClock } from '../../tests/support/hand-clock.ts'
import { createPatience, type Patience } from './patience.ts'
import { createRequestLimit } from './request-limits.ts'

const MINUTE_MS = 60_000
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

describe('a limit on requests', () => {
  test('lets so many a minute through by each name, and says how long the others wait', () => {
    const clock = handClock()
    const limit = createRequestLimit(clock, 3)
    expect(times(4, () => limit.waitSeconds('een'))).toEqual([0, 0, 0, 60])
    expect(limit.waitSeconds('twee')).toBe(0)
    clock.turn(45_500)
    expect(limit.waitSeconds('een')).toBe(15)
    clock.turn(14_500)
    expect(times(4, () => limit.waitSeconds('een'))).toEqual([0, 0, 0, 60])
  })

  test('a clock that is put back keeps nobody waiting', () => {
    let now = 10 * MINUTE_MS
    const limit = createRequestLimit({ now: () => now, after: handClock().after }, 1)
    expect([limit.waitSeconds('een'), limit.waitSeconds('een')]).toEqual([0, 60])
    now = 0
    expect(limit.waitSeconds('een')).toBe(0)
  })

  test('remembers a bounded number of names, whatever is made up, and forgets the oldest window first', () => {
    const clock = handClock()
    const limit = createRequestLimit(clock, 1)
    limit.waitSeconds('de eerste')
    clock.turn(1)
    for (let i = 0; i < 50_000; i++) limit.waitSeconds(`verzonnen ${i}`)
    expect(limit.count).toBe(20_000)
    expect(limit.waitSeconds('verzonnen 49999')).toBe(60)
    expect(limit.waitSeconds('de eerste')).toBe(0)
  })

  test('who has just begun to ask again is remembered longer than who began before', () => {
    const clock = handClock()
    const limit = createRequestLimit(clock, 1)
    limit.waitSeconds('opnieuw begonnen')
    for (let i = 2; i < 20_000; i++) limit.waitSeconds(`eerder ${i}`)
    clock.turn(MINUTE_MS)
    expect(limit.waitSeconds('opnieuw begonnen')).toBe(0)
    for (const name of ['de laatste die past', 'een te veel']) limit.waitSeconds(name)
    expect(limit.count).toBe(20_000)
    expect(limit.waitSeconds('opnieuw begonnen')).toBe(60)
  })
})

describe('the answer to whoever asks too often', () => {
  const clock = handClock()
  const told: number[] = []
  let server: Server
  let patience: Patience
  afterEach(() => {
    patience.dispose()
    server.closeAllConnections()
    server.close()
  })
  const heard: { status: number; body: string; headers: Record<string, unknown> }[] = []
  const asking: ClientRequest[] = []
  /** As the relay has them: what was begun is seen here before anybody can hear it. */
  const answers: ServerResponse[] = []
  const begun = (): number => answers.filter(({ headersSent }) => headersSent).length
  let arrived = 0

  async function begin({ isSecure = false } = {}): Promise<void> {
    heard.length = told.length = asking.length = answers.length = arrived = 0
    patience = createPatience({ clock, isSecure, onRefused: () => arrived++, tell: (count) => void told.push(count) })
    server = createServer((_request, response) => {
      answers.push(response)
      patience.refuse(response, 7)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false, headers: { connection: 'keep-alive' } }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () => {
          heard.push({ status: response.statusCode ?? 0, body, headers: response.headers })
          resolve()
        })
      })
      asked.on('error', () => resolve())
      asked.end()
      asking.push(asked)
    })
  const until = async (count: number): Promise<void> => {
    while (arrived < count) await new Promise((resolve) => setImmediate(resolve))
  }

  test('waits half a second, is whole, and is told once a minute as a number', async () => {
    await begin()
    const asked = Promise.all([ask(), ask()])
    await until(2)
    clock.turn(499)
    expect(begun()).toBe(0)
    clock.turn(1)
    await asked
    expect(heard.map(({ status, body }) => [status, body])).toEqual([[429, '{"error":"rate"}'], [429, '{"error":"rate"}']])
    expect(heard[0]?.headers).toMatchObject({ 'retry-after': '7', 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' })
    expect(heard[0]?.headers['content-security-policy']).toContain("default-src 'none'")
    expect(heard.map(({ headers }) => headers['connection'])).toEqual(['keep-alive', 'keep-alive'])
    clock.turn(MINUTE_MS - 501)
    expect(told).toEqual([])
    clock.turn(1)
    expect(told).toEqual([2])
  })

  test('the next minute is told for itself, and a minute without any is not told', async () => {
    await begin()
    for (const count of [2, 0, 1]) {
      const before = arrived
      const asked = Promise.all(times(count, ask))
      await until(before + count)
      clock.turn(MINUTE_MS)
      await asked
    }
    expect(told).toEqual([2, 1])
  })

  test('is as strict about the connection as any other answer', async () => {
    await begin({ isSecure: true })
    const asked = ask()
    await until(1)
    clock.turn(500)
    await asked
    expect(heard[0]?.headers['strict-transport-security']).toContain('max-age=')
  })

  test('who left before it gets nothing, and those beside them get theirs', async () => {
    await begin()
    const asked = Promise.all([ask(), ask()])
    await until(2)
    asking[0]?.destroy()
    while (!answers.some(({ destroyed }) => destroyed)) await new Promise((resolve) => setImmediate(resolve))
    clock.turn(500)
    await asked
    expect([heard.length, begun()]).toEqual([1, 1])
  })

  test('a relay that closes answers and tells nothing afterwards', async () => {
    await begin()
    const asked = ask()
    await until(1)
    patience.dispose()
    clock.turn(MINUTE_MS)
    expect([begun(), told]).toEqual([0, []])
    server.closeAllConnections()
    await asked
  })

  test('no more than a thousand wait: the next is answered at once, and its connection ends', async () => {
    await begin()
    const waiting = times(1_000, ask)
    await until(1_000)
    await ask()
    expect(heard.map(({ status, headers }) => [status, headers.connection])).toEqual([[429, 'close']])
    clock.turn(500)
    await Promise.all(waiting)
    expect(heard.length).toBe(1_001)
    // Their places are free again.
    const later = ask()
    await until(1_002)
    expect(begun()).toBe(1_001)
    clock.turn(500)
    await later
  })
})
