/**
 * The entries of an item, oldest first: what is kept on this laptop, completed by what the relay has when there is a connection. Fetched
 * entries are shown and not stored.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { EntryId, ItemId, SpaceId } from '../../shared/base/ids.ts'
import { PARTS } from '../../shared/model/entries.ts'
import type { Down, Up } from '../../shared/protocol/messages/index.ts'
import type { HistoryEntry } from './api.ts'
import type { EngineStore } from './store.ts'

export interface History extends Disposable {
  /** Completed by the relay, and whether it answered for every part. `upToSeq`: only what has a place in the log up to there. */
  whole(space: SpaceId, item: ItemId, upToSeq?: number): Promise<{ entries: HistoryEntry[]; isAnswered: boolean }>
  /** Only what is kept on this laptop. */
  here(item: ItemId): Promise<HistoryEntry[]>
  heard(message: Down<'itemEntries'>): void
  /** Nothing more will be answered. */
  disconnected(): void
}

/** A relay that does not answer must not keep a person from what is here. */
const ANSWER_MS_MAX = 5_000

export function createHistory(deps: { store: EngineStore; clock: Clock; send(message: Up<'fetch'>): boolean }): History {
  const { store, clock } = deps
  let lastRequest = 0
  const asked = new Map<number, (answer: Down<'itemEntries'> | null) => void>()

  /** Out: null when there is no connection, or no answer. */
  const ask = (question: Omit<Up<'fetch'>, 'type' | 'request'>): Promise<Down<'itemEntries'> | null> => {
    const request = ++lastRequest
    return new Promise((resolve) => {
      const settle = (answer: Down<'itemEntries'> | null): void => {
        if (!asked.delete(request)) return
        timer.dispose()
        resolve(answer)
      }
      const timer = clock.after(ANSWER_MS_MAX, () => settle(null))
      asked.set(request, settle)
      if (!deps.send({ type: 'fetch', request, ...question })) settle(null)
    })
  }
  const giveUp = (): void => {
    for (const settle of [...asked.values()]) settle(null)
  }

  // What has no place in the log yet is the newest.
  const inOrder = (entries: Iterable<HistoryEntry>): HistoryEntry[] => [...entries].sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || a.time - b.time)
  const here = async (item: ItemId): Promise<HistoryEntry[]> =>
    (await store.historyOf(item)).map(({ seq, entry, part, author, serverTime, clientTime, payload }) => ({ seq, entry, part, author, time: serverTime ?? clientTime, payload }))
  const whole: History['whole'] = async (space, item, upToSeq = 0) => {
    const isWanted = ({ seq }: HistoryEntry): boolean => upToSeq === 0 || (seq !== null && seq <= upToSeq)
    const known = new Map<EntryId, HistoryEntry>((await here(item)).filter(isWanted).map((one) => [one.entry, one]))
    let isAnswered = true
    for (const part of PARTS) {
      let from = 1
      for (;;) {
        const answer = await ask({ space, item, part, from, upTo: upToSeq })
        isAnswered &&= answer !== null
        for (const { seq, entry, author, serverTime, payload } of answer?.entries ?? []) {
          const one: HistoryEntry = { seq, entry, part, author, time: serverTime, payload }
          if (isWanted(one)) known.set(entry, one)
        }
        const last = answer?.entries[answer.entries.length - 1]
        if (!answer?.more || !last) break
        from = last.seq + 1
      }
    }
    return { entries: inOrder(known.values()), isAnswered }
  }

  return {
    whole,
    here: async (item) => inOrder(await here(item)),
    heard: (message) => asked.get(message.request)?.(message),
    disconnected: giveUp,
    dispose: giveUp,
  }
}
