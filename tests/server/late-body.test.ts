// A request whose body comes late: who asked when it began may have lost their right, or their session, by the time it is there.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { DOORS, isOfSpace } from '../../shared/model/grants.ts'
import { startUnderTest, type UnderTest } from './relay-under-test.ts'

/** Asks, waits until the relay has looked at who it is, lets `meanwhile` happen, and sends the body. Out: the status. */
async function askSlowly({ port, origin }: UnderTest, method: string, path: string, cookie: string, { type, body }: { type: string; body: string }, meanwhile: () => void): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  const closed = once(socket, 'close')
  socket.on('data', (piece: Buffer) => (heard += piece.toString('latin1')))
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\nCookie: ${cookie}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`)
  while (!heard.startsWith('HTTP/1.1 100')) await once(socket, 'data')
  meanwhile()
  heard = ''
  socket.write(body)
  await closed
  return Number(heard.split(' ')[1])
}

test('[INV7] every route that changes something asks again when its body is there', async () => {
  const relay = await startUnderTest()
  const { accounts } = relay.running
  const [space, programme] = [relay.space(), relay.space('Programma', 'programme')]
  await relay.member(space, 'admin')
  const routes = relay.running.app.routes.filter(({ method, operation }) => method !== 'GET' && (isOfSpace(operation) || !['anyone', 'machine'].includes(DOORS[operation])))
  expect(routes.length).toBeGreaterThan(15)
  const wrong: string[] = []
  for (const { method, path, takesFrame, operation } of routes) {
    const given = takesFrame ? { type: 'application/octet-stream', body: 'x' } : { type: 'application/json', body: '{}' }
    const url = path.replace(':space', space).replace(':programme', programme).replaceAll(/:\w+/g, 'f'.repeat(32))
    const ask = async (end: (user: string, cookie: string) => void): Promise<number> => {
      const { user, cookie } = await relay.member(space, 'admin')
      accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', user)
      accounts.refresh()
      return askSlowly(relay, method, url, cookie, given, () => end(user, cookie))
    }
    const signedOut = await ask((user) => accounts.own.endAllDevices(user))
    if (signedOut !== 401) wrong.push(`${method} ${path} after signing out: ${signedOut}`)
    if (!isOfSpace(operation)) continue
    const lowered = await ask((user) => accounts.setRole(user, space, 'reader'))
    if (lowered !== 403) wrong.push(`${method} ${path} as a reader by then: ${lowered}`)
  }
  expect(wrong).toEqual([])
})

test('[INV7] somebody whose right ended while they sent a step has not taken it, and it is accounted for as refused, once', async () => {
  const relay = await startUnderTest()
  const { accounts } = relay.running
  const [space, programme] = [relay.space(), relay.space('Programma', 'programme')]
  const { user, cookie } = await relay.member(space, 'leader')
  const json = { type: 'application/json', body: '{"takesPart":true}' }
  expect(await askSlowly(relay, 'PUT', `/api/spaces/${space}/participations/${programme}`, cookie, json, () => accounts.setRole(user, space, null))).toBe(403)
  expect(accounts.participantsOf(programme)).toEqual([])
  expect(accounts.audit.page({ who: user }, 9).records.map(({ operation, result }) => `${operation} ${result}`)).toEqual(['participation.change refused'])
})

test('large bodies are kept for those routes alone that take work: elsewhere they are refused before they come', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'member')
  for (const { method, path, takesFrame } of relay.running.app.routes.filter(({ method }) => method !== 'GET')) {
    const socket = connect(relay.port, '127.0.0.1')
    socket.write(`${method} ${path.replaceAll(/:\w+/g, 'f'.repeat(32))} HTTP/1.1\r\nHost: 127.0.0.1:${relay.port}\r\nOrigin: ${relay.origin}\r\nCookie: ${cookie}\r\nContent-Type: application/octet-stream\r\nContent-Length: 10000000\r\n\r\nx`)
    // Who takes work reads on; the socket is let go.
    if (!takesFrame) expect([path, String((await once(socket, 'data'))[0]).slice(0, 10)]).toEqual([path, 'HTTP/1.1 4'])
    socket.destroy()
  }
})
