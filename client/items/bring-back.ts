/**
 * An earlier content of an item made the present one again, as an ordinary edit: the log only grows, and what stood there until now is a version like
 * any other. Blocks and rows that are the same in both are not touched, so what somebody writes in them meanwhile stays where it is; of a text that
 * is another one, only the part between its equal beginning and end.
 *
 * What does not come back: the place in the tree, formal steps, and the question behind a fact that had several answers then.
 */
import { diffArrays } from 'diff'
import * as Y from 'yjs'
import { PROSE_FRAGMENT } from '../../shared/derive/prose-json.ts'
import { rowsOf, type FactEdit, type FactsState } from '../../shared/model/facts.ts'
import type { ItemHandle } from './items.ts'

/** Of the transaction: what is brought back is no typing, and Ctrl+Z would take back the text without its facts. */
const ORIGIN_BACK = 'back'

/** Facts of the item that are about its place in the tree, or about what it is. */
const NOT_BROUGHT_BACK: ReadonlySet<string> = new Set(['type', 'parent', 'order', 'gone'])

export interface Earlier {
  /** A Yjs update for a document of its own. */
  prose: Uint8Array
  facts: FactsState
}

/** What an item holds now, to be brought back later. */
export const contentOf = (handle: Pick<ItemHandle, 'doc' | 'facts'>): Earlier => ({ prose: Y.encodeStateAsUpdate(handle.doc), facts: handle.facts })

/** In: a handle that may be written to. Facts and prose reach the log in one transaction. */
export function bringBack(handle: ItemHandle, earlier: Earlier): void {
  const edits = factsBack(handle.facts, earlier.facts)
  const then = new Y.Doc()
  Y.applyUpdate(then, earlier.prose)
  const change = (doc: Y.Doc): void => doc.transact(() => proseBack(doc.getXmlFragment(PROSE_FRAGMENT), then.getXmlFragment(PROSE_FRAGMENT)), ORIGIN_BACK)
  if (edits.length === 0) change(handle.doc)
  else handle.editLinked(edits, change)
  then.destroy()
}

/** The edits that make the facts of now those of then. */
export function factsBack(now: FactsState, then: FactsState): FactEdit[] {
  const edits: FactEdit[] = []
  const set = (path: string): void => {
    if (then.conflicts[path]) return // which of the answers it was, nobody can say for those who gave them
    const value = then.registers[path] ?? null
    if ((now.registers[path] ?? null) !== value || now.conflicts[path]) edits.push({ op: 'set', path, value })
  }
  const lists = new Set<string>()
  const fields = new Set<string>()
  for (const path of [...Object.keys(then.registers), ...Object.keys(now.registers)]) {
    const slash = path.indexOf('/')
    if (slash > 0) lists.add(path.slice(0, slash))
    else if (!NOT_BROUGHT_BACK.has(path)) fields.add(path)
  }
  for (const field of fields) set(field)
  for (const list of lists) {
    const [rowsThen, rowsNow] = [rowsOf(then.registers, list), rowsOf(now.registers, list)]
    for (const { id } of rowsNow) if (!rowsThen.some((row) => row.id === id)) edits.push({ op: 'remove', list, id })
    for (const row of rowsThen) {
      const { id } = row
      if (!rowsNow.some((one) => one.id === id)) edits.push({ op: 'restore', list, id })
      const known = rowsNow.find((one) => one.id === id)
      for (const field of new Set([...Object.keys(row), ...Object.keys(known ?? {})])) if (field !== 'id' && field !== 'gone') set(`${list}/${id}/${field}`)
    }
  }
  return edits
}

type Parent = Y.XmlFragment | Y.XmlElement
type Child = Y.XmlElement | Y.XmlText | Y.XmlHook

const childrenOf = (parent: Parent): Child[] => parent.toArray() as Child[]

/** All that is in it as one text: equal texts, equal to a reader. */
function keyOf(child: Child): string {
  if (child instanceof Y.XmlText) return JSON.stringify(unitsOf(child).map(({ key }) => key))
  if (child instanceof Y.XmlHook) return JSON.stringify(['hook', child.hookName, child.toJSON()])
  return JSON.stringify([child.nodeName, Object.entries(child.getAttributes()).sort(([a], [b]) => (a < b ? -1 : 1)), childrenOf(child).map(keyOf)])
}

