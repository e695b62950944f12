/**
 * Catch-up: somebody knows 5,000 documents as they were and learns what changed in 1,000 of them meanwhile. Ours asks once for everything after
 * its place; with the others every document must be asked, 50 at a time, and over one connection where the system allows it.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { must } from '../../../shared/base/assert.ts'
import { seededDice } from '../../../shared/base/random.ts'
import { CATCH_UP_CREDIT_BYTES_MAX } from '../../../shared/model/limits.ts'
import { connect, follow, NOWHERE } from '../laptop.ts'
import { cpuSeconds } from '../machine.ts'
import { documentsOf, writeAll, type Document } from './seed.ts'
import { withServers, type OurServer, type SystemName, type YjsServer } from './systems.ts'
import { median, type Tell } from './table.ts'
import { authFrame, createPen, read, STEP_1, syncFrame } from './wire.ts'

const dice = seededDice(4183)
const AT_ONCE = 50
const SETTLE_MS = 3_000
/** An answer without content is two bytes. */
const EMPTY_BYTES = 2

interface Caught {
  ms: number
  bytesIn: number
  bytesOut: number
  questions: number
  cpu: number
  changed: number
}

async function ourCatchUp(server: OurServer, from: typeof NOWHERE): Promise<Caught> {
  const cpuBefore = cpuSeconds(server.pid)
  const began = performance.now()
  const laptop = await connect(server.http, server.admin.cookie, dice)
  const { entryCount } = await follow(laptop, server.space, from)
  const ms = performance.now() - began
  const { in: bytesIn, out: bytesOut } = laptop.onTheWire()
  await laptop.close()
  return { ms, bytesIn, bytesOut, questions: 1 + Math.floor(bytesIn / CATCH_UP_CREDIT_BYTES_MAX), cpu: cpuSeconds(server.pid) - cpuBefore, changed: entryCount }
}

/** In: what is known. The socket of each document, or one for all where the name travels inside. */
async function theirCatchUp(server: YjsServer, all: readonly Document[]): Promise<Caught> {
  const { dialect } = server
  const cpuBefore = cpuSeconds(server.pid)
  const began = performance.now()
  let bytesIn = 0
  let bytesOut = 0
  let changed = 0
  const open = async (address: string): Promise<WebSocket> => {
    const socket = new WebSocket(address, { perMessageDeflate: false })
    socket.once('upgrade', ({ socket: tcp }) =>
      // Of a socket that is closed the counts stay.
      socket.once('close', () => {
        bytesIn += tcp.bytesRead
        bytesOut += tcp.bytesWritten
      }),
    )
    await once(socket, 'open')
    return socket
  }
  const closing: Promise<unknown>[] = []
  const close = (socket: WebSocket): void => {
    closing.push(once(socket, 'close'))
    socket.close()
  }
  const waiting = new Map<string, (update: Uint8Array) => void>()
  const hear = (name: string) => (frame: Buffer): void => {
    const heard = read(dialect, frame)
    if (heard?.kind !== 'step2') return
    const doc = heard.name || name
    waiting.get(doc)?.(heard.bytes)
    waiting.delete(doc)
  }
  const shared = dialect === 'hocuspocus' ? await open(server.address(must(all[0], 'a document').id)) : null
  shared?.on('message', hear(''))
  for (let from = 0; from < all.length; from += AT_ONCE)
    await Promise.all(
      all.slice(from, from + AT_ONCE).map(async ({ id, stateVector }) => {
        const socket = shared ?? (await open(server.address(id)))
        const answer = new Promise<Uint8Array>((resolve) => waiting.set(id, resolve))
        if (!shared) socket.on('message', hear(id))
        if (dialect === 'hocuspocus') socket.send(authFrame(id))
        socket.send(syncFrame(dialect, id, STEP_1, stateVector))
        if ((await answer).length > EMPTY_BYTES) changed++
        if (!shared) close(socket)
      }),
    )
  const ms = performance.now() - began
  if (shared) close(shared)
  await Promise.all(closing)
  return { ms, bytesIn, bytesOut, questions: all.length, cpu: cpuSeconds(server.pid) - cpuBefore, changed }
}

export async function catchUp(tell: Tell, isQuick: boolean): Promise<void> {
  const count = isQuick ? 500 : 5_000
  const changedCount = count / 5
  const rounds = isQuick ? 1 : 3
  const all = documentsOf(count, 1_200, dice)
  await withServers(['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus'], async (servers) => {
    let place = NOWHERE
    for (const server of servers) {
      await writeAll(server, all, dice)
      if (server.kind === 'ours') {
        const laptop = await connect(server.http, server.admin.cookie, dice)
        place = (await follow(laptop, server.space, NOWHERE)).place
        await laptop.close()
      }
      await writeAll(server, all.filter((_, at) => at % 5 === 0).map(({ id }) => ({ id, update: createPen(dice).first })), dice)
      await sleep(SETTLE_MS)
    }
    const caught = new Map<SystemName, Caught[]>()
    for (let round = 0; round < rounds; round++)
      for (const server of servers) {
        // Cold, as after a night: yws in memory would have nothing left.
        if (server.name !== 'yws') {
          await server.stop()
          await server.start()
          await sleep(500)
        }
        if (server.kind === 'automerge') continue
        const one = server.kind === 'ours' ? await ourCatchUp(server, place) : await theirCatchUp(server, all)
        caught.set(server.name, [...(caught.get(server.name) ?? []), one])
        // Documents that were opened for reading are put away again.
        await sleep(1_000)
      }
    tell({
      row: 'catchup',
      title: `Catch-up: ${changedCount.toLocaleString('en')} of ${count.toLocaleString('en')} known documents changed`,
      columns: [
        { title: 'time', unit: 'ms', better: 'less', target: 10 },
        { title: 'received', unit: 'KiB', better: 'less', target: 10 },
        { title: 'sent', unit: 'KiB', better: 'less' },
        { title: 'questions', unit: '', better: 'less' },
        { title: 'server CPU', unit: 'ms', better: 'less' },
        { title: 'news found', unit: '' },
      ],
      lines: [...caught].map(([system, list]) => ({
        system,
        // Quick because it told nothing is not quick.
        isTold: list.some(({ changed }) => changed < changedCount),
        values: [
          median(list.map(({ ms }) => ms)), median(list.map(({ bytesIn }) => bytesIn / 1024)), median(list.map(({ bytesOut }) => bytesOut / 1024)), median(list.map(({ questions }) => questions)),
          median(list.map(({ cpu }) => cpu * 1000)), median(list.map(({ changed }) => changed)),
        ],
      })),
      notes: ['Bytes are all that crossed TCP: a socket for each document costs an upgrade each. All but yws were started anew before. Who did not find all the news is not compared.', 'samenpad-yjs asks for each document who may read it, writes that down and reads the answer from its log: the limit of a door of one socket a document. yws has all of them in memory and asks nobody.'],
    })
  })
}
