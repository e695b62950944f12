/**
 * What full-text search reads of an item: the words of its facts and its prose, and how a word becomes a term. Codes, ids, dates of order
 * and removed rows are not words. Dutch stems by the Snowball algorithm: zorgpaden and zorgpad are one term.
 */
import { stemmer } from '@orama/stemmers/dutch'
import { rowsOf, type FactsState, type FactValue } from '../model/facts.ts'
import { isItemType, SCHEMAS } from '../model/items/index.ts'
import type { FieldSpec, Fields } from '../model/items/schema.ts'
import { areaName } from '../model/municipalities.ts'
import { labelOf } from '../model/vocabularies.ts'
import { textOfProse, type ProseNode } from './prose-json.ts'

/** Bounds the index: a pasted book is found by its first part. */
export const SEARCH_TEXT_CHARS_MAX = 200_000

export function searchTextOf({ facts, prose }: { facts: FactsState; prose: ProseNode | null }): string {
  const { registers } = facts
  const schema = SCHEMAS[isItemType(registers.type) ? registers.type : 'knowledge']
  const lines: string[] = []
  const read = (fields: Fields, valueOf: (name: string) => FactValue | undefined): void => {
    const words = Object.entries(fields)
      .map(([name, spec]) => wordsOf(spec, valueOf(name)))
      .filter((line) => line !== '')
    if (words.length > 0) lines.push(words.join(' · '))
  }
  const { title: _title, ...fields } = schema.fields
  for (const [name, spec] of Object.entries(fields)) read({ [name]: spec }, () => registers[name])
  for (const [name, rowFields] of Object.entries(schema.lists)) for (const row of rowsOf(registers, name)) read(rowFields, (field) => row[field])
  if (prose) lines.push(textOfProse(prose))
  return lines.join('\n').slice(0, SEARCH_TEXT_CHARS_MAX)
}

function wordsOf(spec: FieldSpec, value: FactValue | undefined): string {
  switch (spec.kind) {
    case 'text':
    case 'longText':
      return typeof value === 'string' ? value : ''
    case 'code':
      return typeof value === 'string' && value !== '' ? labelOf(spec.vocabulary, value, 'nl') : ''
    case 'area':
      return typeof value === 'string' ? areaName(value) : ''
    case 'date':
    case 'number':
    case 'flag':
    case 'item':
    case 'id':
      return ''
  }
}

/** Words of a text, lower case, without accents, in order. */
export const wordsIn = (text: string): string[] =>
  text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/** The term of one word as `wordsIn` gives it. */
export const stemOf = (word: string): string => (word.length > 3 ? stemmer(word) : word)
