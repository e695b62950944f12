/**
 * Who changed what and when, from the entries of an item. Facts are read operation by operation and no document is built: every operation
 * names the answers it replaces, so that what stood beside another answer, and which of them was chosen, is in the entries themselves. Where
 * older entries are missing here the answer before is unknown, and nothing else.
 *
 * Invariant: every entry is in exactly one moment; a value that somebody gave and that another answer took the place of is named, up to
 * `ANSWERS_NAMED_COUNT_MAX` of them. Cost: grows with operations, not with their square, whatever a member's own program put in an entry.
 */
import type { decodeChange } from '@automerge/automerge/slim'
import type { Clock } from '../../shared/base/clock.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { readAct } from '../../shared/model/acts.ts'
import { PARTS } from '../../shared/model/entries.ts'
import { ANSWERS_NAMED_COUNT_MAX } from '../../shared/model/limits.ts'
import type { Attribution } from '../../shared/protocol/attribution.ts'
import { WireError } from '../../shared/protocol/schema.ts'
import { decodeAttribution } from '../../shared/protocol/snapshot-body.ts'
import { isFactPath, isFactValue, type FactValue } from '../../shared/model/facts.ts'
import type { FactStep, GivenAnswer, HistoryEntry, Moment, TimelineView } from './api.ts'
import { factsReady, splitChanges } from './facts.ts'
import type { History } from './history.ts'
import type { EngineStore } from './store.ts'
import { createWrittenReader, type Written } from './written.ts'

/** Who pauses longer than this begins a new stretch: about how long a person looks something up. */
export const STRETCH_PAUSE_MS = 10 * 60 * 1000

/** What a row is called by, the first that is filled in. */
const ROW_LABELS = ['action', 'text', 'title', 'name', 'code', 'job', 'organisation', 'item']

/**
 * An operation of a change, as it is needed here. `value` undefined: nothing was set. That is how Automerge notes the choice of the answer that
 * was on top already: the others are taken away.
 */
interface Assignment {
  op: string
  path: string
  value: FactValue | undefined
  replaces: readonly string[]
}

/** Handed in, because Automerge is loaded when the first facts are needed and not before. */
type Decode = typeof decodeChange

/** Null when it cannot be read. What this build does not allow as a fact is passed over, as everywhere. */
function assignmentsIn(payload: Uint8Array, decode: Decode): Assignment[][] | null {
  const chunks = splitChanges(payload)
  if (!chunks) return null
  try {
    return chunks.map((chunk) => {
      const { ops, startOp, actor } = decode(chunk)
      return ops.flatMap(({ action, obj, key, value, pred }, at): Assignment[] => {
        const path = String(key)
        if (obj !== '_root' || !isFactPath(path)) return []
        const replaces = pred ?? []
        if (action === 'del') return [{ op: '', path, value: undefined, replaces }]
        return action === 'set' && isFactValue(value) ? [{ op: `${startOp + at}@${actor}`, path, value, replaces }] : []
      })
    })
  } catch {
    return null // said in the timeline: a moment of its own
  }
}

interface FactsReader {
  /** Null when it cannot be read. `made`: the item begins here; what it begins with is told by its title alone. */
  read(entry: HistoryEntry): { steps: FactStep[]; made: { title: string } | null } | null
}

