/** The simulator on itself: virtual time, virtual lines and plans do what the schedules rely on. */
import { expect, test } from 'vitest'
import type { Connection } from '../../server/relay/connection.ts'
import { toHex } from '../../shared/base/bytes.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { namedDice, randomBytes } from '../../shared/base/random.ts'
import { digest } from './platform-digest.ts'
import { createNetwork, type Direction, type Line, type Network, type NetworkTap } from './network.ts'
import { makePlan } from './plan.ts'
import { createScheduler, START_TIME, type Process, type Scheduler } from './scheduler.ts'
import { gapsOf } from './tab.ts'
import { tokensIn, tokensInBytes, tokenText } from './tokens.ts'

test('events run in the order of their times, and equal times in the order of asking', async () => {
  const scheduler = createScheduler()
  const seen: string[] = []
  scheduler.after(20, () => seen.push('late'))
  scheduler.after(10, () => seen.push('first'))
  scheduler.after(10, () => seen.push('second'))
  scheduler.after(10, () => seen.push('never')).dispose()
  await scheduler.runUntil(START_TIME + 15)
  expect(seen).toEqual(['first', 'second'])
  expect(scheduler.now).toBe(START_TIME + 15)
  await scheduler.runUntil(START_TIME + 30)
  expect(seen).toEqual(['first', 'second', 'late'])
})

test('promises settle completely between two events', async () => {
  const scheduler = createScheduler()
  const seen: string[] = []
  scheduler.after(1, () => void (async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
    seen.push('promises')
  })())
  scheduler.after(1, () => seen.push('event'))
  await scheduler.runUntil(START_TIME + 2)
  expect(seen).toEqual(['promises', 'event'])
})

test('of many events each finds everything that follows from the one before done, and is looked at after it', async () => {
  const scheduler = createScheduler()
  const seen: string[] = []
  const COUNT = 200
  for (let i = 0; i < COUNT; i++)
    scheduler.after(1 + Math.floor(i / 3), () => {
      seen.push(`event ${i}`)
      void (async () => {
        for (let hop = 0; hop < 5; hop++) await Promise.resolve()
        process.nextTick(() => void Promise.resolve().then(() => seen.push(`follows ${i}`)))
      })()
    })
  await scheduler.runUntil(START_TIME + COUNT, () => void seen.push('looked'))
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => [`event ${i}`, `follows ${i}`, 'looked']).flat())
})

test('a dead process does nothing more, a sleeping one does it later and in order', async () => {
  const scheduler = createScheduler()
  const machine = { clockOffsetMs: 0 }
  const dead = scheduler.process('dead', machine)
  const asleep = scheduler.process('asleep', machine)
  const seen: string[] = []
  dead.clock.after(5, () => seen.push('dead'))
  asleep.clock.after(5, () => seen.push('one'))
  asleep.clock.after(6, () => seen.push('two'))
  asleep.clock.after(7, () => seen.push('cancelled')).dispose()
  dead.kill()
  asleep.sleepUntil(START_TIME + 100)
  await scheduler.runUntil(START_TIME + 50)
  expect(seen).toEqual([])
  await scheduler.runUntil(START_TIME + 150)
  expect(seen).toEqual(['one', 'two'])
})

test('a jump of the wall clock changes what is read and not what is waited for', async () => {
  const scheduler = createScheduler()
  const machine = { clockOffsetMs: 0 }
  const { clock } = scheduler.process('laptop', machine)
  let firedAt = 0
  clock.after(100, () => void (firedAt = clock.now()))
  machine.clockOffsetMs = -172_800_000
  await scheduler.runUntil(START_TIME + 100)
  expect(firedAt).toBe(START_TIME + 100 - 172_800_000)
})

interface Wire {
  scheduler: Scheduler
  network: Network
  line: Line
  process: Process
  up: string[]
  down: string[]
  closed: string[]
  relay: { connection: Connection | null; isClosed: boolean }
  send(frame: string): void
}

