/** The example programme: whole, labelled, the same for the same seed, and showing every situation that the product knows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBag, type DisposableBag } from '../../shared/base/dispose.ts'
import { namedDice } from '../../shared/base/random.ts'
import { findBsnLike } from '../../shared/derive/bsn.ts'
import { problemsOf, type ProblemCode } from '../../shared/derive/problems.ts'
import { programmeProgressOf } from '../../shared/derive/progress.ts'
import { textOfProse } from '../../shared/derive/prose-json.ts'
import { STATUSES } from '../../shared/model/acts.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { readFacts } from '../../shared/model/items/schema.ts'
import { progressSchema } from '../../shared/model/items/others.ts'
import { openAccounts } from '../../server/auth/accounts.ts'
import { materialise, type Materialised } from '../../server/derive/materialise.ts'
import { demoPeople, PROGRAMME_NAME, seedDemo } from '../../server/demo/seed.ts'
import type { Log } from '../../server/store/log.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { systemClock } from '../../server/system.ts'

const TODAY = '2026-11-21'
const clock = { ...systemClock, now: () => Date.parse(`${TODAY}T12:00:00Z`) }

const MINUTE_MS = 60_000
const BYTES_MAX = 64 * 1024 * 1024
const bag: DisposableBag = createBag()
afterAll(async () => {
  await example.log.close()
  bag.dispose()
})

function openWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-demo-'))
  bag.add(() => rmSync(folder, { recursive: true, force: true }))
  const opened = openAccounts({ path: join(folder, 'accounts.sqlite'), mode: 'create', clock: systemClock, dice: namedDice(2, 'accounts') })
  if (!opened.ok) throw new Error(opened.failure.kind)
  const accounts = bag.add(opened.value)
  return { folder, accounts, log: createMemoryLog({ dice: namedDice(3, 'log') }) as Log }
}

async function seeded(isOnDisk = false) {
  const world = openWorld()
  const { accounts } = world
  const log = isOnDisk ? await createSqliteLog({ folder: world.folder, dice: namedDice(3, 'log') }) : world.log
  const result = await seedDemo({ log, accounts, dice: namedDice(1, 'demo'), clock })
  if (!result.ok) throw new Error(result.failure.kind)
  const items = new Map<string, Materialised[]>()
  let entryCount = 0
  for (const { space, name } of accounts.spaces()) {
    const byItem = new Map<string, Entry[]>()
    for (const entry of (await log.read(space, 0, BYTES_MAX, 1_000_000)).entries) {
      byItem.set(entry.item, [...(byItem.get(entry.item) ?? []), entry])
      entryCount += 1
    }
    items.set(name, [...byItem.values()].map(materialise))
  }
  return { accounts, log, summary: result.value, items, entryCount }
}

const of = (items: Map<string, Materialised[]>, space: string, type: string) => (items.get(space) ?? []).filter(({ row }) => row.type === type)

/** Seeded once, into a data folder as the relay has it: these tests only look. */
let example: Awaited<ReturnType<typeof seeded>>
beforeAll(async () => {
  example = await seeded(true)
}, 3 * MINUTE_MS)

