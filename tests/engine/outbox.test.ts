/** The outbox on a store whose commits take a while: what is typed meanwhile waits its turn, and nothing is called stored before it is. */
import { expect, test } from 'vitest'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { createOutbox, type LocalEdit } from '../../client/engine/outbox.ts'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'

const dice = seededDice(1)
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const edit = (): LocalEdit => ({
  space: newId(dice), entry: newId(dice), item: newId(dice), part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, writer: newId(dice), author: newId(dice),
  payload: new Uint8Array([0, 0]),
})

test('[INV4] an edit that comes while the store commits another is stored after it, and called stored no sooner', async () => {
  const commits: (() => void)[] = []
  const store = createMemoryDevice().openStore({ beforeCommit: () => new Promise((resolve) => commits.push(() => resolve('go'))) })
  const outbox = await createOutbox({ store, clock: { now: () => 0, after: () => ({ dispose: () => undefined }) }, storeFailed: () => undefined, storeWorks: () => undefined })
  const [first, second] = [edit(), edit()]
  const stored: string[] = []
  void outbox.write([first]).then(() => stored.push('first'))
  await settle()
  void outbox.write([second]).then(() => stored.push('second'))
  expect(outbox.counts()).toMatchObject({ inMemoryCount: 2, waitingCount: 0 })
  commits.shift()?.()
  await settle()
  expect(stored).toEqual(['first'])
  expect(outbox.counts()).toMatchObject({ inMemoryCount: 1, waitingCount: 1 })
  commits.shift()?.()
  await settle()
  expect(stored).toEqual(['first', 'second'])
  expect((await store.outbox()).map((row) => row.entry)).toEqual([first.entry, second.entry])
  expect(outbox.counts()).toMatchObject({ inMemoryCount: 0, waitingCount: 2 })
})
