/**
 * What of each row of the store is sealed, said once for the store that writes rows one by one and for the conversion that writes all of them:
 * payloads, attribution of snapshots, whole projection rows, search texts, names of spaces, and small values but the few that name no content.
 * Ids, places, times, sizes, roles and cursors stay as they are: the tables are found and ordered by them.
 */
import { fromHex, fromUtf8, toHex, utf8 } from '../../shared/base/bytes.ts'
import type { EntryId, ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { Cipher } from './cipher.ts'
import type { SnapshotRow, SpaceRow, TextRow } from './store.ts'

/** Device, marks of the crash guard, the probe of a refusing store, the identity of the database: ids and times only. */
const CLEAR_VALUES = new Set(['device', 'applying', 'crashes', 'probe', 'database'])

/** Stands in the table in the place of a row or text; the store below looks at `item` and `space` alone. */
interface Stand {
  item: ItemId
  space: SpaceId
  sealed: Uint8Array
}

/** What does not open (altered, put elsewhere, another key) is null. */
export interface Sealing {
  /** The same for an entry wherever it lies (entries, outbox, archive): its bytes move between the tables unopened. */
  payload: { seal(entry: EntryId, payload: Uint8Array): Promise<Uint8Array>; open(entry: EntryId, sealed: Uint8Array): Promise<Uint8Array | null> }
  snapshotPayload(item: ItemId, part: Part): { seal(payload: Uint8Array): Promise<Uint8Array>; open(sealed: Uint8Array): Promise<Uint8Array | null> }
  snapshot: { seal<S extends Omit<SnapshotRow, 'version'>>(row: S): Promise<S>; open(row: SnapshotRow): Promise<SnapshotRow | null> }
  row: { seal(row: ItemRow): Promise<ItemRow>; open(row: ItemRow): Promise<ItemRow | null> }
  text: { seal(text: TextRow): Promise<TextRow>; open(text: TextRow): Promise<TextRow | null> }
  space: { seal(row: SpaceRow): Promise<SpaceRow>; open(row: SpaceRow): Promise<SpaceRow | null> }
  value: { seal(key: string, value: unknown): Promise<unknown>; open(key: string, stored: unknown): Promise<{ value: unknown } | null> }
}

export function createSealing(cipher: Cipher): Sealing {
  const sealJson = (value: unknown, about: string): Promise<Uint8Array> => cipher.seal(utf8(JSON.stringify(value)), about)
  const openJson = async (sealed: Uint8Array, about: string): Promise<unknown> => {
    const bytes = await cipher.open(sealed, about)
    return bytes && (JSON.parse(fromUtf8(bytes)) as unknown)
  }
  const stand = async <T extends { item: ItemId; space: SpaceId }>(kind: string, row: T): Promise<T> => {
    const standIn: Stand = { item: row.item, space: row.space, sealed: await sealJson(row, `${kind}/${row.item}`) }
    return standIn as unknown as T
  }
  const unstand = async <T extends { item: ItemId; space: SpaceId }>(kind: string, row: T): Promise<T | null> =>
    (await openJson((row as unknown as Stand).sealed, `${kind}/${row.item}`)) as T | null

  const snapshotPayload: Sealing['snapshotPayload'] = (item, part) => ({
    seal: (payload) => cipher.seal(payload, `snapshot/${item}/${part}`),
    open: (sealed) => cipher.open(sealed, `snapshot/${item}/${part}`),
  })
  return {
    payload: { seal: (entry, payload) => cipher.seal(payload, `entry/${entry}`), open: (entry, sealed) => cipher.open(sealed, `entry/${entry}`) },
    snapshotPayload,
    snapshot: {
      async seal(row) {
        const [payload, attribution] = await Promise.all([
          snapshotPayload(row.item, row.part).seal(row.payload),
          row.attribution && cipher.seal(row.attribution, `attribution/${row.item}/${row.part}`),
        ])
        return { ...row, payload, ...(attribution ? { attribution } : {}) }
      },
      async open(row) {
        const [payload, attribution] = await Promise.all([
          snapshotPayload(row.item, row.part).open(row.payload),
          row.attribution && cipher.open(row.attribution, `attribution/${row.item}/${row.part}`),
        ])
        if (payload === null || attribution === null) return null
        return { ...row, payload, ...(attribution ? { attribution } : {}) }
      },
    },
    row: { seal: (row) => stand('row', row), open: (row) => unstand('row', row) },
    text: { seal: (text) => stand('text', text), open: (text) => unstand('text', text) },
    space: {
      seal: async (row) => ({ ...row, name: toHex(await cipher.seal(utf8(row.name), `space/${row.space}`)) }),
      async open(row) {
        const name = await cipher.open(fromHex(row.name), `space/${row.space}`)
        return name && { ...row, name: fromUtf8(name) }
      },
    },
    value: {
      seal: async (key, value) => (CLEAR_VALUES.has(key) ? value : { sealed: await sealJson([value], `value/${key}`) }),
      async open(key, stored) {
        if (CLEAR_VALUES.has(key) || stored === undefined) return { value: stored }
        const opened = (await openJson((stored as { sealed: Uint8Array }).sealed, `value/${key}`)) as [unknown] | null
        return opened && { value: opened[0] }
      },
    },
  }
}