describe('the example programme', () => {
  test('has fourteen municipalities, sixteen templates, and rows of every kind', () => {
    const { items, accounts, summary, entryCount } = example
    expect(summary).toMatchObject({ municipalities: 14, entries: entryCount, items: [...items.values()].flat().length })
    expect(accounts.participantsOf(summary.programme)).toHaveLength(14)
    expect(of(items, PROGRAMME_NAME, 'template')).toHaveLength(16)
    expect(of(items, PROGRAMME_NAME, 'region')).toHaveLength(10)
    for (const { name } of accounts.participantsOf(summary.programme)) {
      expect(of(items, name, 'agreement').length).toBeGreaterThanOrEqual(3)
      expect(of(items, name, 'agreement').length).toBeLessThanOrEqual(9)
      expect(of(items, name, 'meeting').length).toBeGreaterThanOrEqual(2)
      expect(of(items, name, 'progress')).toHaveLength(1)
      expect(of(items, name, 'contact').length).toBeGreaterThanOrEqual(3)
      expect(of(items, name, 'knowledge').length).toBeGreaterThanOrEqual(2)
    }
    expect([...items.values()].flat().flatMap(({ leftOut }) => leftOut)).toEqual([])
    const counts = [...items.values()].flat().reduce<Record<string, number>>((sums, { row }) => ({ ...sums, [row.type]: (sums[row.type] ?? 0) + 1 }), {})
    console.log(`example programme: ${summary.entries} entries, rows ${JSON.stringify(counts)}`)
  })

  test('shows every status, gap, open question and overdue thing somewhere', () => {
    const { items, accounts, summary } = example
    const municipalities = accounts.participantsOf(summary.programme).map(({ space, name }) => ({ space, name, rows: (items.get(name) ?? []).map(({ row }) => row) }))
    const { totals } = programmeProgressOf(municipalities, TODAY)
    for (const status of STATUSES) expect(totals.byStatus[status].length, status).toBeGreaterThan(0)
    for (const list of [totals.missingOwner, totals.missingRole, totals.missingFeedback, totals.conflicts, totals.changedSinceSeal, totals.reviewPassed, totals.reviewSoon, totals.waiting, totals.actionsOpen, totals.actionsOverdue]) expect(list.length).toBeGreaterThan(0)
    const codes = new Set<ProblemCode>()
    for (const { item, facts, acts, row, prose } of [...items.values()].flat()) {
      for (const { code } of problemsOf({ item, facts, acts, changedSinceSeal: row.changedSinceSeal, proseText: textOfProse(prose) }, TODAY)) codes.add(code)
    }
    for (const code of ['two-answers', 'owner-missing', 'step-without-role', 'handover-without-feedback', 'handover-without-if-no-reply', 'review-passed', 'review-soon', 'changed-since-seal', 'party-returned', 'contact-old', 'action-overdue', 'action-without-owner'] as const) expect([...codes]).toContain(code)
    expect([...codes]).not.toContain('bsn-like')
  })

  test('Schiedam is as in the pictures: nine agreements, two answers in Schulden, Psychische klachten waiting for signatures', () => {
    const { items } = example
    const titles = of(items, 'Schiedam', 'agreement').map(({ row }) => row.title)
    expect(titles).toHaveLength(9)
    const schulden = of(items, 'Schiedam', 'agreement').find(({ row }) => row.title === 'Schulden en geldzorgen')!
    expect(Object.values(schulden.facts.conflicts).map((answers) => answers.map(({ value }) => value).sort())).toEqual([[3, 5]])
    expect(of(items, 'Schiedam', 'agreement').find(({ row }) => row.title === 'Psychische klachten')?.row).toMatchObject({ status: 'proposed', waitingFor: ['POP-poli', 'GGZ', 'JGZ'] })
    const milestones = programmeProgressOf([{ space: 's', name: 'Schiedam', rows: items.get('Schiedam')!.map(({ row }) => row) }], TODAY).municipalities[0]!.progress
    expect(milestones.milestonesApplicable).toHaveLength(17)
    expect(milestones.milestonesDone.length).toBeGreaterThanOrEqual(9)
  })

  test('everything made up is labelled, nothing is personal, counts of people are ten or more', () => {
    const { items, accounts } = example
    for (const { row, prose, facts } of [...items.values()].flat()) {
      if (row.type !== 'region') expect(row.sample, row.title).toBe(true)
      if (row.type !== 'region' && row.type !== 'contact') expect(textOfProse(prose).toLowerCase(), row.title).toContain('voorbeeld')
      for (const text of [textOfProse(prose), ...Object.values(facts.registers).map(String)]) {
        expect(findBsnLike(text)).toEqual([])
        expect(text).not.toMatch(/sterfte|mevrouw|dhr\.|\b06[ -]?\d{8}/i)
        if (text.includes('@')) expect(text).toMatch(/@[a-z-]+\.example$/)
      }
      if (row.type === 'progress') for (const { value, source } of readFacts(progressSchema, facts.registers).indicators) expect([value! >= 10, source]).toEqual([true, 'voorbeeldcijfers'])
    }
    for (const { login } of accounts.accounts()) expect(login).toMatch(/@voorbeeld\.example$/)
  })

  test('each role has one account with the rights that its name promises', () => {
    const { accounts, summary } = example
    const people = Object.fromEntries(demoPeople(accounts).map(({ role, person }) => [role, person.user])) as Record<string, string>
    expect(Object.keys(people)).toEqual(['lezer', 'verloskundige', 'wijkteam', 'projectleider', 'programmaleider', 'beheerder', 'gemeentebeheerder'])
    const spaceOf = (name: string) => accounts.spaces().find((space) => space.name === name)!.space
    const roles = (role: string) => Object.fromEntries(accounts.spacesOf(people[role]!).map(({ info, role: held }) => [info.name, held]))
    expect(roles('lezer')).toEqual({ Schiedam: 'reader', [PROGRAMME_NAME]: 'reader' })
    expect(roles('verloskundige')).toEqual({ Schiedam: 'member', [PROGRAMME_NAME]: 'reader' })
    expect(roles('wijkteam')).toEqual({ Schiedam: 'member', [PROGRAMME_NAME]: 'reader' })
    expect(roles('projectleider')).toEqual({ Schiedam: 'leader', Nijmegen: 'member', Tilburg: 'member', [PROGRAMME_NAME]: 'reader' })
    expect(roles('gemeentebeheerder')).toEqual({ Schiedam: 'admin', [PROGRAMME_NAME]: 'reader' })
    expect(roles('programmaleider')).toEqual({ [PROGRAMME_NAME]: 'programme-leader' })
    expect(accounts.isAdministrator(people.beheerder!)).toBe(true)
    expect(accounts.may(people.programmaleider!, spaceOf('Pekela'), 'space.progress')).toBe(true)
    expect(accounts.may(people.programmaleider!, spaceOf('Pekela'), 'space.read')).toBe(false)
    expect(accounts.may(people.verloskundige!, summary.programme, 'item.write')).toBe(false)
  })

  test('the same dice and clock give the same entries', async () => {
    const payloads = async ({ log, accounts }: Pick<typeof example, 'log' | 'accounts'>) => {
      const all: string[] = []
      for (const { space } of accounts.spaces()) for (const { entry, payload } of (await log.read(space, 0, BYTES_MAX, 1_000_000)).entries) all.push(`${entry} ${payload.length} ${payload.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)}`)
      return all
    }
    expect(await payloads(await seeded())).toEqual(await payloads(example))
  }, 5 * MINUTE_MS)

  test('it is loaded once, and never over something else', async () => {
    const { accounts, log } = example
    const again = { log, accounts, dice: namedDice(9, 'demo'), clock }
    expect(await seedDemo(again)).toEqual({ ok: false, failure: { kind: 'already' } })
    const other = openWorld()
    other.accounts.createSpace({ kind: 'municipality', name: 'Echt' })
    expect(await seedDemo({ ...again, ...other })).toEqual({ ok: false, failure: { kind: 'not-empty' } })
    expect(other.accounts.spaces()).toHaveLength(1)
  })
})
