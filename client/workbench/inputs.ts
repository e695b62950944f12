/** Editor inputs as keys: two inputs with the same key are the same place and share a tab. Where the focus goes inside is no part of it. */
import type { EditorContribution, EditorInput } from '../platform/contributions.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { isRecord, isText } from '../platform/storage.ts'

export function keyOf(input: EditorInput): string {
  if (input.kind === 'item') return `item:${input.item}`
  const params = Object.entries(input.params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return `page:${input.page}${params.map(([name, value]) => `:${name}=${value}`).join('')}`
}

export const isSameInput = (a: EditorInput | null, b: EditorInput | null): boolean => (a && b ? keyOf(a) === keyOf(b) : a === b)

export function isInput(value: unknown): value is EditorInput {
  if (!isRecord(value)) return false
  if (value['kind'] === 'item') return isText(value['item'])
  return value['kind'] === 'page' && isText(value['page']) && (value['params'] === undefined || (isRecord(value['params']) && Object.values(value['params']).every(isText)))
}

export const typeOf = (input: EditorInput, rowsById: ReadonlyMap<ItemId, ItemRow>): string | null =>
  input.kind === 'item' ? (rowsById.get(input.item)?.type ?? null) : null

/** The editor that wants an input most; the first registered of equals. */
export function editorFor(editors: readonly EditorContribution[], input: EditorInput, itemType: string | null): EditorContribution | null {
  let best: { editor: EditorContribution; weight: number } | null = null
  for (const editor of editors) {
    const weight = editor.accepts(input, itemType)
    if (weight !== undefined && (best === null || weight > best.weight)) best = { editor, weight }
  }
  return best?.editor ?? null
}
