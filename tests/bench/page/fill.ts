/**
 * Puts items into the local store of this browser through the store's own door, as an engine leaves them that has synchronised: entries, cursor,
 * rows of the tree and search texts. Runs in a page of the product's address, before the product is opened.
 */
import { fromBase64 } from 'lib0/buffer'
import { must } from '../../../shared/base/assert.ts'
import type { Id } from '../../../shared/base/ids.ts'
import { FORMAT_OF_PART, type Part } from '../../../shared/model/entries.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { browserDice } from '../../../client/platform/browser-dice.ts'
import { openDexieStore } from '../../../client/engine/dexie-store.ts'
import type { ReceivedEntry, TextRow } from '../../../client/engine/store.ts'

export interface FilledItem {
  row: ItemRow
  text: TextRow
  entries: { entry: Id; part: Part; writer: Id; payload: string }[]
}

declare global {
  interface Window {
    /** In: items of one space that has nothing yet. */
    fill(user: Id, space: Id, items: FilledItem[]): Promise<void>
  }
}

const DIRTY_COUNT_MAX = 1_000_000

window.fill = async (user, space, items) => {
  const store = await openDexieStore({ user, dice: browserDice })
  try {
    const { epoch, tailHash } = must((await store.spaces()).find((one) => one.space === space), 'a space that this login may read')
    const now = Date.now()
    const lastSeq = new Map<Id, number>()
    const entries = items
      .flatMap(({ row, entries }) => entries.map((one) => ({ ...one, item: row.item })))
      .map(({ payload, ...one }, at): ReceivedEntry => {
        const prevItemSeq = lastSeq.get(one.item) ?? 0
        lastSeq.set(one.item, at + 1)
        return { ...one, space, epoch, format: FORMAT_OF_PART[one.part], schema: 1, clientTime: now, serverTime: now, author: user, seq: at + 1, prevItemSeq, payload: fromBase64(payload) }
      })
    await store.putRun(space, epoch, entries, entries.length, tailHash)
    const marks = new Map((await store.dirty(DIRTY_COUNT_MAX)).map(({ item, at }) => [item, at]))
    await store.putRows(items.map(({ row }) => ({ row, at: must(marks.get(row.item), 'a mark for every item that changed') })))
    const stale = new Map((await store.staleTexts(DIRTY_COUNT_MAX)).map(({ item, at }) => [item, at]))
    await store.putTexts(items.map(({ text }) => ({ text, at: must(stale.get(text.item), 'a mark for every row that changed') })))
  } finally {
    await store.close()
  }
}
