/** Bytes: hex, UTF-8, comparison, concatenation. Hex is always lower case. */
const digits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** Bytes that become text in one call: as many as an id has. */
const CHUNK_BYTES = 16
const codes = new Array<number>(2 * CHUNK_BYTES).fill(0)

/** Cost: a quarter of adding up pairs of digits, which makes a chain of 15 strings out of every id. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  let from = 0
  for (; bytes.length - from >= CHUNK_BYTES; from += CHUNK_BYTES) {
    for (let i = 0; i < CHUNK_BYTES; i++) {
      const byte = bytes[from + i] as number
      codes[2 * i] = digits[byte >> 4] as number
      codes[2 * i + 1] = digits[byte & 15] as number
    }
    const chunk = String.fromCharCode.apply(null, codes)
    text = from === 0 ? chunk : text + chunk
  }
  for (; from < bytes.length; from++) text += (bytes[from] as number).toString(16).padStart(2, '0')
  return text
}

/** Value of a digit by its character code; 255 for everything else. */
const digitOf = new Uint8Array(128).fill(255)
for (let value = 0; value < 16; value++) digitOf[value.toString(16).charCodeAt(0)] = value

/** In: an even number of lower-case hex digits; anything else throws (check with a pattern first). Cost: 20 times less than parseInt. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0) throw new Error('Bug: not hex')
  const bytes = new Uint8Array(hex.length / 2)
  putHex(hex, bytes, 0)
  return bytes
}

/** The same, into bytes that are there already. In: room for them from `at` on. */
export function putHex(hex: string, to: Uint8Array, at: number): void {
  for (let i = 0; i < hex.length; i += 2) {
    const high = digitOf[hex.charCodeAt(i)] ?? 255
    const low = digitOf[hex.charCodeAt(i + 1)] ?? 255
    if (high + low >= 255) throw new Error('Bug: not hex')
    to[at++] = high * 16 + low
  }
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The same for bytes that may not be there. */
export const areSame = (a: Uint8Array | null, b: Uint8Array | null): boolean => a === b || (a !== null && b !== null && bytesEqual(a, b))

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Errors: throws TypeError on invalid UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)
