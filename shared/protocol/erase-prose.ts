/**
 * Takes erased content out of a Yjs V1 update: *definitief verwijderen* of what was deleted from a text.
 *
 * What is erased is named by ranges of (clientID, clock) and by nothing else, so that relay and laptop do the same to whatever copy they hold,
 * today or after months. A struct in a range keeps its place (id, origins, parent) and says "deleted" instead of what was written: everything
 * that stands on it still finds it, and every reader ends with the same text as before. Invariant: erasing twice is erasing once, byte by byte also
 * in two steps, and erasing before or after merging with other updates gives documents of equal content.
 *
 * Bytes are copied; only structs in a range are written anew. Format: see prose-header.ts.
 */
import { bytesEqual, concatBytes, utf8 } from '../base/bytes.ts'
import { any, content, GC, HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, jsonOrUndefined, Malformed, text, textLength, uint8, varUint, type Reader } from './prose-header.ts'

/** Per clientID: ranges [clock, first clock after it], sorted, apart from each other. */
export type ErasedRanges = ReadonlyMap<number, readonly (readonly [from: number, to: number])[]>

export const NO_RANGES: ErasedRanges = new Map()

/** In: ranges in any order, overlapping or not. */
export function joinRanges(...all: readonly ErasedRanges[]): ErasedRanges {
  const byClient = new Map<number, (readonly [number, number])[]>()
  for (const ranges of all) for (const [client, list] of ranges) byClient.set(client, [...(byClient.get(client) ?? []), ...list])
  const joined = new Map<number, (readonly [number, number])[]>()
  for (const [client, list] of [...byClient].sort(([a], [b]) => a - b)) {
    const merged: [number, number][] = []
    for (const [from, to] of list.sort(([a], [b]) => a - b)) {
      const last = merged.at(-1)
      if (last && from <= last[1]) last[1] = Math.max(last[1], to)
      else if (to > from) merged.push([from, to])
    }
    if (merged.length > 0) joined.set(client, merged)
  }
  return joined
}

/** In: ranges in pieces of at most so many bytes; an empty list for no ranges. */
export function encodeRanges(ranges: ErasedRanges, bytesMax: number): Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let clients: Uint8Array[] = []
  let bytes = 0
  const flush = (): void => {
    if (clients.length > 0) pieces.push(concatBytes([uint(clients.length), ...clients]))
    clients = []
    bytes = 0
  }
  for (const [client, list] of ranges) {
    for (let i = 0; i < list.length; ) {
      const head = uint(client)
      const written: Uint8Array[] = []
      let size = head.length + 2 * UINT_BYTES_MAX
      let at = 0
      for (; i < list.length; i++) {
        const [from, to] = list[i] as readonly [number, number]
        const range = concatBytes([uint(from - at), uint(to - from)])
        if (written.length > 0 && bytes + size + range.length > bytesMax) break
        written.push(range)
        size += range.length
        at = to
      }
      clients.push(concatBytes([head, uint(written.length), ...written]))
      bytes += size
      if (bytes + 4 * UINT_BYTES_MAX > bytesMax) flush()
    }
  }
  flush()
  return pieces
}

