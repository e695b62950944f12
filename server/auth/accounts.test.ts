// The accounts on a real file, with a clock and dice of the test's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { seededDice } from '../../shared/base/random.ts'
import type { Role } from '../../shared/model/grants.ts'
import { openAccounts, type Accounts } from './accounts.ts'

const DAY_MS = 86_400_000
const PASSWORD = 'elf fietsen in de regen'

/** Time stands still until the test moves it; what is due then is called. */
function createHandClock(): Clock & { move(ms: number): void } {
  let now = 1_800_000_000_000
  let waiting: { at: number; callback: () => void }[] = []
  return {
    now: () => now,
    after(delayMs, callback) {
      const one = { at: now + delayMs, callback }
      waiting.push(one)
      return { dispose: () => void (waiting = waiting.filter((other) => other !== one)) }
    },
    move(ms) {
      now += ms
      const due = waiting.filter(({ at }) => at <= now)
      waiting = waiting.filter(({ at }) => at > now)
      for (const { callback } of due) callback()
    },
  }
}

let folder: string
let clock: ReturnType<typeof createHandClock>
let accounts: Accounts
const others: Accounts[] = []

function open(seed: number): Accounts {
  const opened = openAccounts({ path: join(folder, 'accounts.sqlite'), mode: 'create', clock, dice: seededDice(seed), passwordCostLog2: 8 })
  if (!opened.ok) throw new Error(opened.failure.kind)
  return opened.value
}
/** The same file, opened by another process as the command line does. */
function openBeside(): Accounts {
  const other = open(2)
  others.push(other)
  return other
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samenpad-accounts-'))
  clock = createHandClock()
  accounts = open(1)
})
afterEach(() => {
  for (const other of others.splice(0)) other.dispose()
  accounts.dispose()
  rmSync(folder, { recursive: true })
})

const newPerson = (login: string, password = PASSWORD) => ({ login, name: 'verloskundige', job: 'verloskundige', organisation: 'praktijk', password })

function setUp() {
  const schiedam = accounts.createSpace({ kind: 'municipality', name: 'Schiedam' }).space
  const programme = accounts.createSpace({ kind: 'programme', name: 'Programma' }).space
  const made = accounts.createPerson({ login: 'leider@programma.nl', name: 'programmaleider', job: '', organisation: '' })
  if (!made.ok) throw new Error('taken')
  const leader = made.value.user
  const join = async (login: string, role: Role) => {
    const { token } = accounts.createInvitation({ space: schiedam, role, by: null })
    const accepted = await accounts.acceptLink(token, newPerson(login), null)
    return accepted.ok ? accepted.value.user : expect.unreachable(accepted.failure.kind)
  }
  return { schiedam, programme, leader, join }
}

