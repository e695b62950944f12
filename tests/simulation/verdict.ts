/**
 * The verdict when all is quiet: what every laptop, a laptop that was never used before, every open window and the relay's log say about every
 * item, against what people did. The log is replayed by `content.ts`, which shares no code with the engine.
 */
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import type { EntryId, ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Entry, NewEntry } from '../../shared/model/entries.ts'
import type { Engine } from '../../client/engine/api.ts'
import type { OutboxRow, StoredEntry } from '../../client/engine/store.ts'
import { readyAutomerge } from './automerge.ts'
import { actsText, factsText, pendingOf, proseText, replayItem, textsOf, untidied, type Content, type Replayed } from './content.ts'
import { tabName } from './plan.ts'
import { tokensIn } from './tokens.ts'
import type { Device, World } from './world.ts'

/** The snapshot service has looked at every space by then. */
const SNAPSHOTS_LOOKED_AT_MS = 60_000
/** Texts are made when nothing else is done, and after a while in any case; each wait is a second. */
const TEXTS_WAITS_COUNT_MAX = 30

const short = (id: string): string => id.slice(0, 8)

/** What is really on one laptop's disk, against the judge's model of it. */
export async function readBackDevice(world: World, device: Device): Promise<void> {
  const { checker } = world
  const { inspect } = device.disk
  checker.storeReadBack(device.index, await inspect.outbox())
  const held = new Set<EntryId>()
  for (const entry of await inspect.entriesAfter(0, Number.MAX_SAFE_INTEGER)) if (entry.seq !== null) held.add(entry.entry)
  for (const row of await inspect.spaces()) {
    if (row.cursor > 0) checker.cursorReadBack(device.index, row.space, row.epoch, row.cursor, row.tailHash, held)
  }
}

/** Waiting rows that may be left at rest: those behind a refused row of the same item. */
const isBehindParked = (row: OutboxRow, outbox: readonly OutboxRow[]): boolean =>
  outbox.some((other) => other.state === 'parked' && other.item === row.item && other.order < row.order)

/** null: nothing is on its way any more. */
export async function whyNotQuiet(world: World): Promise<string | null> {
  if (!world.host.isUp) return 'the relay is down'
  for (const device of world.devices) {
    for (const { name, tab, process } of device.tabs.values()) {
      if (!tab) return `${name} has not started`
      if (process.asleepUntil > world.scheduler.now) return `${name} is asleep`
      if (tab.status?.connection !== 'live') return `${name} is ${tab.status?.connection ?? 'silent'} ${tab.status?.blockedBy ?? ''}`
      if (tab.status.state === 'rechecking') return `${name} has not heard yet which log the relay has, or what it lacks`
      if (tab.unsettled > 0) return `${name} has ${tab.unsettled} edits in memory`
    }
    const outbox = await device.disk.inspect.outbox()
    const waiting = outbox.find((row) => row.state === 'waiting' && !isBehindParked(row, outbox))
    if (waiting) return `device ${device.index} still has ${short(waiting.entry)} (${waiting.part} of item ${short(waiting.item)}) to send`
    const rows = await device.disk.inspect.spaces()
    for (const space of world.spaces) {
      const mayRead = world.directory.may(world.users[device.user]!, space, 'space.read')
      const row = rows.find((one) => one.space === space)
      if (!mayRead) {
        if (row?.role) return `device ${device.index} has not heard that space ${short(space)} is closed to it`
        continue
      }
      const model = world.checker.spaces.get(space)
      const head = model?.entries.length ?? 0
      if (!row) return `device ${device.index} has not heard of space ${short(space)}`
      if (head > 0 && (row.cursor !== head || row.epoch !== model?.epoch)) return `device ${device.index} is at ${row.cursor} of ${head} in space ${short(space)}`
      if (row.rechecking) return `device ${device.index} is still re-checking space ${short(space)}`
    }
  }
  return null
}

