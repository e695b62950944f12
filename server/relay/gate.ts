/** Lets so many pieces of asynchronous work run at the same time, the others wait their turn in order. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createGate(atOnceMax: number): Gate {
  let running = 0
  const waiting: (() => void)[] = []
  return {
    async run(work) {
      if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
      else running++
      try {
        return await work()
      } finally {
        // The place goes to the next in line, or is free again.
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}
