/**
 * What an organisation says about somebody, read: name, address to show, and which roles that gives. Pure, and careful: a claim is whatever an
 * administrator elsewhere configured, so every shape but a text or a list of texts counts as nothing.
 *
 * Roles come from rules, one claim value to one role in one space. A space named in a rule follows the organisation for everybody who signs in
 * with it: no fitting value means no role there. Spaces without a rule are left to invitations.
 *
 * Entra ID leaves `groups` out when somebody is in more than 200 ("overage") and names another place to ask. Nothing is guessed then: groups give
 * no role, and the audit says why. Use app roles, or "groups assigned to the application", which stay small.
 */
import type { SpaceId } from '../../shared/base/ids.ts'
import { covers, type Role } from '../../shared/model/grants.ts'
import { NAME_CHARS_MAX } from '../../shared/model/limits.ts'
import type { SpaceInfo } from './directory.ts'
import { isLogin, normalLogin, UNSEEN } from './logins.ts'

export type Claims = Readonly<Record<string, unknown>>

export interface RoleRule {
  /** Name of the claim; `a.b` also looks for b inside a. */
  claim: string
  value: string
  /** Id or name of the space. */
  space: string
  role: Role
}

const isClaims = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The same rules as for a name that a person types. */
const clean = (text: string): string => text.replace(UNSEEN, '').normalize('NFC').trim().slice(0, NAME_CHARS_MAX).toWellFormed()

function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  const [first = '', ...rest] = name.split('.')
  const inside = Object.hasOwn(claims, first) ? claims[first] : undefined
  return rest.length > 0 && isClaims(inside) ? claimOf(inside, rest.join('.')) : undefined
}

/** Out: the texts of a claim; none for every other shape. */
export function valuesOf(claims: Claims, name: string): string[] {
  const found = claimOf(claims, name)
  return typeof found === 'string' ? [found] : Array.isArray(found) ? found.filter((one): one is string => typeof one === 'string') : []
}

/** Whether the organisation left the groups out because there are too many. */
export function isOverage(claims: Claims): boolean {
  const elsewhere = claims._claim_names
  return claims.hasgroups === true || claims.hasgroups === 'true' || (isClaims(elsewhere) && Object.hasOwn(elsewhere, 'groups'))
}

/** Empty when the organisation says no name: then the function is shown, as for everybody without one. */
export const nameOf = (claims: Claims): string =>
  clean(textOf(claims.name)) || clean(`${textOf(claims.given_name)} ${textOf(claims.family_name)}`) || clean(textOf(claims.preferred_username).split('@')[0] ?? '')

/** An address to recognise the account by in lists. It opens nothing and joins no accounts: addresses are given to somebody else in time. */
export function loginOf(claims: Claims): string | null {
  // One that anybody may have typed there would keep whoever it is of from their own account here.
  const email = claims.email_verified === false || claims.email_verified === 'false' ? undefined : claims.email
  const found = [claims.preferred_username, email, claims.upn].map((one) => normalLogin(textOf(one))).find(isLogin)
  return found ?? null
}

/** Out: for every space that a rule names, the highest role that fits, or null. A rule for a space that there is not (yet) does nothing. */
export function rolesOf(claims: Claims, rules: readonly RoleRule[], spaces: readonly SpaceInfo[]): Map<SpaceId, Role | null> {
  const roles = new Map<SpaceId, Role | null>()
  for (const { claim, value, space, role } of rules) {
    const info = spaces.find((one) => one.space === space) ?? spaces.find((one) => one.name.toLowerCase() === space.trim().toLowerCase())
    if (!info || (role === 'programme-leader' && info.kind !== 'programme')) continue
    const held = roles.get(info.space) ?? null
    const isGiven = valuesOf(claims, claim).includes(value)
    roles.set(info.space, isGiven && !(held && covers(held, role)) ? role : held)
  }
  return roles
}
