/**
 * A snapshot of one part of an item, from the one before it and the entries after that. Runs in the reader thread, which may be killed over it.
 *
 * Invariant (6): what it gives equals what applying the entries one by one gives. An entry that cannot be applied, or something that waits for
 * what never came, makes no snapshot at all: the entries are sent then. Prose is collected (decision 0016); nothing is tidied.
 */
import * as A from '@automerge/automerge/slim'
import * as Y from 'yjs'
import type { Entry } from '../../shared/model/entries.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { attributionFrom, type Contribution } from '../../shared/protocol/attribution.ts'
import { readChangeHeaders } from '../../shared/protocol/automerge-header.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { decodeSnapshotBody, encodeSnapshotBody, type SnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { nativeTools } from '../store/admission.ts'
import type { SnapshotPart } from '../store/snapshots.ts'
import { changesIn } from './facts-document.ts'

export interface SnapshotBuilder {
  /** Entries of the part, in order. Errors: throws on what cannot be applied; the builder is of no more use. */
  add(entries: readonly Entry[]): void
  /** Errors: throws when something waits for what is not there. */
  finish(): Uint8Array
  dispose(): void
}

/** `mergeUpdates` is super-linear in their number. */
const MERGE_GROUP_COUNT_MAX = 256
/** Reads only, so it writes nothing under it and may be anything. */
const ACTOR = '00'.repeat(16)

interface Builder {
  add(payloads: readonly Uint8Array[]): void
  spansOf(payload: Uint8Array): Contribution['spans']
  content(): Uint8Array
  dispose(): void
}

function proseBuilder(before: Uint8Array | null): Builder {
  const doc = createProseDoc()
  if (before) Y.applyUpdate(doc, before)
  return {
    add(payloads) {
      for (let from = 0; from < payloads.length; from += MERGE_GROUP_COUNT_MAX) Y.applyUpdate(doc, Y.mergeUpdates(payloads.slice(from, from + MERGE_GROUP_COUNT_MAX)))
    },
    spansOf(payload) {
      const header = readProseHeader(payload)
      if (typeof header === 'string') throw new Error(header)
      return header.blocks.map(({ client, from, to }) => ({ key: String(client), from, to }))
    },
    content() {
      if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) throw new Error('waits for what is not there')
      return Y.encodeStateAsUpdate(doc)
    },
    dispose: () => doc.destroy(),
  }
}

function factsBuilder(before: Uint8Array | null): Builder {
  let doc: A.Doc<Record<string, unknown>> = before ? A.load(before, { actor: ACTOR }) : A.init({ actor: ACTOR })
  return {
    add(payloads) {
      ;[doc] = A.applyChanges(doc, payloads.flatMap(changesIn))
    },
    spansOf(payload) {
      const headers = readChangeHeaders(payload, nativeTools)
      if (!headers) throw new Error('malformed')
      return headers.map(({ actor, seq }) => ({ key: actor, from: seq, to: seq + 1 }))
    },
    content() {
      if (A.getMissingDeps(doc, []).length > 0) throw new Error('waits for what is not there')
      const saved = A.save(doc)
      // Changes that another program wrote can make a document that Automerge saves and cannot load again.
      A.free(A.load(saved, { actor: ACTOR }))
      return saved
    },
    dispose: () => A.free(doc),
  }
}

/** In: after `loadFacts`; the body before. Errors: throws when that is unreadable. */
export function createSnapshotBuilder(part: SnapshotPart, before: Uint8Array | null): SnapshotBuilder {
  const begun: SnapshotBody | null = before ? decodeSnapshotBody(before) : null
  const builder = part === 'prose' ? proseBuilder(begun?.content ?? null) : factsBuilder(begun?.content ?? null)
  const attribution = attributionFrom(begun?.attribution ?? null)
  let last: { changedAt: number; changedBy: UserId } | null = begun
  return {
    add(entries) {
      builder.add(entries.map(({ payload }) => payload))
      for (const { seq, author, serverTime, payload } of entries) {
        attribution.add({ seq, author, serverTime, spans: builder.spansOf(payload) })
        last = { changedAt: serverTime, changedBy: author }
      }
    },
    finish() {
      if (!last) throw new Error('Bug: a snapshot of nothing')
      return encodeSnapshotBody({ changedAt: last.changedAt, changedBy: last.changedBy, attribution: attribution.result(), content: builder.content() })
    },
    dispose: () => builder.dispose(),
  }
}
