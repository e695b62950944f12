/**
 * What a programme sees of the municipalities that take part: derived rows, never documents. A municipality takes part by a step of its own
 * leader, can stop at any moment, and can look at exactly what the programme sees of it.
 */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { SpaceInfo } from '../../auth/directory.ts'
import { defineRoute, type Route } from '../route.ts'
import { id, spaceParams, time } from '../schemas.ts'

/** Rows of the given municipalities, as the relay's worker computed them last. */
export type ReportOf = (municipalities: readonly SpaceInfo[]) => Promise<{ municipalities: { space: string; name: string; offlineDaysMax: number | null; rows: ItemRow[] }[]; computedAt: number }>

export interface ProgrammeRoutesDeps {
  accounts: Accounts
  reportOf: ReportOf
}

const report = v.object({ municipalities: v.array(v.object({ space: id, name: v.string(), offlineDaysMax: v.nullable(v.pipe(v.number(), v.integer())), rows: v.array(v.looseObject({ item: id })) })), computedAt: time })

export function programmeRoutes({ accounts, reportOf }: ProgrammeRoutesDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/programmes/:space/report',
      summary: 'Derived progress of the municipalities that take part, as far as you may see it',
      operation: 'space.progress',
      params: spaceParams,
      answer: report,
      refusals: ['not-found'],
      async handle({ caller, params }) {
        const { user } = must(caller, 'signed in')
        if (accounts.space(params.space)?.kind !== 'programme') return { error: 'not-found' }
        const visible = accounts.participantsOf(params.space).filter(({ space }) => accounts.may(user, space, 'space.progress'))
        return { status: 200, body: await reportOf(visible) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/participations',
      summary: 'The programmes of this installation, and whether this municipality takes part',
      operation: 'member.list',
      params: spaceParams,
      answer: v.array(v.object({ programme: id, name: v.string(), takesPart: v.boolean() })),
      refusals: [],
      handle({ params }) {
        if (accounts.space(params.space)?.kind !== 'municipality') return { status: 200, body: [] }
        const programmes = accounts.spaces().filter(({ kind }) => kind === 'programme')
        const takesPart = (programme: string): boolean => accounts.participantsOf(programme).some(({ space }) => space === params.space)
        return { status: 200, body: programmes.map(({ space, name }) => ({ programme: space, name, takesPart: takesPart(space) })) }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/spaces/:space/participations/:programme',
      summary: 'Take part in a programme, or stop: its leaders then see the derived progress of this municipality, or see it no longer',
      operation: 'participation.change',
      params: v.object({ space: id, programme: id }),
      body: v.object({ takesPart: v.boolean() }),
      answer: null,
      refusals: ['bad-request'],
      handle({ params, body, note }) {
        note({ subject: `${params.programme} ${body.takesPart ? 'begins' : 'stops'}` })
        if (accounts.space(params.programme)?.kind !== 'programme' || accounts.space(params.space)?.kind !== 'municipality') return { error: 'bad-request' }
        accounts.setParticipation(params.programme, params.space, body.takesPart)
        return { status: 204 }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/report',
      summary: 'Exactly what a programme sees of this space',
      operation: 'space.progress',
      params: spaceParams,
      answer: report,
      refusals: [],
      handle: async ({ params }) => ({ status: 200, body: await reportOf([must(accounts.space(params.space), 'who may, is in a known space')]) }),
    }),
  ]
}
