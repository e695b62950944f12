// The lock of a laptop's copy: putting it on and taking it off writes everything anew, may be cut off between any two writes, loses nothing, and leaves
// no word in clear; and the way of a tab to its content, alone and among others.
import { IDBDatabase as FakeDatabase, IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, expect, test, vi } from 'vitest'
import type { LockAnswer, LockedView } from '../../client/engine/api.ts'
import { createCipher, makeBox, openBox } from '../../client/engine/cipher.ts'
import { databaseName, openDexieStore } from '../../client/engine/dexie-store.ts'
import { createSealedStore } from '../../client/engine/sealed-store.ts'
import type { EngineStore } from '../../client/engine/store.ts'
import { createUnlocking, type KeyMessage } from '../../client/engine/unlocking.ts'
import { createVaultStore } from '../../client/engine/vault.ts'
import { must } from '../../shared/base/assert.ts'
import { utf8 } from '../../shared/base/bytes.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { rowOf } from '../../shared/derive/row.ts'
import { dice, edit, id, received, spaceRow, TAIL } from '../contract/engine-store.contract.ts'

const ROUNDS = 1_000
const PHRASE = 'een paard in de wei'
const CANARY = 'Kanariezin'
const opened: EngineStore[] = []
const keep = (store: EngineStore): EngineStore => {
  opened.push(store)
  return store
}
afterEach(async () => {
  vi.restoreAllMocks()
  for (const store of opened.splice(0)) await store.close()
})

/** Every byte of every row of every database: strings, payloads, whatever. */
async function everything(indexedDB: IDBFactory): Promise<string> {
  const found: string[] = []
  const words = (value: unknown): string =>
    value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : typeof value === 'object' && value !== null ? Object.entries(value).map(([key, one]) => `${key} ${words(one)}`).join(' ') : String(value)
  const asked = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error as Error)
    })
  for (const { name } of await indexedDB.databases()) {
    const db = await asked(indexedDB.open(must(name, 'a name')))
    for (const table of db.objectStoreNames) found.push(words(await asked(db.transaction(table).objectStore(table).getAll())))
    db.close()
  }
  return found.join('\n')
}

async function setup(entriesCount = 3) {
  const indexedDB = new IDBFactory()
  const user = id()
  const dexie = { indexedDB, IDBKeyRange }
  const vault = () => createVaultStore(user, { ...dexie, crypto, pause: async () => undefined })
  const [space, item, epoch] = [id(), id(), id()]
  const store = await openDexieStore({ user, dice, dexie })
  await store.putSpace(spaceRow(space, { epoch, name: `${CANARY}dam` }))
  const edits = Array.from({ length: entriesCount }, (_, i) => edit(space, item, { payload: utf8(`${CANARY} ${i}`) }))
  await store.putLocal(edits, 1)
  const sent = must(edits[0], 'at least one')
  await store.putRun(space, epoch, [received(sent, 1, epoch), received(edit(space, item, { payload: utf8(`${CANARY} van een ander`) }), 2, epoch)], 2, TAIL)
  await store.acknowledge([sent.entry], epoch, 5)
  await store.park(must(edits[1], 'two').entry, 'invalid', 'why')
  await store.putSnapshot({ item, part: 'facts', space, version: 1, upToSeq: 1, upToAt: 1, payload: utf8(CANARY), attribution: utf8(CANARY), changedAt: 1, changedBy: sent.author, epoch }, [], 0)
  const mark = must((await store.dirty(10))[0], 'marked')
  await store.putRows([{ row: { ...rowOf({ item, space, facts: EMPTY_FACTS, acts: NO_ACTS, changedAt: 1, changedBy: sent.author }), title: CANARY }, at: mark.at }])
  await store.putTexts([{ text: { item, space, title: CANARY, text: `${CANARY} in de tekst` }, at: 1 }])
  await store.putValue('people', [{ name: CANARY }])
  await store.putValue('device', user)
  const said = async (from: EngineStore) => ({
    outbox: await from.outbox(), archive: await from.archive(space), history: await from.historyOf(item), parts: await from.partsOf([item]), spaces: await from.spaces(), rows: await from.rows(),
    texts: await from.texts(), stale: await from.staleTexts(10), dirty: await from.dirty(10), people: await from.getValue('people'), device: await from.getValue('device'), lastAt: await from.lastAt(),
  })
  const before = await said(store)
  await store.close()
  const open = async (passphrase: string | null): Promise<EngineStore> => {
    const { content, lock } = must(await vault().read(), 'there is a vault')
    const plain = await openDexieStore({ user, dice, name: content, dexie })
    if (!lock) return keep(plain)
    return keep(createSealedStore(plain, createCipher(crypto, must(await openBox(crypto, lock, passphrase ?? ''), 'the passphrase'))))
  }
  return { indexedDB, dexie, user, vault, before, said, open, space, item, epoch }
}

