/**
 * A large real editing history as one document (josephg/editing-traces, one writer, 259,778 edits): what a laptop that has nothing is sent, with and
 * without snapshots, and what the table of who wrote what weighs. Every edit is an entry; an engine would merge what comes within 50 ms.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'
import { concatBytes } from '../../shared/base/bytes.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { COMMIT_BATCH_COUNT_MAX } from '../../shared/model/limits.ts'
import { PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import { decodeSnapshotBody, encodeAttribution } from '../../shared/protocol/snapshot-body.ts'
import type { AppendRequest } from '../../server/store/log.ts'
import { openSnapshotFile, SNAPSHOTS_FILE } from '../../server/store/snapshot-file.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { settle } from '../trust/people.ts'
import { relayProcess } from '../trust/relay-process.ts'
import type { Measure } from './figures.ts'
import { connect, NOWHERE } from './laptop.ts'
import { cpuSeconds } from './machine.ts'

const FILE = 'automerge-paper.json.gz'

interface Recording {
  startContent: string
  endContent: string
  txns: { patches: [position: number, deleted: number, inserted: string][] }[]
}

export async function benchHistory(measure: Measure): Promise<void> {
  const row = 'A large real editing history as one document'
  const path = join(process.env.SAMENPAD_TRACES ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data'), FILE)
  if (!existsSync(path)) {
    console.log(`${row}: not measured, ${FILE} is not at hand; point SAMENPAD_TRACES at the recorded editing histories`)
    return
  }
  const recording = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Recording
  const data = mkdtempSync(join(tmpdir(), 'samenpad-history-'))
  const dice = seededDice(9)
  try {
    const group = settle(data, 1, 1)
    const [space, cookie] = [group.space(0), group.cookie(0)]
    const { count, seconds, textBytes } = await fill(data, space, recording)
    measure({ row, name: `${count.toLocaleString('en')} entries committed, straight into the log`, value: count / seconds, unit: '/s' })
    measure({ row, name: 'bytes of their updates', value: textBytes / 2 ** 20, unit: 'MiB' })

    const relay = relayProcess({ data })
    await relay.start()
    try {
      const before = cpuSeconds(relay.pid)
      const began = performance.now()
      while (!snapshotSize(data, space)) await sleep(100)
      measure({ row, name: 'snapshot built after the start (5 s of them waiting)', value: (performance.now() - began) / 1000, unit: 's' })
      measure({ row, name: 'CPU of the relay until then', value: cpuSeconds(relay.pid) - before, unit: 's' })
      const whole = await fresh(relay.address, cookie, space, PROTO_MIN)
      const leap = await fresh(relay.address, cookie, space, PROTO_MAX)
      if (whole.text() !== recording.endContent || leap.text() !== recording.endContent) throw new Error('the text is not that of the recording')
      measure({ row, name: 'a laptop with nothing, every entry: bytes', value: whole.bytes / 2 ** 20, unit: 'MiB' })
      measure({ row, name: 'a laptop with nothing, every entry: time to have them', value: whole.ms, unit: 'ms' })
      measure({ row, name: 'a laptop with nothing, snapshots: bytes', value: leap.bytes / 2 ** 20, unit: 'MiB', budget: 'at most a tenth', isMet: leap.bytes * 10 <= whole.bytes })
      measure({ row, name: 'a laptop with nothing, snapshots: time to have them', value: leap.ms, unit: 'ms', budget: 'at most a tenth', isMet: leap.ms * 10 <= whole.ms })
      measure({ row, name: 'who wrote what, in the snapshot', value: leap.attributionBytes, unit: 'B' })
      measure({ row, name: 'the same for each entry', value: leap.attributionBytes / count, unit: 'B', budget: 'at most 1', isMet: leap.attributionBytes <= count })
    } finally {
      await relay.stop()
    }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }

  function snapshotSize(folder: string, of: Id): number {
    if (!existsSync(join(folder, SNAPSHOTS_FILE))) return 0
    const file = openSnapshotFile(folder)
    const [label] = file.labels(of)
    file.close()
    return label?.bodyBytes ?? 0
  }

  /** Bytes and time until everything is there, and the text that it gives. */
  async function fresh(address: string, cookie: string, space: Id, protoMax: number): Promise<{ bytes: number; ms: number; text: () => string; attributionBytes: number }> {
    const laptop = await connect(address, cookie, dice, undefined, protoMax)
    const updates: Uint8Array[] = []
    let pieces: Uint8Array[] = []
    let attributionBytes = 0
    let head = Infinity
    const { promise, resolve } = Promise.withResolvers<void>()
    laptop.on((message) => {
      if (message.type === 'subbed') head = message.head
      if (message.type === 'snapshot') {
        pieces.push(message.payload)
        if (!message.last) return
        const body = decodeSnapshotBody(concatBytes(pieces))
        pieces = []
        updates.push(body.content)
        attributionBytes += encodeAttribution(body.attribution).length
        laptop.send({ type: 'recv', space, cursor: 0 })
      }
      if (message.type !== 'entries' && message.type !== 'sifted') return
      for (const { payload } of message.entries) updates.push(payload)
      laptop.send({ type: 'recv', space, cursor: message.cursorAfter })
      if (message.cursorAfter >= head) resolve()
    })
    const began = performance.now()
    laptop.send({ type: 'sub', space, ...NOWHERE })
    await promise
    const ms = performance.now() - began
    const bytes = laptop.bytesIn + laptop.bytesOut
    await laptop.close()
    const text = (): string => {
      const doc = new Y.Doc()
      for (let from = 0; from < updates.length; from += 256) Y.applyUpdate(doc, Y.mergeUpdates(updates.slice(from, from + 256)))
      return doc.getText('text').toJSON()
    }
    return { bytes, ms, text, attributionBytes }
  }

  async function fill(folder: string, space: Id, { startContent, txns }: Recording): Promise<{ count: number; seconds: number; textBytes: number }> {
    const log = await createSqliteLog({ folder, dice })
    await log.ensureSpace(space)
    const doc = new Y.Doc()
    doc.clientID = 7
    const text = doc.getText('text')
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    if (startContent !== '') text.insert(0, startContent)
    for (const { patches } of txns)
      for (const [position, deleted, inserted] of patches)
        doc.transact(() => {
          if (deleted > 0) text.delete(position, deleted)
          if (inserted !== '') text.insert(position, inserted)
        })
    const [item, writer, author] = [newId(dice), newId(dice), newId(dice)]
    const began = performance.now()
    for (let from = 0; from < updates.length; from += COMMIT_BATCH_COUNT_MAX) {
      const batch = updates.slice(from, from + COMMIT_BATCH_COUNT_MAX).map((payload, i): AppendRequest => ({
        entry: { space, entry: newId(dice), item, part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, writer, payload }, author,
        // About as fast as somebody types.
        serverTime: 1_763_700_000_000 + (from + i) * 200,
      }))
      const { results } = await log.append(batch)
      const refused = results.find((result) => result.kind === 'refused')
      if (refused) throw new Error(JSON.stringify(refused))
    }
    const seconds = (performance.now() - began) / 1000
    await log.close()
    return { count: updates.length, seconds, textBytes: updates.reduce((sum, { length }) => sum + length, 0) }
  }
}
