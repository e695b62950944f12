/** The HTTP twin over a bad line: requests before the relay of world.ts, of which the bytes leave one after another at a pace. */
import { createHttpTransport } from '../../../client/engine/http-transport.ts'
import type { Socket, Transport } from '../../../client/engine/transport.ts'
import { fromHex } from '../../../shared/base/bytes.ts'
import type { UserId } from '../../../shared/base/ids.ts'
import { decodeDown, encodeDown, encodeUp } from '../../../shared/protocol/codec.ts'
import type { DownMessage } from '../../../shared/protocol/messages/index.ts'
import type { World } from './world.ts'

/** The relay answers within this, in ms of the world. */
const ANSWER_MS = 20
/** Requests share a line: what is as small as this is not held up by what is large. */
const SMALL_BYTES = 1_000

export interface SlowTwin {
  readonly transport: Transport
  /** Bytes of the requests with edits that were begun, in order. */
  readonly requests: number[]
}

/** In: for a user whose own transport of the world it takes the place of. A request that is given up gives its place on the line to the next. */
export function slowTwin({ clock, relay }: World, user: UserId, line: { bytesPerSecond: number }): SlowTwin {
  const direct = relay.transport(user)
  const requests: number[] = []
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  let free = Promise.resolve()

  /** One connection for one question. */
  const answerOf = async (frame: Uint8Array): Promise<DownMessage[]> => {
    const heard: DownMessage[] = []
    const opened = Promise.withResolvers<void>()
    const socket: Socket = direct.connect({ opened: opened.resolve, frame: (bytes) => void heard.push(...decodeDown(bytes)), closed: () => opened.reject(new TypeError('no network')) })
    await opened.promise
    socket.send(frame)
    await pass(ANSWER_MS)
    socket.dispose()
    return heard
  }

  const transport = createHttpTransport({
    clock,
    async fetch(path, { body, signal }) {
      const { pathname, searchParams } = new URL(path, 'http://relay')
      let frame = body
      if (body && pathname === '/sync/push' && body.length > SMALL_BYTES) {
        requests.push(body.length)
        const before = free
        const left = Promise.withResolvers<void>()
        free = left.promise
        await before
        for (let bytes = body.length; bytes > 0 && !signal.aborted; bytes -= line.bytesPerSecond) await pass(Math.ceil(1_000 * Math.min(1, bytes / line.bytesPerSecond)))
        left.resolve()
        signal.throwIfAborted()
      }
      frame ??= encodeUp({ type: 'sub', space: searchParams.get('space') ?? '', epoch: searchParams.get('epoch') ?? '', cursor: Number(searchParams.get('cursor')), tailHash: fromHex(searchParams.get('tailHash') ?? '') }) as Uint8Array<ArrayBuffer>
      const messages = await answerOf(frame)
      return new Response(new Uint8Array(messages.length === 0 ? [] : encodeDown(...messages)), { headers: { 'content-type': 'application/octet-stream' } })
    },
  })
  return { transport, requests }
}
