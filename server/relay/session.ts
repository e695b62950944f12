/**
 * One connection: what it may say in which state, and what the relay does about it. States and events are one complete table, so
 * that a forgotten pair does not compile. A frame is never trusted: anything malformed closes this connection with a code, nothing throws.
 */
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Id, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { CLOSE, type CloseReason } from '../../shared/model/errors.ts'
import type { Operation, Role } from '../../shared/model/grants.ts'
import {
  ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, FETCHES_COUNT_MAX, FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, HELLO_MS_MAX,
  MESSAGES_PER_SECOND_MAX, PAYLOAD_BYTES_MAX, PRESENCE_ITEMS_COUNT_MAX, SOCKET_BUFFER_BYTES_MAX, SUBSCRIPTIONS_COUNT_MAX,
} from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { decodeUp, encodeDown, PROTO_MAX, PROTO_MIN, PROTO_WITH_ERASED, PROTO_WITH_PACKED, PROTO_WITH_SNAPSHOTS, WireError } from '../../shared/protocol/codec.ts'
import { OPERATION_OF_MESSAGE } from '../../shared/protocol/doors.ts'
import type { Down, DownMessage, Up, UpMessage } from '../../shared/protocol/messages/index.ts'
import type { Directory, SpaceInfo } from '../auth/directory.ts'
import type { Account } from './accounting.ts'
import type { RelaySession } from './api.ts'
import { Bucket } from './bucket.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import type { Presence } from './presence.ts'
import { createPushes, type FragmentBudget, type Pushes } from './pushes.ts'
import { Subscription, type Feed, type Reader, type SubscriptionDeps } from './subscription.ts'

export type SessionState = 'new' | 'known' | 'closed'
export type SessionEvent = UpMessage['type'] | 'late' | 'malformed' | 'tooBig' | 'flood' | 'full' | 'signedOut' | 'roleChanged' | 'draining' | 'outdated' | 'fault' | 'gone'

/** `do`: handled by the function of that name; `close`: with this reason; `ignore`: nothing, for the reason given. */
export type SessionStep = { do: Handler } | { close: CloseReason } | { ignore: string }
type Handler = 'greet' | 'subscribe' | 'unsubscribe' | 'push' | 'fetch' | 'show' | 'credit' | 'answerPing' | 'tellRole' | 'forget'

const before = (event: SessionEvent): SessionStep => (event === 'hello' ? { do: 'greet' } : { close: 'protocol' })
const TOO_LATE: SessionStep = { ignore: 'the connection is closing' }

/** Shown in SPEC.md. */
export const SESSION_TABLE: Record<SessionState, Record<SessionEvent, SessionStep>> = {
  new: {
    hello: before('hello'), sub: before('sub'), unsub: before('unsub'), push: before('push'), fetch: before('fetch'), presence: before('presence'),
    recv: before('recv'), ping: before('ping'),
    late: { close: 'busy' }, malformed: { close: 'protocol' }, tooBig: { close: 'tooBig' }, flood: { close: 'busy' }, full: { close: 'busy' },
    signedOut: { close: 'signedOut' }, roleChanged: { ignore: 'WELCOME is followed by all roles' }, draining: { close: 'restart' },
    outdated: { ignore: 'nothing was asked of a space yet' }, fault: { close: 'busy' }, gone: { do: 'forget' },
  },
  known: {
    hello: { close: 'protocol' }, sub: { do: 'subscribe' }, unsub: { do: 'unsubscribe' }, push: { do: 'push' }, fetch: { do: 'fetch' },
    presence: { do: 'show' }, recv: { do: 'credit' }, ping: { do: 'answerPing' },
    late: { ignore: 'HELLO came in time' }, malformed: { close: 'protocol' }, tooBig: { close: 'tooBig' }, flood: { close: 'busy' }, full: { close: 'busy' },
    signedOut: { close: 'signedOut' }, roleChanged: { do: 'tellRole' }, draining: { close: 'restart' }, outdated: { close: 'upgrade' }, fault: { close: 'busy' }, gone: { do: 'forget' },
  },
  closed: {
    hello: TOO_LATE, sub: TOO_LATE, unsub: TOO_LATE, push: TOO_LATE, fetch: TOO_LATE, presence: TOO_LATE, recv: TOO_LATE, ping: TOO_LATE,
    late: TOO_LATE, malformed: TOO_LATE, tooBig: TOO_LATE, flood: TOO_LATE, full: TOO_LATE, signedOut: TOO_LATE, roleChanged: TOO_LATE,
    draining: TOO_LATE, outdated: TOO_LATE, fault: TOO_LATE, gone: { ignore: 'everything was given back when it closed' },
  },
}

