/** The relay from outside: acknowledgement, propagation, fan-out, catch-up, idle connections, memory over many documents. */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { CATCH_UP_CREDIT_BYTES_MAX, PUSHES_PER_SECOND_MAX } from '../../shared/model/limits.ts'
import type { Measure } from './figures.ts'
import { connect, follow, NOWHERE, pushAt, typist, type Laptop, type Place } from './laptop.ts'
import { cpuSeconds, fsyncTimes, quantile, residentMiB } from './machine.ts'
import { withRelay, type World } from './world.ts'

const dice = seededDice(4180)
const SECONDS = 8
const THROUGHPUT_SESSIONS = 24
const THROUGHPUT_EACH = 2_500
/** Just under what one session may push. */
const PER_SECOND = PUSHES_PER_SECOND_MAX * 0.9

const open = ({ product, admin }: World): Promise<Laptop> => connect(product.address, admin.cookie, dice)

export async function benchAcknowledgement(measure: Measure): Promise<void> {
  const row = 'Acknowledgement and propagation, 1,000 entries/s, real sockets, SQLite FULL'
  await withRelay(async (world) => {
    const space = await world.admin.createSpace('Meting')
    const flush = fsyncTimes(world.product.data, 400)
    const reader = await open(world)
    await follow(reader, space, NOWHERE)
    const sentAt = new Map<Id, number>()
    const travel: number[] = []
    reader.on((message) => {
      if (message.type !== 'entries') return
      const now = performance.now()
      for (const { entry } of message.entries) {
        const began = sentAt.get(entry)
        if (began !== undefined) travel.push(now - began)
      }
    })
    const writers = await Promise.all(Array.from({ length: 10 }, () => open(world)))
    const typistsOf = (): ReturnType<typeof typist>[] => Array.from({ length: 5 }, () => typist(space, newId(dice), dice))
    const times = (await Promise.all(writers.map((writer) => pushAt(writer, typistsOf(), 100, 100 * SECONDS, sentAt)))).flat().sort((a, b) => a - b)
    travel.sort((a, b) => a - b)
    const fsyncP99 = quantile(flush, 0.99)
    measure({ row, name: 'flush of this disk, p50', value: quantile(flush, 0.5), unit: 'ms' })
    measure({ row, name: 'flush of this disk, p99', value: fsyncP99, unit: 'ms' })
    measure({ row, name: 'ACK p50', value: quantile(times, 0.5), unit: 'ms' })
    measure({ row, name: 'ACK p99', value: quantile(times, 0.99), unit: 'ms', budget: 'at most 15 ms above the flush p99', isMet: quantile(times, 0.99) <= fsyncP99 + 15 })
    measure({ row, name: 'propagation p50', value: quantile(travel, 0.5), unit: 'ms', budget: 'at most 5 ms', isMet: quantile(travel, 0.5) <= 5 })
    measure({ row, name: 'propagation p95', value: quantile(travel, 0.95), unit: 'ms' })
    await Promise.all([reader, ...writers].map((laptop) => laptop.close()))
  })
}

/** As many entries as the relay takes, from more sessions than one could be slowed down by its own limit. */
export async function benchThroughput(measure: Measure): Promise<void> {
  const row = `Throughput: ${THROUGHPUT_SESSIONS} sessions in 8 spaces that never wait longer than for their window, SQLite FULL; this process makes the load on the same cores`
  await withRelay(async (world) => {
    const spaces = await Promise.all(Array.from({ length: 8 }, (_, at) => world.admin.createSpace(`Meting ${at}`)))
    const sessions = await Promise.all(
      Array.from({ length: THROUGHPUT_SESSIONS }, async (_, at) => {
        const laptop = await open(world)
        const space = must(spaces[at % spaces.length], 'a space')
        // Made before: what is measured is the relay, as far as one machine allows.
        const typists = Array.from({ length: 4 }, () => typist(space, newId(dice), dice))
        const entries = Array.from({ length: THROUGHPUT_EACH }, (_, n) => must(typists[n % typists.length], 'a typist')(n + 1))
        return { laptop, entries }
      }),
    )
    const before = cpuSeconds(world.product.pid)
    const began = performance.now()
    await Promise.all(sessions.map(({ laptop, entries }) => pushAt(laptop, [(n) => must(entries[n - 1], 'one entry for each place')], PUSHES_PER_SECOND_MAX, entries.length)))
    const seconds = (performance.now() - began) / 1000
    const count = THROUGHPUT_SESSIONS * THROUGHPUT_EACH
    const cpu = cpuSeconds(world.product.pid) - before
    measure({ row, name: 'entries stored and acknowledged', value: count / seconds, unit: '/s', budget: 'goal: 20,000/s', isMet: count / seconds >= 20_000 })
    measure({ row, name: 'the same per CPU second of the relay', value: count / cpu, unit: '/s' })
    await Promise.all(sessions.map(({ laptop }) => laptop.close()))
  })
}