test('a laptop without a lock has no vault, and asking makes none', async () => {
  const { vault, indexedDB, user } = await setup()
  expect(await vault().read()).toBeNull()
  expect((await indexedDB.databases()).map(({ name }) => name)).toEqual([databaseName(user)])
})

test('putting the lock on leaves no word in clear, and everything is there for who knows the passphrase; taking it off gives it all back', async () => {
  const { indexedDB, vault, before, said, open } = await setup(150)
  expect(await everything(indexedDB)).toContain(CANARY) // so the scan finds what there is
  const box = await makeBox(crypto, PHRASE, ROUNDS)
  await vault().begin(box, 10)
  const seen: number[] = []
  await vault().resume(null, must(await openBox(crypto, box, PHRASE), 'its passphrase'), (done, count) => void seen.push(done / count))
  expect(await everything(indexedDB)).not.toContain('Kanarie')
  expect(seen.at(0)).toBe(0)
  expect(seen.every((share, i) => share >= (seen[i - 1] ?? 0) && share <= 1)).toBe(true)
  expect(seen.length).toBeGreaterThan(10)
  expect(await vault().unsentCount(must(await vault().read(), 'there is one'))).toBe(149)
  const locked = await open(PHRASE)
  expect(await said(locked)).toEqual(before)
  await locked.close()
  await vault().begin(null, null)
  await vault().resume(must(await openBox(crypto, box, PHRASE), 'its passphrase'), null, () => undefined)
  expect(await said(await open(null))).toEqual(before)
  expect(await vault().read()).toMatchObject({ lock: null, next: null, drop: [] })
})

test('an older build refuses the database it knew, instead of beginning anew beside what waits', async () => {
  const { vault, user, dexie } = await setup()
  const box = await makeBox(crypto, PHRASE, ROUNDS)
  await vault().begin(box, null)
  await vault().resume(null, must(await openBox(crypto, box, PHRASE), 'its passphrase'), () => undefined)
  await expect(openDexieStore({ user, dice, dexie })).rejects.toMatchObject({ failure: { kind: 'newer-schema' } })
})

/** The browser dies at the n-th step that writes: from then on nothing happens any more. Out: whether it came to that. */
function dieAt(n: number): () => boolean {
  let [left, isDead] = [n, false]
  const dying = (): void => {
    if (left-- <= 0) isDead = true
    if (isDead) throw new DOMException('the browser is gone', 'UnknownError')
  }
  const prototype = FakeDatabase.prototype as IDBDatabase
  const [transaction, open, remove] = [prototype.transaction, IDBFactory.prototype.open, IDBFactory.prototype.deleteDatabase]
  vi.spyOn(prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    if (args[1] === 'readwrite' || isDead) dying()
    return transaction.apply(this, args)
  })
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...args) {
    if (args[1] !== undefined || isDead) dying()
    return open.apply(this, args)
  })
  vi.spyOn(IDBFactory.prototype, 'deleteDatabase').mockImplementation(function (this: IDBFactory, ...args) {
    dying()
    return remove.apply(this, args)
  })
  return () => isDead
}

