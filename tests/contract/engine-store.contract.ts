/**
 * What every local store must do, whatever it is made of: run for the memory store and for the Dexie store. `open` gives one more tab on the
 * same device.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newId, NO_ID, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { namedDice, randomBytes } from '../../shared/base/random.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { rowOf } from '../../shared/derive/row.ts'
import type { EngineStore, ReceivedEntry, SnapshotRow, SpaceRow, StoreChange } from '../../client/engine/store.ts'
import type { LocalEdit } from '../../client/engine/outbox.ts'

export interface StoreDevice {
  open(): Promise<EngineStore>
  dispose(): Promise<void>
}

export const dice = namedDice(5, 'engine store')
export const id = (): string => newId(dice)
const me = id()
const other = id()
export const TAIL = new Uint8Array(16).fill(7)

export const edit = (space: SpaceId, item: ItemId, over: Partial<LocalEdit> = {}): LocalEdit => ({
  space, entry: id(), item, part: 'prose', format: 'yjs1', schema: 1, clientTime: 1000, writer: id(), payload: randomBytes(dice, 20), author: me, ...over,
})
export const received = (one: LocalEdit, seq: number, epoch: string, over: Partial<ReceivedEntry> = {}): ReceivedEntry => ({
  ...one, seq, epoch, prevItemSeq: 0, author: other, serverTime: 5000 + seq, ...over,
})
export const spaceRow = (space: SpaceId, over: Partial<SpaceRow> = {}): SpaceRow => ({
  space, kind: 'municipality', name: 'Schiedam', role: 'member', epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0, rechecking: false, ...over,
})
const itemRow = (item: ItemId, space: SpaceId, title: string) =>
  ({ ...rowOf({ item, space, facts: EMPTY_FACTS, acts: NO_ACTS, changedAt: 1, changedBy: me }), title })

export function engineStoreContract(name: string, makeDevice: () => Promise<StoreDevice>): void {
  describe(`${name} as an engine store`, () => {
    let device: StoreDevice
    let store: EngineStore
    let space: SpaceId
    let item: ItemId
    let epoch: string
    beforeEach(async () => {
      device = await makeDevice()
      store = await device.open()
      ;[space, item, epoch] = [id(), id(), id()]
    })
    afterEach(() => device.dispose())

    test('a local edit is an entry, an outbox row and a dirty mark at once', async () => {
      const one = edit(space, item)
      await store.putLocal([one], 77)
      const { entries, snapshot } = await store.entriesOf(item, 'prose')
      expect(snapshot).toBeNull()
      expect(entries).toEqual([{ ...one, at: 1, seq: null, epoch: null, serverTime: null, quarantined: null }])
      expect(await store.outbox()).toEqual([{ ...one, order: 1, state: 'waiting', code: null, reason: '', storedAt: 77 }])
      expect((await store.dirty(10)).map((mark) => [mark.item, mark.space])).toEqual([[item, space]])
    })

    test('places of arrival rise over tabs, and a tab hears what another one stored', async () => {
      const second = await device.open()
      const heard: StoreChange[] = []
      const here = new Promise<void>((resolve) => second.onDidChange((change) => void (heard.push(change), resolve())))
      const [a, b] = [edit(space, item), edit(space, item)]
      await store.putLocal([a], 1)
      await second.putLocal([b], 2)
      await here
      expect((await store.entriesAfter(0, 10)).map(({ entry, at }) => [entry, at])).toEqual([[a.entry, 1], [b.entry, 2]])
      expect((await store.entriesAfter(1, 10)).map(({ entry }) => entry)).toEqual([b.entry])
      expect(await second.lastAt()).toBe(2)
      expect(heard.find(({ foreign }) => foreign)).toEqual({ entries: { from: 1, to: 1 }, items: [{ item, part: 'prose' }], outbox: 'added', foreign: true })
      expect((await store.outbox(1)).map(({ entry }) => entry)).toEqual([b.entry])
    })

    test('an edit stored twice is there once', async () => {
      const one = edit(space, item)
      await store.putLocal([one], 1)
      await store.putLocal([one], 2)
      expect(await store.entriesAfter(0, 10)).toHaveLength(1)
      expect(await store.outbox()).toHaveLength(1)
    })

    test('[INV3] a run moves entries, cursor and tail hash together, and what was known only gets its place', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const own = edit(space, item)
      await store.putLocal([own], 1)
      const foreign = edit(space, item)
      expect(await store.putRun(space, epoch, [received(own, 1, epoch), received(foreign, 2, epoch)], 2, TAIL)).toBe('stored')
      const { entries } = await store.entriesOf(item, 'prose')
      expect(entries.map(({ entry, at, seq, author, serverTime }) => [entry, at, seq, author, serverTime])).toEqual([
        [own.entry, 1, 1, other, 5001],
        [foreign.entry, 2, 2, other, 5002],
      ])
      expect(entries[0]?.payload).toEqual(own.payload)
      expect((await store.spaces())[0]).toMatchObject({ cursor: 2, tailHash: TAIL, head: 2 })
      expect(await store.outbox()).toHaveLength(1) // only an acknowledgement takes a row out
    })

    test('[INV3] a run of another epoch, or with a hole before it, changes nothing', async () => {
      await store.putSpace(spaceRow(space, { epoch, cursor: 3 }))
      expect(await store.putRun(space, id(), [received(edit(space, item), 4, epoch)], 4, TAIL)).toBe('stale')
      expect(await store.putRun(space, epoch, [received(edit(space, item), 5, epoch)], 5, TAIL)).toBe('stale')
      expect(await store.entriesAfter(0, 10)).toEqual([])
      expect((await store.spaces())[0]?.cursor).toBe(3)
    })

    test('a run that another tab stored already does not take the cursor back', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const [a, b] = [received(edit(space, item), 1, epoch), received(edit(space, item), 2, epoch)]
      await store.putRun(space, epoch, [a, b], 2, TAIL)
      await store.putRun(space, epoch, [a], 1, EMPTY_TAIL_HASH)
      expect((await store.spaces())[0]).toMatchObject({ cursor: 2, tailHash: TAIL })
      expect(await store.entriesAfter(0, 10)).toHaveLength(2)
    })

    test('[INV4] an acknowledged row moves to the archive, and from there only by age or back to the outbox', async () => {
      const one = edit(space, item)
      await store.putLocal([one], 1)
      await store.acknowledge([one.entry, id()], epoch, 100)
      expect(await store.outbox()).toEqual([])
      expect(await store.archive(space)).toEqual([{ ...one, order: 1, ackedAt: 100, epoch }])
      await store.dropArchiveBefore(100)
      expect(await store.archive(space)).toHaveLength(1)
      await store.unarchive(space, [one.entry])
      expect(await store.archive(space)).toEqual([])
      expect(await store.outbox()).toMatchObject([{ entry: one.entry, order: 1, state: 'waiting', payload: one.payload }])
      await store.acknowledge([one.entry], epoch, 100)
      await store.dropArchiveBefore(101)
      expect(await store.archive(space)).toEqual([])
    })

    test('[INV9] a parked row stays until a person decides: offered again, or dropped from the content as well', async () => {
      const [keep, drop] = [edit(space, item), edit(space, item)]
      await store.putLocal([keep, drop], 1)
      await store.park(keep.entry, 'forbidden', 'no-access')
      await store.park(drop.entry, 'invalid', 'overlap')
      expect((await store.outbox()).map(({ state, code, reason }) => [state, code, reason])).toEqual([['parked', 'forbidden', 'no-access'], ['parked', 'invalid', 'overlap']])
      await store.releaseParked([keep.entry])
      await store.discardParked([keep.entry, drop.entry])
      expect((await store.outbox()).map(({ entry, state, code }) => [entry, state, code])).toEqual([[keep.entry, 'waiting', null]])
      expect((await store.entriesOf(item, 'prose')).entries.map(({ entry }) => entry)).toEqual([keep.entry])
    })

    test('a re-check takes places after the common one away and puts what was acknowledged there back in the outbox, in one go', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const mine = [edit(space, item), edit(space, item)]
      const theirs = edit(space, item)
      await store.putLocal(mine, 1)
      await store.putRun(space, epoch, [received(mine[0]!, 1, epoch), received(theirs, 2, epoch), received(mine[1]!, 3, epoch)], 3, TAIL)
      await store.acknowledge(mine.map(({ entry }) => entry), epoch, 10)
      const next = id()
      await store.recheckSpace(space, next, 1, TAIL)
      expect((await store.outbox()).map(({ entry, order }) => [entry, order])).toEqual([[mine[1]!.entry, 2]])
      expect((await store.archive(space)).map(({ entry }) => entry)).toEqual([mine[0]!.entry])
      expect((await store.spaces())[0]).toMatchObject({ epoch: next, cursor: 1, tailHash: TAIL, rechecking: true })
      expect((await store.unplaced(space)).map(({ entry }) => entry)).toEqual([theirs.entry])
      await store.offerAgain([theirs.entry, mine[0]!.entry], 20)
      expect((await store.outbox()).map(({ entry, author }) => [entry, author])).toEqual([[mine[1]!.entry, me], [theirs.entry, other]])
      expect(await store.unplaced(space)).toEqual([])
    })

    test('[INV3] the end of a re-check moves no cursor, and is none for another epoch', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      await store.recheckSpace(space, epoch, 0, EMPTY_TAIL_HASH)
      await store.finishRecheck(space, id())
      expect((await store.spaces())[0]).toMatchObject({ rechecking: true })
      const ending = store.finishRecheck(space, epoch)
      const storing = store.putRun(space, epoch, [received(edit(space, item), 1, epoch)], 1, TAIL)
      const again = store.finishRecheck(space, epoch)
      await Promise.all([ending, storing, again])
      expect((await store.spaces())[0]).toMatchObject({ rechecking: false, epoch, cursor: 1, tailHash: TAIL })
    })

    test('what was lost by the relay is offered in the order in which it came here', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const theirs = edit(space, item)
      await store.putRun(space, epoch, [received(theirs, 1, epoch)], 1, TAIL)
      const mine = edit(space, item)
      await store.putLocal([mine], 1)
      await store.recheckSpace(space, id(), 0, EMPTY_TAIL_HASH)
      await store.offerAgain([theirs.entry], 2)
      expect((await store.outbox()).map(({ entry }) => entry)).toEqual([theirs.entry, mine.entry])
    })

    test('a snapshot covers what has a place, leaves own unsent entries out, and keeps young raw entries for the history', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const old = received(edit(space, item), 1, epoch, { serverTime: 10 })
      const young = received(edit(space, item), 2, epoch, { serverTime: 1000 })
      await store.putRun(space, epoch, [old, young], 2, TAIL)
      const unsent = edit(space, item)
      await store.putLocal([unsent], 1)
      const snapshot: SnapshotRow = { item, part: 'prose', space, version: 1, upToSeq: 2, upToAt: 2, payload: new Uint8Array([1, 2, 3]), changedAt: 1000, changedBy: other }
      await store.putSnapshot(snapshot, [old.entry, young.entry, unsent.entry], 500)
      const read = await store.entriesOf(item, 'prose')
      expect(read.snapshot).toEqual(snapshot)
      expect((await store.partsOf([item]))[0]?.prose).toEqual(read)
      expect(read.entries.map(({ entry }) => entry)).toEqual([unsent.entry])
      expect((await store.historyOf(item)).map(({ entry }) => entry)).toEqual([young.entry, unsent.entry])
      // Its place in the log comes later; it is still no part of the snapshot.
      await store.putRun(space, epoch, [received(unsent, 3, epoch)], 3, TAIL)
      expect((await store.entriesOf(item, 'prose')).entries.map(({ entry }) => entry)).toEqual([unsent.entry])
    })

    test('of two snapshots made from the same one, the second is not stored', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const one = received(edit(space, item), 1, epoch)
      await store.putRun(space, epoch, [one], 1, TAIL)
      const snapshot = (version: number, byte: number): SnapshotRow => ({ item, part: 'prose', space, version, upToSeq: 1, upToAt: 1, payload: new Uint8Array([byte]), changedAt: 1, changedBy: other })
      await store.putSnapshot(snapshot(1, 1), [one.entry], 0)
      await store.putSnapshot(snapshot(1, 2), [one.entry], 0)
      expect((await store.entriesOf(item, 'prose')).snapshot?.payload).toEqual(new Uint8Array([1]))
      await store.putSnapshot(snapshot(2, 3), [], 0)
      expect((await store.entriesOf(item, 'prose')).snapshot?.payload).toEqual(new Uint8Array([3]))
    })

    test('a lost space leaves nothing behind but what was not sent, parked', async () => {
      await store.putSpace(spaceRow(space, { epoch }))
      const [acked, unsent] = [edit(space, item), edit(space, item)]
      await store.putLocal([acked, unsent], 1)
      await store.putRun(space, epoch, [received(acked, 1, epoch)], 1, TAIL)
      await store.acknowledge([acked.entry], epoch, 5)
      const [mark] = await store.dirty(1)
      await store.putRows([{ row: itemRow(item, space, 'Roken'), at: mark!.at }])
      await store.removeSpace(space)
      expect(await store.entriesAfter(0, 10)).toEqual([])
      expect(await store.rows()).toEqual([])
      expect(await store.archive(space)).toEqual([])
      expect(await store.staleTexts(10)).toEqual([])
      expect((await store.outbox()).map(({ entry, state, code }) => [entry, state, code])).toEqual([[unsent.entry, 'parked', 'forbidden']])
      expect((await store.spaces())[0]).toMatchObject({ role: null, cursor: 0, epoch: NO_ID, formerEpoch: epoch })
      // A row that was being computed meanwhile does not come back.
      await store.putRows([{ row: itemRow(item, space, 'Roken'), at: mark!.at }])
      expect(await store.rows()).toEqual([])
      // What is typed meanwhile is kept the same way, and nothing of it can be offered.
      const late = edit(space, item)
      await store.putLocal([late], 7)
      await store.releaseParked([unsent.entry, late.entry])
      expect((await store.outbox()).map(({ entry, state, code, reason }) => [entry, state, code, reason])).toEqual([unsent, late].map(({ entry }) => [entry, 'parked', 'forbidden', 'right-lost']))
      expect([await store.entriesAfter(0, 10), await store.dirty(10)]).toEqual([[], []])
      // With the right, what was kept is content again; handed in once more, because nobody heard that it was stored, it is what it was.
      await store.putSpace(spaceRow(space, { epoch: NO_ID }))
      await store.putLocal([late], 8)
      expect((await store.outbox()).map(({ state }) => state)).toEqual(['parked', 'parked'])
      await store.releaseParked([late.entry])
      expect((await store.entriesOf(item, 'prose')).entries.map(({ entry, payload }) => [entry, payload])).toEqual([unsent, late].map(({ entry, payload }) => [entry, payload]))
      expect((await store.outbox()).map(({ state }) => state)).toEqual(['parked', 'waiting'])
      await store.releaseParked([unsent.entry])
      expect((await store.outbox()).map(({ state }) => state)).toEqual(['waiting', 'waiting'])
      expect((await store.entriesOf(item, 'prose')).entries).toHaveLength(2)
    })

    test('a dirty mark goes away only with the row that saw the newest change', async () => {
      await store.putLocal([edit(space, item)], 1)
      const [before] = await store.dirty(10)
      await store.putLocal([edit(space, item)], 2)
      await store.putRows([{ row: itemRow(item, space, 'oud'), at: before!.at }])
      expect(await store.rows(space)).toMatchObject([{ title: 'oud' }])
      const [now] = await store.dirty(10)
      expect(now!.at).toBeGreaterThan(before!.at)
      await store.putRows([{ row: itemRow(item, space, 'nieuw'), at: now!.at }])
      expect(await store.dirty(10)).toEqual([])
      expect((await store.row(item))?.title).toBe('nieuw')
      expect(await store.rows(id())).toEqual([])
    })

    test('search texts become stale with their row and are kept otherwise, and other tabs hear of new ones', async () => {
      const second = await device.open()
      const heard = new Promise<StoreChange>((resolve) => second.onDidChange((change) => void (change.texts && resolve(change))))
      await store.putLocal([edit(space, item)], 1)
      const [mark] = await store.dirty(1)
      await store.putRows([{ row: itemRow(item, space, 'Roken'), at: mark!.at }])
      const [stale] = await store.staleTexts(10)
      const text = { item, space, title: 'Roken', text: 'stoppen' }
      await store.putTexts([{ text, at: stale!.at }])
      expect(await store.texts()).toEqual([text])
      expect(await store.staleTexts(10)).toEqual([])
      expect(await heard).toEqual({ texts: [item], foreign: true })
      expect(await second.textsOf([id(), item])).toEqual([text])
    })

    test('texts are read of one space, or page by page: every one once, in the order of items', async () => {
      const other = id()
      for (const one of [space, other]) await store.putSpace(spaceRow(one))
      const items = Array.from({ length: 7 }, (_, at) => ({ item: id(), of: at % 2 === 0 ? space : other }))
      await store.putLocal(items.map(({ item, of }) => edit(of, item)), 1)
      await store.putRows((await store.dirty(10)).map(({ item, space: of, at }) => ({ row: itemRow(item, of, 'Roken'), at })))
      await store.putTexts((await store.staleTexts(10)).map(({ item, space: of, at }) => ({ text: { item, space: of, title: 'Roken', text: item }, at })))
      expect((await store.texts(other)).map(({ item }) => item).sort()).toEqual(items.filter(({ of }) => of === other).map(({ item }) => item).sort())
      const pages: string[][] = []
      for (let last: string | null = null; pages.at(-1)?.length !== 0; last = pages.at(-1)?.at(-1) ?? last) pages.push((await store.textsAfter(last, 3)).map(({ item }) => item))
      expect(pages.map((page) => page.length)).toEqual([3, 3, 1, 0])
      expect(pages.flat()).toEqual(items.map(({ item }) => item).sort())
    })

    test('all parts of several items are read at once, as they are read one by one', async () => {
      await store.putSpace(spaceRow(space))
      await store.putLocal([edit(space, item), { ...edit(space, item), part: 'facts', format: 'am1' }, edit(space, item)], 1)
      const [absent, other] = [id(), id()]
      await store.putLocal([edit(space, other)], 2)
      const read = await store.partsOf([other, absent, item])
      for (const [i, one] of [other, absent, item].entries())
        for (const part of ['prose', 'facts', 'act'] as const) expect(read[i]![part]).toEqual(await store.entriesOf(one, part))
      expect(read.map(({ prose, facts, act }) => [prose.entries.length, facts.entries.length, act.entries.length])).toEqual([[1, 0, 0], [0, 0, 0], [2, 1, 0]])
    })

    test('a quarantined entry keeps its bytes and says why', async () => {
      const one = edit(space, item)
      await store.putLocal([one], 1)
      await store.quarantine(one.entry, 'unreadable')
      expect((await store.entriesOf(item, 'prose')).entries).toMatchObject([{ entry: one.entry, quarantined: 'unreadable', payload: one.payload }])
    })

    test('values are kept, and messages between tabs are heard by the others alone', async () => {
      await store.putValue('device', { a: [1, null] })
      const second = await device.open()
      expect(await second.getValue('device')).toEqual({ a: [1, null] })
      expect(await second.getValue('nothing')).toBeUndefined()
      const own: unknown[] = []
      store.onDidPost((message) => void own.push(message))
      const heard = new Promise<unknown>((resolve) => second.onDidPost(resolve))
      store.post({ type: 'leads', view: 1 })
      expect(await heard).toEqual({ type: 'leads', view: 1 })
      expect(own).toEqual([])
    })

    test('what one tab stored is there for a tab that opens later', async () => {
      const one = edit(space, item)
      await store.putLocal([one], 1)
      await store.close()
      const later = await device.open()
      expect((await later.entriesOf(item, 'prose')).entries).toHaveLength(1)
      expect(await later.outbox()).toHaveLength(1)
    })
  })
}
