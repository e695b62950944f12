/**
 * What the relay is told from outside: environment variables and two options. Everything is checked here, once; the rest of the
 * program gets plain values. An unusable setting is an expected failure with the name of the setting in it, never a guess.
 */
import * as v from 'valibot'
import type { OidcSettings } from './auth/oidc.ts'
import { isNetwork } from './http/address.ts'
import { ROLES } from '../shared/model/grants.ts'
import { fail, ok, type Result } from '../shared/base/result.ts'
import { AUDIT_DAYS_DEFAULT, AUDIT_DAYS_MIN } from '../shared/model/limits.ts'

export interface Config {
  /** 0: any free port (tests). */
  port: number
  host: string
  data: string
  isDemo: boolean
  /** Origin under which people reach the relay, when a proxy stands in front of it. */
  publicUrl: string | null
  /** Those proxies, as addresses and networks; empty: one, near to us. */
  proxies: readonly string[]
  /** Where a weakness may be told: an address for mail or a page; null: not said. */
  securityContact: string | null
  /** The service worker of the window is taken away from every browser that comes by: for when one does harm. */
  withdrawsWorker: boolean
  /** How long the account of who did what is kept. */
  auditDays: number
  logLevel: (typeof LOG_LEVELS)[number]
  /** Signing in with an organisation; left out: with a password or a link only. */
  oidc?: OidcSettings
}

export type ConfigFailure =
  | { kind: 'bad-setting'; name: string; found: string; wanted: string }
  | { kind: 'unknown-option'; option: string }
  | { kind: 'node-too-old'; found: string }

const NODE_MAJOR_MIN = 24
const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug'] as const

const AUDIT_DAYS_TEXT = `een aantal dagen, ${AUDIT_DAYS_MIN} of meer`

const isOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && pathname === '/' && `${search}${hash}${username}` === ''
}

/** Of Entra ID, where every organisation in the world would be let in, with roles of its own making; oidc.ts looks again at what it says of itself. */
const isOfOneTenant = (text: string): boolean => {
  const { hostname, pathname } = new URL(text)
  return !/(^|\.)(microsoftonline\.\w+|windows\.net)$/.test(hostname) || !/^\/(common|organizations|consumers|[^/]*%[^/]*)(\/|$)/i.test(pathname)
}

/** Tokens travel there: https, or this very machine for trying out. */
const isIssuer = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, search, hash, username } = new URL(text)
  return (protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))) && `${search}${hash}${username}` === ''
}

const roleRule = v.strictObject({ claim: v.pipe(v.string(), v.minLength(1)), value: v.pipe(v.string(), v.minLength(1)), space: v.pipe(v.string(), v.minLength(1)), role: v.picklist(ROLES) })
const ROLE_MAP_WANTED = `een lijst in JSON, bijvoorbeeld [{"claim":"groups","value":"…","space":"Schiedam","role":"member"}], met role een van: ${ROLES.join(', ')}`

