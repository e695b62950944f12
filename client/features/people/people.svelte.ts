/** Which dialog of this feature is open, and the roles that somebody may give. */
import { must } from '../../../shared/base/assert.ts'
import type { SpaceId, UserId } from '../../../shared/base/ids.ts'
import type { Role, SpaceKind } from '../../../shared/model/grants.ts'
import type { Services } from '../../workbench/services.ts'

export interface People {
  /** The space of the invite dialog; null: closed. */
  inviteFor: SpaceId | null
  isMakingSpace: boolean
  /** Whose password is to be chosen anew; null: closed. */
  resetFor: { space: SpaceId; user: UserId; name: string } | null
  /** Rises when members changed, so that an open list reads them again. */
  readonly changed: number
  noteChange(): void
}

/** A programme has its own leader; other spaces have project leaders. */
export const rolesOf = (kind: SpaceKind): Role[] => (kind === 'programme' ? ['reader', 'member', 'programme-leader', 'admin'] : ['reader', 'member', 'leader', 'admin'])

const opened = new WeakMap<Services, People>()

export function openPeople(services: Services): People {
  let inviteFor = $state<SpaceId | null>(null)
  let isMakingSpace = $state(false)
  let resetFor = $state.raw<People['resetFor']>(null)
  let changed = $state(0)
  const people: People = {
    get inviteFor() { return inviteFor },
    set inviteFor(space) { inviteFor = space },
    get isMakingSpace() { return isMakingSpace },
    set isMakingSpace(is) { isMakingSpace = is },
    get resetFor() { return resetFor },
    set resetFor(who) { resetFor = who },
    get changed() { return changed },
    noteChange() {
      changed++
    },
  }
  opened.set(services, people)
  return people
}

export const peopleOf = (services: Services): People => must(opened.get(services), 'people was contributed')
