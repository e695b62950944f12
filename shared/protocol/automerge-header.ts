/**
 * What the relay must know of a payload of Automerge changes before it may enter the log: actor, seq, hash and dependencies of every
 * change, and how many operations it has. What the operations say stays unread; the hash and checksum prove that the bytes are the ones the
 * writer made. Columns hold runs, so 60 bytes can stand for a billion operations, over which every reader would hang: they are counted first.
 *
 * Facts are flat (decision 0002): a change may set and empty registers, and nothing else. What Automerge can do besides is dear to whoever reads it: 2,000
 * objects in one another, 4 kB, took 60 s to apply, 2,400 marks on a text 26 s.
 *
 * A change must be written the one way in which Automerge writes it (numbers in as few bytes as they need, runs as long as they can be, its own columns,
 * each other actor once). Automerge writes every change anew when it opens a saved document and compares the hashes: one that was written
 * differently can be applied, but the document around it can be saved and never opened again.
 *
 * Format: https://automerge.org/automerge-binary-format-spec/: chunk = magic, checksum (4 bytes), type, length, contents; hash = SHA-256 over
 * type ‖ length ‖ contents of the uncompressed change, checksum = its first four bytes. Tests compare with `Automerge.decodeChange`.
 */
import { bytesEqual, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { ANSWERS_PER_ENTRY_COUNT_MAX, FACTS_BYTES_MAX, FACTS_CHANGES_COUNT_MAX, FACTS_OPERATIONS_COUNT_MAX } from '../model/limits.ts'

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

/**
 * Seven bits a byte, lowest first, until a byte without the high bit. Out: the value, what the next byte would have counted for, the last byte and
 * the highest bit before it.
 */
function leb(from: Reader): { value: number; scale: number; last: number; before: number | null } {
  let value = 0
  let scale = 1
  let before: number | null = null
  for (;;) {
    const byte = from.bytes[from.pos++]
    if (byte === undefined) throw new Malformed()
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return { value, scale, last: byte, before }
    before = byte & 0x40
    if (scale > 2 ** 49) throw new Malformed()
  }
}

function uleb(from: Reader): number {
  const { value, last, before } = leb(from)
  if (value > Number.MAX_SAFE_INTEGER || (last === 0 && before !== null)) throw new Malformed()
  return value
}

function sleb(from: Reader): number {
  const { value, scale, last, before } = leb(from)
  if ((last === 0 && before === 0) || (last === 0x7f && before !== null && before !== 0)) throw new Malformed()
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
const KEY = 0x15
const ACTION = 0x42
/** Key, insert, action, value (size and type, bytes), replaced (how many, actor, counter). Those of what stands in an object, a list or a text are not here. */
const COLUMNS: ReadonlySet<number> = new Set([KEY, 0x34, ACTION, 0x56, 0x57, 0x70, 0x71, 0x73])
/** Setting a register and emptying it. */
const ACTIONS: ReadonlySet<number> = new Set([1, 3])

const PROTOTYPE = utf8('__proto__')

/** How often an entry answers each question. Errors: Malformed where that is more often than it may. */
type Answers = Map<string, number>
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new Malformed() // Automerge does not read it either
  }
}
function countAnswers(answers: Answers, key: Uint8Array, times: number): void {
  const name = textOf(key)
  const count = (answers.get(name) ?? 0) + times
  if (count > ANSWERS_PER_ENTRY_COUNT_MAX) throw new Malformed()
  answers.set(name, count)
}

/**
 * Values in a column, nulls included. In: `allowed` where not every number may be, `answers` for the column of keys. Errors: Malformed where they could be written in fewer runs. Limits:
 * `countMax`, and work linear in the bytes.
 */
function countValues(from: Reader, type: number, countMax: number, allowed?: ReadonlySet<number>, answers?: Answers): number {
  if (type === RAW) return 0
  let count = 0
  const add = (more: number): void => {
    count += more
    if (count > countMax) throw new Malformed()
  }
  if (type === BOOLEAN) {
    for (let isFirst = true; from.pos < from.bytes.length; isFirst = false) {
      const run = uleb(from)
      if (run === 0 && !isFirst) throw new Malformed()
      add(run)
    }
    return count
  }
  const value = (): number | Uint8Array => {
    if (type !== STRING) return type === DELTA ? sleb(from) : uleb(from)
    const text = take(from, uleb(from))
    // In an object of JavaScript this key is its prototype: whoever changes the document after it fails.
    if (bytesEqual(text, PROTOTYPE)) throw new Malformed()
    return text
  }
  let before: number | Uint8Array | null = null
  let kind: 'none' | 'nulls' | 'run' | 'each' = 'none'
  const next = (times: number): void => {
    const one = value()
    if (answers && one instanceof Uint8Array) countAnswers(answers, one, times)
    if (allowed && !(typeof one === 'number' && allowed.has(one))) throw new Malformed()
    if (before !== null && (one instanceof Uint8Array ? before instanceof Uint8Array && bytesEqual(one, before) : one === before)) throw new Malformed()
    before = one
  }
  while (from.pos < from.bytes.length) {
    const run = sleb(from)
    if (run === 0) {
      const nulls = uleb(from)
      if (nulls === 0 || kind === 'nulls') throw new Malformed()
      add(nulls)
      before = null
      kind = 'nulls'
    } else if (run > 0) {
      if (run === 1) throw new Malformed()
      add(run)
      next(run)
      kind = 'run'
    } else {
      if (kind === 'each') throw new Malformed()
      add(-run)
      for (let left = -run; left > 0; left--) next(1)
      kind = 'each'
    }
  }
  return count
}

