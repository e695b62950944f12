/**
 * A commit of a space to its live readers: encoded once for everybody who takes that form. That few frames carry many entries where many read along is
 * the work of the commit queue.
 *
 * Invariant: a commit leaves whole, and after the commits before it [INV2].
 */
import { encodeRun } from '../../shared/protocol/codec.ts'
import type { CommittedRun } from '../store/log.ts'
import { sawHead, type Feed } from './subscription.ts'

/** `guarded`: one reader's trouble is not another's. */
export function fanOut(feed: Feed, run: CommittedRun, guarded: (tell: () => void) => void): void {
  const { space, epoch, entries, tailHashAfter } = run
  const cursorAfter = entries.at(-1)?.seq ?? 0
  sawHead(feed, epoch, cursorAfter)
  const encoded = (isPacked: boolean): Uint8Array => encodeRun({ type: 'entries', space, epoch, entries, cursorAfter, tailHashAfter, more: false }, isPacked)
  let [plain, packed]: (Uint8Array | null)[] = [null, null]
  const once = (isPacked: boolean): Uint8Array => (isPacked ? (packed ??= encoded(true)) : (plain ??= encoded(false)))
  for (const subscription of [...feed.subscriptions]) guarded(() => subscription.committed(run, once))
}
