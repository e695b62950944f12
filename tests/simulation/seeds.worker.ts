/** Plays seeds in a thread of its own: takes the next one that nobody took, until there is none. A schedule is the same in any thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import type { Focus } from './focus.ts'
import { runSeed } from './runner.ts'

const { from, count, taken, focus, sabotage } = workerData as { from: number; count: number; taken: Int32Array; focus: Focus; sabotage: string | undefined }
const port = must(parentPort, 'this file is the start of a thread')

for (;;) {
  const next = Atomics.add(taken, 0, 1)
  if (next >= count) break
  const began = process.threadCpuUsage()
  const { lines: _lines, ...result } = await runSeed(from + next, { focus, sabotage })
  const { user, system } = process.threadCpuUsage(began)
  port.postMessage({ ...result, cpuMs: (user + system) / 1000 })
}
