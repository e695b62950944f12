/**
 * The one place that decides whether an entry may enter the log, and as what. Pure: what is already there comes in through
 * `Lookups`, what must be stored comes out. Every log runs it inside its commit, request by request, so that later requests of a
 * batch see the earlier ones.
 *
 * Order of the questions: erased for good? → repeated? (5) → known space → fields and size → the item's own space → header of the part → act. Refusals say
 * `gap` where the same entry may be right once something else has arrived, `invalid` where it never will be.
 */
import { hash } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { bytesEqual } from '../../shared/base/bytes.ts'
import { unreachable } from '../../shared/base/assert.ts'
import { isId, type EntryId, type Epoch, type ItemId, type SpaceId, type UserId, type WriterId } from '../../shared/base/ids.ts'
import { applyAct, readAct, type ActsState } from '../../shared/model/acts.ts'
import { FORMAT_OF_PART, type Entry, type Part } from '../../shared/model/entries.ts'
import { FACTS_OPERATIONS_COUNT_MAX, FRAGMENTS_COUNT_MAX, PAYLOAD_BYTES_MAX } from '../../shared/model/limits.ts'
import { readChangeHeaders, type HeaderTools } from '../../shared/protocol/automerge-header.ts'
import { readProseHeader, type ProseBlock } from '../../shared/protocol/prose-header.ts'
import { eraseProse } from '../../shared/protocol/erase-prose.ts'
import { nextTailHash } from '../../shared/protocol/tail-hash.ts'
import type { ErasedItem } from './erase.ts'
import type { AppendRequest, AppendResult } from './log.ts'

/** Who continues a clientID or actor of an item, and up to where it is in the log. */
export interface Owner {
  writer: WriterId
  author: UserId
  /** Prose: first clock not yet there. Facts: last seq. */
  end: number
}

export interface SpaceState {
  epoch: Epoch
  head: number
  tailHash: Uint8Array
  /**
   * The log was restored from a backup. Laptops then offer each other's lost entries, so only the writer is compared, not the author;
   * elsewhere a fellow member who read a writer id off the wire cannot continue it.
   */
  restored: boolean
}

export interface Lookups {
  space(space: SpaceId): SpaceState | null
  entry(space: SpaceId, entry: EntryId): { seq: number; payloadHash: Uint8Array } | null
  item(item: ItemId): { space: SpaceId; lastSeq: number } | null
  owner(item: ItemId, part: Part, key: string): Owner | null
  /** Ends of all of them, for whoever would ask for very many. */
  ends(item: ItemId, part: Part): ReadonlyMap<string, number>
  hasChange(item: ItemId, hash: string): boolean
  /** State after the acts of this item that are in the log. */
  acts(item: ItemId): ActsState
  /** What was erased of an item for good, null for nothing. */
  erased(item: ItemId): ErasedItem | null
}

/** What a log stores when an entry is let in. */
export interface Admitted {
  kind: 'admitted'
  entry: Entry
  payloadHash: Uint8Array
  tailHashAfter: Uint8Array
  owners: { key: string; owner: Owner }[]
  /** Hashes of Automerge changes that are new to the item. */
  changes: string[]
  acts: ActsState | null
}

type Refused = Extract<AppendResult, { kind: 'refused' }>
type Effects = Pick<Admitted, 'owners' | 'changes' | 'acts'>

const refused = (code: Refused['code'], reason: string): Refused => ({ kind: 'refused', code, reason })

export const sha256Native = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')

/** With the platform's own hash and inflate. */
export const nativeTools: HeaderTools = {
  sha256: sha256Native,
  inflateRaw(bytes, bytesMax) {
    if (bytesMax < 1) return null
    try {
      return inflateRawSync(bytes, { maxOutputLength: bytesMax })
    } catch {
      return null // broken or too long: both are the sender's doing, and refused as such
    }
  },
}

/**
 * Judges one request against what the log holds.
 *
 * Out:    `stored` (repeated), `refused`, or `admitted` with everything the log must write. Never throws on hostile payloads.
 * Limits: work linear in the payload, plus one lookup per clientID, actor or dependency named in it.
 */
