// The relay as a process: what it says when it cannot start, and how it stops.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { newId, NO_ID } from '../../shared/base/ids.ts'
import { decodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import { pino } from 'pino'
import { startRelay } from '../../server/assemble.ts'
import { readConfig } from '../../server/config.ts'
import { explain } from '../../server/explain.ts'
import { openAccounts } from '../../server/auth/accounts.ts'
import { openDatabase } from '../../server/store/database.ts'
import { LOG_APPLICATION_ID, LOG_FILE } from '../../server/store/log-rows.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { createEntryMaker, createTypist } from '../contract/payloads.ts'
import { atEnd, freshDist, freshFolder, openSocket, run, startUnderTest, type Ended } from './relay-under-test.ts'

/** One line for a person, with a next step; no stack, and not "success". */
function expectCalm({ code, stdout, stderr }: Ended, says: RegExp): void {
  expect([code, stdout]).toEqual([1, ''])
  expectSentence(stderr.trim(), says)
}

function expectSentence(text: string, says: RegExp): void {
  expect(text).toMatch(says)
  expect(text.split('\n')).toHaveLength(1)
  expect(text).not.toMatch(/\s+at |Error:|undefined/)
}

/** Starts as main.ts does, in this process: what it would say, null when it runs. */
async function saysAtStart(env: Record<string, string>, args: string[] = []): Promise<string | null> {
  const config = readConfig({ PORT: '0', ...env }, args, process.versions.node)
  if (!config.ok) return explain(config.failure)
  const started = await startRelay(config.value, { clock: systemClock, dice: systemDice, log: pino({ level: 'silent' }), version: 'test', dist: freshDist() })
  if (!started.ok) return explain(started.failure)
  await started.value.close()
  return null
}

test('what a person can put right ends in one line with a next step, and nothing is touched', async () => {
  const folder = freshFolder()
  const foreign = join(folder, 'foreign')
  mkdirSync(foreign)
  writeFileSync(join(foreign, 'brief.txt'), 'van iemand anders')
  const newer = join(folder, 'newer')
  mkdirSync(newer)
  writeFileSync(join(newer, 'samenpad.json'), '{"product":"samenpad","format":99}')
  const damaged = join(folder, 'damaged')
  mkdirSync(damaged)
  writeFileSync(join(damaged, 'samenpad.json'), '{"product":"samenpad","format":1}')
  writeFileSync(join(damaged, LOG_FILE), 'dit is geen database'.repeat(1_000))
  const unmarked = join(folder, 'unmarked')
  mkdirSync(unmarked)
  writeFileSync(join(unmarked, 'samenpad.json'), '{"product":"samen\u0000ad"')
  writeFileSync(join(unmarked, LOG_FILE), 'een log')
  const lost = join(folder, 'lost')
  mkdirSync(lost)
  writeFileSync(join(lost, 'samenpad.json'), '{"product":"samenpad","format":1}')
  writeFileSync(join(lost, 'generation'), `${'ab'.repeat(16)}\n`)
  // Root may write anywhere but in /proc.
  const unwritable = process.getuid?.() === 0 ? '/proc/samenpad' : join(folder, 'read-only')
  if (!unwritable.startsWith('/proc')) mkdirSync(unwritable)
  if (!unwritable.startsWith('/proc')) chmodSync(unwritable, 0o500)
  const busy = createServer().listen(0, '127.0.0.1')
  atEnd(() => busy.close())
  await new Promise((resolve) => busy.once('listening', resolve))
  const address = busy.address()
  const port = typeof address === 'object' && address ? address.port : 0

  const cases: [says: RegExp, env: Record<string, string>, args?: string[]][] = [
    [/is niet leeg en niet van Samenpad.*Kies met SAMENPAD_DATA/, { SAMENPAD_DATA: foreign }],
    [/samenpad.json ontbreekt of is beschadigd.*{"product":"samenpad","format":1}.*restore BESTAND/, { SAMENPAD_DATA: unmarked }],
    [/nieuwere versie van Samenpad.*Gebruik die nieuwere versie/, { SAMENPAD_DATA: newer }],
    [/beschadigd.*zet een reservekopie terug/, { SAMENPAD_DATA: damaged }],
    [/Het logboek ontbreekt.*restore BESTAND/, { SAMENPAD_DATA: lost }],
    [/kan niet worden geschreven.*schrijfrecht/, { SAMENPAD_DATA: unwritable }],
    [/al in gebruik.*PORT=\d+ npm start/, { SAMENPAD_DATA: join(folder, 'a'), PORT: String(port) }],
    [/niet van deze machine.*HOST/, { SAMENPAD_DATA: join(folder, 'b'), HOST: '192.0.2.1' }],
    [/PORT kan niet "zoveel" zijn/, { SAMENPAD_DATA: join(folder, 'c'), PORT: 'zoveel' }],
    [/PUBLIC_URL kan niet/, { SAMENPAD_DATA: join(folder, 'd'), PUBLIC_URL: 'https://a.nl/pad' }],
    [/TRUSTED_PROXIES kan niet "proxy".*adressen of netwerken/, { SAMENPAD_DATA: join(folder, 'd'), PUBLIC_URL: 'https://a.nl', TRUSTED_PROXIES: 'proxy' }],
    [/PUBLIC_URL kan niet leeg zijn.*TRUSTED_PROXIES/, { SAMENPAD_DATA: join(folder, 'd'), TRUSTED_PROXIES: '10.0.0.2' }],
    [/OIDC_ISSUER kan niet "http:\/\/login.gemeente.nl"/, { SAMENPAD_DATA: join(folder, 'f'), OIDC_ISSUER: 'http://login.gemeente.nl' }],
    [/OIDC_ISSUER kan niet "https:\/\/login.microsoftonline.com\/common\/v2.0".*je eigen tenant/, { SAMENPAD_DATA: join(folder, 'f'), OIDC_ISSUER: 'https://login.microsoftonline.com/common/v2.0' }],
    [/OIDC_CLIENT_SECRET kan niet leeg zijn/, { SAMENPAD_DATA: join(folder, 'f'), OIDC_ISSUER: 'https://login.gemeente.nl', OIDC_CLIENT_ID: 'samenpad' }],
    [/OIDC_ROLE_MAP kan niet .*een lijst in JSON/, { SAMENPAD_DATA: join(folder, 'f'), OIDC_ROLE_MAP: '[{"claim":"groups","value":"g","space":"Schiedam","role":"baas"}]' }],
    [/optie --dmeo bestaat niet/, { SAMENPAD_DATA: join(folder, 'e') }, ['--dmeo']],
  ]
  for (const [says, env, args] of cases) expectSentence((await saysAtStart(env, args)) ?? 'it runs', says)
  expect(readdirSync(foreign)).toEqual(['brief.txt'])
  expect(readdirSync(newer)).toEqual(['samenpad.json'])
  expect(existsSync(join(folder, 'c'))).toBe(false)
  // And where the start failed half-way, nothing is held: the next one runs.
  expect(await saysAtStart({ SAMENPAD_DATA: join(folder, 'a') })).toBeNull()
  writeFileSync(join(folder, 'a', 'erasures.json'), '{')
  expectSentence((await saysAtStart({ SAMENPAD_DATA: join(folder, 'a') })) ?? 'it runs', /a\/erasures\.json\) is niet leesbaar.*Zet dat bestand terug/)
  rmSync(join(folder, 'a', 'erasures.json'))
  expectCalm(await run('server/main.ts', [], { SAMENPAD_DATA: join(folder, 'a'), PORT: String(port) }).ended, /al in gebruik/)
})

