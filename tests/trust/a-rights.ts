/**
 * A3 to A6: a right that ends. While somebody is there, on every socket they hold; while their session runs out under their hands; and while they are away
 * with edits that they may no longer make. The laptops are the real engine, the relay is a process, and rights are changed as people change them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { pick } from '../../shared/base/random.ts'
import type { Role } from '../../shared/model/grants.ts'
import { decodeDown } from '../../shared/protocol/codec.ts'
import { CLIENT_ID, CLIENT_SECRET, startFakeOrganisation, type FakeOrganisation } from '../support/organisation.ts'
import { awaited } from './browser-laptop.ts'
import { dial, pushOf, type Client } from './client.ts'
import { openYjs } from './doors.ts'
import { createEngineLaptop, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { createObserver } from './observer.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'
import { createWriter, type Writer } from './writer.ts'

const LEVEL_MS_MAX = 60_000
/** Beyond this it is not late: it never came. */
const NEVER_MS = 20_000
const TOLD_MS_MAX = 5_000
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const longest = (values: readonly number[]): number => Math.max(0, ...values)
const places = (total: number): { kind: 'municipality'; name: string }[] => Array.from({ length: total }, (_, i) => ({ kind: 'municipality', name: `Gemeente ${i + 1}` }))

// ── A4 ──

/** Everything that one person has open at a time; what came in last, and which of their edits was taken last. */
interface Presence {
  who: Townsman
  /** When the last frame with text came, over whichever of them. */
  heardAt(): number
  closedCount(): number
  socketsCount: number
  writer: Writer
  cut(): void
}

async function everywhere(town: Town, who: Townsman, space: SpaceId, spot: ItemId): Promise<Presence> {
  const { relay, dice } = town
  let heardAt = 0
  let closedCount = 0
  const cuts: (() => void)[] = []
  const tab = async (): Promise<Client> => {
    const client = await dial(relay.address, who.cookie, dice, (message) => {
      if (message.type === 'entries' && message.entries.length > 0) heardAt = performance.now()
    })
    void client.closed.then(() => closedCount++)
    client.send({ type: 'sub', space, epoch: '0'.repeat(32), cursor: 0, tailHash: new Uint8Array(16) })
    cuts.push(() => client.cut())
    return client
  }
  await tab()
  await tab()
  const gateway = await openYjs(relay.address, who.cookie, spot, (frame) => void (frame[0] === 0 && (heardAt = performance.now())))
  void gateway.closed.then(() => closedCount++)
  cuts.push(() => gateway.socket.terminate())
  // Without websockets: one question after another, each from where the last one ended.
  let isOver = false
  let [cursor, tail, epoch] = [0, '0'.repeat(32), '0'.repeat(32)]
  const twin = async (): Promise<void> => {
    while (!isOver) {
      const response = await fetch(`${relay.address}/sync/entries?space=${space}&epoch=${epoch}&cursor=${cursor}&tailHash=${tail}&wait=5`, { headers: { cookie: who.cookie } })
      if (response.status !== 200) break
      const bytes = new Uint8Array(await response.arrayBuffer())
      if (bytes.length === 0) {
        await sleep(50) // nothing to say: the next question is refused, or answered
        continue
      }
      for (const message of decodeDown(bytes)) {
        if (message.type === 'subbed') epoch = message.epoch
        if (message.type !== 'entries' || message.entries.length === 0) continue
        heardAt = performance.now()
        cursor = message.cursorAfter
        tail = Buffer.from(message.tailHashAfter).toString('hex')
      }
    }
  }
  // A line that is cut is as much an end as a refusal.
  void twin().finally(() => closedCount++).catch((problem: unknown) => (problem instanceof TypeError ? undefined : Promise.reject(problem as Error)))
  const writer = createWriter({ space, dice, window: 1 })
  const { gone } = await writer.connect(relay.address, who.cookie)
  void gone.then(() => closedCount++)
  return {
    who, writer, socketsCount: 5,
    heardAt: () => heardAt,
    closedCount: () => closedCount,
    cut() {
      isOver = true
      writer.cut()
      for (const cut of cuts) cut()
    },
  }
}

interface Ending {
  name: string
  /** `all`: every connection of that person ends. `reading`: nothing of the space comes any more. `writing`: nothing is taken any more. */
  ends: 'all' | 'reading' | 'writing'
  isOrganisations?: true
  do(town: Town, victim: Townsman, keeper: Townsman, space: SpaceId): Promise<unknown>
}

