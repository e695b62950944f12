/**
 * What somebody may cost before they are let in. The library bounds a frame by one size for the whole life of a socket, and only when the frame is
 * whole is it known to be too large for a first word: until then a megabyte would wait in memory, for every socket that cares to send half a frame.
 * Here the bytes are counted as they come.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { CLOSE } from '../../shared/model/errors.ts'
import { FRAME_BYTES_MAX_BEFORE_LOGIN } from '../../shared/model/limits.ts'

/** A masked frame of a client whose length takes eight bytes. */
const HEADER_BYTES_MAX = 14
const BYTES_MAX = FRAME_BYTES_MAX_BEFORE_LOGIN + HEADER_BYTES_MAX

/** Calls back once, when more than one first frame has come. Out: ends the counting. */
function countBytes(raw: Duplex, onTooMany: () => void): () => void {
  let bytes = 0
  let isOver = false
  const end = (): void => {
    isOver = true // besides: the chunk that brought the first word is still being handed round
    raw.off('data', count)
  }
  const count = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes <= BYTES_MAX || isOver) return
    end()
    onTooMany()
  }
  raw.on('data', count)
  return end
}

/**
 * Closes a socket that sends more than FRAME_BYTES_MAX_BEFORE_LOGIN before its first message is whole. [LIM1]
 * In: called before anything is read from it. Out: to be called at its first message.
 */
export const boundFirstWord = (socket: WebSocket, raw: Duplex): (() => void) =>
  countBytes(raw, () => {
    socket.close(CLOSE.tooBig.code, CLOSE.tooBig.reason)
    // What follows is not even kept. Unless it answers (which is not heard), the socket is cut after the grace of a close.
    socket.pause()
  })

/** Tells somebody unknown so, and hears no more than the answer to that. */
export function sendAway(socket: WebSocket, raw: Duplex): void {
  socket.close(CLOSE.signedOut.code, CLOSE.signedOut.reason)
  countBytes(raw, () => socket.terminate())
}
