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

/** Entries of one part that follow each other: a sentence is typed in many entries, and is read and pasted back as one. */
function readable(run: readonly NewEntry[]): string {
  const payloads = run.map(({ payload }) => payload)
  switch (run[0]?.part) {
    case 'prose':
      return readableProse(payloads)
    case 'facts':
      return payloads.map(readableChange).join('\n')
    case 'act':
      return payloads.map(fromUtf8).join('\n')
    case undefined:
      return ''
  }
}

function runsOf(entries: readonly Unsent[]): Unsent[][] {
  const runs: Unsent[][] = []
  for (const entry of entries) {
    const last = runs.at(-1)
    if (last?.[0]?.part === entry.part) last.push(entry)
    else runs.push([entry])
  }
  return runs
}

/** In: entries in the order they were made; titles where known. Out: one file, an item under the other. */
export function unsentText(entries: readonly Unsent[], titleOf: (item: ItemId) => string, now: number): { fileName: string; text: string } {
  const byItem = new Map<ItemId, Unsent[]>()
  for (const entry of entries) byItem.set(entry.item, [...(byItem.get(entry.item) ?? []), entry])
  const blocks = [...byItem].map(([item, list]) => {
    const lines = runsOf(list).map((run) => {
      const codes = [...new Set(run.map(({ code }) => code))].filter((code) => code !== '')
      const head = `[${new Date(run[0]?.clientTime ?? now).toISOString()}] ${run[0]?.part ?? ''}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`
      const body = readable(run)
      return body === '' ? head : `${head}\n${body}`
    })
    return `# ${titleOf(item) || item}\n${item}\n\n${lines.join('\n\n')}\n`
  })
  const stamp = new Date(now).toISOString().slice(0, 16).replace(/[:T]/g, '-')
  return { fileName: `samenpad-${stamp}.txt`, text: blocks.join('\n') }
}