const ok = async (asked: Promise<{ status: number; text: string }>): Promise<void> => {
  const { status, text } = await asked
  if (status >= 300) throw new Error(`${status} ${text}`)
}
const change = (role: Role | null) => (town: Town, victim: Townsman, keeper: Townsman, space: SpaceId): Promise<void> => ok(town.ask('PUT', `/api/spaces/${space}/members/${victim.user}`, { cookie: keeper.cookie, body: { role } }))
const ENDINGS: readonly Ending[] = [
  { name: 'removed', ends: 'reading', do: change(null) },
  { name: 'lowered to reader', ends: 'writing', do: change('reader') },
  { name: 'removed on the command line', ends: 'reading', do: (town, { user }, _keeper, space) => Promise.resolve(town.accounts.setRole(user, space, null)) },
  {
    name: 'moved to another municipality', ends: 'reading',
    do: async (town, victim, keeper, space) => {
      town.accounts.setRole(victim.user, must(town.spaces.find((one) => one !== space), 'another'), 'member')
      await change(null)(town, victim, keeper, space)
    },
  },
  { name: 'shut out', ends: 'all', do: (town, { user }) => Promise.resolve(town.accounts.setDisabled(user, true)) },
  { name: 'signed out', ends: 'all', do: (town, { cookie }) => ok(town.ask('DELETE', '/api/session', { cookie })) },
  { name: 'signed out everywhere', ends: 'all', do: (town, { cookie }) => ok(town.ask('DELETE', '/api/me/sessions', { cookie })) },
  { name: 'left for good', ends: 'all', do: async (town, { cookie, user }) => ok(town.ask('DELETE', '/api/me', { cookie, body: { login: must(town.accounts.accounts().find(({ person }) => person.user === user), 'them').login } })) },
]

async function revoke(trial: Trial): Promise<void> {
  const organisation = await startFakeOrganisation()
  const env = { OIDC_ISSUER: organisation.issuer, OIDC_CLIENT_ID: CLIENT_ID, OIDC_CLIENT_SECRET: CLIENT_SECRET }
  const runsCount = trial.count(9, 18, 90)
  const worst = new Map<string, number>()
  try {
    await withTown(trial, 'A4', { spaces: places(runsCount + 1), env }, async (town) => {
      const endings: Ending[] = [...ENDINGS, { name: 'logged out at the organisation', ends: 'all', isOrganisations: true, do: (_town, victim) => logoutThere(organisation, town, victim) }]
      for (let run = 0; run < runsCount && town.relay.isUp; run++) {
        const ending = must(endings[run % endings.length], 'one')
        const space = town.space(run)
        const ms = await endOne(town, trial, ending, space, organisation)
        worst.set(ending.name, Math.max(worst.get(ending.name) ?? 0, ms))
        const limit = ending.isOrganisations ? 60_000 : TOLD_MS_MAX
        if (ms > limit) trial.missed(`${ending.name}: ${seconds(ms)}`)
        trial.progress(`${run + 1} of ${runsCount}`)
      }
    })
  } finally {
    await organisation.close()
  }
  trial.figure(`${count(runsCount, 'time')} while typing on five connections (two tabs, a writer, the gateway, the twin)`)
  trial.figure(`last byte either way ${[...worst].map(([name, ms]) => `${name} ${seconds(ms)}`).join(', ')}`)
}

/** Signed in there, as the sign-in page does; the fake organisation says what we tell it to. */
async function signInThere(organisation: FakeOrganisation, town: Town, subject: string): Promise<string> {
  const begun = await town.ask('GET', '/api/oidc/login')
  const flow = must(begun.headers.get('set-cookie'), 'the cookie of the way there').split(';')[0]
  const asked = new URL(must(begun.headers.get('location'), 'where to')).searchParams
  organisation.answer = async () => ({ access_token: 'x', token_type: 'Bearer', id_token: await organisation.sign({ iss: organisation.issuer, aud: CLIENT_ID, sub: subject, sid: `sid-${subject}`, name: subject, nonce: must(asked.get('nonce'), 'a nonce'), iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 600 }) })
  const back = await town.ask('GET', `/api/oidc/callback?code=x&state=${must(asked.get('state'), 'a state')}`, { headers: { cookie: must(flow, 'a cookie') } })
  const cookie = back.headers.getSetCookie().map((line) => line.split(';')[0] ?? '').find((one) => !one.includes('-organisation='))
  return must(cookie, `a session: ${back.status} ${back.headers.get('location')}`)
}
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'
async function logoutThere(organisation: FakeOrganisation, town: Town, victim: Townsman): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  const token = await organisation.sign({ iss: organisation.issuer, aud: CLIENT_ID, sub: victim.person.name, sid: `sid-${victim.person.name}`, jti: `j${now}${Math.random()}`, iat: now, exp: now + 60, events: { [LOGOUT]: {} } }, { header: { typ: 'logout+jwt' } })
  await ok(town.ask('POST', '/api/oidc/backchannel', { origin: null, body: new URLSearchParams({ logout_token: token }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }))
}

