/**
 * A7, A10, A13 and A15: what stands before a door. Pages that are not ours, whoever knocks too often, whoever never says who they are, and readers who would
 * write. The same rules are asked of every route and message in tests/server and tests/access; here they are tried on the relay as it runs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { actToBytes } from '../../shared/model/acts.ts'
import type { Part } from '../../shared/model/entries.ts'
import { encodeUp } from '../../shared/protocol/codec.ts'
import { createEntryMaker, createRegistrar, createTypist, EACH_ACT } from '../contract/payloads.ts'
import { quantile } from '../bench/machine.ts'
import { foreignOrigins } from '../support/foreign-origins.ts'
import { withoutHelloRow } from './b11-fragments.ts'
import { dial, pushOf } from './client.ts'
import { withBystander } from './crowd.ts'
import { createSyncDoor, openYjs, pushByTwin, pushByYjs, yjsFrame } from './doors.ts'
import { canPin, pin, startFlood } from './flood.ts'
import { createObserver } from './observer.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'
import { upgrade } from './websocket/raw-socket.ts'

const PLACE = { kind: 'municipality', name: 'Schiedam' } as const
const SPOT: Id = 'ab'.repeat(16)

// ── A7 ──

async function otherPages(town: Town, trial: Trial): Promise<void> {
  const { relay } = town
  const { cookie } = town.somebody(town.space(0), 'member')
  const { token } = town.accounts.createToken({ space: town.space(0), role: 'member', label: 'A7' })
  await town.settled()
  const host = `127.0.0.1:${relay.port}`
  const ask = async (path: string, headers: Record<string, string>, own = host): Promise<number> => {
    const { status, socket } = await upgrade({ port: relay.port, path, headers: { Host: own, ...headers } })
    socket?.cut()
    return status
  }
  let refused = 0
  const origins = foreignOrigins(relay.port)
  const paths = ['/sync', `/yjs/${SPOT}`]
  for (const path of paths) {
    for (const origin of origins) {
      for (const [who, headers] of [['a cookie', { Cookie: cookie }], ['a token', { Authorization: `Bearer ${token}` }], ['nothing', {}]] as const) {
        const named = await ask(path, { ...headers, Origin: origin === '' ? ' ' : origin })
        if (named === 403) refused++
        else trial.violation(`${path.slice(0, 5)} from "${origin}" with ${who}: ${named}`)
      }
    }
    // No page at all: a program, which has no cookie.
    const silent = await ask(path, { Cookie: cookie })
    if (silent !== 403) trial.violation(`${path.slice(0, 5)} with a cookie and from no page: ${silent}`)
    // The name of another host for this machine makes another page of the same address.
    const rebound = await ask(path, { Cookie: cookie, Origin: `http://${host}` }, 'evil.example')
    if (rebound !== 403) trial.violation(`${path.slice(0, 5)} under another host: ${rebound}`)
    const own = await ask(path, { Cookie: cookie, Origin: `http://${host}` })
    if (own !== 101) trial.violation(`${path.slice(0, 5)} from our own page: ${own}: the trial proves nothing`)
  }
  trial.figure(`${count(origins.length, 'origin')} on ${paths.length} endpoints, with a cookie, a token and nothing: ${refused} of ${origins.length * paths.length * 3} refused before the upgrade`)
}

export const a7: Row = {
  id: 'A7',
  name: 'Cross-site websocket',
  promise: 'a page that is not ours opens no websocket, whoever is signed in in that browser',
  target: '60 variants of Origin on both endpoints: 60 of 60 refused before the upgrade',
  run: (trial) => withTown(trial, 'A7', { spaces: [PLACE] }, (town) => otherPages(town, trial)),
}

// ── A10 ──

const GUESSES = 30
/** What is heard of them: twenty, and twenty a minute. */
const [GUESSES_AT_ONCE, A_GUESS_MORE_EVERY_MS] = [20, 3_000]
/** A person who works: within what anybody may ask a second at one route. */
const HONEST_COUNT = 200
const HONEST_EVERY_MS = 50
/** More than may wait for their turn, so that some are refused. */
const FLOOD_CONNECTIONS = 40
const OFFICE = 100
const BUSY_SHARE_MAX = 1.2
/** Websockets one after another: ten times what nobody known may open at once, so that a machine which opens as fast as the limit refills is not taken for a relay without one. */
const KNOCKS_MAX = 10_000

