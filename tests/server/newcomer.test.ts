// Bytes of somebody who is not let in yet are counted as they come, not when a frame is whole.
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { boundFirstWord, sendAway } from '../../server/http/newcomer.ts'
import { FRAME_BYTES_MAX_BEFORE_LOGIN } from '../../shared/model/limits.ts'

const HEADER_BYTES = 14

function setup() {
  const raw = new EventEmitter()
  const said: unknown[] = []
  const socket = {
    close: (code: number, reason: string) => said.push(code, reason),
    pause: () => said.push('pause'),
    terminate: () => said.push('terminate'),
  }
  return { raw: raw as unknown as Duplex, socket: socket as unknown as WebSocket, said, come: (bytes: number) => void raw.emit('data', Buffer.alloc(bytes)), listeners: () => raw.listenerCount('data') }
}

test('[LIM1] a first frame of the largest size may come in any pieces; a byte more is closed with 1009 and read no further', () => {
  const { raw, socket, said, come, listeners } = setup()
  boundFirstWord(socket, raw)
  for (let sent = 0; sent < FRAME_BYTES_MAX_BEFORE_LOGIN; sent += 1_024) come(1_024)
  come(HEADER_BYTES)
  expect(said).toEqual([])
  come(1)
  expect(said).toEqual([1009, 'too-big', 'pause'])
  expect(listeners()).toBe(0)
})

test('[LIM1] after its first message nothing is counted, not even the rest of the piece that brought it', () => {
  const { raw, socket, said, come, listeners } = setup()
  let stop = (): void => undefined
  // The library reads a piece before it is counted.
  raw.on('data', () => stop())
  stop = boundFirstWord(socket, raw)
  come(10 * FRAME_BYTES_MAX_BEFORE_LOGIN)
  come(10 * FRAME_BYTES_MAX_BEFORE_LOGIN)
  expect(said).toEqual([])
  expect(listeners()).toBe(1)
})

test('somebody unknown is told so, may answer, and is cut off when it says more', () => {
  const { raw, socket, said, come } = setup()
  sendAway(socket, raw)
  expect(said).toEqual([4401, 'signed-out'])
  come(FRAME_BYTES_MAX_BEFORE_LOGIN)
  expect(said).toHaveLength(2)
  come(FRAME_BYTES_MAX_BEFORE_LOGIN)
  expect(said).toEqual([4401, 'signed-out', 'terminate'])
})
