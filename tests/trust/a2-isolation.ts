/**
 * A2: neighbours with every role of their own, and the real ids of another municipality, at every door of a relay as it runs. Not a byte of what that
 * municipality wrote, shows or is called comes back, and what is forbidden is answered as what does not exist.
 *
 * The canaries are random ids, in everything that a person can fill. They are looked for as text, as bytes and as UTF-16 in every answer, head included.
 */
import { once } from 'node:events'
import WebSocket from 'ws'
import { must } from '../../shared/base/assert.ts'
import { fromHex, utf8 } from '../../shared/base/bytes.ts'
import { newId, NO_ID, type Id } from '../../shared/base/ids.ts'
import { below, pick } from '../../shared/base/random.ts'
import { actToBytes } from '../../shared/model/acts.ts'
import type { Part } from '../../shared/model/entries.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { UpMessage } from '../../shared/protocol/messages/index.ts'
import { routesOfRelay, type RouteLine } from '../access/routes-of-relay.ts'
import { createRegistrar, createTypist, proposeAct } from '../contract/payloads.ts'
import { ENDS_SESSIONS } from '../support/every-route.ts'
import { awaited } from './browser-laptop.ts'
import { dial, headersOf, pushOf, type Credentials } from './client.ts'
import { createSyncDoor, openYjs, yjsFrame } from './doors.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town } from './town.ts'

/** Messages over one websocket, mixing rooms. */
const PER_SOCKET = 20
const ITEMS_COUNT = 5
const AWARENESS = 1
const ANSWER_MS_MAX = 20_000

interface Neighbour {
  space: Id
  items: Id[]
  /** Erased for good: its id may be tried again. */
  erased: Id
  users: Id[]
  /** Of whoever belongs there. */
  cookie: string
  canaries: string[]
  leave(): void
}

/** A municipality with a canary in everything that a person can fill, and somebody there who is looking at a document. */
async function settleNeighbour(town: Town): Promise<Neighbour> {
  const { accounts, relay, dice } = town
  const canaries: string[] = []
  const canary = (): string => {
    const one = newId(dice)
    canaries.push(one)
    return one
  }
  const { space } = accounts.createSpace({ kind: 'municipality', name: `Buurgemeente ${canary()}` })
  const made = accounts.createPerson({ login: `${canary()}@buur.test`, name: canary(), job: canary(), organisation: canary() })
  const { user } = must(made.ok ? made.value : null, 'a fresh login')
  accounts.setRole(user, space, 'admin')
  accounts.createInvitation({ space, role: 'member', by: user })
  accounts.audit.record({ who: user, operation: 'item.erase', space, subject: canary(), from: canary(), request: canary(), result: 'done' })
  const cookie = town.cookieOf(accounts.startSession(user).token)
  await town.settled()
  const door = createSyncDoor(relay.address, cookie, dice)
  const items = Array.from({ length: ITEMS_COUNT }, () => newId(dice))
  for (const item of items) {
    const writer = newId(dice)
    const facts = createRegistrar(writer)
    const parts: [Part, Uint8Array][] = [['facts', facts.set('type', 'agreement')], ['facts', facts.set('title', canary())], ['prose', createTypist(dice.uint32()).type(canary())], ['act', actToBytes(proposeAct(JSON.stringify({ text: canary() }), [canary()]))]]
    for (const [part, payload] of parts) {
      const said = await door.push(pushOf({ space, entry: newId(dice), item, part, writer, payload }))
      if (said !== 'taken') throw new Error(`the neighbour's ${part}: ${said}`)
    }
  }
  door.cut()
  const [looked, erased] = [must(items[0], 'five'), must(items.pop(), 'five')]
  const { status } = await town.ask('POST', `/api/spaces/${space}/erasures`, { cookie, body: { item: erased, mode: 'whole', reason: canary() } })
  if (status >= 300) throw new Error(`erasing: ${status}`)
  const looking = await dial(relay.address, cookie, dice, () => undefined)
  looking.send({ type: 'sub', space, epoch: NO_ID, cursor: 0, tailHash: new Uint8Array(16) }, { type: 'presence', space, item: looked, open: true, bytes: utf8(JSON.stringify({ where: canary() })) })
  const stock = await openYjs(relay.address, cookie, looked, () => undefined)
  stock.socket.send(yjsFrame(AWARENESS, yjsFrame(1, 4_242, 1, JSON.stringify({ user: { name: canary() }, cursor: { anchor: canary(), head: canary() } }))))
  return {
    space, items, erased, users: [user], cookie, canaries,
    leave() {
      looking.cut()
      stock.socket.terminate()
    },
  }
}

