/** D4: the disk has no room left while people type. The relay says so, reading goes on, and with room again everything goes on by itself. */
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { below, namedDice } from '../../shared/base/random.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { buildShim, createShim } from './shim.ts'
import { createObserver } from './observer.ts'
import { createWriter, stay } from './writer.ts'

const REFUSED_MS_MAX = 1_000
const RESYNC_MS_MAX = 30_000
const HANGS_MS = 60_000

export const d4: Row = {
  id: 'D4',
  name: 'Disk full',
  promise: 'a full disk is refused with a reason, reading goes on, nothing is lost, and with room again everything goes on by itself',
  target: '100 runs by hand, 20 by default, 3 in CI: refusal ≤ 1 s, resync ≤ 30 s, 0 lost (room taken by the shim, not by a small file system)',
  run: (trial) => withFolder((folder) => fullDisks(folder, trial)),
}

async function fullDisks(folder: string, trial: Trial): Promise<void> {
  const library = buildShim(folder)
  if ('reason' in library) return trial.skip(library.reason)
  const runs = trial.count(3, 20, 100)
  const dice = namedDice(trial.seed, 'D4')
  const data = join(folder, 'data')
  const group = settle(data, 1, 1)
  const [space, cookie] = [group.space(0), group.cookie(0)]
  const own = join(folder, 'own')
  mkdirSync(own)
  const shim = createShim(library.path, data, own)
  const relay = relayProcess({ data, env: { ...shim.env, SHIM_TRACE: '/dev/null' } })
  let slowestRefusal = 0
  let slowestResync = 0
  let isOver = false
  try {
    await relay.start()
    const writers = Array.from({ length: 4 }, () => createWriter({ space, dice, window: 3, padding: 'zorgpad '.repeat(200) }))
    const refusals = (): number => writers.reduce((sum, { postponed }) => sum + (postponed.get('storage') ?? 0), 0)
    const acknowledged = (): number => writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)
    const stays = writers.map(async (writer) => {
      while (!isOver) {
        await stay(writer, relay.address, cookie)
      }
    })
    const becomes = async (what: string, isTrue: () => boolean): Promise<number> => {
      const began = performance.now()
      while (!isTrue()) {
        if (performance.now() - began > HANGS_MS) {
          trial.violation(`never: ${what}`)
          return HANGS_MS
        }
        await sleep(5)
      }
      return performance.now() - began
    }
    for (let run = 0; run < runs; run++) {
      const enough = acknowledged() + 20
      await becomes('acknowledged before the disk is full', () => acknowledged() >= enough)
      const said = refusals()
      shim.room(below(dice, 20_000))
      // The write-ahead log is written over from its beginning now and then, and grows again after that.
      await becomes('a refusal on a full disk', () => shim.counts().failed > 0 || refusals() > said)
      slowestRefusal = Math.max(slowestRefusal, await becomes('a refusal with a reason', () => refusals() > said))
      const full = refusals()
      const reader = createObserver(space, dice, trial.violation)
      await reader.connect(relay.address, cookie)
      for (const writer of writers) for (const entry of writer.acknowledged) if (!reader.byEntry.has(entry) && refusals() === full) trial.violation(`acknowledged entry ${entry.slice(0, 6)} cannot be read on a full disk`)
      reader.cut()
      shim.room(-1)
      const again = acknowledged() + writers.length
      slowestResync = Math.max(slowestResync, await becomes('acknowledged again with room', () => acknowledged() >= again))
      if (!relay.isUp) return trial.violation(`the relay ended: ${relay.output().slice(-300)}`)
      trial.progress(`${run + 1} of ${runs}`)
    }
    isOver = true
    await relay.kill()
    for (const writer of writers) writer.cut()
    await Promise.all(stays)
    const after = relayProcess({ data })
    await after.start()
    const reader = createObserver(space, dice, trial.violation)
    await reader.connect(after.address, cookie)
    for (const writer of writers) {
      for (const entry of writer.acknowledged) if (!reader.byEntry.has(entry)) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
      for (const refusal of writer.refusals) trial.violation(`an honest edit was refused for good: ${refusal}`)
    }
    await after.kill()
    trial.figure(count(runs, 'full disk'))
    trial.figure(`${count(refusals(), 'refusal')} with a reason, ${count(acknowledged(), 'acknowledgement')} looked up`)
  } finally {
    isOver = true
    await relay.kill()
    shim.close()
  }
  if (trial.size === 'small') return
  trial.figure(`refused after ${Math.round(slowestRefusal)} ms at most, goes on after ${Math.round(slowestResync)} ms at most`)
  if (slowestRefusal > REFUSED_MS_MAX) trial.missed(`refused after ${Math.round(slowestRefusal)} ms`)
  if (slowestResync > RESYNC_MS_MAX) trial.missed(`went on after ${Math.round(slowestResync)} ms`)
}
