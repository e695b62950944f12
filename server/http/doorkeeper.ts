/**
 * Who stands at the door, and from which page: asked by every HTTP route and before every websocket upgrade.
 *
 * A session travels in a cookie: HttpOnly (no script reads it), SameSite=Strict (no other site's page sends it; a link in a mail still
 * works, because the page itself is public and asks from its own origin), Secure and `__Host-` behind https. Cookies do not know ports, so the
 * name carries the installation: two relays on one machine do not sign each other out.
 *
 * A script uses a bearer token instead. Origin: a request that changes something, or opens a socket, may come from our own pages only;
 * without Origin (no browser) it may carry no cookie. So nothing that a browser adds by itself ever opens a door for another site.
 */
import type { IncomingMessage } from 'node:http'
import { parseCookie } from 'cookie'
import type { UserId } from '../../shared/base/ids.ts'
import type { Accounts } from '../auth/accounts.ts'
import { createAddressOf, type AddressOf, type SpeaksForOthers } from './address.ts'

export interface Caller {
  user: UserId
  via: 'session' | 'token'
  /** Names the session (not its token); null for a bearer token. */
  session: string | null
}

export interface Doorkeeper {
  readonly cookieName: string
  readonly isSecure: boolean
  /** Who asks; null: nobody known, or a session that ended. A bad bearer token is nobody, whatever cookie comes along. */
  callerOf(request: IncomingMessage): Caller | null
  /** Whether this may change something or open a socket, seen from the page it comes from. */
  isFromOurPages(request: IncomingMessage): boolean
  /** Kept by the browser while it is away at an organisation: comes back from another site's page, so it cannot be SameSite=Strict. */
  readonly flowCookieName: string
  flowToken(request: IncomingMessage): string | null
  /** The token in the cookie, to end its session. */
  sessionToken(request: IncomingMessage): string | null
  /** What people type to get here: the configured address, or the one the request came to. */
  originOf(request: IncomingMessage): string
  /** Where it comes from: for limits and for the account of who did what, see address.ts. */
  addressOf: AddressOf
}

export interface DoorkeeperDeps {
  accounts: Accounts
  /** Origin under which people reach us; null: http, at whatever host the request names. */
  publicUrl: string | null
  speaksForOthers: SpeaksForOthers
}

export function createDoorkeeper({ accounts, publicUrl, speaksForOthers }: DoorkeeperDeps): Doorkeeper {
  const isSecure = publicUrl?.startsWith('https:') ?? false
  const cookieName = `${isSecure ? '__Host-' : ''}samenpad-${accounts.installation.slice(0, 8)}`

  const flowCookieName = `${cookieName}-organisation`

  const cookieOf = (request: IncomingMessage, name: string): string | null => {
    const { cookie } = request.headers
    return cookie === undefined ? null : (parseCookie(cookie)[name] ?? null)
  }
  const sessionToken = (request: IncomingMessage): string | null => cookieOf(request, cookieName)
  const originOf = (request: IncomingMessage): string => publicUrl ?? `http://${(request.headers.host ?? '').toLowerCase()}`

  return {
    cookieName,
    flowCookieName,
    flowToken: (request) => cookieOf(request, flowCookieName),
    isSecure,
    callerOf(request) {
      const bearer = bearerOf(request)
      if (bearer !== null) {
        const user = accounts.userOfToken(bearer)
        return user === null ? null : { user, via: 'token', session: null }
      }
      const token = sessionToken(request)
      const session = token === null ? null : accounts.sessionOf(token)
      return session === null ? null : { user: session.user, via: 'session', session: session.session }
    },
    isFromOurPages(request) {
      const { origin } = request.headers
      if (origin !== undefined) return request.headers.host !== undefined && origin === originOf(request)
      return bearerOf(request) !== null || sessionToken(request) === null
    },
    sessionToken,
    originOf,
    addressOf: createAddressOf(speaksForOthers),
  }
}

/** `Authorization: Bearer …`, or `?token=…` where headers cannot be set (websocket clients). Another scheme is meant for a proxy in front of us that passes it on. */
function bearerOf(request: IncomingMessage): string | null {
  const { authorization } = request.headers
  if (authorization !== undefined && /^Bearer\b/i.test(authorization)) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
  const query = (request.url ?? '').split('?')[1]
  return query === undefined ? null : new URLSearchParams(query).get('token')
}
