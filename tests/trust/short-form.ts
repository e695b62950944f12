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

const tried = (id: string): Promise<Outcome> => tryRow(must(ROWS.find((row) => row.id === id), `row ${id}`), { seed: SEED, size: 'small' })

/** Tries each row as often as it says itself for continuous integration, in order. */
export function shortForms(...forms: [id: string, title: string][]): void {
  vi.setConfig({ testTimeout: 600_000 })
  test.for(forms)('%s %s', async ([id], { skip }) => {
    const { violations, figures, skipped } = await tried(id)
    expect(violations).toEqual([])
    skip(skipped !== null, skipped ?? '')
    expect(figures).not.toEqual([])
  })
}
