/** Members of a space, inviting, changing roles, making spaces. All of it needs the relay; nothing of it is offered to whoever may not. */
import UserRoundPlus from '@lucide/svelte/icons/user-round-plus'
import UsersRound from '@lucide/svelte/icons/users-round'
import CirclePlus from '@lucide/svelte/icons/circle-plus'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { may } from '../../../shared/model/grants.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { openPeople } from './people.svelte.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, layout, workspace } = services
  const people = openPeople(services)
  const category = (): string => t.people.category

  bag.add(
    contributions.editors.register({
      id: 'members',
      accepts: (input) => (input.kind === 'page' && input.page === 'members' ? 10 : undefined),
      icon: UsersRound,
      title: () => t.people.title,
      load: () => import('./MembersPage.svelte'),
    }),
  )
  bag.add(contributions.overlays.register({ id: 'people.invite', isOpen: () => people.inviteFor !== null, load: () => import('./InviteDialog.svelte') }))
  bag.add(contributions.overlays.register({ id: 'people.reset', isOpen: () => people.resetFor !== null, load: () => import('./ResetDialog.svelte') }))
  bag.add(contributions.overlays.register({ id: 'people.space', isOpen: () => people.isMakingSpace, load: () => import('./SpaceDialog.svelte') }))
  bag.add(
    contributions.commands.register({
      id: 'people.members.show',
      title: () => t.people.share,
      also: () => t.people.shareAlso,
      category,
      icon: UsersRound,
      isEnabled: () => may(workspace.space?.role, 'member.list'),
      run: () => {
        if (workspace.space) layout.open({ kind: 'page', page: 'members', params: { space: workspace.space.space } })
      },
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'people.member.invite',
      title: () => t.people.invite.open,
      also: () => t.people.invite.also,
      category,
      icon: UserRoundPlus,
      isEnabled: () => may(workspace.space?.role, 'member.invite'),
      run: () => {
        people.inviteFor = workspace.space?.space ?? null
      },
    }),
  )
  bag.add(
    contributions.commands.register({
      id: 'people.space.create',
      title: () => t.people.createSpace.command,
      also: () => t.people.createSpace.also,
      category,
      icon: CirclePlus,
      isEnabled: () => workspace.isInstallationAdmin,
      run: () => {
        people.isMakingSpace = true
      },
    }),
  )
  return bag
}
