/**
 * Cuts a large Yjs V1 update into updates that the log takes one after another: each stands on those before it and on what is outside. A stock
 * client sends all that it wrote in weeks without a network in one piece; as one entry it would hold up everybody's.
 *
 * Bytes are walked and copied: no document is built and no value read, so it costs as much as the header check, however many structs there are. A
 * struct says in its own bytes all that it says (V1), so an update may be cut between any two. What is larger by itself stays whole.
 * Structs that wait for each other, or for what is not there, come last, for the log to judge.
 */
import * as encoding from 'lib0/encoding'
import { PROSE_CLIENTS_COUNT_MAX, PROSE_DELETED_CLIENTS_COUNT_MAX } from '../../shared/model/limits.ts'
import { content, GC, HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, Malformed, textLength, uint8, varUint, type Reader } from '../../shared/protocol/prose-header.ts'

/** Consecutive structs, or ranges, of one clientID: `start` to `end` are their bytes. */
interface Run {
  /** First clock; of ranges none. */
  from: number
  to: number
  count: number
  start: number
  end: number
  /** What its first struct stands on, of other clientIDs. */
  needs: readonly Need[]
}

interface Need {
  client: number
  clock: number
}

interface Block {
  readonly client: number
  readonly runs: readonly Run[]
  /** Index of the first one that is in no part yet. */
  next: number
}

/** What is cut at the finest, where nothing else asks for it. */
const RUN_BYTES_MAX = 16 * 1024
/** Blocks looked at again because what they wait for moved on; beyond it the rest is taken for a knot. */
const WAKES_COUNT_MAX = 1_000_000
/** Each costs some hundred bytes while it is cut; two people who type into each other's words for months make some ten thousand. */
const RUNS_COUNT_MAX = 250_000
const SKIP = 10
const NO_NEEDS: readonly Need[] = []

/**
 * In:     any bytes.
 * Out:    parts of at most so many bytes, or of one struct; deletions come last.
 * Errors: throws Malformed; also for more than RUNS_COUNT_MAX stretches that each stand on something else.
 * Limits: linear in the update.
 */
export function cutUpdate(update: Uint8Array, bytesMax: number): Uint8Array[] {
  const from: Reader = { bytes: update, pos: 0 }
  const blocks = readBlocks(from)
  const deletions = readDeletions(from)
  if (from.pos !== update.length) throw new Malformed('malformed')

  const parts: Uint8Array[] = []
  let structs = new Map<number, Run>()
  let ranges = new Map<number, Run>()
  let bytes = 0
  const flush = (): void => {
    if (bytes > 0) parts.push(encode(update, structs, ranges))
    structs = new Map()
    ranges = new Map()
    bytes = 0
  }
  const add = (to: 'structs' | 'ranges', client: number, run: Run): void => {
    const into = (): Map<number, Run> => (to === 'structs' ? structs : ranges)
    const size = run.end - run.start
    const isFull = bytes + size > bytesMax || structs.size >= PROSE_CLIENTS_COUNT_MAX || ranges.size >= PROSE_DELETED_CLIENTS_COUNT_MAX
    // The same clientID twice, which Yjs does not write: not one stretch of bytes.
    if (bytes > 0 && (isFull || (into().get(client)?.end ?? run.start) !== run.start)) flush()
    const before = into().get(client)
    into().set(client, before ? { ...before, to: run.to, count: before.count + run.count, end: run.end } : run)
    bytes += size
  }

  const reached = new Map(blocks.map(({ client, runs }) => [client, runs[0]?.from ?? 0]))
  const waiting = new Map<number, Block[]>()
  const ready = [...blocks]
  let wakesLeft = WAKES_COUNT_MAX
  for (let block = ready.pop(); block && wakesLeft > 0; block = ready.pop()) {
    const before = block.next
    let open: Need | undefined
    for (let run = block.runs[block.next]; run; run = block.runs[++block.next]) {
      open = run.needs.find(({ client, clock }) => (reached.get(client) ?? Infinity) <= clock)
      if (open) break
      add('structs', block.client, run)
      reached.set(block.client, run.to)
    }
    if (open) {
      const others = waiting.get(open.client)
      if (others) others.push(block)
      else waiting.set(open.client, [block])
    }
    const woken = block.next > before ? waiting.get(block.client) : undefined
    if (!woken) continue
    waiting.delete(block.client)
    wakesLeft -= woken.length
    ready.push(...woken)
  }
  for (const { client, runs, next } of blocks) for (const run of runs.slice(next)) add('structs', client, run)
  for (const [client, run] of deletions) add('ranges', client, run)
  flush()
  return parts
}

