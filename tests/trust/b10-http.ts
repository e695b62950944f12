/**
 * B10: requests made from the description that the product itself publishes, each with something that does not belong, and a set of raw ones that proxies
 * and servers disagree about. No answer says that the relay failed, none shows how it is built, and none is answered twice.
 */
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { must } from '../../shared/base/assert.ts'
import { newId } from '../../shared/base/ids.ts'
import { below, pick, type Dice } from '../../shared/base/random.ts'
import type { Described, Description, Schema } from '../support/openapi.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'

const PUBLIC_URL = 'https://samenpad.voorbeeld.test'
const AT_ONCE = 12
/** Longer means that nobody answers; the relay itself gives a question of the twin 20 s. */
const ANSWER_MS_MAX = 40_000

export const b10: Row = {
  id: 'B10',
  name: 'HTTP fuzz',
  promise: 'whatever is asked over HTTP is answered with a word for it, never with a failure of the relay or a look inside',
  target: '20,000 requests from the OpenAPI file, 1,500 in CI, and a smuggling and host-header set: 0 × 5xx, 0 stack traces, 0 answered twice, 0 links to another host',
  run: (trial) => withTown(trial, 'B10', { spaces: [{ kind: 'municipality', name: 'Schiedam' }, { kind: 'programme', name: 'Programma' }, { kind: 'municipality', name: 'Almere' }], env: { PUBLIC_URL } }, (town) => fuzz(town, trial)),
}

interface Question {
  method: string
  path: string
  operation: Described
}
interface Wanted {
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer | null
}

/** A stack, a path of our sources, a word of the database: what belongs in the log of the relay and nowhere else. */
const INSIDE = /\n\s+at \S+|\bat .+:\d+:\d+|node:internal|node_modules|\/(server|shared)\/\w+|\.ts\b|SQLITE|\b(Type|Range|Syntax|Reference)Error\b/

const HOSTILE: readonly string[] = [
  '', ' ', '0', '-1', '1e309', '9007199254740993', 'NaN', 'null', 'undefined', 'true', '[]', '{}', '../../etc/passwd', '..%2f..%2fetc%2fpasswd', '%', '%zz', '%00', '%c0%ae', '\u0000', '\u202e', '\ud800',
  "' OR 1=1 --", '"; DROP TABLE users; --', '<script>alert(1)</script>', '${7*7}', '{{7*7}}', '__proto__', 'constructor', 'toString', 'a'.repeat(5_000), '٣', '𝟙', '😀', 'f'.repeat(32), 'F'.repeat(32), 'g'.repeat(32), 'f'.repeat(31), '\r\nX-Injected: 1',
]
const HOSTILE_JSON: readonly unknown[] = [null, true, 0, -1, 1e308, [], {}, [[[[]]]], JSON.parse('{"__proto__":{}}'), { length: 1 }, ...HOSTILE]

function valueOf(schema: Schema, dice: Dice, ids: readonly string[]): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return pick(dice, schema.enum)
  if (schema.anyOf) return valueOf(pick(dice, schema.anyOf), dice, ids)
  if (schema.type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, below(dice, 6) === 0 ? pick(dice, HOSTILE_JSON) : valueOf(field, dice, ids)])
    return Object.fromEntries(below(dice, 10) === 0 ? fields.slice(1) : [...fields, ...(below(dice, 10) === 0 ? [['extra', 1]] : [])])
  }
  if (schema.type === 'array') return Array.from({ length: below(dice, 3) }, () => valueOf(schema.items ?? {}, dice, ids))
  if (schema.type === 'number' || schema.type === 'integer') return below(dice, 1_000)
  if (schema.type === 'boolean') return below(dice, 2) === 0
  return below(dice, 2) === 0 ? pick(dice, ids) : pick(dice, ['reader', 'member', 'iets', ...HOSTILE])
}

const escaped = (text: string, dice: Dice): string => (below(dice, 8) === 0 ? text.replaceAll(/[^\x21-\x7e]/g, '%FF') : encodeURIComponent(text.toWellFormed()))

