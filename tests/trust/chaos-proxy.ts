/**
 * A bad network for real sockets, in user space: stands between a client and a relay and does to their bytes what trains, hotels and firewalls do.
 * Bytes of one connection keep their order and none is altered: TCP would not let that through either. What a blackhole holds back arrives
 * when it is over, as retransmission would bring it, unless the line was cut meanwhile.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** `up`: from the client to the relay. */
export type Direction = 'up' | 'down' | 'both'

export interface ChaosProxy {
  readonly port: number
  /** http://localhost:port */
  readonly address: string
  /** Connections through it now, half-open ones included. */
  readonly openCount: number
  /** Bytes that a blackhole or a slow line keeps for now. */
  readonly heldBytes: number
  /** Carried so far, both ways. */
  readonly carriedBytes: number
  /** Of those, the first head of each side of each connection: what it takes to open one. */
  readonly openingBytes: number
  /** Where new connections go, for a relay that comes back elsewhere. */
  target(port: number): void
  /** An ordinary network again, for old and new connections; half-open ones stay what they are. */
  heal(): void
  /** Ends every connection now, both ends hear of it. */
  cut(): void
  /** New connections are refused; open ones stay. */
  down(): void
  /** The relay hears that its connections ended, the clients hear nothing ever again on them. */
  halfOpen(): void
  blackhole(direction: Direction): void
  delay(ms: number): void
  bandwidth(bytesPerSecond: number): void
  /** Plain HTTP passes, an Upgrade is answered with 400. */
  refuseUpgrade(): void
  /** Every request is answered by somebody who wants a login: a page with 200, a redirect, or 511. */
  captivePortal(status: 200 | 302 | 511): void
  dispose(): Promise<void>
}

interface Weather {
  isDown: boolean
  blocked: Record<'up' | 'down', boolean>
  delayMs: number
  bytesPerSecond: number
  isUpgradeRefused: boolean
  portal: 200 | 302 | 511 | null
}
const fine = (): Weather => ({ isDown: false, blocked: { up: false, down: false }, delayMs: 0, bytesPerSecond: Infinity, isUpgradeRefused: false, portal: null })

interface Line {
  cut(): void
  halfOpen(): void
}

const HEAD_BYTES_MAX = 64 * 1024
/** Of a request or an answer; each comes in one piece from what is tried here. */
const HEAD_END = '\r\n\r\n'
const PAGE = '<!doctype html><title>Gratis wifi</title><p>Log in om verder te gaan.'

/** What a hotel answers to every request. */
export function portalAnswer(status: 200 | 302 | 511): string {
  const words = { 200: 'OK', 302: 'Found', 511: 'Network Authentication Required' }[status]
  const location = status === 302 ? 'Location: http://wifi.example/login\r\n' : ''
  return `HTTP/1.1 ${status} ${words}\r\nContent-Type: text/html\r\n${location}Content-Length: ${Buffer.byteLength(PAGE)}\r\nConnection: close\r\n\r\n${PAGE}`
}

const roomIn = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })

