/**
 * A relay as people run it, with its accounts open beside it as the command line has them: who is made, moved or shut out here, the relay notices within
 * the second. Everything else goes over its doors.
 */
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import { newId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import type { Role, SpaceKind } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import { openAccounts, type Accounts } from '../../server/auth/accounts.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { takeDataFolder } from '../../server/store/data-folder.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { bugIn } from './crowd.ts'
import type { Member } from './people.ts'
import { relayProcess, withFolder, type RelayProcess } from './relay-process.ts'
import type { Trial } from './row.ts'

export interface Townsman extends Member {
  user: UserId
  /** What the cookie carries. */
  session: string
}

export interface Asked {
  cookie?: string
  bearer?: string
  /** null: none is sent. Left out: our own page. */
  origin?: string | null
  body?: unknown
  headers?: Record<string, string>
}

export interface Answered {
  status: number
  text: string
  headers: Headers
}

export interface Town {
  readonly data: string
  readonly relay: RelayProcess
  readonly accounts: Accounts
  readonly dice: Dice
  readonly spaces: readonly SpaceId[]
  space(i: number): SpaceId
  /** Somebody with a session, known to the relay when `settled` resolves. In: null for somebody of no space. */
  somebody(space: SpaceId | null, role: Role | null, name?: string): Townsman
  cookieOf(session: string): string
  /** A second sign-in of the same person. */
  signIn(user: UserId): Townsman
  /** The relay has seen everything that was changed here. */
  settled(): Promise<void>
  ask(method: string, path: string, asked?: Asked): Promise<Answered>
}

export interface TownOptions {
  spaces: readonly { kind: SpaceKind; name: string }[]
  env?: Record<string, string>
}

/** Longer means that the relay never looks. */
const SETTLED_MS_MAX = 30_000

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Violations besides what the work finds: the relay ended, or says that something impossible happened. */
export const withTown = (trial: Trial, id: string, { spaces, env = {} }: TownOptions, work: (town: Town) => Promise<void>): Promise<void> =>
  withFolder(async (folder) => {
    const data = join(folder, 'data')
    const taken = takeDataFolder(data)
    if (!taken.ok) throw new Error(`no data folder: ${taken.failure.kind}`)
    const open = (mode: 'create' | 'write'): Accounts => {
      const opened = openAccounts({ path: join(data, ACCOUNTS_FILE), mode, clock: systemClock, dice: systemDice })
      if (!opened.ok) throw new Error(`no accounts: ${opened.failure.kind}`)
      return opened.value
    }
    const before = open('create')
    const ids = spaces.map((space) => before.createSpace(space).space)
    before.dispose()
    taken.value.dispose()
    const relay = relayProcess({ data, env, ...(env.PUBLIC_URL === undefined ? {} : { port: await freePort() }) })
    const accounts = open('write')
    const isSecure = env.PUBLIC_URL?.startsWith('https:') ?? false
    const origin = (): string => env.PUBLIC_URL ?? relay.address
    const cookieOf = (session: string): string => `${isSecure ? '__Host-' : ''}samenpad-${accounts.installation.slice(0, 8)}=${session}`
    let serial = 0
    const ask: Town['ask'] = async (method, path, { cookie, bearer, origin: from = origin(), body, headers: more = {} } = {}) => {
      const headers: Record<string, string> = { accept: 'application/json', ...more }
      if (cookie !== undefined) headers.cookie = cookie
      if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`
      if (from !== null) headers.origin = from
      const isBytes = body instanceof Uint8Array
      if (body !== undefined && headers['content-type'] === undefined) headers['content-type'] = isBytes ? 'application/octet-stream' : 'application/json'
      const response = await fetch(relay.address + path, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body: isBytes ? (body as BodyInit) : typeof body === 'string' ? body : JSON.stringify(body) }) })
      return { status: response.status, text: await response.text(), headers: response.headers }
    }
    const withSession = (person: Person): Townsman => {
      const { token } = accounts.startSession(person.user)
      return { person, user: person.user, session: token, cookie: cookieOf(token) }
    }
    const town: Town = {
      data, relay, accounts, spaces: ids, ask, cookieOf,
      dice: namedDice(trial.seed, id),
      space: (i) => must(ids[i % ids.length], 'a town has spaces'),
      somebody(space, role, name = `lid ${++serial}`) {
        const made = accounts.createPerson({ login: `${newId(systemDice).slice(0, 12)}@voorbeeld.test`, name, job: 'projectleider', organisation: 'Voorbeeld' })
        const person = must(made.ok ? made.value : null, 'a fresh login')
        if (space !== null && role !== null) accounts.setRole(person.user, space, role)
        return withSession(person)
      },
      signIn: (user) => withSession(must(accounts.person(user), 'somebody known')),
      async settled() {
        const { cookie, user } = withSession(must(accounts.person(must(accounts.accounts().find(({ kind, isDisabled }) => kind === 'person' && !isDisabled), 'somebody').person.user), 'somebody'))
        const end = Date.now() + SETTLED_MS_MAX
        while ((await ask('GET', '/api/me', { cookie })).status !== 200) {
          if (Date.now() > end) throw new Error(`the relay never knew ${user.slice(0, 6)}`)
          await sleep(50)
        }
      },
    }
    try {
      await relay.start()
      await work(town)
      if (!relay.isUp) trial.violation(`the relay ended: ${relay.output().slice(-500)}`)
      const bug = bugIn(relay)
      if (bug !== null) trial.violation(bug)
    } finally {
      accounts.dispose()
      await relay.kill()
    }
  })
