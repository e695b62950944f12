/**
 * `ws /yjs/<item id>`: the prose of an item for any stock y-websocket client. The client keeps its document; the log stays the only truth here: what
 * a socket sends becomes ordinary entries through `relay.push`, and what it receives are commits, its own included (that echo is its
 * confirmation). No document lives in this thread, and none is built for whoever opens a short one: short-answer.ts. What needs one (what is new, what is missing of
 * a long history) is asked of the reader thread.
 *
 * Rules: rights are asked per message and per delivery [7]; nothing is forwarded before it is committed [2]; a reader gets auth-denied and changes nothing;
 * what a reconnecting client sends again adds nothing to the log; a push that the log refuses closes the socket, and the stock client comes
 * back with everything it has. Close codes 44xx tell it not to come back. Unknown and forbidden items are answered alike.
 *
 * A clientID is continued by one writer. Laptops mint writers in memory; a stock client cannot, so here the writer follows from (login,
 * item): it may reconnect, also after a restart of the relay, and go on. The log compares the author as well, so knowing the id opens nothing.
 */
import type { WebSocket } from 'ws'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { toHex, utf8 } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { ID_BYTES, isId, newId, type Id, type ItemId, type SpaceId, type UserId, type WriterId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { GATEWAY_SCHEMA, type Entry, type NewEntry } from '../../shared/model/entries.ts'
import { CLOSE, isRetry, type CloseReason, type RefusalCode } from '../../shared/model/errors.ts'
import type { Operation } from '../../shared/model/grants.ts'
import { FRAME_BYTES_MAX, PUSHES_IN_FLIGHT_BYTES_MAX, PUSHES_IN_FLIGHT_COUNT_MAX, SOCKET_BUFFER_BYTES_MAX, YJS_MESSAGE_BYTES_MAX } from '../../shared/model/limits.ts'
import { OPERATION_OF_YJS_FRAME } from '../../shared/protocol/doors.ts'
import { readProseHeader, type ProseBlock } from '../../shared/protocol/prose-header.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { Directory } from '../auth/directory.ts'
import type { NoveltyFailure } from '../derive/prose-state.ts'
import type { LogReader, ReadFailure } from '../derive/reader.ts'
import { shortAnswer, type ShortAnswer } from '../derive/short-answer.ts'
import type { Relay } from '../relay/api.ts'
import { createFragmentBudget } from '../relay/pushes.ts'
import type { AppendResult, CommittedRun, Log } from '../store/log.ts'
import { letGo } from '../store/packing.ts'
import type { Snapshots } from '../store/snapshots.ts'
import type { Caller } from './doorkeeper.ts'
import { createFrameServer, PIECES_COUNT_MAX, type FrameSocket } from './frame-socket.ts'
import { createLargeMessages, LARGE_PIECES_COUNT_MAX, type LargeMessages } from './large-messages.ts'
import { sendAway } from './newcomer.ts'
import { createRecentCommits, type RecentCommits } from './recent-commits.ts'
import type { UpgradeDoor } from './upgrades.ts'
import { awarenessFrame, deniedFrame, readYjsMessage, step1Frame, step2Frame, updateFrame, type AwarenessState, type YjsMessage } from './yjs-frames.ts'
import { createPresenceRoom, type OutgoingState, type PresenceRoom } from './yjs-presence.ts'

/** A stock client gives up after 30 s without a message (pings do not count), and forgets a presence after 30 s. */
const SIGN_OF_LIFE_MS = 20_000
/** Entries of one page while a socket that lagged catches up. */
const CATCH_UP_COUNT_MAX = 500
const CATCH_UP_BYTES_MAX = 512 * 1024
/** Updates of one commit are merged into one frame up to this size; beyond it merging costs this thread more than it saves. */
const MERGE_BYTES_MAX = 64 * 1024

const isStateVector = (bytes: Uint8Array): boolean => {
  try {
    Y.decodeStateVector(bytes)
    return true
  } catch {
    return false // it came from outside
  }
}

/** Where a request of the account of who did what names its connection. */
const DOOR = 'yjs'
const EMPTY_UPDATE = new Uint8Array([0, 0])
const EMPTY_STATE_VECTOR = new Uint8Array([0])

export interface YjsGatewayDeps {
  relay: Pick<Relay, 'account' | 'push' | 'onDidCommit' | 'onDidErase' | 'look' | 'onDidLook' | 'viewersOf' | 'readAlong'>
  log: Pick<Log, 'spaceOf' | 'readItem' | 'tailHashAt'>
  /** Left out: a long history is applied before it is told. */
  snapshots?: Pick<Snapshots, 'labels' | 'body'>
  directory: Pick<Directory, 'may' | 'person' | 'spacesOf' | 'onDidChangeRole' | 'onDidSignOut'>
  accounts: Pick<Accounts, 'onDidEndSession' | 'audit'>
  reader: LogReader
  clock: Clock
  dice: Dice
  /** Names this installation; goes into the writer ids, so that they differ from every other installation's. */
  installation: Id
  /** People reach us by https. */
  isSecure: boolean
  /** Never with document text. */
  report(event: { kind: string; [detail: string]: unknown }): void
}

export interface YjsGateway extends Disposable {
  readonly door: UpgradeDoor
  /** `bufferedBytes`: sent, and not yet gone from this process. */
  counts(): { sockets: number; items: number; bufferedBytes: number }
}

interface Session {
  readonly socket: FrameSocket
  readonly caller: Caller
  /** Of the other side. */
  readonly address: string
  readonly room: Room
  /** `opening`: nobody knows yet whose item it is, nor whether it may be read. `waiting`: has not asked for the document yet. `joining`: being brought level. `live`: gets commits. `lagging`: reads too slowly. */
  phase: 'opening' | 'waiting' | 'joining' | 'live' | 'lagging'
  /** Last seq of this item's prose that was sent. */
  sentSeq: number
  /** First clock after what the log holds or will hold, of clientIDs that this socket continued. */
  readonly ends: Map<number, number>
  inFlightCount: number
  inFlightBytes: number
  isPaused: boolean
  /** The last of what was pushed without a question. What is compared with the log must find it there. */
  fast: Promise<unknown>
  /** What cannot be pushed at once, in order. */
  slow: Promise<void>
  slowCount: number
  /** Names this socket to the relay's presence while it shows somebody. */
  look: string | null
  /** What it asked, or should hear of others, while it had not read what it was sent. Said when it has; the newest question answers those before it. */
  owed: { stateVector: Uint8Array | null; presence: boolean } | null
  /** Since it was asked for what it has, unless it only reads: until then a message of a frame is all it may send. */
  large: LargeMessages | null
}

interface Room {
  readonly item: ItemId
  /** null: nobody has written this item yet. */
  space: SpaceId | null
  readonly sessions: Set<Session>
  readonly presence: PresenceRoom
  /** Questions that must not see half of another's answer: one at a time. */
  turn: Promise<unknown>
  readonly recent: RecentCommits
}

export function createYjsGateway(deps: YjsGatewayDeps): YjsGateway {
  const { relay, log, snapshots, directory, accounts, reader, clock, dice, installation, isSecure, report } = deps
  const bag = createBag()
  const rooms = new Map<ItemId, Room>()
  const sessions = new Set<Session>()
  const ownLooks = new Set<string>()
  const budget = createFragmentBudget()
  const server = createFrameServer(isSecure)

  const close = (socket: WebSocket, why: CloseReason, words: string = CLOSE[why].reason): void => socket.close(CLOSE[why].code, words)
  const mayRead = ({ caller, room }: Session): boolean => (room.space === null ? newPageSpace(caller) !== null : directory.may(caller.user, room.space, OPERATION_OF_YJS_FRAME.step1))
  const mayWrite = ({ caller, room }: Session): boolean => (room.space === null ? newPageSpace(caller) !== null : directory.may(caller.user, room.space, OPERATION_OF_YJS_FRAME.update))

  /** What somebody does in an item that nobody has begun stands nowhere yet; that it was refused them stands with what is of no space. */
  function note({ caller, address, room }: Session, operation: Operation, result: 'done' | 'refused'): void {
    if (room.space === null) {
      if (result === 'refused') accounts.audit.recordSoon({ who: caller.user, operation, space: null, subject: room.item, from: address, request: DOOR, result })
    } else relay.account({ who: caller.user, operation, space: room.space, item: room.item, session: DOOR, from: address, result })
  }

  /** A token is for one space; where it may write there, an unknown id begins a page of that space. */
  function newPageSpace({ user, via }: Caller): SpaceId | null {
    if (via !== 'token') return null
    const writable = directory.spacesOf(user).filter(({ info }) => directory.may(user, info.space, 'item.write'))
    return writable.length === 1 ? must(writable[0], 'there is one').info.space : null
  }

  const writerOf = (user: UserId, item: ItemId): WriterId => toHex(sha256(utf8(`yjs-gateway ${installation} ${user} ${item}`)).subarray(0, ID_BYTES))

  // ── Sending ──

  function send(session: Session, frame: Uint8Array): void {
    session.socket.sendFrame(frame)
  }

  const isBehind = ({ socket }: Session): boolean => socket.bufferedAmount > SOCKET_BUFFER_BYTES_MAX

  /** Whoever asks and does not read costs one remembered question, not an answer each time. */
  function owe(session: Session, stateVector: Uint8Array | null): void {
    const { owed } = session
    if (!owed) session.socket.send(awarenessFrame([]), () => settle(session))
    session.owed = { stateVector: stateVector ?? owed?.stateVector ?? null, presence: stateVector === null || (owed?.presence ?? false) }
  }

  function settle(session: Session): void {
    const { owed, socket } = session
    session.owed = null
    if (!owed || socket.readyState !== socket.OPEN) return
    const { stateVector } = owed
    if (stateVector) later(session, () => answerStep1(session, stateVector))
    if (owed.presence && mayRead(session)) tellPresence(session, everythingFor(session))
  }

  /** Answers that nobody waits for, and presence: only the last of it counts. */
  function sendIfRead(session: Session, frame: Uint8Array): void {
    if (isBehind(session)) owe(session, null)
    else send(session, frame)
  }

  /** A commit for a socket that follows: at once, or after it has read what waits for it. */
  function deliver(session: Session, frames: readonly Uint8Array[], seq: number): void {
    if (session.phase !== 'live') return
    if (!mayRead(session)) return close(session.socket, 'forbidden')
    const { socket } = session
    for (const frame of frames) {
      if (isBehind(session)) {
        // From here on it reads the log at its own pace, this commit again: that changes nothing.
        lag(session)
        return
      }
      socket.sendFrame(frame)
    }
    session.sentSeq = Math.max(session.sentSeq, seq)
  }

  /** Nothing more until what was sent has left this process; then from the log. */
  function lag(session: Session): void {
    session.phase = 'lagging'
    session.socket.send(awarenessFrame([]), () => {
      if (session.phase === 'lagging') void catchUp(session)
    })
  }

  const mergedFrames = (updates: readonly Uint8Array[]): Uint8Array[] => {
    const [only, ...more] = updates
    if (!only) return []
    if (more.length === 0 || updates.reduce((sum, { length }) => sum + length, 0) > MERGE_BYTES_MAX) return updates.map(updateFrame)
    try {
      return [updateFrame(Y.mergeUpdates([...updates]))]
    } catch (error) {
      report({ kind: 'bug', bug: error }) // the log lets in only what can be merged
      return updates.map(updateFrame)
    }
  }

  /** Commits after `seq` that came while this socket was brought level; from now on it follows. */
  function goLive(session: Session, seq: number): void {
    const { room } = session
    session.sentSeq = seq
    const missed = room.recent.after(seq)
    for (const frame of mergedFrames(missed.map(({ update }) => update))) send(session, frame)
    session.sentSeq = missed.at(-1)?.seq ?? seq
    session.phase = 'live'
  }

  /** A slow reader costs a place in the log, not a buffer. */
  async function catchUp(session: Session): Promise<void> {
    const { room, socket } = session
    session.phase = 'joining'
    const { space, item } = room
    if (space === null) return
    await room.recent.during(async () => {
      try {
        for (let seq = session.sentSeq; ; ) {
          if (!mayRead(session)) return close(socket, 'forbidden')
          const entries = await log.readItem(space, item, 'prose', seq + 1, Number.MAX_SAFE_INTEGER, CATCH_UP_COUNT_MAX, CATCH_UP_BYTES_MAX)
          const last = entries.at(-1)
          if (!last) return goLive(session, seq)
          for (const frame of mergedFrames(entries.map(({ payload }) => payload))) send(session, frame)
          seq = last.seq
          session.sentSeq = seq
          if (isBehind(session)) return lag(session)
        }
      } catch (error) {
        refuse(session, 'storage', error instanceof Error ? error.message : String(error))
      }
    })
  }

  function onCommit(run: CommittedRun): void {
    const proseOf = new Map<Room, Entry[]>()
    for (const entry of run.entries) {
      const room = rooms.get(entry.item)
      if (!room) continue
      if (room.space === null) beginIn(room, run.space)
      if (entry.part !== 'prose') continue
      const earlier = proseOf.get(room)
      if (earlier) earlier.push(entry)
      else proseOf.set(room, [entry])
    }
    for (const [room, entries] of proseOf) {
      for (const { seq, payload } of entries) {
        if (!room.recent.came(seq, payload)) for (const session of room.sessions) if (session.phase === 'joining') close(session.socket, 'busy')
      }
      const seq = must(entries.at(-1), 'told because there is one').seq
      const frames = mergedFrames(entries.map(({ payload }) => payload))
      for (const session of room.sessions) deliver(session, frames, seq)
    }
  }

  /** Somebody wrote the item: now it is of a space, and others who waited for it may turn out to have no business there. */
  function beginIn(room: Room, space: SpaceId): void {
    room.space = space
    count(room)
    for (const session of room.sessions) {
      if (!directory.may(session.caller.user, space, 'space.read')) {
        // Its socket is still there until it has answered the close: nobody hears of it meanwhile.
        room.presence.forget(session)
        close(session.socket, 'gone')
        continue
      }
      const own = room.presence.shownBy(session)
      if (own) look(session, own.bytes)
    }
    const everybody = room.presence.everything()
    if (everybody.length > 0) sendPresence(room, everybody)
  }

  // ── Receiving ──

  function take(session: Session, message: YjsMessage): void {
    const { socket } = session
    switch (message.kind) {
      case 'step1':
        return later(session, () => answerStep1(session, message.stateVector))
      case 'step2':
      case 'update':
        return takeUpdate(session, message.update, message.kind === 'step2')
      case 'awareness':
        return takeAwareness(session, message.states)
      case 'query-awareness':
        if (mayRead(session)) tellPresence(session, everythingFor(session))
        else close(socket, 'forbidden')
        return
      case 'ignored':
        return
    }
  }

  /** In order per socket, after what is on its way to the log. */
  function later(session: Session, work: () => Promise<void>): void {
    session.slowCount += 1
    hold(session)
    session.slow = session.slow.then(async () => {
      try {
        if (session.socket.readyState === session.socket.OPEN) await work()
      } catch (error) {
        refuse(session, 'busy', error instanceof Error ? error.message : String(error))
      } finally {
        session.slowCount -= 1
        hold(session)
      }
    })
  }

  /** A socket that sends faster than the log takes waits in its own TCP buffer. */
  function hold(session: Session): void {
    const isFull = session.inFlightCount + session.slowCount >= PUSHES_IN_FLIGHT_COUNT_MAX || session.inFlightBytes >= PUSHES_IN_FLIGHT_BYTES_MAX
    if (isFull === session.isPaused) return
    session.isPaused = isFull
    if (isFull) session.socket.pause()
    else session.socket.resume()
  }

  /** One at a time per item: what one socket adds must be in the log, or not, before another is told what there is. */
  function inTurn<T>(room: Room, work: () => Promise<T>): Promise<T> {
    const turn = room.turn.then(work)
    room.turn = turn.then(() => undefined, () => undefined) // the failure is the caller's; the next one's turn comes all the same
    return turn
  }

  /** Where the bytes that are kept say it as they are, nobody has to build a document. */
  async function missing(space: SpaceId, item: ItemId, stateVector: Uint8Array): Promise<ShortAnswer | ReadFailure | 'malformed'> {
    if (!isStateVector(stateVector)) return 'malformed'
    const short = reader.leavesOut(item) ? null : await shortAnswer({ log, snapshots }, space, item, stateVector)
    if (short) return short
    const read = await reader.ask('missing', { space, item, stateVector })
    if (!read.ok) return read.failure
    if ('kind' in read.value) return 'malformed'
    const { update, ...rest } = read.value
    return { updates: [update], ...rest }
  }

  async function answerStep1(session: Session, stateVector: Uint8Array): Promise<void> {
    const { room, socket } = session
    await session.fast
    await room.recent.during(async () => {
      if (!mayRead(session)) return close(socket, 'forbidden')
      if (isBehind(session)) return owe(session, stateVector)
      const isFirst = session.phase === 'waiting'
      if (isFirst) {
        session.phase = 'joining'
        note(session, OPERATION_OF_YJS_FRAME.step1, 'done')
      }
      let answer: { updates: Uint8Array[]; stateVector: Uint8Array; seq: number } = { updates: [], stateVector: EMPTY_STATE_VECTOR, seq: 0 }
      const { space, item } = room
      if (space !== null) {
        const read = await inTurn(room, () => missing(space, item, stateVector))
        if (read === 'malformed') return close(socket, 'protocol')
        if ('kind' in read) return refuse(session, 'busy', read.kind)
        answer = read
      }
      if (!mayRead(session)) return close(socket, 'forbidden')
      // The answer itself comes last: with it the client counts as level.
      for (const update of answer.updates.slice(0, -1)) send(session, updateFrame(update))
      send(session, step2Frame(answer.updates.at(-1) ?? EMPTY_UPDATE))
      if (isFirst) goLive(session, answer.seq)
      // A reader has nothing that we would take.
      if (mayWrite(session)) {
        allowLarge(session)
        send(session, step1Frame(answer.stateVector))
      }
      const everybody = everythingFor(session)
      if (isFirst && everybody.length > 0) tellPresence(session, everybody)
    })
  }

  /** Whoever comes back after weeks brings all of them in one message. */
  function allowLarge(session: Session): void {
    const { socket, caller } = session
    if (session.large) return
    const large = (session.large = createLargeMessages(budget, caller.user))
    const onPiece = (bytes: number): void => {
      if (socket.readyState !== socket.OPEN) return
      const size = large.came(bytes)
      if (size === 'large') socket.allowPieces(LARGE_PIECES_COUNT_MAX)
      if (size !== null) return
      refuse(session, 'busy', 'large-messages')
      // What follows is not even kept; unless it answers (which is not heard), the socket is cut after the grace of a close.
      socket.pause()
    }
    socket.allow(YJS_MESSAGE_BYTES_MAX, onPiece, () => refuseTooLarge(session))
  }

  function refuseTooLarge(session: Session): void {
    note(session, OPERATION_OF_YJS_FRAME.update, 'refused')
    refuse(session, 'too-large', 'message')
  }

  /** What is in it is first looked at where that holds up nobody. */
  function takeLarge(session: Session, message: YjsMessage, giveBack: () => void): void {
    if (message.kind !== 'step2' && message.kind !== 'update') refuseTooLarge(session)
    else if (mayTake(session)) later(session, () => pushInPieces(session, message.update))
    void session.slow.then(giveBack)
  }

  /** Says so when not. */
  function mayTake(session: Session): boolean {
    if (mayRead(session) && mayWrite(session)) return true
    if (mayRead(session)) {
      note(session, OPERATION_OF_YJS_FRAME.update, 'refused')
      sendIfRead(session, deniedFrame('read-only'))
    } else close(session.socket, 'forbidden')
    return false
  }

  function takeUpdate(session: Session, update: Uint8Array, isWhole: boolean): void {
    const { socket, room } = session
    if (!mayTake(session)) return
    const header = readProseHeader(update)
    if (header === 'subdocument') return close(socket, 'forbidden', 'subdocument')
    if (header === 'malformed') return close(socket, 'protocol')
    if (header !== 'skip' && header.blocks.length === 0 && header.deletedUpTo.size === 0) return
    /** What goes on exactly where this socket's own last word ended is new; everything else is compared with the log first. */
    const isTaken = (): boolean => {
      if (isWhole || header === 'skip' || session.phase === 'waiting' || room.space === null) return false
      const [block, ...others] = header.blocks
      if (others.length > 0 || (block !== undefined && session.ends.get(block.client) !== block.from)) return false
      void pushFast(session, room.space, update, block)
      return true
    }
    if (session.slowCount === 0 && isTaken()) return
    // Asked again in its turn: whoever types on while the first word is compared goes on from that one by then.
    later(session, async () => {
      if (!isTaken()) await pushCompared(session, update)
    })
  }

  async function push(session: Session, space: SpaceId, payload: Uint8Array, writer = writerOf(session.caller.user, session.room.item)): Promise<AppendResult> {
    const { caller, room } = session
    session.inFlightCount += 1
    session.inFlightBytes += payload.length
    hold(session)
    const entry: NewEntry = {
      space, entry: newId(dice), item: room.item, part: 'prose', format: 'yjs1', schema: GATEWAY_SCHEMA, clientTime: clock.now(), writer, payload,
    }
    const result = await relay.push(caller.user, entry, { session: DOOR, address: session.address })
    session.inFlightCount -= 1
    session.inFlightBytes -= payload.length
    hold(session)
    return result
  }

  async function pushFast(session: Session, space: SpaceId, update: Uint8Array, block: ProseBlock | undefined): Promise<void> {
    if (block) session.ends.set(block.client, block.to)
    const pushed = push(session, space, update)
    session.fast = pushed
    const result = await pushed
    // It comes back with its whole state, which is compared then: an overlap or a gap mends itself.
    if (result.kind === 'refused') refuse(session, result.code === 'forbidden' ? 'forbidden' : 'busy', result.reason)
  }

  /** Between two pieces others have their turn. What was taken when it ends early need not come again. */
  async function pushInPieces(session: Session, update: Uint8Array): Promise<void> {
    const { socket } = session
    const read = await reader.ask('cut', { update })
    if (!read.ok) return refuseUnread(session, read.failure)
    if ('kind' in read.value) return refuseNovelty(session, read.value)
    for (const part of read.value.parts) {
      if (socket.readyState !== socket.OPEN || !mayTake(session)) return
      await pushCompared(session, part)
    }
  }

  function refuseUnread(session: Session, { kind }: ReadFailure): void {
    refuse(session, kind === 'poison' ? 'invalid' : 'busy', kind)
  }

  function refuseNovelty(session: Session, { kind }: NoveltyFailure): void {
    if (kind === 'malformed') close(session.socket, 'protocol')
    else refuse(session, kind === 'gap' ? 'gap' : 'invalid', kind)
  }

  /** The part of an update that the log does not have yet, as an entry; nothing when there is none. */
  async function pushCompared(session: Session, update: Uint8Array): Promise<void> {
    const { room } = session
    await session.fast
    await inTurn(room, async () => {
      const space = room.space ?? (await beginPage(session))
      if (space === null) return
      // Twice: another socket of the same client may have been faster, and then only the rest is new.
      for (let attempt = 1; ; attempt++) {
        const read = await reader.ask('novelty', { space, item: room.item, update })
        if (!read.ok) return refuseUnread(session, read.failure)
        const novelty = read.value
        if ('kind' in novelty) return refuseNovelty(session, novelty)
        if (novelty.update === null) return
        const result = await push(session, space, novelty.update)
        if (result.kind === 'stored') return remember(session, novelty.update)
        await reader.ask('forget', { item: room.item })
        if (result.reason === 'other-writer' && (await pushInParts(session, space, novelty.update))) return
        if (attempt > 1 || result.code === 'forbidden') return refuse(session, result.code, result.reason)
      }
    })
  }

  /**
   * What others wrote and the log lost (a restored backup) comes back through whoever still has it. Their clientIDs are continued under their own
   * writers; a log that was not restored compares the author too, and refuses. Out: whether anything was taken.
   */
  async function pushInParts(session: Session, space: SpaceId, update: Uint8Array): Promise<boolean> {
    const read = await reader.ask('split', { space, item: session.room.item, update })
    if (!read.ok) return false
    let isTaken = false
    for (const part of read.value.parts) {
      const result = await push(session, space, part.update, part.writer ?? undefined)
      if (result.kind !== 'stored') continue
      isTaken = true
      remember(session, part.update)
    }
    return isTaken
  }

  function remember(session: Session, update: Uint8Array): void {
    const header = readProseHeader(update)
    if (typeof header === 'string') return
    for (const { client, to } of header.blocks) session.ends.set(client, to)
  }

  /** The first word in an unknown item: a knowledge page of the token's space, with its facts before its prose. */
  async function beginPage(session: Session): Promise<SpaceId | null> {
    const { room, caller, socket } = session
    const elsewhere = await log.spaceOf(room.item)
    if (elsewhere !== null) beginIn(room, elsewhere)
    const space = newPageSpace(caller)
    if (elsewhere !== null || space === null) {
      // Begun through another door meanwhile: the client comes back to what is there now.
      close(socket, 'busy')
      return null
    }
    const page = await reader.ask('page', { actor: newId(dice), author: caller.user, timeMs: clock.now() })
    if (!page.ok) {
      refuse(session, 'busy', page.failure.kind)
      return null
    }
    const result = await relay.push(caller.user, {
      space, entry: newId(dice), item: room.item, part: 'facts', format: 'am1', schema: GATEWAY_SCHEMA, clientTime: clock.now(), writer: newId(dice), payload: page.value.payload,
    }, { session: DOOR, address: session.address })
    if (result.kind === 'refused') {
      refuse(session, result.code, result.reason)
      return null
    }
    if (room.space === null) beginIn(room, space)
    return room.space
  }

  /** The log, or the way to it, said no. What can pass later lets the client come back by itself; what cannot tells it to stay away. */
  function refuse(session: Session, code: RefusalCode, reason: string): void {
    const { socket, caller, room } = session
    if (socket.readyState !== socket.OPEN) return
    report({ kind: 'gateway-refused', code, reason, user: caller.user, item: room.item })
    if (code === 'forbidden' && mayRead(session)) return sendIfRead(session, deniedFrame('read-only'))
    if (isRetry(code)) return close(socket, 'busy')
    return close(socket, 'forbidden', code)
  }

  // ── Presence ──

  function takeAwareness(session: Session, states: readonly AwarenessState[]): void {
    const { caller, room } = session
    const who = directory.person(caller.user)
    if (!who || !mayRead(session)) return
    let isShown = false
    for (const state of states) {
      const bytes = room.presence.show(session, who, state)
      if (bytes === undefined) continue
      isShown = true
      look(session, bytes)
    }
    // Whatever came of it, the sender hears something: that is how it knows that we are there.
    if (!isShown) sendIfRead(session, awarenessFrame([]))
  }

  /** Tells the viewers of our own doors; null: this socket shows nobody any more. */
  function look(session: Session, bytes: Uint8Array | null): void {
    const { caller, room } = session
    if (room.space === null || (bytes === null && session.look === null)) return
    session.look ??= newId(dice)
    ownLooks.add(session.look)
    relay.look(caller.user, session.look, room.space, room.item, bytes)
    if (bytes !== null) return
    ownLooks.delete(session.look)
    session.look = null
  }

  /** Until an item is begun it is of no space, and whoever waits for it may be of any: each hears of itself alone. */
  const audible = (session: Session, states: readonly OutgoingState[]): readonly OutgoingState[] =>
    session.room.space === null ? states.filter(({ owner }) => owner === session) : states
  const everythingFor = (session: Session): readonly OutgoingState[] => audible(session, session.room.presence.everything())

  /** In: the frame for whoever shows nobody, when there is one already. */
  function tellPresence(session: Session, states: readonly OutgoingState[], frame?: Uint8Array): void {
    const hasOwn = states.some(({ owner }) => owner === session)
    sendIfRead(session, hasOwn ? awarenessFrame(states.map((state) => (state.owner === session ? { ...state, clock: state.ownClock } : state))) : (frame ?? awarenessFrame(states)))
  }

  /** `isSign`: also to those who have nobody to hear of. */
  function sendPresence(room: Room, states: readonly OutgoingState[], isSign = false): void {
    const frame = awarenessFrame(states)
    for (const session of room.sessions) {
      // It is told when it asks. Judged now it would be sent away for good.
      if (session.phase === 'opening') continue
      const heard = audible(session, states)
      if (!mayRead(session)) close(session.socket, 'forbidden')
      else if (heard === states) tellPresence(session, states, frame)
      // Otherwise not even that somebody moved.
      else if (heard.length > 0 || isSign) tellPresence(session, heard)
    }
  }

  // ── Rooms and sockets ──

  function roomOf(item: ItemId): Room {
    const known = rooms.get(item)
    if (known) return known
    const room: Room = {
      item, space: null, sessions: new Set(), turn: Promise.resolve(), recent: createRecentCommits(),
      presence: createPresenceRoom({
        clock,
        dice,
        send: (states) => sendPresence(room, states),
      }),
    }
    rooms.set(item, room)
    for (const viewer of relay.viewersOf(item)) if (!ownLooks.has(viewer.session)) room.presence.viewer(viewer, false)
    return room
  }

  /** For the pace of commits: see the commit queue of the relay. */
  const count = ({ space, item, sessions: { size } }: Room): void => {
    if (space !== null) relay.readAlong(space, item, size)
  }

  async function open(socket: FrameSocket, caller: Caller, address: string, item: ItemId): Promise<void> {
    const room = roomOf(item)
    const session: Session = {
      socket, caller, address, room, phase: 'opening', sentSeq: 0, ends: new Map(), inFlightCount: 0, inFlightBytes: 0, isPaused: false, fast: Promise.resolve(), slow: Promise.resolve(), slowCount: 0, look: null, owed: null, large: null,
    }
    room.sessions.add(session)
    sessions.add(session)
    count(room)
    socket.on('close', () => {
      sessions.delete(session)
      room.sessions.delete(session)
      session.large?.dispose()
      count(room)
      look(session, null)
      if (room.space === null) room.presence.forget(session)
      else room.presence.leave(session)
      if (room.sessions.size > 0) return
      room.presence.dispose()
      if (rooms.get(item) === room) rooms.delete(item)
    })
    // Nothing is read from the socket until it is known whose item this is.
    socket.pause()
    try {
      const space = await log.spaceOf(item)
      // Begun, and not told to us yet: others may be waiting for it.
      if (space !== null && room.space === null) beginIn(room, space)
      if (!mayRead(session)) {
        note(session, OPERATION_OF_YJS_FRAME.step1, 'refused')
        return close(socket, 'gone')
      }
      session.phase = 'waiting'
    } catch (error) {
      report({ kind: 'gateway-refused', code: 'storage', reason: error instanceof Error ? error.message : String(error), user: caller.user, item })
      return close(socket, 'busy')
    } finally {
      socket.resume()
    }
    socket.on('message', (data, isBinary) => {
      const { length } = data as Buffer
      const giveBack = session.large?.whole(length)
      if (giveBack === null) return refuse(session, 'busy', 'large-messages')
      let message: YjsMessage
      try {
        if (!isBinary) throw new Error('text')
        message = readYjsMessage(data as Buffer)
        // What was read is copies.
        letGo(data as Buffer)
      } catch {
        giveBack?.()
        close(socket, 'protocol') // not a frame of ours: said to the sender by its close code
        return
      }
      if (giveBack && length > FRAME_BYTES_MAX) {
        socket.allowPieces(PIECES_COUNT_MAX)
        takeLarge(session, message, giveBack)
      } else if (socket.readyState === socket.OPEN) take(session, message)
    })
  }

  const signOfLife = (): void => {
    timer = clock.after(SIGN_OF_LIFE_MS, signOfLife)
    for (const room of rooms.values()) {
      room.presence.renew()
      sendPresence(room, room.presence.everything(), true)
      for (const { socket } of room.sessions) socket.askAlive()
    }
  }
  let timer = clock.after(SIGN_OF_LIFE_MS, signOfLife)
  bag.add(() => timer.dispose())

  const closeAll = (matches: (session: Session) => boolean, why: CloseReason): void => {
    for (const session of sessions) if (matches(session)) close(session.socket, why)
  }
  bag.add(relay.onDidCommit(onCommit))
  bag.add(relay.onDidLook(({ item, viewer, gone }) => {
    if (!ownLooks.has(viewer.session)) rooms.get(item)?.presence.viewer(viewer, gone)
  }))
  // What these sockets were told is of the log that was. They come back and are told anew; a page that was erased is gone.
  bag.add(relay.onDidErase(({ space, item, mode }) => {
    if (mode === 'whole') closeAll(({ room }) => room.item === item, 'gone')
    closeAll(({ room }) => room.space === space, 'restart')
  }))
  bag.add(directory.onDidChangeRole(({ user, info }) => closeAll((session) => session.caller.user === user && session.room.space === info.space && !mayRead(session), 'forbidden')))
  bag.add(directory.onDidSignOut(({ user }) => closeAll((session) => session.caller.user === user, 'signedOut')))
  bag.add(accounts.onDidEndSession(({ session: ended }) => closeAll((session) => session.caller.session === ended, 'signedOut')))

  return {
    door({ request, socket, head, rest, caller, address }) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // A malformed frame: ws is already closing with 1002, 1007 or 1009, and throws when nobody listens. Its close follows.
        webSocket.carriedBy(socket)
        webSocket.on('error', (error) => report({ kind: 'gateway-bad-frame', problem: error.message }))
        if (!caller) return sendAway(webSocket, socket)
        if (!isId(rest)) return close(webSocket, 'gone')
        void open(webSocket, caller, address, rest)
      })
    },
    counts: () => ({ sockets: sessions.size, items: rooms.size, bufferedBytes: [...sessions].reduce((sum, { socket }) => sum + socket.bufferedAmount, 0) }),
    dispose() {
      bag.dispose()
      for (const { socket } of sessions) {
        close(socket, 'restart')
      }
      for (const room of rooms.values()) room.presence.dispose()
    },
  }
}
