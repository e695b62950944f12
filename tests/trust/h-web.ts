/**
 * H1 and H2: what a browser is told with every answer, and what is kept of the answers, by the browser and by whoever stands in between. H1 asks a relay
 * behind TLS whatever it can answer; H2 looks into a real browser: what its service worker keeps, what signing out takes away, with words in that browser
 * that were never sent, and how a worker that is withdrawn goes and comes back.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { extname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { NO_ID } from '../../shared/base/ids.ts'
import { DIST } from '../../server/assemble.ts'
import { openAccounts } from '../../server/auth/accounts.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { tokenText } from '../simulation/tokens.ts'
import { awaited } from './browser-laptop.ts'
import { BEGIN, withWorld } from './browser-world.ts'
import { gradeOf, policyOf } from './observatory.ts'
import { relayProcess } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Asked, type Town, type Townsman } from './town.ts'
import { requestText } from './websocket/raw-socket.ts'

const PUBLIC_URL = 'https://samenpad.voorbeeld.test'
const SCORE_MIN = 110
const YEAR_SECONDS = 31_536_000
const DAY_MS = 24 * 3_600_000
const SECURITY_TEXT_DAYS_MIN = 30
/** Longer means that it never happens. */
const HANG_MS = 45_000
const OWN_SOURCES = new Set(["'self'", "'none'", "'wasm-unsafe-eval'", 'data:', 'blob:'])
const POWERS = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'display-capture']

interface Answer {
  status: number
  headers: Headers
  text: string
}

/** What is wrong with the headers of one answer. */
function faultsOf({ headers }: Answer): string[] {
  const policy = policyOf(headers)
  const is = (name: string, value: string): string[] => (headers.get(name) === value ? [] : [`${name}: ${headers.get(name)}`])
  const has = (name: string, ...sources: string[]): string[] => (policy.get(name)?.join(' ') === sources.join(' ') ? [] : [`${name} ${policy.get(name)?.join(' ')}`])
  const foreign = [...policy].filter(([name]) => name.endsWith('-src') || name.startsWith('script-src') || name.startsWith('style-src'))
    .flatMap(([name, sources]) => sources.filter((one) => !OWN_SOURCES.has(one) && !(name === 'style-src-attr' && one === "'unsafe-inline'")).map((one) => `${name} ${one}`))
  return [
    ...has('default-src', "'none'"), ...has('script-src', "'self'", "'wasm-unsafe-eval'"), ...has('script-src-attr', "'none'"), ...has('style-src', "'self'"), ...has('object-src', "'none'"), ...has('base-uri', "'none'"),
    ...has('form-action', "'self'"), ...has('frame-ancestors', "'none'"), ...has('require-trusted-types-for', "'script'"), ...foreign,
    ...is('x-content-type-options', 'nosniff'), ...is('referrer-policy', 'no-referrer'), ...is('cross-origin-opener-policy', 'same-origin'), ...is('cross-origin-resource-policy', 'same-origin'), ...is('x-frame-options', 'DENY'),
    ...(Number(/max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '')?.[1] ?? 0) >= YEAR_SECONDS ? [] : [`strict-transport-security: ${headers.get('strict-transport-security')}`]),
    ...POWERS.filter((power) => !(headers.get('permissions-policy') ?? '').includes(`${power}=()`)).map((power) => `permissions-policy without ${power}`),
    ...['server', 'x-powered-by', 'access-control-allow-origin'].filter((name) => headers.get(name) !== null),
    ...headers.getSetCookie().filter((line) => !/^__Host-[^;]+;.*Path=\//.test(line) || !/; Secure/.test(line) || !/; HttpOnly/.test(line) || !/; SameSite=(Strict|Lax)/.test(line)).map((line) => `a cookie: ${line.replace(/=[^;]*/, '=…')}`),
  ]
}

interface Operation {
  method: string
  path: string
}

const operationsOf = async (town: Town): Promise<Operation[]> => {
  const { paths } = JSON.parse((await town.ask('GET', '/api/openapi.json')).text) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })))
}
/** What would end the trial's own session, or throw out the person of it. */
const endsIt = ({ method, path }: Operation): boolean => method === 'DELETE' && (path === '/api/session' || path === '/api/me' || path.startsWith('/api/me/sessions'))

