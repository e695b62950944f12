/**
 * One socket following one space: catching up from its cursor, then live, falling back to its cursor whenever it is slow.
 *
 * Invariants: a reader gets every entry once, dense and in order [INV2]; nothing is sent to somebody who may not read at that moment [INV7];
 * memory per reader is a cursor, not a buffer. Ways between the states are in one table; what "ignored" means is written beside it.
 */
import type { Clock } from '../../shared/base/clock.ts'
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { NO_ID, type Epoch, type SpaceId } from '../../shared/base/ids.ts'
import { CATCH_UP_CREDIT_BYTES_MAX, ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, SOCKET_BUFFER_BYTES_MAX } from '../../shared/model/limits.ts'
import { encodeDown } from '../../shared/protocol/codec.ts'
import type { DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import type { CommittedRun, Log } from '../store/log.ts'
import type { RelayDeps } from './api.ts'
import type { Gate } from './gate.ts'

/** What subscriptions of one space share: the head as far as this relay has fanned out or read. */
export interface Feed {
  readonly space: SpaceId
  head: number
  readonly subscriptions: Set<Subscription>
}

/** The socket, as a subscription sees it. */
export interface Reader {
  send(frame: Uint8Array): void
  bufferedBytes(): number
  mayRead(space: SpaceId): boolean
}

export interface Subscription {
  readonly space: SpaceId
  /** A commit in this space; `frame` encodes it once for everybody. */
  committed(run: CommittedRun, frame: () => Uint8Array): void
  /** The laptop stored everything up to `cursor`. */
  confirmed(cursor: number): void
  end(): void
}

export interface SubscriptionDeps {
  log: Log
  clock: Clock
  /** Bounds how many catch-up reads are in memory at the same time. */
  reads: Gate
  report: RelayDeps['report']
  reader: Reader
  feed: Feed
}

export type SubscriptionState = 'opening' | 'catchingUp' | 'live' | 'lagging' | 'ended'
export type SubscriptionEvent = 'opened' | 'level' | 'blocked' | 'missed' | 'room' | 'failed' | 'end'

/** `stay`: nothing changes, for the reason given; `bug`: cannot happen, and says so. */
export type SubscriptionStep = SubscriptionState | { stay: string } | 'bug'

/** Shown in SPEC.md. */
export const SUBSCRIPTION_TABLE: Record<SubscriptionState, Record<SubscriptionEvent, SubscriptionStep>> = {
  opening: {
    opened: 'catchingUp', level: 'bug', blocked: 'bug', room: { stay: 'nothing was sent yet' },
    missed: { stay: 'the catch-up will read it' }, failed: { stay: 'opening is tried again' }, end: 'ended',
  },
  catchingUp: {
    opened: 'bug', level: 'live', blocked: 'lagging', room: { stay: 'it is reading already' },
    missed: { stay: 'the catch-up reads on until it is level' }, failed: 'lagging', end: 'ended',
  },
  live: {
    opened: 'bug', level: { stay: 'it is' }, blocked: 'lagging', room: { stay: 'it has room' },
    missed: 'catchingUp', failed: 'bug', end: 'ended',
  },
  lagging: {
    opened: 'bug', level: 'bug', blocked: { stay: 'it is' }, room: 'catchingUp',
    missed: { stay: 'it resumes from its cursor' }, failed: 'bug', end: 'ended',
  },
  ended: {
    opened: { stay: 'too late' }, level: { stay: 'too late' }, blocked: { stay: 'too late' }, room: { stay: 'too late' },
    missed: { stay: 'too late' }, failed: { stay: 'too late' }, end: { stay: 'it is' },
  },
}

/** How often a socket without a "drained" signal is looked at. */
const DRAIN_POLL_MS = 50
/** A space that cannot be read is tried again after this long; other spaces of the socket go on. */
const RETRY_READ_MS = 5_000

export function createSubscription(deps: SubscriptionDeps, sub: Up<'sub'>): Subscription {
  const { log, clock, reads, report, reader, feed } = deps
  const { space } = sub
  let state: SubscriptionState = 'opening'
  let epoch: Epoch = NO_ID
  /** Everything up to here was handed to the socket. */
  let sentUpTo = 0
  /** Catch-up frames that the laptop has not confirmed. */
  const unconfirmed: { upTo: number; bytes: number }[] = []
  let unconfirmedBytes = 0
  let timer: Disposable | null = null

  function step(event: SubscriptionEvent): void {
    const next = SUBSCRIPTION_TABLE[state][event]
    if (next === 'bug') throw new Error(`Bug: ${event} in state ${state}`)
    if (typeof next === 'object') return
    state = next
    timer?.dispose()
    timer = null
    if (state === 'catchingUp') run(catchUp)
    if (state === 'ended') feed.subscriptions.delete(subscription)
  }

  const run = (work: () => Promise<void>): void => {
    work().catch((problem: unknown) => {
      if (state === 'ended') return
      report({ kind: 'read-failed', space, problem })
      const wasOpening = state === 'opening'
      step('failed')
      again(RETRY_READ_MS, () => (wasOpening ? run(open) : step('room')))
    })
  }
  const again = (delayMs: number, what: () => void): void => {
    timer?.dispose()
    timer = clock.after(delayMs, what)
  }

  const say = (message: DownMessage): number => {
    const frame = encodeDown(message)
    reader.send(frame)
    return frame.length
  }

  async function open(): Promise<void> {
    const head = await log.ensureSpace(space)
    const isNothing = sub.epoch === NO_ID && sub.cursor === 0
    let isKnown = isNothing
    if (!isNothing && sub.epoch === head.epoch) {
      const hash = sub.cursor === 0 ? sub.tailHash : await log.tailHashAt(space, sub.cursor)
      isKnown = hash !== null && bytesEqual(hash, sub.tailHash)
    }
    if (state !== 'opening') return
    if (!reader.mayRead(space)) return step('end')
    epoch = head.epoch
    feed.head = Math.max(feed.head, head.head)
    sentUpTo = isKnown ? sub.cursor : 0
    say({ type: 'subbed', space, epoch, head: feed.head, floor: head.floor, mode: isKnown ? 'resume' : 'recover', commonSeq: sentUpTo })
    step('opened')
  }

  const hasCredit = (): boolean => unconfirmedBytes < CATCH_UP_CREDIT_BYTES_MAX
  const hasRoom = (): boolean => reader.bufferedBytes() <= SOCKET_BUFFER_BYTES_MAX

  /** Waiting for the socket is a poll; waiting for credit is not, RECV wakes it. */
  const waitForRoom = (): void => {
    if (state !== 'lagging') return
    if (hasRoom()) return hasCredit() ? step('room') : undefined
    again(DRAIN_POLL_MS, waitForRoom)
  }
  const block = (): void => {
    step('blocked')
    waitForRoom()
  }

  async function catchUp(): Promise<void> {
    // A read of an earlier catch-up that was overtaken finds another place in the log and stops.
    while (state === 'catchingUp') {
      if (sentUpTo >= feed.head) return step('level')
      if (!hasCredit() || !hasRoom()) return block()
      const from = sentUpTo
      const { entries, tailHashAfter } = await reads.run(() => log.read(space, from, ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX))
      if (state !== 'catchingUp' || sentUpTo !== from) return
      if (!reader.mayRead(space)) return step('end')
      if (entries[0]?.seq !== from + 1) throw new Error(`entry ${from + 1} of ${feed.head} cannot be read`)
      sentUpTo = from + entries.length
      // The read may have seen a commit that is about to be announced.
      feed.head = Math.max(feed.head, sentUpTo)
      const bytes = say({ type: 'entries', space, epoch, entries, cursorAfter: sentUpTo, tailHashAfter, more: sentUpTo < feed.head })
      unconfirmed.push({ upTo: sentUpTo, bytes })
      unconfirmedBytes += bytes
    }
  }

  const subscription: Subscription = {
    space,
    committed(commit, frame) {
      if (state === 'opening' || state === 'ended') return
      if (commit.epoch !== epoch) {
        say({ type: 'epoch', space, epoch: commit.epoch })
        return step('end')
      }
      const last = sentUpTo + commit.entries.length
      if (state !== 'live' || commit.entries[0]?.seq !== sentUpTo + 1) {
        // What a catch-up read already brought is not sent again; of anything else the catch-up brings the rest.
        if (sentUpTo < feed.head) step('missed')
      } else if (!reader.mayRead(space)) step('end')
      else if (!hasRoom()) block()
      else {
        reader.send(frame())
        sentUpTo = last
      }
    },
    confirmed(cursor) {
      const kept = unconfirmed.findIndex(({ upTo }) => upTo > cursor)
      const gone = kept < 0 ? unconfirmed.splice(0) : unconfirmed.splice(0, kept)
      for (const { bytes } of gone) unconfirmedBytes -= bytes
      if (state === 'lagging' && hasCredit()) waitForRoom()
    },
    end: () => step('end'),
  }
  feed.subscriptions.add(subscription)
  run(open)
  return subscription
}
