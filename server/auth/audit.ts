/**
 * The account of who did what: one record per operation of the grants table, refused ones too. Never content.
 *
 * Each record's hash covers the record and the hash before it, so that a changed, removed or reordered record is found by `verify`.
 * The newest hash is kept apart as well: cutting off the end is found too, unless both are rewritten together; keep a copy of the head
 * elsewhere (a backup names it) for that. What is older than the installation keeps is cut off at the front, and the chain then begins at the
 * hash of the last record that went.
 *
 * What changes people and rights is committed at once (`record`); what comes by thousands when everybody's laptop returns is committed
 * together within FLUSH_MS (`recordSoon`), so that a killed process loses that much of it at most. A commit that fails is reported and tried again:
 * up to WAITING_COUNT_MAX records wait, and work goes on, because a full disk refuses every change by itself.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { SpaceId, UserId } from '../../shared/base/ids.ts'
import type { AnyOperation } from '../../shared/model/grants.ts'
import { AUDIT_DAYS_MIN } from '../../shared/model/limits.ts'
import type { Database, SqlRow, SqlValue } from '../store/database.ts'

export interface AuditEvent {
  /** null: nobody who is known, or the machine itself. */
  who: UserId | null
  operation: AnyOperation
  space: SpaceId | null
  /** What it was about: an item, a user, a role, a route; never content. */
  subject: string
  /** Address of the other side, or `cli`. */
  from: string
  /** Names the request or the connection, as in the log of the relay. */
  request: string | null
  result: 'done' | 'refused'
}

export interface AuditRecord extends AuditEvent {
  seq: number
  /** Of the relay's clock. */
  time: number
  /** What `who` was in the space at that moment, `administrator`, or null. */
  role: string | null
  hash: string
}

export interface AuditFilter {
  /** undefined: of every space and of none. */
  space?: SpaceId
  who?: UserId
  operation?: string
  result?: AuditEvent['result']
  from?: string
  /** Of the relay's clock, ms: from this moment on, and up to that one. */
  since?: number
  until?: number
  /** Where an earlier page says that the next one goes on. */
  before?: number
}

export interface AuditPage {
  /** Newest first: as they were written, or by their time when a time was asked for. */
  records: AuditRecord[]
  /** For the next page, which may be as empty as this one: of a large account a part is looked at. null: that was all. */
  before: number | null
}

export interface Audit extends Disposable {
  /** On the disk when it returns. */
  record(event: AuditEvent): void
  /** On the disk within FLUSH_MS. */
  recordSoon(event: AuditEvent): void
  /** Reads SCAN_COUNT_MAX records at most, so that a rare thing in an account of years holds nobody up. */
  page(filter: AuditFilter, countMax: number): AuditPage
  /** seq of the first record that does not follow from the ones before; null when the whole chain holds. */
  verify(): { count: number; brokenAt: number | null; head: string }
  /** Cuts off what is older, at the front. Out: how many went. Errors: throws for fewer than AUDIT_DAYS_MIN days. */
  trim(days: number): number
}

export interface AuditDeps {
  clock: Clock
  roleOf(who: UserId, space: SpaceId | null): string | null
  report(event: { kind: string; [detail: string]: unknown }): void
}

export const AUDIT_SCHEMA = `
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT, operation TEXT NOT NULL, space TEXT, subject TEXT NOT NULL,
    source TEXT NOT NULL, result TEXT NOT NULL, hash TEXT NOT NULL
  ) STRICT;
  CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
`
/** Records of before have neither, and their hash does not cover them. `audit_start`: the last record that was cut off. */
export const AUDIT_SCHEMA_2 = `
  ALTER TABLE audit ADD COLUMN role TEXT;
  ALTER TABLE audit ADD COLUMN request TEXT;
  CREATE TABLE audit_start (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
  CREATE INDEX audit_by_space ON audit (space, seq);
`
/** What a page is looked up by; the rest is looked for in what that gives. */
export const AUDIT_SCHEMA_3 = `
  CREATE INDEX audit_by_time ON audit (time);
  CREATE INDEX audit_by_who ON audit (who, seq);
  CREATE INDEX audit_of_machine ON audit (operation, seq) WHERE source = 'cli';
`

