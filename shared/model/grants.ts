/**
 * Who may what: the one table (role × operation). The relay, every HTTP route, the gateway, search, export and history ask it;
 * the window asks it too, so that it never offers what will be refused. A role is held per space.
 */
export const ROLES = ['reader', 'member', 'leader', 'admin', 'programme-leader'] as const
export type Role = (typeof ROLES)[number]

export const OPERATIONS = [
  'space.read', 'space.progress', 'item.write', 'presence.show', 'history.read', 'export.read',
  'act.consult', 'act.propose', 'act.sign', 'act.adopt', 'act.revise', 'act.withdraw', 'act.publish', 'item.erase',
  'member.list', 'member.invite', 'member.change', 'audit.read',
] as const
export type Operation = (typeof OPERATIONS)[number]

const READ: Operation[] = ['space.read', 'space.progress', 'history.read', 'export.read', 'presence.show', 'member.list']
const WRITE: Operation[] = [...READ, 'item.write', 'act.sign']
const LEAD: Operation[] = [...WRITE, 'act.consult', 'act.propose', 'act.adopt', 'act.revise', 'act.withdraw', 'act.publish', 'item.erase', 'member.invite']

const table: Record<Role, ReadonlySet<Operation>> = {
  reader: new Set(READ),
  member: new Set([...WRITE, 'act.consult', 'act.propose']),
  leader: new Set(LEAD),
  admin: new Set([...LEAD, 'member.change', 'audit.read']),
  // In the programme's own space a leader reads, writes and leads; of the municipalities that take part only the derived progress.
  'programme-leader': new Set([...LEAD, 'member.change']),
}

/** Out: false for no role. */
export const may = (role: Role | null | undefined, operation: Operation): boolean =>
  role ? table[role].has(operation) : false

/** Whether `own` may do everything that `other` may: nobody gives away, or takes from, more than they hold themselves. */
export const covers = (own: Role | null | undefined, other: Role): boolean => own ? [...table[other]].every((operation) => table[own].has(operation)) : false

export type SpaceKind = 'municipality' | 'region' | 'programme' | 'group'
