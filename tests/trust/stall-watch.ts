/**
 * How long this thread, with the laptops in it, did nothing else; and an end to it when that is for ever: a thread of its own then says what was being
 * done and ends this process and the relay, because nobody here can.
 */
import { Worker } from 'node:worker_threads'

const BEAT_MS = 10
const HANGS_MS = 90_000
const WORDS_BYTES_MAX = 400

const PROGRAM = `
const { workerData: { memory, pids } } = require('node:worker_threads')
const beats = new Int32Array(memory, 0, 1)
let [seen, since] = [-1, Date.now()]
setInterval(() => {
  const now = Atomics.load(beats, 0)
  if (now !== seen) [seen, since] = [now, Date.now()]
  else if (Date.now() - since > ${HANGS_MS}) {
    require('node:fs').writeSync(2, 'HANGS: ' + Buffer.from(new Uint8Array(memory, 4)).toString().replaceAll('\\0', '') + '\\n')
    for (const pid of pids) process.kill(pid, 'SIGKILL')
  }
}, 1000)
`

export interface StallWatch {
  /** What is being done from now on. */
  doing(words: string): void
  /** What was done until now was work of the trial itself, and nobody's wait. */
  forgive(): void
  /** The worst so far, and what was being done then. */
  worst(): { ms: number; words: string }
  dispose(): Promise<void>
}

export function watchStalls(relayPid: number): StallWatch {
  const memory = new SharedArrayBuffer(4 + WORDS_BYTES_MAX)
  const beats = new Int32Array(memory, 0, 1)
  const shown = new Uint8Array(memory, 4)
  const worker = new Worker(PROGRAM, { eval: true, workerData: { memory, pids: [relayPid, process.pid] } })
  worker.unref()
  let words = ''
  let worst = { ms: 0, words: '' }
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const ms = now - last - BEAT_MS
    if (ms > worst.ms) worst = { ms, words }
    last = now
    Atomics.add(beats, 0, 1)
  }, BEAT_MS)
  return {
    doing(next) {
      words = next
      shown.fill(0)
      shown.set(new TextEncoder().encode(next).subarray(0, WORDS_BYTES_MAX))
    },
    forgive() {
      last = performance.now()
    },
    worst: () => worst,
    async dispose() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}
