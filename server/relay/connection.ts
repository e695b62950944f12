/**
 * What the relay needs of one socket, whatever carries it: a websocket, the HTTP twin, or the simulator's virtual link.
 */
export interface Connection {
  /** Queues one frame. Never blocks; see `bufferedBytes`. */
  send(frame: Uint8Array): void
  /** Bytes accepted by `send` that have not left this process yet. */
  bufferedBytes(): number
  close(code: number, reason: string): void
  /** False: nobody stays to confirm what came, so there are no snapshots. Left out: true. */
  readonly confirms?: boolean
}
