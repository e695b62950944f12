/**
 * Fractional order keys for lists of facts: text that sorts by code unit, with always room between two keys.
 * Two people inserting at the same place get keys that differ by the id appended at the end, so no two rows tie.
 * Idea: fractional indexing as used by Figma and others; digits 0-9A-Za-z, base 62.
 */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE = DIGITS.length

const digitAt = (key: string, index: number, otherwise: number): number =>
  index < key.length ? DIGITS.indexOf(key.charAt(index)) : otherwise

/**
 * A key strictly between `before` and `after` ('' = the open end on that side).
 * In: keys made by this function, before < after where both are given. Limits: grows by about one digit per 5 inserts at one place.
 */
export function orderBetween(before: string, after: string): string {
  if (before !== '' && after !== '' && before >= after) throw new Error('Bug: order keys out of order')
  let key = ''
  for (let i = 0; ; i++) {
    const low = digitAt(before, i, 0)
    const high = after === '' ? BASE : digitAt(after, i, BASE)
    if (high - low > 1) return key + DIGITS.charAt(low + Math.floor((high - low) / 2))
    key += DIGITS.charAt(low)
    // One apart: everything that follows `before` at this digit is already below `after`.
    if (high - low === 1) after = ''
  }
}
