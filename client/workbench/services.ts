/**
 * What every feature gets: made once in `client/main.ts`, handed down, never imported as a singleton.
 */
import type { Contributions, EditorInput } from '../platform/contributions.ts'
import type { Engine, SpaceView, SyncStatus } from '../engine/api.ts'
import type { Items } from '../items/items.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'

/** Reactive (runes) picture of what the engine last said. Reading it in markup follows changes. */
export interface Workspace {
  readonly me: Person
  readonly status: SyncStatus
  readonly spaces: readonly SpaceView[]
  /** Rows of all spaces that this login may read, gone ones left out. */
  readonly rows: readonly ItemRow[]
  readonly rowsById: ReadonlyMap<ItemId, ItemRow>
  person(user: UserId | null): Person | null
  /** The space shown in the explorer. */
  readonly space: SpaceView | null
  chooseSpace(space: SpaceId): void
  /** ISO date of today in Europe/Amsterdam, renewed while the window is open. */
  readonly today: string
}

export interface Layout {
  open(input: EditorInput, options?: { beside?: boolean; preview?: boolean }): void
  close(input: EditorInput): void
  readonly active: EditorInput | null
  showView(id: string): void
  togglePart(part: 'side' | 'panel' | 'context'): void
  focusPart(part: 'side' | 'editor' | 'panel' | 'context' | 'status'): void
}

export interface Notices {
  /** Polite announcement for assistive technology and a toast with at most one action. */
  say(text: string, action?: { title: string; run: () => void }): void
  /** Assertive: something a person must know now. */
  warn(text: string, action?: { title: string; run: () => void }): void
  /** A question with named outcomes; resolves to the key chosen, or null when left. */
  ask(question: { title: string; text: string; choices: { key: string; title: string; kind?: 'primary' | 'danger' }[]; later?: string }): Promise<string | null>
}

export interface Services {
  readonly contributions: Contributions
  readonly engine: Engine
  readonly items: Items
  readonly workspace: Workspace
  readonly layout: Layout
  readonly notices: Notices
  run(command: string, ...args: unknown[]): Promise<void>
}
