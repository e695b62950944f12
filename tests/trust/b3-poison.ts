/**
 * B3: one member offers thousands of updates that are right on the outside and wrong inside, through every door, while others type in the same
 * documents with the real engine. What must never be: the relay ends or reports a bug; a laptop hangs, differs, waits for what never comes, or cannot
 * open the document again, with what it has or as a new one; a change that cannot be read is in a laptop's content, or is left out without its author.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { blocksOf } from '../../client/engine/drawable.ts'
import { createFactsDocument, factsReady } from '../../client/engine/facts.ts'
import { must } from '../../shared/base/assert.ts'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import { PAYLOAD_BYTES_MAX } from '../../shared/model/limits.ts'
import { readChangeHeaders } from '../../shared/protocol/automerge-header.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { nativeTools } from '../../server/store/admission.ts'
import { converge, countTokens, isListed } from './converge.ts'
import { pushOf } from './client.ts'
import { createSyncDoor, pushByTwin, pushByYjs, type Said } from './doors.ts'
import { createEngineLaptop, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { createObserver, type Seen as Stored } from './observer.ts'
import { settle } from './people.ts'
import { ACT_POISONS } from './poison/acts.ts'
import { DEAR_FACTS_POISONS, FACTS_POISONS } from './poison/facts.ts'
import { HISTORY_POISONS } from './poison/histories.ts'
import type { Poison, Seen } from './poison/poison.ts'
import { PROSE_POISONS } from './poison/prose.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { watchStalls } from './stall-watch.ts'

/** Those that every reader of the document pays for come last: the short form leaves them out. */
const CHEAP_POISONS = [...PROSE_POISONS, ...FACTS_POISONS, ...ACT_POISONS, ...HISTORY_POISONS]
const POISONS = [...CHEAP_POISONS, ...DEAR_FACTS_POISONS]
const DOORS = ['sync', 'gateway', 'twin'] as const
const STALL_MS_MAX = 1_000
const KEYSTROKE_EVERY_MS = 60
const LATER_MS = 50

export const b3: Row = {
  id: 'B3',
  name: 'Poison in documents',
  promise: 'whatever one member puts in a document, the others go on, stay the same, and open it again',
  target: `2,000 updates by hand, ${4 * POISONS.length} by default, ${CHEAP_POISONS.length} in CI, a fifth of them real writing spoiled: 0 exits, 0 documents that do not open again, stall of the others ≤ 1 s`,
  run: (trial) => withFolder((folder) => poison(join(folder, 'data'), trial)),
}

