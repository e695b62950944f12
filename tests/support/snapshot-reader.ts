/** The reader thread's part in making snapshots, in this very thread: for virtual time, where no other thread may be waited for. */
import { ok, fail } from '../../shared/base/result.ts'
import type { SnapshotServiceDeps } from '../../server/derive/snapshot-service.ts'
import { loadFacts } from '../../server/derive/facts-document.ts'
import type { Questions } from '../../server/derive/questions.ts'
import { createSnapshotBuilder } from '../../server/derive/snapshot-builder.ts'
import type { Log } from '../../server/store/log.ts'

export async function snapshotReader(log: Pick<Log, 'readItem'>): Promise<SnapshotServiceDeps['openReader']> {
  await loadFacts()
  const build = async ({ space, item, part, before, upToSeq }: Questions['snapshot']['ask']): Promise<Questions['snapshot']['answer']> => {
    const entries = await log.readItem(space, item, part, (before?.toSeq ?? 0) + 1, upToSeq, Number.MAX_SAFE_INTEGER)
    if (entries.length === 0) return { kind: 'nothing' }
    const builder = createSnapshotBuilder(part, before?.body ?? null)
    builder.add(entries)
    const body = builder.finish()
    builder.dispose()
    return { body, entriesCount: entries.length, entriesBytes: entries.reduce((sum, { payload }) => sum + payload.length, 0) }
  }
  return () => ({
    ask: (async (name: string, asked: never) => (name === 'snapshot' ? ok(await build(asked)) : fail({ kind: 'unavailable', reason: 'only snapshots here' }))) as ReturnType<SnapshotServiceDeps['openReader']>['ask'],
    dispose: () => undefined,
  })
}
