// One connection: how it is sought, how its silence is noticed, and what the tables promise.
import { expect, test } from 'vitest'
import { CLOSE } from '../../shared/model/errors.ts'
import { BACKOFF_MS_MAX, BEAT_MS, DETOUR_POST_BYTES_MAX, DETOUR_POST_BYTES_MIN, MOVED_MS_MAX, PING_AFTER_MS, SILENCE_MS_MAX } from '../../shared/model/limits.ts'
import { CONNECTION_STEPS, SUBSCRIPTION_STEPS, takesPushes } from '../../client/engine/connection-states.ts'
import { EDIT_STEPS } from '../../client/engine/outbox.ts'
import { slowTwin } from './support/slow-twin.ts'
import { createWorld, type World } from './support/world.ts'
import type { FactEdit } from '../../shared/model/facts.ts'

const set = (path: string, value: string): FactEdit => ({ op: 'set', path, value })

test('every state of every table is reached from another one, and every "ignored" says why', () => {
  for (const [table, first] of [[CONNECTION_STEPS, 'follower'], [SUBSCRIPTION_STEPS, 'none'], [EDIT_STEPS, 'memory']] as [Record<string, Record<string, object>>, string][]) {
    const reached = new Set([first])
    for (const [state, steps] of Object.entries(table))
      for (const step of Object.values(steps)) {
        if ('ignored' in step) expect(String(step.ignored).length).toBeGreaterThan(5)
        else if ('to' in step && step.to !== state) reached.add(String(step.to))
      }
    expect([...reached].sort()).toEqual(Object.keys(table).sort())
  }
})

test('[INV4] nothing is pushed into a space whose epoch is in doubt', () => {
  expect(Object.keys(SUBSCRIPTION_STEPS).filter((state) => takesPushes(state as keyof typeof SUBSCRIPTION_STEPS)).sort()).toEqual(['catchingUp', 'lagging', 'live'])
})

const attempts = (world: World): number => world.relay.heard.filter(({ type }) => type === 'hello').length

test('a relay that is away is sought again after a time that grows, varies and stays within the longest', async () => {
  const world = createWorld()
  const connects: number[] = []
  const transport = world.relay.transport.bind(world.relay)
  world.relay.transport = (user) => ({
    connect(listener) {
      connects.push(world.clock.now())
      return transport(user).connect(listener)
    },
  })
  world.relay.isUp = false
  const tab = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(10 * 60_000)
  const waits = connects.slice(1).map((at, i) => at - connects[i]!)
  expect(Math.max(...waits)).toBeLessThanOrEqual(BACKOFF_MS_MAX + 100)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(100)
  expect(new Set(waits.slice(-8)).size).toBeGreaterThan(4)
  expect(waits.slice(-5).reduce((a, b) => a + b)).toBeGreaterThan(waits.slice(0, 5).reduce((a, b) => a + b))
  expect((await tab.status()).connection).toBe('offline')
  world.relay.isUp = true
  await tab.engine.reconnect()
  await world.clock.pass(50)
  expect((await tab.status()).connection).toBe('live')
})

test('a line that is lost soon after every greeting is sought again soon, however often', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  for (let i = 0; i < 40; i++) {
    world.relay.cut(1006)
    // Never long enough to count as steady; nor ever away.
    await world.clock.pass(1000)
    expect((await tab.status()).connection).toBe('live')
  }
})

test('of a line that is there for two seconds and away for two, every window is used', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  const item = await world.clock.answer(tab.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null }))
  for (let i = 0; i < 40; i++) {
    world.relay.isUp = false
    world.relay.cut(1006)
    await world.clock.answer(tab.engine.editFacts(item, [set('title', `halte ${i}`)]))
    await world.clock.pass(1_000)
    world.relay.isUp = true
    // Four times 0.3 s for opening, greeting, subscribing and pushing are left of the window.
    await world.clock.pass(800)
    expect((await tab.status()).state).toBe('relay')
    await world.clock.pass(1_200)
  }
})

test('a line that went dead without a word is noticed and given up', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  world.relay.isDeaf = true
  await world.clock.pass(SILENCE_MS_MAX + 1000)
  expect(tab.events.some((event) => event.type === 'status' && event.status.connection === 'offline')).toBe(true)
  world.relay.isDeaf = false
  await world.clock.pass(60_000)
  expect((await tab.status()).connection).toBe('live')
  expect(attempts(world)).toBeGreaterThan(1)
})

test('what takes minutes over a bad line is not begun anew while it goes, and given up when it stops', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1_000)
  const item = await world.clock.answer(tab.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null }))
  await world.clock.pass(1_000)
  const text = (await tab.edit(item)).getText('prose')
  world.relay.uplinkBytesPerSecond = 6_000
  text.insert(0, 'a'.repeat(600_000))
  await world.clock.pass(90_000)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'local' })
  await world.clock.pass(30_000)
  expect(attempts(world)).toBe(1)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })

  text.insert(0, 'b'.repeat(600_000))
  await world.clock.pass(50_000)
  world.relay.uplinkBytesPerSecond = 0
  await world.clock.pass(2 * MOVED_MS_MAX + BEAT_MS)
  expect((await tab.status()).connection).not.toBe('live')
})

