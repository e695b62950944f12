/** What the references inside the notes get of the page around them. */
import type { ItemHandle } from '../../items/items.ts'
import type { Services } from '../../workbench/services.ts'

export type RecordKind = 'decision' | 'action'

export interface MeetingContext {
  services: Services
  handle: ItemHandle
  onconflict: (path: string) => void
  /** Opens the form of a decision or action that is there. */
  edit: (kind: RecordKind, id: string) => void
}
