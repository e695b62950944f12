/**
 * D10: killed while snapshots are built, and while an older log is brought forward. Everything asked of the disk is recorded, and at many moments what a
 * kill or a power cut could have left is built and opened: all acknowledged entries are there, whatever snapshot can be read says what its
 * entries say, and a laptop with a cursor from before the compaction ends with the text of the log. Besides, real processes are really killed.
 */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { NODE_ENV, NODE_FLAGS } from '../../server/node-flags.mjs'
import { createRelay } from '../../server/relay/relay.ts'
import { openLogDatabase } from '../../server/store/log-file.ts'
import { LOG_APPLICATION_ID, LOG_FILE, LOG_MIGRATIONS } from '../../server/store/log-rows.ts'
import { openSnapshotFile, SNAPSHOTS_FILE } from '../../server/store/snapshot-file.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import type { Log } from '../../server/store/log.ts'
import type { Snapshots } from '../../server/store/snapshots.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { must } from '../../shared/base/assert.ts'
import { bytesEqual, concatBytes } from '../../shared/base/bytes.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { NO_ID, type Id } from '../../shared/base/ids.ts'
import { below, namedDice, type Dice } from '../../shared/base/random.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { decodeDown, encodeUp, PROTO_MAX } from '../../shared/protocol/codec.ts'
import { readyAutomerge } from '../simulation/automerge.ts'
import { snapshotFault } from '../simulation/snapshots.ts'
import { createDisk } from './power-cut.ts'
import { ROOT, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { buildShim, createShim } from './shim.ts'

export const d10: Row = {
  id: 'D10',
  name: 'Compaction and migration cut off',
  promise: 'a kill while snapshots are built or a log is brought forward loses nothing, and laptops from before it catch up',
  target: '2,000 images and 200 kills by hand, 400 and 40 by default, 60 and 6 in CI: 0 lost, every catch-up right',
  run: (trial) => withFolder((folder) => cutOff(folder, trial)),
}

/** Nothing is put back in this trial: each entry stands under its writer's name. */
const nobodyElse = (): null => null

const SPACES = ['50', '51'].map((byte) => byte.repeat(16))
const ROUNDS = 6

interface Tally {
  snapshots: number
  catchUps: number
  withSnapshots: number
}

async function cutOff(folder: string, trial: Trial): Promise<void> {
  const dice = namedDice(trial.seed, 'D10')
  const tally: Tally = { snapshots: 0, catchUps: 0, withSnapshots: 0 }
  await killed(join(folder, 'killed'), trial, dice, tally)
  const shim = buildShim(folder)
  if ('reason' in shim) {
    trial.figure(`no images: ${shim.reason}`)
  } else {
    const images = trial.count(60, 400, 2_000)
    const compacting = await imagesOf(join(folder, 'compacting'), shim.path, Math.ceil((images * 2) / 3), dice, trial, tally, null)
    const migrating = await imagesOf(join(folder, 'migrating'), shim.path, Math.floor(images / 3), dice, trial, tally, older)
    trial.figure(`${count(compacting, 'image')} while snapshots were built, ${count(migrating, 'image')} while an older log was brought forward`)
  }
  trial.figure(`${count(tally.snapshots, 'snapshot')} compared, ${count(tally.catchUps, 'catch-up')}, ${count(tally.withSnapshots, 'of them', 'of them')} with snapshots`)
  if (tally.snapshots === 0 || tally.withSnapshots === 0) trial.violation('no snapshot was ever there: the trial tries nothing')
}

interface Child {
  acknowledged: string[]
  levels: number
  kill(): Promise<void>
  ended: Promise<number | null>
}

function child(folder: string, seed: number, rounds: number, env: Record<string, string> = {}, heard: () => void = () => undefined): Child {
  const started = spawn(process.execPath, [...NODE_FLAGS, fileURLToPath(new URL('./compact-child.ts', import.meta.url)), folder, String(seed), String(rounds)], {
    cwd: ROOT, env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...NODE_ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let rest = ''
  let complaint = ''
  const one: Child = {
    acknowledged: [],
    levels: 0,
    async kill() {
      started.kill('SIGKILL')
      await one.ended
    },
    ended: new Promise((resolve, reject) => {
      started.once('error', reject)
      started.once('close', (code) => (code !== null && code !== 0 ? reject(new Error(`the child ended with ${code}:\n${complaint}`)) : resolve(code)))
    }),
  }
  started.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('a ')) one.acknowledged.push(line.slice(2))
      else if (line === 's') one.levels++
    }
    heard()
  })
  return one
}

