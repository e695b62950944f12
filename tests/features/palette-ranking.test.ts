// The palette offers what people most likely mean first, and never first what cannot be undone.
import { expect, test } from 'vitest'
import { rankGroups, type Rankable } from '../../client/features/quick-open/ranking.ts'

const remove: Rankable = { title: 'Haal uit de verkenner', also: 'Verkenner verwijderen weghalen prullenbak' }
const erase: Rankable = { title: 'Definitief verwijderen…', also: 'Verkenner wissen vernietigen', isFinal: true }
const adopt: Rankable = { title: 'Stel vast', also: 'Afspreken vaststellen besluiten definitief' }
const timeline: Rankable = { title: 'Tijdlijn van dit document', also: 'Geschiedenis terugdraaien versies' }
const close: Rankable = { title: 'Sluit dit document', also: 'Werkplek tabblad dicht versies' }
const versions: Rankable = { title: 'Toon versies' }

const found = (query: string, ...groups: Rankable[][]): string[] => rankGroups(groups.map((options) => ({ options })), query).flatMap(({ options }) => options.map(({ title }) => title))

test('a word in a title comes before the same word among the others, in a group and between groups', () => {
  expect(found('versies', [timeline, versions])).toEqual([versions.title, timeline.title])
  expect(found('versies', [timeline], [close], [versions])).toEqual([versions.title, timeline.title, close.title])
})

test('what cannot be undone never comes first when something else matches as well', () => {
  for (const groups of [[[erase, remove]], [[erase], [remove]], [[remove], [erase]]]) expect(found('verwijderen', ...groups)).toEqual([remove.title, erase.title])
  expect(found('definitief', [erase, adopt], [timeline])).toEqual([adopt.title, erase.title])
  expect(found('', [erase, timeline], [remove])).toEqual([timeline.title, erase.title, remove.title])
})

test('what cannot be undone is found by its own name', () => {
  expect(found('definitief verwijderen', [erase, adopt], [remove])).toEqual([erase.title])
})

test('without a query everything stands in the order given, and a group without a match is left out', () => {
  expect(found('', [timeline, close], [versions, remove])).toEqual([timeline.title, close.title, versions.title, remove.title])
  expect(rankGroups([{ title: 'Dit document', options: [erase] }, { title: 'Overal', options: [timeline] }], 'geschiedenis')).toEqual([{ title: 'Overal', options: [timeline] }])
})
