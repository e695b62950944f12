// Documents that stay for the next reading. What a reading costs is counted in items that are put in their places.
import { afterEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId, type EntryId } from '../../shared/base/ids.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import type { CrashGuard } from '../../client/engine/crash-guard.ts'
import { createProseReader, type ProseReaderDeps } from '../../client/engine/prose-reader.ts'
import { DEAR } from '../../client/engine/prose.ts'
import type { EngineStore, StoredEntry, StoredPart } from '../../client/engine/store.ts'
import { longWalk } from '../support/long-walk.ts'

const dice = namedDice(1, 'prose reader')
const integrate = Y.Item.prototype.integrate
let [placedCount, spentMs] = [0, 0]
let msOf = (_item: Y.Item): number => 0
Y.Item.prototype.integrate = function (...args) {
  placedCount++
  spentMs += msOf(this)
  integrate.apply(this, args)
}
afterEach(() => {
  msOf = () => 0
})

/** A laptop's store with one item or more, of which a test says what is in it. */
function shelf(deps: Partial<ProseReaderDeps> = {}) {
  const parts = new Map<string, { snapshot: StoredPart['snapshot']; entries: StoredEntry[] }>()
  const partOf = (item: string) => {
    const part = parts.get(item) ?? { snapshot: null, entries: [] }
    parts.set(item, part)
    return part
  }
  const store = {
    entriesOf: (item: string) => Promise.resolve({ snapshot: partOf(item).snapshot, entries: [...partOf(item).entries] }),
    quarantine(entry: EntryId, reason: string | null) {
      for (const { entries } of parts.values()) for (const one of entries) if (one.entry === entry) one.quarantined = reason
      return Promise.resolve()
    },
  } as Partial<EngineStore> as EngineStore
  const guard = { reading: (_items, work) => work(), isSuspect: () => false } as Partial<CrashGuard> as CrashGuard
  let turnsCount = 0
  const clock = {
    now: () => spentMs,
    after(_ms: number, run: () => void) {
      turnsCount++
      queueMicrotask(run)
      return { dispose: () => undefined }
    },
  }
  const readerOf = () => createProseReader({ store, guard, clock, unstored: () => [], begunWith: () => undefined, read: () => undefined, lacks: () => undefined, ...deps })
  const add = (payload: Uint8Array, item = ITEM): EntryId => {
    const entry = newId(dice)
    partOf(item).entries.push({ entry, payload, quarantined: null } as StoredEntry)
    return entry
  }
  const reader = readerOf()
  const said = async (one = reader, item = ITEM) => one.look(item, (doc) => wordsIn(doc.getXmlFragment('prose')))
  /** What a reading of the whole says. */
  const saidAnew = () => said(readerOf())
  const placed = async (work: () => Promise<unknown>): Promise<number> => {
    const before = placedCount
    await work()
    return placedCount - before
  }
  return { reader, partOf, add, said, saidAnew, placed, turnsCount: () => turnsCount }
}
const ITEM = newId(dice)

/** All that stands there, also where no window would show it. */
function wordsIn(type: Pick<Y.XmlFragment, '_start'>): string {
  let words = ''
  for (let item = type._start; item; item = item.right) {
    if (item.deleted) continue
    if (item.content instanceof Y.ContentString) words += item.content.str
    else if (item.content instanceof Y.ContentType) words += `<${wordsIn(item.content.type)}>`
  }
  return words
}

/** Somebody who writes a paragraph at a time. */
function writer() {
  const doc = createProseDoc()
  doc.clientID = dice.uint32()
  return (words: string): Uint8Array => {
    const before = Y.encodeStateVector(doc)
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    const prose = doc.getXmlFragment('prose')
    prose.insert(prose.length, [paragraph])
    return Y.encodeStateAsUpdate(doc, before)
  }
}

test('[INV10] a reading costs what was added since the one before, and so does trying one entry after the other', async () => {
  const { reader, add, said, saidAnew, placed } = shelf()
  const write = writer()
  add(longWalk(500, [2, 3]))
  add(write('van de een'))
  expect(await placed(() => said())).toBeGreaterThan(1000)
  expect(await placed(() => said())).toBe(0)
  add(write('en verder'))
  expect(await placed(() => said())).toBe(3)
  const tries = await placed(async () => {
    for (let i = 0; i < 10; i++) {
      add(longWalk(100, [10 + 2 * i, 11 + 2 * i]))
      expect(await reader.tried(ITEM)).toEqual({ unreadable: [], broughtBack: [] })
    }
  })
  expect(tries).toBe(10 * 201)
  expect(await said()).toBe(await saidAnew())
})

