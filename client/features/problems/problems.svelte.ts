/**
 * What needs attention now: the open document first, from its facts, then the rest of the space from rows. Made when the panel, the count or
 * F8 first asks, kept for the window.
 */
import { searchTextOf } from '../../../shared/derive/search-text.ts'
import { EMPTY_FACTS } from '../../../shared/model/facts.ts'
import { proseJson } from '../../../shared/derive/prose-json.ts'
import { problemsOf, SEVERITIES } from '../../../shared/derive/problems.ts'
import type { ItemHandle } from '../../items/items.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { problemInWords, type ShownProblem } from './problem-words.ts'
import { problemsOfRow } from './row-problems.ts'

/** Prose is read again this long after the last keystroke: linting must not ride on typing. */
const PROSE_LINT_MS = 800
/** Longer lists help nobody; the rest is counted. */
const ELSEWHERE_COUNT_MAX = 100

export interface ProblemsState {
  readonly here: readonly ShownProblem[]
  readonly elsewhere: readonly ShownProblem[]
  /** How many more there are than `elsewhere` shows. */
  readonly moreCount: number
  readonly count: number
  open(problem: ShownProblem): void
  /** Opens the next or previous one, round and round. */
  walk(step: 1 | -1): void
}

const known = new WeakMap<Services, ProblemsState>()

export function problemsOfWindow(services: Services): ProblemsState {
  let state = known.get(services)
  if (!state) known.set(services, (state = createProblems(services)))
  return state
}

function createProblems(services: Services): ProblemsState {
  const { workspace, layout, items, notices, clock } = services
  let handle = $state.raw<ItemHandle | null>(null)
  let proseText = $state('')
  let lastId = ''

  const activeItem = $derived(layout.active?.kind === 'item' ? layout.active.item : null)
  $effect.root(() => {
    $effect(() => {
      const item = activeItem
      if (item === null || !workspace.rowsById.has(item)) return
      let isGone = false
      let opened: ItemHandle | null = null
      let stop = (): void => undefined
      void items.open(item).then((one) => {
        if (isGone) return one.dispose()
        opened = one
        handle = one
        stop = followProse(one)
      })
      return () => {
        isGone = true
        stop()
        handle = null
        proseText = ''
        opened?.dispose()
      }
    })
  })
  function followProse({ doc }: ItemHandle): () => void {
    const read = (): void => void (proseText = searchTextOf({ facts: EMPTY_FACTS, prose: proseJson(doc) }))
    let timer = clock.after(0, read)
    const later = (): void => {
      timer.dispose()
      timer = clock.after(PROSE_LINT_MS, read)
    }
    doc.on('update', later)
    return () => {
      timer.dispose()
      doc.off('update', later)
    }
  }

  // Of the row only this: every letter makes a new one.
  const title = $derived(handle?.row?.title || t.common.untitled)
  const changedSinceSeal = $derived(handle?.row?.changedSinceSeal ?? false)
  const here = $derived.by((): ShownProblem[] => {
    if (!handle) return []
    const { item, facts, acts } = handle
    return problemsOf({ item, facts, acts: acts.settled, changedSinceSeal, proseText }, workspace.today).map((problem) => problemInWords(problem, title, facts.registers))
  })
  const allElsewhere = $derived.by((): ShownProblem[] => {
    const space = workspace.space?.space
    return workspace.rows
      .filter((row) => row.space === space && row.item !== handle?.item && row.type !== 'template')
      .flatMap((row) => problemsOfRow(row, workspace.today))
      .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
  })

  const open = (problem: ShownProblem): void => {
    lastId = problem.id
    layout.open({ kind: 'item', item: problem.item, ...(problem.focus ? { focus: problem.focus } : {}) })
  }
  return {
    get here() {
      return here
    },
    get elsewhere() {
      return allElsewhere.slice(0, ELSEWHERE_COUNT_MAX)
    },
    get moreCount() {
      return Math.max(0, allElsewhere.length - ELSEWHERE_COUNT_MAX)
    },
    get count() {
      return here.length + allElsewhere.length
    },
    open,
    walk(step) {
      const all = [...here, ...allElsewhere]
      if (all.length === 0) return notices.say(t.problems.none.title)
      const before = all.findIndex((problem) => problem.id === lastId)
      const at = before < 0 ? (step === 1 ? 0 : all.length - 1) : (before + step + all.length) % all.length
      const problem = all[at]
      if (!problem) return
      open(problem)
      notices.say(t.problems.at(at + 1, all.length, problem.text))
    },
  }
}
