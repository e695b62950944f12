/** A flood of requests from a process of its own, and which cores it and the relay may use: on a core each it is the relay that is measured, not the machine. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { FloodPlan } from './flood-child.ts'

export interface Flood {
  readonly pid: number
  /** Resolves with the first answer of this status. */
  answered(status: number): Promise<void>
  /** Out: answers by status. */
  end(): Promise<ReadonlyMap<number, number>>
}

export function startFlood(plan: FloodPlan): Flood {
  const child = fork(fileURLToPath(new URL('flood-child.ts', import.meta.url)), [JSON.stringify(plan)], { execArgv: [] })
  const seen = new Set<number>()
  const ended = Promise.withResolvers<ReadonlyMap<number, number>>()
  child.on('message', (said: { first: number } | { statuses: Record<string, number> }) => {
    if ('first' in said) seen.add(said.first)
    else ended.resolve(new Map(Object.entries(said.statuses).map(([status, count]) => [Number(status), count])))
  })
  child.once('exit', (code) => ended.reject(new Error(`the flood ended by itself with ${code}`)))
  return {
    pid: child.pid ?? 0,
    async answered(status) {
      while (!seen.has(status)) {
        if (child.exitCode !== null) throw new Error(`the flood ended before it was answered ${status}`)
        await once(child, 'message')
      }
    },
    end() {
      child.send('stop')
      return ended.promise
    },
  }
}

/** Whether processes can be kept to cores here (Linux, with two or more). */
export const canPin = (): boolean => process.platform === 'linux' && availableParallelism() > 1

/** In: all threads of a process, to one core; null: to any again. */
export function pin(pid: number, core: number | null): void {
  execFileSync('taskset', ['-acp', core === null ? `0-${availableParallelism() - 1}` : String(core), String(pid)], { stdio: 'ignore' })
}