const GENESIS = '0'.repeat(64)
const SUBJECT_CHARS_MAX = 200
/** The longest address is 45; behind a proxy it is what a header says. */
const FROM_CHARS_MAX = 100
const FLUSH_MS = 500
/** About 300 bytes each: a minute of everything that the rate limits let through. */
const WAITING_COUNT_MAX = 100_000
/** Committed together; hashing and storing so many takes a few milliseconds of the main thread. */
const FLUSH_COUNT_MAX = 500
/** Records that one page looks through, about ten milliseconds of the main thread. */
const SCAN_COUNT_MAX = 20_000
/** Read at a time while verifying. */
const READ_COUNT_MAX = 5_000

/**
 * Refusals of nobody who is known are what a stranger can make at will. Beyond this many a minute they are counted, and the count is
 * written as one record when the minute is over. What somebody known does is bounded by the rate limits of the doors.
 */
const STRANGERS_PER_MINUTE_MAX = 60
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export function createAudit(database: Database, { clock, roleOf, report }: AuditDeps): Audit {
  let windowStart = 0
  let strangersInWindow = 0
  let waiting: Omit<AuditRecord, 'seq' | 'hash'>[] = []
  let isDisposed = false
  let timer: Disposable | null = null

  const stamped = (event: AuditEvent): Omit<AuditRecord, 'seq' | 'hash'> => ({
    ...event, subject: storable(event.subject, SUBJECT_CHARS_MAX), from: storable(event.from, FROM_CHARS_MAX), time: clock.now(), role: event.who === null ? null : roleOf(event.who, event.space),
  })

  function write(records: readonly Omit<AuditRecord, 'seq' | 'hash'>[]): void {
    database.transaction(() => {
      let { seq, hash } = place('audit_head')
      for (const event of records) {
        const record: AuditRecord = { ...event, seq: ++seq, hash: '' }
        record.hash = hash = hashOf(record, hash)
        database.run(
          'INSERT INTO audit (seq, time, who, operation, space, subject, source, result, role, request, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          record.seq, record.time, record.who, record.operation, record.space, record.subject, record.from, record.result, record.role, record.request, record.hash,
        )
      }
      database.run('INSERT INTO audit_head (one, seq, hash) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash', seq, hash)
    })
  }
  /** Where the chain begins, or ends. */
  function place(table: 'audit_start' | 'audit_head'): { seq: number; hash: string } {
    const row = database.get(`SELECT seq, hash FROM ${table}`)
    return row ? { seq: Number(row.seq), hash: String(row.hash) } : { seq: 0, hash: GENESIS }
  }

  const next = (after: number): SqlRow[] => database.all('SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?', after, READ_COUNT_MAX)

  /** Out: false when the store refused; what waits goes on waiting. */
  function flush(countMax: number): boolean {
    while (waiting.length > 0 && countMax > 0) {
      const now = waiting.slice(0, FLUSH_COUNT_MAX)
      try {
        write(now)
      } catch (problem) {
        report({ kind: 'audit-not-written', waitingCount: waiting.length, problem })
        return false
      }
      waiting = waiting.slice(now.length)
      countMax -= now.length
    }
    return true
  }
  const onTime = (): void => {
    timer = null
    const isWritten = flush(FLUSH_COUNT_MAX)
    // The rest in slices between which others get their turn; a store that refuses is given time.
    if (waiting.length > 0 && !isDisposed) timer = clock.after(isWritten ? 0 : FLUSH_MS, onTime)
  }
  const enqueue = (event: AuditEvent): void => {
    if (waiting.length >= WAITING_COUNT_MAX) return report({ kind: 'audit-overflow', operation: event.operation })
    waiting.push(stamped(event))
    if (!isDisposed) timer ??= clock.after(FLUSH_MS, onTime)
  }

  return {
    record(event) {
      // In the order in which things happened.
      flush(Infinity)
      write([stamped(event)])
    },
    recordSoon(event) {
      if (event.who !== null || event.result === 'done') return enqueue(event)
      const now = clock.now()
      if (Math.abs(now - windowStart) >= MINUTE_MS) {
        const unwritten = strangersInWindow - STRANGERS_PER_MINUTE_MAX
        windowStart = now
        strangersInWindow = 0
        if (unwritten > 0) enqueue({ ...event, space: null, subject: `${unwritten} more in one minute`, from: 'many', request: null })
      }
      if (++strangersInWindow <= STRANGERS_PER_MINUTE_MAX) enqueue(event)
    },
    page({ space, who, operation, result, from, since, until, before }, countMax) {
      flush(Infinity)
      const isOfATime = since !== undefined || until !== undefined
      const order = isOfATime ? 'time DESC, seq DESC' : 'seq DESC'
      const asked = given([['space = ?', space], ['who = ?', who], ['operation = ?', operation], ['result = ?', result], ['source = ?', from]])
      const near = isOfATime ? given([['time >= ?', since], ['time < ?', until]]) : given([from === 'cli' ? ['operation = ? AND source = \'cli\'', operation] : space === undefined ? ['who = ?', who] : ['space = ?', space]])
      if (before !== undefined) {
        const at = isOfATime ? database.get('SELECT time FROM audit WHERE seq = ?', before) : undefined
        if (isOfATime && !at) return { records: [], before: null } // cut off meanwhile, with all before it
        near.push(at ? ['(time, seq) < (?, ?)', Number(at.time), before] : ['seq < ?', before])
      }
      const within = `FROM audit ${where(near)} ORDER BY ${order}`
      const found = database
        .all(`SELECT * FROM (SELECT * ${within} LIMIT ${SCAN_COUNT_MAX}) ${where(asked)} ORDER BY ${order} LIMIT ?`, ...near.flatMap(([, ...values]) => values), ...asked.flatMap(([, ...values]) => values), countMax + 1)
        .map(recordOf)
      const records = found.slice(0, countMax)
      if (found.length > countMax) return { records, before: records.at(-1)?.seq ?? null }
      const last = database.get(`SELECT seq ${within} LIMIT 1 OFFSET ${SCAN_COUNT_MAX - 1}`, ...near.flatMap(([, ...values]) => values))
      return { records, before: last ? Number(last.seq) : null }
    },
    verify() {
      flush(Infinity)
      // A relay that runs beside the command writes, and cuts off what is old, between any two of these.
      return database.reading(() => {
        let { seq: last, hash: previous } = place('audit_start')
        let count = 0
        for (let rows = next(last); rows.length > 0; rows = next(last)) {
          for (const row of rows) {
            const record = recordOf(row)
            count++
            if (record.seq !== last + 1 || hashOf(record, previous) !== record.hash) return { count, brokenAt: last + 1, head: previous }
            last = record.seq
            previous = record.hash
          }
        }
        const head = place('audit_head')
        return { count, brokenAt: head.seq === last && head.hash === previous ? null : last + 1, head: previous }
      })
    },
    trim(days) {
      if (days < AUDIT_DAYS_MIN) throw new RangeError(`An account of who did what is kept for at least ${AUDIT_DAYS_MIN} days`)
      // Up to the first young one, and no further: a machine that began with its clock in 1970 wrote an old time among young records.
      const kept = database.get('SELECT seq FROM audit WHERE time >= ? ORDER BY seq LIMIT 1', clock.now() - days * DAY_MS)
      const last = database.get('SELECT seq, hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT 1', kept === undefined ? Number.MAX_SAFE_INTEGER : Number(kept.seq))
      if (!last) return 0
      return database.transaction(() => {
        database.run('INSERT INTO audit_start (one, seq, hash) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash', Number(last.seq), String(last.hash))
        return database.run('DELETE FROM audit WHERE seq <= ?', Number(last.seq)).changes
      })
    },
    dispose() {
      isDisposed = true
      timer?.dispose()
      flush(Infinity)
    },
  }
}

