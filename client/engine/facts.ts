/**
 * Facts of one item as an Automerge document: a flat map path → scalar, one register per path (decision 0002). Strings are ImmutableString,
 * so that two answers never merge into a third. Nothing outside this file and the relay's readers knows Automerge.
 *
 * Invariant: whatever the document holds, the view holds only registers that `shared/model/facts.ts` allows; the rest stays in the
 * document untouched. A payload that cannot be applied leaves the document as it was.
 *
 * Automerge is loaded when the first facts are needed, script and wasm both: rows are drawn without it, and so is the first view.
 */
import type * as Automerge from '@automerge/automerge/slim'
import { bytesEqual, concatBytes, fromUtf8, toHex, utf8 } from '../../shared/base/bytes.ts'
import { crc32 } from '../../shared/base/checksum.ts'
import { sha256 } from '../../shared/base/hash.ts'
import type { Id, UserId } from '../../shared/base/ids.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { ANSWERS_NAMED_COUNT_MAX } from '../../shared/model/limits.ts'
import { isFactPath, isFactValue, type Answer, type FactsState, type FactValue } from '../../shared/model/facts.ts'

type Registers = Record<string, unknown>

/** There once `factsReady` has resolved; nothing below is called before. */
let A: typeof Automerge
let isLoaded = false
let source: (() => Promise<Uint8Array | string>) | null = null
let ready: Promise<void> | null = null

/**
 * Says where Automerge's wasm comes from: its address, or its bytes. Nothing is loaded until the first facts are needed.
 * In: a function, called at most once per successful load.
 */
export function initFacts(wasm: () => Promise<Uint8Array | string>): void {
  source = wasm
}

/** Resolves when facts can be used. Errors: rejects when script or wasm cannot be loaded; the next call tries again. */
export function factsReady(): Promise<void> {
  if (ready) return ready
  if (!source) throw new Error('Bug: initFacts was not called')
  const loading = load(source)
  ready = loading
  loading.catch(() => {
    ready = null
  })
  return loading
}

/** For those who can do without. Out: whether facts can be used. */
export async function factsIfPossible(): Promise<boolean> {
  try {
    await factsReady()
    return true
  } catch {
    return false // asked again where they are needed, and said there
  }
}

async function load(wasm: () => Promise<Uint8Array | string>): Promise<void> {
  // Side by side: neither waits for the other on the line.
  const [script, from] = await Promise.all([import('@automerge/automerge/slim'), wasm()])
  // A page or a test run has one Automerge: a second wasm under living documents would break them.
  if (!script.isWasmInitialized()) await script.initializeWasm(from)
  A = script
  isLoaded = true
}

/** One chunk of an Automerge change: magic, checksum, type, length, body. */
const CHUNK_MAGIC = [0x85, 0x6f, 0x4a, 0x83]

/** A payload is one or more change chunks after one another; null when it is not. */
export function splitChanges(payload: Uint8Array): Uint8Array[] | null {
  const chunks: Uint8Array[] = []
  let at = 0
  while (at < payload.length) {
    if (payload.length - at < 10 || CHUNK_MAGIC.some((byte, i) => payload[at + i] !== byte)) return null
    const type = payload[at + 8]
    if (type !== 1 && type !== 2) return null
    let size = 0
    let scale = 1
    let end = at + 9
    for (;;) {
      const byte = payload[end++]
      if (byte === undefined || scale > 2 ** 42) return null
      size += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) break
    }
    if (size > payload.length - end) return null
    chunks.push(payload.subarray(at, end + size))
    at = end + size
  }
  return chunks.length > 0 ? chunks : null
}

const CHECKSUM_BYTES = 4
const CHECKED_FROM = CHUNK_MAGIC.length + CHECKSUM_BYTES
const PLAIN_CHANGE = 1
const HASH_BYTES = 32

/**
 * Whose change a chunk is, once its checksum is found right: Automerge takes changes with flipped bits. Only the head is read; decoding a change takes
 * eight times as long (45 µs), and a document is made of hundreds. A compressed one hashes what is inflated, which is left to Automerge.
 * In: a chunk as `splitChanges` gives it. Errors: throws when it is not what its writer made.
 */
