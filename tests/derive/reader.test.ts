/** The reader thread and what stands on it: items from their entries, reports for programmes, and entries that are made to hang or break a reader. */
import * as encoding from 'lib0/encoding'
import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createBag } from '../../shared/base/dispose.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { actToBytes, sealOf, type Act } from '../../shared/model/acts.ts'
import { FORMAT_OF_PART, type Part } from '../../shared/model/entries.ts'
import type { FactValue } from '../../shared/model/facts.ts'
import { eraseProse } from '../../shared/protocol/erase-prose.ts'
import { createFactsDocument, loadFacts } from '../../server/derive/facts-document.ts'
import { materialise, type ReadableEntry } from '../../server/derive/materialise.ts'
import { createLogReader } from '../../server/derive/reader.ts'
import { createReportService } from '../../server/derive/report.ts'
import type { Erasure } from '../../server/store/erase.ts'
import type { CommittedRun, Log } from '../../server/store/log.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { systemClock } from '../../server/system.ts'

const bags: { dispose(): void }[] = []
afterEach(() => {
  for (const bag of bags.splice(0)) bag.dispose()
})

const AUTHOR = 'c'.repeat(32)

async function setupLog() {
  await loadFacts()
  const dice = namedDice(1, 'reader')
  const log = createMemoryLog({ dice })
  const space = newId(dice)
  await log.ensureSpace(space)
  const committed = createEmitter<CommittedRun>()
  const bag = createBag()
  bags.push(bag)
  const reports: { kind: string; [detail: string]: unknown }[] = []
  const documents = new Map<ItemId, { facts: ReturnType<typeof createFactsDocument>; doc: Y.Doc; writer: string }>()
  let time = 1_000_000

  const documentOf = (item: ItemId) => {
    let found = documents.get(item)
    if (!found) {
      const doc = new Y.Doc()
      doc.clientID = dice.uint32()
      documents.set(item, (found = { facts: createFactsDocument(newId(dice)), doc, writer: newId(dice) }))
    }
    return found
  }
  async function append(item: ItemId, part: Part, payload: Uint8Array): Promise<void> {
    time += 1_000
    const { results, runs } = await log.append([{ entry: { space, entry: newId(dice), item, part, format: FORMAT_OF_PART[part], schema: 1, clientTime: time, writer: documentOf(item).writer, payload }, author: AUTHOR, serverTime: time }])
    if (results[0]?.kind !== 'stored') throw new Error(JSON.stringify(results[0]))
    for (const run of runs) committed.fire(run)
  }
  return {
    log, space, dice, bag, reports, committed,
    report: (event: { kind: string; [detail: string]: unknown }) => void reports.push(event),
    newItem: () => newId(dice),
    append,
    set: (item: ItemId, ...pairs: [string, FactValue][]) => append(item, 'facts', documentOf(item).facts.change(pairs, time, AUTHOR)),
    async write(item: ItemId, text: string) {
      const { doc } = documentOf(item)
      const updates: Uint8Array[] = []
      doc.once('update', (update: Uint8Array) => updates.push(update))
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(text)])
      doc.getXmlFragment('prose').push([paragraph])
      await append(item, 'prose', updates[0]!)
    },
    async erase(item: ItemId) {
      const { doc } = documentOf(item)
      const updates: Uint8Array[] = []
      doc.once('update', (update: Uint8Array) => updates.push(update))
      doc.getXmlFragment('prose').delete(0, 1)
      await append(item, 'prose', updates[0]!)
    },
    act: (item: ItemId, act: Act) => append(item, 'act', actToBytes(act)),
    entries: (item: ItemId) => log.readItem(space, item, null, 1, Number.MAX_SAFE_INTEGER, 10_000),
  }
}

