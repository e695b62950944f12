/**
 * Virtual time: one queue of events, taken in order of (time, order of asking). After every event the microtask queue drains completely
 * before the next one starts, so that a run is a function of its seed alone. A process is a scope of events that can be killed: what it
 * still wanted to do never happens.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'

interface Planned {
  time: number
  order: number
  run: (() => void) | null
  process: Process | null
}

export interface Process {
  readonly name: string
  readonly isDead: boolean
  /** The wall clock of the machine it runs on: virtual time plus an offset that a fault may change. */
  readonly clock: Clock
  kill(): void
  /** Nothing of this process happens before that time (a closed lid). */
  sleepUntil(time: number): void
  readonly asleepUntil: number
}

export interface Machine {
  /** Wall clock minus virtual time, ms. */
  clockOffsetMs: number
}

export interface Scheduler {
  readonly now: number
  after(delayMs: number, run: () => void, process?: Process): Disposable
  process(name: string, machine: Machine): Process
  /** Runs events until virtual time `time`; microtasks have drained when it resolves. */
  runUntil(time: number, afterEvent?: () => void): Promise<void>
  readonly eventCount: number
}

/** Virtual time at which every run begins, also the first reading of every wall clock. */
export const START_TIME = Date.UTC(2026, 10, 23, 9, 0, 0)

/** Everything that promises can do without the outside world has happened when this resolves. */
export const drainMicrotasks = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const IN_ONE_TURN_COUNT_MAX = 32

/**
 * Takes steps until one says that there is none; between two of them promises have done everything that they can do. Immediates that are asked for together
 * run one after the other, and the platform drains the microtasks between them: a turn of its own event loop for each was a twentieth of a schedule.
 */
function drainingBetween(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = 0
    let countMax = 1
    let isOver = false
    const ask = (): void => {
      for (left = 0; left < countMax; left++) setImmediate(next)
      countMax = Math.min(2 * countMax, IN_ONE_TURN_COUNT_MAX)
    }
    const next = (): void => {
      left--
      if (isOver) return
      try {
        isOver = !step()
      } catch (error) {
        isOver = true
        return reject(error as Error)
      }
      if (isOver) resolve()
      else if (left === 0) ask()
    }
    ask()
  })
}

/**
 * `settle` is awaited after every event: everything that follows from it at the same virtual moment has happened when it resolves. With parts
 * that leave the process (a real disk) it waits for them, and virtual time stands still meanwhile. `failed` hears what an event throws.
 */
export function createScheduler({ settle, failed }: { settle?(): Promise<void>; failed?(error: unknown): void } = {}): Scheduler {
  let now = START_TIME
  let order = 0
  let eventCount = 0
  const heap: Planned[] = []

  const isBefore = (x: Planned, y: Planned): boolean => x.time < y.time || (x.time === y.time && x.order < y.order)
  const push = (planned: Planned): void => {
    let i = heap.length
    heap.push(planned)
    while (i > 0) {
      const up = (i - 1) >> 1
      if (!isBefore(planned, heap[up]!)) break
      heap[i] = heap[up]!
      i = up
    }
    heap[i] = planned
  }
  const pop = (): Planned => {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }

  const after = (delayMs: number, run: () => void, process: Process | null = null): Disposable => {
    const planned: Planned = { time: now + Math.max(0, Math.ceil(delayMs)), order: order++, run, process }
    push(planned)
    return { dispose: () => void (planned.run = null) }
  }

  /** Out: whether there was an event up to that time. */
  const runNext = (time: number): boolean => {
    while (heap.length > 0 && heap[0]!.time <= time) {
      const planned = pop()
      if (!planned.run || planned.process?.isDead) continue
      if (planned.time > now) now = planned.time
      const wakeTime = planned.process?.asleepUntil ?? 0
      if (wakeTime > now) {
        // Put off in the old order: `order` grows, and events of one process are popped in order.
        planned.time = wakeTime
        planned.order = order++
        push(planned)
        continue
      }
      eventCount++
      try {
        planned.run()
      } catch (error) {
        if (!failed) throw error
        failed(error)
      }
      return true
    }
    return false
  }

  return {
    get now() {
      return now
    },
    get eventCount() {
      return eventCount
    },
    after,
    process(name, machine) {
      let isDead = false
      let asleepUntil = 0
      const process: Process = {
        name,
        get isDead() {
          return isDead
        },
        clock: {
          now: () => now + machine.clockOffsetMs,
          after: (delayMs, callback) => after(delayMs, callback, process),
        },
        kill: () => void (isDead = true),
        get asleepUntil() {
          return asleepUntil
        },
        sleepUntil: (time) => void (asleepUntil = Math.max(asleepUntil, time)),
      }
      return process
    },
    async runUntil(time, afterEvent) {
      let hasRun = false
      /** What follows from the event before has happened. Out: whether there was another one. */
      const step = (): boolean => {
        if (hasRun) afterEvent?.()
        hasRun = runNext(time)
        return hasRun
      }
      if (settle) {
        do await settle()
        while (step())
      } else await drainingBetween(step)
      if (time > now) now = time
    },
  }
}
