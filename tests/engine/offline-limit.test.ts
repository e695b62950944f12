// The rule of the clock for offline use (decision 0022).
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, opennessOf, passing, type Passed } from '../../client/engine/offline-limit.ts'

const BEGIN = Date.UTC(2026, 10, 23, 9)
const begun: Passed = { passedMs: 0, shownAt: BEGIN }
/** What a clock shows, one look after the other. */
const after = (...shown: number[]): Passed => shown.reduce((passed, ms) => passing(passed, BEGIN + ms), begun)
const contact = (daysMax: number, at: Passed = begun) => ({ daysMax, atMs: at.passedMs })

test('a space is open up to its limit and closed from that moment', () => {
  expect(opennessOf(contact(7), after(3 * DAY_MS).passedMs)).toEqual({ state: 'open' })
  expect(opennessOf(contact(7), after(7 * DAY_MS - 1).passedMs)).toEqual({ state: 'soon', hoursLeft: 1 })
  expect(opennessOf(contact(7), after(7 * DAY_MS).passedMs)).toEqual({ state: 'closed' })
})

test('a day ahead it is said, in hours; of a limit of one day when half of it is left', () => {
  expect(opennessOf(contact(7), 6 * DAY_MS - 1)).toEqual({ state: 'open' })
  expect(opennessOf(contact(7), 6 * DAY_MS)).toEqual({ state: 'soon', hoursLeft: 24 })
  expect(opennessOf(contact(7), 6 * DAY_MS + 4 * HOUR_MS)).toEqual({ state: 'soon', hoursLeft: 20 })
  expect(opennessOf(contact(1), 12 * HOUR_MS - 1)).toEqual({ state: 'open' })
  expect(opennessOf(contact(1), 12 * HOUR_MS)).toEqual({ state: 'soon', hoursLeft: 12 })
})

test('a clock that is set back gives no time back, and goes on counting from there', () => {
  expect(after(3 * DAY_MS, -DAY_MS).passedMs).toBe(3 * DAY_MS)
  // Set back again and again, it closes all the same: what was worked adds up.
  let passed = begun
  for (let day = 0; day < 7; day++) passed = passing(passing(passed, BEGIN + DAY_MS), BEGIN)
  expect(opennessOf(contact(7), passed.passedMs)).toEqual({ state: 'closed' })
})

test('a clock that jumped 400 days ahead and back closes, and the next contact begins anew', () => {
  const jumped = after(400 * DAY_MS, HOUR_MS)
  expect(opennessOf(contact(400), jumped.passedMs)).toEqual({ state: 'closed' })
  expect(opennessOf(contact(400, jumped), passing(jumped, BEGIN + 2 * HOUR_MS).passedMs)).toEqual({ state: 'open' })
})

test('whatever a clock shows, time never goes back, and is never less than the highest it showed', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000 * DAY_MS, max: 1000 * DAY_MS }), { minLength: 1, maxLength: 20 }), (shown) => {
      let passed = begun
      for (const ms of shown) {
        const next = passing(passed, BEGIN + ms)
        expect(next.passedMs).toBeGreaterThanOrEqual(passed.passedMs)
        passed = next
      }
      expect(passed.passedMs).toBeGreaterThanOrEqual(Math.max(0, ...shown))
    }),
    { seed: 1 },
  )
})
