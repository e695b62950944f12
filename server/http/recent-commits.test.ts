import { expect, test } from 'vitest'
import { createRecentCommits } from './recent-commits.ts'

const bytes = (size: number): Uint8Array => new Uint8Array(size)
const MIB = 1024 * 1024

test('what comes while somebody is brought level is kept until the last of them is, and nothing before', async () => {
  const recent = createRecentCommits()
  expect(recent.came(1, bytes(1))).toBe(true)
  let first = (): void => undefined
  const one = recent.during(() => new Promise((resolve) => (first = resolve)))
  recent.came(2, bytes(1))
  let second = (): void => undefined
  const other = recent.during(() => new Promise((resolve) => (second = resolve)))
  recent.came(3, bytes(1))
  first()
  await one
  expect(recent.after(0).map(({ seq }) => seq)).toEqual([2, 3])
  expect(recent.after(2).map(({ seq }) => seq)).toEqual([3])
  second()
  await other
  expect(recent.after(0)).toEqual([])
})

test.each([['count', 10_001, 1], ['bytes', 33, MIB]])('too much by %s is said once and let go; who begins after that has all that comes', async (_what, count, size) => {
  const recent = createRecentCommits()
  await recent.during(async () => {
    const said = Array.from({ length: count }, (_, i) => recent.came(i + 1, bytes(size)))
    expect(said.indexOf(false)).toBe(count - 1)
    expect(recent.after(0)).toEqual([])
    await recent.during(async () => {
      expect(recent.came(count + 1, bytes(size))).toBe(true)
      expect(recent.after(count)).toHaveLength(1)
    })
  })
})
