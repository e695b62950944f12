// A tab dies between any two writes, a disk refuses, a payload is poison: what was called stored is there, and no half of anything.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { rowsOf, type FactEdit } from '../../shared/model/facts.ts'
import { createEngine } from '../../client/engine/engine.ts'
import { createMemoryDevice, type CommitVerdict } from '../../client/engine/memory-store.ts'
import { StoreError, type EngineStore } from '../../client/engine/store.ts'
import { createWorld, proseText, settle, type } from './support/world.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

/** A life of one tab that is ended at its n-th commit, before it or right after it; what it was told to be stored is the measure. */
async function lifeEndingAt(n: number, torn: 'before' | 'after') {
  const world = createWorld(n)
  const laptop = world.laptop(world.user('verloskundige'))
  const stored: string[] = []
  let left = n
  let isOver = false
  const tick = (at: 'before' | 'after'): 'go' | 'crash' => {
    if (torn !== at) return 'go'
    return --left <= 0 ? 'crash' : 'go'
  }
  const open = laptop.open({ hooks: { beforeCommit: () => tick('before'), afterCommit: () => tick('after'), onCrash: () => void (isOver = true) } })
  const told = (what: string) => (): void => void (isOver || stored.push(what))
  void open.then(async (tab) => {
    const item = tab.engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'overleg')], prose: null })
    void item.then(told('title'))
    const id = await item
    const doc = await tab.edit(id)
    const { prose } = await tab.engine.openItem(id)
    for (const i of [0, 1, 2]) {
      type(doc, `regel ${i}`)
      const row = newId(world.dice)
      const linked = new Y.Doc()
      linked.clientID = prose.clientId
      Y.applyUpdate(linked, Y.encodeStateAsUpdate(doc), 'remote')
      void tab.engine.editFacts(id, [set('place', `plek ${i}`)]).then(told(`plek ${i}`))
      const updates: Uint8Array[] = []
      linked.on('update', (update: Uint8Array) => void updates.push(update))
      if (i === 0) {
        type(linked, 'besluit')
        void tab.engine.editLinked(id, [{ op: 'insert', list: 'decisions', id: row, order: 'V', values: { text: 'besluit' } }], prose.clientId, updates[0]!).then(told('linked'))
      }
    }
  })
  await world.clock.pass(20_000)
  const again = await laptop.open()
  await world.clock.pass(60_000)
  return { world, again, stored, isOver }
}

/** Eighty lives are much work for a machine that does other things as well; this only says that it does not end. */
const IT_HANGS_MS = 300_000

test('[INV3][INV4] whenever a tab dies, what was called stored is there, a linked pair is whole, and the next tab brings it all to the relay', async () => {
  let deaths = 0
  for (const torn of ['before', 'after'] as const)
    for (let n = 1; n <= 40; n++) {
      const { world, again, stored, isOver } = await lifeEndingAt(n, torn)
      if (!isOver) continue
      deaths++
      const rows = await again.engine.rows()
      const [row] = rows
      expect(rows.length, `death ${torn} commit ${n}`).toBeLessThanOrEqual(1)
      if (stored.includes('title')) expect(row?.title).toBe('overleg')
      if (!row) continue
      const { facts } = await again.engine.openItem(row.item)
      const place = stored.filter((what) => what.startsWith('plek')).at(-1)
      if (place) expect(Number(String(facts.registers.place).slice(5))).toBeGreaterThanOrEqual(Number(place.slice(5)))
      const inFacts = rowsOf(facts.registers, 'decisions').length
      const inProse = proseText(await again.edit(row.item)).split('besluit').length - 1
      expect(inFacts, `linked pair after death ${torn} commit ${n}`).toBe(inProse)
      if (stored.includes('linked')) expect(inFacts).toBe(1)
      expect(await again.status()).toMatchObject({ state: 'relay', waitingCount: 0, parkedCount: 0 })
      const [space] = await again.store.spaces()
      const log = world.relay.log(world.space)
      expect([space!.cursor, space!.tailHash]).toEqual([log.entries.length, log.hashes.at(-1)])
      const kept = await again.store.entriesAfter(0, 1000)
      expect(log.entries.map(({ entry }) => entry).filter((entry) => !kept.some((one) => one.entry === entry))).toEqual([])
    }
  expect(deaths).toBeGreaterThan(30)
}, IT_HANGS_MS)

