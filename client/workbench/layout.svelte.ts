/**
 * Where everything stands: two document groups with tabs, which parts are open and how wide, which view each part shows. Kept per person
 * in this browser, so that a cold start opens what was open.
 *
 * Invariants: there is always at least one group; a group that loses its last tab goes away unless it is the only one; at most one tab of a
 * group is a preview (shown in italics, replaced by the next preview).
 */
import type { UserId } from '../../shared/base/ids.ts'
import type { EditorInput } from '../platform/contributions.ts'
import { isRecord, type Storage } from '../platform/storage.ts'
import { isInput, isSameInput, keyOf } from './inputs.ts'
import type { Layout } from './services.ts'

export const GROUPS_COUNT_MAX = 2
export const TABS_COUNT_MAX = 30

export interface Tab {
  input: EditorInput
  isPreview: boolean
}

export interface Group {
  id: number
  tabs: Tab[]
  active: number
}

export type PartName = 'side' | 'panel' | 'context'
export type FocusPart = 'top' | 'rail' | 'side' | 'editor' | 'panel' | 'context' | 'status'

/** In px, with what each may be: narrow enough for 768 px beside a readable sheet, wide enough for a search result. */
export const SIZES = {
  side: { least: 200, usual: 268, most: 480 },
  context: { least: 260, usual: 312, most: 520 },
  panel: { least: 120, usual: 226, most: 560 },
} as const

export interface WorkbenchLayout extends Layout {
  readonly groups: readonly Group[]
  readonly activeGroup: number
  /** Shown now, in whichever way this width shows it. */
  readonly isOpen: Readonly<Record<PartName, boolean>>
  /** How a part is shown: beside the document, or as a sheet over it. */
  readonly isSheet: Readonly<Record<PartName, boolean>>
  closeSheet(): void
  readonly size: Readonly<Record<PartName, number>>
  readonly split: number
  /** Shown views: id of the side view, of the panel tab, of the context tab; null: the first there is. */
  readonly shown: Readonly<Record<PartName, string | null>>
  activate(group: number, tab: number): void
  focusGroup(group: number): void
  closeTab(group: number, tab: number): void
  closeOthers(group: number, tab: number): void
  keep(group: number, tab: number): void
  moveToOtherGroup(group: number, tab: number): void
  setOpen(part: PartName, next: boolean): void
  setSize(part: PartName, size: number): void
  setSplit(share: number): void
  /** Asks the frame to put the focus somewhere; the frame clears it. */
  readonly focusRequest: { part: FocusPart; at: number } | null
}

interface Kept {
  groups: { tabs: Tab[]; active: number }[]
  activeGroup: number
  isOpen: Record<PartName, boolean>
  size: Record<PartName, number>
  split: number
  shown: Record<PartName, string | null>
  recent: EditorInput[]
}

const isKept = (value: unknown): value is Kept => {
  if (!isRecord(value) || !Array.isArray(value['groups']) || !isRecord(value['isOpen']) || !isRecord(value['size']) || !isRecord(value['shown']) || !Array.isArray(value['recent'])) return false
  return (
    value['recent'].every(isInput) &&
    value['groups'].every((group: unknown) => isRecord(group) && typeof group['active'] === 'number' && Array.isArray(group['tabs']) && group['tabs'].every((tab: unknown) => isRecord(tab) && isInput(tab['input'])))
  )
}

const RECENT_COUNT_MAX = 20
interface Deps {
  storage: Storage
  /** Whose layout: kept apart per person. */
  person: UserId
  /** What to do when a rail entry has a page instead of a side bar; and which part a view belongs to. */
  viewOf(id: string): { where: PartName; page?: string } | null
  /** Of the window: 1200 px and more, 768 and more, less. */
  width(): 'wide' | 'middle' | 'phone'
}

