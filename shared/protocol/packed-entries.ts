/**
 * Entries of one message in few bytes and with little work: an id that was said in this message is said again by its number, who wrote (author,
 * writer, part, format, schema) likewise, times and places as differences. 1,000 single edits of 1,000 items take 80 bytes each, of which 48 are
 * ids that nobody can foresee; entry by entry they took 131.
 *
 * Two streams: `ids`, in order of first mention, which nothing makes smaller; and all other fields with the payloads, squeezed where small entries
 * repeat each other. An entry says `seq − seq before − 1 ‖ seq − prevItemSeq (0: none) ‖ hand ‖ item ‖ serverTime ‖ clientTime ‖ payload`;
 * its id stands in `ids`. A number of a hand or of an id counts from 1, 0 is the next new one; a new hand is `author ‖ writer ‖ part ‖ format ‖ schema`; a
 * time is 0 and the time itself, or 1 + the folded difference from the serverTime before it. Before the first, seq is −1 and the time 0.
 */
import type * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { putHex, toHex } from '../base/bytes.ts'
import { ID_BYTES, type Id } from '../base/ids.ts'
import { FORMATS, PARTS, type Format, type Part } from '../model/entries.ts'
import { ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../model/limits.ts'
import { bytes, uint, WireError, type Field } from './schema.ts'
import { squeeze, unsqueeze } from './squeeze.ts'

export interface WireEntry {
  seq: number
  prevItemSeq: number
  entry: Id
  item: Id
  part: Part
  format: Format
  schema: number
  author: Id
  writer: Id
  serverTime: number
  clientTime: number
  payload: Uint8Array
}
type Hand = Pick<WireEntry, 'author' | 'writer' | 'part' | 'format' | 'schema'>

const ENTRY_PAYLOAD_BYTES_MAX = PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX
/** What an entry says besides its payload and its ids. */
const ENTRY_FIELDS_BYTES_MAX = 96
const IDS_BYTES_MAX = 4 * ID_BYTES * ENTRIES_BATCH_COUNT_MAX
const REST_BYTES_MAX = ENTRY_PAYLOAD_BYTES_MAX + ENTRIES_BATCH_BYTES_MAX + ENTRY_FIELDS_BYTES_MAX * ENTRIES_BATCH_COUNT_MAX
/** Fewer bytes repeat too little, and long payloads cost more to search than to send. */
const SQUEEZED_BYTES_MIN = 2_048
const SQUEEZED_ENTRY_BYTES_MAX = 512
export const SQUEEZED_BYTES_MAX = SQUEEZED_ENTRY_BYTES_MAX * ENTRIES_BATCH_COUNT_MAX

/** Times closer than this are told by their difference; anything else is somebody's clock gone wrong. */
const TIME_DISTANCE_MAX = 2 ** 50

const idsField = bytes(IDS_BYTES_MAX)
const restField = bytes(REST_BYTES_MAX)

/** What most messages need; kept between them. A larger one gets room of its own. */
const SCRATCH_BYTES = 64 * 1024

/** Numbers, ids and payloads one after the other, in a buffer that the next message writes over. */
class Writer {
  readonly #scratch = new Uint8Array(SCRATCH_BYTES)
  #bytes = this.#scratch
  #at = 0
  /** In: the most that will be written. */
  begin(bytesMax: number): void {
    this.#bytes = bytesMax <= SCRATCH_BYTES ? this.#scratch : new Uint8Array(bytesMax)
    this.#at = 0
  }
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`Bug: ${value} is not an unsigned integer`)
    for (; value > 127; value = Math.floor(value / 128)) this.#bytes[this.#at++] = (value & 127) | 128
    this.#bytes[this.#at++] = value
  }
  time(value: number, before: number): void {
    const difference = value - before
    if (Math.abs(difference) > TIME_DISTANCE_MAX) {
      this.uint(0)
      this.uint(value)
    } else this.uint(1 + (difference < 0 ? -2 * difference - 1 : 2 * difference))
  }
  raw(given: Uint8Array): void {
    this.#bytes.set(given, this.#at)
    this.#at += given.length
  }
  id(value: Id): void {
    if (value.length !== 2 * ID_BYTES) throw new Error('Bug: not an id')
    putHex(value, this.#bytes, this.#at)
    this.#at += ID_BYTES
  }
  /** A view that holds until the next `begin`. */
  done(): Uint8Array<ArrayBuffer> {
    const written = this.#bytes.subarray(0, this.#at)
    this.#bytes = this.#scratch
    return written
  }
}
const ids = new Writer()
const rest = new Writer()

