/** What every keeper of snapshots must do, whatever it keeps them on. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import type { SnapshotLabel, Snapshots } from '../../server/store/snapshots.ts'

export interface SnapshotsUnderTest {
  snapshots: Snapshots
  dispose(): Promise<void>
}

const id = (byte: string): string => byte.repeat(16)
const tail = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)
export const labelFor = (over: Partial<SnapshotLabel> = {}): SnapshotLabel => ({
  space: id('50'), item: id('17'), part: 'prose', toSeq: 300, tailHash: tail(3), bodyBytes: 4, entriesCount: 250, entriesBytes: 9_000, ...over,
})
const BODY = Uint8Array.of(1, 2, 3, 4)

export function describeSnapshots(name: string, setup: () => Promise<SnapshotsUnderTest>): void {
  describe(name, () => {
    let world: SnapshotsUnderTest
    let snapshots: Snapshots
    beforeEach(async () => {
      world = await setup()
      snapshots = world.snapshots
    })
    afterEach(() => world.dispose())

    it('gives back what was put, and a newer one takes the place of the one before', async () => {
      expect(await snapshots.labels(id('50'))).toEqual([])
      await snapshots.put(labelFor(), BODY)
      await snapshots.put(labelFor({ part: 'facts', toSeq: 7 }), BODY)
      expect((await snapshots.labels(id('50'))).toSorted((a, b) => b.toSeq - a.toSeq)).toEqual([labelFor(), labelFor({ part: 'facts', toSeq: 7 })])
      expect(await snapshots.labels(id('51'))).toEqual([])
      expect(await snapshots.body(labelFor())).toEqual(BODY)
      const newer = labelFor({ toSeq: 400, tailHash: tail(4), bodyBytes: 2, entriesCount: 340 })
      await snapshots.put(newer, Uint8Array.of(9, 9))
      expect(await snapshots.body(newer)).toEqual(Uint8Array.of(9, 9))
      // What was chosen a moment ago is gone: the newer one stands for other entries.
      expect(await snapshots.body(labelFor())).toBeNull()
    })

    it('adds up what grew until there is a snapshot of it', async () => {
      const grown = (entriesCount: number, item = id('17')) => ({ item, part: 'prose' as const, entriesCount, entriesBytes: entriesCount * 30 })
      expect(await snapshots.notedUpTo(id('50'))).toEqual({ seq: 0, tailHash: EMPTY_TAIL_HASH })
      await snapshots.note(id('50'), { seq: 150, tailHash: tail(1) }, [grown(100), grown(50, id('18'))])
      expect(await snapshots.due(id('50'), 10)).toEqual([])
      await snapshots.note(id('50'), { seq: 400, tailHash: tail(2) }, [grown(120), grown(130, id('18'))])
      expect(await snapshots.notedUpTo(id('50'))).toEqual({ seq: 400, tailHash: tail(2) })
      expect(await snapshots.due(id('50'), 10)).toEqual([grown(220)])
      expect(await snapshots.due(id('50'), 10, 180)).toEqual([grown(220), grown(180, id('18'))])
      expect(await snapshots.due(id('50'), 1, 1)).toEqual([grown(220)])
      await snapshots.put(labelFor({ toSeq: 400 }), BODY)
      expect(await snapshots.due(id('50'), 10, 1)).toEqual([grown(180, id('18'))])
    })

    it('waits with the next one until enough changed beside the size of the last', async () => {
      await snapshots.put(labelFor({ bodyBytes: 200_000 }), new Uint8Array(200_000))
      await snapshots.note(id('50'), { seq: 600, tailHash: tail(2) }, [{ item: id('17'), part: 'prose', entriesCount: 300, entriesBytes: 9_000 }])
      expect(await snapshots.due(id('50'), 10)).toEqual([])
      await snapshots.note(id('50'), { seq: 1_200, tailHash: tail(3) }, [{ item: id('17'), part: 'prose', entriesCount: 600, entriesBytes: 18_000 }])
      expect(await snapshots.due(id('50'), 10)).toHaveLength(1)
    })

    it('forgets a space and nothing else', async () => {
      await snapshots.put(labelFor(), BODY)
      await snapshots.put(labelFor({ space: id('51') }), BODY)
      await snapshots.note(id('50'), { seq: 9, tailHash: tail(1) }, [{ item: id('17'), part: 'facts', entriesCount: 9, entriesBytes: 9 }])
      await snapshots.forget(id('50'))
      expect(await snapshots.labels(id('50'))).toEqual([])
      expect(await snapshots.notedUpTo(id('50'))).toEqual({ seq: 0, tailHash: EMPTY_TAIL_HASH })
      expect(await snapshots.due(id('50'), 10, 1)).toEqual([])
      expect(await snapshots.labels(id('51'))).toHaveLength(1)
    })
  })
}
