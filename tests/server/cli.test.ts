// The command line on a data folder, beside a running relay and without one: what stands on stdout, and what the exit code says.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId, type Id } from '../../shared/base/ids.ts'
import type { Entry, NewEntry } from '../../shared/model/entries.ts'
import { createFactsDocument, loadFacts } from '../../server/derive/facts-document.ts'
import { openLogDatabase } from '../../server/store/log-file.ts'
import { createLogReader } from '../../server/store/log-reader.ts'
import { systemDice } from '../../server/system.ts'
import { freshFolder, person, run, startUnderTest, type UnderTest } from './relay-under-test.ts'

interface Answer {
  code: number | null
  // reason: tests read whatever came
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any
  stderr: string
}

/** With --json: stdout is exactly one document, whatever happened. */
async function ask(folder: string, ...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await run('server/cli.ts', [...args, '--json'], { SAMENPAD_DATA: folder }).ended
  return { code, json: JSON.parse(stdout), stderr }
}

/** An agreement with a title and a sentence, through the relay. */
async function write(relay: UnderTest, space: string, user: string, title: string, text: string): Promise<Id> {
  await loadFacts()
  const item = newId(systemDice)
  const facts = createFactsDocument(newId(systemDice))
  const doc = new Y.Doc()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText(text)])
  doc.getXmlFragment('prose').insert(0, [paragraph])
  const entry = (part: NewEntry['part'], format: NewEntry['format'], payload: Uint8Array): NewEntry => ({ space, entry: newId(systemDice), item, part, format, schema: 1, clientTime: 1, writer: newId(systemDice), payload })
  await relay.running.log.ensureSpace(space)
  for (const one of [
    entry('facts', 'am1', facts.change([['type', 'agreement'], ['title', title]], 1, user)),
    entry('prose', 'yjs1', Y.encodeStateAsUpdate(doc)),
  ]) expect(await relay.running.relay.push(user, one)).toMatchObject({ kind: 'stored' })
  return item
}

/** What a laptop brings back: all that the log had before, as it was. */
function entriesOf(folder: string, space: string): NewEntry[] {
  const log = createLogReader(() => openLogDatabase(join(folder, 'log.sqlite'), 'read'))
  try {
    return log.read(space, 0, 1_000_000, 99).entries
  } finally {
    log.close()
  }
}

const NAME = 'Roken: CON, ../../etc & <script>'