test('without websockets too: a day of edits over a bad line goes in requests that end, and one large edit is waited for', { timeout: 120_000 }, async () => {
  const EDITS_COUNT = 12
  const EDIT_LETTERS = 50_000
  const world = createWorld()
  const person = world.user('verloskundige')
  const line = { bytesPerSecond: 1e9 }
  const { transport, requests } = slowTwin(world, person.user, line)
  world.relay.transport = () => transport
  const tab = await world.laptop(person).open()
  await world.clock.pass(5_000)
  const item = await world.clock.answer(tab.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null }))
  const text = (await tab.edit(item)).getText('prose')
  await world.clock.pass(5_000)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })
  const write = async (letters: number): Promise<void> => {
    text.insert(0, 'a'.repeat(letters))
    await world.clock.pass(2_000)
  }

  world.relay.isUp = false
  world.relay.cut(1006)
  for (let at = 0; at < EDITS_COUNT; at++) await write(EDIT_LETTERS)
  world.relay.isUp = true
  line.bytesPerSecond = 6_000
  await tab.engine.reconnect()
  requests.length = 0
  await world.clock.pass(120_000)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })
  expect(Math.max(...requests)).toBeLessThan(1.1 * DETOUR_POST_BYTES_MIN)
  expect(requests.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(1.1 * EDITS_COUNT * EDIT_LETTERS) // nothing was begun anew

  await write(300_000)
  await world.clock.pass(60_000)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })
  expect(requests.filter((bytes) => bytes > 300_000)).toHaveLength(1)

  // A quick line is not asked to wait for so many answers.
  world.relay.isUp = false
  world.relay.cut(1006)
  for (let at = 0; at < EDITS_COUNT; at++) await write(EDIT_LETTERS)
  world.relay.isUp = true
  line.bytesPerSecond = 1e9
  requests.length = 0
  await tab.engine.reconnect()
  await world.clock.pass(10_000)
  expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })
  expect(requests.length).toBeLessThan(6)
  expect(Math.max(...requests)).toBeLessThan(1.1 * DETOUR_POST_BYTES_MAX)
})

const LEVEL_AFTER_WAKING_MS_MAX = 10_000
// A moment, and less than a silence that is given up anyway.
const NAPS_MS = [5_000, SILENCE_MS_MAX - PING_AFTER_MS]
for (const [napMs, timersSleepToo] of NAPS_MS.flatMap((napMs) => [[napMs, false], [napMs, true]] as const)) {
  const name = `${napMs / 1000} s, ${timersSleepToo ? 'timers slept too' : 'timers are late'}`

  test(`a laptop whose line died while it slept is level again within ten seconds (${name})`, async () => {
    const world = createWorld()
    const tab = await world.laptop(world.user('verloskundige')).open()
    const item = await world.clock.answer(tab.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null }))
    world.relay.loseLines()
    world.clock.sleep(napMs, timersSleepToo)
    await world.clock.answer(tab.engine.editFacts(item, [set('title', 'net wakker')]))
    await world.clock.pass(LEVEL_AFTER_WAKING_MS_MAX - 1_000)
    expect(await tab.status()).toMatchObject({ connection: 'live', state: 'relay' })
  })

  test(`a laptop that fell asleep without a relay seeks it at once on waking (${name})`, async () => {
    const world = createWorld()
    world.relay.isUp = false
    // Each somewhere else in a wait of up to half a minute.
    const tabs = await Promise.all(['verloskundige', 'projectleider', 'kraamverzorgende', 'jeugdarts', 'beleidsmedewerker'].map((job) => world.laptop(world.user(job)).open()))
    await world.clock.pass(10 * 60_000)
    world.relay.isUp = true
    world.clock.sleep(napMs, timersSleepToo)
    await world.clock.pass(LEVEL_AFTER_WAKING_MS_MAX)
    for (const tab of tabs) expect((await tab.status()).connection).toBe('live')
  })

  test(`a line that lives on after a sleep is kept (${name})`, async () => {
    const world = createWorld()
    const tab = await world.laptop(world.user('verloskundige')).open()
    await world.clock.pass(1_000)
    world.clock.sleep(napMs, timersSleepToo)
    await world.clock.pass(60_000)
    expect((await tab.status()).connection).toBe('live')
    expect(attempts(world)).toBe(1)
  })
}

test('[INV9] a laptop that hears that its network went asks the line at once, and says within seconds that it has none', async () => {
  const world = createWorld()
  const tab = await world.laptop(world.user('verloskundige')).open()
  const other = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(1_000)
  await tab.engine.reconnect()
  await world.clock.pass(10_000)
  expect((await tab.status()).connection).toBe('live') // it lives, and is kept
  expect(attempts(world)).toBe(2)
  world.relay.isUp = false
  world.relay.loseLines()
  await tab.engine.reconnect()
  await world.clock.pass(6_000)
  expect((await tab.status()).connection).not.toBe('live')
  expect((await other.status()).connection).toBe('live') // nobody told that one, and it cannot know yet
})

