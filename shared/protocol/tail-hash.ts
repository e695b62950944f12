/**
 * The rolling hash over a space's log: after each entry `SHA-256(before ‖ seq as 8 bytes big-endian ‖ entry ‖ SHA-256(payload))`, cut to
 * 16 bytes. Two logs with the same (seq, hash) hold the same entries; a restored or foreign log is noticed at the first SUB.
 */
import { concatBytes, fromHex } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { EntryId } from '../base/ids.ts'
import { TAIL_HASH_BYTES } from './messages/sub.ts'

/** The hash of an empty log. */
export const EMPTY_TAIL_HASH: Uint8Array<ArrayBuffer> = new Uint8Array(TAIL_HASH_BYTES)

/** In: `digest` is SHA-256; a relay hands in its platform's, which is faster. */
export function nextTailHash(
  before: Uint8Array, seq: number, entry: EntryId, payloadHash: Uint8Array, digest: (bytes: Uint8Array) => Uint8Array = sha256,
): Uint8Array<ArrayBuffer> {
  const place = new Uint8Array(8)
  new DataView(place.buffer).setBigUint64(0, BigInt(seq))
  return new Uint8Array(digest(concatBytes([before, place, fromHex(entry), payloadHash])).subarray(0, TAIL_HASH_BYTES))
}