/** One folder, killed again and again at random moments of its compaction. */
async function killed(folder: string, trial: Trial, dice: Dice, tally: Tally): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const kills = trial.count(6, 40, 200)
  const promised: string[] = []
  for (let kill = 1; kill <= kills; kill++) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const one = child(folder, trial.seed * 1_000 + kill, 1_000, {}, () => {
      if (one.acknowledged.length > 0) resolve()
    })
    await Promise.race([promise, one.ended])
    await sleep(below(dice, 1_500))
    await one.kill()
    promised.push(...one.acknowledged)
    const fault = await faultIn(folder, promised, dice, tally)
    if (fault) trial.violation(`after kill ${kill}: ${fault}`)
    trial.progress(`${kill} of ${kills} kills`)
  }
  trial.figure(`${count(kills, 'kill')} with ${count(promised.length, 'acknowledgement')}`)
}

/** What could be on the disk at many moments of a run on a recording disk. `prepare` makes the log that is there before. Out: how many were looked at. */
async function imagesOf(
  folder: string, library: string, images: number, dice: Dice, trial: Trial, tally: Tally, prepare: ((folder: string) => boolean) | null,
): Promise<number> {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  const first = child(data, trial.seed, 3)
  await first.ended
  if (prepare && !prepare(data)) return 0
  const before = join(folder, 'before')
  cpSync(data, before, { recursive: true })
  const shim = createShim(library, data, folder)
  const promises: { at: number; entry: string }[] = []
  let known = 0
  const second = child(data, trial.seed + 1, prepare ? 1 : ROUNDS, shim.env, () => {
    for (const entry of second.acknowledged.slice(known)) promises.push({ at: shim.position(), entry })
    known = second.acknowledged.length
  })
  await second.ended
  const disk = createDisk(data, before, shim.trace())
  shim.close()
  // Bringing a log forward is the first thing that happens to it.
  const positions = prepare ? disk.positions.slice(0, Math.max(1, Math.ceil(disk.positions.length / 4))) : disk.positions
  const moments = Array.from({ length: images }, () => must(positions[below(dice, positions.length)], 'a trace')).sort((a, b) => a - b)
  const under = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  for (const [i, moment] of moments.entries()) {
    disk.advance(moment)
    const promised = [...first.acknowledged, ...promises.filter(({ at }) => at <= moment).map(({ entry }) => entry)]
    const fault = await withFolder(async (scratch) => {
      const image = join(scratch, 'image')
      disk.image(image, dice)
      return faultIn(image, promised, dice, tally)
    }, under)
    if (fault) trial.violation(`at ${moment}: ${fault}`)
    trial.progress(`${i + 1} of ${images} images`)
  }
  rmSync(folder, { recursive: true, force: true })
  return moments.length
}

/** Puts the log back to the schema before the newest one. False: there is only one so far. */
function older(folder: string): boolean {
  if (LOG_MIGRATIONS.length < 2) return false
  const path = join(folder, LOG_FILE)
  const schema = (migrations: readonly string[]): Set<string> => {
    const empty = new DatabaseSync(':memory:')
    for (const sql of migrations) empty.exec(sql)
    const names = new Set(empty.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().map(({ name }) => String(name)))
    empty.close()
    return names
  }
  const kept = schema(LOG_MIGRATIONS.slice(0, -1))
  const database = new DatabaseSync(path)
  for (const name of schema(LOG_MIGRATIONS)) if (!kept.has(name)) database.exec(`DROP TABLE ${name}`)
  database.exec(`PRAGMA user_version=${LOG_MIGRATIONS.length - 1}`)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  let isRefused = false
  try {
    openLogDatabase(path, 'read').close()
  } catch {
    isRefused = true // a reader does not bring it forward: it is an older one
  }
  if (!isRefused) throw new Error(`Bug: the log ${LOG_APPLICATION_ID} is not an older one`)
  return true
}