function createFactsReader(decode: Decode): FactsReader {
  const given = new Map<string, GivenAnswer>()
  /** Per path what nobody replaced yet, by what it says: more than one value is a conflict. */
  const standing = new Map<string, Map<FactValue, Set<string>>>()
  const values = new Map<string, FactValue>()

  /** The first of each value but this one. */
  const differing = (answers: Iterable<GivenAnswer | undefined>, value: FactValue): GivenAnswer[] => {
    const others = new Map<FactValue, GivenAnswer>()
    for (const answer of answers) {
      if (answer && answer.value !== value && !others.has(answer.value)) others.set(answer.value, answer)
      if (others.size === ANSWERS_NAMED_COUNT_MAX) break
    }
    return [...others.values()]
  }
  function* givenBy(ops: Iterable<string>): Iterable<GivenAnswer | undefined> {
    for (const op of ops) yield given.get(op)
  }
  function* firstOfEach(answers: ReadonlyMap<FactValue, ReadonlySet<string>>): Iterable<GivenAnswer | undefined> {
    for (const [first] of answers.values()) if (first !== undefined) yield given.get(first)
  }
  const labelOf = (list: string, row: string): { path: string; value: FactValue } | null => {
    for (const field of ROW_LABELS) {
      const path = `${list}/${row}/${field}`
      const value = values.get(path)
      if (value !== undefined && value !== null && value !== '') return { path, value }
    }
    return null
  }
  const stepOf = ({ op, path, value, replaces }: Assignment, author: UserId, time: number): FactStep | null => {
    const answers = standing.get(path) ?? new Map<FactValue, Set<string>>()
    standing.set(path, answers)
    for (const one of replaces) {
      const said = given.get(one)?.value
      const ops = said === undefined ? undefined : answers.get(said)
      if (said === undefined || !ops?.delete(one) || ops.size > 0) continue
      answers.delete(said)
    }
    if (value === undefined) {
      const [left] = answers.keys()
      const others = left === undefined ? [] : differing(givenBy(replaces), left)
      return left === undefined || others.length === 0 ? null : { kind: 'chosen', path, value: left, others }
    }
    const beside = differing(firstOfEach(answers), value)
    const replaced = replaces.map((one) => given.get(one)?.value)
    const unchosen = new Set(replaced).size > 1 ? differing(givenBy(replaces), value) : []
    answers.set(value, (answers.get(value) ?? new Set<string>()).add(op))
    given.set(op, { value, author, time })
    values.set(path, value)

    if (unchosen.length > 0) return { kind: 'chosen', path, value, others: unchosen }
    if (beside.length > 0) return { kind: 'apart', path, value, others: beside }
    const [list = '', row, field] = path.split('/')
    if (row !== undefined && field === 'gone') return { kind: 'row', what: value === true ? 'removed' : 'restored', list, row, label: labelOf(list, row) }
    if (row !== undefined && field === 'order') return { kind: 'row', what: replaces.length === 0 ? 'added' : 'moved', list, row, label: null }
    if (path === 'order') return { kind: 'moved' }
    const before = replaces.length === 0 ? null : replaced[0]
    return before === value ? null : { kind: 'set', path, before, after: value }
  }

  return {
    read({ author, time, payload }) {
      const changes = assignmentsIn(payload, decode)
      if (!changes) return null
      const steps: FactStep[] = []
      let isMade = false
      for (const assignments of changes) {
        const all = assignments.flatMap((one) => stepOf(one, author, time) ?? [])
        // Somebody who answers one question several times at once, which no window does, has answered it once: the last names the others.
        const lastApart = new Map(all.flatMap((step) => (step.kind === 'apart' ? [[step.path, step]] : [])))
        const mine = all.filter((step) => step.kind !== 'apart' || lastApart.get(step.path) === step)
        isMade ||= assignments.some(({ path, replaces }) => path === 'type' && replaces.length === 0)
        // A new row is one step, called by what was filled in with it.
        const added = new Set(mine.flatMap((step) => (step.kind === 'row' && step.what === 'added' ? [`${step.list}/${step.row}`] : [])))
        for (const step of mine) {
          if (step.kind === 'set' && step.before === null && added.has(step.path.split('/', 2).join('/'))) continue
          steps.push(step.kind === 'row' && step.what === 'added' ? { ...step, label: labelOf(step.list, step.row) } : step)
        }
      }
      if (!isMade) return { steps, made: null }
      const title = values.get('title')
      return { steps: steps.filter(({ kind }) => kind === 'apart'), made: { title: typeof title === 'string' ? title : '' } }
    },
  }
}

type FactsMoment = Extract<Moment, { kind: 'facts' }>

/** The steps of one moment. One answer of a person changed again and again is one step: from what it was to what it became. */
interface Steps {
  add(step: FactStep): void
  list(): FactStep[]
}

