// Frames of our own making, read by the library: every length form, and whole between the library's own frames.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { must } from '../../shared/base/assert.ts'
import { FrameSocket } from './frame-socket.ts'

let server: Server
let theirs: WebSocket
let ours: FrameSocket

beforeEach(async () => {
  server = createServer()
  const sockets = new WebSocketServer({ WebSocket: FrameSocket, noServer: true, perMessageDeflate: false })
  const accepted = new Promise<FrameSocket>((resolve) =>
    server.on('upgrade', (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (one) => {
        one.carriedBy(socket)
        resolve(one)
      }),
    ),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  theirs = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { autoPong: false })
  await once(theirs, 'open')
  ours = await accepted
})
afterEach(() => {
  theirs.terminate()
  ours.terminate()
  server.close()
})

it('a message of any length arrives as it was, in its place between others', async () => {
  const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000]
  const got: Buffer[] = []
  const all = new Promise<void>((resolve) =>
    theirs.on('message', (data: Buffer, isBinary) => {
      expect(isBinary).toBe(true)
      if (got.push(data) === 2 * lengths.length) resolve()
    }),
  )
  const messages = lengths.map((length, i) => new Uint8Array(length).fill(i + 1))
  for (const message of messages) {
    ours.sendFrame(message)
    ours.send(message)
    ours.ping()
  }
  await all
  for (const [i, data] of got.entries()) expect(data.equals(must(messages[Math.floor(i / 2)], 'sent twice'))).toBe(true)
})

it('what is not read waits in the same account as the rest', () => {
  theirs.pause()
  const before = ours.bufferedAmount
  for (let i = 0; i < 64; i++) ours.sendFrame(new Uint8Array(1_000_000))
  expect(ours.bufferedAmount - before).toBeGreaterThan(32_000_000)
})

it('nothing follows a close', async () => {
  const got: unknown[] = []
  theirs.on('message', (data) => got.push(data))
  ours.close(1012, 'restart')
  ours.sendFrame(new Uint8Array(3))
  const [code] = (await once(theirs, 'close')) as [number]
  expect([code, got.length]).toEqual([1012, 0])
})

/** The library's own name for it. */
const rawOf = (socket: WebSocket): Socket => (socket as unknown as { _socket: Socket })._socket
const arrived = async (message: string | Buffer): Promise<void> => {
  const here = once(ours, 'message')
  theirs.send(message)
  await here
}

it('who says nothing at all between two questions is dead', async () => {
  ours.askAlive()
  const gone = once(ours, 'close')
  ours.askAlive()
  expect(await gone).toEqual([1006, Buffer.alloc(0)])
})

it('an answer to the ping is a sign of life', async () => {
  for (let round = 0; round < 3; round++) {
    const pinged = once(theirs, 'ping')
    ours.askAlive()
    await pinged
    const answered = once(ours, 'pong')
    theirs.pong()
    await answered
  }
  expect(ours.readyState).toBe(WebSocket.OPEN)
})

it('who is still sending is alive, however long the answer to the ping has to wait behind it', async () => {
  for (let round = 0; round < 3; round++) {
    ours.askAlive()
    await arrived('a word')
  }
  // Half a message, too: the rest of it is on its way over a narrow line.
  const half = Buffer.from([0x82, 0xfe, 0x10, 0x00, 0, 0, 0, 0, 1, 2, 3])
  const before = rawOf(ours).bytesRead
  ours.askAlive()
  rawOf(theirs).write(half)
  await expect.poll(() => rawOf(ours).bytesRead).toBe(before + half.length)
  ours.askAlive()
  expect(ours.readyState).toBe(WebSocket.OPEN)
})

it('whom we do not read is not judged, nor the first time after it', async () => {
  ours.askAlive()
  ours.pause()
  ours.askAlive()
  ours.askAlive()
  ours.resume()
  ours.askAlive()
  expect(ours.readyState).toBe(WebSocket.OPEN)
  ours.askAlive()
  expect(ours.readyState).toBe(WebSocket.CLOSING)
})
