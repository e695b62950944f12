/**
 * D2: everything that the relay asks of its disk is recorded, and at many moments what a power cut could have left is built and opened: every entry
 * acknowledged until then is there, under its epoch, and the chain is whole. To show that this finds what it looks for, the same is done with a
 * database library that syncs less than it says.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { must } from '../../shared/base/assert.ts'
import { below, namedDice, type Dice } from '../../shared/base/random.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { systemDice } from '../../server/system.ts'
import { settle } from './people.ts'
import { createDisk } from './power-cut.ts'
import { relayProcess, samenpadJson, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { buildShim, createShim } from './shim.ts'
import { createWriter } from './writer.ts'

const MUTANT_IMAGES_MAX = 1_000

export const d2: Row = {
  id: 'D2',
  name: 'Power loss',
  promise: 'what was acknowledged is there after a power cut, whatever of the rest reached the disk',
  target: '20,000 images by hand, 2,000 by default and in CI: 0 lost, integrity 100 %; a library that does not sync is found in < 1,000',
  run: (trial) => withFolder((folder) => powerLoss(folder, trial)),
}

export interface Recorded {
  data: string
  before: string
  trace: Buffer
  /** The trace was this long, or shorter, when it was acknowledged. */
  promises: { at: number; entry: string }[]
}

async function powerLoss(folder: string, trial: Trial): Promise<void> {
  const shim = buildShim(folder)
  if ('reason' in shim) return trial.skip(shim.reason)
  const images = trial.count(2_000, 2_000, 20_000)
  const traces = 10
  const dice = namedDice(trial.seed, 'D2')
  const tally = { images: 0, lost: 0, broken: 0, promises: 0 }
  for (let i = 0; i < traces; i++) {
    const recorded = await record(join(folder, `trace-${i}`), shim.path, dice, { withBackup: i % 2 === 1 })
    tally.promises += recorded.promises.length
    await cutPower(recorded, Math.ceil(images / traces), dice, ({ kind, what }) => {
      if (kind === 'lost') tally.lost++
      else tally.broken++
      trial.violation(`trace ${i}: ${what}`)
      return true
    }, () => {
      tally.images++
      trial.progress(`${tally.images} of ${images} images`)
    })
    rmSync(join(folder, `trace-${i}`), { recursive: true, force: true })
  }
  trial.figure(`${count(tally.images, 'image')} of ${count(traces, 'trace')} with ${count(tally.promises, 'acknowledgement')}`)
  trial.figure(`${tally.lost} lost, ${tally.broken} broken`)

  const mutant = await record(join(folder, 'mutant'), shim.path, dice, { library: 'liar' })
  let tried = 0
  let isFound = false
  await cutPower(mutant, MUTANT_IMAGES_MAX, dice, () => {
    isFound = true
    return false
  }, () => tried++)
  if (isFound) trial.figure(`a library that syncs less than it says is found by image ${tried}`)
  else trial.violation(`a library that syncs less than it says was not found in ${tried} images`)
}

/** A relay under load on the recording disk, from its first start on a folder with accounts and an older log. */
export async function record(folder: string, library: string, dice: Dice, { withBackup = false, library: sqlite }: { withBackup?: boolean; library?: string } = {}): Promise<Recorded> {
  mkdirSync(folder, { recursive: true })
  const data = join(folder, 'data')
  const group = settle(data, 2, 1)
  const before = join(folder, 'before')
  cpSync(data, before, { recursive: true })
  const shim = createShim(library, data, folder)
  const relay = relayProcess({ data, env: { ...shim.env, ...(sqlite === undefined ? {} : { BAD_SQLITE: sqlite }) }, nodeArguments: sqlite === undefined ? [] : ['--import', new URL('./bad-sqlite.mjs', import.meta.url).href] })
  const promises: Recorded['promises'] = []
  try {
    await relay.start()
    // Long texts: the write-ahead log is moved into the database several times.
    const writers = Array.from({ length: 6 }, (_, i) =>
      createWriter({ space: group.space(i), dice, window: 3, padding: 'zorgpad '.repeat(below(dice, 400)), onAcknowledged: (entry) => void promises.push({ at: shim.position(), entry }) }))
    const lines = await Promise.all(writers.map((writer) => writer.connect(relay.address, group.cookie(0))))
    const wanted = 500 + below(dice, 500)
    if (withBackup) await samenpadJson(data, 'backup', join(folder, 'kopie'))
    while (promises.length < wanted) await sleep(2)
    await relay.kill()
    await Promise.all(lines.map(({ gone }) => gone))
    if (shim.counts().syncs === 0) throw new Error('Bug: the shim saw no sync')
    return { data, before, trace: shim.trace(), promises }
  } finally {
    await relay.kill()
    shim.close()
  }
}

interface Breach {
  kind: 'lost' | 'broken'
  what: string
}

/** Builds so many images at moments spread over the trace. `breach` returns false to stop. */
export async function cutPower({ data, before, trace, promises }: Recorded, images: number, dice: Dice, breach: (breach: Breach) => boolean, done: () => void): Promise<void> {
  const disk = createDisk(data, before, trace)
  const moments = Array.from({ length: images }, () => must(disk.positions[below(dice, disk.positions.length)], 'a trace')).sort((a, b) => a - b)
  const under = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  for (const moment of moments) {
    disk.advance(moment)
    const found = await withFolder(async (scratch) => {
      const folder = join(scratch, 'image')
      disk.image(folder, dice)
      return look(folder, promises.filter(({ at }) => at <= moment).map(({ entry }) => entry))
    }, under)
    done()
    if (found && !breach({ ...found, what: `at ${moment}: ${found.what}` })) return
  }
}

async function look(folder: string, promised: readonly string[]): Promise<Breach | null> {
  // Before the log's first moment there is nothing to open, and nothing was promised.
  if (!existsSync(join(folder, 'log.sqlite')) && promised.length === 0) return null
  const opened = await createSqliteLog({ folder, dice: systemDice }).catch((error: unknown) => String(error))
  if (typeof opened === 'string') return { kind: 'broken', what: opened }
  try {
    if (opened.restored) return { kind: 'broken', what: 'taken for a restored backup' }
    const { problems } = await opened.verify()
    if (problems[0]) return { kind: 'broken', what: problems[0].text }
    const present = entriesOf(folder)
    const lost = promised.filter((entry) => !present.has(entry))
    return lost.length > 0 ? { kind: 'lost', what: `${lost.length} of ${promised.length} acknowledged entries are lost` } : null
  } finally {
    await opened.close()
  }
}

function entriesOf(folder: string): Set<string> {
  const database = new DatabaseSync(join(folder, 'log.sqlite'), { readOnly: true })
  const present = new Set(database.prepare('SELECT hex(entry) AS entry FROM entries').all().map((row) => String(row.entry).toLowerCase()))
  database.close()
  return present
}