async function poison(data: string, trial: Trial): Promise<void> {
  const offersCount = trial.count(CHEAP_POISONS.length, 4 * POISONS.length, 2_000)
  const dice = namedDice(trial.seed, 'B3')
  const { members, ...group } = settle(data, 1, 4)
  const space = group.space(0)
  const hostile = must(members[3], 'four members')
  const relay = relayProcess({ data })
  await Promise.all([relay.start(), factsReady()])
  const pid = relay.pid
  const stalls = watchStalls(pid)
  const ledger: Ledger = new Map()
  const laptops: EngineLaptop[] = []
  // Their clocks run as ours: how long it takes to read something is judged by them.
  const open = async (name: string, member: number): Promise<EngineLaptop> => {
    const laptop = await createEngineLaptop({ name, user: laptops.length, member: must(members[member], 'a member'), relayPort: relay.port, seed: trial.seed, ledger, clock: { speed: 1, offsetMs: 0 } })
    laptops.push(laptop)
    await laptop.open()
    return laptop
  }
  try {
    const first = await open('first', 0)
    // In the field each has a processor of its own: here they are not handed the same thing in one turn of this thread.
    const second = await open('second', 1)
    second.network.delay(LATER_MS)
    for (const end = Date.now() + 60_000; !(await Promise.all(laptops.map((laptop) => laptop.isQuiet()))).every(Boolean) && Date.now() < end; ) await sleep(20)
    /** In `counted` every word of the others must still be there; in `spare` a member may write and take away where it likes. */
    const [counted, spare] = [await first.createItem(space), await first.createItem(space)] as [ItemId, ItemId]
    const items = [counted, spare]
    const work = async (): Promise<void> => {
      const [laptop, item, what] = [pick(dice, laptops), pick(dice, items), below(dice, 10)]
      if (laptop.engine && (await laptop.see(item))) await (what < 7 ? laptop.type(item) : what < 8 ? laptop.erase(item) : what < 9 ? laptop.addStep(item) : laptop.setTitle(item, `Afspraak ${below(dice, 1000)}`))
    }
    for (const laptop of laptops)
      for (const item of items) {
        for (const end = Date.now() + 60_000; !(await laptop.see(item)) && Date.now() < end; ) await sleep(20)
        await laptop.type(item)
      }
    for (let i = 0; i < 30; i++) await work()
    await converge(laptops, items, trial.violation)
    const reader = createObserver(space, dice, trial.violation)
    await reader.connect(relay.address, hostile.cookie)
    const seen = new Map(items.map((item) => [item, seenOf(reader.seen.filter((entry) => entry.item === item))]))

    let isTyping = true
    const typing = (async () => {
      for (; isTyping; await sleep(KEYSTROKE_EVERY_MS)) await work()
    })()
    const refusals = new Map<string, number>()
    const sync = createSyncDoor(relay.address, hostile.cookie, dice)
    const offer = async ({ name, part, make, touchesWords }: Poison, item: ItemId): Promise<void> => {
      stalls.doing(`making ${name}`)
      let payload = make(dice, must(seen.get(item), 'an item that was looked at'))
      // What does not fit a frame cannot be said; the next one of this kind may be smaller.
      while (payload.length > PAYLOAD_BYTES_MAX) payload = make(dice, must(seen.get(item), 'an item that was looked at'))
      const door = part === 'prose' ? pick(dice, DOORS) : pick(dice, ['sync', 'twin'] as const)
      const message = pushOf({ space, entry: newId(dice), item, part, writer: newId(dice), payload })
      // What it took to make it is not the others' wait.
      stalls.forgive()
      stalls.doing(`${name} by ${door}${touchesWords ? ', in the spare document' : ''}`)
      const said: Said =
        door === 'sync' ? await sync.push(message) : door === 'twin' ? await pushByTwin(relay.address, hostile.cookie, message) : await pushByYjs(relay.address, hostile.cookie, item, payload, below(dice, 2) === 0, below(dice, 2) === 0)
      if (said === 'silent') trial.violation(`${name} by ${door}: nobody answered`)
      if (said !== 'taken' && said !== 'dealt with') refusals.set(said, (refusals.get(said) ?? 0) + 1)
    }
    for (let i = 0; i < offersCount && relay.isUp; i++) {
      const one = must(POISONS[i % POISONS.length], 'in range')
      await offer(one, one.touchesWords ? spare : counted).catch((error: unknown) => trial.violation(`${one.name}: ${error instanceof Error ? error.message : String(error)}`))
      trial.progress(`${i + 1} of ${offersCount}: ${one.name}`)
    }
    isTyping = false
    await typing
    sync.cut()
    const worst = stalls.worst()
    stalls.doing('bringing everybody together')
    if (!relay.isUp || relay.pid !== pid) trial.violation(`the relay ended: ${relay.output().slice(-500)}`)

    const level = async (when: string): Promise<void> => {
      const violation = (text: string): void => trial.violation(`${when}: ${text}`)
      const contents = await converge(laptops, items, violation)
      if (contents) countTokens(new Map([...ledger].filter(([, { item }]) => item === counted)), [counted], contents.slice(0, 1), violation)
      for (const laptop of laptops) for (const item of items) await opens(laptop, item, (text) => violation(`${laptop.name}: ${text}`))
    }
    await level('after it')
    await open('new', 2)
    await level('with a new laptop')
    for (const laptop of laptops) {
      laptop.crash()
      await laptop.open()
    }
    await level('after every laptop was started again')
    for (const laptop of laptops) for (const item of items) if (!(await laptop.see(item))) trial.violation(`${laptop.name} does not find a document again`)
    for (let i = 0; i < 12; i++) await work()
    await level('after typing on')

    await reader.connect(relay.address, hostile.cookie)
    const stored = reader.seen.filter(({ author }) => author === hostile.person.user)
    const unreadable = items.flatMap((item) => unreadableOf(reader.seen.filter((entry) => entry.item === item), trial.violation))
    for (const { entry, author, seq } of unreadable) {
      for (const laptop of laptops) {
        const left = (await Promise.all(items.map((item) => laptop.leftOut(item)))).flat().find((one) => one.entry === entry)
        if (!left) trial.violation(`${laptop.name}: entry ${seq} cannot be read and is not set apart`)
        else if (left.author !== author || author !== hostile.person.user) trial.violation(`${laptop.name}: entry ${seq} is set apart under another author`)
      }
    }
    const bug = /.*(a bug in the relay|unhandled|uncaught).*/i.exec(relay.output())
    if (bug) trial.violation(`the relay reports: ${bug[0].slice(0, 400)}`)
    const refused = [...refusals.values()].reduce((sum, times) => sum + times, 0)
    trial.figure(`${count(offersCount, 'update')} of ${POISONS.length} kinds by socket, gateway and twin`)
    trial.figure(`${refused} refused (${[...refusals].sort(([, a], [, b]) => b - a).map(([said, times]) => `${said} ${times}`).join(', ')})`)
    trial.figure(`${count(stored.length - unreadable.length, 'entry', 'entries')} taken and harmless`)
    trial.figure(`${unreadable.length} set apart with their author`)
    trial.figure(`${count(ledger.size, 'word')} of others meanwhile`)
    if (trial.size !== 'small') {
      trial.figure(`worst stall of a laptop ${worst.ms.toFixed(0)} ms`)
      if (worst.ms > STALL_MS_MAX) trial.missed(`stall ${worst.ms.toFixed(0)} ms (${worst.words})`)
    }
  } finally {
    for (const laptop of laptops) await laptop.dispose()
    await relay.kill()
    await stalls.dispose()
  }
}

