// The account of who did what: on a real file, with every kind of tampering and a clock of the test's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { openDatabase, type Database } from '../store/database.ts'
import { createAudit, type Audit, type AuditEvent, type AuditFilter } from './audit.ts'
import { ACCOUNTS_APPLICATION_ID, ACCOUNTS_MIGRATIONS } from './schema.ts'

const DAY_MS = 86_400_000
const WHO = 'a'.repeat(32)
const SPACE = 'b'.repeat(32)

let folder: string
let database: Database
let audit: Audit
let now: number
let due: (() => void)[]
let reports: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samenpad-audit-'))
  const opened = openDatabase({ path: join(folder, 'accounts.sqlite'), mode: 'create', applicationId: ACCOUNTS_APPLICATION_ID, migrations: ACCOUNTS_MIGRATIONS })
  database = opened.ok ? opened.value : expect.unreachable(opened.failure.kind)
  now = 1_800_000_000_000
  due = []
  reports = []
  const clock: Clock = { now: () => now, after: (_ms, callback) => (due.push(callback), { dispose: () => void (due = due.filter((one) => one !== callback)) }) }
  audit = createAudit(database, { clock, roleOf: (_who, space) => (space === null ? null : 'leader'), report: ({ kind }) => void reports.push(kind) })
})
afterEach(() => {
  audit.dispose()
  database.close()
  rmSync(folder, { recursive: true })
})

const event = (subject: string, more: Partial<AuditEvent> = {}): AuditEvent => ({ who: WHO, operation: 'history.read', space: SPACE, subject, from: '127.0.0.1', request: 'r1', result: 'done', ...more })
const stranger = (subject: string): AuditEvent => event(subject, { who: null, space: null, operation: 'session.begin', result: 'refused' })
const onTime = (): void => {
  for (const callback of due.splice(0)) callback()
}

test('a record says who, in which role, where, what, when, from where and how it ended', () => {
  audit.record(event('item'))
  expect(audit.page({}, 9).records).toMatchObject([{ seq: 1, time: now, who: WHO, role: 'leader', space: SPACE, operation: 'history.read', subject: 'item', from: '127.0.0.1', request: 'r1', result: 'done' }])
})

test('what comes by thousands is written together, and nothing overtakes it', () => {
  for (let i = 0; i < 1_200; i++) audit.recordSoon(event(`n ${i}`))
  expect(database.get('SELECT count(*) AS n FROM audit')).toEqual({ n: 0 })
  onTime()
  expect(database.get('SELECT count(*) AS n FROM audit')).toEqual({ n: 500 })
  audit.record(event('afterwards'))
  expect(audit.page({}, 2).records.map(({ subject }) => subject)).toEqual(['afterwards', 'n 1199'])
  expect(audit.verify()).toMatchObject({ count: 1_201, brokenAt: null })
})

test('a store that refuses for a while loses no record, and it is told', () => {
  audit.recordSoon(event('first'))
  database.run('ALTER TABLE audit RENAME TO elsewhere')
  onTime()
  expect(reports).toEqual(['audit-not-written'])
  database.run('ALTER TABLE elsewhere RENAME TO audit')
  onTime()
  expect(audit.page({}, 9).records.map(({ subject }) => subject)).toEqual(['first'])
})

test('a flood by strangers becomes a count; what somebody known does is never counted together', () => {
  for (let i = 0; i < 1_000; i++) audit.recordSoon(stranger('guess'))
  for (let i = 0; i < 200; i++) audit.recordSoon(event('denied', { result: 'refused' }))
  now += 60_000
  audit.recordSoon(stranger('next'))
  expect(audit.page({ result: 'refused' }, 2).records.map(({ subject }) => subject)).toEqual(['next', '940 more in one minute'])
  expect(audit.page({ who: WHO }, 1_000).records).toHaveLength(200)
})

test('a page is filtered and goes on where the last one ended', () => {
  for (let i = 0; i < 9; i++) audit.record(event(`n ${i}`, { space: i % 2 === 0 ? SPACE : null, result: i % 3 === 0 ? 'refused' : 'done' }))
  const first = audit.page({ space: SPACE }, 2)
  expect(first.records.map(({ subject }) => subject)).toEqual(['n 8', 'n 6'])
  expect(audit.page({ space: SPACE, before: must(first.before, 'more') }, 9).records.map(({ subject }) => subject)).toEqual(['n 4', 'n 2', 'n 0'])
  expect(audit.page({ space: SPACE, result: 'refused' }, 9).records.map(({ subject }) => subject)).toEqual(['n 6', 'n 0'])
})

