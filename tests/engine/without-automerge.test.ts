// Automerge is the heaviest part of the engine, and the first view needs none of it. A file of its own: once loaded, it stays loaded.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { rowOf } from '../../shared/derive/row.ts'
import { initFacts } from '../../client/engine/facts.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { openAlone } from './support/alone.ts'

const loads = vi.hoisted(() => ({ count: 0 }))
vi.mock('@automerge/automerge/slim', async (original) => {
  loads.count++
  return original()
})

test('rows, status and search are there without Automerge; the first facts load it, and try again when that failed', async () => {
  const dice = namedDice(1, 'without automerge')
  const [user, space, item] = [newId(dice), newId(dice), newId(dice)]
  const store = createMemoryDevice().openStore()
  const payload = new TextEncoder().encode('{}')
  await store.putSpace({ space, kind: 'municipality', name: 'Schiedam', role: 'leader', epoch: newId(dice), cursor: 0, tailHash: new Uint8Array(16), head: 0, rechecking: false })
  await store.putLocal([{ space, entry: newId(dice), item, part: 'act', format: 'act1', schema: 1, clientTime: 1, writer: newId(dice), payload, author: user }], 1)
  const [mark] = await store.dirty(1)
  await store.putRows([{ row: { ...rowOf({ item, space, facts: EMPTY_FACTS, acts: NO_ACTS, changedAt: 1, changedBy: user }), title: 'Roken' }, at: mark!.at }])
  const [stale] = await store.staleTexts(1)
  await store.putTexts([{ text: { item, space, title: 'Roken', text: '' }, at: stale!.at }])

  let isReachable = false
  initFacts(() => (isReachable ? Promise.resolve(readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm'))) : Promise.reject(new Error('offline'))))
  const engine = await openAlone(store, user)
  expect((await engine.rows()).map(({ title }) => title)).toEqual(['Roken'])
  expect((await engine.status()).state).toBe('offline')
  expect((await engine.search('roken', 10)).hits.map(({ title }) => title)).toEqual(['Roken'])
  expect(loads.count).toBe(0)

  const create = () => engine.createItem({ space, type: 'agreement', edits: [], prose: null })
  await expect(create()).rejects.toThrow('offline')
  isReachable = true
  await create()
  expect(loads.count).toBe(1)
  await engine.dispose()
})
