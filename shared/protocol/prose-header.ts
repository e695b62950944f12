/**
 * What the relay must know of a Yjs V1 update before it may enter the log: which clientIDs it continues from where to where, and
 * what else it stands on. Walks the bytes once, builds no document, trusts no length; time and memory are linear in the payload.
 *
 * Invariant: an update that passes applies completely on every reader that holds what it needs, with nothing left pending. Yjs's own
 * `parseUpdateMeta` is not enough for that: it overlooks gaps inside an update (Skip structs, a second block of one clientID) and
 * constructs whatever the payload says, subdocuments included. Format: yjs 13.6 `structs/*.js` and `utils/updates.js`, read as the
 * decoder reads it; tests compare with `parseUpdateMeta` on real updates.
 */

import { PROSE_CLIENTS_COUNT_MAX, PROSE_DELETED_CLIENTS_COUNT_MAX } from '../model/limits.ts'

/** A struct at `at` of this clientID stands on `client` up to and including clock `clock`. */
export interface ProseNeed {
  at: number
  client: number
  clock: number
}

export interface ProseBlock {
  client: number
  from: number
  /** First clock after the block. */
  to: number
  /** What structs of this block need from other clientIDs, in order; each asks more of its client than the one before. */
  needs: ProseNeed[]
}

export interface ProseHeader {
  /** One per clientID. Empty for an update that only deletes. */
  blocks: ProseBlock[]
  /** Per clientID: first clock after everything this update deletes of it. */
  deletedUpTo: Map<number, number>
  /** Where in the bytes the deletions begin; they are the rest of it. */
  deletionsAt: number
}

export type ProseHeaderFailure = 'malformed' | 'subdocument' | 'skip'

/** Nesting of values inside a struct: an editor's attributes go two or three deep; more is meant to break readers. */
const DEPTH_MAX = 32

export class Malformed extends Error {
  readonly failure: ProseHeaderFailure
  constructor(failure: ProseHeaderFailure) {
    super(failure)
    this.failure = failure
  }
}

// As lib0 reads: a byte order mark counts as a character.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where a walk over the bytes of an update is; `erase-prose.ts` walks them too. */
export interface Reader {
  readonly bytes: Uint8Array
  pos: number
}

const bad = (failure: ProseHeaderFailure = 'malformed'): never => {
  throw new Malformed(failure)
}

export function uint8(from: Reader): number {
  const byte = from.bytes[from.pos++]
  return byte === undefined ? bad() : byte
}

export function varUint(from: Reader): number {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = uint8(from)
    value += (byte & 0x7f) * scale
    if (value > Number.MAX_SAFE_INTEGER) return bad()
    if (byte < 0x80) return value
    scale *= 128
    if (scale > 2 ** 49) return bad()
  }
}

/** Moves past so many bytes and returns where they began. */
function skip(from: Reader, size: number): number {
  const start = from.pos
  if (size > from.bytes.length - start) bad()
  from.pos = start + size
  return start
}

export function text(from: Reader): string {
  const size = varUint(from)
  const start = skip(from, size)
  try {
    return decoder.decode(from.bytes.subarray(start, start + size))
  } catch {
    return bad() // not UTF-8: a reader would throw here
  }
}

/** Moves past a text and returns its length in UTF-16 units, as Yjs counts. Short ASCII, which is nearly everything, is not decoded. */
export function textLength(from: Reader): number {
  const before = from.pos
  const size = varUint(from)
  const start = skip(from, size)
  if (size <= 256) {
    let at = start
    while (at < start + size && (from.bytes[at] as number) < 0x80) at++
    if (at === start + size) return size
  }
  from.pos = before
  return text(from).length
}

function depthOf(value: unknown, depth: number): void {
  if (depth > DEPTH_MAX) bad()
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    if (key === '__proto__') bad()
    depthOf((value as Record<string, unknown>)[key], depth + 1)
  }
}

function json(from: Reader): void {
  const written = text(from)
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch {
    bad() // a reader would throw here
  }
  depthOf(value, 0)
}

export function jsonOrUndefined(from: Reader): void {
  const before = from.pos
  if (text(from) === 'undefined') return
  from.pos = before
  json(from)
}

/** A value in lib0's `any` encoding. */
export function any(from: Reader, depth: number): void {
  if (depth > DEPTH_MAX) bad()
  switch (uint8(from)) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return
    case 125: {
      // Signed integer: six bits, then seven a byte.
      if ((uint8(from) & 0x80) === 0) return
      for (let i = 0; (uint8(from) & 0x80) !== 0; i++) if (i > 7) bad()
      return
    }
    case 124:
      return void skip(from, 4)
    case 123:
    case 122:
      return void skip(from, 8)
    case 119:
      return void text(from)
    case 118: {
      for (let left = varUint(from); left > 0; left--) {
        if (text(from) === '__proto__') bad()
        any(from, depth + 1)
      }
      return
    }
    case 117: {
      for (let left = varUint(from); left > 0; left--) any(from, depth + 1)
      return
    }
    case 116:
      return void skip(from, varUint(from))
    default:
      bad()
  }
}