export function admit(known: Lookups, given: AppendRequest): Admitted | AppendResult {
  const erased = known.erased(given.entry.item)
  if (erased?.isWhole) return refused('deleted', 'erased')
  const request = erased ? withoutErased(given, erased) : given
  const { entry, author, serverTime } = request
  const payloadHash = sha256Native(entry.payload)
  const earlier = known.entry(entry.space, entry.entry)
  if (earlier) {
    if (bytesEqual(earlier.payloadHash, payloadHash)) return { kind: 'stored', seq: earlier.seq, repeated: true }
    return refused('id-conflict', 'other-payload')
  }
  const space = known.space(entry.space)
  if (!space) return refused('forbidden', 'no-access')
  // The wire cannot carry these; another door's mistake would be unreadable for everybody once it is stored.
  if (![entry.schema, entry.clientTime, serverTime].every((value) => Number.isSafeInteger(value) && value >= 0)) return refused('invalid', 'fields')
  if (![entry.entry, entry.item, entry.writer, author].every(isId)) return refused('invalid', 'fields')
  if (entry.format !== FORMAT_OF_PART[entry.part]) return refused('invalid', 'format')
  if (entry.payload.length > PAYLOAD_BYTES_MAX * FRAGMENTS_COUNT_MAX) return refused('too-large', 'payload')
  const item = known.item(entry.item)
  if (item && item.space !== entry.space) return refused('forbidden', 'no-access')

  const effects = judgePart(known, request, space)
  if ('kind' in effects) return effects

  const seq = space.head + 1
  return {
    kind: 'admitted',
    entry: {
      space: entry.space, entry: entry.entry, item: entry.item, part: entry.part, format: entry.format, schema: entry.schema,
      clientTime: entry.clientTime, writer: entry.writer, payload: entry.payload,
      seq, prevItemSeq: item?.lastSeq ?? 0, author, serverTime,
    },
    payloadHash,
    tailHashAfter: nextTailHash(space.tailHash, seq, entry.entry, payloadHash, sha256Native),
    ...effects,
  }
}

/** What was erased never comes back, whoever still has it: the rest of the entry is taken. */
function withoutErased(request: AppendRequest, { ranges }: ErasedItem): AppendRequest {
  const { entry } = request
  if (entry.part !== 'prose' || typeof readProseHeader(entry.payload) === 'string') return request
  return { ...request, entry: { ...entry, payload: eraseProse(entry.payload, ranges) } }
}

function judgePart(known: Lookups, request: AppendRequest, space: SpaceState): Effects | Refused {
  const { part } = request.entry
  switch (part) {
    case 'prose':
      return judgeProse(known, request, space)
    case 'facts':
      return judgeFacts(known, request, space)
    case 'act':
      return judgeAct(known, request)
    default:
      return unreachable(part)
  }
}

const ownedByOther = (owner: Owner, { entry, author }: AppendRequest, space: SpaceState): boolean =>
  owner.writer !== entry.writer || (owner.author !== author && !space.restored)

function judgeProse(known: Lookups, request: AppendRequest, space: SpaceState): Effects | Refused {
  const { entry, author } = request
  const header = readProseHeader(entry.payload)
  if (typeof header === 'string') return refused('invalid', header)
  // An update that says nothing would only lengthen the log.
  if (header.blocks.length === 0 && header.deletedUpTo.size === 0) return refused('invalid', 'empty')

  const ends = new Map<number, number>()
  const all = header.deletedUpTo.size + header.blocks.length > MANY_CLIENTS_COUNT ? known.ends(entry.item, 'prose') : null
  const endOf = (client: number): number => {
    let end = ends.get(client)
    if (end === undefined) {
      const key = String(client)
      end = (all ? all.get(key) : known.owner(entry.item, 'prose', key)?.end) ?? 0
      ends.set(client, end)
    }
    return end
  }
  const owners: Effects['owners'] = []
  for (const { client, from, to } of header.blocks) {
    const key = String(client)
    const owner = known.owner(entry.item, 'prose', key)
    if (owner && ownedByOther(owner, request, space)) return refused('invalid', 'other-writer')
    const end = owner?.end ?? 0
    if (from > end) return refused('gap', 'clock')
    // The bytes before `end` cannot be compared with those in the log, so they may not be sent again under another entry id.
    if (from < end) return refused('invalid', 'overlap')
    ends.set(client, end)
    owners.push({ key, owner: { writer: entry.writer, author: owner?.author ?? author, end: to } })
  }
  const missing = advance(header.blocks, endOf, ends)
  if (missing === 'elsewhere') return refused('gap', 'depends')
  if (missing === 'each-other') return refused('invalid', 'knot')
  for (const [client, upTo] of header.deletedUpTo) if (upTo > endOf(client)) return refused('gap', 'deletes')
  return { owners, changes: [], acts: null }
}

/** Above so many clientIDs in one update one read of all is cheaper than a question each. */
const MANY_CLIENTS_COUNT = 64

/** Blocks looked at again because something they wait for moved on: an editor's update needs none, a merged one a few. */
const WAKES_COUNT_MAX = 100_000

