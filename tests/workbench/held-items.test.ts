/** The dot on a tab while somebody types: there with the first letter, gone a moment after the last. */
import { expect, test } from 'vitest'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { HOLD_MS, holdItems } from '../../client/workbench/held-items.ts'
import { handClock } from '../support/hand-clock.ts'

const dice = seededDice(8)
const [one, two] = [newId(dice), newId(dice)]

function hold() {
  const clock = handClock()
  const shown: (readonly ItemId[])[] = []
  return { clock, shown, items: holdItems(clock, (now) => shown.push(now)) }
}

test('[10] a document with unsent edits is shown at once, and never a moment too short', () => {
  const { clock, shown, items } = hold()
  items.hear([one])
  expect(shown).toEqual([[one]])
  items.hear([])
  clock.turn(HOLD_MS - 1)
  expect(shown).toEqual([[one]])
  clock.turn(1)
  expect(shown).toEqual([[one], []])
})

test('letters that go out one after another are shown once', () => {
  const { clock, shown, items } = hold()
  for (let letter = 0; letter < 20; letter++) {
    items.hear([one])
    clock.turn(30)
    items.hear([])
    clock.turn(40)
  }
  expect(shown).toEqual([[one]])
})

test('a second document comes beside it at once, and each leaves by itself', () => {
  const { clock, shown, items } = hold()
  items.hear([one])
  items.hear([two])
  expect(shown.at(-1)).toEqual([one, two])
  clock.turn(HOLD_MS)
  expect(shown.at(-1)).toEqual([two])
})

test('nothing is shown any more after the window is gone', () => {
  const { clock, shown, items } = hold()
  items.hear([one])
  items.hear([])
  items.dispose()
  clock.turn(HOLD_MS)
  expect(shown).toEqual([[one]])
})
