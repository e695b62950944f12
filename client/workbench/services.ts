/**
 * What every feature gets: made once in `client/main.ts`, handed down, never imported as a singleton.
 */
import type { Contributions, EditorInput } from '../platform/contributions.ts'
import type { Engine, LaptopLock, SpaceView, SyncStatus } from '../engine/api.ts'
import type { Appearance } from '../platform/appearance.svelte.ts'
import type { Http } from '../platform/http.ts'
import type { KeyWorld } from '../platform/keys.ts'
import type { Storage } from '../platform/storage.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Items } from '../items/items.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'

/** Reactive (runes) picture of what the engine last said. Reading it in markup follows changes. */
export interface Workspace {
  readonly me: Person
  /** May make spaces. */
  readonly isInstallationAdmin: boolean
  /** False until spaces and rows were read from the local store for the first time. */
  readonly isLoaded: boolean
  readonly status: SyncStatus
  /** Documents with edits that are not at the relay, for dots and lists: each stays a moment longer than the truth, so that it does not flicker with every letter. */
  readonly waitingItems: readonly ItemId[]
  readonly spaces: readonly SpaceView[]
  /** Rows of all spaces that this login may read, gone ones left out. */
  readonly rows: readonly ItemRow[]
  readonly rowsById: ReadonlyMap<ItemId, ItemRow>
  /**
   * The last row of a document that this window knew and does not show any more: it was taken away, or one is no member there any more. Kept by the
   * window alone, and never told of a closed space.
   */
  formerRow(item: ItemId): ItemRow | null
  /** Everybody of whom this laptop knows the name. */
  readonly people: ReadonlyMap<UserId, Person>
  person(user: UserId | null): Person | null
  /** Others who have this item open now; empty while no editor of this window has it open. */
  presentAt(item: ItemId): readonly Person[]
  /** The space shown in the explorer. */
  readonly space: SpaceView | null
  /** False while its documents are still coming to this laptop for the first time: what is not there yet must not be called empty. */
  isHere(space: SpaceId): boolean
  chooseSpace(space: SpaceId): void
  /** ISO date of today in Europe/Amsterdam, renewed while the window is open. */
  readonly today: string
}

export interface Layout {
  open(input: EditorInput, options?: { beside?: boolean; preview?: boolean }): void
  close(input: EditorInput): void
  readonly active: EditorInput | null
  /** What was looked at last, newest first. */
  readonly recent: readonly EditorInput[]
  showView(id: string): void
  togglePart(part: 'side' | 'panel' | 'context'): void
  focusPart(part: 'side' | 'editor' | 'panel' | 'context' | 'status'): void
}

export interface Notices {
  /** Polite announcement for assistive technology and a toast with at most one action. */
  say(text: string, action?: { title: string; run: () => void }): void
  /** Assertive: something a person must know now. */
  warn(text: string, action?: { title: string; run: () => void }): void
  /** What was said or warned in these words is over before somebody closed it. */
  unsay(text: string): void
  /** For assistive technology only, about what others did: at most one in ten seconds, the last one wins. */
  announce(text: string): void
  /** A question with named outcomes; resolves to the key chosen, or null when left. */
  ask(question: { title: string; text: string; choices: { key: string; title: string; kind?: 'primary' | 'danger' }[]; later?: string }): Promise<string | null>
}

export interface Services {
  readonly contributions: Contributions
  readonly engine: Engine
  /** The lock of what lies on this laptop. */
  readonly lock: LaptopLock
  readonly items: Items
  readonly workspace: Workspace
  readonly layout: Layout
  readonly notices: Notices
  readonly http: Http
  readonly storage: Storage
  readonly appearance: Appearance
  readonly clock: Clock
  /** Which keys this browser hears and how they are written. */
  readonly keyWorld: KeyWorld
  /** Errors: throws for a command that nobody registered (a bug in the caller); a command that fails is told to the person. */
  run(command: string, ...args: unknown[]): Promise<void>
}
