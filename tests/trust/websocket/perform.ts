/**
 * One case: a fresh socket, some bytes, and what came back in words. The words are compared with what the standard asks; as in the Autobahn suite
 * there is a strict answer, and for some cases a second one that the standard also lets pass.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { upgrade, type RawSocket } from './raw-socket.ts'
import type { Endpoint } from './endpoints.ts'
import { close, frame, OP, closePayload } from './wire.ts'

export interface Step {
  bytes: Buffer
  chopBytes?: number
}

export interface Case {
  id: string
  title: string
  /** Headers of the handshake. */
  headers?: Record<string, string>
  steps: readonly Step[]
  /** Event lists, any of which is right. */
  ok: readonly (readonly string[])[]
  /** Not what the standard would rather have, and allowed or harmless. */
  lenient?: readonly (readonly string[])[]
  /** The same where it cannot be listed. */
  isLenient?(events: readonly string[]): boolean
  /** Large ones are left out of the short run. */
  isLarge?: boolean
}

export type Verdict = 'OK' | 'non-strict' | 'failed'

/** Longer means that it hangs: no case needs a hundredth of it. */
const CASE_MS_MAX = 30_000
/** Our own part of the closing handshake. */
const CLOSE_CODE = 1000

export async function perform(port: number, endpoint: Endpoint, headers: Record<string, string>, one: Case): Promise<{ verdict: Verdict; events: string[] }> {
  const events = await eventsOf(port, endpoint, { ...headers, ...one.headers }, one.steps)
  const isOneOf = (lists: readonly (readonly string[])[] = []): boolean => lists.some((list) => list.length === events.length && list.every((event, i) => event === events[i]))
  return { verdict: isOneOf(one.ok) ? 'OK' : isOneOf(one.lenient) || one.isLenient?.(events) ? 'non-strict' : 'failed', events }
}

/** Out: what was answered after the greeting, until the connection was gone. */
async function eventsOf(port: number, endpoint: Endpoint, headers: Record<string, string>, steps: readonly Step[]): Promise<string[]> {
  const { status, socket, fault, headers: answered } = await upgrade({ port, path: endpoint.path, headers })
  if (!socket) return [`status:${status}`]
  try {
    if (fault) return [`fault:${fault}`]
    if (answered['sec-websocket-extensions'] !== undefined) return [`fault:accepted ${answered['sec-websocket-extensions']}`]
    const greeted = endpoint.greeting.length === 0 ? null : new Promise<void>((resolve) => (socket.onEvent = () => resolve()))
    for (const bytes of endpoint.greeting) await socket.send(bytes)
    if (greeted) {
      await Promise.race([greeted, socket.ended, sleep(CASE_MS_MAX)])
      if (!socket.events[0]?.startsWith('message:')) return ['fault:no greeting', ...socket.events]
      socket.events.length = 0
    }
    const isOver = await Promise.race([talk(socket, steps).then(() => true), sleep(CASE_MS_MAX, false)])
    const words = socket.events.map((event) => (event.startsWith('message:') && endpoint.isAnswer(event.slice('message:'.length)) ? 'answer' : event))
    const heard = words.filter((event, i) => !event.startsWith('ping:') && !(endpoint.hasSignOfLife && event === 'answer' && words[i + 1]?.startsWith('ping:')))
    return isOver ? heard : [...heard, 'hangs']
  } finally {
    socket.cut()
  }
}

/** Says it all, answers a close as a client must, and waits until the server has ended the connection. */
async function talk(socket: RawSocket, steps: readonly Step[]): Promise<void> {
  const closesItself = steps.some(({ bytes }) => ((bytes[0] ?? 0) & 0x0f) === OP.close)
  const answerClose = (event: string): void => {
    if (!event.startsWith('close:') || closesItself || !socket.tcp.writable) return
    const code = Number(event.slice('close:'.length))
    socket.tcp.write(frame({ opcode: OP.close, payload: Number.isNaN(code) ? new Uint8Array() : closePayload(code) }))
  }
  socket.onEvent = answerClose
  for (const event of socket.events) answerClose(event)
  for (const { bytes, chopBytes } of steps) await socket.send(bytes, chopBytes)
  await socket.ended
}

/** The end of a case after which the socket must still be good: asks once more and closes. */
export const goodbye = (endpoint: Endpoint): Step[] => [{ bytes: frame({ opcode: OP.binary, payload: endpoint.ask(endpoint.askBytesMin) }) }, { bytes: close(CLOSE_CODE) }]
export const STILL_GOOD = ['answer', `close:${CLOSE_CODE}`] as const
