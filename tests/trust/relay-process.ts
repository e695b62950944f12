/**
 * The relay that people run, as a child on a free port with a data folder of its own, and everything that may happen to a process. Nothing
 * of the product is called for it: what it says and does is seen from outside. Only processes started here are ended here.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_ENV, NODE_FLAGS } from '../../server/node-flags.mjs'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Longer means that it hangs; the target of five seconds is measured, this only ends the wait. */
const START_MS_MAX = 120_000

export interface RelayOptions {
  data: string
  env?: Record<string, string>
  /** Before the program: preloads. */
  nodeArguments?: readonly string[]
  /** Account to run under; this process must be root then. */
  uid?: number
  /** One that is free, for a relay that names the address of its proxy and not its own. */
  port?: number
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
  ms: number
}

export interface RelayProcess {
  /** http://localhost:port; the same over restarts. */
  readonly address: string
  readonly port: number
  readonly pid: number
  readonly isUp: boolean
  output(): string
  /** Out: ms until it answered on its address. Rejects with what it said when it ended instead. */
  start(): Promise<number>
  /** Does not wait until it listens. */
  launch(): Promise<Ended>
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>
  /** SIGTERM: as asked. */
  stop(): Promise<number | null>
  ended(): Promise<Ended>
}

export function relayProcess(options: RelayOptions): RelayProcess {
  let port = options.port ?? 0
  let child: ChildProcess | null = null
  let output = ''
  let ended: Promise<Ended> = Promise.reject(new Error('never started'))
  ended.catch(() => undefined as never)
  let heard = (): void => undefined

  const launch = (): Promise<Ended> => {
    output = ''
    const began = performance.now()
    const started = spawn(process.execPath, [...NODE_FLAGS, ...(options.nodeArguments ?? []), join(ROOT, 'server/main.ts')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), PORT: String(port), HOST: '127.0.0.1', SAMENPAD_DATA: options.data, ...NODE_ENV, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    })
    child = started
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        heard()
      })
    ended = new Promise((resolve, reject) => {
      started.once('error', reject)
      started.once('close', (code, signal) => {
        if (child === started) child = null
        resolve({ code, signal, output, ms: performance.now() - began })
      })
    })
    return ended
  }
  const end = async (signal: NodeJS.Signals): Promise<Ended> => {
    child?.kill(signal)
    return ended
  }

  return {
    get address() {
      return `http://localhost:${port}`
    },
    get port() {
      return port
    },
    get pid() {
      return child?.pid ?? 0
    },
    get isUp() {
      return child !== null
    },
    output: () => output,
    launch,
    ended: () => ended,
    start() {
      const began = performance.now()
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the relay did not start:\n${output}`)), START_MS_MAX)
        void launch().then(({ code, signal }) => reject(new Error(`the relay ended with ${code ?? signal}:\n${output}`)), reject).finally(() => clearTimeout(timer))
        heard = () => {
          const found = options.port === undefined ? /op http:\/\/[\w.]+:(\d+)/.exec(output)?.[1] : String(options.port)
          if (found === undefined || !output.includes('Ctrl+C')) return
          heard = () => undefined
          port = Number(found)
          clearTimeout(timer)
          resolve(performance.now() - began)
        }
      })
    },
    kill: async () => void (await end('SIGKILL')),
    stop: async () => (await end('SIGTERM')).code,
  }
}

/** The command line of the product on a data folder. */
export async function samenpad(data: string, ...command: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'server/cli.ts'), ...command], { cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...NODE_ENV, SAMENPAD_DATA: data }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let error = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, error }))
  })
}

/** As `samenpad`, and it must succeed. Out: what `--json` printed. */
export async function samenpadJson<T>(data: string, ...command: string[]): Promise<T> {
  const { code, out, error } = await samenpad(data, ...command, '--json')
  if (code !== 0) throw new Error(`samenpad ${command.join(' ')}: ${code} ${error}${out}`)
  return JSON.parse(out) as T
}

/** A folder for as long as the work lasts. */
export async function withFolder<T>(work: (folder: string) => Promise<T>, under = tmpdir()): Promise<T> {
  const folder = mkdtempSync(join(under, 'samenpad-trust-'))
  // A browser that was killed is still writing here for a moment.
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  try {
    const result = await work(folder)
    remove()
    return result
  } catch (problem) {
    // What went wrong first is what is told.
    try {
      remove()
    } catch (left) {
      console.error(`left behind: ${folder}: ${String(left)}`)
    }
    throw problem
  }
}