/** Buffered bytes at which a connection is given up: live fan-out and presence stop at a quarter of it, only answers still come. */
const BUFFER_BYTES_LAST = 4 * SOCKET_BUFFER_BYTES_MAX
const DRAIN_POLL_MS = 50
const NO_SPACE = { kind: 'municipality', name: '', offlineDaysMax: null } as const
const scopeOf = ({ space, kind, name, offlineDaysMax = null }: SpaceInfo, role: Role): Down<'scope'> => ({ type: 'scope', space, role, kind, name, offlineDaysMax })

/** What all sessions of a relay share. */
export interface SessionDeps extends SubscriptionDeps {
  directory: Directory
  queue: CommitQueue
  presence: Presence
  budget: FragmentBudget
  account: Account
  person(user: UserId): Person | null
  /** The feed of a space, made when the first subscription comes. */
  feed(space: SpaceId): Feed
  /** Answers wait to be flushed after the batch. */
  onSettled(session: Session): void
  onClosed(session: Session): void
}

/**
 * A class with fields, not a factory with closures, and everything that an idle reader does not need is made when it is first used: an idle
 * connection costs the relay about 1 KiB, a subscription half of that.
 */
export class Session implements RelaySession, Reader {
  readonly id: Id
  readonly user: UserId
  readonly #deps: SessionDeps
  readonly #connection: Connection
  readonly #bucket: Bucket
  #state: SessionState = 'new'
  #subscriptions: Map<SpaceId, Subscription> | null = null
  #shownItems: Map<ItemId, SpaceId> | null = null
  #pushes: Pushes | null = null
  #fetching: Promise<void> | null = null
  #fetchesCount = 0
  #proto = 0
  #helloTimer: Disposable | null

  constructor(deps: SessionDeps, id: Id, user: UserId, connection: Connection) {
    this.#deps = deps
    this.id = id
    this.user = user
    this.#connection = connection
    this.#bucket = new Bucket(deps.clock, MESSAGES_PER_SECOND_MAX, 2 * MESSAGES_PER_SECOND_MAX)
    this.#helloTimer = deps.clock.after(HELLO_MS_MAX, () => this.#on('late'))
  }

  get subscriptionsCount(): number {
    return this.#subscriptions?.size ?? 0
  }

