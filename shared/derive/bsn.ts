/**
 * Numbers that look like a citizen service number (BSN). Nine digits, or eight with a leading zero left out, that pass the check
 * 9a+8b+7c+6d+5e+4f+3g+2h−i ≡ 0 (mod 11). One in eleven random numbers passes, so texts say "lijkt op een BSN".
 * A found number is never handed out: only where it stands.
 */
export interface Found {
  at: number
  length: number
}

// Digits with at most one separator between two of them. What stands before and after keeps telephone numbers, bank accounts and
// decimals whole: a longer run of digits is some other number. Linear: each quantifier takes a digit that no other can.
const CANDIDATE = /(?<![\dA-Za-z]|\d[.\-/\u00a0]|\b0\d{1,3} |\+\d{1,3} )\d(?:[ .\-/\u00a0]?\d){7,8}(?![\dA-Za-z]|[ .\-/\u00a0]\d)/g
/** 2026-11-21, 21-11-2026, 21.11.2026, 2026/11/21: eight digits that are a date. */
const DATE = /^(?:(?:19|20)\d\d([.\-/ ])(?:0\d|1[0-2])\1[0-3]\d|[0-3]\d([.\-/ ])(?:0\d|1[0-2])\2(?:19|20)\d\d)$/

export function passesElevenTest(digits: string): boolean {
  if (!/^\d{8,9}$/.test(digits)) return false
  const nine = digits.padStart(9, '0')
  if (nine === '000000000') return false
  let sum = 0
  for (let i = 0; i < 8; i++) sum += (9 - i) * (nine.charCodeAt(i) - 48)
  return (sum - (nine.charCodeAt(8) - 48)) % 11 === 0
}

export function findBsnLike(text: string): Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(CANDIDATE)) {
    if (!DATE.test(match[0]) && passesElevenTest(match[0].replace(/\D/g, ''))) found.push({ at: match.index, length: match[0].length })
  }
  return found
}
