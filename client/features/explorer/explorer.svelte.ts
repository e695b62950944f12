/**
 * The state of the explorer: what is opened, where the keyboard is, what is being renamed, which filter is on. Opened folders are kept per
 * space; everything else lives with the window.
 */
import { untrack } from 'svelte'
import { must } from '../../../shared/base/assert.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../../shared/base/ids.ts'
import { orderBetween } from '../../../shared/base/order.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { TITLE_CHARS_MAX } from '../../../shared/model/limits.ts'
import { isText } from '../../platform/storage.ts'
import { t } from '../../platform/text/text.svelte.ts'
import { mayWriteIn } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { forestOf, keyOfItem, keyOfType, pathTo, treeOf, type TreeNode } from './tree.ts'

export type Filter = 'all' | 'mine' | 'open' | 'unsent'

export interface Explorer extends Disposable {
  readonly nodes: readonly TreeNode[]
  readonly focusKey: string
  readonly filter: Filter
  readonly renaming: ItemId | null
  readonly isWritable: boolean
  /** Rises when the tree should bring the focused node in sight and take the keyboard. */
  readonly focusAsked: number
  setFilter(filter: Filter): void
  focus(key: string): void
  toggle(key: string, isExpanded?: boolean): void
  collapseAll(): void
  reveal(item: ItemId): void
  rename(item: ItemId): void
  endRename(title: string | null): Promise<void>
  moveTo(item: ItemRow, folder: ItemRow | null): Promise<void>
  moveBy(item: ItemRow, step: 1 | -1): Promise<void>
  remove(item: ItemRow): Promise<void>
  /** Which item is being moved by choosing a folder; null: none. */
  moving: ItemId | null
  /** Shows an item that was just made and asks for its name, as soon as its row is there. */
  welcome(item: ItemId): void
}

/** First visit: the two that people come for are open. */
const OPEN_AT_FIRST = [keyOfType('agreement'), keyOfType('meeting')]
const isKeys = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)

