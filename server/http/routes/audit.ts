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
  since: v.optional(whole),
  until: v.optional(whole),
  who: v.optional(id),
  operation: v.optional(v.pipe(v.string(), v.maxLength(40))),
  result: v.optional(v.picklist(['done', 'refused'])),
  count: v.optional(v.pipe(whole, v.maxValue(AUDIT_PAGE_COUNT_MAX)), '100'),
})
const record = v.object({
  seq: time, time, who: v.nullable(id), name: v.nullable(v.string()), role: v.nullable(v.string()), operation: v.string(), space: v.nullable(id), subject: v.string(), from: v.string(),
  request: v.nullable(v.string()), result: v.picklist(['done', 'refused']), hash: v.string(),
})
const page = v.object({ records: v.array(record), before: v.nullable(time) })

/** A moment that no calendar has is as far away as any. */
const dayOf = (word: string, ms: number | undefined): string | undefined => (ms === undefined ? undefined : `${word} ${new Date(Math.min(ms, 8.64e15)).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')}`)

type Asked = Omit<AuditFilter, 'space'> & { count: number }

export function auditRoutes(accounts: Accounts): Route[] {
  const named = (one: AuditRecord): unknown => ({ ...one, name: one.who === null ? null : (accounts.person(one.who)?.name ?? null) })

  function answer({ count, ...filter }: Asked, space?: string): Answer {
    const { records, before } = accounts.audit.page({ ...filter, ...(space === undefined ? {} : { space }) }, count)
    return { status: 200, body: { records: records.map(named), before } }
  }
  /** What was asked for, so that the account says which part of it somebody read. */
  const subjectOf = ({ who, operation, result, since, until, before }: Asked): string =>
    [who, operation, result, dayOf('since', since), dayOf('until', until), before === undefined ? undefined : `before ${before}`].filter((part) => part !== undefined).join(' ')

  return [
    defineRoute({
      method: 'GET',
      path: '/api/spaces/:space/audit',
      summary: 'Who did what in this space, newest first. `since` and `until` are ms of the relay’s clock; `before` is what the answer before this one said: of a large account a part is looked at, so a page may be empty and not the last',
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
