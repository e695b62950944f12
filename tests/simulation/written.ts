/**
 * What the bytes of an entry may be, wherever they are met: as a laptop wrote them, or that less what was erased for good since. The one place that
 * compares payloads. It shares no code with the erasing: what was erased is known by its tokens, which are whole words of whoever typed them.
 */
import { createHash } from 'node:crypto'
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import type { Part } from '../../shared/model/entries.ts'
import { tokensInBytes } from './tokens.ts'

/** Same hash as the product's, from the platform: ten times as fast, and the judge's own. */
export const nativeSha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

export interface WrittenEntry {
  readonly item: ItemId
  readonly part: Part
  readonly payload: Uint8Array
  /** Those in plain sight in its bytes. */
  readonly tokens: readonly string[]
}

export interface Written {
  /** What a machine erased: from now on these tokens are nobody's. A formal act keeps the text that it spoke about unless its item goes (decision 0017). */
  erased(item: ItemId, mode: 'whole' | 'history', tokens: Iterable<string>): void
  readonly erasedTokens: ReadonlySet<string>
  /** Those of items that were erased whole: not even an act may hold one. */
  readonly goneTokens: ReadonlySet<string>
  readonly erasedItems: ReadonlyMap<ItemId, 'whole' | 'history'>
  isErasedWhole(item: ItemId): boolean
  /**
   * In:  an entry as it was written, and bytes that are said to be it; `isErasing` where everything that was erased must be gone (the relay), not where
   *      it may not have been heard of yet (a laptop).
   * Out: what is wrong, null when nothing is.
   */
  fault(origin: WrittenEntry, payload: Uint8Array, isErasing: boolean): string | null
  /** An erased token in these bytes of a part; null: none. */
  erasedIn(part: Part, bytes: Uint8Array): string | null
}

export function createWritten(): Written {
  const tokens = new Set<string>()
  const ofItems = new Set<string>()
  const items = new Map<ItemId, 'whole' | 'history'>()
  const erasedIn = (part: Part, bytes: Uint8Array): string | null => {
    const gone = part === 'prose' ? tokens : ofItems
    return gone.size === 0 ? null : (tokensInBytes(bytes).find((token) => gone.has(token)) ?? null)
  }
  return {
    erasedTokens: tokens,
    goneTokens: ofItems,
    erasedItems: items,
    isErasedWhole: (item) => items.get(item) === 'whole',
    erased(item, mode, gone) {
      if (items.get(item) !== 'whole') items.set(item, mode)
      for (const token of gone) {
        tokens.add(token)
        if (mode === 'whole') ofItems.add(token)
      }
    },
    erasedIn,
    fault(origin, payload, isErasing) {
      const back = isErasing ? erasedIn(origin.part, payload) : null
      if (back !== null) return `holds ${back}, which was erased for good`
      if (bytesEqual(origin.payload, payload)) return null
      if (origin.part !== 'prose' || !items.has(origin.item)) return 'has other bytes than were written'
      const there = new Set(tokensInBytes(payload))
      const invented = [...there].find((token) => !origin.tokens.includes(token))
      if (invented !== undefined) return `holds ${invented}, which was not written in it`
      const missing = origin.tokens.find((token) => !there.has(token) && !tokens.has(token))
      return missing === undefined ? null : `lacks ${missing}, which nobody erased`
    },
  }
}
