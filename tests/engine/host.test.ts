// The window's end of the engine, and the worker's, over a line that copies what it carries as a real one does.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { startEngine, type WorkerPort } from '../../client/engine/engine-host.ts'
import { serveEngine, type FromWorker, type ToWorker } from '../../client/engine/rpc.ts'
import type { EngineEvent } from '../../client/engine/api.ts'
import { createWorld, proseText, type } from './support/world.ts'

async function setup() {
  const world = createWorld()
  const me = world.user('verloskundige')
  const tab = await world.laptop(me).open()
  let isFrozen = false
  const posted: { message: FromWorker; transfer: ArrayBuffer[] }[] = []
  const port: WorkerPort & { terminated: boolean; ended: () => void } = {
    ended: () => undefined,
    onmessage: null,
    onerror: null,
    terminated: false,
    terminate() {
      port.terminated = true
      port.ended()
    },
    postMessage(message) {
      const copy = structuredClone(message)
      queueMicrotask(() => {
        if (!isFrozen) toWorker(copy)
      })
    },
  }
  const fromWorker = (message: FromWorker, transfer: ArrayBuffer[] = []): void => {
    posted.push({ message, transfer })
    const copy = structuredClone(message, { transfer })
    queueMicrotask(() => port.onmessage?.({ data: copy }))
  }
  let serve: ((message: ToWorker) => void) | null = null
  const toWorker = (message: ToWorker): void => {
    if (message.type !== 'start') return serve?.(message)
    serve = serveEngine(tab.engine, fromWorker)
    fromWorker({ type: 'started', failure: null })
  }
  const engine = await startEngine({ me, build: 'test', clock: world.clock, makeWorker: () => port })
  await world.clock.pass(1000)
  return { world, tab, engine, port, posted, freeze: (frozen: boolean) => void (isFrozen = frozen) }
}

test('the engine behind the line is the engine: calls, answers, events and bytes', async () => {
  const { world, engine, posted } = await setup()
  const events: EngineEvent[] = []
  engine.onEvent((event) => void events.push(event))
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null })
  const { prose, facts } = await engine.openItem(item)
  expect(facts.registers.title).toBe('Roken')
  const doc = new Y.Doc()
  doc.clientID = prose.clientId
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update))
  type(doc, 'door de lijn')
  const written = engine.writeProse(item, prose.clientId, updates[0]!)
  await world.clock.pass(1000)
  await written
  expect(updates[0]!.length).toBeGreaterThan(0) // copied, not taken away from who made it
  expect((await engine.rows())[0]).toMatchObject({ title: 'Roken' })
  expect(await engine.status()).toMatchObject({ state: 'relay' })
  expect(events.map(({ type: what }) => what)).toEqual(expect.arrayContaining(['status', 'rows']))
  const other = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(5000)
  const theirs = await other.edit(item)
  type(theirs, 'van de ander')
  await world.clock.pass(1000)
  const heard = events.find((event) => event.type === 'prose')
  Y.applyUpdate(doc, heard!.type === 'prose' ? heard!.update : new Uint8Array(), 'remote')
  expect(proseText(doc)).toContain('van de ander')
  expect(posted.filter(({ transfer }) => transfer.length > 0).length).toBeGreaterThan(0)
})

test('an error in the engine is an error of the call', async () => {
  const { engine } = await setup()
  await expect(engine.editFacts('ab'.repeat(16), [{ op: 'set', path: 'title', value: 'x' }])).rejects.toThrow('in no known space')
})

test('[INV10] a worker that does not answer is said to have lost the store, and taken back when it answers again', async () => {
  const { world, engine, freeze } = await setup()
  const states: string[] = []
  engine.onEvent((event) => void (event.type === 'status' && states.push(`${event.status.state} ${event.status.storeFailure}`)))
  freeze(true)
  await world.clock.pass(4000)
  expect(states).toEqual(['pending lost'])
  expect(await engine.status()).toMatchObject({ state: 'pending', storeFailure: 'lost', connection: 'offline' })
  freeze(false)
  await world.clock.pass(2000)
  expect(states).toEqual(['pending lost', 'relay null'])
  expect(await engine.status()).toMatchObject({ state: 'relay' })
})

test('a worker that cannot be started is an error, and an engine that ends takes its worker along', async () => {
  const { world, engine, port } = await setup()
  await world.clock.answer(engine.dispose())
  expect(port.terminated).toBe(true)
  const broken: WorkerPort = { onmessage: null, onerror: null, terminate: () => undefined, postMessage: () => void queueMicrotask(() => broken.onerror?.({ message: 'geen script' })) }
  await expect(startEngine({ me: world.user('x'), build: 'test', clock: world.clock, makeWorker: () => broken })).rejects.toThrow('geen script')
})

