/**
 * Commits of one item while sockets are brought level: what came between what such a socket is answered and the moment from which it follows. Kept only while
 * somebody is, and only so much: whoever takes longer comes back later.
 */

/** Commits, and bytes of them, that are kept for one item. A reading takes seconds at worst; a book that is pasted meanwhile is 15 MiB. */
const RECENT_COUNT_MAX = 10_000
const RECENT_BYTES_MAX = 32 * 1024 * 1024

export interface RecentCommits {
  /** Keeps what comes while `work` is under way. */
  during(work: () => Promise<void>): Promise<void>
  /** In: what was committed. Out: false when it was too much: whoever is under way misses some of it, who begins now does not. */
  came(seq: number, update: Uint8Array): boolean
  after(seq: number): readonly { seq: number; update: Uint8Array }[]
}

export function createRecentCommits(): RecentCommits {
  let underWayCount = 0
  let kept: { seq: number; update: Uint8Array }[] = []
  let keptBytes = 0
  const clear = (): void => {
    kept = []
    keptBytes = 0
  }
  return {
    async during(work) {
      underWayCount += 1
      try {
        await work()
      } finally {
        underWayCount -= 1
        if (underWayCount === 0) clear()
      }
    },
    came(seq, update) {
      if (underWayCount === 0) return true
      kept.push({ seq, update })
      keptBytes += update.length
      if (kept.length <= RECENT_COUNT_MAX && keptBytes <= RECENT_BYTES_MAX) return true
      clear()
      return false
    },
    after: (seq) => kept.filter((one) => one.seq > seq),
  }
}
