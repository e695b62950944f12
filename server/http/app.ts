/**
 * The HTTP half of the relay: serves the route table, the built client and the websocket upgrades, with the same few rules before every
 * one of them: who asks, from which page, how often. No document text, token or cookie is ever logged: a line names the route, not the URL.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stringifySetCookie, type SetCookie } from 'cookie'
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import * as v from 'valibot'
import { unreachable } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { SpaceId } from '../../shared/base/ids.ts'
import type { HttpErrorCode } from '../../shared/model/errors.ts'
import { DOORS, isOfSpace, UNRECORDED } from '../../shared/model/grants.ts'
import { FRAGMENTS_COUNT_MAX, FRAME_BYTES_MAX, HTTP_BODY_BYTES_MAX, SOCKETS_COUNT_MAX } from '../../shared/model/limits.ts'
import type { Accounts } from '../auth/accounts.ts'
import type { RoleRule } from '../auth/claims.ts'
import { normalLogin } from '../auth/logins.ts'
import { FLOW_MS, type Oidc } from '../auth/oidc.ts'
import type { Eraser } from '../derive/eraser.ts'
import type { Relay } from '../relay/api.ts'
import { createSpeaksForOthers } from './address.ts'
import { deviceOf } from './device.ts'
import { createDoorkeeper, type Caller, type Doorkeeper } from './doorkeeper.ts'
import { bareAnswer, bareHeaders, securityHeaders } from './headers.ts'
import { networkOf } from './knocks.ts'
import { createMetrics } from './metrics.ts'
import { createNamedBuckets, type Allowance, type NamedBuckets } from './named-buckets.ts'
import { openApiOf } from './openapi.ts'
import { createPatience, type Patience } from './patience.ts'
import { STATUS_OF_ERROR, type Answer, type Note, type Route } from './route.ts'
import { auditRoutes } from './routes/audit.ts'
import { healthRoutes, type Readiness } from './routes/health.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { installationRoutes, type Storage } from './routes/installation.ts'
import { programmeRoutes, type ReportOf } from './routes/programme.ts'
import { meRoutes } from './routes/me.ts'
import { oidcRoutes } from './routes/oidc.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { spaceRoutes } from './routes/spaces.ts'
import { twinRoutes } from './routes/twin.ts'
import { createTwinSeats } from './twin-seats.ts'
import { sendJson, serveClient } from './static.ts'
import { createSyncSockets } from './sync-socket.ts'
import { createUpgrades, type Upgrades } from './upgrades.ts'

export interface AppDeps {
  accounts: Accounts
  relay: Relay
  clock: Clock
  dice: Dice
  log: Logger
  version: string
  publicUrl: string | null
  /** Who may say for whom they speak, see address.ts. */
  proxies: readonly string[]
  /** Folder of the built client; may be missing. */
  dist: string
  ensureSpace(space: SpaceId): Promise<unknown>
  readiness(): Promise<Readiness>
  reportOf: ReportOf
  eraser: Eraser
  /** Signing in with an organisation; null: not configured. */
  oidc: Oidc | null
  roleRules: readonly RoleRule[]
  controlSecret: string
  securityContact: string | null
  auditDays: number
  withdrawsWorker: boolean
  storage(): Promise<Storage>
}

export interface App {
  readonly fastify: FastifyInstance
  readonly upgrades: Upgrades
  readonly doorkeeper: Doorkeeper
  readonly routes: readonly Route[]
  /** Stops listening, ends what is open. Who was told to go (by the relay, the gateway) has a moment to hear it. */
  close(): Promise<void>
}

/** Of one person at one route: twenty a second is far above what a window asks, and a hundred at once more than it has to ask when it opens. Whoever asks faster waits for a turn. */
const REQUESTS: Allowance = { perSecond: 20, atOnce: 100 }
/** Of whoever is not signed in, from one network: an office that opens its windows at nine. */
const REQUESTS_OF_STRANGERS: Allowance = { perSecond: 20, atOnce: 1_000 }
/** Requests of one name that wait for their turn, at one route: the last of them for a second. The next is refused. */
const REQUESTS_AHEAD_MAX = 20
/** Per address and login (or link): a person mistypes a few times, a program that guesses gets nowhere. */
const GUESSES: Allowance = { perSecond: 20 / 60, atOnce: 20 }
/** Per address over all logins and links: an office signs in at nine behind one address, a program that tries one password on everybody gets nowhere, and cannot fill the queue for stretching passwords. */
const SECRETS: Allowance = { perSecond: 5, atOnce: 300 }
/** A request that is still arriving after this long is not an honest one; frames of the twin may be large and the line slow. */
const REQUEST_MS_MAX = 60_000
/** With the time between two looks this is ten seconds for a handshake, as for HELLO. */
const HEADERS_MS_MAX = 9_000
/** An answer of which nothing was taken for this long is one that nobody reads: a narrow line takes some of it every few seconds. Its connection ends within two of these: what the system took at first counts as taken. */
const UNREAD_MS_MAX = 60_000
/** Node looks every 30 s by itself, and 10 s are 40 then. */
const SLOW_CHECKED_EVERY_MS = 1_000
const CLOSE_GRACE_MS = 1_000