async function contentFrom(engine: Engine, item: ItemId): Promise<Content & { acts: string }> {
  const opened = await engine.openItem(item)
  const doc = untidied()
  if (opened.prose.update.length > 0) Y.applyUpdate(doc, opened.prose.update)
  const content = { prose: proseText(doc), facts: factsText(opened.facts), acts: actsText(opened.acts.settled), pending: pendingOf(doc) }
  doc.destroy()
  await engine.closeItem(item)
  return content
}

interface AtRest {
  entries: Entry[]
  byItem: Map<ItemId, Entry[]>
  replayed: Map<ItemId, Replayed>
}

export interface Tools {
  advance(ms: number): Promise<void>
  /** What an engine promised, with virtual time going on meanwhile. */
  inTime<T>(promised: Promise<T>): Promise<T>
  counted(what: string): void
}

export async function judgeAtRest(world: World, tools: Tools): Promise<void> {
  const { checker, host, directory } = world
  const A = await readyAutomerge()
  const breach = checker.breach

  // The log, read from the disk and replayed.
  const rest = new Map<SpaceId, AtRest>()
  for (const space of world.spaces) {
    const entries = await host.entriesOf(space)
    const model = checker.spaces.get(space)
    if (model) checker.logReadBack(space, model.epoch, entries)
    const byItem = new Map<ItemId, Entry[]>()
    for (const entry of entries) byItem.set(entry.item, [...(byItem.get(entry.item) ?? []), entry])
    const replayed = new Map([...byItem].map(([item, own]) => [item, replayItem(A, own)]))
    for (const { content } of replayed.values()) if (!content.facts.endsWith('"conflicts":[]}')) tools.counted('conflicts at rest')
    for (const [item, { content }] of replayed) if (content.pending) breach(11, `item ${short(item)} in the log: ${content.pending}`)
    rest.set(space, { entries, byItem, replayed })
  }

  // A laptop that nobody used before.
  const fresh = world.addDevice(0)
  world.openTab(fresh, tabName(fresh.index, 0))
  // Quiet, and still quiet some seconds later: a line may turn out to have been dead.
  for (let waited = 0; ; waited++) {
    if (waited > 60) return breach(8, `a fresh laptop never becomes level: ${await whyNotQuiet(world)}`)
    if ((await whyNotQuiet(world)) !== null) {
      await tools.advance(1_000)
      continue
    }
    await tools.advance(3_000)
    if ((await whyNotQuiet(world)) === null) break
  }

  for (const device of world.devices) {
    const user = must(world.users[device.user], 'a device has a user')
    await readBackDevice(world, device)
    const outbox = await device.disk.inspect.outbox()
    if (outbox.length > 0) tools.counted('refused at rest')
    judgeOwn(world, device, rest, await device.disk.inspect.entriesAfter(0, Number.MAX_SAFE_INTEGER), outbox)
    for (const { tab, name } of device.tabs.values()) {
      if (!tab) continue
      const isFirst = name === [...device.tabs.keys()][0]
      for (const space of world.spaces) {
        if (!directory.may(user, space, 'space.read')) continue
        const { byItem, replayed } = rest.get(space)!
        /** What this laptop's own copy says of each item; left out where that cannot be told. */
        const copies = new Map<ItemId, Content>()
        for (const [item, own] of byItem) {
          const handle = tab.handles.get(item)
          if (!isFirst && !handle) continue
          // Merged and let go after 30 days by the relay's clock, and then the relay was set back: decision 0015 says what that means.
          const inLog = new Set(own.map(({ entry }) => entry))
          const held = new Set((await device.disk.inspect.historyOf(item)).map(({ entry }) => entry))
          const isLetGo = (entry: EntryId): boolean => checker.minted.get(entry)?.item === item && !inLog.has(entry) && !held.has(entry)
          if ([...checker.deviceModel(device.index).merged].some(isLetGo)) {
            tools.counted('merged and let go before a restore')
            continue
          }
          // What was refused, or waits behind that, stays in its author's own copy until somebody drops it, or the right to the space is lost.
          const kept = (await device.disk.inspect.historyOf(item)).filter((entry) => entry.seq === null && entry.part !== 'act')
          const expected = kept.length === 0 ? replayed.get(item)!.content : replayItem(A, [...own, ...kept.map((entry) => ({ ...entry, serverTime: 0 }))]).content
          copies.set(item, expected)
          // Somebody threw away a refused edit on which another one of theirs was built: that one is refused and shown, and its text has nothing to stand on.
          // Or a relay lost that one for good, and this laptop had its content only in a snapshot of the log that was. With those, and nothing else, nothing waits.
          const { discarded, onlyGiven } = checker.deviceModel(device.index)
          const gone = [...discarded, ...onlyGiven].flatMap((entry) => {
            const one = checker.minted.get(entry)
            return one?.item === item && !inLog.has(entry) ? [{ entry, part: one.part, payload: one.payload, author: one.user }] : []
          })
          const isForGone = (): boolean => replayItem(A, [...own, ...[...gone, ...kept].map((entry) => ({ ...entry, serverTime: 0 }))]).content.pending === null
          const mayWait = expected.pending !== null && kept.length > 0 && gone.length > 0 && isForGone() ? expected.pending : null
          if (mayWait !== null) tools.counted(gone.some(({ entry }) => discarded.has(entry)) ? 'waits for what was thrown away' : 'waits for what only a snapshot had')
          const there = await tools.inTime(contentFrom(tab.engine, item))
          // An act that was lost with an image and taken anew has a new time, and the tail hash says nothing of times: who saw it at the same place before keeps that.
          const timed = checker.wasPutBack(space) ? withoutTimes : (content: Content): Content => content
          compare(world, `${name} on item ${short(item)}`, timed(expected), timed(there), mayWait)
          tools.counted('contents compared')
          if (!handle) continue
          if (pendingOf(handle.doc) !== null && pendingOf(handle.doc) !== mayWait) breach(11, `the window of ${name} on item ${short(item)}: ${pendingOf(handle.doc)}`)
          compare(world, `the window of ${name} on item ${short(item)}`, timed(expected), timed({
            prose: proseText(handle.doc), facts: factsText(handle.facts), acts: actsText(handle.acts.settled), pending: null,
          }))
        }
        if (isFirst) await tools.inTime(judgeRows(world, name, tab.engine, space, byItem, copies))
      }
      await tools.inTime(judgeStatus(world, name, tab.engine, outbox))
    }
  }
  await judgeTexts(world, tools)
  await judgeErased(world, tools)
  await judgeTokens(world, rest, A)
}