/** Out: ms from the answer of the change to the last byte that went either way. */
async function endOne(town: Town, trial: Trial, ending: Ending, space: SpaceId, organisation: FakeOrganisation): Promise<number> {
  const { relay, dice, accounts } = town
  const violation = (text: string): void => trial.violation(`${ending.name}: ${text}`)
  const keeper = town.somebody(space, 'admin')
  const typist = town.somebody(space, 'member')
  let victim = town.somebody(space, 'member', 'het lid')
  if (ending.isOrganisations) {
    await town.settled()
    const subject = `lid ${space.slice(0, 6)}`
    const cookie = await signInThere(organisation, town, subject)
    accounts.refresh()
    const person = must(accounts.accounts().find((one) => one.person.name === subject), 'made at the first sign-in').person
    accounts.setRole(person.user, space, 'member')
    victim = { person, user: person.user, cookie, session: '' }
  }
  await town.settled()
  const observer = createObserver(space, dice, violation)
  await observer.connect(relay.address, keeper.cookie)
  const other = createWriter({ space, dice, window: 1 })
  await other.connect(relay.address, typist.cookie)
  const there = await everywhere(town, victim, space, other.item)
  const theirs = (): number => observer.seen.filter(({ author }) => author === victim.user).length
  try {
    const isGoing = await awaited(() => Promise.resolve(there.heardAt() > 0 && theirs() > 3), LEVEL_MS_MAX)
    if (isGoing === null) violation('nothing went either way before: the trial proves nothing')
    await ending.do(town, victim, keeper, space)
    const at = performance.now()
    let takenAt = at
    let taken = theirs()
    // Both ways until nothing was heard for two seconds, while the others type on.
    for (;;) {
      await sleep(20)
      const now = performance.now()
      if (theirs() > taken) [taken, takenAt] = [theirs(), now]
      const lastAt = Math.max(at, ending.ends === 'writing' ? 0 : there.heardAt(), takenAt)
      const isSilent = now - lastAt > 2_000
      const isClosed = ending.ends !== 'all' || there.closedCount() === there.socketsCount
      if (isSilent && isClosed) {
        const before = observer.seen.length
        if ((await awaited(() => Promise.resolve(observer.seen.length > before), LEVEL_MS_MAX)) === null) violation('the others do not go on')
        if (ending.ends === 'writing' && there.heardAt() < now - 1_000) violation('a reader hears nothing any more')
        return lastAt - at
      }
      if (now - at > NEVER_MS + (ending.isOrganisations ? 60_000 : 0)) {
        violation(isSilent ? `${there.socketsCount - there.closedCount()} of ${there.socketsCount} connections stay open` : 'bytes go on for ever')
        return now - at
      }
    }
  } finally {
    there.cut()
    other.cut()
    observer.cut()
  }
}

export const a4: Row = {
  id: 'A4',
  name: 'Revoked while connected',
  promise: 'a right that is taken away ends within seconds on every connection, both ways, whoever took it and wherever',
  target: 'removed, lowered, moved (a person: a document stays in its space), shut out, signed out, logged out at the organisation: last byte either way ≤ 5 s (organisation ≤ 60 s), others go on',
  run: revoke,
}

// ── A3, A5, A6 ──

async function levelOf(laptop: EngineLaptop, spacesCount: number): Promise<void> {
  const isLevel = async (): Promise<boolean> => (await laptop.isQuiet()) && (await must(laptop.engine, 'open').spaces()).filter(({ hasLog }) => hasLog !== undefined).length >= spacesCount
  if ((await awaited(isLevel, LEVEL_MS_MAX)) === null) throw new Error(`never level: ${await laptop.describe()}`)
}

interface Pair {
  there: EngineLaptop
  away: EngineLaptop
  ledger: Ledger
  keeper: Townsman
  traveller: Townsman
  items: ItemId[]
}

