import { forceCloseDatabase, IDBDatabase as FakeDatabase, IDBFactory, IDBKeyRange, IDBObjectStore as FakeObjectStore } from 'fake-indexeddb'
import { afterEach, expect, test, vi } from 'vitest'
import { databaseName, openDexieStore } from '../../client/engine/dexie-store.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { StoreError, type EngineStore, type StoreChange, type StoreFailure } from '../../client/engine/store.ts'
import { dice, edit, engineStoreContract, id, received, spaceRow, TAIL } from './engine-store.contract.ts'

engineStoreContract('the memory store', async () => {
  const device = createMemoryDevice()
  const stores: EngineStore[] = []
  return {
    open: async () => {
      const store = device.openStore()
      stores.push(store)
      return store
    },
    dispose: async () => {
      for (const store of stores) await store.close()
    },
  }
})

const dexieDevice = () => {
  const indexedDB = new IDBFactory()
  const user = id()
  const stores: EngineStore[] = []
  return {
    indexedDB,
    user,
    open: async () => {
      const store = await openDexieStore({ user, dice, dexie: { indexedDB, IDBKeyRange } })
      stores.push(store)
      return store
    },
    dispose: async () => {
      for (const store of stores) await store.close()
    },
  }
}
engineStoreContract('the Dexie store', async () => dexieDevice())

const request = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error as Error)
  })

let device: ReturnType<typeof dexieDevice> | null = null
afterEach(async () => {
  vi.restoreAllMocks()
  await device?.dispose()
  device = null
})

/** Flips one bit of a stored payload behind the store's back. */
async function spoil(from: ReturnType<typeof dexieDevice>, table: string, key: IDBValidKey, how = (record: { payload: Uint8Array }): void => void (record.payload[3]! ^= 16)): Promise<void> {
  const db = await request(from.indexedDB.open(databaseName(from.user)))
  const rows = db.transaction(table, 'readwrite').objectStore(table)
  const record = (await request(rows.get(key))) as { payload: Uint8Array }
  how(record)
  await request(rows.put(record))
  db.close()
}

/** Every transaction from now on, of databases opened from now on. */
function watchTransactions() {
  const seen: { db: IDBDatabase; mode: string | undefined; durability: string | undefined }[] = []
  const original = (FakeDatabase.prototype as IDBDatabase).transaction
  vi.spyOn(FakeDatabase.prototype as IDBDatabase, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    seen.push({ db: this, mode: args[1], durability: args[2]?.durability })
    return original.apply(this, args)
  })
  return seen
}

test('every transaction that writes is strictly durable', async () => {
  device = dexieDevice()
  const seen = watchTransactions()
  const store = await device.open()
  const [space, item, epoch] = [id(), id(), id()]
  await store.putSpace(spaceRow(space, { epoch }))
  const one = edit(space, item)
  await store.putLocal([one], 1)
  await store.putRun(space, epoch, [received(one, 1, epoch)], 1, TAIL)
  await store.acknowledge([one.entry], epoch, 1)
  await store.putValue('a', 1)
  const writing = seen.filter(({ mode }) => mode === 'readwrite')
  expect(writing).toHaveLength(6) // the first says which database it is
  expect(writing.every(({ durability }) => durability === 'strict')).toBe(true)
})

test('a spoiled payload of an unsent edit is taken from its other copy', async () => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item] = [id(), id()]
  const [a, b] = [edit(space, item), edit(space, item)]
  await store.putLocal([a, b], 1)
  await spoil(device, 'entries', a.entry)
  await spoil(device, 'outbox', b.entry)
  expect((await store.entriesOf(item, 'prose')).entries.map(({ payload }) => payload)).toEqual([a.payload, b.payload])
  expect((await store.outbox()).map(({ payload, state }) => [payload, state])).toEqual([[a.payload, 'waiting'], [b.payload, 'waiting']])
})

test('an unsent edit of which both copies are spoiled is parked, not sent', async () => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item] = [id(), id()]
  const one = edit(space, item)
  await store.putLocal([one], 1)
  await spoil(device, 'entries', one.entry)
  await spoil(device, 'outbox', one.entry)
  expect((await store.outbox()).map(({ state, code, reason }) => [state, code, reason])).toEqual([['parked', 'invalid', 'checksum']])
  expect((await store.entriesOf(item, 'prose')).entries.map(({ quarantined }) => quarantined)).toEqual(['checksum'])
})

