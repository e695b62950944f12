/**
 * The one place that builds the relay, in order, and takes it down in the reverse order. `main.ts` calls it for people, the tests call it
 * for themselves. What can be wrong with folder, databases or address comes back as a value; a bug throws.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Clock } from '../shared/base/clock.ts'
import type { Dice } from '../shared/base/random.ts'
import { fail, ok, type Result } from '../shared/base/result.ts'
import { openAccounts, type Accounts } from './auth/accounts.ts'
import { ACCOUNTS_FILE } from './auth/schema.ts'
import type { Config } from './config.ts'
import type { ListenFailure, StartFailure } from './explain.ts'
import { createApp, type App } from './http/app.ts'
import type { Readiness } from './http/routes/health.ts'
import type { Relay } from './relay/api.ts'
import { createRelay } from './relay/relay.ts'
import { takeDataFolder } from './store/data-folder.ts'
import type { Log } from './store/log.ts'
import { createMemoryLog } from './store/memory-log.ts'

export interface Surroundings {
  clock: Clock
  dice: Dice
  log: Logger
  version: string
  /** Folder of the built client. */
  dist: string
}

export interface Running {
  /** What a person types: no slash at the end. */
  readonly address: string
  readonly accounts: Accounts
  readonly relay: Relay
  readonly app: App
  /** Set while there is no administrator: opens once. */
  readonly setupToken: string | null
  /** Takes no new work, commits and answers what was taken, closes every socket and file. */
  close(): Promise<void>
}

export const DIST = fileURLToPath(new URL('../dist', import.meta.url))

export async function startRelay(config: Config, surroundings: Surroundings): Promise<Result<Running, StartFailure>> {
  await using building = new AsyncDisposableStack()
  const { clock, dice, log: logger, version, dist } = surroundings
  const report = (event: { kind: string; [detail: string]: unknown }): void => tell(logger, event)

  const folder = takeDataFolder(config.data)
  if (!folder.ok) return folder
  building.defer(() => folder.value.dispose())

  const log: Log = createMemoryLog({ dice })
  building.defer(() => log.close())

  const opened = openAccounts({ path: folder.value.file(ACCOUNTS_FILE), mode: 'create', clock, dice })
  if (!opened.ok) return opened
  const accounts = opened.value
  building.defer(() => accounts.dispose())
  // A space that the command line made, or whose log was never begun because the machine stopped in between.
  for (const { space } of accounts.spaces()) await log.ensureSpace(space)

  const relay = createRelay({ log, directory: accounts, clock, dice, build: version, report })

  const app = await createApp({
    accounts, relay, clock, log: logger, version, dist, publicUrl: config.publicUrl,
    ensureSpace: (space) => log.ensureSpace(space),
    readiness: () => readinessOf(accounts),
    reportOf: async () => ({ municipalities: [], computedAt: clock.now() }),
  })
  building.defer(() => app.close())
  building.defer(() => relay.drain())

  const listening = await listen(app, config)
  if (!listening.ok) return listening
  const address = config.publicUrl ?? listening.value
  folder.value.note({ pid: process.pid, address })

  const done = building.move()
  return ok({
    address, accounts, relay, app,
    setupToken: accounts.hasAdministrator() || config.isDemo ? null : accounts.createSetupLink().token,
    close: () => done.disposeAsync(),
  })
}

async function readinessOf(accounts: Accounts): Promise<Readiness> {
  const { journalMode, synchronous } = accounts.database.durability()
  const isDurable = journalMode === 'wal' && synchronous === 2
  return { isReady: isDurable, checks: { accounts: `journal_mode=${journalMode} synchronous=${synchronous}` } }
}

async function listen(app: App, { host, port }: Config): Promise<Result<string, ListenFailure>> {
  try {
    await app.fastify.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') return fail({ kind: 'port-busy', host, port })
    if (code === 'EACCES') return fail({ kind: 'port-forbidden', host, port })
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return fail({ kind: 'host-unknown', host, port })
    throw error
  }
  const bound = app.fastify.addresses()[0]
  const isThisMachine = ['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'].includes(host)
  const shown = isThisMachine ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return ok(`http://${shown}:${typeof bound === 'object' ? bound.port : port}`)
}

/** Events of the relay for whoever runs it. None holds document text; a bug keeps its stack. */
function tell(logger: Logger, { kind, ...details }: { kind: string; [detail: string]: unknown }): void {
  const { bug, error, problem, ...rest } = details
  const err = bug ?? error ?? problem
  if (kind === 'bug') logger.error({ kind, err, ...rest }, 'a bug in the relay')
  else logger.warn({ kind, ...(err === undefined ? {} : { err }), ...rest }, 'the relay reports')
}

/** Whether there is a built client to serve. */
export const isBuilt = (dist: string): boolean => existsSync(`${dist}/index.html`)
