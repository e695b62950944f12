// Rows of the local store vanished: a damaged index, half a database. What builds on them is there and cannot be shown; it comes back from the copies
// that this laptop has, or from the relay, and is never passed over as if it were all there is.
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import type { Engine } from '../../client/engine/api.ts'
import { Database, databaseName, openDexieStore } from '../../client/engine/dexie-store.ts'
import type { LocalEdit } from '../../client/engine/outbox.ts'
import type { EngineStore, ReceivedEntry, StoreChange } from '../../client/engine/store.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { rowOf } from '../../shared/derive/row.ts'
import { dice, edit, id, received, spaceRow, TAIL } from '../contract/engine-store.contract.ts'
import { openAlone } from './support/alone.ts'
import { proseText } from './support/world.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A laptop that has all of a log in which others wrote three words in one paragraph, each on top of the one before. */
async function laptop() {
  const dexie = { indexedDB: new IDBFactory(), IDBKeyRange }
  const [user, space, item, epoch] = [id(), id(), id(), id()]
  const store = await openDexieStore({ user, dice, dexie })
  ends.push(() => store.close())
  const rewound: string[] = []
  store.onDidChange((change: StoreChange) => rewound.push(...(change.rewound ?? [])))
  await store.putSpace(spaceRow(space, { epoch }))

  const doc = new Y.Doc()
  const words = (...texts: string[]): Uint8Array[] => {
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    for (const text of texts) {
      const blocks = doc.getXmlFragment('prose')
      if (blocks.length === 0) blocks.insert(0, [new Y.XmlElement('paragraph')])
      const paragraph = blocks.get(0) as Y.XmlElement
      if (paragraph.length === 0) paragraph.insert(0, [new Y.XmlText()])
      const words = paragraph.get(0) as Y.XmlText
      words.insert(words.length, text)
    }
    return [Y.mergeUpdates(updates)]
  }
  const edits: LocalEdit[] = ['een ', 'twee ', 'drie '].flatMap((word) => words(word).map((payload) => edit(space, item, { payload })))
  const log: ReceivedEntry[] = edits.map((one, i) => received(one, i + 1, epoch))
  /** What the relay says once more to whoever begins at its first entry. */
  const fetch = () => store.putRun(space, epoch, log, log.length, TAIL)
  await fetch()

  return {
    store, user, space, item, epoch, log, rewound, fetch, doc,
    /** In the order of the log: the next of the paragraph. */
    next: (word: string): LocalEdit => edit(space, item, { payload: words(word)[0]!, author: user }),
    async spoil(work: (db: Database) => Promise<unknown>) {
      const db = new Database(databaseName(user), dexie)
      await db.open()
      await work(db)
      db.close()
    },
    /** Every item has its row, as after a start. */
    async shown() {
      const row = rowOf({ item, space, facts: EMPTY_FACTS, acts: NO_ACTS, changedAt: 1, changedBy: user })
      for (const { at } of await store.dirty(10)) await store.putRows([{ row, at }])
    },
    cursor: async () => (await store.spaces())[0]!.cursor,
    async open(leads = false): Promise<Engine> {
      const engine = await openAlone(await openDexieStore({ user, dice, dexie }), user, leads)
      ends.push(() => engine.dispose())
      return engine
    },
  }
}
const textIn = async (engine: Engine, item: string): Promise<string> => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, (await engine.openItem(item)).prose.update)
  return proseText(doc).replace(/<[^>]*>/g, '')
}
const merged = (store: EngineStore, space: string, epoch: string) =>
  store.putSnapshot({ item: id(), part: 'prose', space, version: 1, upToSeq: 1, upToAt: 1, payload: new Uint8Array([0, 0]), changedAt: 1, changedBy: id(), epoch }, [], 0)

test('a row that others build on and that is gone is asked for again as soon as the document is read', async () => {
  const it = await laptop()
  // Something else of the space is merged: its entries cannot be counted.
  await merged(it.store, it.space, it.epoch)
  await it.spoil((db) => db.entries.delete(it.log[1]!.entry))
  const engine = await it.open()
  expect(await textIn(engine, it.item)).toBe('een ')
  await vi.waitFor(async () => expect(await it.cursor()).toBe(0))
  expect(it.rewound).toEqual([it.space])
  await it.fetch()
  expect(await it.cursor()).toBe(3)
  expect(await textIn(engine, it.item)).toBe('een twee drie ')
})

