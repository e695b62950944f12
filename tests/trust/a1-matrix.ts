/**
 * A1: everybody asks everything, at every door of a relay as it runs, and is let through exactly when the grants table says so. The list of what can be
 * asked is the relay's own (its OpenAPI, the messages, acts and frames of the protocol); what is in it and not in the table is a violation.
 */
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, NO_ID, type Id } from '../../shared/base/ids.ts'
import { actToBytes, OPERATION_OF_ACT } from '../../shared/model/acts.ts'
import type { Part } from '../../shared/model/entries.ts'
import { DOORS, ROLES, type Operation, type Role } from '../../shared/model/grants.ts'
import { decodeDown, encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import { OPERATION_OF_MESSAGE, OPERATION_OF_YJS_FRAME } from '../../shared/protocol/doors.ts'
import { UP_MESSAGES, type DownMessage, type UpMessage } from '../../shared/protocol/messages/index.ts'
import { routesOfRelay, type RouteLine } from '../access/routes-of-relay.ts'
import { createRegistrar, createTypist, EACH_ACT } from '../contract/payloads.ts'
import { BODIES, ENDS_SESSIONS, fillPath, isRefusedForRights, mayAsk, type Standing } from '../support/every-route.ts'
import { undescribed, type Description } from '../support/openapi.ts'
import { awaited } from './browser-laptop.ts'
import { dial, headersOf, pushOf, type Credentials } from './client.ts'
import { createSyncDoor, openYjs, pushByTwin, yjsFrame } from './doors.ts'
import { createObserver } from './observer.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'

/** Longer means that nobody answers. */
const ANSWER_MS_MAX = 15_000
/** What is refused says nothing here: after this long nothing came. */
const SILENCE_MS = 400

const [SYNC, AWARENESS, QUERY_AWARENESS] = [0, 1, 3]
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2]

interface Actor extends Standing {
  name: string
  who: Credentials
  user: Id | null
  /** A script has no account of its own to change. */
  isScript: boolean
  /** Others who stand there just so, for what ends a session: one each. */
  spares: readonly Credentials[]
}

function everybody(town: Town): Actor[] {
  const { accounts } = town
  const [space, elsewhere] = [town.space(0), town.space(1)]
  const actor = (name: string, make: () => Townsman, standing: Partial<Standing> = {}): Actor => {
    const { cookie, user } = make()
    return { name, who: cookie, user, isKnown: true, isAdministrator: false, role: null, isScript: false, spares: Array.from(ENDS_SESSIONS, () => make().cookie), ...standing }
  }
  const nobody = (name: string, cookie: string): Actor => ({ name, who: cookie, user: null, isKnown: false, isAdministrator: false, role: null, isScript: false, spares: [] })
  const once = (change: (who: Townsman) => void) => (): Townsman => {
    const who = town.somebody(space, 'admin')
    change(who)
    return who
  }
  const script = (role: Role): Actor => {
    const { token, user } = accounts.createToken({ space, role, label: `A1 ${role}` })
    return { name: `a script that is ${role}`, who: { bearer: token }, user, isKnown: true, isAdministrator: false, role, isScript: true, spares: [] }
  }
  return [
    nobody('nobody', ''), nobody('somebody with a forged session', town.cookieOf('B'.repeat(43))),
    actor('somebody whose session ended', once(({ user }) => accounts.database.run('UPDATE sessions SET expires_at = ? WHERE user = ?', Date.now() - 1, user)), { isKnown: false }),
    actor('somebody shut out', once(({ user }) => accounts.setDisabled(user, true)), { isKnown: false }),
    actor('somebody taken out', once(({ user }) => accounts.setRole(user, space, null))),
    ...ROLES.map((role) => actor(role, () => town.somebody(space, role), { role })),
    actor('an administrator of another municipality', () => town.somebody(elsewhere, 'admin')),
    actor('the administrator of the installation', once(({ user }) => {
      accounts.setRole(user, space, null)
      accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', user)
    }), { isAdministrator: true }),
    script('reader'), script('member'),
  ]
}

interface Matrix {
  town: Town
  trial: Trial
  space: Id
  /** A document that can be read, looked at and decided on; each actor writes in one of its own. */
  item: Id
  owner: Townsman
  cell(what: string, actor: Actor, isAllowed: boolean, isDone: boolean, said?: string): void
}