/** All that pages say, one after another; none is asked for more than twenty times. */
function through(filter: AuditFilter, countMax: number): { subjects: string[]; pagesCount: number } {
  const subjects: string[] = []
  let before: number | null | undefined
  let pagesCount = 0
  for (; before !== null && pagesCount < 20; pagesCount++) {
    const page = audit.page({ ...filter, ...(before === undefined ? {} : { before }) }, countMax)
    expect(page.records.length).toBeLessThanOrEqual(countMax)
    subjects.push(...page.records.map(({ subject }) => subject))
    before = page.before
  }
  return { subjects, pagesCount }
}

test('a time that is asked for has what bears it, whole, and no page says that there is more when there is not', () => {
  // On the fourth day the clock of the machine stood a day back.
  for (const day of [1, 2, 3, 2, 4, 5]) {
    now = day * DAY_MS
    for (const part of ['a', 'b']) audit.record(event(`${day}${part}`, { space: SPACE }))
  }
  expect(through({ since: 2 * DAY_MS, until: 4 * DAY_MS }, 3)).toEqual({ subjects: ['3b', '3a', '2b', '2a', '2b', '2a'], pagesCount: 2 })
  expect(through({ until: 2 * DAY_MS }, 9)).toEqual({ subjects: ['1b', '1a'], pagesCount: 1 })
  expect(through({ since: 5 * DAY_MS, space: SPACE, who: WHO }, 1)).toEqual({ subjects: ['5b', '5a'], pagesCount: 2 })
  expect(through({ since: 6 * DAY_MS }, 1)).toEqual({ subjects: [], pagesCount: 1 })
  expect(through({}, 4).subjects).toEqual(['5b', '5a', '4b', '4a', '2b', '2a', '3b', '3a', '2b', '2a', '1b', '1a'])
  expect(audit.page({ since: 0, before: 99 }, 9)).toEqual({ records: [], before: null })
})

test('a rare thing in a large account is found, by pages that each look through a part', () => {
  audit.record(event('rare', { operation: 'item.erase', space: SPACE }))
  database.transaction(() => {
    for (let seq = 2; seq <= 45_000; seq++) database.run("INSERT INTO audit (seq, time, who, operation, space, subject, source, result, hash) VALUES (?, ?, ?, 'space.read', ?, 'usual', '127.0.0.1', 'done', '')", seq, now + seq, WHO, SPACE)
  })
  for (const filter of [{}, { space: SPACE }, { who: WHO }, { since: 0 }] as const) expect([filter, through({ ...filter, operation: 'item.erase' }, 5)]).toEqual([filter, { subjects: ['rare'], pagesCount: 3 }])
  // What the page about the installation asks is looked up, however long ago it was.
  expect(audit.page({ operation: 'machine.verify', from: 'cli' }, 1)).toEqual({ records: [], before: null })
})

test('what is too old is cut off at the front, and the rest still proves itself', () => {
  for (let i = 0; i < 5; i++) {
    audit.record(event(`n ${i}`))
    now += 100 * DAY_MS
  }
  expect(() => audit.trim(10)).toThrow(RangeError)
  expect(audit.trim(350)).toBe(2)
  expect(audit.verify()).toMatchObject({ count: 3, brokenAt: null })
  database.run("UPDATE audit SET subject = 'other' WHERE seq = 3")
  expect(audit.verify().brokenAt).toBe(3)
})

test('a record with a wrong time does not take the young ones before it along', () => {
  for (const at of [1_000 * DAY_MS, 1_001 * DAY_MS, 2_000 * DAY_MS, 0, 2_001 * DAY_MS]) {
    now = at
    audit.record(event(`on ${at}`))
  }
  expect(audit.trim(365)).toBe(2)
  expect(audit.page({}, 9).records).toHaveLength(3)
  expect(audit.verify()).toMatchObject({ count: 3, brokenAt: null })
})

