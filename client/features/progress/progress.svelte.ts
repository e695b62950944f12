/**
 * Which municipalities are shown, from what, and which number is opened. Own municipalities are computed from the rows on this laptop; those that
 * one leads a programme of come from the last report. Both run over the same reduced rows, so both see the same.
 */
import { agreedRows, programmeProgressOf, type MilestoneCode } from '../../../shared/derive/progress.ts'
import type { SpaceId } from '../../../shared/base/ids.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import type { ProgrammeReport } from '../../engine/api.ts'
import { isClosed } from '../../workbench/closed.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import type { FigureKey } from './figures.ts'

/** `space` null: all municipalities together. */
export type Selection = { kind: 'milestone'; space: SpaceId; code: MilestoneCode } | { kind: 'figure'; space: SpaceId | null; figure: FigureKey }

export interface ProgressState {
  readonly programme: ReturnType<typeof programmeProgressOf>
  /** Names of municipalities that are left out, because this laptop had no contact for too long. */
  readonly closed: readonly string[]
  /** When the oldest report that is shown was made; null when everything comes from this laptop. */
  readonly reportedAt: number | null
  readonly isWaitingForReport: boolean
  selection: Selection | null
}

const known = new WeakMap<Services, ProgressState>()

/** One for the window, shared by the page and the list beside it; made when either is first shown, and kept: its list stays when a tab closes. */
export function progressOfWindow(services: Services): ProgressState {
  let state = known.get(services)
  if (!state) known.set(services, (state = createProgressState(services)))
  return state
}

function createProgressState({ engine, workspace }: Services): ProgressState {
  let reports = $state.raw<ReadonlyMap<SpaceId, ProgrammeReport>>(new Map())
  let selection = $state.raw<Selection | null>(null)
  const asked = new Set<SpaceId>()

  const programmes = $derived(workspace.spaces.filter((space) => space.kind === 'programme' && space.role === 'programme-leader'))
  const take = (programme: SpaceId, report: ProgrammeReport): void => {
    reports = new Map(reports).set(programme, report)
  }
  engine.onEvent((event) => {
    if (event.type === 'report') take(event.programme, event.report)
  })
  $effect.root(() => {
    $effect(() => {
      for (const { space } of programmes) {
        if (asked.has(space)) continue
        asked.add(space)
        void engine.programmeReport(space).then((report) => report && take(space, report))
      }
    })
    // A connection that came back, or work that reached the relay, may have changed what the programme sees.
    $effect(() => {
      if (workspace.status.connection !== 'live') return
      for (const { space } of programmes) void engine.programmeReport(space).then((report) => report && take(space, report))
    })
  })

  const municipalities = $derived.by(() => {
    const shown = new Map<SpaceId, { space: SpaceId; name: string; rows: readonly ItemRow[] }>()
    for (const report of reports.values()) for (const one of report.municipalities) shown.set(one.space, one)
    const bySpace = Map.groupBy(workspace.rows, (row) => row.space)
    for (const { space, name, kind, role, offline } of workspace.spaces) {
      if (kind === 'municipality' && role !== null && offline?.state !== 'closed') shown.set(space, { space, name, rows: agreedRows(bySpace.get(space) ?? []) })
    }
    return [...shown.values()].sort((a, b) => a.name.localeCompare(b.name, 'nl'))
  })
  const closed = $derived.by(() => {
    const names = new Map([...reports.values()].flatMap((report) => report.closed ?? []).map(({ space, name }) => [space, name]))
    for (const one of workspace.spaces) if (one.kind === 'municipality' && isClosed(one)) names.set(one.space, one.name)
    return [...names.values()].sort((a, b) => a.localeCompare(b, 'nl'))
  })
  const programme = $derived(programmeProgressOf(municipalities, workspace.today))

  return {
    get programme() {
      return programme
    },
    get closed() {
      return closed
    },
    get reportedAt() {
      const times = [...reports.values()].map((report) => report.fetchedAt)
      return times.length > 0 ? Math.min(...times) : null
    },
    get isWaitingForReport() {
      return programmes.length > 0 && reports.size === 0
    },
    get selection() {
      return selection
    },
    set selection(next) {
      selection = next
    },
  }
}
