/** Sections 1 to 5 and 10: sizes, pings, reserved bits, opcodes, parts, masks and lengths. Numbered as the Autobahn suite numbers them, where it has the case. */
import type { Endpoint } from './endpoints.ts'
import { goodbye, STILL_GOOD, type Case, type Step } from './perform.ts'
import { binary, close, fragments, frame, OP, ping, pong } from './wire.ts'

const RSV = [1, 2, 3, 4, 5, 6, 7]
const RESERVED_DATA = [3, 4, 5, 6, 7]
const RESERVED_CONTROL = [11, 12, 13, 14, 15]
const FAILED = ['close:1002']

const step = (bytes: Buffer, chopBytes?: number): Step => (chopBytes === undefined ? { bytes } : { bytes, chopBytes })
const text = (words: string): Buffer => Buffer.from(words, 'utf8')
/** Text is not of our protocol (SPEC: binary frames): the demanded answer is that it is refused, by code. */
export const TEXT_REFUSED = [['close:1002'], ['close:1003']]

export function framingCases(endpoint: Endpoint): Case[] {
  const ask = (bytes = endpoint.askBytesMin): Buffer => binary(endpoint.ask(bytes))
  const isAskable = (bytes: number): boolean => bytes >= endpoint.askBytesMin
  const alive = (id: string, title: string, steps: Step[], ...events: string[]): Case => ({ id, title, steps: [...steps, ...goodbye(endpoint)], ok: [[...events, ...STILL_GOOD]] })
  const fails = (id: string, title: string, steps: Step[], ...events: string[]): Case => ({ id, title, steps, ok: [[...events, ...FAILED]] })
  const cases: Case[] = []

  // 1: framing
  const sizes = [0, 1, 2, 124, 125, 126, 127, 128, 129, 130, 255, 256, 16_383, 16_384, 65_535, 65_536, 65_537, 100_000]
  for (const [i, bytes] of sizes.entries()) {
    const words = Buffer.alloc(bytes, 0x2a)
    cases.push({ id: `1.1.${i + 1}`, title: `text of ${bytes} bytes`, steps: [step(frame({ opcode: OP.text, payload: words }))], ok: TEXT_REFUSED })
    if (isAskable(bytes)) cases.push(alive(`1.2.${i + 1}`, `binary of ${bytes} bytes`, [step(ask(bytes))], 'answer'))
    const chopBytes = bytes > 4_096 ? 997 : 1
    if (isAskable(bytes)) cases.push(alive(`1.3.${i + 1}`, `binary of ${bytes} bytes in pieces of ${chopBytes}`, [step(ask(bytes), chopBytes)], 'answer'))
    if (bytes <= 130) cases.push({ id: `1.4.${i + 1}`, title: `text of ${bytes} bytes, byte by byte`, steps: [step(frame({ opcode: OP.text, payload: words }), 1)], ok: TEXT_REFUSED })
  }

  // 2: pings and pongs
  const hex = (bytes: Buffer): string => `pong:${bytes.toString('hex')}`
  const odd = Buffer.from('00fffefdfcfb00ff', 'hex')
  const long = Buffer.alloc(125, 0xfe)
  cases.push(alive('2.1', 'a ping without payload', [step(ping())], 'pong:'))
  cases.push(alive('2.2', 'a ping with text', [step(ping(text('Hello, world!')))], hex(text('Hello, world!'))))
  cases.push(alive('2.3', 'a ping with bytes that are not text', [step(ping(odd))], hex(odd)))
  cases.push(alive('2.4', 'a ping of 125 bytes', [step(ping(long))], hex(long)))
  cases.push(fails('2.5', 'a ping of 126 bytes', [step(ping(Buffer.alloc(126, 0xfe)))]))
  cases.push(alive('2.6', 'a ping of 125 bytes, byte by byte', [step(ping(long), 1)], hex(long)))
  cases.push(alive('2.7', 'a pong that nobody asked for', [step(pong())]))
  cases.push(alive('2.8', 'a pong with payload that nobody asked for', [step(pong(text('unsolicited')))]))
  cases.push(alive('2.9', 'such a pong, then a ping', [step(pong(text('unsolicited'))), step(ping(text('ping')))], hex(text('ping'))))
  for (const [id, chopBytes] of [['2.10', undefined], ['2.11', 1]] as const) {
    const pings = Array.from({ length: 10 }, (_, i) => text(`payload ${i}`))
    cases.push(alive(id, `ten pings at once${chopBytes ? ', byte by byte' : ''}`, pings.map((payload) => step(ping(payload), chopBytes)), ...pings.map(hex)))
  }
  cases.push(fails('2.12', 'a pong of 126 bytes', [step(pong(Buffer.alloc(126)))]))
  cases.push(alive('2.13', 'a question and a ping in one write', [step(Buffer.concat([ask(), ping(odd)]))], 'answer', hex(odd)))

  // 3: reserved bits
  for (const rsv of RSV) {
    const question = frame({ opcode: OP.binary, payload: endpoint.ask(endpoint.askBytesMin), rsv })
    cases.push(fails(`3.1.${rsv}`, `a message with reserved bits ${rsv}`, [step(question)]))
    cases.push(fails(`3.2.${rsv}`, `a good message, then one with reserved bits ${rsv}, then a ping`, [step(ask()), step(question), step(ping())], 'answer'))
    cases.push(fails(`3.3.${rsv}`, `the same, byte by byte`, [step(ask(), 1), step(question, 1)], 'answer'))
    cases.push(fails(`3.4.${rsv}`, `a ping with reserved bits ${rsv}`, [step(frame({ opcode: OP.ping, rsv }))]))
    cases.push(fails(`3.5.${rsv}`, `a close with reserved bits ${rsv}`, [step(frame({ opcode: OP.close, rsv }))]))
    cases.push(fails(`3.6.${rsv}`, `a continuation with reserved bits ${rsv}`, [step(frame({ opcode: OP.binary, fin: false, payload: text('a') })), step(frame({ opcode: OP.continuation, rsv, payload: text('b') }))]))
  }

  // 4: opcodes
  for (const opcode of [...RESERVED_DATA, ...RESERVED_CONTROL]) {
    const section = opcode < 8 ? '4.1' : '4.2'
    cases.push(fails(`${section}.${opcode}.1`, `opcode ${opcode} without payload`, [step(frame({ opcode }))]))
    cases.push(fails(`${section}.${opcode}.2`, `opcode ${opcode} with payload`, [step(frame({ opcode, payload: text('reserved opcode payload') }))]))
    cases.push(fails(`${section}.${opcode}.3`, `a good message, then opcode ${opcode}, then a ping`, [step(ask()), step(frame({ opcode })), step(ping())], 'answer'))
    cases.push(fails(`${section}.${opcode}.4`, `the same, byte by byte`, [step(ask(), 1), step(frame({ opcode, payload: text('reserved') }), 1), step(ping(), 1)], 'answer'))
  }

  // 5: parts
  const asked = endpoint.ask(endpoint.askBytesMin + 20)
  const parts = (partBytes: number): Buffer[] => fragments(OP.binary, asked, partBytes)
  const begun = frame({ opcode: OP.binary, fin: false, payload: asked.subarray(0, 5) })
  const ended = frame({ opcode: OP.continuation, payload: asked.subarray(5) })
  cases.push(fails('5.1', 'a ping in two parts', [step(frame({ opcode: OP.ping, fin: false, payload: text('a') })), step(frame({ opcode: OP.continuation, payload: text('b') }))]))
  cases.push(fails('5.2', 'a pong in two parts', [step(frame({ opcode: OP.pong, fin: false, payload: text('a') })), step(frame({ opcode: OP.continuation, payload: text('b') }))]))
  cases.push(fails('5.2.2', 'a close in two parts', [step(frame({ opcode: OP.close, fin: false, payload: Buffer.from([3]) })), step(frame({ opcode: OP.continuation, payload: Buffer.from([232]) }))]))
  for (const [i, [words, chopBytes]] of ([['', undefined], [' in one write', 0], [', byte by byte', 1]] as const).entries()) {
    const sent = (...frames: Buffer[]): Step[] => (chopBytes === 0 ? [step(Buffer.concat(frames))] : frames.map((bytes) => step(bytes, chopBytes)))
    cases.push(alive(`5.3.${i}`, `a message in two parts${words}`, sent(begun, ended), 'answer'))
    cases.push(alive(`5.6.${i}`, `a ping between two parts${words}`, sent(begun, ping(odd), ended), hex(odd), 'answer'))
    cases.push(alive(`5.7.${i}`, `a pong between two parts${words}`, sent(begun, pong(odd), ended), 'answer'))
    cases.push(fails(`5.9.${i}`, `the end of a message that never began, then a question${words}`, sent(frame({ opcode: OP.continuation, payload: text('end') }), ask())))
    cases.push(fails(`5.12.${i}`, `the middle of a message that never began, then a question${words}`, sent(frame({ opcode: OP.continuation, fin: false, payload: text('middle') }), ask())))
    cases.push(fails(`5.15.${i}`, `a continuation after the end${words}`, sent(begun, ended, frame({ opcode: OP.continuation, fin: false, payload: text('more') }), ask()), 'answer'))
    cases.push(fails(`5.16.${i}`, `six times a continuation that never began${words}`, sent(...Array.from({ length: 6 }, () => frame({ opcode: OP.continuation, fin: false, payload: text('more') })))))
    cases.push(fails(`5.18.${i}`, `a message within a message${words}`, sent(begun, ask())))
    cases.push(fails(`5.18.${i}t`, `a text within a binary message${words}`, sent(begun, frame({ opcode: OP.text, payload: text('text') }))))
    cases.push(alive(`5.19.${i}`, `parts with pings between all of them${words}`, sent(...parts(5).flatMap((part) => [part, ping(odd)])), ...parts(5).slice(1).map(() => hex(odd)), 'answer', hex(odd)))
  }
  for (const partBytes of [1, 2, 3, 7, 19]) {
    cases.push(alive(`5.20.${partBytes}`, `a message in parts of ${partBytes}`, parts(partBytes).map((bytes) => step(bytes)), 'answer'))
    cases.push(alive(`5.21.${partBytes}`, `the same, byte by byte`, parts(partBytes).map((bytes) => step(bytes, 1)), 'answer'))
  }
  const empty = (fin: boolean): Buffer => frame({ opcode: OP.continuation, fin })
  cases.push(alive('5.22', 'empty parts before, between and after', [frame({ opcode: OP.binary, fin: false }), empty(false), frame({ opcode: OP.continuation, fin: false, payload: asked }), empty(false), empty(true)].map((bytes) => step(bytes)), 'answer'))
  cases.push({ id: '5.23', title: 'a text in two parts', steps: fragments(OP.text, text('Hello'), 3).map((bytes) => step(bytes)), ok: TEXT_REFUSED })
  cases.push({ id: '5.24', title: 'a message left in the middle and closed', steps: [step(begun), step(close(1000))], ok: [['close:1000']] })

  // 10: masks and lengths, which the Autobahn suite has no section for
  cases.push(fails('10.1.1', 'a message without a mask', [step(frame({ opcode: OP.binary, payload: asked, mask: null }))]))
  cases.push(fails('10.1.2', 'a ping without a mask', [step(frame({ opcode: OP.ping, mask: null }))]))
  cases.push(fails('10.1.3', 'a close without a mask', [step(frame({ opcode: OP.close, mask: null }))]))
  cases.push(alive('10.2.1', 'a mask of zeros', [step(frame({ opcode: OP.binary, payload: asked, mask: [0, 0, 0, 0] }))], 'answer'))
  cases.push(alive('10.2.2', 'a mask of ones', [step(frame({ opcode: OP.binary, payload: asked, mask: [255, 255, 255, 255] }))], 'answer'))
  for (const lengthBytes of [2, 8] as const) {
    const roomy = frame({ opcode: OP.binary, payload: asked, lengthBytes })
    // The standard asks for the shortest form and does not say what to do about another; refusing it is the strict answer.
    cases.push({ id: `10.3.${lengthBytes}`, title: `a short message whose length takes ${lengthBytes} bytes`, steps: [step(roomy), ...goodbye(endpoint)], ok: [FAILED], lenient: [['answer', ...STILL_GOOD]] })
    cases.push(fails(`10.4.${lengthBytes}`, `a ping whose length takes ${lengthBytes} bytes`, [step(frame({ opcode: OP.ping, lengthBytes }))]))
  }
  cases.push({ id: '10.5', title: 'a length with its highest bit set', steps: [step(frame({ opcode: OP.binary, announced: 2n ** 63n }))], ok: [FAILED, ['close:1009']] })
  return cases
}
