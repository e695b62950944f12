/**
 * Which way to the relay: a websocket, or plain requests where three sockets in a row came to nothing. Networks that block websockets let them fail
 * in every way: refused, opened and silent, or cut at once. On the detour a socket is tried beside it, soon and then ever more rarely, and the
 * moment one is let through the engine connects anew.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { DETOUR_PROBE_MS_MAX, DETOUR_PROBE_MS_MIN } from '../../shared/model/limits.ts'
import type { Socket, SocketListener, Transport } from './transport.ts'

const FAILURES_MAX = 3
const LOST = 1006

export function createDetourTransport({ direct, detour, clock }: { direct: Transport; detour: Transport; clock: Clock }): Transport {
  /** Sockets in a row that brought nothing. */
  let failures = 0

  function straight(listener: SocketListener): Socket {
    let isHeard = false
    let isOver = false
    const ended = (isLost: boolean): void => {
      if (isOver) return
      isOver = true
      if (!isHeard && isLost) failures += 1
    }
    const socket = direct.connect({
      opened: () => listener.opened(),
      frame(bytes) {
        isHeard = true
        failures = 0
        listener.frame(bytes)
      },
      closed(code, reason) {
        ended(code === LOST)
        listener.closed(code, reason)
      },
    })
    return {
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      // Given up by the engine without a word from the other side.
      dispose() {
        ended(true)
        socket.dispose()
      },
    }
  }

  function around(listener: SocketListener): Socket {
    // When the relay itself is away, the next attempt is a socket again.
    failures = 0
    let waitMs = DETOUR_PROBE_MS_MIN
    let timer: Disposable | null = null
    let probe: Socket | null = null
    const stop = (): void => {
      timer?.dispose()
      probe?.dispose()
      probe = null
    }
    const look = (): void => {
      timer = clock.after(waitMs, () => {
        waitMs = Math.min(2 * waitMs, DETOUR_PROBE_MS_MAX)
        probe = direct.connect({
          opened() {
            stop()
            socket.dispose()
            listener.closed(LOST, '')
          },
          frame: () => undefined,
          closed() {
            probe = null
            look()
          },
        })
      })
    }
    const socket = detour.connect({
      opened: () => listener.opened(),
      frame: (bytes) => listener.frame(bytes),
      closed(code, reason) {
        stop()
        listener.closed(code, reason)
      },
    })
    look()
    return {
      isDetour: true,
      send: (frame) => socket.send(frame),
      bufferedBytes: () => socket.bufferedBytes(),
      dispose() {
        stop()
        socket.dispose()
      },
    }
  }

  return { connect: (listener) => (failures >= FAILURES_MAX ? around(listener) : straight(listener)) }
}
