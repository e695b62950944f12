/**
 * D3: a write or a sync of the running relay fails, at any call, once or a few times. It may refuse, it may be slow; it may not say "saved" of what is
 * not on the disk. What a failed sync took is gone from the remains that are looked at, as Linux takes it, whatever memory still shows.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { cutPower } from './d2-power-loss.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { buildShim, createShim, EIO, ENOSPC, FAIL_SYNC, FAIL_TRUNCATE, FAIL_WRITE, type Fault } from './shim.ts'
import { createObserver } from './observer.ts'
import { createWriter, stay } from './writer.ts'

export const d3: Row = {
  id: 'D3',
  name: 'Writes and syncs that fail',
  promise: 'after a failed write or sync nothing is acknowledged that is not on the disk, and the relay goes on by itself',
  target: '400 failures by hand, 60 by default, 8 in CI: 0 false acknowledgements',
  run: (trial) => withFolder((folder) => failures(folder, trial)),
}

const ROUNDS_PER_LIFE = 20
const IMAGES_PER_LIFE = 60
/** Longer means that it does not go on by itself. */
const GOES_ON_MS_MAX = 60_000

const KINDS: readonly { name: string; calls: number; errno: number }[] = [
  { name: 'write EIO', calls: FAIL_WRITE, errno: EIO },
  { name: 'write ENOSPC', calls: FAIL_WRITE, errno: ENOSPC },
  { name: 'half a write', calls: FAIL_WRITE, errno: 0 },
  { name: 'sync EIO', calls: FAIL_SYNC, errno: EIO },
  { name: 'sync ENOSPC', calls: FAIL_SYNC, errno: ENOSPC },
  { name: 'truncate EIO', calls: FAIL_TRUNCATE | FAIL_SYNC, errno: EIO },
]

async function failures(folder: string, trial: Trial): Promise<void> {
  const library = buildShim(folder)
  if ('reason' in library) return trial.skip(library.reason)
  const rounds = trial.count(8, 60, 400)
  const dice = namedDice(trial.seed, 'D3')
  const hits = new Map<string, number>()
  let images = 0
  let acknowledged = 0
  let slowest = 0
  for (let life = 0, left = rounds; left > 0; life++) {
    const own = join(folder, `life-${life}`)
    mkdirSync(own)
    const data = join(own, 'data')
    const group = settle(data, 2, 1)
    const cookie = group.cookie(0)
    cpSync(data, join(own, 'before'), { recursive: true })
    const shim = createShim(library.path, data, own)
    const relay = relayProcess({ data, env: shim.env })
    const promises: { at: number; entry: string }[] = []
    const violation = (text: string): void => trial.violation(`life ${life}: ${text}`)
    try {
      await relay.start()
      const observers = group.spaces.map((space) => createObserver(space, dice, violation))
      for (const observer of observers) await observer.connect(relay.address, cookie)
      const writers = Array.from({ length: 4 }, (_, i) =>
        createWriter({ space: group.space(i), dice, window: 3, padding: 'zorgpad '.repeat(below(dice, 200)), onAcknowledged: (entry) => void promises.push({ at: shim.position(), entry }) }))
      let isOver = false
      // Whoever was told "later" comes back over a line of its own, until the trial is over.
      const stays = writers.map(async (writer) => {
        while (!isOver) {
          await stay(writer, relay.address, cookie)
        }
      })
      for (let round = 0; round < Math.min(ROUNDS_PER_LIFE, left); round++) {
        const kind = pick(dice, KINDS)
        const fault: Fault = { ...kind, after: below(dice, 40), times: 1 + below(dice, 3) }
        shim.arm(fault)
        for (let waited = 0; shim.counts().failed < fault.times && waited < 200; waited++) await sleep(10)
        if (shim.counts().failed > 0) hits.set(kind.name, (hits.get(kind.name) ?? 0) + 1)
        shim.disarm()
        const began = performance.now()
        const enough = promises.length + 10
        while (promises.length < enough && relay.isUp && performance.now() - began < GOES_ON_MS_MAX) await sleep(5)
        if (promises.length < enough) {
          violation(`after ${kind.name} it ${relay.isUp ? 'acknowledges nothing more' : `ended: ${relay.output().slice(-300)}`}`)
          break
        }
        slowest = Math.max(slowest, performance.now() - began)
        trial.progress(`life ${life}, ${round + 1} failures`)
      }
      isOver = true
      await relay.kill()
      for (const writer of writers) writer.cut()
      await Promise.all(stays)
      acknowledged += promises.length
      for (const writer of writers) for (const refusal of writer.refusals) violation(`an honest edit was refused: ${refusal}`)

      const recorded = { data, before: join(own, 'before'), trace: shim.trace(), promises }
      await cutPower(recorded, IMAGES_PER_LIFE, dice, ({ what }) => {
        violation(what)
        return true
      }, () => images++)
      const again = relayProcess({ data })
      await again.start()
      for (const observer of observers) {
        await observer.connect(again.address, cookie)
        if (observer.recovers > 0) violation('the past that was handed out is not the log\'s')
      }
      for (const { entry } of promises) if (!observers.some(({ byEntry }) => byEntry.has(entry))) violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
      await again.kill()
    } finally {
      await relay.kill()
      shim.close()
    }
    left -= ROUNDS_PER_LIFE
    rmSync(own, { recursive: true, force: true })
  }
  const failed = [...hits.values()].reduce((sum, one) => sum + one, 0)
  trial.figure(`${count(failed, 'failure')} (${[...hits].map(([name, times]) => `${name} ${times}`).sort().join(', ')})`)
  trial.figure(`${count(acknowledged, 'acknowledgement')} looked up, also in ${count(images, 'image')} of what was really synced`)
  if (trial.size !== 'small') trial.figure(`goes on after ${Math.round(slowest)} ms at most`)
  if (failed === 0) trial.violation('no call failed: nothing was tried')
}
