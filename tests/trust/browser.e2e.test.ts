/** The short form of K1 for continuous integration: only what must never be. The other rows with a browser are for the command, which counts more. */
import { expect, test } from 'vitest'
import { k1 } from './k1-browser-kill.ts'
import { tryRow } from './row.ts'

test('[INV10] K1: what a frame called kept is there after the browser was killed, with and without a network', async () => {
  const outcome = await tryRow(k1, { seed: 2026, size: 'small' })
  expect(outcome.violations).toEqual([])
  expect(outcome.skipped === null ? outcome.figures.length : 1).toBeGreaterThan(0)
})
