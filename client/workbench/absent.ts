/** Why a document that a tab names cannot be shown, as far as this window knows. What is of a closed space is said by `closed.svelte.ts`. */
import type { ItemId } from '../../shared/base/ids.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { SpaceView } from '../engine/api.ts'
import type { Workspace } from './services.ts'

export type Absent =
  /** Nothing was read yet. */
  | { kind: 'loading' }
  /** Somebody took it out of the explorer; nothing was erased. */
  | { kind: 'removed'; row: ItemRow }
  /** One is no member of its space any more. */
  | { kind: 'lost'; row: ItemRow; space: SpaceView }
  /** The relay said all it has for this login, and it is not among it. `row`: it was here while the window was open. */
  | { kind: 'withheld'; row: ItemRow | null }
  | { kind: 'coming' }

/** null: it is here. */
export function absentOf(workspace: Pick<Workspace, 'rowsById' | 'formerRow' | 'isLoaded' | 'spaces' | 'status'>, item: ItemId): Absent | null {
  if (workspace.rowsById.has(item)) return null
  if (!workspace.isLoaded) return { kind: 'loading' }
  const row = workspace.formerRow(item)
  const space = row && workspace.spaces.find((one) => one.space === row.space)
  if (row && space && space.role === null) return { kind: 'lost', row, space }
  if (row?.gone) return { kind: 'removed', row }
  const isLevel = workspace.status.connection === 'live' && workspace.status.behindCount === 0
  return row || isLevel ? { kind: 'withheld', row } : { kind: 'coming' }
}
