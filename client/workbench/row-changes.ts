/**
 * What is new in the rows of a space that were read again. Rows that say the same stay the same objects, so that whatever was made from them
 * stays right; and a typist, who changes nothing of a row but its time, does not have the whole window drawn again with every letter.
 */
import type { ItemRow } from '../../shared/model/rows.ts'

export interface RowChanges {
  readonly rows: readonly ItemRow[]
  /** `times`: only when, or by whom, a document was changed last. */
  readonly kind: 'none' | 'times' | 'facts'
}

const TIMES: ReadonlySet<keyof ItemRow> = new Set(['changedAt', 'changedBy'])

function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object') return false
  return JSON.stringify(a) === JSON.stringify(b)
}

function kindOf(before: ItemRow, now: ItemRow): RowChanges['kind'] {
  let kind: RowChanges['kind'] = 'none'
  for (const key of Object.keys(now) as (keyof ItemRow)[]) {
    if (isSameValue(before[key], now[key])) continue
    if (!TIMES.has(key)) return 'facts'
    kind = 'times'
  }
  // A field that only the older row had: it came from a newer build of the engine.
  return Object.keys(before).length > Object.keys(now).length ? 'facts' : kind
}

/** In: the rows of one space as they are shown, and as the engine gives them now. */
export function rowChanges(before: readonly ItemRow[], now: readonly ItemRow[]): RowChanges {
  const byId = new Map(before.map((row) => [row.item, row]))
  let kind: RowChanges['kind'] = before.length === now.length ? 'none' : 'facts'
  const rows = now.map((row) => {
    const known = byId.get(row.item)
    const ofRow = known ? kindOf(known, row) : 'facts'
    if (ofRow === 'facts' || kind === 'none') kind = ofRow
    return known && ofRow === 'none' ? known : row
  })
  return { rows: kind === 'none' ? before : rows, kind }
}
