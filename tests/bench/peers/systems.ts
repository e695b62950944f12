/**
 * The systems side by side, each a process of its own with a folder of its own: ours through both its doors, the others as their packages make
 * them, and a bare broadcast that is the ceiling of one frame per update and reader. A server is started and ended here only.
 */
import { spawn, execFileSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { must } from '../../../shared/base/assert.ts'
import type { Id } from '../../../shared/base/ids.ts'
import { CLOSE } from '../../../shared/model/errors.ts'
import { startProduct } from '../../support/product.ts'
import { administratorOf, type Administrator } from '../sign-in.ts'
import type { Dialect } from './wire.ts'

const STOP_MS_MAX = 20_000

interface Served {
  readonly name: SystemName
  /** Of the server's process now; 0: not running. */
  readonly pid: number
  /** Everything printed since its last start, for a look at why it ended. */
  output(): string
  isAlive(): boolean
  kill(): Promise<void>
  stop(): Promise<void>
  /** Again, on the same folder. */
  start(): Promise<void>
  dispose(): Promise<void>
}

export interface YjsServer extends Served {
  readonly kind: 'yjs'
  readonly dialect: Dialect
  /** Of the socket of a document; with Hocuspocus the name travels inside. */
  address(doc: Id): string
  readonly port: number
  /** Where the same server has our own door as well. */
  readonly door?: OurDoor
}
export interface OurDoor {
  readonly admin: Administrator
  readonly http: string
  readonly space: Id
}
export interface OurServer extends Served, OurDoor {
  readonly kind: 'ours'
  readonly port: number
}
export interface AutomergeServer extends Served {
  readonly kind: 'automerge'
  readonly port: number
}
export type Server = YjsServer | OurServer | AutomergeServer

export const SYSTEM_NAMES = ['samenpad', 'samenpad-yjs', 'yws', 'yws-leveldb', 'hocuspocus', 'automerge', 'null'] as const
export type SystemName = (typeof SYSTEM_NAMES)[number]
export const isOurs = (name: SystemName): boolean => name === 'samenpad' || name === 'samenpad-yjs'

/** A bench that breaks leaves nobody behind. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server that says its port on its first line. */
async function startScript(script: string, args: (folder: string) => string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-peer-'))
  let child: ChildProcess | null = null
  let output = ''
  let port = 0
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = null
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = once(ending, 'exit')
    ending.kill(signal)
    const late = setTimeout(() => ending.kill('SIGKILL'), STOP_MS_MAX)
    await exited
    clearTimeout(late)
  }
  const start = async (): Promise<void> => {
    output = ''
    const started = spawn(process.execPath, [script, ...args(folder)], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: 'production' } })
    child = started
    running.add(started)
    started.once('exit', () => running.delete(started))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const hear = (chunk: Buffer): void => {
      // What a hostile client makes a server print can be much; the end of it says why it stopped.
      output = (output + chunk.toString()).slice(-20_000)
      const found = /^(?:port )?(\d+)$/m.exec(output)
      if (found && port === 0) resolve((port = Number(found[1])) as unknown as undefined)
    }
    port = 0
    started.stdout.on('data', hear)
    started.stderr.on('data', hear)
    started.once('exit', (code) => reject(new Error(`${script} ended with ${code}:\n${output}`)))
    await promise
  }
  await start()
  return {
    get pid() {
      return child?.pid ?? 0
    },
    get port() {
      return port
    },
    output: () => output,
    isAlive: () => child !== null && child.exitCode === null && child.signalCode === null,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    async dispose() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Extra<S extends Server> = Pick<S, Exclude<keyof S, keyof Served | 'port'>>
/** Getters of the process stay getters. */
const withDetails = <S extends Server>(name: SystemName, process: Awaited<ReturnType<typeof startScript>>, extra: Extra<S>): S =>
  Object.defineProperties({ name }, { ...Object.getOwnPropertyDescriptors(process), ...Object.getOwnPropertyDescriptors(extra) }) as unknown as S

const SCRIPTS = {
  yws: fileURLToPath(new URL('./servers/yws.mjs', import.meta.url)),
  hocuspocus: fileURLToPath(new URL('./servers/hocuspocus.mjs', import.meta.url)),
  automerge: fileURLToPath(new URL('./servers/automerge.mjs', import.meta.url)),
  null: fileURLToPath(new URL('../control.ts', import.meta.url)),
}

async function startOurs(name: 'samenpad' | 'samenpad-yjs'): Promise<Server> {
  const product = await startProduct()
  const admin = await administratorOf(product)
  const space = await admin.createSpace('Meting')
  const served = {
    name,
    get pid() {
      return product.pid
    },
    get port() {
      return Number(new URL(product.address).port)
    },
    output: () => product.output(),
    isAlive() {
      try {
        return product.pid !== 0 && process.kill(product.pid, 0)
      } catch {
        return false // no such process any more
      }
    },
    kill: () => product.kill(),
    stop: async () => void (await product.stop()),
    start: () => product.start(),
    dispose: () => product.dispose(),
  }
  const details = (extra: object): Server => Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(served), ...Object.getOwnPropertyDescriptors(extra) }) as Server
  const door = {
    admin, space,
    get http() {
      return product.address
    },
  }
  if (name === 'samenpad') return details(Object.defineProperties({ kind: 'ours' }, Object.getOwnPropertyDescriptors(door)))
  const cli = join(import.meta.dirname, '..', '..', '..', 'server', 'cli.ts')
  const said = execFileSync(process.execPath, [cli, 'token', '--space', space, '--role', 'member', '--json'], { encoding: 'utf8', env: { ...process.env, SAMENPAD_DATA: product.data } })
  const { token } = JSON.parse(said) as { token: string }
  const address = (doc: Id): string => `${product.address.replace('http', 'ws')}/yjs/${doc}?token=${token}`
  // Another process made the token: the relay looks now and then.
  while (!(await isLetIn(address(space)))) await sleep(100)
  return details({ kind: 'yjs', dialect: 'y-websocket', door, address })
}