function requestOf({ method, path, operation }: Question, dice: Dice, ids: readonly string[]): Wanted {
  const textOf = (schema: Schema): string => (below(dice, 5) === 0 ? pick(dice, HOSTILE) : below(dice, 2) === 0 ? pick(dice, ids) : String(valueOf(schema, dice, ids)))
  const filled = path.replaceAll(/\{(\w+)\}/g, () => escaped(below(dice, 4) === 0 ? pick(dice, HOSTILE) : pick(dice, ids), dice))
  // Waiting is asked for with care: a fuzz that sleeps finds nothing.
  const query = operation.parameters.filter((one) => one.in === 'query' && (one.required || below(dice, 2) === 0)).flatMap(({ name, schema }) => {
    const text = name === 'wait' ? pick(dice, ['0', '1', 'x', '99', '-1']) : textOf(schema)
    return below(dice, 12) === 0 ? [`${name}=${escaped(text, dice)}`, `${name}=2`] : [`${name}=${escaped(text, dice)}`]
  })
  if (below(dice, 20) === 0) query.push(`${pick(dice, ['token', '__proto__', 'a[b]', '%'])}=${escaped(pick(dice, HOSTILE), dice)}`)
  const [type, { schema }] = Object.entries(operation.requestBody?.content ?? { 'application/json': { schema: {} } })[0] as [string, { schema: Schema }]
  const headers: Record<string, string> = {}
  let body: Buffer | null = null
  if (method !== 'GET' || below(dice, 20) === 0) {
    headers['content-type'] = below(dice, 12) === 0 ? pick(dice, ['text/plain', 'application/xml', 'multipart/form-data', 'application/json; charset=utf-16', 'application/x-www-form-urlencoded', '', 'x', 'application/octet-stream', 'application/json']) : type
    const value = below(dice, 8) === 0 ? pick(dice, HOSTILE_JSON) : valueOf(schema, dice, ids)
    const text = type === 'application/x-www-form-urlencoded' ? new URLSearchParams(Object.entries((value ?? {}) as object).map(([name, one]): [string, string] => [name, String(one)])).toString() : JSON.stringify(value)
    const bytes = type === 'application/octet-stream' ? Buffer.from(Array.from({ length: below(dice, 200) }, () => below(dice, 256))) : Buffer.from(below(dice, 12) === 0 ? pick(dice, ['{', '{"a":', '[[[['.repeat(2_000), '{"__proto__":{"x":1}}', '\ufeff{}', '{"a":1,"a":2}', `"${'a'.repeat(100_000)}"`, '']) : (text ?? ''))
    body = below(dice, 15) === 0 ? bytes.subarray(0, below(dice, bytes.length + 1)) : bytes
  }
  return { method: below(dice, 30) === 0 ? pick(dice, ['PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PUT', 'DELETE', 'POST', 'GET', 'PROPFIND', 'QUERY']) : method, path: filled + (query.length > 0 ? `?${query.join('&')}` : ''), headers, body }
}

interface Heard {
  status: number
  text: string
}

/** The caller is whoever the proxy says, as behind one; so a limit for one address is not what is tried here. */
function send(town: Town, agent: Agent, { method, path, headers, body }: Wanted, own: Record<string, string>): Promise<Heard> {
  return new Promise((resolve) => {
    let asked: ReturnType<typeof request>
    try {
      asked = request({ host: '127.0.0.1', port: town.relay.port, method, path, headers: { ...headers, ...own, ...(body ? { 'content-length': body.length } : {}) }, agent, timeout: ANSWER_MS_MAX })
    } catch {
      return resolve({ status: -1, text: '' }) // Node itself does not send this
    }
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve({ status: 0, text: '' }))
    asked.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }))
    })
    asked.end(body ?? undefined)
  })
}

