/**
 * SHA-256, synchronous on purpose: an asynchronous digest would hop threads between a check and its use, and would make
 * simulated schedules depend on the machine. The library is lib0's pure JavaScript; about 5 µs for a typical entry.
 */
import { digest } from 'lib0/hash/sha256'

/** Out: 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(digest(bytes))
