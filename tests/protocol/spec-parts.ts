/**
 * The parts of SPEC.md and the vectors that follow from the code: message table, codes, limits, state tables. `write-spec.ts` puts them in
 * place, spec.test.ts compares. Rules, vocabulary and history are written by people.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toHex, utf8 } from '../../shared/base/bytes.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { CLOSE, PARK_CODES, RETRY_CODES } from '../../shared/model/errors.ts'
import * as limits from '../../shared/model/limits.ts'
import { encodeDown, encodeRun, encodeUp } from '../../shared/protocol/codec.ts'
import { DOWN_MESSAGES, PACKED_MESSAGES, UP_MESSAGES, type DownMessage, type UpMessage } from '../../shared/protocol/messages/index.ts'
import type { MessageSpec } from '../../shared/protocol/schema.ts'
import { SESSION_TABLE, type SessionStep } from '../../server/relay/session.ts'
import { SUBSCRIPTION_TABLE, type SubscriptionStep } from '../../server/relay/subscription.ts'
import { DOWN_SAMPLES, UP_SAMPLES } from './samples.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(`../../shared/protocol/${name}`, import.meta.url))
export const SPEC_FILE = fileOf('SPEC.md')
export const VECTORS_FILE = fileOf('vectors.json')

const ALL: readonly MessageSpec[] = [...UP_MESSAGES, ...DOWN_MESSAGES, ...Object.values(PACKED_MESSAGES)].sort((a, b) => a.code - b.code)

/** Of everything that is on the wire: one changed field, limit or value of a list is another fingerprint. */
export const fingerprint = (): string =>
  toHex(sha256(utf8(ALL.map(({ code, name, direction, body }) => `${code} ${name} ${direction} ${body.shape}\n`).join('')))).slice(0, 16)

const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`
const table = (head: string[], rows: string[]): string => [row(...head), row(...head.map(() => '---')), ...rows].join('\n')
const code = (text: string): string => `\`${text.replaceAll('|', '¦')}\``

function messages(): string {
  return table(
    ['code', 'message', 'direction', 'fields, in order'],
    ALL.map(({ code: number, name, direction, body }) => row(number, name.toUpperCase(), direction, code(body.shape.slice(1, -1)))),
  )
}

function codes(): string {
  const closes = Object.values(CLOSE).map(({ code: number, permanent, reason }) => row(number, reason, permanent ? 'permanent: do not reconnect by yourself' : 'come back later'))
  return [
    `Refusals, try again by yourself: ${RETRY_CODES.map(code).join(' ')}. Refusals, park and ask a person: ${PARK_CODES.map(code).join(' ')}.`,
    '',
    table(['close code', 'reason', 'meaning'], closes),
  ].join('\n')
}

/** Limits that the other side can run into. */
const WIRE_LIMITS = [
  'FRAME_BYTES_MAX', 'FRAME_BYTES_MAX_BEFORE_LOGIN', 'PAYLOAD_BYTES_MAX', 'FRAGMENTS_COUNT_MAX', 'HELLO_MS_MAX', 'SOCKET_BUFFER_BYTES_MAX',
  'CATCH_UP_CREDIT_BYTES_MAX', 'ENTRIES_BATCH_BYTES_MAX', 'ENTRIES_BATCH_COUNT_MAX', 'SUBSCRIPTIONS_COUNT_MAX', 'PUSHES_IN_FLIGHT_COUNT_MAX',
  'PUSHES_IN_FLIGHT_BYTES_MAX', 'PUSHES_PER_SECOND_MAX', 'MESSAGES_PER_SECOND_MAX', 'PRESENCE_BYTES_MAX', 'PRESENCE_COALESCE_MS', 'PRESENCE_ITEMS_COUNT_MAX',
  'FETCHES_COUNT_MAX', 'COMMIT_BATCH_MS_MAX', 'COMMIT_BATCH_COUNT_MAX', 'ACT_BYTES_MAX', 'FACTS_CHANGES_COUNT_MAX', 'FACTS_BYTES_MAX', 'FACTS_OPERATIONS_COUNT_MAX', 'ANSWERS_PER_ENTRY_COUNT_MAX',
  'PROSE_CLIENTS_COUNT_MAX', 'PROSE_DELETED_CLIENTS_COUNT_MAX', 'LEAP_ENTRIES_COUNT_MIN', 'SNAPSHOT_BYTES_MAX',
] as const satisfies (keyof typeof limits)[]

const limitTable = (): string => table(['limit', 'value'], WIRE_LIMITS.map((name) => row(code(name), limits[name])))

function states(): string {
  const sessionStep = (step: SessionStep): string => ('do' in step ? step.do : 'close' in step ? `close ${CLOSE[step.close].code}` : `– (${step.ignore})`)
  const subscriptionStep = (step: SubscriptionStep): string => (typeof step === 'string' ? (step === 'bug' ? 'cannot happen' : `→ ${step}`) : `– (${step.stay})`)
  const grid = <S extends string, E extends string, T>(of: Record<S, Record<E, T>>, show: (step: T) => string): string => {
    const names = Object.keys(of) as S[]
    const events = Object.keys(of[names[0]!]) as E[]
    return table(['', ...names], events.map((event) => row(event, ...names.map((name) => show(of[name][event])))))
  }
  return ['A connection, at the relay:', '', grid(SESSION_TABLE, sessionStep), '', 'A subscription, at the relay:', '', grid(SUBSCRIPTION_TABLE, subscriptionStep)].join('\n')
}

const PARTS: Record<string, () => string> = { messages, codes, limits: limitTable, states }

/** SPEC.md with its computed parts as they must be now. */
export function specWithParts(spec: string): string {
  for (const [name, make] of Object.entries(PARTS)) {
    const [from, to] = [`<!-- computed: ${name} -->\n`, `\n<!-- end: ${name} -->`]
    const [start, end] = [spec.indexOf(from), spec.indexOf(to)]
    if (start < 0 || end < start) throw new Error(`SPEC.md has no part ${name}`)
    spec = spec.slice(0, start + from.length) + make() + spec.slice(end)
  }
  return spec
}

export interface Vector {
  name: string
  /** `packed`: down, to a laptop of version 4. */
  direction: 'up' | 'down' | 'packed'
  /** A frame of one message. */
  hex: string
  /** Fields by name; bytes as `{ "hex": … }`. */
  message: Record<string, unknown>
}

export const asJson = (value: unknown): unknown =>
  value instanceof Uint8Array ? { hex: toHex(value) }
  : Array.isArray(value) ? value.map(asJson)
  : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asJson(field)]))
  : value

export const vectors = (): Vector[] => [
  ...Object.values(UP_SAMPLES).map((message: UpMessage): Vector => ({ name: message.type, direction: 'up', hex: toHex(encodeUp(message)), message: asJson(message) as Vector['message'] })),
  ...Object.values(DOWN_SAMPLES).map((message: DownMessage): Vector => ({ name: message.type, direction: 'down', hex: toHex(encodeDown(message)), message: asJson(message) as Vector['message'] })),
  ...[DOWN_SAMPLES.entries, DOWN_SAMPLES.sifted].map((message): Vector => ({ name: PACKED_MESSAGES[message.type].name, direction: 'packed', hex: toHex(encodeRun(message, true)), message: asJson(message) as Vector['message'] })),
]

export function writeSpec(): void {
  writeFileSync(SPEC_FILE, specWithParts(readFileSync(SPEC_FILE, 'utf8')))
  writeFileSync(VECTORS_FILE, `${JSON.stringify(vectors(), null, 1)}\n`)
}
