/**
 * CRC-32 (the polynomial of zip and PNG) over stored bytes. Not against people, against disks: every single flipped bit is noticed, and a
 * stored Yjs update with one flipped bit was taken silently in 31 of 53 cases.
 */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})

/** Out: 0 … 2^32 − 1. `seed` continues an earlier checksum. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed >>> 0
  for (let i = 0; i < bytes.length; i++) crc = (TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
