// What the search view says while the engine has not looked everywhere.
import { expect, test } from 'vitest'
import type { SearchAnswer } from '../../client/engine/api.ts'
import { createSearch } from '../../client/features/search/search.svelte.ts'
import { handClock } from '../support/hand-clock.ts'

const hit = (title: string) => ({ item: title, space: 'a', title, excerpt: '', score: 1 })

function setup() {
  const clock = handClock()
  const asked: { query: string; where: string; answer: (answer: SearchAnswer) => void }[] = []
  const engine: Parameters<typeof createSearch>[0] = {
    search: (query, _countMax, where = {}) => new Promise((answer) => asked.push({ query, where: `${where.onlyHere ? 'only' : 'first'} ${where.here}`, answer })),
  }
  let here = 'schiedam'
  const search = createSearch(engine, clock, () => here)
  const moveTo = (space: string) => {
    here = space
    search.spaceChanged()
  }
  const answer = async (titles: string[], isComplete: boolean, at = asked.length - 1) => {
    asked[at]!.answer({ hits: titles.map(hit), isComplete })
    await new Promise((resolve) => setImmediate(resolve))
  }
  const shown = () => ({ state: search.state, titles: search.hits.map(({ title }) => title) })
  return { clock, asked, search, answer, shown, moveTo }
}

test('an answer that is not complete is shown as one so far and completes by itself; nothing found is final only then', async () => {
  const { clock, asked, search, answer, shown } = setup()
  search.query = 'wijkteam'
  clock.turn(1000)
  await answer([], false)
  expect(shown()).toEqual({ state: 'partial', titles: [] })
  clock.turn(1000)
  await answer(['Wijkteam'], false)
  expect(shown()).toEqual({ state: 'partial', titles: ['Wijkteam'] })
  clock.turn(1000)
  await answer(['Wijkteam', 'Ander'], true)
  expect(shown()).toEqual({ state: 'done', titles: ['Wijkteam', 'Ander'] })
  expect(asked.map(({ query, where }) => `${query}, ${where}`)).toEqual(Array(3).fill('wijkteam, only schiedam'))
  clock.turn(60_000)
  expect(asked).toHaveLength(3)
})

test('the answer to the question before is no answer to this one, complete or not', async () => {
  const { clock, asked, search, answer, shown } = setup()
  search.query = 'wijk'
  clock.turn(1000)
  search.query = 'wijkteam'
  await answer([], true)
  expect(shown().state).toBe('busy')
  clock.turn(1000)
  await answer([], false, 0)
  expect(shown().state).toBe('busy')
  await answer(['Wijkteam'], true)
  expect(shown()).toEqual({ state: 'done', titles: ['Wijkteam'] })
  clock.turn(60_000)
  expect(asked).toHaveLength(2)
  search.dispose()
})

test('in another space, or everywhere, the question is put again: hits in the one before are no answer there', async () => {
  const { clock, asked, search, answer, shown, moveTo } = setup()
  search.query = 'wijkteam'
  clock.turn(1000)
  await answer(['Wijkteam'], true)
  moveTo('schiedam')
  expect(shown().state).toBe('done')
  moveTo('heerlen')
  expect(shown().state).toBe('busy')
  clock.turn(1000)
  await answer([], true)
  search.onlyHere = false
  expect(shown().state).toBe('busy')
  clock.turn(1000)
  await answer(['Wijkteam'], true)
  moveTo('schiedam')
  expect(shown()).toEqual({ state: 'done', titles: ['Wijkteam'] })
  expect(asked.map(({ where }) => where)).toEqual(['only schiedam', 'only heerlen', 'first heerlen'])
})