function actorOf(chunk: Uint8Array): string {
  const checksum = chunk.subarray(CHUNK_MAGIC.length, CHECKED_FROM)
  if (chunk[CHECKED_FROM] !== PLAIN_CHANGE) {
    const { actor, hash } = A.decodeChange(chunk)
    if (!hash?.startsWith(toHex(checksum))) throw new Error('checksum of a change')
    return actor
  }
  if (!bytesEqual(sha256(chunk.subarray(CHECKED_FROM)).subarray(0, CHECKSUM_BYTES), checksum)) throw new Error('checksum of a change')
  let at = CHECKED_FROM + 1
  const number = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = chunk[at++]
      if (byte === undefined || scale > 2 ** 42) throw new Error('head of a change')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  number() // length, as splitChanges saw it
  const depsCount = number()
  at += depsCount * HASH_BYTES
  const size = number()
  if (size === 0 || size > chunk.length - at) throw new Error('actor of a change')
  return toHex(chunk.subarray(at, at + size))
}

export type FactsFailure = { kind: 'unreadable'; reason: string }

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

export interface FactsDocument {
  /** Begins from what `save` gave; to be called first. An unreadable one changes nothing. */
  begin(snapshot: Uint8Array): Result<void, FactsFailure>
  /** Applies a payload of format am1. An unreadable one changes nothing: it is applied to a copy, which costs about a millisecond. */
  apply(payload: Uint8Array, author: UserId): Result<void, FactsFailure>
  /** All at once, several times as fast. When one is unreadable the document is of no more use: begin anew, one by one. */
  applyAll(payloads: readonly { payload: Uint8Array; author: UserId }[]): Result<void, FactsFailure>
  /** One change from assignments. Out: its payload, or null when nothing would change. */
  change(assignments: readonly (readonly [path: string, value: FactValue])[], timeMs: number, me: UserId): Uint8Array | null
  view(): FactsState
  /** Everything as one payload for a SnapshotRow, authors included. */
  save(): Uint8Array
  /** Changes that wait for others they build on; 0 when nothing is missing. */
  missingCount(): number
  /** Names what is missing: the same for the same. Only where something is. */
  lack(): number
  dispose(): void
}

/** A document of its own; `actor` is used for its first own change and must never be used anywhere else. */
export function createFactsDocument(actor: Id): FactsDocument {
  const authors = new Map<string, UserId>()
  /** Made when it is first needed: what begins with a snapshot throws an empty one away, and making that is half of the work for a small document. */
  let made: Automerge.Doc<Registers> | null = null
  const current = (): Automerge.Doc<Registers> => (made ??= A.init<Registers>({ actor }))
  /** Reading conflicts asks Automerge for every register, and most readings follow no change. */
  let seen: { doc: Automerge.Doc<Registers>; view: FactsState } | null = null

  const applyAll: FactsDocument['applyAll'] = (payloads) => {
    const all: Uint8Array[] = []
    const writers: [actor: string, author: UserId][] = []
    try {
      for (const { payload, author } of payloads) {
        const chunks = splitChanges(payload)
        if (!chunks) return fail({ kind: 'unreadable', reason: 'not a list of changes' })
        for (const chunk of chunks) writers.push([actorOf(chunk), author])
        all.push(...chunks)
      }
      if (all.length > 0) [made] = A.applyChanges(current(), all)
      // The first entry of an actor says whose it is: the relay lets nobody else continue it.
      for (const [actor, author] of writers) if (!authors.has(actor)) authors.set(actor, author)
      return ok(undefined)
    } catch (error) {
      return fail({ kind: 'unreadable', reason: reasonOf(error) })
    }
  }

  return {
    begin(snapshot) {
      try {
        const saved = unpack(snapshot)
        made = A.load<Registers>(saved.document, { actor })
        for (const [one, author] of saved.authors) authors.set(one, author)
        return ok(undefined)
      } catch (error) {
        return fail({ kind: 'unreadable', reason: reasonOf(error) })
      }
    },
    apply(payload, author) {
      // What Automerge refuses half-way stays half-way in the document, and whoever types on then builds on what nobody else has. A copy that took it
      // whole is the document from then on: applying it once more would keep everybody waiting twice as long for a large one.
      const before = current()
      const copy = A.clone(before, { actor })
      made = copy
      const applied = applyAll([{ payload, author }])
      made = applied.ok ? made : before
      A.free(applied.ok ? before : copy)
      return applied
    },
    applyAll,
    change(assignments, timeMs, me) {
      const before = A.getHeads(current())
      // Automerge counts in whole seconds, and takes the machine's own clock when none is given.
      const doc = (made = A.change(current(), { time: Math.floor(timeMs / 1000) }, (draft) => {
        for (const [path, value] of assignments) draft[path] = toAutomerge(value)
      }))
      const after = A.getHeads(doc)
      if (after.length === before.length && after.every((head, i) => head === before[i])) return null
      const change = A.getLastLocalChange(doc)
      if (!change) throw new Error('Bug: a change without bytes')
      authors.set(A.getActorId(doc), me)
      return change
    },
    view() {
      const doc = current()
      // Automerge gives a document that changed another identity.
      if (seen?.doc !== doc) seen = { doc, view: viewOf(doc, authors) }
      return seen.view
    },
    save: () => pack(A.save(current()), authors),
    missingCount: () => A.getMissingDeps(current(), []).length,
    lack: () => crc32(utf8(A.getMissingDeps(current(), []).sort().join())),
    dispose() {
      if (made) A.free(made)
    },
  }
}

