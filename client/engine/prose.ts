/**
 * Prose as bytes: Yjs V1 updates, merged, checked and read. V1 only: the V2 decoder hangs on 27 bytes. Merging goes in small groups, because
 * `mergeUpdates` is super-linear in the number of updates (259,778 in one call did not finish in 5 minutes, in groups of 256 it took 0.8 s).
 */
import * as Y from 'yjs'
import type { Clock } from '../../shared/base/clock.ts'
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

/**
 * Yjs walks past everything that stands where an item is put, for each item anew: n items put behind n others cost n² (24 kB took 19 s). Items that
 * go on from the one before are not walked to, and those are nearly all: typing makes a few others, a long text that is pasted one a paragraph.
 */
const KNOT_COUNT_MIN = 64
const KNOT_BYTES_MIN = KNOT_COUNT_MIN * 3

/** Whether an update could keep its reader busy for long. In: readable (see `faultOf`). */
export function isKnotty(update: Uint8Array): boolean {
  if (update.length < KNOT_BYTES_MIN) return false
  let apartCount = 0
  for (const struct of Y.decodeUpdate(update).structs) {
    if (!(struct instanceof Y.Item)) continue
    const { id, origin } = struct
    if (!(origin && origin.client === id.client && origin.clock === id.clock - 1) && ++apartCount >= KNOT_COUNT_MIN) return true
  }
  return false
}

/** A whole document takes a few tenths of a second on a slow laptop; one entry that takes this long, twice, is made to. */
export const STEP_MS_MAX = 2_000
/** Why an entry is left out that can be read and takes too long. */
export const DEAR = 'dear'

export interface ProsePayload {
  /** null for a snapshot, and for what is typed and not stored yet: never left out. */
  entry: EntryId | null
  payload: Uint8Array
  /** Took too long at an earlier reading. */
  isSetApart?: boolean
  /** Others were found to build on it: how long it takes is not asked again. */
  isNeeded?: boolean
}

export interface LoadedProse {
  /** Collecting; the caller destroys it. */
  doc: Y.Doc
  unreadable: { entry: EntryId | null; reason: string }[]
  /** Were set apart and are in the document, because others build on them. */
  broughtBack: ProsePayload[]
  /** Took too long now and are in the document all the same. */
  needed: ProsePayload[]
}

/**
 * A document with everything applied. What cannot be applied is left out and named; the rest is there all the same. So is what takes too long, unless others
 * build on it: where another laptop was fast enough to show it, somebody wrote beside it, and a document that opens slowly is better than a word that is lost.
 */
export function loadProse(payloads: readonly ProsePayload[], clock: Pick<Clock, 'now'>): LoadedProse {
  let apart = payloads.filter(({ isSetApart }) => isSetApart)
  const read = (): Pick<LoadedProse, 'doc' | 'unreadable'> => applied(payloads.filter((one) => !apart.includes(one)))
  const began = clock.now()
  let { doc, unreadable } = read()
  const mayBeDear = !payloads.some(({ isNeeded }) => isNeeded)
  const dear = mayBeDear && clock.now() - began > STEP_MS_MAX ? dearIn(payloads.filter((one) => !apart.includes(one)), clock) : []
  if (dear.length > 0) {
    apart = [...apart, ...dear]
    doc.destroy()
    ;({ doc, unreadable } = read())
  }
  for (let needed = neededOf(apart, doc); needed.length > 0; needed = neededOf(apart, doc)) {
    apart = apart.filter((one) => !needed.includes(one))
    doc.destroy()
    ;({ doc, unreadable } = read())
  }
  return {
    doc,
    unreadable: [...apart.filter(({ isSetApart }) => !isSetApart).map(({ entry }) => ({ entry, reason: DEAR })), ...unreadable],
    broughtBack: payloads.filter((one) => one.isSetApart && !apart.includes(one)),
    needed: dear.filter((one) => !apart.includes(one)),
  }
}

/** Those of `apart` that a document waits for. */
function neededOf(apart: readonly ProsePayload[], { store: { pendingStructs, pendingDs } }: Y.Doc): ProsePayload[] {
  const clients = new Set([...(pendingStructs?.missing.keys() ?? []), ...(pendingDs ? Y.decodeUpdateV2(pendingDs).ds.clients.keys() : [])])
  return clients.size === 0 ? [] : apart.filter(({ payload }) => [...clientsIn(payload)].some((client) => clients.has(client)))
}

/** Whether an update goes on from, or deletes, what one of these clients wrote. In: readable (see `faultOf`). */
export function buildsOn(update: Uint8Array, clients: ReadonlySet<number>): boolean {
  const { structs, ds } = Y.decodeUpdate(update)
  const isTheirs = (id: unknown): boolean => id instanceof Y.ID && clients.has(id.client)
  return structs.some((struct) => struct instanceof Y.Item && (isTheirs(struct.origin) || isTheirs(struct.rightOrigin) || isTheirs(struct.parent))) || [...ds.clients.keys()].some((client) => clients.has(client))
}

function applied(payloads: readonly ProsePayload[]): Pick<LoadedProse, 'doc' | 'unreadable'> {
  const whole = createProseDoc()
  try {
    // A single payload is not decoded by the merge, but it is by applying it.
    Y.applyUpdate(whole, mergeProse(payloads.map(({ payload }) => payload)))
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

function msOf(clock: Pick<Clock, 'now'>, work: () => void): number {
  const began = clock.now()
  work()
  return clock.now() - began
}

/** Entries that take too long by themselves as well: the first time may have been the laptop's sleep. In: payloads that can be applied. */
function dearIn(payloads: readonly ProsePayload[], clock: Pick<Clock, 'now'>): ProsePayload[] {
  const dear: ProsePayload[] = []
  const kept: Uint8Array[] = []
  let doc = createProseDoc()
  for (const one of payloads) {
    const { entry, payload } = one
    const tookMs = msOf(clock, () => Y.applyUpdate(doc, payload))
    if (tookMs <= STEP_MS_MAX || entry === null || !isKnotty(payload)) {
      kept.push(payload)
      continue
    }
    dear.push(one)
    doc.destroy()
    doc = createProseDoc()
    Y.applyUpdate(doc, mergeProse(kept))
  }
  doc.destroy()
  return dear
}

/** The clientIDs that wrote in an update. */
export function clientsIn(update: Uint8Array): Set<number> {
  const { from, to } = Y.parseUpdateMeta(update)
  return new Set([...from.keys(), ...to.keys()])
}

/** Whether an update says anything, deletions included, that a document does not hold; it is applied. */
export function saysMore(doc: Y.Doc, update: Uint8Array): boolean {
  const before = Y.snapshot(doc)
  Y.applyUpdate(doc, update)
  return !Y.equalSnapshots(before, Y.snapshot(doc))
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
