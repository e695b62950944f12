/**
 * The pushes of one connection: fragments put together, rights asked, rate kept, and every push answered exactly once in the order of `n`.
 *
 * Invariants: an ACK covers only what is in a synced commit [INV1]; a refusal leaves before any ACK that passes it; what one session can make
 * the relay hold is bounded (PUSHES_IN_FLIGHT_*, one unfinished entry of FRAGMENTS_COUNT_MAX fragments).
 */
import type { Clock } from '../../shared/base/clock.ts'
import { concatBytes } from '../../shared/base/bytes.ts'
import { must } from '../../shared/base/assert.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { EntryId, ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { OPERATION_OF_ACT, readAct } from '../../shared/model/acts.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { isRetry, type RefusalCode, type RetryCode } from '../../shared/model/errors.ts'
import type { Operation } from '../../shared/model/grants.ts'
import {
  ACT_BYTES_MAX, FRAGMENT_BYTES_MAX, FRAGMENT_BYTES_PER_USER_MAX, FRAGMENTS_COUNT_MAX, PUSHES_IN_FLIGHT_BYTES_MAX, PUSHES_IN_FLIGHT_COUNT_MAX, PUSHES_PER_SECOND_MAX,
} from '../../shared/model/limits.ts'
import type { DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import type { Directory } from '../auth/directory.ts'
import type { AppendResult } from '../store/log.ts'
import { Bucket } from './bucket.ts'
import type { CommitQueue } from './commit-queue.ts'

type Push = Up<'push'>
type Refused = Extract<AppendResult, { kind: 'refused' }>

export const refused = (code: RefusalCode, reason: string): Refused => ({ kind: 'refused', code, reason })

/** When a laptop should offer a row again by itself. */
const RETRY_AFTER_MS: Record<RetryCode, number> = { busy: 1_000, rate: 1_000, gap: 1_000, storage: 5_000 }

/**
 * What the writer of this entry must be allowed to do, or why it cannot be asked.
 * Limits: parses an act of at most ACT_BYTES_MAX.
 */
export function operationOf(entry: Pick<NewEntry, 'part' | 'payload'>): Operation | Refused {
  if (entry.part !== 'act') return 'item.write'
  if (entry.payload.length > ACT_BYTES_MAX) return refused('too-large', 'act')
  const act = readAct(entry.payload)
  return act.ok ? OPERATION_OF_ACT[act.value.kind] : refused('invalid', act.failure.kind)
}

export interface Offer {
  user: UserId
  entry: NewEntry
  directory: Directory
  queue: CommitQueue
  /** For the account of who did what. */
  tell(operation: Operation, result: 'done' | 'refused'): void
  /** Why it may not be committed yet, asked of who has the right to. */
  mustWait?(): Refused | null
  answer(result: AppendResult, time: number): void
}

/** One entry from whichever door: rights are asked, what is allowed waits for its commit, and what came of it is accounted for. Answers exactly once. */
export function offer({ user, entry, directory, queue, tell, mustWait, answer }: Offer, clock: Clock): void {
  const refuse = (refusal: Refused): void => answer(refusal, clock.now())
  // Whether somebody may act at all is asked before the act is read: a stranger gets one answer whatever he sends.
  if (!directory.may(user, entry.space, 'space.read')) {
    tell('space.read', 'refused')
    return refuse(refused('forbidden', 'no-access'))
  }
  const operation = operationOf(entry)
  if (typeof operation !== 'string') return refuse(operation)
  const may = (): boolean => directory.may(user, entry.space, operation)
  if (!may()) {
    tell(operation, 'refused')
    return refuse(refused('forbidden', 'no-access'))
  }
  const early = mustWait?.() ?? null
  if (early) return refuse(early)
  const taken = queue.push({
    entry, author: user, may,
    answer(result, time) {
      if (result.kind === 'stored') {
        if (!result.repeated) tell(operation, 'done')
      }
      // A formal step that the rules refuse is worth a line; an edit that comes again, or too early, is not.
      else if (result.code === 'forbidden' || (entry.part === 'act' && !isRetry(result.code))) tell(operation, 'refused')
      answer(result, time)
    },
  })
  if (!taken) refuse(refused('busy', 'queue-full'))
}

/** Pushes waiting for their answer, refused ones included: somebody who goes on far beyond the limits is not reading. */
const UNANSWERED_COUNT_MAX = 16 * PUSHES_IN_FLIGHT_COUNT_MAX

/** Items whose acts wait for an earlier one; a person does a handful of acts at a time. */
const HELD_ACTS_COUNT_MAX = 1_024

/** Bytes of unfinished entries, all sessions together, and of each person's: nobody takes the room of all others with entries that are never finished. */
export interface FragmentBudget {
  take(user: UserId, bytes: number): boolean
  give(user: UserId, bytes: number): void
}

export function createFragmentBudget(): FragmentBudget {
  const usedBy = new Map<UserId, number>()
  let usedBytes = 0
  return {
    take(user, bytes) {
      const used = usedBy.get(user) ?? 0
      if (usedBytes + bytes > FRAGMENT_BYTES_MAX || used + bytes > FRAGMENT_BYTES_PER_USER_MAX) return false
      usedBytes += bytes
      usedBy.set(user, used + bytes)
      return true
    },
    give(user, bytes) {
      usedBytes -= bytes
      const left = (usedBy.get(user) ?? 0) - bytes
      if (left > 0) usedBy.set(user, left)
      else usedBy.delete(user)
    },
  }
}

export interface PushesDeps {
  user: UserId
  clock: Clock
  directory: Directory
  queue: CommitQueue
  /** For the account of who did what. */
  tell(operation: Operation, entry: NewEntry, result: 'done' | 'refused'): void
  budget: FragmentBudget
  /** Answers that may leave now. */
  send(messages: DownMessage[]): void
  /** There is something to flush once the batch is answered. */
  onSettled(): void
}

export interface Pushes extends Disposable {
  /** What the connection must be closed for: `n` is not the next one, or the other side does not listen to refusals. */
  receive(push: Push): 'protocol' | 'busy' | null
  /** Sends whatever is answered without a hole before it. */
  flush(): void
  /** The laptop subscribes anew: it offers its rows from the start, so acts held back are free. */
  resubscribed(space: SpaceId): void
}

interface Pending {
  n: number
  bytes: number
  result: AppendResult | null
}

export function createPushes(deps: PushesDeps): Pushes {
  const { user, clock, directory, queue, budget, tell, send, onSettled } = deps
  const bucket = new Bucket(clock, PUSHES_PER_SECOND_MAX, PUSHES_PER_SECOND_MAX)
  let pending: Pending[] = []
  let pendingBytes = 0
  let lastN = 0
  let serverTime = 0
  /** The entry whose fragments are coming in. */
  let open: { first: Push; places: Pending[]; parts: Uint8Array[]; bytes: number; failure: Refused | null } | null = null
  /** Complete entries that came faster than the rate; still counted as in flight. */
  let held: { entry: NewEntry; places: Pending[] }[] = []
  let timer: Disposable | null = null
  /**
   * Per item the act that was refused for now. A later act may only follow it: committed without it, it would be refused for good. Prose and
   * facts need no such memory, their headers name what they stand on.
   */
  const heldActs = new Map<ItemId, { entry: EntryId; space: SpaceId }>()
  let isDisposed = false

  function settle(places: readonly Pending[], entry: NewEntry, result: AppendResult, time: number): void {
    if (isDisposed) return
    for (const place of places) place.result = result
    serverTime = time
    if (entry.part === 'act') {
      if (result.kind === 'refused' && isRetry(result.code)) {
        if (!heldActs.has(entry.item) && heldActs.size < HELD_ACTS_COUNT_MAX) heldActs.set(entry.item, { entry: entry.entry, space: entry.space })
      } else if (heldActs.get(entry.item)?.entry === entry.entry) heldActs.delete(entry.item)
    }
    onSettled()
  }

  function judge(entry: NewEntry, places: readonly Pending[]): void {
    const request: Offer = {
      user, entry, directory, queue, tell: (operation, result) => tell(operation, entry, result),
      mustWait() {
        const before = heldActs.get(entry.item)
        return entry.part === 'act' && before && before.entry !== entry.entry ? refused('gap', 'after-refused') : null
      },
      answer: (result, time) => settle(places, entry, result, time),
    }
    offer(request, clock)
  }

  function release(): void {
    timer = null
    let next = 0
    while (next < held.length && bucket.take()) {
      const { entry, places } = must(held[next++], 'within the list')
      judge(entry, places)
    }
    held = held.slice(next)
    if (held.length > 0) timer = clock.after(bucket.waitMs(), release)
    flush()
  }

  function complete(entry: NewEntry, places: Pending[]): void {
    if (held.length === 0 && bucket.take()) return judge(entry, places)
    held.push({ entry, places })
    timer ??= clock.after(bucket.waitMs(), release)
  }

  const entryOf = (push: Push, payload: Uint8Array): NewEntry => ({
    space: push.space, entry: push.entry, item: push.item, part: push.part, format: push.format, schema: push.schema,
    clientTime: push.clientTime, writer: push.writer, payload,
  })

  const forget = (): void => {
    if (open) budget.give(user, open.bytes)
    open = null
  }

  function takeFragment(push: Push, place: Pending): void {
    if (push.fragment === 0) {
      // A new entry begins while another is unfinished: that one will never be complete.
      if (open) abandon('fragments')
      open = { first: push, places: [], parts: [], bytes: 0, failure: null }
    }
    if (!open || open.first.entry !== push.entry || open.first.space !== push.space || push.fragment !== open.parts.length || push.fragments !== open.first.fragments) {
      if (open) abandon('fragments')
      return settle([place], entryOf(push, push.payload), refused('invalid', 'fragments'), clock.now())
    }
    const unfinished = open
    unfinished.places.push(place)
    if (unfinished.failure === null && !directory.may(user, push.space, 'space.read')) unfinished.failure = refused('forbidden', 'no-access')
    if (unfinished.failure === null && !budget.take(user, push.payload.length)) unfinished.failure = refused('busy', 'fragments')
    // After a failure the rest is only counted.
    const part = unfinished.failure === null ? push.payload : new Uint8Array()
    unfinished.parts.push(part)
    unfinished.bytes += part.length
    if (push.fragment < push.fragments - 1) return
    const entry = entryOf(unfinished.first, concatBytes(unfinished.parts))
    forget()
    if (unfinished.failure) settle(unfinished.places, entry, unfinished.failure, clock.now())
    else complete(entry, unfinished.places)
  }

  /** The unfinished entry ends here: all its fragments are refused. */
  function abandon(reason: string): void {
    const unfinished = must(open, 'only called with an unfinished entry')
    forget()
    settle(unfinished.places, entryOf(unfinished.first, unfinished.first.payload), refused('invalid', reason), clock.now())
  }

  return {
    receive(push) {
      if (push.n !== lastN + 1) return 'protocol'
      if (pending.length >= UNANSWERED_COUNT_MAX) return 'busy'
      lastN = push.n
      const isWhole = push.fragments === 1
      const place: Pending = { n: push.n, bytes: isWhole ? push.payload.length : 0, result: null }
      // A laptop that keeps to its limits never gets here; one that does not is told to.
      const isOver = pending.length - (open?.places.length ?? 0) >= PUSHES_IN_FLIGHT_COUNT_MAX || pendingBytes + place.bytes > PUSHES_IN_FLIGHT_BYTES_MAX
      pending.push(place)
      pendingBytes += place.bytes
      if (isOver && isWhole) settle([place], entryOf(push, push.payload), refused('rate', 'in-flight'), clock.now())
      else if (push.fragments < 1 || push.fragments > FRAGMENTS_COUNT_MAX || push.fragment >= push.fragments) {
        settle([place], entryOf(push, push.payload), refused(push.fragments > FRAGMENTS_COUNT_MAX ? 'too-large' : 'invalid', 'fragments'), clock.now())
      } else if (isWhole) {
        if (open) abandon('fragments')
        complete(entryOf(push, push.payload), [place])
      } else takeFragment(push, place)
      return null
    },
    flush,
    resubscribed(space) {
      for (const [item, act] of heldActs) if (act.space === space) heldActs.delete(item)
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
      forget()
      held = []
      pending = []
    },
  }

  function flush(): void {
    let answered = 0
    while (answered < pending.length && pending[answered]?.result) answered++
    if (answered === 0) return
    const messages: DownMessage[] = []
    let isAnyStored = false
    let upToN = 0
    for (const { n, result } of pending.slice(0, answered)) {
      upToN = n
      if (result?.kind === 'refused') {
        const retryAfterMs = isRetry(result.code) ? RETRY_AFTER_MS[result.code] : 0
        messages.push({ type: 'nack', n, code: result.code, retryAfterMs, reason: result.reason })
      } else isAnyStored = true
    }
    for (const { bytes } of pending.slice(0, answered)) pendingBytes -= bytes
    pending = pending.slice(answered)
    // One ACK for all of them: what it passes and was refused has just been refused.
    if (isAnyStored) messages.push({ type: 'ack', upToN, serverTime })
    send(messages)
  }
}
