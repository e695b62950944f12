/**
 * A relay in a test: virtual time, a directory in memory, a log whose commits wait if asked to, and connections that write down every message.
 * Nothing here sleeps; `settle` lets promises run, `pass` moves the clock.
 */
import { createEmitter } from '../../shared/base/emitter.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { newId, NO_ID, type Id } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { may, type Role } from '../../shared/model/grants.ts'
import { encodeUp, decodeDown } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage, Up, UpMessage } from '../../shared/protocol/messages/index.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import type { Directory, SpaceInfo } from '../../server/auth/directory.ts'
import type { Accounted } from '../../server/relay/accounting.ts'
import type { RelaySession } from '../../server/relay/api.ts'
import { createRelay } from '../../server/relay/relay.ts'
import type { SnapshotSource } from '../../server/relay/subscription.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import type { Log } from '../../server/store/log.ts'

export function createVirtualClock(start = 1_000_000) {
  let now = start
  let timers: { at: number; order: number; callback: () => void }[] = []
  let order = 0
  const clock: Clock = {
    now: () => now,
    after(delayMs, callback) {
      const timer = { at: now + delayMs, order: order++, callback }
      timers.push(timer)
      return { dispose: () => void (timers = timers.filter((other) => other !== timer)) }
    },
  }
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return {
    clock,
    settle,
    jump: (ms: number): void => void (now += ms),
    async pass(ms: number): Promise<void> {
      const until = now + ms
      for (;;) {
        await settle()
        const [next] = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)
        if (!next) break
        now = Math.max(now, next.at)
        timers = timers.filter((timer) => timer !== next)
        next.callback()
      }
      now = until
      await settle()
    },
    timersCount: () => timers.length,
  }
}

export function createMemoryDirectory() {
  const roles = new Map<Id, Map<Id, Role>>()
  const spaces = new Map<Id, SpaceInfo>()
  const known = new Set<Id>()
  const changed = createEmitter<{ user: Id; info: SpaceInfo; role: Role | null }>()
  const signedOut = createEmitter<{ user: Id }>()
  const infoOf = (space: Id): SpaceInfo => spaces.get(space) ?? { space, kind: 'municipality', name: `gemeente ${space.slice(0, 4)}` }
  const directory: Directory = {
    person: (user) => (known.has(user) ? { user, name: 'verloskundige', job: 'verloskundige', organisation: 'VSV', color: 1 } : null),
    spacesOf: (user) => [...(roles.get(user) ?? [])].map(([space, role]) => ({ info: infoOf(space), role })),
    may: (user, space, operation) => may(roles.get(user)?.get(space), operation),
    onDidChangeRole: changed.event,
    onDidSignOut: signedOut.event,
  }
  return {
    directory,
    give(user: Id, space: Id, role: Role | null): void {
      known.add(user)
      const mine = roles.get(user) ?? new Map<Id, Role>()
      roles.set(user, mine)
      if (role) mine.set(space, role)
      else mine.delete(space)
      changed.fire({ user, info: infoOf(space), role })
    },
    limit(space: Id, offlineDaysMax: number | null): void {
      const info: SpaceInfo = { ...infoOf(space), offlineDaysMax }
      spaces.set(space, info)
      for (const [user, mine] of roles) {
        const role = mine.get(space)
        if (role) changed.fire({ user, info, role })
      }
    },
    /** Without telling anybody: as if the event were still on its way. */
    takeSilently: (user: Id, space: Id): void => void roles.get(user)?.delete(space),
    signOut: (user: Id): void => signedOut.fire({ user }),
    forgetPerson: (user: Id): void => void known.delete(user),
  }
}

export const ANNE = 'a0'.repeat(16)
export const BEN = 'b0'.repeat(16)
export const SPACE = '50'.repeat(16)
export const OTHER_SPACE = '51'.repeat(16)

