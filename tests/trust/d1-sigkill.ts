/** D1: the relay is killed at random moments while twenty people type; what it acknowledged and what it handed on is compared with what it has afterwards. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { below, chance, namedDice, type Dice } from '../../shared/base/random.ts'
import { fillMuch } from './much.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { createObserver } from './observer.ts'
import { createWriter } from './writer.ts'

const WRITERS = 20
const SPACES = 3
const READY_MS_MAX = 5_000

export const d1: Row = {
  id: 'D1',
  name: 'SIGKILL under load',
  promise: 'what was acknowledged or handed on is there after a kill, once, at the same place',
  target: '1,000 kills by hand, 100 in CI: 0 lost, 0 doubled, ready ≤ 5 s with a log of 1 GB',
  run: (trial) => withFolder((folder) => killUnderLoad(folder, trial)),
}

async function killUnderLoad(folder: string, trial: Trial): Promise<void> {
  const kills = trial.count(100, 100, 1_000)
  const dice = namedDice(trial.seed, 'D1')
  const data = join(folder, 'data')
  const { spaces, cookie, ...group } = settle(data, SPACES, 4)
  const relay = relayProcess({ data })
  let ready = [await relay.start()]

  let acks = 0
  let toKill = Infinity
  let killNow = (): void => undefined
  /** Acknowledged and not yet looked up after a restart. */
  const promised = new Map<string, string>()
  const writers = Array.from({ length: WRITERS }, (_, i) => {
    const space = group.space(i)
    return createWriter({
      space, dice,
      onAcknowledged(entry) {
        acks++
        promised.set(entry, space)
        if (acks >= toKill) killNow()
      },
    })
  })
  const observers = spaces.map((space) => createObserver(space, dice, trial.violation))
  const lookUp = (): void => {
    for (const [entry, space] of promised) {
      if (!observers.some((observer) => observer.space === space && observer.byEntry.has(entry))) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
    }
    promised.clear()
    for (const observer of observers) if (observer.recovers > 0) trial.violation(`space ${observer.space.slice(0, 6)}: the past that was handed out is not the log's`)
  }
  const connectAll = async (): Promise<{ gone: Promise<unknown> }> => {
    await Promise.all(observers.map((observer, i) => observer.connect(relay.address, cookie(i))))
    // Before anybody types: an acknowledgement comes before the entry is handed on, and would be taken for lost.
    lookUp()
    const lines = await Promise.all(writers.map((writer, i) => writer.connect(relay.address, cookie(i))))
    return { gone: Promise.all(lines.map(({ gone }) => gone)) }
  }

  let half = 0
  try {
    let { gone } = await connectAll()
    for (let kill = 1; kill <= kills; kill++) {
      const { promise, resolve } = Promise.withResolvers<void>()
      killNow = resolve
      toKill = acks + 1 + below(dice, 600)
      await promise
      toKill = Infinity
      await sleep(below(dice, 12))
      await relay.kill()
      await gone
      if (chance(dice, 0.15)) {
        // Killed again while it starts, before or after it read its log.
        void relay.launch()
        await sleep(below(dice, 700))
        await relay.kill()
        half++
      }
      ready.push(await relay.start())
      ;({ gone } = await connectAll())
      trial.progress(`${kill} of ${kills} kills, ${acks} acknowledged`)
    }
    for (const writer of writers) writer.isTyping = false
    while (writers.some((writer) => writer.waitingCount > 0)) await sleep(5)
    for (const writer of writers) writer.cut()
    await gone

    // Everything, read by somebody who was never there.
    let entries = 0
    for (const [i, observer] of observers.entries()) {
      const fresh = createObserver(observer.space, dice, trial.violation)
      await fresh.connect(relay.address, cookie(i))
      for (const one of observer.seen) if (fresh.seen[one.seq - 1]?.hash !== one.hash) trial.violation(`entry ${one.seq} of space ${observer.space.slice(0, 6)} is not what was handed out`)
      for (const writer of writers.filter(({ space }) => space === observer.space)) {
        for (const entry of writer.acknowledged) if (!fresh.byEntry.has(entry)) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
        for (const refusal of writer.refusals) trial.violation(`an honest edit was refused: ${refusal}`)
        const doc = new Y.Doc()
        for (const { item, payload } of fresh.seen) if (item === writer.item) Y.applyUpdate(doc, payload)
        if (doc.getXmlFragment('prose').toString() !== writer.text()) trial.violation(`item ${writer.item.slice(0, 6)} is not the text that was typed`)
      }
      entries += fresh.seen.length
      fresh.cut()
    }
    trial.figure(count(kills, 'kill'))
    trial.figure(`${count(half, 'more')} while starting`.replace('mores', 'more'))
    trial.figure(`${count(acks, 'acknowledgement')} and ${count(entries, 'entry', 'entries')} compared`)
  } finally {
    await relay.kill()
  }
  const gigabyte = trial.size === 'small' ? null : await readyWithMuch(join(folder, 'much'), dice)
  if (gigabyte !== null) ready.push(gigabyte)
  ready = ready.sort((a, b) => a - b)
  const slowest = ready.at(-1) ?? 0
  if (trial.size !== 'small') trial.figure(`ready in ${Math.round(slowest)} ms at most${gigabyte === null ? '' : `, ${Math.round(gigabyte)} ms with 1 GB`}`)
  if (slowest > READY_MS_MAX) trial.missed(`ready after ${Math.round(slowest)} ms`)
}

/** Ready again after a kill, with a log of 1 GB. */
async function readyWithMuch(data: string, dice: Dice): Promise<number> {
  await fillMuch(data, 1_024, dice)
  const relay = relayProcess({ data })
  await relay.start()
  await relay.kill()
  const ms = await relay.start()
  await relay.kill()
  return ms
}
