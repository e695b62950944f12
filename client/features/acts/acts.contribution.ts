/**
 * Formal steps on agreements and minutes: commands, the context view "Akkoord", the line that says which text one reads, and the page that compares.
 * What may follow is asked of the model's table and of the grants table; the relay has the last word.
 */
import Archive from '@lucide/svelte/icons/archive'
import GitCompare from '@lucide/svelte/icons/git-compare'
import MessageCircleQuestionMark from '@lucide/svelte/icons/message-circle-question-mark'
import RefreshCw from '@lucide/svelte/icons/refresh-cw'
import Signature from '@lucide/svelte/icons/signature'
import Stamp from '@lucide/svelte/icons/stamp'
import BadgeCheck from '@lucide/svelte/icons/badge-check'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { isAllowed, OPERATION_OF_ACT, type ActKind } from '../../../shared/model/acts.ts'
import { may } from '../../../shared/model/grants.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import type { Command } from '../../platform/contributions.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { showDialog } from '../../workbench/show-dialog.ts'
import { hasStatus } from '../../workbench/types.ts'
import { COMPARE_PAGE } from './compare.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace, layout } = services

  const rowOf = (given: unknown): ItemRow | null => {
    const item = typeof given === 'string' ? given : layout.active?.kind === 'item' ? layout.active.item : null
    const row = item === null ? null : (workspace.rowsById.get(item) ?? null)
    return row && hasStatus(row.type) ? row : null
  }
  const isOpenTo = (row: ItemRow | null, kind: ActKind): boolean => {
    if (!row || !isAllowed(row.status, kind)) return false
    return may(workspace.spaces.find((space) => space.space === row.space)?.role, OPERATION_OF_ACT[kind])
  }

  const add = (command: Omit<Command, 'category'>): void => {
    bag.add(contributions.commands.register({ ...command, category: () => t.acts.category }))
  }
  type DialogLoader = Parameters<typeof showDialog>[0]
  const dialog = (kind: Exclude<ActKind, 'publish'>, options: { title: () => string; icon: Command['icon']; load: () => Promise<unknown>; isOffered?: (row: ItemRow) => boolean; leads?: boolean; key?: string }): void => {
    const { title, icon, load, isOffered = () => true, leads = false, key } = options
    add({
      id: `acts.item.${kind}`,
      title,
      also: () => t.acts.also[kind],
      icon,
      ...(key ? { key } : {}),
      menu: leads ? ['document'] : ['item'],
      isPrimary: leads,
      isEnabled: (given) => {
        const row = rowOf(given)
        return row !== null && isOpenTo(row, kind) && isOffered(row)
      },
      async run(given) {
        const row = rowOf(given)
        if (!row) return
        const handle = await services.items.open(row.item)
        try {
          await showDialog(load as DialogLoader, { services, handle, kind })
        } finally {
          handle.dispose()
        }
      },
    })
  }

  const reason = (): Promise<unknown> => import('./ReasonDialog.svelte')
  // Once a text is on the table, signing leads; proposing comes back when the text changed.
  dialog('propose', { title: () => t.acts.propose, icon: Stamp, load: () => import('./ProposeDialog.svelte'), leads: true, key: '$mod+Shift+l', isOffered: (row) => row.status !== 'proposed' || row.changedSinceSeal })
  dialog('sign', { title: () => t.acts.sign, icon: Signature, load: () => import('./SignDialog.svelte'), leads: true, isOffered: (row) => !row.changedSinceSeal && row.waitingFor.length > 0 })
  dialog('adopt', { title: () => t.acts.adopt, icon: BadgeCheck, load: () => import('./AdoptDialog.svelte'), leads: true, isOffered: (row) => row.waitingFor.length === 0 })
  dialog('consult', { title: () => t.acts.consult, icon: MessageCircleQuestionMark, load: reason })
  dialog('revise', { title: () => t.acts.revise, icon: RefreshCw, load: reason })
  dialog('withdraw', { title: () => t.acts.withdraw, icon: Archive, load: reason })
  add({
    id: 'acts.item.compare',
    title: () => t.acts.compare,
    also: () => t.acts.also.compare,
    icon: GitCompare,
    menu: ['document'],
    isEnabled: (given) => {
      const row = rowOf(given)
      return row !== null && (row.version > 0 || row.proposedAt !== null) && row.changedSinceSeal
    },
    run(given) {
      const row = rowOf(given)
      if (row) layout.open({ kind: 'page', page: COMPARE_PAGE, params: { item: row.item } })
    },
  })

  bag.add(
    contributions.views.register({
      id: 'acts',
      where: 'context',
      title: () => t.acts.view,
      icon: Signature,
      order: 30,
      appliesTo: (input, type) => input.kind === 'item' && (type === 'agreement' || type === 'meeting'),
      load: () => import('./ActsView.svelte'),
    }),
  )
  bag.add(contributions.banners.register({ id: 'acts', appliesTo: (type) => type === 'agreement' || type === 'meeting', load: () => import('./ActsBanner.svelte') }))
  bag.add(
    contributions.editors.register({
      id: COMPARE_PAGE,
      accepts: (input) => (input.kind === 'page' && input.page === COMPARE_PAGE ? 10 : undefined),
      icon: GitCompare,
      title: (input) => t.acts.comparePage.tab((input.kind === 'page' && workspace.rowsById.get(input.params?.item ?? '')?.title) || t.common.untitled),
      load: () => import('./ComparePage.svelte'),
    }),
  )
  return bag
}
