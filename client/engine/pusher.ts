/**
 * Sends the outbox over one connection, in order, and understands the answers. `n` counts the messages of this connection; entry ids stay
 * the same for ever, so that whatever is sent again is stored once.
 *
 * Invariants: a refused entry holds back the later entries of its own item and nothing else (9); an answer is believed only for the epoch in
 * which the entry was pushed (4).
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { EntryId, Epoch, ItemId, SpaceId } from '../../shared/base/ids.ts'
import { fraction, type Dice } from '../../shared/base/random.ts'
import { isRetry, STORAGE_DAMAGED, type RefusalCode } from '../../shared/model/errors.ts'
import { FRAGMENTS_COUNT_MAX, FRAME_BYTES_MAX, PAYLOAD_BYTES_MAX, PUSHES_IN_FLIGHT_BYTES_MAX, PUSHES_IN_FLIGHT_COUNT_MAX } from '../../shared/model/limits.ts'
import type { Up } from '../../shared/protocol/messages/index.ts'
import type { Outbox, Waiting } from './outbox.ts'
import type { EngineStore } from './store.ts'

export interface Pusher extends Disposable {
  /** Sends what may be sent. Cheap when there is nothing. */
  pump(): void
  /** Out: resolves when the store knows. */
  acknowledged(upToN: number): Promise<void>
  refused(n: number, code: RefusalCode, retryAfterMs: number, reason: string): Promise<void>
  /** The log of a space was replaced: answers to what is under way there say nothing any more. */
  forget(space: SpaceId): void
  readonly inFlightCount: number
}

interface Flight {
  entry: EntryId
  item: ItemId
  space: SpaceId
  epoch: Epoch
  firstN: number
  lastN: number
  /** Messages that it travels in. */
  fragments: number
  bytes: number
  /** Answered with a refusal; a later ACK does not speak of it. */
  isRefused: boolean
}

/** A relay that is full or busy is left alone for this long at first; doubled up to the longest. */
const LATER_MS_MIN = 200
const LATER_MS_MAX = 30_000
/** A hole in front of an entry that nothing in the outbox can fill: after so many answers the archive is searched. */
const GAP_ATTEMPTS_MAX = 4
/** Messages in one frame share its header; kept well under the frame limit so that a slow line shows progress. */
const FRAME_FILL_BYTES_MAX = Math.min(256 * 1024, FRAME_BYTES_MAX)

