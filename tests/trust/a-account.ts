/**
 * A11, A12 and A14: what is written down, and what is not. One record for each thing that is asked; nothing of a text, a token or a person's number in
 * anything that those who run the relay read; and of a municipality that takes part in a programme the agreed fields alone.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { below, pick } from '../../shared/base/random.ts'
import { utf8 } from '../../shared/base/bytes.ts'
import type { AnyOperation } from '../../shared/model/grants.ts'
import type { Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { ACCOUNTS_FILE } from '../../server/auth/schema.ts'
import { createRegistrar } from '../contract/payloads.ts'
import { awaited } from './browser-laptop.ts'
import { dial, pushOf } from './client.ts'
import { createSyncDoor, openYjs, yjsFrame } from './doors.ts'
import { ROOT, samenpad, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'

/** Reading and refusals are on the disk within half a second. */
const WRITTEN_MS = 1_500

// ── A11 ──

interface Deed {
  operation: AnyOperation
  result: 'done' | 'refused'
  do(who: Townsman): Promise<unknown>
}

async function accounted(town: Town, trial: Trial): Promise<void> {
  const { accounts, relay, dice } = town
  const [space, elsewhere] = [town.space(0), town.space(1)]
  const target = town.somebody(space, 'reader')
  const item = newId(dice)
  const http = (operation: AnyOperation, result: Deed['result'], method: string, path: string, body?: unknown): Deed => ({ operation, result, do: ({ cookie }) => town.ask(method, path, { cookie, ...(body === undefined ? {} : { body }) }) })
  const overSocket = (operation: AnyOperation, result: Deed['result'], at: Id, say: (who: Townsman) => Parameters<Awaited<ReturnType<typeof dial>>['send']>): Deed => ({
    operation, result,
    async do(who) {
      const client = await dial(relay.address, who.cookie, dice, () => undefined)
      client.send(...say(who))
      await sleep(100)
      client.cut()
      return at
    },
  })
  const sub = (at: Id) => ({ type: 'sub', space: at, epoch: '0'.repeat(32), cursor: 0, tailHash: new Uint8Array(16) }) as const
  const deeds: Deed[] = [
    http('member.list', 'done', 'GET', `/api/spaces/${space}/members`), http('member.list', 'refused', 'GET', `/api/spaces/${elsewhere}/members`), http('audit.read', 'done', 'GET', `/api/spaces/${space}/audit`),
    http('audit.read', 'refused', 'GET', `/api/spaces/${elsewhere}/audit`), http('member.invite', 'done', 'POST', `/api/spaces/${space}/invitations`, { role: 'reader' }), http('member.change', 'done', 'PUT', `/api/spaces/${space}/members/${target.user}`, { role: 'reader' }),
    http('member.change', 'refused', 'PUT', `/api/spaces/${elsewhere}/members/${target.user}`, { role: 'reader' }), http('space.progress', 'done', 'GET', `/api/spaces/${space}/report`), http('installation.read', 'refused', 'GET', '/api/installation'),
    http('account.export', 'done', 'GET', '/api/me/export'), http('account.change', 'done', 'PUT', '/api/me', { name: 'lid', job: 'x', organisation: 'y' }), http('space.make', 'refused', 'POST', '/api/spaces', { kind: 'group', name: 'x' }), http('session.end', 'done', 'DELETE', '/api/session'),
    overSocket('space.read', 'done', space, () => [sub(space)]), overSocket('space.read', 'refused', elsewhere, () => [sub(elsewhere)]),
    overSocket('history.read', 'refused', elsewhere, () => [{ type: 'fetch', request: 1, space: elsewhere, item, part: 'prose', from: 1, upTo: 0 }]),
  ]
  const rounds = trial.count(7, 20, 60)
  const people = Array.from({ length: rounds * deeds.length }, () => town.somebody(space, 'admin'))
  await town.settled()
  for (const [i, who] of people.entries()) {
    await must(deeds[i % deeds.length], 'one').do(who)
    if (i % 50 === 0) trial.progress(`${i} of ${people.length}`)
  }
  await sleep(WRITTEN_MS)
  accounts.refresh()
  let right = 0
  for (const [i, { user }] of people.entries()) {
    const { operation, result } = must(deeds[i % deeds.length], 'one')
    const found = accounts.audit.page({ who: user }, 9).records.map((one) => `${one.operation} ${one.result}`)
    if (found.join() === `${operation} ${result}`) right++
    else trial.violation(`${operation} ${result} is accounted as ${found.join() || 'nothing'}`)
  }
  trial.figure(`${right} of ${count(people.length, 'action')} with exactly one record`)

  // The account as a file in wrong hands, once for each way of touching it.
  await relay.stop()
  const total = must(accounts.audit.verify().count, 'a count')
  const tries = trial.count(6, 100, 100)
  const columns: Record<string, string> = { time: 'time + 1', who: `'${newId(dice)}'`, operation: "'item.write'", space: `'${newId(dice)}'`, subject: "subject || '!'", source: "'10.0.0.1'", role: "'owner'", request: "'r0'", result: "CASE result WHEN 'done' THEN 'refused' ELSE 'done' END" }
  const ways = ['removed', 'swapped', 'removed at the end', ...Object.keys(columns)]
  let foundCount = 0
  const { code, out } = await samenpad(town.data, 'verify', '--json')
  if (code !== 0) trial.violation(`verify of the untouched account: ${out.slice(0, 300)}`)
  for (let i = 0; i < tries; i++) {
    await withFolder(async (folder) => {
      for (const name of readdirSync(town.data)) if (statSync(join(town.data, name)).isFile()) copyFileSync(join(town.data, name), join(folder, name))
      const file = new DatabaseSync(join(folder, ACCOUNTS_FILE))
      const seq = 2 + below(dice, total - 4)
      const way = must(ways[i % ways.length], 'one')
      if (way === 'removed') file.prepare('DELETE FROM audit WHERE seq = ?').run(seq)
      else if (way === 'removed at the end') file.prepare('DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)').run()
      else if (way === 'swapped') file.exec(`UPDATE audit SET seq = -1 WHERE seq = ${seq}; UPDATE audit SET seq = ${seq} WHERE seq = ${seq + 1}; UPDATE audit SET seq = ${seq + 1} WHERE seq = -1`)
      else file.prepare(`UPDATE audit SET ${way} = ${must(columns[way], 'one')} WHERE seq = ?`).run(seq)
      file.close()
      const said = await samenpad(folder, 'verify', '--json')
      if (said.code !== 0 && said.out.includes(way === 'removed at the end' ? 'audit' : String(seq))) foundCount++
      else trial.violation(`${way} at ${seq}: verify ends with ${said.code}: ${said.out.slice(0, 200)}`)
    })
    trial.progress(`${i + 1} of ${tries} tampered`)
  }
  trial.figure(`${foundCount} of ${tries} edits, removals and reorderings found by verify`)
  await relay.start()
}