/** Somebody who is there and somebody who goes away, level in the same spaces, each space with one document. */
async function withPair(town: Town, trial: Trial, run: number, spaces: readonly SpaceId[], role: Role, work: (pair: Pair) => Promise<void>): Promise<void> {
  const keeper = town.somebody(null, null)
  const traveller = town.somebody(null, null)
  for (const space of spaces) {
    town.accounts.setRole(keeper.user, space, 'admin')
    town.accounts.setRole(traveller.user, space, role)
  }
  await town.settled()
  const ledger: Ledger = new Map()
  const common = { relayPort: town.relay.port, seed: trial.seed + run, ledger }
  const there = await createEngineLaptop({ name: 'there', user: 0, member: keeper, ...common })
  const away = await createEngineLaptop({ name: 'away', user: 1, member: traveller, ...common })
  try {
    for (const laptop of [there, away]) await laptop.open()
    for (const laptop of [there, away]) await levelOf(laptop, spaces.length)
    const items: ItemId[] = []
    for (const space of spaces) items.push(await there.createItem(space))
    for (const item of items) for (const laptop of [there, away]) if ((await awaited(() => laptop.see(item), LEVEL_MS_MAX)) === null) throw new Error('never seen')
    await work({ there, away, ledger, keeper, traveller, items })
  } finally {
    await there.dispose()
    await away.dispose()
  }
}
const own = (ledger: Ledger, before: ReadonlySet<string>): string[] => [...ledger.values()].filter(({ token, isStored }) => isStored && !before.has(token)).map(({ token }) => token)
const statusOf = (laptop: EngineLaptop) => must(laptop.engine, 'open').status()

async function expire(trial: Trial): Promise<void> {
  const runsCount = trial.count(2, 10, 50)
  const flows: number[] = []
  let [tokensCount, failedCount] = [0, 0]
  await withTown(trial, 'A3', { spaces: places(runsCount) }, async (town) => {
    for (let run = 0; run < runsCount; run++) {
      const space = town.space(run)
      await withPair(town, trial, run, [space], 'member', async ({ there, away, ledger, traveller, items }) => {
        const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
        const item = must(items[0], 'one')
        let isTyping = true
        const typing = (async (): Promise<void> => {
          for (; isTyping; await sleep(40)) await away.type(item)
        })()
        await awaited(() => Promise.resolve(ledger.size > 3), LEVEL_MS_MAX)
        // Its last moment is now: what the clock of a month would do.
        town.accounts.database.run('UPDATE sessions SET expires_at = ? WHERE user = ?', Date.now(), traveller.user)
        const at = performance.now()
        const told = await awaited(async () => (await statusOf(away)).connection === 'blocked', LEVEL_MS_MAX)
        if (told === null) violation(`typing goes on under a session that is over: ${await away.describe()}`)
        flows.push(performance.now() - at)
        const atThere = async (): Promise<string> => (await there.contents([item])).join('')
        await awaited(() => there.isQuiet(), LEVEL_MS_MAX)
        const reached = [...ledger.keys()].filter((token) => ledger.get(token)?.isStored).length
        await sleep(300)
        isTyping = false
        await typing
        const before = await atThere()
        const kept = [...ledger.values()].filter(({ isStored }) => isStored).map(({ token }) => token)
        if (kept.length <= reached) violation('nothing was typed after the end: the trial proves nothing')
        const mine = (await away.contents([item])).join('')
        if (kept.some((token) => !mine.includes(token))) violation('a letter typed after the end is not on the laptop')
        if ((await statusOf(away)).state === 'relay') violation('the status says that everything is at the relay')
        // A renewal that fails, as with a password that was changed meanwhile, costs nothing.
        away.signIn(town.cookieOf('A'.repeat(43)))
        await must(away.engine, 'open').reconnect()
        await sleep(300)
        failedCount++
        if ((await atThere()) !== before) violation('bytes reached others without a session')
        const still = (await away.contents([item])).join('')
        if (kept.some((token) => !still.includes(token))) violation('a renewal that failed cost letters')
        away.signIn(town.signIn(traveller.user).cookie)
        await town.settled()
        await must(away.engine, 'open').reconnect()
        if ((await awaited(() => away.isQuiet(), LEVEL_MS_MAX)) === null) violation(`never level after signing in again: ${await away.describe()}`)
        const hasAll = async (): Promise<boolean> => {
          const text = await atThere()
          return kept.every((token) => text.split(token).length === 2)
        }
        if ((await awaited(hasAll, LEVEL_MS_MAX)) === null) violation('not every letter is with the others once after signing in again')
        tokensCount += kept.length
      })
      trial.progress(`${run + 1} of ${runsCount}`)
    }
  })
  trial.figure(`${count(runsCount, 'session')} that ended under typing hands, told after ${seconds(longest(flows))} at most`)
  trial.figure(`${count(failedCount, 'renewal')} that failed, ${count(tokensCount, 'token')} kept and once with the others after the next`)
  if (longest(flows) > 60_000) trial.missed(`data flowed for ${seconds(longest(flows))}`)
}

