/**
 * Small bytes that repeat each other, written once: what many little edits of one kind have in common need not travel a thousand times. Literal bytes
 * and references back, nothing else (the idea of LZ77): reading is a loop of copies, cheap and the same everywhere, without a library.
 *
 * Format: `(count of literals ‖ literals ‖ (length − LENGTH_MIN ‖ distance)?)…`; the reference is absent after the last literals. Reading trusts
 * nothing: the size of what comes out is told beforehand and bounded by the caller, and every reference must lie within what is there already.
 */
import { WireError } from './schema.ts'

/** A reference costs three bytes. */
const LENGTH_MIN = 4
const HASH_BITS = 13
const HASH_FACTOR = 0x9e3779b1
/** Bytes that one byte can stand for at most: a reference of five bytes is at most some thousand bytes long here. */
const LENGTH_MAX = 1 << 14
/** Reading gives at most so many bytes for each that came, whatever was promised. */
export const SQUEEZE_RATIO_MAX = 8_192

const heads = new Int32Array(1 << HASH_BITS)

/** Out: the squeezed bytes, or null when that gains less than an eighth. Limits: linear in the bytes. */
export function squeeze(plain: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const { length } = plain
  const room = length - (length >> 3)
  const to = new Uint8Array(room + 16)
  let at = 0
  const uint = (value: number): void => {
    for (; value > 127; value = Math.floor(value / 128)) to[at++] = (value & 127) | 128
    to[at++] = value
  }
  heads.fill(-1)
  let literalsFrom = 0
  const literals = (until: number): boolean => {
    if (at + until - literalsFrom + 8 > room) return false
    uint(until - literalsFrom)
    to.set(plain.subarray(literalsFrom, until), at)
    at += until - literalsFrom
    return true
  }
  for (let i = 0; i + LENGTH_MIN <= length; ) {
    const four = (plain[i] as number) | ((plain[i + 1] as number) << 8) | ((plain[i + 2] as number) << 16) | ((plain[i + 3] as number) << 24)
    const slot = Math.imul(four, HASH_FACTOR) >>> (32 - HASH_BITS)
    const earlier = heads[slot] as number
    heads[slot] = i
    let same = 0
    if (earlier >= 0) while (i + same < length && same < LENGTH_MAX && plain[earlier + same] === plain[i + same]) same++
    if (same < LENGTH_MIN) {
      i++
      continue
    }
    if (!literals(i)) return null
    uint(same - LENGTH_MIN)
    uint(i - earlier)
    i += same
    literalsFrom = i
  }
  if (literalsFrom < length && !literals(length)) return null
  return at <= room ? to.subarray(0, at) : null
}

/** In: how many bytes come out, already checked against a limit. Errors: WireError. */
export function unsqueeze(squeezed: Uint8Array, plainBytes: number): Uint8Array<ArrayBuffer> {
  if (plainBytes > squeezed.length * SQUEEZE_RATIO_MAX) throw new WireError('squeezed bytes promise too much')
  const plain = new Uint8Array(plainBytes)
  let from = 0
  let at = 0
  const uint = (): number => {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = squeezed[from++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new WireError('squeezed bytes are cut')
  }
  while (at < plainBytes) {
    const count = uint()
    if (count > squeezed.length - from || count > plainBytes - at) throw new WireError('squeezed bytes are too long')
    plain.set(squeezed.subarray(from, from + count), at)
    from += count
    at += count
    if (at === plainBytes) break
    const length = uint() + LENGTH_MIN
    const distance = uint()
    if (distance < 1 || distance > at || length > plainBytes - at) throw new WireError('a reference to nothing')
    // One by one: what is copied may begin in what is being written.
    for (const end = at + length; at < end; at++) plain[at] = plain[at - distance] as number
  }
  if (from !== squeezed.length) throw new WireError('squeezed bytes go on')
  return plain
}
