/**
 * What a programme sees of the municipalities that take part (decision 0005): projection rows, computed in the reader thread by the same functions
 * as on every laptop, reduced to the agreed fields. Whether somebody may see them is asked by the door that calls.
 *
 * Rows are kept, documents are not: a commit only marks its item, and the next report reads marked items again. So memory
 * follows the number of items, and a report after one edit costs one item.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { agreedRows } from '../../shared/derive/progress.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { SpaceInfo } from '../auth/directory.ts'
import type { Relay } from '../relay/api.ts'
import type { Log } from '../store/log.ts'
import type { LogReader } from './reader.ts'

const PAGE_COUNT_MAX = 2_000
const PAGE_BYTES_MAX = 2 * 1024 * 1024

export interface Report {
  /** `offlineDaysMax`: the limit of the municipality holds for what a programme's laptops keep of it as well. */
  municipalities: { space: SpaceId; name: string; offlineDaysMax: number | null; rows: ItemRow[] }[]
  computedAt: number
}

export interface ReportService extends Disposable {
  /**
   * Agreed rows of the given municipalities, level with the log at the time of asking.
   * Errors: rejects when the log cannot be read. An item that cannot be read shows its last known row, or none, and is reported.
   */
  reportOf(municipalities: readonly SpaceInfo[]): Promise<Report>
}

export interface ReportServiceDeps {
  log: Pick<Log, 'read'>
  relay: Pick<Relay, 'onDidCommit' | 'onDidErase'>
  reader: LogReader
  clock: Clock
  /** `kind: 'row-failed'` with space, item and reason. */
  report(event: { kind: string; [detail: string]: unknown }): void
}

interface SpaceRows {
  /** Up to where changed items are known. */
  seq: number
  readonly rows: Map<ItemId, ItemRow>
  readonly changed: Set<ItemId>
  /** One levelling at a time. */
  turn: Promise<unknown>
}

export function createReportService({ log, relay, reader, clock, report }: ReportServiceDeps): ReportService {
  const spaces = new Map<SpaceId, SpaceRows>()
  const listening = relay.onDidCommit(({ space, entries }) => {
    const known = spaces.get(space)
    for (const { seq, item } of entries) {
      // Only what goes on exactly where we are; after a hole the log itself is read.
      if (known?.seq !== seq - 1) return
      known.seq = seq
      known.changed.add(item)
    }
  })

  // Other numbers, or an item less: read anew.
  const forgetting = relay.onDidErase(({ space }) => void spaces.delete(space))

  async function level(space: SpaceId, known: SpaceRows): Promise<void> {
    for (;;) {
      const { entries } = await log.read(space, known.seq, PAGE_BYTES_MAX, PAGE_COUNT_MAX)
      for (const { seq, item } of entries) {
        known.seq = Math.max(known.seq, seq)
        known.changed.add(item)
      }
      if (entries.length === 0) break
    }
    const changed = [...known.changed]
    known.changed.clear()
    // The thread takes them one by one; asked together, the way there and back is not waited for each time.
    await Promise.all(changed.map(async (item) => {
      const read = await reader.ask('row', { space, item })
      if (read.ok) {
        known.rows.set(item, read.value.row)
        return
      }
      report({ kind: 'row-failed', space, item, reason: read.failure.kind })
      known.changed.add(item)
    }))
  }

  return {
    async reportOf(municipalities) {
      const rows = await Promise.all(municipalities.map(async ({ space, name, offlineDaysMax = null }) => {
        let known = spaces.get(space)
        if (!known) spaces.set(space, (known = { seq: 0, rows: new Map(), changed: new Set(), turn: Promise.resolve() }))
        const own = known
        const turn = own.turn.then(() => level(space, own))
        own.turn = turn.then(() => undefined, () => undefined) // the failure is the asker's; the next one tries again
        await turn
        return { space, name, offlineDaysMax, rows: agreedRows([...own.rows.values()]) }
      }))
      return { municipalities: rows, computedAt: clock.now() }
    },
    dispose() {
      listening.dispose()
      forgetting.dispose()
    },
  }
}
