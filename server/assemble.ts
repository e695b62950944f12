/**
 * The one place that builds the relay, in order, and takes it down in the reverse order. `main.ts` calls it for people, the tests call it
 * for themselves. What can be wrong with folder, databases or address comes back as a value; a bug throws.
 */
import { existsSync, statSync } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Clock } from '../shared/base/clock.ts'
import type { Disposable } from '../shared/base/dispose.ts'
import { newId, type Id, type SpaceId } from '../shared/base/ids.ts'
import type { Dice } from '../shared/base/random.ts'
import type { Person } from '../shared/model/people.ts'
import { fail, ok, type Result } from '../shared/base/result.ts'
import { openAccounts, type Accounts } from './auth/accounts.ts'
import { createOidc } from './auth/oidc.ts'
import { ACCOUNTS_FILE } from './auth/schema.ts'
import type { Config } from './config.ts'
import { demoPeople, seedDemo, type DemoSummary } from './demo/seed.ts'
import { createEraser } from './derive/eraser.ts'
import { createLogReader } from './derive/reader.ts'
import { createReportService } from './derive/report.ts'
import { createSnapshotService } from './derive/snapshot-service.ts'
import { startFailureOf, type ListenFailure, type StartFailure } from './explain.ts'
import { createApp, type App } from './http/app.ts'
import { createYjsGateway } from './http/yjs-gateway.ts'
import type { Readiness } from './http/routes/health.ts'
import type { Storage } from './http/routes/installation.ts'
import type { Relay } from './relay/api.ts'
import { createRelay } from './relay/relay.ts'
import { takeDataFolder } from './store/data-folder.ts'
import { hasLog, settingsOf, type LogSettings } from './store/log-file.ts'
import { StoreProblem } from './store/problem.ts'
import type { StoredLog } from './store/sqlite-log.ts'
import { createThreadedLog } from './store/threaded-log.ts'
import { createThreadedSnapshots } from './store/threaded-snapshots.ts'

export interface Surroundings {
  clock: Clock
  dice: Dice
  log: Logger
  version: string
  /** Folder of the built client. */
  dist: string
  /** For tests, see accounts.ts. */
  passwordCostLog2?: number
}

export interface Running {
  /** What a person types: no slash at the end. */
  readonly address: string
  readonly accounts: Accounts
  readonly relay: Relay
  readonly log: StoredLog
  readonly app: App
  /** Set while there is no administrator: opens once. */
  readonly setupToken: string | null
  /** What was loaded just now; null when the example was there already, or is not wanted. */
  readonly seeded: DemoSummary | null
  /** One per role of the example programme; empty elsewhere. */
  readonly demoLinks: readonly { role: string; person: Person; token: string }[]
  /** Takes no new work, commits and answers what was taken, closes every socket and file. */
  close(): Promise<void>
}

type Report = (event: { kind: string; [detail: string]: unknown }) => void

const SYNCHRONOUS_FULL = 2
const DAY_MS = 86_400_000

export const DIST = fileURLToPath(new URL('../dist', import.meta.url))

