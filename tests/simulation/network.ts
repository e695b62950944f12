/**
 * Virtual links between tabs and the relay. A connection carries encoded frames one by one, in order in each direction; what a fault may do
 * is what TCP allows: end at any frame, hold everything back for a while, lose one direction for ever, and be noticed late by either side.
 * Frames never overtake or vanish in the middle of a connection that lives on (that is what sabotage is for).
 */
import type { Connection } from '../../server/relay/connection.ts'
import type { RelaySession } from '../../server/relay/api.ts'
import type { Socket, SocketListener, Transport } from '../../client/engine/transport.ts'
import { below, fraction, type Dice } from '../../shared/base/random.ts'
import type { UserId } from '../../shared/base/ids.ts'
import type { Process, Scheduler } from './scheduler.ts'

export type Direction = 'up' | 'down'
export type NetworkState = 'up' | 'down' | 'hole'

/** A device's way to the relay, as the faults set it. */
export interface Line {
  readonly name: string
  state: NetworkState
  latencyMs: number
  /** Frames (both directions) until the connection is cut; null: not planned. */
  cutAfterFrames: number | null
  /** Until then the relay's bytes leave slowly, and every one of them fills its buffer as if it were this many. */
  slowUntil: number
  slowFactor: number
  /** What comes down is held back, but for this many frames; null: nothing is. */
  passes: number | null
}

export interface VirtualConnection {
  readonly id: number
  readonly line: Line
  readonly tab: string
  readonly user: UserId
  readonly isOpen: boolean
  cut(clientNoticesMs: number, relayNoticesMs: number): void
  loseDirection(direction: Direction | 'both', relayNoticesMs: number): void
  stall(ms: number): void
}

export interface NetworkTap {
  opened(connection: VirtualConnection): void
  closed(connection: VirtualConnection, code: number): void
  /** At the moment of sending; what is returned travels on (null: vanishes). Only sabotage changes anything. */
  sent(connection: VirtualConnection, direction: Direction, frame: Uint8Array): Uint8Array | null
  arrived(connection: VirtualConnection, direction: Direction, frame: Uint8Array): void
  cut(connection: VirtualConnection, lostFrames: number): void
}

/** The relay as a host on the network: null while it is down. */
export interface RelayHost {
  accept(connection: Connection, user: UserId): RelaySession | null
  readonly process: Process | null
}

interface Pipe {
  queue: { frame: Uint8Array; arrivesAt: number }[]
  lastArrival: number
  heldUntil: number
  isLost: boolean
  bufferedBytes: number
  isPumping: boolean
}

const CONNECT_TIMEOUT_MS = 20_000
const TCP_GIVES_UP_MS = 90_000

export interface Network {
  line(name: string): Line
  transport(line: Line, tab: string, user: () => UserId, process: Process): Transport
  connectionsOf(line: Line): VirtualConnection[]
  /** The relay's machine lost the process: every socket ends. */
  relayDied(): void
  tabDied(process: Process): void
  setState(line: Line, state: NetworkState): void
  /** Holds back what comes down a line, except the next so many frames; null lets everything through. */
  letThrough(line: Line, frames: number | null): void
}

