/**
 * What a feature registers with the workbench. How to make one: see `client/doors.ts`. A feature is a folder with one door, `<name>.contribution.ts`, exporting
 * `contribute(services): Disposable`; `client/main.ts` calls every door once. Titles are functions, so that they follow the language.
 *
 * `Component` is a Svelte component; loaders keep it out of the first script. Every view, editor and panel gets the prop `services`
 * (`Services` of workbench/services.ts); editors also get `input`.
 */
import type { Component } from 'svelte'
import { createRegistry, type Registry } from './registry.ts'

// any: a registry holds components with different props; the workbench passes what the docs above say.
export type ComponentLoader = () => Promise<{ default: Component<any> }>

export interface Command {
  /** view.object.verb, for instance `agreements.agreement.create`. */
  id: string
  title: () => string
  /** Other words that people look for it with; found by, not shown. */
  also?: () => string
  /** Group in the palette, for instance "Afspraken". */
  category: () => string
  /** tinykeys notation, `$mod+p`. Shown in menus and the palette. */
  key?: string
  /** Other keys that do the same; listened to, not shown. */
  moreKeys?: readonly string[]
  icon?: Component<any>
  /**
   * Where else it stands: the "nieuw" menu of the explorer; the menu of an item, and the acts beside a document's breadcrumb, which both hand the
   * item's id as the first argument to `isEnabled` and `run`.
   */
  menu?: readonly ('new' | 'item' | 'document')[]
  /** Beside the breadcrumb: the one act that leads. */
  isPrimary?: boolean
  /** What it does cannot be undone: the palette never offers it first when something else matches as well. */
  isFinal?: boolean
  /** Offered only when true; asked when the palette or a menu opens, without arguments about the active document. */
  isEnabled?: (...args: unknown[]) => boolean
  run(...args: unknown[]): void | Promise<void>
}

/** Where an editor or a view stands: an item, or a page of a feature (`progress`, `welcome`, `parked`). */
export type EditorInput = { kind: 'item'; item: string; focus?: string } | { kind: 'page'; page: string; params?: Record<string, string> }

export interface EditorContribution {
  id: string
  /** Higher wins; undefined: not mine. */
  accepts(input: EditorInput, itemType: string | null): number | undefined
  icon: Component<any>
  title(input: EditorInput): string
  load: ComponentLoader
}

export interface ViewContribution {
  id: string
  /** `side`: an entry of the activity rail with its side bar. `panel`: a tab of the lower panel. `context`: a tab at the right of the document. */
  where: 'side' | 'panel' | 'context'
  title: () => string
  icon: Component<any>
  order: number
  /** Number on the rail or the tab; 0 shows nothing. */
  badge?: () => number
  /** Context views: does this say something about that document? */
  appliesTo?: (input: EditorInput, itemType: string | null) => boolean
  /** Side views: px it reads well at, when that is more than the usual. */
  width?: number
  /** Side views: at the foot of the rail, after the others. */
  isLast?: boolean
  /** A rail entry without a side bar opens this page instead. */
  page?: string
  key?: string
  load: ComponentLoader
}

export interface StatusContribution {
  id: string
  side: 'left' | 'right'
  order: number
  load: ComponentLoader
}

/** A sentence about something that needs attention; F8 walks through them. */
export interface Problem {
  id: string
  severity: 'choose' | 'needed' | 'caution' | 'tip'
  text: string
  item: string
  where: string
  /** Path of a fact, to put the focus on. */
  focus?: string
  fix?: { title: string; command: string; args: unknown[] }
}

export interface SettingContribution {
  id: string
  title: () => string
  load: ComponentLoader
  order: number
}

/** A dialog or palette of a feature that does not hang on one of its views: there while `isOpen` (a rune) says so. Gets the prop `services`. */
export interface OverlayContribution {
  id: string
  isOpen: () => boolean
  load: ComponentLoader
}

/** A line above the content of a document, for instance which text one is looking at. Gets the props `services` and `item`. */
export interface BannerContribution {
  id: string
  appliesTo(itemType: string | null): boolean
  load: ComponentLoader
}

export interface Contributions {
  banners: Registry<BannerContribution>
  overlays: Registry<OverlayContribution>
  commands: Registry<Command>
  editors: Registry<EditorContribution>
  views: Registry<ViewContribution>
  status: Registry<StatusContribution>
  settings: Registry<SettingContribution>
}

export const createContributions = (): Contributions => ({
  banners: createRegistry<BannerContribution>('banner'),
  overlays: createRegistry<OverlayContribution>('overlay'),
  commands: createRegistry<Command>('command'),
  editors: createRegistry<EditorContribution>('editor'),
  views: createRegistry<ViewContribution>('view'),
  status: createRegistry<StatusContribution>('status'),
  settings: createRegistry<SettingContribution>('setting'),
})
