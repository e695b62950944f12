/**
 * The short form of rows, for continuous integration: real processes, few rounds, and only what must never be. Times and sizes are for the command
 * (`npm run trust`); no limit here says more than "it hangs".
 */
import { expect, test, vi } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { tryRow, type Outcome } from './row.ts'
import { ROWS } from './rows.ts'

/** Every short form throws the same dice, so that a failure comes again. */
export const SEED = 2026

const tried = (id: string, n: number): Promise<Outcome> => tryRow(must(ROWS.find((row) => row.id === id), `row ${id}`), { seed: SEED, size: 'small', n })

/** Tries each row `n` times, in order. */
export function shortForms(...forms: [id: string, n: number, title: string][]): void {
  vi.setConfig({ testTimeout: 600_000 })
  test.each(forms)('%s (%i) %s', async (id, n, _title) => {
    const outcome = await tried(id, n)
    expect(outcome.violations).toEqual([])
    expect(outcome.skipped === null ? outcome.figures.length : 1).toBeGreaterThan(0)
  })
}
