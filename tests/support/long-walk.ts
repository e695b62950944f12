// A small update that keeps a reader of Yjs busy: each of its items is put behind all of the others, which Yjs finds out by walking past them.
import * as encoding from 'lib0/encoding'

const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const STRING = 4

/** `count`² steps: 2,000 take some seconds. `clients`: the lower one writes a line of letters, the higher one as many that all want to stand before its last. */
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
    uint(count - 1)
    letter('b')
  }
  uint(count)
  uint(lower)
  uint(0)
  for (let i = 0; i < count; i++) {
    encoding.writeUint8(to, i === 0 ? STRING : HAS_ORIGIN | STRING)
    if (i === 0) {
      uint(1)
      encoding.writeVarString(to, 'prose')
    } else {
      uint(lower)
      uint(i - 1)
    }
    letter('a')
  }
  uint(0)
  return encoding.toUint8Array(to)
}
