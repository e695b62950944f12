// Claims as organisations send them, and sessions that live as long as the organisation says: accounts on a real file, a clock of the test's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { seededDice } from '../../shared/base/random.ts'
import { openAccounts, type Accounts } from './accounts.ts'
import { isOverage, loginOf, nameOf, rolesOf, valuesOf, type Claims, type RoleRule } from './claims.ts'
import type { Oidc, Said } from './oidc.ts'
import type { Organisation } from './organisation.ts'

describe('claims', () => {
  const spaces = [{ space: 'a'.repeat(32), kind: 'municipality', name: 'Schiedam' }, { space: 'b'.repeat(32), kind: 'programme', name: 'Programma' }] as const
  const rule = (claim: string, value: string, space: string, role: RoleRule['role']): RoleRule => ({ claim, value, space, role })

  test('of Entra ID: groups and app roles as lists, no e-mail, an address that is only shown', () => {
    const entra: Claims = { oid: 'o', tid: 't', name: 'Projectleider', preferred_username: 'P@Gemeente.nl', groups: ['1111', '2222'], roles: ['Beheer'] }
    expect([nameOf(entra), loginOf(entra), valuesOf(entra, 'groups'), isOverage(entra)]).toEqual(['Projectleider', 'p@gemeente.nl', ['1111', '2222'], false])
    expect(rolesOf(entra, [rule('groups', '2222', 'schiedam', 'member'), rule('roles', 'Beheer', 'a'.repeat(32), 'admin'), rule('groups', '2222', 'Schiedam', 'reader')], spaces)).toEqual(new Map([['a'.repeat(32), 'admin']]))
  })
  test('groups that were left out because there are too many give no role', () => {
    for (const overage of [{ _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/' } } }, { hasgroups: true }, { hasgroups: 'true' }] satisfies Claims[]) {
      expect(isOverage(overage)).toBe(true)
      expect(rolesOf(overage, [rule('groups', '1111', 'Schiedam', 'member')], spaces)).toEqual(new Map([['a'.repeat(32), null]]))
    }
  })
  test('of Keycloak: a list inside an object', () => {
    expect(valuesOf({ realm_access: { roles: ['lid'] } }, 'realm_access.roles')).toEqual(['lid'])
    expect(valuesOf({ 'https://x.nl/roles': 'lid' }, 'https://x.nl/roles')).toEqual(['lid'])
  })
  test('of every other shape count as nothing, and names are cleaned', () => {
    for (const groups of [7, null, true, { 0: 'x' }, [['x']], undefined]) expect(valuesOf({ groups }, 'groups')).toEqual([])
    expect(valuesOf({}, '__proto__')).toEqual([])
    expect(valuesOf({}, 'constructor.name')).toEqual([])
    expect(nameOf({ name: ' a\u202eb\u0000 ' })).toBe('ab')
    expect(nameOf({ given_name: 'Ver', family_name: 'Loskundige' })).toBe('Ver Loskundige')
    expect([nameOf({ name: 7 }), loginOf({ email: 'geen adres' })]).toEqual(['', null])
    // An address that nobody checked may be of somebody else, who would find it taken here.
    for (const email_verified of [false, 'false']) expect(loginOf({ email: 'wethouder@almere.test', email_verified })).toBeNull()
    for (const claims of [{ email_verified: true }, {}]) expect(loginOf({ email: 'wethouder@almere.test', ...claims })).toBe('wethouder@almere.test')
    // Leading a programme means something in a programme only; a space that is not there is no error.
    expect(rolesOf({ g: 'x' }, [rule('g', 'x', 'Schiedam', 'programme-leader'), rule('g', 'x', 'Programma', 'programme-leader'), rule('g', 'x', 'Almere', 'admin')], spaces)).toEqual(new Map([['b'.repeat(32), 'programme-leader']]))
  })
})

describe('sessions of an organisation', () => {
  const ISSUER = 'https://login.example'
  const RULES: RoleRule[] = [{ claim: 'groups', value: 'g', space: 'Schiedam', role: 'member' }]
  const MINUTE_MS = 60_000

  let folder: string
  let now: number
  let waiting: { at: number; callback: () => void }[]
  let open: Set<string>
  let answers: (refreshToken: string) => Awaited<ReturnType<Oidc['renew']>>
  let renewed: string[]
  const running: Accounts[] = []
  const clock: Clock = {
    now: () => now,
    after(delayMs, callback) {
      const one = { at: now + delayMs, callback }
      waiting.push(one)
      return { dispose: () => void (waiting = waiting.filter((other) => other !== one)) }
    },
  }
  /** In steps, as the clock goes; what was asked is answered in between. */
  async function pass(ms: number): Promise<void> {
    for (const end = now + ms; now < end;) {
      now += 1_000
      const due = waiting.filter(({ at }) => at <= now)
      waiting = waiting.filter(({ at }) => at > now)
      for (const { callback } of due) callback()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  function start(): { accounts: Accounts; organisation: Organisation } {
    const opened = openAccounts({ path: join(folder, 'accounts.sqlite'), mode: 'create', clock, dice: seededDice(now), passwordCostLog2: 8 })
    const accounts = opened.ok ? opened.value : expect.unreachable(opened.failure.kind)
    running.push(accounts)
    const oidc = { issuer: ISSUER, renew: (token: string) => (renewed.push(token), Promise.resolve(answers(token))) } as unknown as Oidc
    return { accounts, organisation: accounts.joinOrganisation({ oidc, rules: RULES, openSessions: () => open }) }
  }
  const said = (more: Partial<Said> = {}): Said => ({ issuer: ISSUER, subject: 's', sid: 'there', claims: { name: 'verloskundige', groups: ['g'] }, refreshToken: 'first', ...more })
  function enter({ accounts, organisation }: ReturnType<typeof start>, whose = said()) {
    const { user } = must(organisation.enter(whose), 'let in')
    const { token, session } = accounts.startSession(user)
    organisation.tie(token, whose)
    return { user, token, session: session.session }
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'samenpad-organisation-'))
    now = 1_800_000_000_000
    waiting = []
    open = new Set()
    renewed = []
    answers = () => ({ ok: true, value: { claims: said().claims, refreshToken: null } })
  })
  afterEach(() => {
    for (const accounts of running.splice(0)) accounts.dispose()
    rmSync(folder, { recursive: true })
  })

  test('a group that is taken away reaches whoever listens within a minute; one that is given as well', async () => {
    const relay = start()
    const { space } = relay.accounts.createSpace({ kind: 'municipality', name: 'Schiedam' })
    const { user, session } = enter(relay)
    open.add(session)
    expect(relay.accounts.roleIn(user, space)).toBe('member')
    const heard: (string | null)[] = []
    relay.accounts.onDidChangeRole(({ role }) => heard.push(role))
    answers = () => ({ ok: true, value: { claims: { name: 'verloskundige' }, refreshToken: 'second' } })
    await pass(MINUTE_MS)
    expect(heard).toEqual([null])
    answers = () => ({ ok: true, value: { claims: said().claims, refreshToken: null } })
    await pass(MINUTE_MS)
    expect([heard, renewed.slice(0, 2)]).toEqual([[null, 'member'], ['first', 'second']])
  })

  test('hundreds are each renewed within a minute, whoever waited longest first, also after a clock that went back', async () => {
    const relay = start()
    const names = Array.from({ length: 200 }, (_, i) => `laptop ${i}`)
    for (const name of names) open.add(enter(relay, said({ subject: name, refreshToken: name })).session)
    await pass(MINUTE_MS)
    expect(renewed.slice(0, names.length)).toEqual(names)
    now -= 60 * MINUTE_MS
    renewed = []
    // The timers are those of the machine, which did not go back.
    for (const one of waiting) one.at -= 60 * MINUTE_MS
    await pass(MINUTE_MS)
    expect(new Set(renewed)).toEqual(new Set(names))
  })

  test('a renewal that says nothing of the person leaves their name and roles', async () => {
    const relay = start()
    const { space } = relay.accounts.createSpace({ kind: 'municipality', name: 'Schiedam' })
    const { user, session } = enter(relay)
    open.add(session)
    answers = () => ({ ok: true, value: { claims: null, refreshToken: null } })
    await pass(MINUTE_MS)
    expect(renewed.length).toBeGreaterThan(0)
    expect([relay.accounts.roleIn(user, space), relay.accounts.person(user)?.name]).toEqual(['member', 'verloskundige'])
    // An answer without the group is another matter.
    answers = () => ({ ok: true, value: { claims: { name: 'verloskundige' }, refreshToken: null } })
    await pass(MINUTE_MS)
    expect(relay.accounts.roleIn(user, space)).toBeNull()
  })

  test('somebody whom the organisation shut out is signed out within a minute; one whose organisation is away goes on, not for ever', async () => {
    const relay = start()
    const [shut, away] = [enter(relay), enter(relay, said({ subject: 't', sid: 'else', refreshToken: 'other' }))]
    for (const { session } of [shut, away]) open.add(session)
    const ended: string[] = []
    relay.accounts.onDidEndSession(({ session }) => ended.push(session))
    answers = (token) => ({ ok: false, failure: { kind: token === 'first' ? 'failed' : 'unreachable' } })
    await pass(MINUTE_MS)
    expect(ended).toEqual([shut.session])
    expect(relay.accounts.sessionOf(shut.token)).toBeNull()
    await pass(60 * MINUTE_MS)
    expect(relay.accounts.sessionOf(away.token)).not.toBeNull()
    now += 24 * 60 * MINUTE_MS
    await pass(MINUTE_MS)
    expect(ended).toEqual([shut.session, away.session])
  }, 60_000)

  test('a session that nobody uses is left alone, and asked about again as soon as somebody does; also after a restart', async () => {
    const first = start()
    const { token } = enter(first)
    await pass(4 * MINUTE_MS)
    const count = renewed.length
    await pass(4 * MINUTE_MS)
    expect(renewed.length).toBe(count)
    expect(JSON.stringify(first.accounts.database.all('SELECT * FROM organisation_sessions'))).not.toContain('first')
    for (const accounts of running.splice(0)) accounts.dispose()
    waiting = []

    const second = start()
    await pass(MINUTE_MS)
    expect(renewed.length).toBe(count)
    expect(second.accounts.sessionOf(token)).not.toBeNull()
    await pass(MINUTE_MS)
    expect(renewed.at(-1)).toBe('first')
    expect(renewed.length).toBeGreaterThan(count)
  })

  test('without a refresh token a session ends after a working day', async () => {
    const relay = start()
    const { token } = enter(relay, said({ refreshToken: null }))
    now += 9 * 60 * MINUTE_MS
    await pass(10_000)
    expect(relay.accounts.sessionOf(token)).not.toBeNull()
    now += 60 * MINUTE_MS
    await pass(10_000)
    expect(relay.accounts.sessionOf(token)).toBeNull()
  })

  test('logging out there ends the session of that sign-in, or all of that person', () => {
    const relay = start()
    const [one, two] = [enter(relay, said({ sid: 'one' })), enter(relay, said({ sid: 'two' }))]
    expect(one.user).toBe(two.user)
    expect(relay.organisation.logout(ISSUER, { sid: 'one', subject: 'somebody else' })).toBe(0)
    expect(relay.organisation.logout('https://other.example', { sid: 'one', subject: null })).toBe(0)
    expect(relay.organisation.logout(ISSUER, { sid: 'one', subject: 's' })).toBe(1)
    expect([one, two].map(({ token }) => relay.accounts.sessionOf(token) === null)).toEqual([true, false])
    expect(relay.organisation.logout(ISSUER, { sid: null, subject: 's' })).toBe(1)
    expect(relay.accounts.sessionOf(two.token)).toBeNull()
  })

  test('an address joins no accounts: whoever has the same one is somebody else, and nobody gets in by password', async () => {
    const relay = start()
    const local = relay.accounts.createPerson({ login: 'a@gemeente.nl', name: 'lokaal', job: '', organisation: '' })
    const one = enter(relay, said({ claims: { preferred_username: 'a@gemeente.nl' } }))
    const two = enter(relay, said({ subject: 'other', sid: 'x', claims: { preferred_username: 'b@gemeente.nl', email_verified: true, email: 'a@gemeente.nl' } }))
    expect(new Set([local.ok && local.value.user, one.user, two.user]).size).toBe(3)
    expect(relay.accounts.own.profile(two.user)).toMatchObject({ login: 'b@gemeente.nl', source: 'organisation' })
    expect(await relay.accounts.signIn('b@gemeente.nl', '')).toBeNull()
    expect(relay.accounts.createResetLink(two.user, null)).toEqual({ ok: false, failure: { kind: 'conflict' } })
    relay.accounts.setDisabled(two.user, true)
    expect(relay.organisation.enter(said({ subject: 'other' }))).toBeNull()
  })
})
