/**
 * Facts as the window shows them: the engine's last word with our own edits on top, so that what somebody types stands there before
 * the engine has answered. An own edit is laid down on top until the engine's picture contains it or has passed it by, and
 * never longer: what is shown is always the truth plus edits under way. Knows nothing of runes, so that it can be tested as it is.
 */
import { assignmentsOf, type FactEdit, type FactsState, type FactValue } from '../../shared/model/facts.ts'

/** Own edits on their way to the engine. */
export interface Ticket {
  readonly edits: readonly FactEdit[]
}

export interface OptimisticFacts {
  readonly shown: FactsState
  /** Shows own edits from now on. Errors: throws on malformed edits (a bug in the caller), and then shows nothing of them. */
  own(edits: readonly FactEdit[]): Ticket
  /** The engine has stored these edits. */
  settle(ticket: Ticket): void
  /** The engine will never have these edits. */
  drop(ticket: Ticket): void
  /** The engine's picture. */
  replace(truth: FactsState): void
}

/** A single assignment answers the question: its other answers are gone, as in the engine. */
export function applyEdits(state: FactsState, edits: readonly FactEdit[]): FactsState {
  const assignments = edits.flatMap(assignmentsOf)
  const registers: Record<string, FactValue> = { ...state.registers }
  const conflicts = { ...state.conflicts }
  for (const [path, value] of assignments) {
    registers[path] = value
    delete conflicts[path]
  }
  return { registers, conflicts }
}

const contains = (state: FactsState, edits: readonly FactEdit[]): boolean =>
  edits.flatMap(assignmentsOf).every(([path, value]) => state.registers[path] === value || (state.conflicts[path]?.some((answer) => answer.value === value) ?? false))

export function createOptimisticFacts(initial: FactsState): OptimisticFacts {
  interface Own extends Ticket {
    /** The engine said something after this edit was sent. */
    heard: boolean
    settled: boolean
  }
  let truth = initial
  let own: Own[] = []
  let shown = initial
  const draw = (): void => {
    shown = own.reduce((state, { edits }) => applyEdits(state, edits), truth)
  }
  const drop = (ticket: Ticket): void => {
    own = own.filter((other) => other !== ticket)
    draw()
  }
  return {
    get shown() {
      return shown
    },
    own(edits) {
      shown = applyEdits(shown, edits)
      const ticket: Own = { edits, heard: false, settled: false }
      own.push(ticket)
      return ticket
    },
    settle(ticket) {
      const mine = own.find((other) => other === ticket)
      if (!mine) return
      // The engine announces before it resolves, or right after. Whoever announced already is believed; otherwise the next picture is awaited,
      // because taking the edit away here would show the old value for a moment.
      if (mine.heard || contains(truth, mine.edits)) drop(mine)
      else mine.settled = true
    },
    drop,
    replace(next) {
      truth = next
      own = own.filter((ticket) => !ticket.settled)
      for (const ticket of own) ticket.heard = true
      draw()
    },
  }
}
