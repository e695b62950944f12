/**
 * Snapshots in the simulator: the reader thread's part done in this thread, and the judge of what is in one. The judge applies the entries one by one and
 * compares contents; it shares no code with the builder.
 */
import type * as Automerge from '@automerge/automerge/slim'
import * as Y from 'yjs'
import type { SnapshotServiceDeps } from '../../server/derive/snapshot-service.ts'
import type { Questions } from '../../server/derive/questions.ts'
import { createSnapshotBuilder } from '../../server/derive/snapshot-builder.ts'
import type { Log } from '../../server/store/log.ts'
import type { EntryId, UserId } from '../../shared/base/ids.ts'
import { fail, ok } from '../../shared/base/result.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import { decodeSnapshotBody } from '../../shared/protocol/snapshot-body.ts'
import { factsOfDocument, factsText, pendingOf, proseText, replayItem, untidied } from './content.ts'

type Asked = Questions['snapshot']['ask']
type Answer = Questions['snapshot']['answer']

async function build(log: Pick<Log, 'readItem'>, { space, item, part, before, upToSeq }: Asked): Promise<Answer> {
  const entries = await log.readItem(space, item, part, (before?.toSeq ?? 0) + 1, upToSeq, Number.MAX_SAFE_INTEGER)
  if (entries.length === 0) return { kind: 'nothing' }
  const builder = createSnapshotBuilder(part, before?.body ?? null)
  try {
    builder.add(entries)
    return { body: builder.finish(), entriesCount: entries.length, entriesBytes: entries.reduce((sum, { payload }) => sum + payload.length, 0) }
  } finally {
    builder.dispose()
  }
}

export const openReader = (log: Pick<Log, 'readItem'>): SnapshotServiceDeps['openReader'] => () => ({
  ask: (async (name: string, asked: Asked) => (name === 'snapshot' ? ok(await build(log, asked)) : fail({ kind: 'unavailable', reason: 'only snapshots here' }))) as ReturnType<SnapshotServiceDeps['openReader']>['ask'],
  dispose: () => undefined,
})

/**
 * In: a body, the entries of the part that it stands for, and who wrote each of them first: what only others could bring back after a restore stands
 * under their names in the new log, and under its writer's in a snapshot of before, as in the laptops that kept it. Out: what is wrong with it, null when it says what they say. */
export function snapshotFault(A: typeof Automerge, part: Part, body: Uint8Array, entries: readonly Entry[], writerOf: (entry: EntryId) => UserId | null): string | null {
  const { content, attribution } = decodeSnapshotBody(body)
  const { content: expected } = replayItem(A, entries)
  for (const { author } of attribution.hands) if (!entries.some(({ entry, author: named }) => named === author || writerOf(entry) === author)) return 'it names somebody who wrote nothing'
  if (part === 'prose') {
    const doc = untidied()
    Y.applyUpdate(doc, content)
    const [text, pending] = [proseText(doc), pendingOf(doc)]
    doc.destroy()
    return pending ?? (text === expected.prose ? null : 'its prose is not what its entries give')
  }
  const doc = A.load<Parameters<typeof factsOfDocument>[1]>(content)
  return factsText(factsOfDocument(A, doc as Parameters<typeof factsOfDocument>[1])) === expected.facts ? null : 'its facts are not what its entries give'
}
