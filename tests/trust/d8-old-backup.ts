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
import { createLogReader, type LogReader } from '../../server/store/log-reader.ts'
import { aroundRelay, exportSaysSo, workTogether } from './around-relay.ts'
import { converge, countTokens } from './converge.ts'
import type { EngineLaptop } from './engine-laptop.ts'
import { samenpadJson, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

export const d8: Row = {
  id: 'D8',
  name: 'Old backup put back',
  promise: 'after an old backup, twice in a row or none at all, everything that any laptop holds is back, once',
  target: '400 runs by hand, 8 by default, 4 in CI: backups of 1 min, 1 h, 1 d and 30 d × put back once, twice, not at all, or beside the old relay: 0 lost, 0 doubled, 0 silently skipped; what nobody holds is listed',
  run: (trial) => withFolder((folder) => restores(folder, trial)),
}

/** `beside`: in a folder of its own, while the old relay goes on and people still write to it. */
const GOING_BACK = ['once', 'twice', 'empty', 'beside'] as const
const MINUTE_MS = 60_000
const AGES = [['1 min', MINUTE_MS], ['1 h', 60 * MINUTE_MS], ['1 d', 1440 * MINUTE_MS], ['30 d', 30 * 1440 * MINUTE_MS]] as const

async function restores(folder: string, trial: Trial): Promise<void> {
  const runs = trial.count(4, 8, 400)
  const sum = { tokens: 0, epochs: 0, listed: 0 }
  for (let run = 0; run < runs; run++) {
    const tally = await oneRun(join(folder, `run-${run}`), trial, run)
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += tally[key]
    rmSync(join(folder, `run-${run}`), { recursive: true, force: true })
    trial.progress(`${run + 1} of ${runs} runs`)
  }
  trial.figure(`${count(runs, 'run')} × laptops online, offline with edits, offline clean, new`)
  trial.figure(`${Math.min(runs, AGES.length * GOING_BACK.length)} of ${AGES.length * GOING_BACK.length} ages and ways`)
  trial.figure(`${count(sum.epochs, 'new epoch')} met`)
  trial.figure(`${count(sum.tokens, 'token')} traced`)
  trial.figure(`${count(sum.listed, 'entry', 'entries')} that nobody held listed as lost`)
}

const NAMES = ['online', 'offline with edits', 'offline clean', 'lost'] as const

async function oneRun(data: string, trial: Trial, run: number): Promise<{ tokens: number; epochs: number; listed: number }> {
  const way = must(GOING_BACK[(run + Math.floor(run / AGES.length)) % GOING_BACK.length], 'a way')
  const [ageName, ageMs] = must(AGES[run % AGES.length], 'an age')
  const violation = (text: string): void => trial.violation(`run ${run}, ${way}, ${ageName}: ${text}`)
  return aroundRelay({ data, id: 'D8', seed: trial.seed, run, names: NAMES, comingCount: 1 }, violation, async ({ space, relay, ledger, dice, laptops, arrive, lose, age, signIn, moveTo }) => {
    const [online, withEdits, clean, lost] = laptops as [EngineLaptop, EngineLaptop, EngineLaptop, EngineLaptop]
    const items: ItemId[] = [await online.createItem(space), await withEdits.createItem(space)]
    await converge(laptops, items, violation)
    await work(laptops, items, dice, 12)
    await converge(laptops, items, violation)

    const backup = `${data}.kopie`
    await samenpadJson(data, 'backup', backup)
    await relay.stop()
    age(ageMs)
    signIn(data)
    await relay.start()

    // Work that the backup does not have, acknowledged by the relay.
    await converge(laptops, items, violation)
    await work(laptops, items, dice, 12)
    await converge(laptops, items, violation)
    for (const laptop of [withEdits, clean]) goOffline(laptop)
    await work([online], items, dice, 6)
    await converge([online], items, violation)
    goOffline(online)
    // Nobody else ever has this; everything else of the laptop that is never seen again is held by the others too.
    const onlyThere = await lost.createItem(space)
    while (!(await lost.see(onlyThere))) await sleep(20)
    await lost.type(onlyThere)
    await converge([lost], [onlyThere], violation)
    await lose(lost)
    const listed = entriesOf(data, space, onlyThere)
    // Made without a network, on top of what the backup lacks.
    await work([withEdits], items, dice, 6)

    let epochs = 0
    let known = epochOf(data, space)
    const meet = (folder: string): void => {
      const now = epochOf(folder, space)
      if (now === known) violation('the log that was put back has the epoch of before')
      known = now
      epochs++
    }
    const restored = way === 'beside' ? `${data}-beside` : data
    const goBack = async (): Promise<void> => {
      await relay.stop()
      if (way === 'empty') emptyLog(data)
      else await samenpadJson(data, 'restore', backup, '--force')
      signIn(data)
      // It looks for the relay while there is none, and finds another log.
      online.network.heal()
      await relay.start()
      meet(data)
    }
    if (way === 'beside') {
      online.network.heal()
      await samenpadJson(restored, 'restore', backup)
      signIn(restored)
      await work([online], items, dice, 3)
      await moveTo(restored)
      meet(restored)
    } else await goBack()
    if (way === 'twice') {
      await sleep(below(dice, 400))
      await goBack()
    }
    for (const laptop of laptops) laptop.network.heal()
    // Whoever was online writes on at once, before anybody has finished comparing.
    await work([online], items, dice, 3)
    await arrive('new')
    const contents = await converge(laptops, items, violation)
    // Beside the old relay somebody who was online may have had even that document.
    if (contents) countTokens(new Map([...ledger].filter(([, { item }]) => item !== onlyThere)), items, contents, violation)
    if (contents) await exportSaysSo(restored, space, items, contents, violation)
    for (const laptop of laptops) if ((await must(laptop.engine, 'open').parked()).length > 0) violation(`${laptop.name}: something was set apart`)
    const verified = await samenpadJson<{ ok: boolean }>(restored, 'verify')
    if (!verified.ok) violation('the log does not verify')
    const isCompared = way === 'once' || way === 'twice'
    if (isCompared) {
      const said = await samenpadJson<{ entries: number; items: { item: string; entries: number }[] }>(data, 'lost')
      if (said.items.length !== 1 || said.items[0]?.item !== onlyThere || said.entries !== listed) violation(`lost is ${listed} entries of one document, said is ${JSON.stringify(said)}`)
    }
    rmSync(backup, { force: true })
    if (restored !== data) rmSync(restored, { recursive: true, force: true })
    return { tokens: ledger.size, epochs, listed: isCompared ? listed : 0 }
  })
}

function goOffline({ network }: EngineLaptop): void {
  network.down()
  network.cut()
}

/** Everything of the log, and nothing of the accounts: as after a lost disk and accounts set up again. */
function emptyLog(data: string): void {
  for (const name of ['log.sqlite', 'log.sqlite-wal', 'log.sqlite-shm', 'generation', 'lock.sqlite']) rmSync(join(data, name), { force: true })
}

function inLog<T>(data: string, look: (reader: LogReader) => T): T {
  const reader = createLogReader(() => openLogDatabase(join(data, 'log.sqlite'), 'read'))
  try {
    return look(reader)
  } finally {
    reader.close()
  }
}
const epochOf = (data: string, space: SpaceId): string => inLog(data, (reader) => reader.head(space)?.epoch ?? 'none')
const entriesOf = (data: string, space: SpaceId, item: ItemId): number => inLog(data, (reader) => reader.readItem(space, item, null, 1, Number.MAX_SAFE_INTEGER, 10_000).length)

const DEEDS = ['type', 'type', 'type', 'type', 'type', 'erase', 'addStep', 'addStep'] as const
const work = (laptops: readonly EngineLaptop[], items: readonly ItemId[], dice: Dice, stepsCount: number): Promise<void> => workTogether(laptops, items, dice, stepsCount, DEEDS)