export function createPusher(deps: {
  store: EngineStore
  outbox: Outbox
  clock: Clock
  dice: Dice
  /** The epoch that a space is at on this connection, null while it takes no pushes. */
  epochOf(space: SpaceId): Epoch | null
  /** The relay lost part of its log, and laptops are still bringing back what they have of it. */
  isRechecking(space: SpaceId): boolean
  send(messages: Up<'push'>[]): void
}): Pusher {
  const { store, outbox, clock, dice } = deps
  let nextN = 1
  let flights: Flight[] = []
  let bytesInFlight = 0
  let messagesInFlight = 0
  /** Items whose first waiting row met a hole or a damaged log, and rests. */
  const resting = new Set<ItemId>()
  let pause: Disposable | null = null
  let pauseAttempts = 0
  const timers = new Set<Disposable>()
  let isDisposed = false

  const laterMs = (attempts: number, atLeastMs: number): number => {
    const longest = Math.min(LATER_MS_MAX, LATER_MS_MIN * 2 ** attempts)
    return Math.max(atLeastMs, Math.ceil(longest * (0.5 + fraction(dice) / 2)))
  }
  const after = (delayMs: number, work: () => void): Disposable => {
    const timer = clock.after(delayMs, () => {
      timers.delete(timer)
      if (!isDisposed) work()
    })
    timers.add(timer)
    return timer
  }

  const messagesOf = (one: Waiting): Up<'push'>[] => {
    const { space, entry, item, part, format, schema, clientTime, writer, payload } = one.row
    const fragments = Math.max(1, Math.ceil(payload.length / PAYLOAD_BYTES_MAX))
    return Array.from({ length: fragments }, (_, fragment) => ({
      type: 'push', n: nextN++, space, entry, item, part, format, schema, clientTime, writer, spans: new Uint8Array(0), fragment, fragments,
      payload: payload.subarray(fragment * PAYLOAD_BYTES_MAX, (fragment + 1) * PAYLOAD_BYTES_MAX),
    }))
  }

  const pump = (): void => {
    if (isDisposed || pause) return
    let frame: Up<'push'>[] = []
    let frameBytes = 0
    const flush = (): void => {
      if (frame.length > 0) deps.send(frame)
      frame = []
      frameBytes = 0
    }
    const blocked = new Set<ItemId>()
    const seen = new Set<ItemId>()
    const tooLarge: EntryId[] = []
    for (const one of outbox.rows()) {
      if (messagesInFlight >= PUSHES_IN_FLIGHT_COUNT_MAX - FRAGMENTS_COUNT_MAX) break
      const { item, space, payload, entry } = one.row
      if (one.state === 'parked' || (one.waitsForEarlier && seen.has(item))) blocked.add(item)
      seen.add(item)
      if (one.state !== 'laptop' || blocked.has(item)) continue
      const epoch = deps.epochOf(space)
      if (epoch === null || resting.has(item)) {
        blocked.add(item)
        continue
      }
      if (payload.length > PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX) {
        blocked.add(item)
        tooLarge.push(entry)
        continue
      }
      // One large entry may always travel alone.
      if (flights.length > 0 && bytesInFlight + payload.length > PUSHES_IN_FLIGHT_BYTES_MAX) break
      const messages = messagesOf(one)
      flights.push({
        entry, item, space, epoch, bytes: payload.length, fragments: messages.length, isRefused: false,
        firstN: (messages[0] as Up<'push'>).n, lastN: (messages[messages.length - 1] as Up<'push'>).n,
      })
      bytesInFlight += payload.length
      messagesInFlight += messages.length
      one.waitsForEarlier = false
      outbox.step(entry, 'pushed')
      for (const message of messages) {
        if (frame.length > 0 && frameBytes + message.payload.length > FRAME_FILL_BYTES_MAX) flush()
        frame.push(message)
        frameBytes += message.payload.length + 128
      }
    }
    flush()
    for (const entry of tooLarge) void park(entry, 'too-large', `${FRAGMENTS_COUNT_MAX} fragments`)
  }

  const land = (isLanded: (flight: Flight) => boolean): Flight[] => {
    const landed = flights.filter(isLanded)
    if (landed.length === 0) return landed
    flights = flights.filter((flight) => !landed.includes(flight))
    for (const { bytes, fragments } of landed) {
      bytesInFlight -= bytes
      messagesInFlight -= fragments
    }
    return landed
  }

  const park = async (entry: EntryId, code: Parameters<EngineStore['park']>[1], reason: string): Promise<void> => {
    await store.park(entry, code, reason)
    outbox.step(entry, 'refused', { code, reason })
  }

  const hasEarlier = (entry: EntryId, item: ItemId): boolean => {
    for (const one of outbox.rows()) {
      if (one.row.entry === entry) return false
      if (one.row.item === item) return true
    }
    return false
  }

  const judged = async (one: Waiting, { entry, item, space }: Flight, code: RefusalCode, retryAfterMs: number, reason: string): Promise<void> => {
    if (hasEarlier(entry, item)) {
      // An earlier entry of the item is unanswered or waits again: this one was judged without it.
      one.waitsForEarlier = true
      outbox.step(entry, 'askedAgainLater')
      return
    }
    // What it builds on may be on its way from another laptop; an act may follow one that is.
    const mayComeRight = deps.isRechecking(space) && (code === 'gap' || (code === 'invalid' && one.row.part === 'act'))
    if (mayComeRight) rest(one, item, retryAfterMs)
    else if (!isRetry(code)) await park(entry, code, reason)
    else if (code === 'storage' && reason === STORAGE_DAMAGED) rest(one, item, retryAfterMs)
    else if (code !== 'gap') askLater(one, retryAfterMs)
    else if (one.attempts < GAP_ATTEMPTS_MAX) rest(one, item, retryAfterMs)
    else await healGap(one)
  }

  /** The item waits; the rest of the outbox goes on. */
  const rest = (one: Waiting, item: ItemId, retryAfterMs: number): void => {
    outbox.step(one.row.entry, 'askedAgainLater')
    resting.add(item)
    after(laterMs(one.attempts++, retryAfterMs), () => {
      resting.delete(item)
      pump()
    })
  }
  /** The relay has no room for anything just now. */
  const askLater = (one: Waiting, retryAfterMs: number): void => {
    outbox.step(one.row.entry, 'askedAgainLater')
    if (pause) return
    pause = after(laterMs(pauseAttempts++, retryAfterMs), () => {
      pause = null
      pump()
    })
  }

  /** The relay misses something in front of this entry that nobody waits to send: what the archive has of the item goes first, once. */
  const healGap = async (one: Waiting): Promise<void> => {
    const { row } = one
    const before = one.isHealed ? [] : (await store.archive(row.space)).filter(({ item, order }) => item === row.item && order < row.order)
    one.isHealed = true
    if (before.length === 0) return park(row.entry, 'invalid', 'gap')
    outbox.step(row.entry, 'askedAgainLater')
    await outbox.bringBack(before.length, () => store.unarchive(row.space, before.map(({ entry }) => entry)))
  }

  return {
    pump,
    async acknowledged(upToN) {
      const landed = land((flight) => flight.lastN <= upToN).filter((flight) => !flight.isRefused)
      if (landed.length > 0) pauseAttempts = 0
      const byEpoch = new Map<Epoch, EntryId[]>()
      for (const { entry, space, epoch } of landed) {
        if (deps.epochOf(space) !== epoch) outbox.step(entry, 'disconnected')
        else byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), entry])
      }
      for (const [epoch, entries] of byEpoch) {
        await store.acknowledge(entries, epoch, clock.now())
        for (const entry of entries) outbox.step(entry, 'acknowledged')
      }
      pump()
    },
    async refused(n, code, retryAfterMs, reason) {
      const flight = flights.find((one) => one.firstN <= n && n <= one.lastN)
      if (!flight) return
      if (n === flight.lastN) land((one) => one === flight)
      if (flight.isRefused) return // each of its fragments is answered
      flight.isRefused = true
      const one = outbox.get(flight.entry)
      if (one) await judged(one, flight, code, retryAfterMs, reason)
      pump()
    },
    forget(space) {
      land((flight) => flight.space === space)
    },
    get inFlightCount() {
      return flights.length
    },
    dispose() {
      isDisposed = true
      for (const timer of timers) timer.dispose()
      timers.clear()
    },
  }
}
