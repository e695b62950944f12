/**
 * Who may what: the one table (role × operation). The relay, every HTTP route, the gateway, search, export, history and the command line ask
 * it; the window asks it too, so that it never offers what will be refused. A role is held per space; `docs/access.md` is printed from here.
 *
 * Two parts: GRANTS are asked of a space, DOORS of nobody's space (signing in, one's own account, the installation, the machine itself).
 */
export const ROLES = ['reader', 'member', 'leader', 'admin', 'programme-leader'] as const
export type Role = (typeof ROLES)[number]

const WRITERS = ['member', 'leader', 'admin', 'programme-leader'] as const
const LEADERS = ['leader', 'admin', 'programme-leader'] as const
const KEEPERS = ['admin', 'programme-leader'] as const

/**
 * In the programme's own space a programme leader reads, writes and leads; of the municipalities that take part only `space.progress` (accounts.ts).
 */
export const GRANTS = {
  'space.read': ROLES,
  'space.progress': ROLES,
  'history.read': ROLES,
  'export.read': ROLES,
  'presence.show': ROLES,
  'member.list': ROLES,
  'item.write': WRITERS,
  'act.sign': WRITERS,
  'act.consult': WRITERS,
  'act.propose': WRITERS,
  'act.adopt': LEADERS,
  'act.revise': LEADERS,
  'act.withdraw': LEADERS,
  'act.publish': LEADERS,
  'item.erase': LEADERS,
  'member.invite': LEADERS,
  'participation.change': LEADERS,
  'member.change': KEEPERS,
  'space.change': KEEPERS,
  'audit.read': ['admin'],
} as const satisfies Record<string, readonly Role[]>

export type Operation = keyof typeof GRANTS
export const OPERATIONS = Object.keys(GRANTS) as readonly Operation[]

/** `machine`: whoever may read and write the data folder, over the command line. */
export type Who = 'anyone' | 'signed-in' | 'administrator' | 'machine'

export const DOORS = {
  'health.read': 'anyone',
  'session.ways': 'anyone',
  'session.begin': 'anyone',
  'session.revoke': 'anyone',
  'link.read': 'anyone',
  'link.use': 'anyone',
  'session.end': 'signed-in',
  'account.read': 'signed-in',
  'account.change': 'signed-in',
  'account.export': 'signed-in',
  'account.delete': 'signed-in',
  'people.read': 'signed-in',
  'sync.open': 'signed-in',
  'space.make': 'administrator',
  'installation.read': 'administrator',
  'installation.audit': 'administrator',
  'machine.read': 'machine',
  'machine.invite': 'machine',
  'machine.account': 'machine',
  'machine.token': 'machine',
  'machine.export': 'machine',
  'machine.erase': 'machine',
  'machine.backup': 'machine',
  'machine.restore': 'machine',
  'machine.verify': 'machine',
} as const satisfies Record<string, Who>

export type Door = keyof typeof DOORS
export type AnyOperation = Operation | Door

/**
 * Done ones of these leave no audit record (refused ones always do): they are asked all the time, open nothing that another operation does not
 * account for, and would bury the rest.
 */
export const UNRECORDED = new Set<AnyOperation>(['health.read', 'session.ways', 'link.read', 'account.read', 'people.read', 'sync.open', 'presence.show', 'installation.read', 'machine.read'])

const table = new Map<Role, ReadonlySet<Operation>>(
  ROLES.map((role) => [role, new Set(OPERATIONS.filter((operation) => (GRANTS[operation] as readonly Role[]).includes(role)))]),
)
const granted = (role: Role): ReadonlySet<Operation> => table.get(role) ?? new Set()

/** Whether an operation is asked of a space. */
export const isOfSpace = (operation: AnyOperation): operation is Operation => operation in GRANTS

/** Out: false for no role. */
export const may = (role: Role | null | undefined, operation: Operation): boolean => (role ? granted(role).has(operation) : false)

/** Whether `own` may do everything that `other` may: nobody gives away, or takes from, more than they hold themselves. */
export const covers = (own: Role | null | undefined, other: Role): boolean => (own ? [...granted(other)].every((operation) => granted(own).has(operation)) : false)

export type SpaceKind = 'municipality' | 'region' | 'programme' | 'group'
