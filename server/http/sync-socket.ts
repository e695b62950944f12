/**
 * `ws /sync`: carries frames between a websocket and a relay session, and nothing else. Deflate is off (a compressed frame costs a reader more
 * memory than it has bytes), frames are bounded before they are in memory, and a malformed one ends its own socket only.
 *
 * Somebody who is not signed in gets the handshake and then close code 4401: a browser does not tell a page the HTTP status of a refused
 * upgrade, and "sign in again" must not look like "no network".
 */
import { WebSocketServer, type WebSocket } from 'ws'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import { FRAME_BYTES_MAX } from '../../shared/model/limits.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { Relay } from '../relay/api.ts'
import type { UpgradeDoor } from './upgrades.ts'

/** Asked of every socket this often; one that did not answer the previous time is gone (a laptop that was closed, a lost network). */
const ALIVE_MS = 30_000
/** A side that does not answer our close gets this long before its socket is cut. */
const CLOSE_GRACE_MS = 2_000
/** Parts of one frame of at most 1 MiB; browsers cut large ones at about 128 KiB. Each part costs an object. */
const FRAGMENTS_COUNT_MAX = 1_024

export interface SyncSocketDeps {
  relay: Pick<Relay, 'accept'>
  accounts: Pick<Accounts, 'onDidEndSession' | 'onDidSignOut'>
  clock: Clock
  /** A side broke the websocket protocol. `problem` is the library's own sentence, never bytes of the frame. */
  onBadFrame(problem: string): void
}

export interface SyncSockets extends Disposable {
  readonly door: UpgradeDoor
}

interface Open {
  user: UserId
  session: string | null
  answered: boolean
}

export function createSyncSockets({ relay, accounts, clock, onBadFrame }: SyncSocketDeps): SyncSockets {
  const bag = createBag()
  const options = { noServer: true, maxPayload: FRAME_BYTES_MAX, maxFragments: FRAGMENTS_COUNT_MAX, perMessageDeflate: false, clientTracking: false, closeTimeout: CLOSE_GRACE_MS }
  const server = new WebSocketServer(options) // a variable, because the types of ws lag behind two of these options
  const sockets = new Map<WebSocket, Open>()
  const closeAll = (matches: (open: Open) => boolean): void => {
    for (const [socket, open] of sockets) if (matches(open)) socket.close(CLOSE.signedOut.code, CLOSE.signedOut.reason)
  }
  bag.add(accounts.onDidEndSession(({ session }) => closeAll((open) => open.session === session)))
  bag.add(accounts.onDidSignOut(({ user }) => closeAll((open) => open.user === user)))

  const askAlive = (): void => {
    for (const [socket, open] of sockets) {
      if (!open.answered) socket.terminate()
      open.answered = false
      socket.ping()
    }
    timer = clock.after(ALIVE_MS, askAlive)
  }
  let timer = clock.after(ALIVE_MS, askAlive)
  bag.add(() => timer.dispose())

  const carry = (socket: WebSocket, open: Open): void => {
    sockets.set(socket, open)
    const session = relay.accept(
      {
        send: (frame) => socket.send(frame),
        bufferedBytes: () => socket.bufferedAmount,
        close: (code, reason) => socket.close(code, reason),
      },
      open.user,
    )
    socket.on('message', (data, isBinary) => {
      // binaryType is nodebuffer: one Buffer per message, whatever its fragments.
      if (isBinary) session.receive(data as Buffer)
      else socket.close(CLOSE.protocol.code, CLOSE.protocol.reason)
    })
    socket.on('pong', () => (open.answered = true))
    socket.on('close', () => {
      sockets.delete(socket)
      session.closed()
    })
  }

  return {
    door({ request, socket, head, caller }) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // A malformed frame: ws is already closing with 1002, 1007 or 1009, and throws when nobody listens. Its close follows.
        webSocket.on('error', (error) => onBadFrame(error.message))
        if (caller) carry(webSocket, { user: caller.user, session: caller.session, answered: true })
        else webSocket.close(CLOSE.signedOut.code, CLOSE.signedOut.reason)
      })
    },
    dispose() {
      bag.dispose()
      for (const socket of sockets.keys()) socket.terminate()
    },
  }
}
