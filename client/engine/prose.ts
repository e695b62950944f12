/**
 * Prose as bytes: Yjs V1 updates, merged, checked and read. V1 only: the V2 decoder hangs on 27 bytes. Merging goes in small groups, because
 * `mergeUpdates` is super-linear in the number of updates (259,778 in one call did not finish in 5 minutes, in groups of 256 it took 0.8 s).
 */
import * as Y from 'yjs'
import { utf8 } from '../../shared/base/bytes.ts'
import { crc32 } from '../../shared/base/checksum.ts'
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

/** Nobody who types waits longer than this for what somebody else wrote. Pasted tables of 20,000 cells take 0.2 s, and six times that on a slow laptop. */
const STEP_MS_MIN = 500
const STEP_MS_MAX = 2_000
/** An item that is placed beside its neighbour takes 3 µs, one that walks past thousands of others a hundred times that. */
const STRUCT_MS = 0.025
/** What an update may take; one entry that takes longer, twice, is made to. Throws on what cannot be read. */
const msMaxOf = (update: Uint8Array): number => Math.min(STEP_MS_MAX, STEP_MS_MIN + STRUCT_MS * Y.decodeUpdate(update).structs.length)

const TOO_LONG = new Error('took too long')
const LOOKS_APART_COUNT = 32

/**
 * False: it takes too long, and the document holds half of it. Throws, like Yjs, on what it cannot apply. Yjs cannot be told to stop; it looks up
 * the items of a clientID for every item that it places, and there the clock is looked at.
 */
function applyInTime(doc: Y.Doc, update: Uint8Array, clock: Pick<Clock, 'now'>, msMax = msMaxOf(update)): boolean {
  const { clients } = doc.store
  const lookUp = clients.get.bind(clients)
  const end = clock.now() + msMax
  let looksCount = 0
  let isTooLong = false
  clients.get = (client) => {
    // Once: Yjs tidies up behind itself.
    if (++looksCount % LOOKS_APART_COUNT === 0 && !isTooLong && clock.now() > end) {
      isTooLong = true
      throw TOO_LONG
    }
    return lookUp(client)
  }
  try {
    Y.applyUpdate(doc, update)
  } catch (error) {
    if (!isTooLong) throw error
  } finally {
    Reflect.deleteProperty(clients, 'get')
  }
  return !isTooLong && clock.now() <= end
}

/** Applies it where that goes well; otherwise the document may hold half of it. */
export function tryUpdate(doc: Y.Doc, update: Uint8Array, clock: Pick<Clock, 'now'>, msMax?: number): 'well' | 'slow' | 'unreadable' {
  try {
    return applyInTime(doc, update, clock, msMax) ? 'well' : 'slow'
  } catch {
    // Whoever asks finds out why by a reading that names what it leaves out.
    return 'unreadable'
  }
}

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
 *
 * `isSlow`: it was found to take too long a moment ago. Where anything does, others get a turn before each entry that may.
 */
export async function loadProse(payloads: readonly ProsePayload[], clock: Clock, isSlow = false): Promise<LoadedProse> {
  let apart = payloads.filter(({ isSetApart }) => isSetApart)
  const foundDear: ProsePayload[] = []
  const needed = payloads.filter(({ isNeeded }) => isNeeded)
  for (;;) {
    const others = payloads.filter((one) => !apart.includes(one))
    const atOnce = isSlow || needed.length > 0 ? null : applied(others, clock)
    const { doc, unreadable, dear } = atOnce ? { ...atOnce, dear: [] } : await inSteps(others, needed, clock)
    apart = [...apart, ...dear]
    foundDear.push(...dear)
    const missed = neededOf(apart, doc)
    if (missed.length === 0)
      return {
        doc,
        unreadable: [...apart.filter(({ isSetApart }) => !isSetApart).map(({ entry }) => ({ entry, reason: DEAR })), ...unreadable],
        broughtBack: payloads.filter((one) => one.isSetApart && !apart.includes(one)),
        needed: foundDear.filter((one) => !apart.includes(one)),
      }
    needed.push(...missed)
    apart = apart.filter((one) => !missed.includes(one))
    doc.destroy()
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

type Read = Pick<LoadedProse, 'doc' | 'unreadable'>

/** With a clock: null when it takes too long. */
function applied(payloads: readonly ProsePayload[]): Read
function applied(payloads: readonly ProsePayload[], clock: Pick<Clock, 'now'>): Read | null
function applied(payloads: readonly ProsePayload[], clock?: Pick<Clock, 'now'>): Read | null {
  const whole = createProseDoc()
  try {
    // A single payload is not decoded by the merge, but it is by applying it.
    const merged = mergeProse(payloads.map(({ payload }) => payload))
    if (!clock) Y.applyUpdate(whole, merged)
    else if (!applyInTime(whole, merged, clock)) {
      whole.destroy()
      return null
    }
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

/**
 * Entries that take too long by themselves as well are left out, unless they are needed: the first time may have been the laptop's sleep. Those that may take
 * long are applied one at a time, also again after one that left the document half done, and others get a turn before each.
 */
async function inSteps(payloads: readonly ProsePayload[], needed: readonly ProsePayload[], clock: Clock): Promise<Read & { dear: ProsePayload[] }> {
  const mayTakeLong = ({ entry, payload }: ProsePayload): boolean => entry !== null && faultOf(payload) === null && isKnotty(payload)
  const steps = payloads.filter(mayTakeLong)
  const base = payloads.filter((one) => !steps.includes(one))
  const taken: ProsePayload[] = []
  const dear: ProsePayload[] = []
  let read = applied(base)
  const turn = (): Promise<void> => new Promise((resolve) => void clock.after(0, resolve))
  for (const step of steps) {
    await turn()
    const verdict = tryUpdate(read.doc, step.payload, clock, needed.includes(step) ? Infinity : undefined)
    if (verdict === 'well') {
      taken.push(step)
      continue
    }
    if (verdict === 'slow') dear.push(step)
    // The reading of the whole says why it cannot be read, and leaves it out.
    else base.push(step)
    read.doc.destroy()
    read = applied(base)
    for (const { payload } of taken) {
      await turn()
      Y.applyUpdate(read.doc, payload)
    }
  }
  return { ...read, dear }
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
/** Names what a document waits for: the same for the same. */
export function lackOf({ store: { pendingStructs, pendingDs } }: Y.Doc): number {
  const missing = [...(pendingStructs?.missing ?? [])].map(([client, clock]) => `${client}:${clock}`).sort()
  return crc32(pendingDs ?? new Uint8Array(0), crc32(utf8(missing.join())))
}

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
