/**
 * The way to the relay as the engine sees it: a websocket in the browser, a virtual link in the simulator.
 */
import type { Disposable } from '../../shared/base/dispose.ts'

export interface SocketListener {
  opened(): void
  frame(bytes: Uint8Array): void
  /** Exactly once, also when opening failed (code 1006). */
  closed(code: number, reason: string): void
}

export interface Socket extends Disposable {
  /** Requests instead of a websocket: later, and without presence. */
  readonly isDetour?: boolean
  send(frame: Uint8Array): void
  /** Given to `send`, and not yet taken by the system: what falls is a sign of life. */
  bufferedBytes(): number
}

export interface Transport {
  connect(listener: SocketListener): Socket
}

/** One leader per profile: a Web Lock in the browser. `onLeader` is called when this engine got the lead; the returned thing gives it back. */
export interface Leadership {
  campaign(onLeader: () => void, onLost: () => void): Disposable
}
