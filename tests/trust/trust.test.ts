/**
 * The judges of `npm run trust`: a trial that finds nothing must be able to find something. Then the short form of the rows with many laptops at once or
 * with hostile bytes; those of the disk are in disk.test.ts, of who may what in access.test.ts, with a browser in browser.e2e.test.ts.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EngineEvent } from '../../client/engine/api.ts'
import { must } from '../../shared/base/assert.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { namedDice } from '../../shared/base/random.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { tokenText } from '../simulation/tokens.ts'
import { countTokens, isListed } from './converge.ts'
import type { Ledger } from './engine-laptop.ts'
import { createObserver } from './observer.ts'
import { settle } from './people.ts'
import { relayProcess, ROOT, withFolder } from './relay-process.ts'
import { exitCodeOf, jsonOf, tryRow, type Row } from './row.ts'
import { ROWS } from './rows.ts'
import { SEED, shortForms } from './short-form.ts'
import { writeTable } from './table.ts'
import { AFTERWORD, PREAMBLE } from './words.ts'
import { createWriter } from './writer.ts'

const numbered = (letter: string, from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${letter}${from + i}`)

test('the judge of tokens finds what is lost, doubled, back from the dead, in the wrong place and typed by nobody', () => {
  const tokens = Array.from({ length: 6 }, (_, i) => tokenText(SEED, 1, i))
  const [kept, lost, doubled, dead, moved, invented] = tokens as [string, string, string, string, string, string]
  const ledger: Ledger = new Map()
  for (const token of [kept, lost, doubled, dead, moved]) ledger.set(token, { token, item: 'a', isStored: true, deleted: token === dead ? 'stored' : 'no' })
  const said: string[] = []
  const result = countTokens(ledger, ['a', 'b'], [`${kept} ${doubled}${doubled} ${dead}`, `${moved} ${invented}`], (text) => void said.push(text))
  expect(result).toEqual({ lost: 1, doubled: 1, resurrected: 1, invented: 2 })
  expect(said).toHaveLength(5)
  expect(countTokens(ledger, ['a'], [`${kept} ${lost} ${doubled} ${moved}`], (text) => void said.push(text))).toEqual({ lost: 0, doubled: 0, resurrected: 0, invented: 0 })
})

test('the judge of lists waits for the rows that an engine is drawing up, and finds a document for which none is ever drawn up', async () => {
  const drawnUp: ItemRow[] = []
  const events = createEmitter<EngineEvent>()
  const engine = { rows: () => Promise.resolve([...drawnUp]), onEvent: events.event }
  const drawUp = (item: string): void => {
    drawnUp.push({ item } as ItemRow)
    events.fire({ type: 'rows', spaces: [] })
  }
  const asked = isListed(engine, 'a')
  for (const item of ['b', 'a']) {
    await new Promise(setImmediate)
    drawUp(item)
  }
  expect(await asked).toBe(true)
  const drawnUpBeforeTheAnswer = {
    ...engine,
    async rows() {
      const before = [...drawnUp]
      if (before.length === 2) drawUp('c')
      return before
    },
  }
  expect(await isListed(drawnUpBeforeTheAnswer, 'c')).toBe(true)
  expect(await isListed(engine, 'd', 1)).toBe(false)
})

test('the judge of logs finds an acknowledged entry that the relay no longer has', () =>
  withFolder(async (folder) => {
    const data = join(folder, 'data')
    const group = settle(data, 1, 1)
    const [space, cookie] = [group.space(0), group.cookie(0)]
    const dice = namedDice(SEED, 'judge')
    const relay = relayProcess({ data })
    try {
      await relay.start()
      const observer = createObserver(space, dice, () => undefined)
      await observer.connect(relay.address, cookie)
      const writer = createWriter({ space, dice })
      const { gone } = await writer.connect(relay.address, cookie)
      while (writer.acknowledged.size < 20) await sleep(2)
      writer.isTyping = false
      while (writer.waitingCount > 0 || observer.seen.length < writer.acknowledged.size) await sleep(2)
      await relay.stop()
      await gone
      // Forged so well that the relay itself believes it: the last entry was never there.
      const log = new DatabaseSync(join(data, 'log.sqlite'))
      const { last } = log.prepare('SELECT max(place) AS last FROM entries').get() as { last: number }
      log.prepare('DELETE FROM entries WHERE place = ?').run(last)
      log.prepare('UPDATE spaces SET head = head - 1, tail = (SELECT tail FROM entries ORDER BY place DESC LIMIT 1)').run()
      log.prepare('UPDATE items SET last = last - 1').run()
      log.close()
      await relay.start()
      await observer.connect(relay.address, cookie)
      expect(observer.recovers).toBe(1)
      expect([...writer.acknowledged].filter((entry) => !observer.byEntry.has(entry))).toHaveLength(1)
    } finally {
      await relay.kill()
    }
  }))

test('a trial that breaks off or misses a figure ends in an error, is one line of JSON, and leaves the other lines of the table', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'trust.md')
    const row = (id: string, run: Row['run']): Row => ({ ...must(ROWS.find((one) => one.id === id), 'a row'), run })
    const options = { seed: 7, size: 'small', n: 3 } as const
    const fine = await tryRow(row('D1', ({ figure, count }) => Promise.resolve(figure(`${count(1, 2, 4)} kills`))), options)
    const slow = await tryRow(row('D3', ({ missed }) => Promise.resolve(missed('6 s'))), options)
    const broken = await tryRow(row('D3', () => Promise.reject(new Error('no relay'))), options)
    expect([[fine], [fine, slow], [broken]].map(exitCodeOf)).toEqual([0, 1, 1])
    expect(JSON.parse(jsonOf(fine, options))).toEqual({ row: 'D1', seed: 7, size: 'small', n: 3, ok: true, violations: 0, missed: [], figures: ['3 kills'], skipped: null, ms: expect.any(Number) })
    expect(JSON.parse(jsonOf(broken, options))).toMatchObject({ ok: false, violations: 1 })
    const machine = ['date  2026-01-02, commit abc', 'machine  een']
    writeTable(file, [fine], machine)
    writeTable(file, [slow], machine)
    const lines = readFileSync(file, 'utf8').split('\n').filter((line) => /^\| D\d/.test(line))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('| 3 kills, 0 violations | 2026-01-02 | abc |')
    expect(lines[1]).toContain('**MISSED: 6 s**')
  }))

test('the page says what is written around its table here, so that printing a row loses no sentence', () => {
  const page = readFileSync(join(ROOT, 'docs/trust.md'), 'utf8')
  expect([page.startsWith(PREAMBLE), page.endsWith(`${AFTERWORD}\n`)]).toEqual([true, true])
})

test('every row that the promises name can be tried', () => {
  const named = ['C1', 'C2', 'C4', 'C6', ...numbered('D', 1, 11), ...numbered('K', 1, 5), 'O1', ...numbered('O', 3, 13), 'L1', 'L2', 'L3', 'L7', ...numbered('A', 3, 8), ...numbered('A', 10, 15), ...numbered('B', 1, 4), 'B10', 'B11', ...numbered('S', 1, 4), ...numbered('H', 1, 2)]
  expect(named.filter((id) => !ROWS.some((row) => row.id === id))).toEqual([])
})

shortForms(
  ['C2', '[INV8] real engines, a bad network and a relay that is killed end with the same text'],
  ['P5', '[ERA9] what is erased for good is in no file and on no laptop, also after an old backup was put back'],
  ['L7', 'two hundred who type steadily lose nothing and leave nothing open'],
  ['B1', 'both websocket doors do what RFC 6455 asks, whatever frames come'],
  ['B11', '[LIM1] what is cheap to send and dear to receive is refused, and who never says HELLO is gone'],
  ['B4', 'nobody writes, signs or is shown in the name of another'],
  ['B3', 'whatever one member puts in a document, the others go on, stay the same, and open it again'],
  ['B2', 'no frame stops the relay or spoils the log'],
)
