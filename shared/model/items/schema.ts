/**
 * How an item type says which facts it has: fields and lists of fields, each with a kind. From one description follow the
 * TypeScript type, the form on screen, the canonical text under a seal and the linters. Unknown fields are kept untouched.
 */
import { rowsOf, type FactValue, type Registers } from '../facts.ts'
import type { VocabularyName } from '../vocabularies.ts'
import type { Id } from '../../base/ids.ts'

export type FieldSpec =
  | { kind: 'text' }
  | { kind: 'longText' }
  /** ISO date, YYYY-MM-DD. */
  | { kind: 'date' }
  | { kind: 'number' }
  | { kind: 'flag' }
  | { kind: 'code'; vocabulary: VocabularyName }
  /** Code of the statistics office for a municipality or quarter, or its name in words. */
  | { kind: 'area' }
  /** Id of another item. */
  | { kind: 'item' }
  /** Id of a space or a seal: never read as words. */
  | { kind: 'id' }

export type Fields = Readonly<Record<string, FieldSpec>>

export interface ItemSchema<F extends Fields = Fields, L extends Readonly<Record<string, Fields>> = Readonly<Record<string, Fields>>> {
  type: string
  /** Rises when a field changes meaning; a document with a higher version opens read-only. */
  version: number
  fields: F
  lists: L
}

type ValueOf<S extends FieldSpec> = S extends { kind: 'number' } ? number | null : S extends { kind: 'flag' } ? boolean : string
export type FieldsOf<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> }
export type FactsOf<S> = S extends ItemSchema<infer F, infer L>
  ? FieldsOf<F> & { -readonly [K in keyof L]: (FieldsOf<L[K]> & { id: Id; order: string })[] }
  : never

export const defineItem = <F extends Fields, L extends Readonly<Record<string, Fields>>>(schema: ItemSchema<F, L>): ItemSchema<F, L> => schema

const valueOf = (spec: FieldSpec, value: FactValue | undefined): string | number | boolean | null => {
  if (spec.kind === 'number') return typeof value === 'number' ? value : null
  if (spec.kind === 'flag') return value === true
  return typeof value === 'string' ? value : ''
}

/** Registers read through a schema: missing or mistyped fields become '' / null / false, removed rows are left out. */
export function readFacts<F extends Fields, L extends Readonly<Record<string, Fields>>>(schema: ItemSchema<F, L>, registers: Registers): FactsOf<ItemSchema<F, L>> {
  const facts: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(schema.fields)) facts[name] = valueOf(spec, registers[name])
  for (const [name, fields] of Object.entries(schema.lists)) {
    facts[name] = rowsOf(registers, name).map((row) => {
      const read: Record<string, unknown> = { id: row.id, order: row.order }
      for (const [field, spec] of Object.entries(fields)) read[field] = valueOf(spec, row[field])
      return read
    })
  }
  return facts as FactsOf<ItemSchema<F, L>>
}
