/** People and spaces: who is in, who invites whom, new spaces. Nobody gives away, or takes from another, more than they hold. */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import type { SpaceId, UserId } from '../../../shared/base/ids.ts'
import { covers, may, type Role } from '../../../shared/model/grants.ts'
import type { Accounts } from '../../auth/accounts.ts'
import { defineRoute, type Route } from '../route.ts'
import { filledName, id, person, role, spaceKind, spaceParams, time } from '../schemas.ts'

export interface SpaceRoutesDeps {
  accounts: Accounts
  /** Gives a new space its log, before anybody can enter. */
  ensureSpace(space: SpaceId): Promise<unknown>
}

export function spaceRoutes({ accounts, ensureSpace }: SpaceRoutesDeps): Route[] {
  const { audit } = accounts

  /** Leading a programme means something in a programme only. */
  const isFitting = (of: SpaceId, wanted: Role): boolean => wanted !== 'programme-leader' || accounts.space(of)?.kind === 'programme'
  /** The last one who may change members stays: without, nobody could ever be let in or out again. */
  const isLastKeeper = (of: SpaceId, user: UserId): boolean =>
    !accounts.membersOf(of).some((member) => member.person.user !== user && may(member.role, 'member.change'))

  return [
    defineRoute({
      method: 'GET',
      path: '/api/people',
      summary: 'Everybody who is, or was, in a space that you may read',
      who: 'signed-in',
      answer: v.array(person),
      refusals: [],
      handle: ({ caller }) => ({ status: 200, body: accounts.peopleFor(must(caller, 'signed in').user) }),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/spaces',
      summary: 'Make a space; you become its administrator',
      who: 'administrator',
      body: v.object({ kind: spaceKind, name: filledName }),
      answer: v.object({ space: id }),
      refusals: [],
      async handle({ caller, body, address }) {
        const { user } = must(caller, 'signed in')
        const made = accounts.createSpace(body)
        await ensureSpace(made.space)
        accounts.setRole(user, made.space, 'admin')
        audit.record({ who: user, operation: 'space.make', space: made.space, subject: body.kind, from: address, result: 'done' })
        return { status: 200, body: { space: made.space } }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/members',
      summary: 'Members and their roles',
      who: 'member.list',
      params: spaceParams,
      answer: v.array(v.object({ person, role })),
      refusals: [],
      handle: ({ params }) => ({ status: 200, body: accounts.membersOf(params.space) }),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/spaces/:space/invitations',
      summary: 'A link for one person, with a role that is not above your own',
      who: 'member.invite',
      params: spaceParams,
      body: v.object({ role }),
      answer: v.object({ link: v.string(), expiresAt: time, role }),
      refusals: ['bad-request'],
      handle({ caller, params, body, address, origin }) {
        const { user } = must(caller, 'signed in')
        if (!isFitting(params.space, body.role)) return { error: 'bad-request' }
        const isAllowed = covers(accounts.roleIn(user, params.space), body.role)
        audit.record({ who: user, operation: 'invitation.make', space: params.space, subject: body.role, from: address, result: isAllowed ? 'done' : 'refused' })
        if (!isAllowed) return { error: 'forbidden' }
        const { token, expiresAt } = accounts.createInvitation({ space: params.space, role: body.role, by: user })
        return { status: 200, body: { link: `${origin}/welkom/${token}`, expiresAt, role: body.role } }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/spaces/:space/members/:user',
      summary: 'Change the role of a member; null takes the membership away',
      who: 'member.change',
      params: v.object({ space: id, user: id }),
      body: v.object({ role: v.nullable(role) }),
      answer: null,
      refusals: ['bad-request', 'not-found', 'conflict'],
      handle({ caller, params, body, address }) {
        const { user } = must(caller, 'signed in')
        const held = accounts.roleIn(params.user, params.space)
        if (!held) return { error: 'not-found' } // who is not in comes in by invitation
        if (body.role && !isFitting(params.space, body.role)) return { error: 'bad-request' }
        const own = accounts.roleIn(user, params.space)
        const isAllowed = covers(own, held) && (body.role === null || covers(own, body.role))
        audit.record({ who: user, operation: 'role.change', space: params.space, subject: `${params.user} ${body.role ?? 'none'}`, from: address, result: isAllowed ? 'done' : 'refused' })
        if (!isAllowed) return { error: 'forbidden' }
        if (!may(body.role, 'member.change') && isLastKeeper(params.space, params.user)) return { error: 'conflict' }
        accounts.setRole(params.user, params.space, body.role)
        return { status: 204 }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/programmes/:space/participants/:participant',
      summary: 'Whether a municipality takes part: its derived progress is then seen by those who lead the programme. Asked of both: somebody who may change members in each',
      who: 'member.change',
      params: v.object({ space: id, participant: id }),
      body: v.object({ takesPart: v.boolean() }),
      answer: null,
      refusals: ['bad-request'],
      handle({ caller, params, body, address }) {
        const { user } = must(caller, 'signed in')
        // The municipality decides what is seen of it, so its own administrator has to be the one who asks.
        const isAllowed = accounts.may(user, params.participant, 'member.change')
        audit.record({ who: user, operation: 'role.change', space: params.participant, subject: `programme ${params.space} ${String(body.takesPart)}`, from: address, result: isAllowed ? 'done' : 'refused' })
        if (!isAllowed) return { error: 'forbidden' }
        if (accounts.space(params.space)?.kind !== 'programme' || accounts.space(params.participant)?.kind !== 'municipality') return { error: 'bad-request' }
        accounts.setParticipation(params.space, params.participant, body.takesPart)
        return { status: 204 }
      },
    }),
  ]
}
