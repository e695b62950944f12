/** Many seeds on all cores that may be used. Results come as they are ready, not in the order of the seeds. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Focus } from './focus.ts'
import type { RunResult } from './world.ts'

const HOOKS = new URL('./platform-hooks.ts', import.meta.url).href

/** `cpuMs`: of the thread that played it, whatever else the machine did. */
export type SeedResult = Omit<RunResult, 'lines'> & { cpuMs: number }

export interface Many {
  from: number
  count: number
  threads: number
  focus?: Focus
  /** By its name, because it is made in another thread. */
  sabotage?: string | undefined
  /** `stop`: what is being played is played to its end, and nothing more is begun. */
  played(result: SeedResult): Promise<'stop' | void> | 'stop' | void
}

/** Resolves when every seed was played, or it was stopped. Errors: rejects when a thread dies. */
export async function runMany({ from, count, threads, focus = 'C1', sabotage, played }: Many): Promise<void> {
  const taken = new Int32Array(new SharedArrayBuffer(4))
  let telling = Promise.resolve()
  await Promise.all(
    Array.from({ length: Math.min(threads, count) }, async () => {
      const worker = new Worker(new URL('./seeds.worker.ts', import.meta.url), { workerData: { from, count, taken, focus, sabotage }, execArgv: ['--import', HOOKS] })
      worker.on('message', (result: SeedResult) => {
        telling = telling.then(async () => {
          if ((await played(result)) === 'stop') Atomics.store(taken, 0, count)
        })
      })
      await once(worker, 'exit')
      await telling
    }),
  )
}
