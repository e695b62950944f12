/**
 * A real document of 259,778 edits by one writer (josephg/editing-traces, automerge-paper), keystroke by keystroke, as one document: what taking it
 * in costs, and how soon somebody who has nothing has the whole text, with the server warm and after a restart.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { newId, type Id } from '../../../shared/base/ids.ts'
import { seededDice } from '../../../shared/base/random.ts'
import { PUSHES_IN_FLIGHT_COUNT_MAX, PUSHES_PER_SECOND_MAX } from '../../../shared/model/limits.ts'
import { decodeSnapshotBody } from '../../../shared/protocol/snapshot-body.ts'
import { connect, entryOf, NOWHERE, type Laptop } from '../laptop.ts'
import { cpuSeconds, firstThreadSeconds, residentMiB } from '../machine.ts'
import { lineTo } from './lines.ts'
import { withServer, type OurServer, type Server, type SystemName } from './systems.ts'
import type { Table, Tell } from './table.ts'
import { runsIn } from './wire.ts'

const dice = seededDice(4185)
const FILE = 'automerge-paper.json.gz'
const QUICK_COUNT = 20_000
/** Written but not yet answered. */
const WINDOW_COUNT = 500
const STALL_MS_MAX = 120_000
const QUIET_SECONDS = 20

interface Trace {
  endContent: string
  txns: { patches: [position: number, deleted: number, inserted: string][] }[]
}

interface History {
  updates: Uint8Array[]
  text: string
  edits: number
}

function findTrace(): { path: string } | { missing: string } {
  const folder = process.env.SAMENPAD_TRACES ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data')
  const path = join(folder, FILE)
  return existsSync(path) ? { path } : { missing: `${FILE} is not in ${folder}; point SAMENPAD_TRACES at the recorded editing histories` }
}

/** One update for each edit. The text of this trace is plain ASCII, so positions are the same in code points. */
function historyOf(path: string, countMax: number): History {
  const { txns } = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Trace
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  doc.getXmlFragment('prose').insert(0, [paragraph])
  let edits = 0
  for (const { patches } of txns) {
    if (edits >= countMax) break
    doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        if (deleted > 0) text.delete(position, deleted)
        if (inserted !== '') text.insert(position, inserted)
        edits++
      }
    })
  }
  const whole = plainOf(doc)
  doc.destroy()
  return { updates, text: whole, edits }
}

const plainOf = (doc: Y.Doc): string => {
  const paragraph = doc.getXmlFragment('prose').get(0)
  const text = paragraph instanceof Y.XmlElement ? paragraph.get(0) : null
  return text instanceof Y.XmlText ? text.toString() : ''
}

/**
 * As quick as the relay takes it. A session may push so many a second, with a second's worth at once: sessions take turns, and
 * each begins when what went before is stored, because the clock of a writer has no gaps.
 */
async function ingestOurs(server: OurServer, doc: Id, { updates }: History): Promise<void> {
  const writer = newId(dice)
  const laptops: Laptop[] = []
  const sessions = Math.min(140, Math.ceil(updates.length / (PUSHES_PER_SECOND_MAX * 0.9)))
  for (let i = 0; i < sessions; i++) laptops.push(await connect(server.http, server.admin.cookie, dice))
  const placeOf = new Map<Laptop, number>()
  for (let from = 0, turn = 0; from < updates.length; turn++) {
    const laptop = must(laptops[turn % laptops.length], 'a laptop')
    const mine = updates.slice(from, from + PUSHES_PER_SECOND_MAX * 0.9)
    from += mine.length
    const first = placeOf.get(laptop) ?? 0
    let sent = 0
    const done = Promise.withResolvers<void>()
    const fill = (acked: number): void => {
      for (; sent < mine.length && sent - acked < PUSHES_IN_FLIGHT_COUNT_MAX; sent++)
        laptop.send(entryOf(dice, { n: first + sent + 1, space: server.space, item: doc, part: 'prose', writer, payload: must(mine[sent], 'an update') }))
      if (acked === mine.length) done.resolve()
    }
    let isMine = true
    laptop.on((message) => {
      if (!isMine) return
      if (message.type === 'nack') done.reject(new Error(`refused: ${message.code} ${message.reason}`))
      if (message.type === 'ack') fill(message.upToN - first)
    })
    fill(0)
    await done.promise
    isMine = false
    placeOf.set(laptop, first + mine.length)
  }
  await Promise.all(laptops.map((laptop) => laptop.close()))
}

