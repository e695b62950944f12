/** Whom a text is proposed to, what it still lacks, and where each party stands on the seal that is on the table. */
import { must } from '../../../shared/base/assert.ts'
import type { ActsState, Verdict } from '../../../shared/model/acts.ts'
import { textAt, rowsOf, type FactsState } from '../../../shared/model/facts.ts'
import type { ActsView } from '../../engine/api.ts'

const unique = (names: readonly string[]): string[] => [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))]

/** An agreement goes to its parties; minutes go to the organisations that were there. */
export function partiesOf(facts: FactsState): string[] {
  const { registers } = facts
  if (registers.type === 'meeting') {
    return unique(rowsOf(registers, 'attendance').filter((row) => row.presence !== 'absent').map((row) => String(row.organisation || row.job || '')))
  }
  return unique(rowsOf(registers, 'parties').map((row) => String(row.name ?? '')))
}

export type Lack = 'parties' | 'attendance' | 'owner' | 'steps' | 'choices'

export function lacksOf(facts: FactsState): Lack[] {
  const { registers, conflicts } = facts
  const lacks: Lack[] = []
  if (partiesOf(facts).length === 0) lacks.push(registers.type === 'meeting' ? 'attendance' : 'parties')
  if (registers.type === 'agreement' && textAt(registers, 'owner').trim() === '') lacks.push('owner')
  if (registers.type === 'agreement' && rowsOf(registers, 'steps').length === 0) lacks.push('steps')
  if (Object.keys(conflicts).length > 0) lacks.push('choices')
  return lacks
}

/** Path of what is to be filled in; of several choices the first. */
export const placeOf = (lack: Lack, { conflicts }: FactsState): string => (lack === 'choices' ? must(Object.keys(conflicts)[0], 'somebody has to choose') : lack)

export interface PartyStand {
  party: string
  stand: Verdict | 'none' | 'again' | 'asked'
  note: string
  time: number | null
}

/** `again`: agreed to an earlier text, not to this one. `asked`: said on this laptop, not yet accepted by the relay. */
export function standsOf(acts: ActsView): PartyStand[] {
  const state: ActsState = acts.settled.status === 'proposed' || acts.settled.parties.length > 0 ? acts.settled : acts.expected
  return state.parties.map((party) => {
    const mine = acts.acts.filter(({ act }) => act.kind === 'sign' && act.party === party)
    const waiting = mine.find(({ act, state: how }) => how === 'asked' && act.kind === 'sign' && act.seal === state.seal)
    if (waiting) return { party, stand: 'asked', note: waiting.act.kind === 'sign' ? waiting.act.note : '', time: waiting.time }
    const signature = state.signatures.find((one) => one.party === party)
    if (signature) return { party, stand: signature.verdict, note: signature.note, time: signature.time }
    const wasFor = mine.some(({ act, state: how }) => how === 'accepted' && act.kind === 'sign' && act.seal !== state.seal && act.verdict !== 'returned')
    return { party, stand: wasFor ? 'again' : 'none', note: '', time: null }
  })
}
