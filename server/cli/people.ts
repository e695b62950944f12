/** Spaces, users, invitations and tokens: what an administrator does from the machine itself. */
import { ok } from '../../shared/base/result.ts'
import { ROLES, type Role } from '../../shared/model/grants.ts'
import { NAME_CHARS_MAX } from '../../shared/model/limits.ts'
import { findSpace, refuse, table, withAccounts, type Command, type CommandFailure } from './command.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { SpaceInfo } from '../auth/directory.ts'
import type { RelayNote } from '../store/data-folder.ts'
import type { Result } from '../../shared/base/result.ts'

const DEFAULT_PORT = '4180'

function readRole(accounts: Accounts, space: string, role: string): Result<{ space: SpaceInfo; role: Role }, CommandFailure> {
  const found = findSpace(accounts, space)
  if (!found.ok) return found
  const known = ROLES.find((one) => one === role)
  if (!known) return refuse('unknown-role', `De rol ${role} bestaat niet. Kies uit: ${ROLES.join(', ')}.`)
  if (known === 'programme-leader' && found.value.kind !== 'programme') return refuse('unfitting-role', `De rol programme-leader past alleen bij een programma; ${found.value.name} is dat niet.`)
  return ok({ space: found.value, role: known })
}

const accountOf = (accounts: Accounts, login: string) => accounts.accounts().find((account) => account.login === login.trim().toLowerCase() || account.person.user === login)
const refuseUnknown = (login: string) => refuse('unknown-user', `${login} is niet bekend. Kijk wie er zijn met: npm run -s samenpad -- users`)
/** What people type to get to the relay, whether it runs now or not. */
const addressOf = (env: NodeJS.ProcessEnv, relay: RelayNote | null): string =>
  env.PUBLIC_URL ? new URL(env.PUBLIC_URL).origin : (relay?.address ?? `http://localhost:${env.PORT || DEFAULT_PORT}`)

export const spaces: Command = {
  name: 'spaces',
  usage: '',
  summary: 'Laat zien welke ruimtes er zijn',
  options: [],
  operation: () => 'machine.read',
  run: (_given, surroundings) =>
    withAccounts(surroundings, 'read', ({ accounts }) => {
      const list = accounts.spaces().map(({ space, kind, name }) => ({ id: space, kind, name, members: accounts.membersOf(space).length }))
      return ok({ json: { spaces: list }, text: list.length === 0 ? 'Er zijn nog geen ruimtes.' : table(list.map(({ id, kind, name, members }) => [id, kind, name, `${members} leden`])) })
    }),
}

export const users: Command = {
  name: 'users',
  usage: '[--disable LOGIN] [--enable LOGIN]',
  summary: 'Laat zien wie er zijn; sluit iemand (of een token) buiten, of laat iemand weer toe',
  options: ['disable?', 'enable?'],
  operation: ({ options }) => (options.disable === undefined && options.enable === undefined ? 'machine.read' : 'machine.account'),
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, options.disable === undefined && options.enable === undefined ? 'read' : 'write', ({ accounts }) => {
      const changed: string[] = []
      for (const [login, isDisabled] of [[options.disable, true], [options.enable, false]] as const) {
        if (login === undefined) continue
        const wanted = accountOf(accounts, login)
        if (!wanted) return refuseUnknown(login)
        accounts.setDisabled(wanted.person.user, isDisabled)
        changed.push(`${wanted.person.user} ${isDisabled ? 'disabled' : 'enabled'}`)
      }
      const list = accounts.accounts().map(({ person, kind, login, isAdministrator, isDisabled }) => ({
        id: person.user, kind, login, name: person.name, job: person.job, organisation: person.organisation, administrator: isAdministrator, disabled: isDisabled,
        spaces: accounts.spacesOf(person.user).map(({ info, role }) => ({ id: info.space, name: info.name, role })),
      }))
      const rows = list.map(({ login, name, organisation, administrator, disabled, spaces }) => [
        login, name, organisation, [administrator ? 'beheerder' : '', disabled ? 'buitengesloten' : '', ...spaces.map(({ name, role }) => `${name}: ${role}`)].filter(Boolean).join(', '),
      ])
      return ok({ json: { users: list }, text: list.length === 0 ? 'Er is nog niemand.' : table(rows), about: { subject: changed.join(', ') } })
    }),
}

export const token: Command = {
  name: 'token',
  usage: '--space S --role R [--label TEKST]',
  summary: 'Maakt een token voor scripts en y-websocket-programma’s, voor één ruimte; de token staat alleen nu op het scherm',
  options: ['space', 'role', 'label?'],
  operation: () => 'machine.token',
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, 'write', ({ accounts }) => {
      const read = readRole(accounts, options.space ?? '', options.role ?? '')
      if (!read.ok) return read
      const { space, role } = read.value
      const label = (options.label ?? `script ${role}`).slice(0, NAME_CHARS_MAX)
      const made = accounts.createToken({ space: space.space, role, label })
      return ok({ json: { token: made.token, user: made.user, label, role, space: { id: space.space, name: space.name } }, text: made.token, about: { space: space.space, subject: `${made.user} ${role}` } })
    }),
}

export const invite: Command = {
  name: 'invite',
  usage: '--space S --role R',
  summary: 'Maakt een uitnodiging voor één persoon',
  options: ['space', 'role'],
  operation: () => 'machine.invite',
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, 'write', ({ accounts, relay }) => {
      const read = readRole(accounts, options.space ?? '', options.role ?? '')
      if (!read.ok) return read
      const { space, role } = read.value
      const { env } = surroundings
      const made = accounts.createInvitation({ space: space.space, role, by: null })
      const link = `${addressOf(env, relay)}/welkom/${made.token}`
      return ok({ json: { link, expiresAt: made.expiresAt, role, space: { id: space.space, name: space.name } }, text: link, about: { space: space.space, subject: role } })
    }),
}

export const reset: Command = {
  name: 'reset',
  usage: '--login LOGIN',
  summary: 'Maakt een link waarmee iemand een nieuw wachtwoord kiest; ook voor een beheerder die niet meer binnenkomt',
  options: ['login'],
  operation: () => 'machine.account',
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, 'write', ({ accounts, relay }) => {
      const login = options.login ?? ''
      const wanted = accountOf(accounts, login)
      if (!wanted) return refuseUnknown(login)
      const made = accounts.createResetLink(wanted.person.user, null)
      if (!made.ok) return made.failure.kind === 'conflict'
        ? refuse('organisation', `${login} logt in met de organisatie. Wijzig het wachtwoord daar.`)
        : refuse('no-password', `${login} is buitengesloten, of een script: er is geen wachtwoord te kiezen.`)
      const link = `${addressOf(surroundings.env, relay)}/welkom/${made.value.token}`
      return ok({ json: { link, expiresAt: made.value.expiresAt, user: wanted.person.user }, text: link, about: { subject: `reset ${wanted.person.user}` } })
    }),
}
