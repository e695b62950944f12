/** People and spaces: who is in, who invites whom, new spaces. Nobody gives away, or takes from another, more than they hold. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { SpaceId } from '../../../shared/base/ids.ts'
import { covers, may, type Role } from '../../../shared/model/grants.ts'
import { OFFLINE_DAYS_MAX, OFFLINE_DAYS_MIN } from '../../../shared/model/limits.ts'
import type { Accounts } from '../../auth/accounts.ts'
import { defineRoute, type Route } from '../route.ts'
import { filledName, id, person, role, spaceKind, spaceParams, time } from '../schemas.ts'

export interface SpaceRoutesDeps {
  accounts: Accounts
  /** Gives a new space its log, before anybody can enter. */
  ensureSpace(space: SpaceId): Promise<unknown>
}

export function spaceRoutes({ accounts, ensureSpace }: SpaceRoutesDeps): Route[] {
  /** Leading a programme means something in a programme only. */
  const isFitting = (of: SpaceId, wanted: Role): boolean => wanted !== 'programme-leader' || accounts.space(of)?.kind === 'programme'
  return [
    defineRoute({
      method: 'GET',
      path: '/api/people',
      summary: 'Everybody who is, or was, in a space that you may read',
      operation: 'people.read',
      answer: v.array(person),
      refusals: [],
      handle: ({ caller }) => ({ status: 200, body: accounts.peopleFor(must(caller, 'signed in').user) }),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/spaces',
      summary: 'Make a space; you become its administrator',
      operation: 'space.make',
      body: v.object({ kind: spaceKind, name: filledName }),
      answer: v.object({ space: id }),
      refusals: [],
      async handle({ caller, body, note }) {
        const { user } = must(caller, 'signed in')
        const made = accounts.createSpace(body)
        await ensureSpace(made.space)
        accounts.setRole(user, made.space, 'admin')
        note({ space: made.space, subject: body.kind })
        return { status: 200, body: { space: made.space } }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/members',
      summary: 'Members and their roles',
      operation: 'member.list',
      params: spaceParams,
      answer: v.array(v.object({ person, role })),
      refusals: [],
      handle: ({ params }) => ({ status: 200, body: accounts.membersOf(params.space) }),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/spaces/:space/invitations',
      summary: 'A link for one person, with a role that is not above your own',
      operation: 'member.invite',
      params: spaceParams,
      body: v.object({ role }),
      answer: v.object({ link: v.string(), expiresAt: time, role }),
      refusals: ['bad-request'],
      handle({ caller, params, body, note, origin }) {
        const { user } = must(caller, 'signed in')
        if (!isFitting(params.space, body.role)) return { error: 'bad-request' }
        const isAllowed = covers(accounts.roleIn(user, params.space), body.role)
        note({ subject: body.role })
        if (!isAllowed) return { error: 'forbidden' }
        const { token, expiresAt } = accounts.createInvitation({ space: params.space, role: body.role, by: user })
        return { status: 200, body: { link: `${origin}/welkom/${token}`, expiresAt, role: body.role } }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/spaces/:space/members/:user',
      summary: 'Change the role of a member; null takes the membership away',
      operation: 'member.change',
      params: v.object({ space: id, user: id }),
      body: v.object({ role: v.nullable(role) }),
      answer: null,
      refusals: ['bad-request', 'not-found', 'conflict'],
      handle({ caller, params, body, note }) {
        note({ subject: `${params.user} ${body.role ?? 'none'}` })
        const { user } = must(caller, 'signed in')
        const held = accounts.roleIn(params.user, params.space)
        if (!held) return { error: 'not-found' } // who is not in comes in by invitation
        if (body.role && !isFitting(params.space, body.role)) return { error: 'bad-request' }
        const own = accounts.roleIn(user, params.space)
        const isAllowed = covers(own, held) && (body.role === null || covers(own, body.role))
        if (!isAllowed) return { error: 'forbidden' }
        // The last person who may change members stays: without, nobody could ever be let in or out again.
        if (may(held, 'member.change') && !may(body.role, 'member.change') && !accounts.own.isKeptByOthers(params.space, params.user)) return { error: 'conflict' }
        accounts.setRole(params.user, params.space, body.role)
        return { status: 204 }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/spaces/:space/offline',
      summary: 'After how many days without contact laptops close this space; null takes the limit away',
      operation: 'space.change',
      params: spaceParams,
      body: v.object({ daysMax: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(OFFLINE_DAYS_MIN), v.maxValue(OFFLINE_DAYS_MAX))) }),
      answer: null,
      refusals: [],
      handle({ params, body, note }) {
        note({ subject: `offline ${body.daysMax ?? 'unlimited'}` })
        accounts.setOfflineDays(params.space, body.daysMax)
        return { status: 204 }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/invitations',
      summary: 'Invitations that nobody used yet; never their links',
      operation: 'member.invite',
      params: spaceParams,
      answer: v.array(v.object({ id, role, by: v.nullable(person), createdAt: time, expiresAt: time })),
      refusals: [],
      handle: ({ params }) => ({ status: 200, body: accounts.invitationsOf(params.space) }),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/spaces/:space/invitations/:invitation',
      summary: 'Take an invitation back: its link stops working. Not one for a role above your own',
      operation: 'member.invite',
      params: v.object({ space: id, invitation: id }),
      answer: null,
      refusals: ['not-found'],
      handle({ caller, params, note }) {
        const found = accounts.invitationsOf(params.space).find((one) => one.id === params.invitation)
        note({ subject: `take back ${found?.role ?? ''}` })
        if (!found) return { error: 'not-found' }
        if (!covers(accounts.roleIn(must(caller, 'signed in').user, params.space), found.role)) return { error: 'forbidden' }
        accounts.endInvitation(params.space, params.invitation)
        return { status: 204 }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/spaces/:space/members/:user/reset',
      summary: 'A link with which a member chooses a new password. Only for whoever may do all that this member may, in every space, or an administrator of the installation',
      operation: 'member.change',
      params: v.object({ space: id, user: id }),
      answer: v.object({ link: v.string(), expiresAt: time }),
      refusals: ['not-found', 'conflict'],
      handle({ caller, params, note, origin }) {
        note({ subject: `reset ${params.user}` })
        const { user } = must(caller, 'signed in')
        if (!accounts.roleIn(params.user, params.space)) return { error: 'not-found' }
        if (!accounts.mayReset(user, params.user)) return { error: 'forbidden' }
        const made = accounts.createResetLink(params.user, user)
        return made.ok ? { status: 200, body: { link: `${origin}/welkom/${made.value.token}`, expiresAt: made.value.expiresAt } } : { error: made.failure.kind }
      },
    }),
  ]
}
