/** Cuts a text into what was searched for and the rest. Capitals and accents do not count. */
import { fold } from './matching.ts'

export interface Piece {
  text: string
  isHit: boolean
}

/** Out: pieces in order that together are the text. A text whose folding changes its length (ligatures) is left unmarked. */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const folded = fold(text)
  const wanted = words.map(fold).filter((word) => word !== '')
  if (folded.length !== text.length || wanted.length === 0) return text === '' ? [] : [{ text, isHit: false }]
  const pieces: Piece[] = []
  let from = 0
  while (from < text.length) {
    const next = wanted
      .map((word) => ({ at: folded.indexOf(word, from), length: word.length }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at || b.length - a.length)[0]
    if (!next) break
    if (next.at > from) pieces.push({ text: text.slice(from, next.at), isHit: false })
    pieces.push({ text: text.slice(next.at, next.at + next.length), isHit: true })
    from = next.at + next.length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isHit: false })
  return pieces
}
