/** Spaces that this laptop closed because it had no contact for too long: the engine answers nothing of them; the window says why. */
import { may } from '../../shared/model/grants.ts'
import type { SpaceView } from '../engine/api.ts'
import type { EditorInput } from '../platform/contributions.ts'
import type { Services } from './services.ts'

export const isClosed = (space: SpaceView | null | undefined): boolean => space?.offline?.state === 'closed'

/** What is new would be seen by nobody while the space is closed: it is not offered there. */
export const mayWriteIn = (space: SpaceView | null | undefined): boolean => may(space?.role, 'item.write') && !isClosed(space)

/** The closed space that an input is of; null: it is open, or of no space. Call while a component is being set up. */
export function closedSpaceOf(services: Pick<Services, 'engine' | 'workspace'>, input: () => EditorInput | null): { readonly space: SpaceView | null } {
  const { engine, workspace } = services
  // An item of a closed space has no row that says where it is.
  let found = $state.raw<{ item: string; space: string | null } | null>(null)
  const hasClosed = $derived(workspace.spaces.some(isClosed))
  const missing = $derived.by(() => {
    const now = input()
    return hasClosed && now?.kind === 'item' && !workspace.rowsById.has(now.item) ? now.item : null
  })
  $effect(() => {
    const item = missing
    if (item === null || found?.item === item) return
    void engine.spaceOf(item).then((space) => {
      found = { item, space }
    })
  })
  const id = $derived.by(() => {
    const now = input()
    if (now === null) return null
    if (now.kind === 'item') return missing === null ? null : found?.item === missing ? found.space : null
    return now.params?.['space'] ?? (now.page === 'overview' ? (workspace.space?.space ?? null) : null)
  })
  const space = $derived(workspace.spaces.find((one) => one.space === id && isClosed(one)) ?? null)
  return {
    get space() {
      return space
    },
  }
}
