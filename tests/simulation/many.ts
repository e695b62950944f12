/** Many seeds on all cores that may be used. Results come as they are ready, not in the order of the seeds. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { RunResult } from './world.ts'

export type SeedResult = Omit<RunResult, 'lines'>

/** Resolves when every seed was played. Errors: rejects when a thread dies. */
export async function runMany({ from, count, threads, played }: { from: number; count: number; threads: number; played(result: SeedResult): Promise<void> | void }): Promise<void> {
  const taken = new Int32Array(new SharedArrayBuffer(4))
  await Promise.all(
    Array.from({ length: Math.min(threads, count) }, async () => {
      const worker = new Worker(new URL('./seeds.worker.ts', import.meta.url), { workerData: { from, count, taken } })
      let telling = Promise.resolve()
      worker.on('message', (result: SeedResult) => {
        telling = telling.then(() => played(result))
      })
      await once(worker, 'exit')
      await telling
    }),
  )
}
