/**
 * Facts of one item as the relay's readers and tools see them: Automerge in, `FactsState` out. The engine has its own for editing
 * (client/engine/facts.ts); what both show of the same entries is the same, and a test holds them to it.
 *
 * Shape (decision 0002): a flat map path → scalar, strings as ImmutableString, one register per path. Registers that
 * `shared/model/facts.ts` does not allow stay in the document and out of the view.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as A from '@automerge/automerge/slim'
import * as decoding from 'lib0/decoding'
import { assert, must } from '../../shared/base/assert.ts'
import type { Id, UserId } from '../../shared/base/ids.ts'
import { isFactPath, isFactValue, type Answer, type FactsState, type FactValue } from '../../shared/model/facts.ts'

type Registers = Record<string, unknown>

export interface FactsDocument {
  /** Errors: throws on bytes that are no changes; the document is not to be used any more then. */
  apply(payload: Uint8Array, author: UserId): void
  view(): FactsState
  /** One change from assignments, as a payload of format am1. Errors: throws when it would change nothing. */
  change(assignments: readonly (readonly [path: string, value: FactValue])[], timeMs: number, author: UserId): Uint8Array
  dispose(): void
}

let loading: Promise<void> | null = null

/** Resolves when facts can be read in this thread: the wasm that the package ships is compiled once, about 50 ms. */
export function loadFacts(): Promise<void> {
  loading ??= readFile(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')).then(async (wasm) => {
    // A test run may have an engine beside it: a second wasm under living documents would break them.
    if (!A.isWasmInitialized()) await A.initializeWasm(new Uint8Array(wasm))
  })
  return loading
}

/** In: `actor` for own changes, used by nobody else; after `loadFacts`. */
export function createFactsDocument(actor: Id): FactsDocument {
  let doc: A.Doc<Registers> = A.init<Registers>({ actor })
  /** Whose an actor is: the log lets nobody else continue it. */
  const authors = new Map<string, UserId>()
  return {
    apply(payload, author) {
      const before = A.getHeads(doc)
      ;[doc] = A.applyChanges(doc, changesIn(payload))
      for (const { actor: one } of A.getChangesMetaSince(doc, before)) if (!authors.has(one)) authors.set(one, author)
    },
    view: () => viewOf(doc, authors),
    change(assignments, timeMs, author) {
      const before = A.getHeads(doc)
      // Automerge counts in whole seconds, and takes the machine's own clock when none is given.
      doc = A.change(doc, { time: Math.floor(timeMs / 1000) }, (draft) => {
        for (const [path, value] of assignments) draft[path] = typeof value === 'string' ? new A.ImmutableString(value) : value
      })
      assert(A.getHeads(doc).toString() !== before.toString(), 'a change that changes something')
      authors.set(actor, author)
      return must(A.getLastLocalChange(doc), 'a change has bytes')
    },
    dispose: () => A.free(doc),
  }
}

/** Magic, checksum and type: 9 bytes; then a length and that many bytes. */
const CHUNK_HEAD_BYTES = 9

/** A payload is one or more change chunks after one another. Errors: throws at the end of the bytes. */
export function changesIn(payload: Uint8Array): Uint8Array[] {
  const decoder = decoding.createDecoder(payload)
  const chunks: Uint8Array[] = []
  while (decoding.hasContent(decoder)) {
    const start = decoder.pos
    decoder.pos += CHUNK_HEAD_BYTES
    const size = decoding.readVarUint(decoder)
    decoder.pos += size
    if (decoder.pos > payload.length) throw new Error('a change is cut off')
    chunks.push(payload.subarray(start, decoder.pos))
  }
  return chunks
}

const valueOf = (raw: unknown): FactValue | undefined => {
  const value = A.isImmutableString(raw) ? raw.toString() : raw
  return isFactValue(value) ? value : undefined
}

function viewOf(doc: A.Doc<Registers>, authors: ReadonlyMap<string, UserId>): FactsState {
  const registers: Record<string, FactValue> = {}
  const conflicts: Record<string, Answer[]> = {}
  /** Changes of each actor in order; asked once, because a member can give a register thousands of answers. */
  let changesBy: Map<string, ReturnType<typeof A.getChangesMetaSince>> | null = null
  const timeOf = (key: string): number | null => {
    changesBy ??= Map.groupBy(A.getChangesMetaSince(doc, []), (change) => change.actor)
    const at = key.indexOf('@')
    const counter = Number(key.slice(0, at))
    const change = changesBy.get(key.slice(at + 1))?.findLast(({ startOp }) => startOp <= counter)
    return change && counter <= change.maxOp ? change.time * 1000 : null
  }
  for (const path of Object.keys(doc).sort()) {
    const value = isFactPath(path) ? valueOf(doc[path]) : undefined
    if (value === undefined) continue
    registers[path] = value
    const answers: Answer[] = []
    const values = new Set<FactValue>()
    for (const [key, raw] of Object.entries(A.getConflicts(doc, path) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const answer = valueOf(raw)
      // The same answer given twice is one answer.
      if (answer === undefined || values.has(answer)) continue
      values.add(answer)
      answers.push({ value: answer, key, author: authors.get(key.slice(key.indexOf('@') + 1)) ?? null, time: timeOf(key) })
    }
    if (answers.length > 1) conflicts[path] = answers
  }
  return { registers, conflicts }
}
