/**
 * D6: bytes of the log change on the disk, or its end is missing. Whatever the relay then serves is what was written; a space that cannot be read
 * says so, and is counted. Damage in what all spaces share stops the start, with a sentence: counted apart, because then nobody is served.
 */
import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Id } from '../../shared/base/ids.ts'
import { below, chance, namedDice } from '../../shared/base/random.ts'
import { createObserver } from './observer.ts'
import { settle } from './people.ts'
import { relayProcess, samenpad, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { createWriter } from './writer.ts'

const SPACES = 6
/** A space that cannot be read is tried again in silence; by then a whole one has long answered. */
const ANSWER_MS_MAX = 4_000

export const d6: Row = {
  id: 'D6',
  name: 'Corrupt file',
  promise: 'altered bytes are found before they are served, and the relay serves what it can still read',
  target: '500 copies by hand, 30 by default: 0 altered bytes served, every damaged record found by verify (which spaces were hit is not judged: one page may hold rows of several)',
  run: (trial) => withFolder((folder) => copies(folder, trial)),
}

async function copies(folder: string, trial: Trial): Promise<void> {
  const total = trial.count(4, 30, 500)
  const dice = namedDice(trial.seed, 'D6')
  const whole = join(folder, 'whole')
  const { spaces, ...group } = settle(whole, SPACES, 1)
  const cookie = group.cookie(0)
  const written = new Map<Id, Map<number, string>>()
  {
    const relay = relayProcess({ data: whole })
    await relay.start()
    const writers = spaces.map((space) => createWriter({ space, dice, padding: 'zorgpad '.repeat(20) }))
    const lines = await Promise.all(writers.map((writer) => writer.connect(relay.address, cookie)))
    while (writers.some((writer) => writer.acknowledged.size < 150)) await sleep(5)
    for (const writer of writers) writer.isTyping = false
    while (writers.some((writer) => writer.waitingCount > 0)) await sleep(5)
    for (const space of spaces) {
      const observer = createObserver(space, dice, trial.violation)
      await observer.connect(relay.address, cookie)
      written.set(space, new Map(observer.seen.map(({ seq, entry, hash }) => [seq, `${entry} ${hash}`])))
    }
    await relay.stop()
    await Promise.all(lines.map(({ gone }) => gone))
  }
  let refusedStarts = 0
  let unnoticed = 0
  let served = 0
  let spacesUp = 0
  let spacesAsked = 0
  for (let i = 0; i < total; i++) {
    const data = join(folder, `copy-${i}`)
    cpSync(whole, data, { recursive: true })
    const path = join(data, 'log.sqlite')
    const isCut = chance(dice, 0.15)
    if (isCut) truncateSync(path, statSync(path).size - 1 - below(dice, 40_000))
    else {
      const bytes = readFileSync(path)
      const hits = 1 + below(dice, 64)
      const near = below(dice, bytes.length)
      // Together, as a bad sector, or all over the file.
      const isTogether = chance(dice, 0.7)
      for (let k = 0; k < hits; k++) bytes[isTogether ? Math.min(bytes.length - 1, near + k) : below(dice, bytes.length)] = below(dice, 256)
      writeFileSync(path, bytes)
    }
    const verified = await samenpad(data, 'verify', '--json')
    const relay = relayProcess({ data })
    let isRunning = true
    try {
      await relay.start()
    } catch {
      isRunning = false // said in a sentence; counted, and looked at below
    }
    if (!isRunning) {
      refusedStarts++
      const { code, output } = await relay.ended()
      if (code !== 1 || /\s+at |Error:|undefined/.test(output)) trial.violation(`copy ${i}: not a sentence: ${output.slice(0, 200)}`)
      if (verified.code === 0) trial.violation(`copy ${i}: verify finds nothing, and the relay does not start`)
    } else {
      let isWhole = true
      for (const space of spaces) {
        spacesAsked++
        const observer = createObserver(space, dice, (text) => trial.violation(`copy ${i}: ${text}`))
        const outcome = await Promise.race([observer.connect(relay.address, cookie).then(() => 'up' as const, () => 'down' as const), sleep(ANSWER_MS_MAX).then(() => 'silent' as const)])
        if (outcome === 'up' && observer.seen.length === written.get(space)?.size) spacesUp++
        else isWhole = false
        for (const { seq, entry, hash } of observer.seen) {
          served++
          if (written.get(space)?.get(seq) !== `${entry} ${hash}`) trial.violation(`copy ${i}: entry ${seq} was served altered`)
        }
        observer.cut()
      }
      if (!relay.isUp) trial.violation(`copy ${i}: the relay ended: ${relay.output().slice(-300)}`)
      if (!isWhole && verified.code === 0) trial.violation(`copy ${i}: a space is not served and verify finds nothing`)
      if (verified.code === 0) unnoticed++
      await relay.kill()
    }
    rmSync(data, { recursive: true, force: true })
    trial.progress(`${i + 1} of ${total} copies`)
  }
  trial.figure(`${count(total, 'damaged copy', 'damaged copies')}: ${refusedStarts} not started (damage in what all share), ${total - refusedStarts} served ${spacesUp} of ${spacesAsked} spaces whole`)
  trial.figure(`${count(served, 'entry', 'entries')} served, none altered`)
  trial.figure(`${unnoticed} hit only unused bytes`)
}