// ── HTTP ──

async function overHttp({ town, trial, space, cell }: Matrix, actors: readonly Actor[], routes: readonly RouteLine[], { paths }: Description): Promise<void> {
  const target = town.somebody(space, 'reader')
  await town.settled()
  for (const route of routes) {
    const name = `${route.method} ${route.path}`
    for (const actor of actors) {
      const who = (ENDS_SESSIONS.has(name) ? actor.spares[[...ENDS_SESSIONS].indexOf(name)] : undefined) ?? actor.who
      const path = fillPath(route.path, { space, user: target.user, programme: town.space(1) })
      const body = name in BODIES ? { body: BODIES[name] } : {}
      const answer = await town.ask(route.method, path, { ...(typeof who === 'string' ? { cookie: who } : { ...who, origin: null }), ...body })
      const error = answer.text.startsWith('{"error"') ? (JSON.parse(answer.text) as { error: string }).error : undefined
      const other = undescribed(must(paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()], name), answer)
      if (other !== null) trial.violation(`${name} by ${actor.name} is not answered as described: ${other}`)
      // A second, finer question behind the door: nobody changes or gives away more than they hold; a script has no account of its own.
      const isFiner = (answer.status === 403 && name.startsWith('PUT /api/spaces/:space/members') && actor.role === 'programme-leader') || (actor.isScript && answer.status === 403 && DOORS[route.operation as keyof typeof DOORS] === 'signed-in')
      const isOpenToAll = name === 'POST /api/session' || name === 'POST /api/links/:token'
      cell(name, actor, mayAsk(actor, route.operation), isOpenToAll || isFiner || !isRefusedForRights(answer.status, error), `${answer.status} ${error ?? ''}`)
    }
    trial.progress(name)
  }
}

// ── /sync and its twin ──

const hello: UpMessage = { type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'trust', device: NO_ID, pendingCount: 0 }
const isForbidden = (said: string): boolean => said.startsWith('forbidden') || said.startsWith('closed')

/** A line, or why there is none: who is nobody is shown out before the first message. */
const lineOrWhy = <Line>(opening: Promise<Line>): Promise<{ line: Line | null; why: string }> => opening.then((line) => ({ line, why: '' }), (problem: unknown) => ({ line: null, why: String(problem) }))

/** Waits as long as the answer may take, or as long as silence takes to be one. */
const came = async (isAllowed: boolean, look: () => boolean): Promise<boolean> => (await awaited(() => Promise.resolve(look()), isAllowed ? ANSWER_MS_MAX : SILENCE_MS)) !== null

