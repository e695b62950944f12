/**
 * One content of an item against another: two canonical contents (derive/canonical.ts) become rows of differences, facts first, then the
 * prose block by block; and the blocks of a text with a mark on those that are another one, or not there, in the other. Pure; the
 * words for fields are put on by whoever shows them.
 */
import { diffArrays, diffWordsWithSpace } from 'diff'
import { canonicalJson } from '../../shared/derive/canonical.ts'
import type { ProseNode } from '../../shared/derive/prose-json.ts'

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

type Values = Record<string, string | number | boolean | null>
export interface Content {
  facts: Values
  lists: Record<string, ({ id: string } & Values)[]>
  prose: ProseNode
  type: string | null
}

/** In: canonical content as sealed. Errors: throws on anything else; seals were checked by the relay. */
export const readContent = (canonical: string): Content => JSON.parse(canonical) as Content

const runsOf = (before: string, after: string): Run[] =>
  diffWordsWithSpace(before, after).map(({ value, added, removed }) => ({ kind: added ? 'added' : removed ? 'removed' : 'same', text: value }))

const textOf = (node: ProseNode): string => node.text ?? (node.content ?? []).map(textOf).join(node.type === 'tableRow' ? ' | ' : '')

/** Blocks as a reader sees them: a paragraph, a heading, an item of a list, a row of a table. */
function blocksOf(node: ProseNode): string[] {
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

/** A block at the top of a text. `same`: it stands in the other text as it is; `changed`: another stands in its place; `gone`: nothing does. */
export interface MarkedBlock {
  node: ProseNode
  mark: 'same' | 'changed' | 'gone'
  /** Blocks that the other text has between this one and the next, and this text has not. */
  addedAfter: number
}

/** Nothing to read and nothing to see: an empty paragraph comes and goes with typing and is no difference to a person. */
const isBlank = (node: ProseNode): boolean => node.type === 'paragraph' && textOf(node).trim() === '' && (node.content ?? []).every((one) => one.type === 'text' || one.type === 'hardBreak')

/** In: a text, and the one that it is held against. Out: its blocks, in order; `addedBefore`: what the other has before the first. */
export function markedBlocks(text: ProseNode, other: ProseNode): { blocks: MarkedBlock[]; addedBefore: number } {
  const own = (text.content ?? []).filter((node) => !isBlank(node))
  const theirs = (other.content ?? []).filter((node) => !isBlank(node))
  const blocks: MarkedBlock[] = []
  let addedBefore = 0
  let at = 0
  let removed = 0
  const flush = (added: number): void => {
    const changed = Math.min(removed, added)
    for (let i = 0; i < removed; i++) {
      const block = blocks[blocks.length - removed + i]
      if (block) block.mark = i < changed ? 'changed' : 'gone'
    }
    const last = blocks[blocks.length - 1]
    if (last) last.addedAfter += added - changed
    else addedBefore += added - changed
    removed = 0
  }
  for (const part of diffArrays(own.map(canonicalJson), theirs.map(canonicalJson))) {
    if (part.added) {
      flush(part.value.length)
      continue
    }
    flush(0)
    for (const node of own.slice(at, at + part.value.length)) blocks.push({ node, mark: 'same', addedAfter: 0 })
    at += part.value.length
    if (part.removed) removed = part.value.length
  }
  flush(0)
  return { blocks, addedBefore }
}
