// Frames of our own making, read by the library: every length form, and whole between the library's own frames.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  theirs = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
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