const environment = v.object({
  PORT: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,5}$/, 'een getal van 0 tot en met 65535'), v.transform(Number), v.maxValue(65_535, 'een getal van 0 tot en met 65535')),
    '4180',
  ),
  // Only this machine, unless somebody decides otherwise: a first try on a laptop should not offer documents to the network
  // of the train it is in. A server for others sets HOST=0.0.0.0, or leaves it and puts a proxy with TLS in front.
  HOST: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1, 'een adres van deze machine, bijvoorbeeld 127.0.0.1 of 0.0.0.0')), '127.0.0.1'),
  SAMENPAD_DATA: v.optional(v.string()),
  PUBLIC_URL: v.optional(v.pipe(v.string(), v.check(isOrigin, 'een adres zonder pad, bijvoorbeeld https://samenpad.gemeente.nl'), v.transform((text) => new URL(text).origin))),
  TRUSTED_PROXIES: v.optional(
    v.pipe(v.string(), v.transform((text) => text.split(',').map((one) => one.trim())), v.check((networks) => networks.every(isNetwork), 'adressen of netwerken met komma\'s ertussen, bijvoorbeeld 10.0.0.2,10.1.0.0/16')),
  ),
  SECURITY_CONTACT: v.optional(v.pipe(v.string(), v.regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'mailto: met een adres, of een pagina met https://'))),
  WITHDRAW_WORKER: v.optional(v.picklist(['0', '1'], '1 om de service worker in te trekken, anders 0'), '0'),
  AUDIT_DAYS: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,5}$/, AUDIT_DAYS_TEXT), v.transform(Number), v.minValue(AUDIT_DAYS_MIN, AUDIT_DAYS_TEXT)),
    String(AUDIT_DAYS_DEFAULT),
  ),
  OIDC_ISSUER: v.optional(
    v.pipe(
      v.string(), v.check(isIssuer, 'een adres met https://, bijvoorbeeld https://login.microsoftonline.com/<tenant>/v2.0'),
      v.check((text) => !isIssuer(text) || isOfOneTenant(text), 'het adres met de id van je eigen tenant: met common, organizations of consumers komt ieders tenant binnen'),
    ),
  ),
  OIDC_CLIENT_ID: v.optional(v.string()),
  OIDC_CLIENT_SECRET: v.optional(v.string()),
  OIDC_SCOPE: v.optional(v.pipe(v.string(), v.check((text) => text.split(' ').includes('openid'), 'openid en wat er verder gevraagd wordt, met spaties ertussen')), 'openid profile email offline_access'),
  OIDC_ROLE_MAP: v.optional(
    v.pipe(v.string(), v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const read = v.safeParse(v.array(roleRule), jsonOf(dataset.value))
      if (read.success) return read.output
      addIssue({ message: ROLE_MAP_WANTED })
      return NEVER
    })),
    '[]',
  ),
  LOG_LEVEL: v.optional(v.picklist(LOG_LEVELS, `een van: ${LOG_LEVELS.join(', ')}`), 'warn'),
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // fits no shape, and is refused as such
  }
}

/** In: environment and arguments as the process got them. */
export function readConfig(env: NodeJS.ProcessEnv, args: readonly string[], nodeVersion: string): Result<Config, ConfigFailure> {
  if (Number.parseInt(nodeVersion, 10) < NODE_MAJOR_MIN) return fail({ kind: 'node-too-old', found: nodeVersion })
  const option = args.find((argument) => argument !== '--demo')
  if (option !== undefined) return fail({ kind: 'unknown-option', option })
  const isDemo = args.includes('--demo')
  // Set to nothing is not set: what a compose file or a service unit makes of an empty variable.
  const read = v.safeParse(environment, Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!read.success) {
    const [issue] = read.issues
    const name = String(issue.path?.[0].key)
    return fail({ kind: 'bad-setting', name, found: String(env[name]), wanted: issue.message })
  }
  const { PORT, HOST, SAMENPAD_DATA, PUBLIC_URL, TRUSTED_PROXIES, SECURITY_CONTACT, WITHDRAW_WORKER, AUDIT_DAYS, LOG_LEVEL, OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_SCOPE, OIDC_ROLE_MAP } = read.output
  if (TRUSTED_PROXIES !== undefined && PUBLIC_URL === undefined) return fail({ kind: 'bad-setting', name: 'PUBLIC_URL', found: '', wanted: 'het adres dat mensen gebruiken, omdat TRUSTED_PROXIES zegt dat er een proxy voor staat' })
  // All three or none: half a configuration is a mistake that would show up at the first sign-in only.
  const whole = { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }
  const missing = Object.entries(whole).find(([, value]) => value === undefined)?.[0]
  if (missing !== undefined && Object.values(whole).some((value) => value !== undefined)) return fail({ kind: 'bad-setting', name: missing, found: '', wanted: 'een waarde, omdat een andere instelling van OIDC er ook een heeft' })
  const oidc = OIDC_ISSUER !== undefined && OIDC_CLIENT_ID !== undefined && OIDC_CLIENT_SECRET !== undefined
    ? { issuer: OIDC_ISSUER, clientId: OIDC_CLIENT_ID, clientSecret: OIDC_CLIENT_SECRET, scope: OIDC_SCOPE, roleRules: OIDC_ROLE_MAP }
    : null
  return ok({ port: PORT, host: HOST, data: SAMENPAD_DATA ?? (isDemo ? './data-demo' : './data'), isDemo, publicUrl: PUBLIC_URL ?? null, proxies: TRUSTED_PROXIES ?? [],
    securityContact: SECURITY_CONTACT ?? null, withdrawsWorker: WITHDRAW_WORKER === '1', auditDays: AUDIT_DAYS, logLevel: LOG_LEVEL, ...(oidc ? { oidc } : {}) })
}

/** The data folder alone, for the command line. */
export const dataFolderOf = (env: NodeJS.ProcessEnv): string => env.SAMENPAD_DATA || './data'