/** What is found on a laptop is what its documents say: no text for search stays due, whichever tab was to make it. */
async function judgeTexts({ checker, devices }: World, { advance }: Tools): Promise<void> {
  for (const { index, disk: { inspect } } of devices) {
    for (let waited = 0; (await inspect.staleTexts(1)).length > 0; waited++) {
      if (waited > TEXTS_WAITS_COUNT_MAX) return checker.breach(8, `device ${index} has texts for search that nobody makes`)
      await advance(1_000)
    }
  }
}

/** What somebody wrote and the log does not have waits, or was refused, on the laptop that it was written on; also where another laptop keeps it as well. An act is taken once. */
function judgeOwn({ checker, directory, users }: World, { index, user }: Device, rest: ReadonlyMap<SpaceId, AtRest>, entries: readonly StoredEntry[], outbox: readonly OutboxRow[]): void {
  const offered = new Set(outbox.map(({ entry }) => entry))
  for (const { entry, space, part, seq } of entries) {
    if (seq !== null || part === 'act' || offered.has(entry) || checker.minted.get(entry)?.device !== index) continue
    if (!directory.may(must(users[user], 'a device has a user'), space, 'item.write') || rest.get(space)?.entries.some((one) => one.entry === entry)) continue
    checker.breach(1, `device ${index} keeps ${short(entry)}, which was written on it and is not in the log, and offers it to nobody`)
  }
}

