/** Plays seeds in a thread of its own: takes the next one that nobody took, until there is none. A schedule is the same in any thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import { runSeed } from './runner.ts'

const { from, count, taken } = workerData as { from: number; count: number; taken: Int32Array }
const port = must(parentPort, 'this file is the start of a thread')

for (;;) {
  const next = Atomics.add(taken, 0, 1)
  if (next >= count) break
  const { lines: _lines, ...result } = await runSeed(from + next)
  port.postMessage(result)
}
