/** What the numbers were measured on, and the operating system's own accounts of a process. */
import { execFileSync } from 'node:child_process'
import { openSync, closeSync, fsyncSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => {
  // Some packages do not export their package.json; the file beside their entry says the same.
  const path = require.resolve.paths(name)?.map((folder) => join(folder, name, 'package.json')).find((file) => exists(file))
  return path ? String((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version) : 'not installed'
}
function exists(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false // not in this folder: the next one is asked
  }
}

export function describeMachine(): string[] {
  const [cpu] = cpus()
  return [
    `date      ${new Date().toISOString().slice(0, 10)}, commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()}`,
    `machine   ${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    `versions  Node ${process.versions.node}, SQLite ${process.versions.sqlite ?? '?'}, yjs ${versionOf('yjs')}, automerge ${versionOf('@automerge/automerge')}, ws ${versionOf('ws')}, dexie ${versionOf('dexie')}, Chromium of ${versionOf('@sparticuz/chromium')}`,
    `load      ${loadavg()[0]?.toFixed(1)} when it began: above 0.5 something else was running, and absolute times say little`,
  ]
}

/** Seconds of CPU that a process used so far, all its threads, user and system (Linux). */
export const cpuSeconds = (pid: number): number => secondsIn(`/proc/${pid}/stat`)

/** Of it, what its first thread used: the one that all sockets share. */
export const firstThreadSeconds = (pid: number): number => secondsIn(`/proc/${pid}/task/${pid}/stat`)

function secondsIn(statFile: string): number {
  const fields = readFileSync(statFile, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100 // clock ticks of 10 ms
}

/** Resident memory of a process, MiB (Linux). */
export const residentMiB = (pid: number): number => Number(must(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1], 'VmRSS')) / 1024

/** What one flush of 4 KiB costs on the disk under `folder`, ms, sorted. */
export function fsyncTimes(folder: string, count: number): number[] {
  const path = join(folder, 'fsync-probe')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(4096, 1)
  const times = Array.from({ length: count }, () => {
    const before = performance.now()
    writeSync(file, block)
    fsyncSync(file)
    return performance.now() - before
  })
  closeSync(file)
  rmSync(path)
  return times.sort((a, b) => a - b)
}

/** In: sorted numbers. */
export const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
