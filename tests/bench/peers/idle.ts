/** Idle connections: what each costs the server while nobody does anything, all in one document and each in one of its own. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { newId } from '../../../shared/base/ids.ts'
import { seededDice } from '../../../shared/base/random.ts'
import { cpuSeconds, residentMiB } from '../machine.ts'
import { joinOf } from './cbor.ts'
import { lineTo } from './lines.ts'
import { withServer, type Server, type SystemName } from './systems.ts'
import type { Table, Tell } from './table.ts'

const dice = seededDice(4181)
const AT_ONCE = 20
const SETTLE_MS = 4_000

interface Open {
  close(): Promise<void>
}

async function join(server: Server, doc: string): Promise<Open> {
  if (server.kind !== 'automerge') return lineTo(server, doc, dice)
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, { perMessageDeflate: false })
  await once(socket, 'open')
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(10_000) })
  socket.send(joinOf(newId(dice)))
  await answer
  return { close: async () => socket.terminate() }
}

interface Cost {
  each: number
  cpuUs: number
  before: number
  after: number
}

async function costOf(name: SystemName, count: number, isOneDocument: boolean): Promise<Cost> {
  let cost: Cost = { each: Number.NaN, cpuUs: Number.NaN, before: Number.NaN, after: Number.NaN }
  await withServer(name, async (server) => {
    const shared = newId(dice)
    // The first ones load what a server loads once.
    const warm = await Promise.all(Array.from({ length: AT_ONCE }, () => join(server, isOneDocument ? shared : newId(dice))))
    await sleep(SETTLE_MS / 2)
    const before = residentMiB(server.pid)
    const cpuBefore = cpuSeconds(server.pid)
    const open: Open[] = []
    while (open.length < count) open.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => join(server, isOneDocument ? shared : newId(dice))))))
    const cpu = cpuSeconds(server.pid) - cpuBefore
    await sleep(SETTLE_MS)
    const full = residentMiB(server.pid)
    await Promise.all([...open, ...warm].map((one) => one.close()))
    await sleep(SETTLE_MS)
    cost = { each: ((full - before) * 1024) / count, cpuUs: (cpu / count) * 1e6, before, after: residentMiB(server.pid) }
  })
  return cost
}

export async function idle(tell: Tell, isQuick: boolean): Promise<void> {
  const count = isQuick ? 500 : 2_000
  const lines: Table['lines'] = []
  for (const system of ['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus', 'automerge', 'null'] as const) {
    const together = await costOf(system, count, true)
    // A laptop of ours follows spaces, the others' bare joins and broadcasts know no documents: for them there is one way only.
    const apart = system === 'samenpad' || system === 'automerge' || system === 'null' ? null : await costOf(system, count, false)
    console.log(`  ${system}: ${together.each.toFixed(1)} and ${apart?.each.toFixed(1) ?? '–'} KiB each`)
    lines.push({ system, values: [together.each, apart?.each ?? null, together.cpuUs, apart?.cpuUs ?? null, together.before, together.after] })
  }
  tell({
    row: 'idle',
    title: `${count.toLocaleString('en')} idle connections`,
    columns: [
      { title: 'in one document or space', unit: 'KiB each', better: 'less' },
      { title: 'a document each', unit: 'KiB each', better: 'less' },
      { title: 'CPU to open, one document', unit: 'µs', better: 'less' },
      { title: 'CPU to open, a document each', unit: 'µs', better: 'less' },
      { title: 'before', unit: 'MiB' },
      { title: 'after all left', unit: 'MiB' },
    ],
    lines,
    notes: ['automerge: joined, no document open: its other sockets cost more. samenpad: signed in, following a space with all its documents.', 'Opening costs samenpad the check of a login, of the rights and a record in the account of who did what; none of the others asks who somebody is.'],
  })
}