export function createNetwork(scheduler: Scheduler, dice: Dice, host: RelayHost, tap: NetworkTap): Network {
  const lines = new Map<string, Line>()
  type Conn = VirtualConnection & {
    process: Process
    end(code: number, reason: string, clientNoticesMs: number | null, relayNoticesMs: number | null): void
    wake(): void
  }
  const live = new Set<Conn>()
  let lastId = 0

  const latencyOf = (line: Line): number => line.latencyMs + below(dice, 1 + line.latencyMs)

  function connect(line: Line, tab: string, user: () => UserId, process: Process, listener: SocketListener): Socket {
    const id = ++lastId
    let session: RelaySession | null = null
    let relayProcess: Process | null = null
    let isOpen = false // the client may send
    let isOver = false // nothing is carried any more
    let clientTold = false
    let relayTold = false
    const pipe = (): Pipe => ({ queue: [], lastArrival: 0, heldUntil: 0, isLost: false, bufferedBytes: 0, isPumping: false })
    const up = pipe()
    const down = pipe()

    const tellClient = (code: number, reason: string): void => {
      if (clientTold || process.isDead) return
      clientTold = true
      tap.closed(connection, code)
      listener.closed(code, reason)
    }
    const tellRelay = (): void => {
      if (relayTold || !session || !relayProcess || relayProcess.isDead) return
      relayTold = true
      session.closed()
    }

    const deliver = (direction: Direction, frame: Uint8Array): void => {
      tap.arrived(connection, direction, frame)
      if (direction === 'up') {
        if (session && !relayTold && relayProcess && !relayProcess.isDead) session.receive(frame)
      } else if (!clientTold && !process.isDead) listener.frame(frame)
    }

    const pump = (direction: Direction): void => {
      const one = direction === 'up' ? up : down
      const head = one.queue[0]
      if (one.isPumping || !head || one.isLost || line.state === 'hole') return
      if (direction === 'down' && line.passes !== null && line.passes <= 0) return
      one.isPumping = true
      const at = Math.max(head.arrivesAt, one.heldUntil)
      scheduler.after(at - scheduler.now, () => {
        one.isPumping = false
        if (one.isLost || one.queue[0] !== head) return
        if (line.state === 'hole') return
        if (one.heldUntil > scheduler.now) return pump(direction)
        if (direction === 'down' && line.passes !== null && line.passes-- <= 0) return void (line.passes = 0)
        one.queue.shift()
        one.bufferedBytes -= head.frame.length
        deliver(direction, head.frame)
        pump(direction)
      }, direction === 'up' ? (relayProcess ?? undefined) : process)
    }

    const carry = (direction: Direction, given: Uint8Array): void => {
      const frame = tap.sent(connection, direction, given)
      if (isOver || !frame) return
      const one = direction === 'up' ? up : down
      if (line.cutAfterFrames !== null && --line.cutAfterFrames <= 0) {
        line.cutAfterFrames = null
        connection.cut(below(dice, 200), fraction(dice) < 0.7 ? below(dice, 200) : below(dice, TCP_GIVES_UP_MS))
        return
      }
      const slowMs = direction === 'down' && line.slowUntil > scheduler.now ? 20 + below(dice, 200) : 0
      const arrivesAt = Math.max(one.lastArrival, scheduler.now + latencyOf(line)) + slowMs
      one.lastArrival = arrivesAt
      one.queue.push({ frame, arrivesAt })
      one.bufferedBytes += frame.length
      pump(direction)
    }

    const connection: Conn = {
      id,
      line,
      tab,
      process,
      get user() {
        return openedAs
      },
      get isOpen() {
        return isOpen && !isOver
      },
      end(code, reason, clientNoticesMs, relayNoticesMs) {
        if (isOver) return
        isOver = true
        live.delete(connection)
        up.isLost = down.isLost = true
        if (clientNoticesMs !== null) scheduler.after(clientNoticesMs, () => tellClient(code, reason), process)
        if (relayNoticesMs !== null) scheduler.after(relayNoticesMs, tellRelay)
      },
      cut(clientNoticesMs, relayNoticesMs) {
        if (isOver) return
        tap.cut(connection, up.queue.length + down.queue.length)
        connection.end(1006, '', clientNoticesMs, relayNoticesMs)
      },
      loseDirection(direction, relayNoticesMs) {
        if (direction !== 'down') up.isLost = true
        if (direction !== 'up') down.isLost = true
        scheduler.after(relayNoticesMs, tellRelay)
      },
      stall(ms) {
        up.heldUntil = down.heldUntil = scheduler.now + ms
      },
      wake() {
        pump('up')
        pump('down')
      },
    }
    let openedAs = ''

    const relaySide: Connection = {
      send: (frame) => carry('down', frame),
      bufferedBytes: () => down.bufferedBytes * (line.slowUntil > scheduler.now ? line.slowFactor : 1),
      close(code, reason) {
        // What was sent before the close frame arrives before it.
        const waitMs = Math.max(0, down.lastArrival - scheduler.now) + latencyOf(line)
        scheduler.after(waitMs, () => {
          if (line.state === 'hole' || down.isLost) return
          connection.end(code, reason, 0, latencyOf(line))
        })
      },
    }

    const openAfterMs = latencyOf(line)
    if (line.state === 'down') scheduler.after(1 + below(dice, 5), () => tellClient(1006, ''), process)
    else if (line.state === 'hole') scheduler.after(CONNECT_TIMEOUT_MS, () => tellClient(1006, ''), process)
    else {
      live.add(connection)
      scheduler.after(openAfterMs, () => {
        if (isOver || process.isDead) return
        if (clientTold) return connection.end(1000, '', null, null)
        if (line.state === 'hole') return connection.end(1006, '', CONNECT_TIMEOUT_MS, null)
        if (line.state === 'down') return connection.end(1006, '', 5, null)
        openedAs = user()
        relayProcess = host.process
        session = host.accept(relaySide, openedAs)
        if (!session) return connection.end(1006, '', latencyOf(line), null)
        scheduler.after(latencyOf(line), () => {
          if (isOver || clientTold) return
          isOpen = true
          tap.opened(connection)
          listener.opened()
        }, process)
      })
    }

    return {
      send(frame) {
        if (isOpen && !clientTold && !process.isDead) carry('up', frame)
      },
      bufferedBytes: () => up.bufferedBytes,
      dispose() {
        if (clientTold) return
        clientTold = true
        tap.closed(connection, 1000)
        // A polite end: what was sent still arrives, unless the line is gone.
        const waitMs = Math.max(0, up.lastArrival - scheduler.now) + latencyOf(line)
        down.isLost = true
        scheduler.after(waitMs, () => connection.end(1000, '', null, line.state === 'up' && !up.isLost ? 0 : below(dice, TCP_GIVES_UP_MS)))
      },
    }
  }

  return {
    line(name) {
      let line = lines.get(name)
      if (!line) {
        line = { name, state: 'up', latencyMs: 4 + below(dice, 30), cutAfterFrames: null, slowUntil: 0, slowFactor: 1, passes: null }
        lines.set(name, line)
      }
      return line
    },
    transport: (line, tab, user, process) => ({ connect: (listener) => connect(line, tab, user, process, listener) }),
    connectionsOf: (line) => [...live].filter((connection) => connection.line === line),
    relayDied() {
      for (const connection of [...live]) {
        const heard = connection.line.state === 'up' ? latencyOf(connection.line) : TCP_GIVES_UP_MS
        connection.end(1006, '', heard, null)
      }
    },
    tabDied(process) {
      for (const connection of [...live]) {
        if (connection.process !== process) continue
        const heard = connection.line.state === 'up' ? latencyOf(connection.line) : below(dice, TCP_GIVES_UP_MS)
        connection.end(1006, '', null, heard)
      }
    },
    letThrough(line, frames) {
      line.passes = frames
      for (const connection of live) if (connection.line === line) connection.wake()
    },
    setState(line, state) {
      line.state = state
      if (state === 'down')
        for (const connection of [...live]) if (connection.line === line) connection.cut(below(dice, 50), below(dice, TCP_GIVES_UP_MS))
      if (state === 'up') for (const connection of live) if (connection.line === line) connection.wake()
    },
  }
}