export async function createApp(deps: AppDeps): Promise<App> {
  const { accounts, relay, clock, version, publicUrl } = deps
  const speaksForOthers = createSpeaksForOthers({ isBehindProxy: publicUrl !== null, proxies: deps.proxies })
  const doorkeeper = createDoorkeeper({ accounts, publicUrl, speaksForOthers })
  const app = fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // ours, below, names the route only
    // An address that is none comes by no hook; what is no request does not even come here.
    frameworkErrors: (_error, _request, reply) => void sendJson(reply.headers(bareHeaders(doorkeeper.isSecure)), 400, { error: 'bad-request' }),
    clientErrorHandler({ code }, socket) {
      if (code === 'ECONNRESET' || socket.destroyed) return
      const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
      if (socket.writable) socket.write(bareAnswer(status, doorkeeper.isSecure, { body: '{"error":"bad-request"}' }))
      socket.destroySoon()
    },
    bodyLimit: HTTP_BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    // Whoever names no host hears it from us, below.
    http: { requireHostHeader: false, headersTimeout: HEADERS_MS_MAX, connectionsCheckingInterval: SLOW_CHECKED_EVERY_MS },
    forceCloseConnections: true,
  })
  // Node answers these two by itself, without our headers.
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(417, { ...bareHeaders(doorkeeper.isSecure), Connection: 'close' }).end())
  app.addHook('onRequest', ({ headers: { host }, raw: { httpVersion } }, reply, done) => {
    if (host !== undefined || httpVersion !== '1.1') return done()
    sendJson(reply.headers({ ...bareHeaders(doorkeeper.isSecure), connection: 'close' }), 400, { error: 'bad-request' })
  })
  app.server.on('request', (_request, response: ServerResponse) => {
    // From when the answer goes out, and not before: it may take as long as it takes to make. With the next request on the connection the limit is gone again.
    const boundUnread = (): void => void response.setTimeout(UNREAD_MS_MAX)
    response.once('pipe', boundUnread).once('prefinish', boundUnread)
  })
  const metrics = createMetrics(() => relay.counts(), () => upgrades.openCount())
  const upgrades = createUpgrades({
    server: app.server,
    doorkeeper,
    clock,
    socketsMax: SOCKETS_COUNT_MAX,
    onRefused({ path, status, address }) {
      metrics.countRefusedUpgrade(status)
      if (status === 403) accounts.audit.recordSoon({ who: null, operation: 'sync.open', space: null, subject: `upgrade ${path}`, from: address, request: null, result: 'refused' })
    },
  })
  const sync = createSyncSockets({
    isSecure: doorkeeper.isSecure,
    relay,
    accounts,
    clock,
    onBadFrame(problem) {
      metrics.countBadFrame()
      deps.log.info({ problem }, 'socket closed for a bad frame')
    },
  })
  upgrades.add('/sync', sync.door)

  const patience = createPatience({
    clock, isSecure: doorkeeper.isSecure,
    onRefused: () => metrics.countRefusedRequest(),
    tell: (refusedCount) => deps.log.warn({ refusedCount }, 'requests were refused for their number'),
  })
  const requests = createNamedBuckets(clock)
  app.decorateRequest('caller', null)
  app.decorateRequest('address', '')
  // The first hook of all: whoever asks too often costs a look at who it is, and no more.
  app.addHook('onRequest', (request, reply, done) => {
    const { door, isChange } = request.routeOptions.config
    if (door === undefined) return done() // a file
    request.address = doorkeeper.addressOf(request.raw)
    // A page that is not ours must not use up what the person in front of it may do.
    const whoAsks = (): Caller | null => (isChange && !doorkeeper.isFromOurPages(request.raw) ? null : doorkeeper.callerOf(request.raw))
    request.caller = whoAsks()
    const bucket = requests.of(`${door} ${request.caller?.user ?? networkOf(request.address)}`, request.caller ? REQUESTS : REQUESTS_OF_STRANGERS)
    const waitMs = bucket.takeAhead(REQUESTS_AHEAD_MAX)
    if (waitMs === 0) return done()
    // A session may have ended while its request waited.
    const goOn = (): void => {
      request.caller = whoAsks()
      done()
    }
    if (waitMs !== null && patience.hold(reply.raw, waitMs, goOn)) return
    reply.hijack()
    patience.refuse(reply.raw, Math.ceil(bucket.waitMs() / 1_000))
  })
  const headers = securityHeaders(doorkeeper.isSecure)
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(headers)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.raw.statusCode === STATUS_OF_ERROR.rate) return done() // counted, and told once a minute
    request.log.info({ method: request.method, route: request.routeOptions.url ?? 'page', status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered')
    done()
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    const code: HttpErrorCode = status === 413 ? 'too-large' : status === 404 || status === 403 ? 'not-found' : status < 500 ? 'bad-request' : 'internal'
    if (code === 'bad-request' || code === 'too-large') request.routeOptions.config.accountMalformed?.(request)
    if (code === 'internal') request.log.error({ err: error, route: request.routeOptions.url }, 'a request failed')
    return sendJson(reply, STATUS_OF_ERROR[code], { error: code })
  })

  const seats = createTwinSeats({ relay, clock, dice: deps.dice })
  const organisation = deps.oidc && accounts.joinOrganisation({ oidc: deps.oidc, rules: deps.roleRules, openSessions: () => upgrades.openSessions() })
  const routes: Route[] = [
    ...signInRoutes({ accounts, oidc: deps.oidc, organisation }),
    ...meRoutes({ accounts, oidc: deps.oidc, organisation }),
    ...oidcRoutes({ accounts, oidc: deps.oidc, organisation }),
    ...spaceRoutes({ accounts, ensureSpace: deps.ensureSpace }),
    ...erasureRoutes({ eraser: deps.eraser, controlSecret: deps.controlSecret }),
    ...auditRoutes(accounts),
    ...installationRoutes({ accounts, relay, version, startedAt: clock.now(), readiness: deps.readiness, storage: deps.storage, socketsCount: () => upgrades.openCount(), auditDays: deps.auditDays, securityContact: deps.securityContact }),
    ...programmeRoutes({ accounts, reportOf: deps.reportOf }),
    ...twinRoutes({ relay, accounts, clock, build: version, seats }),
    ...healthRoutes({ version, readiness: deps.readiness, metrics: metrics.print, openApi: () => description, securityContact: deps.securityContact, clock }),
  ]
  const description = openApiOf(routes, version, doorkeeper.cookieName)
  const secrets = createNamedBuckets(clock)
  const serve = (to: FastifyInstance, route: Route): void => serveRoute(to, route, { doorkeeper, accounts, patience, secrets, guesses: createNamedBuckets(clock) })
  for (const route of routes.filter(({ takesForm, takesFrame }) => !takesForm && !takesFrame)) serve(app, route)
  // Large bodies are kept in memory while they come: only where somebody known sends work.
  await app.register(async (frames) => {
    frames.addContentTypeParser('application/octet-stream', { parseAs: 'buffer', bodyLimit: FRAGMENTS_COUNT_MAX * FRAME_BYTES_MAX }, (_request, body, done) => done(null, body))
    for (const route of routes.filter(({ takesFrame }) => takesFrame)) serve(frames, route)
  })
  // Forms are what any page can send without being asked: only where a protocol wants them.
  await app.register(async (forms) => {
    forms.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))))
    for (const route of routes.filter(({ takesForm }) => takesForm)) serve(forms, route)
  })
  serveClient(app, deps.dist, { withdrawsWorker: deps.withdrawsWorker })

  return {
    fastify: app,
    upgrades,
    doorkeeper,
    routes,
    async close() {
      await upgrades.emptied(clock, CLOSE_GRACE_MS)
      seats.dispose()
      patience.dispose()
      sync.dispose()
      upgrades.dispose()
      metrics.dispose()
      await app.close()
    },
  }
}