/** In: the text of now, and that of then in a document of its own. Call it in a transaction. */
export function proseBack(now: Parent, then: Parent): void {
  const own = childrenOf(now)
  const wanted = childrenOf(then)
  let [at, ownAt, wantedAt] = [0, 0, 0]
  let leaving: Child[] = []
  const flush = (coming: readonly Child[]): void => {
    for (let i = 0; i < Math.max(leaving.length, coming.length); i++) {
      const [old, fresh] = [leaving[i], coming[i]]
      if (old && fresh && becomes(old, fresh)) {
        at++
        continue
      }
      if (old) now.delete(at, 1)
      if (fresh) now.insert(at++, [fresh.clone() as Y.XmlElement | Y.XmlText])
    }
    leaving = []
  }
  for (const { added, removed, value } of diffArrays(own.map(keyOf), wanted.map(keyOf))) {
    if (removed) {
      leaving = own.slice(ownAt, ownAt + value.length)
      ownAt += value.length
    } else if (added) {
      flush(wanted.slice(wantedAt, wantedAt + value.length))
      wantedAt += value.length
    } else {
      flush([])
      at += value.length
      ownAt += value.length
      wantedAt += value.length
    }
  }
  flush([])
}

/** Out: false when the one is no start for the other. */
function becomes(now: Child, then: Child): boolean {
  if (now instanceof Y.XmlText && then instanceof Y.XmlText) {
    textBack(now, then)
    return true
  }
  if (now instanceof Y.XmlElement && then instanceof Y.XmlElement && now.nodeName === then.nodeName) {
    const [has, wants] = [now.getAttributes() as Record<string, unknown>, then.getAttributes() as Record<string, unknown>]
    for (const name of Object.keys(has)) if (!(name in wants)) now.removeAttribute(name)
    for (const [name, value] of Object.entries(wants)) if (JSON.stringify(has[name]) !== JSON.stringify(value)) now.setAttribute(name, value as string)
    proseBack(now, then)
    return true
  }
  return false
}

interface Unit {
  /** One UTF-16 unit, or what stands in the text as a whole. */
  insert: string | object
  attributes: Record<string, unknown>
  key: string
}
const unitsOf = (text: Y.XmlText): Unit[] =>
  (text.toDelta() as { insert: string | object; attributes?: Record<string, unknown> }[]).flatMap(({ insert, attributes = {} }) => {
    const marks = JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
    return (typeof insert === 'string' ? insert.split('') : [insert]).map((one) => ({ insert: one, attributes, key: `${typeof one === 'string' ? one : JSON.stringify(one)}${marks}` }))
  })
const isHigh = (unit: Unit | undefined): boolean => typeof unit?.insert === 'string' && /^[\uD800-\uDBFF]$/.test(unit.insert)

function textBack(now: Y.XmlText, then: Y.XmlText): void {
  const [own, wanted] = [unitsOf(now), unitsOf(then)]
  const shortest = Math.min(own.length, wanted.length)
  let before = 0
  while (before < shortest && own[before]?.key === wanted[before]?.key) before++
  if (isHigh(own[before - 1])) before-- // never half a character
  let after = 0
  while (after < shortest - before && own[own.length - 1 - after]?.key === wanted[wanted.length - 1 - after]?.key) after++
  if (after > 0 && (isHigh(own[own.length - after - 1]) || isHigh(wanted[wanted.length - after - 1]))) after--
  const taken = own.length - before - after
  if (taken > 0) now.delete(before, taken)
  let at = before
  const coming = wanted.slice(before, wanted.length - after)
  for (let i = 0; i < coming.length; ) {
    const first = coming[i] as Unit
    if (typeof first.insert !== 'string') {
      now.insertEmbed(at++, first.insert, first.attributes)
      i++
      continue
    }
    const marks = JSON.stringify(first.attributes)
    let words = ''
    for (let unit = coming[i]; unit && typeof unit.insert === 'string' && JSON.stringify(unit.attributes) === marks; unit = coming[++i]) words += unit.insert
    now.insert(at, words, first.attributes)
    at += words.length
  }
}
