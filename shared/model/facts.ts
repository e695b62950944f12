/**
 * Facts of an item as data: a flat set of registers, path → scalar. `title`, `steps/<row id>/action`.
 *
 * Why flat: in a nested Automerge document two people who both begin a list offline get two lists and one disappears from
 * view, and a removed row hides what somebody else just typed in it. A register per path has neither: concurrent values of
 * one path are all kept and shown, and a removal is itself a value (`steps/<id>/gone`). Decision 0002.
 *
 * The window and the derived functions see only this; Automerge is known to the engine and to the relay's workers.
 */
import { assert } from '../base/assert.ts'
import { isId, type Id, type UserId } from '../base/ids.ts'
import { FACT_PATH_CHARS_MAX, FACT_TEXT_CHARS_MAX } from './limits.ts'

export type FactValue = string | number | boolean | null
export type Registers = Readonly<Record<string, FactValue>>

export type FactEdit =
  | { op: 'set'; path: string; value: FactValue }
  | { op: 'insert'; list: string; id: Id; order: string; values: Record<string, FactValue> }
  | { op: 'remove'; list: string; id: Id }
  /** Takes a removal back. */
  | { op: 'restore'; list: string; id: Id }
  | { op: 'move'; list: string; id: Id; order: string }

/** One of several concurrent answers to the same question. */
export interface Answer {
  value: FactValue
  /** Stable name of this answer while the conflict lasts. */
  key: string
  author: UserId | null
  /** ms; the writer's clock, for display. */
  time: number | null
}

/** Everything the window needs of an item's facts. `conflicts` holds only paths with two or more differing answers. */
export interface FactsState {
  registers: Registers
  conflicts: Readonly<Record<string, readonly Answer[]>>
}

export const EMPTY_FACTS: FactsState = { registers: {}, conflicts: {} }

const PATH = /^[a-z][A-Za-z0-9]*(\/[0-9a-f]{32}\/[a-z][A-Za-z0-9]*)?$/

/** What a path may look like: `field` or `list/<32 hex>/field`. Hostile paths (`__proto__`) never match. */
export const isFactPath = (path: string): boolean => path.length <= FACT_PATH_CHARS_MAX && PATH.test(path)

export const isFactValue = (value: unknown): value is FactValue =>
  value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ||
  (typeof value === 'string' && value.length <= FACT_TEXT_CHARS_MAX)

/** An edit as plain assignments. Errors: throws on a malformed path, id or value; edits come from our own code. */
export function assignmentsOf(edit: FactEdit): [path: string, value: FactValue][] {
  const of = (list: string, id: Id, field: string): string => `${list}/${id}/${field}`
  const pairs = ((): [string, FactValue][] => {
    switch (edit.op) {
      case 'set':
        return [[edit.path, edit.value]]
      case 'insert':
        return [
          [of(edit.list, edit.id, 'order'), edit.order],
          ...Object.entries(edit.values).map(([field, value]): [string, FactValue] => [of(edit.list, edit.id, field), value]),
        ]
      case 'remove':
        return [[of(edit.list, edit.id, 'gone'), true]]
      case 'restore':
        return [[of(edit.list, edit.id, 'gone'), false]]
      case 'move':
        return [[of(edit.list, edit.id, 'order'), edit.order]]
    }
  })()
  for (const [path, value] of pairs) {
    assert(isFactPath(path), `malformed fact path ${path}`)
    assert(isFactValue(value), `malformed fact value at ${path}`)
  }
  return pairs
}

export interface FactRow {
  id: Id
  order: string
  [field: string]: FactValue
}

/** Rows of one list that were not removed, in order (order key, then id, so that everybody sees the same). */
export function rowsOf(registers: Registers, list: string): FactRow[] {
  const rows = new Map<Id, FactRow>()
  const prefix = `${list}/`
  for (const [path, value] of Object.entries(registers)) {
    if (!path.startsWith(prefix)) continue
    const [, id, field] = path.split('/')
    if (!id || !field || !isId(id)) continue
    let row = rows.get(id)
    if (!row) rows.set(id, (row = { id, order: '' }))
    row[field] = value
  }
  return [...rows.values()]
    .filter((row) => row.gone !== true)
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.id < b.id ? -1 : 1))
}

export const textAt = (registers: Registers, path: string): string => {
  const value = registers[path]
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value)
}
