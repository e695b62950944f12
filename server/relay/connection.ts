/**
 * What the relay needs of one socket, whatever carries it: a websocket, the HTTP twin, or the simulator's virtual link.
 */
export interface Connection {
  /** Queues one frame. Never blocks; see `bufferedBytes`. */
  send(frame: Uint8Array): void
  /** Bytes accepted by `send` that have not left this process yet. */
  bufferedBytes(): number
  close(code: number, reason: string): void
  /** Of the other side, for the account of who did what. Left out: there is none. */
  address?(): string
  /** False: nobody stays to confirm what came, so there are no snapshots. Left out: true. */
  readonly confirms?: boolean
}
