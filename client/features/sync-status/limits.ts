/** How the limits for offline use stand: what closed, and what closes within a day. */
import type { SpaceView } from '../../engine/api.ts'
import { isClosed } from '../../workbench/closed.svelte.ts'

export interface Limits {
  closed: readonly SpaceView[]
  soon: readonly SpaceView[]
  /** Of the one that closes first. */
  hoursLeft: number | null
}

export function limitsOf(spaces: readonly SpaceView[]): Limits {
  const known = spaces.filter(({ role }) => role !== null)
  const soon = known.filter(({ offline }) => offline?.state === 'soon')
  const hours = soon.flatMap(({ offline }) => offline?.hoursLeft ?? [])
  return { closed: known.filter(isClosed), soon, hoursLeft: hours.length > 0 ? Math.min(...hours) : null }
}
