/**
 * What an item says, in one canonical form, from wherever it comes: an engine's answer, a window's own document, or the relay's log
 * applied entry by entry with nothing but Yjs, Automerge and `applyAct`. The last is the independent judge: it shares no code with the
 * engine's projections. Two places agree when their canonical forms are equal, character by character.
 */
import type * as Automerge from '@automerge/automerge/slim'
import * as Y from 'yjs'
import { applyAct, NO_ACTS, readAct, type ActsState } from '../../shared/model/acts.ts'
import type { FactsState, FactValue } from '../../shared/model/facts.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { splitChunks } from './automerge.ts'

export const PROSE = 'prose'

export interface Content {
  prose: string
  facts: string
  acts: string
  /** Structs or changes that wait for something that never came. */
  pending: string | null
}

/** After changes of others Yjs tidies formatting by edits of its own, and what it deletes depends on how updates were grouped: here it may not. */
export function untidied(): Y.Doc {
  const doc = new Y.Doc({ guid: 'prose' })
  doc.on('afterTransaction', (transaction: Y.Transaction) => void (transaction._needFormattingCleanup = false))
  return doc
}

export const proseText = (doc: Y.Doc): string => doc.getXmlFragment(PROSE).toString()

/** null: nothing waits. */
export function pendingOf(doc: Y.Doc): string | null {
  if (doc.store.pendingStructs) return `Yjs structs waiting for ${JSON.stringify([...doc.store.pendingStructs.missing])}`
  if (doc.store.pendingDs) return 'Yjs deletions waiting'
  return null
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function factsText(facts: FactsState): string {
  const registers = Object.entries(facts.registers).sort(([a], [b]) => compareText(a, b))
  const conflicts = Object.entries(facts.conflicts)
    .map(([path, answers]): [string, string[]] => [path, [...new Set(answers.map((answer) => JSON.stringify(answer.value)))].sort(compareText)])
    .sort(([a], [b]) => compareText(a, b))
  return JSON.stringify({ registers, conflicts })
}

export const actsText = (state: ActsState): string => JSON.stringify(state, Object.keys(state).sort().concat('party', 'verdict', 'note', 'by', 'time'))

type Register = string | number | boolean | null | { toString(): string }
const plain = (value: Register): FactValue => (typeof value === 'object' && value !== null ? value.toString() : value)

/** Registers and visible conflicts of a document whose root is flat (path → scalar). */
export function factsOfDocument(A: typeof Automerge, doc: Automerge.Doc<Record<string, Register>>): FactsState {
  const registers: Record<string, FactValue> = {}
  const conflicts: Record<string, { value: FactValue; key: string; author: null; time: null }[]> = {}
  for (const path of Object.keys(doc)) {
    registers[path] = plain(doc[path] as Register)
    const answers = A.getConflicts(doc, path) as Record<string, Register> | undefined
    if (!answers) continue
    const values = Object.entries(answers).map(([key, value]) => ({ value: plain(value), key, author: null, time: null }))
    if (new Set(values.map((answer) => JSON.stringify(answer.value))).size > 1) conflicts[path] = values
  }
  return { registers, conflicts }
}

export interface Replayed {
  content: Content
  /** Every text value that was ever given to a register, with the number of changes that gave it. */
  factValues: Map<string, number>
  prose: Y.Doc
}

/** One item from its entries alone, in log order. */
export function replayItem(A: typeof Automerge, entries: readonly (Pick<NewEntry, 'entry' | 'part' | 'payload'> & { author: string; serverTime: number })[]): Replayed {
  const prose = untidied()
  const changes: Uint8Array[] = []
  let acts: ActsState = NO_ACTS
  let pending: string | null = null
  const factValues = new Map<string, number>()
  for (const entry of entries) {
    switch (entry.part) {
      case 'prose':
        Y.applyUpdate(prose, entry.payload)
        break
      case 'facts': {
        changes.push(...splitChunks(entry.payload))
        for (const text of textsOf(A, entry.payload)) factValues.set(text, (factValues.get(text) ?? 0) + 1)
        break
      }
      case 'act': {
        const act = readAct(entry.payload)
        const after = act.ok ? applyAct(acts, act.value, entry.author, entry.serverTime) : act
        if (after.ok) acts = after.value
        else pending = `act ${entry.entry} cannot follow: ${after.failure.kind}`
        break
      }
    }
  }
  const [facts] = A.applyChanges(A.init<Record<string, Register>>({ actor: '00'.repeat(16) }), changes as Automerge.Change[])
  const missing = A.getMissingDeps(facts, [])
  if (missing.length > 0) pending = `Automerge changes waiting for ${missing.join(', ')}`
  const content = { prose: proseText(prose), facts: factsText(factsOfDocument(A, facts)), acts: actsText(acts), pending: pendingOf(prose) ?? pending }
  return { content, factValues, prose }
}

/** Text values that the changes of a payload assign; characters of text objects are put together again. */
export function textsOf(A: typeof Automerge, payload: Uint8Array): string[] {
  const texts: string[] = []
  const characters = new Map<string, string>()
  for (const chunk of splitChunks(payload)) {
    for (const op of A.decodeChange(chunk as Automerge.Change).ops as { action: string; obj: string; value?: unknown; insert?: boolean }[]) {
      if (op.action !== 'set' || typeof op.value !== 'string') continue
      if (op.insert) characters.set(op.obj, (characters.get(op.obj) ?? '') + op.value)
      else texts.push(op.value)
    }
  }
  return [...texts, ...characters.values()]
}
