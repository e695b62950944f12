/**
 * Finds in a Yjs V1 update what no window can draw: letters, values, lists and maps where only blocks can stand, straight in the root of a text or
 * straight in one of its elements. No editor writes that; a program can, and then the binding of every editor throws and everybody is left with plain
 * words (decision 0029). Text stands in a text: `Y.XmlText` straight in the root or in an element is drawn, and so is all that is in it.
 *
 * An item names the list that it stands in only where it has no neighbour; all others stand where their neighbour stands, which may be in the log. So this
 * is a question to the update and to what else is known of the text. Where that does not say, nothing is
 * found: roots of other names, and what stands in a text, are nobody's business here. Format: see prose-header.ts; places as Yjs finds them, `structs/Item.js`.
 */
import { utf8 } from '../base/bytes.ts'
import type { ErasedRanges } from './erase-prose.ts'
import { content, GC, HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, Malformed, textLength, uint8, varUint, type Reader } from './prose-header.ts'

/** A list in which only blocks can stand. */
export type BlockList = 'root' | 'element'

/** An item, or what is left of several that were deleted, that stands in a list of blocks. */
export interface Block {
  client: number
  from: number
  /** First clock after it. */
  to: number
  list: BlockList
  isElement: boolean
}

/** What is known of a text: the block that holds this clock, null where none does. */
export type FindBlock = (client: number, clock: number) => Pick<Block, 'list' | 'isElement'> | null

export interface BareFound {
  /** What cannot be drawn. Empty for nearly all. */
  bare: ErasedRanges
  /** All that the update puts in lists of blocks, of each clientID in order. */
  blocks: Block[]
}

/** What an item is, as far as it matters where it stands. */
const NOWHERE = 0
const FITS = 1
const ELEMENT = 2
/** Y.Text: drawn as a text in an element, in the root not at all. */
const FITS_IN_ELEMENT = 3
/** Y.XmlHook: the other way round. */
const FITS_IN_ROOT = 4
const FITS_IN_NEITHER = 5

/** Where it stands. */
const WAITS = 0
const OTHER = 1
const IN_ROOT = 3
const IN_ELEMENT = 4

const DELETED = 1
const TYPE = 7
const SKIP = 10
const KIND_OF_TYPE = [FITS_IN_NEITHER, FITS_IN_NEITHER, FITS_IN_ELEMENT, ELEMENT, FITS_IN_NEITHER, FITS_IN_ROOT, FITS] as const
const PROSE = utf8('prose')

/** The items of one clientID in order. Those that follow each other and are the same in all that matters here are one row. */
interface Rows {
  client: number
  /** First clock after the last row. */
  end: number
  clocks: number[]
  kinds: number[]
  places: number[]
}

/** A row that stands beside or in an item of a clientID that is read later. */
interface Waiting {
  rows: Rows
  row: number
  isChild: boolean
  client: number
  clock: number
}

function isProse(from: Reader): boolean {
  const before = from.pos
  if (varUint(from) === PROSE.length && PROSE.every((byte, i) => from.bytes[from.pos + i] === byte)) {
    from.pos += PROSE.length
    return true
  }
  from.pos = before
  textLength(from)
  return false
}

