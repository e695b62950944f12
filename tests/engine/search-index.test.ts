// The index alone: what is found and in which order, and that what is taken out leaves nothing behind.
import { expect, test } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { stemOf, wordsIn } from '../../shared/derive/search-text.ts'
import { createSearchIndex } from '../../client/engine/search-index.ts'
import type { TextRow } from '../../client/engine/store.ts'

const dice = namedDice(1, 'search index')
const space = newId(dice)
const text = (title: string, body = ''): TextRow => ({ item: newId(dice), space, title, text: body })
const everything = (): boolean => true

function indexOf(...rows: TextRow[]) {
  const index = createSearchIndex()
  for (const row of rows) index.put(row)
  const find = (query: string, countMax = 10) => index.find(wordsIn(query), countMax, everything).map(({ row }) => row.title)
  return { index, find }
}

test('a title counts more than a text, a short text more than a long one, and a rare word more than a common one', () => {
  const { find } = indexOf(
    text('Kraamzorg'), text('Een', 'kraamzorg'), text('Twee', `kraamzorg ${Array.from({ length: 50 }, (_, i) => `woord${i}`).join(' ')}`),
    text('Rook en taal', ''), text('Rook en geld', ''), text('Drie', 'taal'),
  )
  expect(find('kraamzorg')).toEqual(['Kraamzorg', 'Een', 'Twee'])
  expect(find('rook taal')).toEqual(['Rook en taal'])
})

test('the word being typed is found as a beginning, whole words before longer ones; in a text from five letters on', () => {
  const { find } = indexOf(text('Schuldhulpverlening'), text('Schuld'), text('Ander', 'schuldregeling'))
  expect(find('schuld')).toEqual(['Schuld', 'Schuldhulpverlening', 'Ander'])
  expect(find('schu')).toEqual(['Schuld', 'Schuldhulpverlening'])
  expect(find('ander schuld')).toEqual(['Ander'])
})

test('as many as are asked for, the best of them, and only wanted ones', () => {
  const rows = Array.from({ length: 50 }, (_, i) => text(`Afspraak ${'over '.repeat(i % 7)}${i}`))
  const { index, find } = indexOf(...rows)
  expect(find('afspraak', 5)).toEqual(find('afspraak', 50).slice(0, 5))
  expect(find('afspraak', 50)).toHaveLength(50)
  const wanted = new Set(rows.slice(10, 20))
  expect(index.find(['afspraak'], 50, (row) => wanted.has(row)).map(({ row }) => row)).toHaveLength(10)
})

test('after any number of texts put, changed and taken out, the index answers as one that was made anew', () => {
  const words = 'zorg zorgpad afspraak afspraken wijkteam kraam kraamzorg geld gemeente gemeenten client'.split(' ')
  const sentence = () => Array.from({ length: 1 + below(dice, 6) }, () => pick(dice, words)).join(' ')
  const index = createSearchIndex()
  const held = new Map<string, TextRow>()
  for (let at = 0; at < 400; at++) {
    const known = [...held.keys()]
    const item = known.length > 0 && below(dice, 3) > 0 ? pick(dice, known) : newId(dice)
    if (held.has(item) && below(dice, 3) === 0) {
      index.remove(item)
      held.delete(item)
    } else {
      const row = { item, space, title: sentence(), text: sentence() }
      index.put(row)
      held.set(item, row)
    }
  }
  const fresh = createSearchIndex()
  for (const row of held.values()) fresh.put(row)
  expect(held.size).toBeGreaterThan(20)
  for (const query of [...words, 'zorg afspraak', 'wijkteam gemeente', 'kraamz', 'gem', 'bestaat niet']) {
    const byScore = (of: typeof index) => of.find(wordsIn(query), 1000, everything).map(({ row, score }) => `${row.item} ${score.toFixed(6)}`)
    expect(byScore(index), query).toEqual(byScore(fresh))
  }
  // And as looking into every text finds them.
  for (const word of ['wijkteam', 'gemeenten', 'zorgpad']) {
    const byHand = [...held.values()].filter((row) => wordsIn(`${row.title} ${row.text}`).some((one) => stemOf(one) === stemOf(word) || one.startsWith(word)))
    expect(new Set(index.find([word], 1000, everything).map(({ row }) => row.item)), word).toEqual(new Set(byHand.map(({ item }) => item)))
  }
})
