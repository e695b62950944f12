/**
 * Pushes that come again, hours later, in any order, up to five times each: what a proxy repeats, a copied laptop sends anew, or a second door
 * brings late (C4). Only what was committed once: nobody but its author's laptop may decide about anything else. They arrive on a connection of
 * their own, so that no laptop expects them.
 */
import { newId, type EntryId, type UserId } from '../../shared/base/ids.ts'
import { below, namedDice, type Dice } from '../../shared/base/random.ts'
import type { Up, UpMessage } from '../../shared/protocol/messages/index.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { VirtualRelayHost } from './relay-host.ts'
import type { Scheduler } from './scheduler.ts'

const TIMES_MAX = 5
/** The relay hangs up on whoever says nothing more. */
const OPEN_MS = 5_000

export interface OldPushes {
  /** Something that a laptop of this user sent. */
  sent(user: UserId, messages: readonly UpMessage[]): void
  /** It is, or was, in a log. */
  committed(entry: EntryId): void
  /** Sends so many of a user's again. False: there are none, or nobody listens. */
  repeat(user: UserId, count: number, seed: number): boolean
  /** Sends all of everybody's again. Out: how many pushes that were, repetitions counted. */
  repeatAll(seed: number): number
}

export function createOldPushes(host: () => VirtualRelayHost, scheduler: Scheduler): OldPushes {
  const kept = new Map<UserId, Map<EntryId, Up<'push'>>>()
  const wasCommitted = new Set<EntryId>()
  const ofUser = (user: UserId): Up<'push'>[] => [...(kept.get(user)?.values() ?? [])].filter(({ entry }) => wasCommitted.has(entry))
  /** Each one to five times, in any order. Out: how many that were. */
  const send = (user: UserId, pushes: readonly Up<'push'>[], dice: Dice): number => {
    const session = pushes.length > 0 ? host().accept({ send: () => undefined, bufferedBytes: () => 0, close: () => undefined }, user) : null
    if (!session) return 0
    session.receive(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'again', device: newId(dice), pendingCount: 0 }))
    const order = pushes.flatMap((push) => Array.from({ length: 1 + below(dice, TIMES_MAX) }, () => push))
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(dice, i + 1)
      ;[order[i], order[j]] = [order[j] as Up<'push'>, order[i] as Up<'push'>]
    }
    order.forEach((push, i) => session.receive(encodeUp({ ...push, n: i + 1 })))
    scheduler.after(OPEN_MS, () => session.closed())
    return order.length
  }
  return {
    sent(user, messages) {
      let own = kept.get(user)
      if (!own) kept.set(user, (own = new Map()))
      for (const message of messages) if (message.type === 'push' && message.fragments === 1) own.set(message.entry, message)
    },
    committed: (entry) => void wasCommitted.add(entry),
    repeat(user, count, seed) {
      const dice = namedDice(seed, 'old pushes')
      const pushes = ofUser(user)
      if (pushes.length === 0) return false
      return send(user, Array.from({ length: count }, () => pushes[below(dice, pushes.length)] as Up<'push'>), dice) > 0
    },
    repeatAll(seed) {
      const dice = namedDice(seed, 'all old pushes')
      return [...kept.keys()].reduce((sum, user) => sum + send(user, ofUser(user), dice), 0)
    },
  }
}