export const a11: Row = {
  id: 'A11',
  name: 'Audit',
  promise: 'each thing that is asked leaves one record with who, what and what came of it, and a record that was touched is found',
  target: '1 record per action, 100 of 100 tamperings found by verify, 6 in CI (every route by three roles is in tests/server, 100 of 100 in one process in server/auth)',
  run: (trial) => withTown(trial, 'A11', { spaces: [{ kind: 'municipality', name: 'Schiedam' }, { kind: 'municipality', name: 'Almere' }] }, (town) => accounted(town, trial)),
}

// ── A12 ──

const BSN = '123456782'
const PASSWORD = 'zeven zwarte zwanen zwemmen'

async function secrets(town: Town, trial: Trial): Promise<void> {
  const { accounts, relay, dice } = town
  const space = town.space(0)
  const who = town.somebody(space, 'admin')
  const planted = new Map<string, string>([['a session', who.session], ['a password', PASSWORD], ['a BSN', BSN]])
  const plant = (what: string): string => {
    const word = `${newId(dice)}${newId(dice)}`.slice(0, 40)
    planted.set(what, word)
    return word
  }
  const bearer = accounts.createToken({ space, role: 'member', label: 'A12' }).token
  planted.set('a bearer token', bearer)
  const invitation = accounts.createInvitation({ space, role: 'member', by: null }).token
  planted.set('an invitation', invitation)
  await town.settled()
  const [item, writer] = [newId(dice), newId(dice)]
  const text = plant('words of a document')
  const title = plant('a title')
  const doc = new Y.Doc()
  doc.getXmlFragment('prose').insert(0, [new Y.XmlText(`${text} ${BSN}`)])
  const door = createSyncDoor(relay.address, who.cookie, dice)
  const push = (part: Part, payload: Uint8Array, at: Id = item) => door.push(pushOf({ space, entry: newId(dice), item: at, part, writer, payload }))
  const facts = createRegistrar(writer)
  for (const payload of [facts.set('type', 'agreement'), facts.set('title', title)]) if ((await push('facts', payload)) !== 'taken') throw new Error('the title was not taken')
  if ((await push('prose', Y.encodeStateAsUpdate(doc))) !== 'taken') throw new Error('the words were not taken')
  // Everything that goes wrong with a secret or a sentence in it.
  const wrong = plant('words in a request that fails')
  const sockets = [`/sync?token=${bearer}`, `/yjs/${item}?token=${bearer}`, `/yjs/${newId(dice)}?token=${wrong}`]
  for (const path of sockets) {
    const client = new WebSocket(`${relay.address.replace('http', 'ws')}${path}`)
    await new Promise<void>((resolve) => {
      client.onopen = () => client.send(`${wrong} ${BSN}`)
      client.onclose = () => resolve()
      client.onerror = () => resolve()
      setTimeout(() => {
        client.close()
        resolve()
      }, 400)
    })
  }
  const stock = await openYjs(relay.address, who.cookie, item, () => undefined)
  stock.socket.send(yjsFrame(1, yjsFrame(1, 7, 1, JSON.stringify({ user: { name: wrong }, cursor: BSN }))))
  await push('prose', utf8(`${wrong} ${BSN}`))
  await push('act', utf8(JSON.stringify({ kind: 'sign', note: `${wrong} ${BSN}` })))
  await push('facts', utf8(`${wrong}`), newId(dice))
  stock.socket.terminate()
  for (const [method, path, asked] of [
    ['POST', '/api/session', { body: { login: 'niemand@voorbeeld.test', password: PASSWORD } }], ['POST', '/api/session', { body: `{"login": "${wrong}", "password": ${PASSWORD}` }], ['GET', `/api/links/${invitation}`, {}],
    ['POST', `/api/links/${invitation}`, { body: { login: `${BSN}`, name: wrong, job: '', organisation: '', password: PASSWORD } }], ['GET', `/welkom/${invitation}`, { headers: { accept: 'text/html' } }], ['GET', `/${wrong}?bsn=${BSN}`, { headers: { accept: 'text/html' } }],
    ['GET', `/api/${wrong}?token=${bearer}`, {}], ['PUT', '/api/me/password', { cookie: who.cookie, body: { old: PASSWORD, next: PASSWORD } }], ['POST', '/sync/push', { cookie: who.cookie, body: utf8(`${wrong} ${BSN}`) }], ['GET', `/sync/entries?space=${wrong}&token=${bearer}`, {}],
    ['GET', '/api/me', { bearer: wrong }], ['POST', `/api/spaces/${space}/erasures`, { cookie: who.cookie, body: { item: wrong, mode: 'whole', reason: `${wrong} ${BSN}` } }], ['GET', '/api/oidc/callback?code=geheim&state=x', {}], ['GET', `/api/spaces/${space}/audit?operation=${wrong}`, { cookie: who.cookie }],
  ] as const) await town.ask(method, path, asked)
  await sleep(WRITTEN_MS)
  const read: [string, string][] = [['the log', relay.output()], ['/metrics', (await town.ask('GET', '/metrics')).text], ['/api/openapi.json', (await town.ask('GET', '/api/openapi.json')).text], ['/readyz', (await town.ask('GET', '/readyz')).text]]
  const verified = await samenpad(town.data, 'verify', '--json')
  const listed = await samenpad(town.data, 'users', '--json')
  read.push(['verify', verified.out + verified.error], ['users', listed.out + listed.error])
  // A fault, as far as one can be asked for from outside: whatever the process leaves behind when it is ended the hard way.
  await relay.kill()
  const files = readdirSync(town.data, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  // Texts are what the log is for, names and records what the accounts are for: there, secrets alone are looked for. The account itself has no content.
  for (const { name, parentPath } of files) read.push([name, readFileSync(join(parentPath, name), 'latin1')])
  const account = new DatabaseSync(join(town.data, ACCOUNTS_FILE)).prepare('SELECT * FROM audit').all()
  read.push(['the account', JSON.stringify(account)])
  const content = new Set(['words of a document', 'a title', 'words in a request that fails', 'a BSN'])
  // What somebody asked the account for is what is written of reading it.
  const isAllowed = (place: string, what: string): boolean => content.has(what) && (place.startsWith('log.sqlite') || place.includes('snapshot') || place.startsWith(ACCOUNTS_FILE))
  let hits = 0
  for (const [place, words] of read) {
    for (const [what, secret] of planted) {
      if (!words.includes(secret) || isAllowed(place, what)) continue
      if (place === 'the account' && what === 'words in a request that fails' && !account.some((one) => JSON.stringify(one).includes(secret) && one.operation !== 'audit.read')) continue
      hits++
      trial.violation(`${what} is in ${place}: …${words.slice(Math.max(0, words.indexOf(secret) - 120), words.indexOf(secret) + 20)}…`)
    }
  }
  // The window as it is served: no source maps, no words of this machine.
  let built = 0
  if (existsSync(join(ROOT, 'dist'))) {
    for (const file of readdirSync(join(ROOT, 'dist'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
      built++
      if (file.name.endsWith('.map')) trial.violation(`a source map is served: ${file.name}`)
      if (/\.(js|css|html)$/.test(file.name) && /sourceMappingURL=|\/home\/\w|\/root\/|C:\\Users/.test(readFileSync(join(file.parentPath, file.name), 'utf8'))) trial.violation(`${file.name} names a source or a folder of this machine`)
    }
  }
  if (!read.some(([place, words]) => place.startsWith('log.sqlite') && words.includes(text))) trial.violation('the words are not even in the log of the texts: the trial proves nothing')
  if (!relay.output().includes('"answered"')) trial.violation('the log of the relay says nothing of requests: the trial proves nothing')
  trial.figure(`${count(planted.size, 'secret')} planted, looked for in ${read.length} logs, answers and files and ${built} files of the window: ${count(hits, 'hit')}`)
  await relay.start()
}

export const a12: Row = {
  id: 'A12',
  name: 'Secrets',
  promise: 'no token, password, sentence or number of a person is in what those who run the relay read, and no source in what is served',
  target: 'planted tokens, cookies, words and BSN: 0 hits in logs, metrics, the account, what commands print, files left after a kill; 0 source maps',
  run: (trial) => withTown(trial, 'A12', { spaces: [{ kind: 'municipality', name: 'Schiedam' }], env: { LOG_LEVEL: 'debug' } }, (town) => secrets(town, trial)),
}

// ── A14 ──

/** What was agreed that a programme sees: the fields of a row, by name. */
const AGREED: readonly (keyof ItemRow)[] = [
  'item', 'space', 'type', 'title', 'parent', 'order', 'gone', 'sample', 'status', 'version', 'conflictCount', 'changedSinceSeal', 'waitingFor', 'proposedAt', 'adoptedAt', 'consultUntil', 'owner', 'domain', 'reviewBy', 'date',
  'stepCount', 'stepsWithoutRole', 'stepsWithoutTerm', 'stepsWithoutFeedback', 'actions', 'decisionNumberMax', 'milestones', 'changedAt', 'changedBy',
]

async function overlooked(town: Town, trial: Trial, municipalitiesCount: number): Promise<void> {
  const { accounts, relay, dice } = town
  const programme = town.space(municipalitiesCount)
  const leader = town.somebody(programme, 'programme-leader')
  const towns = Array.from({ length: municipalitiesCount }, (_, i) => town.space(i))
  const author = town.somebody(null, null, newId(dice))
  for (const space of towns) {
    accounts.setRole(author.user, space, 'leader')
    accounts.setParticipation(programme, space, true)
  }
  await town.settled()
  const canaries: string[] = [author.person.name]
  const door = createSyncDoor(relay.address, author.cookie, dice)
  for (const [i, space] of towns.entries()) {
    const [item, writer] = [newId(dice), newId(dice)]
    const canary = (): string => {
      const word = newId(dice)
      canaries.push(word)
      return word
    }
    const facts = createRegistrar(writer)
    const doc = new Y.Doc()
    doc.clientID = dice.uint32()
    doc.getXmlFragment('prose').insert(0, [new Y.XmlText(canary())])
    const parts: [Part, Uint8Array][] = [['facts', facts.set('type', 'agreement')], ['facts', facts.set('title', `Afspraak ${i}`)], ['facts', facts.set('escalation', canary())], ['facts', facts.set('trigger', canary())], ['prose', Y.encodeStateAsUpdate(doc)]]
    for (const [part, payload] of parts) {
      const said = await door.push(pushOf({ space, entry: newId(dice), item, part, writer, payload }))
      if (said !== 'taken') throw new Error(`${part}: ${said}`)
    }
    if (i % 20 === 0) trial.progress(`${i} of ${municipalitiesCount}`)
  }
  door.cut()
  const report = async (): Promise<{ municipalities: { space: string; rows: Record<string, unknown>[] }[] }> => JSON.parse((await town.ask('GET', `/api/programmes/${programme}/report`, { cookie: leader.cookie })).text) as Awaited<ReturnType<typeof report>>
  let texts = ''
  const isWhole = await awaited(async () => {
    const { text } = await town.ask('GET', `/api/programmes/${programme}/report`, { cookie: leader.cookie })
    texts += text
    return (JSON.parse(text) as Awaited<ReturnType<typeof report>>).municipalities.filter(({ rows }) => rows.length > 0).length === municipalitiesCount
  }, 60_000)
  if (isWhole === null) trial.violation('the report is never whole')
  const { municipalities } = await report()
  const fields = new Set(municipalities.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row))))
  const extra = [...fields].filter((name) => !(AGREED as readonly string[]).includes(name))
  if (extra.length > 0) trial.violation(`fields that nobody agreed on: ${extra.join(', ')}`)
  // Every other door, with the real ids of municipalities that take part.
  const some = Array.from({ length: Math.min(10, towns.length) }, () => pick(dice, towns))
  let refused = 0
  for (const space of some) {
    for (const path of [`/api/spaces/${space}/members`, `/api/spaces/${space}/audit`, `/api/spaces/${space}/invitations`, `/sync/entries?space=${space}`]) {
      const { status, text } = await town.ask('GET', path, { cookie: leader.cookie })
      texts += text
      if (status === 403) refused++
      else trial.violation(`GET ${path.replaceAll(/[0-9a-f]{32}/g, ':id')} of a municipality that takes part: ${status}`)
    }
  }
  texts += (await town.ask('GET', '/api/people', { cookie: leader.cookie })).text
  const heard: Uint8Array[] = []
  const client = await dial(relay.address, leader.cookie, dice, (message) => void (message.type === 'entries' && heard.push(...message.entries.map(({ payload }) => payload))))
  for (const space of some) client.send({ type: 'sub', space, epoch: '0'.repeat(32), cursor: 0, tailHash: new Uint8Array(16) })
  await sleep(500)
  client.cut()
  texts += Buffer.concat(heard).toString('latin1')
  const found = canaries.filter((canary) => texts.includes(canary))
  if (found.length > 0) trial.violation(`${found.length} of ${canaries.length} canaries came through`)
  accounts.setParticipation(programme, must(towns[0], 'one'), false)
  await town.settled()
  if ((await report()).municipalities.some(({ space }) => space === towns[0])) trial.violation('a municipality that stopped is still seen')
  trial.figure(`${count(municipalitiesCount, 'municipality', 'municipalities')}, ${count(canaries.length, 'canary', 'canaries')}, ${found.length} came through, ${fields.size} fields all agreed, no name of a person, ${refused} other questions refused`)
}

export const a14: Row = {
  id: 'A14',
  name: 'Programme view',
  promise: 'who leads a programme sees the agreed fields of municipalities that take part and nothing else of them',
  target: '300 municipalities, 12 in CI: 0 canaries of texts, facts and people, only agreed fields (people are never in it, so there is no count of few to hide; `changedBy` is an id without a name)',
  run: (trial) => {
    const total = trial.count(12, 300, 300)
    return withTown(trial, 'A14', { spaces: [...Array.from({ length: total }, (_, i) => ({ kind: 'municipality' as const, name: `Gemeente ${i + 1}` })), { kind: 'programme', name: 'Programma' }] }, (town) => overlooked(town, trial, total))
  },
}
