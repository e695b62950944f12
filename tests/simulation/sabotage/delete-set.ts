/** Takes the delete set off a Yjs V1 update: it is written last, after the structs, so the rest of the bytes stays as it is. */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

const deletionsOf = (update: Uint8Array): Map<number, { clock: number; len: number }[]> => Y.decodeUpdate(update).ds.clients

export const hasDeletions = (update: Uint8Array): boolean => deletionsOf(update).size > 0

/** In: a V1 update. Out: the same structs with nothing deleted. */
export function withoutDeletions(update: Uint8Array): Uint8Array {
  const set = encoding.createEncoder()
  const clients = [...deletionsOf(update)]
  encoding.writeVarUint(set, clients.length)
  for (const [client, items] of clients) {
    encoding.writeVarUint(set, client)
    encoding.writeVarUint(set, items.length)
    for (const { clock, len } of items) {
      encoding.writeVarUint(set, clock)
      encoding.writeVarUint(set, len)
    }
  }
  const bytes = new Uint8Array(update.length - encoding.length(set) + 1)
  bytes.set(update.subarray(0, bytes.length - 1))
  return bytes
}