export async function benchFanOut(measure: Measure): Promise<void> {
  const row = 'Fan-out: delivered updates per CPU second of the relay (beside others: npm run bench -- --peers)'
  for (const clientCount of [8, 32, 128]) {
    await withRelay(async (world) => {
      const space = await world.admin.createSpace('Meting')
      const laptops: Laptop[] = []
      for (let i = 0; i < clientCount; i++) laptops.push(await open(world))
      let delivered = 0
      for (const laptop of laptops) {
        await follow(laptop, space, NOWHERE)
        laptop.on((message) => {
          if (message.type === 'entries') delivered += message.entries.length
        })
      }
      const item = newId(dice)
      const writerCount = 8
      const perSecond = Math.round(80_000 / clientCount / writerCount)
      const before = cpuSeconds(world.product.pid)
      const began = performance.now()
      await Promise.all(laptops.slice(0, writerCount).map((laptop) => pushAt(laptop, [typist(space, item, dice)], perSecond, perSecond * 4)))
      const expected = perSecond * 4 * writerCount * clientCount
      while (delivered < expected) await sleep(5)
      const cpu = cpuSeconds(world.product.pid) - before
      measure({ row, name: `${clientCount} clients, 80,000 deliveries/s asked: delivered per CPU second`, value: delivered / cpu, unit: '/s' })
      const each = (cpu / delivered) * 1e6
      measure({ row, name: `${clientCount} clients: CPU per delivered update`, value: each, unit: 'µs' })
      measure({ row, name: `${clientCount} clients: delivered per second`, value: delivered / ((performance.now() - began) / 1000), unit: '/s' })
      await Promise.all(laptops.map((laptop) => laptop.close()))
    })
  }
}

export async function benchCatchUp(measure: Measure): Promise<void> {
  const row = 'Catch-up after an absence'
  await withRelay(async (world) => {
    const space = await world.admin.createSpace('Meting')
    const writer = await open(world)
    const items = Array.from({ length: 2_000 }, () => typist(space, newId(dice), dice))
    await pushAt(writer, items, PER_SECOND, items.length)
    await writer.close()

    const first = await open(world)
    const { place } = await follow(first, space, NOWHERE)
    await first.close()

    const again = async (from: Place): Promise<{ ms: number; bytes: number; entryCount: number; place: Place }> => {
      const laptop = await open(world)
      const bytesBefore = laptop.bytesIn + laptop.bytesOut
      const began = performance.now()
      const { entryCount, place } = await follow(laptop, space, from)
      const ms = performance.now() - began
      const bytes = laptop.bytesIn + laptop.bytesOut - bytesBefore
      await laptop.close()
      return { ms, bytes, entryCount, place }
    }
    const nothing = await again(place)
    measure({ row, name: 'nothing changed in 2,000 items: bytes both ways', value: nothing.bytes, unit: 'B', budget: 'at most 1 kB', isMet: nothing.bytes <= 1000 })

    // The same number of entries, close together in a few items and spread over many.
    let from = place
    for (const itemCount of [300, 1_000]) {
      const second = await open(world)
      await pushAt(second, items.slice(-itemCount), PER_SECOND, 10_000)
      await second.close()
      const missed = await again(from)
      const roundTrips = 1 + Math.floor(missed.bytes / CATCH_UP_CREDIT_BYTES_MAX)
      const words = `${missed.entryCount} entries missed in ${itemCount} of 2,000 items`
      measure({ row, name: `${words}: time to have them all`, value: missed.ms, unit: 'ms', budget: 'at most 1 s', isMet: missed.ms <= 1000 })
      measure({ row, name: `${words}: round trips (the question, and one for every 4 MiB of credit)`, value: roundTrips, unit: '', budget: 'one', isMet: roundTrips === 1 })
      measure({ row, name: `${words}: bytes both ways`, value: missed.bytes / 1024, unit: 'KiB' })
      from = missed.place
    }
  })
}

