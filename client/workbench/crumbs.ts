/** Where an item is, from the space down: space, its kind of folder, the real folders, itself. */
import type { ItemId } from '../../shared/base/ids.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { t } from '../platform/text/text.svelte.ts'
import type { Services } from './services.ts'

/** Folders above an item, outermost first. A tree conflict can make a circle; it is cut where it closes. */
export function foldersAbove(item: ItemRow, rowsById: ReadonlyMap<ItemId, ItemRow>): ItemRow[] {
  const folders: ItemRow[] = []
  const seen = new Set<ItemId>([item.item])
  for (let parent = item.parent; parent && !seen.has(parent); ) {
    seen.add(parent)
    const row = rowsById.get(parent)
    if (!row) break
    folders.unshift(row)
    parent = row.parent
  }
  return folders
}

export function crumbsOf(services: Services, item: ItemId): { title: string; run?: () => void }[] {
  const { workspace } = services
  const row = workspace.rowsById.get(item)
  if (!row) return []
  const space = workspace.spaces.find((one) => one.space === row.space)
  const overview = (): void => {
    workspace.chooseSpace(row.space)
    services.layout.open({ kind: 'page', page: 'overview' })
  }
  const reveal = (target: string): void => void services.run('explorer.item.reveal', target)
  const folders = foldersAbove(row, workspace.rowsById)
  return [
    ...(space ? [{ title: space.name, run: overview }] : []),
    ...(folders.length > 0
      ? folders.map((folder) => ({ title: folder.title || t.common.untitled, run: () => reveal(folder.item) }))
      : [{ title: t.common.itemTypesMany[row.type], run: () => reveal(row.item) }]),
    { title: row.title || t.common.untitled },
  ]
}
