/**
 * D8: an old backup is put back, or nothing at all, and the laptops bring the rest: those that were online, those with edits made offline, those
 * that were away with nothing to say, and a new one. Twice in a row. What any laptop still holds is there again, once; what nobody holds is gone,
 * and the relay says that a new epoch began.
 */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import { openLogDatabase } from '../../server/store/log-file.ts'
import { createLogReader } from '../../server/store/log-reader.ts'
import { aroundRelay, workTogether } from './around-relay.ts'
import { converge, countTokens } from './converge.ts'
import type { EngineLaptop } from './engine-laptop.ts'
import { samenpadJson, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

export const d8: Row = {
  id: 'D8',
  name: 'Old backup put back',
  promise: 'after an old backup, twice in a row or none at all, everything that any laptop holds is back, once',
  target: '400 runs by hand, 8 by default, 3 in CI: 0 lost, 0 doubled, 0 silently skipped',
  run: (trial) => withFolder((folder) => restores(folder, trial)),
}

const GOING_BACK = ['once', 'twice', 'empty'] as const

async function restores(folder: string, trial: Trial): Promise<void> {
  const runs = trial.count(3, 8, 400)
  let tokens = 0
  let epochs = 0
  for (let run = 0; run < runs; run++) {
    const tally = await oneRun(join(folder, `run-${run}`), trial, run)
    tokens += tally.tokens
    epochs += tally.epochs
    rmSync(join(folder, `run-${run}`), { recursive: true, force: true })
    trial.progress(`${run + 1} of ${runs} runs`)
  }
  trial.figure(`${count(runs, 'run')} × laptops online, offline with edits, offline clean, new`)
  trial.figure(`${count(epochs, 'new epoch')} met`)
  trial.figure(`${count(tokens, 'token')} traced`)
}

const NAMES = ['online', 'offline with edits', 'offline clean', 'lost'] as const

async function oneRun(data: string, trial: Trial, run: number): Promise<{ tokens: number; epochs: number }> {
  const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
  const way = must(GOING_BACK[run % GOING_BACK.length], 'a way')
  return aroundRelay({ data, id: 'D8', seed: trial.seed, run, names: NAMES, comingCount: 1 }, violation, async ({ space, relay, ledger, dice, laptops, arrive, lose }) => {
    const [online, withEdits, clean, lost] = laptops as [EngineLaptop, EngineLaptop, EngineLaptop, EngineLaptop]
    const items: ItemId[] = [await online.createItem(space), await withEdits.createItem(space)]
    await converge(laptops, items, violation)
    await work(laptops, items, dice, 12)
    await converge(laptops, items, violation)

    const backup = `${data}.kopie`
    await samenpadJson(data, 'backup', backup)

    // Work that the backup does not have, acknowledged by the relay.
    await work(laptops, items, dice, 12)
    await converge(laptops, items, violation)
    // Everything on the laptop that is never seen again is held by the others too.
    await lose(lost)
    for (const laptop of [withEdits, clean]) {
      laptop.network.down()
      laptop.network.cut()
    }
    await work([online], items, dice, 6)
    await converge([online], items, violation)
    // Made without a network, on top of what the backup lacks.
    await work([withEdits], items, dice, 6)

    let epochs = 0
    const epochBefore = epochOf(data, space)
    let known = epochBefore
    const goBack = async (): Promise<void> => {
      await relay.stop()
      if (way === 'empty') emptyLog(data)
      else await samenpadJson(data, 'restore', backup, '--force')
      await relay.start()
      const now = epochOf(data, space)
      if (now === known) violation('the log that was put back has the epoch of before')
      known = now
      epochs++
    }
    await goBack()
    if (way === 'twice') {
      await sleep(below(dice, 400))
      await goBack()
    }
    for (const laptop of laptops) laptop.network.heal()
    // Whoever was online writes on at once, before anybody has finished comparing.
    await work([online], items, dice, 3)
    await arrive('new')
    const contents = await converge(laptops, items, violation)
    if (contents) countTokens(ledger, items, contents, violation)
    for (const laptop of laptops) if ((await must(laptop.engine, 'open').parked()).length > 0) violation(`${laptop.name}: something was set apart`)
    const verified = await samenpadJson<{ ok: boolean }>(data, 'verify')
    if (!verified.ok) violation('the log does not verify')
    rmSync(backup, { force: true })
    return { tokens: ledger.size, epochs }
  })
}

/** Everything of the log, and nothing of the accounts: as after a lost disk and accounts set up again. */
function emptyLog(data: string): void {
  for (const name of ['log.sqlite', 'log.sqlite-wal', 'log.sqlite-shm', 'generation', 'lock.sqlite']) rmSync(join(data, name), { force: true })
}

function epochOf(data: string, space: SpaceId): string {
  const reader = createLogReader(() => openLogDatabase(join(data, 'log.sqlite'), 'read'))
  try {
    return reader.head(space)?.epoch ?? 'none'
  } finally {
    reader.close()
  }
}

const DEEDS = ['type', 'type', 'type', 'type', 'type', 'erase', 'addStep', 'addStep'] as const
const work = (laptops: readonly EngineLaptop[], items: readonly ItemId[], dice: Dice, stepsCount: number): Promise<void> => workTogether(laptops, items, dice, stepsCount, DEEDS)
