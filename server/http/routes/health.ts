/** For whoever runs the relay: is it alive, may it take work, what is it, how busy. Numbers and versions only, so these doors are open. */
import * as v from 'valibot'
import type { Clock } from '../../../shared/base/clock.ts'
import { PROTO_MAX, PROTO_MIN } from '../../../shared/protocol/codec.ts'
import { defineRoute, type Route } from '../route.ts'

/** What was found when the stores were asked just now. */
export interface Readiness {
  isReady: boolean
  /** One line per thing that was looked at. */
  checks: Record<string, string>
}

export interface HealthRoutesDeps {
  version: string
  readiness(): Promise<Readiness>
  metrics(): Promise<{ text: string; type: string }>
  openApi(): unknown
  /** null: not said. */
  securityContact: string | null
  clock: Clock
}

/** It says anew at each question how long it holds. */
const SECURITY_TEXT_DAYS = 180
const DAY_MS = 86_400_000

const checks = v.object({ ready: v.boolean(), checks: v.record(v.string(), v.string()) })

export function healthRoutes({ version, readiness, metrics, openApi, securityContact, clock }: HealthRoutesDeps): Route[] {
  return [
    defineRoute({
      method: 'GET', path: '/healthz', summary: 'The process answers', operation: 'health.read', answer: v.object({ ok: v.literal(true) }), refusals: [],
      handle: () => ({ status: 200, body: { ok: true } }),
    }),
    defineRoute({
      method: 'GET', path: '/readyz', summary: 'Stores are open and say themselves that commits are synced; 503 when not', operation: 'health.read', answer: checks, refusals: [],
      async handle() {
        const { isReady, checks } = await readiness()
        const body = { ready: isReady, checks }
        return isReady ? { status: 200, body } : { status: 503, body }
      },
    }),
    defineRoute({
      method: 'GET', path: '/version', summary: 'Version of the product and of the protocol', operation: 'health.read',
      answer: v.object({ name: v.literal('samenpad'), version: v.string(), protocol: v.object({ min: v.number(), max: v.number() }), node: v.string() }), refusals: [],
      handle: () => ({ status: 200, body: { name: 'samenpad', version, protocol: { min: PROTO_MIN, max: PROTO_MAX }, node: process.version } }),
    }),
    defineRoute({
      method: 'GET', path: '/metrics', summary: 'Counts, in the text format of Prometheus', operation: 'health.read', answer: null, answerType: 'text/plain', refusals: [],
      async handle() {
        const { text, type } = await metrics()
        return { status: 200, text, type }
      },
    }),
    defineRoute({
      method: 'GET', path: '/.well-known/security.txt', summary: 'Where a weakness may be told (RFC 9116)', operation: 'health.read', answer: null, answerType: 'text/plain', refusals: ['not-found'],
      handle() {
        if (securityContact === null) return { error: 'not-found' }
        const expires = new Date(clock.now() + SECURITY_TEXT_DAYS * DAY_MS).toISOString()
        return { status: 200, text: `Contact: ${securityContact}\nExpires: ${expires}\nPreferred-Languages: nl, en\n`, type: 'text/plain; charset=utf-8' }
      },
    }),
    defineRoute({
      method: 'GET', path: '/api/openapi.json', summary: 'This list', operation: 'health.read', answer: v.looseObject({ openapi: v.string() }), refusals: [],
      handle: () => ({ status: 200, body: openApi() }),
    }),
  ]
}
