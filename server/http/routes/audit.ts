/** Reading who did what: of a space by its administrators, of everything by those of the installation. Reading it is in it too. */
import * as v from 'valibot'
import { AUDIT_PAGE_COUNT_MAX } from '../../../shared/model/limits.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { AuditFilter, AuditRecord } from '../../auth/audit.ts'
import { defineRoute, type Answer, type Route } from '../route.ts'
import { id, spaceParams, time } from '../schemas.ts'

const whole = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number))
const query = v.object({
  before: v.optional(whole),
  who: v.optional(id),
  operation: v.optional(v.pipe(v.string(), v.maxLength(40))),
  result: v.optional(v.picklist(['done', 'refused'])),
  count: v.optional(v.pipe(whole, v.maxValue(AUDIT_PAGE_COUNT_MAX)), '100'),
})
const record = v.object({
  seq: time, time, who: v.nullable(id), name: v.nullable(v.string()), role: v.nullable(v.string()), operation: v.string(), space: v.nullable(id), subject: v.string(), from: v.string(),
  request: v.nullable(v.string()), result: v.picklist(['done', 'refused']), hash: v.string(),
})
const page = v.object({ records: v.array(record), more: v.boolean() })

type Asked = Omit<AuditFilter, 'space'> & { count: number }

export function auditRoutes(accounts: Accounts): Route[] {
  const named = (one: AuditRecord): unknown => ({ ...one, name: one.who === null ? null : (accounts.person(one.who)?.name ?? null) })

  function answer({ count, ...filter }: Asked, space?: string): Answer {
    const found = accounts.audit.page({ ...filter, ...(space === undefined ? {} : { space }) }, count + 1)
    return { status: 200, body: { records: found.slice(0, count).map(named), more: found.length > count } }
  }
  /** What was asked for, so that the account says which part of it somebody read. */
  const subjectOf = ({ who, operation, result, before }: Asked): string => [who, operation, result, before === undefined ? undefined : `before ${before}`].filter((part) => part !== undefined).join(' ')

  return [
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/audit',
      summary: 'Who did what in this space, newest first; `before` is the seq of the last one you have',
      operation: 'audit.read',
      params: spaceParams,
      query,
      answer: page,
      refusals: [],
      handle({ params, query, note }) {
        note({ subject: subjectOf(query) })
        return answer(query, params.space)
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/audit',
      summary: 'Who did what anywhere in this installation, signing in and the command line included',
      operation: 'installation.audit',
      query,
      answer: page,
      refusals: [],
      handle({ query, note }) {
        note({ subject: subjectOf(query) })
        return answer(query)
      },
    }),
  ]
}
