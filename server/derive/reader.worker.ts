/**
 * The thread that reads content: it may hang, blow up or be killed at any entry, and nobody but the asker notices. One question at a time; entries
 * are pulled from the log through the main thread, page by page, and each is marked before it is applied (see Marker).
 *
 * Memory does not grow with the number of documents: prose states are kept up to `cacheBytesMax` of updates, least recently used first out,
 * and are always brought level with the log before they answer.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { must, unreachable } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { orderBetween } from '../../shared/base/order.ts'
import type { Entry, Part } from '../../shared/model/entries.ts'
import { COMMIT_BATCH_BYTES_MAX, ERASED_RANGES_BYTES_MAX } from '../../shared/model/limits.ts'
import { encodeRanges } from '../../shared/protocol/erase-prose.ts'
import { Malformed } from '../../shared/protocol/prose-header.ts'
import { cutUpdate } from './cut-update.ts'
import { deletedRangesOf } from './deleted-ranges.ts'
import { createFactsDocument, loadFacts } from './facts-document.ts'
import { createItemState } from './materialise.ts'
import { createProseState, noveltyFailure, type ProseState } from './prose-state.ts'
import { createSnapshotBuilder, type SnapshotBuilder } from './snapshot-builder.ts'
import { markerOn, skipKey, type FromReader, type QuestionName, type Questions, type ReaderData, type ToReader } from './questions.ts'

const port = must(parentPort, 'runs as a worker')
const { memory, skip, cacheBytesMax } = workerData as ReaderData
const marker = markerOn(memory)
const skipped = new Set(skip)
const say = (message: FromReader): void => port.postMessage(message)

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

/** Work that a hostile payload can prolong: between the two steps the main thread's watchdog counts. */
function marked<T>(seq: number, work: () => T): T {
  marker.seq[0] = seq
  Atomics.add(marker.steps, 0, 1)
  try {
    return work()
  } finally {
    Atomics.add(marker.steps, 0, 1)
  }
}

let pageArrived: ((page: Extract<ToReader, { kind: 'page' | 'no-page' }>) => void) | null = null
let keptArrived: ((kept: Extract<ToReader, { kind: 'kept' }>) => void) | null = null

/** A state that begins with what a snapshot stands for, where there is one that can be read. */
async function begun(space: SpaceId, item: ItemId): Promise<ProseState> {
  const { prose } = await new Promise<Extract<ToReader, { kind: 'kept' }>>((resolve) => {
    keptArrived = resolve
    say({ kind: 'pull-kept', space, item })
  })
  const state = createProseState()
  if (!prose) return state
  try {
    marked(0, () => state.begin(prose.toSeq, prose.content))
    return state
  } catch {
    state.dispose() // its entries say the same
    return createProseState()
  }
}

/** Entries of an item after `afterSeq`, page by page. */
async function* pages(space: SpaceId, item: ItemId, part: Part | null, afterSeq: number): AsyncGenerator<readonly Entry[]> {
  for (let fromSeq = afterSeq + 1; ; ) {
    const page = await new Promise<Extract<ToReader, { kind: 'page' | 'no-page' }>>((resolve) => {
      pageArrived = resolve
      say({ kind: 'pull', space, item, part, fromSeq })
    })
    if (page.kind === 'no-page') throw new Error(page.reason)
    yield page.entries
    fromSeq = (page.entries.at(-1)?.seq ?? fromSeq - 1) + 1
    if (page.isLast) return
  }
}

/** The same, applied one by one; known bad ones are left out. */
async function pull(space: SpaceId, item: ItemId, part: Part | null, afterSeq: number, apply: (entry: Entry) => void): Promise<void> {
  for await (const page of pages(space, item, part, afterSeq)) {
    for (const entry of page) if (!skipped.has(skipKey(item, entry.seq))) marked(entry.seq, () => apply(entry))
  }
}

const remember = (space: SpaceId, item: ItemId, seq: number, reason: string): void => {
  skipped.add(skipKey(item, seq))
  say({ kind: 'skipped', space, item, seq, reason })
}

/** In order of use: the first is the one not asked for the longest. */
const states = new Map<ItemId, ProseState>()

function drop(item: ItemId): void {
  states.get(item)?.dispose()
  states.delete(item)
}

