import { expect, test } from 'vitest'
import { searchTextOf, SEARCH_TEXT_CHARS_MAX, stemOf, wordsIn } from '../../shared/derive/search-text.ts'
import type { Registers } from '../../shared/model/facts.ts'

const [x, y] = ['a'.repeat(32), 'b'.repeat(32)]
const of = (registers: Registers, text = ''): string =>
  searchTextOf({ facts: { registers, conflicts: {} }, prose: { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] } })

test('words of facts, labels of codes, names of areas and prose are searched; ids, dates, numbers and removed rows are not', () => {
  const text = of(
    {
      type: 'agreement', title: 'Roken', owner: 'GGD Rotterdam', domain: 'lifestyle', reviewBy: '2027-01-01', originItem: x, originSpace: y, originSeal: 'c'.repeat(64), unknown: 'onbekend veld',
      [`steps/${x}/order`]: 'V', [`steps/${x}/action`]: 'doorverwijzen', [`steps/${x}/role`]: 'jgz', [`steps/${x}/term`]: 5,
      [`areas/${x}/order`]: 'V', [`areas/${x}/code`]: 'GM0606', [`steps/${y}/order`]: 'k', [`steps/${y}/action`]: 'vervallen stap', [`steps/${y}/gone`]: true,
    },
    'lopende tekst',
  )
  expect(text.split('\n')).toEqual(['leefstijl', 'GGD Rotterdam', 'Schiedam', 'doorverwijzen · jeugdgezondheidszorg (JGZ)', 'lopende tekst'])
})

test('a pasted book is bounded', () => {
  expect(of({}, 'woord '.repeat(100_000))).toHaveLength(SEARCH_TEXT_CHARS_MAX)
})

test('words have no accents and no capitals, and singular and plural meet in one stem', () => {
  expect(wordsIn('Cliënt-ondersteuner, R4U: 65%')).toEqual(['client', 'ondersteuner', 'r4u', '65'])
  for (const [one, other] of [['zorgpaden', 'zorgpad'], ['gemeenten', 'gemeente'], ['afspraken', 'afspraak'], ['verloskundigen', 'verloskundige']] as const)
    expect(stemOf(one)).toBe(stemOf(other))
  expect(stemOf('jgz')).toBe('jgz')
})
