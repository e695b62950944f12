/**
 * One connection to the relay, and a subscription per space on it. Frames are queued as they come and handled one after another, so that
 * store, cursor and outbox move in the order of the wire. What may follow what stands in connection-states.ts.
 *
 * Invariants: the cursor moves only with what was stored (3); acknowledgements never move it; a log that is not the one we know is never
 * resumed: what it may have lost is offered again (4, 5). So is what it acknowledged and does not have, where it looks the same up to our cursor.
 */
import { must } from '../../shared/base/assert.ts'
import { bytesEqual, concatBytes } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { NO_ID, type DeviceId, type EntryId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { fraction, type Dice } from '../../shared/base/random.ts'
import { PARTS } from '../../shared/model/entries.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import { may } from '../../shared/model/grants.ts'
import {
  ARCHIVE_DAYS, BEAT_MS, CONNECT_MS_MAX, ENTRIES_BATCH_COUNT_MAX, MOVED_MS_MAX, OFFER_OTHERS_AFTER_MS, PAYLOAD_BYTES_MAX, PING_AFTER_MS, SILENCE_MS_MAX, SLEPT_MS_MIN, SNAPSHOT_BYTES_MAX,
  WOKEN_MS_MAX,
} from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { decodeDown, encodeUp, PROTO_MAX, PROTO_MIN, WireError } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage, UpMessage } from '../../shared/protocol/messages/index.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import type { Adopted, ArrivedSnapshot } from './adoption.ts'
import { createBackOff } from './back-off.ts'
import {
  CONNECTION_STEPS, SUBSCRIPTION_STEPS, takesPushes,
  type ConnectionEffect, type ConnectionEvent, type ConnectionState, type SubscriptionEvent, type SubscriptionState,
} from './connection-states.ts'
import { DAY_MS } from './offline-limit.ts'
import { CONTACT_MS, type OfflineUse } from './offline-use.ts'
import type { Outbox } from './outbox.ts'
import { erasingOf } from './erasure.ts'
import { createPusher, type Pusher } from './pusher.ts'
import { RIGHT_LOST, unlessRefused, withoutRight, type EngineStore, type SpaceRow, type StoredEntry } from './store.ts'
import type { Leadership, Socket, Transport } from './transport.ts'

export interface SyncView {
  connection: 'offline' | 'connecting' | 'live' | 'blocked'
  blockedBy: string | null
  behindCount: number
  follower: boolean
  /** See SyncStatus. */
  isDetour: boolean
  /** True once every space of this login was asked for and answered on this connection. */
  isLevel: boolean
  /** A log turned out to be another one, and the store is being told. */
  isRechecking: boolean
}

export interface Sync extends Disposable {
  view(): SyncView
  /** Sends what waits. */
  pump(): void
  /** Asks for a connection now; one that is there is asked whether it lives. */
  tryNow(): void
  /** Stored payloads of a space went bad: everything of it is asked for again. */
  rewound(space: SpaceId): void
  /** Sends a message when the connection is up. Out: false when it is not. */
  send(...messages: UpMessage[]): boolean
  readonly isLeading: boolean
}

export interface SyncDeps {
  store: EngineStore
  outbox: Outbox
  transport: Transport
  leadership: Leadership
  clock: Clock
  dice: Dice
  me: Person
  build: string
  device: DeviceId
  /** Anything in `view()` may have changed. */
  changed(): void
  /** The connection came up, or went. */
  isUp(up: boolean): void
  /** This tab leads from now on: what the one before it left half done is its work, with or without a connection. */
  leads(): void
  /** Lead lost: what is typed must be stored before the next one reads. */
  flush(): void
  /** Messages that are no business of the log. */
  heard(message: Down<'present'> | Down<'itemEntries'>): void
  storeFailed(error: unknown): void
  /** For how long spaces may be used without contact (offline-use.ts). */
  offline: Pick<OfflineUse, 'passedMs' | 'confirmed' | 'forget'>
  /** A snapshot is whole: it is stored, or refused. */
  adopt(arrived: ArrivedSnapshot): Promise<Adopted>
}