/**
 * Whether every struct finds what it stands on, in the log or earlier in this update: what readers do when they integrate. `ends` moves
 * along. A block that has to wait is looked at again when the clientID it waits for has moved on, within WAKES_COUNT_MAX.
 *
 * Out: null when all fits; what is missing may still come (`elsewhere`), or never can (`each-other`).
 */
function advance(blocks: readonly ProseBlock[], endOf: (client: number) => number, ends: Map<number, number>): 'elsewhere' | 'each-other' | null {
  const nextNeed = new Map<ProseBlock, number>()
  const waiting = new Map<number, ProseBlock[]>()
  const ready = [...blocks]
  let wakesLeft = WAKES_COUNT_MAX
  for (let block = ready.pop(); block; block = ready.pop()) {
    let at = nextNeed.get(block) ?? 0
    let need = block.needs[at]
    while (need && endOf(need.client) > need.clock) need = block.needs[++at]
    nextNeed.set(block, at)
    const end = need ? need.at : block.to
    const moved = end > endOf(block.client)
    ends.set(block.client, Math.max(end, endOf(block.client)))
    if (need) {
      const others = waiting.get(need.client)
      if (others) others.push(block)
      else waiting.set(need.client, [block])
    }
    if (!moved) continue
    const woken = waiting.get(block.client) ?? []
    waiting.delete(block.client)
    wakesLeft -= woken.length
    if (wakesLeft < 0) return 'each-other'
    for (const other of woken) ready.push(other)
  }
  if (waiting.size === 0) return null
  const lastOf = new Map(blocks.map((block) => [block.client, block.to]))
  const waitsElsewhere = (block: ProseBlock): boolean => {
    const need = block.needs[nextNeed.get(block) ?? 0]
    return need !== undefined && (lastOf.get(need.client) ?? 0) <= need.clock
  }
  return [...waiting.values()].flat().some(waitsElsewhere) ? 'elsewhere' : 'each-other'
}

function judgeFacts(known: Lookups, request: AppendRequest, space: SpaceState): Effects | Refused {
  const { entry, author } = request
  const headers = readChangeHeaders(entry.payload, nativeTools)
  if (headers === null) return refused('invalid', 'malformed')
  const owners = new Map<string, Owner>()
  const changes = new Set<string>()
  let changesBefore: number | null = null
  /**
   * As if every change of this item so far had all the operations that it may have. Automerge counts in 32 bits: after a number near their end nobody
   * could write. Counted by item, so that it is out of reach in a large space too: it would take 429,000 changes of one item.
   */
  const isWithinReach = (lastOp: number, seq: number): boolean => {
    // What its own actor did is enough for nearly all, and is known already.
    if (lastOp <= seq * FACTS_OPERATIONS_COUNT_MAX) return true
    changesBefore ??= [...known.ends(entry.item, 'facts').values()].reduce((sum, end) => sum + end, 0)
    return lastOp <= (changesBefore + changes.size + 1) * FACTS_OPERATIONS_COUNT_MAX
  }
  for (const { actor, seq, hash: changeHash, deps, lastOp } of headers) {
    // The hash proves that these are the bytes that are already there.
    if (changes.has(changeHash) || known.hasChange(entry.item, changeHash)) continue
    const owner = owners.get(actor) ?? known.owner(entry.item, 'facts', actor)
    if (owner && ownedByOther(owner, request, space)) return refused('invalid', 'other-writer')
    const end = owner?.end ?? 0
    if (seq <= end) return refused('invalid', 'overlap')
    if (seq > end + 1) return refused('gap', 'seq')
    if (!deps.every((dep) => changes.has(dep) || known.hasChange(entry.item, dep))) return refused('gap', 'depends')
    // Last: with all that it stands on in the log, an honest one is within it, whatever was lost and offered again before.
    if (!isWithinReach(lastOp, seq)) return refused('invalid', 'operations')
    owners.set(actor, { writer: entry.writer, author: owner?.author ?? author, end: seq })
    changes.add(changeHash)
  }
  return { owners: [...owners].map(([key, owner]) => ({ key, owner })), changes: [...changes], acts: null }
}

function judgeAct(known: Lookups, request: AppendRequest): Effects | Refused {
  const act = readAct(request.entry.payload)
  if (!act.ok) return refused('invalid', act.failure.kind)
  const after = applyAct(known.acts(request.entry.item), act.value, request.author, request.serverTime)
  if (!after.ok) return refused('invalid', after.failure.kind)
  return { owners: [], changes: [], acts: after.value }
}
