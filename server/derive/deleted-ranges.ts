/** What of a prose was deleted, by ranges: what *definitief verwijderen* of its history takes away. Reads content: for workers and tools. */
import * as Y from 'yjs'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { joinRanges, type ErasedRanges } from '../../shared/protocol/erase-prose.ts'

/** Everything that a document no longer shows, also what went along with a paragraph that somebody else deleted. */
export function deletedRangesOf(doc: Y.Doc): ErasedRanges {
  const { clients } = Y.createDeleteSetFromStructStore(doc.store)
  return joinRanges(new Map([...clients].map(([client, items]) => [client, items.map(({ clock, len }): [number, number] => [clock, clock + len])])))
}

/** In: all prose payloads of an item. One that cannot be read is left out, as everywhere. */
export function deletedRanges(payloads: readonly Uint8Array[]): ErasedRanges {
  const doc = createProseDoc()
  try {
    for (const payload of payloads) {
      try {
        Y.applyUpdate(doc, payload)
      } catch {
        continue // shown by nobody: what it holds is not in the text, and erased with the item as a whole
      }
    }
    return deletedRangesOf(doc)
  } finally {
    doc.destroy()
  }
}