interface Followed {
  row: SpaceRow
  state: SubscriptionState
  /** Said since the last SUB: what was erased for good. */
  erased: Down<'erased'>[]
  /** Entries of the relay's log that are not stored here yet. */
  behindCount: number
  offerTimer: Disposable | null
  leap: Leap | null
  /** Acknowledged before this SUB, and without a place in the log: either they stand before the head that SUBBED told, or the relay has lost them. */
  unseen: ReadonlySet<EntryId>
  /** This connection said once which log the relay has. */
  isHeard: boolean
}
const newFollowed = (row: SpaceRow): Followed => ({ row, state: 'none', erased: [], behindCount: 0, offerTimer: null, leap: null, unseen: new Set(), isHeard: false })

/** What came as snapshots on this connection: it stands for entries that are left out of the runs after it. */
interface Leap {
  /** Last seq that is covered, by item and part. */
  coveredUpTo: Map<string, number>
  /** Pieces of the one that is arriving. */
  arriving: { key: string; toSeq: number; pieces: Uint8Array[]; bytes: number } | null
}
const newLeap = (): Leap => ({ coveredUpTo: new Map(), arriving: null })

/** An unexpected turn on the wire: the connection is given up and begun again. */
class Unexpected extends Error {}

const UNKNOWN_TAIL_HASH = new Uint8Array(0)
const PERMANENT_CODES = new Map(Object.entries(CLOSE).filter(([, close]) => close.permanent).map(([name, close]) => [close.code as number, name]))
// A replaced log is met by asking again: the answer says so, and the re-check follows.
PERMANENT_CODES.delete(CLOSE.epoch.code)