export async function startRelay(config: Config, surroundings: Surroundings): Promise<Result<Running, StartFailure>> {
  await using building = new AsyncDisposableStack()
  const { clock, dice, log: logger, version, dist, passwordCostLog2 } = surroundings
  const report: Report = (event) => tell(logger, event)

  const folder = takeDataFolder(config.data)
  if (!folder.ok) return folder
  building.defer(() => folder.value.dispose())

  // Accounts and log belong together: either both are begun here, or both are there and of one installation.
  const accountsPath = folder.value.file(ACCOUNTS_FILE)
  const hasAccounts = (statSync(accountsPath, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (!hasAccounts && hasLog(folder.value.path)) {
    const orphan = await openLog(folder.value.path, { installation: null, lost: [] }, report)
    if (orphan.ok) throw new Error('Bug: a log without accounts was opened')
    return orphan.failure.kind === 'log-foreign' ? fail({ kind: 'missing', path: accountsPath }) : orphan
  }
  const opened = openAccounts({ path: accountsPath, mode: 'create', clock, dice, report, ...(passwordCostLog2 === undefined ? {} : { passwordCostLog2 }) })
  if (!opened.ok) return opened
  const accounts = opened.value
  building.defer(() => accounts.dispose())
  let trimming: Disposable | null = null
  const trimDaily = (): void => {
    accounts.audit.trim(config.auditDays)
    trimming = clock.after(DAY_MS, trimDaily)
  }
  trimDaily()
  building.defer(() => trimming?.dispose())

  // A log that is begun anew on purpose, after it was lost, is filled again by the laptops.
  const lost = accounts.hadLog() ? accounts.spaces().map(({ space }) => space) : []
  const stored = await openLog(folder.value.path, { installation: accounts.installation, lost }, report)
  if (!stored.ok) return stored
  const log = stored.value
  accounts.noteLog()
  building.defer(() => log.close())
  await beginLogs(log, accounts, report)

  const seeded = config.isDemo ? await seedDemo({ log, accounts, dice, clock }) : null
  if (seeded && !seeded.ok && seeded.failure.kind === 'not-empty') return fail({ kind: 'demo-not-empty', path: folder.value.path })

  const snapshots = createThreadedSnapshots({ folder: folder.value.path, report })
  building.defer(() => snapshots.close())
  const relay = createRelay({
    log, directory: accounts, clock, dice, build: version, report, snapshots: { kept: snapshots },
    account: ({ who, operation, space, item, session, from, result }) => accounts.audit.recordSoon({ who, operation, space, subject: item ?? '', from, request: session, result }),
  })
  const snapshotService = createSnapshotService({
    log, relay, snapshots, clock, report, openReader: () => createLogReader({ log, clock, report }), spaces: () => accounts.spaces().map(({ space }) => space),
  })
  building.defer(() => snapshotService.dispose())

  const reader = createLogReader({ log, snapshots, clock, report })
  building.defer(() => reader.dispose())
  const reports = createReportService({ log, relay, reader, clock, report })
  building.defer(() => reports.dispose())

  const controlSecret = newId(dice)
  const app = await createApp({
    accounts, relay, clock, dice, log: logger, version, dist, publicUrl: config.publicUrl, proxies: config.proxies, securityContact: config.securityContact, auditDays: config.auditDays, withdrawsWorker: config.withdrawsWorker,
    oidc: config.oidc ? createOidc({ settings: config.oidc, clock, dice, report }) : null, roleRules: config.oidc?.roleRules ?? [],
    ensureSpace: (space) => log.ensureSpace(space),
    readiness: () => readinessOf(log, accounts),
    storage: () => storageOf(folder.value.path),
    reportOf: (municipalities) => reports.reportOf(municipalities),
    eraser: createEraser({ log, relay, reader, clock, dice, report, forgetDerived: (space) => snapshotService.forget(space) }), controlSecret,
  })
  building.defer(() => app.close())
  const gateway = createYjsGateway({ relay, log, snapshots, directory: accounts, accounts, reader, clock, dice, installation: accounts.installation, isSecure: app.doorkeeper.isSecure, report })
  building.defer(() => gateway.dispose())
  app.upgrades.add('/yjs/', gateway.door)
  // First of all when it stops: what was taken is committed and answered, and every laptop is told to come back later.
  building.defer(() => relay.drain())

  const listening = await listen(app, config)
  if (!listening.ok) return listening
  const address = config.publicUrl ?? listening.value
  snapshots.begin()
  folder.value.note({ pid: process.pid, address, control: { address: listening.value, secret: controlSecret } })

  const done = building.move()
  return ok({
    address, accounts, relay, log, app,
    setupToken: accounts.hasAdministrator() ? null : accounts.createSetupLink().token,
    seeded: seeded?.ok ? seeded.value : null,
    // They open as often as one likes: two browsers side by side are what the example is for.
    demoLinks: config.isDemo ? demoPeople(accounts).map(({ role, person }) => ({ role, person, token: accounts.createSignInLink(person.user, null).token })) : [],
    close: () => done.disposeAsync(),
  })
}

/**
 * Every space has a log: also one that the command line made, or whose log was never begun because the machine stopped in between.
 * A space that is damaged is told, and the others go on.
 */
async function beginLogs(log: StoredLog, accounts: Accounts, report: Report): Promise<void> {
  for (const space of log.damagedSpaces) report({ kind: 'space-damaged', space })
  for (const { space } of accounts.spaces()) {
    try {
      await log.ensureSpace(space)
    } catch (problem) {
      if (!(problem instanceof StoreProblem) || problem.kind !== 'corrupt') throw problem
      report({ kind: 'space-damaged', space, problem })
    }
  }
}

/** SQLite's own files come and go. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0
      throw error
    },
  )

async function storageOf(path: string): Promise<Storage> {
  const files = await readdir(path, { withFileTypes: true })
  const sizes = await Promise.all(files.filter((file) => file.isFile()).map(({ name }) => sizeOf(join(path, name))))
  const { bavail, bsize } = await statfs(path)
  return { usedBytes: sizes.reduce((sum, size) => sum + size, 0), freeBytes: bavail * bsize }
}

async function readinessOf(log: StoredLog, accounts: Accounts): Promise<Readiness> {
  const files = { log: await log.settings(), accounts: settingsOf(accounts.database) }
  const isReady = Object.values(files).every(({ journalMode, synchronous }) => journalMode === 'wal' && synchronous === SYNCHRONOUS_FULL)
  const line = ({ journalMode, synchronous, mmapBytes, sqliteVersion }: LogSettings): string =>
    `journal_mode=${journalMode} synchronous=${synchronous} mmap_size=${mmapBytes} sqlite=${sqliteVersion}`
  return { isReady, checks: Object.fromEntries(Object.entries(files).map(([name, settings]) => [name, line(settings)])) }
}

async function openLog(folder: string, whose: { installation: Id | null; lost: readonly SpaceId[] }, report: Report): Promise<Result<StoredLog, StartFailure>> {
  let isOpen = false
  try {
    // Until it is open, what is wrong is the failure that we return, not something to report besides.
    const log = await createThreadedLog({ folder, ...whose, report: (event) => void (isOpen && report(event)) })
    isOpen = true
    return ok(log)
  } catch (error) {
    return fail(startFailureOf(error, folder))
  }
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
  else if (kind.endsWith('bad-frame')) logger.info({ kind, ...rest }, 'socket closed for a bad frame') // anybody can make these
  else logger.warn({ kind, ...(err === undefined ? {} : { err }), ...rest }, 'the relay reports')
}

/** Whether there is a built client to serve. */
export const isBuilt = (dist: string): boolean => existsSync(`${dist}/index.html`)
