/**
 * Prose as bytes: Yjs V1 updates, merged, checked and read. V1 only: the V2 decoder hangs on 27 bytes. Merging goes in small groups, because
 * `mergeUpdates` is super-linear in the number of updates (259,778 in one call did not finish in 5 minutes, in groups of 256 it took 0.8 s).
 */
import * as Y from 'yjs'
import type { EntryId } from '../../shared/base/ids.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'

/** No structs, nothing deleted. */
export const EMPTY_UPDATE: Uint8Array<ArrayBuffer> = new Uint8Array([0, 0])

const MERGE_GROUP_COUNT_MAX = 256

export const isEmptyUpdate = (update: Uint8Array): boolean => update.length === 2 && update[0] === 0 && update[1] === 0

/** In: readable updates (see `faultOf`); throws on others. */
export function mergeProse(updates: readonly Uint8Array[]): Uint8Array {
  let merged = updates.filter((update) => !isEmptyUpdate(update))
  while (merged.length > 1) {
    const next: Uint8Array[] = []
    for (let from = 0; from < merged.length; from += MERGE_GROUP_COUNT_MAX) next.push(Y.mergeUpdates(merged.slice(from, from + MERGE_GROUP_COUNT_MAX)))
    merged = next
  }
  return merged[0] ?? EMPTY_UPDATE
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

/** Why an update cannot be read, or null. */
export function faultOf(update: Uint8Array): string | null {
  try {
    Y.decodeUpdate(update)
    return null
  } catch (error) {
    return reasonOf(error)
  }
}

export interface ProsePayload {
  /** null for a snapshot. */
  entry: EntryId | null
  payload: Uint8Array
}

/**
 * A collecting document with everything applied. What cannot be applied is left out and named; the rest is there all the same.
 * The caller destroys the document.
 */
export function loadProse(payloads: readonly ProsePayload[]): { doc: Y.Doc; unreadable: { entry: EntryId | null; reason: string }[] } {
  const whole = createProseDoc()
  try {
    Y.applyUpdate(whole, mergeProse(payloads.map(({ payload }) => payload)))
    // A single payload is not decoded by the merge, but it was by applying it.
    return { doc: whole, unreadable: [] }
  } catch {
    // One of them is bad, and the document may hold half of it: begin again, one at a time.
    whole.destroy()
  }
  const unreadable: { entry: EntryId | null; reason: string }[] = []
  const good: Uint8Array[] = []
  for (const { entry, payload } of payloads) {
    const probe = createProseDoc()
    try {
      Y.applyUpdate(probe, mergeProse([...good, payload]))
      good.push(payload)
    } catch (error) {
      unreadable.push({ entry, reason: reasonOf(error) })
    }
    probe.destroy()
    if (good.length > 1) good.splice(0, good.length, mergeProse(good))
  }
  const doc = createProseDoc()
  Y.applyUpdate(doc, mergeProse(good))
  return { doc, unreadable }
}

/** The clientIDs that wrote in an update. */
export function clientsIn(update: Uint8Array): Set<number> {
  const { from, to } = Y.parseUpdateMeta(update)
  return new Set([...from.keys(), ...to.keys()])
}

/** Structs or deletions that wait for others they build on. */
export const hasPending = (doc: Y.Doc): boolean => doc.store.pendingStructs !== null || doc.store.pendingDs !== null

/** The text that updates insert one after the other, for a person to read. */
export function readableProse(payloads: readonly Uint8Array[]): string {
  let text = ''
  for (const payload of payloads) {
    try {
      for (const struct of Y.decodeUpdate(payload).structs) {
        if (!(struct instanceof Y.Item)) continue
        if (struct.content instanceof Y.ContentString) text += struct.content.str
        // A new paragraph, heading or cell begins.
        else if (struct.content instanceof Y.ContentType && text !== '' && !text.endsWith('\n')) text += '\n'
      }
    } catch (error) {
      text += `\n? ${reasonOf(error)}\n`
    }
  }
  return text.trim()
}