/**
 * The echo says how far the server is. Our door merges what it echoes, so there the writer's clock is looked at, and TCP is the brake. The first
 * update is answered before the others follow, as from a person who begins.
 */
async function ingestTheirs(server: Server, doc: Id, { updates }: History): Promise<void> {
  const line = await lineTo(server, doc, dice)
  const lastClock = Math.max(...updates.slice(-1_000).flatMap((update) => runsIn(update).map(({ to }) => to)))
  const isMerged = server.name === 'samenpad-yjs'
  let echoed = 0
  let saved = 0
  let clock = 0
  line.onSaved((count) => (saved = count))
  line.onUpdate((list) => {
    echoed += list.length
    if (isMerged) for (const { to } of list.flatMap((update) => [...runsIn(update)])) clock = Math.max(clock, to)
  })
  const progress = (): number => (server.name === 'hocuspocus' ? saved : echoed)
  const isDone = (): boolean => (isMerged ? clock >= lastClock : progress() >= updates.length)
  let moved = performance.now()
  let before = -1
  for (let sent = 0; sent < updates.length || !isDone(); ) {
    const room = sent === 0 ? 1 : sent === 1 && progress() === 0 ? 0 : isMerged ? WINDOW_COUNT : WINDOW_COUNT - (sent - progress())
    for (let i = 0; i < room && sent < updates.length; i++) line.write(must(updates[sent++], 'an update'))
    await sleep(1)
    if (progress() !== before) moved = performance.now()
    before = progress()
    if (performance.now() - moved > STALL_MS_MAX) throw new Error(`${server.name} took ${before} of ${updates.length} and then nothing for ${STALL_MS_MAX / 1000} s`)
  }
  await line.close()
}

interface Fresh {
  ms: number
  arrivedMs: number
  bytes: number
}

/** Somebody who has nothing: until the whole text stands in their document. */
async function freshClient(server: Server, doc: Id, text: string): Promise<Fresh> {
  const began = performance.now()
  const mine = new Y.Doc()
  let arrivedMs = 0
  let bytes: number
  const apply = (list: readonly Uint8Array[]): void => {
    arrivedMs = performance.now() - began
    mine.transact(() => {
      for (const update of list) Y.applyUpdate(mine, update)
    })
  }
  if (server.kind === 'ours') {
    const laptop = await connect(server.http, server.admin.cookie, dice)
    const got: Uint8Array[] = []
    let pieces: Uint8Array[] = []
    let head = Infinity
    const whole = Promise.withResolvers<void>()
    laptop.on((message) => {
      if (message.type === 'snapshot') {
        pieces.push(message.payload)
        if (!message.last) return
        if (message.item === doc && message.part === 'prose') got.push(decodeSnapshotBody(Buffer.concat(pieces)).content)
        pieces = []
      }
      if (message.type !== 'entries' && message.type !== 'sifted') return
      got.push(...message.entries.filter(({ item, part }) => item === doc && part === 'prose').map(({ payload }) => payload))
      if (message.more) laptop.send({ type: 'recv', space: server.space, cursor: message.cursorAfter })
      if (message.cursorAfter >= head) whole.resolve()
    })
    const subbed = laptop.next('subbed')
    laptop.send({ type: 'sub', space: server.space, ...NOWHERE })
    head = (await subbed).head
    await whole.promise
    apply(got)
    bytes = laptop.bytesIn
    await laptop.close()
  } else {
    const done = Promise.withResolvers<void>()
    const line = await lineTo(server, doc, dice, (list) => {
      apply(list)
      if (plainOf(mine).length === text.length) done.resolve()
    })
    const late = setTimeout(() => done.reject(new Error(`${server.name}: not the whole text after ${STALL_MS_MAX / 1000} s`)), STALL_MS_MAX)
    await done.promise
    clearTimeout(late)
    bytes = line.bytesIn
    await line.close()
  }
  const ms = performance.now() - began
  if (plainOf(mine) !== text) throw new Error(`${server.name}: another text arrived than was written`)
  mine.destroy()
  return { ms, arrivedMs, bytes }
}

