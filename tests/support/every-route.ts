/** What it takes to ask every route of the table: real ids in its path, a body that gets past its schema, and whom the grants table lets through. */
import { DOORS, isOfSpace, may, type AnyOperation, type Role } from '../../shared/model/grants.ts'

/** An id that nothing has. */
export const NOBODY = 'f'.repeat(32)

export const fillPath = (path: string, { space, user, programme }: { space: string; user: string; programme: string }): string =>
  path.replace(':space', space).replace(':user', user).replace(':programme', programme).replace(':token', 'A'.repeat(43)).replace(/:(session|invitation)/, NOBODY)

/** By `METHOD path`; what happens behind the schema is another matter. */
export const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/session': { login: 'niemand@gemeente.nl', password: 'x' },
  'POST /api/links/:token': {},
  'POST /api/spaces': { kind: 'group', name: 'Groep' },
  'POST /api/spaces/:space/invitations': { role: 'reader' },
  'PUT /api/spaces/:space/members/:user': { role: 'reader' },
  'PUT /api/spaces/:space/participations/:programme': { takesPart: true },
  'PUT /api/spaces/:space/offline': { daysMax: 14 },
  // Nobody's own: asked with these, nothing is deleted or changed.
  'DELETE /api/me': { login: 'iemand@anders.test' },
  'PUT /api/me/password': { old: 'x', next: 'y' },
  'POST /sync/push': new Uint8Array([1]),
  'POST /sync/ask': new Uint8Array([1]),
}

/** They end the very session that asks. */
export const ENDS_SESSIONS: ReadonlySet<string> = new Set(['DELETE /api/session', 'DELETE /api/me', 'DELETE /api/me/sessions', 'PUT /api/me/password'])

export interface Standing {
  isKnown: boolean
  isAdministrator: boolean
  /** In the space that is asked about. */
  role: Role | null
}

/** Whether the door opens. Anyone may knock where the table says anyone, and at a door of the machine, which then asks for its secret. */
export function mayAsk({ isKnown, isAdministrator, role }: Standing, operation: AnyOperation): boolean {
  if (isOfSpace(operation)) return isKnown && may(role, operation)
  const who = DOORS[operation]
  if (who === 'anyone' || who === 'machine') return true
  return who === 'signed-in' ? isKnown : isKnown && isAdministrator
}

export const isRefusedForRights = (status: number, error: string | undefined): boolean => (status === 401 && error === 'signed-out') || status === 403