const isLetIn = async (address: string): Promise<boolean> => {
  const socket = new WebSocket(address, { perMessageDeflate: false })
  const closed = once(socket, 'close') as Promise<[number]>
  await once(socket, 'open')
  const ended = await Promise.race([closed, sleep(300)])
  socket.terminate()
  return ended === undefined || ended[0] !== CLOSE.signedOut.code
}

export async function start(name: SystemName): Promise<Server> {
  switch (name) {
    case 'samenpad':
    case 'samenpad-yjs':
      return startOurs(name)
    case 'yws':
    case 'yws-leveldb': {
      const process = await startScript(SCRIPTS.yws, (folder) => (name === 'yws' ? [] : [join(folder, 'level')]))
      return withDetails<YjsServer>(name, process, { kind: 'yjs', dialect: 'y-websocket', address: (doc) => `ws://127.0.0.1:${process.port}/${doc}` })
    }
    case 'hocuspocus': {
      const process = await startScript(SCRIPTS.hocuspocus, (folder) => [folder])
      return withDetails<YjsServer>(name, process, { kind: 'yjs', dialect: 'hocuspocus', address: () => `ws://127.0.0.1:${process.port}/` })
    }
    case 'automerge': {
      const process = await startScript(SCRIPTS.automerge, (folder) => [join(folder, 'automerge')])
      return withDetails<AutomergeServer>(name, process, { kind: 'automerge' })
    }
    case 'null': {
      const process = await startScript(SCRIPTS.null, () => [])
      return withDetails<YjsServer>(name, process, { kind: 'yjs', dialect: 'y-websocket', address: () => `ws://127.0.0.1:${process.port}/` })
    }
  }
}

/** Starts servers, hands them over, and ends them however it goes. */
export async function withServers(names: readonly SystemName[], run: (servers: Server[]) => Promise<void>): Promise<void> {
  const servers: Server[] = []
  try {
    for (const name of names) servers.push(await start(name))
    await run(servers)
  } finally {
    for (const server of servers) await server.dispose()
  }
}
export const withServer = (name: SystemName, run: (server: Server) => Promise<void>): Promise<void> => withServers([name], ([server]) => run(must(server, 'one that started')))
