/**
 * Taking Yjs updates apart. `splitByWriter` cuts an update into updates of one writer each, in an order in which each finds what it stands on. An entry of the log has one writer, and
 * a stock client sends all that the log lacks in one piece: after a restore that is also what others had written.
 */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { WriterId } from '../../shared/base/ids.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'

export interface WriterPart {
  /** null: nobody has continued these clientIDs yet. */
  writer: WriterId | null
  update: Uint8Array
}

/**
 * In: an update that adds to a document with these ends and passed the header check; who continues a clientID.
 * Out: parts that together say the same; what the update deletes comes with the last. A knot that cannot be cut is left in one part, for the log to judge.
 */
export function splitByWriter(update: Uint8Array, ends: ReadonlyMap<number, number>, writerOf: (client: number) => WriterId | null): WriterPart[] {
  const header = readProseHeader(update)
  if (typeof header === 'string') return []
  const { structs, ds } = Y.decodeUpdate(update)
  const reached = new Map(ends)
  const endOf = (client: number): number => reached.get(client) ?? 0
  const left = header.blocks.map((block) => ({ ...block, structs: structs.filter((struct) => struct.id.client === block.client) }))
  const writers = [...new Set(left.map(({ client }) => writerOf(client)))]
  const parts: WriterPart[] = []

  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false
    for (const writer of writers) {
      const own = left.filter(({ client }) => writerOf(client) === writer)
      const before = new Map(own.map(({ client }) => [client, endOf(client)]))
      // Structs of one writer may stand on each other: go round until nothing moves any more.
      for (let isMoving = true; isMoving; ) {
        isMoving = false
        for (const { client, to, needs } of own) {
          const open = needs.find((need) => need.at >= endOf(client) && endOf(need.client) <= need.clock)
          const end = open?.at ?? to
          if (end <= endOf(client)) continue
          reached.set(client, end)
          isMoving = true
        }
      }
      const taken = own.map(({ client, structs: all }) => ({ client, structs: all.filter(({ id: { clock } }) => clock >= (before.get(client) ?? 0) && clock < endOf(client)) }))
      if (taken.every((one) => one.structs.length === 0)) continue
      parts.push({ writer, update: encode(taken, null) })
      hasMoved = true
    }
  }
  const rest = left.map(({ client, structs: all }) => ({ client, structs: all.filter(({ id: { clock } }) => clock >= endOf(client)) }))
  const isKnot = rest.some((one) => one.structs.length > 0)
  if (isKnot || ds.clients.size > 0) parts.push({ writer: null, update: encode(rest, ds) })
  return parts
}

/** The structs of one update with the deletions of another. */
export function withDeletionsOf(structsFrom: Uint8Array, deletionsFrom: Uint8Array): Uint8Array {
  const { structs } = Y.decodeUpdate(structsFrom)
  const byClient = Map.groupBy(structs, (struct) => struct.id.client)
  return encode([...byClient].map(([client, own]) => ({ client, structs: own })), Y.decodeUpdate(deletionsFrom).ds)
}

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number]

/** As `mergeUpdates` writes them: clients from high to low, structs in order, then what is deleted. */
function encode(clients: readonly { client: number; structs: readonly Struct[] }[], ds: ReturnType<typeof Y.decodeUpdate>['ds'] | null): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  const filled = clients.filter(({ structs }) => structs.length > 0).sort((a, b) => b.client - a.client)
  encoding.writeVarUint(encoder.restEncoder, filled.length)
  for (const { client, structs } of filled) {
    encoding.writeVarUint(encoder.restEncoder, structs.length)
    encoder.writeClient(client)
    encoding.writeVarUint(encoder.restEncoder, structs[0]?.id.clock ?? 0)
    for (const struct of structs) struct.write(encoder, 0)
  }
  const deleted = ds ? [...ds.clients] : []
  encoding.writeVarUint(encoder.restEncoder, deleted.length)
  for (const [client, ranges] of deleted) {
    encoder.resetDsCurVal()
    encoding.writeVarUint(encoder.restEncoder, client)
    encoding.writeVarUint(encoder.restEncoder, ranges.length)
    for (const { clock, len } of ranges) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(len)
    }
  }
  return encoder.toUint8Array()
}
