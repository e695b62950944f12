/**
 * One item from its log entries: facts, prose and acts as anybody would see them. Used by the reader thread for rows and by the export of
 * the command line. Reading never fails as a whole: an entry that cannot be read is left out and named.
 *
 * The item's history is not here: that is the entries themselves.
 */
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { applyAct, NO_ACTS, readAct, sealOf, type Act, type ActsState } from '../../shared/model/acts.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import type { FactsState } from '../../shared/model/facts.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { proseJson, type ProseNode } from '../../shared/derive/prose-json.ts'
import { needsContentSeal, needsProse, rowOf } from '../../shared/derive/row.ts'
import { createFactsDocument, type FactsDocument } from './facts-document.ts'

/** What of an entry is read here. */
export type ReadableEntry = Pick<Entry, 'seq' | 'item' | 'space' | 'part' | 'payload' | 'author' | 'serverTime'>

export interface AcceptedAct {
  seq: number
  act: Act
  author: UserId
  time: number
}

export interface LeftOut {
  seq: number
  part: Part
  author: UserId
  reason: string
}

export interface Materialised {
  item: ItemId
  space: SpaceId
  facts: FactsState
  prose: ProseNode
  acts: ActsState
  /** In order, each of them accepted by the relay. */
  actList: readonly AcceptedAct[]
  /** Canonical content now, and its seal. */
  content: string
  seal: string
  row: ItemRow
  leftOut: readonly LeftOut[]
}

export interface ItemState {
  /** Out: why the entry was left out, null when it was read. */
  apply(entry: ReadableEntry): string | null
  row(): ItemRow
  materialise(): Materialised
  dispose(): void
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

/** In: after `loadFacts`. The state reads only, so its Automerge actor writes nothing and may be anything. */
export function createItemState(space: SpaceId, item: ItemId): ItemState {
  const actor = newId(seededDice(1))
  let facts: FactsDocument = createFactsDocument(actor)
  let doc = createProseDoc()
  const read: Record<'prose' | 'facts', ReadableEntry[]> = { prose: [], facts: [] }
  const actList: AcceptedAct[] = []
  const leftOut: LeftOut[] = []
  let acts = NO_ACTS
  let changedAt = 0
  let changedBy: UserId | null = null

  /** Some readers leave half of a bad payload behind: what was good is read again from the start. */
  function again(part: 'prose' | 'facts'): void {
    if (part === 'facts') {
      facts.dispose()
      facts = createFactsDocument(actor)
      for (const { payload, author } of read.facts) facts.apply(payload, author)
    } else {
      doc.destroy()
      doc = createProseDoc()
      for (const { payload } of read.prose) Y.applyUpdate(doc, payload)
    }
  }

  function take(entry: ReadableEntry): void {
    const { part, payload, author, serverTime, seq } = entry
    switch (part) {
      case 'prose':
        Y.applyUpdate(doc, payload)
        read.prose.push(entry)
        return
      case 'facts':
        facts.apply(payload, author)
        read.facts.push(entry)
        return
      case 'act': {
        const act = readAct(payload)
        if (!act.ok) throw new Error(act.failure.kind)
        const after = applyAct(acts, act.value, author, serverTime)
        if (!after.ok) throw new Error(after.failure.kind)
        acts = after.value
        actList.push({ seq, act: act.value, author, time: serverTime })
      }
    }
  }

  function current(): Omit<Materialised, 'row'> {
    const view = facts.view()
    const prose = proseJson(doc)
    const content = canonicalOf({ facts: view, prose })
    return { item, space, facts: view, prose, acts, actList, content, seal: sealOf(content), leftOut }
  }

  return {
    apply(entry) {
      let reason: string | null = null
      try {
        take(entry)
      } catch (error) {
        reason = reasonOf(error)
        leftOut.push({ seq: entry.seq, part: entry.part, author: entry.author, reason })
        if (entry.part !== 'act') again(entry.part)
      }
      changedAt = entry.serverTime
      changedBy = entry.author
      return reason
    },
    row() {
      const view = facts.view()
      const hasSeal = needsContentSeal(acts)
      const prose = hasSeal || needsProse(view) ? proseJson(doc) : null
      return rowOf({
        item, space, facts: view, acts, changedAt, changedBy,
        ...(prose ? { proseJson: prose } : {}),
        ...(prose && hasSeal ? { contentSeal: sealOf(canonicalOf({ facts: view, prose })) } : {}),
      })
    },
    materialise: () => {
      const now = current()
      return { ...now, row: rowOf({ item, space, facts: now.facts, acts, proseJson: now.prose, contentSeal: now.seal, changedAt, changedBy }) }
    },
    dispose() {
      facts.dispose()
      doc.destroy()
    },
  }
}

/** In: the entries of one item in order, at least one; after `loadFacts`. */
export function materialise(entries: readonly ReadableEntry[]): Materialised {
  const first = must(entries[0], 'an item has at least one entry')
  const state = createItemState(first.space, first.item)
  try {
    for (const entry of entries) state.apply(entry)
    return state.materialise()
  } finally {
    state.dispose()
  }
}