function createExplorer(services: Services): Explorer {
  const { workspace, storage, engine, notices } = services
  const storageKey = (space: SpaceId): string => `explorer.open.${workspace.me.user}.${space}`
  const openBySpace = $state<Record<SpaceId, string[]>>({})
  let focusKey = $state('overview')
  let filter = $state<Filter>('all')
  let renaming = $state<ItemId | null>(null)
  let focusAsked = $state(0)
  let moving = $state<ItemId | null>(null)
  let made = $state<ItemId | null>(null)

  const space = $derived(workspace.space?.space ?? null)
  const expanded = $derived(space === null ? new Set<string>() : new Set(openBySpace[space] ?? storage.read(storageKey(space), isKeys) ?? OPEN_AT_FIRST))
  const isWritable = $derived(mayWriteIn(workspace.space))

  const isMine = (row: ItemRow): boolean => {
    const owner = row.owner.toLocaleLowerCase('nl')
    const { organisation, job, name } = workspace.me
    return row.changedBy === workspace.me.user || (owner !== '' && [organisation, job, name].some((one) => one !== '' && owner.includes(one.toLocaleLowerCase('nl'))))
  }
  const shownRows = $derived.by(() => {
    if (filter === 'all') return workspace.rows
    const unsent = new Set(workspace.waitingItems)
    return workspace.rows.filter((row) => (filter === 'mine' ? isMine(row) : filter === 'open' ? row.status !== 'adopted' && row.status !== 'withdrawn' : unsent.has(row.item)))
  })
  const forest = $derived(space === null ? null : forestOf(space, shownRows))
  const nodes = $derived(forest === null ? [] : treeOf(forest, expanded))

  function setOpen(keys: ReadonlySet<string>): void {
    if (space === null) return
    openBySpace[space] = [...keys]
    storage.write(storageKey(space), [...keys])
  }
  const ask = (key: string): void => {
    focusKey = key
    focusAsked++
  }
  const siblingsOf = (item: ItemRow): ItemRow[] => {
    const node = nodes.find((one) => one.key === keyOfItem(item.item))
    return nodes.flatMap((one) => (one.parent === node?.parent && one.of.kind === 'item' ? [one.of.row] : []))
  }

  function reveal(item: ItemId): void {
    const row = workspace.rowsById.get(item)
    if (!row) return
    if (row.space !== space) workspace.chooseSpace(row.space)
    filter = 'all'
    setOpen(new Set([...expanded, ...pathTo(item, workspace.rows)]))
    ask(keyOfItem(item))
  }
  // The row of a new item comes with one of the engine's next events.
  const dispose = $effect.root(() => {
    $effect(() => {
      const item = made
      if (item === null || !workspace.rowsById.has(item)) return
      made = null
      untrack(() => {
        reveal(item)
        renaming = item
      })
    })
  })

  return {
    get nodes() { return nodes },
    // Whatever was focused may be gone; the tree always has one stop.
    get focusKey() { return nodes.some((node) => node.key === focusKey) ? focusKey : 'overview' },
    get filter() { return filter },
    get renaming() { return renaming },
    get isWritable() { return isWritable },
    get focusAsked() { return focusAsked },
    setFilter(next) {
      filter = next
    },
    focus(key) {
      focusKey = key
    },
    toggle(key, isExpanded) {
      const next = new Set(expanded)
      if (isExpanded ?? !next.has(key)) next.add(key)
      else next.delete(key)
      setOpen(next)
    },
    collapseAll: () => setOpen(new Set()),
    reveal,
    get moving() { return moving },
    set moving(item) { moving = item },
    welcome(item) {
      made = item
    },
    rename(item) {
      if (!isWritable) return
      renaming = item
      focusKey = keyOfItem(item)
    },
    async endRename(title) {
      const item = renaming
      renaming = null
      if (item === null) return
      ask(keyOfItem(item))
      const next = title?.trim().slice(0, TITLE_CHARS_MAX)
      if (next && next !== workspace.rowsById.get(item)?.title) await engine.editFacts(item, [{ op: 'set', path: 'title', value: next }])
    },
    async moveTo(item, folder) {
      await engine.editFacts(item.item, [{ op: 'set', path: 'parent', value: folder?.item ?? '' }])
      if (folder) setOpen(new Set([...expanded, keyOfItem(folder.item)]))
      notices.say(t.workbench.explorer.moved(item.title, folder?.title ?? t.common.itemTypesMany[item.type]))
      ask(keyOfItem(item.item))
    },
    async moveBy(item, step) {
      const siblings = siblingsOf(item)
      const at = siblings.findIndex((one) => one.item === item.item)
      const to = at + step
      if (at < 0 || to < 0 || to >= siblings.length) return
      const rest = siblings.filter((one) => one !== siblings[at])
      const [before, after] = [rest[to - 1]?.order ?? '', rest[to]?.order ?? '']
      // Room between the neighbours: one edit. Without (never ordered before, or two people gave the same key): all siblings get keys.
      if ((before === '' && to > 0) || (after === '' && to < rest.length) || (before !== '' && after !== '' && before >= after)) {
        const moved = [...rest.slice(0, to), must(siblings[at], 'found above'), ...rest.slice(to)]
        let last = ''
        for (const one of moved) {
          last = orderBetween(last, '')
          await engine.editFacts(one.item, [{ op: 'set', path: 'order', value: last }])
        }
      } else {
        await engine.editFacts(item.item, [{ op: 'set', path: 'order', value: orderBetween(before, after) }])
      }
      ask(keyOfItem(item.item))
    },
    async remove(item) {
      const title = item.title || t.common.untitled
      const answer = await notices.ask({ title: t.workbench.explorer.removeTitle(title), text: t.workbench.explorer.removeText, choices: [{ key: 'yes', title: t.workbench.explorer.removeYes, kind: 'danger' }], later: t.common.cancel })
      if (answer !== 'yes') return
      await engine.editFacts(item.item, [{ op: 'set', path: 'gone', value: true }])
      services.layout.close({ kind: 'item', item: item.item })
      notices.say(t.workbench.explorer.removed(title), { title: t.workbench.explorer.undo, run: () => void engine.editFacts(item.item, [{ op: 'set', path: 'gone', value: false }]) })
    },
    dispose,
  }
}

// One explorer per window: made with the door, found again by its components.
const explorers = new WeakMap<Services, Explorer>()

export function openExplorer(services: Services): Explorer {
  const explorer = createExplorer(services)
  explorers.set(services, explorer)
  return explorer
}

export const explorerOf = (services: Services): Explorer => must(explorers.get(services), 'the explorer was contributed')
