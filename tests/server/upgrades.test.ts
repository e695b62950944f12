// Before and during the websocket: who gets in, from which page, and what a malformed frame may cost.
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { NO_ID } from '../../shared/base/ids.ts'
import { seededDice, below } from '../../shared/base/random.ts'
import { FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN } from '../../shared/model/limits.ts'
import { decodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import { foreignOrigins } from '../support/foreign-origins.ts'
import { atEnd, openSocket, raw, startUnderTest, upgradeRequest, type UnderTest } from './relay-under-test.ts'

const HELLO = encodeUp({ type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: NO_ID, pendingCount: 0 })
const PING = encodeUp({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 })
const ITEM = 'ab'.repeat(16)
const statusOf = (answer: string): number => Number(answer.split(' ')[1])

/** Says HELLO and waits for WELCOME: the relay serves this person. */
async function isServed(relay: UnderTest, cookie: string): Promise<boolean> {
  const one = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie, origin: relay.origin })
  await one.opened
  one.socket.send(HELLO)
  const [welcome] = decodeDown(await one.next())
  one.socket.close()
  await one.closed
  return welcome?.type === 'welcome'
}

describe('the page that a socket is opened from', () => {
  test('is our own, or there is no socket: sixty variants on both endpoints', async () => {
    const relay = await startUnderTest()
    const { cookie } = await relay.member(relay.space(), 'member')
    const { port } = relay
    const host = `127.0.0.1:${port}`
    const foreign = foreignOrigins(port)
    expect(new Set(foreign).size).toBe(60)
    for (const path of ['/sync', `/yjs/${ITEM}`]) {
      for (const origin of foreign) {
        const answer = await raw(port, upgradeRequest(path, { Host: host, Cookie: cookie, Origin: origin }))
        expect([path, origin, statusOf(answer)]).toEqual([path, origin, 403])
      }
    }
    expect(await isServed(relay, cookie)).toBe(true)
    expect(relay.running.accounts.audit.page({}, 1).records).toMatchObject([{ operation: 'sync.open', result: 'refused', who: null }])
  })

  test('may be absent only where no cookie comes along: a script with a bearer token', async () => {
    const relay = await startUnderTest()
    const space = relay.space()
    const { cookie } = await relay.member(space, 'member')
    const bearer = relay.bearer(space, 'member')
    for (const path of ['/sync', `/yjs/${ITEM}`]) {
      const url = `ws://127.0.0.1:${relay.port}${path}`
      expect(await openSocket(url, { cookie }).closed).toBe(403)
      const script = openSocket(url, { bearer })
      await script.opened
      script.socket.close()
      expect(await openSocket(url, { bearer, origin: 'http://evil.example' }).closed).toBe(403)
      expect(await openSocket(`${url}?token=${bearer}`, { origin: 'http://evil.example' }).closed).toBe(403)
      const byQuery = openSocket(`${url}?token=${bearer}`, {})
      await byQuery.opened
      byQuery.socket.close()
    }
  })

  test('is the configured one behind a proxy, whatever the host says', async () => {
    const relay = await startUnderTest({ publicUrl: 'https://samenpad.gemeente.nl' })
    const { cookie } = await relay.member(relay.space(), 'member')
    expect(cookie).toMatch(/^__Host-/)
    const url = `ws://127.0.0.1:${relay.port}/sync`
    expect(await openSocket(url, { cookie, origin: relay.origin }).closed).toBe(403)
    const right = openSocket(url, { cookie, origin: 'https://samenpad.gemeente.nl' })
    await right.opened
    const invited = await relay.ask('POST', '/api/session', { origin: 'https://samenpad.gemeente.nl', body: { login: 'x@y.nl', password: 'z' } })
    expect(invited.status).toBe(401)
    expect(invited.headers.get('strict-transport-security')).toContain('max-age=31536000')
  })
})