const NO_FRAME = new Uint8Array()

interface Serving {
  doorkeeper: Doorkeeper
  accounts: Accounts
  patience: Patience
  /** Secrets tried from one address, over all routes. */
  secrets: NamedBuckets
  /** Guesses at one of them, at this route. */
  guesses: NamedBuckets
}

function serveRoute(app: FastifyInstance, route: Route, { doorkeeper, accounts, patience, secrets, guesses }: Serving): void {
  const { operation } = route
  const isChange = route.method !== 'GET'
  const isOpen = !isOfSpace(operation) && (DOORS[operation] === 'anyone' || DOORS[operation] === 'machine')
  app.route({
    method: route.method,
    url: route.path,
    config: { door: `${route.method} ${route.path}`, isChange, accountMalformed },
    /** Before the body is read: whoever may not, sends nothing. */
    onRequest: async (request, reply) => {
      const seconds = route.guardsSecret ? secrets.of(networkOf(request.address), SECRETS).takeOrSeconds() : 0
      if (seconds > 0) return tooOften(reply, seconds)
      const refusal = isChange && !doorkeeper.isFromOurPages(request.raw) ? 'forbidden' : refusalOf(request)
      return refusal === null ? undefined : refuse(request, reply, refusal)
    },
    handler: async (request, reply) => {
      if (isChange) {
        // Its body came as slowly as whoever sent it liked, and a right, or a session, may have ended meanwhile.
        request.caller = doorkeeper.callerOf(request.raw)
        const refusal = refusalOf(request)
        if (refusal !== null) return refuse(request, reply, refusal)
      }
      const seconds = route.guardsSecret ? guesses.of(secretKey(request, isOpen), GUESSES).takeOrSeconds() : 0
      if (seconds > 0) return tooOften(reply, seconds)
      const params = parse(route.params, request.params)
      const query = parse(route.query, request.query)
      const frame = route.takesFrame ? request.body : NO_FRAME
      const body = parse(route.body, request.body)
      if (!params || !query || !body || !(frame instanceof Uint8Array)) {
        accountMalformed(request)
        return sendJson(reply, 400, { error: 'bad-request' })
      }
      const noted: Note = {}
      const answer = await route.handle({
        note: (note) => void Object.assign(noted, note),
        caller: request.caller, params: params.value, query: query.value, body: body.value, frame, address: request.address,
        device: deviceOf(request.headers['user-agent']), origin: doorkeeper.originOf(request.raw), sessionToken: doorkeeper.sessionToken(request.raw), flowToken: doorkeeper.flowToken(request.raw),
        get signal() {
          return leftBefore(reply.raw)
        },
      })
      // Before the answer: who hears that something was done, can find it accounted for.
      account(request, noted, 'error' in answer || 'isRefusal' in answer ? 'refused' : 'done')
      return send(reply, answer, doorkeeper)
    },
  })

  function tooOften(reply: FastifyReply, seconds: number): FastifyReply {
    reply.hijack()
    patience.refuse(reply.raw, seconds)
    return reply
  }

  /** null: this may be asked. */
  function refusalOf(request: FastifyRequest): 'signed-out' | 'forbidden' | null {
    if (isOpen) return null
    if (!request.caller) return 'signed-out'
    return isAllowed(request.caller, spaceOf(request)) ? null : 'forbidden'
  }

  function isAllowed({ user }: Caller, space: SpaceId | null): boolean {
    if (isOfSpace(operation)) return space !== null && accounts.may(user, space, operation)
    switch (DOORS[operation]) {
      case 'anyone': case 'signed-in':
        return true
      case 'administrator':
        return accounts.isAdministrator(user)
      case 'machine':
        return false // has no session: such a route asks for the secret of the data folder
    }
  }

  function account(request: FastifyRequest, { operation: about = operation, who = request.caller?.user ?? null, space = spaceOf(request), subject = '' }: Note, result: 'done' | 'refused'): void {
    if (result === 'done' && UNRECORDED.has(about)) return
    const event = { who, operation: about, space: space !== null && accounts.space(space) ? space : null, subject, from: request.address, request: request.id, result }
    // Reading and refusals come by thousands; what changed people or rights is on the disk before it is answered.
    if (isChange && result === 'done') accounts.audit.record(event)
    else accounts.audit.recordSoon(event)
  }

  /** What cannot be read was asked as well; what anybody may read is not accounted for. */
  function accountMalformed(request: FastifyRequest): void {
    if (isChange || !isOpen) account(request, { subject: `${route.method} ${route.path}` }, 'refused')
  }

  function refuse(request: FastifyRequest, reply: FastifyReply, error: 'forbidden' | 'signed-out'): FastifyReply {
    account(request, { subject: `${route.method} ${route.path}` }, 'refused')
    return sendJson(reply, STATUS_OF_ERROR[error], { error })
  }
}