test('what this laptop wrote itself comes back from its other copy, without the relay, and into a window that is open', async () => {
  const it = await laptop()
  const [sent, typed, last] = [it.next('vier '), it.next('vijf '), it.next('zes ')]
  await it.store.putLocal([sent, typed, last], 1)
  await it.store.acknowledge([sent.entry], it.epoch, 2)
  await it.spoil((db) => db.entries.bulkDelete([sent.entry, typed.entry]))
  const engine = await it.open()
  const shown = new Y.Doc()
  engine.onEvent((event) => {
    if (event.type === 'prose') Y.applyUpdate(shown, event.update)
  })
  Y.applyUpdate(shown, (await engine.openItem(it.item)).prose.update)
  await vi.waitFor(() => expect(proseText(shown)).toBe('<paragraph>een twee drie vier vijf zes </paragraph>'))
  expect(it.rewound).toEqual([])
  expect(await it.store.outbox()).toHaveLength(2)
})

test('[INV6] what waited to be sent and is gone from the outbox waits again, and is counted, before there is any connection', async () => {
  const it = await laptop()
  const [sent, typed, last] = [it.next('vier '), it.next('vijf '), it.next('zes ')]
  await it.store.putLocal([sent, typed, last], 1)
  await it.store.acknowledge([sent.entry], it.epoch, 2)
  await it.spoil((db) => db.outbox.delete(typed.entry))
  const engine = await it.open(true)
  await vi.waitFor(async () => expect((await engine.status()).waitingCount).toBe(2))
  // In the order in which it was typed.
  expect((await it.store.outbox()).map(({ entry, state }) => [entry, state])).toEqual([[typed.entry, 'waiting'], [last.entry, 'waiting']])
})

test('what others wrote and a replaced log lacks is not offered in their place before the re-check says so', async () => {
  const it = await laptop()
  await it.store.recheckSpace(it.space, id(), 0, TAIL)
  const engine = await it.open(true)
  await vi.waitFor(async () => expect((await engine.status()).state).toBe('rechecking'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await it.store.outbox()).toEqual([])
})

test('facts that wait for a change that is gone ask for it too', async () => {
  const it = await laptop()
  const engine = await it.open()
  const item = await engine.createItem({ space: it.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'een' }], prose: null })
  await engine.editFacts(item, [{ op: 'set', path: 'title', value: 'twee' }])
  const rows = await it.store.outbox()
  await it.store.acknowledge(rows.map(({ entry }) => entry), it.epoch, 1)
  await it.store.putRun(it.space, it.epoch, rows.map((row, i) => received(row, 4 + i, it.epoch)), 5, TAIL)
  await engine.dispose()
  await it.spoil((db) => Promise.all([db.entries.delete(rows[0]!.entry), db.archive.clear()]))
  const again = await it.open()
  expect((await again.openItem(item)).facts.registers.title).toBeUndefined()
  await vi.waitFor(async () => expect(await it.cursor()).toBe(0))
})

test('what is missing for good is asked for once, and once more in another life of the log', async () => {
  const it = await laptop()
  it.next('nooit gestuurd ')
  const late = it.next('daarop ')
  await it.store.putRun(it.space, it.epoch, [received(late, 4, it.epoch)], 4, TAIL)
  const all = [...it.log, received(late, 4, it.epoch)]
  for (let i = 0; i < 3; i++) {
    const engine = await it.open()
    await textIn(engine, it.item)
    await new Promise((resolve) => setTimeout(resolve, 50))
    if ((await it.cursor()) === 0) {
      // Still arriving: nobody asks again.
      await textIn(engine, it.item)
      await it.store.putRun(it.space, it.epoch, all, 4, TAIL)
    }
    await engine.dispose()
  }
  expect(it.rewound).toEqual([it.space])
  const epoch = id()
  await it.store.recheckSpace(it.space, epoch, 0, TAIL)
  await it.store.putRun(it.space, epoch, all.map((one) => ({ ...one, epoch })), 4, TAIL)
  await it.store.finishRecheck(it.space, epoch)
  await textIn(await it.open(), it.item)
  await vi.waitFor(async () => expect(await it.cursor()).toBe(0))
})

