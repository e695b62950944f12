/** As much CBOR as a client of automerge-repo's websocket adapter needs to say who it is. */
export type Plain = null | string | number | Uint8Array | Plain[] | { [key: string]: Plain }

const head = (major: number, count: number): Uint8Array =>
  count < 24 ? Uint8Array.of((major << 5) | count) : count < 256 ? Uint8Array.of((major << 5) | 24, count) : Uint8Array.of((major << 5) | 25, count >> 8, count & 0xff)

/** Limits: whole numbers from 0, and counts and lengths below 65,536. */
export function cborOf(value: Plain): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'number') return head(0, value)
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([head(3, bytes.length), bytes])
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cborOf)])
  const entries = Object.entries(value)
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, one]) => [cborOf(key), cborOf(one)])])
}
export const joinOf = (peer: string): Uint8Array => cborOf({ type: 'join', senderId: peer, peerMetadata: {}, supportedProtocolVersions: ['1'] })