export async function createSync(deps: SyncDeps): Promise<Sync> {
  const { store, outbox, clock, dice, me } = deps
  let state: ConnectionState = 'follower'
  let blockedBy: string | null = null
  let socket: Socket | null = null
  let pusher: Pusher | null = null
  const backOff = createBackOff(dice)
  const timers: Record<'backOff' | 'connect' | 'silence' | 'answer' | 'woken' | 'beat', Disposable | null> = {
    backOff: null, connect: null, silence: null, answer: null, woken: null, beat: null,
  }
  const spaces = new Map<SpaceId, Followed>()
  let inbox: DownMessage[] = []
  let isDraining = false
  /** False once one could not be used: from then on this engine asks for entries, by greeting as one of the first version. */
  let takesSnapshots = true

  // ── Contact ──

  /** Questions of this connection that are not answered, by the time that had gone by when they were asked. What came in without one may have lain on the line. */
  let askedAtMs: number[] = []
  /** When the last answered one was asked. */
  let contactAtMs = 0
  /** Spaces that were named on this connection. */
  const limits = new Map<SpaceId, number | null>()
  const answeredNow = (): void => {
    contactAtMs = askedAtMs.shift() ?? contactAtMs
  }

  const stop = (name: keyof typeof timers): void => {
    timers[name]?.dispose()
    timers[name] = null
  }
  const start = (name: keyof typeof timers, delayMs: number, work: () => void): void => {
    stop(name)
    timers[name] = clock.after(delayMs, () => {
      timers[name] = null
      work()
    })
  }

  // ── Connection ──

  /** What this connection was given to send and what of it is gone, looked at every beat. */
  let uplink = { sentBytes: 0, goneBytes: 0, hasWaiting: false, stillBeats: Infinity }
  function lookAtUplink(): void {
    const waitingBytes = socket?.bufferedBytes() ?? 0
    const goneBytes = uplink.sentBytes - waitingBytes
    // What never had to wait says nothing: the system takes it from us over a dead line as well.
    uplink.stillBeats = uplink.hasWaiting && goneBytes > uplink.goneBytes ? 0 : uplink.stillBeats + 1
    uplink.goneBytes = goneBytes
    uplink.hasWaiting = waitingBytes > 0
  }

  const effects: Record<ConnectionEffect, () => void> = {
    connect() {
      uplink = { sentBytes: 0, goneBytes: 0, hasWaiting: false, stillBeats: Infinity }
      const mine: { socket: Socket | null } = { socket: null }
      const isMine = (): boolean => mine.socket !== null && mine.socket === socket
      mine.socket = deps.transport.connect({
        opened: () => {
          if (isMine()) step('opened')
        },
        frame: (bytes) => {
          if (isMine()) receive(bytes)
        },
        closed: (code) => {
          if (!isMine()) return
          socket = null
          const why = PERMANENT_CODES.get(code)
          // It greeted as an older one than it is; where that is not enough it has erasures to hear of, and no snapshot comes with those.
          const isOnlyByGreeting = code === CLOSE.upgrade.code && !takesSnapshots
          if (isOnlyByGreeting) takesSnapshots = true
          if (why === undefined || isOnlyByGreeting) step('dropped')
          else refuse(why)
        },
      })
      socket = mine.socket
      start('connect', CONNECT_MS_MAX, () => step('dropped'))
    },
    sayHello() {
      askedAtMs = [deps.offline.passedMs()]
      limits.clear()
      send({ type: 'hello', protoMin: PROTO_MIN, protoMax: takesSnapshots ? PROTO_MAX : PROTO_MIN, build: deps.build, device: deps.device, pendingCount: outbox.counts().waitingCount })
    },
    follow() {
      stop('connect')
      backOff.restart()
      pusher = createPusher({
        store, outbox, clock, dice,
        epochOf: (space) => {
          const one = spaces.get(space)
          return one && takesPushes(one.state) ? one.row.epoch : null
        },
        isRechecking: (space) => spaces.get(space)?.row.rechecking ?? false,
        send: (messages) => {
          send(...messages)
          if (!timers.answer) awaitAnswer()
        },
      })
      listen()
      deps.isUp(true)
      for (const one of spaces.values()) if (one.row.role !== null) subscriptionStep(one, 'scoped')
    },
    hangUp() {
      for (const name of ['connect', 'silence', 'answer', 'woken'] as const) stop(name)
      socket?.dispose()
      socket = null
      inbox = []
      pusher?.dispose()
      pusher = null
      for (const one of spaces.values()) subscriptionStep(one, 'disconnected')
      outbox.recall()
      deps.isUp(false)
    },
    backOff() {
      start('backOff', backOff.nextMs(), () => step('tryNow'))
    },
    calmDown: () => stop('backOff'),
  }

  function step(event: ConnectionEvent): void {
    const next = CONNECTION_STEPS[state][event]
    if ('ignored' in next) return
    state = next.to
    if (state !== 'blocked') blockedBy = null
    for (const effect of next.effects) effects[effect]()
    deps.changed()
  }
  function refuse(why: string): void {
    step('refused')
    if (state === 'blocked') blockedBy = why
    deps.changed()
  }

  function send(...messages: UpMessage[]): void {
    const frame = encodeUp(...messages)
    uplink.sentBytes += frame.length
    socket?.send(frame)
  }
  function ping(): void {
    askedAtMs.push(deps.offline.passedMs())
    const { waitingCount, oldestStoredAt } = outbox.counts()
    send({ type: 'ping', pendingCount: waitingCount, oldestPendingAgeMs: oldestStoredAt === null ? 0 : Math.max(0, clock.now() - oldestStoredAt) })
  }
  /** Something was heard: begin to count the silence anew. */
  function listen(): void {
    start('silence', PING_AFTER_MS, () => {
      ping()
      giveUpAfter('silence', SILENCE_MS_MAX - PING_AFTER_MS)
    })
  }
  /** Nobody answers before a large frame is over, and over a bad line that takes minutes: while it is leaving, it is not given up to be sent from its beginning. */
  function giveUpAfter(name: 'silence' | 'answer', delayMs: number): void {
    start(name, delayMs, () => (uplink.stillBeats * BEAT_MS < MOVED_MS_MAX ? giveUpAfter(name, MOVED_MS_MAX) : step('dropped')))
  }
  /** A line that is open in one direction only lets others' entries through and swallows ours. */
  function awaitAnswer(): void {
    giveUpAfter('answer', SILENCE_MS_MAX)
  }

  /** Nobody tells a laptop that it slept: a beat that comes much too late does. */
  function beat(): void {
    const at = clock.now()
    start('beat', BEAT_MS, () => {
      lookAtUplink()
      if (clock.now() - at >= SLEPT_MS_MIN) woke()
      askForContact()
      beat()
    })
  }
  /** The line may have died while nobody listened, and its timers stood still: it is asked now, not when the silence has lasted long enough. */
  function woke(): void {
    backOff.restart()
    if (state === 'waiting') step('tryNow')
    else if (state === 'connecting' || state === 'hello') start('connect', WOKEN_MS_MAX, () => step('dropped'))
    else if (state === 'up') askLine()
  }
  /** Where much is said nobody asks; a limit counts from answers. */
  function askForContact(): void {
    if (state === 'up' && askedAtMs.length === 0 && deps.offline.passedMs() - contactAtMs >= CONTACT_MS && [...limits.values()].some((daysMax) => daysMax !== null)) ping()
  }
  function askLine(): void {
    ping()
    awaitPong()
  }
  function awaitPong(): void {
    start('woken', WOKEN_MS_MAX, () => step('dropped'))
  }

  // ── Frames ──

  function receive(frame: Uint8Array): void {
    if (state === 'up') listen()
    try {
      const messages = decodeDown(frame)
      if (messages.some(({ type }) => type === 'pong')) stop('woken')
      // What had arrived before the sleep says nothing about the line now; what goes on arriving does.
      else if (timers.woken) awaitPong()
      inbox.push(...messages)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return refuse('protocol')
    }
    if (!isDraining) void drain()
  }

  async function drain(): Promise<void> {
    isDraining = true
    const mine = socket
    try {
      while (inbox.length > 0 && socket === mine) {
        const message = must(inbox.shift(), 'just counted')
        if (message.type === 'entries') await received(joinRuns(message))
        else await handle(message)
      }
    } catch (error) {
      if (!(error instanceof Unexpected)) deps.storeFailed(error)
      // Whatever was not stored is asked for again on the next connection.
      if (socket === mine) step('dropped')
    } finally {
      isDraining = false
    }
    if (inbox.length > 0) void drain()
  }

  /** Takes the runs that follow in the queue along, so that a burst is one transaction. */
  function joinRuns(first: Down<'entries'>): Down<'entries'> {
    let run = first
    for (;;) {
      const next = inbox[0]
      if (next?.type !== 'entries' || next.space !== run.space || next.epoch !== run.epoch) return run
      if (run.entries.length + next.entries.length > ENTRIES_BATCH_COUNT_MAX) return run
      inbox.shift()
      run = { ...next, entries: [...run.entries, ...next.entries] }
    }
  }

  async function handle(message: Exclude<DownMessage, { type: 'entries' }>): Promise<void> {
    switch (message.type) {
      case 'welcome':
        // Somebody else signed in in this browser: what is stored here is not theirs.
        if (message.who.user !== deps.me.user) return refuse('signedOut')
        answeredNow()
        return step('welcomed')
      case 'scope':
        return scoped(message)
      case 'subbed':
        return subbed(message)
      case 'erased':
        spaces.get(message.space)?.erased.push(message)
        return
      case 'epoch': {
        const one = spaces.get(message.space)
        // Also when it names the log that we follow: whoever subscribed just after it was replaced is told all the same, and follows nothing any more.
        if (one) subscriptionStep(one, 'replaced')
        return
      }
      case 'ack':
        await pusher?.acknowledged(message.upToN)
        return answered()
      case 'nack':
        await pusher?.refused(message.n, message.code, message.retryAfterMs, message.reason)
        return answered()
      case 'present':
      case 'itemEntries':
        return deps.heard(message)
      case 'pong':
        answeredNow()
        return deps.offline.confirmed(limits, contactAtMs)
      case 'snapshot':
        return snapshotArrived(message)
      case 'sifted':
        return siftedArrived(message)
    }
  }
  function answered(): void {
    if (pusher && pusher.inFlightCount > 0) awaitAnswer()
    else stop('answer')
  }

  // ── Spaces ──

  function subscriptionStep(one: Followed, event: SubscriptionEvent): void {
    const next = SUBSCRIPTION_STEPS[one.state][event]
    if ('ignored' in next) return
    one.state = next.to
    if (event === 'resume' || event === 'recover') one.isHeard = true
    else if (event === 'disconnected') one.isHeard = false
    const { row } = one
    for (const effect of next.effects) {
      switch (effect) {
        case 'subscribe':
          one.erased = []
          one.leap = null
          one.unseen = new Set()
          send({ type: 'sub', space: row.space, epoch: row.epoch === NO_ID ? (row.formerEpoch ?? NO_ID) : row.epoch, cursor: row.cursor, tailHash: row.tailHash })
          break
        case 'offer':
          pusher?.pump()
          break
        case 'recall':
          pusher?.forget(row.space)
          outbox.recall(row.space)
          break
        case 'forget':
          one.offerTimer?.dispose()
          one.offerTimer = null
          one.behindCount = 0
          break
        case 'finishRecheck':
          if (row.rechecking) finishRecheck(one)
          break
        case 'recheck':
          break // the store's part is awaited in subbed()
      }
    }
    deps.changed()
  }

  async function keep(row: SpaceRow): Promise<Followed> {
    await store.putSpace(row)
    let one = spaces.get(row.space)
    if (one) one.row = row
    else spaces.set(row.space, (one = newFollowed(row)))
    return one
  }

  async function scoped({ space, role, kind, name, offlineDaysMax }: Down<'scope'>): Promise<void> {
    const mine = socket
    const known = spaces.get(space)
    if (role === null) {
      limits.delete(space)
      deps.offline.forget(space)
      if (!known || known.row.role === null) return
      subscriptionStep(known, 'roleLost')
      await store.removeSpace(space)
      known.row = withoutRight(known.row)
      await outbox.readAll()
      return
    }
    const row: SpaceRow = known
      ? { ...known.row, role, kind, name }
      : { space, role, kind, name, epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH, head: 0, rechecking: false }
    const isSame = known && known.row.role === role && known.row.kind === kind && known.row.name === name
    const one = isSame ? known : await keep(row)
    limits.set(space, offlineDaysMax)
    deps.offline.confirmed([[space, offlineDaysMax]], contactAtMs)
    // The connection may have gone while that was stored. The next one asks for every space; asked here, it would be taken for asked there.
    if (socket === mine) subscriptionStep(one, 'scoped')
  }

  async function subbed({ space, epoch, head, mode, commonSeq }: Down<'subbed'>): Promise<void> {
    const one = spaces.get(space)
    if (!one || one.state !== 'asked') return
    const { row } = one
    const mine = socket
    // With a right that came back nothing is here but edits that were never sent: they hear what was erased meanwhile, as those of a known log do.
    const isFirst = row.epoch === NO_ID && (mode === 'resume' || row.formerEpoch === undefined)
    if (isFirst || (mode === 'resume' && epoch === row.epoch)) {
      // The head alone is not worth a write: it is told again at every connection.
      if (isFirst) await keep({ ...row, epoch, head, cursor: 0, tailHash: EMPTY_TAIL_HASH })
      else one.row = { ...row, head }
      // Read before anything is sent to this log: what it acknowledges from here on may come after that head.
      const { acknowledged } = await adrift(one.row)
      if (socket !== mine) return
      one.unseen = new Set(acknowledged.map(({ entry }) => entry))
      subscriptionStep(one, 'resume')
    } else {
      subscriptionStep(one, 'recover')
      const common = Math.min(commonSeq, row.cursor)
      const tailHash = common === row.cursor ? row.tailHash : common === 0 ? EMPTY_TAIL_HASH : UNKNOWN_TAIL_HASH
      await outbox.bringBack((await store.archive(space)).length, () => store.recheckSpace(space, epoch, common, tailHash, erasingOf(one.erased)))
      one.row = { ...row, epoch, head, cursor: common, tailHash, rechecking: true }
      if (socket !== mine) return
      subscriptionStep(one, 'rechecked')
    }
    one.behindCount = Math.max(0, head - one.row.cursor)
    if (one.behindCount === 0) await level(one)
  }

  /**
   * Entries that have no place in the log and do not wait to be sent: those that the relay acknowledged, where one may still write, and own ones of which
   * nothing else is known, because the row that waited vanished from this laptop (a record that went bad): those go to the relay, or are refused and shown.
   * An own act from before the archive's days may be one that was taken and lost again with the relay, and is not repeated; of what others wrote the
   * re-check decides.
   */
  async function adrift(row: SpaceRow): Promise<{ acknowledged: StoredEntry[]; forgotten: StoredEntry[] }> {
    const unplaced = (await store.unplaced(row.space)).filter(({ entry }) => !offeredBesideSnapshot.has(entry))
    if (unplaced.length === 0) return { acknowledged: [], forgotten: [] }
    const archived = new Set((await store.archive(row.space)).map(({ entry }) => entry))
    const isRecent = ({ clientTime }: StoredEntry): boolean => clientTime > clock.now() - ARCHIVE_DAYS * DAY_MS
    return {
      acknowledged: may(row.role, 'item.write') ? unplaced.filter(({ entry }) => archived.has(entry)) : [],
      forgotten: unplaced.filter((one) => !archived.has(one.entry) && one.author === me.user && (one.part !== 'act' || isRecent(one))),
    }
  }
  /** A snapshot from the relay may hold some of them and does not say so: beside one they are offered once in the life of an engine, not at every connection. */
  const offeredBesideSnapshot = new Set<EntryId>()
  /**
   * Everything up to the head that was told is here. A relay whose folder was put back to an earlier image of itself has the same epoch, and the same
   * entries up to our cursor: that it lost what it acknowledged after that shows only by this.
   */
  async function level(one: Followed): Promise<void> {
    const { unseen } = one
    if (unseen.size > 0 && one.row.cursor >= one.row.head) {
      one.unseen = new Set()
      const lost = (await adrift(one.row)).acknowledged.filter(({ entry }) => unseen.has(entry))
      // Before it counts as level: no moment shows less than waits.
      if (lost.length > 0) await outbox.bringBack(lost.length, () => store.unarchive(one.row.space, lost.map(({ entry }) => entry)))
      for (const { item, part, entry } of lost) if ((await store.entriesOf(item, part)).snapshot?.adopted) offeredBesideSnapshot.add(entry)
    }
    subscriptionStep(one, 'level')
  }

  async function received({ space, epoch, entries, cursorAfter, tailHashAfter, more }: Down<'entries'>): Promise<void> {
    const one = spaces.get(space)
    if (!one || !takesPushes(one.state) || epoch !== one.row.epoch) return
    const { row } = one
    const fresh = entries.filter(({ seq }) => seq > row.cursor)
    fresh.forEach((entry, i) => {
      if (entry.seq !== row.cursor + 1 + i) throw new Unexpected('hole in the log')
    })
    if (cursorAfter !== row.cursor + fresh.length && cursorAfter > row.cursor) throw new Unexpected('cursor beyond the entries')
    if (fresh.length > 0) {
      if (row.tailHash.length > 0) {
        let hash = row.tailHash
        for (const { seq, entry, payload } of fresh) hash = nextTailHash(hash, seq, entry, sha256(payload))
        if (!bytesEqual(hash, tailHashAfter)) throw new Unexpected('tail hash differs')
      }
      await keepRun(one, fresh, cursorAfter, tailHashAfter)
    }
    await came(one, more)
  }

  async function keepRun(one: Followed, entries: Down<'entries'>['entries'], cursorAfter: number, tailHashAfter: Uint8Array, cursorBefore?: number): Promise<void> {
    const { space, epoch } = one.row
    const verdict = await store.putRun(space, epoch, entries.map((entry) => ({ ...entry, space, epoch })), cursorAfter, tailHashAfter, cursorBefore)
    if (verdict === 'stale') return begunElsewhere(one)
    one.row = { ...one.row, cursor: cursorAfter, tailHash: tailHashAfter, head: Math.max(one.row.head, cursorAfter) }
  }
  /** Another tab of this profile went on with this space: begin again from what is stored. */
  async function begunElsewhere(one: Followed): Promise<never> {
    const stored = (await store.spaces()).find((candidate) => candidate.space === one.row.space)
    if (stored) one.row = stored
    throw new Unexpected('another tab moved on')
  }
  async function came(one: Followed, more: boolean): Promise<void> {
    // Only more of a catch-up needs credit. Confirming every live frame was a fifth of the relay's work in a fan-out.
    if (more) send({ type: 'recv', space: one.row.space, cursor: one.row.cursor })
    one.behindCount = more ? Math.max(1, one.row.head - one.row.cursor) : 0
    if (more) subscriptionStep(one, 'behind')
    else await level(one)
  }

  // ── Snapshots ──

  async function snapshotArrived({ space, item, part, toSeq, payload, last }: Down<'snapshot'>): Promise<void> {
    const one = spaces.get(space)
    if (!one || !takesPushes(one.state)) return
    const leap = (one.leap ??= newLeap())
    const key = `${item}/${part}`
    // Pieces of another one are over: the relay had something newer half-way, and sends the entries.
    if (leap.arriving?.key !== key || leap.arriving.toSeq !== toSeq) leap.arriving = { key, toSeq, pieces: [], bytes: 0 }
    const { arriving } = leap
    arriving.pieces.push(payload)
    arriving.bytes += payload.length
    if (arriving.bytes > SNAPSHOT_BYTES_MAX + PAYLOAD_BYTES_MAX) return refuseSnapshots()
    if (!last) return
    leap.arriving = null
    const { epoch, cursor } = one.row
    const adopted = await deps.adopt({ space, epoch, item, part, toSeq, body: concatBytes(arriving.pieces) })
    if (adopted === 'stale') return begunElsewhere(one)
    if (adopted === 'refused') return refuseSnapshots()
    leap.coveredUpTo.set(key, toSeq)
    send({ type: 'recv', space, cursor })
  }
  function refuseSnapshots(): never {
    takesSnapshots = false
    throw new Unexpected('a snapshot that cannot be used')
  }

  async function siftedArrived({ space, epoch, cursorBefore, entries, cursorAfter, tailHashAfter, more }: Down<'sifted'>): Promise<void> {
    const one = spaces.get(space)
    if (!one || !takesPushes(one.state) || epoch !== one.row.epoch) return
    const { row, leap } = one
    if (!leap || cursorBefore !== row.cursor || cursorAfter <= cursorBefore) throw new Unexpected('a run that does not follow')
    const isCovered = (item: ItemId, seq: number): boolean => PARTS.some((part) => (leap.coveredUpTo.get(`${item}/${part}`) ?? 0) >= seq)
    const lastOfItem = new Map<ItemId, number>()
    let before = cursorBefore
    for (const { item, seq, prevItemSeq } of entries) {
      if (seq <= before || seq > cursorAfter) throw new Unexpected('entries out of order')
      // What is missing of an item between two of its entries must be in a snapshot that is stored.
      if (prevItemSeq > cursorBefore && lastOfItem.get(item) !== prevItemSeq && !isCovered(item, prevItemSeq)) throw new Unexpected('hole in an item')
      lastOfItem.set(item, seq)
      before = seq
    }
    await keepRun(one, entries, cursorAfter, tailHashAfter, cursorBefore)
    await came(one, more)
  }

  /** All of the new log is here. What it lacks of others is offered by us too, after their authors had the time to do so themselves. */
  function finishRecheck(one: Followed): void {
    one.offerTimer?.dispose()
    one.offerTimer = clock.after(Math.ceil(OFFER_OTHERS_AFTER_MS * (1 + fraction(dice))), () => {
      one.offerTimer = null
      offerOthers(one).catch((error: unknown) => {
        deps.storeFailed(error)
        // The disk was full: as long as this log is followed, the question stays open.
        if (takesPushes(one.state)) finishRecheck(one)
      })
    })
  }
  async function offerOthers(one: Followed): Promise<void> {
    const { epoch, space } = one.row
    if (one.state === 'live' && may(one.row.role, 'item.write')) {
      // An act is its author's own step: nobody else can take it.
      const lost = (await store.unplaced(space)).filter(({ part }) => part !== 'act')
      if (lost.length > 0) {
        await outbox.bringBack(lost.length, () => store.offerAgain(lost.map(({ entry }) => entry), clock.now()))
      }
    }
    // Still the same log, and everything that could be offered waits in the outbox: the rest is ordinary sending.
    if (one.row.epoch === epoch && one.state === 'live') {
      // Not the whole row: entries that are being stored at this moment move its cursor.
      await store.finishRecheck(space, epoch)
      if (one.row.epoch === epoch) one.row = { ...one.row, rechecking: false }
    }
    deps.changed()
  }

  for (const row of await store.spaces()) spaces.set(row.space, newFollowed(row))
  /** The store keeps nothing waiting for a space whose right was lost. Earlier builds did: there is nobody to send it to. */
  const parkLost = async (): Promise<void> => {
    const lost = [...outbox.rows()].filter(({ row, state: edit }) => edit === 'laptop' && spaces.get(row.space)?.row.role === null)
    for (const { row } of lost) {
      await store.park(row.entry, 'forbidden', RIGHT_LOST)
      outbox.step(row.entry, 'refused', { code: 'forbidden', reason: RIGHT_LOST })
    }
  }

  /** What waited in rows that vanished waits again, before anything is said about it. */
  const waitAgain = async (rows: readonly SpaceRow[]): Promise<void> => {
    const forgotten: EntryId[] = []
    for (const row of rows) if (row.role !== null) forgotten.push(...(await adrift(row)).forgotten.map(({ entry }) => entry))
    if (forgotten.length > 0) await outbox.bringBack(forgotten.length, () => store.offerAgain(forgotten, clock.now()))
  }

  let isElected = false
  /** Another tab led until now: what it stored is where this one begins. */
  const takeOver = async (): Promise<void> => {
    await unlessRefused(store.countRows())
    const rows = await store.spaces()
    await unlessRefused(waitAgain(rows))
    for (const row of rows) {
      const known = spaces.get(row.space)
      if (known) known.row = row
      else spaces.set(row.space, newFollowed(row))
    }
    await outbox.readAll()
    await parkLost()
    if (!isElected) return
    step('lead')
    deps.leads()
  }
  const campaign = deps.leadership.campaign(
    () => {
      isElected = true
      beat()
      takeOver().catch(deps.storeFailed)
    },
    () => {
      isElected = false
      stop('beat')
      deps.flush()
      step('leadLost')
    },
  )

  return {
    view() {
      const behindCount = [...spaces.values()].reduce((sum, one) => sum + one.behindCount, 0)
      // Whether the log that it knows is still the relay's: until that is said, nothing may count as being there.
      const asked = [...spaces.values()].filter((one) => one.row.role !== null && one.row.epoch !== NO_ID && one.state === 'asked')
      const isGreeted = state === 'up' && asked.every(({ isHeard }) => isHeard)
      const connection = isGreeted ? 'live' : state === 'up' || state === 'connecting' || state === 'hello' ? 'connecting' : state === 'blocked' ? 'blocked' : 'offline'
      const isLevel = state === 'up' && [...spaces.values()].every((one) => one.row.role === null || one.state === 'live')
      const isRechecking = asked.some(({ isHeard }) => isHeard) || [...spaces.values()].some((one) => one.state === 'rechecking')
      return { connection, blockedBy, behindCount, follower: state === 'follower', isDetour: state === 'up' && (socket?.isDetour ?? false), isLevel, isRechecking }
    },
    pump() {
      pusher?.pump()
    },
    tryNow: () => (state === 'up' ? askLine() : step('tryNow')),
    rewound(space) {
      const one = spaces.get(space)
      if (!one) return
      one.row = { ...one.row, cursor: 0, tailHash: EMPTY_TAIL_HASH }
      step('dropped')
    },
    send(...messages) {
      if (state !== 'up') return false
      send(...messages)
      return true
    },
    get isLeading() {
      return state !== 'follower' && state !== 'ended'
    },
    dispose() {
      for (const one of spaces.values()) one.offerTimer?.dispose()
      step('end')
      campaign.dispose()
      stop('backOff')
      stop('beat')
    },
  }
}