/** Reads the content of an item and returns its length in clock ticks. */
export function content(from: Reader, ref: number): number {
  switch (ref) {
    case 1: // deleted
      return varUint(from)
    case 2: {
      const count = varUint(from)
      for (let i = 0; i < count; i++) jsonOrUndefined(from)
      return count
    }
    case 3: // binary
      skip(from, varUint(from))
      return 1
    case 4:
      return textLength(from)
    case 5: // embed
      json(from)
      return 1
    case 6: // format: key and value
      text(from)
      json(from)
      return 1
    case 7: {
      const type = varUint(from)
      if (type > 6) bad()
      // XmlElement and XmlHook carry their name.
      if (type === 3 || type === 5) text(from)
      return 1
    }
    case 8: {
      const count = varUint(from)
      for (let i = 0; i < count; i++) any(from, 0)
      return count
    }
    case 9:
      return bad('subdocument')
    default:
      return bad()
  }
}

export const GC = 0
const SKIP = 10
export const HAS_ORIGIN = 0x80
export const HAS_RIGHT_ORIGIN = 0x40
export const HAS_PARENT_SUB = 0x20

function block(from: Reader): ProseBlock {
  const count = varUint(from)
  const client = varUint(from)
  const first = varUint(from)
  const needs: ProseNeed[] = []
  const needed = new Map<number, number>()
  let clock = first
  const standsOn = (): void => {
    const otherClient = varUint(from)
    const otherClock = varUint(from)
    if (otherClient === client) {
      // A struct that stands on itself or on what follows it: readers look it up without asking and throw.
      if (otherClock >= clock) bad()
    } else if ((needed.get(otherClient) ?? -1) < otherClock) {
      needed.set(otherClient, otherClock)
      needs.push({ at: clock, client: otherClient, clock: otherClock })
    }
  }
  for (let i = 0; i < count; i++) {
    const info = uint8(from)
    let length: number
    if (info === SKIP) return bad('skip')
    if ((info & 31) === GC) {
      length = varUint(from)
    } else {
      if (info & HAS_ORIGIN) standsOn()
      if (info & HAS_RIGHT_ORIGIN) standsOn()
      if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
        if (varUint(from) === 1) textLength(from)
        else standsOn()
        if (info & HAS_PARENT_SUB) textLength(from)
      }
      length = content(from, info & 31)
    }
    // Structs of no length confuse the search in Yjs's struct store.
    if (length < 1) bad()
    clock += length
    if (clock > Number.MAX_SAFE_INTEGER) bad()
  }
  if (clock === first) bad()
  return { client, from: first, to: clock, needs }
}

/**
 * Reads the header of one Yjs V1 update.
 *
 * In:     any bytes, at most what the wire lets through.
 * Out:    the header, or why no reader should see this. Never throws on hostile bytes.
 * Limits: linear in the payload, which is bounded by the wire; PROSE_CLIENTS_COUNT_MAX, PROSE_DELETED_CLIENTS_COUNT_MAX.
 */
export function readProseHeader(payload: Uint8Array): ProseHeader | ProseHeaderFailure {
  const from: Reader = { bytes: payload, pos: 0 }
  try {
    const blocks: ProseBlock[] = []
    let before = Infinity
    for (let left = varUint(from); left > 0; left--) {
      if (blocks.length === PROSE_CLIENTS_COUNT_MAX) bad()
      const next = block(from)
      // Yjs writes the highest clientID first. In another order `mergeUpdates` leaves out what others wrote, and a second block of one clientID
      // hides a gap from anybody who only looks at the ends.
      if (next.client >= before) bad()
      before = next.client
      blocks.push(next)
    }
    const deletionsAt = from.pos
    const deletedUpTo = new Map<number, number>()
    for (let left = varUint(from); left > 0; left--) {
      const client = varUint(from)
      let upTo = deletedUpTo.get(client) ?? 0
      for (let ranges = varUint(from); ranges > 0; ranges--) {
        const clock = varUint(from)
        const length = varUint(from)
        if (length < 1 || clock + length > Number.MAX_SAFE_INTEGER) bad()
        upTo = Math.max(upTo, clock + length)
      }
      if (upTo > 0) deletedUpTo.set(client, upTo)
      if (deletedUpTo.size > PROSE_DELETED_CLIENTS_COUNT_MAX) bad()
    }
    if (from.pos !== payload.length) bad()
    return { blocks, deletedUpTo, deletionsAt }
  } catch (error) {
    if (error instanceof Malformed) return error.failure
    throw error
  }
}