describe('links', () => {
  test('an invitation makes one person a member, once', async () => {
    const { schiedam } = setUp()
    const { token } = accounts.createInvitation({ space: schiedam, role: 'member', by: null })
    expect(accounts.readLink(token)).toMatchObject({ ok: true, value: { kind: 'invitation', role: 'member', space: { name: 'Schiedam' }, person: null } })

    const first = await accounts.acceptLink(token, newPerson('een@praktijk.nl'), null)
    const user = first.ok ? first.value.user : expect.unreachable(first.failure.kind)
    expect(accounts.roleIn(user, schiedam)).toBe('member')
    expect(accounts.may(user, schiedam, 'item.write')).toBe(true)

    expect(accounts.readLink(token)).toEqual({ ok: false, failure: { kind: 'link-used' } })
    expect(await accounts.acceptLink(token, newPerson('twee@praktijk.nl'), null)).toEqual({ ok: false, failure: { kind: 'link-used' } })
    expect(accounts.accounts().map(({ login }) => login)).not.toContain('twee@praktijk.nl')
  })

  test('two people with one link at the same moment: one gets in', async () => {
    const { schiedam } = setUp()
    const { token } = accounts.createInvitation({ space: schiedam, role: 'member', by: null })
    const both = await Promise.all(['een@praktijk.nl', 'twee@praktijk.nl'].map((login) => accounts.acceptLink(token, newPerson(login), null)))
    expect(both.filter(({ ok }) => ok)).toHaveLength(1)
    expect(accounts.membersOf(schiedam)).toHaveLength(1)
  })

  test('a link ends after its days, and an unknown one says only that', () => {
    const { schiedam } = setUp()
    const { token } = accounts.createInvitation({ space: schiedam, role: 'member', by: null })
    clock.move(15 * DAY_MS)
    expect(accounts.readLink(token)).toEqual({ ok: false, failure: { kind: 'link-expired' } })
    expect(accounts.readLink('A'.repeat(43))).toEqual({ ok: false, failure: { kind: 'not-found' } })
    expect(accounts.readLink("' OR 1=1 --")).toEqual({ ok: false, failure: { kind: 'not-found' } })
  })

  test('somebody who exists already joins with the password, or signed in with nothing; a wrong password joins nobody', async () => {
    const { schiedam, join } = setUp()
    const user = await join('een@praktijk.nl', 'member')
    const almere = accounts.createSpace({ kind: 'municipality', name: 'Almere' }).space
    const invite = () => accounts.createInvitation({ space: almere, role: 'reader', by: null }).token

    expect(await accounts.acceptLink(invite(), newPerson('EEN@praktijk.nl ', 'iets heel anders'), null)).toEqual({ ok: false, failure: { kind: 'wrong-credentials' } })
    expect(accounts.roleIn(user, almere)).toBeNull()
    expect(await accounts.acceptLink(invite(), newPerson('EEN@praktijk.nl '), null)).toMatchObject({ ok: true, value: { user } })
    accounts.setRole(user, almere, null)
    expect(await accounts.acceptLink(invite(), null, user)).toMatchObject({ ok: true, value: { user } })
    expect(accounts.roleIn(user, almere)).toBe('reader')
    expect(await accounts.acceptLink(invite(), null, null)).toEqual({ ok: false, failure: { kind: 'bad-request' } })
    expect(accounts.roleIn(user, schiedam)).toBe('member')
  })

  test('a link does what its maker may at that moment: nobody comes back, or gets higher, by one that they kept', async () => {
    const { schiedam, join } = setUp()
    const [admin, leader, member] = [await join('baas@gemeente.nl', 'admin'), await join('leider@gemeente.nl', 'leader'), await join('een@praktijk.nl', 'member')]
    const almere = accounts.createSpace({ kind: 'municipality', name: 'Almere' }).space
    const mine = accounts.createInvitation({ space: schiedam, role: 'admin', by: admin }).token
    const forOthers = accounts.createInvitation({ space: schiedam, role: 'reader', by: leader }).token
    const resetOf = (user: string, by: string): string => {
      const made = accounts.createResetLink(user, by)
      return made.ok ? made.value.token : expect.unreachable(made.failure.kind)
    }
    const gone = { ok: false, failure: { kind: 'not-found' } }

    // Whose password it is became more than its maker is: elsewhere, or of the installation.
    const reset = resetOf(member, admin)
    accounts.setRole(member, almere, 'reader')
    expect(await accounts.acceptLink(reset, { password: 'twaalf tegels' }, null)).toEqual(gone)
    accounts.setRole(member, almere, null)
    expect(accounts.readLink(reset).ok).toBe(true)

    accounts.setRole(admin, schiedam, null)
    expect(await accounts.acceptLink(mine, null, admin)).toEqual(gone)
    expect(await accounts.acceptLink(mine, newPerson('nieuw@praktijk.nl'), null)).toEqual(gone)
    expect(accounts.roleIn(admin, schiedam)).toBeNull()
    expect(await accounts.acceptLink(reset, { password: 'twaalf tegels' }, null)).toEqual(gone)
    expect(await accounts.signIn('een@praktijk.nl', PASSWORD)).toBe(member)
    // Lowered: what is still theirs to give goes on.
    accounts.setRole(admin, schiedam, 'leader')
    expect(accounts.readLink(mine)).toEqual(gone)
    expect(accounts.invitationsOf(schiedam).map(({ by }) => by?.user)).toEqual([leader])
    expect(await accounts.acceptLink(forOthers, newPerson('nieuw@praktijk.nl'), null)).toMatchObject({ ok: true })
    accounts.setDisabled(admin, true)
    accounts.setDisabled(leader, true)
    expect(accounts.invitationsOf(schiedam)).toEqual([])
    // Of somebody who is in no space any more nothing is left to be allowed by.
    const last = resetOf(member, leader)
    accounts.setRole(member, schiedam, null)
    expect(accounts.readLink(last)).toEqual(gone)
  })

  test('a password that is replaced while it is tried opens nothing any more', async () => {
    const { schiedam, join } = setUp()
    const [user, other] = [await join('een@praktijk.nl', 'member'), await join('twee@praktijk.nl', 'member')]
    const invitation = accounts.createInvitation({ space: schiedam, role: 'admin', by: null }).token
    const wrong = { ok: false, failure: { kind: 'wrong-credentials' } }
    const tries = [accounts.signIn('een@praktijk.nl', PASSWORD), accounts.acceptLink(invitation, newPerson('een@praktijk.nl'), null), accounts.own.knowsPassword(user, PASSWORD), accounts.own.leave(user, { password: PASSWORD })] as const
    // The same password under other salt: only what is stored differs.
    accounts.database.run('UPDATE users SET password = (SELECT password FROM users WHERE id = ?) WHERE id = ?', other, user)
    accounts.refresh()
    expect(await Promise.all(tries)).toEqual([null, wrong, false, wrong])
    expect(accounts.roleIn(user, schiedam)).toBe('member')
    expect(await accounts.signIn('een@praktijk.nl', PASSWORD)).toBe(user)
  })

  test('an invitation never lowers a role', async () => {
    const { schiedam, join } = setUp()
    const user = await join('een@praktijk.nl', 'leader')
    await accounts.acceptLink(accounts.createInvitation({ space: schiedam, role: 'reader', by: null }).token, null, user)
    expect(accounts.roleIn(user, schiedam)).toBe('leader')
    await accounts.acceptLink(accounts.createInvitation({ space: schiedam, role: 'admin', by: null }).token, null, user)
    expect(accounts.roleIn(user, schiedam)).toBe('admin')
  })

  test.each([['kort'], ['aaaaaaaaaaaaaaa'], ['een@praktijk']])('the password %j is refused as weak', async (password) => {
    const { schiedam } = setUp()
    const { token } = accounts.createInvitation({ space: schiedam, role: 'member', by: null })
    expect(await accounts.acceptLink(token, newPerson('een@praktijk.nl', password), null)).toEqual({ ok: false, failure: { kind: 'weak-password' } })
    expect(accounts.readLink(token).ok).toBe(true)
  })

  test('the set-up link makes the first administrator, and only the first', async () => {
    const { token: old } = accounts.createSetupLink()
    const { token } = accounts.createSetupLink()
    expect(accounts.readLink(old).ok).toBe(false)
    expect(accounts.hasAdministrator()).toBe(false)
    const accepted = await accounts.acceptLink(token, newPerson('beheer@gemeente.nl'), null)
    expect(accepted.ok && accounts.isAdministrator(accepted.value.user)).toBe(true)
    const { token: late } = accounts.createSetupLink()
    expect(await accounts.acceptLink(late, newPerson('ander@gemeente.nl'), null)).toEqual({ ok: false, failure: { kind: 'link-used' } })
  })

  test('a sign-in link of an example programme opens as often as wanted', async () => {
    const { leader } = setUp()
    const { token } = accounts.createSignInLink(leader, null)
    for (const _browser of [1, 2, 3]) expect(await accounts.acceptLink(token, null, null)).toMatchObject({ ok: true, value: { user: leader } })
  })

  test('no token is in the file, only its hash', async () => {
    const { schiedam, leader } = setUp()
    const secrets = [accounts.createInvitation({ space: schiedam, role: 'member', by: null }).token, accounts.createToken({ space: schiedam, role: 'member', label: 'script' }).token, accounts.startSession(leader).token]
    const everything = JSON.stringify(['users', 'links', 'sessions', 'tokens', 'audit'].map((table) => accounts.database.all(`SELECT * FROM ${table}`)))
    for (const secret of secrets) expect(everything).not.toContain(secret)
  })
})

