/** D7: the log of another installation is refused, whichever way it came there; and of two relays on one store exactly one works. */
import { copyFileSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { below, namedDice } from '../../shared/base/random.ts'
import { fill } from './d5-folder.ts'
import { relayProcess, samenpad, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const FENCED_MS_MAX = 5_000

export const d7: Row = {
  id: 'D7',
  name: 'Wrong store, two relays',
  promise: "another installation's store is refused, a second relay on a store is fenced and the first goes on",
  target: '20 of 20 refused, second writer fenced ≤ 5 s',
  run: (trial) => withFolder((folder) => tries(folder, trial)),
}

const SWAPS: readonly { name: string; files: readonly string[] }[] = [
  { name: 'log of another installation', files: ['log.sqlite'] },
  { name: 'log and generation of another installation', files: ['log.sqlite', 'generation'] },
  { name: 'accounts of another installation', files: ['accounts.sqlite'] },
]

async function tries(folder: string, trial: Trial): Promise<void> {
  const tryCount = trial.count(4, 20, 20)
  const dice = namedDice(trial.seed, 'D7')
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
  await fill(ours, trial.seed)
  await fill(theirs, trial.seed + 1)
  let refused = 0
  let fenced = 0
  let slowest = 0
  for (let i = 0; i < tryCount; i++) {
    const data = join(folder, `try-${i}`)
    cpSync(ours, data, { recursive: true })
    const swap = SWAPS[i % (SWAPS.length + 1)]
    if (swap) {
      for (const file of swap.files) copyFileSync(join(theirs, file), join(data, file))
      const relay = relayProcess({ data })
      const ended = await Promise.race([relay.launch(), sleep(30_000).then(() => null)])
      if (relay.isUp) await relay.kill()
      if (ended?.code === 1) refused++
      else trial.violation(`${swap.name}: ${ended === null ? 'it runs' : `exit code ${ended.code}`}: ${relay.output().trim().slice(0, 300)}`)
      // Ours put back: nothing of it was spoiled, and it goes on.
      for (const file of swap.files) copyFileSync(join(ours, file), join(data, file))
      const again = relayProcess({ data })
      await again.start().catch((error: unknown) => trial.violation(`${swap.name}, put right again: ${String(error)}`))
      await again.kill()
    } else {
      // Both at once, or one while the other works.
      const [first, second] = [relayProcess({ data }), relayProcess({ data })]
      const isRace = below(dice, 2) === 0
      const began = isRace ? [first.start(), second.start()] : [first.start().then((ms) => ms), first.ended().then(() => 0, () => 0)]
      if (!isRace) {
        await began[0]
        const ended = await second.launch()
        slowest = Math.max(slowest, ended.ms)
        if (ended.code !== 1) trial.violation(`a second relay on the store: exit code ${ended.code}: ${ended.output.slice(0, 200)}`)
        const cli = await samenpad(data, 'restore', join(folder, 'nothing'), '--force')
        if (cli.code === 0) trial.violation('a restore under a running relay was done')
      } else {
        const both = await Promise.allSettled(began)
        if (both.filter(({ status }) => status === 'fulfilled').length !== 1) trial.violation(`of two relays started at once ${both.filter(({ status }) => status === 'fulfilled').length} work`)
      }
      const works = [first, second].filter((relay) => relay.isUp)
      if (works.length === 1) fenced++
      for (const relay of works) {
        const ready = (await (await fetch(`${relay.address}/readyz`)).json()) as { ready: boolean }
        if (!ready.ready) trial.violation('the relay that has the store does not go on')
        await relay.kill()
      }
    }
    rmSync(data, { recursive: true, force: true })
    trial.progress(`${i + 1} of ${tryCount}`)
  }
  trial.figure(`${refused} foreign stores refused`)
  trial.figure(`${count(fenced, 'time')} one of two relays fenced`)
  if (trial.size !== 'small') trial.figure(`after ${Math.round(slowest)} ms at most`)
  if (slowest > FENCED_MS_MAX) trial.missed(`fenced after ${Math.round(slowest)} ms`)
}