/** Null when the bytes are no ranges. */
export function decodeRanges(bytes: Uint8Array): ErasedRanges | null {
  const from: Reader = { bytes, pos: 0 }
  try {
    const ranges: ErasedRanges[] = []
    for (let left = varUint(from); left > 0; left--) {
      const client = varUint(from)
      const list: [number, number][] = []
      let at = 0
      for (let count = varUint(from); count > 0; count--) {
        const start = at + varUint(from)
        at = start + varUint(from)
        if (at <= start || at > Number.MAX_SAFE_INTEGER) return null
        list.push([start, at])
      }
      ranges.push(new Map([[client, list]]))
    }
    return from.pos === bytes.length ? joinRanges(...ranges) : null
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

/**
 * Takes what lies in the ranges out of an update.
 *
 * In:     an update that a reader takes; of a hostile one nothing is promised but that this ends.
 * Out:    the very same bytes when nothing of it was erased, or when it cannot be read.
 * Limits: linear in the update.
 */
export function eraseProse(update: Uint8Array, ranges: ErasedRanges): Uint8Array {
  if (ranges.size === 0) return update
  const from: Reader = { bytes: update, pos: 0 }
  try {
    const written: Uint8Array[] = []
    let hasErased = false
    const clients = varUint(from)
    written.push(uint(clients))
    for (let left = clients; left > 0; left--) {
      const count = varUint(from)
      const client = varUint(from)
      const first = varUint(from)
      const start = from.pos
      const erased = eraseBlock(from, count, client, first, ranges.get(client) ?? [])
      hasErased ||= erased.hasErased
      // Where nothing was erased the structs stay as they came, also those that were deleted and would be one by now.
      const [structsCount, structs] = erased.hasErased ? [erased.count, erased.structs] : [count, [update.subarray(start, from.pos)]]
      written.push(uint(structsCount), uint(client), uint(first), ...structs)
    }
    if (!hasErased) return update
    return concatBytes([...written, update.subarray(from.pos)])
  } catch (error) {
    if (error instanceof Malformed) return update
    throw error
  }
}

/** A struct that says "deleted", as it was written last: the next one may be its continuation. */
interface Gone {
  flags: number
  place: readonly Uint8Array[]
  rightOrigin: Uint8Array | null
  length: number
}

function eraseBlock(from: Reader, count: number, client: number, first: number, ranges: readonly (readonly [number, number])[]): { structs: Uint8Array[]; count: number; hasErased: boolean } {
  const { bytes } = from
  const structs: Uint8Array[] = []
  let hasErased = false
  let written = 0
  let clock = first
  let next = 0
  let gone: Gone | null = null
  const flush = (): void => {
    if (!gone) return
    structs.push(Uint8Array.of(gone.flags | DELETED), ...gone.place, uint(gone.length))
    written++
    gone = null
  }
  /**
   * What is erased in two steps must be the same bytes as what is erased in one: by their hash a relay knows an entry again. So one that continues
   * the one before it is one with it, as Yjs itself joins them. `follows`: its origin is the end of the struct before it.
   */
  const addGone = (flags: number, place: readonly Uint8Array[], rightOrigin: Uint8Array | null, length: number, follows: boolean): void => {
    const isMore = gone !== null && follows && isSame(gone.rightOrigin, rightOrigin) && ((gone.flags ^ flags) & HAS_PARENT_SUB) === 0
    if (gone && isMore) gone.length += length
    else {
      flush()
      gone = { flags, place, rightOrigin, length }
    }
  }
  const add = (...parts: Uint8Array[]): void => {
    flush()
    structs.push(...parts)
    written++
  }
  for (let i = 0; i < count; i++) {
    const start = from.pos
    const info = uint8(from)
    const ref = info & 31
    if (ref === GC || ref === SKIP) {
      clock += varUint(from)
      add(bytes.subarray(start, from.pos))
      continue
    }
    let rightOrigin: Uint8Array | null = null
    let follows = false
    if (info & HAS_ORIGIN) follows = varUint(from) === client && varUint(from) === clock - 1
    from.pos = start + 1
    if (info & HAS_ORIGIN) skipId(from)
    if (info & HAS_RIGHT_ORIGIN) {
      const at = from.pos
      skipId(from)
      rightOrigin = bytes.subarray(at, from.pos)
    }
    if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
      if (varUint(from) === 1) textLength(from)
      else skipId(from)
      if (info & HAS_PARENT_SUB) textLength(from)
    }
    const contentStart = from.pos
    const length = content(from, ref)
    if (length < 1) throw new Malformed('malformed')
    const end = clock + length
    const place = bytes.subarray(start + 1, contentStart)
    while (next < ranges.length && (ranges[next] as readonly [number, number])[1] <= clock) next++
    const touched = ref === DELETED ? [] : overlaps(ranges, next, clock, end)
    if (ref === DELETED) addGone(info & 0xe0, [place], rightOrigin, length, follows)
    else if (touched.length === 0) add(bytes.subarray(start, from.pos))
    else {
      hasErased = true
      // Its own place is written once, by the first piece; each later one follows the piece before it, as Yjs splits.
      const later = (at: number): Uint8Array[] => [uint(client), uint(at - 1), ...(rightOrigin ? [rightOrigin] : [])]
      for (const { from: a, to: b, isErased } of pieces(clock, end, touched)) {
        const flags = a === clock ? info & 0xe0 : HAS_ORIGIN | (info & (HAS_RIGHT_ORIGIN | HAS_PARENT_SUB))
        const where = a === clock ? [place] : later(a)
        if (isErased) addGone(flags, where, rightOrigin, b - a, a === clock ? follows : true)
        else add(Uint8Array.of(flags | ref), ...where, ...slice({ bytes, pos: contentStart }, ref, a - clock, b - clock, from.pos))
      }
    }
    clock = end
  }
  flush()
  return { structs, count: written, hasErased }
}

const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean => a === b || (a !== null && b !== null && bytesEqual(a, b))

function overlaps(ranges: readonly (readonly [number, number])[], first: number, from: number, to: number): [number, number][] {
  const found: [number, number][] = []
  for (let i = first; i < ranges.length; i++) {
    const [a, b] = ranges[i] as readonly [number, number]
    if (a >= to) break
    if (b > from) found.push([Math.max(a, from), Math.min(b, to)])
  }
  return found
}

function pieces(from: number, to: number, erased: readonly [number, number][]): { from: number; to: number; isErased: boolean }[] {
  const all: { from: number; to: number; isErased: boolean }[] = []
  let at = from
  for (const [a, b] of erased) {
    if (a > at) all.push({ from: at, to: a, isErased: false })
    all.push({ from: a, to: b, isErased: true })
    at = b
  }
  if (at < to) all.push({ from: at, to, isErased: false })
  return all
}

/** The content from place `a` to `b` of one that is longer: only texts and lists are. */
function slice(from: Reader, ref: number, a: number, b: number, end: number): Uint8Array[] {
  const { bytes } = from
  if (ref === STRING) return lengthPrefixed(utf8(unpaired(text(from).slice(a, b))))
  if (ref !== JSON_LIST && ref !== ANY_LIST) return [bytes.subarray(from.pos, end)]
  varUint(from)
  let start = from.pos
  for (let i = 0; i < b; i++) {
    if (i === a) start = from.pos
    if (ref === JSON_LIST) jsonOrUndefined(from)
    else any(from, 0)
  }
  return [uint(b - a), bytes.subarray(start, from.pos)]
}

/** Half a surrogate pair cannot be written in UTF-8; Yjs puts the same sign there when it splits one. */
function unpaired(part: string): string {
  const begun = /^[\uDC00-\uDFFF]/.test(part) ? `\uFFFD${part.slice(1)}` : part
  return /[\uD800-\uDBFF]$/.test(begun) ? `${begun.slice(0, -1)}\uFFFD` : begun
}

function skipId(from: Reader): void {
  varUint(from)
  varUint(from)
}

function lengthPrefixed(bytes: Uint8Array): Uint8Array[] {
  return [uint(bytes.length), bytes]
}

const DELETED = 1
const JSON_LIST = 2
const STRING = 4
const ANY_LIST = 8
const SKIP = 10
const UINT_BYTES_MAX = 8

function uint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

