/** The three ways in for somebody signed in, each as a question: these bytes, and what was said about them. */
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import type { ItemId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { decodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import type { DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import { dial, headersOf, type Client, type Credentials } from './client.ts'

/** `taken`, `NACK code reason`, `closed code`, `silent`. */
export type Said = string

/** Longer means that nobody answers. */
const ANSWER_MS_MAX = 30_000

export interface SyncDoor {
  push(message: Omit<Up<'push'>, 'n'>): Promise<Said>
  cut(): void
}

/** One connection after another: who is thrown out comes back. */
export function createSyncDoor(address: string, who: Credentials, dice: Dice): SyncDoor {
  let client: Client | null = null
  let n = 0
  let hear: (message: DownMessage) => void = () => undefined
  return {
    async push(message) {
      if (!client) {
        n = 0
        const mine = await dial(address, who, dice, (said) => hear(said))
        client = mine
        void mine.closed.then(() => {
          if (client === mine) client = null
        })
      }
      const line = client
      const mineN = ++n
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve('silent'), ANSWER_MS_MAX)
        const end = (said: Said): void => {
          clearTimeout(timer)
          resolve(said)
        }
        hear = (said) => {
          if (said.type === 'nack' && said.n === mineN) end(`${said.code} ${said.reason}`)
          if (said.type === 'ack' && said.upToN >= mineN) end('taken')
        }
        void line.closed.then((code) => end(`closed ${code}`))
        line.send({ ...message, n: mineN })
      })
    },
    cut: () => client?.cut(),
  }
}

/** POST /sync/push. */
export async function pushByTwin(address: string, who: Credentials, message: Omit<Up<'push'>, 'n'>): Promise<Said> {
  const response = await fetch(`${address}/sync/push`, {
    method: 'POST', headers: { ...headersOf(who, address), 'content-type': 'application/octet-stream' }, body: Buffer.from(encodeUp({ ...message, n: 1 })), signal: AbortSignal.timeout(ANSWER_MS_MAX),
  })
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) return `closed ${response.status}`
  for (const said of decodeDown(body)) if (said.type === 'nack') return `${said.code} ${said.reason}`
  return 'taken'
}

const SYNC = 0
const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2

export function yjsFrame(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const to = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(to, part)
    else if (typeof part === 'string') encoding.writeVarString(to, part)
    else encoding.writeVarUint8Array(to, part)
  }
  return encoding.toUint8Array(to)
}

/** A socket at the y-websocket door. Out: after it is open; `hear` gets every frame. */
export function openYjs(address: string, who: Credentials, item: ItemId, hear: (frame: Uint8Array) => void): Promise<{ socket: WebSocket; closed: Promise<number> }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/yjs/${item}`, { headers: headersOf(who, address), perMessageDeflate: false })
    let problem = 'closed'
    socket.on('error', (error) => (problem = error.message))
    const closed = new Promise<number>((done) => socket.once('close', (code) => done(code)))
    void closed.then((code) => reject(new Error(`no connection: ${problem} (${code})`)))
    socket.on('message', (data: Buffer) => hear(data))
    socket.once('open', () => resolve({ socket, closed }))
  })
}

/** Says an update, as the answer to a question (`asWhole`) or as typing, and waits until the relay has dealt with it: it answers a question after it, or closes. */
export async function pushByYjs(address: string, who: Credentials, item: ItemId, update: Uint8Array, isAsked: boolean, isWhole: boolean): Promise<Said> {
  let answers = 0
  let heard: () => void = () => undefined
  const { socket, closed } = await openYjs(address, who, item, (frame) => {
    if (frame[0] !== SYNC || frame[1] !== STEP_2) return
    answers++
    heard()
  })
  const question = yjsFrame(SYNC, STEP_1, Uint8Array.of(0))
  return new Promise((resolve) => {
    const end = (said: Said): void => {
      clearTimeout(timer)
      socket.terminate()
      resolve(said)
    }
    const timer = setTimeout(() => end('silent'), ANSWER_MS_MAX)
    heard = () => {
      if (answers === (isAsked ? 2 : 1)) end('dealt with')
    }
    void closed.then((code) => end(`closed ${code}`))
    if (isAsked) socket.send(question)
    socket.send(yjsFrame(SYNC, isWhole ? STEP_2 : UPDATE, update))
    socket.send(question)
  })
}
