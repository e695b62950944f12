/**
 * What the relay must know of a payload of Automerge changes before it may enter the log: actor, seq, hash and dependencies of every
 * change, and how many operations it has. What the operations say stays unread; the hash and checksum prove that the bytes are the ones the
 * writer made. Columns hold runs, so 60 bytes can stand for a billion operations, over which every reader would hang: they are counted first.
 *
 * Format: https://automerge.org/automerge-binary-format-spec/: chunk = magic, checksum (4 bytes), type, length, contents; hash = SHA-256 over
 * type ‖ length ‖ contents of the uncompressed change, checksum = its first four bytes. Tests compare with `Automerge.decodeChange`.
 */
import { bytesEqual, toHex, utf8 } from '../base/bytes.ts'
import { FACTS_CHANGES_COUNT_MAX, FACTS_INFLATED_BYTES_MAX, FACTS_OPERATIONS_COUNT_MAX } from '../model/limits.ts'

export interface ChangeHeader {
  /** Hex. */
  actor: string
  /** Dense per actor from 1. */
  seq: number
  /** Hex, 32 bytes. */
  hash: string
  deps: string[]
  /** Number of the last operation; those of what it builds on are lower. */
  lastOp: number
}

export interface HeaderTools {
  sha256(bytes: Uint8Array): Uint8Array
  /** Raw DEFLATE; null when the input is broken or the output would be longer than `bytesMax`. */
  inflateRaw(bytes: Uint8Array, bytesMax: number): Uint8Array | null
}

const MAGIC = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83)
const CHANGE = 1
const COMPRESSED_CHANGE = 2
const HASH_BYTES = 32
/** Actors are 16 random bytes in this product; Automerge allows any length. */
const ACTOR_BYTES_MAX = 64

class Malformed extends Error {}

interface Reader {
  readonly bytes: Uint8Array
  pos: number
}

/** Seven bits a byte, lowest first, until a byte without the high bit. Out: the value, what the next byte would have counted for, and the last byte. */
function leb(from: Reader): { value: number; scale: number; last: number } {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = from.bytes[from.pos++]
    if (byte === undefined) throw new Malformed()
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return { value, scale, last: byte }
    if (scale > 2 ** 49) throw new Malformed()
  }
}

function uleb(from: Reader): number {
  const { value } = leb(from)
  if (value > Number.MAX_SAFE_INTEGER) throw new Malformed()
  return value
}

function sleb(from: Reader): number {
  const { value, scale, last } = leb(from)
  const signed = (last & 0x40) === 0 ? value : value - scale
  if (!Number.isSafeInteger(signed)) throw new Malformed()
  return signed
}

function take(from: Reader, size: number): Uint8Array {
  if (size > from.bytes.length - from.pos) throw new Malformed()
  const part = from.bytes.subarray(from.pos, from.pos + size)
  from.pos += size
  return part
}