describe('materialise', () => {
  test('facts, prose and acts of one item, with a seal that says whether the content changed since', async () => {
    const world = await setupLog()
    const item = world.newItem()
    await world.set(item, ['type', 'agreement'], ['title', 'Roken'], ['owner', 'Gemeente'])
    await world.write(item, 'Waarom wij dit afspreken.')
    const before = materialise(await world.entries(item))
    await world.act(item, { kind: 'propose', seal: before.seal, content: before.content, parties: ['JGZ', 'Wijkteam'] })
    await world.act(item, { kind: 'sign', seal: before.seal, party: 'JGZ', verdict: 'agreed', note: '' })
    const proposed = materialise(await world.entries(item))
    expect(proposed.seal).toBe(before.seal)
    expect(sealOf(proposed.content)).toBe(proposed.seal)
    expect(proposed.row).toMatchObject({ status: 'proposed', waitingFor: ['Wijkteam'], changedSinceSeal: false, title: 'Roken', changedBy: AUTHOR })
    expect(proposed.actList.map(({ act }) => act.kind)).toEqual(['propose', 'sign'])
    await world.write(item, 'Later toegevoegd.')
    expect(materialise(await world.entries(item)).row).toMatchObject({ changedSinceSeal: true })
  })

  test('an entry that cannot be read is left out and named; the rest is there', async () => {
    const world = await setupLog()
    const item = world.newItem()
    await world.set(item, ['type', 'knowledge'], ['title', 'Tolken'])
    await world.write(item, 'Eerste zin.')
    await world.write(item, 'Tweede zin.')
    const entries = await world.entries(item)
    const bad = (part: Part, payload: Uint8Array): ReadableEntry => ({ seq: 99, item, space: world.space, part, payload, author: 'd'.repeat(32), serverTime: 5 })
    const broken = [bad('prose', new Uint8Array([1, 1, 200, 1, 3, 4])), bad('facts', new Uint8Array([1, 2, 3])), bad('act', new Uint8Array([123])), bad('act', actToBytes({ kind: 'adopt', seal: 'a'.repeat(64), mandate: '' }))]
    const [first, ...rest] = entries
    const read = materialise([first!, ...broken, ...rest])
    expect(read.leftOut.map(({ part, author }) => [part, author])).toEqual(broken.map(({ part }) => [part, 'd'.repeat(32)]))
    expect(read.content).toBe(materialise(entries).content)
    expect(read.content).toContain('Tweede zin.')
  })
})

/**
 * Minutes on any machine: each of 60,000 letters that one client put at the very beginning is compared with each of 60,000 that another put
 * there. The second client's first letter waits for the first client's last, so that these come first.
 */
function endlessUpdate(): Uint8Array {
  const letters = 60_000
  const AT_THE_BEGINNING = 4 // a string, no neighbours named
  const AFTER_ANOTHER = 0x84 // a string, its left neighbour named
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 2) // clients, the highest first
  for (const client of [2, 1]) {
    encoding.writeVarUint(encoder, letters)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, 0)
    for (let clock = 0; clock < letters; clock++) {
      if (client === 2 && clock === 0) {
        encoding.writeUint8(encoder, AFTER_ANOTHER)
        encoding.writeVarUint(encoder, 1)
        encoding.writeVarUint(encoder, letters - 1)
      } else {
        encoding.writeUint8(encoder, AT_THE_BEGINNING)
        encoding.writeVarUint(encoder, 1)
        encoding.writeVarString(encoder, 'prose')
      }
      encoding.writeVarString(encoder, 'x')
    }
  }
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

