/**
 * Progress, computed from projection rows and nothing else: nobody fills in a second administration. The same function runs on a
 * laptop (my municipality), in the relay's report (what a programme may see) and in exports.
 *
 * Invariant: a number is a list. Every figure is the length of the list of items behind it, so that a number can always be opened.
 * `agreedRows` is the one place that says what leaves a municipality for its programme (decision 0005); the municipality's own view runs over
 * the same reduced rows, so that both see the same.
 */
import type { ItemId, SpaceId } from '../base/ids.ts'
import { STATUSES, type Status } from '../model/acts.ts'
import type { ItemType } from '../model/items/index.ts'
import type { ItemRow } from '../model/rows.ts'
import { VOCABULARIES } from '../model/vocabularies.ts'
import { dayOf, daysBetween, isDay } from './dates.ts'

/** Review dates this near are announced; from the field, not from a norm. */
export const REVIEW_WARNING_DAYS = 60

/** An item behind a number. */
export interface Behind {
  space: SpaceId
  item: ItemId
  type: ItemType
  title: string
  status: Status
}

export interface StepsBehind extends Behind {
  /** How many steps of the item the number speaks of. */
  stepCount: number
}

export interface DateBehind extends Behind {
  date: string
  /** Days until the date; negative once it passed. */
  days: number
}

export interface ActionBehind extends Behind {
  action: string
  text: string
  owner: string
  due: string
  /** Days past the due date, 0 when not overdue. */
  daysOverdue: number
}

export interface WaitingBehind extends Behind {
  party: string
  days: number
}

export type MilestoneCode = keyof (typeof VOCABULARIES)['milestone']
export type MilestoneStatus = keyof (typeof VOCABULARIES)['milestoneStatus']
export type MilestonePhase = keyof (typeof VOCABULARIES)['milestonePhase']

const PHASES: readonly [MilestonePhase, number][] = [['prepare', 4], ['set-up', 10], ['carry-out', 15], ['embed', 17]]
export const MILESTONES: readonly { code: MilestoneCode; phase: MilestonePhase }[] = (Object.keys(VOCABULARIES.milestone) as MilestoneCode[]).map((code, index) => ({
  code,
  phase: (PHASES.find(([, last]) => index < last) ?? ['embed'])[0],
}))

export interface MilestoneProgress {
  code: MilestoneCode
  phase: MilestonePhase
  status: MilestoneStatus
  /** Follows from documents; the sheet cannot claim otherwise. */
  isComputed: boolean
  /** For milestones that count: `count` of `of` (5 of 8 pathways adopted). */
  count: number | null
  of: number | null
  /** What still stands in the way of a computed milestone, or what proves it. */
  behind: Behind[]
}

export interface Progress {
  /** All agreements in the tree, templates apart. */
  agreements: Behind[]
  byStatus: Record<Status, Behind[]>
  missingOwner: Behind[]
  missingRole: StepsBehind[]
  missingTerm: StepsBehind[]
  missingFeedback: StepsBehind[]
  conflicts: Behind[]
  changedSinceSeal: Behind[]
  reviewPassed: DateBehind[]
  reviewSoon: DateBehind[]
  /** Agreements that are not withdrawn and have no review date. */
  missingReview: Behind[]
  /** One row for each party that still has to answer, longest waiting first. */
  waiting: WaitingBehind[]
  meetings: DateBehind[]
  actionsOpen: ActionBehind[]
  actionsOverdue: ActionBehind[]
}

export interface MunicipalityProgress extends Progress {
  milestones: MilestoneProgress[]
  milestonesDone: MilestoneProgress[]
  milestonesApplicable: MilestoneProgress[]
  /** Made-up rows are among them: the label stands with the figures. */
  hasSample: boolean
}

export interface ProgrammeProgress {
  municipalities: { space: SpaceId; name: string; progress: MunicipalityProgress }[]
  /** Lists of all municipalities behind one another. */
  totals: Progress
  hasSample: boolean
}

const behindOf = ({ space, item, type, title, status }: ItemRow): Behind => ({ space, item, type, title, status })

