/**
 * What a command of the command line is: options in, one JSON value and its text for people out. Commands look beside a running relay (SQLite's
 * write-ahead log allows it) or without one; what they change, a running relay notices within the second.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { Door } from '../../shared/model/grants.ts'
import { openAccounts, type Accounts } from '../auth/accounts.ts'
import type { SpaceInfo } from '../auth/directory.ts'
import { ACCOUNTS_FILE } from '../auth/schema.ts'
import { explain, startFailureOf, type StartFailure } from '../explain.ts'
import { findDataFolder, type RelayNote } from '../store/data-folder.ts'
import { failureOf } from '../store/database.ts'
import { openLogDatabase } from '../store/log-file.ts'
import { createLogReader, type LogReader } from '../store/log-reader.ts'
import { LOG_FILE } from '../store/log-rows.ts'

/** `kind` is for programs, `message` (Dutch) for people. */
export interface CommandFailure {
  kind: string
  message: string
  /** The relay that was asked accounted for it already. */
  isAccounted?: boolean
}

export interface Output {
  json: unknown
  /** For people; without a line break at the end. */
  text: string
  /** Everything was looked at, and something is wrong: exit code 1 all the same. */
  isBad?: boolean
  /** For the account of who did what; never content. */
  about?: { space?: SpaceId; subject: string }
  /** The relay that was asked accounted for it already. */
  isAccounted?: boolean
}

export interface Surroundings {
  env: NodeJS.ProcessEnv
  clock: Clock
  dice: Dice
  version: string
  /** As given, not resolved. */
  data: string
}

export interface Given {
  /** Values of options that take one. */
  options: Readonly<Record<string, string | undefined>>
  flags: ReadonlySet<string>
  /** The FILE of commands that take one. */
  file: string
}

export interface Command {
  name: string
  /** As shown in the list: `--space S --role R`. */
  usage: string
  summary: string
  /** Options that take a value; those without `?` are required. */
  options: readonly string[]
  flags?: readonly string[]
  takesFile?: boolean
  /** What the account of who did what calls it. */
  operation(given: Given): Door
  run(given: Given, surroundings: Surroundings): Promise<Result<Output, CommandFailure>> | Result<Output, CommandFailure>
}

export const refuse = (kind: string, message: string): { ok: false; failure: CommandFailure } => fail({ kind, message })
export const refuseStart = (failure: StartFailure): { ok: false; failure: CommandFailure } => refuse(failure.kind, explain(failure))

export interface OpenedData {
  path: string
  relay: RelayNote | null
  accounts: Accounts
}

/** Opens the accounts of the data folder for one piece of work, and closes them after it. A disk without room, or another program that holds them, becomes a failure with a next step. */
export async function withAccounts(
  { data, clock, dice }: Surroundings, mode: 'read' | 'write', work: (opened: OpenedData) => Promise<Result<Output, CommandFailure>> | Result<Output, CommandFailure>,
): Promise<Result<Output, CommandFailure>> {
  const folder = findDataFolder(data)
  if (!folder.ok) return refuseStart(folder.failure)
  const path = folder.value.file(ACCOUNTS_FILE)
  const accounts = openAccounts({ path, mode, clock, dice })
  if (!accounts.ok) return refuseStart(accounts.failure)
  try {
    return await work({ path: folder.value.path, relay: folder.value.relay, accounts: accounts.value })
  } catch (error) {
    return refuseStart(failureOf(error, path))
  } finally {
    accounts.value.dispose()
  }
}

/** Reads the log beside whoever writes it. A store that cannot be read becomes a failure with a next step. */
export async function withLog(path: string, work: (log: LogReader) => Promise<Result<Output, CommandFailure>> | Result<Output, CommandFailure>): Promise<Result<Output, CommandFailure>> {
  try {
    const log = createLogReader(() => openLogDatabase(`${path}/${LOG_FILE}`, 'read'))
    try {
      return await work(log)
    } finally {
      log.close()
    }
  } catch (error) {
    return refuseStart(startFailureOf(error, path))
  }
}

/** In: an id, or a name in any case. */
export function findSpace(accounts: Accounts, wanted: string): Result<SpaceInfo, CommandFailure> {
  const spaces = accounts.spaces()
  const byId = spaces.find(({ space }) => space === wanted)
  if (byId) return ok(byId)
  const byName = spaces.filter(({ name }) => name.toLocaleLowerCase('nl') === wanted.trim().toLocaleLowerCase('nl'))
  const [only] = byName
  if (only && byName.length === 1) return ok(only)
  if (only) return refuse('ambiguous-space', `Er zijn ${byName.length} ruimtes met de naam ${wanted}. Gebruik het kenmerk uit: npm run -s samenpad -- spaces`)
  return refuse('unknown-space', `De ruimte ${wanted} bestaat niet. Kijk welke er zijn met: npm run -s samenpad -- spaces`)
}

/** Columns as wide as their longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
