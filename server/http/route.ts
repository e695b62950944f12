/**
 * A route as data: path, operation, what goes in, what comes out. `app.ts` serves the table, `openapi.ts` prints it, and the tests walk it, so
 * that no route exists which any of the three does not know.
 *
 * Who may is decided before a body is read into a handler: the operation stands in the grants table, and one of a space is asked of the space
 * in the path. An unknown space and a forbidden one are answered alike. Each answer leaves one record in the audit by itself.
 */
import type * as v from 'valibot'
import type { HttpErrorCode } from '../../shared/model/errors.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { AnyOperation } from '../../shared/model/grants.ts'
import type { Caller } from './doorkeeper.ts'

// reason: a table holds routes with different schemas; `defineRoute` recovers each one's types for its handler.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Schema = v.GenericSchema<any, any>
type Out<S extends Schema | undefined> = S extends Schema ? v.InferOutput<S> : undefined

/** What the audit record of this request should say besides what is known already; given in pieces. */
export interface Note {
  /** Where a request turned out to be about something else than its route is for. */
  operation?: AnyOperation
  /** Somebody who was nobody when the request came: signing in. */
  who?: UserId | null
  /** Where it is not the space in the path. */
  space?: SpaceId | null
  subject?: string
}

export interface Asked<P, Q, B> {
  caller: Caller | null
  params: P
  query: Q
  body: B
  /** The body of a route that takes frames. */
  frame: Uint8Array
  /** Of the other side, for the audit. */
  address: string
  /** The browser in a few words, see device.ts. */
  device: string
  /** Origin under which the caller reaches us, for links. */
  origin: string
  /** The session token of the cookie that came along. */
  sessionToken: string | null
  /** The secret of a sign-in with an organisation that this browser began. */
  flowToken: string | null
  /** Ends when whoever asked left before they were answered. Made when it is asked for: take it once. */
  readonly signal: AbortSignal
  note(note: Note): void
}

export type Answer =
  /** `session`: its cookie, set or taken away. `flow`: the cookie of a way to an organisation that begins. */
  | { status: 200; body: unknown; session?: { token: string; expiresAt: number } | null; flow?: string }
  | { status: 200; frame: Uint8Array }
  | { status: 200; text: string; type: string }
  | { status: 204; session?: null }
  /** `flow`: the cookie of a sign-in with an organisation, set or taken away; left out: it stays. */
  | { status: 302; location: string; isRefusal?: true; session?: { token: string; expiresAt: number }; flow?: string | null }
  | { status: 503; body: unknown }
  | { error: HttpErrorCode }

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:name` for parameters; `:space` is the space that an operation of GRANTS is asked of. */
  path: string
  summary: string
  operation: AnyOperation
  params?: Schema
  query?: Schema
  body?: Schema
  /** Frames of the sync protocol instead of JSON. */
  takesFrame?: boolean
  /** A form instead of JSON: only what another program sends, as a protocol wants it. */
  takesForm?: boolean
  /** Answers with another address. */
  redirects?: boolean
  /** Null: nothing, frames or text. */
  answer: Schema | null
  /** Besides the answer: 204 when there is nothing to say. */
  mayBeEmpty?: boolean
  answerType?: 'application/octet-stream' | 'text/plain'
  refusals: readonly HttpErrorCode[]
  /** Guessing here would open a door: few tries a minute for one login or link from one address. */
  guardsSecret?: boolean
  // reason: as for Schema
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  handle(asked: Asked<any, any, any>): Promise<Answer> | Answer
}

export interface RouteOf<P extends Schema | undefined, Q extends Schema | undefined, B extends Schema | undefined> extends Omit<Route, 'params' | 'query' | 'body' | 'handle'> {
  params?: P
  query?: Q
  body?: B
  handle(asked: Asked<Out<P>, Out<Q>, Out<B>>): Promise<Answer> | Answer
}

export const defineRoute = <P extends Schema | undefined = undefined, Q extends Schema | undefined = undefined, B extends Schema | undefined = undefined>(
  route: RouteOf<P, Q, B>,
): Route => route as Route

export const STATUS_OF_ERROR: Record<HttpErrorCode, number> = {
  'bad-request': 400, 'signed-out': 401, 'wrong-credentials': 401, forbidden: 403, 'not-found': 404, gone: 410, 'link-used': 410, 'link-expired': 410, conflict: 409,
  'too-large': 413, 'weak-password': 422, rate: 429, storage: 503, internal: 500,
}
