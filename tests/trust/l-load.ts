/** L1 to L3: many who say nothing, some who never listen, and everybody coming back at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBackOff } from '../../client/engine/back-off.ts'
import { must } from '../../shared/base/assert.ts'
import { NO_ID } from '../../shared/base/ids.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { cpuSeconds, quantile, residentMiB } from '../bench/machine.ts'
import { dial } from './client.ts'
import { dialMany, withCrowd } from './crowd.ts'
import { createObserver } from './observer.ts'
import { count, type Row } from './row.ts'
import { createWriter } from './writer.ts'

const TURN_MS_MAX = 500
/** Of a hundred turns of the main thread since it was asked last, all but one took no longer. */
async function turnMs(address: string): Promise<number> {
  const told = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await (await fetch(`${address}/metrics`)).text())
  return 1_000 * Number(must(told?.[1], 'the relay tells how long its turns take'))
}

export const l1: Row = {
  id: 'L1',
  name: 'Idle sockets',
  promise: 'thousands of open laptops that do nothing cost nearly nothing',
  target: '5,000 sockets with 3 subscriptions each (1,000 by default): ≤ 50 kB each, RSS ≤ 400 MB, CPU ≤ 5 % of a core',
  run: (trial) => withCrowd(trial, 'L1', 3, 10, async ({ group: { spaces, cookie }, relay, dice, connect }) => {
    const total = trial.count(200, 1_000, 5_000)
    await sleep(500)
    const before = residentMiB(relay.pid)
    await connect(total, async (i) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let answers = 0
      const client = await dial(relay.address, cookie(i), dice, ({ type }) => void (type === 'subbed' && ++answers === spaces.length && resolve()))
      client.send(...spaces.map((space) => ({ type: 'sub' as const, space, epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH })))
      await promise
      return client
    })
    await sleep(1_000)
    const [cpuBefore, began] = [cpuSeconds(relay.pid), performance.now()]
    await sleep(trial.size === 'small' ? 500 : 10_000)
    const load = ((cpuSeconds(relay.pid) - cpuBefore) / ((performance.now() - began) / 1000)) * 100
    const memory = residentMiB(relay.pid)
    const each = ((memory - before) * 1024) / total
    trial.figure(`${count(total, 'socket')} with ${spaces.length} subscriptions each`)
    if (!relay.isUp) trial.violation('the relay ended')
    if (trial.size === 'small') return
    trial.figure(`${each.toFixed(1)} KiB each, RSS ${memory.toFixed(0)} MiB, ${load.toFixed(1)} % of a core`)
    if (each > 50) trial.missed(`${each.toFixed(0)} KiB each`)
    if (memory > 400) trial.missed(`RSS ${memory.toFixed(0)} MiB`)
    if (load > 5) trial.missed(`${load.toFixed(1)} % of a core`)
  }),
}

export const l2: Row = {
  id: 'L2',
  name: 'Consumers that never read',
  promise: 'who does not read costs a bounded buffer and holds up nobody',
  target: '50 sockets, 100 MB broadcast (30 MB by default): relay RSS +≤ 64 MB over the buffers, healthy p95 ≤ 250 ms',
  run: (trial) => withCrowd(trial, 'L2', 1, 3, async ({ group, relay, dice, connect }) => {
    const megabytes = trial.count(4, 30, 100)
    const deafCount = trial.size === 'small' ? 10 : 50
    const { cookie } = group
    const space = group.space(0)
    await connect(deafCount, async (i) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const client = await dial(relay.address, cookie(i), dice, ({ type }) => void (type === 'subbed' && resolve()))
      client.send({ type: 'sub', space, epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH })
      await promise
      client.socket.pause()
      return client
    })
    const observer = createObserver(space, dice, trial.violation)
    await observer.connect(relay.address, cookie(0))
    const before = residentMiB(relay.pid)
    let peak = before
    const times: number[] = []
    let last = performance.now()
    const padding = 'zorgpad '.repeat(4_000)
    // One document of 100 MB would be measured as well: the thread that draws up its snapshots has to hold it.
    const writer = createWriter({ space, dice, window: 2, padding, replaces: true, onAcknowledged: () => {
      times.push(performance.now() - last)
      last = performance.now()
    } })
    const { gone } = await writer.connect(relay.address, cookie(1))
    const wanted = Math.ceil((megabytes * 2 ** 20) / padding.length)
    while (writer.acknowledged.size < wanted && relay.isUp) {
      peak = Math.max(peak, residentMiB(relay.pid))
      trial.progress(`${writer.acknowledged.size} of ${wanted} edits`)
      await sleep(20)
    }
    writer.isTyping = false
    while (writer.waitingCount > 0 && relay.isUp) await sleep(5)
    while (observer.seen.length < writer.acknowledged.size && relay.isUp) await sleep(5)
    writer.cut()
    await gone
    if (!relay.isUp) trial.violation('the relay ended')
    trial.figure(`${count(deafCount, 'socket')} that never read, ${megabytes} MB broadcast, a reader had all of it`)
    if (trial.size === 'small') return
    times.sort((a, b) => a - b)
    const p95 = quantile(times, 0.95)
    trial.figure(`RSS +${(peak - before).toFixed(0)} MiB at most, healthy p95 ${p95.toFixed(0)} ms`)
    // Each socket may hold up to 1 MiB in the relay before live fan-out stops.
    if (peak - before > deafCount + 64) trial.missed(`RSS +${(peak - before).toFixed(0)} MiB`)
    if (p95 > 250) trial.missed(`healthy p95 ${p95.toFixed(0)} ms`)
  }),
}