test('a spoiled payload that the relay has is left out and fetched again', async () => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item, epoch] = [id(), id(), id()]
  await store.putSpace(spaceRow(space, { epoch }))
  const one = received(edit(space, item), 1, epoch)
  await store.putRun(space, epoch, [one], 1, TAIL)
  await spoil(device, 'entries', one.entry)
  expect((await store.entriesOf(item, 'prose')).entries.map(({ quarantined }) => quarantined)).toEqual(['checksum'])
  expect((await store.spaces())[0]?.cursor).toBe(0)
  const before = await store.lastAt()
  const heard: StoreChange[] = []
  store.onDidChange((change) => heard.push(change))
  await store.putRun(space, epoch, [one], 1, TAIL)
  expect((await store.entriesOf(item, 'prose')).entries).toMatchObject([{ quarantined: null, payload: one.payload }])
  // Whoever left it out hears of it as of anything that comes in.
  expect(heard).toMatchObject([{ items: [{ item, part: 'prose' }], entries: { from: before + 1, to: before + 1 } }])
  expect(await store.entriesAfter(before, 10)).toMatchObject([{ entry: one.entry, quarantined: null }])
})

test.each([
  ['without bytes', undefined],
  ['with something else in their place', 'tekst'],
])('rows %s are spoiled like any other', async (_name, payload) => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item, epoch] = [id(), id(), id()]
  await store.putSpace(spaceRow(space, { epoch }))
  const [placed, typed] = [received(edit(space, item), 1, epoch), edit(space, item)]
  await store.putRun(space, epoch, [placed], 1, TAIL)
  await store.putLocal([typed], 1)
  for (const [table, key] of [['entries', placed.entry], ['entries', typed.entry], ['outbox', typed.entry]] as const) await spoil(device, table, key, (record) => Object.assign(record, { payload }))
  expect((await store.entriesOf(item, 'prose')).entries).toMatchObject([{ quarantined: 'checksum' }, { quarantined: 'checksum' }])
  expect((await store.historyOf(item)).map(({ payload: bytes }) => bytes.length)).toEqual([0, 0])
  expect(await store.outbox()).toMatchObject([{ state: 'parked', reason: 'checksum', payload: new Uint8Array(0) }])
  await store.putRun(space, epoch, [placed], 1, TAIL)
  expect((await store.entriesOf(item, 'prose')).entries.map(({ quarantined }) => quarantined).sort()).toEqual(['checksum', null])
})

test('rows that lack what they always have are mended, fetched again or kept apart', async () => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item, epoch] = [id(), id(), id()]
  await store.putSpace(spaceRow(space, { epoch }))
  const [mine, theirs, unsent, both] = [edit(space, item), received(edit(space, item), 2, epoch), edit(space, item), edit(space, item)]
  await store.putLocal([mine], 1)
  await store.acknowledge([mine.entry], epoch, 1)
  await store.putRun(space, epoch, [received(mine, 1, epoch), theirs], 2, TAIL)
  await store.putLocal([unsent, both], 1)
  const without = (...names: string[]) => (record: object): void => names.forEach((name) => Reflect.deleteProperty(record, name))
  await spoil(device, 'entries', mine.entry)
  await spoil(device, 'entries', theirs.entry, without('quarantined', 'format', 'author'))
  await spoil(device, 'outbox', unsent.entry, without('format', 'author', 'state', 'storedAt'))
  await spoil(device, 'outbox', both.entry, without('format'))
  await spoil(device, 'entries', both.entry)
  const other = id()
  await store.putSpace(spaceRow(other, { epoch, cursor: 3 }))
  await spoil(device, 'spaces', other, without('role', 'tailHash'))

  // Of what was acknowledged a short time ago there is a copy on this laptop; of what others wrote there is one at the relay.
  expect((await store.entriesOf(item, 'prose')).entries.map(({ entry, payload, quarantined }) => [entry, quarantined === null ? payload : quarantined])).toEqual(
    [[mine.entry, mine.payload], [theirs.entry, 'checksum'], [unsent.entry, unsent.payload], [both.entry, 'checksum']])
  const rows = await store.outbox()
  expect(rows.find(({ entry }) => entry === unsent.entry)).toMatchObject({ format: unsent.format, author: unsent.author, payload: unsent.payload, state: 'waiting' })
  expect(rows.find(({ entry }) => entry === both.entry)).toMatchObject({ state: 'parked', reason: 'checksum' })
  const row = (await store.spaces()).find((one) => one.space === other)
  expect(row).toMatchObject({ role: 'reader', cursor: 0, tailHash: new Uint8Array(16) })
  expect(row?.epoch).not.toBe(epoch) // what is here is compared with what the relay has
})