test('[INV10] a full disk is said at once, typing goes on, can be taken along as a text, and is stored when there is room', async () => {
  const world = createWorld()
  let verdict: CommitVerdict = 'go'
  const tab = await world.laptop(world.user('verloskundige')).open({ hooks: { beforeCommit: () => verdict } })
  await world.clock.pass(1000)
  const item = await tab.engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'overleg')], prose: null })
  const doc = await tab.edit(item)
  await world.clock.pass(1000)
  verdict = 'quota'
  type(doc, 'past niet')
  let isStored = false
  void tab.engine.editFacts(item, [set('place', 'past ook niet')]).then(() => (isStored = true))
  await world.clock.pass(500)
  expect(await tab.status()).toMatchObject({ state: 'pending', storeFailure: 'quota', inMemoryCount: 2, connection: 'live' })
  expect(isStored).toBe(false)
  const { text, fileName } = await tab.engine.exportUnsent()
  expect(text).toContain('past niet')
  expect(text).toContain('place = "past ook niet"')
  expect(text).toContain('# overleg')
  expect(fileName).toMatch(/^samenpad-[\d-]+\.txt$/)
  expect((await tab.engine.openItem(item)).facts.registers.place).toBe('past ook niet')
  expect(proseText(await tab.edit(item))).toBe('<paragraph>past niet</paragraph>')
  verdict = 'go'
  await world.clock.pass(5000)
  expect(isStored).toBe(true)
  expect(await tab.status()).toMatchObject({ state: 'relay', storeFailure: null, inMemoryCount: 0 })
  expect(world.relay.log(world.space).entries).toHaveLength(3)
})

test('[INV10] a disk that is full at the start: the tab opens, shows what it has, says so, and stores when there is room', async () => {
  const world = createWorld()
  const laptop = world.laptop(world.user('verloskundige'))
  const before = await laptop.open()
  await world.clock.pass(1000)
  const item = await before.engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'overleg')], prose: null })
  await world.clock.pass(1000)
  // What an opening writes: a new device id, the end of a crash mark, and what is left of a space whose right was lost.
  await before.store.putValue('device', 'none')
  await before.store.putValue('applying', [item])
  const [row] = await before.store.spaces()
  await before.store.putSpace({ ...row!, space: newId(world.dice), role: null, cursor: 1 })
  before.kill()
  let verdict: CommitVerdict = 'quota'
  const tab = await laptop.open({ hooks: { beforeCommit: () => verdict } })
  await world.clock.pass(500)
  expect(await tab.status()).toMatchObject({ state: 'relay', storeFailure: 'quota', connection: 'live' })
  expect((await tab.engine.rows()).map(({ title }) => title)).toEqual(['overleg'])
  expect((await tab.engine.openItem(item)).facts.registers.title).toBe('overleg')
  expect((await world.clock.answer(tab.engine.search('overleg', 5))).hits.map(({ title }) => title)).toEqual(['overleg'])
  void tab.engine.editFacts(item, [set('place', 'Schiedam')])
  await world.clock.pass(500)
  expect(await tab.status()).toMatchObject({ state: 'pending', storeFailure: 'quota', inMemoryCount: 1 })
  verdict = 'go'
  await world.clock.pass(60_000)
  expect(await tab.status()).toMatchObject({ state: 'relay', storeFailure: null, inMemoryCount: 0 })
  expect((await tab.store.entriesOf(item, 'facts')).entries).toHaveLength(2)
})

test('a store that cannot be read while the engine opens ends the opening, and leaves no timer and no listener behind', async () => {
  const world = createWorld()
  const { clock } = world
  const timers = new Set<object>()
  const listeners = new Set<object>()
  const counting = <T extends { dispose(): void }>(held: Set<object>, one: T): { dispose(): void } => {
    const counted = { dispose: () => void (held.delete(counted), one.dispose()) }
    held.add(counted)
    return counted
  }
  let verdict: CommitVerdict = 'quota'
  const honest = createMemoryDevice().openStore({ beforeCommit: () => verdict })
  const lost = new StoreError({ kind: 'lost' })
  const store: EngineStore = {
    ...honest,
    onDidFail: (listener) => counting(listeners, honest.onDidFail(listener)),
    onDidChange: (listener) => counting(listeners, honest.onDidChange(listener)),
    outbox: () => Promise.reject(lost),
  }
  const opening = createEngine({
    store, clock: { now: clock.now, after: (ms, run) => counting(timers, clock.after(ms, run)) }, dice: world.dice, me: world.user('verloskundige'), build: '0.1.0',
    transport: { connect: () => expect.fail('nothing is sent before everything was read') },
    leadership: { campaign: () => expect.fail('nobody leads before everything was read') },
    web: { report: () => Promise.reject(new Error('offline')), people: () => Promise.reject(new Error('offline')) },
  })
  await expect(opening).rejects.toBe(lost)
  expect([timers.size, listeners.size]).toEqual([0, 0])
  verdict = 'go'
  await honest.putValue('other', 1)
})

test('[INV10] a store that went away takes the titles along, not the file with the work', async () => {
  const world = createWorld()
  const { clock } = world
  let isGone = false
  const honest = createMemoryDevice().openStore()
  const gone = <A extends unknown[], R>(work: (...given: A) => Promise<R>) => (...given: A): Promise<R> => (isGone ? Promise.reject(new StoreError({ kind: 'lost' })) : work(...given))
  const store: EngineStore = { ...honest, rows: gone(honest.rows), row: gone(honest.row), putLocal: gone(honest.putLocal), putValue: gone(honest.putValue), outbox: gone(honest.outbox) }
  const engine = await createEngine({
    store, clock, dice: world.dice, me: world.user('verloskundige'), build: '0.1.0',
    transport: { connect: () => ({ send: () => undefined, bufferedBytes: () => 0, dispose: () => undefined }) },
    leadership: { campaign: () => ({ dispose: () => undefined }) },
    web: { report: () => Promise.reject(new Error('offline')), people: () => Promise.reject(new Error('offline')) },
  })
  const item = await engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'overleg')], prose: null })
  isGone = true
  void engine.editFacts(item, [set('place', 'na de klap')])
  await clock.pass(500)
  const { text } = await engine.exportUnsent()
  expect(text).toContain('overleg')
  expect(text).toContain('na de klap')
})

