/**
 * Sections 9, 12 and 13: large messages, whole and in parts, up to our limit and beyond it; many small ones; and compression, which is offered in
 * every form and never taken. Instead of the time a message takes it counts whether it is answered: times are figures of other rows.
 */
import { FRAME_BYTES_MAX } from '../../../shared/model/limits.ts'
import type { Endpoint } from './endpoints.ts'
import { goodbye, STILL_GOOD, type Case, type Step } from './perform.ts'
import { binary, fragments, frame, OP, ping } from './wire.ts'

const KIB = 1024
const SIZES = [64 * KIB, 256 * KIB, 512 * KIB, FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX]
/** Ours: parts of one message. */
const FRAGMENTS_COUNT_MAX = 1_024

export const COMPRESSION_OFFERS: readonly string[] = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; client_max_window_bits=15',
  'permessage-deflate; server_max_window_bits=15',
  'permessage-deflate; client_max_window_bits=9; server_max_window_bits=9',
  'permessage-deflate; server_max_window_bits=8',
  'permessage-deflate; client_no_context_takeover',
  'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  'permessage-deflate; client_max_window_bits="10"',
  'permessage-deflate; server_no_context_takeover, permessage-deflate; client_no_context_takeover, permessage-deflate',
  'permessage-deflate; server_max_window_bits=99',
  'permessage-deflate; unknown=1',
  'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
  'PERMESSAGE-DEFLATE',
  'permessage-bzip2',
  'permessage-compress; method=deflate',
  'perframe-deflate',
  'deflate-frame',
  'x-webkit-deflate-frame',
  'permessage-snappy, x-webkit-deflate-frame; max_window_bits=8; no_context_takeover',
  'permessage-deflate;',
  ';=,',
]

export function limitCases(endpoint: Endpoint): Case[] {
  const step = (bytes: Buffer, chopBytes?: number): Step => (chopBytes === undefined ? { bytes } : { bytes, chopBytes })
  const alive = (id: string, title: string, steps: Step[], ...events: string[]): Case => ({ id, title, steps: [...steps, ...goodbye(endpoint)], ok: [[...events, ...STILL_GOOD]], isLarge: true })
  const cases: Case[] = []
  for (const bytes of SIZES) {
    const asked = endpoint.ask(bytes)
    cases.push(alive(`9.1.${bytes}`, `${bytes} bytes in one frame`, [step(binary(asked))], 'answer'))
    cases.push(alive(`9.2.${bytes}`, `${bytes} bytes in pieces of 1,400`, [step(binary(asked), 1_400)], 'answer'))
    for (const partBytes of [KIB, 4 * KIB, 64 * KIB, 128 * KIB]) if (partBytes < bytes) cases.push(alive(`9.3.${bytes}.${partBytes}`, `${bytes} bytes in parts of ${partBytes}`, [step(Buffer.concat(fragments(OP.binary, asked, partBytes)))], 'answer'))
    cases.push({ id: `9.4.${bytes}`, title: `text of ${bytes} bytes`, steps: [step(frame({ opcode: OP.text, payload: Buffer.alloc(bytes, 0x2a) }))], ok: [['close:1002'], ['close:1003']], isLarge: true })
  }
  const tooBig = (id: string, title: string, ...steps: Step[]): void => void cases.push({ id, title, steps, ok: [['close:1009']], isLarge: true })
  for (const bytes of [FRAME_BYTES_MAX + 1, 2 * FRAME_BYTES_MAX]) {
    tooBig(`9.5.${bytes}`, `${bytes} bytes in one frame`, step(binary(Buffer.alloc(bytes))))
    tooBig(`9.6.${bytes}`, `${bytes} bytes in parts`, step(Buffer.concat(fragments(OP.binary, Buffer.alloc(bytes), 64 * KIB))))
  }
  for (const announced of [BigInt(FRAME_BYTES_MAX + 1), 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 62n]) tooBig(`9.7.${announced}`, `${announced} bytes announced, none sent`, step(frame({ opcode: OP.binary, announced })))
  for (const count of [FRAGMENTS_COUNT_MAX, FRAGMENTS_COUNT_MAX + 1]) {
    const frames = fragments(OP.binary, endpoint.ask(count * 2), 2).map((bytes) => step(bytes))
    if (count <= FRAGMENTS_COUNT_MAX) cases.push(alive(`9.8.${count}`, `${count} parts`, frames, 'answer'))
    else cases.push({ id: `9.8.${count}`, title: `${count} parts, one more than we take`, steps: frames, ok: [['close:1008'], ['close:1009']], isLarge: true })
  }
  const many = 500
  for (const bytes of [16, 64, 256, KIB, 4 * KIB, 16 * KIB]) {
    cases.push(alive(`9.9.${bytes}`, `${many} questions of ${bytes} bytes`, Array.from({ length: many }, () => step(binary(endpoint.ask(bytes)))), ...Array.from({ length: many }, () => 'answer')))
  }
const pings = (times: number): Step[] => [step(Buffer.concat(Array.from({ length: times }, () => ping(Buffer.from('p')))))]
  const pongs = (times: number): string[] => Array.from({ length: times }, () => 'pong:70')
  cases.push(alive('9.10.1', 'fifty pings in one write', pings(50), ...pongs(50)))
  // A flood: who asks this much at once without reading an answer may be cut off. The standard would rather have the last one answered.
  cases.push({ ...alive('9.10.2', `${many} pings in one write`, pings(many), ...pongs(many)), isLenient: (events) => events.every((event) => event === 'pong:70') })

  // What is negotiated is looked at in every case: nothing may be.
  for (const [i, offer] of COMPRESSION_OFFERS.entries()) {
    const headers = { 'Sec-WebSocket-Extensions': offer }
    const question = binary(endpoint.ask(endpoint.askBytesMin))
    // A header that cannot be read may also be refused as such.
    cases.push({ id: `12.1.${i + 1}`, title: `offered: ${offer}`, headers, steps: [step(question), ...goodbye(endpoint)], ok: [['answer', ...STILL_GOOD]], ...(/[;,]$/.test(offer) ? { lenient: [['status:400']] } : {}) })
    const compressed = frame({ opcode: OP.binary, rsv: 4, payload: Buffer.from([0x4a, 0x04, 0x00]) })
    cases.push({ id: `13.1.${i + 1}`, title: `offered, not taken, and compressed all the same: ${offer}`, headers, steps: [step(question), step(compressed)], ok: [['answer', 'close:1002']], ...(/[;,]$/.test(offer) ? { lenient: [['status:400']] } : {}) })
  }
  return cases
}