interface Judge {
  hear(bytes: Uint8Array | string, what: string): void
  readonly bytes: number
}

function createJudge({ canaries }: Neighbour, found: (what: string) => void): Judge {
  const needles = canaries.flatMap((canary) => [Buffer.from(canary), Buffer.from(fromHex(canary)), Buffer.from(canary, 'utf16le')])
  let heard = 0
  return {
    get bytes() { return heard },
    hear(bytes, what) {
      const text = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      heard += text.length
      if (needles.some((needle) => text.includes(needle))) found(what)
    },
  }
}

async function isolate(town: Town, trial: Trial): Promise<void> {
  const { accounts, relay, dice } = town
  const requestsCount = trial.count(1_000, 1_000, 10_000)
  const [own, programme] = [town.space(0), town.space(1)]
  const other = await settleNeighbour(town)
  const administrator = town.somebody(null, null)
  accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', administrator.user)
  const revoked = town.somebody(other.space, 'reader')
  accounts.setRole(revoked.user, other.space, null)
  const people: Credentials[] = [
    town.somebody(own, 'admin').cookie, town.somebody(own, 'reader').cookie, town.somebody(programme, 'programme-leader').cookie, administrator.cookie, revoked.cookie,
    { bearer: accounts.createToken({ space: own, role: 'admin', label: 'A2' }).token }, { bearer: accounts.createToken({ space: own, role: 'member', label: 'A2' }).token },
  ]
  await town.settled()
  const judge = createJudge(other, (what) => trial.violation(`a canary came back: ${what}`))

  // The installation's administrator reads the account of all spaces: who did what there, with the names; no text. That door is theirs.
  const routes = (await routesOfRelay()).filter((route) => route.operation !== 'installation.audit' && !ENDS_SESSIONS.has(`${route.method} ${route.path}`))
  /** They say how the relay is doing and what was asked before: no two answers are alike, whatever is asked. */
  const saysNews = ({ operation }: RouteLine): boolean => ['health.read', 'installation.read', 'account.export', 'audit.read'].includes(operation)
  const theirs = [other.space, ...other.items, other.erased, ...other.users]
  const anyId = (): Id => (below(dice, 4) === 0 ? pick(dice, [own, programme, newId(dice), NO_ID]) : pick(dice, theirs))
  /** The same question about what nobody has. */
  const unknown = new Map(theirs.map((id) => [id, newId(dice)]))
  const aboutNothing = (text: string): string => theirs.reduce((said, id) => said.replaceAll(id, must(unknown.get(id), 'made above')), text)

  let asked = 0
  let alike = 0
  const push = (): UpMessage => ({ ...pushOf({ space: anyId(), entry: newId(dice), item: anyId(), part: pick(dice, ['prose', 'facts', 'act'] as const), writer: anyId(), payload: createTypist(99).type('x') }), format: 'yjs1' })
  const message = (): UpMessage =>
    pick<() => UpMessage>(dice, [
      () => ({ type: 'sub', space: anyId(), epoch: anyId(), cursor: below(dice, 9), tailHash: new Uint8Array(16) }),
      () => ({ type: 'fetch', request: 1, space: anyId(), item: anyId(), part: 'prose', from: 0, upTo: 0 }),
      () => ({ type: 'presence', space: anyId(), item: anyId(), open: true, bytes: new Uint8Array() }),
      () => ({ type: 'recv', space: anyId(), epoch: anyId(), cursor: 3 }),
      () => ({ type: 'unsub', space: anyId() }),
      push,
    ])()
  const hello: UpMessage = { type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'trust', device: NO_ID, pendingCount: 0 }

  interface Question {
    route: RouteLine
    path: string
    body: string | Uint8Array | undefined
    who: Credentials
  }
  async function answerTo({ route, path, body, who }: Question): Promise<{ status: number; text: string }> {
    for (;;) {
      const response = await fetch(relay.address + path, {
        method: route.method, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS_MAX),
        headers: { accept: 'application/json', ...headersOf(who, relay.address), ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream' }) },
        ...(body === undefined ? {} : { body: body as BodyInit }),
      })
      const bytes = Buffer.from(await response.arrayBuffer())
      judge.hear(bytes, `${route.method} ${route.path}`)
      judge.hear([...response.headers].flat().join('\n'), `the head of ${route.method} ${route.path}`)
      // Who asks this often is told to wait, which says nothing of anything.
      if (response.status !== 429) return { status: response.status, text: bytes.toString('latin1') }
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  async function overHttp(): Promise<void> {
    const route = pick(dice, routes)
    const path = route.path.replaceAll(/:(\w+)/g, () => anyId())
    const query = ['space', 'item', 'user', 'before', 'cursor'].filter(() => below(dice, 2) === 0).map((name) => `${name}=${name === 'before' || name === 'cursor' ? '1' : anyId()}`)
    const isFrame = route.path === '/sync/push' || route.path === '/sync/ask'
    const body = isFrame
      ? encodeUp(...(below(dice, 3) > 0 ? [hello] : []), ...Array.from({ length: below(dice, 3) + 1 }, message))
      : JSON.stringify({ role: 'reader', item: anyId(), space: anyId(), mode: 'whole', reason: 'x', secret: 'x', takesPart: true, kind: 'group', name: 'x' })
    const question: Question = { route, path: `${path}${query.length > 0 ? `?${query.join('&')}` : ''}`, body: route.method === 'GET' ? undefined : body, who: pick(dice, people) }
    const answer = await answerTo(question)
    asked++
    // Of frames the answers name entries that were made for the question; what a route does not read, it does not answer about.
    const read = `${route.path === '/sync/entries' ? question.path : path} ${typeof question.body === 'string' ? question.body : ''}`
    if (isFrame || saysNews(route) || !theirs.some((id) => read.includes(id))) return
    const nothing = await answerTo({ ...question, path: aboutNothing(question.path), ...(typeof question.body === 'string' ? { body: aboutNothing(question.body) } : {}) })
    asked++
    alike++
    const withoutNews = (text: string): string => text.replaceAll(/"(time|seq|link|space|expiresAt|secret)":("[^"]*"|\d+)/g, '"$1":0')
    if (answer.status !== nothing.status || withoutNews(aboutNothing(answer.text)) !== withoutNews(nothing.text)) trial.violation(`${route.method} ${route.path} tells what is there: ${answer.status} ${answer.text.slice(0, 80)}, of what is not ${nothing.status} ${nothing.text.slice(0, 80)}`)
  }

  async function overSocket(path: string, frames: readonly Uint8Array[], who: Credentials): Promise<void> {
    const socket = new WebSocket(`${relay.address.replace('http', 'ws')}${path}`, { headers: headersOf(who, relay.address), perMessageDeflate: false })
    const end = once(socket, 'close') as Promise<[number, Buffer]>
    socket.on('error', () => undefined) // its close follows
    socket.on('message', (data: Buffer) => judge.hear(data, path.replaceAll(/[0-9a-f]{32}/g, ':item')))
    socket.on('open', () => {
      for (const frame of frames) socket.send(frame)
      socket.close() // after what is on its way: the relay answers what it got
    })
    const [, reason] = await end
    judge.hear(reason, `the end of ${path}`)
    asked += frames.length
  }
  /** Many rooms over one socket, sometimes before saying who one is. */
  const overSync = (): Promise<void> => overSocket('/sync', Array.from({ length: PER_SOCKET }, (_, said) => encodeUp(said === 0 && below(dice, 5) > 0 ? hello : message())), pick(dice, people))
  async function overYjs(): Promise<void> {
    const item = pick(dice, [...other.items, other.erased])
    const frames = Array.from({ length: PER_SOCKET }, () => pick(dice, [Uint8Array.of(0, 0, 1, 0), Uint8Array.of(3), Uint8Array.of(0, 2, 2, 0, 0), Uint8Array.of(1, 1, 0)]))
    const only = [Uint8Array.of(0, 0, 1, 0)]
    await overSocket(`/yjs/${item}`, frames, pick(dice, people))
    // A script that writes may begin a document under an id that nobody has: see the accepted risks.
    const who = pick(dice, people.filter((one) => typeof one === 'string'))
    const [there, nothing] = [await closeOf(item, only, who), await closeOf(newId(dice), only, who)]
    alike++
    if (there !== nothing) trial.violation(`the gateway tells what is there: ${there}, of what is not ${nothing}`)
  }
  /** What the relay says by itself; null when it lets one stay. */
  async function closeOf(item: Id, frames: readonly Uint8Array[], who: Credentials): Promise<string | null> {
    const socket = new WebSocket(`${relay.address.replace('http', 'ws')}/yjs/${item}`, { headers: headersOf(who, relay.address), perMessageDeflate: false })
    let said: string | null = null
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => judge.hear(data, '/yjs/:item'))
    socket.on('close', (code, reason) => (said = `${code} ${reason.toString()}`))
    socket.on('open', () => frames.forEach((frame) => socket.send(frame)))
    asked += frames.length
    await awaited(() => Promise.resolve(said !== null), 2_000)
    socket.terminate()
    return said
  }

  while (asked < requestsCount && relay.isUp) {
    const kind = below(dice, 10)
    if (kind < 6) await overHttp()
    else if (kind < 9) await overSync()
    else await overYjs()
    trial.progress(`${asked} of ${requestsCount}`)
  }
  other.leave()
  trial.figure(`${count(asked, 'request')} with real ids by ${people.length} neighbours, ${other.canaries.length} canaries looked for in ${count(judge.bytes, 'byte')}, ${count(alike, 'answer')} compared with that about what nobody has`)

  // The canaries are real: whoever belongs there finds them, and the judge sees it.
  let seen = 0
  const theirOwn = createJudge(other, () => seen++)
  for (const path of [`/sync/entries?space=${other.space}`, `/api/spaces/${other.space}/members`, `/api/spaces/${other.space}/audit`]) theirOwn.hear(new Uint8Array(await (await fetch(relay.address + path, { headers: { cookie: other.cookie } })).arrayBuffer()), path)
  if (seen !== 3) trial.violation(`who belongs there finds canaries behind ${seen} of 3 doors: the trial proves nothing`)
}

export const a2: Row = {
  id: 'A2',
  name: 'Isolation',
  promise: 'whoever has no right in a municipality gets not a byte of it at any door, and cannot tell what is there from what is not',
  target: '10,000 requests by hand, 1,000 by default and in CI, with real ids, rooms mixed on one websocket, before saying who one is, of what was erased: 0 canaries in all bytes received, unknown and forbidden answered alike',
  run: (trial) => withTown(trial, 'A2', { spaces: [{ kind: 'municipality', name: 'Eigen gemeente' }, { kind: 'programme', name: 'Programma' }] }, (town) => isolate(town, trial)),
}
