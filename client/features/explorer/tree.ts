/**
 * The tree of one space as a flat list: what is shown, in order, with level and place among its siblings, ready for a virtual list.
 *
 * Invariant: every item that is not gone is somewhere. An item whose folder is missing, gone or part of a circle stands under its type.
 */
import type { ItemId, SpaceId } from '../../../shared/base/ids.ts'
import type { ItemType } from '../../../shared/model/items/index.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'

/** Types that have a folder of their own at the top, in this order. */
export const TYPE_FOLDERS = ['agreement', 'meeting', 'contact', 'knowledge', 'progress', 'template', 'region'] as const satisfies readonly ItemType[]
/** Shown also while empty: what a municipality is expected to fill. */
const ALWAYS: ReadonlySet<ItemType> = new Set(['agreement', 'meeting', 'contact', 'knowledge'])

export type NodeKind = { kind: 'overview'; space: SpaceId } | { kind: 'type'; type: ItemType; count: number } | { kind: 'item'; row: ItemRow; count: number }

export interface TreeNode {
  key: string
  of: NodeKind
  level: number
  /** Place among its siblings, from 1, and how many there are. */
  place: number
  siblings: number
  /** null: cannot be opened. */
  isExpanded: boolean | null
  parent: string | null
}

export const keyOfType = (type: ItemType): string => `type:${type}`
export const keyOfItem = (item: ItemId): string => `item:${item}`

const collator = new Intl.Collator('nl', { numeric: true, sensitivity: 'base' })

/** Meetings newest first; everything else by its order key, then by title. */
function compare(a: ItemRow, b: ItemRow): number {
  if (a.type === 'meeting' && b.type === 'meeting' && a.date !== b.date) return a.date < b.date ? 1 : -1
  if (a.order !== b.order) return a.order < b.order ? -1 : 1
  return collator.compare(a.title, b.title) || (a.item < b.item ? -1 : 1)
}

/** Folders that lead to the top without a circle. */
function soundFolders(rows: readonly ItemRow[]): ReadonlyMap<ItemId, ItemRow> {
  const folders = new Map(rows.filter((row) => row.type === 'folder').map((row) => [row.item, row]))
  const isSound = (row: ItemRow): boolean => {
    const seen = new Set<ItemId>()
    for (let at: ItemRow | undefined = row; at; at = at.parent ? folders.get(at.parent) : undefined) {
      if (seen.has(at.item)) return false
      seen.add(at.item)
    }
    return true
  }
  return new Map([...folders].filter(([, row]) => isSound(row)))
}

/** Who stands under whom, sorted. Costs a sort of the rows (10,000 in about 25 ms): made once per change of rows, not per opened folder. */
export interface Forest {
  space: SpaceId
  childrenOf: ReadonlyMap<string, readonly ItemRow[]>
}

export function forestOf(space: SpaceId, rows: readonly ItemRow[]): Forest {
  const own = rows.filter((row) => row.space === space && !row.gone)
  const folders = soundFolders(own)
  const childrenOf = Map.groupBy(own.toSorted(compare), (row) => {
    if (row.parent && folders.has(row.parent)) return keyOfItem(row.parent)
    return row.type === 'folder' ? 'top' : keyOfType(row.type)
  })
  return { space, childrenOf }
}

/** In: keys of opened nodes. Out: visible nodes in order; linear in what is visible. */
export function treeOf({ space, childrenOf }: Forest, expanded: ReadonlySet<string>): TreeNode[] {
  const nodes: TreeNode[] = []

  const types = TYPE_FOLDERS.filter((type) => ALWAYS.has(type) || childrenOf.has(keyOfType(type)))
  const top = childrenOf.get('top') ?? []
  const siblings = 1 + types.length + top.length
  let place = 1
  nodes.push({ key: 'overview', of: { kind: 'overview', space }, level: 1, place: place++, siblings, isExpanded: null, parent: null })

  const addChildren = (parent: string, level: number): void => {
    const children = childrenOf.get(parent) ?? []
    children.forEach((row, at) => addItem(row, level, at + 1, children.length, parent))
  }
  const addItem = (row: ItemRow, level: number, at: number, count: number, parent: string | null): void => {
    const key = keyOfItem(row.item)
    const inside = childrenOf.get(key)?.length ?? 0
    const isFolder = row.type === 'folder'
    const isExpanded = isFolder ? expanded.has(key) : null
    nodes.push({ key, of: { kind: 'item', row, count: inside }, level, place: at, siblings: count, isExpanded, parent })
    if (isExpanded) addChildren(key, level + 1)
  }
  for (const type of types) {
    const key = keyOfType(type)
    const count = childrenOf.get(key)?.length ?? 0
    const isExpanded = expanded.has(key)
    nodes.push({ key, of: { kind: 'type', type, count }, level: 1, place: place++, siblings, isExpanded, parent: null })
    if (isExpanded) addChildren(key, 2)
  }
  for (const row of top) addItem(row, 1, place++, siblings, null)
  return nodes
}

/** Keys that must be open for an item to be in sight. */
export function pathTo(item: ItemId, rows: readonly ItemRow[]): string[] {
  const byId = new Map(rows.map((row) => [row.item, row]))
  const row = byId.get(item)
  if (!row) return []
  const folders = soundFolders(rows)
  const path: string[] = []
  let at: ItemRow = row
  while (at.parent && folders.has(at.parent)) {
    path.unshift(keyOfItem(at.parent))
    at = folders.get(at.parent) ?? at
  }
  return path.length > 0 || row.type === 'folder' ? path : [keyOfType(row.type)]
}

/** Folders that an item may go into: of its own space, never itself or what is inside it. */
export function foldersFor(item: ItemRow, rows: readonly ItemRow[]): ItemRow[] {
  const folders = soundFolders(rows.filter((row) => row.space === item.space && !row.gone))
  const isInside = (folder: ItemRow): boolean => {
    for (let at: ItemRow | undefined = folder; at; at = folders.get(at.parent)) if (at.item === item.item) return true
    return false
  }
  return [...folders.values()].filter((folder) => !isInside(folder)).sort((a, b) => collator.compare(a.title, b.title))
}
