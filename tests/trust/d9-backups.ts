/** D9: backups taken by the command while twenty people type; each, put back elsewhere, is the beginning of the log as it was, and holds all that was acknowledged before. */
import { rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { namedDice } from '../../shared/base/random.ts'
import { createLogReader } from '../../server/store/log-reader.ts'
import { openLogDatabase } from '../../server/store/log-file.ts'
import { LOG_FILE } from '../../server/store/log-rows.ts'
import { fillMuch } from './much.ts'
import { createObserver } from './observer.ts'
import { settle } from './people.ts'
import { relayProcess, samenpadJson, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { createWriter } from './writer.ts'

const RESTORE_MB_PER_S_MIN = 50
const MUCH_MB = 256
const SPACES = 3
const WRITERS = 20

export const d9: Row = {
  id: 'D9',
  name: 'Backup while writing',
  promise: 'a backup made under load restores to a consistent beginning of the log with everything acknowledged before it began',
  target: '50 of 50 (3 in CI), RPO ≤ 60 s, restore ≥ 50 MB/s',
  run: (trial) => withFolder((folder) => backups(folder, trial)),
}

async function backups(folder: string, trial: Trial): Promise<void> {
  const wanted = trial.count(3, 10, 50)
  const dice = namedDice(trial.seed, 'D9')
  const data = join(folder, 'data')
  const { spaces, cookie, ...group } = settle(data, SPACES, 2)
  const relay = relayProcess({ data })
  await relay.start()
  const observers = spaces.map((space) => createObserver(space, dice, trial.violation))
  // About as fast as people under stress, so that the disk has room for the copies too.
  const writers = Array.from({ length: WRITERS }, (_, i) => createWriter({ space: group.space(i), dice, window: 2, padding: 'afspraak '.repeat(40) }))
  const taken: { file: string; acknowledged: Set<string>; ms: number }[] = []
  let entriesCompared = 0
  try {
    await Promise.all(observers.map((observer, i) => observer.connect(relay.address, cookie(i))))
    const lines = await Promise.all(writers.map((writer, i) => writer.connect(relay.address, cookie(i))))
    for (let i = 0; i < wanted; i++) {
      const acknowledged = new Set(writers.flatMap((writer) => [...writer.acknowledged]))
      const began = performance.now()
      const file = join(folder, `kopie-${i}.samenpad`)
      await samenpadJson(data, 'backup', file)
      taken.push({ file, acknowledged, ms: performance.now() - began })
      trial.progress(`${i + 1} of ${wanted} backups`)
    }
    for (const writer of writers) writer.isTyping = false
    while (writers.some((writer) => writer.waitingCount > 0)) await sleep(5)
    for (const writer of writers) writer.cut()
    await Promise.all(lines.map(({ gone }) => gone))
    while (writers.some((writer) => [...writer.acknowledged].some((entry) => !observers.some(({ byEntry }) => byEntry.has(entry))))) await sleep(20)

    for (const [i, { file, acknowledged }] of taken.entries()) {
      const target = join(folder, `terug-${i}`)
      await samenpadJson(target, 'restore', file)
      const verified = await samenpadJson<{ ok: boolean }>(target, 'verify')
      if (!verified.ok) trial.violation(`backup ${i} does not verify`)
      const reader = createLogReader(() => openLogDatabase(join(target, LOG_FILE), 'read'))
      const present = new Set<string>()
      for (const observer of observers) {
        for (let after = 0; ; ) {
          const { entries } = reader.read(observer.space, after, 16_000_000, 5_000)
          if (entries.length === 0) break
          for (const { seq, entry, payload } of entries) {
            const lived = observer.seen[seq - 1]
            if (lived?.entry !== entry || lived.hash !== createHash('sha256').update(payload).digest('hex')) trial.violation(`backup ${i}: entry ${seq} is not what was handed out`)
            present.add(entry)
          }
          after = entries.at(-1)?.seq ?? after
          entriesCompared += entries.length
        }
      }
      reader.close()
      for (const entry of acknowledged) if (!present.has(entry)) trial.violation(`backup ${i} lacks ${entry.slice(0, 6)}, acknowledged before it began`)
      rmSync(target, { recursive: true, force: true })
      rmSync(file)
      trial.progress(`${i + 1} of ${wanted} restored`)
    }
  } finally {
    await relay.kill()
  }
  trial.figure(`${count(wanted, 'backup')} restored to a consistent beginning`)
  trial.figure(`${count(entriesCompared, 'entry', 'entries')} compared`)
  const slowest = Math.max(...taken.map(({ ms }) => ms))
  if (trial.size === 'small') return
  trial.figure(`RPO ${(slowest / 1000).toFixed(1)} s (what came while the slowest backup was made)`)
  if (slowest > 60_000) trial.missed(`a backup took ${Math.round(slowest / 1000)} s`)
  const much = join(folder, 'veel')
  await fillMuch(much, MUCH_MB, dice)
  const file = join(folder, 'veel.samenpad')
  await samenpadJson(much, 'backup', file)
  const began = performance.now()
  await samenpadJson(join(folder, 'veel-terug'), 'restore', file)
  const speed = statSync(file).size / 2 ** 20 / ((performance.now() - began) / 1000)
  trial.figure(`restore ${speed.toFixed(0)} MB/s of ${(statSync(file).size / 2 ** 20).toFixed(0)} MB, checked and started included`)
  if (speed < RESTORE_MB_PER_S_MIN) trial.missed(`restore at ${speed.toFixed(1)} MB/s`)
}