/** In: rows of one municipality, in any order; today, YYYY-MM-DD. */
export function progressOf(rows: readonly ItemRow[], today: string): MunicipalityProgress {
  const present = rows.filter((row) => !row.gone)
  const agreements = present.filter((row) => row.type === 'agreement')
  const living = agreements.filter((row) => row.status !== 'withdrawn')
  const meetings = present.filter((row) => row.type === 'meeting')

  const steps = (count: (row: ItemRow) => number): StepsBehind[] => living.filter((row) => count(row) > 0).map((row) => ({ ...behindOf(row), stepCount: count(row) }))
  const reviews = living.filter((row) => isDay(row.reviewBy)).map((row): DateBehind => ({ ...behindOf(row), date: row.reviewBy, days: daysBetween(today, row.reviewBy) }))
  const actionsOpen = present.flatMap((row) => row.actions.filter((action) => action.status !== 'done' && action.status !== 'dropped').map((action): ActionBehind => ({
    ...behindOf(row), action: action.id, text: action.text, owner: action.owner, due: action.due,
    daysOverdue: isDay(action.due) ? Math.max(0, daysBetween(action.due, today)) : 0,
  })))
  const milestones = milestonesOf(present, living, meetings, today)

  return {
    agreements: agreements.map(behindOf),
    byStatus: Object.fromEntries(STATUSES.map((status) => [status, agreements.filter((row) => row.status === status).map(behindOf)])) as Record<Status, Behind[]>,
    missingOwner: living.filter((row) => row.owner.trim() === '').map(behindOf),
    missingRole: steps((row) => row.stepsWithoutRole),
    missingTerm: steps((row) => row.stepsWithoutTerm),
    missingFeedback: steps((row) => row.stepsWithoutFeedback),
    conflicts: present.filter((row) => row.conflictCount > 0).map(behindOf),
    changedSinceSeal: living.filter((row) => row.changedSinceSeal).map(behindOf),
    reviewPassed: reviews.filter((review) => review.days < 0).sort(byDays),
    reviewSoon: reviews.filter((review) => review.days >= 0 && review.days <= REVIEW_WARNING_DAYS).sort(byDays),
    missingReview: living.filter((row) => !isDay(row.reviewBy)).map(behindOf),
    waiting: living
      .flatMap((row) => row.waitingFor.map((party): WaitingBehind => ({ ...behindOf(row), party, days: row.proposedAt === null ? 0 : Math.max(0, daysBetween(dayOf(row.proposedAt), today)) })))
      .sort((a, b) => b.days - a.days),
    meetings: meetings.map((row) => ({ ...behindOf(row), date: row.date, days: isDay(row.date) ? daysBetween(today, row.date) : 0 })),
    actionsOpen,
    actionsOverdue: actionsOpen.filter((action) => action.daysOverdue > 0).sort((a, b) => b.daysOverdue - a.daysOverdue),
    milestones,
    milestonesDone: milestones.filter((milestone) => isDone(milestone.status)),
    milestonesApplicable: milestones.filter((milestone) => milestone.status !== 'not-applicable'),
    hasSample: present.some((row) => row.sample),
  }
}

const byDays = (a: DateBehind, b: DateBehind): number => a.days - b.days
const isDone = (status: MilestoneStatus): boolean => status === 'done' || status === 'embedded'

/** Drawn up: somebody owns it, it has steps, and no step misses its role, term or feedback. */
const isDrawnUp = (row: ItemRow): boolean =>
  row.owner.trim() !== '' && row.stepCount > 0 && row.stepsWithoutRole + row.stepsWithoutTerm + row.stepsWithoutFeedback === 0

function milestonesOf(present: readonly ItemRow[], living: readonly ItemRow[], meetings: readonly ItemRow[], today: string): MilestoneProgress[] {
  // A municipality has one sheet; when two were made offline, everybody reads the same one.
  const [sheet] = present.filter((row) => row.type === 'progress').sort((a, b) => (a.item < b.item ? -1 : 1))
  const typed = (code: MilestoneCode): MilestoneStatus => {
    const status = sheet?.milestones[code]
    return status !== undefined && Object.hasOwn(VOCABULARIES.milestoneStatus, status) ? (status as MilestoneStatus) : 'none'
  }
  const counted = (done: readonly ItemRow[], all: readonly ItemRow[]) => {
    const rest = all.filter((row) => !done.includes(row))
    const status: MilestoneStatus = done.length === 0 ? (all.length === 0 ? 'none' : 'busy') : rest.length === 0 ? 'done' : 'busy'
    return { status, count: done.length, of: all.length, behind: (rest.length > 0 ? rest : done).map(behindOf) }
  }
  const computed: Partial<Record<MilestoneCode, Pick<MilestoneProgress, 'status' | 'count' | 'of' | 'behind'>>> = {}
  const held = meetings.filter((row) => isDay(row.date) && row.date <= today)
  if (held.length > 0) computed.M5 = { status: typed('M5') === 'embedded' ? 'embedded' : 'done', count: null, of: null, behind: held.map(behindOf) }
  computed.M8 = counted(living.filter(isDrawnUp), living)
  // In revision there still is an adopted text in force.
  const inForce = living.filter((row) => row.status === 'adopted' || row.status === 'revision')
  computed.M9 = counted(inForce, living)
  if (inForce.length === 0) computed.M9.status = 'none'

  return MILESTONES.map(({ code, phase }): MilestoneProgress => {
    const own = computed[code]
    if (typed(code) === 'not-applicable') return { code, phase, status: 'not-applicable', isComputed: false, count: null, of: null, behind: [] }
    if (own) return { code, phase, isComputed: true, ...own }
    return { code, phase, status: typed(code), isComputed: false, count: null, of: null, behind: sheet ? [behindOf(sheet)] : [] }
  })
}

