/**
 * A websocket that sends the same frame to many cheaply. The library frames a message anew for every socket and writes header and payload apart:
 * 28 % of what a fan-out to 128 readers cost. Here a message is framed once, whoever gets it, and is one write for each of them.
 *
 * That is right because compression is off and the library writes whole frames at once: between two of them anybody may write a third.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer, type Server } from 'ws'
import { assert } from '../../shared/base/assert.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import { FRAME_BYTES_MAX } from '../../shared/model/limits.ts'
import { bareAnswer } from './headers.ts'

/** Parts of one frame of at most 1 MiB; browsers cut large ones at about 128 KiB. Each part costs an object. */
const FRAGMENTS_COUNT_MAX = 1_024
/** Pieces in which the bytes of one frame may arrive: the largest one over a line that carries 256 bytes at a time. Each costs an object. */
export const PIECES_COUNT_MAX = 4_096
/** A side that does not answer our close gets this long before its socket is cut. */
const CLOSE_GRACE_MS = 2_000

/** RFC 6455 §5.2: the last (and only) part of a binary message. */
const FINAL_BINARY = 0x82
const LENGTH_IN_2_BYTES = 126
const LENGTH_IN_8_BYTES = 127

/** Out: header and payload as they go over the wire; servers do not mask. */
export function framed(payload: Uint8Array): Buffer {
  const { length } = payload
  const headerBytes = length < LENGTH_IN_2_BYTES ? 2 : length < 2 ** 16 ? 4 : 10
  const whole = Buffer.allocUnsafeSlow(headerBytes + length) // not of the shared pool: it may wait long in a slow socket
  whole[0] = FINAL_BINARY
  if (headerBytes === 2) whole[1] = length
  else if (headerBytes === 4) {
    whole[1] = LENGTH_IN_2_BYTES
    whole.writeUInt16BE(length, 2)
  } else {
    whole[1] = LENGTH_IN_8_BYTES
    whole.writeBigUInt64BE(BigInt(length), 2)
  }
  whole.set(payload, headerBytes)
  return whole
}

const framedOnce = new WeakMap<Uint8Array, Buffer>()

/** What the library keeps of the limits that it was told at the handshake: under these names in ws 8. */
interface Receiver {
  _maxPayload: number
  _maxBufferedChunks: number
}

/** Not asked yet, or not to be judged the next time. */
const NOT_COUNTED = -1

export class FrameSocket extends WebSocket {
  #raw: Socket | null = null
  /** What had come when it was asked the last time. */
  #heardBytes = NOT_COUNTED
  #onTooLarge: (() => void) | null = null

  /** Must be told before the first `sendFrame`: the socket that the upgrade came on. */
  carriedBy(raw: Duplex): void {
    assert(this.extensions === '', 'frames are written as they are')
    this.#raw = raw as Socket // TCP, or TLS over it, which is one as well
  }

  /**
   * To be asked every so often: ends a socket from which nothing came since the last time, and pings the others. Any byte is a sign of life: the
   * answer to a ping waits behind what the other side is still sending, and on a narrow line that is longer than anybody's patience.
   */
  askAlive(): void {
    if (!this.#raw) return
    const { bytesRead } = this.#raw
    if (!this.isPaused && bytesRead === this.#heardBytes) return this.terminate()
    // What we do not read says nothing of who sends it.
    this.#heardBytes = this.isPaused ? NOT_COUNTED : bytesRead
    this.ping()
  }

  /**
   * From here on a message may be so large; the library takes a limit at the handshake, when it is not known yet what somebody may send. `onPiece`: with the
   * bytes of every piece that came, after the library read it. `onTooLarge`: instead of closing with 1009, which a stock y-websocket client takes for a
   * bad line: it comes back with the same message for ever. Must close the socket.
   */
  allow(messageBytesMax: number, onPiece: (bytes: number) => void, onTooLarge: () => void): void {
    this.#receiver()._maxPayload = messageBytesMax
    this.#onTooLarge = onTooLarge
    this.#raw?.on('data', ({ length }: Buffer) => onPiece(length))
  }

  /** In how many pieces the bytes of one part of a message may come. */
  allowPieces(countMax: number): void {
    this.#receiver()._maxBufferedChunks = countMax
  }

  #receiver(): Receiver {
    const { _receiver: receiver } = this as unknown as { _receiver?: Receiver }
    assert(receiver !== undefined && typeof receiver._maxPayload === 'number' && typeof receiver._maxBufferedChunks === 'number', 'the library keeps its limits there')
    return receiver
  }

  override close(code?: number, reason?: string | Buffer): void {
    const onTooLarge = this.#onTooLarge
    if (code !== CLOSE.tooBig.code || !onTooLarge) return super.close(code, reason)
    this.#onTooLarge = null
    onTooLarge()
  }

  /** One binary message; nothing when the socket is closing. In: bytes that nobody changes afterwards. */
  sendFrame(payload: Uint8Array): void {
    if (this.readyState !== WebSocket.OPEN || !this.#raw) return
    let whole = framedOnce.get(payload)
    if (!whole) framedOnce.set(payload, (whole = framed(payload)))
    this.#raw.write(whole)
  }
}

/** For either door, with the limits that both have. A handshake that is none is answered as every other refusal. In: whether people reach us by https. */
export function createFrameServer(isSecure: boolean): Server<typeof FrameSocket, typeof IncomingMessage> {
  const options = { WebSocket: FrameSocket, noServer: true, maxPayload: FRAME_BYTES_MAX, maxFragments: FRAGMENTS_COUNT_MAX, maxBufferedChunks: PIECES_COUNT_MAX, perMessageDeflate: false, clientTracking: false, closeTimeout: CLOSE_GRACE_MS }
  const server = new WebSocketServer(options) // a variable, because the types of ws lag behind some of these options
  server.on('wsClientError', ({ message }, socket) => {
    const [status, headers] = message === 'Invalid HTTP method' ? [405, { Allow: 'GET' }] : [400, { 'Sec-WebSocket-Version': '13' }]
    socket.once('finish', () => socket.destroy())
    socket.end(bareAnswer(status, isSecure, { headers }))
  })
  return server
}