export async function createChaosProxy(targetPort: number): Promise<ChaosProxy> {
  let weather = fine()
  let relayPort = targetPort
  let heldBytes = 0
  let carriedBytes = 0
  let openingBytes = 0
  const lines = new Set<Line>()
  /** Everybody at the door, also who never said enough to be carried on. */
  const clients = new Set<Socket>()
  let wakers: (() => void)[] = []
  const wake = (): void => {
    const woken = wakers
    wakers = []
    for (const one of woken) one()
  }

  /** Carries one direction, chunk after chunk, in order, whatever the weather. Ends the other side when this one ends, and not before. */
  function carry(from: Socket, to: Socket, direction: 'up' | 'down', isOver: () => boolean): void {
    const queue: (Buffer | null)[] = []
    let isMoving = false
    let isOpening = true
    const move = async (): Promise<void> => {
      isMoving = true
      for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
        const size = chunk?.length ?? 0
        while (weather.blocked[direction] && !isOver()) await new Promise<void>((resolve) => wakers.push(resolve))
        const waitMs = weather.delayMs + (Number.isFinite(weather.bytesPerSecond) ? (size / weather.bytesPerSecond) * 1000 : 0)
        if (waitMs > 0 && !isOver()) await new Promise((resolve) => setTimeout(resolve, waitMs))
        heldBytes -= size
        if (isOver() || to.destroyed) continue
        if (chunk === null) to.end()
        else {
          carriedBytes += size
          const headEnd = isOpening ? chunk.indexOf(HEAD_END) : -1
          if (isOpening) openingBytes += headEnd < 0 ? size : headEnd + HEAD_END.length
          if (headEnd >= 0) isOpening = false
          if (!to.write(chunk)) await roomIn(to)
        }
      }
      isMoving = false
      from.resume()
    }
    const put = (chunk: Buffer | null): void => {
      heldBytes += chunk?.length ?? 0
      queue.push(chunk)
      // What is not carried yet is the sender's to keep, as far as its buffers go.
      if (queue.length > 64) from.pause()
      if (!isMoving) void move()
    }
    from.on('data', put)
    from.on('end', () => put(null))
  }

  function join(client: Socket, first: Buffer): void {
    const relay = connect({ port: relayPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    let isCut = false
    let isHalfOpen = false
    const line: Line = {
      cut() {
        isCut = true
        client.destroy()
        relay.destroy()
        lines.delete(line)
        wake()
      },
      halfOpen() {
        isHalfOpen = true
        relay.destroy()
        client.removeAllListeners('data')
        client.on('data', () => undefined)
        client.on('end', () => line.cut())
        wake()
      },
    }
    lines.add(line)
    const isOver = (): boolean => isCut || isHalfOpen
    // A side that vanished is a line that was cut, unless the clients are not to hear of it.
    for (const side of [client, relay]) side.on('error', () => side.destroy())
    relay.on('close', () => {
      if (!isHalfOpen && !weather.blocked.down) line.cut()
    })
    client.on('close', () => {
      if (!weather.blocked.up || isHalfOpen) line.cut()
    })
    relay.once('connect', () => {
      carry(client, relay, 'up', isOver)
      carry(relay, client, 'down', isOver)
      if (first.length > 0) client.emit('data', first)
      client.resume()
    })
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.on('error', () => client.destroy())
    if (weather.isDown) return void client.destroy()
    if (!weather.isUpgradeRefused && weather.portal === null) {
      client.pause()
      return join(client, Buffer.alloc(0))
    }
    // Judged by the head of its first request.
    let head = Buffer.alloc(0)
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk])
      if (!head.includes('\r\n\r\n') && head.length < HEAD_BYTES_MAX) return
      client.off('data', read)
      client.pause()
      if (weather.portal !== null) return void client.end(portalAnswer(weather.portal))
      if (/^upgrade:\s*websocket/im.test(head.toString('latin1'))) return void client.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      join(client, head)
    }
    client.on('data', read)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    port,
    address: `http://localhost:${port}`,
    get openCount() {
      return lines.size
    },
    get heldBytes() {
      return heldBytes
    },
    get carriedBytes() {
      return carriedBytes
    },
    get openingBytes() {
      return openingBytes
    },
    target: (next) => (relayPort = next),
    heal() {
      weather = fine()
      wake()
    },
    cut() {
      for (const line of [...lines]) line.cut()
    },
    down: () => (weather.isDown = true),
    halfOpen() {
      for (const line of lines) line.halfOpen()
    },
    blackhole(direction) {
      weather.blocked = { up: direction !== 'down', down: direction !== 'up' }
    },
    delay: (ms) => (weather.delayMs = ms),
    bandwidth: (bytesPerSecond) => (weather.bytesPerSecond = bytesPerSecond),
    refuseUpgrade: () => (weather.isUpgradeRefused = true),
    captivePortal: (status) => (weather.portal = status),
    async dispose() {
      for (const line of [...lines]) line.cut()
      for (const client of clients) client.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