test('a disk that was full while entries came in takes them afterwards, and the rows follow', async () => {
  const world = createWorld()
  let verdict: CommitVerdict = 'go'
  const a = await world.laptop(world.user('verloskundige')).open()
  const b = await world.laptop(world.user('projectleider')).open({ hooks: { beforeCommit: () => verdict } })
  await world.clock.pass(1000)
  verdict = 'quota'
  await a.engine.createItem({ space: world.space, type: 'meeting', edits: [set('title', 'overleg')], prose: null })
  await world.clock.pass(5000)
  expect((await b.status()).storeFailure).toBe('quota')
  verdict = 'go'
  await world.clock.pass(60_000)
  expect((await b.engine.rows()).map(({ title }) => title)).toEqual(['overleg'])
  expect(await b.status()).toMatchObject({ state: 'relay', storeFailure: null })
})

async function withPoison() {
  const world = createWorld()
  const a = world.user('verloskundige')
  const laptop = world.laptop(a)
  const tab = await laptop.open()
  await world.clock.pass(1000)
  const item = await tab.engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'Roken')], prose: null })
  const doc = await tab.edit(item)
  type(doc, 'voor')
  await world.clock.pass(1000)
  const poison = (part: 'prose' | 'facts', payload: Uint8Array): string => {
    const entry = newId(world.dice)
    world.relay.append(world.space, {
      entry, item, part, format: part === 'prose' ? 'yjs1' : 'am1', schema: 1, clientTime: 0, writer: newId(world.dice), author: newId(world.dice), serverTime: world.clock.now(), payload,
    })
    return entry
  }
  return { world, laptop, tab, item, doc, poison }
}

test('[INV11] a payload that cannot be read is kept, flagged and left out; everything else goes on', async () => {
  const { world, laptop, tab, item, doc, poison } = await withPoison()
  const bad = [poison('prose', new Uint8Array([9, 9, 9])), poison('facts', new Uint8Array([1, 2, 3])), poison('prose', new Uint8Array([1, 255, 255, 255, 255, 15]))]
  await world.clock.pass(1000)
  type(doc, 'na')
  await tab.engine.editFacts(item, [set('owner', 'GGD')])
  await world.clock.pass(1000)
  expect(await tab.status()).toMatchObject({ state: 'relay' })
  tab.kill()
  const again = await laptop.open()
  await world.clock.pass(5000)
  expect(proseText(await again.edit(item))).toBe('<paragraph>voor</paragraph><paragraph>na</paragraph>')
  expect((await again.engine.openItem(item)).facts.registers).toMatchObject({ title: 'Roken', owner: 'GGD' })
  const kept = await again.store.historyOf(item)
  expect(kept.filter(({ quarantined }) => quarantined !== null).map(({ entry }) => entry).sort()).toEqual(bad.sort())
  expect((await again.engine.rows())[0]).toMatchObject({ title: 'Roken' })
})

test('[INV11] a payload over which the engine dies twice is skipped the third time', async () => {
  const { world, laptop, tab, item, poison } = await withPoison()
  const entry = poison('facts', new Uint8Array([1, 2, 3]))
  await world.clock.pass(1000)
  tab.kill()
  // Stands in for a payload that takes the whole worker down: the tab dies in the middle of reading it, with the mark set.
  const store = laptop.device.openStore()
  for (const life of [1, 2]) {
    await store.putValue('applying', [item, `entry/${entry}`])
    const doomed = await laptop.open()
    const held = (await doomed.store.historyOf(item)).find((one) => one.entry === entry)
    expect(held?.quarantined === 'crashed').toBe(life === 2)
    doomed.kill()
  }
  const last = await laptop.open()
  await world.clock.pass(1000)
  expect((await last.engine.openItem(item)).facts.registers.title).toBe('Roken')
})

test('an engine that ends properly has stored what was typed the moment before', async () => {
  const world = createWorld()
  const laptop = world.laptop(world.user('verloskundige'))
  const tab = await laptop.open()
  await world.clock.pass(1000)
  const item = await tab.engine.createItem({ space: world.space, type: 'knowledge', edits: [], prose: null })
  const doc = await tab.edit(item)
  type(doc, 'op de valreep')
  await settle()
  await tab.engine.dispose()
  const again = await laptop.open()
  expect(proseText(await again.edit(item))).toBe('<paragraph>op de valreep</paragraph>')
})
