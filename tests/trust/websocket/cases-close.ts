/** Section 7: the closing handshake, which codes may be said, and that nothing is said after it. */
import type { Endpoint } from './endpoints.ts'
import { goodbye, type Case, type Step } from './perform.ts'
import { binary, close, closePayload, frame, OP, ping, pong } from './wire.ts'

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4401, 4999]
/** Never to be sent: not assigned, reserved for what no frame carries, or outside of all ranges. */
const INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 5001, 65_535]
const REASON_BYTES_MAX = 123

const step = (bytes: Buffer, chopBytes?: number): Step => (chopBytes === undefined ? { bytes } : { bytes, chopBytes })

export function closeCases(endpoint: Endpoint): Case[] {
  const ask = binary(endpoint.ask(endpoint.askBytesMin))
  const begun = frame({ opcode: OP.binary, fin: false, payload: Buffer.from('a') })
  const cases: Case[] = []
  const add = (id: string, title: string, steps: Step[], ...ok: string[][]): void => void cases.push({ id, title, steps, ok })
  add('7.1.1', 'a question, then close', goodbye(endpoint), ['answer', 'close:1000'])
  add('7.1.2', 'close twice', [step(close(1000)), step(close(1000))], ['close:1000'])
  add('7.1.3', 'a ping after close', [step(close(1000)), step(ping())], ['close:1000'])
  add('7.1.4', 'a question after close', [step(close(1000)), step(ask)], ['close:1000'])
  add('7.1.5', 'a part, close, the rest', [step(begun), step(close(1000)), step(frame({ opcode: OP.continuation, payload: Buffer.from('b') }))], ['close:1000'])
  add('7.1.6', '256 KiB, close, a ping', [step(binary(endpoint.ask(256 * 1024))), step(close(1000)), step(ping())], ['answer', 'close:1000'])
  add('7.1.7', 'close and everything else in one write', [step(Buffer.concat([close(1000), ask, ping(), pong(), close(1001)]))], ['close:1000'])
  add('7.1.8', 'close, byte by byte', [step(close(1000, Buffer.from('tot ziens')), 1)], ['close:1000'])
  add('7.1.9', 'close and then nonsense', [step(close(1000)), step(Buffer.alloc(1000, 0xff))], ['close:1000'])
  add('7.3.1', 'close without a code', [step(frame({ opcode: OP.close }))], ['close:none'], ['close:1000'])
  add('7.3.2', 'close with one byte', [step(frame({ opcode: OP.close, payload: Buffer.from([3]) }))], ['close:1002'])
  add('7.3.3', 'close with a code', [step(close(1000))], ['close:1000'])
  add('7.3.4', 'close with a reason', [step(close(1000, Buffer.from('Hello World!')))], ['close:1000'])
  add('7.3.5', 'the longest reason', [step(close(1000, Buffer.alloc(REASON_BYTES_MAX, 0x2a)))], ['close:1000'])
  add('7.3.6', 'a reason that is too long', [step(close(1000, Buffer.alloc(REASON_BYTES_MAX + 1, 0x2a)))], ['close:1002'])
  add('7.3.7', 'the longest reason of two-byte characters', [step(close(1000, Buffer.from('é'.repeat(61))))], ['close:1000'])
  for (const code of VALID) {
    add(`7.7.${code}`, `close with ${code}`, [step(close(code))], [`close:${code}`])
    add(`7.8.${code}`, `close with ${code} and a reason, byte by byte`, [step(frame({ opcode: OP.close, payload: closePayload(code, Buffer.from('reden')) }), 1)], [`close:${code}`])
  }
  for (const code of INVALID) {
    add(`7.9.${code}`, `close with ${code}, which must not be said`, [step(close(code))], ['close:1002'])
    add(`7.10.${code}`, `a question, then close with ${code} and a reason`, [step(ask), step(close(code, Buffer.from('reden')))], ['answer', 'close:1002'])
  }
  return cases
}