/** The prose of an item, level with the log. In: `isByEntries`: each entry is applied, because what a snapshot does not say (who writes on) is asked for. */
async function proseOf(space: SpaceId, item: ItemId, isByEntries = false): Promise<ProseState> {
  if (isByEntries) drop(item)
  for (let isFirst = true; ; isFirst = false) {
    const state = states.get(item) ?? (isFirst && !isByEntries ? await begun(space, item) : createProseState())
    states.delete(item)
    states.set(item, state)
    let unreadable: { seq: number; reason: string } | null = null
    let isOtherwise = false
    await pull(space, item, 'prose', state.seq, (entry) => {
      if (unreadable || isOtherwise) return
      try {
        isOtherwise = !state.apply(entry.seq, entry.payload, entry.writer)
      } catch (error) {
        unreadable = { seq: entry.seq, reason: reasonOf(error) }
      }
    })
    if (unreadable === null && !isOtherwise) break
    // The document may hold half of an entry, or what the log did not take: begin again without that.
    drop(item)
    if (unreadable === null) continue
    const { seq, reason } = unreadable as { seq: number; reason: string }
    remember(space, item, seq, reason)
  }
  let bytes = [...states.values()].reduce((sum, state) => sum + state.bytes, 0)
  for (const [other, state] of states) {
    if (bytes <= cacheBytesMax || other === item) break
    bytes -= state.bytes
    drop(other)
  }
  return must(states.get(item), 'just brought level')
}

const handlers: { [N in QuestionName]: (ask: Questions[N]['ask']) => Promise<Questions[N]['answer']> } = {
  async missing({ space, item, stateVector }) {
    const state = await proseOf(space, item)
    try {
      return marked(0, () => ({ update: state.missingFor(stateVector), stateVector: state.stateVector(), seq: state.seq }))
    } catch {
      return { kind: 'malformed' } // the vector came from outside
    }
  },
  async novelty({ space, item, update }) {
    const state = await proseOf(space, item)
    const added = marked(0, () => state.novelty(update))
    if (added === null || added instanceof Uint8Array) return { update: added }
    drop(item)
    return added
  },
  async cut({ update }) {
    try {
      return { parts: marked(0, () => cutUpdate(update, COMMIT_BATCH_BYTES_MAX)) }
    } catch (error) {
      if (error instanceof Malformed) return noveltyFailure(error.failure)
      throw error
    }
  },
  async split({ space, item, update }) {
    const state = await proseOf(space, item, true)
    return { parts: marked(0, () => state.split(update)) }
  },
  async forget({ item }) {
    drop(item)
    return {}
  },
  async page({ actor, author, timeMs }) {
    await loadFacts()
    const facts = createFactsDocument(actor)
    const payload = facts.change([['type', 'knowledge'], ['parent', ''], ['order', orderBetween('', '')]], timeMs, author)
    facts.dispose()
    return { payload }
  },
  async snapshot({ space, item, part, before, upToSeq }) {
    if (part === 'facts') await loadFacts()
    let builder: SnapshotBuilder | null = null
    let [entriesCount, entriesBytes] = [0, 0]
    try {
      const building = (builder = marked(0, () => createSnapshotBuilder(part, before?.body ?? null)))
      for await (const page of pages(space, item, part, before?.toSeq ?? 0)) {
        const entries = page.filter(({ seq }) => seq <= upToSeq)
        const bad = entries.find(({ seq }) => skipped.has(skipKey(item, seq)))
        if (bad) return { kind: 'unreadable', reason: `entry ${bad.seq}` }
        // A whole page at once, many times as fast; over which entry it died need not be known to leave the snapshot undone.
        if (entries.length > 0) marked(0, () => building.add(entries))
        entriesCount += entries.length
        entriesBytes += entries.reduce((sum, { payload }) => sum + payload.length, 0)
        if (entries.length < page.length) break
      }
      if (entriesCount === 0) return { kind: 'nothing' }
      return { body: marked(0, () => building.finish()), entriesCount, entriesBytes }
    } catch (error) {
      return { kind: 'unreadable', reason: reasonOf(error) }
    } finally {
      builder?.dispose()
    }
  },
  async deleted({ space, item }) {
    const state = await proseOf(space, item, true)
    return { ranges: marked(0, () => encodeRanges(deletedRangesOf(state.doc), ERASED_RANGES_BYTES_MAX)) }
  },
  async renew() {
    for (const item of [...states.keys()]) drop(item)
    skipped.clear()
    return {}
  },
  async row({ space, item }) {
    await loadFacts()
    const state = createItemState(space, item)
    try {
      await pull(space, item, null, 0, (entry) => {
        const unreadable = state.apply(entry)
        if (unreadable !== null) remember(space, item, entry.seq, unreadable)
      })
      return { row: marked(0, () => state.row()) }
    } finally {
      state.dispose()
    }
  },
}

async function answer(message: Extract<ToReader, { kind: 'ask' }>): Promise<void> {
  Atomics.store(marker.ask, 0, message.id)
  try {
    const handle = handlers[message.name] as (ask: unknown) => Promise<unknown>
    say({ kind: 'answer', id: message.id, answer: await handle(message.ask) })
  } catch (error) {
    say({ kind: 'failed', id: message.id, reason: reasonOf(error) })
  }
}

let queue = Promise.resolve()
port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'ask':
      queue = queue.then(() => answer(message))
      return
    case 'page':
    case 'no-page':
      pageArrived?.(message)
      pageArrived = null
      return
    case 'kept':
      keptArrived?.(message)
      keptArrived = null
      return
    default:
      unreachable(message)
  }
})