/** In: the municipalities of a report, or the spaces that I am a member of. */
export function programmeProgressOf(municipalities: readonly { space: SpaceId; name: string; rows: readonly ItemRow[] }[], today: string): ProgrammeProgress {
  const each = municipalities.map(({ space, name, rows }) => ({ space, name, progress: progressOf(rows, today) }))
  const all = <T>(list: (progress: Progress) => readonly T[]): T[] => each.flatMap(({ progress }) => list(progress))
  return {
    municipalities: each,
    totals: {
      agreements: all((p) => p.agreements),
      byStatus: Object.fromEntries(STATUSES.map((status) => [status, all((p) => p.byStatus[status])])) as Record<Status, Behind[]>,
      missingOwner: all((p) => p.missingOwner),
      missingRole: all((p) => p.missingRole),
      missingTerm: all((p) => p.missingTerm),
      missingFeedback: all((p) => p.missingFeedback),
      conflicts: all((p) => p.conflicts),
      changedSinceSeal: all((p) => p.changedSinceSeal),
      reviewPassed: all((p) => p.reviewPassed).sort(byDays),
      reviewSoon: all((p) => p.reviewSoon).sort(byDays),
      missingReview: all((p) => p.missingReview),
      waiting: all((p) => p.waiting).sort((a, b) => b.days - a.days),
      meetings: all((p) => p.meetings),
      actionsOpen: all((p) => p.actionsOpen),
      actionsOverdue: all((p) => p.actionsOverdue).sort((a, b) => b.daysOverdue - a.daysOverdue),
    },
    hasSample: each.some(({ progress }) => progress.hasSample),
  }
}

const AGREED_TYPES: readonly ItemType[] = ['agreement', 'meeting', 'progress']

/**
 * What a programme may see of a municipality: agreements, meetings and the progress sheet, as counts, dates, statuses and titles. No step texts, no
 * text or owner of an action, no tree, nobody's name. Fields are written out one by one: a new field of a row stays home until it is agreed.
 */
export function agreedRows(rows: readonly ItemRow[]): ItemRow[] {
  return rows
    .filter((row) => AGREED_TYPES.includes(row.type) && !row.gone)
    .map((row): ItemRow => ({
      item: row.item,
      space: row.space,
      type: row.type,
      title: row.title,
      parent: '',
      order: '',
      gone: false,
      sample: row.sample,
      status: row.status,
      version: row.version,
      conflictCount: row.conflictCount,
      changedSinceSeal: row.changedSinceSeal,
      waitingFor: row.waitingFor,
      proposedAt: row.proposedAt,
      adoptedAt: row.adoptedAt,
      consultUntil: row.consultUntil,
      owner: row.owner,
      domain: row.domain,
      reviewBy: row.reviewBy,
      date: row.date,
      stepCount: row.stepCount,
      stepsWithoutRole: row.stepsWithoutRole,
      stepsWithoutTerm: row.stepsWithoutTerm,
      stepsWithoutFeedback: row.stepsWithoutFeedback,
      actions: row.actions.map(({ id, due, status }) => ({ id, number: null, text: '', owner: '', due, status, item: '' })),
      decisionNumberMax: 0,
      milestones: Object.fromEntries(Object.entries(row.milestones).filter(([code, status]) => Object.hasOwn(VOCABULARIES.milestone, code) && Object.hasOwn(VOCABULARIES.milestoneStatus, status))),
      changedAt: row.changedAt,
      changedBy: null,
    }))
}
