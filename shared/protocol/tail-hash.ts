/**
 * The rolling hash over a space's log: after each entry `SHA-256(before ‖ seq as 8 bytes big-endian ‖ entry ‖ SHA-256(payload))`, cut to
 * 16 bytes. Two logs with the same (seq, hash) hold the same entries; a restored or foreign log is noticed at the first SUB.
 */
import { fromHex } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { ID_BYTES, type EntryId } from '../base/ids.ts'
import { TAIL_HASH_BYTES } from './messages/sub.ts'

/** The hash of an empty log. */
export const EMPTY_TAIL_HASH: Uint8Array<ArrayBuffer> = new Uint8Array(TAIL_HASH_BYTES)

const SEQ_BYTES = 8
const SHA256_BYTES = 32
/** One for all entries: a relay hashes tens of thousands a second. */
const hashed = new Uint8Array(TAIL_HASH_BYTES + SEQ_BYTES + ID_BYTES + SHA256_BYTES)
const place = new DataView(hashed.buffer, TAIL_HASH_BYTES, SEQ_BYTES)

/** In: `before` is the hash of the entry before, `payloadHash` the SHA-256 of this one's payload; `digest` is SHA-256; a relay hands in its platform's, which is faster. */
export function nextTailHash(
  before: Uint8Array, seq: number, entry: EntryId, payloadHash: Uint8Array, digest: (bytes: Uint8Array) => Uint8Array = sha256,
): Uint8Array<ArrayBuffer> {
  hashed.set(before)
  place.setUint32(0, Math.floor(seq / 2 ** 32))
  place.setUint32(4, seq % 2 ** 32)
  hashed.set(fromHex(entry), TAIL_HASH_BYTES + SEQ_BYTES)
  hashed.set(payloadHash, TAIL_HASH_BYTES + SEQ_BYTES + ID_BYTES)
  return new Uint8Array(digest(hashed).subarray(0, TAIL_HASH_BYTES))
}
