/**
 * The account of who did what: sign-in, links, invitations, roles, tokens, exports, refused access. Never content.
 *
 * Each record's hash covers the record and the hash before it, so that a changed, removed or reordered record is found by `verify`.
 * The newest hash is kept apart as well: cutting off the end is found too, unless both are rewritten together; keep a copy of the head
 * elsewhere (a backup names it) for that.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/base/clock.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { Database } from '../store/database.ts'

export const AUDIT_OPERATIONS = [
  'sign-in', 'sign-out', 'link.make', 'link.use', 'invitation.make', 'role.change', 'space.make', 'token.make', 'token.end', 'export.read', 'item.erase', 'access',
] as const
export type AuditOperation = (typeof AUDIT_OPERATIONS)[number]

export interface AuditEvent {
  /** null: nobody who is known. */
  who: UserId | null
  operation: AuditOperation
  space: SpaceId | null
  /** What it was about: an item, a user, a role, a route; never content. */
  subject: string
  /** Address of the other side, or `cli`. */
  from: string
  result: 'done' | 'refused'
}

export interface AuditRecord extends AuditEvent {
  seq: number
  time: number
  hash: string
}

export interface Audit {
  record(event: AuditEvent): void
  /** Newest first. */
  recent(countMax: number): AuditRecord[]
  /** seq of the first record that does not follow from the ones before; null when the whole chain holds. */
  verify(): { count: number; brokenAt: number | null; head: string }
}

export const AUDIT_SCHEMA = `
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT, operation TEXT NOT NULL, space TEXT, subject TEXT NOT NULL,
    source TEXT NOT NULL, result TEXT NOT NULL, hash TEXT NOT NULL
  ) STRICT;
  CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
`

const GENESIS = '0'.repeat(64)
const SUBJECT_CHARS_MAX = 200

/**
 * Refusals are what a stranger can make at will, and each costs a synced commit. Beyond this many a minute they are counted, and the count is
 * written as one record when the minute is over.
 */
const REFUSALS_PER_MINUTE_MAX = 60
const MINUTE_MS = 60_000

export function createAudit(database: Database, clock: Clock): Audit {
  let windowStart = 0
  let refusedInWindow = 0

  const write = (event: AuditEvent): void => {
    database.transaction(() => {
      const head = database.get('SELECT seq, hash FROM audit_head') ?? { seq: 0, hash: GENESIS }
      const record: AuditRecord = { ...event, subject: event.subject.slice(0, SUBJECT_CHARS_MAX), seq: Number(head.seq) + 1, time: clock.now(), hash: '' }
      record.hash = hashOf(record, String(head.hash))
      database.run(
        'INSERT INTO audit (seq, time, who, operation, space, subject, source, result, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        record.seq, record.time, record.who, record.operation, record.space, record.subject, record.from, record.result, record.hash,
      )
      database.run('INSERT INTO audit_head (one, seq, hash) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash', record.seq, record.hash)
    })
  }

  return {
    record(event) {
      const now = clock.now()
      if (Math.abs(now - windowStart) >= MINUTE_MS) {
        const unwritten = refusedInWindow - REFUSALS_PER_MINUTE_MAX
        windowStart = now
        refusedInWindow = 0
        if (unwritten > 0) write({ who: null, operation: 'access', space: null, subject: `${unwritten} more in one minute`, from: 'many', result: 'refused' })
      }
      if (event.result === 'refused' && ++refusedInWindow > REFUSALS_PER_MINUTE_MAX) return
      write(event)
    },
    recent: (countMax) => database.all('SELECT * FROM audit ORDER BY seq DESC LIMIT ?', countMax).map(recordOf),
    verify() {
      let previous = GENESIS
      let count = 0
      for (const row of database.all('SELECT * FROM audit ORDER BY seq')) {
        const record = recordOf(row)
        count++
        if (record.seq !== count || hashOf(record, previous) !== record.hash) return { count, brokenAt: count, head: previous }
        previous = record.hash
      }
      const head = database.get('SELECT seq, hash FROM audit_head') ?? { seq: 0, hash: GENESIS }
      return { count, brokenAt: head.seq === count && head.hash === previous ? null : count + 1, head: previous }
    },
  }
}

function hashOf({ seq, time, who, operation, space, subject, from, result }: AuditRecord, previous: string): string {
  return createHash('sha256').update(JSON.stringify([previous, seq, time, who, operation, space, subject, from, result])).digest('hex')
}

const recordOf = (row: Record<string, unknown>): AuditRecord => ({
  seq: Number(row.seq),
  time: Number(row.time),
  who: row.who === null ? null : String(row.who),
  operation: row.operation as AuditOperation,
  space: row.space === null ? null : String(row.space),
  subject: String(row.subject),
  from: String(row.source),
  result: row.result as AuditEvent['result'],
  hash: String(row.hash),
})
