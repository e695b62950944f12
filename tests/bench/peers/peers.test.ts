// The comparison itself, as far as it needs no server of others: that a generator's letters are Yjs' own, that what arrives is counted once and
// at others only, and that a report tells ahead from behind. Nothing here is timed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { seededDice } from '../../../shared/base/random.ts'
import { cborOf, joinOf } from './cbor.ts'
import { setUp } from './fan-out.ts'
import { SERVERS_FOLDER } from './install.ts'
import { readOnce } from './lines.ts'
import { SECTION_BEGIN, sectionIn, withSection } from './section.ts'
import { start, type Server } from './systems.ts'
import { markdownOf, ratiosOf, textOf, type Table } from './table.ts'
import { createPen, orphan, read, runsIn, STEP_2, syncFrame, UPDATE } from './wire.ts'

const dice = seededDice(1)

test('letters written without a document are what Yjs writes: applied in order they are the text', () => {
  const doc = new Y.Doc()
  const pens = [createPen(dice), createPen(dice)]
  for (const pen of pens) Y.applyUpdate(doc, pen.first)
  for (let i = 0; i < 300; i++) for (const pen of pens) Y.applyUpdate(doc, pen.next())
  expect(doc.getXmlFragment('prose').toString()).toBe(`<paragraph>a${'e'.repeat(300)}</paragraph>`.repeat(2))
  for (const { client, clock } of pens) expect(Y.getState(doc.store, client)).toBe(clock)
  // Each behind the one before: Yjs keeps a run of them as one piece (paragraph, text, letters).
  for (const { client } of pens) expect(doc.store.clients.get(client)).toHaveLength(3)
  Y.applyUpdate(doc, orphan(9, 1))
  expect(doc.store.pendingStructs).not.toBeNull()
})

test('the letters in an update are counted the same alone, merged with others, and through Yjs', () => {
  const [one, two] = [createPen(dice), createPen(dice)]
  const from = [one.clock, two.clock]
  const letters = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? two : one).next())
  expect(runsIn(letters[0]!)).toEqual([{ client: two.client, from: from[1], to: from[1]! + 1 }])
  const merged = runsIn(Y.mergeUpdates(letters))
  expect(new Set(merged.map(({ client, from, to }) => `${client} ${from} ${to}`))).toEqual(new Set([`${one.client} ${from[0]} ${one.clock}`, `${two.client} ${from[1]} ${two.clock}`]))
  expect(runsIn(one.first)).toEqual([{ client: one.client, from: 0, to: from[0] }])
})

test.each(['y-websocket', 'hocuspocus'] as const)('frames of %s are read as they are written', (dialect) => {
  const letter = createPen(dice).next()
  expect(read(dialect, syncFrame(dialect, 'doc', UPDATE, letter))).toMatchObject({ kind: 'update', bytes: letter })
  expect(read(dialect, syncFrame(dialect, 'doc', STEP_2, letter))).toMatchObject({ kind: 'step2', bytes: letter })
})

test('the same bytes are read once, other bytes of the same length again', () => {
  let count = 0
  const once = readOnce((frame) => [++count, frame.toString()])
  const frame = (middle: string): Buffer => Buffer.from(`${'a'.repeat(60)}${middle}${'z'.repeat(60)}`)
  expect(once(frame('1'))).toBe(once(frame('1')))
  expect(once(frame('2'))[1]).toContain('2')
  expect(count).toBe(2)
})

test('a join of automerge-repo is CBOR', () => {
  expect(Buffer.from(cborOf({ a: [1, null, 'x'] })).toString('hex')).toBe('a1616183' + '01' + 'f6' + '6178')
  expect(Buffer.from(joinOf('p')).toString('latin1')).toContain('senderId')
})

const table = (ours: number, theirs: number): Table => ({
  row: 'r', title: 'T', notes: [],
  columns: [{ title: 'more', unit: '', better: 'more', target: 2 }, { title: 'less', unit: 'ms', better: 'less' }, { title: 'told', unit: '' }],
  lines: [{ system: 'samenpad', values: [ours, ours, 'ok'] }, { system: 'yws', values: [theirs, theirs, 'CRASH'] }, { system: 'hocuspocus', values: [theirs / 2, theirs * 2, null] }, { system: 'null', values: [1_000, 0.1, 1] }],
})

test('ahead and behind are said against the best of the others, the bare broadcast aside', () => {
  expect(ratiosOf(table(30, 10)).map(({ ratio, against, column }) => [column.title, ratio, against])).toEqual([['more', 3, 'yws'], ['less', 1 / 3, 'yws']])
  expect(textOf(table(30, 10))).toMatch(/more: samenpad 3\.00x against yws \(asked: 2x\)\n.*less: samenpad 0\.33x BEHIND/)
  expect(textOf(table(15, 10))).toMatch(/more: samenpad 1\.50x BEHIND/)
  expect(markdownOf(table(30, 10))).toContain('| 3.00x | **0.33x** |  |')
})

test('a row measured again replaces itself and nothing else', () => {
  const first = withSection('# Numbers\n\nours\n', 'a', ['machine 1'], ['table a1\n'])
  const both = withSection(first, 'b', ['machine 1'], ['table b1\n'])
  const again = withSection(both, 'a', ['machine 2'], ['table a2\n'])
  expect(again).toMatch(/^# Numbers\n\nours\n\n<!-- side by side: begin -->/)
  expect(again).toContain('table b1')
  expect(again).toContain('machine 2')
  expect(again).not.toContain('table a1')
  expect(again.split(SECTION_BEGIN).length).toBe(2)
  expect(sectionIn(again)).toContain('table a2')
  expect(sectionIn('# Numbers')).toBeNull()
  expect(withSection(again, 'a', ['machine 2'], ['table a2\n'])).toBe(again)
})

test('the servers of others are pinned, each in its own lock file that names no registry host', () => {
  const manifest = JSON.parse(readFileSync(join(SERVERS_FOLDER, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const lock = JSON.parse(readFileSync(join(SERVERS_FOLDER, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; resolved?: string }> }
  for (const [name, version] of Object.entries(manifest.dependencies)) expect(lock.packages[`node_modules/${name}`]?.version).toBe(version)
  expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
})

let server: Server | null = null
beforeAll(async () => {
  server = await start('null')
})
afterAll(() => server?.dispose())

test('every letter is counted once at every other writer, through a bare broadcast', async () => {
  const stage = await setUp(must(server, 'the bare broadcast'), 5)
  const { missing, perSecond, delays } = await stage.turn(2_000, 0.3)
  expect(missing).toBe(0)
  expect(perSecond).toBeGreaterThan(0)
  expect(delays.length).toBeGreaterThan(0)
  await Promise.all(stage.lines.map((line) => line.close()))
  const running = must(server, 'the bare broadcast')
  expect(running.isAlive()).toBe(true)
  await running.stop()
  expect(running.isAlive()).toBe(false)
})