function seenOf(entries: readonly Stored[]): Seen {
  const ends = new Map<number, number>()
  const prose = entries.filter(({ part }) => part === 'prose').map(({ payload }) => payload)
  for (const payload of prose) {
    const header = readProseHeader(payload)
    if (typeof header !== 'string') for (const { client, to } of header.blocks) ends.set(client, Math.max(to, ends.get(client) ?? 0))
  }
  const changes = entries.filter(({ part }) => part === 'facts').flatMap(({ payload }) => (readChangeHeaders(payload, nativeTools) ?? []).map(({ actor, seq, hash }) => ({ actor, seq, hash, payload })))
  return { prose: Y.mergeUpdates(prose), clients: [...ends].map(([client, end]) => ({ client, end })), changes }
}

/** As a window does: open it, put the text in a document, draw up the content and the list. */
async function opens(laptop: EngineLaptop, item: ItemId, violation: (text: string) => void): Promise<void> {
  const engine = must(laptop.engine, 'an open laptop')
  try {
    const { prose, facts } = await engine.openItem(item)
    const doc = createProseDoc()
    Y.applyUpdate(doc, prose.update)
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) violation('the text waits for what never comes')
    if (blocksOf(doc).bare.size > 0) violation('the text holds what no window can draw')
    doc.destroy()
    if (facts.registers.type !== 'agreement') violation('the facts of the document are gone')
    await engine.timeline(item, { countMax: 100, withRelay: false })
    await engine.closeItem(item)
    if (!(await isListed(engine, item))) violation('the document is not in the list')
  } catch (error) {
    violation(`does not open: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Entries of one item that its readers must leave out. What reads and then waits for ever is a violation: nothing can be done about it any more. */
function unreadableOf(entries: readonly Stored[], violation: (text: string) => void): Stored[] {
  const doc = createProseDoc()
  const unreadable: Stored[] = []
  const good: Stored[] = []
  const read = () => {
    const document = createFactsDocument('00'.repeat(16))
    for (const { payload, author } of good) document.apply(payload, author)
    return document
  }
  let facts = read()
  for (const entry of entries) {
    if (entry.part === 'prose') {
      try {
        Y.applyUpdate(doc, entry.payload)
        if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) throw new Error('waits for what is not there')
      } catch (error) {
        violation(`entry ${entry.seq} is in the log and Yjs says: ${error instanceof Error ? error.message : String(error)}`)
      }
    } else if (entry.part === 'facts') {
      if (facts.apply(entry.payload, entry.author).ok) good.push(entry)
      else {
        unreadable.push(entry)
        facts.dispose()
        facts = read()
      }
    }
  }
  if (facts.missingCount() > 0) violation('facts wait for what is not there')
  facts.dispose()
  doc.destroy()
  return unreadable
}