async function overSync({ town: { relay, dice }, space, item, owner, cell }: Matrix, actors: readonly Actor[]): Promise<void> {
  const seen: (Id | undefined)[] = []
  const watcher = await dial(relay.address, owner.cookie, dice, (message) => void (message.type === 'present' && message.open && seen.push(message.who?.user)))
  watcher.send({ type: 'presence', space, item, open: true, bytes: new Uint8Array() })
  const pushes: [what: string, operation: Operation, part: Part, payload: () => Uint8Array][] = [
    ['prose', 'item.write', 'prose', () => createTypist(dice.uint32()).type('woord')],
    ['facts', 'item.write', 'facts', () => createRegistrar(newId(dice)).set('type', 'agreement')],
    ...Object.values(EACH_ACT).map((act): (typeof pushes)[number] => [act.kind, OPERATION_OF_ACT[act.kind], 'act', () => actToBytes(act)]),
  ]
  for (const actor of actors) {
    const heard: DownMessage[] = []
    const { line, why } = await lineOrWhy(dial(relay.address, actor.who, dice, (message) => heard.push(message)))
    const trials: Record<string, { message: UpMessage; isDone: () => boolean }> = {
      sub: { message: { type: 'sub', space, epoch: NO_ID, cursor: 0, tailHash: new Uint8Array(16) }, isDone: () => heard.some((one) => one.type === 'subbed' && one.space === space) },
      fetch: { message: { type: 'fetch', request: 1, space, item, part: 'prose', from: 1, upTo: 0 }, isDone: () => heard.some((one) => one.type === 'itemEntries' && one.entries.length > 0) },
      presence: { message: { type: 'presence', space, item, open: true, bytes: Uint8Array.of(1) }, isDone: () => actor.user !== null && seen.includes(actor.user) },
    }
    for (const [type, operation] of Object.entries(OPERATION_OF_MESSAGE)) {
      if (operation === 'by part' || operation === 'sync.open') continue
      const { message, isDone } = must(trials[type], `the trial knows how to say ${type}`)
      const isAllowed = mayAsk(actor, operation)
      line?.send(message)
      cell(`${type} over the websocket`, actor, isAllowed, await came(isAllowed, isDone))
    }
    cell('hello over the websocket', actor, mayAsk(actor, 'sync.open'), line !== null, why)
    line?.send({ type: 'presence', space, item, open: false, bytes: new Uint8Array() })
    line?.cut()
    const headers = { ...headersOf(actor.who, relay.address), 'content-type': 'application/octet-stream' }
    const answer = await fetch(`${relay.address}/sync/entries?space=${space}`, { headers })
    cell('sub over HTTP', actor, mayAsk(actor, 'space.read'), answer.status === 200 && decodeDown(new Uint8Array(await answer.arrayBuffer())).some(({ type }) => type === 'entries'), String(answer.status))
    const asked = await fetch(`${relay.address}/sync/ask`, { method: 'POST', headers, body: Buffer.from(encodeUp(hello, must(trials.fetch, 'above').message)) })
    cell('fetch over HTTP', actor, mayAsk(actor, 'history.read'), asked.status === 200 && decodeDown(new Uint8Array(await asked.arrayBuffer())).some((one) => one.type === 'itemEntries' && one.entries.length > 0), String(asked.status))

    const door = createSyncDoor(relay.address, actor.who, dice)
    const own = newId(dice)
    for (const [what, operation, part, payload] of pushes) {
      for (const over of ['the websocket', 'HTTP'] as const) {
        const push = pushOf({ space, entry: newId(dice), item: own, part, writer: newId(dice), payload: payload() })
        const said = over === 'HTTP' ? await pushByTwin(relay.address, actor.who, push) : await door.push(push).catch((problem: unknown) => `closed ${String(problem)}`)
        // An act may still be refused by its own rules, which come after the question of rights.
        cell(`${what} over ${over}`, actor, mayAsk(actor, operation), !isForbidden(said), said)
      }
    }
    door.cut()
  }
  watcher.cut()
}

// ── /yjs ──

/** Under whatever name: others see the name of the login. */
const SHOWN = JSON.stringify({ user: { name: 'x' } })

async function overYjs({ town: { relay, dice, accounts }, space, item, owner, trial, cell }: Matrix, actors: readonly Actor[]): Promise<void> {
  const nameOf = (user: Id | null): string => JSON.stringify((user === null ? null : accounts.person(user)?.name) ?? 'nobody at all')
  const shown: string[] = []
  const stock = await openYjs(relay.address, owner.cookie, item, (frame) => void (frame[0] === AWARENESS && shown.push(Buffer.from(frame).toString())))
  stock.socket.send(yjsFrame(AWARENESS, yjsFrame(1, 4_242, 1, SHOWN)))
  const observer = createObserver(space, dice, trial.violation)
  await observer.connect(relay.address, owner.cookie)
  for (const actor of actors) {
    const frames: Buffer[] = []
    const { line } = await lineOrWhy(openYjs(relay.address, actor.who, item, (frame) => void frames.push(Buffer.from(frame))))
    let isOpen = line !== null
    void line?.closed.then(() => (isOpen = false))
    const say = (frame: Uint8Array): void => {
      if (isOpen) line?.socket.send(frame)
    }
    const writes = (): number => observer.seen.filter(({ author, item: at }) => author === actor.user && at === item).length
    const clientID = dice.uint32()
    let before = 0
    const written = (): Uint8Array => {
      before = writes()
      const doc = new Y.Doc()
      doc.getXmlFragment('prose').insert(0, [new Y.XmlElement('paragraph')])
      return Y.encodeStateAsUpdate(doc)
    }
    const trials: Record<keyof typeof OPERATION_OF_YJS_FRAME, { frame: () => Uint8Array; isDone: () => boolean }> = {
      step1: { frame: () => yjsFrame(SYNC, STEP_1, Uint8Array.of(0)), isDone: () => frames.some((frame) => frame[0] === SYNC && frame[1] === STEP_2 && frame.length > 4) },
      step2: { frame: () => yjsFrame(SYNC, STEP_2, written()), isDone: () => actor.user !== null && writes() > before },
      update: { frame: () => yjsFrame(SYNC, UPDATE, written()), isDone: () => actor.user !== null && writes() > before },
      awareness: { frame: () => yjsFrame(AWARENESS, yjsFrame(1, clientID, 1, SHOWN)), isDone: () => shown.some((text) => text.includes(nameOf(actor.user))) },
      'query-awareness': { frame: () => yjsFrame(QUERY_AWARENESS), isDone: () => frames.some((frame) => frame[0] === AWARENESS && frame.includes(nameOf(owner.user))) },
    }
    for (const [type, operation] of Object.entries(OPERATION_OF_YJS_FRAME) as [keyof typeof OPERATION_OF_YJS_FRAME, Operation][]) {
      const { frame, isDone } = trials[type]
      say(frame())
      const isAllowed = mayAsk(actor, operation)
      cell(`${type} at the gateway`, actor, isAllowed, await came(isAllowed, isDone))
    }
    line?.socket.terminate()
  }
  stock.socket.terminate()
  observer.cut()
}

