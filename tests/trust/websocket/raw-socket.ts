/**
 * A websocket on a bare TCP connection: it sends whatever bytes it is given, when it is given them, and keeps what came back as a list of words,
 * in order. What a proper client would do by itself (pong, close) it does only when asked.
 */
import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { acceptOf, createFrameReader, OP, type ServerFrame } from './wire.ts'

export interface Upgrade {
  port: number
  path: string
  /** Besides those of a handshake; a name given here replaces that one, an empty value leaves it out. */
  headers?: Record<string, string>
  method?: string
  httpVersion?: string
}

export interface Answer {
  /** 0: the connection ended before there was one. */
  status: number
  headers: Record<string, string>
  /** Only after a right 101. */
  socket: RawSocket | null
  /** Why a 101 was not right. */
  fault: string | null
}

export interface RawSocket {
  readonly tcp: Socket
  /** `message:<hex>`, `ping:<hex>`, `pong:<hex>`, `close:<code>`, `close:none`, `fault:<words>`. */
  readonly events: string[]
  readonly isClosing: boolean
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>
  /** Called with every event. */
  onEvent: (event: string) => void
  /** In pieces of so many bytes, each a write of its own; stops when the other side has closed. */
  send(bytes: Uint8Array, chopBytes?: number): Promise<void>
  cut(): void
}

/** Longer pieces are not waited for: the kernel takes them as they come. */
const CHOP_WAITED_BYTES_MAX = 16
/** Beyond this the names of messages would be longer than what they say. */
const MESSAGE_BYTES_SHOWN_MAX = 64

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

export function requestText({ port, path, headers = {}, method = 'GET', httpVersion = '1.1' }: Upgrade): string {
  const all: Record<string, string> = { Host: `localhost:${port}`, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13', ...headers }
  return `${method} ${path} HTTP/${httpVersion}\r\n${Object.entries(all).filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

export function upgrade(asked: Upgrade): Promise<Answer> {
  return new Promise((resolve) => {
    const tcp = connect({ port: asked.port, host: '127.0.0.1', noDelay: true })
    let head: Buffer = Buffer.alloc(0)
    tcp.on('error', () => undefined) // its end follows
    tcp.once('close', () => resolve({ status: 0, headers: {}, socket: null, fault: null }))
    tcp.write(requestText(asked))
    const onHead = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      tcp.off('data', onHead)
      const [first = '', ...lines] = head.subarray(0, end).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0)
      if (status !== 101) {
        tcp.destroy()
        return resolve({ status, headers, socket: null, fault: null })
      }
      const fault = faultOf(headers, asked.headers ?? {})
      resolve({ status, headers, socket: rawSocket(tcp, head.subarray(end + 4)), fault })
    }
    tcp.on('data', onHead)
  })
}

/** RFC 6455 §4.1, what a client must look at. */
function faultOf(headers: Record<string, string>, asked: Record<string, string>): string | null {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'no Upgrade: websocket'
  if (!/\bupgrade\b/i.test(headers.connection ?? '')) return 'no Connection: Upgrade'
  if (headers['sec-websocket-accept'] !== acceptOf(asked['Sec-WebSocket-Key'] ?? KEY)) return 'the wrong Sec-WebSocket-Accept'
  const protocol = headers['sec-websocket-protocol']
  if (protocol !== undefined && !(asked['Sec-WebSocket-Protocol'] ?? '').split(/, */).includes(protocol)) return 'a subprotocol that nobody asked for'
  return null
}

function rawSocket(tcp: Socket, already: Buffer): RawSocket {
  const events: string[] = []
  const ended = new Promise<void>((resolve) => tcp.once('close', () => resolve()))
  let isClosing = false
  const say = (event: string): void => {
    events.push(event)
    if (event.startsWith('close:')) isClosing = true
    self.onEvent(event)
  }
  const parts: Buffer[] = []
  const read = createFrameReader(({ fin, opcode, payload }: ServerFrame) => {
    switch (opcode) {
      case OP.close:
        return say(payload.length < 2 ? 'close:none' : `close:${payload.readUInt16BE(0)}`)
      case OP.ping:
        return say(`ping:${payload.toString('hex')}`)
      case OP.pong:
        return say(`pong:${payload.toString('hex')}`)
    }
    if ((opcode === OP.continuation) !== parts.length > 0) say('fault:a message in the wrong parts')
    parts.push(payload)
    if (fin) say(`message:${Buffer.concat(parts.splice(0)).subarray(0, MESSAGE_BYTES_SHOWN_MAX).toString('hex')}`)
  }, (fault) => say(`fault:${fault}`))
  const self: RawSocket = {
    tcp,
    events,
    ended,
    get isClosing() {
      return isClosing
    },
    onEvent: () => undefined,
    async send(bytes, chopBytes = bytes.length || 1) {
      for (let at = 0; at < bytes.length && !isClosing && tcp.writable; at += chopBytes) {
        const isTaken = tcp.write(bytes.subarray(at, at + chopBytes))
        if (!isTaken) await new Promise<void>((resolve) => {
          tcp.once('drain', resolve)
          void ended.then(resolve)
        })
        else if (chopBytes <= CHOP_WAITED_BYTES_MAX) await nextTurn()
      }
    },
    cut: () => tcp.destroy(),
  }
  tcp.on('data', read)
  if (already.length > 0) read(already)
  return self
}
