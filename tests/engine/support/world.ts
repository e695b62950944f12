// A small world for engine tests: virtual time, laptops with tabs, and a relay that does what a test tells it to. The relay speaks the real
// protocol and keeps a real log per space; it checks nothing, so that a test decides what is refused.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as Y from 'yjs'
import type { Clock } from '../../../shared/base/clock.ts'
import { newId, type Epoch, type ItemId, type SpaceId, type UserId } from '../../../shared/base/ids.ts'
import { sha256 } from '../../../shared/base/hash.ts'
import { namedDice, type Dice } from '../../../shared/base/random.ts'
import type { RefusalCode } from '../../../shared/model/errors.ts'
import type { Role } from '../../../shared/model/grants.ts'
import type { Person } from '../../../shared/model/people.ts'
import { decodeUp, encodeDown } from '../../../shared/protocol/codec.ts'
import type { Down, DownMessage, Up } from '../../../shared/protocol/messages/index.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../../shared/protocol/tail-hash.ts'
import type { Engine, EngineEvent, SyncStatus } from '../../../client/engine/api.ts'
import { createEngine, type EngineDeps } from '../../../client/engine/engine.ts'
import { factsReady, initFacts } from '../../../client/engine/facts.ts'
import { createMemoryDevice, type MemoryDevice, type MemoryStore, type MemoryStoreHooks } from '../../../client/engine/memory-store.ts'
import type { Leadership, SocketListener, Transport } from '../../../client/engine/transport.ts'