export async function history(tell: Tell, isQuick: boolean): Promise<void> {
  const found = findTrace()
  if ('missing' in found) {
    console.log(`\nhistory: skipped: ${found.missing}`)
    return
  }
  const recorded = historyOf(found.path, isQuick ? QUICK_COUNT : Infinity)
  const lines: Table['lines'] = []
  const failures: string[] = []
  for (const system of ['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus'] as SystemName[])
    await withServer(system, async (server) => {
      const doc = newId(dice)
      const memory = residentMiB(server.pid)
      const before = cpuSeconds(server.pid)
      const firstBefore = firstThreadSeconds(server.pid)
      const began = performance.now()
      if (server.kind === 'ours') await ingestOurs(server, doc, recorded)
      else await ingestTheirs(server, doc, recorded)
      // Until nothing of it is being worked on any more: what somebody does after some seconds of quiet counts as well.
      for (let used = cpuSeconds(server.pid), quiet = 0; quiet < QUIET_SECONDS && performance.now() - began < 2 * STALL_MS_MAX; ) {
        await sleep(1_000)
        const now = cpuSeconds(server.pid)
        quiet = now - used < 0.05 ? quiet + 1 : 0
        used = now
      }
      const cpu = ((cpuSeconds(server.pid) - before) / recorded.edits) * 1e6
      const shared = ((firstThreadSeconds(server.pid) - firstBefore) / recorded.edits) * 1e6
      const grown = residentMiB(server.pid) - memory
      const warm = await freshClient(server, doc, recorded.text)
      let cold: Fresh | null = null
      if (system !== 'yws') {
        await server.stop()
        await server.start()
        await sleep(1_000)
        try {
          cold = await freshClient(server, doc, recorded.text)
        } catch (error) {
          failures.push(`After a restart, ${error instanceof Error ? error.message : String(error)}`)
        }
      }
      lines.push({ system, values: [cpu, shared, grown, warm.ms, warm.arrivedMs, warm.bytes / 1024, cold?.ms ?? null, cold ? cold.bytes / 1024 : null] })
    })
  tell({
    row: 'history',
    title: `A real history of ${recorded.edits.toLocaleString('en')} edits as one document`,
    columns: [
      { title: 'ingest CPU per edit', unit: 'µs', better: 'less' },
      { title: 'of it on the thread that all share', unit: 'µs' },
      { title: 'memory grown', unit: 'MiB' },
      { title: 'fresh client, warm: text there', unit: 'ms', better: 'less' },
      { title: 'of it until the bytes were there', unit: 'ms' },
      { title: 'received', unit: 'KiB', better: 'less' },
      { title: 'fresh client after a restart', unit: 'ms', better: 'less', target: 3 },
      { title: 'received', unit: 'KiB', better: 'less' },
    ],
    lines,
    notes: [
      'The clients apply what arrives; that is part of the time. yws keeps nothing over a restart.',
      'Taking in costs samenpad a row, a hash and a share of a flush for each edit, on the thread of the log, and once a snapshot of all of them, on another: that is the limit of whoever writes every edit down before it is called saved. yws writes nothing, hocuspocus the whole document when it has been quiet.',
      ...failures,
    ],
  })
}