/** Of requests in an even row, ms. */
async function p95Of(ask: () => Promise<unknown>, askedCount: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < askedCount; i++) {
    const began = performance.now()
    await ask()
    const took = performance.now() - began
    times.push(took)
    await sleep(Math.max(0, HONEST_EVERY_MS - took))
  }
  return quantile(times.sort((a, b) => a - b), 0.95)
}

interface BesideFlood {
  p95: number
  statuses: ReadonlyMap<number, number>
}

/** The same while somebody floods the relay, from the first request of the flood; in: the core that the flood is kept to. */
async function besideFlood({ relay }: Town, who: Townsman, ask: () => Promise<unknown>, askedCount: number, core: number | null = null): Promise<BesideFlood> {
  const flood = startFlood({ port: relay.port, path: '/api/me', cookie: who.cookie, connectionsCount: FLOOD_CONNECTIONS })
  if (core !== null) pin(flood.pid, core)
  await flood.answered(200)
  const p95 = await p95Of(ask, askedCount)
  await flood.answered(429)
  return { p95, statuses: await flood.end() }
}

async function rates(town: Town, trial: Trial): Promise<void> {
  const { relay, accounts, dice } = town
  const space = town.space(0)
  const busy = town.somebody(space, 'member')
  const busyToo = town.somebody(space, 'member')
  const honest = town.somebody(space, 'member')
  const honestToo = town.somebody(space, 'member')
  const office = Array.from({ length: trial.size === 'small' ? 25 : OFFICE }, () => town.somebody(space, 'member'))
  await town.settled()
  const login = (name: string): Promise<number> => town.ask('POST', '/api/session', { body: { login: name, password: 'mis' } }).then(({ status }) => status)
  const known = must(accounts.accounts().find(({ person }) => person.user === busy.user), 'busy').login

  // Guessing one login: a few, then no more; another login of the same office goes on.
  const guesses: number[] = []
  const guessedFrom = performance.now()
  for (let i = 0; i < GUESSES; i++) guesses.push(await login(known))
  const passed = guesses.findIndex((status) => status === 429)
  const heard = guesses.filter((status) => status !== 429).length
  const mayBeHeard = GUESSES_AT_ONCE + Math.ceil((performance.now() - guessedFrom) / A_GUESS_MORE_EVERY_MS)
  if (passed < 0 || heard > mayBeHeard) trial.violation(`${GUESSES} guesses at one login, of which ${mayBeHeard} may be heard: ${guesses.join(' ')}`)
  trial.progress('one login was guessed at')
  const other = await login('ander@voorbeeld.test')
  if (other !== 401) trial.violation(`another login from the same address: ${other}`)
  // One guess at each of many is guessing as well. Links, because a login costs the machine a stretched password and a slow one would need its minute.
  const sprayed: number[] = []
  while (sprayed.length < 2_000 && sprayed.at(-1) !== 429) sprayed.push(...(await Promise.all(Array.from({ length: 20 }, () => town.ask('GET', `/api/links/${newId(dice)}${'A'.repeat(11)}`).then(({ status }) => status)))))
  if (!sprayed.includes(429)) trial.violation(`${sprayed.length} links tried from one address, all of them heard`)
  trial.progress('many links were tried')
  trial.figure(`guesses end at the ${passed + 1}th for one login, after ${sprayed.indexOf(429)} more over many links`)

  // One session that asks without end, from a process of its own: here it would be this process that honest people wait for.
  const askedCount = trial.size === 'small' ? 10 : HONEST_COUNT
  const meOf = (who: Townsman) => (): Promise<unknown> => town.ask('GET', '/api/me', { cookie: who.cookie })
  const me = meOf(honest)
  await p95Of(me, askedCount / 5) // the first ones find everything cold, and would flatter what comes after
  const alone = await p95Of(me, askedCount)
  const beside = await besideFlood(town, busy, me, askedCount)
  if ([...beside.statuses.keys()].some((status) => status !== 200 && status !== 429) || !beside.statuses.has(429)) trial.violation(`a flood of requests: ${[...beside.statuses].join(' ')}`)
  const own = await town.ask('GET', '/api/me', { cookie: honest.cookie })
  if (own.status !== 200) trial.violation(`somebody else at the same address: ${own.status}`)
  const [answered, refused] = [beside.statuses.get(200) ?? 0, beside.statuses.get(429) ?? 0]
  trial.figure(`of one session that asks without end over ${FLOOD_CONNECTIONS} connections ${answered} requests answered and ${refused} refused meanwhile`)
  if (trial.size !== 'small') {
    trial.figure(`honest p95 ${alone.toFixed(1)} ms alone, ${beside.p95.toFixed(1)} ms beside it`)
    if (canPin()) {
      // Relay and flood on a core each: what is left is the relay's own.
      pin(relay.pid, 0)
      const [aloneApart, besideApart] = [await p95Of(meOf(honestToo), askedCount), await besideFlood(town, busyToo, meOf(honestToo), askedCount, 1)]
      pin(relay.pid, null)
      trial.figure(`on a core of its own ${aloneApart.toFixed(1)} and ${besideApart.p95.toFixed(1)} ms`)
    }
    if (beside.p95 > BUSY_SHARE_MAX * alone) trial.missed(`honest p95 × ${(beside.p95 / alone).toFixed(1)} beside a flood of requests`)
  }

  trial.progress('requests were made')
  // Messages: one socket that talks without end is ended, the next to it is not.
  const bystander = await dial(relay.address, honest.cookie, dice, () => undefined)
  let isCut = false
  void bystander.closed.then(() => (isCut = true))
  const talker = await dial(relay.address, busy.cookie, dice, () => undefined)
  const ping = encodeUp({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 })
  let said = 0
  let code = 0
  void talker.closed.then((one) => (code = one))
  while (code === 0 && said < 200_000) {
    for (let i = 0; i < 500; i++) talker.socket.send(ping)
    said += 500
    await sleep(1)
  }
  talker.cut()
  if (code !== 1013) trial.violation(`${said} messages without a pause ended with ${code || 'nothing'}`)
  if (isCut) trial.violation('somebody else was cut off by it')
  bystander.cut()
  trial.figure(`${count(said, 'message')} without a pause: closed with ${code}`)

  trial.progress('messages were sent')
  // Opening websockets: whoever is nobody, and somebody known, each for themselves.
  const knock = async (headers: Record<string, string>, most: number): Promise<number> => {
    let opened = 0
    let isOver = false
    await Promise.all(Array.from({ length: 50 }, async () => {
      while (!isOver && opened < most) {
        const { status, socket } = await upgrade({ port: relay.port, path: opened % 2 === 0 ? '/sync' : `/yjs/${SPOT}`, headers: { Origin: relay.address, ...headers } })
        socket?.cut()
        if (status === 429) isOver = true
        else opened++
      }
    }))
    return isOver ? opened : Infinity
  }
  const byStrangers = await knock({}, KNOCKS_MAX)
  if (byStrangers > KNOCKS_MAX) trial.violation(`${KNOCKS_MAX} websockets opened by nobody known, from one address, all of them upgraded`)
  const besideThem = await upgrade({ port: relay.port, path: '/sync', headers: { Origin: relay.address, Cookie: honest.cookie } })
  besideThem.socket?.cut()
  if (besideThem.status !== 101) trial.violation(`somebody known at the same address: ${besideThem.status}`)
  trial.figure(`${count(byStrangers, 'websocket')} of nobody known from one address, then 429`)
  if (trial.size !== 'small') {
    const byOne = await knock({ Cookie: busy.cookie }, 3 * KNOCKS_MAX)
    if (byOne > 3 * KNOCKS_MAX) trial.violation(`${3 * KNOCKS_MAX} websockets opened by one person, all of them upgraded`)
    const next = await upgrade({ port: relay.port, path: '/sync', headers: { Origin: relay.address, Cookie: honest.cookie } })
    next.socket?.cut()
    if (next.status !== 101) trial.violation(`somebody else beside them: ${next.status}`)
    trial.figure(`${count(byOne, 'websocket')} of one person`)
  }

  trial.progress('websockets were opened')
  // After a restart nobody's earlier knocking counts, and a whole office comes back at once from one address.
  await relay.stop()
  await relay.start()
  const back = await Promise.all(office.map(async (who) => {
    const client = await dial(relay.address, who.cookie, dice, () => undefined)
    const asked = await Promise.all(['/api/me', '/api/people', `/api/spaces/${space}/members`].map((path) => town.ask('GET', path, { cookie: who.cookie })))
    client.cut()
    return asked.every(({ status }) => status === 200)
  }))
  if (!back.every(Boolean)) trial.violation(`${back.filter((one) => !one).length} of ${office.length} were not served after a restart`)
  trial.figure(`${count(back.filter(Boolean).length, 'person', 'people')} back at once from one address after a restart`)
}