test('beside a running relay: spaces, items, users, token, invite, verify, export', async () => {
  const relay = await startUnderTest()
  const { running, folder } = relay
  const space = relay.space('Schiedam')
  const { user } = await relay.member(space, 'leader', 'projectleider@gemeente.nl')
  const item = await write(relay, space, user, NAME, 'Afgesproken op het platform.')

  expect(await ask(folder, 'spaces')).toEqual({ code: 0, stderr: '', json: { spaces: [{ id: space, kind: 'municipality', name: 'Schiedam', members: 1 }] } })
  expect(await ask(folder, 'items', '--space', 'schiedam')).toMatchObject({ code: 0, json: { space: { id: space }, items: [{ id: item, type: 'agreement', title: NAME, status: 'concept', gone: false }] } })
  expect(await ask(folder, 'users')).toMatchObject({ code: 0, json: { users: [{ login: 'projectleider@gemeente.nl', disabled: false, spaces: [{ id: space, role: 'leader' }] }] } })

  const { json: made, code } = await ask(folder, 'token', '--space', space, '--role', 'reader', '--label', 'uitvoer')
  expect([code, made]).toMatchObject([0, { role: 'reader', label: 'uitvoer', space: { id: space } }])
  running.accounts.refresh() // the relay looks every second by itself
  expect((await relay.ask('GET', '/api/me', { bearer: made.token })).json.person.name).toBe('uitvoer')
  expect((await relay.ask('GET', `/sync/entries?space=${space}`, { bearer: made.token })).status).toBe(200)
  expect(await ask(folder, 'users', '--disable', made.user)).toMatchObject({ code: 0 })
  running.accounts.refresh()
  expect((await relay.ask('GET', '/api/me', { bearer: made.token })).status).toBe(401)

  const { json: invited } = await ask(folder, 'invite', '--space', 'Schiedam', '--role', 'member')
  expect(invited.link.startsWith(`http://localhost:${relay.port}/welkom/`)).toBe(true)
  running.accounts.refresh()
  const joined = await relay.ask('POST', `/api/links/${invited.link.split('/').at(-1)}`, { body: person('nieuw@praktijk.nl') })
  expect(joined.status).toBe(200)
  expect((await relay.ask('GET', `/api/spaces/${space}/members`, { cookie: joined.cookie })).json).toHaveLength(2)

  const { json: renewed } = await ask(folder, 'reset', '--login', 'Nieuw@praktijk.nl')
  running.accounts.refresh()
  const chosen = await relay.ask('POST', `/api/links/${renewed.link.split('/').at(-1)}`, { body: { password: 'twaalf tegels in de tuin' } })
  expect(chosen).toMatchObject({ status: 200, json: { person: { user: renewed.user } } })
  expect((await relay.ask('GET', '/api/me', { cookie: joined.cookie })).status).toBe(401)
  expect(await ask(folder, 'reset', '--login', made.user)).toMatchObject({ code: 1 })
  expect(await ask(folder, 'reset', '--login', 'niemand@praktijk.nl')).toMatchObject({ code: 1 })

  expect(await ask(folder, 'verify')).toMatchObject({ code: 0, json: { ok: true, spaces: 1, entries: 2, problems: [] } })

  const out = join(freshFolder(), 'export')
  expect(await ask(folder, 'export', '--space', 'Schiedam', '--out', out)).toMatchObject({ code: 0, json: { items: [{ id: item }], entries: 2 } })
  const index = JSON.parse(readFileSync(join(out, 'space.json'), 'utf8'))
  expect(index).toMatchObject({ space: { id: space, name: 'Schiedam' }, log: { head: 2 }, people: [{ id: user, name: 'leader' }], items: [{ id: item, title: NAME }] })
  const [name] = readdirSync(join(out, 'items'))
  expect(name).toBe(`roken-con-etc-script-${item.slice(0, 12)}`)
  const read = (file: string): string => readFileSync(join(out, 'items', name ?? '', file), 'utf8')
  expect(read('content.md')).toContain('Afgesproken op het platform.')
  expect(JSON.parse(read('facts.json')).registers.title).toBe(NAME)
  expect(JSON.stringify(JSON.parse(read('prose.json')))).toContain('Afgesproken op het platform.')
  expect(JSON.parse(read('acts.json'))).toMatchObject({ state: { status: 'concept' }, acts: [] })
  const history = read('history.jsonl').trim().split('\n').map((line) => JSON.parse(line) as Omit<Entry, 'payload'> & { payload: string })
  expect(history).toMatchObject([{ seq: 1, part: 'facts', author: user }, { seq: 2, prevItemSeq: 1, part: 'prose', author: user }])
  const again = new Y.Doc()
  Y.applyUpdate(again, Buffer.from(history[1]?.payload ?? '', 'base64'))
  expect(again.getXmlFragment('prose').toString()).toContain('Afgesproken op het platform.')
  for (const seal of readdirSync(join(out, 'items', name ?? '', 'seals'))) expect(createHash('sha256').update(read(`seals/${seal}`)).digest('hex')).toBe(seal.replace('.json', ''))
  expect(await ask(folder, 'export', '--space', 'Schiedam', '--out', out)).toMatchObject({ code: 1, json: { error: { kind: 'folder-filled' } } })

  expect(running.accounts.audit.page({}, 30).records.map(({ operation, from }) => `${operation} ${from}`)).toEqual(expect.arrayContaining(['machine.token cli', 'machine.account cli', 'machine.invite cli', 'machine.export cli']))
})