test('[10] a letter is called not kept from the moment it is handed over, before the worker heard of it', async () => {
  const { world, engine } = await setup()
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  const { prose } = await engine.openItem(item)
  await world.clock.pass(1000)
  expect((await engine.status()).inMemoryCount).toBe(0)
  const states: string[] = []
  engine.onEvent((event) => {
    if (event.type === 'status') states.push(event.status.state)
  })
  const doc = new Y.Doc()
  doc.clientID = prose.clientId
  let update: Uint8Array | null = null
  doc.on('update', (bytes: Uint8Array) => (update = bytes))
  type(doc, 'een letter')
  const written = engine.writeProse(item, prose.clientId, update!)
  // Not a turn later: the letter is on the screen now.
  expect(states).toEqual(['pending'])
  expect((await engine.status()).state).toBe('pending')
  await world.clock.pass(1000)
  await written
  expect(states.at(-1)).not.toBe('pending')
  expect((await engine.status()).inMemoryCount).toBe(0)
})

test('[10] whoever types without a pause is told now and then that it is kept, not at every key; and worse at once, whatever was said last', async () => {
  const { world, engine } = await setup()
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  const { prose } = await engine.openItem(item)
  await world.clock.pass(1000)
  const states: string[] = []
  engine.onEvent((event) => void (event.type === 'status' && states.push(event.status.state)))
  const doc = new Y.Doc()
  doc.clientID = prose.clientId
  doc.on('update', (bytes: Uint8Array) => void engine.writeProse(item, prose.clientId, bytes))
  const KEYS = 50
  for (let key = 0; key < KEYS; key++) {
    type(doc, 'a')
    expect(states.at(-1)).toBe('pending')
    await world.clock.pass(70)
  }
  expect(states.filter((state) => state !== 'pending').length).toBeGreaterThan(0)
  expect(states.length).toBeLessThan(KEYS)
  await world.clock.pass(1000)
  expect(states.at(-1)).toBe('relay')
  // Asked for in between: what is worse than the answer is news, even if it was said before.
  for (const letter of 'ab') {
    type(doc, letter)
    await world.clock.pass(100)
  }
  expect(states.at(-1)).toBe('pending')
  const answer = await engine.status()
  expect(answer.state).toBe('relay')
  const count = states.length
  type(doc, 'a')
  expect(states.slice(count)).toEqual(['pending'])
})

test('[INV10] what was handed to a worker that does not answer is counted as not kept', async () => {
  const { world, engine, freeze } = await setup()
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  await world.clock.pass(1000)
  freeze(true)
  void engine.editFacts(item, [{ op: 'set', path: 'title', value: 'hoort iemand mij' }])
  await world.clock.pass(4000)
  expect(await engine.status()).toMatchObject({ state: 'pending', storeFailure: 'lost', inMemoryCount: 1 })
})

test('[INV10] a worker that stays silent is ended and begun anew: what was asked is answered, and what is open is opened again', async () => {
  const { world, engine, freeze, port } = await setup()
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'Roken' }], prose: null })
  const { prose } = await engine.openItem(item)
  await world.clock.pass(1000)
  const events: EngineEvent[] = []
  engine.onEvent((event) => void events.push(event))
  freeze(true)
  const asked = engine.rows()
  port.ended = () => freeze(false)
  await world.clock.pass(19_000)
  expect(port.terminated).toBe(false)
  await world.clock.pass(5_000)
  expect(port.terminated).toBe(true)
  expect((await asked).map(({ title }) => title)).toEqual(['Roken'])
  expect(events.filter(({ type: what }) => what === 'rebuilt')).toEqual([{ type: 'rebuilt', item }])
  expect(await engine.status()).toMatchObject({ storeFailure: null })
  const again = await world.clock.answer(engine.openItem(item))
  expect(again.prose.clientId).not.toBe(prose.clientId)
})

test('[INV9] a silent worker is not ended while something typed is on its way to it', async () => {
  const { world, engine, freeze, port } = await setup()
  const item = await engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  await world.clock.pass(1000)
  freeze(true)
  void engine.editFacts(item, [{ op: 'set', path: 'title', value: 'nog niet bewaard' }])
  await world.clock.pass(60_000)
  expect(port.terminated).toBe(false)
  expect(await engine.status()).toMatchObject({ state: 'pending', storeFailure: 'lost', inMemoryCount: 1 })
})

test('a worker that stays silent whatever is done is begun anew only so often', async () => {
  const { world, engine, freeze, port } = await setup()
  let endedCount = 0
  port.ended = () => void endedCount++
  freeze(true)
  await world.clock.pass(600_000)
  expect(endedCount).toBe(6)
  expect(await engine.status()).toMatchObject({ state: 'pending', storeFailure: 'lost' })
})
