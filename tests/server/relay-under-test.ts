// A whole relay for one test: real files in a fresh folder, a real port, everything that main.ts builds. The test gets its doors; the
// helper closes and removes what was opened.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, expect, vi } from 'vitest'
import WebSocket from 'ws'
import { must } from '../../shared/base/assert.ts'
import type { Role } from '../../shared/model/grants.ts'
import { startRelay, type Running } from '../../server/assemble.ts'
import type { Config } from '../../server/config.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { plainConfig } from '../support/plain-config.ts'

// Threads and processes are started here, on machines that do other work as well: this limit only says "it hangs".
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })

export const PASSWORD = 'elf fietsen in de regen'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
/** Ends with the test, in the reverse order. */
export const atEnd = (cleanup: () => unknown): void => void cleanups.push(cleanup)

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-test-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A built client of two files, as far as the relay can tell. */
export function freshDist(): string {
  const dist = join(freshFolder(), 'dist')
  mkdirSync(join(dist, 'assets'), { recursive: true })
  writeFileSync(join(dist, 'index.html'), '<!doctype html><head><title>Samenpad</title>')
  writeFileSync(join(dist, 'sw.js'), '// service worker')
  writeFileSync(join(dist, 'assets', 'main-1a2b3c.js'), 'export const built = true')
  return dist
}

export interface UnderTest {
  running: Running
  /** http://127.0.0.1:port */
  origin: string
  port: number
  folder: string
  lines: string[]
  ask(method: string, path: string, options?: { cookie?: string; bearer?: string; origin?: string | null; body?: unknown; accept?: string }): Promise<Asked>
  /** Makes an administrator through the set-up link; returns the cookie. */
  administrator(): Promise<string>
  space(name?: string, kind?: 'municipality' | 'programme'): string
  member(space: string, role: Role, login?: string): Promise<{ user: string; cookie: string }>
  bearer(space: string, role: Role): string
}

export interface Asked {
  status: number
  // reason: tests read whatever came
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any
  text: string
  headers: Headers
  /** `name=value` of the session cookie that was set. */
  cookie: string
}

export async function startUnderTest(given: Partial<Config> & { dist?: string } = {}): Promise<UnderTest> {
  const lines: string[] = []
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => void lines.push(line) })
  const { dist = freshDist(), ...settings } = given
  const config = plainConfig({ data: join(freshFolder(), 'data'), logLevel: 'info', ...settings })
  const started = await startRelay(config, { clock: systemClock, dice: systemDice, log, version: '0.0.0-test', dist, passwordCostLog2: 8 })
  if (!started.ok) return expect.unreachable(started.failure.kind)
  const running = started.value
  atEnd(() => running.close())
  const bound = must(running.app.fastify.addresses()[0], 'listens')
  const port = typeof bound === 'object' ? bound.port : 0
  const origin = `http://127.0.0.1:${port}`
  const { accounts } = running

  const ask: UnderTest['ask'] = async (method, path, { cookie, bearer, origin: from = origin, body, accept = 'application/json' } = {}) => {
    const headers: Record<string, string> = { accept, connection: 'close' }
    if (cookie !== undefined) headers.cookie = cookie
    if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`
    if (from !== null) headers.origin = from
    const isBytes = body instanceof Uint8Array
    if (body !== undefined) headers['content-type'] = isBytes ? 'application/octet-stream' : 'application/json'
    const response = await fetch(origin + path, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body: isBytes ? (body as BodyInit) : JSON.stringify(body) }) })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined, headers: response.headers, cookie: (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '' }
  }

  let count = 0
  return {
    running, origin, port, lines, ask, folder: config.data,
    async administrator() {
      const { token } = accounts.createSetupLink()
      const answer = await ask('POST', `/api/links/${token}`, { body: person('beheer@gemeente.nl') })
      expect(answer.status).toBe(200)
      return answer.cookie
    },
    space: (name = 'Schiedam', kind = 'municipality') => accounts.createSpace({ kind, name }).space,
    async member(space, role, login = `${role}${++count}@gemeente.nl`) {
      const made = accounts.createPerson({ login, name: role, job: role, organisation: 'gemeente' })
      const user = made.ok ? made.value.user : expect.unreachable('login taken')
      accounts.setRole(user, space, role)
      return { user, cookie: `${running.app.doorkeeper.cookieName}=${accounts.startSession(user).token}` }
    },
    bearer: (space, role) => accounts.createToken({ space, role, label: 'test' }).token,
  }
}

export const person = (login: string) => ({ login, name: 'projectleider', job: 'projectleider', organisation: 'gemeente', password: PASSWORD })

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A program of the product in a process of its own; killed when the test ends before it. */
export function run(file: 'server/main.ts' | 'server/cli.ts', args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, file), ...args], { cwd: root, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  atEnd(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  const seen = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const look of seen) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  return {
    child,
    ended,
    /** Resolves to what `pattern` found on stdout; rejects when the process ends without it. */
    says: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout)
          if (found) resolve(found)
        }
        seen.add(look)
        look()
        void ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)))
      }),
  }
}

/** Sends raw bytes, returns everything that comes back until the other side closes. */
export async function raw(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'connect')
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(pieces).toString('latin1')
}

export function upgradeRequest(path: string, headers: Record<string, string>): string {
  const lines = Object.entries({ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...headers })
  return `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`
}

/** A websocket that keeps what it hears; `closed` resolves to the close code. */
export function openSocket(url: string, options: { cookie?: string; bearer?: string; origin?: string }) {
  const headers: Record<string, string> = {}
  if (options.cookie !== undefined) headers.cookie = options.cookie
  if (options.bearer !== undefined) headers.authorization = `Bearer ${options.bearer}`
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, ...(options.origin === undefined ? {} : { origin: options.origin }) })
  socket.binaryType = 'nodebuffer'
  const frames: Buffer[] = []
  const waiting: ((frame: Buffer) => void)[] = []
  socket.on('message', (data) => {
    const frame = data as Buffer
    const next = waiting.shift()
    if (next) next(frame)
    else frames.push(frame)
  })
  let refusedWith = 0
  socket.on('unexpected-response', (_request, response) => {
    refusedWith = response.statusCode ?? 0
    socket.terminate()
  })
  socket.on('error', () => undefined) // its close follows, with what is of interest
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(refusedWith || code)))
  atEnd(() => socket.terminate())
  return {
    socket,
    closed,
    opened: new Promise<void>((resolve) => socket.on('open', () => resolve())),
    next: () => new Promise<Buffer>((resolve) => {
      const frame = frames.shift()
      if (frame) resolve(frame)
      else waiting.push(resolve)
    }),
  }
}