test('a backup made while people write, put back elsewhere: everything of before, under a new epoch', async () => {
  const relay = await startUnderTest()
  const space = relay.space('Schiedam')
  const { user } = await relay.member(space, 'leader')
  const item = await write(relay, space, user, 'Roken', 'Vóór de kopie.')
  const used = relay.running.accounts.createInvitation({ space, role: 'admin', by: null }).token
  const file = join(freshFolder(), 'kopie.tar')

  expect(await ask(relay.folder, 'backup', file)).toMatchObject({ code: 0, json: { file, spaces: 1, entries: 2, files: [{ name: 'log.sqlite' }, { name: 'accounts.sqlite' }] } })
  const lostItem = await write(relay, space, user, 'Alcohol', 'Na de kopie.')
  const before = await relay.running.log.head(space)
  // Without the product: any tar reads it, and nobody else on the machine.
  expect(execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n')).toEqual(['manifest.json', 'log.sqlite', 'accounts.sqlite'])
  expect(statSync(file).mode & 0o077).toBe(0)
  expect(await ask(relay.folder, 'backup', file)).toMatchObject({ code: 1, json: { error: { kind: 'file-exists' } } })

  expect(await ask(relay.folder, 'restore', file)).toMatchObject({ code: 1, json: { error: { kind: 'folder-in-use' } } })
  await relay.running.close()
  expect(await ask(relay.folder, 'restore', file)).toMatchObject({ code: 1, json: { error: { kind: 'folder-filled' } } })
  const { code, json } = await ask(relay.folder, 'restore', file, '--force')
  expect([code, json]).toMatchObject([0, { spaces: 1, entries: 2 }])
  expect(existsSync(join(json.movedTo, 'log.sqlite'))).toBe(true)
  // Nobody's laptop had it: the period and the document are said, and who did it is in the account.
  expect(json.behind).toEqual({ entries: 2, since: expect.any(Number), until: expect.any(Number) })
  expect(await ask(relay.folder, 'lost')).toMatchObject({ code: 0, json: { entries: 2, since: json.behind.since, items: [{ space, item: lostItem, entries: 2, authors: [user] }], unreadable: [] } })

  const elsewhere = join(freshFolder(), 'nieuw', 'data')
  expect(await ask(elsewhere, 'restore', file)).toMatchObject({ code: 0, json: { movedTo: null, behind: { entries: 0, since: null } } })
  for (const folder of [relay.folder, elsewhere]) {
    const again = await startUnderTest({ data: folder })
    const head = await again.running.log.head(space)
    expect(head).toMatchObject({ head: 2 })
    expect(head?.epoch).not.toBe(before?.epoch)
    expect(again.running.accounts.roleIn(user, space)).toBe('leader')
    expect(again.running.accounts.readLink(used).ok).toBe(false)
    expect((await again.running.log.readItem(space, item, null, 1, 99, 99)).length).toBe(2)
    const accounted = again.running.accounts.audit.page({}, 99).records.filter(({ from }) => from === 'cli').map(({ operation, result }) => `${operation} ${result}`)
    expect(accounted).toContain('machine.restore done')
    if (folder === relay.folder) {
      for (const one of entriesOf(json.movedTo, space)) expect(await again.running.relay.push(user, one)).toMatchObject({ kind: 'stored' })
      expect(await ask(folder, 'lost')).toMatchObject({ code: 0, json: { entries: 0, since: null, items: [] } })
    }
    await again.running.close()
  }
})

test('two backups of one name at the same time: one of them is made, and nothing is left of the other', async () => {
  const relay = await startUnderTest()
  const folder = freshFolder()
  const file = join(folder, 'kopie')
  const said = await Promise.all([ask(relay.folder, 'backup', file), ask(relay.folder, 'backup', file), ask(relay.folder, 'backup', file)])
  expect(said.some(({ code }) => code === 0)).toBe(true)
  for (const { code, json } of said) if (code !== 0) expect(json).toMatchObject({ error: { kind: 'file-exists' } })
  expect(readdirSync(folder)).toEqual(['kopie'])
  expect(await ask(join(folder, 'terug'), 'restore', file)).toMatchObject({ code: 0 })
})

test('a backup with one wrong byte, or cut off, puts nothing back', async () => {
  const relay = await startUnderTest()
  const space = relay.space()
  await write(relay, space, (await relay.member(space, 'leader')).user, 'Roken', 'x')
  const file = join(freshFolder(), 'kopie.tar')
  expect((await ask(relay.folder, 'backup', file)).code).toBe(0)
  const bytes = readFileSync(file)
  const bad = join(freshFolder(), 'fout.tar')
  const target = join(freshFolder(), 'data')
  const spoilt: [what: string, bytes: Buffer][] = [
    ['one byte', Buffer.concat([bytes.subarray(0, 50_000), Buffer.from([(bytes[50_000] ?? 0) ^ 1]), bytes.subarray(50_001)])],
    ['cut off', bytes.subarray(0, bytes.length - 4_096)],
    ['not an archive', Buffer.from('tekst'.repeat(1_000))],
  ]
  for (const [what, content] of spoilt) {
    writeFileSync(bad, content)
    expect([what, await ask(target, 'restore', bad)]).toMatchObject([what, { code: 1, json: { error: { kind: 'not-a-backup' } } }])
  }
  expect(await ask(target, 'spaces')).toMatchObject({ code: 1, json: { error: { kind: 'folder-missing' } } })
  expect((await ask(target, 'restore', file)).code).toBe(0)
})

test('verify finds a changed audit record, and says so in its exit code', async () => {
  const relay = await startUnderTest()
  await relay.administrator()
  await relay.running.close()
  const { openAccounts } = await import('../../server/auth/accounts.ts')
  const { systemClock } = await import('../../server/system.ts')
  const accounts = openAccounts({ path: join(relay.folder, 'accounts.sqlite'), mode: 'write', clock: systemClock, dice: systemDice })
  if (!accounts.ok) return expect.unreachable(accounts.failure.kind)
  accounts.value.database.run("UPDATE audit SET subject = 'iets anders'")
  accounts.value.dispose()
  expect(await ask(relay.folder, 'verify')).toMatchObject({ code: 1, json: { ok: false, audit: { brokenAt: 1 }, problems: [{ text: expect.stringContaining('audit') }] } })
})

test('what cannot be done says why, on stderr for people and as one document for programs', async () => {
  const relay = await startUnderTest()
  const { folder } = relay
  relay.space('Schiedam')
  const nowhere = join(freshFolder(), 'niets')
  const cases: [kind: string, folder: string, args: string[]][] = [
    ['unknown-command', folder, ['spaecs']],
    ['folder-missing', nowhere, ['spaces']],
    ['unknown-space', folder, ['items', '--space', 'Rotterdam']],
    ['usage', folder, ['items']],
    ['usage', folder, ['items', '--spaec', 'Schiedam']],
    ['unknown-role', folder, ['token', '--space', 'Schiedam', '--role', 'baas']],
    ['unfitting-role', folder, ['invite', '--space', 'Schiedam', '--role', 'programme-leader']],
    ['file-missing', join(nowhere, 'data'), ['restore', join(nowhere, 'kopie.tar')]],
  ]
  for (let i = 0; i < cases.length; i += 2) {
    await Promise.all(cases.slice(i, i + 2).map(async ([kind, where, args]) => {
      const { code, json, stderr } = await ask(where, ...args)
      expect([args, code, json.error.kind]).toEqual([args, 1, kind])
      expect(stderr.trim()).toBe(json.error.message)
      expect(stderr).not.toMatch(/\n\s+at /)
    }))
  }
  const listed = await run('server/cli.ts', ['help'], { SAMENPAD_DATA: nowhere }).ended
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  for (const name of ['spaces', 'items', 'users', 'token', 'invite', 'backup', 'restore', 'lost', 'verify', 'export', 'version']) expect(listed.stdout).toContain(`  ${name} `)
  // For scripts that want the token and nothing else.
  expect((await run('server/cli.ts', ['token', '--space', 'Schiedam', '--role', 'member'], { SAMENPAD_DATA: folder }).ended).stdout).toMatch(/^[\w-]{43}\n$/)
})
