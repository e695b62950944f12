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
import { CATCH_UP_CREDIT_BYTES_MAX, ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX, PAYLOAD_BYTES_MAX, SOCKET_BUFFER_BYTES_MAX } from '../../shared/model/limits.ts'
import { FORMAT_OF_PART } from '../../shared/model/entries.ts'
import { encodeDown, encodeRun } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import type { Erasure } from '../store/erase.ts'
import type { CommittedRun, LeftOut, Log } from '../store/log.ts'
import { worthwhile, type SnapshotLabel, type SnapshotPolicy, type Snapshots } from '../store/snapshots.ts'
import type { RelayDeps } from './api.ts'
import type { Gate } from './gate.ts'

/** What subscriptions of one space share: the head as far as this relay has fanned out or read, of the log of this epoch. */
export interface Feed {
  readonly space: SpaceId
  epoch: Epoch
  head: number
  readonly subscriptions: Set<Subscription>
  /** Told once: any laptop can say so. */
  isRewindTold: boolean
}

/** A log that took the place of another may be shorter: whoever waited for the old head would wait for ever. */
export function sawHead(feed: Feed, epoch: Epoch, head: number): void {
  if (feed.epoch === epoch) feed.head = Math.max(feed.head, head)
  else [feed.epoch, feed.head] = [epoch, head]
}

/** The socket, as a subscription sees it. */
export interface Reader {
  send(frame: Uint8Array): void
  bufferedBytes(): number
  mayRead(space: SpaceId): boolean
  /** Whether the laptop understands ERASED; one that does not is closed by asking, because it would keep what is gone. */
  takesErased(): boolean
  /** The laptop takes snapshots. */
  readonly takesSnapshots: boolean
  /** The laptop reads entries in their packed form. */
  readonly takesPacked: boolean
}

/** What all subscriptions of a relay share. */
export interface SubscriptionDeps {
  log: Log
  clock: Clock
  /** Bounds how many catch-up reads are in memory at the same time. */
  reads: Gate
  /** Left out: every entry is sent. */
  snapshots?: SnapshotSource | undefined
  report: RelayDeps['report']
}

export interface SnapshotSource {
  kept: Snapshots
  policy?: SnapshotPolicy
}

/** A catch-up with snapshots: first these, then the entries that they do not stand for. */
interface Leap {
  /** The laptop's cursor until the last of them is sent. */
  readonly from: number
  toSend: SnapshotLabel[]
  /** Bytes of the first of them that were sent already. */
  sentBytes: number
  /** Snapshots that the laptop has not confirmed, oldest first. */
  unconfirmed: number[]
  leftOut: LeftOut[]
  /** Beyond this every entry is sent. */
  upToSeq: number
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

/** A class with fields, not a factory with closures: there is one per followed space and connection, and most of them are idle. */
export class Subscription {
  readonly #deps: SubscriptionDeps
  readonly #reader: Reader
  readonly #feed: Feed
  #state: SubscriptionState = 'opening'
  #epoch: Epoch = NO_ID
  /** Everything up to here was handed to the socket. */
  #sentUpTo = 0
  /** Catch-up frames that the laptop has not confirmed. */
  #unconfirmed: { upTo: number; bytes: number }[] | null = null
  #unconfirmedBytes = 0
  #leap: Leap | null = null
  /** Only a log that the laptop knows: one that was replaced is met entry by entry, because what it lost is told by their ids. */
  #mayLeap = false
  #timer: Disposable | null = null

  /** Begins at once: SUBBED and what follows come by themselves. */
  constructor(deps: SubscriptionDeps, reader: Reader, feed: Feed, sub: Up<'sub'>) {
    this.#deps = deps
    this.#reader = reader
    this.#feed = feed
    feed.subscriptions.add(this)
    this.#run(() => this.#open(sub))
  }

