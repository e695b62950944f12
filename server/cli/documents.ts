/** What is in a space: a list of its items, and an export that can be read without the product. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { toHex } from '../../shared/base/bytes.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { ok } from '../../shared/base/result.ts'
import { markdownOf } from '../../shared/derive/markdown.ts'
import type { Entry } from '../../shared/model/entries.ts'
import { loadFacts } from '../derive/facts-document.ts'
import { materialise, type Materialised } from '../derive/materialise.ts'
import type { LogReader } from '../store/log-reader.ts'
import { findSpace, refuse, table, withAccounts, withLog, type Command } from './command.ts'

const PAGE_BYTES_MAX = 4 * 1024 * 1024
const PAGE_COUNT_MAX = 2_000

/** Ids of the items of a space, in the order of their first entry. Payloads are not kept. */
function itemsOf(log: LogReader, space: SpaceId): ItemId[] {
  const items = new Set<ItemId>()
  for (let seq = 0; ; ) {
    const { entries } = log.read(space, seq, PAGE_BYTES_MAX, PAGE_COUNT_MAX)
    const last = entries.at(-1)
    if (!last) return [...items]
    for (const { item } of entries) items.add(item)
    seq = last.seq
  }
}

function entriesOf(log: LogReader, space: SpaceId, item: ItemId): Entry[] {
  const all: Entry[] = []
  for (let from = 1; ; ) {
    const page = log.readItem(space, item, null, from, Number.MAX_SAFE_INTEGER, PAGE_COUNT_MAX, PAGE_BYTES_MAX)
    const last = page.at(-1)
    if (!last) return all
    all.push(...page)
    from = last.seq + 1
  }
}

export const items: Command = {
  name: 'items',
  usage: '--space S',
  summary: 'Laat zien wat er in een ruimte staat',
  options: ['space'],
  operation: () => 'machine.read',
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, 'read', ({ path, accounts }) => {
      const space = findSpace(accounts, options.space ?? '')
      if (!space.ok) return space
      return withLog(path, async (log) => {
        await loadFacts()
        const list = itemsOf(log, space.value.space).map((item) => {
          const { row } = materialise(entriesOf(log, space.value.space, item))
          return { id: row.item, type: row.type, title: row.title, status: row.status, version: row.version, parent: row.parent, gone: row.gone, sample: row.sample, changedAt: row.changedAt, changedBy: row.changedBy }
        })
        const shown = list.filter(({ gone }) => !gone)
        return ok({
          json: { space: { id: space.value.space, name: space.value.name }, items: list },
          text: shown.length === 0 ? 'Er staat nog niets in deze ruimte.' : table(shown.map(({ id, type, status, title }) => [id, type, status, title])),
        })
      })
    }),
}

export const exportSpace: Command = {
  name: 'export',
  usage: '--space S --out MAP',
  summary: 'Schrijft een ruimte naar gewone bestanden: teksten als Markdown en JSON, gegevens, besluiten en geschiedenis',
  options: ['space', 'out'],
  operation: () => 'machine.export',
  run: ({ options }, surroundings) =>
    withAccounts(surroundings, 'read', ({ path, accounts }) => {
      const found = findSpace(accounts, options.space ?? '')
      if (!found.ok) return found
      const { space, kind, name } = found.value
      const out = resolve(options.out ?? '')
      if (existsSync(out) && readdirSync(out).length > 0) return refuse('folder-filled', `De map ${out} is niet leeg; er is niets geschreven. Kies een lege of nieuwe map.`)
      return withLog(path, async (log) => {
        await loadFacts()
        const head = log.head(space)
        const authors = new Set<string>()
        const index: { id: string; type: string; title: string; status: string; gone: boolean; folder: string }[] = []
        try {
          mkdirSync(join(out, 'items'), { recursive: true })
          for (const item of itemsOf(log, space)) {
            const entries = entriesOf(log, space, item)
            for (const { author } of entries) authors.add(author)
            const found = materialise(entries)
            const folder = `items/${folderNameOf(found)}`
            writeItem(join(out, folder), found, entries)
            index.push({ id: item, type: found.row.type, title: found.row.title, status: found.row.status, gone: found.row.gone, folder })
          }
          const people = [...authors].map((user) => accounts.person(user) ?? { user, name: '', job: '', organisation: '', color: 1 }).map(({ user, name, job, organisation }) => ({ id: user, name, job, organisation }))
          writeJson(join(out, 'space.json'), {
            format: 'samenpad-export-1', exportedAt: surroundings.clock.now(), version: surroundings.version, space: { id: space, kind, name },
            log: head ? { epoch: head.epoch, head: head.head, tailHash: toHex(head.tailHash) } : null, people, items: index,
          })
        } catch (error) {
          if (error instanceof Error && 'syscall' in error) return refuse('unwritable', `${error.message}. Kijk of deze gebruiker in ${out} mag schrijven en of er ruimte is.`)
          throw error
        }
        return ok({ json: { out, space: { id: space, name }, items: index, entries: head?.head ?? 0 }, text: `${index.length} documenten van ${name} geschreven naar ${out}`, about: { space, subject: `${index.length} items` } })
      })
    }),
}

/** A name that every file system takes: letters, digits and hyphens, and part of the id, so that two never meet. */
function folderNameOf({ row, item }: Materialised): string {
  const words = row.title.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 60).replaceAll(/-+$/g, '')
  return `${words === '' ? row.type : words}-${item.slice(0, 12)}`
}

function writeItem(folder: string, found: Materialised, entries: readonly Entry[]): void {
  const { row, facts, prose, acts, actList, content, seal, leftOut } = found
  mkdirSync(folder)
  writeFileSync(join(folder, 'content.md'), markdownOf({ facts, prose, title: row.title, status: row.status, version: row.version }))
  writeJson(join(folder, 'prose.json'), prose)
  writeJson(join(folder, 'facts.json'), facts)
  writeJson(join(folder, 'acts.json'), { state: acts, acts: actList.map(({ seq, act, author, time }) => ({ seq, author, time, ...act })) })
  writeJson(join(folder, 'item.json'), { ...row, seal, leftOut })
  // Everything that was ever written, a line each: enough to build the document again, with author and time of every edit.
  writeFileSync(
    join(folder, 'history.jsonl'),
    entries.map(({ seq, prevItemSeq, entry, part, format, schema, author, writer, serverTime, clientTime, payload }) =>
      `${JSON.stringify({ seq, prevItemSeq, entry, part, format, schema, author, writer, serverTime, clientTime, payload: Buffer.from(payload).toString('base64') })}\n`).join(''),
  )
  // The bytes that each seal names: `sha256sum` gives the name back.
  const sealed = new Map(actList.flatMap(({ act }) => (act.kind === 'propose' ? [[act.seal, act.content] as const] : [])))
  sealed.set(seal, content)
  mkdirSync(join(folder, 'seals'))
  for (const [hash, text] of sealed) {
    const isRight = createHash('sha256').update(text).digest('hex') === hash
    writeFileSync(join(folder, 'seals', `${hash}${isRight ? '' : '.broken'}.json`), text)
  }
}

const writeJson = (path: string, value: unknown): void => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
