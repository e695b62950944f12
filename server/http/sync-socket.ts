/**
 * `ws /sync`: carries frames between a websocket and a relay session, and nothing else. Deflate is off (a compressed frame costs a reader more
 * memory than it has bytes), frames are bounded before they are in memory, and a malformed one ends its own socket only.
 *
 * Somebody who is not signed in gets the handshake and then close code 4401: a browser does not tell a page the HTTP status of a refused
 * upgrade, and "sign in again" must not look like "no network".
 */
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { Relay, RelaySession } from '../relay/api.ts'
import type { Connection } from '../relay/connection.ts'
import { letGo } from '../store/packing.ts'
import type { Caller } from './doorkeeper.ts'
import { createFrameServer, type FrameSocket } from './frame-socket.ts'
import { boundFirstWord, sendAway } from './newcomer.ts'
import type { UpgradeDoor } from './upgrades.ts'

/** Asked of every socket this often; one that did not answer the previous time is gone (a laptop that was closed, a lost network). */
const ALIVE_MS = 30_000

export interface SyncSocketDeps {
  relay: Pick<Relay, 'accept'>
  accounts: Pick<Accounts, 'onDidEndSession' | 'onDidSignOut'>
  clock: Clock
  /** People reach us by https. */
  isSecure: boolean
  /** A side broke the websocket protocol. `problem` is the library's own sentence, never bytes of the frame. */
  onBadFrame(problem: string): void
}

export interface SyncSockets extends Disposable {
  readonly door: UpgradeDoor
}

/** One socket that a relay session writes to. Thousands are open and idle, so what they share is in functions, not in closures of each. */
class SyncConnection implements Connection {
  readonly user: UserId
  /** Names the login; null for a bearer token. */
  readonly login: string | null
  session: RelaySession | null = null
  /** Until its first message is there. */
  firstWordCame: (() => void) | null = null
  readonly #socket: FrameSocket
  readonly #address: string

  constructor(socket: FrameSocket, address: string, { user, session }: Caller) {
    this.#socket = socket
    this.#address = address
    this.user = user
    this.login = session
  }

  send(frame: Uint8Array): void {
    this.#socket.sendFrame(frame)
  }

  address(): string {
    return this.#address
  }

  askAlive(): void {
    this.#socket.askAlive()
  }

  bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
}

export function createSyncSockets({ relay, accounts, clock, isSecure, onBadFrame }: SyncSocketDeps): SyncSockets {
  const bag = createBag()
  const server = createFrameServer(isSecure)
  const connections = new Map<WebSocket, SyncConnection>()
  const closeAll = (matches: (connection: SyncConnection) => boolean): void => {
    for (const connection of connections.values()) if (matches(connection)) connection.close(CLOSE.signedOut.code, CLOSE.signedOut.reason)
  }
  bag.add(accounts.onDidEndSession(({ session }) => closeAll(({ login }) => login === session)))
  bag.add(accounts.onDidSignOut(({ user }) => closeAll((connection) => connection.user === user)))

  const askAlive = (): void => {
    for (const connection of connections.values()) connection.askAlive()
    timer = clock.after(ALIVE_MS, askAlive)
  }
  let timer = clock.after(ALIVE_MS, askAlive)
  bag.add(() => timer.dispose())

  // A malformed frame: ws is already closing with 1002, 1007 or 1009, and throws when nobody listens. Its close follows.
  const onError = (error: Error): void => onBadFrame(error.message)
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = connections.get(this)
    if (connection?.firstWordCame) {
      connection.firstWordCame()
      connection.firstWordCame = null
    }
    // binaryType is nodebuffer: one Buffer per message, whatever its fragments.
    if (isBinary) {
      connection?.session?.receive(data as Buffer)
      // Reading copies what it keeps.
      letGo(data as Buffer)
    } else this.close(CLOSE.protocol.code, CLOSE.protocol.reason)
  }
  function onClose(this: WebSocket): void {
    connections.get(this)?.session?.closed()
    connections.delete(this)
  }
  const carry = (socket: FrameSocket, raw: Duplex, address: string, caller: Caller): void => {
    const connection = new SyncConnection(socket, address, caller)
    connection.firstWordCame = boundFirstWord(socket, raw)
    connections.set(socket, connection)
    connection.session = relay.accept(connection, caller.user)
    socket.on('message', onMessage).on('close', onClose)
  }

  return {
    door({ request, socket, head, caller, address }) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', onError)
        webSocket.carriedBy(socket)
        if (caller) carry(webSocket, socket, address, caller)
        else sendAway(webSocket, socket)
      })
    },
    dispose() {
      bag.dispose()
      for (const socket of connections.keys()) socket.terminate()
    },
  }
}
