/**
 * Keeps the projection rows up with the documents, in small batches beside the edit path: trees and boards read rows, never documents. A
 * mark goes away only with the row that saw everything up to it.
 */
import { assert, must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { UserId } from '../../shared/base/ids.ts'
import { sealOf } from '../../shared/model/acts.ts'
import { PARTS, type Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import { needsContentSeal, needsProse, rowOf } from '../../shared/derive/row.ts'
import type { Content } from './content.ts'
import type { CrashGuard } from './crash-guard.ts'
import type { DirtyMark, EngineStore, StoredPart } from './store.ts'

export interface Projection extends Disposable {
  /** Something was marked; runs after a moment. */
  wake(): void
  /** Resolves when no mark is left that was there at the call. */
  upToDate(): Promise<void>
}

/** Items read and stored together: each batch costs a handful of transactions, whatever is in it. */
const BATCH_COUNT_MAX = 64
/** Items computed before others get a turn: about 10 ms of work. */
const SLICE_COUNT_MAX = 8
/** Typing marks its item many times a second; a row now and then is enough for eyes. */
const WAKE_AFTER_MS = 100

export function createProjection(deps: { store: EngineStore; content: Content; guard: CrashGuard; clock: Clock; mayRun(): boolean; failed(error: unknown): void }): Projection {
  const { store, content, guard, clock } = deps
  let timer: Disposable | null = null
  let running: Promise<void> | null = null
  let isDisposed = false

  const breath = (): Promise<void> => new Promise((resolve) => void clock.after(0, resolve))

  const lastChange = (parts: Record<Part, StoredPart>): { at: number; by: UserId | null } => {
    let last: { at: number; by: UserId | null } = { at: 0, by: null }
    const offer = (at: number, by: UserId): void => {
      if (at >= last.at) last = { at, by }
    }
    for (const part of PARTS) {
      const { snapshot, entries } = parts[part]
      if (snapshot) offer(snapshot.changedAt, snapshot.changedBy)
      for (const entry of entries) offer(entry.serverTime ?? entry.clientTime, entry.author)
    }
    return last
  }

  const compute = async ({ item, space }: DirtyMark, parts: Record<Part, StoredPart>): Promise<ItemRow> => {
    const facts = await content.facts(item, parts.facts)
    const { settled } = await content.acts(item, parts.act)
    const isSealed = needsContentSeal(settled)
    const prose = isSealed || needsProse(facts) ? await content.prose(item, parts.prose) : undefined
    const { at, by } = lastChange(parts)
    const row = rowOf({
      item, space, facts, acts: settled, changedAt: at, changedBy: by,
      ...(prose ? { proseJson: prose } : {}),
      ...(prose && isSealed ? { contentSeal: sealOf(canonicalOf({ facts, prose })) } : {}),
    })
    // Everything there was of it was refused and discarded: nothing is left to show.
    return at === 0 ? { ...row, gone: true } : row
  }

  const run = async (): Promise<void> => {
    let before = ''
    while (!isDisposed && deps.mayRun()) {
      const marks = await store.dirty(BATCH_COUNT_MAX)
      if (marks.length === 0) return
      const now = JSON.stringify(marks)
      assert(now !== before, 'a row was stored and its mark stayed')
      before = now
      // A mark may be seen before the documents in memory have what it is about.
      await content.caughtUp()
      const rows: { row: ItemRow; at: number }[] = []
      const items = marks.map(({ item }) => item)
      await guard.reading(items.filter((item) => !content.isLoaded(item)), async () => {
        // What is stored after this reading gives its item a newer mark, which stays.
        for (const [i, parts] of (await store.partsOf(items)).entries()) {
          const mark = must(marks[i], 'one answer per item')
          rows.push({ row: await compute(mark, parts), at: mark.at })
          if (i % SLICE_COUNT_MAX === SLICE_COUNT_MAX - 1) await breath()
        }
      })
      await guard.cleared(items)
      await store.putRows(rows)
      await breath()
    }
  }
  const start = (): Promise<void> => {
    running ??= run().finally(() => {
      running = null
    })
    return running
  }

  return {
    wake() {
      if (timer || isDisposed) return
      timer = clock.after(WAKE_AFTER_MS, () => {
        timer = null
        start().catch(deps.failed)
      })
    },
    async upToDate() {
      // A run that is under way may have read its marks before the newest one.
      await running
      await start()
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
    },
  }
}
