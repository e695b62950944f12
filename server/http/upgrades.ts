/**
 * The one listener for websocket upgrades. Before anything is read from or written to a socket: is this a path of ours, does it come from our own
 * page, not too often, and is there room? What may happen after that is decided by the door behind the path.
 *
 * A refusal is a plain HTTP answer on the raw socket. Every socket has an error listener from its first moment: one that is cut while we
 * answer must not take the relay with it.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Caller, Doorkeeper } from './doorkeeper.ts'
import { bareAnswer } from './headers.ts'
import { createKnocks } from './knocks.ts'

/** In: the path after the prefix, without query; who asks, null for nobody known; from where. Takes over the socket. */
export type UpgradeDoor = (upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer; rest: string; caller: Caller | null; address: string }) => void

export interface UpgradesDeps {
  server: Server
  doorkeeper: Doorkeeper
  clock: Clock
  socketsMax: number
  /** `path` is the prefix of the door, never the URL: that may hold a token. */
  onRefused(refusal: { path: string; status: number; address: string }): void
}

export interface Upgrades extends Disposable {
  /** `/sync` matches exactly; `/yjs/` matches everything below it. */
  add(path: string, door: UpgradeDoor): void
  openCount(): number
  /** Sessions that hold a socket open, over whichever door. */
  openSessions(): ReadonlySet<string>
  /** Resolves when every socket is gone, or after `graceMs`: a close that was sent has then been read, or will not be. */
  emptied(clock: Clock, graceMs: number): Promise<void>
}

function destroyIt(this: Duplex): void {
  this.destroy()
}

export function createUpgrades({ server, doorkeeper, clock, socketsMax, onRefused }: UpgradesDeps): Upgrades {
  const knocks = createKnocks(clock)
  const doors = new Map<string, UpgradeDoor>()
  /** With the session that opened it; null for a bearer token. */
  const open = new Map<Duplex, string | null>()
  let whenEmpty = (): void => undefined

  /** A function of its own: a listener made beside the request would keep it, with all its headers, for as long as the socket lives. */
  const watch = (socket: Duplex, session: string | null): void => {
    open.set(socket, session)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) whenEmpty()
    })
  }
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', destroyIt)
    const pathname = (request.url ?? '').split('?')[0] ?? ''
    const prefix = [...doors.keys()].find((path) => (path.endsWith('/') ? pathname.startsWith(path) && pathname.length > path.length : pathname === path))
    const door = prefix === undefined ? undefined : doors.get(prefix)
    const address = doorkeeper.addressOf(request)
    const refuse = (status: number, headers: Record<string, string> = {}): void => {
      onRefused({ path: prefix ?? 'unknown', status, address })
      // Nobody looks at this socket any more: without an end of ours, a side that never closes would keep it for ever.
      socket.once('finish', destroyIt)
      socket.end(bareAnswer(status, doorkeeper.isSecure, { headers }))
    }
    if (!door || prefix === undefined) return refuse(404)
    const isOurs = doorkeeper.isFromOurPages(request)
    const caller = isOurs ? doorkeeper.callerOf(request) : null
    const seconds = knocks.waitSeconds(caller?.user ?? null, address)
    if (seconds > 0) return refuse(429, { 'Retry-After': String(seconds) })
    if (!isOurs) return refuse(403)
    if (open.size >= socketsMax) return refuse(503, { 'Retry-After': '10' })
    watch(socket, caller?.session ?? null)
    door({ request, socket, head, rest: pathname.slice(prefix.length), caller, address })
  }
  server.on('upgrade', onUpgrade)

  return {
    add: (path, door) => void doors.set(path, door),
    openCount: () => open.size,
    openSessions: () => new Set([...open.values()].filter((session) => session !== null)),
    emptied: (clock, graceMs) =>
      new Promise((resolve) => {
        if (open.size === 0) return resolve()
        const timer = clock.after(graceMs, resolve)
        whenEmpty = () => {
          timer.dispose()
          resolve()
        }
      }),
    dispose() {
      server.off('upgrade', onUpgrade)
      for (const socket of open.keys()) socket.destroy()
    },
  }
}
