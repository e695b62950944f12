/**
 * One connection: what it may say in which state, and what the relay does about it. States and events are one complete table, so
 * that a forgotten pair does not compile. A frame is never trusted: anything malformed closes this connection with a code, nothing throws.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Id, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { CLOSE, type CloseReason } from '../../shared/model/errors.ts'
import type { Role } from '../../shared/model/grants.ts'
import {
  ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, FETCHES_COUNT_MAX, FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, HELLO_MS_MAX,
  MESSAGES_PER_SECOND_MAX, PAYLOAD_BYTES_MAX, PRESENCE_ITEMS_COUNT_MAX, SOCKET_BUFFER_BYTES_MAX, SUBSCRIPTIONS_COUNT_MAX,
} from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { decodeUp, encodeDown, PROTO_MAX, PROTO_MIN, WireError } from '../../shared/protocol/codec.ts'
import type { DownMessage, Up, UpMessage } from '../../shared/protocol/messages/index.ts'
import type { Directory, SpaceInfo } from '../auth/directory.ts'
import type { Log } from '../store/log.ts'
import type { RelayDeps, RelaySession } from './api.ts'
import { createBucket } from './bucket.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import type { Gate } from './gate.ts'
import type { Presence } from './presence.ts'
import { createPushes, type FragmentBudget } from './pushes.ts'
import { createSubscription, type Feed, type Reader, type Subscription } from './subscription.ts'

export type SessionState = 'new' | 'known' | 'closed'
export type SessionEvent = UpMessage['type'] | 'late' | 'malformed' | 'tooBig' | 'flood' | 'full' | 'signedOut' | 'roleChanged' | 'draining' | 'fault' | 'gone'

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
    fault: { close: 'busy' }, gone: { do: 'forget' },
  },
  known: {
    hello: { close: 'protocol' }, sub: { do: 'subscribe' }, unsub: { do: 'unsubscribe' }, push: { do: 'push' }, fetch: { do: 'fetch' },
    presence: { do: 'show' }, recv: { do: 'credit' }, ping: { do: 'answerPing' },
    late: { ignore: 'HELLO came in time' }, malformed: { close: 'protocol' }, tooBig: { close: 'tooBig' }, flood: { close: 'busy' }, full: { close: 'busy' },
    signedOut: { close: 'signedOut' }, roleChanged: { do: 'tellRole' }, draining: { close: 'restart' }, fault: { close: 'busy' }, gone: { do: 'forget' },
  },
  closed: {
    hello: TOO_LATE, sub: TOO_LATE, unsub: TOO_LATE, push: TOO_LATE, fetch: TOO_LATE, presence: TOO_LATE, recv: TOO_LATE, ping: TOO_LATE,
    late: TOO_LATE, malformed: TOO_LATE, tooBig: TOO_LATE, flood: TOO_LATE, full: TOO_LATE, signedOut: TOO_LATE, roleChanged: TOO_LATE,
    draining: TOO_LATE, fault: TOO_LATE, gone: { ignore: 'everything was given back when it closed' },
  },
}

/** Buffered bytes at which a connection is given up: live fan-out and presence stop at a quarter of it, only answers still come. */
const BUFFER_BYTES_LAST = 4 * SOCKET_BUFFER_BYTES_MAX
const DRAIN_POLL_MS = 50
const NO_SPACE: Omit<SpaceInfo, 'space'> = { kind: 'municipality', name: '' }

export interface SessionDeps {
  id: Id
  user: UserId
  connection: Connection
  log: Log
  directory: Directory
  clock: Clock
  queue: CommitQueue
  presence: Presence
  reads: Gate
  budget: FragmentBudget
  report: RelayDeps['report']
  person(user: UserId): Person | null
  /** The feed of a space, made when the first subscription comes. */
  feed(space: SpaceId): Feed
  /** Answers wait to be flushed after the batch. */
  onSettled(session: Session): void
  onClosed(session: Session): void
}