function readBlocks(from: Reader): Block[] {
  const blocks: Block[] = []
  let runsLeft = RUNS_COUNT_MAX
  for (let left = varUint(from); left > 0; left--) {
    const count = varUint(from)
    const client = varUint(from)
    // As the header check has it: another order is nothing that Yjs writes.
    if (client >= (blocks.at(-1)?.client ?? Infinity)) throw new Malformed('malformed')
    const runs = readRuns(from, count, client, varUint(from), runsLeft)
    runsLeft -= runs.length
    blocks.push({ client, runs, next: 0 })
  }
  return blocks
}

function readRuns(from: Reader, structsCount: number, client: number, first: number, runsCountMax: number): Run[] {
  const runs: Run[] = []
  /** What stands on less than was asked already asks nothing new. */
  const needed = new Map<number, number>()
  let needs: readonly Need[] = NO_NEEDS
  const standsOn = (): void => {
    const other = { client: varUint(from), clock: varUint(from) }
    if (other.client === client || (needed.get(other.client) ?? -1) >= other.clock) return
    needed.set(other.client, other.clock)
    needs = [...needs, other]
  }
  let clock = first
  let run: Run | undefined
  for (let i = 0; i < structsCount; i++) {
    const start = from.pos
    needs = NO_NEEDS
    const length = readStruct(from, standsOn)
    if (length < 1 || clock + length > Number.MAX_SAFE_INTEGER) throw new Malformed('malformed')
    const isNext = !run || needs.length > 0 || from.pos - run.start > RUN_BYTES_MAX
    if (isNext && runs.length >= runsCountMax) throw new Malformed('malformed')
    if (!run || isNext) runs.push((run = { from: clock, to: clock, count: 0, start, end: start, needs }))
    clock += length
    run.to = clock
    run.end = from.pos
    run.count++
  }
  if (!run) throw new Malformed('malformed')
  return runs
}

/** Out: its length in clock ticks. Laid out as in prose-header.ts. */
function readStruct(from: Reader, standsOn: () => void): number {
  const info = uint8(from)
  if (info === SKIP) throw new Malformed('skip')
  if ((info & 31) === GC) return varUint(from)
  if (info & HAS_ORIGIN) standsOn()
  if (info & HAS_RIGHT_ORIGIN) standsOn()
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (varUint(from) === 1) textLength(from)
    else standsOn()
    if (info & HAS_PARENT_SUB) textLength(from)
  }
  return content(from, info & 31)
}

function readDeletions(from: Reader): [client: number, run: Run][] {
  const all: [number, Run][] = []
  for (let clients = varUint(from); clients > 0; clients--) {
    const client = varUint(from)
    let run: Run | undefined
    for (let left = varUint(from); left > 0; left--) {
      const start = from.pos
      varUint(from)
      varUint(from)
      if (!run || from.pos - run.start > RUN_BYTES_MAX) all.push([client, (run = { from: 0, to: 0, count: 0, start, end: start, needs: NO_NEEDS })])
      run.end = from.pos
      run.count++
    }
  }
  return all
}

/** As `mergeUpdates` writes them: clients from high to low. */
function encode(update: Uint8Array, structs: ReadonlyMap<number, Run>, ranges: ReadonlyMap<number, Run>): Uint8Array {
  const to = encoding.createEncoder()
  encoding.writeVarUint(to, structs.size)
  for (const [client, { count, from, start, end }] of [...structs].sort(([a], [b]) => b - a)) {
    encoding.writeVarUint(to, count)
    encoding.writeVarUint(to, client)
    encoding.writeVarUint(to, from)
    encoding.writeUint8Array(to, update.subarray(start, end))
  }
  encoding.writeVarUint(to, ranges.size)
  for (const [client, { count, start, end }] of ranges) {
    encoding.writeVarUint(to, client)
    encoding.writeVarUint(to, count)
    encoding.writeUint8Array(to, update.subarray(start, end))
  }
  return encoding.toUint8Array(to)
}