function write(to: encoding.Encoder, entries: readonly WireEntry[]): void {
  if (entries.length > ENTRIES_BATCH_COUNT_MAX) throw new Error(`Bug: ${entries.length} entries, at most ${ENTRIES_BATCH_COUNT_MAX}`)
  const payloadBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0)
  ids.begin(4 * ID_BYTES * entries.length)
  rest.begin(payloadBytes + ENTRY_FIELDS_BYTES_MAX * entries.length)
  const numbers = new Map<Id, number>()
  const hands = new Map<string, number>()
  const known = (id: Id): void => {
    const number = numbers.get(id)
    rest.uint(number ?? 0)
    if (number !== undefined) return
    numbers.set(id, numbers.size + 1)
    ids.id(id)
  }
  let seqBefore = -1
  let timeBefore = 0
  for (const { seq, prevItemSeq, entry, item, part, format, schema, author, writer, serverTime, clientTime, payload } of entries) {
    if (seq <= seqBefore || (prevItemSeq > 0 && prevItemSeq >= seq)) throw new Error(`Bug: entry ${seq} after ${seqBefore}, of an item last at ${prevItemSeq}`)
    if (payload.length > ENTRY_PAYLOAD_BYTES_MAX) throw new Error(`Bug: ${payload.length} bytes, at most ${ENTRY_PAYLOAD_BYTES_MAX}`)
    ids.id(entry)
    rest.uint(seq - seqBefore - 1)
    rest.uint(prevItemSeq === 0 ? 0 : seq - prevItemSeq)
    const key = `${writer}${author}${part}${format}${schema}`
    const hand = hands.get(key)
    rest.uint(hand ?? 0)
    if (hand === undefined) {
      hands.set(key, hands.size + 1)
      known(author)
      known(writer)
      rest.uint(PARTS.indexOf(part))
      rest.uint(FORMATS.indexOf(format))
      rest.uint(schema)
    }
    known(item)
    rest.time(serverTime, timeBefore)
    rest.time(clientTime, serverTime)
    rest.uint(payload.length)
    rest.raw(payload)
    seqBefore = seq
    timeBefore = serverTime
  }
  const plain = rest.done()
  const squeezed = plain.length >= SQUEEZED_BYTES_MIN && plain.length <= SQUEEZED_ENTRY_BYTES_MAX * entries.length ? squeeze(plain) : null
  uint.write(to, entries.length)
  idsField.write(to, ids.done())
  uint.write(to, squeezed ? plain.length : 0)
  restField.write(to, squeezed ?? plain)
}

/** Where reading is in one of the two streams. */
class Reader {
  readonly bytes: Uint8Array
  at = 0
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
  uint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new WireError('truncated integer')
      value += (byte & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new WireError('integer out of range')
      if (byte < 128) return value
    }
    throw new WireError('integer too long')
  }
  time(before: number): number {
    const said = this.uint()
    if (said === 0) return this.uint()
    const folded = said - 1
    const value = before + (folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2)
    if (!Number.isSafeInteger(value) || value < 0) throw new WireError('time out of range')
    return value
  }
  /** A copy: what is kept must not keep the whole frame. */
  raw(size: number): Uint8Array {
    if (size > this.bytes.length - this.at) throw new WireError('truncated bytes')
    this.at += size
    return this.bytes.slice(this.at - size, this.at)
  }
  id(): Id {
    if (this.bytes.length - this.at < ID_BYTES) throw new WireError('truncated id')
    this.at += ID_BYTES
    return toHex(this.bytes.subarray(this.at - ID_BYTES, this.at))
  }
  isAtEnd(): boolean {
    return this.at === this.bytes.length
  }
}

const oneOf = <T>(values: readonly T[], index: number): T => {
  const value = values[index]
  if (value === undefined) throw new WireError('unknown value')
  return value
}

function read(from: decoding.Decoder): WireEntry[] {
  const count = uint.read(from)
  if (count > ENTRIES_BATCH_COUNT_MAX) throw new WireError('list too long')
  const itsIds = new Reader(idsField.read(from))
  const plainBytes = uint.read(from)
  if (plainBytes > SQUEEZED_BYTES_MAX) throw new WireError('too much is squeezed')
  const raw = restField.read(from)
  const itsRest = new Reader(plainBytes > 0 ? unsqueeze(raw, plainBytes) : raw)
  const numbered: Id[] = []
  const hands: Hand[] = []
  const known = (): Id => {
    const number = itsRest.uint()
    if (number > 0) return oneOf(numbered, number - 1)
    const id = itsIds.id()
    numbered.push(id)
    return id
  }
  const newHand = (): Hand => {
    const hand = { author: known(), writer: known(), part: oneOf(PARTS, itsRest.uint()), format: oneOf(FORMATS, itsRest.uint()), schema: itsRest.uint() }
    hands.push(hand)
    return hand
  }
  const entries: WireEntry[] = []
  let seqBefore = -1
  let timeBefore = 0
  for (let i = 0; i < count; i++) {
    const entry = itsIds.id()
    const seq = seqBefore + 1 + itsRest.uint()
    if (seq > Number.MAX_SAFE_INTEGER) throw new WireError('integer out of range')
    const back = itsRest.uint()
    if (back > 0 && back >= seq) throw new WireError('an entry before the first')
    const number = itsRest.uint()
    const { author, writer, part, format, schema } = number === 0 ? newHand() : oneOf(hands, number - 1)
    const item = known()
    const serverTime = itsRest.time(timeBefore)
    const clientTime = itsRest.time(serverTime)
    const size = itsRest.uint()
    if (size > ENTRY_PAYLOAD_BYTES_MAX) throw new WireError('bytes too long')
    const payload = itsRest.raw(size)
    entries.push({ seq, prevItemSeq: back === 0 ? 0 : seq - back, entry, item, part, format, schema, author, writer, serverTime, clientTime, payload })
    seqBefore = seq
    timeBefore = serverTime
  }
  if (!itsIds.isAtEnd() || !itsRest.isAtEnd()) throw new WireError('more than was counted')
  return entries
}

/** In: seq rising, prevItemSeq 0 or below it. Errors: WireError while reading. Limits: as a list of entries. */
export const packedEntries: Field<WireEntry[]> = {
  shape: `packed(${ENTRIES_BATCH_COUNT_MAX},ids:bytes(${IDS_BYTES_MAX}),plainBytes:uint(${SQUEEZED_BYTES_MAX}),rest:bytes(${REST_BYTES_MAX}))`,
  write,
  read,
}