describe('sessions', () => {
  test('the password signs in, whatever the case of the login; nothing else does', async () => {
    const { join } = setUp()
    const user = await join('een@praktijk.nl', 'member')
    expect(await accounts.signIn(' Een@Praktijk.nl', PASSWORD)).toBe(user)
    expect(await accounts.signIn('een@praktijk.nl', `${PASSWORD} `)).toBeNull()
    expect(await accounts.signIn('niemand@praktijk.nl', PASSWORD)).toBeNull()
    expect(await accounts.signIn('leider@programma.nl', '')).toBeNull() // has no password at all
  })

  test('a session lasts thirty days from its last use', async () => {
    const { leader } = setUp()
    const { token } = accounts.startSession(leader)
    clock.move(29 * DAY_MS)
    expect(accounts.sessionOf(token)?.user).toBe(leader)
    clock.move(29 * DAY_MS)
    expect(accounts.sessionOf(token)?.user).toBe(leader)
    clock.move(31 * DAY_MS)
    expect(accounts.sessionOf(token)).toBeNull()
  })

  test('[A3] a session that runs out is over for its sockets within a minute, not at the next sweep', () => {
    const { leader } = setUp()
    const ended: string[] = []
    accounts.onDidEndSession(({ session }) => ended.push(session))
    const { session } = accounts.startSession(leader)
    clock.move(30 * DAY_MS - 10 * 60_000)
    expect(ended).toEqual([])
    clock.move(10 * 60_000)
    expect(ended).toEqual([session.session])
  })

  test('somebody who signs in without end keeps a hundred sessions, those that were used last, and nobody else loses any', () => {
    const { leader, schiedam } = setUp()
    const other = accounts.createToken({ space: schiedam, role: 'member', label: 'script' }).user
    const others = accounts.startSession(other)
    const ended: string[] = []
    accounts.onDidEndSession(({ session }) => ended.push(session))
    const first = accounts.startSession(leader)
    const unused = Array.from({ length: 99 }, () => accounts.startSession(leader))
    clock.move(2 * 3_600_000)
    expect(accounts.sessionOf(first.token)?.user).toBe(leader)
    const more = [0, 0, 0].map(() => accounts.startSession(leader))
    expect(ended).toHaveLength(3)
    for (const { token } of [first, others, ...more]) expect(accounts.sessionOf(token)).not.toBeNull()
    expect(unused.filter(({ token }) => accounts.sessionOf(token) === null).map(({ session }) => session.session).sort()).toEqual([...ended].sort())
    expect(accounts.own.devices(leader, null)).toHaveLength(100)
    expect(openBeside().own.devices(leader, null)).toHaveLength(100)
  })

  test('a session that begins, is used or ends, and an invitation, cost nothing for all who are known', () => {
    const { leader, schiedam } = setUp()
    const { database } = accounts
    const all = vi.spyOn(database, 'all')
    const { token, session } = accounts.startSession(leader)
    clock.move(2 * 3_600_000)
    all.mockClear() // the hourly sweep
    expect(accounts.sessionOf(token)?.user).toBe(leader)
    accounts.endSession(session.session)
    expect(accounts.sessionOf(token)).toBeNull()
    accounts.createInvitation({ space: schiedam, role: 'member', by: leader })
    expect(all).not.toHaveBeenCalled()
  })

  test('a session that another process ended is not brought back by its use', () => {
    const { leader } = setUp()
    const { token, session } = accounts.startSession(leader)
    clock.move(2 * 3_600_000)
    openBeside().endSession(session.session)
    expect(accounts.sessionOf(token)).toBeNull()
    clock.move(60_000)
    expect(accounts.sessionOf(token)).toBeNull()
    expect(openBeside().own.devices(leader, null)).toEqual([])
  })

  test('signing out, running out and being shut out each announce the end', () => {
    const { leader } = setUp()
    const ended: string[] = []
    const signedOut: string[] = []
    accounts.onDidEndSession(({ session }) => ended.push(session))
    accounts.onDidSignOut(({ user }) => signedOut.push(user))
    const [a, b, c] = [0, 0, 0].map(() => accounts.startSession(leader))
    accounts.endSession(must(a, 'made').session.session)
    expect(ended).toEqual([a?.session.session])
    clock.move(31 * DAY_MS)
    expect(ended).toHaveLength(3)
    const d = accounts.startSession(leader)
    accounts.setDisabled(leader, true)
    expect(ended).toHaveLength(4)
    expect(signedOut).toEqual([leader])
    for (const one of [a, b, c, d]) expect(accounts.sessionOf(must(one, 'made').token)).toBeNull()
  })
})

