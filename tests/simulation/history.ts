/**
 * What the people of a simulated world did and were told: who typed which token where, who deleted it by name, and when the screen
 * called it saved on the laptop. The checker judges by this and by nothing that the product remembers.
 */
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { tokenText } from './tokens.ts'

/** `memory`: typed, not confirmed. `local`: the engine said that it is durable on this laptop. */
export type Saved = 'memory' | 'local'

export interface TokenRecord {
  text: string
  user: number
  device: number
  tab: string
  space: SpaceId
  item: ItemId
  part: 'prose' | 'facts'
  saved: Saved
  /** The other half of a linked pair. */
  twin: string | null
  deletions: { device: number; saved: Saved }[]
}

export interface History {
  readonly tokens: ReadonlyMap<string, TokenRecord>
  mint(record: Omit<TokenRecord, 'text' | 'saved' | 'deletions' | 'twin'>): TokenRecord
  itemMade(item: ItemId, space: SpaceId, device: number): { saved: Saved }
  readonly items: ReadonlyMap<ItemId, { space: SpaceId; device: number; saved: Saved }>
}

export function createHistory(seed: number): History {
  const tokens = new Map<string, TokenRecord>()
  const items = new Map<ItemId, { space: SpaceId; device: number; saved: Saved }>()
  return {
    tokens,
    items,
    mint(given) {
      const record: TokenRecord = { ...given, text: tokenText(seed, given.user, tokens.size), saved: 'memory', twin: null, deletions: [] }
      tokens.set(record.text, record)
      return record
    },
    itemMade(item, space, device) {
      const made = { space, device, saved: 'memory' as Saved }
      items.set(item, made)
      return made
    },
  }
}
