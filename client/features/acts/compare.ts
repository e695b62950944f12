/**
 * Sealed text against working version: two canonical contents (derive/canonical.ts) become rows of differences, facts first, then the
 * prose block by block. Pure; the words for fields are put on by the page.
 */
import { diffArrays, diffWordsWithSpace } from 'diff'

export const COMPARE_PAGE = 'compare'

export interface Run {
  kind: 'same' | 'removed' | 'added'
  text: string
}

export interface Difference {
  /** Path of a fact, or '' for prose. */
  path: string
  /** Row number in its list, in the version that has it. */
  number: number
  kind: 'changed' | 'added' | 'removed'
  /** Values of facts; null where it did not exist. */
  before: unknown
  after: unknown
  /** Word by word, for prose and long texts. */
  runs: Run[]
}

interface Node {
  type: string
  text?: string
  content?: Node[]
}
type Values = Record<string, string | number | boolean | null>
interface Content {
  facts: Values
  lists: Record<string, ({ id: string } & Values)[]>
  prose: Node
  type: string | null
}

/** In: canonical content as sealed. Errors: throws on anything else; seals were checked by the relay. */
export const readContent = (canonical: string): Content => JSON.parse(canonical) as Content

const runsOf = (before: string, after: string): Run[] =>
  diffWordsWithSpace(before, after).map(({ value, added, removed }) => ({ kind: added ? 'added' : removed ? 'removed' : 'same', text: value }))

const textOf = (node: Node): string => node.text ?? (node.content ?? []).map(textOf).join(node.type === 'tableRow' ? ' | ' : '')

/** Blocks as a reader sees them: a paragraph, a heading, an item of a list, a row of a table. */
function blocksOf(node: Node): string[] {
  const isLeafBlock = ['paragraph', 'heading', 'listItem', 'taskItem', 'tableRow', 'codeBlock'].includes(node.type)
  if (isLeafBlock) return [textOf(node).trim()].filter((text) => text !== '')
  return (node.content ?? []).flatMap(blocksOf)
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

function factDifference(path: string, number: number, before: unknown, after: unknown): Difference | null {
  if (before === after) return null
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  const isLong = asText(before).length + asText(after).length > 80
  return { path, number, kind, before: before ?? null, after: after ?? null, runs: kind === 'changed' && isLong ? runsOf(asText(before), asText(after)) : [] }
}

export function differencesOf(sealed: Content, working: Content): Difference[] {
  const found: Difference[] = []
  const push = (difference: Difference | null): void => void (difference && found.push(difference))

  for (const field of [...new Set([...Object.keys(sealed.facts), ...Object.keys(working.facts)])]) push(factDifference(field, 0, sealed.facts[field], working.facts[field]))

  for (const list of [...new Set([...Object.keys(sealed.lists), ...Object.keys(working.lists)])]) {
    const before = sealed.lists[list] ?? []
    const after = working.lists[list] ?? []
    for (const [at, row] of after.entries()) {
      const old = before.find((one) => one.id === row.id)
      if (!old) found.push({ path: `${list}/${row.id}`, number: at + 1, kind: 'added', before: null, after: row, runs: [] })
      else for (const field of new Set([...Object.keys(old), ...Object.keys(row)])) if (field !== 'id') push(factDifference(`${list}/${row.id}/${field}`, at + 1, old[field], row[field]))
    }
    for (const [at, row] of before.entries()) if (!after.some((one) => one.id === row.id)) found.push({ path: `${list}/${row.id}`, number: at + 1, kind: 'removed', before: row, after: null, runs: [] })
  }

  found.push(...proseDifferences(blocksOf(sealed.prose), blocksOf(working.prose)))
  return found
}

/** Blocks removed and added at one place are read as one changed block each, pair by pair. */
function proseDifferences(before: string[], after: string[]): Difference[] {
  const found: Difference[] = []
  let removed: string[] = []
  const flush = (added: string[]): void => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) {
      const [old, fresh] = [removed[i], added[i]]
      const kind = old === undefined ? 'added' : fresh === undefined ? 'removed' : 'changed'
      found.push({ path: '', number: 0, kind, before: old ?? null, after: fresh ?? null, runs: runsOf(old ?? '', fresh ?? '') })
    }
    removed = []
  }
  for (const part of diffArrays(before, after)) {
    if (part.removed) removed = part.value
    else flush(part.added ? part.value : [])
  }
  flush([])
  return found
}