  /** One frame from the other side. Never throws. */
  receive(frame: Uint8Array): void {
    if (this.#state === 'closed') return
    try {
      this.#read(frame)
    } catch (error) {
      if (error instanceof WireError) return this.#on('malformed')
      this.#deps.report({ kind: 'bug', error })
      this.#on('fault')
    }
  }

  /** The connection is gone. */
  closed(): void {
    this.#on('gone')
  }

  /** Acknowledgements that may leave now. */
  flush(): void {
    if (this.#state === 'known') this.#pushes?.flush()
  }

  roleChanged(info: SpaceInfo, role: Role | null): void {
    this.#on('roleChanged', info, role)
  }

  signedOut(): void {
    this.#on('signedOut')
  }

  drain(): void {
    this.#on('draining')
  }

  // The socket, as subscriptions see it.

  send(frame: Uint8Array): void {
    if (this.#state === 'closed') return
    this.#connection.send(frame)
    if (this.#connection.bufferedBytes() > BUFFER_BYTES_LAST) this.#on('full')
  }

  bufferedBytes(): number {
    return this.#connection.bufferedBytes()
  }

  mayRead(space: SpaceId): boolean {
    return this.#state === 'known' && this.#may(OPERATION_OF_MESSAGE.sub, space)
  }

  takesErased(): boolean {
    if (this.#proto >= PROTO_WITH_ERASED) return true
    this.#on('outdated')
    return false
  }

  get takesSnapshots(): boolean {
    return this.#proto >= PROTO_WITH_SNAPSHOTS && this.#connection.confirms !== false
  }

  get takesPacked(): boolean {
    return this.#proto >= PROTO_WITH_PACKED
  }

  #may(operation: Operation, space: SpaceId): boolean {
    return this.#deps.directory.may(this.user, space, operation)
  }

  #tell(operation: Operation, space: SpaceId, item: ItemId | null, result: 'done' | 'refused'): void {
    this.#deps.account({ who: this.user, operation, space, item, session: this.id, from: this.#connection.address?.() ?? '', result })
  }

  #say(...messages: DownMessage[]): void {
    this.send(encodeDown(...messages))
  }

  #read(frame: Uint8Array): void {
    if (frame.length > (this.#state === 'new' ? FRAME_BYTES_MAX_BEFORE_LOGIN : FRAME_BYTES_MAX)) return this.#on('tooBig')
    for (const message of decodeUp(frame)) {
      // Pushes have a measure of their own.
      if (message.type !== 'push' && !this.#bucket.take()) return this.#on('flood')
      this.#on(message.type, message)
    }
    this.#pushes?.flush()
  }

  #on(event: SessionEvent, message?: UpMessage | SpaceInfo, role: Role | null = null): void {
    const step = SESSION_TABLE[this.#state][event]
    if ('ignore' in step) return
    if ('close' in step) return this.#close(step.close)
    switch (step.do) {
      case 'greet':
        return this.#greet(message as Up<'hello'>)
      case 'subscribe':
        return this.#subscribe(message as Up<'sub'>)
      case 'unsubscribe':
        return this.#leave((message as Up<'unsub'>).space)
      case 'push':
        return this.#push(message as Up<'push'>)
      case 'fetch':
        return this.#fetch(message as Up<'fetch'>)
      case 'show':
        return this.#show(message as Up<'presence'>)
      case 'credit': {
        const { space, cursor } = message as Up<'recv'>
        this.#subscriptions?.get(space)?.confirmed(cursor)
        return
      }
      case 'answerPing':
        return this.#say({ type: 'pong', serverTime: this.#deps.clock.now() })
      case 'tellRole':
        return this.#tellRole(message as SpaceInfo, role)
      case 'forget':
        return this.#forget()
    }
  }

  #greet(hello: Up<'hello'>): void {
    const { directory, clock, person } = this.#deps
    const who = person(this.user)
    if (!who) return this.#close('signedOut')
    if (hello.protoMin > PROTO_MAX || hello.protoMax < PROTO_MIN || hello.protoMin > hello.protoMax) return this.#close('upgrade')
    this.#helloTimer?.dispose()
    this.#helloTimer = null
    this.#state = 'known'
    this.#proto = Math.min(hello.protoMax, PROTO_MAX)
    this.#say(
      { type: 'welcome', proto: this.#proto, serverTime: clock.now(), session: this.id, who, payloadBytesMax: PAYLOAD_BYTES_MAX, minBuild: '' },
      ...directory.spacesOf(this.user).map(({ info, role }): DownMessage => scopeOf(info, role)),
    )
  }

  #push(push: Up<'push'>): void {
    const { clock, directory, queue, budget } = this.#deps
    this.#pushes ??= createPushes({
      user: this.user, clock, directory, queue, budget, tell: (operation, { space, item }, result) => this.#tell(operation, space, item, result), send: (messages) => this.#say(...messages), onSettled: () => this.#deps.onSettled(this),
    })
    const fault = this.#pushes.receive(push)
    if (fault) this.#close(fault)
  }