test.each(['on', 'off'] as const)('cut off between any two writes while it is put %s: nothing is lost, and the next start brings it to its end', async (direction) => {
  let cuts = 0
  for (let n = 0; ; n++) {
    const { indexedDB, vault, before, said, open } = await setup(100)
    const box = await makeBox(crypto, PHRASE, ROUNDS)
    const key = must(await openBox(crypto, box, PHRASE), 'its passphrase')
    if (direction === 'off') {
      await vault().begin(box, null)
      await vault().resume(null, key, () => undefined)
    }
    const [lock, from, to] = direction === 'on' ? [box, null, key] : [null, key, null]
    const isDead = dieAt(n)
    const ran = await vault().begin(lock, null).then(() => vault().resume(from, to, () => undefined)).then(() => true, () => false)
    expect(ran).toBe(!isDead())
    vi.restoreAllMocks()
    // What the next start does.
    const found = await vault().read()
    if (found?.next) await vault().resume(from, to, () => undefined)
    else if (found && found.drop.length > 0) await vault().finish()
    const isBegun = found !== null && (found.next !== null || (found.lock !== null) === (direction === 'on'))
    if (isBegun) {
      const store = await open(PHRASE)
      expect(await said(store)).toEqual(before)
      await store.close()
      expect(await vault().read()).toMatchObject({ next: null, drop: [] })
      if (direction === 'on') expect(await everything(indexedDB)).not.toContain('Kanarie')
    }
    if (!isDead()) break
    cuts++
  }
  expect(cuts).toBeGreaterThan(direction === 'on' ? 15 : 12)
})

test('a half copy that is not wanted any more goes, and the content is what it was', async () => {
  const { indexedDB, vault, before, said, user, dexie } = await setup(100)
  const box = await makeBox(crypto, PHRASE, ROUNDS)
  const key = must(await openBox(crypto, box, PHRASE), 'its passphrase')
  dieAt(9)
  await vault().begin(box, null).then(() => vault().resume(null, key, () => undefined)).then(() => expect.unreachable('it died'), () => 'it died')
  vi.restoreAllMocks()
  expect((await vault().read())?.next).not.toBeNull()
  await vault().abandon()
  expect(await vault().read()).toMatchObject({ lock: null, next: null, content: databaseName(user) })
  expect((await indexedDB.databases()).filter(({ name }) => name?.includes('content'))).toEqual([])
  expect(await said(keep(await openDexieStore({ user, dice, dexie })))).toEqual(before)
})

test('a payload that was spoiled before is still seen as spoiled after the lock was put on', async () => {
  const { vault, open, user, item, dexie } = await setup()
  const plain = await openDexieStore({ user, dice, dexie })
  const bad = must((await plain.historyOf(item)).find(({ seq }) => seq === 2), 'of somebody else')
  await plain.close()
  const db = await new Promise<IDBDatabase>((resolve) => {
    const asked = dexie.indexedDB.open(databaseName(user))
    asked.onsuccess = () => resolve(asked.result)
  })
  const table = db.transaction('entries', 'readwrite').objectStore('entries')
  await new Promise<void>((resolve) => {
    const asked = table.get(bad.entry)
    asked.onsuccess = () => {
      asked.result.payload[3] ^= 16
      table.put(asked.result).onsuccess = () => resolve()
    }
  })
  db.close()
  const box = await makeBox(crypto, PHRASE, ROUNDS)
  await vault().begin(box, null)
  await vault().resume(null, must(await openBox(crypto, box, PHRASE), 'its passphrase'), () => undefined)
  const store = await open(PHRASE)
  expect((await store.historyOf(item)).find(({ seq }) => seq === 2)?.quarantined).toBe('checksum')
  expect((await store.spaces())[0]?.cursor).toBe(0) // asked for again
})

// ── The way of a tab to its content ──

