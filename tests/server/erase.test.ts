/** *Definitief verwijderen* through the command line and over HTTP: beside a running relay, without one, and by whom. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId, type Id } from '../../shared/base/ids.ts'
import { FORMAT_OF_PART, type NewEntry, type Part } from '../../shared/model/entries.ts'
import { createFactsDocument, loadFacts } from '../../server/derive/facts-document.ts'
import { systemDice } from '../../server/system.ts'
import { run, startUnderTest, type UnderTest } from './relay-under-test.ts'

const TOKEN = 'mevrouw-x7Q'

// reason: tests read whatever came
// eslint-disable-next-line @typescript-eslint/no-explicit-any
async function ask(folder: string, ...args: string[]): Promise<{ code: number | null; json: any; stderr: string }> {
  const { code, stdout, stderr } = await run('server/cli.ts', [...args, '--json'], { SAMENPAD_DATA: folder }).ended
  return { code, json: JSON.parse(stdout), stderr }
}

/** Two knowledge pages; in the first a name was typed and deleted again. */
async function write(relay: UnderTest, space: Id, user: Id): Promise<{ page: Id; other: Id }> {
  await loadFacts()
  const push = async (item: Id, part: Part, payload: Uint8Array, writer: Id): Promise<void> => {
    const entry: NewEntry = { space, entry: newId(systemDice), item, part, format: FORMAT_OF_PART[part], schema: 1, clientTime: 1, writer, payload }
    expect(await relay.running.relay.push(user, entry)).toMatchObject({ kind: 'stored' })
  }
  await relay.running.log.ensureSpace(space)
  const make = async (title: string, words: readonly string[]): Promise<Id> => {
    const [item, writer] = [newId(systemDice), newId(systemDice)]
    const facts = createFactsDocument(newId(systemDice))
    await push(item, 'facts', facts.change([['type', 'knowledge'], ['title', title]], 1, user), newId(systemDice))
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    const text = new Y.XmlText()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [text])
    doc.getXmlFragment('prose').insert(0, [paragraph])
    for (const word of words) text.insert(text.length, word)
    if (words.includes(TOKEN)) text.delete(text.toJSON().indexOf(TOKEN), TOKEN.length)
    for (const update of updates) await push(item, 'prose', update, writer)
    return item
  }
  return { page: await make('Afspraken', ['Eerst. ', TOKEN, ' Daarna.']), other: await make('Blijft', ['Dit blijft.']) }
}

const filesWith = (folder: string, words: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? filesWith(join(folder, one.name), words) : readFileSync(join(folder, one.name)).includes(words) ? [one.name] : []))

test.each([['beside a running relay', true], ['without a relay', false]])('%s: history first, then the whole item; other items stay, the register knows', async (_name, isRunning) => {
  const relay = await startUnderTest()
  const { folder, running } = relay
  const space = relay.space('Schiedam')
  const { user } = await relay.member(space, 'leader', 'projectleider@gemeente.nl')
  const { page, other } = await write(relay, space, user)
  if (!isRunning) await running.close()
  expect(filesWith(folder, TOKEN)).not.toEqual([])

  const history = await ask(folder, 'erase', '--space', 'Schiedam', '--item', page, '--history', '--reason', 'naam van een cliënt')
  expect(history, history.stderr).toMatchObject({ code: 0, json: { item: page, mode: 'history', isScrubbed: true, factsEntriesCount: 1, sealsCount: 0 } })
  expect(filesWith(folder, TOKEN)).toEqual([])
  const out = join(folder, '..', `${newId(systemDice)}-out`)
  expect(await ask(folder, 'export', '--space', space, '--out', out)).toMatchObject({ code: 0, json: { items: [{ id: page }, { id: other }] } })

  expect(await ask(folder, 'erase', '--space', space, '--item', page, '--reason', 'hele pagina')).toMatchObject({ code: 0, json: { mode: 'whole', isScrubbed: true } })
  expect(await ask(folder, 'items', '--space', space)).toMatchObject({ json: { items: [{ id: other, title: 'Blijft' }] } })
  expect(await ask(folder, 'erase', '--space', space, '--item', page, '--reason', 'nog eens')).toMatchObject({ code: 1, json: { error: { kind: 'unknown-item' } } })
  expect(await ask(folder, 'erase', '--space', space, '--item', other, '--reason', ' ')).toMatchObject({ code: 1, json: { error: { kind: 'usage' } } })
  expect(await ask(folder, 'verify')).toMatchObject({ code: 0, json: { ok: true } })
  const backup = join(folder, '..', `${newId(systemDice)}.backup`)
  expect(await ask(folder, 'backup', backup)).toMatchObject({ code: 0 })
  expect(readFileSync(backup).includes('Eerst. ')).toBe(false)
  if (isRunning) {
    // One for each, whether the relay wrote it or the command line; a command that was not understood asked nothing.
    const records = running.accounts.audit.page({ operation: 'machine.erase' }, 10).records
    expect(records.map(({ who, subject, result }) => [who, subject, result])).toEqual([
      [null, `${page} whole nog eens`, 'refused'], [null, `${page} whole hele pagina`, 'done'], [null, `${page} history naam van een cliënt`, 'done'],
    ])
  }
})

test('an older backup that is put back comes without what was erased since', async () => {
  const relay = await startUnderTest()
  const { folder, running } = relay
  const space = relay.space('Schiedam')
  const { user } = await relay.member(space, 'leader', 'projectleider@gemeente.nl')
  const { page, other } = await write(relay, space, user)
  const backup = join(folder, '..', `${newId(systemDice)}.backup`)
  expect(await ask(folder, 'backup', backup)).toMatchObject({ code: 0 })
  expect(await ask(folder, 'erase', '--space', space, '--item', page, '--history', '--reason', 'naam')).toMatchObject({ code: 0 })
  await running.close()
  expect(await ask(folder, 'restore', backup, '--force')).toMatchObject({ code: 0 })
  expect(filesWith(folder, TOKEN)).toEqual([])
  expect(await ask(folder, 'erase', '--space', space, '--item', page, '--reason', 'alles')).toMatchObject({ code: 0 })
  expect(await ask(folder, 'items', '--space', space)).toMatchObject({ json: { items: [{ id: other }] } })
})
