/**
 * When a space is here: after a first sign-in its log takes seconds to come in and its rows a moment more to be drawn up. Who makes something out of
 * what was there before waits for that, or begins silently with nothing. Without a connection what is here is all there is.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { Engine } from '../engine/api.ts'
import type { Workspace } from './services.ts'

const LOOK_MS = 100
const WONDER_MS = 500
/** Whoever clicked is there and waits: then what came so far has to do. */
const WAIT_MS_MAX = 20_000

interface Deps {
  engine: Pick<Engine, 'freshRows'>
  workspace: Pick<Workspace, 'status' | 'spaces'>
  clock: Clock
}

/** Whether a connection is bringing this space now: nothing was heard of it yet, or not all of it came in. */
export function isComing({ status: { connection, behindCount }, spaces }: Pick<Workspace, 'status' | 'spaces'>, space: SpaceId): boolean {
  const isUnheardOf = spaces.find((one) => one.space === space)?.hasLog === undefined
  return (connection === 'live' && (isUnheardOf || behindCount > 0)) || (connection === 'connecting' && isUnheardOf)
}

/**
 * Rows of a space, gone ones left out, once the space is here.
 *
 * In:     `onWait` is called when it takes so long that somebody wonders.
 * Limits: goes on with what there is after WAIT_MS_MAX, and at once without a connection.
 */
export async function rowsOnceHere({ engine, workspace, clock }: Deps, space: SpaceId, onWait: () => void): Promise<ItemRow[]> {
  const wonder = clock.after(WONDER_MS, onWait)
  if (isComing(workspace, space)) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const begun = clock.now()
    let wasComing = true
    const look = (): void => {
      const isOver = clock.now() - begun >= WAIT_MS_MAX
      // Twice in a row: that the space is known and how much of it is to come are told one after the other.
      if (isOver || (!wasComing && !isComing(workspace, space))) return resolve()
      wasComing = isComing(workspace, space)
      clock.after(LOOK_MS, look)
    }
    clock.after(LOOK_MS, look)
    await promise
  }
  try {
    return (await engine.freshRows(space)).filter((row) => !row.gone)
  } finally {
    wonder.dispose()
  }
}