async function fuzz(town: Town, trial: Trial): Promise<void> {
  const { dice, accounts } = town
  const total = trial.count(1_500, 20_000, 20_000)
  const [space, programme, elsewhere] = [town.space(0), town.space(1), town.space(2)]
  const people = [
    ...(['reader', 'member', 'leader', 'admin'] as const).flatMap((role) => Array.from({ length: 6 }, () => town.somebody(space, role))),
    ...Array.from({ length: 4 }, () => town.somebody(programme, 'programme-leader')), ...Array.from({ length: 4 }, () => town.somebody(elsewhere, 'admin')),
  ]
  const administrator = town.somebody(null, null)
  accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', administrator.user)
  accounts.refresh()
  people.push(administrator)
  const tokens = (['reader', 'member', 'admin'] as const).map((role) => accounts.createToken({ space, role, label: 'B10' }).token)
  const links = [accounts.createInvitation({ space, role: 'member', by: null }).token, accounts.createResetLink(must(people[0], 'one').user, null)].map((one) => (typeof one === 'string' ? one : one.ok ? one.value.token : ''))
  await town.settled()
  const description = JSON.parse((await town.ask('GET', '/api/openapi.json')).text) as Description
  const operations = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]): Question => ({ method: method.toUpperCase(), path, operation })))
  const ids = [space, programme, elsewhere, ...people.map(({ user }) => user), ...links, newId(dice)]
  const statuses = new Map<number, number>()
  const asked = new Set<string>()
  const judge = ({ status, text }: Heard, what: string): void => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 0) trial.violation(`${what}: no answer`)
    if (status >= 500) trial.violation(`${what}: ${status} ${text.slice(0, 200)}`)
    if (INSIDE.test(text) && status >= 400) trial.violation(`${what}: shows how it is built: ${text.slice(0, 200)}`)
  }

  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const own = (who: Townsman): Record<string, string> => ({ origin: PUBLIC_URL, cookie: who.cookie })
  let next = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < total && town.relay.isUp) {
      const described = must(operations[next++ % operations.length], 'some are described')
      const place = below(dice, people.length)
      const who = below(dice, 10)
      const caller: Record<string, string> = who < 7 ? own(must(people[place], 'in range')) : who < 8 ? { authorization: `Bearer ${pick(dice, tokens)}` } : who < 9 ? { origin: PUBLIC_URL } : { cookie: pick(dice, ['x', 'a=b; '.repeat(50), town.cookieOf('A'.repeat(43)), town.cookieOf('')]), authorization: pick(dice, ['', 'Bearer', 'Bearer x', 'Basic eDp4']) }
      const forwarded = pick(dice, [`10.${below(dice, 256)}.${below(dice, 256)}.${below(dice, 256)}`, `10.1.${below(dice, 256)}.${below(dice, 256)}, 10.0.0.1`, 'unknown', '::1', '999.1.1.1', `2001:db8::${below(dice, 9_999)}`])
      const wanted = requestOf(described, dice, ids)
      const heard = await send(town, agent, wanted, { ...caller, 'x-forwarded-for': forwarded, ...(below(dice, 20) === 0 ? { accept: pick(dice, ['*/*', 'text/html', '', 'x/y;q=z']) } : {}) })
      if (heard.status === -1) continue
      judge(heard, `${wanted.method} ${wanted.path.slice(0, 160)}`)
      asked.add(`${described.method} ${described.path}`)
      // Signing out is one of the requests: whoever went comes back.
      if (heard.status === 401 && who < 7) people[place] = town.signIn(must(people[place], 'in range').user)
      if (next % 500 === 0) trial.progress(`${next} of ${total}`)
    }
  }))
  agent.destroy()
  const rawCount = await ambiguous(town, trial, judge)
  await hosts(town, trial, must(people.at(-2), 'the administrator of a space'), elsewhere)
  if (/a request failed/.test(town.relay.output())) trial.violation(`the relay's log: ${/.*a request failed.*/.exec(town.relay.output())?.[0].slice(0, 400)}`)
  if (asked.size < operations.length) trial.violation(`only ${asked.size} of ${operations.length} operations were asked`)
  trial.figure(`${count(total, 'request')} over ${operations.length} operations, ${[...statuses].filter(([status]) => status > 0).toSorted(([a], [b]) => a - b).map(([status, n]) => `${status} × ${n}`).join(', ')}`)
  trial.figure(`${rawCount} raw ones`)
}

const rawAnswer = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const pieces: Buffer[] = []
    const end = (): void => {
      socket.destroy()
      resolve(Buffer.concat(pieces).toString('latin1'))
    }
    socket.setTimeout(1_500, end).on('data', (piece: Buffer) => pieces.push(piece)).on('error', () => undefined).on('close', end)
    socket.write(Buffer.from(bytes, 'latin1'))
  })