test('behind a proxy the account names where a websocket and a request came from, and not what somebody inside says of it', async () => {
  const relay = await startUnderTest({ publicUrl: 'https://samenpad.gemeente.nl' })
  const { cookie, user } = await relay.member(relay.space(), 'member')
  const other = relay.space('Almere')
  const headers = { Host: 'samenpad.gemeente.nl', 'X-Forwarded-For': '10.9.9.9, 10.1.2.3' }
  const refused = await raw(relay.port, upgradeRequest('/sync', { ...headers, Cookie: cookie, Origin: 'https://evil.example' }))
  expect(statusOf(refused)).toBe(403)
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/sync`, { headers: { cookie, 'x-forwarded-for': headers['X-Forwarded-For'] }, origin: 'https://samenpad.gemeente.nl' })
  atEnd(() => socket.terminate())
  await once(socket, 'open')
  socket.send(HELLO)
  await once(socket, 'message')
  socket.send(encodeUp({ type: 'sub', space: other, epoch: NO_ID, cursor: 0, tailHash: new Uint8Array(16) }))
  socket.send(PING)
  await once(socket, 'message')
  const { audit } = relay.running.accounts
  await raw(relay.port, `GET /api/spaces/${other}/members HTTP/1.1\r\nHost: samenpad.gemeente.nl\r\nConnection: close\r\nX-Forwarded-For: ${headers['X-Forwarded-For']}\r\n\r\n`)
  const froms = [audit.page({ operation: 'sync.open' }, 1), audit.page({ who: user, operation: 'space.read' }, 1), audit.page({ operation: 'member.list' }, 1)].map(({ records }) => records[0]?.from)
  expect(froms).toEqual(['10.1.2.3', '10.1.2.3', '10.1.2.3'])
})

describe('whoever is not signed in', () => {
  test.each(['/sync', `/yjs/${ITEM}`])('hears 4401 on %s, which a page can tell from a lost network', async (path) => {
    const relay = await startUnderTest()
    const url = `ws://127.0.0.1:${relay.port}${path}`
    expect(await openSocket(url, { origin: relay.origin }).closed).toBe(4401)
    expect(await openSocket(url, { origin: relay.origin, cookie: `${relay.running.app.doorkeeper.cookieName}=${'A'.repeat(43)}` }).closed).toBe(4401)
    expect(await openSocket(url, { bearer: 'A'.repeat(43) }).closed).toBe(4401)
    expect(await openSocket(`${url}?token=`, {}).closed).toBe(4401)
  })

  test('any more: signing out closes the sockets of that session, and no other', async () => {
    const relay = await startUnderTest()
    const { cookie, user } = await relay.member(relay.space(), 'member')
    const other = `${relay.running.app.doorkeeper.cookieName}=${relay.running.accounts.startSession(user).token}`
    const url = `ws://127.0.0.1:${relay.port}/sync`
    const [first, second] = [cookie, other].map((one) => openSocket(url, { cookie: one, origin: relay.origin }))
    await Promise.all([first?.opened, second?.opened])
    await relay.ask('DELETE', '/api/session', { cookie })
    expect(await first?.closed).toBe(4401)
    second?.socket.send(HELLO)
    expect(decodeDown(await second!.next())[0]?.type).toBe('welcome')
  })

  test('any more: a person shut out from the command line is out within seconds', async () => {
    const relay = await startUnderTest()
    const { cookie, user } = await relay.member(relay.space(), 'member')
    const one = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie, origin: relay.origin })
    await one.opened
    relay.running.accounts.setDisabled(user, true)
    expect(await one.closed).toBe(4401)
    expect(await openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie, origin: relay.origin }).closed).toBe(4401)
  })
})

test('other paths are no sockets', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'member')
  for (const path of ['/', '/sync/', '/syncs', '/yjs', '/yjs/', '/api/me', '//sync', '/%73ync', '/../sync']) {
    const answer = await raw(relay.port, upgradeRequest(path, { Host: `127.0.0.1:${relay.port}`, Cookie: cookie, Origin: relay.origin }))
    expect([path, statusOf(answer)]).toEqual([path, 404])
  }
})

