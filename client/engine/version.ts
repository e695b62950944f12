/**
 * An item as it was at a place in the log, from its entries up to there: those that are kept here, completed by the relay. A snapshot cannot tell it,
 * because text that was deleted later is not in one. Nothing of it is stored.
 *
 * Invariant: a version is whole or not given at all; what cannot be read is left out of it as it was left out then.
 */
import * as Y from 'yjs'
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import { newId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { applyAct, NO_ACTS, readAct, type ActsState } from '../../shared/model/acts.ts'
import { PARTS } from '../../shared/model/entries.ts'
import type { HistoryEntry, VersionView } from './api.ts'
import { createFactsDocument, factsReady } from './facts.ts'
import type { History } from './history.ts'
import { loadProse } from './prose.ts'
import type { EngineStore } from './store.ts'

/** A moment of the timeline gathers what somebody did beside others; going back step by step must stop at every hand-over, and where somebody stopped to think. */
const STEP_PAUSE_MS = 30_000

/** In: entries in order. Out: the place of the last one before the latest uninterrupted run of one person. */
export function earlierSeq(entries: readonly HistoryEntry[]): number | null {
  for (let at = entries.length - 1; at > 0; at--) {
    const [before, one] = [entries[at - 1], entries[at]]
    if (before && one && before.seq !== null && (before.author !== one.author || one.time - before.time > STEP_PAUSE_MS)) return before.seq
  }
  return null
}

export function createVersions(deps: {
  store: Pick<EngineStore, 'entriesOf'>
  history: Pick<History, 'whole'>
  clock: Clock
  dice: Dice
}): (space: SpaceId, item: ItemId, upToSeq: number) => Promise<VersionView | null> {
  const { store, history, clock, dice } = deps
  /** Entries are only taken off this laptop, or never came, where a snapshot stands for them. */
  const isMerged = async (item: ItemId): Promise<boolean> => {
    for (const part of PARTS) if ((await store.entriesOf(item, part)).snapshot) return true
    return false
  }
  return async (space, item, upToSeq) => {
    const { entries, isAnswered } = await history.whole(space, item, upToSeq)
    const last = entries[entries.length - 1]
    if (!last || (!isAnswered && (await isMerged(item)))) return null
    await factsReady()
    const { doc } = await loadProse(entries.filter(({ part }) => part === 'prose'), clock)
    const prose = Y.encodeStateAsUpdate(doc)
    doc.destroy()
    const document = createFactsDocument(newId(dice))
    let acts: ActsState = NO_ACTS
    for (const { part, payload, author, time } of entries) {
      if (part === 'facts') document.apply(payload, author)
      const act = part === 'act' ? readAct(payload) : null
      const next = act?.ok ? applyAct(acts, act.value, author, time) : null
      if (next?.ok) acts = next.value
    }
    const facts = document.view()
    document.dispose()
    return { upToSeq, author: last.author, time: last.time, earlierSeq: earlierSeq(entries), prose, facts, acts }
  }
}
