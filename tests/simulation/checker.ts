/**
 * The one judge. It sees what passes at the seams — commits of the log, writes of the local stores, frames on the links, status shown —
 * as plain data, keeps its own model of what must be true, and names every breach by the invariant of the protocol (1–11). It holds
 * no reference to product objects and asks them nothing; `verdict.ts` adds the comparison of contents when all is quiet.
 */
import type { EngineStore, OutboxRow, SpaceRow, StoredEntry } from '../../client/engine/store.ts'
import type { SyncStatus } from '../../client/engine/api.ts'
import type { AppendRequest, AppendResult, CommittedRun } from '../../server/store/log.ts'
import { bytesEqual, concatBytes } from '../../shared/base/bytes.ts'
import { NO_ID, type EntryId, type Epoch, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { OPERATION_OF_ACT, readAct } from '../../shared/model/acts.ts'
import type { Entry, NewEntry, Part } from '../../shared/model/entries.ts'
import { isRetry } from '../../shared/model/errors.ts'
import type { Operation } from '../../shared/model/grants.ts'
import { decodeDown, decodeUp } from '../../shared/protocol/codec.ts'
import type { DownMessage, UpMessage } from '../../shared/protocol/messages/index.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { tokensIn, tokensInBytes } from './tokens.ts'
import { createWritten, nativeSha256 } from './written.ts'

export const RULES = {
  1: 'an acknowledged entry is in a synced commit',
  2: 'seq is dense, fan-out follows commit, the chain of each item is unbroken',
  3: 'the cursor never runs ahead of what is stored',
  4: 'a row leaves the outbox only on an acknowledgement of its epoch',
  5: 'an entry is in the log at most once, and only if somebody wrote it',
  6: 'a snapshot equals the entries it stands for',
  7: 'nobody reads or writes without the right of that moment',
  8: 'equal place means equal content',
  9: 'a refused entry blocks its item only and is kept',
  10: 'the status is never better than the truth',
  11: 'nothing is parked unseen, and all becomes quiet',
  C6: 'never half of a linked pair',
  ERA: 'what was erased for good comes back to nobody, and nothing else is touched',
} as const
export type Rule = keyof typeof RULES

export interface Violation {
  rule: Rule
  what: string
  time: number
}

interface SpaceModel {
  epoch: Epoch
  entries: Entry[]
  /** tailHashes[seq] holds after entry seq; [0] is the empty log. */
  tailHashes: Uint8Array[]
  byEntry: Map<EntryId, Entry>
  lastOfItem: Map<ItemId, number>
}

export interface Minted {
  device: number
  tab: string
  user: UserId
  space: SpaceId
  item: ItemId
  part: NewEntry['part']
  tokens: readonly string[]
  payload: Uint8Array
}

export interface DeviceModel {
  /** Local edits that must still be in the outbox. */
  waiting: Set<EntryId>
  parked: Map<EntryId, { code: string; reason: string; at: number; by: string }>
  discarded: Set<EntryId>
  acknowledged: Map<EntryId, Epoch>
  /** Of which the row that waited went bad, and that nobody has found again yet. */
  vanished: Set<EntryId>
  /** Entries of which a snapshot holds the content: their own rows may be gone. */
  merged: Set<EntryId>
  /** The same for snapshots that came from the relay, by item and part: let go when the log turns out to be another one. */
  adopted: Map<string, { space: SpaceId; entries: readonly EntryId[] }>
  /** Entries of which this laptop had the content in such a snapshot that it had to let go, and never the entry itself. */
  onlyGiven: Set<EntryId>
  /** In which order entries came to be here, written or received: what is refused holds back what came later, and nothing that was here before it. */
  arrivals: Map<EntryId, number>
  arrivalsCount: number
  /** Where entries that are here themselves stand in the log that this laptop follows. */
  placed: Map<EntryId, number>
  cursors: Map<SpaceId, { epoch: Epoch; cursor: number }>
  /** Spaces whose right was lost, until it is given back: what is typed into them is refused where it is stored, and stays so. */
  closed: Set<SpaceId>
  /** Virtual time of the last change of waiting or parked, by the tab that made it. */
  changedAt: Map<string, number>
  /** How often they changed. */
  changesCount: number
  /** By tab, the status that was found to be true, with nothing that time alone could change: it is looked at again when one of the two is another. */
  foundTrue: Map<string, { status: SyncStatus; changesCount: number }>
}

interface Subscription {
  epoch: Epoch
  /** Cursor the laptop gave in SUB; replaced by commonSeq on recover. */
  from: number
  last: number
  lastOfItem: Map<ItemId, number>
  isAnswered: boolean
  /** Snapshots that arrived whole: last seq that each stands for, by item and part. */
  covered: Map<string, number>
}
interface ConnectionModel {
  device: number
  user: UserId
  pushes: Map<number, { space: SpaceId; entry: EntryId; item: ItemId; isLast: boolean }>
  refused: Set<number>
  ackedUpTo: number
  lastPushed: number
  subscriptions: Map<SpaceId, Subscription>
  /** Snapshots that were sent whole since the last SUBBED of the space, and the pieces of the one under way. */
  sentSnapshots: Map<SpaceId, Map<string, number>>
  pieces: Uint8Array[]
}

export interface CheckerDeps {
  now(): number
  may(user: UserId, space: SpaceId, operation: Operation): boolean
  spaceOfToken(token: string): SpaceId | null
  /** All that an item says, in one canonical text, from its entries. */
  saysOf(entries: readonly Entry[]): { prose: string; all: string }
  /** Those in a payload, also where they do not lie in plain sight. */
  tokensOf(entry: Pick<NewEntry, 'part' | 'payload'>): readonly string[]
  /** Null when a snapshot says what the entries say that it stands for. */
  snapshotFault(part: Part, body: Uint8Array, entries: readonly Entry[], writerOf: (entry: EntryId) => UserId | null): string | null
  report(violation: Violation): void
}

/** How late a tab may show what another tab of the laptop stored, and what itself did: less than an eye can tell. */
export const FOREIGN_TAB_LAG_MS = 300
const HEARING_MS = 20

const DENSE_LIMIT = 8
const NO_HASH = new Uint8Array(0)

/** A frame arrives as it was sent, and a run goes to many: what is in it is read once. */
const once = <T>(read: (frame: Uint8Array) => T): ((frame: Uint8Array) => T) => {
  const known = new WeakMap<Uint8Array, T>()
  return (frame) => {
    let found = known.get(frame)
    if (found === undefined) known.set(frame, (found = read(frame)))
    return found
  }
}
const readDown = once(decodeDown)
const readUp = once(decodeUp)

export type Checker = ReturnType<typeof createChecker>

export function createChecker(deps: CheckerDeps) {
  const spaces = new Map<SpaceId, SpaceModel>()
  /** By epoch; more than one where the relay was put back to an image of itself, and the log went by that name before. */
  const pastLogs = new Map<Epoch, SpaceModel[]>()
  const minted = new Map<EntryId, Minted>()
  const devices = new Map<number, DeviceModel>()
  const connections = new Map<number, ConnectionModel>()
  const spaceOfItem = new Map<ItemId, SpaceId>()
  const written = createWritten()
  /** Logs that an erasure replaced, of which the relay has not heard. */
  const unheard = new Map<Epoch, SpaceModel>()
  /** Who might write an entry when the disk was asked for it. That is the last moment at which a relay can say no: nobody takes back what a disk is doing. */
  const mightWrite = new Set<string>()
  /** Refused entries about which a person has decided. */
  const chosen = new Set<EntryId>()
  let reported = 0
  let restoredCount = 0
  const putBack = new Set<SpaceId>()

  const breach = (rule: Rule, what: string): void => {
    if (reported++ < DENSE_LIMIT) deps.report({ rule, what, time: deps.now() })
  }
  const short = (id: string): string => id.slice(0, 8)

  const emptySpace = (epoch: Epoch): SpaceModel => ({ epoch, entries: [], tailHashes: [EMPTY_TAIL_HASH], byEntry: new Map(), lastOfItem: new Map() })
  const addEntry = (model: SpaceModel, entry: Entry): void => {
    const back = written.isErasedWhole(entry.item) ? 'an item that was erased' : written.erasedIn(entry.part, entry.payload)
    if (back !== null) breach('ERA', `entry ${short(entry.entry)} brought ${back} into the log`)
    model.entries.push(entry)
    model.tailHashes.push(nextTailHash(model.tailHashes[model.tailHashes.length - 1]!, entry.seq, entry.entry, nativeSha256(entry.payload), nativeSha256))
    model.byEntry.set(entry.entry, entry)
    model.lastOfItem.set(entry.item, entry.seq)
  }
  const keepPast = (log: SpaceModel): void => void pastLogs.set(log.epoch, [...(pastLogs.get(log.epoch) ?? []), log])
  /** The log that has this epoch now, and those that had it before. */
  const logsOf = (space: SpaceId, epoch: Epoch | undefined): SpaceModel[] => {
    const now = spaces.get(space)
    return [...(now && now.epoch === epoch ? [now] : []), ...(pastLogs.get(epoch ?? NO_ID) ?? [])]
  }
  const device = (index: number): DeviceModel => {
    let model = devices.get(index)
    if (!model) {
      model = { waiting: new Set(), parked: new Map(), discarded: new Set(), acknowledged: new Map(), vanished: new Set(), merged: new Set(), adopted: new Map(), onlyGiven: new Set(), arrivals: new Map(), arrivalsCount: 0, placed: new Map(), cursors: new Map(), closed: new Set(), changedAt: new Map(), changesCount: 0, foundTrue: new Map() }
      devices.set(index, model)
    }
    return model
  }
  const arrived = (model: DeviceModel, entry: EntryId): void => {
    if (!model.arrivals.has(entry)) model.arrivals.set(entry, ++model.arrivalsCount)
    model.onlyGiven.delete(entry)
  }
  const changed = (model: DeviceModel, tab: string): void => {
    model.changedAt.set(tab, deps.now())
    model.changesCount++
  }
  const operationOf = (entry: NewEntry): Operation => {
    if (entry.part !== 'act') return 'item.write'
    const act = readAct(entry.payload)
    return act.ok ? OPERATION_OF_ACT[act.value.kind] : 'item.write'
  }

  /** Bytes of a space on their way to somebody: invariant 7 at the moment of sending. */
  const mayRead = (connection: ConnectionModel, space: SpaceId, what: string): void => {
    if (!deps.may(connection.user, space, 'space.read')) breach(7, `${what} of space ${short(space)} sent to user ${short(connection.user)}, who may not read it`)
  }

  function checkSentEntries(connection: ConnectionModel, message: Extract<DownMessage, { type: 'entries' }>): void {
    mayRead(connection, message.space, 'entries')
    const now = spaces.get(message.space)
    // Between the commit of an erasure and the moment in which the relay hears of it, it goes on with the log that was: with that one exactly.
    const model = now?.epoch === message.epoch ? now : unheard.get(message.epoch)
    if (!model) return breach(2, `entries of an epoch that is not the log's were sent for space ${short(message.space)}`)
    for (const sent of message.entries) {
      const there = model.entries[sent.seq - 1]
      if (!there) breach(2, `entry ${short(sent.entry)} was sent as seq ${sent.seq} before that was committed`)
      else if (there.entry !== sent.entry || !bytesEqual(there.payload, sent.payload) || there.author !== sent.author || there.item !== sent.item || there.prevItemSeq !== sent.prevItemSeq)
        breach(2, `entry ${short(sent.entry)} was sent as seq ${sent.seq}, where the log has ${short(there.entry)} or other bytes`)
    }
    const last = message.entries[message.entries.length - 1]
    if (last && message.cursorAfter !== last.seq) breach(3, `cursorAfter ${message.cursorAfter} behind a run that ends at ${last.seq}`)
    const hash = model.tailHashes[message.cursorAfter]
    if (hash && !bytesEqual(hash, message.tailHashAfter)) breach(2, `tail hash sent with cursor ${message.cursorAfter} is not the log's`)
  }

  /** One snapshot goes to many laptops, byte by byte the same: it is judged once. */
  const judged = new Map<string, { body: Uint8Array; fault: string | null }>()
  function snapshotFault(model: SpaceModel, item: ItemId, part: Part, toSeq: number, body: Uint8Array): string | null {
    const label = `${model.epoch}/${item}/${part}/${toSeq}`
    const before = judged.get(label)
    if (before && bytesEqual(before.body, body)) return before.fault
    const fault = deps.snapshotFault(part, body, model.entries.filter((entry) => entry.item === item && entry.part === part && entry.seq <= toSeq), (entry) => minted.get(entry)?.user ?? null)
    judged.set(label, { body, fault })
    return fault
  }

  /** Invariant 6, and 2 for what is left out because of it. */
  function checkSentSnapshot(connection: ConnectionModel, message: Extract<DownMessage, { type: 'snapshot' }>): void {
    mayRead(connection, message.space, 'a snapshot')
    connection.pieces.push(message.payload)
    if (!message.last) return
    const body = concatBytes(connection.pieces)
    connection.pieces = []
    const { space, item, part, fromSeq, toSeq } = message
    const model = spaces.get(space)
    if (!model || toSeq > model.entries.length || fromSeq !== 1) return breach(6, `a snapshot up to ${toSeq} was sent of a log of ${model?.entries.length ?? 0}`)
    const back = written.erasedIn(part, body)
    if (back !== null) breach('ERA', `a snapshot with ${back}, which was erased, was sent to user ${short(connection.user)}`)
    const fault = snapshotFault(model, item, part, toSeq, body)
    if (fault) breach(6, `snapshot of ${part} of item ${short(item)} up to ${toSeq}: ${fault}`)
    const sent = connection.sentSnapshots.get(space) ?? new Map<string, number>()
    connection.sentSnapshots.set(space, sent.set(`${item}/${part}`, toSeq))
  }

  function checkSentSifted(connection: ConnectionModel, message: Extract<DownMessage, { type: 'sifted' }>): void {
    const { space, cursorBefore, cursorAfter, entries } = message
    // Everything that holds for a run holds for what is in this one.
    const last = entries[entries.length - 1]
    checkSentEntries(connection, { ...message, type: 'entries', cursorAfter: last?.seq ?? cursorAfter, tailHashAfter: spaces.get(space)?.tailHashes[last?.seq ?? cursorAfter] ?? message.tailHashAfter })
    const model = spaces.get(space)
    if (!model || model.epoch !== message.epoch) return
    const hash = model.tailHashes[cursorAfter]
    if (!hash || !bytesEqual(hash, message.tailHashAfter)) breach(2, `tail hash sent with cursor ${cursorAfter} is not the log's`)
    const there = new Set(entries.map(({ seq }) => seq))
    const sent = connection.sentSnapshots.get(space)
    for (const { seq, item, part } of model.entries.slice(cursorBefore, cursorAfter))
      if (!there.has(seq) && (sent?.get(`${item}/${part}`) ?? 0) < seq) return breach(2, `seq ${seq} was left out, and no snapshot stands for it`)
  }

  function checkTokensOnWire(connection: ConnectionModel, frame: Uint8Array): void {
    for (const token of tokensInBytes(frame)) {
      const space = deps.spaceOfToken(token)
      if (written.goneTokens.has(token)) breach('ERA', `token ${token} sent to user ${short(connection.user)} after it was erased`)
      if (!space) breach(5, `token ${token} travels, but nobody typed it`)
      else if (!deps.may(connection.user, space, 'space.read')) breach(7, `token ${token} sent to user ${short(connection.user)}, who may not read its space`)
    }
  }

  /** The chain of each item goes on over what is left out: a snapshot that arrived stands for it. */
  function arrivedSifted(id: number, connection: ConnectionModel, message: Extract<DownMessage, { type: 'sifted' }>): void {
    const subscription = connection.subscriptions.get(message.space)
    if (!subscription?.isAnswered) return
    if (message.cursorBefore !== subscription.last) breach(2, `a run from ${message.cursorBefore} arrived after ${subscription.last} on connection ${id}`)
    const model = logsOf(message.space, message.epoch).find(({ tailHashes }) => bytesEqual(tailHashes[message.cursorAfter] ?? NO_HASH, message.tailHashAfter))
    const there = new Set(message.entries.map(({ seq }) => seq))
    for (const { seq, item, part } of (model?.entries ?? []).slice(message.cursorBefore, message.cursorAfter)) {
      if (!there.has(seq) && (subscription.covered.get(`${item}/${part}`) ?? 0) < seq) breach(2, `seq ${seq} was left out on connection ${id}, and no snapshot arrived that stands for it`)
      subscription.lastOfItem.set(item, seq)
    }
    subscription.last = message.cursorAfter
  }

  function checkAck(connection: ConnectionModel, upToN: number): void {
    for (let n = connection.ackedUpTo + 1; n <= upToN; n++) {
      const push = connection.pushes.get(n)
      if (!push) {
        breach(1, `push ${n} acknowledged, which was never received`)
        continue
      }
      if (connection.refused.has(n) || !push.isLast) continue
      if (!spaces.get(push.space)?.byEntry.has(push.entry)) breach(1, `entry ${short(push.entry)} acknowledged and not in a synced commit`)
    }
    connection.ackedUpTo = Math.max(connection.ackedUpTo, upToN)
  }

  return {
    minted: minted as ReadonlyMap<EntryId, Minted>,
    spaces: spaces as ReadonlyMap<SpaceId, SpaceModel>,
    deviceModel: device,
    /** How often a log was set back to an older one. */
    get restoredCount() {
      return restoredCount
    },
    wasPutBack: (space: SpaceId): boolean => putBack.has(space),
    wasEverCommitted: (entry: EntryId): boolean => [...spaces.values(), ...[...pastLogs.values()].flat()].some((model) => model.byEntry.has(entry)),
    breach,

    /** A space's log exists from now on, under this epoch; the entries it begins with were committed before. */
    logOpened(space: SpaceId, epoch: Epoch, entries: readonly Entry[]): void {
      const before = spaces.get(space)
      if (before && before.epoch === epoch) return
      if (before) {
        keepPast(before)
        restoredCount++
      }
      const model = emptySpace(epoch)
      for (const entry of entries) addEntry(model, entry)
      spaces.set(space, model)
    },

    /** The folder of the relay was put back to an image of itself: a log of the same name that has less. What was heard of the longer one was heard. */
    logPutBack(space: SpaceId, entries: readonly Entry[]): void {
      const before = spaces.get(space)
      if (!before) return breach(1, `space ${short(space)} was put back, which has no log`)
      keepPast(before)
      restoredCount++
      putBack.add(space)
      judged.clear()
      const model = emptySpace(before.epoch)
      for (const entry of entries) addEntry(model, entry)
      spaces.set(space, model)
    },

    /** The real log after a restart, read back whole: invariant 1's second half. */
    logReadBack(space: SpaceId, epoch: Epoch, entries: readonly Entry[]): void {
      const model = spaces.get(space)
      if (!model) return
      if (model.epoch !== epoch) return breach(1, `space ${short(space)} came back under another epoch without a restore`)
      for (const [index, entry] of model.entries.entries())
        if (entries[index]?.entry !== entry.entry || !bytesEqual(entries[index].payload, entry.payload)) return breach(1, `committed entry ${short(entry.entry)} (seq ${entry.seq}) is not there after a restart`)
      if (entries.length > model.entries.length) breach(1, `${entries.length - model.entries.length} entries appeared in a restart`)
    },

    /**
     * The log of a space is another one now, in one commit: without an item, or without what was deleted from its text. `seen`: the entries in which it
     * was looked up what is deleted.
     */
    logErased(space: SpaceId, epoch: Epoch, item: ItemId, mode: 'whole' | 'history', entries: readonly Entry[], seen: readonly Entry[]): void {
      const before = spaces.get(space)
      if (!before) return breach('ERA', `something was erased from space ${short(space)}, which has no log`)
      if (before.epoch === epoch) breach('ERA', `space ${short(space)} was rewritten under its old name`)
      const own = before.entries.filter((entry) => entry.item === item)
      const says = deps.saysOf(own)
      const gone = new Set(mode === 'whole' ? own.flatMap(deps.tokensOf) : seen.flatMap(({ payload }) => tokensInBytes(payload)))
      if (mode === 'history') for (const token of tokensIn(deps.saysOf(seen).prose)) gone.delete(token)
      written.erased(item, mode, gone)
      const expected = mode === 'whole' ? before.entries.filter((entry) => entry.item !== item) : before.entries
      if (entries.length !== expected.length) breach('ERA', `${expected.length} entries should be left after erasing item ${short(item)}, ${entries.length} are`)
      const model = emptySpace(epoch)
      for (const [index, entry] of entries.entries()) {
        const was = expected[index]
        if (was?.entry !== entry.entry || entry.seq !== index + 1 || entry.prevItemSeq !== (model.lastOfItem.get(entry.item) ?? 0) || entry.author !== was.author)
          return breach('ERA', `entry ${short(entry.entry)} is out of its place after erasing item ${short(item)}`)
        const origin = minted.get(entry.entry)
        const fault = entry.item === item && origin ? written.fault(origin, entry.payload, true) : bytesEqual(was.payload, entry.payload) ? null : 'has other bytes, and nothing of it was erased'
        if (fault !== null) breach('ERA', `entry ${short(entry.entry)} ${fault}`)
        addEntry(model, entry)
      }
      if (mode === 'history' && deps.saysOf(entries.filter((entry) => entry.item === item)).all !== says.all) breach('ERA', `item ${short(item)} says something else after erasing what it no longer said`)
      keepPast(before)
      unheard.set(before.epoch, before)
      spaces.set(space, model)
    },
    /** The relay knows of every erasure so far. */
    erasuresHeard: (): void => unheard.clear(),

    /** What a laptop keeps, when it has heard everything: any bytes of an item, wherever they lie. */
    keptBytes(index: number, item: ItemId, part: Part, where: string, bytes: Uint8Array): void {
      const back = written.isErasedWhole(item) ? 'an item that was erased' : written.erasedIn(part, bytes)
      if (back !== null) breach('ERA', `device ${index} keeps ${back} in its ${where}`)
    },

    isErased: (item: ItemId, token: string): boolean => written.isErasedWhole(item) || written.erasedTokens.has(token),
    isErasedWhole: written.isErasedWhole,
    tokensOf: deps.tokensOf,
    erasedIn: written.erasedIn,
    erasedItems: (): Iterable<ItemId> => written.erasedItems.keys(),

    personChose(entries: readonly EntryId[]): void {
      for (const entry of entries) chosen.add(entry)
    },

    /** The relay hands a batch to its disk. */
    asked(batch: readonly AppendRequest[]): void {
      for (const { entry, author } of batch) {
        if (deps.may(author, entry.space, operationOf(entry))) mightWrite.add(`${entry.entry}/${author}`)
        else mightWrite.delete(`${entry.entry}/${author}`)
      }
    },

    /** At the moment of the synced commit, before the relay hears of it. */
    committed(batch: readonly AppendRequest[], results: readonly AppendResult[], runs: readonly CommittedRun[]): void {
      for (const run of runs) {
        const model = spaces.get(run.space)
        if (!model) {
          breach(2, `commit into space ${short(run.space)}, which has no log`)
          continue
        }
        if (model.epoch !== run.epoch) breach(2, `commit into an epoch that is over`)
        for (const entry of run.entries) {
          if (entry.seq !== model.entries.length + 1) breach(2, `seq ${entry.seq} follows ${model.entries.length}`)
          if (entry.prevItemSeq !== (model.lastOfItem.get(entry.item) ?? 0)) breach(2, `prevItemSeq ${entry.prevItemSeq} of seq ${entry.seq}, expected ${model.lastOfItem.get(entry.item) ?? 0}`)
          if (model.byEntry.has(entry.entry)) breach(5, `entry ${short(entry.entry)} stored twice`)
          const origin = minted.get(entry.entry)
          if (!origin) breach(5, `entry ${short(entry.entry)} is in the log, and no laptop wrote it`)
          else {
            const fault = written.fault(origin, entry.payload, true)
            if (fault !== null) breach(5, `entry ${short(entry.entry)} in the log ${fault}`)
            if (origin.space !== entry.space || origin.item !== entry.item || origin.part !== entry.part) breach(5, `entry ${short(entry.entry)} is in the log in another place than it was written for`)
          }
          if (!mightWrite.has(`${entry.entry}/${entry.author}`)) breach(7, `entry ${short(entry.entry)} committed for user ${short(entry.author)}, who may not write`)
          const home = spaceOfItem.get(entry.item)
          if (home && home !== entry.space) breach(7, `item ${short(entry.item)} lives in two spaces`)
          spaceOfItem.set(entry.item, entry.space)
          addEntry(model, entry)
        }
        if (!bytesEqual(run.tailHashAfter, model.tailHashes[model.tailHashes.length - 1]!)) breach(2, `tail hash after seq ${model.entries.length} is not the rolling hash`)
      }
      for (const [index, result] of results.entries()) {
        const request = batch[index]
        if (result.kind !== 'stored' || !request) continue
        const there = spaces.get(request.entry.space)?.byEntry.get(request.entry.entry)
        if (!there || there.seq !== result.seq) breach(1, `entry ${short(request.entry.entry)} answered as stored at ${result.seq}, and is not there`)
      }
    },

    /** A write of a local store took effect. */
    storeWritten(index: number, tab: string, user: UserId, name: keyof EngineStore, args: readonly unknown[]): void {
      const model = device(index)
      const touched = (): void => changed(model, tab)
      switch (name) {
        case 'putLocal': {
          const [edits] = args as Parameters<EngineStore['putLocal']>
          for (const edit of edits) {
            const earlier = minted.get(edit.entry)
            // A tab may hand the same edit in again when it could not read back what became of it.
            if (earlier && earlier.tab === tab && bytesEqual(earlier.payload, edit.payload)) continue
            if (earlier) breach(5, `entry id ${short(edit.entry)} minted twice`)
            minted.set(edit.entry, {
              device: index, tab, user, space: edit.space, item: edit.item, part: edit.part, payload: edit.payload.slice(),
              tokens: tokensInBytes(edit.payload),
            })
            arrived(model, edit.entry)
            if (model.closed.has(edit.space)) model.parked.set(edit.entry, { code: 'forbidden', reason: 'right-lost', at: deps.now(), by: tab })
            else model.waiting.add(edit.entry)
          }
          touched()
          break
        }
        case 'acknowledge': {
          const [entries, epoch] = args as Parameters<EngineStore['acknowledge']>
          for (const entry of entries) {
            const space = minted.get(entry)?.space
            if (!space || !logsOf(space, epoch).some(({ byEntry }) => byEntry.has(entry))) breach(4, `entry ${short(entry)} left the outbox of device ${index} without being in the log of epoch ${short(epoch)}`)
            if (model.waiting.delete(entry) || model.parked.delete(entry)) touched()
            model.acknowledged.set(entry, epoch)
          }
          break
        }
        case 'unarchive': {
          const [, entries] = args as Parameters<EngineStore['unarchive']>
          for (const entry of entries) {
            if (!model.acknowledged.delete(entry)) continue
            model.waiting.add(entry)
            touched()
          }
          break
        }
        case 'park': {
          const [entry, code, reason] = args as Parameters<EngineStore['park']>
          if (model.waiting.delete(entry)) {
            model.parked.set(entry, { code, reason, at: deps.now(), by: tab })
            touched()
          }
          break
        }
        case 'releaseParked': {
          const [entries] = args as Parameters<EngineStore['releaseParked']>
          for (const entry of entries) {
            if (model.closed.has(minted.get(entry)?.space ?? '') || !model.parked.delete(entry)) continue
            if (!chosen.has(entry)) breach(9, `refused entry ${short(entry)} is sent again without anybody's choice`)
            model.waiting.add(entry)
            touched()
          }
          break
        }
        case 'discardParked': {
          const [entries] = args as Parameters<EngineStore['discardParked']>
          for (const entry of entries) {
            if (!model.parked.delete(entry)) continue
            if (!chosen.has(entry)) breach(9, `refused entry ${short(entry)} was dropped without anybody's choice`)
            model.discarded.add(entry)
            // Without a place in the log it goes as a whole; should it come back, it comes anew.
            if (!model.placed.has(entry)) model.arrivals.delete(entry)
            touched()
          }
          break
        }
        case 'putSnapshot': {
          const [row, covered, dropBefore] = args as Parameters<EngineStore['putSnapshot']>
          const logs = logsOf(row.space, row.epoch)
          for (const entry of covered) {
            model.merged.add(entry)
            const log = logs.find(({ byEntry }) => byEntry.has(entry))
            // Old ones of others are let go themselves.
            if (minted.get(entry)?.device !== index && (log?.byEntry.get(entry)?.serverTime ?? Infinity) < dropBefore) model.arrivals.delete(entry)
          }
          break
        }
        case 'adoptSnapshot': {
          const [row] = args as Parameters<EngineStore['adoptSnapshot']>
          const log = logsOf(row.space, row.epoch).find(({ entries }) => entries.length >= row.upToSeq)
          const entries = (log?.entries ?? []).filter((entry) => entry.item === row.item && entry.part === row.part && entry.seq <= row.upToSeq).map(({ entry }) => entry)
          model.adopted.set(`${row.item}/${row.part}`, { space: row.space, entries })
          break
        }
        case 'recheckSpace': {
          const [space, epoch, commonSeq] = args as Parameters<EngineStore['recheckSpace']>
          for (const [entry, seq] of model.placed) if (minted.get(entry)?.space === space && seq > commonSeq) model.placed.delete(entry)
          for (const [key, adopted] of model.adopted) {
            if (adopted.space !== space) continue
            model.adopted.delete(key)
            for (const entry of adopted.entries) if (!model.arrivals.has(entry)) model.onlyGiven.add(entry)
          }
          model.cursors.set(space, { epoch, cursor: commonSeq })
          break
        }
        case 'putSpace': {
          const [row] = args as Parameters<EngineStore['putSpace']>
          if (row.role !== null) model.closed.delete(row.space)
          model.cursors.set(row.space, row)
          break
        }
        case 'removeSpace': {
          const [space] = args as Parameters<EngineStore['removeSpace']>
          model.closed.add(space)
          model.cursors.delete(space)
          for (const entry of model.placed.keys()) if (minted.get(entry)?.space === space) model.placed.delete(entry)
          for (const entry of model.merged) if (minted.get(entry)?.space === space) model.merged.delete(entry)
          for (const [key, adopted] of model.adopted) if (adopted.space === space) model.adopted.delete(key)
          for (const entry of model.arrivals.keys())
            if (minted.get(entry)?.space === space && !model.waiting.has(entry) && !model.parked.has(entry)) model.arrivals.delete(entry)
          break
        }
        case 'putRun': {
          const [space, epoch, entries, cursorAfter, , cursorBefore] = args as Parameters<EngineStore['putRun']>
          // Another tab went on: nothing of it is stored.
          const at = model.cursors.get(space)
          if (at?.epoch !== epoch || (cursorBefore ?? (entries[0]?.seq ?? 1) - 1) > at.cursor) break
          const logs = logsOf(space, epoch)
          const log = logs.find((one) => entries.every(({ entry, seq }) => one.entries[seq - 1]?.entry === entry)) ?? logs[0]
          if (!log) return breach(3, `a run of an unknown epoch was stored on device ${index}`)
          for (const entry of entries) {
            arrived(model, entry.entry)
            model.placed.set(entry.entry, entry.seq)
            const there = log.entries[entry.seq - 1]
            const origin = minted.get(entry.entry)
            if (there?.entry !== entry.entry) breach(8, `device ${index} stored ${short(entry.entry)} as seq ${entry.seq}, where the log has ${there ? short(there.entry) : 'nothing'}`)
            else if (!bytesEqual(there.payload, entry.payload) && origin?.device !== index) breach(8, `device ${index} stored seq ${entry.seq} with other bytes than the log`)
          }
          model.cursors.set(space, { epoch, cursor: Math.max(at.cursor, cursorAfter) })
          break
        }
        default:
      }
    },

    connectionOpened(id: number, index: number, user: UserId): void {
      connections.set(id, { device: index, user, pushes: new Map(), refused: new Set(), ackedUpTo: 0, lastPushed: 0, subscriptions: new Map(), sentSnapshots: new Map(), pieces: [] })
    },

    sentDown(id: number, frame: Uint8Array): readonly DownMessage[] {
      const connection = connections.get(id)
      const messages = readDown(frame)
      if (!connection) return messages
      checkTokensOnWire(connection, frame)
      for (const message of messages) {
        if (message.type === 'entries') checkSentEntries(connection, message)
        else if (message.type === 'sifted') checkSentSifted(connection, message)
        else if (message.type === 'snapshot') checkSentSnapshot(connection, message)
        else if (message.type === 'subbed') connection.sentSnapshots.delete(message.space)
        else if (message.type === 'itemEntries' || message.type === 'present') mayRead(connection, message.space, message.type)
        else if (message.type === 'nack') connection.refused.add(message.n)
        else if (message.type === 'ack') checkAck(connection, message.upToN)
      }
      return messages
    },

    arrivedDown(id: number, frame: Uint8Array): void {
      const connection = connections.get(id)
      if (!connection) return
      for (const message of readDown(frame)) {
        if (message.type === 'subbed') {
          const subscription = connection.subscriptions.get(message.space)
          if (!subscription) continue
          subscription.isAnswered = true
          subscription.epoch = message.epoch
          subscription.last = message.mode === 'resume' ? subscription.from : message.commonSeq
          subscription.lastOfItem.clear()
          subscription.covered.clear()
        } else if (message.type === 'snapshot') {
          if (message.last) connection.subscriptions.get(message.space)?.covered.set(`${message.item}/${message.part}`, message.toSeq)
        } else if (message.type === 'sifted') {
          arrivedSifted(id, connection, message)
        } else if (message.type === 'entries') {
          const subscription = connection.subscriptions.get(message.space)
          if (!subscription?.isAnswered) continue
          for (const entry of message.entries) {
            if (entry.seq !== subscription.last + 1) breach(2, `seq ${entry.seq} arrived after ${subscription.last} on connection ${id}`)
            const before = subscription.lastOfItem.get(entry.item)
            if (before === undefined ? entry.prevItemSeq > subscription.last : entry.prevItemSeq !== before) breach(2, `the chain of item ${short(entry.item)} broke at seq ${entry.seq} on connection ${id}`)
            subscription.lastOfItem.set(entry.item, entry.seq)
            subscription.last = entry.seq
          }
        }
      }
    },

    sentUp(id: number, tab: string, frame: Uint8Array): readonly UpMessage[] {
      const connection = connections.get(id)
      const messages = readUp(frame)
      if (!connection) return messages
      for (const message of messages) {
        if (message.type !== 'push') continue
        const origin = minted.get(message.entry)
        if (!origin) breach(4, `entry ${short(message.entry)} was sent before it was durable on device ${connection.device}`)
        const model = device(connection.device)
        // Two tabs may believe for a moment that they lead; the other one has not heard of the refusal yet.
        const isNews = (entry: EntryId): boolean => {
          const refusal = model.parked.get(entry)
          return refusal !== undefined && refusal.by !== tab && deps.now() - refusal.at < FOREIGN_TAB_LAG_MS
        }
        if (model.parked.has(message.entry) && !isNews(message.entry)) breach(9, `parked entry ${short(message.entry)} was sent without anybody's choice`)
        if (model.discarded.has(message.entry)) breach(9, `discarded entry ${short(message.entry)} was sent`)
        const arrival = model.arrivals.get(message.entry) ?? Infinity
        for (const parked of model.parked.keys()) {
          if (minted.get(parked)?.item === message.item && (model.arrivals.get(parked) ?? 0) < arrival && !isNews(parked))
            breach(9, `entry ${short(message.entry)} was sent past the parked ${short(parked)} of the same item`)
        }
      }
      return messages
    },

    arrivedUp(id: number, frame: Uint8Array): void {
      const connection = connections.get(id)
      if (!connection) return
      for (const message of readUp(frame)) {
        if (message.type === 'push') {
          if (message.n !== connection.lastPushed + 1) breach(2, `push ${message.n} arrived after ${connection.lastPushed} on connection ${id}`)
          connection.lastPushed = message.n
          connection.pushes.set(message.n, { space: message.space, entry: message.entry, item: message.item, isLast: message.fragment + 1 >= message.fragments })
        } else if (message.type === 'sub') {
          connection.subscriptions.set(message.space, { epoch: message.epoch, from: message.cursor, last: message.cursor, lastOfItem: new Map(), isAnswered: false, covered: new Map() })
        } else if (message.type === 'unsub') connection.subscriptions.delete(message.space)
      }
    },

    /**
     * What a tab shows against what is stored, when nothing is on its way inside the tab. `unsettled`: edits that this tab gave to its
     * engine and that are not confirmed durable.
     */
    statusShown(index: number, tab: string, status: SyncStatus, unsettled: number, unsettledSince: number): void {
      const model = device(index)
      const before = model.foundTrue.get(tab)
      if (unsettled === 0 && before?.status === status && before.changesCount === model.changesCount) return
      if (unsettled > 0 && deps.now() - unsettledSince > HEARING_MS) {
        if (status.inMemoryCount === 0) breach(10, `${tab} shows nothing in memory while ${unsettled} edits are`)
        if (status.state !== 'pending') breach(10, `${tab} shows "${status.state}" while ${unsettled} edits are in memory`)
      }
      // Another tab's write is heard of over a broadcast; it may be a moment late.
      for (const [other, at] of model.changedAt) if (other !== tab && deps.now() - at < FOREIGN_TAB_LAG_MS) return
      if (status.state === 'relay' && model.waiting.size > 0) breach(10, `${tab} shows "relay" while ${model.waiting.size} edits are only on device ${index}`)
      const unheardOf = status.state === 'relay' ? [...model.vanished].find((entry) => !spaces.get(minted.get(entry)?.space ?? NO_ID)?.byEntry.has(entry)) : undefined
      if (unheardOf) breach(10, `${tab} shows "relay" while ${short(unheardOf)}, of which the row vanished, is only on device ${index}`)
      // Between a commit and hearing of it an edit may still count as what it was: that is worse than the truth, not better.
      const shown = status.waitingCount + status.inMemoryCount + status.parkedCount
      const stored = model.waiting.size + model.parked.size
      // While a replaced log is being met, the word "rechecking" is the truth; how many edits that concerns is counted a moment later.
      // What a re-check brings back is counted after the reading that is under way; until then the word is the worst there is.
      const isHearing = status.state === 'pending' && deps.now() - (model.changedAt.get(tab) ?? 0) < HEARING_MS
      if (shown < stored && status.state !== 'rechecking' && !isHearing) breach(10, `${tab} shows ${shown} edits that are not at the relay; ${stored} are stored`)
      // Which of them were refused is heard a moment after the commit, also by the tab that made it; they are not at the relay either way.
      if (deps.now() - (model.changedAt.get(tab) ?? 0) < HEARING_MS) return
      if (status.parkedCount < model.parked.size) breach(10, `${tab} shows ${status.parkedCount} refused edits; ${model.parked.size} are stored`)
      if (model.parked.size > 0 && (status.state === 'relay' || status.state === 'local')) breach(10, `${tab} shows "${status.state}" while ${model.parked.size} edits are refused`)
      model.foundTrue.set(tab, { status, changesCount: model.changesCount })
    },

    /** After a change that only the store can tell (another epoch, a lost right): nothing that waited may be gone, and what came back waits. */
    outboxAdopted(index: number, tab: string, outbox: readonly OutboxRow[]): void {
      const model = device(index)
      changed(model, tab)
      const rows = new Map(outbox.map((row) => [row.entry, row]))
      for (const entry of [...model.waiting, ...model.parked.keys()]) if (!rows.has(entry)) breach(4, `entry ${short(entry)} vanished from the outbox of device ${index}`)
      model.waiting.clear()
      model.parked.clear()
      for (const row of outbox) {
        model.acknowledged.delete(row.entry)
        model.vanished.delete(row.entry)
        if (row.state === 'waiting') model.waiting.add(row.entry)
        else model.parked.set(row.entry, { code: row.code ?? '', reason: row.reason, at: deps.now(), by: tab })
      }
    },

    /** A laptop of somebody who may write has met a replaced log: whatever it keeps that this log lacks it has offered. An act is its author's own step. */
    recheckFinished(index: number, { space, epoch }: SpaceRow, entries: readonly StoredEntry[], outbox: readonly OutboxRow[]): void {
      const log = spaces.get(space)
      // It was replaced again, and the laptop has not heard of that.
      if (log?.epoch !== epoch) return
      const wasIn = (entry: EntryId): boolean => logsOf(space, epoch).some(({ byEntry }) => byEntry.has(entry))
      const offered = new Set(outbox.map(({ entry }) => entry))
      const kept = entries.find((one) => one.space === space && one.seq === null && one.part !== 'act' && !offered.has(one.entry) && !wasIn(one.entry))
      if (kept) breach(8, `device ${index} keeps ${short(kept.entry)}, which the log of space ${short(space)} lacks, and offers it to nobody`)
    },

    /** What waits to be sent, in the order in which it was typed. */
    waitingOf: (index: number): EntryId[] => [...device(index).waiting],
    /** A record of a laptop's store went bad: what waited there is known by its content alone, until somebody looks for it. */
    rowLost(index: number, entry: EntryId): void {
      const model = device(index)
      model.waiting.delete(entry)
      model.parked.delete(entry)
      model.vanished.add(entry)
      for (const tab of model.changedAt.keys()) changed(model, tab)
    },

    /** The local store itself, read back: what the model says must be there is there. */
    storeReadBack(index: number, outbox: readonly OutboxRow[]): void {
      const model = device(index)
      const rows = new Map(outbox.map((row) => [row.entry, row]))
      for (const entry of model.waiting)
        if (rows.get(entry)?.state !== 'waiting') breach(4, `entry ${short(entry)} is gone from the outbox of device ${index} (${rows.get(entry)?.state ?? 'no row'})`)
      for (const [entry, { code }] of model.parked) {
        const row = rows.get(entry)
        if (row?.state !== 'parked') breach(9, `parked entry ${short(entry)} is gone from device ${index}`)
        else if (row.code !== code) breach(9, `parked entry ${short(entry)} forgot why it was refused`)
      }
      for (const row of outbox) {
        const origin = minted.get(row.entry)
        if (!origin) breach(5, `outbox row ${short(row.entry)} of device ${index} was never written`)
        else {
          const fault = written.fault(origin, row.payload, false)
          if (fault !== null) breach(9, `outbox row ${short(row.entry)} of device ${index} ${fault}`)
        }
      }
    },

    /** Places the store claims to have (cursor) against what it holds. */
    cursorReadBack(index: number, space: SpaceId, epoch: Epoch, cursor: number, tailHash: Uint8Array, held: ReadonlySet<EntryId>): void {
      const logs = logsOf(space, epoch)
      const log = logs.find(({ tailHashes }) => bytesEqual(tailHashes[cursor] ?? NO_HASH, tailHash)) ?? logs[0]
      if (!log) {
        if (cursor > 0) breach(3, `device ${index} has a cursor in an epoch that never was`)
        return
      }
      if (cursor > log.entries.length) return breach(3, `device ${index} is at ${cursor} of a log of ${log.entries.length}`)
      if (!bytesEqual(tailHash, log.tailHashes[cursor]!)) return breach(3, `device ${index} keeps a tail hash that is not the log's at ${cursor}`)
      const inAdopted = new Set([...device(index).adopted.values()].flatMap((adopted) => adopted.entries))
      for (let seq = 1; seq <= cursor; seq++) {
        const entry = log.entries[seq - 1]!
        if (!held.has(entry.entry) && !device(index).merged.has(entry.entry) && !inAdopted.has(entry.entry)) return breach(3, `device ${index} is at ${cursor} without having stored seq ${seq}`)
      }
    },

    isRetryCode: isRetry,
  }
}