export const a10: Row = {
  id: 'A10',
  name: 'Rate limits',
  promise: 'whoever knocks too often is told to wait, whoever works beside them is not, and a restart locks nobody out',
  target: 'login, requests and websockets that are opened answer 429, messages close with 1013; honest p95 +≤ 20 %; everybody back after a restart (search, export and import ask no door)',
  run: (trial) => withTown(trial, 'A10', { spaces: [PLACE] }, (town) => rates(town, trial)),
}

// ── A13 ──

export const a13: Row = {
  id: 'A13',
  name: 'Before login',
  promise: 'a thousand connections that never say who they are, silent, slow or chatty, are gone in ten seconds and cost others nothing',
  target: '1,000 sockets, 60 in CI: closed ≤ 10 s, ≤ 64 KiB each, honest p95 ≤ 250 ms (the same crowd is part of B11)',
  run: (trial) => withBystander(trial, 'A13', (bystanding) => withoutHelloRow(bystanding, trial)),
}

// ── A15 ──

const AWARENESS = 1

async function readers(town: Town, trial: Trial): Promise<void> {
  const { relay, dice, accounts } = town
  const roundsCount = trial.count(2, 20, 200)
  const space = town.space(0)
  const owner = town.somebody(space, 'admin')
  const reader = town.somebody(space, 'reader')
  const token = accounts.createToken({ space, role: 'reader', label: 'A15' }).token
  await town.settled()
  const make = createEntryMaker(trial.seed)
  const [item, writer] = [make.id(), make.id()]
  const pushTo = (part: Part, payload: Uint8Array, at: Id) => pushOf({ space, entry: newId(dice), item: at, part, writer: newId(dice), payload })
  const facts = createRegistrar(writer)
  const mine = createSyncDoor(relay.address, owner.cookie, dice)
  for (const [part, payload] of [['facts', facts.set('type', 'agreement')], ['prose', createTypist(7).type('van de eigenaar')]] as const) {
    const said = await mine.push({ ...pushTo(part, payload, item), writer })
    if (said !== 'taken') throw new Error(`the owner's ${part}: ${said}`)
  }
  const shown: string[] = []
  const stock = await openYjs(relay.address, owner.cookie, item, (frame) => void (frame[0] === AWARENESS && shown.push(Buffer.from(frame).toString())))
  stock.socket.send(yjsFrame(AWARENESS, yjsFrame(1, 4_242, 1, JSON.stringify({ user: { name: 'x' } }))))

  const door = createSyncDoor(relay.address, reader.cookie, dice)
  let tried = 0
  const must403 = (said: string, what: string): void => {
    tried++
    if (said === 'taken' || said === 'silent') trial.violation(`${what}: ${said}`)
  }
  for (let round = 0; round < roundsCount && relay.isUp; round++) {
    const typist = createTypist(1_000 + round)
    const doc = new Y.Doc()
    doc.getXmlFragment('prose').insert(0, [new Y.XmlText('vals')])
    const update = Y.encodeStateAsUpdate(doc)
    for (const at of [item, newId(dice)]) {
      const frames: [string, ReturnType<typeof pushTo>][] = [
        ['prose', pushTo('prose', typist.type('vals'), at)], ['facts', pushTo('facts', createRegistrar(newId(dice)).set('title', 'vals'), at)], ['a deletion', pushTo('prose', Uint8Array.of(0, 1, 1, 1, 0, 4), at)],
        ...Object.values(EACH_ACT).map((act): [string, ReturnType<typeof pushTo>] => [act.kind, pushTo('act', actToBytes(act), at)]),
      ]
      for (const [what, frame] of frames) {
        must403(await door.push(frame), `${what} by socket`)
        must403(await pushByTwin(relay.address, reader.cookie, frame), `${what} by twin`)
      }
    }
    for (const isWhole of [true, false]) {
      // The gateway lets a reader stay and takes nothing of it: what was taken is asked of the log below.
      await pushByYjs(relay.address, reader.cookie, item, update, false, isWhole)
      tried++
    }
    const { socket } = await openYjs(relay.address, reader.cookie, item, () => undefined)
    socket.send(yjsFrame(AWARENESS, yjsFrame(2, 4_242, 99, JSON.stringify({ user: { name: 'vals' } }), 6_000 + round, 1, JSON.stringify({ user: { name: 'vals' } }))))
    tried++
    await sleep(50)
    socket.terminate()
    for (const [method, path, body] of [
      ['POST', `/api/spaces/${space}/erasures`, { item, mode: 'whole', reason: 'x' }], ['POST', `/api/spaces/${space}/invitations`, { role: 'reader' }], ['PUT', `/api/spaces/${space}/members/${reader.user}`, { role: 'admin' }],
      ['PUT', `/api/spaces/${space}/participations/${space}`, { takesPart: true }], ['POST', '/api/spaces', { kind: 'group', name: 'vals' }],
    ] as const) {
      for (const who of [{ cookie: reader.cookie }, { bearer: token, origin: null }]) {
        const { status } = await town.ask(method, path, { ...who, body })
        tried++
        if (status !== 403) trial.violation(`${method} ${path.replaceAll(/[0-9a-f]{32}/g, ':id')}: ${status}`)
      }
    }
    trial.progress(`${round + 1} of ${roundsCount}`)
  }
  const observer = createObserver(space, dice, trial.violation)
  await observer.connect(relay.address, owner.cookie)
  if (observer.seen.length !== 2) trial.violation(`the log has ${observer.seen.length} entries, not 2`)
  if (accounts.roleIn(reader.user, space) !== 'reader') trial.violation(`the reader is ${accounts.roleIn(reader.user, space)} now`)
  if (shown.some((text) => text.includes('vals'))) trial.violation('awareness under a name of its own was shown')
  trial.figure(`${count(tried, 'write-shaped request')} of readers on four doors, ${observer.seen.length - 2} had an effect`)
  for (const end of [() => door.cut(), () => mine.cut(), () => stock.socket.terminate(), () => observer.cut()]) end()
}

export const a15: Row = {
  id: 'A15',
  name: 'Readers cannot write',
  promise: 'whatever a reader says in the shape of writing changes nothing for anybody',
  target: 'every write-shaped frame and request by socket, twin, gateway and HTTP: 0 effects (each message and act by each role is in tests/access)',
  run: (trial) => withTown(trial, 'A15', { spaces: [PLACE] }, (town) => readers(town, trial)),
}
