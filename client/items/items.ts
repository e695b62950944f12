/**
 * What the window holds of an item: handles. All open views of an item in one window share one Y.Doc and one clientID; when the last
 * one lets go, it rests for a while before it is closed. Written against `engine/api.ts` only.
 */
import type * as Y from 'yjs'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Act } from '../../shared/model/acts.ts'
import type { FactEdit, FactsState, FactValue } from '../../shared/model/facts.ts'
import type { ItemType } from '../../shared/model/items/index.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { ActsView, PresenceView } from '../engine/api.ts'

/** Origins of Yjs transactions; the tag that stops a circle. */
export const ORIGIN_REMOTE = 'remote'

export interface ItemHandle extends Disposable {
  readonly item: ItemId
  /** Reactive: when the engine threw away own edits, a fresh document takes this one's place. */
  readonly doc: Y.Doc
  /** `doc.getXmlFragment('prose')`. */
  readonly prose: Y.XmlFragment
  /** Reactive (runes): reading in markup follows changes. Own edits show at once, before the engine answers. */
  readonly facts: FactsState
  readonly acts: ActsView
  readonly row: ItemRow | null
  readonly present: readonly PresenceView[]
  /** False for readers, unknown schema versions and spaces that were lost. */
  readonly isWritable: boolean
  edit(...edits: FactEdit[]): void
  set(path: string, value: FactValue): void
  /** Facts and prose changed by `change` reach the log in one transaction. */
  editLinked(edits: FactEdit[], change: (doc: Y.Doc) => void): void
  act(act: Act): Promise<void>
  showCursor(cursor: { anchor: unknown; head: unknown } | null): void
}

export interface Items {
  open(item: ItemId): Promise<ItemHandle>
  create(request: { space: SpaceId; type: ItemType; edits: FactEdit[]; prose?: (doc: Y.Doc) => void }): Promise<ItemId>
}