/** Tabs of one profile: one lock of the vault, one line. */
function profile(user: string, dexie: { indexedDB: IDBFactory; IDBKeyRange: typeof globalThis.IDBKeyRange }) {
  const listeners = new Set<{ from: object; hear(message: KeyMessage): void }>()
  let holders: { mode: 'shared' | 'exclusive' }[] = []
  const waiting: { mode: 'shared' | 'exclusive'; go(): void }[] = []
  const grant = (): void => {
    const first = waiting[0]
    if (!first || (first.mode === 'exclusive' ? holders.length > 0 : holders.some(({ mode }) => mode === 'exclusive'))) return
    waiting.shift()
    first.go()
    grant()
  }
  const hold = (mode: 'shared' | 'exclusive'): Promise<() => void> =>
    new Promise((resolve) => {
      const one = { mode }
      waiting.push({ mode, go: () => (holders.push(one), resolve(() => ((holders = holders.filter((other) => other !== one)), grant()))) })
      grant()
    })
  const tab = () => {
    const views: LockedView[] = []
    const me = {}
    let leaves = 0
    let shown = (_view: LockedView): void => undefined
    const unlocking = createUnlocking({
      user, crypto, vault: createVaultStore(user, { ...dexie, crypto, pause: async () => undefined }), hold, rounds: ROUNDS,
      line: {
        postMessage: (message) => queueMicrotask(() => { for (const { from, hear } of [...listeners]) if (from !== me) hear(message) }),
        listen: (hear) => void listeners.add({ from: me, hear }),
      },
      show: (view) => (views.push(view), shown(view)),
      mustLeave: () => void leaves++,
      after: (_delay, callback) => void setTimeout(callback, 20), // others answer within a microtask
    })
    /** Answers the next pages in this order. */
    const answering = (...answers: LockAnswer[]): void => {
      shown = (view) => {
        if (view.progress) return
        const next = answers.shift()
        if (next) queueMicrotask(() => unlocking.answer(next))
      }
    }
    const release = vi.fn(async () => true)
    return { unlocking, views, answering, release, leaves: () => leaves }
  }
  return { tab }
}
const right: LockAnswer = { kind: 'passphrase', passphrase: PHRASE }

/** A profile of which one tab put the lock on, and left. */
async function lockedProfile(...asked: Parameters<typeof setup>) {
  const made = await setup(...asked)
  const { tab } = profile(made.user, made.dexie)
  const first = tab()
  await first.unlocking.enter()
  await first.unlocking.order({ kind: 'on', passphrase: PHRASE, idleMinutes: null }, first.release)
  return { ...made, tab }
}

test('a tab puts the lock on; the next start asks, says that a passphrase is wrong, names what was not sent, and opens with the right one', async () => {
  const { user, dexie, before, said } = await setup()
  const { tab } = profile(user, dexie)
  const first = tab()
  expect(await first.unlocking.enter()).toEqual({ name: undefined, key: null, idleMinutes: null })
  expect(await first.unlocking.order({ kind: 'on', passphrase: PHRASE, idleMinutes: 15 }, first.release)).toEqual({ kind: 'done' })
  expect(first.release).toHaveBeenCalledOnce()
  const second = tab()
  second.answering({ kind: 'passphrase', passphrase: 'een koe' }, right)
  const content = await second.unlocking.enter()
  expect(second.views.map(({ kind, wrong, unsentCount }) => [kind, wrong, unsentCount])).toEqual([['locked', false, 2], ['locked', true, 2]])
  expect(content.idleMinutes).toBe(15)
  const store = keep(createSealedStore(await openDexieStore({ user, dice, dexie, name: must(content.name, 'a content of its own') }), createCipher(crypto, must(content.key, 'it is locked'))))
  expect(await said(store)).toEqual(before)
})

test('a second tab gets the key from the first and asks nobody; once it was locked nobody gets it', async () => {
  const { tab } = await lockedProfile()
  const [second, third, fourth] = [tab(), tab(), tab()]
  second.answering(right)
  await second.unlocking.enter()
  expect((await third.unlocking.enter()).key?.extractable).toBe(false)
  expect(third.views).toEqual([])
  await second.unlocking.order({ kind: 'lock' }, second.release)
  await vi.waitFor(() => expect(third.leaves()).toBe(1))
  const entering = fourth.unlocking.enter()
  await vi.waitFor(() => expect(fourth.views).toHaveLength(1))
  // And who waits with the page open goes on when another tab is unlocked.
  const fifth = tab()
  fifth.answering(right)
  await fifth.unlocking.enter()
  expect((await entering).key).not.toBeNull()
})

