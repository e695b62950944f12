/**
 * The command line on the data folder: `npm run -s samenpad -- <command> [--json]`. Stdout belongs to the answer, with `--json` exactly one
 * document; what went wrong is on stderr for people. Exit code 0 only when the command did what it says.
 */
import { parseArgs } from 'node:util'
import { ok, type Result } from '../shared/base/result.ts'
import { UNRECORDED } from '../shared/model/grants.ts'
import { openAccounts } from './auth/accounts.ts'
import { ACCOUNTS_FILE } from './auth/schema.ts'
import { refuse, table, type Command, type CommandFailure, type Given, type Output, type Surroundings } from './cli/command.ts'
import { COMMANDS } from './cli/commands.ts'
import { dataFolderOf } from './config.ts'
import { explain } from './explain.ts'
import { findDataFolder } from './store/data-folder.ts'
import { failureOf, type DatabaseFailure } from './store/database.ts'
import { systemClock, systemDice } from './system.ts'
import { VERSION } from './version.ts'

const listing = (): string =>
  ['Gebruik: npm run -s samenpad -- OPDRACHT [--json]', '', table(COMMANDS.map(({ name, usage, summary }) => [`  ${name} ${usage}`.trimEnd(), summary])), '', 'SAMENPAD_DATA zegt welke map; zonder is dat ./data'].join('\n')

function readGiven(command: Command, args: readonly string[]): Result<Given & { isJson: boolean }, CommandFailure> {
  const names = command.options.map((name) => name.replace('?', ''))
  const flags = command.flags ?? []
  const usage = `Gebruik: npm run -s samenpad -- ${command.name} ${command.usage}`.trimEnd()
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])), ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' }])) },
    })
    const given = values as Record<string, string | boolean | undefined>
    const missing = command.options.find((name) => !name.endsWith('?') && !given[name])
    if (missing !== undefined) return refuse('usage', `--${missing} ontbreekt. ${usage}`)
    if (positionals.length !== (command.takesFile ? 1 : 0)) return refuse('usage', command.takesFile ? `Geef één bestand. ${usage}` : `${positionals.join(' ')} hoort hier niet. ${usage}`)
    return ok({
      options: Object.fromEntries(names.map((name) => [name, given[name] === undefined ? undefined : String(given[name])])),
      flags: new Set(flags.filter((name) => given[name] === true)),
      file: positionals[0] ?? '',
      isJson: given.json === true,
    })
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) return refuse('usage', `${args.join(' ')} wordt niet begrepen. ${usage}`)
    throw error
  }
}

/** Out: the exit code. */
async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args
  const isJson = rest.includes('--json')
  const command = COMMANDS.find((one) => one.name === name)
  if (!command) {
    if (name === 'help' || name === '--help') {
      console.log(listing())
      return 0
    }
    return tell(refuse('unknown-command', name === undefined ? listing() : `De opdracht ${name} bestaat niet.\n\n${listing()}`), args.includes('--json'))
  }
  const given = readGiven(command, rest)
  if (!given.ok) return tell(given, isJson)
  const result = await command.run(given.value, surroundings)
  account(command, given.value, result, surroundings)
  return tell(result, isJson)
}

/** One record per command, as at every other door. Where there is no data folder, there is nothing to account for. */
function account(command: Command, given: Given, result: Result<Output, CommandFailure>, { data, clock, dice }: Surroundings): void {
  const operation = command.operation(given)
  if (UNRECORDED.has(operation) || (result.ok ? result.value : result.failure).isAccounted) return
  if (!result.ok && result.failure.kind === 'usage') return // nothing was asked yet
  const folder = findDataFolder(data)
  if (!folder.ok) return
  const path = folder.value.file(ACCOUNTS_FILE)
  const notAccounted = (failure: DatabaseFailure): void => console.error(`Deze opdracht kon niet in het register van wie wat deed: ${explain(failure)}`)
  const accounts = openAccounts({ path, mode: 'write', clock, dice })
  if (!accounts.ok) return notAccounted(accounts.failure)
  const { space = null, subject = '' } = result.ok ? (result.value.about ?? {}) : { subject: result.failure.kind }
  try {
    accounts.value.audit.record({ who: null, operation, space, subject, from: 'cli', request: null, result: result.ok ? 'done' : 'refused' })
  } catch (problem) {
    notAccounted(failureOf(problem, path))
  } finally {
    accounts.value.dispose()
  }
}

function tell(result: Result<Output, CommandFailure>, isJson: boolean): number {
  if (result.ok) {
    console.log(isJson ? JSON.stringify(result.value.json, null, 2) : result.value.text)
    return result.value.isBad ? 1 : 0
  }
  console.error(result.failure.message)
  if (isJson) console.log(JSON.stringify({ error: result.failure }, null, 2))
  return 1
}

process.umask(0o077) // copies and exports hold everybody's documents
process.exitCode = await main(process.argv.slice(2), { env: process.env, clock: systemClock, dice: systemDice, version: VERSION, data: dataFolderOf(process.env) })