const GROUP = 0

/** How many operations and replaced answers the columns stand for. */
function countOperations(from: Reader, actor: Uint8Array, countMax: number, answers: Answers): number {
  sleb(from) // time
  take(from, uleb(from)) // message
  const others = uleb(from)
  if (others > countMax) throw new Malformed()
  let other: Uint8Array | null = null
  for (let left = others; left > 0; left--) {
    const one = take(from, uleb(from))
    if (bytesEqual(one, actor) || (other !== null && !isBefore(other, one))) throw new Malformed()
    other = one
  }
  const columns: { spec: number; size: number }[] = []
  let last = -1
  for (let left = uleb(from); left > 0; left--) {
    const spec = uleb(from)
    if (!COLUMNS.has(spec) || spec <= last) throw new Malformed()
    last = spec
    columns.push({ spec, size: uleb(from) })
  }
  let most = 0
  for (const { spec, size } of columns) {
    const type = spec & COLUMN_TYPE
    const column: Reader = { bytes: take(from, size), pos: 0 }
    most = Math.max(most, type === GROUP ? sumOf(column, countMax) : 0, countValues({ ...column, pos: 0 }, type, countMax, spec === ACTION ? ACTIONS : undefined, spec === KEY ? answers : undefined))
  }
  // Automerge reads bytes behind the columns as numbers, one by one, and writes none.
  if (from.pos !== from.bytes.length) throw new Malformed()
  return most
}

/** Byte by byte, as Automerge sorts actors. */
function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return a.length < b.length
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

function readChange(contents: Uint8Array, operationsMax: number, answers: Answers): Omit<ChangeHeader, 'hash'> & { operations: number } {
  const from: Reader = { bytes: contents, pos: 0 }
  const depsCount = uleb(from)
  if (depsCount > (contents.length - from.pos) / HASH_BYTES) throw new Malformed()
  const deps: string[] = []
  for (let i = 0; i < depsCount; i++) deps.push(toHex(take(from, HASH_BYTES)))
  const actorSize = uleb(from)
  if (actorSize < 1 || actorSize > ACTOR_BYTES_MAX) throw new Malformed()
  const actor = take(from, actorSize)
  const seq = uleb(from)
  const startOp = uleb(from)
  if (seq < 1 || startOp < 1) throw new Malformed()
  const operations = countOperations(from, actor, operationsMax, answers)
  return { actor: toHex(actor), seq, deps, lastOp: startOp - 1 + operations, operations }
}

function readChunk(from: Reader, tools: HeaderTools, bytesMax: number, operationsMax: number, answers: Answers): { change: ChangeHeader; bytes: number; operations: number } {
  if (!bytesEqual(take(from, MAGIC.length), MAGIC)) throw new Malformed()
  const checksum = take(from, 4)
  const typeAt = from.pos
  const type = take(from, 1)[0]
  const contents = take(from, uleb(from))
  let hashed: Uint8Array
  let plain = contents
  if (type === CHANGE) {
    if (contents.length > bytesMax) throw new Malformed()
    hashed = from.bytes.subarray(typeAt, from.pos)
  } else if (type === COMPRESSED_CHANGE) {
    const inflated = tools.inflateRaw(contents, bytesMax)
    if (inflated === null) throw new Malformed()
    plain = inflated
    const head = [CHANGE, ...writeUleb(inflated.length)]
    hashed = new Uint8Array(head.length + inflated.length)
    hashed.set(head)
    hashed.set(inflated, head.length)
  } else {
    throw new Malformed() // a whole document, or something newer: not a change
  }
  const hash = tools.sha256(hashed)
  if (!bytesEqual(hash.subarray(0, 4), checksum)) throw new Malformed()
  const { operations, ...header } = readChange(plain, operationsMax, answers)
  return { change: { ...header, hash: toHex(hash) }, bytes: plain.length, operations }
}

/**
 * Reads the headers of one or more concatenated change chunks, in order.
 *
 * In:     any bytes; SHA-256 and inflate of the platform.
 * Out:    at least one header, or null when this is not a run of intact changes. Never throws on hostile bytes.
 * Limits: FACTS_CHANGES_COUNT_MAX changes, FACTS_BYTES_MAX bytes, inflated, FACTS_OPERATIONS_COUNT_MAX operations, ANSWERS_PER_ENTRY_COUNT_MAX of them to one
 *         question, together.
 */
export function readChangeHeaders(payload: Uint8Array, tools: HeaderTools): ChangeHeader[] | null {
  const from: Reader = { bytes: payload, pos: 0 }
  const changes: ChangeHeader[] = []
  let bytesLeft = FACTS_BYTES_MAX
  let operationsLeft = FACTS_OPERATIONS_COUNT_MAX
  const answers: Answers = new Map()
  try {
    while (from.pos < payload.length) {
      if (changes.length === FACTS_CHANGES_COUNT_MAX) return null
      const { change, bytes, operations } = readChunk(from, tools, bytesLeft, operationsLeft, answers)
      bytesLeft -= bytes
      operationsLeft -= operations
      changes.push(change)
    }
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
  return changes.length > 0 ? changes : null
}
