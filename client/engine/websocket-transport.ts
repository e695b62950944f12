/** The way to the relay over a websocket. The login travels in the cookie of the upgrade; nothing of it is in the address. */
import type { Transport } from './transport.ts'

/** `/sync` beside the page that was opened: wss where the page is https. */
export function syncAddress(page: { protocol: string; host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/sync`
}

/** Closed by us, for a reason of our own. */
const NORMAL = 1000

export function createWebsocketTransport(address: string): Transport {
  return {
    connect(listener) {
      const socket = new WebSocket(address)
      socket.binaryType = 'arraybuffer'
      socket.onopen = () => listener.opened()
      socket.onmessage = ({ data }: MessageEvent<unknown>) => {
        // Text frames are no part of the protocol: an empty frame is answered as malformed by whoever decodes it.
        listener.frame(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0))
      }
      socket.onclose = ({ code, reason }) => listener.closed(code, reason)
      return {
        send(frame) {
          if (socket.readyState === WebSocket.OPEN) socket.send(frame as Uint8Array<ArrayBuffer>)
        },
        bufferedBytes: () => socket.bufferedAmount,
        dispose() {
          socket.onopen = socket.onmessage = socket.onclose = null
          socket.close(NORMAL)
        },
      }
    },
  }
}
