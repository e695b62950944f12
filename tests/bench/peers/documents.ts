/**
 * Many documents opened in turn, each by somebody new for a moment: what an open costs when nothing is in memory, and what is left behind. The
 * servers were started anew before (yws in memory cannot be: it has everything warm). Turns of the systems alternate.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { seededDice } from '../../../shared/base/random.ts'
import { connect, type Laptop } from '../laptop.ts'
import { cpuSeconds, quantile, residentMiB } from '../machine.ts'
import { lineTo } from './lines.ts'
import { documentsOf, writeAll, type Document } from './seed.ts'
import { withServers, type Server } from './systems.ts'
import type { Tell } from './table.ts'

const dice = seededDice(4182)
const TURN_COUNT = 100
const SETTLE_MS = 4_000
const CONTENT_MS_MAX = 10_000

interface Opened {
  ms: number
  bytes: number
}
type Opener = (document: Document) => Promise<Opened>

/** A laptop has one connection and asks for the item; the others connect for every document. */
async function openerOf(server: Server): Promise<{ open: Opener; close(): Promise<void> }> {
  if (server.kind === 'ours') {
    const laptop: Laptop = await connect(server.http, server.admin.cookie, dice)
    let request = 0
    return {
      async open({ id }) {
        const began = performance.now()
        const bytesBefore = laptop.bytesIn
        const answer = laptop.next('itemEntries')
        laptop.send({ type: 'fetch', request: ++request, space: server.space, item: id, part: 'prose', from: 0, upTo: 0 })
        await answer
        return { ms: performance.now() - began, bytes: laptop.bytesIn - bytesBefore }
      },
      close: () => laptop.close(),
    }
  }
  return {
    async open({ id, update }) {
      const began = performance.now()
      let here = 0
      const whole = Promise.withResolvers<void>()
      const line = await lineTo(server, id, dice, (updates) => {
        for (const { length } of updates) here += length
        // Some answer first and bring the content later: it is open when the content is here.
        if (here >= update.length * 0.9) whole.resolve()
      })
      const late = setTimeout(() => whole.reject(new Error(`${server.name}: no content after ${CONTENT_MS_MAX} ms`)), CONTENT_MS_MAX)
      await whole.promise
      clearTimeout(late)
      const ms = performance.now() - began
      await sleep(1)
      const bytes = line.bytesIn
      await line.close()
      return { ms, bytes }
    },
    close: () => Promise.resolve(),
  }
}

export async function documents(tell: Tell, isQuick: boolean): Promise<void> {
  const count = isQuick ? 400 : 2_000
  const all = documentsOf(count, 1_500, dice)
  const weight = all.reduce((sum, { update }) => sum + update.length, 0)
  await withServers(['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus'], async (servers) => {
    for (const server of servers) {
      await writeAll(server, all, dice)
      // Whoever writes later gets the time for it.
      await sleep(SETTLE_MS)
      if (server.name === 'yws') continue
      await server.stop()
      await server.start()
    }
    await sleep(SETTLE_MS)
    const seats = []
    for (const server of servers) seats.push({ server, ...(await openerOf(server)), before: residentMiB(server.pid), half: 0, cpu: 0, opened: [] as Opened[] })
    for (let from = 0; from < count; from += TURN_COUNT)
      for (const seat of seats) {
        if (from === count / 2) {
          await sleep(1_000)
          seat.half = residentMiB(seat.server.pid)
        }
        const cpuBefore = cpuSeconds(seat.server.pid)
        for (const document of all.slice(from, from + TURN_COUNT)) seat.opened.push(await seat.open(document))
        seat.cpu += cpuSeconds(seat.server.pid) - cpuBefore
      }
    for (const seat of seats) await seat.close()
    await sleep(SETTLE_MS)
    tell({
      row: 'documents',
      title: `${count.toLocaleString('en')} documents (${(weight / 2 ** 20).toFixed(1)} MiB) opened in turn after a restart`,
      columns: [
        { title: 'CPU per open', unit: 'ms', better: 'less', target: 3 },
        { title: 'p50', unit: 'ms', better: 'less' },
        { title: 'p95', unit: 'ms', better: 'less' },
        { title: 'received', unit: 'KiB each' },
        { title: 'memory at start', unit: 'MiB' },
        { title: 'after all were closed', unit: 'MiB' },
        { title: 'left behind, second half', unit: 'KiB each', better: 'less' },
      ],
      lines: seats.map(({ server, before, half, cpu, opened }) => {
        const after = residentMiB(server.pid)
        const times = opened.map(({ ms }) => ms).toSorted((a, b) => a - b)
        return {
          system: server.name, isTold: server.name === 'yws',
          values: [
            (cpu / count) * 1000, quantile(times, 0.5), quantile(times, 0.95), opened.reduce((sum, { bytes }) => sum + bytes, 0) / count / 1024, before, after,
            // What a garbage collection takes away is not left behind.
            Math.max(0.1, ((after - half) * 1024) / (count / 2)),
          ],
        }
      }),
      notes: ['yws has everything in memory and would have nothing after a restart: not compared. samenpad: one connection that asks for each document, as a laptop has one.', 'samenpad-yjs: a socket for each document, with a login checked, rights asked and a record written for each of them.'],
    })
  })
}
