/** What stands in the browser's own store, read from another page of the same address, past everything the product does. */
import type { BrowserContext } from 'playwright-core'
import { utf8 } from '../../shared/base/bytes.ts'
import { crc32 } from '../../shared/base/checksum.ts'

interface RawRow {
  entry: string
  item: string
  part: string
  space: string
  writer: string
  payload: number[]
  sum: number
}
export interface RawStore {
  version: number
  entries: RawRow[]
  outbox: RawRow[]
  archive: RawRow[]
  names: string[]
}

/** A page of the relay's address without the product in it. */
export async function blankPage(context: BrowserContext, address: string) {
  const page = await context.newPage()
  await page.goto(`${address}/healthz`)
  return page
}

export async function readStore(context: BrowserContext, address: string): Promise<RawStore> {
  const page = await blankPage(context, address)
  try {
    return await page.evaluate(async () => {
      const found = (await indexedDB.databases()).find(({ name }) => name?.startsWith('samenpad-'))
      if (!found?.name) return { version: 0, entries: [], outbox: [], archive: [], names: [] }
      const name = found.name
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const asked = indexedDB.open(name)
        asked.onsuccess = () => resolve(asked.result)
        asked.onerror = () => reject(asked.error ?? new Error('cannot be opened'))
      })
      const all = (store: string): Promise<RawRow[]> =>
        new Promise((resolve, reject) => {
          const asked = db.transaction(store).objectStore(store).getAll() as IDBRequest<(Omit<RawRow, 'payload'> & { payload: Uint8Array })[]>
          asked.onsuccess = () => resolve(asked.result.map(({ entry, item, part, space, writer, payload, sum }) => ({ entry, item, part, space, writer, payload: [...payload], sum })))
          asked.onerror = () => reject(asked.error ?? new Error('cannot be read'))
        })
      const result = { version: db.version, entries: await all('entries'), outbox: await all('outbox'), archive: await all('archive'), names: [...db.objectStoreNames] }
      db.close()
      return result
    })
  } finally {
    await page.close()
  }
}

/** Breaches of what must hold between rows, whatever happened. */
export function faultsOf({ entries, outbox, archive }: RawStore): string[] {
  const faults: string[] = []
  const sumsByEntry = new Map(entries.map(({ entry, sum }) => [entry, sum]))
  for (const [table, rows] of [['entries', entries], ['outbox', outbox], ['archive', archive]] as const) {
    for (const { entry, item, part, space, writer, payload, sum } of rows)
      if (sum !== crc32(Uint8Array.from(payload), crc32(utf8(`${entry}${item}${part}${space}${writer}`)))) faults.push(`${table} ${entry.slice(0, 6)} has a wrong checksum, or none`)
  }
  for (const { entry, sum } of outbox) if (sumsByEntry.get(entry) !== sum) faults.push(`outbox ${entry.slice(0, 6)} is not among the entries: half an edit`)
  return faults
}