test('who runs it for others hears that nobody can tell a weakness yet', async () => {
  const relay = run('server/main.ts', [], { SAMENPAD_DATA: join(freshFolder(), 'data'), PORT: '0', PUBLIC_URL: 'https://samenpad.gemeente.nl' })
  const [said] = await relay.says(/Samenpad draait op [^]*SECURITY_CONTACT.*\n/)
  expect(said).toContain('mailto:')
})

test('a log of a newer version is refused and not touched', async () => {
  const relay = await startUnderTest()
  await relay.running.close()
  const path = join(relay.folder, LOG_FILE)
  const file = openDatabase({ path, applicationId: LOG_APPLICATION_ID, migrations: ['', '', '', '', ''], mode: 'read' })
  if (file.ok) return expect.unreachable('a fresh log has one version')
  expect(file.failure).toMatchObject({ kind: 'older' })
  // As a later version leaves it.
  const later = openDatabase({ path, applicationId: LOG_APPLICATION_ID, migrations: Array.from({ length: 99 }, () => 'SELECT 1'), mode: 'write' })
  if (later.ok) later.value.close()
  expectSentence((await saysAtStart({ SAMENPAD_DATA: relay.folder })) ?? 'it runs', /nieuwere versie/)
})

test('accounts and log of different installations, or a log without its accounts, are refused; put together again they run', async () => {
  const [ours, theirs] = [await startUnderTest(), await startUnderTest()]
  for (const { running } of [ours, theirs]) {
    const { space } = running.accounts.createSpace({ kind: 'municipality', name: 'Schiedam' })
    await running.log.ensureSpace(space)
    await running.close()
  }
  const generation = readFileSync(join(ours.folder, 'generation'), 'utf8')
  const [log, accounts] = [LOG_FILE, 'accounts.sqlite'].map((name) => ({ path: join(ours.folder, name), bytes: readFileSync(join(ours.folder, name)), other: readFileSync(join(theirs.folder, name)) }))
  const says = async (): Promise<string> => (await saysAtStart({ SAMENPAD_DATA: ours.folder })) ?? 'it runs'
  for (const file of [must(log, 'the log'), must(accounts, 'the accounts')]) {
    writeFileSync(file.path, file.other)
    expectSentence(await says(), /verschillende installaties.*restore BESTAND/)
    writeFileSync(file.path, file.bytes)
  }
  for (const gone of [() => rmSync(must(accounts, 'the accounts').path), () => writeFileSync(must(accounts, 'the accounts').path, '')]) {
    gone()
    expectSentence(await says(), /accounts.sqlite ontbreekt.*restore BESTAND/)
  }
  writeFileSync(must(accounts, 'the accounts').path, must(accounts, 'the accounts').bytes)
  expect(readFileSync(join(ours.folder, 'generation'), 'utf8')).toBe(generation)
  expect(await saysAtStart({ SAMENPAD_DATA: ours.folder })).toBeNull()
})