/**
 * Ends when whoever asked left before the answer. Made for handlers that wait, when they ask for it: a signal that ends with every answer was a tenth of what a short
 * one costs. In: of the answer, because the request itself closes as soon as it was read.
 */
function leftBefore(response: ServerResponse): AbortSignal {
  const left = new AbortController()
  if (response.destroyed) left.abort()
  else response.once('close', () => void (response.writableFinished || left.abort()))
  return left.signal
}

/** `:space` of the path. */
function spaceOf(request: FastifyRequest): SpaceId | null {
  const { space } = request.params as { space?: unknown }
  return typeof space === 'string' ? space : null
}

declare module 'fastify' {
  interface FastifyRequest {
    /** null: nobody known, or a change that a page of somebody else asks for. */
    caller: Caller | null
    /** Where a request to a route of the table comes from, by the one rule of address.ts; websockets ask it too. */
    address: string
  }
  interface FastifyContextConfig {
    /** Of a route of the table: its method and path. */
    door?: string
    isChange?: boolean
    /** For what is refused before the handler sees it: a body that is too large or no JSON. */
    accountMalformed?: (request: FastifyRequest) => void
  }
}

/** One link, one login where anybody may try one, or one's own account, from one address. What else stands in a body is the sender's choice, and would be another name each time. */
function secretKey({ params, body, caller, address }: FastifyRequest, isOpen: boolean): string {
  const { token } = params as { token?: unknown }
  const { login } = (body ?? {}) as { login?: unknown }
  const what = typeof token === 'string' ? token : !isOpen ? (caller?.user ?? '') : typeof login === 'string' ? normalLogin(login) : ''
  return `${networkOf(address)} ${what.slice(0, 254)}`
}

