/**
 * The one text that stands for an item's content: what a seal is made of, and what is compared to see whether the content changed since.
 * Holds what a reader sees (type, facts that are filled in, rows that were not removed in their order, prose) and nothing that moves
 * without the content changing (place in the tree, order keys). Two laptops with the same content give the same characters.
 *
 * Layout, JSON with keys in order of code unit: `{"conflicts"?, "facts", "format":"samenpad-content-1", "lists", "prose", "type"}`.
 */
import { rowsOf, type FactsState, type FactValue } from '../model/facts.ts'
import type { ProseNode } from './prose-json.ts'

export const CANONICAL_FORMAT = 'samenpad-content-1'

/** Facts of the item that are about its place in the tree, or said apart. */
const NOT_CONTENT: ReadonlySet<string> = new Set(['type', 'parent', 'order', 'gone'])

const isFilled = (value: FactValue): boolean => value !== null && value !== '' && value !== false

/** In: facts, and the prose as `proseJson` gives it. */
export function canonicalOf({ facts, prose }: { facts: FactsState; prose: ProseNode }): string {
  const fields: Record<string, FactValue> = {}
  const listNames = new Set<string>()
  for (const [path, value] of Object.entries(facts.registers)) {
    const slash = path.indexOf('/')
    if (slash > 0) listNames.add(path.slice(0, slash))
    else if (!NOT_CONTENT.has(path) && isFilled(value)) fields[path] = value
  }
  const lists: Record<string, Record<string, FactValue>[]> = {}
  const shown = new Set<string>()
  for (const name of listNames) {
    const rows = rowsOf(facts.registers, name)
    if (rows.length === 0) continue
    lists[name] = rows.map(({ order: _order, gone: _gone, ...row }) => Object.fromEntries(Object.entries(row).filter(([, value]) => isFilled(value))))
    for (const { id } of rows) shown.add(`${name}/${id}`)
  }
  // An open question is part of what is sealed: both answers, not the one that happens to be on top.
  const conflicts: Record<string, FactValue[]> = {}
  for (const [path, answers] of Object.entries(facts.conflicts)) {
    const row = path.slice(0, path.lastIndexOf('/'))
    const isShown = path.includes('/') ? shown.has(row) && !path.endsWith('/order') && !path.endsWith('/gone') : !NOT_CONTENT.has(path)
    if (isShown) conflicts[path] = answers.map(({ value }) => value).sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
  }
  const whole = {
    ...(Object.keys(conflicts).length > 0 ? { conflicts } : {}),
    facts: fields,
    format: CANONICAL_FORMAT,
    lists,
    prose,
    type: facts.registers.type ?? null,
  }
  return canonicalJson(whole)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** JSON with the keys of every object in order of code unit. In: plain data. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return `{${entries.sort(([a], [b]) => compare(a, b)).map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(',')}}`
}