/** The last moment that a Date can be, and the first one before zero. */
const LAST_MOMENT_MS = 8.64e15

const toAutomerge = (value: FactValue): unknown => {
  if (typeof value === 'string') return new A.ImmutableString(value)
  // A whole number beyond 2^53 would be written as a 64-bit integer and come back as something else.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return new A.Float64(value)
  return value
}

const fromAutomerge = (raw: unknown): FactValue | undefined => {
  const value = A.isImmutableString(raw) ? raw.toString() : raw
  return isFactValue(value) ? value : undefined
}

function viewOf(doc: Automerge.Doc<Registers>, authors: ReadonlyMap<string, UserId>): FactsState {
  const registers: Record<string, FactValue> = {}
  const conflicts: Record<string, Answer[]> = {}
  /** Changes of each actor in order; asked once, because a member can give a register thousands of answers. */
  let changesBy: Map<string, ReturnType<typeof A.getChangesMetaSince>> | null = null
  const timeOf = (opId: string): number | null => {
    changesBy ??= Map.groupBy(A.getChangesMetaSince(doc, []), (change) => change.actor)
    const [counter, actor] = [Number(opId.slice(0, opId.indexOf('@'))), opId.slice(opId.indexOf('@') + 1)]
    const change = changesBy.get(actor)?.findLast(({ startOp }) => startOp <= counter)
    const ms = change && counter <= change.maxOp ? change.time * 1000 : NaN
    // Whatever somebody's program wrote there; nobody can show a moment that no calendar has.
    return Math.abs(ms) <= LAST_MOMENT_MS ? ms : null
  }
  for (const path of Object.keys(doc).sort()) {
    if (!isFactPath(path)) continue
    const value = fromAutomerge(doc[path])
    if (value === undefined) continue
    registers[path] = value
    const all = A.getConflicts(doc, path)
    if (!all) continue
    const answers: Answer[] = []
    const values = new Set<FactValue>()
    for (const [key, raw] of Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const one = fromAutomerge(raw)
      // The same answer given twice is one answer. The one that stands is always among those that are shown.
      if (one === undefined || values.has(one) || (values.size >= ANSWERS_NAMED_COUNT_MAX && one !== value)) continue
      values.add(one)
      answers.push({ value: one, key, author: authors.get(key.slice(key.indexOf('@') + 1)) ?? null, time: timeOf(key) })
    }
    if (answers.length > 1) conflicts[path] = answers
  }
  return { registers, conflicts }
}

/** A document as Automerge saves it, with whose its actors are, as `save` would give it. */
export const packFacts = (document: Uint8Array, authors: ReadonlyMap<string, UserId>): Uint8Array => pack(document, authors)

/** Length of the author list as 4 bytes, the list as JSON, then the saved document. */
function pack(document: Uint8Array, authors: ReadonlyMap<string, UserId>): Uint8Array {
  const list = utf8(JSON.stringify([...authors].sort(([a], [b]) => (a < b ? -1 : 1))))
  const size = new Uint8Array(4)
  new DataView(size.buffer).setUint32(0, list.length)
  return concatBytes([size, list, document])
}

function unpack(snapshot: Uint8Array): { document: Uint8Array; authors: [string, UserId][] } {
  const size = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength).getUint32(0)
  const authors = JSON.parse(fromUtf8(snapshot.subarray(4, 4 + size))) as [string, UserId][]
  return { document: snapshot.subarray(4 + size), authors }
}

/** What a change assigns, for a person to read: `title = "Roken"`. Says so when it cannot be read, or when Automerge could not be loaded. */
export function readableChange(payload: Uint8Array): string {
  if (!isLoaded) return '? facts could not be loaded'
  try {
    const lines = (splitChanges(payload) ?? []).flatMap((chunk) =>
      A.decodeChange(chunk).ops.map((op) => `${String(op.key)} = ${JSON.stringify(op.value ?? null)}`),
    )
    return lines.join('\n')
  } catch (error) {
    return `? ${reasonOf(error)}`
  }
}
