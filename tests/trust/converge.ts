/** What must be true when everything is quiet: every laptop and a fresh one say the same, and of every token there is exactly as much as there must be. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../client/engine/api.ts'
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import { tokensIn } from '../simulation/tokens.ts'
import type { EngineLaptop, Ledger } from './engine-laptop.ts'

/** Longer means that it never becomes quiet. Laptops' clocks run ten times as fast: fifteen of their minutes. */
const QUIET_MS_MAX = 90_000
const LOOK_EVERY_MS = 40

/** Waits until nothing waits anywhere and all say the same. Out: what they say by item, null when it never came to that (a violation). */
export async function converge(laptops: readonly EngineLaptop[], items: readonly ItemId[], violation: (text: string) => void): Promise<string[] | null> {
  const end = Date.now() + QUIET_MS_MAX
  for (const { engine } of laptops) await engine?.reconnect()
  let nextNudge = Date.now() + 2_000
  for (;;) {
    const quiet = await Promise.all(laptops.map((laptop) => laptop.isQuiet()))
    if (quiet.every(Boolean)) {
      const said = await Promise.all(laptops.map((laptop) => laptop.contents(items)))
      const first = must(said[0], 'a laptop')
      if (said.every((texts) => texts.every((text, i) => text === first[i]))) return first
    }
    if (Date.now() > end) {
      const states = await Promise.all(laptops.map((laptop) => laptop.describe()))
      violation(`${quiet.every(Boolean) ? 'quiet, but not the same everywhere' : 'never quiet'}: ${states.join('; ')}`)
      return null
    }
    // A person looking at "offline" would press the button.
    if (Date.now() > nextNudge) {
      for (const { engine } of laptops) await engine?.reconnect()
      nextNudge = Date.now() + 2_000
    }
    await sleep(LOOK_EVERY_MS)
  }
}

/**
 * Whether the list of this laptop comes to show an item. Rows are drawn up a moment after their documents are level, and a window hears of them, so
 * that is what is waited for: asking for fresh rows would hide an engine that forgot to make them.
 */
export async function isListed(engine: Pick<Engine, 'rows' | 'onEvent'>, item: ItemId, msMax = QUIET_MS_MAX): Promise<boolean> {
  let heard = (): void => undefined
  const subscription = engine.onEvent((event) => {
    if (event.type === 'rows') heard()
  })
  const over = new AbortController()
  const limit = sleep(msMax, true, { signal: over.signal }).catch(() => true)
  try {
    for (let isOver = false; ; ) {
      // Listening begins before looking: what is drawn up in between is not missed.
      const news = new Promise<false>((resolve) => (heard = () => resolve(false)))
      if ((await engine.rows()).some((row) => row.item === item)) return true
      if (isOver) return false
      isOver = await Promise.race([news, limit])
    }
  } finally {
    over.abort()
    subscription.dispose()
  }
}

export interface TokenCount {
  lost: number
  doubled: number
  resurrected: number
  invented: number
}

/** In: content by item, in the order of `items`. Every breach is told. */
export function countTokens(ledger: Ledger, items: readonly ItemId[], contents: readonly string[], violation: (text: string) => void): TokenCount {
  const result: TokenCount = { lost: 0, doubled: 0, resurrected: 0, invented: 0 }
  const found = new Map<string, ItemId[]>()
  contents.forEach((content, i) => {
    for (const token of tokensIn(content)) found.set(token, [...(found.get(token) ?? []), must(items[i], 'an item')])
  })
  for (const [token, typed] of ledger) {
    const places = found.get(token) ?? []
    const times = places.length
    if (times > 1 && ++result.doubled) violation(`${token} stands there ${times} times`)
    if (places.some((item) => item !== typed.item) && ++result.invented) violation(`${token} is in another document`)
    if (times === 0 && typed.isStored && typed.deleted === 'no' && ++result.lost) violation(`${token} is lost`)
    if (times > 0 && typed.deleted === 'stored' && ++result.resurrected) violation(`${token} was deleted and came back`)
  }
  for (const token of found.keys()) if (!ledger.has(token) && ++result.invented) violation(`${token} was typed by nobody`)
  return result
}