describe('the reader thread', () => {
  test('answers what is missing, what is new, and nothing for what is known already', async () => {
    const world = await setupLog()
    const reader = world.bag.add(createLogReader({ log: world.log, clock: systemClock, report: world.report }))
    const item = world.newItem()
    await world.write(item, 'Een.')
    const { space } = world
    const missing = await reader.ask('missing', { space, item, stateVector: new Uint8Array([0]) })
    if (!missing.ok || 'kind' in missing.value) throw new Error('unreadable')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, missing.value.update)
    expect(doc.getXmlFragment('prose').toString()).toContain('Een.')
    expect(await reader.ask('novelty', { space, item, update: missing.value.update })).toEqual({ ok: true, value: { update: null } })
    doc.getXmlFragment('prose').push([new Y.XmlElement('paragraph')])
    const whole = Y.encodeStateAsUpdate(doc)
    const novelty = await reader.ask('novelty', { space, item, update: whole })
    if (!novelty.ok || 'kind' in novelty.value || !novelty.value.update) throw new Error('nothing new')
    expect(novelty.value.update.length).toBeLessThan(whole.length)
    // Not in the log: told so, the reader forgets it.
    await reader.ask('forget', { item })
    expect(await reader.ask('missing', { space, item, stateVector: missing.value.stateVector })).toMatchObject({ ok: true, value: { update: new Uint8Array([0, 0]), seq: 1 } })
  })

  test('text that was written where somebody else deleted stays in the log, and a fresh client is not sent what was deleted', async () => {
    const world = await setupLog()
    const reader = world.bag.add(createLogReader({ log: world.log, clock: systemClock, report: world.report }))
    const item = world.newItem()
    const { space } = world
    await world.write(item, 'Een lange zin die iemand anders weghaalt.')
    const [first] = await world.entries(item)
    const offline = new Y.Doc()
    Y.applyUpdate(offline, first!.payload)
    ;((offline.getXmlFragment('prose').get(0) as Y.XmlElement).get(0) as Y.XmlText).insert(0, 'In de trein. ')
    // Meanwhile the paragraph went.
    await world.erase(item)
    const novelty = await reader.ask('novelty', { space, item, update: Y.encodeStateAsUpdate(offline) })
    if (!novelty.ok || 'kind' in novelty.value || !novelty.value.update) throw new Error('nothing new')
    expect(new TextDecoder().decode(novelty.value.update)).toContain('In de trein. ')
    const missing = await reader.ask('missing', { space, item, stateVector: new Uint8Array([0]) })
    if (!missing.ok || 'kind' in missing.value) throw new Error('unreadable')
    expect(new TextDecoder().decode(missing.value.update)).not.toContain('weghaalt')
  })

  test('[ERA4] what the log took without the words that were erased for good is told without them', async () => {
    const world = await setupLog()
    const reader = world.bag.add(createLogReader({ log: world.log, clock: systemClock, report: world.report }))
    const item = world.newItem()
    const { space } = world
    await world.write(item, 'Een.')
    const [first] = await world.entries(item)
    const back = new Y.Doc()
    back.clientID = 7
    Y.applyUpdate(back, first!.payload)
    const words = new Y.XmlText('geheimwoord')
    back.getXmlFragment('prose').push([words])
    const novelty = await reader.ask('novelty', { space, item, update: Y.encodeStateAsUpdate(back) })
    if (!novelty.ok || 'kind' in novelty.value || !novelty.value.update) throw new Error('nothing new')
    // As the log does with an item of which something was erased.
    await world.append(item, 'prose', eraseProse(novelty.value.update, new Map([[7, [[1, 12]]]])))
    const missing = await reader.ask('missing', { space, item, stateVector: new Uint8Array([0]) })
    if (!missing.ok || 'kind' in missing.value) throw new Error('unreadable')
    expect(new TextDecoder().decode(missing.value.update)).not.toContain('geheim')
    expect(missing.value.seq).toBe(2)
    // Who still shows them hears that they are deleted.
    const own = await reader.ask('missing', { space, item, stateVector: Y.encodeStateVector(back) })
    if (!own.ok || 'kind' in own.value) throw new Error('unreadable')
    Y.applyUpdate(back, own.value.update)
    expect(back.getXmlFragment('prose').toString()).not.toContain('geheim')
  })

  test('[B3] what hangs the thread is refused, and the next question is answered', async () => {
    const world = await setupLog()
    const reader = world.bag.add(createLogReader({ log: world.log, clock: systemClock, report: world.report, stepMsMax: 500 }))
    const item = world.newItem()
    await world.write(item, 'Goed.')
    const { space } = world
    const hostile = reader.ask('novelty', { space, item, update: endlessUpdate() })
    const honest = reader.ask('missing', { space, item, stateVector: new Uint8Array([0]) })
    expect(await hostile).toEqual({ ok: false, failure: { kind: 'poison' } })
    expect(await honest).toMatchObject({ ok: true, value: { seq: 1 } })
    expect(world.reports.map(({ kind }) => kind)).toEqual(['reader-replaced'])
  })

  test('[B3] an entry in the log that hangs the thread is left out, reported with its author, and everything else is read', async () => {
    const world = await setupLog()
    const item = world.newItem()
    await world.set(item, ['type', 'knowledge'], ['title', 'Tolken'])
    await world.write(item, 'Goed.')
    // Past the log's own checks, as an entry from before they were written would be.
    const bad = endlessUpdate()
    const log: Pick<Log, 'readItem'> = {
      readItem: async (...args) => (await world.log.readItem(...args)).map((entry) => (entry.seq === 2 ? { ...entry, payload: bad } : entry)),
    }
    const reader = world.bag.add(createLogReader({ log: { ...log, tailHashAt: world.log.tailHashAt }, clock: systemClock, report: world.report, stepMsMax: 500 }))
    const read = await reader.ask('row', { space: world.space, item })
    expect(read).toMatchObject({ ok: true, value: { row: { title: 'Tolken', type: 'knowledge' } } })
    expect(world.reports).toMatchObject([{ kind: 'reader-replaced' }, { kind: 'entry-left-out', item, seq: 2, author: AUTHOR }])
  })

  test('a closed reader answers that it is closed', async () => {
    const world = await setupLog()
    const reader = createLogReader({ log: world.log, clock: systemClock, report: world.report })
    const asked = reader.ask('row', { space: world.space, item: world.newItem() })
    reader.dispose()
    expect(await asked).toEqual({ ok: false, failure: { kind: 'unavailable', reason: 'closed' } })
    expect(await reader.ask('forget', { item: world.newItem() })).toMatchObject({ ok: false })
  })
})