export const a3: Row = {
  id: 'A3',
  name: 'Expiry mid-session',
  promise: 'a session that ends under typing hands ends the flow at once and costs no letter, nor does a renewal that fails',
  target: '50 runs by hand, 10 by default, 2 in CI: no data flows > 60 s after, 0 tokens lost, a failed renewal keeps everything on the laptop',
  run: expire,
}

/** A program of one's own that does not listen to what it may: offers words to a document. Out: what the relay answered first. */
async function offerAnyway(town: Town, { cookie }: Townsman, space: SpaceId, item: ItemId, words: string): Promise<string> {
  const doc = new Y.Doc()
  doc.getXmlFragment('prose').insert(0, [new Y.XmlText(words)])
  const answer = Promise.withResolvers<string>()
  const client = await dial(town.relay.address, cookie, town.dice, ({ type }) => void ((type === 'ack' || type === 'nack') && answer.resolve(type)))
  void client.closed.then(() => answer.resolve('closed'))
  client.send(pushOf({ n: 1, space, entry: newId(town.dice), item, writer: newId(town.dice), payload: Y.encodeStateAsUpdate(doc) }))
  const said = await answer.promise
  client.cut()
  return said
}

interface Offline {
  id: 'A5' | 'A6'
  from: Role
  to: Role | null
}

