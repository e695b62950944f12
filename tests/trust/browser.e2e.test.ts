/** The short forms of rows with a real browser for continuous integration: only what must never be. The other ones are for the command, which counts more. */
import { expect, test, vi } from 'vitest'
import { a8 } from './a8-forgery.ts'
import { k1 } from './k1-browser-kill.ts'
import { tryRow } from './row.ts'

vi.setConfig({ testTimeout: 600_000 })

test.each([
  [k1, '[INV10] what a frame called kept is there after the browser was killed, with and without a network'],
  [a8, 'a page of somebody else changes nothing in the name of whoever is signed in in that browser'],
])('$id: %s', async (row) => {
  const outcome = await tryRow(row, { seed: 2026, size: 'small' })
  expect(outcome.violations).toEqual([])
  expect(outcome.skipped === null ? outcome.figures.length : 1).toBeGreaterThan(0)
})
