/**
 * A9: ways in that are none. ID tokens, answers, logout tokens, sessions and passwords that were forged, mixed up, replayed or brought along, at the doors
 * of a relay as it runs, behind https, with an organisation that lies on request. What the library and the relay make of each is also in
 * tests/server/oidc-forged.test.ts; here it counts who is signed in afterwards.
 */
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { must } from '../../shared/base/assert.ts'
import { newId } from '../../shared/base/ids.ts'
import { createTypist } from '../contract/payloads.ts'
import { forgedLogouts, forgedTokens, LOGOUT_EVENT, seconds, type Forgery } from '../support/forged-tokens.ts'
import { CLIENT_ID, CLIENT_SECRET, startFakeOrganisation, type FakeOrganisation } from '../support/organisation.ts'
import { awaited } from './browser-laptop.ts'
import { dial, pushOf } from './client.ts'
import { createSyncDoor, openYjs } from './doors.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Answered, type Town } from './town.ts'

const PUBLIC_URL = 'https://samenpad.voorbeeld.test'
const PASSWORD = 'een zin die niemand raadt'
const CLOSED_MS_MAX = 2_000
/** Longer means never. */
const NEVER_MS = 15_000

interface Begun {
  /** The cookie of the way there, as the browser sends it. */
  flow: string
  state: string
  nonce: string
  challenge: string
}
interface Finished {
  status: number
  location: string
  /** The session that was given, if any. */
  cookie: string | null
}

/** A browser at the sign-in page, and the organisation behind it. */
function createWayIn(town: Town, organisation: FakeOrganisation) {
  const cookiesOf = ({ headers }: Answered): string[] => headers.getSetCookie().map((line) => must(line.split(';')[0], 'a cookie'))
  const isSession = (cookie: string): boolean => cookie.startsWith(`${town.cookieOf('')}`) && !cookie.endsWith('=')
  return {
    async begin(cookie?: string): Promise<Begun> {
      const begun = await town.ask('GET', '/api/oidc/login', cookie === undefined ? {} : { cookie })
      const asked = new URL(must(begun.headers.get('location'), 'where to')).searchParams
      const get = (name: string): string => must(asked.get(name), name)
      return { flow: must(cookiesOf(begun)[0], 'the cookie of the way there'), state: get('state'), nonce: get('nonce'), challenge: get('code_challenge') }
    },
    claims: ({ nonce }: Begun, subject = 'somebody'): JWTPayload => ({ iss: organisation.issuer, aud: CLIENT_ID, sub: subject, sid: `sid-${subject}`, name: subject, nonce, iat: seconds(), exp: seconds() + 300 }),
    /** The organisation answers with this ID token from now on, to whoever shows the verifier of that way there. */
    answers(begun: Begun, token: () => Promise<string> | string): void {
      organisation.answer = async (form) => {
        const verifier = form.get('code_verifier') ?? ''
        if (createHash('sha256').update(verifier).digest('base64url') !== begun.challenge) throw new Error('the code belongs to another way there')
        return { access_token: 'x', token_type: 'Bearer', id_token: await token() }
      }
    },
    async finish(begun: Begun, query: Record<string, string> = {}, cookies: readonly string[] = [begun.flow]): Promise<Finished> {
      const search = new URLSearchParams(Object.entries({ code: 'code', state: begun.state, iss: organisation.issuer, ...query }).filter(([, value]) => value !== ''))
      const back = await town.ask('GET', `/api/oidc/callback?${search.toString()}`, { origin: null, headers: { cookie: cookies.join('; ') } })
      return { status: back.status, location: back.headers.get('location') ?? '', cookie: cookiesOf(back).find(isSession) ?? null }
    },
    isSession, cookiesOf,
  }
}

