/**
 * Who there is in a trial: spaces and people put in the accounts of a fresh data folder before the relay first runs on it, as the command line
 * would, so that a trial does not begin with a hundred password hashes.
 */
import { must } from '../../shared/base/assert.ts'
import type { Id } from '../../shared/base/ids.ts'
import type { Role } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import { openAccounts } from '../../server/auth/accounts.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { takeDataFolder } from '../../server/store/data-folder.ts'
import { systemClock, systemDice } from '../../server/system.ts'

export interface Member {
  person: Person
  cookie: string
}

export interface Group {
  spaces: Id[]
  members: Member[]
  /** Counting on from the last one begins at the first again. */
  space(i: number): Id
  cookie(i: number): string
}

/** Everybody of a group is a member of every space of the group, and of no other. In: the folder may not exist yet. */
export function settleGroups(data: string, groupsCount: number, spacesCount: number, membersCount: number, role: Role = 'leader'): Group[] {
  const folder = takeDataFolder(data)
  if (!folder.ok) throw new Error(`no data folder: ${folder.failure.kind}`)
  const opened = openAccounts({ path: folder.value.file(ACCOUNTS_FILE), mode: 'create', clock: systemClock, dice: systemDice })
  if (!opened.ok) throw new Error(`no accounts: ${opened.failure.kind}`)
  const accounts = opened.value
  const cookieName = `samenpad-${accounts.installation.slice(0, 8)}`
  const groups = Array.from({ length: groupsCount }, (_, g): Group => {
    const spaces = Array.from({ length: spacesCount }, (_, i) => accounts.createSpace({ kind: 'municipality', name: `Gemeente ${g + 1}.${i + 1}` }).space)
    const members = Array.from({ length: membersCount }, (_, i): Member => {
      const made = accounts.createPerson({ login: `lid${g + 1}.${i + 1}@voorbeeld.test`, name: `lid ${g + 1}.${i + 1}`, job: 'projectleider', organisation: 'Voorbeeld' })
      const person = must(made.ok ? made.value : null, 'a fresh login')
      for (const space of spaces) accounts.setRole(person.user, space, role)
      return { person, cookie: `${cookieName}=${accounts.startSession(person.user).token}` }
    })
    return {
      spaces, members,
      space: (i) => must(spaces[i % spaces.length], 'a group has spaces'),
      cookie: (i) => must(members[i % members.length], 'a group has members').cookie,
    }
  })
  accounts.dispose()
  folder.value.dispose()
  return groups
}

export const settle = (data: string, spacesCount: number, membersCount: number, role?: Role): Group => must(settleGroups(data, 1, spacesCount, membersCount, role)[0], 'one group')