function parse(schema: Route['body'], input: unknown): { value: unknown } | null {
  if (!schema) return { value: undefined }
  const read = v.safeParse(schema, input ?? {})
  return read.success ? { value: read.output } : null
}

function send(reply: FastifyReply, answer: Answer, { cookieName, flowCookieName, isSecure }: Doorkeeper): FastifyReply {
  if ('error' in answer) return sendJson(reply, STATUS_OF_ERROR[answer.error], { error: answer.error })
  const cookie = { name: cookieName, path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure } as const
  const flowCookie = { ...cookie, name: flowCookieName, sameSite: 'lax' } as const
  const setCookie = (made: SetCookie): void => void reply.header('set-cookie', stringifySetCookie(made)) // a second one is added
  const clearCookie = (named: Omit<SetCookie, 'value'>): void => setCookie({ ...named, value: '', maxAge: 0, expires: new Date(0) })
  const keepSession = ({ token, expiresAt }: { token: string; expiresAt: number }): void => setCookie({ ...cookie, value: token, expires: new Date(expiresAt) })
  const keepFlow = (flow: string): void => setCookie({ ...flowCookie, value: flow, maxAge: FLOW_MS / 1_000 })
  const signOut = (): void => {
    clearCookie(cookie)
    // What the browser's own cache has; what the laptop holds stays, because somebody else's unsent work may be in it (decision 0019).
    void reply.header('clear-site-data', '"cache"')
  }
  switch (answer.status) {
    case 204:
      if (answer.session === null) signOut()
      return reply.code(204).header('cache-control', 'no-store').send()
    case 302: {
      if (answer.flow === null) clearCookie(flowCookie)
      else if (answer.flow !== undefined) keepFlow(answer.flow)
      if (answer.session) keepSession(answer.session)
      return reply.header('cache-control', 'no-store').redirect(answer.location, 302)
    }
    case 503:
      return sendJson(reply, 503, answer.body)
    case 200:
      void reply.header('cache-control', 'no-store')
      if ('frame' in answer) return reply.type('application/octet-stream').send(Buffer.from(answer.frame.buffer, answer.frame.byteOffset, answer.frame.byteLength))
      if ('text' in answer) return reply.type(answer.type).send(answer.text)
      if (answer.flow !== undefined) keepFlow(answer.flow)
      if (answer.session === null) signOut()
      if (answer.session) keepSession(answer.session)
      return sendJson(reply, 200, answer.body)
    default:
      return unreachable(answer)
  }
}
