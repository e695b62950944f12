/** The test of the tests: every planted misbehaviour is found, for a rule that it breaks, within 1,000 schedules. */
import { expect, test } from 'vitest'
import { rulesOf, runSeed } from './runner.ts'
import { SABOTAGES } from './sabotage/index.ts'

const SCHEDULES_MAX = 1_000

for (const [name, sabotage] of Object.entries(SABOTAGES))
  test(`caught: ${sabotage.what} (${name})`, async () => {
    for (let seed = 1; seed <= SCHEDULES_MAX; seed++) {
      const rules = rulesOf(await runSeed(seed, { sabotage: name }))
      if (rules.some((rule) => sabotage.breaks.includes(rule))) return
    }
    expect.fail(`not caught in ${SCHEDULES_MAX} schedules`)
  })