/** Nothing that was erased is kept anywhere: not beside the log, and not on a laptop that heard of it. */
async function judgeErased({ checker, host, spaces, devices, directory, users }: World, { advance }: Tools): Promise<void> {
  // A relay that has just been put back looks after its snapshots when it is quiet; until then it serves none of another history.
  if ([...checker.erasedItems()].length > 0) await advance(SNAPSHOTS_LOOKED_AT_MS)
  for (const space of spaces)
    for (const { item, part, body } of await host.snapshotsOf(space)) {
      const back = checker.isErasedWhole(item) ? 'an item that was erased' : checker.erasedIn(part, body)
      if (back !== null) checker.breach('ERA', `a snapshot of space ${short(space)} keeps ${back}`)
    }
  for (const { index, user, disk: { inspect } } of devices) {
    const me = must(users[user], 'a device has a user')
    const entries = await inspect.entriesAfter(0, Number.MAX_SAFE_INTEGER)
    const outbox = await inspect.outbox()
    // What nobody acknowledged of an item that was erased whole is its author's to decide about (ERA10), and shown where it lies.
    const own = new Set(outbox.filter((row) => checker.isErasedWhole(row.item)).map(({ entry }) => entry))
    // Of a space that was closed to somebody nothing is said to them, erasures neither (7), and nobody throws away their own refused words (9).
    const isOutOfReach = ({ state, author, space }: OutboxRow): boolean => state === 'parked' && author === me && !directory.may(me, space, 'space.read')
    const ownTokens = new Set(outbox.flatMap((row) => checker.tokensOf(row)))
    for (const { entry, item, part, payload } of entries) if (!own.has(entry)) checker.keptBytes(index, item, part, 'entries', payload)
    for (const row of outbox) if (!own.has(row.entry) && !isOutOfReach(row)) checker.keptBytes(index, row.item, row.part, 'outbox', row.payload)
    for (const space of spaces) for (const { item, part, payload } of await inspect.archive(space)) checker.keptBytes(index, item, part, 'archive', payload)
    const items = [...new Set([...checker.erasedItems(), ...entries.map(({ item }) => item)])]
    for (const parts of await inspect.partsOf(items)) for (const { snapshot } of Object.values(parts)) if (snapshot) checker.keptBytes(index, snapshot.item, snapshot.part, 'snapshots', snapshot.payload)
    // The row and the text of such an item show those edits, and nothing else that was erased.
    const shown = [...(await inspect.texts()).map(({ item, title, text }) => ({ item, text: `${title} ${text}` })), ...(await inspect.rows()).map(({ item, title }) => ({ item, text: title }))]
    for (const { item, text } of shown)
      for (const token of tokensIn(text)) if (checker.isErased(item, token) && !ownTokens.has(token)) checker.breach('ERA', `device ${index} still shows or finds ${token}`)
  }
}

function compare(world: World, where: string, expected: Content, there: Content, mayWait: string | null = null): void {
  if (there.pending !== null && there.pending !== mayWait) world.checker.breach(11, `${where}: ${there.pending}`)
  for (const part of ['prose', 'facts', 'acts'] as const)
    if (expected[part] !== there[part]) world.checker.breach(8, `${where}: its ${part} differ from the log\n    log:  ${excerpt(expected[part], there[part])}\n    here: ${excerpt(there[part], expected[part])}`)
}

const withoutTimes = (content: Content): Content => ({ ...content, acts: content.acts.replace(/"(proposedAt|adoptedAt|time)":\d+/g, '"$1":0') })

/** The text around the first difference. */
function excerpt(text: string, other: string): string {
  let at = 0
  while (at < text.length && text[at] === other[at]) at++
  return `…${text.slice(Math.max(0, at - 40), at + 120)}…`
}

