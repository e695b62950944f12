// Whoever asks and does not read the answer keeps one connection, for a while: no files, no memory, and not for ever.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEnd, freshDist, startUnderTest } from './relay-under-test.ts'

const ASSET = 'assets/large-1a2b3c.wasm'
const ASSET_BYTES = 8 * 1024 * 1024 // more than a connection holds on its way
const AT_ONCE_COUNT = 40

async function withLargeFile() {
  const dist = freshDist()
  writeFileSync(join(dist, ASSET), Buffer.alloc(ASSET_BYTES))
  const relay = await startUnderTest({ dist })
  const isThatFile = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(ASSET)
    } catch {
      return false // closed meanwhile
    }
  }
  return { relay, openCount: () => readdirSync('/proc/self/fd').filter(isThatFile).length }
}

function unread(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1')
  atEnd(() => socket.destroy())
  socket.on('error', () => undefined).pause().write(text)
  return socket
}

/** The relay's own end of the connection that brings the next request. */
function nextCarrier(): Promise<Socket> {
  return new Promise((resolve) => {
    const onStart = (message: unknown): void => {
      unsubscribe('http.server.request.start', onStart)
      resolve((message as { socket: Socket }).socket)
    }
    subscribe('http.server.request.start', onStart)
  })
}

test('many files asked for at once over one connection are opened one after the other, and all of them come', async () => {
  const { relay, openCount } = await withLargeFile()
  const socket = unread(relay.port, `GET /${ASSET} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(AT_ONCE_COUNT - 1) + `GET /${ASSET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  while (openCount() === 0) await relay.ask('GET', '/healthz')
  // Files are opened in the order in which they are asked for: what the connection wants open, is open when this has been answered.
  for (let i = 0; i < 3; i++) expect((await relay.ask('HEAD', `/${ASSET}`)).status).toBe(200)
  expect(openCount()).toBe(1)

  let readBytes = 0
  socket.on('data', ({ length }: Buffer) => (readBytes += length)).resume()
  await once(socket, 'close')
  expect(Math.floor(readBytes / ASSET_BYTES)).toBe(AT_ONCE_COUNT)
})

test('who leaves with requests that wait behind an answer leaves nothing open', async () => {
  const { relay, openCount } = await withLargeFile()
  const socket = unread(relay.port, `GET /${ASSET} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(AT_ONCE_COUNT))
  while (openCount() === 0) await relay.ask('GET', '/healthz')
  socket.destroy()
  while (openCount() > 0) await relay.ask('GET', '/healthz')
  expect((await relay.ask('GET', `/${ASSET}`)).text).toHaveLength(ASSET_BYTES)
})

test('an answer that nobody reads has an end, and a question that waits for news has none', async () => {
  const { relay, openCount } = await withLargeFile()
  const ofFile = nextCarrier()
  unread(relay.port, `GET /${ASSET} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const carrier = await ofFile
  while (openCount() === 0) await relay.ask('GET', '/healthz')
  await expect.poll(() => carrier.timeout).toBeGreaterThan(0)
  carrier.emit('timeout') // as when nothing was taken of it for so long
  await once(carrier, 'close')
  while (openCount() > 0) await relay.ask('GET', '/healthz')

  const space = relay.space()
  const { cookie } = await relay.member(space, 'member')
  const ofQuestion = nextCarrier()
  unread(relay.port, `GET /sync/entries?space=${space}&wait=25 HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
  expect((await ofQuestion).timeout ?? 0).toBe(0)
})
