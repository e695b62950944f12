/** What a programme sees of the municipalities that take part: derived rows, never documents. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { SpaceInfo } from '../../auth/directory.ts'
import { defineRoute, type Route } from '../route.ts'
import { id, spaceParams, time } from '../schemas.ts'

/** Rows of the given municipalities, as the relay's worker computed them last. */
export type ReportOf = (municipalities: readonly SpaceInfo[]) => Promise<{ municipalities: { space: string; name: string; rows: ItemRow[] }[]; computedAt: number }>

export interface ProgrammeRoutesDeps {
  accounts: Accounts
  reportOf: ReportOf
}

export function programmeRoutes({ accounts, reportOf }: ProgrammeRoutesDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/programmes/:space/report',
      summary: 'Derived progress of the municipalities that take part, as far as you may see it',
      who: 'space.progress',
      params: spaceParams,
      answer: v.object({ municipalities: v.array(v.object({ space: id, name: v.string(), rows: v.array(v.looseObject({ item: id })) })), computedAt: time }),
      refusals: ['not-found'],
      async handle({ caller, params }) {
        const { user } = must(caller, 'signed in')
        if (accounts.space(params.space)?.kind !== 'programme') return { error: 'not-found' }
        const visible = accounts.participantsOf(params.space).filter(({ space }) => accounts.may(user, space, 'space.progress'))
        return { status: 200, body: await reportOf(visible) }
      },
    }),
  ]
}