/** Documents opened in turn, and of those the ones read through our own door: a thousand a second is what one session may ask. */
const OPENED_COUNT = 8_000
const READ_COUNT = 2_000
/** The relay counts what was written once it has been quiet for 15 s, and takes some 12 MiB for that the first time: that is not what a document leaves behind. */
const RESTED_MS = 25_000

export async function benchIdle(measure: Measure): Promise<void> {
  const row = 'Idle connections and memory'
  const idleCount = 1_000
  await withRelay(async (world) => {
    const space = await world.admin.createSpace('Meting')
    await sleep(1_000)
    const before = residentMiB(world.product.pid)
    const laptops: Laptop[] = []
    for (let i = 0; i < idleCount; i++) {
      const laptop = await open(world)
      await follow(laptop, space, NOWHERE)
      laptops.push(laptop)
    }
    await sleep(2_000)
    const each = ((residentMiB(world.product.pid) - before) * 1024) / idleCount
    measure({ row, name: `${idleCount} idle connections, one subscription each: memory each`, value: each, unit: 'KiB', budget: 'at most 12 KiB', isMet: each <= 12 })
    await Promise.all(laptops.map((laptop) => laptop.close()))
  })
  await withRelay(async (world) => {
    const space = await world.admin.createSpace('Meting')
    const writer = await open(world)
    const ids = Array.from({ length: OPENED_COUNT }, () => newId(dice))
    const typists = ids.map((item) => typist(space, item, dice))
    await pushAt(writer, typists, PER_SECOND, 2 * ids.length)
    await sleep(RESTED_MS)
    const before = residentMiB(world.product.pid)
    let request = 0
    const read = async (item: Id): Promise<void> => {
      const answer = writer.next('itemEntries')
      writer.send({ type: 'fetch', request: ++request, space, item, part: 'prose', from: 0, upTo: 0 })
      await answer
    }
    const few = ids.slice(0, READ_COUNT)
    for (const item of few) await read(item)
    const after = residentMiB(world.product.pid)
    measure({ row, name: '2,000 documents read in turn: memory before', value: before, unit: 'MiB' })
    measure({ row, name: '2,000 documents read in turn: memory after', value: after, unit: 'MiB' })
    const growth = ((after - before) * 1024) / few.length
    measure({ row, name: 'memory that a document leaves behind', value: growth, unit: 'KiB', budget: 'flat: at most 4 KiB', isMet: growth <= 4 })

    // The same through the door for plain y-websocket clients, each for a moment. V8 lets its heap grow in steps of some 5 MiB, so that a thousand documents say
    // nothing: what each of them leaves behind shows in the last half of many.
    let beforeYjs = 0
    for (let from = 0; from < ids.length; from += 5) {
      if (from === ids.length / 2) beforeYjs = residentMiB(world.product.pid)
      await Promise.all(
        ids.slice(from, from + 5).map(async (item) => {
          const doc = new Y.Doc()
          const provider = new WebsocketProvider(`${world.product.address.replace('http', 'ws')}/yjs`, item, doc, { WebSocketPolyfill: withCookie(world) as never, disableBc: true })
          await new Promise<void>((resolve, reject) => {
            provider.once('sync', () => resolve())
            // It stays away for good then, and we would wait as long.
            provider.once('closed', ({ code, reason }) => reject(new Error(`closed for good with ${code} ${reason}`)))
          })
          provider.destroy()
          doc.destroy()
        }),
      )
    }
    await sleep(2_000)
    const growthYjs = ((residentMiB(world.product.pid) - beforeYjs) * 1024) / (ids.length / 2)
    measure({ row, name: '8,000 documents opened in turn by a y-websocket client: memory that each of the last 4,000 leaves behind', value: growthYjs, unit: 'KiB', budget: 'flat: at most 4 KiB', isMet: growthYjs <= 4 })
    await writer.close()
  })
}

/** A websocket as a browser makes it for this login: with its cookie and its origin. */
const withCookie = ({ product, admin }: World): typeof WebSocket =>
  class extends WebSocket {
    constructor(address: string | URL) {
      super(address, { headers: { cookie: admin.cookie, origin: product.address }, perMessageDeflate: false })
    }
  } as unknown as typeof WebSocket
