/** Bytes between threads: what is let go is gone at once, and only what had its buffer to itself. */
import { expect, test } from 'vitest'
import { letGo } from '../../server/store/packing.ts'

test('a buffer is given back now when the bytes are all of it, and left alone when others share it', () => {
  const alone = new Uint8Array(60_000)
  letGo(alone)
  expect(alone.length).toBe(0)
  const shared = new Uint8Array(60_000)
  letGo(shared.subarray(0, 30_000))
  letGo(shared.subarray(1))
  expect(shared.length).toBe(60_000)
  const pooled = Buffer.from('a word')
  letGo(pooled)
  expect(pooled.toString()).toBe('a word')
})
