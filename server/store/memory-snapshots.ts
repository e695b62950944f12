/** Snapshots in memory, for tests and the simulator; held to the same contract as those on a disk. */
import type { SpaceId } from '../../shared/base/ids.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { isDue, type Growth, type SnapshotLabel, type Snapshots } from './snapshots.ts'

interface Kept {
  noted: { seq: number; tailHash: Uint8Array }
  growth: Map<string, Growth>
  snapshots: Map<string, { label: SnapshotLabel; body: Uint8Array }>
}

export function createMemorySnapshots(): Snapshots {
  const spaces = new Map<SpaceId, Kept>()
  const of = (space: SpaceId): Kept => {
    let kept = spaces.get(space)
    if (!kept) spaces.set(space, (kept = { noted: { seq: 0, tailHash: EMPTY_TAIL_HASH }, growth: new Map(), snapshots: new Map() }))
    return kept
  }
  const keyOf = ({ item, part }: Pick<Growth, 'item' | 'part'>): string => `${item}/${part}`
  return {
    labels: async (space, item) => [...of(space).snapshots.values()].map(({ label }) => label).filter((label) => item === undefined || label.item === item),
    async body(label) {
      const kept = of(label.space).snapshots.get(keyOf(label))
      return kept?.label.toSeq === label.toSeq ? kept.body : null
    },
    async put(label, body) {
      const kept = of(label.space)
      kept.snapshots.set(keyOf(label), { label: { ...label, bodyBytes: body.length }, body })
      kept.growth.delete(keyOf(label))
    },
    notedUpTo: async (space) => of(space).noted,
    async note(space, noted, grown) {
      const kept = of(space)
      kept.noted = noted
      for (const one of grown) {
        const before = kept.growth.get(keyOf(one))
        kept.growth.set(keyOf(one), {
          ...one, entriesCount: one.entriesCount + (before?.entriesCount ?? 0), entriesBytes: one.entriesBytes + (before?.entriesBytes ?? 0),
        })
      }
    },
    async due(space, countMax, entriesCountMin) {
      const kept = of(space)
      const grown = [...kept.growth.values()].sort((a, b) => b.entriesCount - a.entriesCount)
      return grown.filter((one) => isDue(one, kept.snapshots.get(keyOf(one))?.label ?? null, entriesCountMin)).slice(0, countMax)
    },
    forget: async (space) => void spaces.delete(space),
    close: async () => undefined,
  }
}