/** Opens what is there and looks at all of it. Out: what is wrong, null when nothing is. */
async function faultIn(folder: string, promised: readonly string[], dice: Dice, tally: Tally): Promise<string | null> {
  if (!existsSync(join(folder, LOG_FILE)) && promised.length === 0) return null
  const log = await createSqliteLog({ folder, dice: systemDice }).catch((error: unknown) => String(error))
  if (typeof log === 'string') return `the log does not open: ${log}`
  const file = openSnapshotFile(folder)
  try {
    if (log.restored) return 'the log is taken for a restored backup'
    const [problem] = (await log.verify()).problems
    if (problem) return problem.text
    const A = await readyAutomerge()
    const present = new Set<string>()
    for (const space of SPACES) {
      const { entries } = (await log.head(space)) ? await log.read(space, 0, Infinity, Number.MAX_SAFE_INTEGER) : { entries: [] }
      for (const { entry } of entries) present.add(entry)
      for (const label of file.labels(space)) {
        const body = file.body(label)
        const tail = await log.tailHashAt(space, label.toSeq)
        if (!body || !tail || !bytesEqual(tail, label.tailHash)) continue // not used, so it cannot be wrong
        tally.snapshots++
        const fault = snapshotFault(A, label.part, body, entries.filter((one) => one.item === label.item && one.part === label.part && one.seq <= label.toSeq), nobodyElse)
        if (fault) return `snapshot of ${label.part} up to ${label.toSeq}: ${fault}`
      }
      if (entries.length === 0) continue
      for (const cursor of [0, below(dice, entries.length)]) {
        const fault = await catchUp(log, file, space, cursor, entries, tally)
        if (fault) return `a laptop at ${cursor} of ${entries.length}: ${fault}`
      }
    }
    const lost = promised.filter((entry) => !present.has(entry))
    return lost.length > 0 ? `${lost.length} of ${promised.length} acknowledged entries are lost` : null
  } finally {
    file.close()
    await log.close()
    if (existsSync(join(folder, `${SNAPSHOTS_FILE}-journal`))) rmSync(join(folder, `${SNAPSHOTS_FILE}-journal`))
  }
}

/** A laptop that knows the log up to a cursor, at a relay on this folder: it must end with what the log says, one way or the other. */
async function catchUp(log: Log, file: ReturnType<typeof openSnapshotFile>, space: Id, cursor: number, entries: readonly Entry[], tally: Tally): Promise<string | null> {
  const kept = Object.fromEntries(Object.entries(file).map(([name, ask]) => [name, async (...question: never[]) => (ask as (...question: never[]) => unknown)(...question)])) as unknown as Snapshots
  const faults: string[] = []
  const relay = createRelay({
    log, clock: systemClock, dice: systemDice, build: 'trust', snapshots: { kept, policy: { entriesCountMin: 20, gainMin: 0 } },
    report: (event) => void faults.push(JSON.stringify(event)),
    directory: {
      person: (user) => ({ user, name: '', job: '', organisation: '', color: 1 }),
      spacesOf: () => [], may: () => true, onDidChangeRole: createEmitter<never>().event, onDidSignOut: createEmitter<never>().event,
    },
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  const pieces = new Map<string, Uint8Array[]>()
  const covered = new Map<string, { toSeq: number; body: Uint8Array }>()
  const got = new Set<number>()
  let at = cursor
  let mode = ''
  const session = relay.accept(
    {
      bufferedBytes: () => 0,
      close: (code) => {
        faults.push(`closed with ${code}`)
        resolve()
      },
      send(frame) {
        for (const message of decodeDown(frame)) {
          if (message.type === 'subbed') ({ mode } = message)
          if (message.type === 'snapshot') {
            const key = `${message.item}/${message.part}`
            const own = pieces.get(key) ?? []
            pieces.set(key, own)
            own.push(message.payload)
            if (!message.last) continue
            covered.set(key, { toSeq: message.toSeq, body: concatBytes(own) })
            queueMicrotask(() => session.receive(encodeUp({ type: 'recv', space, cursor })))
          }
          if (message.type !== 'entries' && message.type !== 'sifted') continue
          for (const { seq } of message.entries) got.add(seq)
          at = message.cursorAfter
          const reached = at
          queueMicrotask(() => session.receive(encodeUp({ type: 'recv', space, cursor: reached })))
        }
        if (mode !== '' && at >= entries.length) resolve()
      },
    },
    'a0'.repeat(16),
  )
  const head = must(await log.head(space), 'it has entries')
  session.receive(encodeUp({ type: 'hello', protoMin: 1, protoMax: PROTO_MAX, build: 'trust', device: NO_ID, pendingCount: 0 }))
  session.receive(encodeUp({ type: 'sub', space, epoch: cursor === 0 ? NO_ID : head.epoch, cursor, tailHash: must(await log.tailHashAt(space, cursor), 'a place in the log') }))
  if (cursor >= entries.length) resolve()
  await promise
  session.closed()
  tally.catchUps++
  if (covered.size > 0) tally.withSnapshots++
  if (faults[0]) return faults[0]
  if (mode !== 'resume') return `it is told to ${mode}`
  const A = await readyAutomerge()
  for (const [key, { toSeq, body }] of covered) {
    const fault = snapshotFault(A, key.endsWith('prose') ? 'prose' : 'facts', body, entries.filter((one) => `${one.item}/${one.part}` === key && one.seq <= toSeq), nobodyElse)
    if (fault) return fault
  }
  const missing = entries.find((one) => one.seq > cursor && !got.has(one.seq) && (covered.get(`${one.item}/${one.part}`)?.toSeq ?? 0) < one.seq)
  return missing ? `entry ${missing.seq} never came` : null
}