/** Bytes as they are: what is no request, or asks for a websocket it does not get. */
function raw(port: number, text: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let said = ''
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => (said += bytes.toString('latin1'))).on('close', () => {
      const [head = '', ...rest] = said.split('\r\n\r\n')
      const [first = '', ...lines] = head.split('\r\n')
      resolve({ status: Number(first.split(' ')[1] ?? 0), text: rest.join('\r\n\r\n'), headers: new Headers(lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])) })
    })
    socket.write(text)
  })
}

/** Something of every kind that the window is made of. */
function filesOf(): string[] {
  if (!existsSync(DIST)) return []
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/')).filter((path) => statSync(join(DIST, path)).isFile() && !/\.(br|gz)$/.test(path))
  return [...Map.groupBy(files, (path) => extname(path)).values()].flatMap((kind) => kind.slice(0, 2)).map((path) => `/${path}`)
}

async function everyAnswer(town: Town, trial: Trial): Promise<void> {
  const { relay } = town
  const space = town.space(0)
  const admin = town.somebody(space, 'admin')
  await town.settled()
  const statuses = new Map<number, number>()
  let worst = Number.POSITIVE_INFINITY
  const judge = (what: string, answer: Answer): void => {
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    for (const fault of faultsOf(answer)) trial.violation(`${what}: ${fault}`)
    const isPage = answer.headers.get('content-type')?.includes('html') ?? false
    const { score, findings } = gradeOf(answer.headers, isPage ? answer.text : null)
    worst = Math.min(worst, score)
    if (score < SCORE_MIN) trial.violation(`${what}: ${score} points: ${findings.filter(([, cost]) => cost < 0).map(([name]) => name).join(', ')}`)
  }
  const ask = async (method: string, path: string, asked: Asked = {}): Promise<Answer> => {
    const answer = await town.ask(method, path, asked)
    judge(`${method} ${path.replaceAll(/[0-9a-f]{32}/g, ':id')} ${answer.status}`, answer)
    return answer
  }

  const operations = await operationsOf(town)
  const who: Asked[] = [{ cookie: admin.cookie }, {}, { cookie: town.cookieOf('x'.repeat(43)) }, { bearer: 'nonsense' }, { cookie: admin.cookie, origin: 'https://evil.example' }]
  for (const operation of operations.filter((one) => !endsIt(one)))
    for (const asked of who)
      for (const id of [space, NO_ID, 'x']) {
        const path = operation.path.replaceAll(/\{\w+\}/g, id)
        await ask(operation.method, path, { ...asked, ...(operation.method === 'GET' ? {} : { body: {} }) })
        if (!operation.path.includes('{')) break
      }
  const leaver = town.signIn(admin.user)
  await town.settled()
  await ask('DELETE', '/api/session', { cookie: leaver.cookie })
  trial.progress('routes were asked')

  const files = ['/', '/inloggen', `/item/${space}`, '/welkom/x', '/sw.js', ...filesOf()]
  for (const path of files) {
    const first = await ask('GET', path, { headers: { accept: '*/*' } })
    await ask('HEAD', path, { headers: { accept: '*/*' } })
    await ask('GET', path, { headers: { accept: '*/*', 'accept-encoding': 'identity', range: 'bytes=0-1' } })
    await ask('GET', path, { headers: { accept: '*/*', 'accept-encoding': 'identity', range: 'bytes=99999999-' } })
    const tag = first.headers.get('etag')
    if (tag === null) continue
    const again = await raw(relay.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${relay.port}\r\nAccept: */*\r\nIf-None-Match: ${tag}\r\nConnection: close\r\n\r\n`)
    judge(`GET ${path} ${again.status}`, again)
    if (again.status !== 304 && first.headers.get('content-encoding') === null) trial.violation(`${path} has not changed and is sent again: ${again.status}`)
  }
  for (const path of ['/assets/nergens.js', '/api/nergens', '/.env', '/assets/%2e%2e/package.json', '/%', '/sync']) await ask('GET', path)
  for (const method of ['OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST']) await ask(method, '/')
  await ask('POST', '/api/session', { body: { login: 'x'.repeat(200_000), password: '' } })
  await ask('POST', '/api/session', { body: 'geen json', headers: { 'content-type': 'application/json' } })
  await ask('POST', '/api/session', { body: '<x/>', headers: { 'content-type': 'application/xml' } })
  trial.progress('files were asked')

  // On the bare connection: no request at all, and websockets that are refused.
  const host = `127.0.0.1:${relay.port}`
  const plain: [string, string][] = [
    ['no request', 'WAT\r\n\r\n'], ['headers without end', `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(64 * 1024)}\r\n\r\n`], ['two lengths', `POST /api/session HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx`],
    ...(['/sync', `/yjs/${space}`, '/nergens'] as const).map((path): [string, string] => [`a websocket from elsewhere on ${path.slice(0, 5)}`, requestText({ port: relay.port, path, headers: { Origin: 'https://evil.example', Cookie: admin.cookie } })]),
  ]
  for (const [what, text] of plain) {
    const answer = await raw(relay.port, text)
    judge(`${what} ${answer.status}`, answer)
    if (answer.status < 400 || answer.headers.get('connection') !== 'close' || answer.headers.get('cache-control') !== 'no-store') trial.violation(`${what}: ${answer.status}, connection ${answer.headers.get('connection')}, cache-control ${answer.headers.get('cache-control')}`)
  }

  const { text, headers } = await ask('GET', '/.well-known/security.txt')
  const days = (Date.parse(/^Expires: (\S+)$/m.exec(text)?.[1] ?? '') - Date.now()) / DAY_MS
  const isRight = /^Contact: (mailto:|https:\/\/|tel:)\S+$/m.test(text) && days > SECURITY_TEXT_DAYS_MIN && days < 366 && (headers.get('content-type') ?? '').startsWith('text/plain')
  if (!isRight) trial.violation(`security.txt: ${text}`)
  const asked = [...statuses.values()].reduce((a, b) => a + b, 0)
  trial.figure(`${count(asked, 'answer')} of ${operations.length} operations and ${files.length} files (${[...statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${status} × ${times}`).join(', ')})`)
  trial.figure(`score ${worst} at least, security.txt for ${Math.floor(days)} days`)
}

export const h1: Row = {
  id: 'H1',
  name: 'Headers',
  promise: 'every answer tells a browser to run only our own files, to show them in no frame, to come back over TLS only and to guess nothing',
  target: 'every operation, file, error, 304 and refused upgrade: the list of headers whole, HSTS ≥ 1 year, score of the HTTP Observatory ≥ 110 (`tests/trust/observatory.ts`), security.txt for > 30 days',
  run: (trial) => withTown(trial, 'H1', { spaces: [{ kind: 'municipality', name: 'Schiedam' }], env: { PUBLIC_URL, SECURITY_CONTACT: 'mailto:veilig@voorbeeld.test' } }, (town) => everyAnswer(town, trial)),
}

// ── H2 ──

/** Nothing that was said to somebody signed in may be kept in between. */
async function keptInBetween(town: Town, trial: Trial): Promise<void> {
  const space = town.space(0)
  const admin = town.somebody(space, 'admin')
  await town.settled()
  const mayNotBeKept = (what: string, { headers }: Answer): void => {
    if (headers.get('cache-control') !== 'no-store') trial.violation(`${what}: cache-control ${headers.get('cache-control')}`)
  }
  let asked = 0
  for (const { method, path } of (await operationsOf(town)).filter((one) => !endsIt(one)))
    for (const who of [{ cookie: admin.cookie }, { cookie: town.cookieOf('x'.repeat(43)) }]) {
      mayNotBeKept(`${method} ${path}`, await town.ask(method, path.replaceAll(/\{\w+\}/g, space), { ...who, ...(method === 'GET' ? {} : { body: {} }) }))
      asked++
    }
  // What may be kept is the same for everybody.
  for (const path of ['/', '/sw.js', ...filesOf()]) {
    const [mine, anybodys] = [await town.ask('GET', path, { cookie: admin.cookie, headers: { accept: '*/*' } }), await town.ask('GET', path, { headers: { accept: '*/*' } })]
    asked++
    if (mine.text !== anybodys.text || mine.headers.getSetCookie().length > 0) trial.violation(`${path} is another for somebody signed in`)
    const wanted = path.startsWith('/assets/') ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache'
    if (mine.headers.get('cache-control') !== wanted) trial.violation(`${path}: cache-control ${mine.headers.get('cache-control')}`)
  }
  trial.figure(`${count(asked, 'answer')} with a session, none may be kept but files that are the same for everybody`)
}

interface Kept {
  workersCount: number
  cachesCount: number
  stores: string[]
  /** Of every answer that a cache holds. */
  files: { path: string; hash: string }[]
}

const keptBy = (page: Page): Promise<Kept> =>
  page.evaluate(async () => {
    const files: { path: string; hash: string }[] = []
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        const bytes = await held(await cache.match(request)).arrayBuffer()
        files.push({ path: new URL(request.url).pathname, hash: [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('') })
      }
    }
    function held<T>(found: T | undefined): T {
      if (found === undefined) throw new Error('a cache names what it does not hold')
      return found
    }
    return {
      workersCount: (await navigator.serviceWorker.getRegistrations()).length, cachesCount: (await caches.keys()).length, files,
      stores: (await indexedDB.databases()).map(({ name }) => name ?? '').filter((name) => name !== 'fresh-log').sort(), // there for a moment at a start
    }
  })

/** A page of this origin in which nothing of the window runs. */
const BARE_PAGE = '/healthz'

async function keptInTheBrowser(trial: Trial): Promise<void> {
  // The second member is at the laptop; the first looks at what the relay has.
  await withWorld(trial, 2, async (world) => {
    const { relay } = world
    const item = await world.page('Proef van H2', [BEGIN])
    const laptop = await world.laptop('h2', 1, item)
    const { address } = laptop.network
    const tokens: string[] = []
    /** Words that are on this laptop only, in a window that is gone. */
    const leaveUnsent = async (): Promise<void> => {
      await laptop.person.syncIs('relay')
      await relay.kill()
      await laptop.person.syncIs('offline')
      const token = tokenText(trial.seed, 52, tokens.length)
      tokens.push(token)
      await laptop.toEnd()
      await laptop.type(`${token} `)
      if ((await awaited(() => laptop.frames.at(-1)?.state === 'offline' && laptop.frames.at(-1)?.text.includes(token) === true, HANG_MS)) === null) trial.violation('what was typed without a relay is never kept')
      await laptop.page.goto('about:blank')
    }
    const isSent = async (): Promise<void> => {
      await laptop.person.syncIs('relay')
      const text = await world.atRelay(item)
      for (const token of tokens) if (text.split(token).length !== 2) trial.violation(`${token} is ${text.split(token).length - 1} times at the relay`)
    }

    await laptop.open(item)
    await laptop.person.syncIs('relay')
    const before = await keptBy(laptop.page)
    if (before.workersCount !== 1 || before.files.length === 0) trial.violation(`${before.workersCount} workers with ${before.files.length} files: the trial proves nothing`)
    for (const { path, hash } of before.files) {
      const file = join(DIST, path === '/' ? 'index.html' : path)
      const isOurs = existsSync(file) && createHash('sha256').update(readFileSync(file)).digest('hex') === hash
      if (!isOurs) trial.violation(`the worker keeps ${path}, which is no file of the window`)
    }
    trial.figure(`a worker with ${count(before.files.length, 'file')}, each one of the window to the byte`)

    // Signing out: the session and what the browser's own cache has go, what was not sent stays.
    await leaveUnsent()
    await relay.start()
    await laptop.page.goto(address + BARE_PAGE)
    const [answer] = await Promise.all([laptop.page.waitForResponse('**/api/session'), laptop.page.evaluate(async () => void (await fetch('/api/session', { method: 'DELETE' })))])
    const clears = await answer.headerValue('clear-site-data')
    if (clears !== '"cache"') trial.violation(`signing out says Clear-Site-Data: ${clears}`)
    const after = await keptBy(laptop.page)
    if (after.stores.join() !== before.stores.join()) trial.violation(`of the stores ${before.stores.join(', ')} are left ${after.stores.join(', ')}`)
    if (after.workersCount !== 1) trial.violation('signing out took the worker that opens the window offline')
    const status = await laptop.page.evaluate(async () => (await fetch('/api/me')).status)
    if (status !== 401 || (await laptop.context.cookies()).length > 0) trial.violation(`after signing out: ${status}, ${(await laptop.context.cookies()).length} cookies`)
    const { token, name } = signIn(world.data, world.member(1).person.user)
    await laptop.context.addCookies([{ name, value: token, url: address }])
    if ((await awaited(() => laptop.page.evaluate(async () => (await fetch('/api/me')).status === 200), HANG_MS)) === null) trial.violation('signed in again, and not let in')
    await laptop.page.goto(`${address}/item/${item}`)
    await laptop.person.text().waitFor()
    await isSent()
    trial.figure('signed out and in again with words never sent: all of them sent')
  })
}

/** A minute after a worker was registered, one that comes instead of it is another to the window. Nothing waits for that minute here. */
const GROWS_OLDER = `{
  const now = performance.now.bind(performance)
  performance.now = () => now() + (globalThis.olderMs ?? 0)
}`

/** The worker does harm and is withdrawn, while one window has words that were never sent and another looks on; later a worker comes again. */
async function withdrawn(trial: Trial): Promise<void> {
  const env: Record<string, string> = {}
  await withWorld(trial, 1, async (world) => {
    const { relay } = world
    const item = await world.page('Proef van H2', [BEGIN])
    const laptop = await world.laptop('h2-withdrawn', 0, item)
    const address = `${laptop.network.address}/item/${item}`
    await laptop.open(item, { scripts: [GROWS_OLDER] })
    const tab = await laptop.openTab(item)
    const windows = [laptop.person, tab]
    await laptop.person.syncIs('relay')
    const before = await keptBy(laptop.page)
    if (before.workersCount !== 1 || before.files.length === 0) trial.violation(`${before.workersCount} workers with ${before.files.length} files: the trial proves nothing`)
    const loads = windows.map(({ page }) => {
      const one = { asked: 0, done: 0 }
      page.on('domcontentloaded', () => one.done++)
      return one
    })
    const nothingByItself = (when: string): void => {
      for (const { asked, done } of loads) if (done !== asked) trial.violation(`${when} a window was loaded ${done} times, and asked for ${asked} times`)
    }
    /** As somebody goes there, in that window. Out: whether the answer came from a worker. */
    const visit = async (i: number): Promise<boolean> => {
      const { page, text } = windows[i] ?? laptop.person
      ;(loads[i] ?? { asked: 0 }).asked++
      const answer = await page.goto(address)
      await text().waitFor()
      return answer?.fromServiceWorker() ?? false
    }
    const isGone = async (when: string): Promise<void> => {
      let [workersCount, cachesCount] = [-1, -1]
      // A window that loads anew by itself cannot be asked at that moment; that it did is judged by the loads.
      const look = async (): Promise<boolean> => {
        ;({ workersCount, cachesCount } = await keptBy(laptop.page).catch(() => ({ workersCount, cachesCount })))
        return workersCount + cachesCount === 0
      }
      if ((await awaited(look, HANG_MS)) === null) trial.violation(`${when} there are ${workersCount} workers and ${cachesCount} caches`)
    }

    // Words that only this laptop has, and web pages that come through.
    const token = tokenText(trial.seed, 53, 0)
    await relay.kill()
    await laptop.person.syncIs('offline')
    await laptop.toEnd()
    await laptop.type(`${token} `)
    if ((await awaited(() => laptop.frames.at(-1)?.state === 'offline' && laptop.frames.at(-1)?.text.includes(token) === true, HANG_MS)) === null) trial.violation('what was typed without a relay is never kept')
    laptop.network.refuseUpgrade()
    env.WITHDRAW_WORKER = '1'
    await relay.start()
    for (const { page } of windows) await page.evaluate(() => void ((globalThis as unknown as { olderMs: number }).olderMs = 61_000))
    await laptop.page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()))
    await isGone('withdrawn under open windows')
    laptop.network.heal()
    await laptop.person.syncIs('relay')
    nothingByItself('withdrawn under open windows')
    if ((await world.atRelay(item)).split(token).length !== 2) trial.violation('what was not sent when the worker was withdrawn is not at the relay once')

    // It is offered, and once nothing waits any more it is one press in one of them.
    await awaited(() => laptop.page.evaluate(async () => !(await navigator.locks.query()).held?.some(({ name }) => name === 'samenpad-unsent')), HANG_MS)
    ;(loads[1] ?? { asked: 0 }).asked++
    await tab.page.getByRole('button', { name: 'Vernieuw nu' }).last().click()
    ;(loads[0] ?? { asked: 0 }).asked++
    if ((await awaited(() => loads.every(({ asked, done }) => asked === done), HANG_MS)) === null) trial.violation('asked for, the windows are not loaded anew')
    for (const one of windows) await one.text().waitFor()
    await isGone('asked for anew')
    for (const i of [0, 0, 1, 0]) {
      if (await visit(i)) trial.violation('after it was withdrawn a worker still answers')
      await laptop.person.syncIs('relay')
      await isGone(`after window ${i} was loaded anew`)
    }
    nothingByItself('after it was withdrawn')

    // A later version has a worker again; the windows that are open do not change under anybody's hands.
    await relay.kill()
    env.WITHDRAW_WORKER = '0'
    await relay.start()
    await visit(0)
    if ((await awaited(() => laptop.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'), HANG_MS)) === null) trial.violation('the worker that came after it is not installed')
    const after = await keptBy(laptop.page)
    const listOf = ({ files }: Kept): string => files.map(({ path, hash }) => `${path} ${hash}`).sort().join()
    if (after.workersCount !== 1 || listOf(after) !== listOf(before)) trial.violation(`the worker that came after it keeps ${after.files.length} files, the one before ${before.files.length}`)
    await laptop.person.syncIs('relay')
    nothingByItself('when a worker came again')
    await relay.kill()
    for (const i of [0, 1]) if (!(await visit(i))) trial.violation('without a relay a window does not come from the laptop')
    if (!(await laptop.text()).includes(token)) trial.violation('without a relay the text is not all there')
    nothingByItself('without a relay')
    for (const { errors } of windows) for (const error of errors) trial.violation(`the page reported ${error.slice(0, 200)}`)
    trial.figure(`withdrawn under 2 open windows with words never sent: worker and caches gone, all sent, ${count(loads.reduce((sum, { done }) => sum + done, 0), 'load')}, each asked for, and a worker again afterwards`)
  }, (data) => relayProcess({ data, env }))
}

/** As if by the sign-in page: the relay notices within the second. */
function signIn(data: string, user: Townsman['user']): { token: string; name: string } {
  const opened = openAccounts({ path: join(data, ACCOUNTS_FILE), mode: 'write', clock: systemClock, dice: systemDice })
  if (!opened.ok) throw new Error(`no accounts: ${opened.failure.kind}`)
  const { token } = opened.value.startSession(user)
  const name = `samenpad-${opened.value.installation.slice(0, 8)}`
  opened.value.dispose()
  return { token, name }
}

export const h2: Row = {
  id: 'H2',
  name: 'Caches and the service worker',
  promise: 'what was said to somebody signed in is kept by nobody, and neither signing out nor taking the worker away costs a word that was not sent yet',
  target: 'every route with a session: no-store; the worker keeps own files only; signing out clears the browser’s cache and the cookie and no store (A16); withdrawn, the worker goes with its caches under open windows, loads nothing anew by itself, and one comes again later; in real Chromium',
  async run(trial) {
    await withTown(trial, 'H2', { spaces: [{ kind: 'municipality', name: 'Schiedam' }] }, (town) => keptInBetween(town, trial))
    await keptInTheBrowser(trial)
    await withdrawn(trial)
  },
}