  #subscribe(sub: Up<'sub'>): void {
    const { space } = sub
    const mine = (this.#subscriptions ??= new Map())
    mine.get(space)?.end()
    mine.delete(space)
    this.#pushes?.resubscribed(space)
    // Unknown and forbidden are answered alike.
    const isAllowed = this.#may(OPERATION_OF_MESSAGE.sub, space)
    this.#tell(OPERATION_OF_MESSAGE.sub, space, null, isAllowed ? 'done' : 'refused')
    if (!isAllowed) return this.#say({ type: 'scope', space, role: null, ...NO_SPACE })
    if (mine.size >= SUBSCRIPTIONS_COUNT_MAX) return this.#close('protocol')
    mine.set(space, new Subscription(this.#deps, this, this.#deps.feed(space), sub))
  }

  #leave(space: SpaceId): void {
    this.#subscriptions?.get(space)?.end()
    this.#subscriptions?.delete(space)
    this.#deps.presence.leave(this.id, space)
    for (const [item, itsSpace] of this.#shownItems ?? []) if (itsSpace === space) this.#shownItems?.delete(item)
  }

  #tellRole(info: SpaceInfo, role: Role | null): void {
    if (!this.#may(OPERATION_OF_MESSAGE.sub, info.space)) this.#leave(info.space)
    this.#say(role === null ? { type: 'scope', space: info.space, role, ...NO_SPACE, kind: info.kind } : scopeOf(info, role))
  }

  #show(shown: Up<'presence'>): void {
    if (!this.#may(OPERATION_OF_MESSAGE.presence, shown.space)) this.#tell(OPERATION_OF_MESSAGE.presence, shown.space, shown.item, 'refused')
    const mine = (this.#shownItems ??= new Map())
    if (shown.open) {
      mine.set(shown.item, shown.space)
      if (mine.size > PRESENCE_ITEMS_COUNT_MAX) return this.#close('protocol')
    } else mine.delete(shown.item)
    this.#deps.presence.look({
      user: this.user, session: this.id, space: shown.space, item: shown.item, bytes: shown.open ? shown.bytes : null,
      // Somebody else's caret is worth nothing to a socket that is behind.
      sink: (frame) => void (this.bufferedBytes() <= SOCKET_BUFFER_BYTES_MAX && this.send(frame)),
      isOpen: () => this.#state === 'known',
    })
  }

  #fetch(asked: Up<'fetch'>): void {
    if (++this.#fetchesCount > FETCHES_COUNT_MAX) return this.#close('busy')
    const answered = (this.#fetching ?? Promise.resolve()).then(() => this.#answerFetch(asked))
    this.#fetching = answered.then(
      () => void this.#fetchesCount--,
      (problem: unknown) => {
        this.#fetchesCount--
        this.#deps.report({ kind: 'read-failed', space: asked.space, problem })
        // Left unanswered the laptop would wait for ever; it may ask again on a new connection.
        this.#on('fault')
      },
    )
  }

  async #answerFetch({ request, space, item, part, from, upTo: asked }: Up<'fetch'>): Promise<void> {
    const { log, clock, reads } = this.#deps
    const may = (): boolean => this.#may(OPERATION_OF_MESSAGE.fetch, space)
    const upTo = asked === 0 ? Number.MAX_SAFE_INTEGER : asked
    while (this.#state === 'known' && this.bufferedBytes() > SOCKET_BUFFER_BYTES_MAX) await new Promise<void>((resolve) => clock.after(DRAIN_POLL_MS, resolve))
    if (this.#state !== 'known') return
    const found = may() ? await reads.run(() => log.readItem(space, item, part, from, upTo, ENTRIES_BATCH_COUNT_MAX, ENTRIES_BATCH_BYTES_MAX)) : []
    const last = found.at(-1)
    const rest = last && last.seq < upTo ? await reads.run(() => log.readItem(space, item, part, last.seq + 1, upTo, 1)) : []
    const isAllowed = may()
    const entries = isAllowed ? found : []
    this.#tell(OPERATION_OF_MESSAGE.fetch, space, item, isAllowed ? 'done' : 'refused')
    this.#say({ type: 'itemEntries', request, space, item, entries, more: entries.length > 0 && rest.length > 0 })
  }

  #forget(): void {
    this.#state = 'closed'
    this.#helloTimer?.dispose()
    for (const subscription of this.#subscriptions?.values() ?? []) subscription.end()
    this.#subscriptions = null
    this.#deps.presence.leave(this.id)
    this.#pushes?.dispose()
    this.#deps.onClosed(this)
  }

  #close(reason: CloseReason): void {
    this.#forget()
    const { code, reason: text } = CLOSE[reason]
    this.#connection.close(code, text)
  }
}
