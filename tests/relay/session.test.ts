/** A connection from the outside: fake sockets, virtual time, the real relay on a log in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NO_ID } from '../../shared/base/ids.ts'
import { actToBytes, sealOf } from '../../shared/model/acts.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import {
  CATCH_UP_CREDIT_BYTES_MAX, COMMIT_BATCH_COUNT_MAX, COMMIT_BATCH_MS_MAX, COMMIT_HOLD_MS_MAX, COMMIT_READERS_PER_MS, FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, HELLO_MS_MAX, PAYLOAD_BYTES_MAX,
  PRESENCE_COALESCE_MS, PUSHES_IN_FLIGHT_COUNT_MAX, SOCKET_BUFFER_BYTES_MAX, SUBSCRIPTIONS_COUNT_MAX,
} from '../../shared/model/limits.ts'
import type { Up } from '../../shared/protocol/messages/index.ts'
import { encodeUp, PROTO_MAX } from '../../shared/protocol/codec.ts'
import { createMemoryLog, restoreMemoryLog } from '../../server/store/memory-log.ts'
import { StoreProblem } from '../../server/store/problem.ts'
import { seededDice } from '../../shared/base/random.ts'
import { createEntryMaker, createTypist, proposeAct } from '../contract/payloads.ts'
import { ANNE, BEN, HELLO, OTHER_SPACE, SPACE, setupRelay, subTo, type TestConnection } from './world.ts'

type World = ReturnType<typeof setupRelay>

let world: World
let make: ReturnType<typeof createEntryMaker>
let typist: ReturnType<typeof createTypist>
let item: string
let writer: string

function begin(options: Parameters<typeof setupRelay>[0] = {}): void {
  world = setupRelay(options)
  world.people.give(ANNE, SPACE, 'member')
  world.people.give(BEN, SPACE, 'member')
  make = createEntryMaker()
  typist = createTypist(1)
  item = make.id()
  writer = make.id()
}
beforeEach(() => begin())
afterEach(() => {
  // Whatever a test provokes, the relay itself never has a bug to report.
  expect(world.reports.filter((report) => report.kind === 'bug')).toEqual([])
})

const prose = (payload: Uint8Array, more: Partial<NewEntry> = {}): NewEntry => make.entry({ space: SPACE, item, writer, payload, ...more })
const next = (): NewEntry => prose(typist.type('woord '))
const acks = (connection: TestConnection) => connection.of('ack').map((ack) => ack.upToN)
const nacks = (connection: TestConnection) => connection.of('nack').map(({ n, code, reason }) => ({ n, code, reason }))

describe('hello', () => {
  it('[HEL1] is answered with who I am, then every space I may enter', async () => {
    const connection = world.connect(ANNE)
    connection.say(HELLO)
    expect(connection.received).toEqual([
      {
        type: 'welcome', proto: 1, serverTime: world.clock.now(), session: expect.stringMatching(/^[0-9a-f]{32}$/), payloadBytesMax: PAYLOAD_BYTES_MAX, minBuild: '',
        who: { user: ANNE, name: 'verloskundige', job: 'verloskundige', organisation: 'VSV', color: 1 },
      },
      { type: 'scope', space: SPACE, role: 'member', kind: 'municipality', name: 'gemeente 5050', offlineDaysMax: null },
    ])
  })

  it('[HEL2] anything else first, or a second hello, closes with 1002', () => {
    for (const messages of [[subTo(SPACE)], [HELLO, HELLO]]) {
      const connection = world.connect(ANNE)
      connection.say(...messages)
      expect(connection.closed).toEqual({ code: 1002, reason: 'protocol' })
    }
  })

  it('[HEL3] no version in common closes with 4426', () => {
    const connection = world.connect(ANNE)
    connection.say({ ...HELLO, protoMin: PROTO_MAX + 1, protoMax: PROTO_MAX + 9 })
    expect(connection.closed?.code).toBe(CLOSE.upgrade.code)
    const newer = world.connect(ANNE)
    newer.say({ ...HELLO, protoMin: 1, protoMax: PROTO_MAX + 9 })
    expect(newer.of('welcome')[0]?.proto).toBe(PROTO_MAX)
  })

  it('[HEL4] silence for ten seconds closes with 1013; a greeted connection may be silent', async () => {
    const silent = world.connect(ANNE)
    const greeted = await world.join(ANNE)
    await world.pass(HELLO_MS_MAX - 1)
    expect(silent.closed).toBeNull()
    await world.pass(1)
    expect(silent.closed?.code).toBe(1013)
    expect(greeted.closed).toBeNull()
  })

  it('[HEL5] somebody the directory does not know is closed with 4401', () => {
    const stranger = world.connect(world.id())
    stranger.say(HELLO)
    expect(stranger.closed?.code).toBe(4401)
  })

  it('[LIM1] a frame over 16 KiB before login, or over 1 MiB after it, closes with 1009', () => {
    const connection = world.connect(ANNE)
    connection.raw(new Uint8Array(FRAME_BYTES_MAX_BEFORE_LOGIN + 1))
    expect(connection.closed?.code).toBe(1009)
    const greeted = world.connect(ANNE)
    greeted.say(HELLO)
    greeted.raw(new Uint8Array(FRAME_BYTES_MAX + 1))
    expect(greeted.closed?.code).toBe(1009)
  })

  it('[LIM2] garbage closes its own connection with 1002 and nobody else notices', async () => {
    const other = await world.join(BEN)
    for (const frame of [new Uint8Array(), Uint8Array.of(1), Uint8Array.of(5, 1, 2, 3, 4, 5), Uint8Array.of(1, 63), encodeUp(HELLO).subarray(0, 20)]) {
      const connection = world.connect(ANNE)
      connection.raw(frame)
      expect(connection.closed?.code).toBe(1002)
      connection.raw(frame)
    }
    other.say({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 })
    expect(other.of('pong')).toHaveLength(1)
  })
})

describe('push', () => {
  it('[INV1] an ACK leaves only after the commit is synced', async () => {
    begin({ manualCommits: true })
    const connection = await world.join(ANNE)
    connection.push(next(), next())
    await world.settle()
    expect(world.stepsCount()).toBe(1)
    expect(connection.of('ack')).toEqual([])
    expect(connection.of('entries')).toEqual([])
    await world.commit()
    expect(acks(connection)).toEqual([2])
    expect((await world.log.head(SPACE))?.head).toBe(2)
  })

  it('[INV1] after a failed commit nothing is acknowledged, neither its batch nor what waited behind it', async () => {
    let fails = true
    begin({ manualCommits: true, fault: () => (fails ? 'failed' : 'none') })
    const connection = await world.join(ANNE)
    const [first, second, third] = [next(), next(), next()]
    connection.push(first, second)
    await world.settle()
    connection.push(third)
    await world.commit()
    expect(nacks(connection)).toEqual([1, 2, 3].map((n) => ({ n, code: 'storage', reason: 'commit-failed' })))
    expect(connection.of('ack')).toEqual([])
    expect(connection.of('entries')).toEqual([])
    expect(world.reports.map((report) => report.kind)).toEqual(['commit-failed'])
    fails = false
    connection.push(first, second, third)
    await world.pass(10)
    await world.commit()
    expect(acks(connection)).toEqual([6])
    expect(connection.seqs()).toEqual([1, 2, 3])
  })

  it('[INV5] a commit that failed after reaching the disk is found again by its entry ids', async () => {
    let fault: 'unsure' | 'none' = 'unsure'
    begin({ fault: () => fault })
    const connection = await world.join(ANNE)
    const entry = next()
    connection.push(entry)
    await world.pass(10)
    expect(nacks(connection)).toEqual([{ n: 1, code: 'storage', reason: 'commit-failed' }])
    fault = 'none'
    connection.push(entry)
    await world.pass(10)
    expect(acks(connection)).toEqual([2])
    expect((await world.log.head(SPACE))?.head).toBe(1)
  })

  it('a space whose log is damaged refuses its own entries, whether it was read before or not; the others of the same commit are stored', async () => {
    let fault: 'unsure' | 'none' = 'none'
    begin({ fault: () => fault })
    world.people.give(ANNE, OTHER_SPACE, 'member')
    const connection = await world.join(ANNE)
    const damaged = (space: string, ...honest: ('ensureSpace' | 'head')[]): (() => void) => {
      const { ensureSpace, head } = world.log
      const asked = (call: (space: string) => Promise<never>) => (of: string) => (of === space ? Promise.reject(new StoreProblem('corrupt', 'Entry 1 is damaged on the disk.')) : call(of))
      for (const name of honest) Object.assign(world.log, { [name]: asked(world.log[name] as (space: string) => Promise<never>) })
      return () => void Object.assign(world.log, { ensureSpace, head })
    }
    const elsewhere = () => prose(createTypist(5).type('a'), { space: OTHER_SPACE, item: make.id(), writer: make.id() })
    // Never read by this relay.
    const repair = damaged(OTHER_SPACE, 'ensureSpace')
    connection.push(elsewhere(), next(), elsewhere())
    await world.pass(10)
    const refused = (n: number) => ({ n, code: 'storage', reason: 'damaged' })
    expect(nacks(connection)).toEqual([refused(1), refused(3)])
    expect(connection.seqs()).toEqual([1])
    expect(world.reports).toMatchObject([{ kind: 'space-damaged', space: OTHER_SPACE }])
    repair()
    // In doubt after a failed commit.
    fault = 'unsure'
    connection.push(elsewhere())
    await world.pass(10)
    fault = 'none'
    const mend = damaged(OTHER_SPACE, 'head')
    connection.push(elsewhere(), next())
    await world.pass(3_000)
    expect(nacks(connection).at(-1)).toEqual(refused(5))
    expect(connection.seqs()).toEqual([1, 2])
    mend()
    connection.push(elsewhere())
    await world.pass(3_000)
    expect(acks(connection).at(-1)).toBe(7)
    expect((await world.log.head(OTHER_SPACE))?.head).toBe(2)
    expect(world.reports.map(({ kind }) => kind)).toEqual(['space-damaged', 'commit-failed', 'space-damaged'])
  })

  it('[INV2] what a failed commit wrote all the same reaches its readers, without anybody sending it again', async () => {
    let fault: 'unsure' | 'none' = 'unsure'
    begin({ fault: () => fault })
    const [writer, reader] = [await world.join(ANNE), await world.join(BEN)]
    const runs: number[] = []
    world.relay.onDidCommit((run) => runs.push(...run.entries.map((entry) => entry.seq)))
    const [first, second] = [next(), next()]
    writer.push(first)
    await world.pass(10)
    expect(reader.seqs()).toEqual([])
    fault = 'none'
    await world.pass(2_000)
    expect(reader.seqs()).toEqual([1])
    writer.push(first, second)
    await world.pass(10)
    expect(acks(writer)).toEqual([3])
    expect(reader.seqs()).toEqual([1, 2])
    expect(writer.seqs()).toEqual([1, 2])
    expect(runs).toEqual([1, 2])
  })

  it('[INV5] a repeated push is acknowledged once more and not stored, also on another connection', async () => {
    const entry = next()
    const first = await world.join(ANNE)
    first.push(entry, entry)
    await world.pass(10)
    const second = await world.join(ANNE)
    second.push(entry)
    await world.pass(10)
    expect(acks(first)).toEqual([2])
    expect(acks(second)).toEqual([1])
    expect((await world.log.head(SPACE))?.head).toBe(1)
    expect(first.seqs()).toEqual([1])
    expect(second.seqs()).toEqual([1])
  })

  it('[PSH1] n counts from 1 without holes, or the connection closes with 1002', async () => {
    const connection = await world.join(ANNE)
    const push: Up<'push'> = { type: 'push', n: 2, spans: new Uint8Array(), fragment: 0, fragments: 1, ...next() }
    connection.say(push)
    expect(connection.closed?.code).toBe(1002)
  })

  it('[PSH2] answers come in the order of n: refusals first, then the ACK that passes them', async () => {
    const connection = await world.join(ANNE)
    const bad = prose(Uint8Array.of(9))
    connection.push(next(), bad, next(), prose(typist.type('x'), { space: OTHER_SPACE, item: make.id() }))
    await world.pass(10)
    expect(connection.take().filter((message) => message.type === 'ack' || message.type === 'nack')).toEqual([
      { type: 'nack', n: 2, code: 'invalid', retryAfterMs: 0, reason: 'malformed' },
      { type: 'nack', n: 4, code: 'forbidden', retryAfterMs: 0, reason: 'no-access' },
      { type: 'ack', upToN: 4, serverTime: expect.any(Number) },
    ])
    expect(connection.seqs()).toEqual([1, 2])
  })

  it('[PSH2] a refusal known at once waits for the answers before it', async () => {
    begin({ manualCommits: true })
    const connection = await world.join(ANNE)
    connection.push(next(), prose(typist.type('x'), { space: OTHER_SPACE, item: make.id() }))
    await world.settle()
    expect([...connection.of('ack'), ...connection.of('nack')]).toEqual([])
    await world.commit()
    expect(nacks(connection)).toEqual([{ n: 2, code: 'forbidden', reason: 'no-access' }])
    expect(acks(connection)).toEqual([2])
  })

  it('[PSH3] an entry in fragments is judged at its last one and answered as a whole', async () => {
    const connection = await world.join(ANNE)
    const long = prose(typist.type('lang '.repeat(100)))
    const third = Math.ceil(long.payload.length / 3)
    const fragment = (n: number, index: number, entry = long): Up<'push'> => ({
      type: 'push', n, spans: new Uint8Array(), fragments: 3, fragment: index, ...entry, payload: entry.payload.subarray(index * third, (index + 1) * third),
    })
    connection.say(fragment(1, 0), fragment(2, 1))
    await world.pass(10)
    expect(connection.of('ack')).toEqual([])
    connection.say(fragment(3, 2))
    await world.pass(10)
    expect(acks(connection)).toEqual([3])
    expect(connection.of('entries')[0]?.entries[0]?.payload).toEqual(long.payload)
  })

  it('[PSH3] fragments that do not fit are refused one by one, and the next entry is taken', async () => {
    const connection = await world.join(ANNE)
    const entry = next()
    const piece = (n: number, fragment: number, fragments: number, more: Partial<Up<'push'>> = {}): Up<'push'> =>
      ({ type: 'push', n, spans: new Uint8Array(), ...entry, fragment, fragments, ...more })
    connection.say(
      piece(1, 1, 2), piece(2, 0, 2), piece(3, 0, 2, { entry: make.id() }), piece(4, 1, 3), piece(5, 0, 0), piece(6, 3, 3), piece(7, 0, 17), piece(8, 0, 2), piece(9, 0, 1),
    )
    await world.pass(10)
    expect(nacks(connection).map(({ n, code }) => [n, code])).toEqual([
      [1, 'invalid'], [2, 'invalid'], [3, 'invalid'], [4, 'invalid'], [5, 'invalid'], [6, 'invalid'], [7, 'too-large'], [8, 'invalid'],
    ])
    expect(acks(connection)).toEqual([9])
  })

  it('[PSH3] entries that somebody never finishes take no room of others', async () => {
    const part = new Uint8Array(PAYLOAD_BYTES_MAX)
    for (let line = 0; line < 6; line++) {
      const hostile = await world.join(BEN)
      const entry = prose(part, { entry: make.id(), item: make.id() })
      for (let fragment = 0; fragment < 15; fragment++) hostile.say({ type: 'push', n: fragment + 1, spans: new Uint8Array(), ...entry, fragment, fragments: 16 })
    }
    const connection = await world.join(ANNE)
    const long = prose(typist.type('lang '.repeat(500_000)))
    const third = Math.ceil(long.payload.length / 3)
    for (let fragment = 0; fragment < 3; fragment++) connection.say({ type: 'push', n: fragment + 1, spans: new Uint8Array(), ...long, fragment, fragments: 3, payload: long.payload.subarray(fragment * third, (fragment + 1) * third) })
    await world.pass(10)
    expect(nacks(connection)).toEqual([])
    expect(acks(connection)).toEqual([3])
  })

  it('[PSH4] more unanswered pushes than the limit are refused with rate; those within it are stored', async () => {
    begin({ manualCommits: true })
    const connection = await world.join(ANNE)
    connection.push(...Array.from({ length: PUSHES_IN_FLIGHT_COUNT_MAX + 3 }, next))
    for (let i = 0; i < 5; i++) {
      await world.commit()
      await world.pass(10)
    }
    expect(nacks(connection).map(({ n, code }) => [n, code])).toEqual([257, 258, 259].map((n) => [n, 'rate']))
    expect((await world.log.head(SPACE))?.head).toBe(PUSHES_IN_FLIGHT_COUNT_MAX)
  })

  it('[PSH4] somebody who goes on pushing without listening is closed with 1013', async () => {
    begin({ manualCommits: true })
    const connection = await world.join(ANNE)
    for (let i = 0; i < 20 && !connection.closed; i++) connection.push(...Array.from({ length: PUSHES_IN_FLIGHT_COUNT_MAX }, next))
    expect(connection.closed?.code).toBe(1013)
    await world.commit()
  })

  it('[PSH5] pushes faster than the rate wait their turn instead of being refused', async () => {
    const connection = await world.join(ANNE)
    for (let i = 0; i < 9; i++) {
      connection.push(...Array.from({ length: 250 }, next))
      await world.pass(5)
    }
    expect((await world.log.head(SPACE))!.head).toBeLessThan(2_100)
    await world.pass(200)
    expect(connection.of('nack')).toEqual([])
    expect((await world.log.head(SPACE))?.head).toBe(2_250)
    expect(acks(connection).at(-1)).toBe(2_250)
  })

  it('[PSH6] an act waits for the act of that item that was refused for now', async () => {
    let fails = true
    begin({ fault: () => (fails ? 'failed' : 'none') })
    world.people.give(ANNE, SPACE, 'leader')
    const connection = await world.join(ANNE)
    const act = (value: Parameters<typeof actToBytes>[0]): NewEntry => make.entry({ space: SPACE, item, writer, payload: actToBytes(value), part: 'act' })
    const propose = act(proposeAct('inhoud', ['gemeente']))
    const sign = act({ kind: 'sign', seal: sealOf('inhoud'), party: 'gemeente', verdict: 'agreed', note: '' })
    connection.push(propose)
    await world.pass(10)
    fails = false
    connection.push(sign)
    await world.pass(10)
    expect(nacks(connection)).toEqual([{ n: 1, code: 'storage', reason: 'commit-failed' }, { n: 2, code: 'gap', reason: 'after-refused' }])
    connection.push(propose, sign)
    await world.pass(10)
    expect(acks(connection)).toEqual([4])
  })

  it('[PSH7] pushes of one moment share a commit; under load commits are paced, and a full batch does not wait', async () => {
    const connection = await world.join(ANNE)
    connection.push(next(), next(), next())
    await world.settle()
    expect(world.appended).toEqual([3])
    connection.push(next())
    await world.settle()
    connection.push(next())
    await world.settle()
    expect(world.appended).toEqual([3])
    await world.pass(5)
    expect(world.appended).toEqual([3, 2])
    const others = await Promise.all([1, 2].map(() => world.join(BEN)))
    for (const [index, other] of [connection, ...others].entries()) {
      const typing = createTypist(50 + index)
      const place = { item: make.id(), writer: make.id() }
      other.push(...Array.from({ length: 200 }, () => prose(typing.type('x'), place)))
    }
    await world.settle()
    expect(world.appended[2]).toBe(COMMIT_BATCH_COUNT_MAX)
  })
})

describe('subscribing', () => {
  it('[SUB1] a new laptop gets everything, in order, then stays live', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), next(), next())
    await world.pass(10)
    const ben = await world.join(BEN)
    expect(ben.of('subbed')[0]).toMatchObject({ space: SPACE, head: 3, floor: 0, mode: 'resume', commonSeq: 0 })
    anne.push(next())
    await world.pass(10)
    expect(ben.seqs()).toEqual([1, 2, 3, 4])
    expect(anne.seqs()).toEqual([1, 2, 3, 4])
    expect(ben.of('entries').map((message) => message.more)).toEqual([false, false])
    expect(ben.of('entries').at(-1)).toMatchObject({ cursorAfter: 4, tailHashAfter: (await world.log.head(SPACE))!.tailHash })
  })

  it('[SUB1] nothing missed costs one SUBBED and no entries', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), next())
    await world.pass(10)
    const { epoch, head, tailHash } = (await world.log.head(SPACE))!
    const ben = world.connect(BEN)
    ben.say(HELLO, subTo(SPACE, epoch, head, tailHash))
    await world.settle()
    expect(ben.of('subbed')[0]).toMatchObject({ mode: 'resume', commonSeq: 2 })
    expect(ben.of('entries')).toEqual([])
  })

  it('[SUB2] a known cursor resumes after it', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), next(), next())
    await world.pass(10)
    const { epoch } = (await world.log.head(SPACE))!
    const ben = world.connect(BEN)
    ben.say(HELLO, subTo(SPACE, epoch, 2, (await world.log.tailHashAt(SPACE, 2))!))
    await world.settle()
    expect(ben.of('subbed')[0]).toMatchObject({ mode: 'resume', commonSeq: 2 })
    expect(ben.seqs()).toEqual([3])
  })

  it('[SUB3] another epoch, another tail hash or a cursor beyond the head means recover from the start', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), next())
    await world.pass(10)
    const { epoch, tailHash } = (await world.log.head(SPACE))!
    for (const sub of [subTo(SPACE, world.id(), 2, tailHash), subTo(SPACE, epoch, 2, new Uint8Array(16)), subTo(SPACE, epoch, 3, tailHash), subTo(SPACE, NO_ID, 1)]) {
      const ben = world.connect(BEN)
      ben.say(HELLO, sub)
      await world.settle()
      expect(ben.of('subbed')[0]).toMatchObject({ epoch, mode: 'recover', commonSeq: 0, head: 2 })
      expect(ben.seqs()).toEqual([1, 2])
    }
    // Of its own epoch, and not its own: whoever put a data folder back from an image hears of it, once.
    expect(world.reports).toMatchObject([{ kind: 'log-unlike-laptop', space: SPACE, cursor: 2, head: 2 }])
  })

  it('[SUB3] a restored backup is recovered from: the lost entries are offered again and everybody ends with them', async () => {
    const log = createMemoryLog({ dice: seededDice(9) })
    begin({ log })
    const anne = await world.join(ANNE)
    const kept = next()
    const lost = next()
    anne.push(kept)
    await world.pass(10)
    const backup = log.backup()
    anne.push(lost)
    await world.pass(10)
    const before = (await world.log.head(SPACE))!
    const [oldItem, oldWriter] = [item, writer]
    begin({ log: restoreMemoryLog(backup, { dice: seededDice(10) }) })
    const again = world.connect(BEN)
    again.say(HELLO, subTo(SPACE, before.epoch, before.head, before.tailHash))
    await world.settle()
    expect(again.of('subbed')[0]).toMatchObject({ mode: 'recover', commonSeq: 0, head: 1 })
    // Ben offers what Anne wrote: after a restore the writer decides, not the author.
    again.push({ ...kept, item: oldItem, writer: oldWriter }, { ...lost, item: oldItem, writer: oldWriter })
    await world.pass(10)
    expect(acks(again)).toEqual([2])
    expect(again.seqs()).toEqual([1, 2])
  })

  it('[SUB4] unknown and forbidden spaces are answered alike, and nothing follows', async () => {
    world.people.give(BEN, OTHER_SPACE, 'member')
    const anne = world.connect(ANNE)
    const unknown = world.id()
    anne.say(HELLO, subTo(OTHER_SPACE), subTo(unknown))
    await world.settle()
    const scopes = anne.of('scope').slice(1)
    expect(scopes).toEqual([OTHER_SPACE, unknown].map((space) => ({ type: 'scope', space, role: null, kind: 'municipality', name: '', offlineDaysMax: null })))
    expect(anne.of('subbed')).toEqual([])
    expect(await world.log.head(unknown)).toBeNull()
  })

  it('[SUB5] UNSUB ends the entries; a second SUB begins again from its cursor', async () => {
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    ben.say({ type: 'unsub', space: SPACE })
    anne.push(next())
    await world.pass(10)
    expect(ben.seqs()).toEqual([])
    ben.say(subTo(SPACE), subTo(SPACE))
    await world.pass(10)
    anne.push(next())
    await world.pass(10)
    expect(ben.seqs().slice(-2)).toEqual([1, 2])
  })

  it('[LIM3] more subscriptions than the limit close with 1002', async () => {
    const anne = world.connect(ANNE)
    anne.say(HELLO)
    for (let i = 0; i <= SUBSCRIPTIONS_COUNT_MAX; i++) {
      const space = world.id()
      world.people.give(ANNE, space, 'reader')
      anne.say(subTo(space))
    }
    await world.settle()
    expect(anne.closed?.code).toBe(1002)
  })

  it('[LIM3] whoever follows every municipality and region of the country does so at once', async () => {
    const anne = world.connect(ANNE)
    anne.say(HELLO)
    const spaces = Array.from({ length: 342 + 25 }, () => world.id())
    for (const space of spaces) world.people.give(ANNE, space, 'reader')
    anne.say(...spaces.map((space) => subTo(space)))
    await world.pass(1_000)
    expect([anne.closed, anne.of('subbed').length]).toEqual([null, spaces.length])
  })
})

describe('fan-out', () => {
  it('[INV2] every reader gets every entry once, dense and in order, whenever it came and however slow it is', async () => {
    const readers: TestConnection[] = []
    const dice = seededDice(77)
    for (let round = 0; round < 60; round++) {
      const anne = readers[0] ?? (readers.push(await world.join(ANNE)), readers[0]!)
      anne.push(...Array.from({ length: 1 + (dice.uint32() % 5) }, next))
      if (round % 10 === 5) readers.push(await world.join(BEN))
      for (const reader of readers) reader.buffered = dice.uint32() % 4 === 0 ? SOCKET_BUFFER_BYTES_MAX + 1 : 0
      if (dice.uint32() % 2) await world.settle()
      if (dice.uint32() % 3) await world.pass(7)
    }
    for (const reader of readers) reader.buffered = 0
    await world.pass(200)
    const { head } = (await world.log.head(SPACE))!
    const all = Array.from({ length: head }, (_, i) => i + 1)
    for (const reader of readers) expect(reader.seqs()).toEqual(all)
    const links = readers[0]!.of('entries').flatMap((message) => message.entries)
    links.forEach((entry, i) => expect(entry.prevItemSeq).toBe(i === 0 ? 0 : links[i - 1]!.seq))
  })

  it('[INV2] a commit that a catch-up read before it was announced is not sent twice', async () => {
    begin({ manualCommits: true })
    const anne = await world.join(ANNE)
    anne.push(next(), next())
    await world.settle()
    await world.step()
    // Synced, and nobody was told: a newcomer reads it from the log.
    const ben = await world.join(BEN)
    expect(ben.seqs()).toEqual([1, 2])
    await world.commit()
    anne.push(next())
    await world.pass(10)
    await world.commit()
    expect(ben.seqs()).toEqual([1, 2, 3])
    expect(anne.seqs()).toEqual([1, 2, 3])
  })

  it('[FAN1] a commit is encoded once: all live readers get the very same bytes', async () => {
    const readers = [await world.join(ANNE), await world.join(BEN), await world.join(BEN)]
    readers[0]!.push(next(), next())
    await world.pass(10)
    const frames = readers.map((reader) => reader.frames.at(-1))
    expect(frames[0]).toBe(frames[1])
    expect(frames[1]).toBe(frames[2])
    expect(readers[1]!.of('entries')).toHaveLength(1)
  })

  it('[FAN2] a slow socket gets nothing while its buffer is full and resumes from its cursor', async () => {
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    ben.buffered = SOCKET_BUFFER_BYTES_MAX + 1
    for (let i = 0; i < 5; i++) {
      anne.push(next())
      await world.pass(10)
    }
    expect(ben.seqs()).toEqual([])
    expect(anne.seqs()).toEqual([1, 2, 3, 4, 5])
    ben.buffered = 0
    await world.pass(100)
    expect(ben.seqs()).toEqual([1, 2, 3, 4, 5])
    expect(ben.of('entries')).toHaveLength(1)
    anne.push(next())
    await world.pass(10)
    expect(ben.seqs()).toEqual([1, 2, 3, 4, 5, 6])
  })

  describe('where many read along', () => {
    let anne: TestConnection
    let readers: TestConnection[]
    const runsOf = (reader: TestConnection): number[][] => reader.of('entries').map(({ entries }) => entries.map(({ seq }) => seq))
    const commit = async (): Promise<void> => {
      anne.push(next())
      await world.pass(1)
    }
    const crowd = async (): Promise<void> => {
      while (readers.length < COMMIT_READERS_PER_MS * COMMIT_HOLD_MS_MAX) readers.push(await world.join(BEN))
      await world.pass(100)
    }
    beforeEach(async () => {
      anne = await world.join(ANNE)
      readers = [await world.join(BEN)]
    })

    it('[FAN1] [INV2] commits of a space are apart, the first leaves at once, and each is one run; a few never wait', async () => {
      for (let i = 0; i < 3; i++) await commit()
      await world.pass(10)
      expect(runsOf(readers[0]!)).toEqual([[1], [2, 3]]) // paced by COMMIT_BATCH_MS_MAX alone
      await crowd()
      const before = runsOf(readers[0]!).length
      await commit()
      for (const reader of readers) expect(runsOf(reader).at(-1)).toEqual([4])
      const acknowledged = anne.of('ack').length
      for (let i = 0; i < 3; i++) {
        await commit()
        await world.pass(COMMIT_BATCH_MS_MAX)
      }
      expect(anne.of('ack')).toHaveLength(acknowledged)
      await world.pass(COMMIT_HOLD_MS_MAX)
      for (const reader of readers) expect(reader.seqs().slice(-4)).toEqual([4, 5, 6, 7])
      expect(runsOf(readers[0]!).slice(before)).toEqual([[4], [5, 6, 7]])
      expect(anne.of('ack')).toHaveLength(acknowledged + 1)
      // Who comes while something waits has it once.
      await commit()
      await commit()
      const late = await world.join(BEN)
      await commit()
      await world.pass(100)
      expect(late.seqs()).toEqual(Array.from({ length: 10 }, (_, i) => i + 1))
    })

    it('another space does not wait for it, and a full batch waits for nobody', async () => {
      world.people.give(ANNE, OTHER_SPACE, 'member')
      await crowd()
      await commit()
      await commit()
      const other = await world.join(ANNE, OTHER_SPACE)
      other.push(prose(createTypist(5).type('a'), { space: OTHER_SPACE, item: make.id(), writer: make.id() }))
      await world.pass(COMMIT_BATCH_MS_MAX)
      expect(other.of('ack')).toHaveLength(1)
      expect(runsOf(readers[0]!).at(-1)).toEqual([1])
      await world.pass(COMMIT_HOLD_MS_MAX)
      expect(runsOf(readers[0]!).at(-1)).toEqual([2])
      for (let i = 0; i < COMMIT_BATCH_COUNT_MAX; i++) anne.push(next())
      await world.pass(COMMIT_BATCH_MS_MAX)
      expect(runsOf(readers[0]!).at(-1)).toHaveLength(COMMIT_BATCH_COUNT_MAX)
    })

    it('[INV1] what waits is committed before the relay ends', async () => {
      await crowd()
      await commit()
      await commit()
      expect(runsOf(readers[0]!).at(-1)).toEqual([1])
      const drained = world.relay.drain()
      await world.pass(COMMIT_BATCH_MS_MAX)
      await drained
      expect(runsOf(readers[0]!).at(-1)).toEqual([2])
      expect(anne.of('ack').at(-1)).toMatchObject({ upToN: 2 })
    })
  })

  it('[FAN3] a catch-up stops when its credit is used and goes on with RECV', async () => {
    const anne = await world.join(ANNE)
    const big = 'x'.repeat(200_000)
    for (let i = 0; i < 40; i++) {
      anne.push(prose(typist.type(big)))
      await world.pass(10)
    }
    const ben = await world.join(BEN)
    await world.pass(1_000)
    const first = ben.seqs().length
    expect(first).toBeGreaterThan(10)
    expect(first).toBeLessThan(40)
    expect(ben.frames.reduce((sum, frame) => sum + frame.length, 0)).toBeLessThan(CATCH_UP_CREDIT_BYTES_MAX + 2 * FRAME_BYTES_MAX)
    for (const frame of ben.frames) expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX)
    expect(ben.of('entries').at(-1)?.more).toBe(true)
    for (let i = 0; i < 10; i++) {
      ben.say({ type: 'recv', space: SPACE, cursor: ben.seqs().length })
      await world.pass(100)
    }
    expect(ben.seqs()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(ben.of('entries').at(-1)?.more).toBe(false)
  })

  it('[SUB1] whoever comes while the disk takes nothing still reads everything', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), next())
    await world.pass(10)
    world.log.ensureSpace = () => Promise.reject(new Error('the disk is full'))
    const ben = await world.join(BEN)
    expect(ben.of('subbed')[0]).toMatchObject({ space: SPACE, head: 2, mode: 'resume', commonSeq: 0 })
    expect(ben.seqs()).toEqual([1, 2])
    expect(world.reports).toEqual([])
  })

  it('[FAN4] a space that cannot be read leaves the other spaces of the socket alone and is tried again', async () => {
    world.people.give(ANNE, OTHER_SPACE, 'member')
    const anne = await world.join(ANNE)
    anne.push(next(), prose(createTypist(5).type('a'), { space: OTHER_SPACE, item: make.id() }))
    await world.pass(10)
    let isBroken = true
    const honest = world.log.read
    world.log.read = (space, ...rest) => (isBroken && space === SPACE ? Promise.reject(new Error('page 7 is damaged')) : honest(space, ...rest))
    const again = world.connect(ANNE)
    again.say(HELLO, subTo(SPACE), subTo(OTHER_SPACE))
    await world.settle()
    expect(again.seqs(SPACE)).toEqual([])
    expect(again.seqs(OTHER_SPACE)).toEqual([1])
    expect(world.reports).toMatchObject([{ kind: 'read-failed', space: SPACE }])
    isBroken = false
    await world.pass(5_000)
    expect(again.seqs(SPACE)).toEqual([1])
  })

  it('[EPO1] a commit under another epoch ends the subscription with EPOCH', async () => {
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    const honest = world.log.append
    const epoch = world.id()
    world.log.append = async (batch) => {
      const { results, runs } = await honest(batch)
      return { results, runs: runs.map((run) => ({ ...run, epoch })) }
    }
    anne.push(next())
    await world.pass(10)
    expect(ben.of('epoch')).toEqual([{ type: 'epoch', space: SPACE, epoch }])
    expect(ben.of('entries')).toEqual([])
    anne.push(next())
    await world.pass(10)
    expect(ben.of('epoch')).toHaveLength(1)
  })
})

describe('rights', () => {
  it('[INV7] a reader reads, and every write-shaped message of his is refused', async () => {
    world.people.give(BEN, SPACE, 'reader')
    const ben = await world.join(BEN)
    const act = make.entry({ space: SPACE, item, writer, payload: actToBytes({ kind: 'withdraw', reason: '' }), part: 'act' })
    const change = make.entry({ space: SPACE, item, writer, payload: Uint8Array.of(1), part: 'facts' })
    ben.push(next(), act, change)
    await world.pass(10)
    expect(nacks(ben)).toEqual([1, 2, 3].map((n) => ({ n, code: 'forbidden', reason: 'no-access' })))
    expect((await world.log.head(SPACE))?.head).toBe(0)
    const anne = await world.join(ANNE)
    anne.push(next())
  })

  it('[INV7] each act asks for its own right', async () => {
    const anne = await world.join(ANNE)
    const act = (value: Parameters<typeof actToBytes>[0]): NewEntry => make.entry({ space: SPACE, item, writer, payload: actToBytes(value), part: 'act' })
    anne.push(act(proposeAct('x', [])), act({ kind: 'adopt', seal: sealOf('x'), mandate: '' }), act({ kind: 'revise', reason: '' }))
    await world.pass(10)
    expect(nacks(anne)).toEqual([{ n: 2, code: 'forbidden', reason: 'no-access' }, { n: 3, code: 'forbidden', reason: 'no-access' }])
    world.people.give(ANNE, SPACE, 'leader')
    anne.push(act({ kind: 'adopt', seal: sealOf('x'), mandate: '' }))
    await world.pass(10)
    expect(acks(anne)).toEqual([3, 4])
  })

  it('[INV7] what was pushed before the right was lost does not commit after it', async () => {
    begin({ manualCommits: true })
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    ben.push(prose(createTypist(2).type('eerst'), { item: make.id() }))
    await world.settle()
    anne.push(next())
    world.people.give(ANNE, SPACE, 'reader')
    await world.commit()
    await world.pass(10)
    await world.commit()
    expect(nacks(anne)).toEqual([{ n: 1, code: 'forbidden', reason: 'no-access' }])
    expect((await world.log.head(SPACE))?.head).toBe(1)
  })

  it('[INV7] a lost right is told at once, and not one byte of the space follows', async () => {
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    world.people.give(BEN, SPACE, null)
    expect(ben.of('scope').at(-1)).toEqual({ type: 'scope', space: SPACE, role: null, kind: 'municipality', name: '', offlineDaysMax: null })
    const before = ben.frames.length
    anne.push(next())
    await world.pass(10)
    expect(ben.frames.length).toBe(before)
  })

  it('[INV7] even before the change is announced, live fan-out and catch-up ask again', async () => {
    const anne = await world.join(ANNE)
    const ben = await world.join(BEN)
    world.people.takeSilently(BEN, SPACE)
    anne.push(next())
    await world.pass(10)
    expect(ben.of('entries')).toEqual([])
    world.people.give(BEN, SPACE, 'reader')
    const slow = world.connect(BEN)
    slow.say(HELLO, subTo(SPACE))
    world.people.takeSilently(BEN, SPACE)
    await world.pass(100)
    expect(slow.of('subbed')).toEqual([])
    expect(slow.of('entries')).toEqual([])
    // And once more between the read and the sending.
    world.people.give(BEN, SPACE, 'reader')
    const honest = world.log.read
    world.log.read = async (...question) => {
      const answer = await honest(...question)
      world.people.takeSilently(BEN, SPACE)
      return answer
    }
    const late = world.connect(BEN)
    late.say(HELLO, subTo(SPACE))
    await world.pass(100)
    expect(late.of('subbed')).toHaveLength(1)
    expect(late.of('entries')).toEqual([])
  })

  it('[SCO1] a new role is told on the open connection', async () => {
    const anne = await world.join(ANNE)
    anne.take()
    world.people.give(ANNE, OTHER_SPACE, 'leader')
    expect(anne.take()).toEqual([{ type: 'scope', space: OTHER_SPACE, role: 'leader', kind: 'municipality', name: 'gemeente 5151', offlineDaysMax: null }])
  })

  it('[SCO3] the days that a laptop may go without contact are said with the space, and again on the open connection when they change', async () => {
    world.people.limit(SPACE, 14)
    const anne = await world.join(ANNE)
    expect(anne.of('scope')).toEqual([{ type: 'scope', space: SPACE, role: 'member', kind: 'municipality', name: 'gemeente 5050', offlineDaysMax: 14 }])
    anne.take()
    world.people.limit(SPACE, 3)
    expect(anne.take()).toMatchObject([{ type: 'scope', space: SPACE, role: 'member', offlineDaysMax: 3 }])
    world.people.limit(SPACE, null)
    expect(anne.take()).toMatchObject([{ type: 'scope', offlineDaysMax: null }])
    // A laptop from before hears it too, and skips what it does not know.
    expect(world.connect(BEN).closed).toBeNull()
  })

  it('[SCO2] signing out closes every connection of that person with 4401', async () => {
    const [one, two, ben] = [await world.join(ANNE), world.connect(ANNE), await world.join(BEN)]
    world.people.signOut(ANNE)
    expect([one.closed?.code, two.closed?.code, ben.closed]).toEqual([4401, 4401, null])
    expect(world.relay.counts().connections).toBe(1)
  })
})

describe('history', () => {
  const ask = (more: Partial<Up<'fetch'>> = {}): Up<'fetch'> => ({ type: 'fetch', request: 7, space: SPACE, item, part: 'prose', from: 1, upTo: 0, ...more })

  it('[FET1] answers one part of one item within the asked range', async () => {
    const anne = await world.join(ANNE)
    anne.push(next(), prose(createTypist(3).type('elders'), { item: make.id() }), next(), next())
    await world.pass(10)
    anne.say(ask(), ask({ request: 8, from: 2, upTo: 3 }))
    await world.settle()
    expect(anne.of('itemEntries').map((answer) => [answer.request, answer.entries.map((entry) => entry.seq), answer.more])).toEqual([[7, [1, 3, 4], false], [8, [3], false]])
  })

  it('[FET2] unknown items, items elsewhere and forbidden spaces are answered alike', async () => {
    world.people.give(BEN, OTHER_SPACE, 'member')
    const ben = await world.join(BEN)
    const elsewhere = make.id()
    ben.push(prose(createTypist(3).type('geheim'), { item: elsewhere, space: OTHER_SPACE }))
    await world.pass(10)
    const anne = await world.join(ANNE)
    anne.say(ask({ item: elsewhere }), ask({ item: elsewhere, space: OTHER_SPACE }), ask({ item: world.id() }), ask({ space: world.id() }))
    await world.settle()
    const answers = anne.of('itemEntries')
    expect(answers).toHaveLength(4)
    for (const answer of answers) expect(answer).toMatchObject({ entries: [], more: false })
  })

  it('[FET3] a long history comes in parts that say so', async () => {
    const anne = await world.join(ANNE)
    for (let i = 0; i < 6; i++) {
      anne.push(prose(typist.type('x'.repeat(200_000))))
      await world.pass(10)
    }
    const seqs: number[] = []
    for (let from = 1, more = true; more; ) {
      anne.say(ask({ from }))
      await world.settle()
      const answer = anne.of('itemEntries').at(-1)!
      seqs.push(...answer.entries.map((entry) => entry.seq))
      from = seqs.at(-1)! + 1
      more = answer.more
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6])
    expect(anne.of('itemEntries').length).toBeGreaterThan(1)
  })
})

describe('presence', () => {
  const look = (more: Partial<Up<'presence'>> = {}): Up<'presence'> => ({ type: 'presence', space: SPACE, item, open: true, bytes: Uint8Array.of(1), ...more })

  async function twoViewers() {
    const [anne, ben] = [await world.join(ANNE), await world.join(BEN)]
    anne.push(next())
    await world.pass(10)
    anne.say(look())
    await world.settle()
    ben.say(look({ bytes: Uint8Array.of(2) }))
    await world.pass(PRESENCE_COALESCE_MS)
    return { anne, ben }
  }

  it('[PRE1] viewers see each other, by the name of the login, and not themselves', async () => {
    const { anne, ben } = await twoViewers()
    expect(ben.of('present')).toMatchObject([{ item, session: anne.of('welcome')[0]!.session, who: { user: ANNE }, open: true, bytes: Uint8Array.of(1) }])
    expect(anne.of('present')).toMatchObject([{ item, session: ben.of('welcome')[0]!.session, who: { user: BEN }, open: true, bytes: Uint8Array.of(2) }])
    expect(world.relay.viewersOf(item)).toHaveLength(2)
  })

  it('[PRE2] the last value wins: many moves within 100 ms are one message', async () => {
    const { anne, ben } = await twoViewers()
    await world.pass(1_000)
    const before = ben.of('present').length
    for (let move = 0; move < 50; move++) {
      anne.say(look({ bytes: Uint8Array.of(move) }))
      await world.pass(2)
    }
    await world.pass(PRESENCE_COALESCE_MS)
    const moves = ben.of('present').slice(before)
    expect(moves.length).toBeLessThanOrEqual(3)
    expect(moves.at(-1)?.bytes).toEqual(Uint8Array.of(49))
  })

  it('[PRE3] who leaves, disconnects or loses the right is gone', async () => {
    for (const how of ['leaves', 'disconnects', 'loses']) {
      begin()
      const { anne, ben } = await twoViewers()
      ben.take()
      if (how === 'leaves') anne.say(look({ open: false }))
      else if (how === 'disconnects') anne.session.closed()
      else world.people.give(ANNE, SPACE, null)
      await world.pass(PRESENCE_COALESCE_MS)
      expect(ben.take()).toMatchObject([{ type: 'present', item, who: { user: ANNE }, open: false, bytes: new Uint8Array() }])
      expect(world.relay.viewersOf(item)).toHaveLength(1)
    }
  })

  it('[PRE4] only who looks at the item hears of it, and only while he may read', async () => {
    const { anne, ben } = await twoViewers()
    const bystander = await world.join(BEN)
    world.people.takeSilently(BEN, SPACE)
    ben.take()
    anne.say(look({ bytes: Uint8Array.of(9) }))
    await world.pass(PRESENCE_COALESCE_MS)
    expect(ben.take()).toEqual([])
    expect(bystander.of('present')).toEqual([])
  })

  it('[PRE5] naming a space the item is not in shows nothing to anybody', async () => {
    const { anne, ben } = await twoViewers()
    world.people.give(BEN, OTHER_SPACE, 'member')
    const outsider = world.id()
    world.people.give(outsider, OTHER_SPACE, 'member')
    const intruder = await world.join(outsider, OTHER_SPACE)
    anne.take()
    ben.take()
    intruder.say(look({ space: OTHER_SPACE, bytes: Uint8Array.of(66) }), look({ bytes: Uint8Array.of(66) }), look({ space: OTHER_SPACE, item: world.id() }))
    await world.pass(PRESENCE_COALESCE_MS)
    expect([...anne.take(), ...ben.take()].filter((message) => message.type === 'present')).toEqual([])
    expect(intruder.of('present')).toEqual([])
  })

  it('[PRE6] other doors look through the same window', async () => {
    const { anne } = await twoViewers()
    const heard: [string, boolean][] = []
    world.relay.onDidLook(({ viewer, gone }) => void heard.push([viewer.who.user, gone]))
    const door = world.id()
    anne.take()
    world.relay.look(BEN, door, SPACE, item, Uint8Array.of(5))
    await world.pass(PRESENCE_COALESCE_MS)
    expect(anne.take()).toMatchObject([{ type: 'present', session: door, who: { user: BEN }, open: true }])
    world.relay.look(BEN, door, SPACE, item, null)
    await world.pass(PRESENCE_COALESCE_MS)
    expect(anne.take()).toMatchObject([{ type: 'present', session: door, open: false }])
    expect(heard).toEqual([[BEN, false], [BEN, true]])
  })
})

describe('doors and draining', () => {
  it('[PNG1] PING is answered with PONG and the relay\'s time', async () => {
    const anne = await world.join(ANNE)
    anne.take()
    anne.say({ type: 'ping', pendingCount: 3, oldestPendingAgeMs: 10 })
    expect(anne.take()).toEqual([{ type: 'pong', serverTime: world.clock.now() }])
  })

  it('[DOR1] a push through another door meets the same rights, order and commit', async () => {
    const anne = await world.join(ANNE)
    const entry = next()
    const answer = world.relay.push(BEN, entry)
    const foreign = world.relay.push(BEN, { ...next(), space: OTHER_SPACE })
    await world.pass(10)
    expect(await answer).toEqual({ kind: 'stored', seq: 1, repeated: false })
    expect(await foreign).toEqual({ kind: 'refused', code: 'forbidden', reason: 'no-access' })
    expect(anne.seqs()).toEqual([1])
    expect(anne.of('entries')[0]?.entries[0]?.author).toBe(BEN)
  })

  it('[DOR1] a failed store is an answer there too', async () => {
    begin({ fault: () => 'failed' })
    const answer = world.relay.push(ANNE, next())
    await world.pass(10)
    expect(await answer).toEqual({ kind: 'refused', code: 'storage', reason: 'commit-failed' })
  })

  it('[DOR2] other doors hear of commits after they are acknowledged, in order', async () => {
    const order: string[] = []
    const anne = await world.join(ANNE)
    world.relay.onDidCommit((run) => void order.push(`run ${run.entries.map((entry) => entry.seq).join()} after ${acks(anne).join()}`))
    anne.push(next(), next())
    await world.pass(10)
    anne.push(next())
    await world.pass(10)
    expect(order).toEqual(['run 1,2 after 2', 'run 3 after 2,3'])
  })

  it('[DRA1] draining commits what was taken, refuses the rest for now and closes with 1012', async () => {
    begin({ manualCommits: true })
    const anne = await world.join(ANNE)
    anne.push(next())
    await world.settle()
    const drained = world.relay.drain()
    anne.push(next())
    expect(await world.relay.push(ANNE, next())).toEqual({ kind: 'refused', code: 'busy', reason: 'restarting' })
    await world.commit()
    await drained
    expect(acks(anne)).toEqual([2])
    expect((await world.log.head(SPACE))?.head).toBe(1)
    expect(nacks(anne)).toEqual([{ n: 2, code: 'busy', reason: 'queue-full' }])
    expect(anne.closed).toEqual({ code: 1012, reason: 'restart' })
    const late = world.connect(ANNE)
    await world.settle()
    expect(late.closed?.code).toBe(1012)
  })

  it('[LIM4] a flood of small messages closes with 1013', async () => {
    const anne = await world.join(ANNE)
    const ping: Up<'ping'> = { type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 }
    anne.say(...Array.from({ length: 1_000 }, () => ping))
    expect(anne.closed).toBeNull()
    anne.say(...Array.from({ length: 2_000 }, () => ping))
    expect(anne.closed?.code).toBe(1013)
  })

  it('[LIM5] a socket that takes nothing is given up before its answers fill the memory', async () => {
    const anne = await world.join(ANNE)
    anne.buffered = 4 * SOCKET_BUFFER_BYTES_MAX + 1
    anne.say({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 })
    expect(anne.closed?.code).toBe(1013)
  })

  it('[LIM6] a connection that ends leaves nothing behind', async () => {
    const connections = [await world.join(ANNE), await world.join(BEN), world.connect(ANNE)]
    connections[0]!.push(next())
    await world.pass(10)
    connections[0]!.say({ type: 'presence', space: SPACE, item, open: true, bytes: new Uint8Array() })
    await world.pass(PRESENCE_COALESCE_MS)
    for (const connection of connections) connection.session.closed()
    await world.pass(PRESENCE_COALESCE_MS)
    expect(world.relay.counts()).toMatchObject({ connections: 0, subscriptions: 0, queuedEntries: 0, queuedBytes: 0 })
    expect(world.relay.viewersOf(item)).toEqual([])
    expect(world.timersCount()).toBe(0)
  })
})
