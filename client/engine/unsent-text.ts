/**
 * Unsent and refused work as a text that a person can read, keep and paste back: for when the store refuses, the right was lost, or the
 * relay said no. Holds the words themselves, not the bytes.
 */
import { fromUtf8 } from '../../shared/base/bytes.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { readableChange } from './facts.ts'
import { readableProse } from './prose.ts'

export interface Unsent extends NewEntry {
  /** Code of the refusal, '' where there was none. */
  code: string
}

const readable = ({ part, payload }: NewEntry): string => {
  switch (part) {
    case 'prose':
      return readableProse(payload)
    case 'facts':
      return readableChange(payload)
    case 'act':
      return fromUtf8(payload)
  }
}

/** In: entries in the order they were made; titles where known. Out: one file, an item under the other. */
export function unsentText(entries: readonly Unsent[], titleOf: (item: ItemId) => string, now: number): { fileName: string; text: string } {
  const byItem = new Map<ItemId, Unsent[]>()
  for (const entry of entries) byItem.set(entry.item, [...(byItem.get(entry.item) ?? []), entry])
  const blocks = [...byItem].map(([item, list]) => {
    const lines = list.map((entry) => {
      const head = `[${new Date(entry.clientTime).toISOString()}] ${entry.part}${entry.code === '' ? '' : ` (${entry.code})`}`
      const body = readable(entry)
      return body === '' ? head : `${head}\n${body}`
    })
    return `# ${titleOf(item) || item}\n${item}\n\n${lines.join('\n\n')}\n`
  })
  const stamp = new Date(now).toISOString().slice(0, 16).replace(/[:T]/g, '-')
  return { fileName: `samenpad-${stamp}.txt`, text: blocks.join('\n') }
}