export const l3: Row = {
  id: 'L3',
  name: 'Everybody comes back at once',
  promise: 'after a kill under thousands of laptops all of them are level again, also when it is killed once more meanwhile',
  target: '2,000 clients (500 by default): all in sync ≤ 30 s after the second start, a turn of its main thread ≤ 500 ms (p99, by /metrics), nobody gives up',
  run: (trial) => withCrowd(trial, 'L3', 1, 10, async ({ group, relay, dice }) => {
    const total = trial.count(100, 500, 2_000)
    const { cookie } = group
    const space = group.space(0)
    const writer = createWriter({ space, dice, padding: 'zorgpad ' })
    const { gone } = await writer.connect(relay.address, cookie(0))
    while (writer.acknowledged.size < 300) await sleep(5)
    writer.isTyping = false
    while (writer.waitingCount > 0) await sleep(5)
    const observers = Array.from({ length: total }, () => createObserver(space, dice, trial.violation))
    const next = observers.values()
    await dialMany(total, async (i) => must(next.next().value, 'an observer').connect(relay.address, cookie(i)))
    const back = async (i: number, isLast: boolean): Promise<void> => {
      const observer = must(observers[i], 'an observer')
      // As the engine of somebody who was greeted before.
      const backOff = createBackOff(dice)
      backOff.restart()
      for (let attempts = 0; ; attempts++) {
        await sleep(backOff.nextMs())
        try {
          return await observer.connect(relay.address, cookie(i))
        } catch (error) {
          if (isLast && attempts > 200) return trial.violation(`a laptop gives up: ${String(error)}`)
        }
      }
    }
    await relay.kill()
    await gone
    const coming = relay.start()
    const returning = Promise.all(observers.map((_, i) => back(i, true)))
    await coming
    await sleep(300)
    await relay.kill()
    await relay.start()
    const began = performance.now()
    await turnMs(relay.address) // counts from here
    await returning
    const seconds = (performance.now() - began) / 1000
    const turn = await turnMs(relay.address)
    // Those who were level before the second kill lost their line again.
    await dialMany(total, async (i) => must(observers[i], 'an observer').socketIsOpen() ? undefined : back(i, true))
    for (const observer of observers) {
      for (const entry of writer.acknowledged) if (!observer.byEntry.has(entry)) trial.violation(`a laptop lacks ${entry.slice(0, 6)}`)
      if (observer.recovers > 0) trial.violation('the past that was handed out is not the log\'s')
      observer.cut()
    }
    trial.figure(`${count(total, 'client')} level again after two kills`)
    if (trial.size === 'small') return
    trial.figure(`in ${seconds.toFixed(1)} s after the second start`)
    trial.figure(`a turn of the relay's main thread meanwhile ${turn.toFixed(0)} ms (p99)`)
    if (turn > TURN_MS_MAX) trial.missed(`a turn of ${turn.toFixed(0)} ms`)
    if (seconds > 30) trial.missed(`in sync after ${seconds.toFixed(0)} s`)
  }),
}