describe('reports', () => {
  const setupReports = async () => {
    const world = await setupLog()
    const asked: ItemId[] = []
    const inner = world.bag.add(createLogReader({ log: world.log, clock: systemClock, report: world.report }))
    const reader: typeof inner = {
      ...inner,
      ask(name, ask) {
        if (name === 'row') asked.push((ask as { item: ItemId }).item)
        return inner.ask(name, ask)
      },
    }
    const service = world.bag.add(createReportService({ log: world.log, relay: { onDidCommit: world.committed.event, onDidErase: createEmitter<Erasure>().event }, reader, clock: { ...systemClock, now: () => 42 }, report: world.report }))
    return { ...world, asked, reportOf: () => service.reportOf([{ space: world.space, kind: 'municipality', name: 'Schiedam' }]) }
  }

  test('[A14] only agreed fields leave: no prose, no step, no action text', async () => {
    const world = await setupReports()
    const [agreement, meeting, contact] = [world.newItem(), world.newItem(), world.newItem()]
    const row = newId(world.dice)
    await world.set(agreement, ['type', 'agreement'], ['title', 'Roken'], ['trigger', 'canary-1'], [`steps/${row}/order`, 'V'], [`steps/${row}/action`, 'canary-2'])
    await world.write(agreement, 'canary-3')
    await world.set(meeting, ['type', 'meeting'], ['title', 'Platform'], ['date', '2026-11-18'], [`actions/${row}/order`, 'V'], [`actions/${row}/text`, 'canary-4'], [`actions/${row}/owner`, 'canary-5'], [`actions/${row}/due`, '2026-12-01'])
    await world.set(contact, ['type', 'contact'], ['title', 'canary-6'])
    const report = await world.reportOf()
    expect(JSON.stringify(report)).not.toContain('canary')
    expect(report).toMatchObject({ computedAt: 42, municipalities: [{ space: world.space, name: 'Schiedam' }] })
    const [municipality] = report.municipalities
    expect(municipality!.rows.map(({ type, title }) => [type, title]).sort()).toEqual([['agreement', 'Roken'], ['meeting', 'Platform']])
    expect(municipality!.rows.find(({ type }) => type === 'meeting')?.actions).toMatchObject([{ due: '2026-12-01', status: 'open', text: '' }])
    expect(municipality!.rows.find(({ type }) => type === 'agreement')).toMatchObject({ stepCount: 1, stepsWithoutRole: 1 })
  })

  test('after one edit one item is read again, whether its commit was heard or missed', async () => {
    const world = await setupReports()
    const [a, b] = [world.newItem(), world.newItem()]
    await world.set(a, ['type', 'agreement'], ['title', 'A'])
    await world.set(b, ['type', 'agreement'], ['title', 'B'])
    await world.reportOf()
    world.asked.length = 0
    await world.set(b, ['owner', 'Gemeente'])
    expect((await world.reportOf()).municipalities[0]!.rows.find(({ item }) => item === b)?.owner).toBe('Gemeente')
    expect(world.asked).toEqual([b])
    world.committed.dispose()
    await world.set(a, ['owner', 'GGD'])
    expect((await world.reportOf()).municipalities[0]!.rows.find(({ item }) => item === a)?.owner).toBe('GGD')
    expect(world.asked).toEqual([b, a])
    expect((await world.reportOf()).municipalities[0]!.rows).toHaveLength(2)
    expect(world.asked).toEqual([b, a])
  })
})
