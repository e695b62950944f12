/**
 * P5: something is erased for good while one laptop is there, one is away with edits of its own, and one is away with nothing to say; afterwards a new
 * one comes, and then a backup from before the erasure is put back. What was erased is in no file of the relay and on no laptop, and comes back by
 * nobody; every other word is there, once; what was never sent of an erased document waits for its author.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { aroundRelay, exportSaysSo, workTogether } from './around-relay.ts'
import { converge, countTokens } from './converge.ts'
import type { EngineLaptop, Ledger } from './engine-laptop.ts'
import { samenpadJson, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

export const p5: Row = {
  id: 'P5',
  name: 'Erasure',
  promise: 'what is erased for good is in no file and on no laptop, also after an old backup was put back; the words of others stay',
  target: '100 runs by hand, 4 by default, 2 in CI: 0 hits, 0 resurrections, others’ text whole',
  run: (trial) => withFolder((folder) => erasures(folder, trial)),
}

const NAMES = ['online', 'offline with edits', 'offline clean'] as const

async function erasures(folder: string, trial: Trial): Promise<void> {
  const runs = trial.count(2, 4, 100)
  const sum = { erased: 0, kept: 0, parked: 0, files: 0 }
  for (let run = 0; run < runs; run++) {
    const tally = await oneRun(join(folder, `run-${run}`), trial, run)
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += tally[key]
    rmSync(join(folder, `run-${run}`), { recursive: true, force: true })
    trial.progress(`${run + 1} of ${runs} runs`)
  }
  trial.figure(`${count(runs, 'run')} × laptops online, offline with edits, offline clean, new`)
  trial.figure(`${count(sum.erased, 'token')} erased and looked for in ${count(sum.files, 'file')}`)
  trial.figure(`${count(sum.kept, 'other token')} traced`)
  trial.figure(`${count(sum.parked, 'unsent edit')} kept apart`)
}

async function oneRun(data: string, trial: Trial, run: number): Promise<{ erased: number; kept: number; parked: number; files: number }> {
  const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
  return aroundRelay({ data, id: 'P5', seed: trial.seed, run, names: NAMES, comingCount: 1 }, violation, async ({ space, relay, ledger, dice, laptops, arrive }) => {
    const [online, withEdits, clean] = laptops as [EngineLaptop, EngineLaptop, EngineLaptop]
    const [text, gone, stays] = [await online.createItem(space), await online.createItem(space), await online.createItem(space)] as [ItemId, ItemId, ItemId]
    const all = [text, gone, stays]
    await converge(laptops, all, violation)
    await work(laptops, all, dice, 24)
    await converge(laptops, all, violation)
    const backup = `${data}.kopie`
    await samenpadJson(data, 'backup', backup)
    await work(laptops, all, dice, 24)
    await converge(laptops, all, violation)

    for (const laptop of [withEdits, clean]) {
      laptop.network.down()
      laptop.network.cut()
    }
    const erased = new Set([...ledger.values()].filter(({ item, deleted }) => item === gone || (item === text && deleted === 'stored')).map(({ token }) => token))
    await work([withEdits], [text, stays], dice, 6)
    await withEdits.type(gone)
    let files = 0
    const look = (when: string): void => {
      const [found, looked] = hits(data, erased)
      files += looked
      for (const { token, file } of found) violation(`${when}: ${token} is in ${file}`)
    }
    await samenpadJson(data, 'erase', '--space', space, '--item', text, '--history', '--reason', 'proef')
    await samenpadJson(data, 'erase', '--space', space, '--item', gone, '--reason', 'proef')
    look('after the erasure')
    await work([online], [text, stays], dice, 4)
    for (const laptop of laptops) laptop.network.heal()
    await arrive('new')

    const parked = await parkedOf(withEdits)
    if (parked.length === 0) violation('the unsent edit of an erased document was not kept apart')
    if (parked.some(({ item, code }) => item !== gone || code !== 'deleted')) violation('something else was kept apart')
    await must(withEdits.engine, 'open').discardParked(parked.map(({ entry }) => entry))
    const others = (): Ledger => new Map([...ledger].filter(([, { item }]) => item !== gone))
    const after = await converge(laptops, [text, stays], violation)
    if (after) countTokens(others(), [text, stays], after, violation)
    look('after everybody came back')

    await relay.stop()
    await samenpadJson(data, 'restore', backup, '--force')
    look('after an old backup was put back')
    await relay.start()
    await work([online], [text, stays], dice, 3)
    const again = await converge(laptops, [text, stays], violation)
    if (again) countTokens(others(), [text, stays], again, violation)
    if (again) await exportSaysSo(data, space, [text, stays], again, violation)
    look('after the laptops brought what it lacked')
    for (const laptop of laptops) {
      const rows = await must(laptop.engine, 'open').rows(space)
      if (rows.some(({ item }) => item === gone)) violation(`${laptop.name}: the erased document is in the list`)
    }
    if (!(await samenpadJson<{ ok: boolean }>(data, 'verify')).ok) violation('the log does not verify')
    rmSync(backup, { force: true })
    return { erased: erased.size, kept: others().size, parked: parked.length, files }
  })
}

function hits(folder: string, tokens: ReadonlySet<string>): [found: { token: string; file: string }[], looked: number] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  return [files.flatMap((file) => {
    const bytes = readFileSync(file)
    return [...tokens].filter((token) => bytes.includes(token)).map((token) => ({ token, file }))
  }), files.length]
}

async function parkedOf(laptop: EngineLaptop) {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const parked = await must(laptop.engine, 'open').parked()
    if (parked.length > 0) return parked
    await sleep(50)
  }
  return []
}

const DEEDS = ['type', 'type', 'erase'] as const
const work = (laptops: readonly EngineLaptop[], items: readonly ItemId[], dice: Dice, stepsCount: number): Promise<void> => workTogether(laptops, items, dice, stepsCount, DEEDS)