test('whatever comes, goes or is set apart, a reading says what a reading of the whole says', async () => {
  const { reader, partOf, add, said, saidAnew } = shelf()
  const part = partOf(ITEM)
  const waiting: Uint8Array[] = []
  const mayGo = new Set<EntryId>()
  const going = () => part.entries.filter(({ entry, quarantined }) => mayGo.has(entry) && quarantined === null)
  const alone = () => writer()(`woord ${below(dice, 1000)}`)
  const steps: Record<string, () => void> = {
    add: () => void mayGo.add(add(alone())),
    between: () => part.entries.splice(below(dice, part.entries.length + 1), 0, { entry: newId(dice), payload: alone(), quarantined: null } as StoredEntry),
    early() {
      const write = writer()
      waiting.push(write('eerst'))
      add(write('daarna'))
    },
    late() {
      const first = waiting.pop()
      if (first) add(first)
    },
    bad: () => void add(alone().slice(0, -3)),
    gone() {
      const one = going().at(-1)
      if (one) part.entries.splice(part.entries.indexOf(one), 1)
    },
    apart() {
      const one = going().at(0)
      if (one) one.quarantined = pick(dice, ['crashed', DEAR])
    },
    snapshot: () => void (part.snapshot = below(dice, 3) === 0 ? null : ({ payload: alone() } as StoredPart['snapshot'])),
    forget: () => reader.forget(ITEM),
  }
  const names = Object.keys(steps)
  for (let i = 0; i < 400; i++) {
    const step = pick(dice, names)
    steps[step]?.()
    // Whichever reading is first finds out what was cut off.
    expect(await said(), `step ${i}: ${step}`).toBe(await saidAnew())
  }
})

test('[INV10] one that takes too long is found out on top of what was kept, once', async () => {
  const { reader, add, said, saidAnew, placed } = shelf()
  const write = writer()
  add(write('van de een'))
  await said()
  msOf = ({ id }) => (id.client === 9 ? 100 : 0)
  const dear = add(longWalk(100, [5, 9]))
  expect(await reader.tried(ITEM)).toEqual({ unreadable: [{ entry: dear, reason: DEAR }], broughtBack: [] })
  expect(reader.isOfApart(ITEM, longWalk(100, [5, 9]))).toBe(true)
  expect(await placed(() => said())).toBe(0)
  add(write('en verder'))
  expect(await placed(() => said())).toBe(3)
  expect(await said()).toContain('en verder')
  expect(await said()).not.toContain('bbb')
  expect(await said()).toBe(await saidAnew())
})

test('[INV10] a reader stops in the middle of one that takes too long, and others get their turn before each that may', async () => {
  const { reader, add, said, saidAnew, turnsCount, placed } = shelf()
  add(writer()('van de een'))
  add(longWalk(100, [25, 29]))
  await said()
  let slowCount = 0
  msOf = ({ id }) => (id.client === 9 ? (slowCount++, 10) : 0)
  // Of its 2,000 letters 1,000 take 10 ms each; all of it may take 0.55 s.
  const dear = add(longWalk(1000, [5, 9]))
  add(longWalk(100, [15, 19]))
  // On top of what is there; what is there anew; the first two that may take long, of which one does; the first again, and the third.
  const all = await placed(async () => expect((await reader.tried(ITEM)).unreadable).toEqual([{ entry: dear, reason: DEAR }]))
  expect(slowCount).toBeGreaterThan(2 * 55)
  expect(slowCount).toBeLessThan(2 * (55 + 32))
  expect(all - slowCount).toBeLessThan(2 * 1000 + 2 * 3 + 4 * 200 + 10)
  expect(turnsCount()).toBe(4)
  expect(await said()).toBe(await saidAnew())
  expect((await said()).match(/b/g)?.length).toBe(200)
})

test('one that may take long and cannot be applied is left out by name, and the others are there', async () => {
  const { reader, add, said } = shelf()
  add(longWalk(100, [25, 29]))
  add(longWalk(100, [35, 39]))
  msOf = ({ id }) => {
    if (id.client === 9) throw new Error('kapot')
    // Each in time, and both together not.
    return id.client === 29 || id.client === 39 ? 4 : 0
  }
  const bad = add(longWalk(100, [5, 9]))
  expect((await reader.tried(ITEM)).unreadable).toEqual([{ entry: bad, reason: 'kapot' }])
  expect((await said()).match(/b/g)?.length).toBe(200)
})