initFacts(async () => readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')))
// Loading takes real time, which virtual clocks know nothing of.
await factsReady()

/** Everything that promises can do without time passing has happened when this resolves. */
export const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export interface VirtualClock extends Clock {
  /** Lets time pass; promises settle after every timer. */
  pass(ms: number): Promise<void>
  /** Time goes on and nothing runs; what was due is late, or has all its waiting still before it, as clocks of machines differ. */
  sleep(ms: number, timersSleepToo: boolean): void
  /** Somebody turns the clock: it shows another time from now on, and no timer notices. */
  turn(ms: number): void
  /** The answer to something that takes its time. */
  answer<T>(asked: Promise<T>): Promise<T>
}

export function virtualClock(): VirtualClock {
  let now = Date.UTC(2026, 10, 23, 9)
  let turned = 0
  let order = 0
  const timers = new Map<number, { at: number; order: number; run: () => void }>()
  const clock: VirtualClock = {
    now: () => now + turned,
    after(delayMs, run) {
      const id = ++order
      timers.set(id, { at: now + Math.max(0, delayMs), order: id, run })
      return { dispose: () => void timers.delete(id) }
    },
    async pass(ms) {
      const until = now + ms
      await settle()
      for (;;) {
        const next = [...timers.values()].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
        if (!next) break
        timers.delete(next.order)
        now = Math.max(now, next.at)
        next.run()
        await settle()
      }
      now = until
    },
    sleep(ms, timersSleepToo) {
      now += ms
      if (timersSleepToo) for (const timer of timers.values()) timer.at += ms
    },
    turn(ms) {
      turned += ms
    },
    async answer(asked) {
      await clock.pass(1000)
      return asked
    },
  }
  return clock
}

type WireEntry = Down<'entries'>['entries'][number]

interface SpaceLog {
  epoch: Epoch
  entries: WireEntry[]
  hashes: Uint8Array[]
}

interface Line {
  user: UserId
  listener: SocketListener
  isOpen: boolean
  subs: Set<SpaceId>
  fragments: Uint8Array[]
}

export interface TestRelay {
  /** false: connections fail and live ones end. */
  isUp: boolean
  /** Pushes are stored and not answered. */
  isSilent: boolean
  /** false: what is appended reaches nobody before the next SUB. */
  isEchoing: boolean
  /** Whose cookie the browser sends now, when it is somebody else's. */
  signedInAs: UserId | null
  readonly pushes: Up<'push'>[]
  readonly heard: { user: UserId; type: string }[]
  /** Asked for every complete push; a code refuses it. */
  judge: (push: Up<'push'>, user: UserId) => RefusalCode | { code: RefusalCode; retryAfterMs?: number; reason?: string } | null
  transport(user: UserId): Transport
  grant(user: UserId, space: SpaceId, role: Role | null): void
  /** Days that its laptops may go without contact; null: as long as they like. */
  limit(space: SpaceId, daysMax: number | null): void
  log(space: SpaceId): SpaceLog
  /** The log gets a new life: only its first entries survive. */
  replaceLog(space: SpaceId, keep: number): void
  /** Nothing that is sent is heard, and nothing is said: a line that went dead. */
  isDeaf: boolean
  /** What a line carries up, bytes a second; Infinity: at once. A line that carries nothing keeps what it was given. */
  uplinkBytesPerSecond: number
  /** Entries in one frame of a catch-up. */
  catchUpCount: number
  cut(code?: number): void
  /** Every line that is open dies without a word to its laptop; new ones work. */
  loseLines(): void
  sayRaw(user: UserId, frame: Uint8Array): void
  /** Says something to every open connection of a user. */
  say(user: UserId, ...messages: DownMessage[]): void
  append(space: SpaceId, entry: Omit<WireEntry, 'seq' | 'prevItemSeq'>): void
}

export function testRelay(dice: Dice, clock: Clock, person: (user: UserId) => Person): TestRelay {
  const logs = new Map<SpaceId, SpaceLog>()
  const grants = new Map<string, Role>()
  const lines = new Set<Line>()

  const logOf = (space: SpaceId): SpaceLog => {
    let log = logs.get(space)
    if (!log) logs.set(space, (log = { epoch: newId(dice), entries: [], hashes: [EMPTY_TAIL_HASH] }))
    return log
  }
  const later = (work: () => void): void => void clock.after(1, work)
  const send = (line: Line, ...messages: DownMessage[]): void => {
    const frame = encodeDown(...messages)
    later(() => {
      if (line.isOpen && !relay.isDeaf) line.listener.frame(frame)
    })
  }
  const end = (line: Line, code: number): void => {
    if (!line.isOpen) return
    line.isOpen = false
    lines.delete(line)
    later(() => line.listener.closed(code, ''))
  }
  const limits = new Map<SpaceId, number>()
  const scopeOf = (space: SpaceId, role: Role | null): DownMessage => ({
    type: 'scope', space, role, kind: 'municipality', name: `gemeente ${space.slice(0, 4)}`, offlineDaysMax: limits.get(space) ?? null,
  })

  const relay: TestRelay = {
    isUp: true,
    isSilent: false,
    isEchoing: true,
    isDeaf: false,
    uplinkBytesPerSecond: Infinity,
    catchUpCount: Infinity,
    signedInAs: null,
    pushes: [],
    heard: [],
    judge: () => null,
    transport: (user) => ({
      connect(listener) {
        const line: Line = { user: relay.signedInAs ?? user, listener, isOpen: false, subs: new Set(), fragments: [] }
        later(() => {
          if (!relay.isUp) return listener.closed(1006, '')
          line.isOpen = true
          lines.add(line)
          listener.opened()
        })
        let waiting: { frame: Uint8Array; left: number }[] = []
        const carry = (seconds: number): void => {
          let room = relay.uplinkBytesPerSecond === Infinity ? Infinity : relay.uplinkBytesPerSecond * seconds
          while (waiting[0] && room > 0) {
            const taken = Math.min(room, waiting[0].left)
            room -= taken
            waiting[0].left -= taken
            if (waiting[0].left > 0) break
            const { frame } = waiting.shift()!
            if (line.isOpen && !relay.isDeaf) for (const message of decodeUp(frame)) receive(line, message)
          }
          if (waiting.length > 0 && line.isOpen) clock.after(1_000, () => carry(1))
        }
        return {
          send: (frame) => {
            waiting.push({ frame, left: frame.length })
            if (waiting.length === 1) later(() => carry(0.001))
          },
          bufferedBytes: () => waiting.reduce((sum, { left }) => sum + left, 0),
          dispose: () => {
            waiting = []
            line.isOpen = false
            lines.delete(line)
          },
        }
      },
    }),
    grant(user, space, role) {
      if (role) grants.set(`${user}/${space}`, role)
      else grants.delete(`${user}/${space}`)
      for (const line of lines) if (line.user === user) send(line, scopeOf(space, role))
    },
    limit(space, daysMax) {
      if (daysMax === null) limits.delete(space)
      else limits.set(space, daysMax)
      for (const [key, role] of grants) {
        const [user, of] = key.split('/') as [string, string]
        if (of === space) for (const line of lines) if (line.user === user) send(line, scopeOf(space, role))
      }
    },
    log: logOf,
    replaceLog(space, keep) {
      const old = logOf(space)
      const log: SpaceLog = { epoch: newId(dice), entries: old.entries.slice(0, keep), hashes: old.hashes.slice(0, keep + 1) }
      logs.set(space, log)
      for (const line of lines)
        if (line.subs.delete(space)) send(line, { type: 'epoch', space, epoch: log.epoch })
    },
    cut(code = 1006) {
      for (const line of [...lines]) end(line, code)
    },
    loseLines() {
      for (const line of lines) line.isOpen = false
      lines.clear()
    },
    sayRaw(user, frame) {
      for (const line of lines) if (line.user === user) later(() => line.isOpen && line.listener.frame(frame))
    },
    say(user, ...messages) {
      for (const line of lines) if (line.user === user) send(line, ...messages)
    },
    append(space, entry) {
      const log = logOf(space)
      const seq = log.entries.length + 1
      const prevItemSeq = log.entries.findLast((one) => one.item === entry.item)?.seq ?? 0
      const stored: WireEntry = { ...entry, seq, prevItemSeq }
      log.entries.push(stored)
      log.hashes.push(nextTailHash(log.hashes[seq - 1]!, seq, stored.entry, sha256(stored.payload)))
      for (const line of lines)
        if (relay.isEchoing && line.subs.has(space)) send(line, { type: 'entries', space, epoch: log.epoch, entries: [stored], cursorAfter: seq, tailHashAfter: log.hashes[seq]!, more: false })
    },
  }

  function receive(line: Line, message: ReturnType<typeof decodeUp>[number]): void {
    relay.heard.push({ user: line.user, type: message.type })
    switch (message.type) {
      case 'hello':
        send(line, { type: 'welcome', proto: 1, serverTime: clock.now(), session: newId(dice), who: person(line.user), payloadBytesMax: 1000, minBuild: '' })
        for (const [key, role] of grants) {
          const [user, space] = key.split('/') as [string, string]
          if (user === line.user) send(line, scopeOf(space, role))
        }
        return
      case 'sub': {
        if (!grants.has(`${line.user}/${message.space}`)) return send(line, scopeOf(message.space, null))
        const log = logOf(message.space)
        const isKnown = message.epoch === log.epoch && message.cursor < log.hashes.length && Buffer.compare(log.hashes[message.cursor]!, message.tailHash) === 0
        const isFirst = message.epoch === '0'.repeat(32)
        const from = isKnown ? message.cursor : 0
        const head = log.entries.length
        line.subs.add(message.space)
        send(line, { type: 'subbed', space: message.space, epoch: log.epoch, head, floor: 0, mode: isKnown || isFirst ? 'resume' : 'recover', commonSeq: from })
        for (let at = from; at < head; ) {
          const upTo = Math.min(head, at + relay.catchUpCount)
          send(line, { type: 'entries', space: message.space, epoch: log.epoch, entries: log.entries.slice(at, upTo), cursorAfter: upTo, tailHashAfter: log.hashes[upTo]!, more: upTo < head })
          at = upTo
        }
        return
      }
      case 'push': {
        line.fragments.push(message.payload)
        if (message.fragment + 1 < message.fragments) return
        const payload = new Uint8Array(Buffer.concat(line.fragments.splice(0)))
        relay.pushes.push(message)
        const refused = relay.judge(message, line.user)
        if (refused) {
          const { code, retryAfterMs = 0, reason = 'test' } = typeof refused === 'string' ? { code: refused } : refused
          return send(line, { type: 'nack', n: message.n, code, retryAfterMs, reason })
        }
        const { entry, item, part, format, schema, clientTime, writer, space } = message
        if (!logOf(space).entries.some((one) => one.entry === entry))
          relay.append(space, { entry, item, part, format, schema, clientTime, writer, author: line.user, serverTime: clock.now(), payload })
        if (!relay.isSilent) send(line, { type: 'ack', upToN: message.n, serverTime: clock.now() })
        return
      }
      case 'fetch': {
        const entries = logOf(message.space).entries.filter((one) => one.item === message.item && one.part === message.part && one.seq >= message.from)
        return send(line, { type: 'itemEntries', request: message.request, space: message.space, item: message.item, entries: entries.slice(0, 2), more: entries.length > 2 })
      }
      case 'presence':
        for (const other of lines)
          if (other !== line) send(other, { type: 'present', space: message.space, item: message.item, session: newId(dice), who: person(line.user), open: message.open, bytes: message.bytes })
        return
      case 'ping':
        return send(line, { type: 'pong', serverTime: clock.now() })
      case 'unsub':
      case 'recv':
        return
    }
  }
  return relay
}

export interface Laptop {
  readonly device: MemoryDevice
  /** Opens a tab; the first one alive leads. */
  open(options?: { hooks?: MemoryStoreHooks; web?: EngineDeps['web'] }): Promise<TabOf>
}

export interface TabOf {
  readonly engine: Engine
  readonly store: MemoryStore
  readonly events: EngineEvent[]
  status(): Promise<SyncStatus>
  /** Opens an item and follows it with a document of its own. */
  edit(item: ItemId): Promise<Y.Doc>
  /** Ends without a word, as a killed process does. */
  kill(): void
}

export interface World {
  readonly clock: VirtualClock
  readonly dice: Dice
  readonly relay: TestRelay
  readonly space: SpaceId
  user(name: string, role?: Role | null): Person
  laptop(person: Person): Laptop
}

export function createWorld(seed = 1): World {
  const clock = virtualClock()
  const dice = namedDice(seed, 'world')
  const people = new Map<UserId, Person>()
  const relay = testRelay(dice, clock, (user) => people.get(user)!)
  const space = newId(dice)
  return {
    clock,
    dice,
    relay,
    space,
    user(name, role = 'leader') {
      const person: Person = { user: newId(dice), name, job: name, organisation: 'Schiedam', color: 1 }
      people.set(person.user, person)
      if (role) relay.grant(person.user, space, role)
      return person
    },
    laptop(person) {
      const device = createMemoryDevice()
      const waiting: { onLeader: () => void; isOver: boolean }[] = []
      const leadership: Leadership = {
        campaign(onLeader) {
          const one = { onLeader, isOver: false }
          waiting.push(one)
          if (waiting[0] === one) void Promise.resolve().then(onLeader)
          return {
            dispose() {
              if (one.isOver) return
              one.isOver = true
              const wasFirst = waiting[0] === one
              waiting.splice(waiting.indexOf(one), 1)
              if (wasFirst) waiting[0]?.onLeader()
            },
          }
        },
      }
      let tabs = 0
      return {
        device,
        async open({ hooks = {}, web } = {}) {
          const store = device.openStore({
            ...hooks,
            onCrash: () => {
              end()
              hooks.onCrash?.()
            },
          })
          const end = (): void => {
            ownClock.isDead = true
            store.kill()
            for (const one of [...socket, ...lock]) one.dispose()
          }
          const lock: { dispose(): void }[] = []
          const ownClock: Clock & { isDead: boolean } = {
            isDead: false,
            now: clock.now,
            after: (ms, run) =>
              clock.after(ms, () => {
                if (!ownClock.isDead) run()
              }),
          }
          const socket: { dispose(): void }[] = []
          const transport = relay.transport(person.user)
          const engine = await createEngine({
            store,
            transport: {
              connect(listener) {
                const one = transport.connect({
                  opened: () => !ownClock.isDead && listener.opened(),
                  frame: (bytes) => !ownClock.isDead && listener.frame(bytes),
                  closed: (code, reason) => !ownClock.isDead && listener.closed(code, reason),
                })
                socket.push(one)
                return one
              },
            },
            leadership: {
              campaign(onLeader, onLost) {
                const one = leadership.campaign(onLeader, onLost)
                lock.push(one)
                return one
              },
            },
            clock: ownClock,
            dice: namedDice(seed, `${person.user}/${device.commitCount}/${tabs++}`),
            me: person,
            build: '0.1.0',
            web: web ?? { report: () => Promise.reject(new Error('offline')), people: () => Promise.reject(new Error('offline')) },
          })
          const events: EngineEvent[] = []
          const docs = new Map<ItemId, Y.Doc>()
          engine.onEvent((event) => {
            events.push(event)
            const doc = event.type === 'prose' ? docs.get(event.item) : undefined
            if (event.type === 'prose' && doc) Y.applyUpdate(doc, event.update, 'remote')
          })
          return {
            engine,
            store,
            events,
            status: () => engine.status(),
            async edit(item) {
              const { prose } = await engine.openItem(item)
              const doc = new Y.Doc()
              doc.clientID = prose.clientId
              Y.applyUpdate(doc, prose.update, 'remote')
              docs.set(item, doc)
              doc.on('update', (update: Uint8Array, origin: unknown) => {
                if (origin !== 'remote') void engine.writeProse(item, prose.clientId, update)
              })
              return doc
            },
            kill: end,
          }
        },
      }
    },
  }
}

export const proseText = (doc: Y.Doc): string => doc.getXmlFragment('prose').toString()

export function type(doc: Y.Doc, words: string): void {
  doc.transact(() => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    doc.getXmlFragment('prose').push([paragraph])
  })
}
