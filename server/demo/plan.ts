/**
 * How far the municipalities of the example are. The numbers of milestones follow the picture of the progress page; stages of agreements are drawn
 * around them, so that every situation that the product knows is somewhere to be seen.
 */
import { below, type Dice } from '../../shared/base/random.ts'
import { MILESTONES, type MilestoneStatus } from '../../shared/derive/progress.ts'

export const STAGES = [
  /** No owner, a step without role, a handover without feedback. */
  'gaps',
  'concept',
  'consultation',
  /** Lies on the table, some parties have signed. */
  'proposed',
  /** One party sent it back. */
  'returned',
  'adopted',
  'review-soon',
  'review-passed',
  /** Somebody went on writing after everybody had signed. */
  'changed',
  'revision',
  'withdrawn',
] as const
export type Stage = (typeof STAGES)[number]

export interface MunicipalityPlan {
  name: string
  milestonesDone: number
  notApplicable: readonly string[]
  /** Agreements besides those that are given by name: code of the template → stage. */
  agreements: readonly { template: string; stage: Stage }[]
  meetings: number
}

const DONE: Readonly<Record<string, number>> = {
  Almere: 12, Amsterdam: 16, Appingedam: 9, Delfzijl: 11, 'Den Haag': 15, Enschede: 10, Groningen: 16, Heerlen: 12, Menterwolde: 7, Nijmegen: 14, Pekela: 5, Schiedam: 11, Tilburg: 13, Utrecht: 15,
}
const NOT_APPLICABLE: Readonly<Record<string, readonly string[]>> = { Almere: ['M10', 'M13', 'M15'], Appingedam: ['M10'], Delfzijl: ['M10'], Menterwolde: ['M13'] }

/** What is seen in the pictures of the product, so that they can be found again in the example. */
const GIVEN: Readonly<Record<string, readonly { template: string; stage: Stage }[]>> = {
  Schiedam: [
    { template: 'roken', stage: 'adopted' },
    { template: 'schulden', stage: 'gaps' },
    { template: 'psychische-klachten', stage: 'proposed' },
    { template: 'prenataal-huisbezoek', stage: 'adopted' },
    { template: 'taal', stage: 'revision' },
    { template: 'laat-in-zorg', stage: 'review-passed' },
    { template: 'meerdere-signalen', stage: 'concept' },
    { template: 'jonge-ouders', stage: 'changed' },
    { template: 'overdracht-na-geboorte', stage: 'consultation' },
  ],
  Tilburg: [
    { template: 'taal', stage: 'proposed' },
    { template: 'wonen', stage: 'proposed' },
    { template: 'laat-in-zorg', stage: 'returned' },
    { template: 'roken', stage: 'adopted' },
    { template: 'schulden', stage: 'adopted' },
    { template: 'prenataal-huisbezoek', stage: 'adopted' },
    { template: 'psychische-klachten', stage: 'review-soon' },
    { template: 'huiselijk-geweld', stage: 'adopted' },
  ],
  Pekela: [
    { template: 'roken', stage: 'gaps' },
    { template: 'prenataal-huisbezoek', stage: 'concept' },
    { template: 'alcohol-drugs', stage: 'withdrawn' },
  ],
}

const FORWARD: readonly Stage[] = ['adopted', 'adopted', 'adopted', 'review-soon', 'review-passed', 'revision', 'changed', 'proposed']
const BEHIND: readonly Stage[] = ['gaps', 'concept', 'concept', 'consultation', 'proposed', 'returned', 'adopted', 'gaps']

const AGREEMENTS_COUNT_MIN = 3
const AGREEMENTS_COUNT_MAX = 9

export function planMunicipality(name: string, templateCodes: readonly string[], dice: Dice): MunicipalityPlan {
  const milestonesDone = DONE[name] ?? 0
  const given = GIVEN[name]
  const count = AGREEMENTS_COUNT_MIN + below(dice, AGREEMENTS_COUNT_MAX - AGREEMENTS_COUNT_MIN + 1)
  const codes = [...templateCodes]
  const agreements = given ?? Array.from({ length: count }, () => {
    const [template = ''] = codes.splice(below(dice, codes.length), 1)
    const stages = below(dice, MILESTONES.length) < milestonesDone ? FORWARD : BEHIND
    return { template, stage: stages[below(dice, stages.length)] ?? 'concept' }
  })
  return { name, milestonesDone, notApplicable: NOT_APPLICABLE[name] ?? [], agreements, meetings: 2 + below(dice, 3) }
}

/** Status of every milestone on the sheet; those that follow from documents are left to the documents. */
export function milestonesOf({ milestonesDone, notApplicable }: MunicipalityPlan): { code: string; status: MilestoneStatus }[] {
  let done = 0
  return MILESTONES.map(({ code }) => {
    if (notApplicable.includes(code)) return { code, status: 'not-applicable' as const }
    done += 1
    if (done <= Math.floor(milestonesDone / 4)) return { code, status: 'embedded' as const }
    if (done <= milestonesDone) return { code, status: 'done' as const }
    return { code, status: done <= milestonesDone + 2 ? ('busy' as const) : ('none' as const) }
  })
}