export interface TestConnection {
  session: RelaySession
  received: DownMessage[]
  /** Frames as they were sent, for identity. */
  frames: Uint8Array[]
  closed: { code: number; reason: string } | null
  /** What `bufferedBytes` says. */
  buffered: number
  say(...messages: UpMessage[]): void
  raw(frame: Uint8Array): void
  of<T extends DownMessage['type']>(type: T): Down<T>[]
  /** Everything since the last call. */
  take(): DownMessage[]
  /** Pushes entries with the next `n`s, in one frame. */
  push(...entries: NewEntry[]): number[]
  /** Seqs received of a space, in order. */
  seqs(space?: Id): number[]
}

export const HELLO: Up<'hello'> = { type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: 'de'.repeat(16), pendingCount: 0 }
export const subTo = (space: Id, epoch: Id = NO_ID, cursor = 0, tailHash: Uint8Array = new Uint8Array(16)): Up<'sub'> => ({ type: 'sub', space, epoch, cursor, tailHash })

export function setupRelay(options: { log?: Log; snapshots?: SnapshotSource; manualCommits?: boolean; fault?: () => 'none' | 'failed' | 'unsure' } = {}) {
  const time = createVirtualClock()
  const people = createMemoryDirectory()
  const steps: (() => void)[] = []
  const appended: number[] = []
  const inner = options.log ?? createMemoryLog({
    dice: seededDice(1),
    ...(options.manualCommits ? { schedule: (_step: string, run: () => void) => void steps.push(run) } : {}),
    ...(options.fault ? { fault: options.fault } : {}),
  })
  const log: Log = { ...inner, append: (batch) => (appended.push(batch.length), inner.append(batch)) }
  const reports: { kind: string; [detail: string]: unknown }[] = []
  const accounted: Accounted[] = []
  const relay = createRelay({ account: (event) => void accounted.push(event), log, directory: people.directory, clock: time.clock, dice: seededDice(2), build: 'test', ...(options.snapshots ? { snapshots: options.snapshots } : {}), report: (event) => void reports.push(event) })
  const dice = seededDice(3)

  function connect(user: Id): TestConnection {
    let n = 0
    let taken = 0
    const connection: TestConnection = {
      session: undefined as unknown as RelaySession,
      received: [],
      frames: [],
      closed: null,
      buffered: 0,
      say: (...messages) => connection.session.receive(encodeUp(...messages)),
      raw: (frame) => connection.session.receive(frame),
      of: (type) => connection.received.filter((message): message is never => message.type === type),
      take() {
        const fresh = connection.received.slice(taken)
        taken = connection.received.length
        return fresh
      },
      push(...entries) {
        const messages = entries.map((entry): Up<'push'> => ({ type: 'push', n: ++n, spans: new Uint8Array(), fragment: 0, fragments: 1, ...entry }))
        connection.say(...messages)
        return messages.map((message) => message.n)
      },
      seqs: (space = SPACE) => connection.of('entries').filter((message) => message.space === space).flatMap((message) => message.entries.map((entry) => entry.seq)),
    }
    connection.session = relay.accept(
      {
        send(frame) {
          if (connection.closed) throw new Error('sent after close')
          connection.frames.push(frame)
          connection.received.push(...decodeDown(frame))
        },
        bufferedBytes: () => connection.buffered,
        close(code, reason) {
          connection.closed = { code, reason }
          connection.session.closed()
        },
      },
      user,
    )
    return connection
  }

  return {
    relay, log, reports, accounted, people, appended, ...time,
    id: (): Id => newId(dice),
    connect,
    /** Connected, greeted and subscribed from the start. */
    async join(user: Id, space = SPACE): Promise<TestConnection> {
      const connection = connect(user)
      connection.say(HELLO, subTo(space))
      await time.settle()
      return connection
    },
    /** Runs what the disk was asked to do, until it asks no more. */
    async commit(): Promise<void> {
      await time.settle()
      for (let run = steps.shift(); run; run = steps.shift()) {
        run()
        await time.settle()
      }
    },
    /** Runs the next thing the disk was asked to do: a sync, or the answer after it. */
    async step(): Promise<void> {
      steps.shift()?.()
      await time.settle()
    },
    stepsCount: () => steps.length,
  }
}