/** Which row holds a clock, -1 for none. */
function at({ clocks, end }: Rows, clock: number): number {
  if (clock >= end) return -1
  let high = clocks.length
  if ((clocks[high - 1] as number) <= clock) return high - 1
  let low = 0
  while (low < high) {
    const middle = (low + high) >> 1
    if ((clocks[middle] as number) <= clock) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Beside another it stands where that one stands; in an element, in its list, but for an element in a text: that is drawn as one sign, whatever is in it. */
const placeAt = (isChild: boolean, { kinds, places }: Rows, row: number): number => {
  const place = places[row] as number
  if (!isChild || place === WAITS) return place
  return kinds[row] === ELEMENT && place !== OTHER ? IN_ELEMENT : OTHER
}

function placeOutside(known: FindBlock, isChild: boolean, client: number, clock: number): number {
  const block = known(client, clock)
  if (isChild) return block?.isElement ? IN_ELEMENT : OTHER
  return block ? (block.list === 'root' ? IN_ROOT : IN_ELEMENT) : OTHER
}

/** Reads the items of one clientID, and says of each where it stands, or that it waits. */
function readRows(from: Reader, byClient: Map<number, Rows>, known: FindBlock, waiting: Waiting[]): void {
  const count = varUint(from)
  const client = varUint(from)
  const rows: Rows = { client, end: varUint(from), clocks: [], kinds: [], places: [] }
  const { clocks, kinds, places } = rows
  byClient.set(client, rows)
  for (let left = count; left > 0; left--) {
    const info = uint8(from)
    const ref = info & 31
    let kind: number = NOWHERE
    let place = OTHER
    let length: number
    let isChild = false
    /** Stands beside or in another, this one. */
    let otherClient = -1
    let otherClock = 0
    if (ref === GC || ref === SKIP) length = varUint(from)
    else {
      const neighbours = info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)
      if (neighbours !== 0) {
        otherClient = varUint(from)
        otherClock = varUint(from)
        // The neighbour to the right is asked only where there is none to the left; it is written after that one.
        if (neighbours === (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) {
          varUint(from)
          varUint(from)
        }
      } else {
        if (varUint(from) === 1) {
          if (isProse(from)) place = IN_ROOT
        } else {
          isChild = true
          otherClient = varUint(from)
          otherClock = varUint(from)
        }
        // Under a key: an attribute, or a value of a map.
        if (info & HAS_PARENT_SUB) {
          textLength(from)
          place = OTHER
          otherClient = -1
        }
      }
      if (ref === TYPE) {
        const before = from.pos
        kind = KIND_OF_TYPE[varUint(from)] ?? NOWHERE
        from.pos = before
      } else kind = ref === DELETED ? FITS : FITS_IN_NEITHER
      length = content(from, ref)
    }
    const last = clocks.length - 1
    if (otherClient >= 0) {
      const others = otherClient === client ? rows : byClient.get(otherClient)
      const row = others ? at(others, otherClock) : -1
      if (others && row >= 0) {
        if (!isChild && others === rows && row === last && kind === kinds[last] && kind !== ELEMENT) {
          rows.end += length
          continue
        }
        place = placeAt(isChild, others, row)
      } else place = otherClient < client ? WAITS : placeOutside(known, isChild, otherClient, otherClock)
      if (place === WAITS) waiting.push({ rows, row: last + 1, isChild, client: otherClient, clock: otherClock })
    }
    // What stands in none of the lists matters to nothing.
    if (place === OTHER && places[last] === OTHER) {
      rows.end += length
      continue
    }
    clocks.push(rows.end)
    kinds.push(kind)
    places.push(place)
    rows.end += length
  }
}

/** Those that waited, each after the one that it waits for. */
function settle(waiting: readonly Waiting[], byClient: ReadonlyMap<number, Rows>, known: FindBlock): void {
  const waitingIn = new Map<Rows, Map<number, Waiting>>()
  for (const one of waiting) {
    const own = waitingIn.get(one.rows) ?? new Map<number, Waiting>()
    waitingIn.set(one.rows, own.set(one.row, one))
  }
  const asked = new Set<Waiting>()
  for (const first of waiting) {
    const path = [first]
    for (let one = path.at(-1); one; one = path.at(-1)) {
      const { rows, row, isChild, client, clock } = one
      const others = byClient.get(client)
      const other = others ? at(others, clock) : -1
      let place = others && other >= 0 ? placeAt(isChild, others, other) : placeOutside(known, isChild, client, clock)
      if (place === WAITS && others) {
        const next = waitingIn.get(others)?.get(other)
        if (next && !asked.has(next)) {
          asked.add(next)
          path.push(next)
          continue
        }
        // Two that stand on each other: no reader takes that.
        place = OTHER
      }
      rows.places[row] = place
      path.pop()
    }
  }
}

const isBare = (kind: number, place: number): boolean =>
  place >= IN_ROOT && (kind === FITS_IN_NEITHER || (kind === FITS_IN_ELEMENT && place === IN_ROOT) || (kind === FITS_IN_ROOT && place === IN_ELEMENT))

function foundIn(all: readonly Rows[]): { bare: Map<number, [number, number][]>; blocks: Block[] } {
  const bare = new Map<number, [number, number][]>()
  const blocks: Block[] = []
  for (const { client, end, clocks, kinds, places } of all) {
    for (const [i, from] of clocks.entries()) {
      const [kind, place] = [kinds[i] as number, places[i] as number]
      if (kind === NOWHERE || place < IN_ROOT) continue
      const to = clocks[i + 1] ?? end
      blocks.push({ client, from, to, list: place === IN_ROOT ? 'root' : 'element', isElement: kind === ELEMENT })
      if (!isBare(kind, place)) continue
      const ranges = bare.get(client) ?? []
      const last = ranges.at(-1)
      if (last?.[1] === from) last[1] = to
      else ranges.push([from, to])
      bare.set(client, ranges)
    }
  }
  return { bare, blocks }
}

/** In: clientIDs in descending order, as the relay lets them in. */
function placed(update: Uint8Array, known: FindBlock): Rows[] {
  const from: Reader = { bytes: update, pos: 0 }
  const byClient = new Map<number, Rows>()
  const waiting: Waiting[] = []
  for (let left = varUint(from); left > 0; left--) readRows(from, byClient, known, waiting)
  if (waiting.length > 0) settle(waiting, byClient, known)
  return [...byClient.values()]
}

/**
 * What an update holds that no window can draw, seen from the update and what is known of the text so far.
 *
 * In:     any bytes.
 * Out:    nothing for what cannot be read.
 */
export function findBare(update: Uint8Array, known: FindBlock): BareFound {
  try {
    return foundIn(placed(update, known))
  } catch (error) {
    if (error instanceof Malformed) return { bare: new Map(), blocks: [] }
    throw error
  }
}
