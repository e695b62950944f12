/** Fills the systems with the same documents before a row begins. */
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { newId, type Id } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import { connect, entryOf, pushAt } from '../laptop.ts'
import { longText, proseOf } from '../writing.ts'
import { PUSHES_PER_SECOND_MAX } from '../../../shared/model/limits.ts'
import { lineTo } from './lines.ts'
import type { OurDoor, Server } from './systems.ts'

const AT_ONCE = 20

export interface Document {
  id: Id
  update: Uint8Array
  stateVector: Uint8Array
}

/** Documents of so many words each; one text in twenty is different, which no server can tell. */
export function documentsOf(count: number, words: number, dice: Dice): Document[] {
  const variants = Array.from({ length: Math.min(20, count) }, () => {
    const update = proseOf(longText(words, dice).filter(({ type }) => type !== 'pathwaySteps'), dice)
    return { update, stateVector: Y.encodeStateVectorFromUpdate(update) }
  })
  return Array.from({ length: count }, (_, at) => ({ id: newId(dice), ...must(variants[at % variants.length], 'a variant') }))
}

/** One update of each of these documents, through the door that is quickest. Resolves when the server has them. */
export async function writeAll(server: Server, updates: readonly { id: Id; update: Uint8Array }[], dice: Dice): Promise<void> {
  const door: OurDoor | undefined = server.kind === 'ours' ? server : server.kind === 'yjs' ? server.door : undefined
  if (door) {
    const laptop = await connect(door.http, door.admin.cookie, dice)
    await pushAt(laptop, [(n) => {
      const { id, update } = must(updates[n - 1], 'one for each place')
      return entryOf(dice, { n, space: door.space, item: id, part: 'prose', writer: newId(dice), payload: update })
    }], PUSHES_PER_SECOND_MAX * 0.9, updates.length)
    return laptop.close()
  }
  for (let from = 0; from < updates.length; from += AT_ONCE)
    await Promise.all(
      updates.slice(from, from + AT_ONCE).map(async ({ id, update }) => {
        const line = await lineTo(server, id, dice)
        const echoed = new Promise<void>((resolve) => {
          line.onUpdate(() => resolve())
          line.onSaved(() => resolve())
        })
        line.write(update)
        await echoed
        await line.close()
      }),
    )
}
