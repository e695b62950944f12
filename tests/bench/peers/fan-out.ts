/**
 * Fan-out: everybody in one document writes and reads. Deliveries are letters that arrived at somebody else, however many a frame holds. All
 * systems run at once, idle but for the one whose turn it is; turns go round, so that a noisy minute of the machine is everybody's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../../shared/base/assert.ts'
import { newId } from '../../../shared/base/ids.ts'
import { seededDice } from '../../../shared/base/random.ts'
import { cpuSeconds, quantile } from '../machine.ts'
import { lineTo, type Line } from './lines.ts'
import { withServers, type Server, type SystemName } from './systems.ts'
import { median, type Table, type Tell } from './table.ts'
import { createPen, runsIn, type Pen, type Runs } from './wire.ts'

const SYSTEMS: SystemName[] = ['samenpad', 'samenpad-yjs', 'yws', 'hocuspocus', 'null']
const TICK_MS = 2
/** A system that cannot keep up is not asked for more than it owes already: what waits longer says only how long the turn was. */
const BACKLOG_SECONDS_MAX = 0.5
/** As long as nothing arrives: then what is missing is lost, or waits behind something that will not be measured. */
const STALL_MS_MAX = 5_000
const dice = seededDice(4180)

interface Turn {
  cpuUs: number
  perSecond: number
  delays: number[]
  missing: number
}

interface Stage {
  server: Server
  lines: Line[]
  pens: Pen[]
  turn(deliveriesPerSecond: number, seconds: number): Promise<Turn>
}

export async function setUp(server: Server, count: number): Promise<Stage> {
  const doc = newId(dice)
  const pens = Array.from({ length: count }, () => createPen(dice))
  const indexOf = new Map(pens.map(({ client }, at) => [client, at]))
  /** When each letter left, by writer and clock. */
  const sentAt = pens.map(() => new Map<number, number>())
  let delivered = 0
  let delays: number[] = []
  const lines: Line[] = []
  const known = new WeakMap<Uint8Array, Runs>()
  for (let me = 0; me < count; me++) {
    const line = await lineTo(server, doc, dice)
    lines.push(line)
    line.onUpdate((updates) => {
      const now = performance.now()
      for (const update of updates) {
        let runs = known.get(update)
        if (!runs) known.set(update, (runs = runsIn(update)))
        for (const { client, from, to } of runs) {
          const writer = indexOf.get(client)
          if (writer === undefined || writer === me) continue
          const times = must(sentAt[writer], 'a map for every writer')
          for (let clock = from; clock < to; clock++) {
            const began = times.get(clock)
            if (began === undefined) continue // the paragraph itself
            delivered++
            // Every eleventh is enough for quantiles, and keeps this process light.
            if (delivered % 11 === 0) delays.push(now - began)
          }
        }
      }
    })
    // Most systems answer the next one with what this one began.
    line.write(must(pens[me], 'a pen for every line').first)
  }
  await sleep(500)
  return {
    server, lines, pens,
    async turn(deliveriesPerSecond, seconds) {
      delivered = 0
      delays = []
      for (const times of sentAt) times.clear()
      const perSecond = deliveriesPerSecond / (count - 1)
      const cpuBefore = cpuSeconds(server.pid)
      const began = performance.now()
      let sent = 0
      for (let now = began; now - began < seconds * 1000; now = performance.now()) {
        const due = ((now - began) / 1000) * perSecond
        for (; sent < due && sent * (count - 1) - delivered < deliveriesPerSecond * BACKLOG_SECONDS_MAX; sent++) {
          const writer = sent % count
          const pen = must(pens[writer], 'a pen for every writer')
          sentAt[writer]?.set(pen.clock, now)
          lines[writer]?.write(pen.next())
        }
        await sleep(TICK_MS)
      }
      const expected = sent * (count - 1)
      let last = delivered
      for (let quiet = performance.now(); delivered < expected && performance.now() - quiet < STALL_MS_MAX; ) {
        await sleep(5)
        if (delivered !== last) quiet = performance.now()
        last = delivered
      }
      const elapsed = (performance.now() - began) / 1000
      return { cpuUs: ((cpuSeconds(server.pid) - cpuBefore) / Math.max(1, delivered)) * 1e6, perSecond: delivered / elapsed, delays: delays.toSorted((a, b) => a - b), missing: expected - delivered }
    },
  }
}

export async function fanOut(tell: Tell, isQuick: boolean): Promise<void> {
  const rounds = isQuick ? 1 : 3
  const seconds = isQuick ? 1 : 1.5
  for (const count of isQuick ? [32, 128] : [8, 32, 128, 300]) {
    await withServers(SYSTEMS, async (servers) => {
      const stages: Stage[] = []
      for (const server of servers) stages.push(await setUp(server, count))
      // What a process compiles once is not what an update costs.
      for (const stage of stages) await stage.turn(20_000, 1)
      // A session of ours may push 2,000 entries a second: 8 writers reach 80,000 deliveries, not 160,000.
      const rates = count === 8 || isQuick ? [20_000, 80_000] : [20_000, 80_000, 160_000]
      for (const rate of rates) {
        const turns = new Map<SystemName, Turn[]>()
        for (let round = 0; round < rounds; round++)
          for (const stage of stages) {
            const turn = await stage.turn(rate, seconds)
            turns.set(stage.server.name, [...(turns.get(stage.server.name) ?? []), turn])
            await sleep(200)
          }
        tell(tableOf(count, rate, turns))
      }
      await Promise.all(stages.flatMap(({ lines }) => lines.map((line) => line.close())))
    })
  }
}

const tableOf = (count: number, rate: number, turns: ReadonlyMap<SystemName, Turn[]>): Table => ({
  row: 'fanout',
  title: `Fan-out, ${count} writers in one document, ${rate.toLocaleString('en')} deliveries/s asked`,
  columns: [
    { title: 'delivered per CPU second', unit: '', better: 'more', ...(count === 128 ? { target: 3 } : {}) },
    { title: 'CPU each', unit: 'µs' },
    { title: 'p50', unit: 'ms', better: 'less' },
    { title: 'p95', unit: 'ms', better: 'less' },
    { title: 'p99', unit: 'ms', better: 'less' },
    { title: 'delivered', unit: '/s' },
  ],
  lines: [...turns].map(([system, list]) => {
    const cpu = median(list.map(({ cpuUs }) => cpuUs))
    const delay = (q: number): number => median(list.map(({ delays }) => quantile(delays, q)))
    return { system, values: [1e6 / cpu, cpu, delay(0.5), delay(0.95), delay(0.99), median(list.map(({ perSecond }) => perSecond))] }
  }),
  notes: [...turns].flatMap(([system, list]) => {
    const missing = list.reduce((sum, turn) => sum + turn.missing, 0)
    return missing > 0 ? [`${system}: ${missing.toLocaleString('en')} deliveries never came within ${STALL_MS_MAX / 1000} s of silence`] : []
  }),
})
