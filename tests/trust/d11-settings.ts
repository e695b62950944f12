/** D11: the relay says how its commits are synced, and refuses to run on a library that does not do as it is told. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

export const d11: Row = {
  id: 'D11',
  name: 'Settings check themselves',
  promise: 'the relay reads its durability settings back and does not run when they did not stick',
  target: '/readyz says SQLite ≥ 3.51.3, synchronous FULL, mmap 0; every deviating library refused',
  run: (trial) => withFolder((folder) => settings(folder, trial)),
}

/** What a library may do that was not asked of it, as tests/trust/bad-sqlite.mjs plays it. */
const DEVIATIONS = ['normal', 'off', 'delete-journal', 'mmap', 'old'] as const

async function settings(folder: string, trial: Trial): Promise<void> {
  const data = join(folder, 'data')
  settle(data, 1, 1)
  const relay = relayProcess({ data })
  await relay.start()
  const { ready, checks } = (await (await fetch(`${relay.address}/readyz`)).json()) as { ready: boolean; checks: Record<string, string> }
  await relay.stop()
  if (!ready) trial.violation('not ready')
  for (const [name, line] of Object.entries(checks)) {
    if (!/journal_mode=wal synchronous=2 mmap_size=0 sqlite=3\.\d+\.\d+/.test(line)) trial.violation(`/readyz says of ${name}: ${line}`)
  }
  let refused = 0
  for (const deviation of DEVIATIONS) {
    const bad = relayProcess({ data, nodeArguments: ['--import', new URL('./bad-sqlite.mjs', import.meta.url).href], env: { BAD_SQLITE: deviation } })
    const ended = await Promise.race([bad.launch(), sleep(30_000).then(() => null)])
    if (bad.isUp) await bad.kill()
    if (ended?.code === 1) refused++
    else trial.violation(`a library that does "${deviation}": ${ended === null ? 'it runs' : `exit code ${ended.code} ${ended.output.slice(0, 200)}`}`)
    trial.progress(deviation)
  }
  trial.figure(`/readyz: ${checks.log ?? 'says nothing of the log'}`)
  trial.figure(`${refused} of ${count(DEVIATIONS.length, 'deviating library', 'deviating libraries')} refused`)
}