export function createLayout({ storage, person, viewOf, width }: Deps): WorkbenchLayout {
  const key = `layout.${person}`
  const kept = storage.read(key, isKept)
  let nextId = 1
  const makeGroup = (tabs: Tab[] = [], active = 0): Group => ({ id: nextId++, tabs, active: Math.max(0, Math.min(active, tabs.length - 1)) })
  const state = $state<Omit<Kept, 'groups'> & { groups: Group[] }>({
    groups: kept && kept.groups.length > 0 ? kept.groups.slice(0, GROUPS_COUNT_MAX).map((group) => makeGroup(group.tabs, group.active)) : [makeGroup()],
    activeGroup: Math.min(kept?.activeGroup ?? 0, Math.max(0, (kept?.groups.length ?? 1) - 1)),
    isOpen: { side: kept?.isOpen.side ?? true, panel: kept?.isOpen.panel ?? false, context: kept?.isOpen.context ?? true },
    size: { side: kept?.size.side ?? SIZES.side.usual, panel: kept?.size.panel ?? SIZES.panel.usual, context: kept?.size.context ?? SIZES.context.usual },
    split: kept?.split ?? 0.5,
    shown: { side: kept?.shown.side ?? null, panel: kept?.shown.panel ?? null, context: kept?.shown.context ?? null },
    recent: kept?.recent ?? [],
  })
  const keep = (): void => storage.write(key, $state.snapshot(state))

  // A sheet lies over the document and is never kept: a phone always starts with the document.
  let sheet = $state<PartName | null>(null)
  const isSheet = $derived({
    side: width() === 'phone' || (width() === 'middle' && state.groups.length > 1),
    context: width() !== 'wide',
    panel: false,
  })
  const isOpen = $derived({
    side: isSheet.side ? sheet === 'side' : state.isOpen.side,
    context: isSheet.context ? sheet === 'context' : state.isOpen.context,
    panel: state.isOpen.panel,
  })
  function setOpen(part: PartName, next: boolean): void {
    if (isSheet[part]) sheet = next ? part : null
    else state.isOpen[part] = next
    keep()
  }
  let focusRequest = $state.raw<{ part: FocusPart; at: number } | null>(null)
  let focusCount = 0

  const groupAt = (index: number): Group | undefined => state.groups[index]
  const active = $derived.by((): EditorInput | null => {
    const group = state.groups[state.activeGroup]
    return group?.tabs[group.active]?.input ?? null
  })

  function remember(input: EditorInput): void {
    state.recent = [$state.snapshot(input), ...state.recent.filter((other) => !isSameInput(other, input))].slice(0, RECENT_COUNT_MAX)
  }

  function closeEmpty(index: number): void {
    if (state.groups.length > 1 && state.groups[index]?.tabs.length === 0) {
      state.groups.splice(index, 1)
      state.activeGroup = 0
    }
  }

  const requestFocus = (part: FocusPart): void => {
    focusRequest = { part, at: ++focusCount }
  }

  return {
    get groups() { return state.groups },
    get activeGroup() { return state.activeGroup },
    get active() { return active },
    get isOpen() { return isOpen },
    get isSheet() { return isSheet },
    get size() { return state.size },
    get split() { return state.split },
    get shown() { return state.shown },
    get recent() { return state.recent },
    get focusRequest() { return focusRequest },

    open(input, options = {}) {
      let index = state.activeGroup
      if (options.beside) {
        index = index === 0 ? 1 : 0
        if (!groupAt(index)) {
          state.groups.push(makeGroup())
          index = state.groups.length - 1
        }
      } else {
        // Already open in the other group: go there instead of opening a second tab.
        const elsewhere = state.groups.findIndex((group) => group.tabs.some((tab) => isSameInput(tab.input, input)))
        const isHere = groupAt(index)?.tabs.some((tab) => isSameInput(tab.input, input))
        if (elsewhere >= 0 && !isHere) index = elsewhere
      }
      const group = groupAt(index)
      if (!group) return
      const at = group.tabs.findIndex((tab) => isSameInput(tab.input, input))
      if (at >= 0) {
        const tab = group.tabs[at]
        if (tab) {
          tab.input = input // the focus inside may be another
          if (!options.preview) tab.isPreview = false
        }
        group.active = at
      } else {
        const preview = group.tabs.findIndex((tab) => tab.isPreview)
        const tab: Tab = { input, isPreview: options.preview === true }
        if (tab.isPreview && preview >= 0) {
          group.tabs[preview] = tab
          group.active = preview
        } else {
          if (group.tabs.length >= TABS_COUNT_MAX) group.tabs.shift()
          const place = group.tabs.length === 0 ? 0 : Math.min(group.active + 1, group.tabs.length)
          group.tabs.splice(place, 0, tab)
          group.active = place
        }
      }
      state.activeGroup = index
      remember(input)
      sheet = null
      keep()
    },
    close(input) {
      for (const [index, group] of [...state.groups.entries()].reverse()) {
        const at = group.tabs.findIndex((tab) => keyOf(tab.input) === keyOf(input))
        if (at >= 0) this.closeTab(index, at)
      }
    },
    activate(group, tab) {
      const found = groupAt(group)
      if (!found?.tabs[tab]) return
      found.active = tab
      state.activeGroup = group
      remember(found.tabs[tab].input)
      keep()
    },
    focusGroup(group) {
      if (!groupAt(group)) return
      state.activeGroup = group
      keep()
    },
    closeTab(group, tab) {
      const found = groupAt(group)
      if (!found?.tabs[tab]) return
      found.tabs.splice(tab, 1)
      if (found.active > tab || found.active >= found.tabs.length) found.active = Math.max(0, found.active - 1)
      closeEmpty(group)
      keep()
    },
    closeOthers(group, tab) {
      const found = groupAt(group)
      const stays = found?.tabs[tab]
      if (!found || !stays) return
      found.tabs = [stays]
      found.active = 0
      keep()
    },
    keep(group, tab) {
      const found = groupAt(group)?.tabs[tab]
      if (found) found.isPreview = false
      keep()
    },
    moveToOtherGroup(group, tab) {
      const found = groupAt(group)?.tabs[tab]
      if (!found) return
      const input = $state.snapshot(found.input)
      state.activeGroup = group
      this.open(input, { beside: true })
    },
    showView(id) {
      const view = viewOf(id)
      if (!view) return
      if (view.page) {
        this.open({ kind: 'page', page: view.page })
        return
      }
      state.shown[view.where] = id
      setOpen(view.where, true)
      requestFocus(view.where)
    },
    togglePart(part) {
      setOpen(part, !isOpen[part])
      if (isOpen[part]) requestFocus(part)
    },
    setOpen,
    closeSheet() {
      sheet = null
    },
    setSize(part, size) {
      state.size[part] = Math.round(Math.max(SIZES[part].least, Math.min(SIZES[part].most, size)))
      keep()
    },
    setSplit(share) {
      state.split = Math.max(0.2, Math.min(0.8, share))
      keep()
    },
    focusPart: (part) => requestFocus(part),
  }
}
