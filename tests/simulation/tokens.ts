/**
 * Tokens: the only thing that people in a simulated world type. Each is unique over the whole run and names who typed it, so a
 * checker that sees nothing but texts can say what is lost, doubled, invented or in the wrong place.
 */
export const TOKEN = /\[\[u(\d+)\.e(\d{6})\.k([0-9a-z]{4})\]\]/g
const TOKEN_START = '[[u'

/** `[[u3.e000417.k9f2]]`: user, serial, and a check that nobody types by accident. */
export function tokenText(seed: number, user: number, serial: number): string {
  let check = Math.imul(seed ^ 0x9e3779b9, 2654435761) ^ Math.imul(serial + 1, 40503) ^ Math.imul(user + 7, 69069)
  check = (check ^ (check >>> 15)) >>> 0
  return `[[u${user}.e${String(serial).padStart(6, '0')}.k${(check % 36 ** 4).toString(36).padStart(4, '0')}]]`
}

export const tokensIn = (text: string): string[] => text.match(TOKEN) ?? []

/** Tokens that lie in plain sight in bytes: enough for Yjs strings and JSON, which keep UTF-8 as it is. */
export function tokensInBytes(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.indexOf(TOKEN_START) < 0) return []
  return tokensIn(buffer.toString('latin1'))
}
