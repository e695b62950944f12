/** The timeline: every value that somebody gave can be found again, with who gave it; writing is counted, not repeated; nothing is left out unsaid. */
import { decodeChange } from '@automerge/automerge/slim'
import * as Y from 'yjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../shared/base/bytes.ts'
import { newId, type UserId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { actToBytes } from '../../shared/model/acts.ts'
import type { Part } from '../../shared/model/entries.ts'
import { ANSWERS_NAMED_COUNT_MAX, FACTS_OPERATIONS_COUNT_MAX } from '../../shared/model/limits.ts'
import { assignmentsOf, type FactEdit, type FactValue } from '../../shared/model/facts.ts'
import type { HistoryEntry, Moment } from '../../client/engine/api.ts'
import { createFactsDocument, factsReady, type FactsDocument } from '../../client/engine/facts.ts'
import { createMomentsReader, STRETCH_PAUSE_MS } from '../../client/engine/timeline.ts'
import { createWorld } from '../engine/support/world.ts'
import { rawChange, sleb, uleb } from '../support/raw-change.ts'

const dice = namedDice(7, 'timeline')
const [leader, midwife] = [newId(dice), newId(dice)]
const ROW = 'a'.repeat(32)
const MORNING = Date.UTC(2026, 10, 23, 9)
const MINUTE = 60_000
beforeAll(() => factsReady())

const momentsOf = (entries: readonly HistoryEntry[]): Moment[] => {
  const reader = createMomentsReader(decodeChange)
  for (const entry of entries) reader.add(entry)
  return reader.moments()
}
const set = (path: string, value: FactValue): FactEdit => ({ op: 'set', path, value })

/** A log that people write in; whoever is named offline has not heard of it until `hear`. */
function createLog() {
  const entries: HistoryEntry[] = []
  const docs = new Map<UserId, FactsDocument>()
  const docOf = (user: UserId): FactsDocument => {
    const doc = docs.get(user) ?? createFactsDocument(newId(dice))
    docs.set(user, doc)
    return doc
  }
  let minute = 0
  const append = (part: Part, author: UserId, payload: Uint8Array, isSent = true): void => {
    entries.push({ seq: isSent ? entries.length + 1 : null, entry: newId(dice), part, author, time: MORNING + minute * MINUTE, payload })
  }
  const edit = (author: UserId, edits: FactEdit[], others: UserId[], isSent = true): void => {
    const payload = docOf(author).change(edits.flatMap(assignmentsOf), MORNING + minute * MINUTE, author)
    if (!payload) throw new Error('nothing changed')
    append('facts', author, payload, isSent)
    for (const other of others) docOf(other).apply(payload, author)
  }
  return {
    entries,
    append,
    pass: (minutes: number) => void (minute += minutes),
    /** Heard by everybody. */
    edit: (author: UserId, ...edits: FactEdit[]) => edit(author, edits, [leader, midwife].filter((one) => one !== author)),
    /** Heard by nobody else yet. */
    editAlone: (author: UserId, ...edits: FactEdit[]) => edit(author, edits, []),
    editUnsent: (author: UserId, ...edits: FactEdit[]) => edit(author, edits, [], false),
    hear(): void {
      for (const user of [leader, midwife]) for (const { payload, part, author } of entries) if (part === 'facts' && author !== user) docOf(user).apply(payload, author)
    },
  }
}
const stepsOf = (moment: Moment | undefined) => (moment?.kind === 'facts' ? moment.steps : [])

describe('facts in the timeline', () => {
  it('a changed answer is told with what it was and what it is, newest first, with who and when', () => {
    const log = createLog()
    log.edit(leader, set('type', 'agreement'), set('title', 'Roken'))
    log.pass(20)
    log.edit(leader, set('owner', 'gemeente'))
    log.pass(20)
    log.edit(midwife, set('owner', 'praktijk'))
    const [second, first, made] = momentsOf(log.entries)
    expect(made).toMatchObject({ kind: 'made', author: leader, title: 'Roken', until: MORNING })
    expect(first).toMatchObject({ author: leader, until: MORNING + 20 * MINUTE })
    expect(stepsOf(first)).toEqual([{ kind: 'set', path: 'owner', before: null, after: 'gemeente' }])
    expect(second).toMatchObject({ author: midwife, isHereOnly: false })
    expect(stepsOf(second)).toEqual([{ kind: 'set', path: 'owner', before: 'gemeente', after: 'praktijk' }])
  })

  it('two answers given apart are both told, and the one that was not chosen stays, with who gave it and when', () => {
    const log = createLog()
    log.edit(leader, set('type', 'agreement'))
    log.editAlone(leader, set('owner', 'gemeente'))
    log.pass(3)
    log.editAlone(midwife, set('owner', 'praktijk'))
    log.hear()
    log.pass(3)
    log.edit(midwife, set('owner', 'praktijk'))
    const given = { value: 'gemeente', author: leader, time: MORNING }
    const [mine] = momentsOf(log.entries)
    expect(mine?.author).toBe(midwife)
    expect(stepsOf(mine)).toEqual([
      { kind: 'apart', path: 'owner', value: 'praktijk', others: [given] },
      { kind: 'chosen', path: 'owner', value: 'praktijk', others: [given] },
    ])
  })

  it('a third answer instead of two names both that were not chosen; the same answer twice is no question', () => {
    const log = createLog()
    log.editAlone(leader, set('owner', 'gemeente'), set('place', 'wijkcentrum'))
    log.editAlone(midwife, set('owner', 'praktijk'), set('place', 'wijkcentrum'))
    log.hear()
    log.edit(leader, set('owner', 'GGD'), set('place', 'stadhuis'))
    expect(stepsOf(momentsOf(log.entries)[0])).toEqual([
      { kind: 'chosen', path: 'owner', value: 'GGD', others: expect.arrayContaining([expect.objectContaining({ value: 'gemeente', author: leader }), expect.objectContaining({ value: 'praktijk', author: midwife })]) },
      { kind: 'set', path: 'place', before: 'wijkcentrum', after: 'stadhuis' },
    ])
  })

  it('a new row is one step, called by what stands in it; so is a removed, restored and moved one', () => {
    const log = createLog()
    log.edit(leader, { op: 'insert', list: 'steps', id: ROW, order: 'V', values: { action: 'Vraag ernaar', role: 'verloskundige', term: 3 } })
    log.edit(midwife, { op: 'remove', list: 'steps', id: ROW })
    log.edit(leader, { op: 'restore', list: 'steps', id: ROW }, { op: 'move', list: 'steps', id: ROW, order: 'W' })
    log.edit(midwife, set(`steps/${ROW}/term`, 5))
    const label = { path: `steps/${ROW}/action`, value: 'Vraag ernaar' }
    expect(momentsOf(log.entries).map(stepsOf)).toEqual([
      [{ kind: 'set', path: `steps/${ROW}/term`, before: 3, after: 5 }],
      [{ kind: 'row', what: 'restored', list: 'steps', row: ROW, label }, { kind: 'row', what: 'moved', list: 'steps', row: ROW, label: null }],
      [{ kind: 'row', what: 'removed', list: 'steps', row: ROW, label }],
      [{ kind: 'row', what: 'added', list: 'steps', row: ROW, label }],
    ])
  })

  it('one answer that a person changes again and again is one step, and none when it ended as it began', () => {
    const log = createLog()
    log.edit(leader, set('owner', 'gemeente'))
    log.edit(midwife, set('owner', 'p'))
    log.edit(midwife, set('owner', 'praktijk'))
    expect(momentsOf(log.entries).map(stepsOf)[0]).toEqual([{ kind: 'set', path: 'owner', before: 'gemeente', after: 'praktijk' }])
    log.edit(midwife, set('owner', 'gemeente'))
    expect(momentsOf(log.entries)).toHaveLength(1)
  })

  it('where the older entries are not here, the answer before is not known and not invented', () => {
    const log = createLog()
    log.edit(leader, set('owner', 'gemeente'))
    log.edit(midwife, set('owner', 'praktijk'))
    expect(stepsOf(momentsOf(log.entries.slice(1))[0])).toEqual([{ kind: 'set', path: 'owner', before: undefined, after: 'praktijk' }])
  })

  it('ten thousand answers at once, as a program of one’s own can give them, are one question that names as many as there are people', () => {
    const numbers = Array.from({ length: FACTS_OPERATIONS_COUNT_MAX }, (_, i) => sleb(2 ** 20 + i))
    const title = [0x15, [...sleb(numbers.length), 5, ...Buffer.from('title')]] as const
    const forged = (actor: number, type: readonly number[]) => rawChange([title, [0x34, uleb(numbers.length)], [0x42, [...sleb(numbers.length), 1]], [0x56, [...sleb(numbers.length), ...uleb(4 * 16 + 4)]], [0x57, type], [0x70, [...sleb(numbers.length), 0]]], { actor: new Uint8Array(16).fill(actor) })
    const log = createLog()
    log.append('facts', midwife, forged(1, numbers.flatMap((bytes) => bytes.slice(0, 4))))
    log.append('facts', midwife, forged(2, numbers.flatMap(() => sleb(2 ** 20))))
    const steps = stepsOf(momentsOf(log.entries)[0])
    expect(steps.map((step) => (step.kind === 'apart' ? [step.path, step.others.length] : step.kind))).toEqual(['set', ['title', ANSWERS_NAMED_COUNT_MAX], ['title', ANSWERS_NAMED_COUNT_MAX]])
  })

  it('what is only on this laptop is a moment of its own', () => {
    const log = createLog()
    log.edit(leader, set('owner', 'gemeente'))
    log.editUnsent(leader, set('place', 'wijkcentrum'))
    expect(momentsOf(log.entries).map(({ isHereOnly }) => isHereOnly)).toEqual([true, false])
  })
})

describe('writing in the timeline', () => {
  /** A text with paragraphs; each `write` is one update of one person. */
  const createText = (log: ReturnType<typeof createLog>) => {
    const doc = new Y.Doc()
    const prose = doc.getXmlFragment('prose')
    const write = (author: UserId, change: () => void, isSent = true): void => {
      const updates: Uint8Array[] = []
      const heard = (update: Uint8Array): void => void updates.push(update)
      doc.on('update', heard)
      doc.transact(change)
      doc.off('update', heard)
      for (const update of updates) log.append('prose', author, update, isSent)
    }
    const textOf = (at: number): Y.XmlText => (prose.get(at) as Y.XmlElement).get(0) as Y.XmlText
    const paragraph = (words: string): Y.XmlElement => {
      const element = new Y.XmlElement('paragraph')
      element.push([new Y.XmlText(words)])
      return element
    }
    return { prose, write, textOf, paragraph }
  }

  it('is one moment a person and stretch, with the paragraphs it touched and about how much', () => {
    const log = createLog()
    const { prose, write, textOf, paragraph } = createText(log)
    write(leader, () => prose.push([paragraph('een'), paragraph('twee'), paragraph('drie')]))
    log.pass(30)
    for (const letter of 'zwanger') {
      write(midwife, () => textOf(0).insert(textOf(0).length, letter))
      write(leader, () => textOf(2).insert(0, letter))
    }
    write(midwife, () => textOf(1).delete(0, 4))
    const [newest, other, first] = momentsOf(log.entries)
    expect(newest).toMatchObject({ kind: 'prose', author: midwife, blockCount: 2, addedChars: 7, removedChars: 4 })
    expect(other).toMatchObject({ kind: 'prose', author: leader, blockCount: 1, addedChars: 7, removedChars: 0 })
    expect(first).toMatchObject({ kind: 'prose', author: leader, blockCount: 3, addedChars: 11 })
  })

  it('after a long pause is another stretch', () => {
    const log = createLog()
    const { prose, write, textOf, paragraph } = createText(log)
    write(leader, () => prose.push([paragraph('een')]))
    log.pass(STRETCH_PAUSE_MS / MINUTE)
    write(leader, () => textOf(0).insert(0, 'nog '))
    log.pass(STRETCH_PAUSE_MS / MINUTE + 1)
    write(leader, () => textOf(0).insert(0, 'en '))
    expect(momentsOf(log.entries).map(({ since, until }) => (until - since) / MINUTE)).toEqual([0, STRETCH_PAUSE_MS / MINUTE])
  })

  it('without what it builds on is counted all the same', () => {
    const log = createLog()
    const { prose, write, textOf, paragraph } = createText(log)
    write(leader, () => prose.push([paragraph('een')]))
    write(midwife, () => textOf(0).insert(1, 'xyz'))
    write(midwife, () => textOf(0).insert(2, 'z'))
    expect(momentsOf(log.entries.slice(1))).toMatchObject([{ author: midwife, blockCount: 1, addedChars: 4 }])
  })
})

describe('formal steps and what cannot be read', () => {
  it('a step is told without the sealed text', () => {
    const log = createLog()
    log.append('act', leader, actToBytes({ kind: 'propose', seal: '0'.repeat(64), content: '{"much":1}', parties: ['GGD'] }))
    log.append('act', midwife, actToBytes({ kind: 'sign', seal: '0'.repeat(64), party: 'GGD', verdict: 'agreed', note: '' }))
    expect(momentsOf(log.entries)).toMatchObject([{ kind: 'act', author: midwife, act: { kind: 'sign', party: 'GGD' } }, { kind: 'act', act: { kind: 'propose', content: '', parties: ['GGD'] } }])
  })

  it('what cannot be read is said and hides nothing else', () => {
    const log = createLog()
    log.edit(leader, set('owner', 'gemeente'))
    for (const part of ['prose', 'facts', 'act'] as const) log.append(part, midwife, utf8('geen wijziging'))
    log.edit(leader, set('place', 'wijkcentrum'))
    expect(momentsOf(log.entries).map((moment) => [moment.kind, moment.kind === 'unreadable' ? moment.entryCount : stepsOf(moment).length])).toEqual([['facts', 2], ['unreadable', 3]])
  })
})

describe('the timeline of an engine', () => {
  it('is there at once and offline, says what is only here, and gives the newest first as many as asked for', async () => {
    const world = createWorld()
    const { engine } = await world.laptop(world.user('verloskundige')).open()
    await world.clock.pass(1000)
    const item = await world.clock.answer(engine.createItem({ space: world.space, type: 'agreement', edits: [set('title', 'Roken')], prose: null }))
    await world.clock.pass(1000)
    world.relay.isUp = false
    world.relay.cut()
    await world.clock.pass(STRETCH_PAUSE_MS + MINUTE)
    await world.clock.answer(engine.editFacts(item, [set('title', 'Roken en meeroken')]))
    const all = await world.clock.answer(engine.timeline(item, { countMax: 50, withRelay: false }))
    expect(all).toMatchObject({ momentCount: 2, isWhole: true, moments: [{ kind: 'facts', isHereOnly: true, steps: [{ path: 'title', before: 'Roken', after: 'Roken en meeroken' }] }, { kind: 'made', isHereOnly: false, title: 'Roken' }] })
    expect(await world.clock.answer(engine.timeline(item, { countMax: 1, withRelay: true }))).toMatchObject({ momentCount: 2, moments: [{ kind: 'facts' }] })
    await engine.dispose()
  })
})