test('[INV10] a line that swallows what we send while others are heard is given up as well', async () => {
  const world = createWorld()
  const a = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  await world.clock.pass(1000)
  world.relay.isSilent = true
  await a.engine.editFacts(item, [set('title', 'hoort iemand mij')])
  for (let i = 0; i < 60; i++) {
    world.relay.say(world.relay.log(world.space).entries[0]!.author, { type: 'pong', serverTime: 0 })
    await world.clock.pass(1000)
  }
  expect(attempts(world)).toBeGreaterThan(1)
  expect((await a.status()).state).not.toBe('relay')
  world.relay.isSilent = false
  await world.clock.pass(SILENCE_MS_MAX + 60_000)
  expect(await a.status()).toMatchObject({ state: 'relay' })
})

for (const [name, { code, permanent }] of Object.entries(CLOSE))
  test(`closed with ${name} (${code}): ${permanent && name !== 'epoch' ? 'says why and waits for a person' : 'comes back by itself'}`, async () => {
    const world = createWorld()
    const tab = await world.laptop(world.user('verloskundige')).open()
    await world.clock.pass(1000)
    world.relay.cut(code)
    await world.clock.pass(2 * 60_000)
    const status = await tab.status()
    if (permanent && name !== 'epoch') {
      expect(status).toMatchObject({ connection: 'blocked', blockedBy: name, state: 'offline' })
      await tab.engine.reconnect()
      await world.clock.pass(1000)
    }
    expect(await tab.status()).toMatchObject({ connection: 'live', blockedBy: null })
  })

test('a frame that is no frame ends the connection with a reason', async () => {
  const world = createWorld()
  const me = world.user('verloskundige')
  const tab = await world.laptop(me).open()
  await world.clock.pass(1000)
  world.relay.sayRaw(me.user, new Uint8Array([5, 63, 1]))
  await world.clock.pass(1000)
  expect(await tab.status()).toMatchObject({ connection: 'blocked', blockedBy: 'protocol' })
})

test('catching up says how much is still to come', async () => {
  const world = createWorld()
  const a = await world.laptop(world.user('verloskundige')).open()
  await world.clock.pass(1000)
  const item = await a.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  for (let i = 0; i < 20; i++) await a.engine.editFacts(item, [set('title', `titel ${i}`)])
  await world.clock.pass(1000)
  const b = await world.laptop(world.user('projectleider')).open()
  await world.clock.pass(5000)
  const behind = b.events.flatMap((event) => (event.type === 'status' ? [event.status.behindCount] : []))
  expect(Math.max(...behind)).toBe(21)
  expect((await b.status()).behindCount).toBe(0)
})

test('[FAN3] what is left of a catch-up is asked for frame by frame; its last frame and live ones are not answered', async () => {
  const world = createWorld()
  const [midwife, gp] = [world.user('verloskundige'), world.user('huisarts')]
  const writing = await world.laptop(midwife).open()
  const item = await writing.engine.createItem({ space: world.space, type: 'agreement', edits: [], prose: null })
  for (let i = 0; i < 60; i++) {
    await writing.engine.editFacts(item, [set('title', `Roken ${i}`)])
    await world.clock.pass(100)
  }
  world.relay.catchUpCount = 20
  const answers = (): number => world.relay.heard.filter(({ user, type }) => user === gp.user && type === 'recv').length
  await world.laptop(gp).open()
  await world.clock.pass(2000)
  const frames = Math.ceil(world.relay.log(world.space).entries.length / world.relay.catchUpCount)
  expect(frames).toBeGreaterThan(2)
  expect(answers()).toBe(frames - 1)
  await writing.engine.editFacts(item, [set('title', 'Meeroken')])
  await world.clock.pass(2000)
  expect(answers()).toBe(frames - 1)
})

test('a role that is stored while the line goes leaves its space to be asked for on the next one', async () => {
  const world = createWorld()
  const me = world.user('verloskundige')
  const held: (() => void)[] = []
  let isHeld = false
  const tab = await world.laptop(me).open({ hooks: { beforeCommit: (operation) => (isHeld && operation === 'putSpace' ? new Promise((resolve) => held.push(() => resolve('go'))) : 'go') } })
  await world.clock.pass(1000)
  isHeld = true
  world.relay.grant(me.user, world.space, 'member')
  await world.clock.pass(5)
  expect(held).toHaveLength(1)
  world.relay.cut()
  await world.clock.pass(5)
  expect((await tab.status()).connection).toBe('offline')
  isHeld = false
  held[0]?.()
  await world.clock.pass(5000)
  // What somebody else writes arrives, and what is written here leaves.
  await tab.engine.createItem({ space: world.space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: 'een' }], prose: null })
  await world.clock.pass(1000)
  expect(world.relay.log(world.space).entries).toHaveLength(1)
  expect((await tab.status()).state).toBe('relay')
})