test('[INV3] one that others build on is in it again, and how long it takes is not asked any more', async () => {
  const { reader, add, said, placed } = shelf()
  add(writer()('van de een'))
  msOf = ({ id }) => (id.client === 9 ? 100 : 0)
  const walk = longWalk(100, [5, 9])
  const dear = add(walk)
  await reader.tried(ITEM)
  const fast = createProseDoc()
  Y.applyUpdate(fast, walk)
  const last = [...(fast.store.clients.get(9) ?? [])].at(-1) as Y.Item
  const before = Y.encodeStateVector(fast)
  fast.transact((transaction) => new Y.Item({ client: fast.clientID, clock: 0 } as Y.ID, last, last.lastId, null, null, last.parent as Y.XmlText, null, new Y.ContentString('daarachter')).integrate(transaction, 0))
  const behind = Y.encodeStateAsUpdate(fast, before)
  expect(reader.isOfApart(ITEM, behind)).toBe(true)
  add(behind)
  const { unreadable, broughtBack } = await reader.tried(ITEM)
  expect([unreadable, broughtBack.map(({ entry }) => entry)]).toEqual([[], [dear]])
  expect(reader.isOfApart(ITEM, behind)).toBe(false)
  expect(await placed(() => said())).toBe(0)
  reader.forget(ITEM)
  // The paragraph, a text with 200 letters, and the one behind them: once.
  expect(await placed(() => said())).toBe(205)
})

test('over what an engine died is read entry by entry, each with a mark of its own, and never on top of another reading', async () => {
  const applied: EntryId[] = []
  const guard = {
    reading: (_items, work) => work(),
    isSuspect: () => applied.length > 0 || isSuspect,
    applying(entry, work) {
      applied.push(entry)
      work()
      return Promise.resolve()
    },
  } as Partial<CrashGuard> as CrashGuard
  let isSuspect = false
  const { add, said, placed } = shelf({ guard })
  const entries = [add(writer()('van de een')), add(writer()('van de ander'))]
  await said()
  isSuspect = true
  expect(await placed(() => said())).toBe(12)
  expect(applied).toEqual(entries)
})

test('what was read for many at once and is older than what is kept sends nothing away', async () => {
  const { reader, partOf, add, said, saidAnew, placed } = shelf()
  const write = writer()
  add(write('van de een'))
  const stored: StoredPart = { snapshot: null, entries: [...partOf(ITEM).entries] }
  add(write('en verder'))
  await said()
  expect(await placed(() => reader.look(ITEM, () => null, stored))).toBe(0)
  expect(await said()).toBe(await saidAnew())
})

test('of two readings at once the second finds what the first keeps', async () => {
  const { add, said, placed } = shelf()
  add(writer()('van de een'))
  expect(await placed(() => Promise.all([said(), said()]))).toBe(3)
})

test('what is typed and not stored is in it, and no more once it was refused', async () => {
  const write = writer()
  const typed: Uint8Array[] = []
  const { reader, add, said } = shelf({ unstored: () => typed })
  add(write('van de een'))
  await said()
  typed.push(write('nog niet bewaard'))
  expect(await said()).toContain('nog niet bewaard')
  typed.pop()
  reader.forget(ITEM)
  expect(await said()).not.toContain('nog niet bewaard')
})

test('sixteen documents stay, two megabytes together, and the last that were read of them', async () => {
  const { reader, add, said, placed } = shelf()
  const items = Array.from({ length: 17 }, () => newId(dice))
  for (const item of items) add(writer()('kort'), item)
  for (const item of items) await said(reader, item)
  expect(await placed(() => said(reader, items[16]))).toBe(0)
  expect(await placed(() => said(reader, items[1]))).toBe(0)
  expect(await placed(() => said(reader, items[0]))).toBe(3)
  const [large, other] = [newId(dice), newId(dice)]
  add(writer()('x'.repeat(1_200_000)), large)
  await said(reader, large)
  expect(await placed(() => said(reader, large))).toBe(0)
  add(writer()('x'.repeat(1_200_000)), other)
  await said(reader, other)
  expect(await placed(() => said(reader, other))).toBe(0)
  expect(await placed(() => said(reader, large))).toBe(3)
  // One that is too large for it sends no others away.
  add(writer()('x'.repeat(2_400_000)))
  await said()
  expect(await placed(() => said())).toBe(3)
  expect(await placed(() => said(reader, large))).toBe(0)
})

test('what is forgotten while it is read stays nowhere', async () => {
  const { reader, add, said, placed } = shelf()
  add(writer()('geheim'))
  const reading = said()
  reader.forget(ITEM)
  await reading
  expect(await placed(() => said())).toBe(3)
  reader.forgetAll()
  expect(await placed(() => said())).toBe(3)
})