test('a row that nothing builds on is missed by counting, and asked for again', async () => {
  const it = await laptop()
  await it.shown()
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[], 3])
  await it.spoil((db) => db.entries.delete(it.log[2]!.entry))
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 0])
  // While it is arriving nobody begins anew, whatever else vanishes.
  await it.store.putRun(it.space, it.epoch, it.log.slice(0, 1), 1, TAIL)
  await it.spoil((db) => db.entries.bulkDelete([it.log[0]!.entry, it.log[1]!.entry]))
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 1])
  await it.fetch()
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 3])
  expect(await textIn(await it.open(), it.item)).toBe('een twee drie ')
})

test('what waits for the relay and vanished from its document is there again when the rows are counted; what was refused is not', async () => {
  const it = await laptop()
  const [typed, refused] = [it.next('vier '), it.next('vijf ')]
  await it.store.putLocal([typed, refused], 1)
  await it.store.park(refused.entry, 'forbidden', 'right-lost')
  await it.spoil((db) => db.entries.bulkDelete([typed.entry, refused.entry]))
  // The tab that leads counts them before it connects.
  const engine = await it.open(true)
  await vi.waitFor(async () => expect(await textIn(engine, it.item)).toBe('een twee drie vier '))
  expect((await it.store.outbox()).map(({ state }) => state)).toEqual(['waiting', 'parked'])
})

/** As compaction does: one snapshot stands for the whole log, and entries from before `dropBefore` are let go. */
const mergeAll = async (it: Awaited<ReturnType<typeof laptop>>, dropBefore: number): Promise<void> => {
  const payload = Y.encodeStateAsUpdate(it.doc)
  await it.store.putSnapshot({ item: it.item, part: 'prose', space: it.space, version: 1, upToSeq: 3, upToAt: 3, payload, changedAt: 1, changedBy: id(), epoch: it.epoch }, it.log.map(({ entry }) => entry), dropBefore)
}

test('a snapshot that vanished leaves no empty document: what it stood for is read again, and asked for', async () => {
  const it = await laptop()
  await it.shown()
  await mergeAll(it, 0)
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[], 3])
  await it.spoil((db) => db.snapshots.clear())
  expect(await textIn(await it.open(), it.item)).toBe('')
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 0])
  expect(await textIn(await it.open(), it.item)).toBe('een twee drie ')
})

test('a document of which nothing is left but its row is asked for, once', async () => {
  const it = await laptop()
  await it.shown()
  await mergeAll(it, Number.MAX_SAFE_INTEGER)
  await merged(it.store, it.space, it.epoch)
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[], 3])
  await it.spoil((db) => db.snapshots.delete([it.item, 'prose']))
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 0])
  // Whoever has it no more says so by sending nothing.
  await it.store.putRun(it.space, it.epoch, [], 3, TAIL, 0)
  await it.store.countRows()
  expect([it.rewound, await it.cursor()]).toEqual([[it.space], 3])
})

test('an item whose row vanished gets it again', async () => {
  const it = await laptop()
  await it.shown()
  expect(await it.store.dirty(10)).toEqual([])
  await it.spoil((db) => db.rows.clear())
  await it.store.countRows()
  expect((await it.store.dirty(10)).map(({ item, space }) => [item, space])).toEqual([[it.item, it.space]])
})

test('a row that is not found where it is looked for is replaced by what the relay says', async () => {
  const it = await laptop()
  await it.shown()
  await it.spoil((db) => db.entries.update(it.log[1]!.entry, { covered: 1000 as 1 }))
  const engine = await it.open()
  expect(await textIn(engine, it.item)).toBe('een ')
  await vi.waitFor(async () => expect(await it.cursor()).toBe(0))
  await it.fetch()
  expect(await textIn(engine, it.item)).toBe('een twee drie ')
})
