/**
 * A log that people write in while snapshots of it are built as fast as can be, on the real files and threads, until somebody ends it. A line
 * `a <entry>` for every acknowledged entry, `s` for every time that everything was level.
 *
 *   node tests/trust/compact-child.ts <folder> <seed> <rounds>
 */
import { createEmitter } from '../../shared/base/emitter.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { createLogReader } from '../../server/derive/reader.ts'
import { createSnapshotService } from '../../server/derive/snapshot-service.ts'
import type { Erasure } from '../../server/store/erase.ts'
import type { AppendRequest, CommittedRun } from '../../server/store/log.ts'
import { createThreadedLog } from '../../server/store/threaded-log.ts'
import { createThreadedSnapshots } from '../../server/store/threaded-snapshots.ts'
import { createRegistrar, createTypist } from '../contract/payloads.ts'

const [folder = '', seed = '1', rounds = '1'] = process.argv.slice(2)
const dice = seededDice(Number(seed))
const AUTHOR = 'a0'.repeat(16)
const PER_ROUND = 30

/** Nobody else needs this machine: no rests. */
const hasty: Clock = {
  now: () => Date.now(),
  after(_delayMs, callback) {
    const timer = setTimeout(callback, 1)
    return { dispose: () => clearTimeout(timer) }
  },
}
/** The watch over the reader's thread keeps its own time. */
const steady: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return { dispose: () => clearTimeout(timer) }
  },
}

const report = (event: { kind: string }): void => console.error(event)
const log = await createThreadedLog({ folder, report })
const snapshots = createThreadedSnapshots({ folder, report })
const committed = createEmitter<CommittedRun>()
const erased = createEmitter<Erasure>()
const spaces = ['50', '51'].map((byte) => byte.repeat(16))
for (const space of spaces) await log.ensureSpace(space)
const service = createSnapshotService({
  log, relay: { onDidCommit: committed.event, onDidErase: erased.event }, snapshots, clock: hasty, report, spaces: () => spaces, entriesCountMin: PER_ROUND,
  openReader: () => createLogReader({ log, clock: steady, report }),
})
const hands = spaces.map((space, i) => ({
  space, item: newId(dice), writer: newId(dice), typist: createTypist(dice.uint32()), registrar: createRegistrar(newId(dice)), filler: 'zorgpad '.repeat(20 * i),
}))
console.log('ready')
for (let round = 0; round < Number(rounds); round++) {
  const batch: AppendRequest[] = []
  for (const { space, item, writer, typist, registrar, filler } of hands) {
    for (let i = 0; i < PER_ROUND; i++) {
      const entry = { space, entry: newId(dice), item, schema: 1, clientTime: 0, writer }
      const isErasing = i % 5 === 4
      batch.push({ entry: { ...entry, part: 'prose', format: 'yjs1', payload: isErasing ? typist.erase(0, 4) : typist.type(`woord ${round}.${i} ${filler}`, 0) }, author: AUTHOR, serverTime: Date.now() })
      if (i % 3 === 0) batch.push({ entry: { ...entry, entry: newId(dice), part: 'facts', format: 'am1', payload: registrar.set('title', `titel ${round}.${i}`) }, author: AUTHOR, serverTime: Date.now() })
    }
  }
  const { results, runs } = await log.append(batch)
  results.forEach((result, i) => {
    if (result.kind !== 'stored') throw new Error(`refused: ${result.code} ${result.reason}`)
    process.stdout.write(`a ${batch[i]?.entry.entry}\n`)
  })
  for (const run of runs) committed.fire(run)
  await service.level()
  process.stdout.write('s\n')
}
service.dispose()
await snapshots.close()
await log.close()
