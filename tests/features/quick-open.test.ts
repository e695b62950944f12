// Quick open finds and orders as if every row were looked at in full and all of them were put in order.
import { expect, test } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { findRows, SHOWN_COUNT_MAX } from '../../client/features/quick-open/candidates.ts'
import { fold, foldedScore, wordsOf } from '../../client/workbench/matching.ts'
import { searchableName } from '../../client/workbench/spaces.ts'

test('whatever is asked, the rows and their order are those of looking at title and place as one text', () => {
  const dice = namedDice(1, 'quick open')
  const names = new Map(['Schiedam', 'Den Haag', 'Heerlen', ''].map((name) => [newId(dice), name]))
  const words = 'Zorg zorgpad Afspraak kraam-zorg (team) Heerlen schiedam den Cliënt ’s wijk'.split(' ')
  const rows = Array.from({ length: 300 }, () => ({
    item: newId(dice), space: pick(dice, [...names.keys()]), type: below(dice, 20) === 0 ? 'folder' : 'agreement', changedAt: below(dice, 50),
    title: Array.from({ length: below(dice, 4) }, () => pick(dice, words)).join(' '),
  })) as unknown as ItemRow[]
  const recent = rows.slice(0, 5).map(({ item }) => item)
  const here = pick(dice, [...names.keys()])
  const queries = ['', 'z', 'zorg', 'zorg heerlen', 'haag', 'den', 'd', 'schiedam afspraak', 'team', 'clien', 'wijk zorgpad', 'bestaat niet', "'s-gravenhage"]
  for (const query of queries) for (const onlyHere of [false, true]) {
    const asked = wordsOf(query)
    const wanted = rows
      .filter((row) => row.type !== 'folder' && (!onlyHere || row.space === here) && !recent.includes(row.item))
      .map((row) => {
        const title = fold(row.title)
        const ofTitle = foldedScore(title, asked)
        return { row, score: ofTitle > 0 ? ofTitle * 2 : foldedScore(`${title} ${fold(searchableName(names.get(row.space)!))}`, asked) }
      })
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || Number(b.row.space === here) - Number(a.row.space === here) || b.row.changedAt - a.row.changedAt)
      .slice(0, SHOWN_COUNT_MAX)
      .map(({ row }) => row.item)
    expect(findRows(rows, query, names, recent, { here, onlyHere }).others.map(({ item }) => item), `${query} ${onlyHere}`).toEqual(wanted)
  }
})