async function awayWithEdits(trial: Trial, id: 'A5' | 'A6', cases: readonly Offline[], runsCount: number): Promise<void> {
  const tolds: number[] = []
  let [parkedCount, keptCount, splitCount] = [0, 0, 0]
  await withTown(trial, id, { spaces: places(2 * runsCount) }, async (town) => {
    for (let run = 0; run < runsCount; run++) {
      const { from, to } = must(cases[run % cases.length], 'a case')
      const violation = (text: string): void => trial.violation(`run ${run} (${from} to ${to ?? 'nobody'}): ${text}`)
      const [lost, kept] = [town.space(2 * run), town.space(2 * run + 1)]
      await withPair(town, trial, run, [lost, kept], from, async ({ there, away, ledger, keeper, traveller, items }) => {
        const [lostItem, keptItem] = items as [ItemId, ItemId]
        await away.type(lostItem)
        await away.type(keptItem)
        await awaited(() => away.isQuiet(), LEVEL_MS_MAX)
        const before = new Set(ledger.keys())
        away.network.down()
        away.network.cut()
        // One outbox for both places, in whatever order.
        const made = await must(away.engine, 'open').createItem({ space: lost, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: 'nieuw gemaakt' }], prose: null })
        for (let i = 0; i < 6; i++) {
          await away.type(pick(town.dice, [lostItem, keptItem]))
          if (i % 2 === 0) await away.addStep(pick(town.dice, [lostItem, keptItem]))
        }
        await away.type(lostItem)
        await away.type(keptItem)
        const mine = own(ledger, before)
        const forbidden = mine.filter((token) => ledger.get(token)?.item === lostItem)
        const allowed = mine.filter((token) => ledger.get(token)?.item === keptItem)
        town.accounts.setRole(traveller.user, lost, to)
        await town.settled()
        away.network.heal()
        await must(away.engine, 'open').reconnect()
        const began = performance.now()
        const isTold = async (): Promise<boolean> => {
          const { state, connection, waitingCount } = await statusOf(away)
          return connection === 'live' && state === 'refused' && waitingCount === 0
        }
        const told = await awaited(async () => (await statusOf(away)).parkedCount > 0, LEVEL_MS_MAX)
        if (told === null) violation(`nobody is told: ${await away.describe()}`)
        tolds.push(performance.now() - began)
        // What builds on the first refused one of a document waits behind it, so waiting may stay; what may go has gone.
        const arrived = async (): Promise<boolean> => {
          const text = (await there.contents([keptItem])).join('')
          return allowed.every((token) => text.includes(token))
        }
        if ((await awaited(arrived, LEVEL_MS_MAX)) === null) violation('edits of the other municipality did not go on')
        await awaited(isTold, 3_000)
        const said = (await there.contents([lostItem])).join('')
        const leaked = forbidden.filter((token) => said.includes(token))
        if (leaked.length > 0) violation(`${leaked.length} tokens reached others`)
        if ((await must(there.engine, 'open').rows()).some(({ item }) => item === made)) violation('a document made without the right is with the others')
        const parked = await must(away.engine, 'open').parked()
        const { text } = await must(away.engine, 'open').exportParked(parked.map(({ entry }) => entry))
        const missing = forbidden.filter((token) => !text.includes(token))
        if (missing.length > 0) violation(`${missing.length} of ${forbidden.length} tokens are not in the file of what lies apart`)
        if (!text.includes('nieuw gemaakt')) violation('the new document is not in the file of what lies apart')
        if (allowed.some((token) => text.includes(token))) violation('edits that were taken lie apart as well')
        if (to === null) {
          const seen = (await must(away.engine, 'open').rows()).filter((row) => row.space === lost)
          if (seen.length > 0) violation(`${seen.length} documents of the municipality are still on the laptop`)
        }
        // The engine keeps itself to it; the relay does not count on that.
        const forced = `[[${id.toLowerCase()}.forced.${run}]]`
        const taken = [await offerAnyway(town, traveller, lost, lostItem, forced), await offerAnyway(town, traveller, kept, keptItem, 'mag wel')].join()
        if (taken !== 'nack,ack') violation(`a program that does not listen hears ${taken} for the lost and the kept municipality`)
        // By choice, and only then, they are gone; the relay has seen nothing of them.
        const isDropped = async (): Promise<boolean> => {
          // What stood behind a refused one is judged when that is gone, and lies apart then.
          const left = await must(away.engine, 'open').parked()
          if (left.length > 0) await must(away.engine, 'open').discardParked(left.map(({ entry }) => entry))
          const { parkedCount, waitingCount } = await statusOf(away)
          return parkedCount + waitingCount === 0
        }
        if ((await awaited(isDropped, LEVEL_MS_MAX)) === null) violation(`what was dropped by choice still lies apart: ${await away.describe()}`)
        const log = createObserver(lost, town.dice, violation)
        await log.connect(town.relay.address, keeper.cookie)
        const bytes = Buffer.concat(log.seen.map(({ payload }) => Buffer.from(payload)))
        if ([...forbidden, forced].some((token) => bytes.includes(token))) violation('the log holds what was refused')
        log.cut()
        parkedCount += parked.length
        keptCount += allowed.length
        splitCount++
      })
      trial.progress(`${run + 1} of ${runsCount}`)
    }
  })
  trial.figure(`${count(splitCount, 'return')} with ${count(keptCount, 'token')} of another municipality taken, ${count(parkedCount, 'entry', 'entries')} of the lost one set apart and in the file, 0 bytes to others`)
  trial.figure(`told after ${seconds(longest(tolds))} at most`)
  if (longest(tolds) > TOLD_MS_MAX) trial.missed(`told after ${seconds(longest(tolds))}`)
}

export const a5: Row = {
  id: 'A5',
  name: 'Revoked while offline with edits',
  promise: 'edits made after the right was gone reach nobody and are not thrown away; the copies of that municipality leave the laptop',
  target: '100 runs by hand, 6 by default, 1 in CI: 0 bytes reach others, 0 silent discards, told ≤ 5 s, edits of other municipalities go on',
  run: (trial) => awayWithEdits(trial, 'A5', [{ id: 'A5', from: 'member', to: null }, { id: 'A5', from: 'admin', to: null }], trial.count(1, 6, 100)),
}

export const a6: Row = {
  id: 'A6',
  name: 'Role lowered while offline',
  promise: 'whoever may read and no longer write keeps what they wrote apart, and a mixed outbox is split per municipality',
  target: '100 runs by hand, 6 by default, 1 in CI: as A5; the document stays readable',
  run: (trial) => awayWithEdits(trial, 'A6', [{ id: 'A6', from: 'member', to: 'reader' }, { id: 'A6', from: 'leader', to: 'reader' }], trial.count(1, 6, 100)),
}