// ──

async function matrix(town: Town, trial: Trial): Promise<void> {
  const { relay, dice } = town
  const space = town.space(0)
  const item = newId(dice)
  const owner = town.somebody(space, 'admin')
  const actors = everybody(town)
  await town.settled()
  const [cells, doors] = [new Map<string, number>(), { allowed: 0, refused: 0 }]
  const cell: Matrix['cell'] = (what, actor, isAllowed, isDone, said = '') => {
    cells.set(what, (cells.get(what) ?? 0) + 1)
    doors[isAllowed ? 'allowed' : 'refused']++
    if (isAllowed !== isDone) trial.violation(`${what} by ${actor.name}: ${isDone ? 'done' : 'refused'}, against the table ${said}`)
  }
  const mine = createSyncDoor(relay.address, owner.cookie, dice)
  const writer = newId(dice)
  for (const [part, payload] of [['facts', createRegistrar(writer).set('type', 'agreement')], ['prose', createTypist(7).type('van de eigenaar')]] as const) {
    const said = await mine.push(pushOf({ space, entry: newId(dice), item, part, writer, payload }))
    if (said !== 'taken') throw new Error(`the owner's ${part}: ${said}`)
  }
  mine.cut()

  // What the relay says that can be asked of it is what its tables say.
  const routes = await routesOfRelay()
  const description = JSON.parse((await town.ask('GET', '/api/openapi.json')).text) as Description
  const described = Object.entries(description.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`))
  const listed = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  for (const one of described) if (!listed.has(one)) trial.violation(`${one} can be asked and stands in no table`)
  for (const one of listed) if (!described.includes(one)) trial.violation(`${one} stands in the table and is not described`)
  for (const { name } of UP_MESSAGES) if (!(name in OPERATION_OF_MESSAGE)) trial.violation(`message ${name} stands in no table`)

  const all: Matrix = { town, trial, space, item, owner, cell }
  await overSync(all, actors)
  await overYjs(all, actors)
  await overHttp(all, actors, routes, description)
  const total = doors.allowed + doors.refused
  trial.figure(`${count(total, 'cell')}: ${count(actors.length, 'actor')} × ${cells.size} (${count(routes.length, 'route')}, messages and acts over websocket and HTTP, frames of the gateway), ${count(doors.allowed, 'time')} let through and ${count(doors.refused, 'time')} refused, each answer of a route as OpenAPI says`)
}

export const a1: Row = {
  id: 'A1',
  name: 'Matrix',
  promise: 'everybody is let through at every door exactly when the one table of who may what says so',
  target: 'each actor (nobody, each role, another municipality, taken out, ended, shut out, scripts) × each route, message, act and frame of the relay as it runs: 100 % of the cells, an operation that is not in the table fails; each answer of a route is what OpenAPI says (the command line asks the file system)',
  run: (trial) => withTown(trial, 'A1', { spaces: [{ kind: 'programme', name: 'Programma' }, { kind: 'municipality', name: 'Almere' }] }, (town) => matrix(town, trial)),
}
