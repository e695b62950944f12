/**
 * Questions and answers over a thread boundary: one object of synchronous functions on the far side, the same functions with promises on
 * this side. A StoreProblem crosses as its kind and sentence; anything else thrown over there is a bug and arrives as an Error.
 */
import type { MessagePort, Worker } from 'node:worker_threads'
import { buffersIn } from './packing.ts'
import { StoreProblem, type StoreProblemKind } from './problem.ts'

/**
 * The young generation of a thread that answers one question at a time, in MiB, of which a third is in use. Left to itself it takes 16 at the first busy moment
 * and keeps them, and there are four such threads.
 */
export const THREAD_YOUNG_MB = 6

interface Question {
  id: number
  name: string
  args: unknown[]
}

type Answer = { id: number } & ({ value: unknown } | { problem: { kind: StoreProblemKind; message: string } } | { bug: { message: string; stack?: string } })

// reason: the far side is any record of functions; which ones is said by the type parameter of `askThread`
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Functions = Record<string, (...args: any[]) => unknown>

export type Asked<F> = { [K in keyof F]: F[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never }

/** The far side: answers until the port closes. */
export function answerFrom(port: MessagePort, functions: Functions): void {
  port.on('message', ({ id, name, args }: Question) => {
    let answer: Answer
    try {
      answer = { id, value: functions[name]?.(...args) }
    } catch (error) {
      if (error instanceof StoreProblem) answer = { id, problem: { kind: error.kind, message: error.message } }
      else answer = { id, bug: error instanceof Error ? { message: error.message, stack: error.stack ?? '' } : { message: String(error) } }
    }
    port.postMessage(answer, 'value' in answer ? buffersIn(answer.value) : [])
  })
}

export interface Thread<F> {
  readonly ask: Asked<F>
  /** Asks once more and lets the thread end. */
  end(last: keyof F & string): Promise<void>
}

/**
 * This side. When the thread dies by itself, everything asked of it rejects with StoreProblem `failed`, and `onDied` is told.
 * In: names of the functions, so that no proxy is needed.
 */
export function askThread<F extends Functions>(worker: Worker, names: readonly (keyof F & string)[], onDied: (problem: StoreProblem) => void): Thread<F> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let lastId = 0
  let died: StoreProblem | null = null
  let isEnding = false

  const die = (why: string): void => {
    if (died) return
    died = isEnding ? new StoreProblem('closed', 'The log is closed.') : new StoreProblem('failed', `The thread that keeps the log has died (${why}).`)
    for (const { reject } of waiting.values()) reject(died)
    waiting.clear()
    if (!isEnding) onDied(died)
  }
  worker.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (!asked) return
    if ('value' in answer) asked.resolve(answer.value)
    else if ('problem' in answer) asked.reject(new StoreProblem(answer.problem.kind, answer.problem.message))
    else asked.reject(Object.assign(new Error(answer.bug.message), answer.bug.stack ? { stack: answer.bug.stack } : {}))
  })
  worker.on('error', (error) => die(error instanceof Error ? error.message : String(error)))
  worker.on('exit', (code) => die(`exit ${code}`))

  const ask = (name: string, args: unknown[]): Promise<unknown> =>
    died
      ? Promise.reject(died)
      : new Promise((resolve, reject) => {
          const id = ++lastId
          waiting.set(id, { resolve, reject })
          worker.postMessage({ id, name, args } satisfies Question, args.flatMap(buffersIn))
        })

  return {
    ask: Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => ask(name, args)])) as Asked<F>,
    async end(last) {
      if (died) return
      isEnding = true
      await ask(last, [])
      await worker.terminate()
    },
  }
}

export interface KeptThread<F> {
  /** The functions of a living thread; one that died is started again first. Errors: what `open` says, StoreProblem `closed`. */
  ask(): Promise<Asked<F>>
  close(): Promise<void>
}

/**
 * A thread that is there when it is asked. `open` runs once per life, before anything else is asked.
 * In: `close` among the names is the last thing asked of a life. Lifetime: from the first `ask` until `close`.
 */
export function keepThread<F extends Functions>(
  start: () => Worker, names: readonly (keyof F & string)[], open: (ask: Asked<F>) => Promise<unknown>, onDied: (problem: unknown) => void,
): KeptThread<F> {
  let life: Promise<Thread<F>> | null = null
  let isClosed = false
  const begin = async (): Promise<Thread<F>> => {
    const worker = start()
    let isOpen = false
    const thread = askThread<F>(worker, names, (problem) => {
      life = null
      if (isOpen) onDied(problem)
    })
    try {
      await open(thread.ask)
      isOpen = true
      return thread
    } catch (error) {
      life = null
      await worker.terminate()
      throw error
    }
  }
  return {
    async ask() {
      if (isClosed) throw new StoreProblem('closed', 'The log is closed.')
      return (await (life ??= begin())).ask
    },
    async close() {
      if (isClosed) return
      isClosed = true
      // A thread that never came up, or died, has nothing left to close.
      await life?.then((thread) => thread.end('close'), onDied)
    },
  }
}
