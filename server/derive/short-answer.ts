/**
 * What a client of an item's prose lacks, told with the bytes that are kept anyway: entries as they lie in the log, or a snapshot and the entries
 * after it. No document is built and nothing is remembered, so opening costs reading, not applying, and memory does not grow with the documents
 * that were opened. What cannot be told so (long histories to somebody who knows a part) is asked of the reader thread.
 *
 * Invariant: the updates together hold everything that the entries up to `seq` say and the client lacks; more than that changes nothing. It is for the
 * main thread: bytes are walked by the checks that let them into the log, nothing is decoded into values.
 */
import * as Y from 'yjs'
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../../shared/model/limits.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { decodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { WireError } from '../../shared/protocol/schema.ts'
import type { Log } from '../store/log.ts'
import { ENTRY_OVERHEAD_BYTES } from '../store/runs.ts'
import type { Snapshots } from '../store/snapshots.ts'

/** Entries told one by one: more are merged by the thread that can. */
const ENTRIES_COUNT_MAX = 64
/** Walking them takes a millisecond. */
const ENTRIES_BYTES_FULL = 256 * 1024
/** With less than this everything was read: the largest entry would still have fitted in. */
const ENTRIES_BYTES_MAX = ENTRIES_BYTES_FULL + PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX + ENTRY_OVERHEAD_BYTES
/** Of the largest recorded history it has 0.3 MB; walking that takes some milliseconds. */
const SNAPSHOT_BYTES_TOLD_MAX = 1024 * 1024

export interface ShortAnswer {
  /** In order; empty when nothing is missing. */
  updates: Uint8Array[]
  /** Of the entries up to `seq`. */
  stateVector: Uint8Array
  seq: number
}

export interface KeptProse {
  content: Uint8Array
  toSeq: number
}

/** The newest snapshot of an item's prose that stands for this log; null for none. Errors: rejects when it cannot be read. */
export async function keptProse(log: Pick<Log, 'tailHashAt'>, snapshots: Pick<Snapshots, 'labels' | 'body'>, space: SpaceId, item: ItemId, bytesMax = Infinity): Promise<KeptProse | null> {
  const label = (await snapshots.labels(space, item)).find(({ part }) => part === 'prose')
  if (!label || label.bodyBytes > bytesMax) return null
  const there = await log.tailHashAt(space, label.toSeq)
  if (there === null || !bytesEqual(there, label.tailHash)) return null
  const body = await snapshots.body(label)
  if (!body) return null
  try {
    return { content: decodeSnapshotBody(body).content, toSeq: label.toSeq }
  } catch (error) {
    if (error instanceof WireError) return null // of another build: the entries say the same
    throw error
  }
}

export interface ShortAnswerDeps {
  log: Pick<Log, 'readItem' | 'tailHashAt'>
  /** Left out: only what is short in entries is told. */
  snapshots?: Pick<Snapshots, 'labels' | 'body'> | undefined
}

/** In: the client's state vector. Out: null when it is not short. Errors: rejects when log or snapshots cannot be read; throws on a malformed vector. */
export async function shortAnswer({ log, snapshots }: ShortAnswerDeps, space: SpaceId, item: ItemId, stateVector: Uint8Array): Promise<ShortAnswer | null> {
  const known = Y.decodeStateVector(stateVector)
  const after = async (seq: number): Promise<Entry[] | null> => {
    const entries = await log.readItem(space, item, 'prose', seq + 1, Number.MAX_SAFE_INTEGER, ENTRIES_COUNT_MAX + 1, ENTRIES_BYTES_MAX)
    const bytes = entries.reduce((sum, { payload }) => sum + payload.length + ENTRY_OVERHEAD_BYTES, 0)
    return entries.length <= ENTRIES_COUNT_MAX && bytes < ENTRIES_BYTES_FULL ? entries : null
  }
  const all = await after(0)
  if (all) return told(all.map(({ payload }) => payload), all.at(-1)?.seq ?? 0, known)
  // Who knows a part of it would get all of it again.
  if (known.size > 0 || !snapshots) return null
  const kept = await keptProse(log, snapshots, space, item, SNAPSHOT_BYTES_TOLD_MAX)
  const since = kept && (await after(kept.toSeq))
  return kept && since ? told([kept.content, ...since.map(({ payload }) => payload)], since.at(-1)?.seq ?? kept.toSeq, known) : null
}

function told(payloads: readonly Uint8Array[], seq: number, known: ReadonlyMap<number, number>): ShortAnswer | null {
  const ends = new Map<number, number>()
  const updates: Uint8Array[] = []
  for (const payload of payloads) {
    const header = readProseHeader(payload)
    if (typeof header === 'string') return null
    for (const { client, to } of header.blocks) ends.set(client, to)
    if (header.blocks.some(({ client, to }) => to > (known.get(client) ?? 0))) updates.push(payload)
    // What was deleted cannot be seen from a state vector: it is said to everybody.
    else if (header.deletedUpTo.size > 0) updates.push(header.blocks.length === 0 ? payload : onlyDeletions(payload, header.deletionsAt))
  }
  return { updates, stateVector: Y.encodeStateVector(ends), seq }
}

/** No structs, and the deletions as they stand at the end of the update. */
function onlyDeletions(update: Uint8Array, at: number): Uint8Array {
  const alone = new Uint8Array(1 + update.length - at)
  alone.set(update.subarray(at), 1)
  return alone
}
