/** `docs/access.md`: everything that can be asked of a relay, by whom, from the tables that the doors themselves use. */
import { COMMANDS } from '../../server/cli/commands.ts'
import { OPERATION_OF_ACT } from '../../shared/model/acts.ts'
import { DOORS, may, OPERATIONS, ROLES, UNRECORDED, type Door } from '../../shared/model/grants.ts'
import { OPERATION_OF_MESSAGE, OPERATION_OF_YJS_FRAME } from '../../shared/protocol/doors.ts'
import { routesOfRelay } from './routes-of-relay.ts'

const rowsOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n')
const code = (text: string): string => `\`${text}\``

export async function accessPage(): Promise<string> {
  const nothing = { options: {}, flags: new Set<string>(), file: '' }
  return `# Who may what

Printed by \`npm run access\` from the tables that the doors themselves ask (\`shared/model/grants.ts\`, \`shared/protocol/doors.ts\`, the route table, the list of
commands). A door without a line does not compile; a page that is out of date fails \`tests/access\`. The same tables drive the tests of rights.

A role is held per space. An unknown space and a forbidden one are answered alike, and so are items. "Recorded": each request leaves one record in the
account of who did what, refused ones always; see \`server/auth/audit.ts\`. What a person did in a text stands in the log itself, with author and time.

## Of a space

${rowsOf(['operation', ...ROLES, 'recorded'], OPERATIONS.map((operation) => [code(operation), ...ROLES.map((role) => (may(role, operation) ? 'yes' : '–')), UNRECORDED.has(operation) ? 'refused only' : 'yes']))}

Who leads a programme (\`programme-leader\` in a programme's own space) has \`space.progress\` of the municipalities that take part, and nothing else of them. A
municipality takes part by a step of its own leader (\`participation.change\`), can stop, and sees exactly what the programme sees (\`GET /api/spaces/:space/report\`).
Nobody gives away, or takes from another, more than they hold themselves.

## Outside of spaces

${rowsOf(['operation', 'for', 'recorded'], (Object.keys(DOORS) as Door[]).map((door) => [code(door), DOORS[door], UNRECORDED.has(door) ? 'refused only' : 'yes']))}

\`administrator\`: of the installation; sees no text of a space without a role in it. \`machine\`: whoever can read and write the data folder.

## Doors

### HTTP

${rowsOf(['route', 'operation'], (await routesOfRelay()).map(({ method, path, operation }) => [code(`${method} ${path}`), code(operation)]))}

### \`ws /sync\`, and the same messages in \`POST /sync/push\`, \`POST /sync/ask\` and \`GET /sync/entries\`

${rowsOf(['message', 'operation'], Object.entries(OPERATION_OF_MESSAGE).map(([message, operation]) => [code(message), operation === 'by part' ? `an edit: ${code('item.write')}; an act: below` : code(operation)]))}

${rowsOf(['act', 'operation'], Object.entries(OPERATION_OF_ACT).map(([act, operation]) => [code(act), code(operation)]))}

### \`ws /yjs/<item>\`

${rowsOf(['frame', 'operation'], Object.entries(OPERATION_OF_YJS_FRAME).map(([frame, operation]) => [code(frame), code(operation)]))}

### Command line

${rowsOf(['command', 'operation'], COMMANDS.map((command) => [code(command.name), code(command.operation(nothing))]))}

## Decided

- **Edits of somebody who may no longer write** (lowered, revoked, moved, disabled while offline) are refused, kept apart on the laptop, can be exported or adopted,
  and reach nobody. Nothing is thrown away without a choice.
- **Copies of a space that one may no longer read** leave the laptop at the next contact, after what waited there was exported or dropped by choice.
- **Links** do what their maker may at the moment they are used: an invitation or a reset of somebody who was lowered or taken out opens nothing, and is not listed. A link is for people; a script takes none.
- **A right is asked twice** of a request that changes something: when it comes, and when its body is there.
- **Search**, and exporting one's own work in the window, happen on the laptop over what it has: they ask no door. A whole space is exported on the command line.
`
}
