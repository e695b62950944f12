/**
 * Section 6: UTF-8. Our protocol has no text, so good text is refused by code; what is not text at all is refused as such (1007), and that is
 * seen only when it is looked at. `fail fast` asks that it is seen at the first wrong byte and not at the end of the message; the standard lets
 * both pass.
 */
import { TEXT_REFUSED } from './cases-framing.ts'
import type { Endpoint } from './endpoints.ts'
import type { Case, Step } from './perform.ts'
import { closePayload, fragments, frame, OP, ping } from './wire.ts'

const GOOD: readonly [string, string][] = [
  ['Hello-µ@ßöäüàá-UTF-8!!', '48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a12d5554462d382121'],
  ['a Greek word', 'cebae1bdb9cf83cebcceb5'],
  ['first of one byte', '00'], ['first of two bytes', 'c280'], ['first of three bytes', 'e0a080'], ['first of four bytes', 'f0908080'],
  ['last of one byte', '7f'], ['last of two bytes', 'dfbf'], ['last of three bytes', 'efbfbf'], ['last of four bytes', 'f48fbfbf'],
  ['last before the surrogates', 'ed9fbf'], ['first after the surrogates', 'ee8080'], ['the replacement character', 'efbfbd'],
  ['a noncharacter', 'efbfbe'], ['a noncharacter beyond', 'f09fbfbe'], ['the last noncharacter', 'f48fbfbe'], ['a private one', 'ef80a0'],
]

const BAD: readonly [string, string][] = [
  ['a surrogate in the middle of a word', 'cebae1bdb9cf83cebcceb5eda080656469746564'],
  ['beyond the last character', 'f4908080'], ['five bytes', 'f888808080'], ['six bytes', 'fc8480808080'], ['the last of five bytes', 'fbbfbfbfbf'], ['the last of six bytes', 'fdbfbfbfbfbf'],
  ['a continuation alone', '80'], ['the last continuation alone', 'bf'], ['two continuations', '80bf'], ['seven continuations', '80bf80bf80bf80'],
  ['all continuations', Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join('')],
  ['starts of two, each alone', Array.from({ length: 32 }, (_, i) => `${(0xc0 + i).toString(16)}20`).join('')],
  ['starts of three, each alone', Array.from({ length: 16 }, (_, i) => `${(0xe0 + i).toString(16)}20`).join('')],
  ['starts of four, each alone', 'f020f120f220f320f420f520f620f720'], ['starts of five, each alone', 'f820f920fa20fb20'], ['starts of six, each alone', 'fc20fd20'],
  ['two bytes, last missing', 'c0'], ['three bytes, last missing', 'e080'], ['four bytes, last missing', 'f08080'], ['a good start, last missing', 'dfbf20c2'],
  ['all of these', 'c0e080f08080f8808080fc80808080'],
  ['FE', 'fe'], ['FF', 'ff'], ['FE FE FF FF', 'fefeffff'],
  ['an overlong slash of two', 'c0af'], ['of three', 'e080af'], ['of four', 'f08080af'], ['of five', 'f8808080af'], ['of six', 'fc80808080af'],
  ['the largest overlong of two', 'c1bf'], ['of three', 'e09fbf'], ['of four', 'f08fbfbf'],
  ['an overlong nothing of two', 'c080'], ['of three', 'e08080'], ['of four', 'f0808080'],
  ['the first surrogate', 'eda080'], ['the last high surrogate', 'edafbf'], ['the first low surrogate', 'edb080'], ['the last surrogate', 'edbfbf'],
  ['a pair of surrogates', 'eda080edb080'], ['the last pair', 'edafbfedbfbf'],
]

const one = (bytes: Buffer, chopBytes?: number): Step => (chopBytes === undefined ? { bytes } : { bytes, chopBytes })

export function textCases(_endpoint: Endpoint): Case[] {
  const cases: Case[] = []
  for (const [i, [title, hex]] of GOOD.entries()) {
    const payload = Buffer.from(hex, 'hex')
    cases.push({ id: `6.1.${i + 1}`, title, steps: [one(frame({ opcode: OP.text, payload }))], ok: TEXT_REFUSED })
    if (payload.length > 1) cases.push({ id: `6.2.${i + 1}`, title: `${title}, cut through its characters`, steps: fragments(OP.text, payload, 1).map((bytes) => one(bytes)), ok: TEXT_REFUSED })
  }
  for (const [i, [title, hex]] of BAD.entries()) {
    const payload = Buffer.from(hex, 'hex')
    // Refusing all text before looking at it would be right as well.
    const refused = { ok: [['close:1007']], lenient: TEXT_REFUSED }
    cases.push({ id: `6.3.${i + 1}`, title, steps: [one(frame({ opcode: OP.text, payload }))], ...refused })
    if (payload.length > 1) cases.push({ id: `6.4.${i + 1}`, title: `${title}, byte by byte in parts`, steps: fragments(OP.text, payload, 1).map((bytes) => one(bytes, 1)), ...refused })
    // The reason of a close is text too.
    cases.push({ id: `6.5.${i + 1}`, title: `${title}, as the reason of a close`, steps: [one(frame({ opcode: OP.close, payload: closePayload(1000, payload) }))], ok: [['close:1007'], ['close:1002']] })
  }
  // Fail fast: a ping after the wrong byte is answered by who has not looked yet.
  const [before, wrong, after] = [Buffer.from('cebae1bdb9cf83cebcceb5', 'hex'), Buffer.from('f4908080', 'hex'), Buffer.from('656469746564', 'hex')]
  const middle = (fin: boolean, payload: Buffer): Step => one(frame({ opcode: OP.continuation, fin, payload }))
  const first = one(frame({ opcode: OP.text, fin: false, payload: before }))
  const fast = { ok: [['close:1007'], ...TEXT_REFUSED], lenient: [['pong:', 'close:1007'], ...TEXT_REFUSED.map((events) => ['pong:', ...events])] }
  cases.push({ id: '6.6.1', title: 'fail fast: wrong in the second part', steps: [first, middle(false, wrong), one(ping()), middle(true, after)], ...fast })
  cases.push({ id: '6.6.2', title: 'fail fast: wrong at the end of a character', steps: [first, middle(false, wrong.subarray(0, 2)), one(ping()), middle(true, Buffer.concat([wrong.subarray(2), after]))], ...fast })
  cases.push({ id: '6.6.3', title: 'fail fast: within one frame', steps: [one(frame({ opcode: OP.text, payload: Buffer.concat([before, wrong, after]) }), 1)], ok: [['close:1007'], ...TEXT_REFUSED] })
  return cases
}