function createSteps(): Steps {
  const steps = new Set<FactStep>()
  /** Those about an answer, by its path, oldest first. */
  const byPath = new Map<string, FactStep[]>()
  const append = (step: FactStep): void => {
    steps.add(step)
    if (step.kind === 'row' || step.kind === 'moved') return
    const others = byPath.get(step.path)
    if (others) others.push(step)
    else byPath.set(step.path, [step])
  }
  return {
    add(step) {
      const earlier = step.kind === 'set' ? byPath.get(step.path) : undefined
      const first = earlier?.[0]
      if (step.kind !== 'set' || first?.kind !== 'set') return append(step)
      steps.delete(first)
      earlier?.shift()
      if (first.before !== step.after) append({ ...step, before: first.before })
    },
    list: () => [...steps],
  }
}

/** Something to be told at its place in the log. */
interface Step {
  seq: number
  add(): void
}

export interface MomentsReader {
  /** In: the entries of one item, each once, in the order of the log. */
  add(entry: HistoryEntry): void
  /** Writing of which the entries are not here, told from a snapshot and its table of who wrote what: to be added among the entries, by seq. */
  stretchesOf(update: Uint8Array, attribution: Attribution): Step[]
  /** Newest first. */
  moments(): Moment[]
}

/** In: `decodeChange` of an Automerge that was made ready (`factsReady`). */
export function createMomentsReader(decode: Decode): MomentsReader {
  const facts = createFactsReader(decode)
  const written = createWrittenReader()
  const moments: Moment[] = []
  const stepsOf = new Map<FactsMoment, Steps>()
  /** Blocks of the stretches of writing, by their moment. */
  const blocksOf = new Map<Moment, Set<string>>()
  /** The last moment of each person and kind. */
  const lastOf = new Map<string, Moment>()
  let lastFactsBy: UserId | null = null
  /** Place in the log of the last entry of each. */
  const order = new Map<Moment, number>()
  let entryCount = 0

  const frame = ({ entry, author, time, seq }: HistoryEntry) => ({ key: entry, author, since: time, until: time, isHereOnly: seq === null, upToSeq: seq })
  const begin = (moment: Moment): void => {
    lastOf.set(`${moment.author}/${moment.kind}`, moment)
    order.set(moment, entryCount)
    moments.push(moment)
  }
  /** The moment that this entry goes on with, if there is one. */
  const goesOn = <K extends Moment['kind']>({ author, time, seq }: HistoryEntry, kind: K): Extract<Moment, { kind: K }> | null => {
    const moment = lastOf.get(`${author}/${kind}`)
    if (moment?.kind !== kind || moment.isHereOnly !== (seq === null) || time - moment.until > STRETCH_PAUSE_MS) return null
    moment.until = Math.max(moment.until, time)
    moment.upToSeq = seq
    order.set(moment, entryCount)
    return moment as Extract<Moment, { kind: K }>
  }
  const addFacts = (entry: HistoryEntry): boolean => {
    const read = facts.read(entry)
    if (!read) return false
    if (read.made) begin({ ...frame(entry), kind: 'made', ...read.made })
    if (read.steps.length === 0) return true
    // Answers of two people to the same question are told one after the other.
    const going = lastFactsBy === entry.author ? goesOn(entry, 'facts') : null
    lastFactsBy = entry.author
    const moment: FactsMoment = going ?? { ...frame(entry), kind: 'facts', steps: [] }
    if (!going) begin(moment)
    const steps = stepsOf.get(moment) ?? createSteps()
    stepsOf.set(moment, steps)
    for (const step of read.steps) steps.add(step)
    return true
  }
  const addProse = (entry: HistoryEntry): boolean => {
    try {
      note(entry, written.read(entry.payload))
      return true
    } catch {
      return false // said in the timeline: a moment of its own
    }
  }
  const note = (entry: HistoryEntry, { blocks, addedChars, removedChars }: Written): void => {
    if (blocks.size === 0 && addedChars === 0 && removedChars === 0) return
    const going = goesOn(entry, 'prose')
    const moment = going ?? { ...frame(entry), kind: 'prose' as const, blockCount: 0, addedChars: 0, removedChars: 0 }
    if (!going) begin(moment)
    const all = blocksOf.get(moment) ?? new Set<string>()
    blocksOf.set(moment, all)
    for (const block of blocks) all.add(block)
    moment.blockCount = all.size
    moment.addedChars += addedChars
    moment.removedChars += removedChars
  }
  const addAct = (entry: HistoryEntry): boolean => {
    const act = readAct(entry.payload)
    if (!act.ok) return false
    // The sealed text is not needed to say that it was proposed, and may be a megabyte.
    begin({ ...frame(entry), kind: 'act', act: act.value.kind === 'propose' ? { ...act.value, content: '' } : act.value })
    return true
  }

  return {
    add(entry) {
      entryCount++
      const isRead = { facts: addFacts, prose: addProse, act: addAct }[entry.part](entry)
      if (isRead) return
      const going = goesOn(entry, 'unreadable')
      if (going) going.entryCount++
      else begin({ ...frame(entry), kind: 'unreadable', entryCount: 1 })
    },
    stretchesOf(update, { hands }) {
      try {
        written.read(update)
      } catch {
        return [] // what is unreadable tells nothing; the relay has the entries
      }
      return hands.flatMap(({ key, author, stretches }) =>
        stretches.flatMap(({ from, to, time, seq }): Step[] => {
          // What was written and is gone by now is not in a snapshot: the relay has it.
          const there = written.within(Number(key), from, to)
          const entry = { seq, entry: `${key}/${from}`, part: 'prose' as const, author, time, payload: new Uint8Array() }
          const add = (): void => {
            entryCount++
            note(entry, { ...there, removedChars: 0 })
          }
          return there.blocks.size === 0 ? [] : [{ seq, add }]
        }),
      )
    },
    // Facts that ended as they began are no news.
    moments() {
      for (const [moment, steps] of stepsOf) moment.steps = steps.list()
      return moments.filter((moment) => moment.kind !== 'facts' || moment.steps.length > 0).sort((a, b) => (order.get(b) ?? 0) - (order.get(a) ?? 0))
    },
  }
}