test('whatever text it was about, whole or cut off in the middle of a character, the chain holds', () => {
  const texts = ['half \ud83d alone', '\udc00', 'a'.repeat(199) + '😀', 'a'.repeat(198) + '😀', 'nul \u0000 inside', '\ufffe\uffff', 'e\u0301'.repeat(150)]
  for (const text of texts) audit.record(event(text, { from: text }))
  expect(audit.verify()).toMatchObject({ count: texts.length, brokenAt: null })
  for (const { subject, from } of audit.page({}, 99).records) expect([subject.length <= 200, from.length <= 100]).toEqual([true, true])
})

test('records of before roles and requests were kept still prove themselves', () => {
  audit.record(event('old', { who: null, request: null }))
  audit.record(event('new'))
  expect(audit.verify()).toMatchObject({ count: 2, brokenAt: null })
  database.run('UPDATE audit SET role = NULL, request = NULL WHERE seq = 2') // to look like an old one
  expect(audit.verify().brokenAt).toBe(2)
})

describe('A11: tampering', () => {
  test.each([
    ['a removed last record', 'DELETE FROM audit WHERE seq = 12', 12],
    ['two records in another order', 'UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE seq IN (2, 3); UPDATE audit SET seq = -seq WHERE seq < 0', 2],
    ['everything removed', 'DELETE FROM audit', 1],
    ['a beginning that is said to be cut off', 'DELETE FROM audit WHERE seq < 4; INSERT INTO audit_start (one, seq, hash) VALUES (1, 3, hex(zeroblob(32)))', 4],
  ])('%s is found', (_what, sql, brokenAt) => {
    for (let i = 0; i < 12; i++) audit.record(event(`n ${i}`))
    for (const one of sql.split('; ')) database.run(one)
    expect(audit.verify().brokenAt).toBe(brokenAt)
  })

  test('what a relay writes meanwhile is not taken for it', () => {
    for (let i = 0; i < 3; i++) audit.record(event(`n ${i}`))
    const opened = openDatabase({ path: database.path, mode: 'write', applicationId: ACCOUNTS_APPLICATION_ID, migrations: ACCOUNTS_MIGRATIONS })
    const beside = opened.ok ? opened.value : expect.unreachable(opened.failure.kind)
    const deps = { clock: { now: () => now, after: () => ({ dispose: () => undefined }) }, roleOf: () => null, report: () => undefined }
    const relay = createAudit(beside, deps)
    // After the last record was read, and before where the chain ends is.
    const all: Database['all'] = (...asked) => {
      const rows = database.all(...asked)
      if (rows.length === 0) relay.record(event('meanwhile'))
      return rows
    }
    expect(createAudit({ ...database, all }, deps).verify()).toMatchObject({ count: 3, brokenAt: null })
    expect(audit.verify()).toMatchObject({ count: 4, brokenAt: null })
    beside.close()
  })

  test('100 of 100 changed, removed and swapped records are found at their place', () => {
    for (let i = 0; i < 100; i++) audit.record(event(`n ${i}`, { result: i % 2 === 0 ? 'done' : 'refused' }))
    const dice = namedDice(1, 'audit')
    const changes: Record<string, string> = {
      time: 'time + 1', who: "'c'", operation: "'item.write'", space: 'NULL', subject: "subject || '!'", source: "'10.0.0.1'", role: "'admin'", request: "'r2'", result: "CASE result WHEN 'done' THEN 'refused' ELSE 'done' END",
    }
    for (let i = 0; i < 100; i++) {
      const seq = 1 + below(dice, 99)
      const way = pick(dice, ['removed', 'swapped', ...Object.keys(changes)])
      database.run('SAVEPOINT before')
      if (way === 'removed') database.run('DELETE FROM audit WHERE seq = ?', seq)
      else if (way === 'swapped') for (const sql of [`UPDATE audit SET seq = -1 WHERE seq = ${seq}`, `UPDATE audit SET seq = ${seq} WHERE seq = ${seq + 1}`, `UPDATE audit SET seq = ${seq + 1} WHERE seq = -1`]) database.run(sql)
      else database.run(`UPDATE audit SET ${way} = ${must(changes[way], 'one of them')} WHERE seq = ?`, seq)
      expect([way, audit.verify().brokenAt]).toEqual([way, seq])
      database.run('ROLLBACK TO before')
      database.run('RELEASE before')
    }
    expect(audit.verify()).toMatchObject({ count: 100, brokenAt: null })
  })
})
