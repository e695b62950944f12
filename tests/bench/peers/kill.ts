/**
 * SIGKILL while four people type: how much of what somebody was told is saved is there after the restart. Believed saved is what the system itself
 * says: an acknowledgement (samenpad, Hocuspocus' SyncStatus), and where it has none the echo, which y-websocket clients take for one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { newId } from '../../../shared/base/ids.ts'
import { below, seededDice } from '../../../shared/base/random.ts'
import { lineTo } from './lines.ts'
import { withServer, type Server, type SystemName } from './systems.ts'
import type { Table, Tell } from './table.ts'
import { createPen, runsIn } from './wire.ts'

const dice = seededDice(4184)
const WRITERS = 4
const TICK_MS = 4
/** A system that brings content after it said "synced" gets the time for it. */
const CONTENT_MS = 5_000

interface Round {
  believed: number
  lost: number
  readyMs: number
}

async function oneRound(server: Server, perSecond: number, ms: number): Promise<Round> {
  const doc = newId(dice)
  const pens = Array.from({ length: WRITERS }, () => createPen(dice))
  const firstClock = pens.map(({ clock }) => clock)
  /** Clock after the last letter that is believed saved, by writer. */
  const believed = pens.map(() => 0)
  const indexOf = new Map(pens.map(({ client }, at) => [client, at]))
  const lines = await Promise.all(
    pens.map(async (pen, at) => {
      const line = await lineTo(server, doc, dice)
      // The paragraph is the first thing that is saved.
      line.onSaved((count) => (believed[at] = Math.max(believed[at] ?? 0, (firstClock[at] ?? 0) + count - 1)))
      if (server.name !== 'hocuspocus' && server.kind !== 'ours')
        line.onUpdate((updates) => {
          for (const { client, to } of updates.flatMap((update) => [...runsIn(update)])) if (indexOf.get(client) === at) believed[at] = Math.max(believed[at] ?? 0, to)
        })
      line.write(pen.first)
      return line
    }),
  )
  const began = performance.now()
  for (let sent = 0; performance.now() - began < ms; ) {
    for (const due = ((performance.now() - began) / 1000) * perSecond * WRITERS; sent < due; sent++) {
      const at = sent % WRITERS
      lines[at]?.write(must(pens[at], 'a pen').next())
    }
    await sleep(TICK_MS)
  }
  await server.kill()
  const promised = [...believed]
  await Promise.all(lines.map((line) => line.close()))
  const restarted = performance.now()
  await server.start()
  const readyMs = performance.now() - restarted
  const found = new Y.Doc()
  const reader = await lineTo(server, doc, dice, (updates) => {
    for (const update of updates) Y.applyUpdate(found, update)
  })
  const isWhole = (): boolean => pens.every(({ client }, at) => Y.getState(found.store, client) >= (promised[at] ?? 0))
  for (let waited = 0; waited < CONTENT_MS && !isWhole(); waited += 50) await sleep(50)
  await reader.close()
  const lost = pens.reduce((sum, { client }, at) => sum + Math.max(0, (promised[at] ?? 0) - Math.max(firstClock[at] ?? 0, Y.getState(found.store, client))), 0)
  const count = promised.reduce((sum, clock, at) => sum + Math.max(0, clock - (firstClock[at] ?? 0)), 0)
  found.destroy()
  return { believed: count, lost, readyMs }
}

export async function kill(tell: Tell, isQuick: boolean): Promise<void> {
  const lines: Table['lines'] = []
  const each = isQuick ? 1 : 4
  for (const system of ['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus'] as SystemName[]) {
    const rounds: Round[] = []
    await withServer(system, async (server) => {
      // Memory is gone every time: two rounds show it.
      for (let round = 0; round < (system === 'yws' ? 1 : each); round++)
        for (const perSecond of [25, 500]) rounds.push(await oneRound(server, perSecond, 1_000 + below(dice, 5_000)))
    })
    const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0)
    const [believed, lost] = [sum((round) => round.believed), sum((round) => round.lost)]
    lines.push({ system, values: [rounds.length, believed, lost, (100 * lost) / believed, rounds.filter((round) => round.lost > 0).length, sum(({ readyMs }) => readyMs) / rounds.length] })
  }
  tell({
    row: 'kill',
    title: 'SIGKILL while four people type (25 and 500 letters/s each), then a restart',
    columns: [
      { title: 'kills', unit: '' },
      { title: 'letters believed saved', unit: '' },
      { title: 'of them lost', unit: '' },
      { title: 'lost', unit: '%' },
      { title: 'kills with loss', unit: '' },
      { title: 'ready again', unit: 'ms' },
    ],
    lines,
    notes: ['Believed saved: acknowledged (samenpad, hocuspocus), echoed (the others). A kill is the gentle case; only samenpad also survives a power cut, see docs/trust.md.'],
  })
}