/** Entries read at a time, about 10 ms: whoever types while a long timeline is drawn up must not wait for it. */
const READ_COUNT_MAX = 200

export function createTimeline(deps: {
  store: Pick<EngineStore, 'entriesOf'>
  history: Pick<History, 'here' | 'whole'>
  clock: Clock
}): (space: SpaceId, item: ItemId, options: { countMax: number; withRelay: boolean }) => Promise<TimelineView> {
  const { store, history, clock } = deps
  /** Entries are only taken off this laptop after they were merged. */
  const isMerged = async (item: ItemId): Promise<boolean> => {
    for (const part of PARTS) if ((await store.entriesOf(item, part)).snapshot) return true
    return false
  }
  /** The snapshot of the prose with who wrote what in it, from the beginning; null when there is none. */
  const attributed = async (item: ItemId): Promise<{ payload: Uint8Array; upToSeq: number; attribution: Attribution } | null> => {
    const { snapshot } = await store.entriesOf(item, 'prose')
    if (!snapshot?.attribution) return null
    try {
      return { payload: snapshot.payload, upToSeq: snapshot.upToSeq, attribution: decodeAttribution(snapshot.attribution) }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return null // then the moments of it are at the relay only, as without a table
    }
  }
  return async (space, item, { countMax, withRelay }) => {
    const asked = withRelay ? await history.whole(space, item) : { entries: await history.here(item), isAnswered: false }
    await factsReady()
    const { decodeChange: decode } = await import('@automerge/automerge/slim')
    const reader = createMomentsReader(decode)
    const covered = asked.isAnswered ? null : await attributed(item)
    const isHere = ({ part, seq }: HistoryEntry): boolean => !covered || part !== 'prose' || seq === null || seq > covered.upToSeq
    const steps: Step[] = asked.entries.filter(isHere).map((entry) => ({ seq: entry.seq ?? Infinity, add: () => reader.add(entry) }))
    if (covered) {
      steps.unshift(...reader.stretchesOf(covered.payload, covered.attribution))
      steps.sort((a, b) => (a.seq === b.seq ? 0 : a.seq - b.seq))
    }
    for (let from = 0; from < steps.length; from += READ_COUNT_MAX) {
      if (from > 0) await new Promise<void>((resolve) => void clock.after(0, resolve))
      for (const { add } of steps.slice(from, from + READ_COUNT_MAX)) add()
    }
    const moments = reader.moments()
    return { moments: moments.slice(0, countMax), momentCount: moments.length, isWhole: asked.isAnswered || !(await isMerged(item)) }
  }
}