async function login(town: Town, trial: Trial, organisation: FakeOrganisation): Promise<void> {
  const { accounts, relay, dice } = town
  const space = town.space(0)
  const way = createWayIn(town, organisation)
  let tried = 0
  const isNobody = async (cookie: string): Promise<boolean> => (await town.ask('GET', '/api/me', { cookie })).status === 401
  const refused = (what: string, { status, cookie }: Finished): void => {
    tried++
    if (cookie !== null) trial.violation(`${what}: somebody is signed in`)
    if (status >= 500) trial.violation(`${what}: ${status}`)
  }
  const good = async (subject?: string, cookie?: string): Promise<{ begun: Begun; done: Finished }> => {
    const begun = await way.begin(cookie)
    way.answers(begun, () => organisation.sign(way.claims(begun, subject)))
    return { begun, done: await way.finish(begun, {}, cookie === undefined ? [begun.flow] : [begun.flow, cookie]) }
  }
  const proof = await good()
  if (proof.done.cookie === null) trial.violation(`an honest answer is not let in: ${proof.done.status} ${proof.done.location}: the trial proves nothing`)

  // ID tokens.
  for (const [name, forge] of Object.entries<Forgery>(forgedTokens(() => organisation))) {
    const begun = await way.begin()
    way.answers(begun, () => forge(way.claims(begun)))
    refused(`an ID token: ${name}`, await way.finish(begun))
  }
  trial.progress('ID tokens')

  // Answers that were mixed up, replayed, or belong to another browser.
  for (const [name, query] of Object.entries<Record<string, string>>({
    'no code': { code: '' }, 'of another organisation': { iss: 'https://evil.example' }, 'that does not say of whom': { iss: '' }, 'that says no': { code: '', error: 'access_denied' },
  })) {
    const begun = await way.begin()
    way.answers(begun, () => organisation.sign(way.claims(begun)))
    refused(`an answer with ${name}`, await way.finish(begun, query))
    refused(`an answer after one with ${name}`, await way.finish(begun))
  }
  // Another state is the answer to another way there: whoever sends a browser back with one ends nothing of what that browser began.
  for (const [name, state] of [['another state', 'x'], ['no state', '']] as const) {
    const begun = await way.begin()
    way.answers(begun, () => organisation.sign(way.claims(begun)))
    refused(`an answer with ${name}`, await way.finish(begun, { state }))
    if ((await way.finish(begun)).cookie === null) trial.violation(`the honest answer after one with ${name} is not let in`)
  }
  const [mine, others] = [await way.begin(), await way.begin()]
  way.answers(others, () => organisation.sign(way.claims(others)))
  refused('an answer in a browser that began nothing', await way.finish(others, {}, []))
  refused('an answer in a browser that began something else', await way.finish(others, {}, [mine.flow]))
  way.answers(others, () => organisation.sign(way.claims(others)))
  refused('a code of another way there (PKCE)', await way.finish(mine))
  const [first, second] = [await way.begin(), await way.begin()]
  way.answers(first, () => organisation.sign(way.claims(second)))
  refused('an ID token of another way there (nonce)', await way.finish(first))
  const bent = await way.begin()
  way.answers(bent, () => organisation.sign(way.claims(bent)))
  refused('a way there that was bent', await way.finish(bent, {}, [`${bent.flow.slice(0, -2)}AA`]))
  const used = await good()
  refused('the same answer again', await way.finish(used.begun))
  trial.progress('answers')

  // Logout tokens: whoever is signed in stays it, and the good one ends it.
  const victim = must((await good('victim')).done.cookie, 'signed in')
  const logout = (token: string): Promise<Answered> => town.ask('POST', '/api/oidc/backchannel', { origin: null, body: new URLSearchParams({ logout_token: token }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  const farewell = (): JWTPayload => ({ iss: organisation.issuer, aud: CLIENT_ID, iat: seconds(), exp: seconds() + 120, jti: newId(dice), sub: 'victim', sid: 'sid-victim', events: { [LOGOUT_EVENT]: {} } })
  for (const [name, forge] of Object.entries<Forgery>(forgedLogouts(() => organisation))) {
    await logout(await forge(farewell()))
    tried++
    if (await isNobody(victim)) trial.violation(`a logout token ${name}: it ended a session`)
  }
  const honest = await organisation.sign(farewell())
  await logout(honest)
  if (!(await isNobody(victim))) trial.violation('an honest logout token ends nothing: the trial proves nothing')
  const anew = must((await good('victim')).done.cookie, 'signed in')
  await logout(honest)
  tried++
  if (await isNobody(anew)) trial.violation('a logout token that was used: it ended another session')
  trial.progress('logout tokens')

  // Sessions that nobody gave.
  const holder = town.somebody(space, 'member')
  const { token: bearer } = accounts.createToken({ space, role: 'member', label: 'A9' })
  await town.settled()
  const named = createHash('sha256').update(holder.session).digest()
  const last = holder.session.at(-1) === 'A' ? 'E' : 'A'
  for (const [what, value] of Object.entries({
    'nothing': '', 'made up': 'B'.repeat(43), 'cut short': holder.session.slice(0, -1), 'one letter more': `${holder.session}A`, 'another last letter': holder.session.slice(0, -1) + last, 'in capitals': holder.session.toUpperCase(), 'twice': holder.session + holder.session,
    'its hash, as the account keeps it': named.toString('hex'), 'its hash in 43 letters': named.toString('base64url'), 'a token of a script': bearer, 'a name of the database': "' OR 1=1 --", 'an array': '[object Object]',
  })) {
    tried++
    if (!(await isNobody(town.cookieOf(value)))) trial.violation(`a session that is ${what}: somebody is signed in`)
  }
  for (const [what, asked] of Object.entries({
    'the token of a session as one of a script': { bearer: holder.session }, 'the cookie under another name': { cookie: holder.cookie.replace('__Host-', '') }, 'the cookie of another installation': { cookie: holder.cookie.replace(/-[0-9a-f]{8}=/, '-00000000=') },
    'a bad token beside a good cookie': { cookie: holder.cookie, bearer: 'B'.repeat(43) },
  })) {
    tried++
    if ((await town.ask('GET', '/api/me', asked)).status !== 401) trial.violation(`${what}: somebody is signed in`)
  }

  // Passwords.
  const invited = accounts.createInvitation({ space, role: 'member', by: null }).token
  await town.settled()
  const loginName = `${newId(dice).slice(0, 12)}@voorbeeld.test`
  const joined = await town.ask('POST', `/api/links/${invited}`, { body: { login: loginName, name: 'verloskundige', job: 'verloskundige', organisation: 'praktijk', password: PASSWORD } })
  const withPassword = must(way.cookiesOf(joined).find(way.isSession), `an account: ${joined.status} ${joined.text}`)
  const enter = (body: unknown, cookie?: string): Promise<Answered> => town.ask('POST', '/api/session', { body, ...(cookie === undefined ? {} : { cookie }) })
  for (const password of ['', PASSWORD.toUpperCase(), `${PASSWORD} `, ` ${PASSWORD}`, PASSWORD.slice(0, -1), `${PASSWORD}\u0000x`, `${'x'.repeat(72)}${PASSWORD}`, null, true, { $ne: '' }, [PASSWORD]]) {
    tried++
    if (way.cookiesOf(await enter({ login: loginName, password })).some(way.isSession)) trial.violation(`password ${JSON.stringify(password)}: somebody is signed in`)
  }
  refused('the link of an invitation that was used', { status: 0, location: '', cookie: way.cookiesOf(await town.ask('POST', `/api/links/${invited}`, { body: {} })).find(way.isSession) ?? null })
  trial.figure(`${count(tried, 'way')} in that are none (ID tokens, answers, logout tokens, sessions, passwords)`)
  trial.progress('passwords')

  // A session that somebody brings along is not theirs afterwards, and one that was there ends.
  let fresh = 0
  const changes = async (what: string, brought: string, given: string | undefined | null): Promise<void> => {
    if (!given || given === brought) return trial.violation(`${what}: the session that was brought along goes on`)
    if (await isNobody(given)) trial.violation(`${what}: the new session is nobody's`)
    if (!(await isNobody(brought))) trial.violation(`${what}: the session that was there goes on`)
    fresh++
  }
  const made = town.cookieOf('C'.repeat(43))
  await changes('signing in with a made-up session', made, way.cookiesOf(await enter({ login: loginName, password: PASSWORD }, made)).find(way.isSession))
  const again = must(way.cookiesOf(await enter({ login: loginName, password: PASSWORD }, withPassword)).find(way.isSession), 'signed in again')
  await changes('signing in with a session of one’s own', withPassword, again)
  await changes('signing in at the organisation with a made-up session', made, (await good('somebody', made)).done.cookie)
  await changes('signing in at the organisation with a session of one’s own', again, (await good('somebody', again)).done.cookie)
  trial.figure(`${fresh} of 4 times another session than was brought along`)

  // What a browser is told of the cookie.
  const flags = (await enter({ login: loginName, password: PASSWORD })).headers.getSetCookie().join('\n')
  for (const flag of [/^__Host-/, /; HttpOnly/, /; Secure/, /; SameSite=Strict/, /; Path=\/(;|$)/]) if (!flag.test(flags)) trial.violation(`the cookie lacks ${flag.source}`)
  if (/Domain=/i.test(flags)) trial.violation('the cookie is for other hosts as well')
  const there = (await town.ask('GET', '/api/oidc/login')).headers.getSetCookie().join('\n')
  for (const flag of [/^__Host-/, /; HttpOnly/, /; Secure/, /; SameSite=Lax/]) if (!flag.test(there)) trial.violation(`the cookie of the way there lacks ${flag.source}`)

  // Signing out ends what is open.
  let slowest = 0
  const item = newId(dice)
  const keeper = createSyncDoor(relay.address, { cookie: holder.cookie, origin: PUBLIC_URL }, dice)
  const said = await keeper.push(pushOf({ space, entry: newId(dice), item, writer: newId(dice), payload: createTypist(7).type('iets') }))
  if (said !== 'taken') throw new Error(`a document to look at: ${said}`)
  keeper.cut()
  for (let i = 0; i < trial.count(1, 5, 20); i++) {
    const who = town.somebody(space, 'member')
    await town.settled()
    const atHome = { cookie: who.cookie, origin: PUBLIC_URL }
    const open = [await dial(relay.address, atHome, dice, () => undefined), await dial(relay.address, atHome, dice, () => undefined), await openYjs(relay.address, atHome, item, () => undefined)]
    let closed = 0
    for (const one of open) void one.closed.then(() => closed++)
    await town.ask('DELETE', '/api/session', { cookie: who.cookie })
    const took = await awaited(() => Promise.resolve(closed === open.length), NEVER_MS)
    if (took === null) trial.violation(`${open.length - closed} of ${open.length} websockets stay open after signing out`)
    else slowest = Math.max(slowest, took)
    if (!(await isNobody(who.cookie))) trial.violation('signed out, and signed in')
  }
  trial.figure(`signing out closes every websocket after ${Math.round(slowest)} ms at most`)
  if (slowest > CLOSED_MS_MAX) trial.missed(`websockets are closed ${Math.round(slowest)} ms after signing out`)
}

export const a9: Row = {
  id: 'A9',
  name: 'Login',
  promise: 'nobody gets in with something forged, mixed up, replayed or brought along, and signing out ends what is open',
  target: '40 forged or mixed ID tokens and answers, and logout tokens, sessions and passwords besides: 0 accepted; the session changes at every login, the cookie has every flag, signing out closes websockets ≤ 2 s',
  async run(trial) {
    const organisation = await startFakeOrganisation({ authorization_response_iss_parameter_supported: true })
    try {
      const env = { PUBLIC_URL, OIDC_ISSUER: organisation.issuer, OIDC_CLIENT_ID: CLIENT_ID, OIDC_CLIENT_SECRET: CLIENT_SECRET }
      await withTown(trial, 'A9', { spaces: [{ kind: 'municipality', name: 'Schiedam' }], env }, (town) => login(town, trial, organisation))
    } finally {
      await organisation.close()
    }
  },
}
