/**
 * The body of a snapshot, as SNAPSHOT carries it in pieces and both sides keep it: the content that applying the entries gives, and what else
 * those entries said and the content does not: who wrote last, and who wrote what.
 *
 * Content of prose: one Yjs V1 update in which deleted text is collected (decision 0016); of facts: a saved Automerge document, all changes in it.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { UserId } from '../base/ids.ts'
import { SNAPSHOT_BYTES_MAX } from '../model/limits.ts'
import { attribution, type Attribution } from './attribution.ts'
import { bytes, id, struct, uint, WireError } from './schema.ts'

export interface SnapshotBody {
  /** Of the last entry in it. */
  changedAt: number
  changedBy: UserId
  attribution: Attribution
  content: Uint8Array
}

const body = struct({ changedAt: uint, changedBy: id, attribution, content: bytes(SNAPSHOT_BYTES_MAX) })

export function encodeSnapshotBody(value: SnapshotBody): Uint8Array<ArrayBuffer> {
  const to = encoding.createEncoder()
  body.write(to, value)
  return encoding.toUint8Array(to) as Uint8Array<ArrayBuffer>
}

/** Fields after the last known one are skipped. Errors: throws WireError. */
export function decodeSnapshotBody(given: Uint8Array): SnapshotBody {
  const from = decoding.createDecoder(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
  const value = body.read(from)
  if (value.attribution.hands.some(({ author }) => author === '')) throw new WireError('a hand of nobody')
  return value
}

/** The table alone, to be kept beside something else. */
export function encodeAttribution(value: Attribution): Uint8Array<ArrayBuffer> {
  const to = encoding.createEncoder()
  attribution.write(to, value)
  return encoding.toUint8Array(to) as Uint8Array<ArrayBuffer>
}

/** Errors: throws WireError. */
export const decodeAttribution = (given: Uint8Array): Attribution => attribution.read(decoding.createDecoder(given))