describe('rights', () => {
  test('nobody may anything anywhere by default', () => {
    const { schiedam, leader } = setUp()
    expect(accounts.may(leader, schiedam, 'space.read')).toBe(false)
    expect(accounts.may('f'.repeat(32), schiedam, 'space.read')).toBe(false)
    expect(accounts.may(leader, 'f'.repeat(32), 'space.read')).toBe(false)
    expect(accounts.spacesOf(leader)).toEqual([])
  })

  test('who leads a programme sees the progress of municipalities that take part, and nothing else of them', () => {
    const { schiedam, programme, leader } = setUp()
    accounts.setRole(leader, programme, 'programme-leader')
    expect(accounts.may(leader, schiedam, 'space.progress')).toBe(false)
    accounts.setParticipation(programme, schiedam, true)
    expect(accounts.may(leader, schiedam, 'space.progress')).toBe(true)
    expect(accounts.may(leader, schiedam, 'space.read')).toBe(false)
    expect(accounts.spacesOf(leader).map(({ info }) => info.space)).toEqual([programme])
    expect(accounts.participantsOf(programme).map(({ name }) => name)).toEqual(['Schiedam'])
    accounts.setRole(leader, programme, 'leader')
    expect(accounts.may(leader, schiedam, 'space.progress')).toBe(false)
  })

  test('a changed role is announced, once, with the space it is in', async () => {
    const { schiedam, join } = setUp()
    const user = await join('een@praktijk.nl', 'member')
    const heard: unknown[] = []
    accounts.onDidChangeRole((change) => heard.push(change))
    accounts.setRole(user, schiedam, 'reader')
    accounts.setRole(user, schiedam, 'reader')
    accounts.setRole(user, schiedam, null)
    const info = { space: schiedam, kind: 'municipality', name: 'Schiedam', offlineDaysMax: null }
    expect(heard).toEqual([{ user, info, role: 'reader' }, { user, info, role: null }])
  })

  test('what another process changes in the file is noticed within the second', async () => {
    const { schiedam, join } = setUp()
    const user = await join('een@praktijk.nl', 'member')
    const heard: unknown[] = []
    accounts.onDidChangeRole(({ role }) => heard.push(role))
    const beside = openBeside()
    beside.setRole(user, schiedam, null)
    expect(accounts.may(user, schiedam, 'space.read')).toBe(true)
    clock.move(1_000)
    expect(accounts.may(user, schiedam, 'space.read')).toBe(false)
    expect(heard).toEqual([null])
    // A token opens at once: who uses it would be turned away for good.
    const { token } = beside.createToken({ space: schiedam, role: 'reader', label: 'uitvoer' })
    expect(accounts.may(must(accounts.userOfToken(token), 'known by now'), schiedam, 'space.read')).toBe(true)
  })

  test('who left stays known by name to those who stay', async () => {
    const { schiedam, join } = setUp()
    const stays = await join('een@praktijk.nl', 'member')
    const leaves = await join('twee@praktijk.nl', 'member')
    accounts.setRole(leaves, schiedam, null)
    expect(accounts.peopleFor(stays).map(({ user }) => user).sort()).toEqual([leaves, stays].sort())
    expect(accounts.peopleFor(leaves).map(({ user }) => user)).toEqual([leaves])
    expect(accounts.membersOf(schiedam).map(({ person }) => person.user)).toEqual([stays])
  })
})

describe('the file', () => {
  test('is synced on every commit, as it says itself', () => {
    expect(accounts.database.durability()).toEqual({ journalMode: 'wal', synchronous: 2 })
  })
  test('of a newer version is refused untouched', () => {
    accounts.database.run('PRAGMA user_version = 99')
    accounts.dispose()
    expect(openAccounts({ path: join(folder, 'accounts.sqlite'), mode: 'write', clock, dice: seededDice(3) })).toMatchObject({ ok: false, failure: { kind: 'newer', found: 99 } })
  })
})
