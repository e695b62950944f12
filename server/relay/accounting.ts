/**
 * What came over the relay's doors, for the account of who did what: reading a space, its history, edits, acts, and whatever was refused for
 * rights. The log itself names author and time of every edit; here stands that somebody was at work in an item, once per AUDIT_REPEAT_MS, and not
 * each letter. Refusals and acts are never counted together.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Operation } from '../../shared/model/grants.ts'
import { AUDIT_REPEAT_MS } from '../../shared/model/limits.ts'

export interface Accounted {
  who: UserId
  operation: Operation
  space: SpaceId
  /** null: the space as a whole. */
  item: ItemId | null
  /** Names the connection. */
  session: string
  /** Address of the other side; empty where there is none. */
  from: string
  result: 'done' | 'refused'
}

export type Account = (event: Accounted) => void

const REPEATING: ReadonlySet<Operation> = new Set<Operation>(['space.read', 'history.read', 'item.write'])
/** What was told lately, about 200 bytes each; beyond it the oldest is told again. */
const LATELY_COUNT_MAX = 20_000

/** In: whoever keeps the account. Out: the same, without what was told already within AUDIT_REPEAT_MS. */
export function createAccounting(clock: Clock, tell: Account): Account {
  const lately = new Map<string, number>()
  return (event) => {
    if (event.result === 'done' && REPEATING.has(event.operation)) {
      const key = `${event.who} ${event.operation} ${event.space} ${event.item ?? ''}`
      const now = clock.now()
      const before = lately.get(key)
      // A clock that jumped back must not silence anybody.
      if (before !== undefined && Math.abs(now - before) < AUDIT_REPEAT_MS) return
      lately.delete(key)
      if (lately.size >= LATELY_COUNT_MAX) for (const oldest of lately.keys()) if (lately.delete(oldest)) break
      lately.set(key, now)
    }
    tell(event)
  }
}
