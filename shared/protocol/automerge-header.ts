/**
 * What the relay must know of a payload of Automerge changes before it may enter the log: actor, seq, hash and dependencies of every
 * change. Operations stay unread; the hash and checksum prove that the bytes are the ones the writer made.
 *
 * Format: https://automerge.org/automerge-binary-format-spec/: chunk = magic, checksum (4 bytes), type, length, contents; hash = SHA-256 over
 * type ‖ length ‖ contents of the uncompressed change, checksum = its first four bytes. Tests compare with `Automerge.decodeChange`.
 */
import { bytesEqual, toHex } from '../base/bytes.ts'
import { FACTS_CHANGES_COUNT_MAX, FACTS_INFLATED_BYTES_MAX } from '../model/limits.ts'

export interface ChangeHeader {
  /** Hex. */
  actor: string
  /** Dense per actor from 1. */
  seq: number
  /** Hex, 32 bytes. */
  hash: string
  deps: string[]
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

function uleb(from: Reader): number {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = from.bytes[from.pos++]
    if (byte === undefined) throw new Malformed()
    value += (byte & 0x7f) * scale
    if (value > Number.MAX_SAFE_INTEGER) throw new Malformed()
    if (byte < 0x80) return value
    scale *= 128
    if (scale > 2 ** 49) throw new Malformed()
  }
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

function readChange(contents: Uint8Array): Omit<ChangeHeader, 'hash'> {
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
  return { actor, seq, deps }
}

function readChunk(from: Reader, tools: HeaderTools, inflatedBytesMax: number): { change: ChangeHeader; inflatedBytes: number } {
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
  return { change: { ...readChange(plain), hash: toHex(hash) }, inflatedBytes }
}

/**
 * Reads the headers of one or more concatenated change chunks, in order.
 *
 * In:     any bytes; SHA-256 and inflate of the platform.
 * Out:    at least one header, or null when this is not a run of intact changes. Never throws on hostile bytes.
 * Limits: FACTS_CHANGES_COUNT_MAX changes, FACTS_INFLATED_BYTES_MAX bytes after inflating, together.
 */
export function readChangeHeaders(payload: Uint8Array, tools: HeaderTools): ChangeHeader[] | null {
  const from: Reader = { bytes: payload, pos: 0 }
  const changes: ChangeHeader[] = []
  let inflatedLeft = FACTS_INFLATED_BYTES_MAX
  try {
    while (from.pos < payload.length) {
      if (changes.length === FACTS_CHANGES_COUNT_MAX) return null
      const { change, inflatedBytes } = readChunk(from, tools, inflatedLeft)
      inflatedLeft -= inflatedBytes
      changes.push(change)
    }
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
  return changes.length > 0 ? changes : null
}
