/**
 * Which blocks of a text an update wrote in, and about how much, for the timeline. It follows the ids of Yjs only and builds no document:
 * applying ten thousand updates one by one would, and what is missing here must not make it wait.
 *
 * Yjs writes the parent of a piece of text only where it cannot be copied from its neighbour, so the pieces seen so far are remembered.
 */
import * as Y from 'yjs'

export interface Written {
  /** Names of the blocks (paragraphs, headings, cells) that were written in, the same in every update. */
  blocks: ReadonlySet<string>
  addedChars: number
  removedChars: number
}

export interface WrittenReader {
  /** In: updates in the order of the log. Errors: throws for bytes that are no update. */
  read(update: Uint8Array): Written
  /** What is still there of what a clientID wrote with these clocks (`to` not included), as far as it was read. */
  within(client: number, from: number, to: number): Pick<Written, 'blocks' | 'addedChars'>
}

/** A stretch of ids of one writer that stand in the same place. */
interface Piece {
  clock: number
  length: number
  /** Name of the type that it stands in; '' for the text itself. */
  within: string
  isText: boolean
  /** The piece is itself a place for characters (Y.XmlText), which stands in a block. */
  holdsText: boolean
}

const nameOf = ({ client, clock }: { client: number; clock: number }): string => `${client}:${clock}`

export function createWrittenReader(): WrittenReader {
  const piecesOf = new Map<number, Piece[]>()

  /** The place of the first piece that ends behind the clock. */
  const indexIn = (pieces: readonly Piece[], clock: number): number => {
    let [low, high] = [0, pieces.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const { clock: from, length } = pieces[middle] as Piece
      if (from + length <= clock) low = middle + 1
      else high = middle
    }
    return low
  }
  const pieceAt = (client: number, clock: number): Piece | null => {
    const pieces = piecesOf.get(client) ?? []
    const piece = pieces[indexIn(pieces, clock)]
    return piece && piece.clock <= clock ? piece : null
  }
  const keep = (client: number, piece: Piece): void => {
    const pieces = piecesOf.get(client)
    if (!pieces) return void piecesOf.set(client, [piece])
    const at = indexIn(pieces, piece.clock)
    if (at === pieces.length) pieces.push(piece)
    // Whatever was seen before stays as it was.
    else if ((pieces[at] as Piece).clock >= piece.clock + piece.length) pieces.splice(at, 0, piece)
  }
  const withinOf = ({ parent, origin, rightOrigin }: Y.Item): string => {
    if (parent instanceof Y.ID) return nameOf(parent)
    if (parent !== null) return ''
    for (const beside of [origin, rightOrigin]) {
      const piece = beside && pieceAt(beside.client, beside.clock)
      if (piece) return piece.within
    }
    // What it builds on is not here: its own place, so that it counts once.
    return `?${origin ? nameOf(origin) : ''}`
  }
  const blockOf = (within: string): string => {
    const [client, clock] = within.split(':')
    const place = clock === undefined ? null : pieceAt(Number(client), Number(clock))
    return place?.holdsText ? place.within : within
  }

  return {
    within(client, from, to) {
      const blocks = new Set<string>()
      let addedChars = 0
      const pieces = piecesOf.get(client) ?? []
      for (let at = indexIn(pieces, from); at < pieces.length; at++) {
        const { clock, length, within, isText } = pieces[at] as Piece
        if (clock >= to) break
        if (!isText) continue
        addedChars += Math.min(clock + length, to) - Math.max(clock, from)
        blocks.add(blockOf(within))
      }
      return { blocks, addedChars }
    },
    read(update) {
      const { structs, ds } = Y.decodeUpdate(update)
      const blocks = new Set<string>()
      let [addedChars, removedChars] = [0, 0]
      for (const struct of structs) {
        if (!(struct instanceof Y.Item)) continue
        const { id, length, content } = struct
        const piece: Piece = {
          clock: id.clock, length, within: withinOf(struct), isText: content instanceof Y.ContentString, holdsText: content instanceof Y.ContentType && content.type instanceof Y.XmlText,
        }
        keep(id.client, piece)
        if (piece.isText) addedChars += length
        if (piece.isText || content instanceof Y.ContentFormat) blocks.add(blockOf(piece.within))
      }
      for (const [client, gone] of ds.clients) {
        const pieces = piecesOf.get(client) ?? []
        for (const { clock, len } of gone) {
          for (let at = indexIn(pieces, clock); at < pieces.length; at++) {
            const { clock: from, length, within, isText } = pieces[at] as Piece
            if (from >= clock + len) break
            if (!isText) continue
            removedChars += Math.min(from + length, clock + len) - Math.max(from, clock)
            blocks.add(blockOf(within))
          }
        }
      }
      return { blocks, addedChars, removedChars }
    },
  }
}