/** Rows of trees and boards say the same as the documents of this laptop: with what was refused to it, and with what the log lost and it may not bring back. */
async function judgeRows(world: World, name: string, engine: Engine, space: SpaceId, byItem: AtRest['byItem'], copies: ReadonlyMap<ItemId, Content>): Promise<void> {
  const rows = new Map((await engine.rows(space)).map((row) => [row.item, row]))
  for (const [item, entries] of byItem) {
    const row = rows.get(item)
    const content = copies.get(item)
    if (!content) continue
    if (!row) {
      if (entries.some((entry) => entry.part === 'facts')) world.checker.breach(8, `${name} has no row for item ${short(item)}`)
      continue
    }
    const facts = JSON.parse(content.facts) as { registers: [string, unknown][]; conflicts: unknown[] }
    const acts = JSON.parse(content.acts) as { status: string; version: number }
    const title = facts.registers.find(([path]) => path === 'title')?.[1] ?? ''
    if (row.title !== title) world.checker.breach(8, `${name}: the row of item ${short(item)} is called ${row.title}, the document ${String(title)}`)
    if (row.status !== acts.status || row.version !== acts.version) world.checker.breach(8, `${name}: the row of item ${short(item)} says ${row.status} ${row.version}, the acts ${acts.status} ${acts.version}`)
    if (row.conflictCount !== facts.conflicts.length) world.checker.breach(8, `${name}: the row of item ${short(item)} counts ${row.conflictCount} conflicts, the document has ${facts.conflicts.length}`)
  }
}

async function judgeStatus(world: World, name: string, engine: Engine, outbox: readonly OutboxRow[]): Promise<void> {
  const breach = world.checker.breach
  const status = await engine.status()
  const parked = outbox.filter((row) => row.state === 'parked')
  if (status.parkedCount !== parked.length) breach(10, `${name} counts ${status.parkedCount} refused edits; ${parked.length} are stored`)
  if (status.waitingCount !== outbox.length - parked.length) breach(10, `${name} counts ${status.waitingCount} waiting edits; ${outbox.length - parked.length} are stored`)
  if (status.inMemoryCount !== 0) breach(10, `${name} counts ${status.inMemoryCount} edits in memory at rest`)
  const expected = parked.length > 0 ? 'refused' : 'relay'
  if (status.state !== expected) breach(10, `${name} shows "${status.state}" at rest, the truth is "${expected}" (connection ${status.connection})`)
  const shown = new Map((await engine.parked()).map((view) => [view.entry, view]))
  for (const row of parked) {
    const view = shown.get(row.entry)
    if (!view) breach(9, `${name} does not show the refused entry ${short(row.entry)}`)
    else if (view.code !== row.code) breach(9, `${name} shows ${view.code} for a refusal with ${row.code ?? 'no code'}`)
  }
  if (parked.length > 0 && (await engine.exportParked(parked.map((row) => row.entry))).text.length === 0) breach(9, `${name} exports nothing for ${parked.length} refused edits`)
}

