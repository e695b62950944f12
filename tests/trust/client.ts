/**
 * A laptop as far as the relay can tell: one socket that speaks the protocol. It survives whatever happens to the line, because that is what
 * the trials do to it; what is lost with it is told by `closed`.
 */
import WebSocket from 'ws'
import { newId, type EntryId, type Id } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { FORMAT_OF_PART, type Part } from '../../shared/model/entries.ts'
import { decodeDown, encodeUp, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { DownMessage, Up, UpMessage } from '../../shared/protocol/messages/index.ts'

export interface Client {
  readonly socket: WebSocket
  send(...messages: UpMessage[]): void
  /** The close code, whoever closed. */
  readonly closed: Promise<number>
  /** Cuts the line. */
  cut(): void
}

/** The cookie of somebody at our own page (behind https under another address than the relay's own), or the token of a script. */
export type Credentials = string | { cookie: string; origin: string } | { bearer: string }

export function headersOf(who: Credentials, address: string): Record<string, string> {
  if (typeof who === 'string') return { cookie: who, origin: address }
  return 'bearer' in who ? { authorization: `Bearer ${who.bearer}` } : who
}

/** Out: after WELCOME. Rejects when there is no line, or the relay refuses. */
export function dial(address: string, who: Credentials, dice: Dice, hear: (message: DownMessage) => void): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/sync`, { headers: headersOf(who, address), perMessageDeflate: false })
    let problem = 'closed'
    socket.on('error', (error) => (problem = error.message))
    const closed = new Promise<number>((done) => socket.once('close', (code) => done(code)))
    void closed.then((code) => reject(new Error(`no connection: ${problem} (${code})`)))
    const client: Client = {
      socket,
      send(...messages) {
        if (socket.readyState === WebSocket.OPEN) socket.send(encodeUp(...messages))
      },
      closed,
      cut: () => socket.terminate(),
    }
    socket.on('message', (data: Buffer) => {
      for (const message of decodeDown(data)) {
        if (message.type === 'welcome') resolve(client)
        hear(message)
      }
    })
    socket.once('open', () => client.send({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MIN, build: 'trust', device: newId(dice), pendingCount: 0 }))
  })
}

/** An entry as a PUSH; the first of its connection where no number is given. */
export function pushOf(fields: { n?: number; space: Id; entry: EntryId; item: Id; part?: Part; writer: Id; payload: Uint8Array }): Up<'push'> {
  const { n = 1, part = 'prose' } = fields
  return { type: 'push', ...fields, n, part, format: FORMAT_OF_PART[part], schema: 1, clientTime: 0, spans: new Uint8Array(), fragment: 0, fragments: 1 }
}
