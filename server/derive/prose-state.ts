/**
 * The prose of one item as a Yjs document that follows the log, inside a worker. It collects: what is deleted need not travel to a client that
 * never had it (of a long session 311 KB go out instead of 3.4 MB). What goes back into the log is taken from the client's own
 * bytes: text that was written where somebody else deleted must not get lost on that way.
 *
 * Invariant: between calls the document holds exactly the entries up to `seq`, or what `novelty` added and its caller is about to
 * push; a caller whose push was refused forgets the state and begins again.
 */
import * as Y from 'yjs'
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { WriterId } from '../../shared/base/ids.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { readProseHeader, type ProseHeaderFailure } from '../../shared/protocol/prose-header.ts'
import { splitByWriter, withDeletionsOf, type WriterPart } from './split-update.ts'

export type NoveltyFailure =
  /** Never readable: whoever sent it is broken or hostile. */
  | { kind: 'malformed' | 'subdocument' }
  /** Stands on something that is not in the log. */
  | { kind: 'gap' }

/** What a header that was refused comes to here: a gap inside is one that the sender may fill. */
export const noveltyFailure = (header: ProseHeaderFailure): NoveltyFailure => ({ kind: header === 'skip' ? 'gap' : header })

export interface ProseState {
  /** Last seq that was applied; 0 for none. */
  readonly seq: number
  /** Bytes of updates applied: what the state roughly costs to keep. */
  readonly bytes: number
  readonly doc: Y.Doc
  /**
   * Out: false when the log took what `novelty` added in other words (something in it was erased for good): the document holds what the log does not, and
   * must be thrown away. Errors: throws on an unreadable update; the state must be thrown away then.
   */
  apply(seq: number, update: Uint8Array, writer: WriterId): boolean
  /** Instead of the entries up to `seq`, before any other. Errors: throws on unreadable content; the state must be thrown away then. */
  begin(seq: number, content: Uint8Array): void
  stateVector(): Uint8Array
  /** Everything that a document with this state vector lacks. Errors: throws on a malformed vector. */
  missingFor(stateVector: Uint8Array): Uint8Array
  /**
   * What an update adds to this document, as an update of its own; null when it adds nothing. The document holds it afterwards.
   * A reconnecting client sends all that it ever deleted again: none of that comes out.
   */
  novelty(update: Uint8Array): Uint8Array | NoveltyFailure | null
  /** A novelty in parts of one writer each, in an order in which the log can take them. */
  split(novelty: Uint8Array): WriterPart[]
  dispose(): void
}

export function createProseState(): ProseState {
  const doc = createProseDoc()
  let seq = 0
  let bytes = 0
  /** Who continues a clientID, as far as the log says. */
  const writers = new Map<number, WriterId>()
  /** What `novelty` added and no entry has said yet, nor its parts. */
  let added: Uint8Array | null = null
  const hasPending = (): boolean => doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  return {
    get seq() {
      return seq
    },
    get bytes() {
      return bytes
    },
    doc,
    apply(at, update, writer) {
      const header = readProseHeader(update)
      const blocks = typeof header === 'string' ? [] : header.blocks
      // An entry goes on where the log ends; what begins before the end of this document is here already, from `novelty`.
      const isHere = blocks.some(({ client, from }) => from < Y.getState(doc.store, client))
      if (isHere && (added === null || !bytesEqual(update, added))) return false
      if (isHere) added = null
      Y.applyUpdate(doc, update)
      for (const { client } of blocks) writers.set(client, writer)
      seq = at
      bytes += update.length
      return true
    },
    begin(at, content) {
      Y.applyUpdate(doc, content)
      if (hasPending()) throw new Error('waits for what is not there')
      seq = at
      bytes += content.length
    },
    stateVector: () => Y.encodeStateVector(doc),
    missingFor: (stateVector) => Y.encodeStateAsUpdate(doc, stateVector),
    novelty(update) {
      const header = readProseHeader(update)
      if (typeof header === 'string') return noveltyFailure(header)
      const before = Y.encodeStateVector(doc)
      const deltas: Uint8Array[] = []
      const collect = (delta: Uint8Array): void => void deltas.push(delta)
      doc.on('update', collect)
      try {
        Y.applyUpdate(doc, update)
      } catch {
        return { kind: 'malformed' } // passed the header check, yet cannot be integrated: refused as what it is
      } finally {
        doc.off('update', collect)
      }
      if (hasPending()) return { kind: 'gap' }
      const [delta] = deltas
      if (!delta) return null
      // What the document made of it says which deletions are new; the words themselves are as they were sent.
      const novelty = withDeletionsOf(Y.diffUpdate(update, before), delta)
      bytes += novelty.length
      added = novelty
      return novelty
    },
    split: (novelty) => splitByWriter(novelty, Y.decodeStateVector(Y.encodeStateVector(doc)), (client) => writers.get(client) ?? null),
    dispose: () => doc.destroy(),
  }
}
