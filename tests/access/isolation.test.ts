// A2, A14: a neighbour with every role of their own and the real ids of another municipality, at every door. Not a byte of a canary comes back.
import { expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { concatBytes, utf8 } from '../../shared/base/bytes.ts'
import { newId, NO_ID, type Id } from '../../shared/base/ids.ts'
import { below, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import { actToBytes } from '../../shared/model/acts.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { Up, UpMessage } from '../../shared/protocol/messages/index.ts'
import { createEntryMaker, createRegistrar, createTypist, proposeAct } from '../contract/payloads.ts'
import { atEnd, openSocket, startUnderTest, type UnderTest } from '../server/relay-under-test.ts'

/** `npm test` plays these; SAMENPAD_CANARIES=10000 for more, SAMENPAD_SEED repeats a run. */
const REQUESTS = Number(process.env.SAMENPAD_CANARIES ?? 1_000)
const SEED = Number(process.env.SAMENPAD_SEED ?? 1)
const PER_SOCKET = 20

interface Neighbour {
  space: Id
  items: Id[]
  users: Id[]
  canaries: string[]
}

/** A municipality with a canary in everything that a person can fill. */
async function neighbour(relay: UnderTest, dice: Dice): Promise<Neighbour> {
  const canaries: string[] = []
  const canary = (): string => {
    const one = newId(dice)
    canaries.push(one)
    return one
  }
  const { accounts, relay: doors } = relay.running
  const { space } = accounts.createSpace({ kind: 'municipality', name: `Buurgemeente ${canary()}` })
  await relay.running.log.ensureSpace(space)
  const made = accounts.createPerson({ login: `${canary()}@buur.test`, name: canary(), job: canary(), organisation: canary() })
  const { user } = made.ok ? made.value : expect.unreachable('login taken')
  accounts.setRole(user, space, 'admin')
  accounts.createInvitation({ space, role: 'member', by: user })
  accounts.audit.record({ who: user, operation: 'item.erase', space, subject: canary(), from: canary(), request: canary(), result: 'done' })
  const make = createEntryMaker(SEED)
  const items: Id[] = []
  for (let i = 0; i < 4; i++) {
    const item = make.id()
    items.push(item)
    const writer = make.id()
    const entry = (part: NewEntry['part'], payload: Uint8Array): NewEntry => make.entry({ space, item, writer, part, payload })
    const facts = createRegistrar(writer)
    const entries = [entry('facts', facts.set('type', 'agreement')), entry('facts', facts.set('title', canary())), entry('prose', createTypist(10 + i).type(canary())), entry('act', actToBytes(proposeAct(JSON.stringify({ text: canary() }), [canary()])))]
    for (const one of entries) expect(await doors.push(user, one)).toMatchObject({ kind: 'stored' })
    doors.look(user, newId(dice), space, item, utf8(JSON.stringify({ where: canary() })))
  }
  // What was erased is nobody's either; its id may be tried again.
  return { space, items, users: [user], canaries }
}

function expectNothing(heard: Uint8Array, { canaries }: Neighbour, what: string): void {
  const bytes = Buffer.from(heard.buffer, heard.byteOffset, heard.byteLength)
  const found = canaries.filter((canary) => bytes.includes(canary) || bytes.includes(Buffer.from(canary, 'hex')) || bytes.includes(Buffer.from(canary, 'utf16le')))
  expect([what, found]).toEqual([what, []])
}

test(`${REQUESTS} requests with real ids of another municipality bring back no byte of it [seed ${SEED}]`, async () => {
  const relay = await startUnderTest()
  const dice = namedDice(SEED, 'canaries')
  const other = await neighbour(relay, dice)
  const own = relay.space('Eigen gemeente')
  await relay.running.log.ensureSpace(own)
  const cookies = [(await relay.member(own, 'admin')).cookie, (await relay.member(own, 'reader')).cookie, await relay.administrator()]
  const revoked = await relay.member(other.space, 'reader')
  relay.running.accounts.setRole(revoked.user, other.space, null)
  cookies.push(revoked.cookie)
  const tokens = [relay.bearer(own, 'admin'), relay.bearer(own, 'member')]
  // The installation's administrator reads the account of all spaces: who did what there, with the names; no text.
  const theirIds = (): Id => pick(dice, [other.space, ...other.items, ...other.users])
  const anyId = (): Id => (below(dice, 4) === 0 ? pick(dice, [own, newId(dice), NO_ID]) : theirIds())
  const heard: Uint8Array[] = []
  let count = 0

  // HTTP: every route, their ids wherever an id fits.
  const routes = relay.running.app.routes.filter(({ operation }) => operation !== 'installation.audit' && operation !== 'account.delete' && operation !== 'session.end' && operation !== 'session.begin')
  const overHttp = async (): Promise<void> => {
    const route = pick(dice, routes)
    const path = route.path.replaceAll(/:(\w+)/g, () => anyId())
    const query = ['space', 'item', 'user', 'before', 'cursor'].filter(() => below(dice, 2) === 0).map((name) => `${name}=${name === 'before' || name === 'cursor' ? '1' : anyId()}`)
    const body = route.takesFrame ? encodeUp(...frames(below(dice, 3) + 1)) : { role: 'reader', item: anyId(), space: anyId(), mode: 'whole', reason: 'x', secret: 'x', takesPart: true, kind: 'group', name: 'x' }
    const who = below(dice, 3) === 0 ? { bearer: pick(dice, tokens) } : { cookie: pick(dice, cookies) }
    const answer = await relay.ask(route.method, `${path}${query.length > 0 ? `?${query.join('&')}` : ''}`, { ...who, ...(route.method === 'GET' ? {} : { body }) })
    heard.push(utf8([...answer.headers].flat().join('\n')), utf8(answer.text))
  }

  const push = (): Up<'push'> => ({
    type: 'push', n: 1, spans: new Uint8Array(), fragment: 0, fragments: 1, space: anyId(), entry: newId(dice), item: anyId(), part: pick(dice, ['prose', 'facts', 'act'] as const), format: 'yjs1', schema: 1,
    clientTime: 1, writer: anyId(), payload: createTypist(99).type('x'),
  })
  const message = (): UpMessage =>
    pick<() => UpMessage>(dice, [
      () => ({ type: 'sub', space: anyId(), epoch: anyId(), cursor: below(dice, 9), tailHash: new Uint8Array(16) }),
      () => ({ type: 'fetch', request: 1, space: anyId(), item: anyId(), part: 'prose', from: 0, upTo: 0 }),
      () => ({ type: 'presence', space: anyId(), item: anyId(), open: true, bytes: new Uint8Array() }),
      () => ({ type: 'recv', space: anyId(), epoch: anyId(), cursor: 3 }),
      () => ({ type: 'unsub', space: anyId() }),
      push,
    ])()
  const hello: UpMessage = { type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'test', device: NO_ID, pendingCount: 0 }
  const frames = (n: number): UpMessage[] => [...(below(dice, 3) > 0 ? [hello] : []), ...Array.from({ length: n }, message)]

  /** Many rooms over one socket, sometimes before saying who one is. */
  const overSync = (): Promise<void> => overSocket('/sync', (said) => (said === 0 && below(dice, 5) > 0 ? encodeUp(hello) : encodeUp(message())))
  const overYjs = (): Promise<void> => overSocket(`/yjs/${theirIds()}`, () => pick(dice, [Uint8Array.of(0, 0, 1, 0), Uint8Array.of(3), Uint8Array.of(0, 2, 2, 0, 0), Uint8Array.of(1, 1, 0)]))
  function overSocket(path: string, next: (said: number) => Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const isToken = below(dice, 2) === 0
      const { socket } = openSocket(`${relay.origin.replace('http', 'ws')}${path}${isToken ? `?token=${pick(dice, tokens)}` : ''}`, isToken ? {} : { cookie: pick(dice, cookies), origin: relay.origin })
      atEnd(() => socket.terminate())
      socket.on('message', (data) => heard.push(data as Buffer))
      socket.on('unexpected-response', (_request, response) => void (response.resume(), socket.terminate()))
      socket.on('error', () => undefined)
      socket.on('close', (_code, reason) => {
        heard.push(reason)
        resolve()
      })
      socket.on('open', () => {
        for (let said = 0; said < PER_SOCKET; said++) {
          socket.send(next(said))
          count++
        }
        socket.close() // after what is on its way: the relay answers what it got
      })
    })
  }

  while (count < REQUESTS) {
    const kind = below(dice, 10)
    if (kind < 6) {
      await overHttp()
      count++
    } else if (kind < 9) await overSync()
    else await overYjs()
  }
  expect(heard.length).toBeGreaterThan(REQUESTS / 4)
  expectNothing(concatBytes(heard), other, `${count} requests`)
  // The canaries are real: whoever belongs there finds every kind of them, and the judge sees it.
  const admin = relay.running.accounts.startSession(must(other.users[0], 'there is one')).token
  const cookie = `${relay.running.app.doorkeeper.cookieName}=${admin}`
  const entries = Buffer.from(await (await fetch(`${relay.origin}/sync/entries?space=${other.space}`, { headers: { cookie } })).arrayBuffer())
  expect(() => expectNothing(entries, other, 'their own')).toThrow()
})

test('who leads a programme sees the agreed fields of a municipality that takes part, and no word of its texts, acts or people', async () => {
  const relay = await startUnderTest()
  const other = await neighbour(relay, namedDice(SEED, 'programme'))
  const programme = relay.space('Programma', 'programme')
  relay.running.accounts.setParticipation(programme, other.space, true)
  const leader = await relay.member(programme, 'programme-leader')
  const report = await relay.ask('GET', `/api/programmes/${programme}/report`, { cookie: leader.cookie })
  const { municipalities } = report.json as { municipalities: { name: string; rows: { title: string; waitingFor: string[] }[] }[] }
  expect(municipalities[0]?.rows).toHaveLength(other.items.length)
  // Its name, titles and who has to sign are agreed; everything else is not.
  const agreed = new Set(municipalities.flatMap(({ name, rows }) => [name, ...rows.flatMap(({ title, waitingFor }) => [title, ...waitingFor])]).flatMap((text) => text.split(' ')))
  expectNothing(utf8(report.text), { ...other, canaries: other.canaries.filter((canary) => !agreed.has(canary)) }, 'the report')
})