/** Section 0: the opening handshake, and what is not one. Out: the status that is asked. */
export const HANDSHAKES: readonly { id: string; title: string; headers?: Record<string, string>; method?: string; httpVersion?: string; path?: string; ok: readonly number[] }[] = [
  { id: '0.1', title: 'as it should be', ok: [101] },
  { id: '0.2', title: 'another key', headers: { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' }, ok: [101] },
  { id: '0.3', title: 'names and values in capitals', headers: { Upgrade: 'WEBSOCKET', Connection: 'UPGRADE' }, ok: [101] },
  { id: '0.4', title: 'Connection with more than Upgrade', headers: { Connection: 'keep-alive, Upgrade' }, ok: [101] },
  { id: '0.5', title: 'without a key', headers: { 'Sec-WebSocket-Key': '' }, ok: [400] },
  { id: '0.6', title: 'a key that is too short', headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, ok: [400] },
  { id: '0.7', title: 'a key that is no base64', headers: { 'Sec-WebSocket-Key': '************************' }, ok: [400] },
  { id: '0.8', title: 'without a version', headers: { 'Sec-WebSocket-Version': '' }, ok: [400, 426] },
  { id: '0.9', title: 'version 12', headers: { 'Sec-WebSocket-Version': '12' }, ok: [400, 426] },
  { id: '0.10', title: 'version 99', headers: { 'Sec-WebSocket-Version': '99' }, ok: [400, 426] },
  { id: '0.11', title: 'another protocol', headers: { Upgrade: 'h2c' }, ok: [400, 404, 426] },
  { id: '0.12', title: 'POST', method: 'POST', ok: [400, 405] },
  { id: '0.13', title: 'from another page', headers: { Origin: 'https://elders.test' }, ok: [403] },
  { id: '0.14', title: 'subprotocols, of which one may be named', headers: { 'Sec-WebSocket-Protocol': 'chat, superchat' }, ok: [101] },
  { id: '0.15', title: 'a subprotocol that is malformed', headers: { 'Sec-WebSocket-Protocol': 'chat,,' }, ok: [101, 400] },
  { id: '0.16', title: 'somewhere else', path: '/nowhere', ok: [404] },
]
