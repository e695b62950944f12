/**
 * What the relay is told from outside: environment variables and two options. Everything is checked here, once; the rest of the
 * program gets plain values. An unusable setting is an expected failure with the name of the setting in it, never a guess.
 */
import * as v from 'valibot'
import { fail, ok, type Result } from '../shared/base/result.ts'

export interface Config {
  /** 0: any free port (tests). */
  port: number
  host: string
  data: string
  isDemo: boolean
  /** Origin under which people reach the relay, when a proxy stands in front of it. */
  publicUrl: string | null
  logLevel: (typeof LOG_LEVELS)[number]
}

export type ConfigFailure =
  | { kind: 'bad-setting'; name: string; found: string; wanted: string }
  | { kind: 'unknown-option'; option: string }
  | { kind: 'node-too-old'; found: string }

const NODE_MAJOR_MIN = 24
const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug'] as const

const isOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && pathname === '/' && `${search}${hash}${username}` === ''
}

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
  LOG_LEVEL: v.optional(v.picklist(LOG_LEVELS, `een van: ${LOG_LEVELS.join(', ')}`), 'warn'),
})

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
  const { PORT, HOST, SAMENPAD_DATA, PUBLIC_URL, LOG_LEVEL } = read.output
  return ok({ port: PORT, host: HOST, data: SAMENPAD_DATA ?? (isDemo ? './data-demo' : './data'), isDemo, publicUrl: PUBLIC_URL ?? null, logLevel: LOG_LEVEL })
}

/** The data folder alone, for the command line. */
export const dataFolderOf = (env: NodeJS.ProcessEnv): string => env.SAMENPAD_DATA || './data'