/** What two servers read differently: a request in the body of another, two hosts, lines that end halfway. */
async function ambiguous(town: Town, trial: Trial, judge: (heard: Heard, what: string) => void): Promise<number> {
  const hidden = 'GET /api/me HTTP/1.1\r\nHost: x\r\n\r\n'
  const post = (headers: string, body: string): string => `POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`
  const te = (value: string): string => post(`Transfer-Encoding: ${value}\r\nContent-Length: 4\r\n`, `0\r\n\r\n${hidden}`)
  const smuggled: Record<string, string> = {
    'length and chunks': te('chunked'), 'xchunked': te('xchunked'), 'chunked, identity': te('chunked, identity'), 'identity, chunked': te('identity, chunked'), 'chunked twice': te('chunked\r\nTransfer-Encoding: chunked'), 'cow': te('cow'), 'tab': te('\tchunked'), 'vertical tab': te('\u000bchunked'), 'quoted': te('"chunked"'),
    'space before colon': post('Transfer-Encoding : chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${hidden}`), 'folded': post('Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${hidden}`),
    'two lengths': post('Content-Length: 0\r\nContent-Length: 36\r\n', hidden), 'lengths in one': post('Content-Length: 0, 36\r\n', hidden), 'length with plus': post('Content-Length: +0\r\n', hidden), 'length below zero': post('Content-Length: -1\r\n', hidden), 'length in hex': post('Content-Length: 0x0\r\n', hidden), 'length of words': post('Content-Length: nul\r\n', hidden), 'endless length': post(`Content-Length: ${'9'.repeat(40)}\r\n`, hidden),
    'chunk of words': post('Transfer-Encoding: chunked\r\n', `zz\r\n${hidden}`), 'chunk beyond 2^64': post('Transfer-Encoding: chunked\r\n', `${'f'.repeat(17)}\r\n${hidden}`), 'chunk that ends bare': post('Transfer-Encoding: chunked\r\n', `1\nx\n0\n\n${hidden}`), 'extension without end': post('Transfer-Encoding: chunked\r\n', `1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`),
    'bare line feeds': `GET /api/me HTTP/1.1\nHost: x\n\n${hidden}`, 'bare returns': `GET /api/me HTTP/1.1\rHost: x\r\r${hidden}`, 'null in a header': `GET /api/me HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n`, 'null in a name': `GET /api/me HTTP/1.1\r\nHost: x\r\nX\u0000: a\r\n\r\n`,
  }
  const odd: Record<string, string> = {
    'no host': 'GET /api/me HTTP/1.1\r\n\r\n', 'two hosts': 'GET /api/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'empty host': 'GET /api/oidc/login HTTP/1.1\r\nHost:\r\n\r\n', 'host with a path': 'GET /api/me HTTP/1.1\r\nHost: a/b\r\n\r\n', 'host with a name': 'GET /api/oidc/login HTTP/1.1\r\nHost: a@b\r\n\r\n', 'port beyond': 'GET /api/me HTTP/1.1\r\nHost: a:99999\r\n\r\n', 'host in unicode': 'GET /api/me HTTP/1.1\r\nHost: \u00e9\r\n\r\n',
    'absolute': 'GET http://evil.example/api/me HTTP/1.1\r\nHost: x\r\n\r\n', 'a proxy': 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n', 'star': 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 'preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/0.9': 'GET /\r\n', 'HTTP/1.0': 'GET /api/me HTTP/1.0\r\n\r\n', 'HTTP/9.9': 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 'TLS': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 'words': 'hallo\r\n\r\n',
    'long path': `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 'many headers': `GET /api/me HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`, 'large header': `GET /api/me HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(40_000)}\r\n\r\n`, 'expectation': 'POST /api/session HTTP/1.1\r\nHost: x\r\nExpect: x\r\nContent-Length: 0\r\n\r\n', 'upgrade to h2c': 'GET /api/me HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n', 'upgrade nowhere': 'GET /nergens HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 'dots': 'GET /assets/../../package.json HTTP/1.1\r\nHost: x\r\n\r\n', 'dots in code': 'GET /assets/%2e%2e/%2e%2e/package.json HTTP/1.1\r\nHost: x\r\n\r\n', 'null in the path': 'GET /assets/%00 HTTP/1.1\r\nHost: x\r\n\r\n', 'backslashes': 'GET /assets\\..\\..\\package.json HTTP/1.1\r\nHost: x\r\n\r\n',
  }
  await Promise.all([...Object.entries(smuggled), ...Object.entries(odd)].map(async ([name, bytes]) => {
    const text = await rawAnswer(town.relay.port, bytes)
    const answers = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    for (const status of answers) judge({ status, text: status < 400 ? '' : text }, `raw: ${name}`)
    if (name in smuggled && answers.length > 1) trial.violation(`raw: ${name}: answered ${answers.length} times (${answers.join(', ')})`)
    if (text.includes('"dependencies"')) trial.violation(`raw: ${name}: a file from outside the window`)
  }))
  return Object.keys(smuggled).length + Object.keys(odd).length
}

/** Links that people are sent lead to the configured address, whoever asked for them under whatever name. */
async function hosts(town: Town, trial: Trial, keeper: Townsman, space: string): Promise<void> {
  const again = town.signIn(keeper.user)
  await town.settled()
  const dressed: Record<string, string>[] = [{}, { 'x-forwarded-host': 'evil.example' }, { forwarded: 'host=evil.example;proto=http' }, { 'x-forwarded-proto': 'http' }, { 'x-original-url': '/evil' }, { 'x-forwarded-for': 'evil.example' }]
  for (const headers of dressed) {
    const { status, text } = await town.ask('POST', `/api/spaces/${space}/invitations`, { cookie: again.cookie, body: { role: 'reader' }, headers })
    if (status !== 200) trial.violation(`an invitation: ${status} ${text.slice(0, 100)}`)
    else if (!(JSON.parse(text) as { link: string }).link.startsWith(`${PUBLIC_URL}/welkom/`)) trial.violation(`a link to another host: ${text.slice(0, 100)}`)
  }
}