test('a spoiled snapshot is dropped and everything of the space asked for again', async () => {
  device = dexieDevice()
  const store = await device.open()
  const [space, item, epoch] = [id(), id(), id()]
  await store.putSpace(spaceRow(space, { epoch }))
  const one = received(edit(space, item), 1, epoch)
  await store.putRun(space, epoch, [one], 1, TAIL)
  await store.putSnapshot({ item, part: 'prose', space, version: 1, upToSeq: 1, upToAt: 1, payload: new Uint8Array(8), changedAt: 1, changedBy: one.author }, [one.entry], 0)
  await spoil(device, 'snapshots', [item, 'prose'])
  expect(await store.entriesOf(item, 'prose')).toMatchObject({ snapshot: null, entries: [{ entry: one.entry }] })
  expect((await store.spaces())[0]?.cursor).toBe(0)
})

test('a database of a newer build is refused and left as it is', async () => {
  device = dexieDevice()
  const db = await request(
    Object.assign(device.indexedDB.open(databaseName(device.user), 20), {
      onupgradeneeded(this: IDBOpenDBRequest) {
        this.result.createObjectStore('of-a-newer-build')
      },
    }),
  )
  db.close()
  const failure = await device.open().then(
    () => null,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(StoreError)
  expect((failure as StoreError).failure).toEqual({ kind: 'newer-schema', found: 2 })
  const after = await request(device.indexedDB.open(databaseName(device.user)))
  expect([after.version, [...after.objectStoreNames]]).toEqual([20, ['of-a-newer-build']])
  after.close()
})

test('a full disk is said within the operation, and the next edit is tried again', async () => {
  device = dexieDevice()
  const store = await device.open()
  const failures: StoreFailure[] = []
  store.onDidFail((failure) => void failures.push(failure))
  vi.spyOn(FakeObjectStore.prototype as IDBObjectStore, 'add').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  const [space, item] = [id(), id()]
  const one = edit(space, item)
  await expect(store.putLocal([one], 1)).rejects.toMatchObject({ failure: { kind: 'quota' } })
  expect(failures).toEqual([{ kind: 'quota' }])
  vi.restoreAllMocks()
  expect(await store.outbox()).toEqual([]) // never half of it
  await store.putLocal([one], 1)
  expect(await store.outbox()).toHaveLength(1)
})

test('a connection that the browser closed is said at once, and opened again by the next operation', async () => {
  device = dexieDevice()
  const seen = watchTransactions()
  const store = await device.open()
  const failures: StoreFailure[] = []
  const said = new Promise<void>((resolve) => store.onDidFail((failure) => void (failures.push(failure), resolve())))
  await store.lastAt()
  forceCloseDatabase(seen[seen.length - 1]!.db as never)
  await said
  expect(failures).toEqual([{ kind: 'lost' }])
  const [space, item] = [id(), id()]
  await store.putLocal([edit(space, item)], 1)
  expect(await store.outbox()).toHaveLength(1)
})

test.each([['gone', false], ['another one by then', true]])('[INV10] a database that is deleted under open documents stays lost: it is %s', async (_name, isBegunAnew) => {
  device = dexieDevice()
  const store = await device.open()
  const failures: StoreFailure[] = []
  store.onDidFail((failure) => void failures.push(failure))
  const [space, item] = [id(), id()]
  await store.putLocal([edit(space, item)], 1)
  await request(device.indexedDB.deleteDatabase(databaseName(device.user)))
  if (isBegunAnew) await device.open()
  // Put into a fresh one it could not be read from there: what it builds on is gone.
  await expect(store.putLocal([edit(space, item)], 2)).rejects.toMatchObject({ failure: { kind: 'lost' } })
  await expect(store.putLocal([edit(space, item)], 3)).rejects.toMatchObject({ failure: { kind: 'lost' } })
  expect(failures.length).toBeGreaterThan(0)
  expect(failures.every(({ kind }) => kind === 'lost')).toBe(true)
  if (!isBegunAnew) expect(await device.indexedDB.databases()).toEqual([])
})

test('a database that a newer build took over while it was open is refused from then on', async () => {
  device = dexieDevice()
  const store = await device.open()
  const failures: StoreFailure[] = []
  store.onDidFail((failure) => void failures.push(failure))
  const db = await request(device.indexedDB.open(databaseName(device.user), 20))
  db.close()
  await expect(store.putLocal([edit(id(), id())], 1)).rejects.toMatchObject({ failure: { kind: 'newer-schema', found: 2 } })
  expect(failures.at(-1)).toEqual({ kind: 'newer-schema', found: 2 })
})