describe('a malformed frame ends its own socket and nothing else', () => {
  /** A client frame: first byte, payload; masked unless told otherwise. */
  const frame = (first: number, payload: Uint8Array, options: { mask?: boolean; claims?: number } = {}): Buffer => {
    const { mask = true, claims = payload.length } = options
    const flag = mask ? 0x80 : 0
    const length = claims < 126 ? Buffer.from([flag | claims]) : claims < 65_536 ? Buffer.from([flag | 126, claims >> 8, claims & 255]) : Buffer.concat([Buffer.from([flag | 127]), Buffer.from(BigInt(claims).toString(16).padStart(16, '0'), 'hex')])
    return Buffer.concat([Buffer.from([first]), length, mask ? Buffer.alloc(4) : Buffer.alloc(0), payload]) // a mask of zeros
  }
  const FIN = 0x80
  const text = Buffer.from('tekst')
  const cases: [what: string, bytes: Buffer, code: number][] = [
    ['reserved bit 1', frame(FIN | 0x40 | 2, HELLO), 1002],
    ['reserved bit 2', frame(FIN | 0x20 | 2, HELLO), 1002],
    ['reserved bit 3', frame(FIN | 0x10 | 2, HELLO), 1002],
    ['opcode 3', frame(FIN | 3, HELLO), 1002],
    ['opcode 15', frame(FIN | 15, HELLO), 1002],
    ['a continuation of nothing', frame(FIN | 0, HELLO), 1002],
    ['a ping in two parts', frame(9, text), 1002],
    ['a ping of 126 bytes', frame(FIN | 9, new Uint8Array(126)), 1002],
    ['a frame without mask', frame(FIN | 2, HELLO, { mask: false }), 1002],
    ['text', frame(FIN | 1, text), 1002],
    ['text that is not UTF-8', frame(FIN | 1, Buffer.from([0xff, 0xfe])), 1007],
    ['a close with a code of one byte', frame(FIN | 8, new Uint8Array([3])), 1002],
    ['a close with code 1005', frame(FIN | 8, Buffer.from([0x03, 0xed])), 1002],
    ['a claim of one byte too many', frame(FIN | 2, new Uint8Array(16), { claims: FRAME_BYTES_MAX + 1 }), 1009],
    ['a claim of 2^53', frame(FIN | 2, new Uint8Array(16), { claims: 2 ** 53 }), 1009],
    ['half a frame before HELLO', frame(FIN | 2, new Uint8Array(2 * FRAME_BYTES_MAX_BEFORE_LOGIN), { claims: FRAME_BYTES_MAX }), 1009],
    ['an empty frame', frame(FIN | 2, new Uint8Array()), 1002],
    ['a frame of the protocol that is none', frame(FIN | 2, Buffer.alloc(64, 0xff)), 1002],
  ]

  test.each(['/sync', `/yjs/${ITEM}`])('%s', async (path) => {
    const relay = await startUnderTest()
    const space = relay.space()
    const { cookie } = await relay.member(space, 'member')
    const witness = openSocket(`ws://127.0.0.1:${relay.port}/sync`, { cookie, origin: relay.origin })
    await witness.opened
    witness.socket.send(HELLO)
    await witness.next()
    const request = upgradeRequest(path, { Host: `127.0.0.1:${relay.port}`, Authorization: `Bearer ${relay.bearer(space, 'member')}` })
    for (const [what, bytes, code] of cases) {
      // The gateway ignores what no stock client says; the sync endpoint has no such thing as a frame it does not know.
      if (path !== '/sync' && (what.startsWith('text') || what === 'an empty frame' || what.startsWith('half') || what.startsWith('a frame of'))) continue
      const answer = await raw(relay.port, Buffer.concat([Buffer.from(request), bytes]))
      const body = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')
      const closing = body.subarray(body.lastIndexOf(Buffer.from([0x88])))
      expect([what, closing[0], closing.readUInt16BE(2)]).toEqual([what, 0x88, code])
    }
    witness.socket.send(PING)
    expect(decodeDown(await witness.next())).toMatchObject([{ type: 'pong' }])
    expect(await isServed(relay, cookie)).toBe(true)
  })

  test('a thousand random openings before login, cut off anywhere', async () => {
    const relay = await startUnderTest()
    const { cookie } = await relay.member(relay.space(), 'member')
    const dice = seededDice(20_261_121)
    const whole = Buffer.concat([Buffer.from(upgradeRequest('/sync', { Host: `127.0.0.1:${relay.port}`, Cookie: cookie, Origin: relay.origin })), frame(FIN | 2, HELLO)])
    for (let i = 0; i < 1_000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, async () => {
        const bytes = Buffer.from(whole.subarray(0, below(dice, whole.length)))
        for (let flips = below(dice, 4); flips > 0; flips--) if (bytes.length > 0) bytes[below(dice, bytes.length)] = below(dice, 256)
        const { connect } = await import('node:net')
        await new Promise<void>((resolve) => {
          const socket = connect(relay.port, '127.0.0.1', () => socket.end(bytes))
          socket.on('error', () => undefined) // its close follows
          socket.on('data', () => socket.destroy())
          socket.on('close', () => resolve())
        })
      }))
    }
    expect(await isServed(relay, cookie)).toBe(true)
  })
})
