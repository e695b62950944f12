/**
 * Writes items the way a laptop would have: facts as Automerge changes, prose as Yjs updates, acts as applyAct allows them, each an ordinary entry.
 * Everything is collected first and then appended in the order of time, so that histories read like what happened.
 *
 * Deterministic for the same dice and times: clientIDs, actors, writers and entry ids are all thrown with them.
 */
import * as Y from 'yjs'
import { assert } from '../../shared/base/assert.ts'
import { newId, type Id, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { actToBytes, applyAct, NO_ACTS, sealOf, type Act, type ActsState } from '../../shared/model/acts.ts'
import { FORMAT_OF_PART, type Part } from '../../shared/model/entries.ts'
import { assignmentsOf, rowsOf, type FactEdit, type FactRow, type FactsState, type FactValue } from '../../shared/model/facts.ts'
import { agreementSchema } from '../../shared/model/items/agreement.ts'
import { COMMIT_BATCH_COUNT_MAX } from '../../shared/model/limits.ts'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { proseJson } from '../../shared/derive/prose-json.ts'
import { createFactsDocument } from '../derive/facts-document.ts'
import type { AppendRequest, Log } from '../store/log.ts'

/** Who did it, and when. */
export interface Stamp {
  by: UserId
  at: number
}

export interface ItemWriter {
  readonly item: ItemId
  facts(): FactsState
  rows(list: string): FactRow[]
  acts(): ActsState
  edit(stamp: Stamp, ...edits: FactEdit[]): ItemWriter
  set(stamp: Stamp, values: Record<string, FactValue>): ItemWriter
  /** Two people who did not see each other's answer. */
  setApart(path: string, answers: readonly { stamp: Stamp; value: FactValue }[]): ItemWriter
  prose(stamp: Stamp, change: (doc: Y.Doc) => void): ItemWriter
  /** Errors: throws when the act may not follow; the plan is wrong then. */
  act(stamp: Stamp, act: Act): ItemWriter
  /** Canonical content now, with its seal. */
  sealed(): { content: string; seal: string }
}

export interface DemoWriter {
  begin(space: SpaceId, item?: ItemId): ItemWriter
  /** Appends everything that was collected. Out: counts. Errors: rejects when the log fails, throws when it refuses. */
  flush(): Promise<{ items: number; entries: number }>
}

/** In: after `loadFacts`. */
export function createDemoWriter({ log, dice }: { log: Log; dice: Dice }): DemoWriter {
  const collected: AppendRequest[] = []
  let items = 0

  function begin(space: SpaceId, item: ItemId = newId(dice)): ItemWriter {
    items += 1
    // One document per author: an actor and a clientID belong to one writer.
    const hands = new Map<UserId, Hand>()
    const payloads: { part: Part; payload: Uint8Array; by: UserId }[] = []
    let acts = NO_ACTS

    interface Hand {
      writer: Id
      facts: ReturnType<typeof createFactsDocument>
      doc: Y.Doc
      /** How many payloads of the item it has seen. */
      seen: number
    }
    function handOf(by: UserId): Hand {
      let hand = hands.get(by)
      if (!hand) {
        const doc = createProseDoc()
        doc.clientID = dice.uint32()
        hands.set(by, (hand = { writer: newId(dice), facts: createFactsDocument(newId(dice)), doc, seen: 0 }))
      }
      for (const { part, payload, by: author } of payloads.slice(hand.seen)) {
        if (author === by) continue
        if (part === 'facts') hand.facts.apply(payload, author)
        if (part === 'prose') Y.applyUpdate(hand.doc, payload)
      }
      hand.seen = payloads.length
      return hand
    }
    function put(part: Part, payload: Uint8Array, { by, at }: Stamp, writer: Id): void {
      payloads.push({ part, payload, by })
      collected.push({
        entry: { space, entry: newId(dice), item, part, format: FORMAT_OF_PART[part], schema: agreementSchema.version, clientTime: at, writer, payload },
        author: by,
        serverTime: at,
      })
    }
    const last = (): Hand => handOf(payloads.at(-1)?.by ?? '')

    const self: ItemWriter = {
      item,
      facts: () => last().facts.view(),
      rows: (list) => rowsOf(last().facts.view().registers, list),
      acts: () => acts,
      edit(stamp, ...edits) {
        const hand = handOf(stamp.by)
        put('facts', hand.facts.change(edits.flatMap(assignmentsOf), stamp.at, stamp.by), stamp, hand.writer)
        return self
      },
      set: (stamp, values) => self.edit(stamp, ...Object.entries(values).map(([path, value]): FactEdit => ({ op: 'set', path, value }))),
      setApart(path, answers) {
        const changes = answers.map(({ stamp, value }) => ({ stamp, hand: handOf(stamp.by), value }))
        for (const { stamp, hand, value } of changes) put('facts', hand.facts.change([[path, value]], stamp.at, stamp.by), stamp, hand.writer)
        return self
      },
      prose(stamp, change) {
        const hand = handOf(stamp.by)
        const updates: Uint8Array[] = []
        const collect = (update: Uint8Array): void => void updates.push(update)
        hand.doc.on('update', collect)
        hand.doc.transact(() => change(hand.doc))
        hand.doc.off('update', collect)
        for (const update of updates) put('prose', update, stamp, hand.writer)
        return self
      },
      act(stamp, act) {
        const after = applyAct(acts, act, stamp.by, stamp.at)
        assert(after.ok, `the example asks for an act that may not follow: ${act.kind}`)
        acts = after.value
        put('act', actToBytes(act), stamp, handOf(stamp.by).writer)
        return self
      },
      sealed() {
        const { facts, doc } = last()
        const content = canonicalOf({ facts: facts.view(), prose: proseJson(doc) })
        return { content, seal: sealOf(content) }
      },
    }
    return self
  }

  return {
    begin,
    async flush() {
      const requests = collected.splice(0).sort((a, b) => a.serverTime - b.serverTime)
      for (let from = 0; from < requests.length; from += COMMIT_BATCH_COUNT_MAX) {
        const { results } = await log.append(requests.slice(from, from + COMMIT_BATCH_COUNT_MAX))
        for (const result of results) assert(result.kind === 'stored', `the log refuses the example: ${JSON.stringify(result)}`)
      }
      return { items, entries: requests.length }
    },
  }
}
