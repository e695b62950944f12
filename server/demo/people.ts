/** The people of the example programme: role names only. Those with a key get a sign-in link at every start; the others only wrote things. */
import { must } from '../../shared/base/assert.ts'
import { newId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Person } from '../../shared/model/people.ts'
import { MUNICIPALITIES } from '../../shared/model/municipalities.ts'

export const DEMO_ROLES = ['lezer', 'verloskundige', 'wijkteam', 'projectleider', 'programmaleider', 'beheerder', 'gemeentebeheerder'] as const
export type DemoRole = (typeof DEMO_ROLES)[number]

/** Reserved domain: no mail can ever be sent there. */
const DOMAIN = 'voorbeeld.example'
export const demoLogin = (role: DemoRole): string => `${role}@${DOMAIN}`
const localLogin = (job: string, municipality: string): string => `${job}-${municipality.toLowerCase().replace(/[^a-z]+/g, '-')}@${DOMAIN}`

/** The municipality that the roles of the example work in. */
export const HOME = 'Schiedam'
/** Where the project leader of the home municipality is a member besides. */
export const ALSO_MEMBER_OF = ['Nijmegen', 'Tilburg'] as const

export interface DemoPerson {
  person: Omit<Person, 'user'>
  user: UserId
  login: string
  /** null: writes in the example, signs in nowhere. */
  role: DemoRole | null
}

export interface Cast {
  all: readonly DemoPerson[]
  role(role: Exclude<DemoRole, 'gemeentebeheerder'>): DemoPerson
  /** Who leads the work in a municipality. */
  leaderOf(municipality: string): DemoPerson
  membersOf(municipality: string): readonly DemoPerson[]
}

type Casting = (role: DemoRole | null, login: string, name: string, job: string, organisation: string, color: number) => DemoPerson
const casting = (dice: Dice): Casting => (role, login, name, job, organisation, color) => ({ role, login, user: newId(dice), person: { name, job, organisation, color } })

/** Changes roles and sets the limit for offline use in the home municipality, and wrote nothing: cast when everything is written, or the same dice would write another example. */
export const castAdministrator = (dice: Dice): DemoPerson => casting(dice)('gemeentebeheerder', demoLogin('gemeentebeheerder'), 'gemeentebeheerder', 'functioneel beheerder', `Gemeente ${HOME}`, 1)

export function castPeople(dice: Dice): Cast {
  const person = casting(dice)
  const roles: Record<Exclude<DemoRole, 'gemeentebeheerder'>, DemoPerson> = {
    lezer: person('lezer', demoLogin('lezer'), 'lezer', 'beleidsmedewerker', `Gemeente ${HOME}`, 5),
    verloskundige: person('verloskundige', demoLogin('verloskundige'), 'verloskundige', 'verloskundige', 'Verloskundigenpraktijk', 1),
    wijkteam: person('wijkteam', demoLogin('wijkteam'), 'wijkteam', 'wijkteammedewerker', 'Wijkteam', 2),
    projectleider: person('projectleider', demoLogin('projectleider'), `projectleider ${HOME}`, 'projectleider', `Gemeente ${HOME}`, 3),
    programmaleider: person('programmaleider', demoLogin('programmaleider'), 'programmaleider', 'programmaleider', 'Gezonde start (voorbeeld)', 4),
    beheerder: person('beheerder', demoLogin('beheerder'), 'beheerder', 'beheerder', 'Gezonde start (voorbeeld)', 5),
  }
  const locals = new Map(MUNICIPALITIES.filter(({ name }) => name !== HOME).map(({ name }, index) => {
    const leader = person(null, localLogin('projectleider', name), `projectleider ${name}`, 'projectleider', `Gemeente ${name}`, 1 + (index % 5))
    const member = person(null, localLogin('wijkteam', name), `wijkteam ${name}`, 'wijkteammedewerker', 'Wijkteam', 1 + ((index + 2) % 5))
    return [name, { leader, members: [member] as readonly DemoPerson[] }] as const
  }))
  locals.set(HOME, { leader: roles.projectleider, members: [roles.verloskundige, roles.wijkteam] })
  const local = (municipality: string) => must(locals.get(municipality), 'a municipality of the example')
  return {
    all: [...Object.values(roles), ...[...locals.values()].flatMap(({ leader, members }) => [leader, ...members]).filter(({ role }) => role === null)],
    role: (role) => roles[role],
    leaderOf: (municipality) => local(municipality).leader,
    membersOf: (municipality) => local(municipality).members,
  }
}
