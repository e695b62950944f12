/**
 * Facts in words: how a field is called and how its value reads, from the schema of the item type. Fields that this build does not know are
 * shown by their own name, never left out.
 */
import { rowsOf, type FactValue, type Registers } from '../../shared/model/facts.ts'
import { isItemType, SCHEMAS } from '../../shared/model/items/index.ts'
import type { FieldSpec } from '../../shared/model/items/schema.ts'
import { areaName } from '../../shared/model/municipalities.ts'
import { labelOf } from '../../shared/model/vocabularies.ts'
import { dateText } from './dates.ts'
import { language, t } from './text/text.svelte.ts'

type Words = Record<string, string>
type ListWords = Record<string, { row: (number: number) => string } & Record<string, unknown>>

/** "Binnen", whatever row it is in. */
export function fieldName(path: string): string {
  const [list, , field] = path.split('/')
  if (field === undefined) return (t.fields.top as Words)[path] ?? path
  if (field === 'order') return t.fields.rowOrder
  if (field === 'gone') return t.fields.rowGone
  const name = (t.fields.lists as unknown as ListWords)[list ?? '']?.[field]
  return typeof name === 'string' ? name : field
}

/** "stap 2", or '' for a field of the item itself. A removed row has no number any more. */
export function rowName(path: string, registers: Registers): string {
  const [list, id, field] = path.split('/')
  if (list === undefined || field === undefined) return ''
  const at = rowsOf(registers, list).findIndex((row) => row.id === id)
  const words = (t.fields.lists as unknown as ListWords)[list]
  return at >= 0 && words ? words.row(at + 1) : ''
}

export function specOf(type: string, path: string): FieldSpec | null {
  if (!isItemType(type)) return null
  const [list, , field] = path.split('/')
  const fields = field === undefined ? SCHEMAS[type].fields : SCHEMAS[type].lists[list ?? '']
  return fields?.[field ?? path] ?? null
}

/** A value as a person reads it. `titleOf` names other items. */
export function valueText(type: string, path: string, value: FactValue, titleOf: (item: string) => string): string {
  if (value === null || value === '') return t.fields.empty
  if (typeof value === 'boolean') return value ? t.fields.yes : t.fields.no
  if (typeof value === 'number') return value.toLocaleString(language() === 'nl' ? 'nl-NL' : 'en-GB')
  const spec = specOf(type, path)
  if (path === 'parent' || spec?.kind === 'item') return titleOf(value)
  if (spec?.kind === 'date') return dateText(value)
  if (spec?.kind === 'area') return areaName(value)
  if (spec?.kind === 'code') return labelOf(spec.vocabulary, value, language())
  return value
}