/** As it comes back from the file, where half a character (cut off here, or sent so) becomes another: the hash is of what can be read again. */
const storable = (text: string, charsMax: number): string => text.slice(0, charsMax).toWellFormed()

function hashOf({ seq, time, who, operation, space, subject, from, result, role, request }: AuditRecord, previous: string): string {
  const first = [previous, seq, time, who, operation, space, subject, from, result]
  return createHash('sha256').update(JSON.stringify(role === null && request === null ? first : [...first, role, request])).digest('hex')
}

type Condition = [sql: string, ...values: SqlValue[]]

/** Those that were asked for. */
const given = (conditions: readonly [sql: string, value: string | number | undefined][]): Condition[] => conditions.flatMap(([sql, value]): Condition[] => (value === undefined ? [] : [[sql, value]]))
const where = (conditions: readonly Condition[]): string => (conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`)

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value))

const recordOf = (row: SqlRow): AuditRecord => ({
  seq: Number(row.seq),
  time: Number(row.time),
  who: textOrNull(row.who),
  operation: row.operation as AnyOperation,
  space: textOrNull(row.space),
  subject: String(row.subject),
  from: String(row.source),
  result: row.result as AuditEvent['result'],
  role: textOrNull(row.role),
  request: textOrNull(row.request),
  hash: String(row.hash),
})
