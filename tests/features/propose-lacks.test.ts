// What a proposal lacks, and where to go for each of them.
import { expect, test } from 'vitest'
import { lacksOf, placeOf } from '../../client/features/acts/parties.ts'

test('every lack has a place; of facts with two answers the first', () => {
  const facts = { registers: { type: 'agreement' }, conflicts: { 'steps/a/due': [], 'owner': [] } }
  expect(lacksOf(facts).map((lack) => placeOf(lack, facts))).toEqual(['parties', 'owner', 'steps', 'steps/a/due'])
  const meeting = { registers: { type: 'meeting' }, conflicts: {} }
  expect(lacksOf(meeting).map((lack) => placeOf(lack, meeting))).toEqual(['attendance'])
})
