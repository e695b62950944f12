/**
 * The platform's own random bytes, drawn 64 KiB at a time; to be imported before anything that draws. Every Y.Doc and every Automerge document
 * draws a name that nobody uses, four bytes a time, and the platform takes longer over that than over filling the whole pool. They stay truly
 * random on purpose: whatever part of a schedule hangs on them gives another trace the second time.
 */
import { webcrypto } from 'node:crypto'

const POOL_BYTES = 65_536
const fill = webcrypto.getRandomValues.bind(webcrypto)
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

function getRandomValues<T extends NodeJS.ArrayBufferView>(into: T): T {
  const { byteLength } = into
  if (byteLength > POOL_BYTES / 4) return fill(into as never) as T
  if (used + byteLength > POOL_BYTES) {
    fill(pool)
    used = 0
  }
  new Uint8Array(into.buffer, into.byteOffset, byteLength).set(pool.subarray(used, used + byteLength))
  used += byteLength
  return into
}

Object.defineProperty(webcrypto, 'getRandomValues', { value: getRandomValues, configurable: true, writable: true })