test('[ADM7] a log that was lost and begun anew counts as restored for the spaces that had one, and for no other', async () => {
  const first = await startUnderTest()
  const space = first.space()
  await first.running.close()
  for (const name of [LOG_FILE, 'generation']) rmSync(join(first.folder, name))
  const again = await startUnderTest({ data: first.folder })
  const fresh = again.space('Vlaardingen')
  await again.running.log.ensureSpace(fresh)
  const place = (of: string) => ({ space: of, item: newId(systemDice), writer: newId(systemDice), typist: createTypist(7) })
  const make = createEntryMaker()
  for (const [of, answer] of [[place(space), 'stored'], [place(fresh), 'refused']] as const) {
    const byAuthor = (words: string) => ({ entry: make.entry({ space: of.space, item: of.item, writer: of.writer, payload: of.typist.type(words) }), author: newId(systemDice), serverTime: 1 })
    expect((await again.running.log.append([byAuthor('een '), byAuthor('twee ')])).results).toMatchObject([{ kind: 'stored' }, { kind: answer }])
  }
})

test('a second relay on one folder says where the first is, which goes on', async () => {
  const relay = await startUnderTest()
  expectCalm(await run('server/main.ts', [], { PORT: '0', SAMENPAD_DATA: relay.folder }).ended, new RegExp(`Er draait al een Samenpad.*${process.pid}.*http://localhost:${relay.port}`))
  expect((await relay.ask('GET', '/readyz')).json.ready).toBe(true)
})

test('SIGTERM: what was taken is acknowledged, laptops are told to come back, exit code 0; afterwards everything is there', async () => {
  const data = join(freshFolder(), 'data')
  const first = run('server/main.ts', [], { PORT: '0', SAMENPAD_DATA: data })
  const [, address = ''] = await first.says(/Samenpad draait op (\S+)/)
  expect((await first.says(/welkom\/([\w-]{43})/))[1]).toBeDefined()

  const accounts = openAccounts({ path: join(data, 'accounts.sqlite'), mode: 'write', clock: systemClock, dice: systemDice })
  if (!accounts.ok) return expect.unreachable(accounts.failure.kind)
  atEnd(() => accounts.value.dispose())
  const { token: setup } = accounts.value.createSetupLink()
  const post = (path: string, cookie: string, body: unknown) => fetch(address + path, { method: 'POST', headers: { 'content-type': 'application/json', origin: address, cookie }, body: JSON.stringify(body) })
  const accepted = await post(`/api/links/${setup}`, '', { login: 'beheer@gemeente.nl', name: 'beheerder', job: '', organisation: '', password: 'elf fietsen in de regen' })
  const cookie = (accepted.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const { space } = (await (await post('/api/spaces', cookie, { kind: 'municipality', name: 'Schiedam' })).json()) as { space: string }

  const socket = openSocket(`${address.replace('http', 'ws')}/sync`, { cookie, origin: address })
  await socket.opened
  socket.socket.send(encodeUp({ type: 'hello', protoMin: 1, protoMax: 1, build: 'test', device: NO_ID, pendingCount: 0 }))
  await socket.next()
  const act = new TextEncoder().encode(JSON.stringify({ kind: 'withdraw', reason: 'proef' }))
  const entry = 'ab'.repeat(16)
  socket.socket.send(encodeUp({ type: 'push', n: 1, space, entry, item: 'cd'.repeat(16), part: 'act', format: 'act1', schema: 1, clientTime: 1, writer: 'ef'.repeat(16), spans: new Uint8Array(), fragment: 0, fragments: 1, payload: act }))
  expect(decodeDown(await socket.next())).toMatchObject([{ type: 'ack', upToN: 1 }])

  first.child.kill('SIGTERM')
  expect(await socket.closed).toBe(1012)
  const { code, stdout, stderr } = await first.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Samenpad is gestopt.')
  expect(readdirSync(data)).not.toContain('relay.json')

  const second = run('server/main.ts', [], { PORT: '0', SAMENPAD_DATA: data })
  const [, again = ''] = await second.says(/Samenpad draait op (\S+)/)
  const response = await fetch(`${again}/sync/entries?space=${space}`, { headers: { cookie } })
  const messages = decodeDown(new Uint8Array(await response.arrayBuffer()))
  expect(messages).toMatchObject([{ type: 'subbed', head: 1 }, { type: 'entries', entries: [{ seq: 1, entry }] }])
  second.child.kill('SIGINT')
  expect((await second.ended).code).toBe(0)
})
