/**
 * The product as people start it, for tests: the built client and `server/main.ts` as a process of its own on a free port and a data folder of its own.
 * Only processes started here are ended here.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_ENV, NODE_FLAGS } from '../../server/node-flags.mjs'
import { must } from '../../shared/base/assert.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Longer means that it hangs: seeding the example takes some seconds on a busy machine. */
const START_MS_MAX = 90_000

export interface Product {
  /** Without a slash at the end. Stays the same over restarts. */
  readonly address: string
  readonly data: string
  /** Of the relay's process, for accounts of CPU and memory; 0 while it is down. */
  readonly pid: number
  /** Everything the relay printed since its last start. */
  output(): string
  /** Links it printed, by the words before them on their line or the line above. */
  links(): { words: string; url: string }[]
  /** As a power cut: SIGKILL. */
  kill(): Promise<void>
  /** As Ctrl+C. Out: its exit code. */
  stop(): Promise<number | null>
  /** On the same port and data folder. */
  start(): Promise<void>
  /** Stops it and takes its data folder away. */
  dispose(): Promise<void>
}

export interface ProductOptions {
  demo?: boolean
  /** Begin from a copy of this data folder. */
  from?: string
}

export async function startProduct({ demo = false, from }: ProductOptions = {}): Promise<Product> {
  const data = await mkdtemp(join(tmpdir(), 'samenpad-data-'))
  if (from) await cp(from, data, { recursive: true })
  let port = '0'
  let address = ''
  let output = ''
  let child: ChildProcess | null = null

  const exited = (process: ChildProcess): Promise<number | null> =>
    process.exitCode !== null || process.signalCode !== null ? Promise.resolve(process.exitCode) : new Promise((resolve) => process.once('exit', (code) => resolve(code)))

  async function start(): Promise<void> {
    output = ''
    const started = spawn(process.execPath, [...NODE_FLAGS, join(ROOT, 'server/main.ts'), ...(demo ? ['--demo'] : [])], {
      cwd: ROOT,
      env: { ...NODE_ENV, ...process.env, PORT: port, HOST: '127.0.0.1', SAMENPAD_DATA: data, PUBLIC_URL: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`the relay did not start:\n${output}`)), START_MS_MAX)
    started.once('exit', (code) => reject(new Error(`the relay ended with ${code}:\n${output}`)))
    const hear = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = /op (http:\/\/[\w.]+:(\d+))/.exec(output)
      // The last line it prints: by then all links are there.
      if (!found || !output.includes('Ctrl+C')) return
      address = must(found[1], 'the address')
      port = must(found[2], 'the port')
      resolve()
    }
    started.stdout.on('data', hear)
    started.stderr.on('data', hear)
    await promise.finally(() => clearTimeout(timer))
  }
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (!child) return null
    const ending = child
    child = null
    ending.kill(signal)
    return exited(ending)
  }

  await start()
  return {
    get address() {
      return address
    },
    data,
    get pid() {
      return child?.pid ?? 0
    },
    output: () => output,
    links() {
      const lines = output.split('\n')
      return lines.flatMap((line, at) => {
        const url = /https?:\/\/\S+\/welkom\/\S+/.exec(line)?.[0]
        // The words stand before it on the line, or on the line above.
        const before = line.replace(url ?? '', '').trim()
        return url ? [{ words: before === '' ? (lines[at - 1] ?? '').trim() : before, url }] : []
      })
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    start,
    async dispose() {
      await end('SIGTERM')
      await rm(data, { recursive: true, force: true })
    },
  }
}