/** Every token: where it must be, where it may be, and where it must not. */
async function judgeTokens(world: World, rest: ReadonlyMap<SpaceId, AtRest>, A: Awaited<ReturnType<typeof readyAutomerge>>): Promise<void> {
  const { checker, history } = world
  const breach = checker.breach
  const tokensOfPayload = (entry: Pick<NewEntry, 'part' | 'payload'>): string[] =>
    entry.part === 'facts' ? textsOf(A, entry.payload).flatMap(tokensIn) : tokensIn(Buffer.from(entry.payload).toString('latin1'))

  // Where tokens are now: in texts, and in register values of the log's history.
  const inText = new Map<string, { item: ItemId; space: SpaceId; count: number }>()
  const inFacts = new Map<string, { item: ItemId; space: SpaceId; count: number }>()
  for (const [space, { replayed }] of rest) {
    for (const [item, { content, factValues }] of replayed) {
      for (const token of tokensIn(content.prose)) {
        const before = inText.get(token)
        if (before && before.item !== item) breach(8, `token ${token} is in two items`)
        inText.set(token, { item, space, count: (before?.count ?? 0) + 1 })
      }
      for (const [value, count] of factValues) for (const token of tokensIn(value)) inFacts.set(token, { item, space, count })
    }
  }
  // Where tokens still are although they are not in the log: refused, waiting behind a refusal, or dropped by a human choice.
  const keptBack = new Map<string, string>()
  /** Items where a laptop holds back something: a deletion may be among it. */
  const heldBackItems = new Set<string>()
  /** What a laptop has that may offer it. */
  const heldAnywhere = new Set<EntryId>()
  for (const device of world.devices) {
    const model = checker.deviceModel(device.index)
    for (const entry of model.discarded) {
      const origin = checker.minted.get(entry)
      if (!origin) continue
      heldBackItems.add(`${device.index}/${origin.item}`)
      for (const token of tokensOfPayload(origin)) keptBack.set(token, 'discarded')
    }
    for (const row of await device.disk.inspect.outbox()) {
      heldBackItems.add(`${device.index}/${row.item}`)
      for (const token of tokensOfPayload(row)) keptBack.set(token, row.state)
    }
    // Whoever may only read brings nothing of others back.
    const mayOffer = (space: SpaceId): boolean => world.directory.may(must(world.users[device.user], 'a device has a user'), space, 'item.write')
    for (const entry of await device.disk.inspect.entriesAfter(0, Number.MAX_SAFE_INTEGER)) if (mayOffer(entry.space)) heldAnywhere.add(entry.entry)
  }
  // What a restored relay lost and no laptop of anybody who may write had any more (its owner had lost the right to the space): the only honest loss.
  const lost = new Set<string>()
  const inLog = new Set([...rest.values()].flatMap(({ entries }) => entries.map((entry) => entry.entry)))
  for (const [entry, origin] of checker.minted)
    if (checker.wasEverCommitted(entry) && !inLog.has(entry) && !heldAnywhere.has(entry)) for (const token of tokensOfPayload(origin)) lost.add(token)

  for (const [token, at] of [...inText, ...inFacts]) {
    const record = history.tokens.get(token)
    if (!record) breach(5, `token ${token} is in the log, and nobody typed it`)
    else if (record.space !== at.space) breach(7, `token ${token} is in another space than it was typed in`)
    else if (record.item !== '' && record.item !== at.item) breach(8, `token ${token} is in another item than it was typed in`)
  }
  for (const record of history.tokens.values()) {
    const { text: token, part } = record
    const at = part === 'prose' ? inText.get(token) : inFacts.get(token)
    if (at && at.count > 1) breach(5, `token ${token} is there ${at.count} times`)
    const isDeleted = record.deletions.length > 0
    if (checker.isErased(record.item, token)) continue
    if (!at && record.saved === 'local' && !isDeleted && !keptBack.has(token) && !lost.has(token))
      breach(1, `token ${token} (${part}, typed in ${record.tab}) was called saved and is gone`)
    const deletedForSure = record.deletions.some((deletion) => deletion.saved === 'local' && !heldBackItems.has(`${deletion.device}/${record.item}`))
    if (at && part === 'prose' && deletedForSure && checker.restoredCount === 0) breach(8, `token ${token} was deleted and has come back`)
    // A linked pair: both halves or none.
    if (record.twin && part === 'facts') {
      const twin = must(history.tokens.get(record.twin), 'a twin is a token')
      const isHere = inFacts.has(token)
      const isThere = inText.has(twin.text) || twin.deletions.length > 0
      const isExcused = [token, twin.text].some((half) => keptBack.has(half) || lost.has(half))
      if (isHere !== isThere && !isExcused && !(twin.deletions.length > 0)) breach('C6', `half of a linked pair: ${isHere ? token : twin.text} without ${isHere ? twin.text : token}`)
    }
  }
}
