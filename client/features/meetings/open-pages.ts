/** The meeting pages of this window, so that a command (a key, the palette) reaches the notes that are open. */
import type { ItemId } from '../../../shared/base/ids.ts'
import type { RecordKind } from './context.ts'

type Note = (kind: RecordKind) => void
const pages = new Map<ItemId, Note[]>()

/** Out: takes the page out again. */
export function openPage(item: ItemId, note: Note): () => void {
  pages.set(item, [...(pages.get(item) ?? []), note])
  return () => {
    const left = (pages.get(item) ?? []).filter((one) => one !== note)
    if (left.length > 0) pages.set(item, left)
    else pages.delete(item)
  }
}

export const pageOf = (item: ItemId): Note | null => pages.get(item)?.at(-1) ?? null