function writeUleb(value: number): number[] {
  const bytes: number[] = []
  for (;;) {
    const low = value % 128
    value = Math.floor(value / 128)
    if (value === 0) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

// The low bits of a column's number say how it is written.
const COLUMN_TYPE = 7
const DELTA = 3
const BOOLEAN = 4
const STRING = 5
const RAW = 7
const DEFLATED = 8

const PROTOTYPE = utf8('__proto__')

/** Values in a column, nulls included. Limits: `countMax`, and work linear in the bytes. */
function countValues(from: Reader, type: number, countMax: number): number {
  if (type === RAW) return 0
  let count = 0
  const add = (more: number): void => {
    count += more
    if (count > countMax) throw new Malformed()
  }
  const value = (): void => {
    // In an object of JavaScript this key is its prototype: whoever changes the document after it fails.
    if (type === STRING) {
      if (bytesEqual(take(from, uleb(from)), PROTOTYPE)) throw new Malformed()
    } else if (type === DELTA) sleb(from)
    else uleb(from)
  }
  while (from.pos < from.bytes.length) {
    if (type === BOOLEAN) {
      add(uleb(from))
      continue
    }
    const run = sleb(from)
    if (run === 0) add(uleb(from))
    else if (run > 0) {
      add(run)
      value()
    } else {
      add(-run)
      for (let left = -run; left > 0; left--) value()
    }
  }
  return count
}

const GROUP = 0

/** How many operations and replaced answers the columns stand for. */
function countOperations(from: Reader, countMax: number): number {
  sleb(from) // time
  take(from, uleb(from)) // message
  const others = uleb(from)
  if (others > countMax) throw new Malformed()
  for (let left = others; left > 0; left--) take(from, uleb(from))
  const columns: { type: number; size: number }[] = []
  let last = -1
  for (let left = uleb(from); left > 0; left--) {
    const spec = uleb(from)
    if ((spec & DEFLATED) !== 0) throw new Malformed() // only whole documents have these
    if (spec <= last) throw new Malformed()
    last = spec
    columns.push({ type: spec & COLUMN_TYPE, size: uleb(from) })
  }
  let most = 0
  for (const { type, size } of columns) {
    const column: Reader = { bytes: take(from, size), pos: 0 }
    most = Math.max(most, type === GROUP ? sumOf(column, countMax) : 0, countValues({ ...column, pos: 0 }, type, countMax))
  }
  // Automerge reads bytes behind the columns as numbers, one by one, and writes none.
  if (from.pos !== from.bytes.length) throw new Malformed()
  return most
}

/** A column that says how many values another one has for each operation: their sum. */
function sumOf(from: Reader, countMax: number): number {
  let sum = 0
  while (from.pos < from.bytes.length) {
    const run = sleb(from)
    if (run === 0) uleb(from)
    else if (run > 0) sum += run * uleb(from)
    else for (let left = -run; left > 0; left--) sum += uleb(from)
    if (sum > countMax) throw new Malformed()
  }
  return sum
}

function readChange(contents: Uint8Array, operationsMax: number): Omit<ChangeHeader, 'hash'> & { operations: number } {
  const from: Reader = { bytes: contents, pos: 0 }
  const depsCount = uleb(from)
  if (depsCount > (contents.length - from.pos) / HASH_BYTES) throw new Malformed()
  const deps: string[] = []
  for (let i = 0; i < depsCount; i++) deps.push(toHex(take(from, HASH_BYTES)))
  const actorSize = uleb(from)
  if (actorSize < 1 || actorSize > ACTOR_BYTES_MAX) throw new Malformed()
  const actor = toHex(take(from, actorSize))
  const seq = uleb(from)
  const startOp = uleb(from)
  if (seq < 1 || startOp < 1) throw new Malformed()
  const operations = countOperations(from, operationsMax)
  return { actor, seq, deps, lastOp: startOp - 1 + operations, operations }
}

function readChunk(from: Reader, tools: HeaderTools, inflatedBytesMax: number, operationsMax: number): { change: ChangeHeader; inflatedBytes: number; operations: number } {
  if (!bytesEqual(take(from, MAGIC.length), MAGIC)) throw new Malformed()
  const checksum = take(from, 4)
  const typeAt = from.pos
  const type = take(from, 1)[0]
  const contents = take(from, uleb(from))
  let hashed: Uint8Array
  let plain = contents
  let inflatedBytes = 0
  if (type === CHANGE) {
    hashed = from.bytes.subarray(typeAt, from.pos)
  } else if (type === COMPRESSED_CHANGE) {
    const inflated = tools.inflateRaw(contents, inflatedBytesMax)
    if (inflated === null) throw new Malformed()
    plain = inflated
    inflatedBytes = inflated.length
    const head = [CHANGE, ...writeUleb(inflated.length)]
    hashed = new Uint8Array(head.length + inflated.length)
    hashed.set(head)
    hashed.set(inflated, head.length)
  } else {
    throw new Malformed() // a whole document, or something newer: not a change
  }
  const hash = tools.sha256(hashed)
  if (!bytesEqual(hash.subarray(0, 4), checksum)) throw new Malformed()
  const { operations, ...header } = readChange(plain, operationsMax)
  return { change: { ...header, hash: toHex(hash) }, inflatedBytes, operations }
}

/**
 * Reads the headers of one or more concatenated change chunks, in order.
 *
 * In:     any bytes; SHA-256 and inflate of the platform.
 * Out:    at least one header, or null when this is not a run of intact changes. Never throws on hostile bytes.
 * Limits: FACTS_CHANGES_COUNT_MAX changes, FACTS_INFLATED_BYTES_MAX bytes after inflating, FACTS_OPERATIONS_COUNT_MAX operations, together.
 */
export function readChangeHeaders(payload: Uint8Array, tools: HeaderTools): ChangeHeader[] | null {
  const from: Reader = { bytes: payload, pos: 0 }
  const changes: ChangeHeader[] = []
  let inflatedLeft = FACTS_INFLATED_BYTES_MAX
  let operationsLeft = FACTS_OPERATIONS_COUNT_MAX
  try {
    while (from.pos < payload.length) {
      if (changes.length === FACTS_CHANGES_COUNT_MAX) return null
      const { change, inflatedBytes, operations } = readChunk(from, tools, inflatedLeft, operationsLeft)
      inflatedLeft -= inflatedBytes
      operationsLeft -= operations
      changes.push(change)
    }
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
  return changes.length > 0 ? changes : null
}