test('a conversion waits until every other tab has stored what it holds and left', async () => {
  const { user, dexie } = await setup()
  const { tab } = profile(user, dexie)
  const [first, second] = [tab(), tab()]
  await first.unlocking.enter()
  await second.unlocking.enter()
  let isDone = false
  const turned = first.unlocking.order({ kind: 'on', passphrase: PHRASE, idleMinutes: null }, first.release).then((outcome) => ((isDone = true), outcome))
  await vi.waitFor(() => expect(second.leaves()).toBe(1))
  expect(isDone).toBe(false)
  await second.unlocking.order({ kind: 'lock' }, second.release)
  expect(await turned).toEqual({ kind: 'done' })
})

test('what the store does not take keeps the tab open: nothing is locked over it', async () => {
  const { user, dexie } = await setup()
  const { tab } = profile(user, dexie)
  const first = tab()
  await first.unlocking.enter()
  expect(await first.unlocking.order({ kind: 'on', passphrase: PHRASE, idleMinutes: null }, async () => false)).toEqual({ kind: 'unstored' })
  expect(await createVaultStore(user, { ...dexie, crypto, pause: async () => undefined }).read()).toBeNull()
})

test('another passphrase opens the same content, the old one no longer; with a wrong one nothing changes', async () => {
  const { tab } = await lockedProfile()
  const second = tab()
  second.answering(right)
  const { name } = await second.unlocking.enter()
  expect(await second.unlocking.order({ kind: 'change', passphrase: 'een koe', next: 'een kat op het dak' }, second.release)).toEqual({ kind: 'wrong' })
  expect(await second.unlocking.order({ kind: 'change', passphrase: PHRASE, next: 'een kat op het dak' }, second.release)).toEqual({ kind: 'done' })
  expect(await second.unlocking.order({ kind: 'idle', minutes: 5 }, second.release)).toEqual({ kind: 'done' })
  await second.unlocking.order({ kind: 'lock' }, second.release)
  const third = tab()
  third.answering(right, { kind: 'passphrase', passphrase: 'een kat op het dak' })
  expect(await third.unlocking.enter()).toMatchObject({ name, idleMinutes: 5 })
  expect(third.views.map(({ wrong }) => wrong)).toEqual([false, true])
})

test('the lock comes off with the passphrase only, and what was cut off while it came off goes on at the next start', async () => {
  const { before, said, open, vault, tab } = await lockedProfile(100)
  const second = tab()
  second.answering(right)
  await second.unlocking.enter()
  expect(await second.unlocking.order({ kind: 'off', passphrase: 'een koe' }, second.release)).toEqual({ kind: 'wrong' })
  const died = new Promise<void>((resolve) => second.release.mockImplementation(async () => (dieAt(8), resolve(), true)))
  const off = second.unlocking.order({ kind: 'off', passphrase: PHRASE }, second.release)
  await died
  expect(await off).toMatchObject({ kind: 'failed' })
  vi.restoreAllMocks()
  expect((await vault().read())?.next).not.toBeNull()
  const third = tab()
  third.answering(right)
  expect((await third.unlocking.enter()).key).toBeNull()
  expect(third.views[0]?.kind).toBe('unlocking')
  expect(await said(await open(null))).toEqual(before)
})

test('a forgotten passphrase: by choice the copy goes for good and an empty one begins', async () => {
  const { vault, open, indexedDB, tab } = await lockedProfile()
  const locked = must(await vault().read(), 'there is one').content
  const second = tab()
  second.answering({ kind: 'forget' })
  const { key } = await second.unlocking.enter()
  expect(key).toBeNull()
  const store = await open(null)
  expect([await store.outbox(), await store.rows()]).toEqual([[], []])
  expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(locked)
})