async function setupWire(): Promise<Wire> {
  const scheduler = createScheduler()
  const relayProcess = scheduler.process('relay', { clockOffsetMs: 0 })
  const wire: Pick<Wire, 'up' | 'down' | 'closed' | 'relay'> = { up: [], down: [], closed: [], relay: { connection: null, isClosed: false } }
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
  const tap: NetworkTap = { opened: () => undefined, closed: () => undefined, sent: (_c, _d: Direction, frame) => frame, arrived: () => undefined, cut: () => undefined }
  const network = createNetwork(scheduler, namedDice(7, 'network'), {
    process: relayProcess,
    accept(connection) {
      wire.relay.connection = connection
      return { receive: (frame) => void wire.up.push(text(frame)), closed: () => void (wire.relay.isClosed = true) }
    },
  }, tap)
  const line = network.line('d0')
  const process = scheduler.process('tab', { clockOffsetMs: 0 })
  const socket = network.transport(line, 'd0t0', () => 'me', process).connect({
    opened: () => undefined,
    frame: (frame) => void wire.down.push(text(frame)),
    closed: (code) => void wire.closed.push(String(code)),
  })
  await scheduler.runUntil(START_TIME + 500)
  return { ...wire, scheduler, network, line, process, send: (frame) => socket.send(Buffer.from(frame)) }
}

test('frames arrive all and in order, whatever the latencies', async () => {
  const wire = await setupWire()
  const sent = Array.from({ length: 40 }, (_, i) => `f${i}`)
  for (const frame of sent) {
    wire.send(frame)
    wire.relay.connection?.send(Buffer.from(frame))
    await wire.scheduler.runUntil(wire.scheduler.now + 1)
  }
  await wire.scheduler.runUntil(wire.scheduler.now + 1000)
  expect(wire.up).toEqual(sent)
  expect(wire.down).toEqual(sent)
})

test('a cut at frame n loses that frame and all after it, and both sides hear of it', async () => {
  const wire = await setupWire()
  wire.line.cutAfterFrames = 3
  for (const frame of ['a', 'b', 'c', 'd']) {
    wire.send(frame)
    await wire.scheduler.runUntil(wire.scheduler.now + 300)
  }
  await wire.scheduler.runUntil(wire.scheduler.now + 100_000)
  expect(wire.up).toEqual(['a', 'b'])
  expect(wire.closed).toEqual(['1006'])
  expect(wire.relay.isClosed).toBe(true)
})

test('a hole in the network holds frames back and lets them go when it heals', async () => {
  const wire = await setupWire()
  wire.network.setState(wire.line, 'hole')
  wire.send('a')
  await wire.scheduler.runUntil(wire.scheduler.now + 5_000)
  expect(wire.up).toEqual([])
  wire.network.setState(wire.line, 'up')
  await wire.scheduler.runUntil(wire.scheduler.now + 1_000)
  expect(wire.up).toEqual(['a'])
})

test('a half-open connection carries one direction only, and its client hears nothing of it', async () => {
  const wire = await setupWire()
  wire.network.connectionsOf(wire.line)[0]?.loseDirection('down', 90_000)
  wire.send('a')
  wire.relay.connection?.send(Buffer.from('b'))
  await wire.scheduler.runUntil(wire.scheduler.now + 5_000)
  expect(wire.up).toEqual(['a'])
  expect(wire.down).toEqual([])
  expect(wire.closed).toEqual([])
})

test('a plan is a function of its seed and survives being written down', () => {
  for (const seed of [1, 2, 99]) {
    expect(makePlan(seed)).toEqual(makePlan(seed))
    expect(JSON.parse(JSON.stringify(makePlan(seed)))).toEqual(makePlan(seed))
  }
  expect(makePlan(1)).not.toEqual(makePlan(2))
})

test('tokens are found in texts and in bytes, and are unique', () => {
  const tokens = Array.from({ length: 1000 }, (_, serial) => tokenText(5, serial % 4, serial))
  expect(new Set(tokens).size).toBe(1000)
  expect(tokensIn(`a${tokens[3]}b${tokens[4]}`)).toEqual([tokens[3], tokens[4]])
  expect(tokensInBytes(Buffer.from(`\u0000\u00ff${tokens[9]}`, 'latin1'))).toEqual([tokens[9]])
  expect(tokensIn('[[u1.e000001.k]] [[u1]]')).toEqual([])
})

test('the digest that schedules are played with is the product\'s', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = randomBytes(namedDice(length, 'bytes'), length)
    expect(toHex(digest(bytes))).toBe(toHex(sha256(bytes)))
  }
})

test('nobody types inside a token, not even between two that touch', () => {
  expect(gapsOf('a[[b]][[c]]d[[')).toEqual([0, 1, 6, 11, 12])
  expect(gapsOf('')).toEqual([0])
})