export interface Session extends RelaySession {
  readonly user: UserId
  readonly subscriptionsCount: number
  /** Acknowledgements that may leave now. */
  flush(): void
  roleChanged(info: SpaceInfo, role: Role | null): void
  signedOut(): void
  drain(): void
}

export function createSession(deps: SessionDeps): Session {
  const { id, user, connection, log, directory, clock, queue, presence, reads, budget, report, person, feed } = deps
  let state: SessionState = 'new'
  const subscriptions = new Map<SpaceId, Subscription>()
  const shownItems = new Map<ItemId, SpaceId>()
  const bucket = createBucket(clock, MESSAGES_PER_SECOND_MAX, 2 * MESSAGES_PER_SECOND_MAX)
  let fetching: Promise<void> = Promise.resolve()
  let fetchesCount = 0
  const helloTimer: Disposable = clock.after(HELLO_MS_MAX, () => on('late'))

  const sendFrame = (frame: Uint8Array): void => {
    if (state === 'closed') return
    connection.send(frame)
    if (connection.bufferedBytes() > BUFFER_BYTES_LAST) on('full')
  }
  const send = (...messages: DownMessage[]): void => sendFrame(encodeDown(...messages))

  const reader: Reader = {
    send: sendFrame,
    bufferedBytes: () => connection.bufferedBytes(),
    mayRead: (space) => state === 'known' && directory.may(user, space, 'space.read'),
  }
  const pushes = createPushes({ user, clock, directory, queue, budget, send: (messages) => send(...messages), onSettled: () => deps.onSettled(session) })

  function on(event: SessionEvent, message?: UpMessage | SpaceInfo, role: Role | null = null): void {
    const step = SESSION_TABLE[state][event]
    if ('ignore' in step) return
    if ('close' in step) return close(step.close)
    switch (step.do) {
      case 'greet':
        return greet(message as Up<'hello'>)
      case 'subscribe':
        return subscribe(message as Up<'sub'>)
      case 'unsubscribe':
        return leave((message as Up<'unsub'>).space)
      case 'push':
        return receivePush(message as Up<'push'>)
      case 'fetch':
        return fetch(message as Up<'fetch'>)
      case 'show':
        return show(message as Up<'presence'>)
      case 'credit': {
        const { space, cursor } = message as Up<'recv'>
        subscriptions.get(space)?.confirmed(cursor)
        return
      }
      case 'answerPing':
        return send({ type: 'pong', serverTime: clock.now() })
      case 'tellRole':
        return tellRole(message as SpaceInfo, role)
      case 'forget':
        return forget()
    }
  }

  function greet(hello: Up<'hello'>): void {
    const who = person(user)
    if (!who) return close('signedOut')
    if (hello.protoMin > PROTO_MAX || hello.protoMax < PROTO_MIN || hello.protoMin > hello.protoMax) return close('upgrade')
    helloTimer.dispose()
    state = 'known'
    const proto = Math.min(hello.protoMax, PROTO_MAX)
    send(
      { type: 'welcome', proto, serverTime: clock.now(), session: id, who, payloadBytesMax: PAYLOAD_BYTES_MAX, minBuild: '' },
      ...directory.spacesOf(user).map(({ info, role }): DownMessage => ({ type: 'scope', space: info.space, role, kind: info.kind, name: info.name })),
    )
  }

  function receivePush(push: Up<'push'>): void {
    const fault = pushes.receive(push)
    if (fault) close(fault)
  }

  function subscribe(sub: Up<'sub'>): void {
    subscriptions.get(sub.space)?.end()
    subscriptions.delete(sub.space)
    pushes.resubscribed(sub.space)
    // Unknown and forbidden are answered alike.
    if (!directory.may(user, sub.space, 'space.read')) return send({ type: 'scope', space: sub.space, role: null, ...NO_SPACE })
    if (subscriptions.size >= SUBSCRIPTIONS_COUNT_MAX) return close('protocol')
    subscriptions.set(sub.space, createSubscription({ log, clock, reads, report, reader, feed: feed(sub.space) }, sub))
  }

  function leave(space: SpaceId): void {
    subscriptions.get(space)?.end()
    subscriptions.delete(space)
    presence.leave(id, space)
    for (const [item, itsSpace] of shownItems) if (itsSpace === space) shownItems.delete(item)
  }

  function tellRole(info: SpaceInfo, role: Role | null): void {
    if (!directory.may(user, info.space, 'space.read')) leave(info.space)
    send({ type: 'scope', space: info.space, role, kind: info.kind, name: role === null ? '' : info.name })
  }

  function show(shown: Up<'presence'>): void {
    if (shown.open) {
      shownItems.set(shown.item, shown.space)
      if (shownItems.size > PRESENCE_ITEMS_COUNT_MAX) return close('protocol')
    } else shownItems.delete(shown.item)
    presence.look({
      user, session: id, space: shown.space, item: shown.item, bytes: shown.open ? shown.bytes : null,
      // Somebody else's caret is worth nothing to a socket that is behind.
      sink: (frame) => void (connection.bufferedBytes() <= SOCKET_BUFFER_BYTES_MAX && sendFrame(frame)),
      isOpen: () => state === 'known',
    })
  }

  function fetch(asked: Up<'fetch'>): void {
    if (++fetchesCount > FETCHES_COUNT_MAX) return close('busy')
    fetching = fetching.then(() => answerFetch(asked)).then(
      () => void fetchesCount--,
      (problem: unknown) => {
        fetchesCount--
        report({ kind: 'read-failed', space: asked.space, problem })
        // Left unanswered the laptop would wait for ever; it may ask again on a new connection.
        on('fault')
      },
    )
  }

  async function answerFetch(asked: Up<'fetch'>): Promise<void> {
    const { request, space, item, part } = asked
    const may = (): boolean => directory.may(user, space, 'history.read')
    const upTo = asked.upTo === 0 ? Number.MAX_SAFE_INTEGER : asked.upTo
    while (state === 'known' && connection.bufferedBytes() > SOCKET_BUFFER_BYTES_MAX) await new Promise<void>((resolve) => clock.after(DRAIN_POLL_MS, resolve))
    if (state !== 'known') return
    const found = may() ? await reads.run(() => log.readItem(space, item, part, asked.from, upTo, ENTRIES_BATCH_COUNT_MAX, ENTRIES_BATCH_BYTES_MAX)) : []
    const last = found.at(-1)
    const rest = last && last.seq < upTo ? await reads.run(() => log.readItem(space, item, part, last.seq + 1, upTo, 1)) : []
    const entries = may() ? found : []
    send({ type: 'itemEntries', request, space, item, entries, more: entries.length > 0 && rest.length > 0 })
  }

  function forget(): void {
    state = 'closed'
    helloTimer.dispose()
    for (const subscription of subscriptions.values()) subscription.end()
    subscriptions.clear()
    presence.leave(id)
    pushes.dispose()
    deps.onClosed(session)
  }

  function close(reason: CloseReason): void {
    forget()
    const { code, reason: text } = CLOSE[reason]
    connection.close(code, text)
  }

  function read(frame: Uint8Array): void {
    if (frame.length > (state === 'new' ? FRAME_BYTES_MAX_BEFORE_LOGIN : FRAME_BYTES_MAX)) return on('tooBig')
    for (const message of decodeUp(frame)) {
      // Pushes have a measure of their own.
      if (message.type !== 'push' && !bucket.take()) return on('flood')
      on(message.type, message)
    }
    pushes.flush()
  }

  const session: Session = {
    user,
    get subscriptionsCount() {
      return subscriptions.size
    },
    receive(frame) {
      if (state === 'closed') return
      try {
        read(frame)
      } catch (error) {
        if (error instanceof WireError) return on('malformed')
        report({ kind: 'bug', error })
        on('fault')
      }
    },
    closed: () => on('gone'),
    flush: () => void (state === 'known' && pushes.flush()),
    roleChanged: (info, role) => on('roleChanged', info, role),
    signedOut: () => on('signedOut'),
    drain: () => on('draining'),
  }
  return session
}
