// A small update that keeps a reader of Yjs busy: each of its items is put behind all of the others, which Yjs finds out by walking past them.
import * as encoding from 'lib0/encoding'

const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const STRING = 4
const TYPE = 7
const XML_TEXT = 6

/** `count`² steps: 2,000 take some seconds. `clients`: the lower one writes a text with a line of letters, the higher one as many that all want to stand before its last. */
export function longWalk(count: number, [lower, higher]: readonly [number, number] = [5, 9]): Uint8Array {
  const to = encoding.createEncoder()
  const uint = (value: number): void => encoding.writeVarUint(to, value)
  const letter = (text: string): void => encoding.writeVarString(to, text)
  uint(2)
  uint(count)
  uint(higher)
  uint(0)
  for (let i = 0; i < count; i++) {
    encoding.writeUint8(to, HAS_RIGHT_ORIGIN | STRING)
    uint(lower)
    uint(count)
    letter('b')
  }
  uint(1 + count)
  uint(lower)
  uint(0)
  encoding.writeUint8(to, TYPE)
  uint(1)
  encoding.writeVarString(to, 'prose')
  uint(XML_TEXT)
  for (let i = 0; i < count; i++) {
    encoding.writeUint8(to, i === 0 ? STRING : HAS_ORIGIN | STRING)
    // The first stands in the text, each other one beside the one before it.
    if (i === 0) uint(0)
    uint(lower)
    uint(i)
    letter('a')
  }
  uint(0)
  return encoding.toUint8Array(to)
}
