/** The misbehaving disk of shim.c from the side of a trial: compiled when asked for, steered by a mapped file, its trace read back. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('shim.c', import.meta.url))

/** Out: the path of the library, or why there is none here. */
export function buildShim(folder: string): { path: string } | { reason: string } {
  if (process.platform !== 'linux') return { reason: `LD_PRELOAD is of Linux, this is ${process.platform}` }
  const path = join(folder, 'shim.so')
  const made = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', path, SOURCE, '-ldl', '-lpthread'], { encoding: 'utf8' })
  if (made.error) return { reason: 'there is no C compiler (cc) here' }
  return existsSync(path) ? { path } : { reason: `the shim does not compile here: ${made.stderr.split('\n')[0] ?? ''}` }
}

export const FAIL_WRITE = 1
export const FAIL_SYNC = 2
export const FAIL_TRUNCATE = 4
export const EIO = 5
export const ENOSPC = 28

export interface Fault {
  calls: number
  /** How many of these calls still go well. */
  after: number
  /** 0: half of a write is written. */
  errno: number
  /** -1: every call from then on. */
  times: number
}

export interface Shim {
  readonly env: Record<string, string>
  arm(fault: Fault): void
  disarm(): void
  /** Bytes by which files may still grow; -1: any. */
  room(bytes: number): void
  syncTakes(microseconds: number): void
  counts(): { writes: number; syncs: number; failed: number }
  /** Bytes of the trace so far: everything that happened before now is in it. */
  position(): number
  trace(): Buffer
  close(): void
}

const WORDS = { calls: 0, after: 1, errno: 2, times: 3, room: 4, delay: 5, writes: 8, syncs: 9, failed: 10 }

/** In: the folder whose files misbehave, and one for the shim's own. */
export function createShim(library: string, data: string, own: string): Shim {
  const controlPath = join(own, 'control')
  const tracePath = join(own, 'trace')
  writeFileSync(controlPath, Buffer.alloc(4096))
  writeFileSync(tracePath, '')
  const control = openSync(controlPath, 'r+')
  const trace = openSync(tracePath, 'r')
  const put = (word: keyof typeof WORDS, value: number): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    writeSync(control, bytes, 0, 8, WORDS[word] * 8)
  }
  const get = (word: keyof typeof WORDS): number => {
    const bytes = Buffer.alloc(8)
    readSync(control, bytes, 0, 8, WORDS[word] * 8)
    return Number(bytes.readBigInt64LE())
  }
  put('room', -1)
  return {
    env: { LD_PRELOAD: library, SHIM_FOLDER: data, SHIM_CONTROL: controlPath, SHIM_TRACE: tracePath },
    arm({ calls, after, errno, times }) {
      put('calls', 0)
      put('failed', 0)
      put('after', after)
      put('errno', errno)
      put('times', times)
      put('calls', calls)
    },
    disarm: () => put('calls', 0),
    room: (bytes) => put('room', bytes),
    syncTakes: (microseconds) => put('delay', microseconds),
    counts: () => ({ writes: get('writes'), syncs: get('syncs'), failed: get('failed') }),
    position: () => fstatSync(trace).size,
    trace: () => readFileSync(tracePath),
    close() {
      closeSync(control)
      closeSync(trace)
    },
  }
}