  /** A commit in this space; `frame` encodes it once for everybody who takes that form. */
  committed(commit: CommittedRun, frame: (isPacked: boolean) => Uint8Array): void {
    if (this.#state === 'opening' || this.#state === 'ended') return
    if (commit.epoch !== this.#epoch) return this.replaced(commit.epoch)
    if (this.#state !== 'live' || commit.entries[0]?.seq !== this.#sentUpTo + 1) {
      // What a catch-up read already brought is not sent again; of anything else the catch-up brings the rest.
      if (this.#sentUpTo < this.#feed.head) this.#step('missed')
    } else if (!this.#reader.mayRead(this.#feed.space)) this.#step('end')
    else if (!this.#hasRoom()) this.#block()
    else {
      this.#reader.send(frame(this.#reader.takesPacked))
      this.#sentUpTo += commit.entries.length
    }
  }

  /** The log is another one now: the laptop asks again. */
  replaced(epoch: Epoch): void {
    if (this.#state === 'ended') return
    if (this.#reader.mayRead(this.#feed.space)) this.#say({ type: 'epoch', space: this.#feed.space, epoch })
    this.#step('end')
  }

  /** The laptop stored everything up to `cursor`. */
  confirmed(cursor: number): void {
    // A whole snapshot is confirmed by the cursor that it leaves where it was.
    if (this.#leap && cursor >= this.#leap.from) this.#leap.unconfirmed.splice(0, cursor === this.#leap.from ? 1 : Infinity)
    else if (this.#unconfirmed === null) return
    const left = (this.#unconfirmed ?? []).filter(({ upTo }) => upTo > cursor)
    this.#unconfirmed = left.length > 0 ? left : null
    this.#unconfirmedBytes = [...left.map(({ bytes }) => bytes), ...(this.#leap?.unconfirmed ?? [])].reduce((sum, bytes) => sum + bytes, 0)
    if (this.#state === 'lagging' && this.#hasCredit()) this.#waitForRoom()
  }

  end(): void {
    this.#step('end')
  }

  #step(event: SubscriptionEvent): void {
    const next = SUBSCRIPTION_TABLE[this.#state][event]
    if (next === 'bug') throw new Error(`Bug: ${event} in state ${this.#state}`)
    if (typeof next === 'object') return
    this.#state = next
    this.#timer?.dispose()
    this.#timer = null
    if (next === 'catchingUp') this.#run(() => this.#catchUp())
    if (next === 'ended') {
      this.#feed.subscriptions.delete(this)
      this.#leap = null
    }
  }

  #run(work: () => Promise<void>): void {
    work().catch((problem: unknown) => {
      if (this.#state === 'ended') return
      this.#deps.report({ kind: 'read-failed', space: this.#feed.space, problem })
      const wasOpening = this.#state === 'opening'
      this.#step('failed')
      this.#again(RETRY_READ_MS, () => (wasOpening ? this.#run(work) : this.#step('room')))
    })
  }

  #again(delayMs: number, what: () => void): void {
    this.#timer?.dispose()
    this.#timer = this.#deps.clock.after(delayMs, what)
  }

  #say(message: DownMessage): void {
    this.#reader.send(encodeDown(message))
  }

  #sayRun(run: Down<'entries'> | Down<'sifted'>): number {
    const frame = encodeRun(run, this.#reader.takesPacked)
    this.#reader.send(frame)
    return frame.length
  }

  async #open(sub: Up<'sub'>): Promise<void> {
    const { log } = this.#deps
    const { space } = this.#feed
    // Only a space without a log needs the writer: who comes back while the disk is full still reads.
    const head = (await log.head(space)) ?? (await log.ensureSpace(space))
    const isNothing = sub.epoch === NO_ID && sub.cursor === 0
    let isKnown = isNothing
    if (!isNothing && sub.epoch === head.epoch) {
      const hash = sub.cursor === 0 ? sub.tailHash : await log.tailHashAt(space, sub.cursor)
      isKnown = hash !== null && bytesEqual(hash, sub.tailHash)
      if (!isKnown) this.#tellRewind(sub, head.head)
    }
    if (this.#state !== 'opening') return
    if (!this.#reader.mayRead(space)) return this.#step('end')
    this.#epoch = head.epoch
    sawHead(this.#feed, head.epoch, head.head)
    this.#sentUpTo = isKnown ? sub.cursor : 0
    this.#mayLeap = isKnown && this.#reader.takesSnapshots
    if (!isKnown) {
      const erasures = await log.erasures(space)
      if (this.#state !== 'opening') return
      if (erasures.length > 0 && !this.#reader.takesErased()) return this.#step('end')
      for (const one of erasures) this.#sayErased(one)
    }
    this.#say({ type: 'subbed', space, epoch: head.epoch, head: this.#feed.head, floor: head.floor, mode: isKnown ? 'resume' : 'recover', commonSeq: this.#sentUpTo })
    this.#step('opened')
  }

  /** A log keeps its epoch for as long as it only grows: a laptop that saw another one of this epoch saw more than there is, or something else. Or lies. */
  #tellRewind({ space, cursor }: Up<'sub'>, head: number): void {
    if (this.#feed.isRewindTold) return
    this.#feed.isRewindTold = true
    this.#deps.report({ kind: 'log-unlike-laptop', space, cursor, head, advice: 'if this data folder was put back from an image: stop, remove the file generation from it, start; laptops that did not come by yet then offer all that it lacks' })
  }

  #sayErased({ space, item, mode, time, reason, ranges }: Erasure): void {
    for (const piece of mode === 'whole' ? [new Uint8Array(0)] : ranges) this.#say({ type: 'erased', space, item, mode, time, reason, ranges: piece })
  }

  #hasCredit(): boolean {
    return this.#unconfirmedBytes < CATCH_UP_CREDIT_BYTES_MAX
  }

  #hasRoom(): boolean {
    return this.#reader.bufferedBytes() <= SOCKET_BUFFER_BYTES_MAX
  }

  #block(): void {
    this.#step('blocked')
    this.#waitForRoom()
  }

  /** Waiting for the socket is a poll; waiting for credit is not, RECV wakes it. */
  #waitForRoom(): void {
    if (this.#state !== 'lagging') return
    if (!this.#hasRoom()) this.#again(DRAIN_POLL_MS, () => this.#waitForRoom())
    else if (this.#hasCredit()) this.#step('room')
  }

  async #catchUp(): Promise<void> {
    const { log, reads } = this.#deps
    const { space } = this.#feed
    await this.#lookForSnapshots()
    while (this.#state === 'catchingUp') {
      if (this.#sentUpTo >= this.#feed.head) return this.#step('level')
      if (!this.#hasCredit() || !this.#hasRoom()) return this.#block()
      const snapshot = this.#leap?.toSend[0]
      if (snapshot) {
        await this.#sendSnapshot(snapshot)
        continue
      }
      if (this.#leap && this.#sentUpTo < this.#leap.upToSeq) {
        await this.#sendSifted(this.#leap)
        continue
      }
      this.#leap = null
      const from = this.#sentUpTo
      const { epoch, entries, tailHashAfter } = await reads.run(() => log.read(space, from, ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX))
      if (this.#state !== 'catchingUp') return
      if (!this.#reader.mayRead(space)) return this.#step('end')
      // Of a log that took the place of this one a moment ago, which the relay is about to hear: under the old name none of it may go out.
      if (epoch !== this.#epoch) return this.replaced(epoch)
      if (entries[0]?.seq !== from + 1) throw new Error(`entry ${from + 1} of ${this.#feed.head} cannot be read`)
      this.#sent(from + entries.length)
      const more = this.#sentUpTo < this.#feed.head
      this.#count(this.#sayRun({ type: 'entries', space, epoch: this.#epoch, entries, cursorAfter: this.#sentUpTo, tailHashAfter, more }), more)
    }
  }

  #sent(upTo: number): void {
    this.#sentUpTo = upTo
    // The read may have seen a commit that is about to be announced.
    sawHead(this.#feed, this.#epoch, upTo)
  }

  /** The last frame of a catch-up is not confirmed, and costs no credit. */
  #count(bytes: number, more: boolean): void {
    if (!more) return
    ;(this.#unconfirmed ??= []).push({ upTo: this.#sentUpTo, bytes })
    this.#unconfirmedBytes += bytes
  }

  /** Once per subscription, before its first entry: what is far behind later was live a moment ago, and is brought level entry by entry. */
  async #lookForSnapshots(): Promise<void> {
    const { log, reads, snapshots, report } = this.#deps
    if (!this.#mayLeap || !snapshots) return
    this.#mayLeap = false
    const { space, head } = this.#feed
    try {
      const toSend = await reads.run(() => worthwhile(snapshots.kept, log, space, this.#sentUpTo, head, snapshots.policy))
      if (toSend.length === 0 || this.#state === 'ended') return
      this.#leap = { from: this.#sentUpTo, toSend, sentBytes: 0, unconfirmed: [], leftOut: [], upToSeq: Math.max(...toSend.map(({ toSeq }) => toSeq)) }
    } catch (problem) {
      // Everything that a snapshot says is in the entries.
      report({ kind: 'snapshots-failed', space, problem })
    }
  }

  async #sendSnapshot(label: SnapshotLabel): Promise<void> {
    const { reads, snapshots, report } = this.#deps
    const leap = this.#leap
    if (!leap || !snapshots) return
    const { space, item, part, toSeq } = label
    const body = await reads.run(() => snapshots.kept.body(label)).catch((problem: unknown) => {
      report({ kind: 'snapshots-failed', space, problem })
      return null
    })
    if (this.#state !== 'catchingUp') return
    if (!this.#reader.mayRead(space)) return this.#step('end')
    // Damaged, or replaced since, perhaps half-way: its entries are sent.
    for (let from = leap.sentBytes; body && from < body.length; from += PAYLOAD_BYTES_MAX) {
      if (!this.#hasRoom()) {
        leap.sentBytes = from
        return this.#block()
      }
      const payload = body.subarray(from, from + PAYLOAD_BYTES_MAX)
      this.#say({ type: 'snapshot', space, item, part, fromSeq: 1, toSeq, format: FORMAT_OF_PART[part], payload, last: from + PAYLOAD_BYTES_MAX >= body.length })
    }
    leap.toSend.shift()
    leap.sentBytes = 0
    if (!body) return
    leap.unconfirmed.push(body.length)
    this.#unconfirmedBytes += body.length
    leap.leftOut.push({ item, part, upToSeq: toSeq })
  }

  async #sendSifted(leap: Leap): Promise<void> {
    const { log, reads } = this.#deps
    const { space } = this.#feed
    const from = this.#sentUpTo
    const { epoch, entries, cursorAfter, tailHashAfter } = await reads.run(() => log.readSifted(space, from, leap.upToSeq, leap.leftOut, ENTRIES_BATCH_BYTES_MAX, ENTRIES_BATCH_COUNT_MAX))
    if (this.#state !== 'catchingUp') return
    if (!this.#reader.mayRead(space)) return this.#step('end')
    if (epoch !== this.#epoch) return this.replaced(epoch)
    if (cursorAfter <= from) throw new Error(`entry ${from + 1} of ${this.#feed.head} cannot be read`)
    this.#sent(cursorAfter)
    const more = cursorAfter < this.#feed.head
    this.#count(this.#sayRun({ type: 'sifted', space, epoch: this.#epoch, cursorBefore: from, entries, cursorAfter, tailHashAfter, more }), more)
  }
}
