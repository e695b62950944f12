/**
 * Prose as plain data, the shape ProseMirror uses (`type`, `attrs`, `content`, `text`, `marks`), read from the Yjs fragment without any
 * editor or schema: nodes and marks that this build does not know come through as they are. Equal documents give equal data.
 */
import * as Y from 'yjs'

export interface ProseNode {
  type: string
  attrs?: Record<string, unknown>
  content?: ProseNode[]
  text?: string
  marks?: ProseMark[]
}
export interface ProseMark {
  type: string
  attrs?: Record<string, unknown>
}

/** Name of the fragment that holds an item's prose. */
export const PROSE_FRAGMENT = 'prose'

/** Deeper than any editor makes; a hostile document must not exhaust the stack of whoever reads it. */
const DEPTH_MAX = 100

/** The editor binding stores overlapping marks of one type under `name--<8 characters>`. */
const HASHED_MARK = /^(.*)--[A-Za-z0-9+/=]{8}$/

export function proseJson(doc: Y.Doc): ProseNode {
  return { type: 'doc', content: childrenOf(doc.getXmlFragment(PROSE_FRAGMENT), 0) }
}

function childrenOf(parent: Y.XmlFragment | Y.XmlElement, depth: number): ProseNode[] {
  if (depth > DEPTH_MAX) return []
  const nodes: ProseNode[] = []
  for (const child of parent.toArray()) {
    if (child instanceof Y.XmlText) nodes.push(...textOf(child))
    else if (child instanceof Y.XmlElement) {
      const node: ProseNode = { type: child.nodeName }
      const attrs = sorted(child.getAttributes())
      if (attrs) node.attrs = attrs
      const content = childrenOf(child, depth + 1)
      if (content.length > 0) node.content = content
      nodes.push(node)
    }
  }
  return nodes
}

function textOf(text: Y.XmlText): ProseNode[] {
  const nodes: ProseNode[] = []
  for (const { insert, attributes } of text.toDelta() as { insert: unknown; attributes?: Record<string, unknown> }[]) {
    if (typeof insert !== 'string' || insert === '') continue
    const node: ProseNode = { type: 'text', text: insert }
    const marks = Object.entries(attributes ?? {})
      .filter(([, value]) => value !== null)
      .map(([name, value]) => markOf(HASHED_MARK.exec(name)?.[1] ?? name, value))
      .sort((a, b) => compare(a.type, b.type) || compare(JSON.stringify(a.attrs ?? null), JSON.stringify(b.attrs ?? null)))
    if (marks.length > 0) node.marks = marks
    // A run ends wherever formatting was ever set in the text, also where it changes nothing any more: no reader sees that.
    const last = nodes[nodes.length - 1]
    if (last && JSON.stringify(last.marks) === JSON.stringify(node.marks)) last.text += insert
    else nodes.push(node)
  }
  return nodes
}

function markOf(type: string, value: unknown): ProseMark {
  const attrs = typeof value === 'object' && value !== null ? sorted(value as Record<string, unknown>) : undefined
  return attrs ? { type, attrs } : { type }
}

/** Attributes by name, undefined ones left out; undefined when there are none. */
function sorted(attrs: Record<string, unknown>): Record<string, unknown> | undefined {
  const entries = Object.entries(attrs).filter(([, value]) => value !== undefined && value !== null).map(([name, value]): [string, unknown] => [name, plain(value)])
  return entries.length > 0 ? Object.fromEntries(entries.sort(([a], [b]) => compare(a, b))) : undefined
}

/** A program may write whole numbers without end; they are no plain data, and nobody can seal or export them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Array.isArray(value) ? value.map(plain) : Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The text of a node: blocks on lines of their own. */
export function textOfProse(node: ProseNode): string {
  const lines: string[] = []
  let line = ''
  const flush = (): void => {
    if (line.trim() !== '') lines.push(line.trim())
    line = ''
  }
  const walk = (one: ProseNode): void => {
    if (one.text !== undefined) {
      line += one.text
      return
    }
    flush()
    for (const child of one.content ?? []) walk(child)
    flush()
  }
  walk(node)
  flush()
  return lines.join('\n')
}

/** First heading, or else first line: what a page without a title is called. '' when there is no text. */
export function titleOfProse(node: ProseNode): string {
  const find = (one: ProseNode, wanted: (candidate: ProseNode) => boolean): ProseNode | null => {
    if (wanted(one)) return one
    for (const child of one.content ?? []) {
      const found = find(child, wanted)
      if (found) return found
    }
    return null
  }
  const heading = find(node, ({ type, content }) => type === 'heading' && textOfProse({ type: 'doc', content: content ?? [] }) !== '')
  return (textOfProse(heading ?? node).split('\n')[0] ?? '').trim()
}
