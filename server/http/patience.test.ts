// What whoever asks too fast hears, and when, on a clock that the test turns.
import { createServer, request, type ClientRequest, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { handClock } from '../../tests/support/hand-clock.ts'
import { createPatience, type Patience } from './patience.ts'

const MINUTE_MS = 60_000
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

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

  test('a request that is held goes on when its turn comes, and one that was left does not', async () => {
    await begin()
    const went: string[] = []
    const asked = Promise.all([ask(), ask()])
    await until(2)
    const [first, second] = answers
    if (!first || !second) throw new Error('two answers are begun')
    expect([patience.hold(first, 50, () => went.push('first')), patience.hold(second, 50, () => went.push('second'))]).toEqual([true, true])
    asking[0]?.destroy()
    while (!answers.some(({ destroyed }) => destroyed)) await new Promise((resolve) => setImmediate(resolve))
    clock.turn(49)
    expect(went).toEqual([])
    clock.turn(1)
    expect(went).toHaveLength(1)
    clock.turn(450)
    await asked
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
    const [anyOfThem] = answers
    expect(anyOfThem && patience.hold(anyOfThem, 50, () => undefined)).toBe(false)
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
