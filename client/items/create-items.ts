/**
 * Makes the `Items` of a window: handles on open items, one `OpenItem` per item however many views show it. When the last one lets go the item
 * rests: nobody sees this window in it any more, but the few used last stay open, so that going to another tab and back
 * costs nothing and loses no undo. Never waits for the network; `open` waits for the local store only.
 */
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { EngineEvent } from '../engine/api.ts'
import type { Items } from './items.ts'
import type { OpenItem, OpenItemDeps } from './open-item.svelte.ts'
import { browserClock } from '../platform/browser-clock.ts'

/** `row` and `role` may be reactive: handles read them when they are asked. */
export type ItemsDeps = Pick<OpenItemDeps, 'engine' | 'row' | 'role'> & Partial<Pick<OpenItemDeps, 'clock' | 'report'>>

type ItemEvent = Extract<EngineEvent, { item: ItemId }>

/** With Yjs in it: not in the first script, but beside the page that shows the first document. */
const documents = (): Promise<typeof import('./open-item.svelte.ts')> => import('./open-item.svelte.ts')

/** Items that stay open though nothing shows them; about what somebody goes back and forth between. */
const RESTING_COUNT_MAX = 6

interface Entry {
  count: number
  opening: Promise<OpenItem>
  open: OpenItem | null
  /** Prose that came between asking and the answer; applying it twice changes nothing. */
  early: ItemEvent[]
}

/**
 * In:     the engine; the projection row of an item and the own role in a space, as the window knows them.
 * Out:    the window's items; disposing stops listening (handles are their openers' to dispose).
 * Errors: `open` and `create` reject when the engine does; edits never reject, a malformed one is thrown to the window's error handler.
 */
export function createItems(given: ItemsDeps): Items & Disposable {
  const { engine } = given
  const spaces = new Map<ItemId, SpaceId>()
  const deps: OpenItemDeps = {
    clock: browserClock,
    report: (error) => queueMicrotask(() => {
      throw error
    }),
    ...given,
    spaceOf: (item) => spaces.get(item) ?? null,
  }
  const entries = new Map<ItemId, Entry>()

  const listening = engine.onEvent((event) => {
    if (!('item' in event)) return
    const entry = entries.get(event.item)
    if (entry?.open) entry.open.hear(event)
    // Facts and acts that came before the answer are in the answer.
    else if (event.type === 'prose' || event.type === 'presence') entry?.early.push(event)
  })

  /** The one that rests longest comes first. */
  const resting = new Map<ItemId, Entry>()
  const close = (item: ItemId, entry: Entry): void => {
    resting.delete(item)
    if (entries.get(item) === entry) entries.delete(item)
    entry.open?.dispose()
  }
  const release = (item: ItemId, entry: Entry): void => {
    entry.count--
    if (entry.count > 0) return
    if (!entry.open) return close(item, entry)
    entry.open.rest()
    resting.set(item, entry)
    const [longest] = resting
    if (resting.size > RESTING_COUNT_MAX && longest) close(...longest)
  }

  const begin = (item: ItemId): Entry => {
    const entry: Entry = { count: 0, open: null, early: [], opening: Promise.resolve(null as never) }
    entry.opening = documents().then(async ({ createOpenItem }) => {
      entry.open = createOpenItem(item, await engine.openItem(item), deps)
      for (const event of entry.early.splice(0)) entry.open.hear(event)
      return entry.open
    })
    entries.set(item, entry)
    return entry
  }

  return {
    async open(item) {
      const entry = entries.get(item) ?? begin(item)
      entry.count++
      if (resting.delete(item)) entry.open?.wake()
      try {
        const open = await entry.opening
        return open.handle(() => release(item, entry))
      } catch (error) {
        release(item, entry)
        throw error
      }
    },
    async create({ space, type, edits, prose }) {
      const update = prose ? (await documents()).updateOf(prose) : null
      const item = await engine.createItem({ space, type, edits, prose: update })
      spaces.set(item, space)
      return item
    },
    dispose() {
      for (const [item, entry] of [...resting]) close(item, entry)
      listening.dispose()
    },
  }
}
