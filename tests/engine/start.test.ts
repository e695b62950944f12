// What a start waits for: counted in answers of the store that have to be there before the next question is asked.
import { expect, test } from 'vitest'
import { newId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import type { EngineStore } from '../../client/engine/store.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { openAlone } from './support/alone.ts'
import { settle } from './support/world.ts'

const dice = namedDice(1, 'start')

/** Answers come in rounds: those of one round were asked for without waiting for each other. */
function inRounds(store: EngineStore): { rounds(opening: Promise<unknown>): Promise<number> } {
  let held: (() => void)[] = []
  const methods = store as unknown as Record<string, unknown>
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method !== 'function' || name.startsWith('on') || name === 'post') continue
    methods[name] = async (...args: unknown[]): Promise<unknown> => {
      const answer = await (method as (...args: unknown[]) => Promise<unknown>)(...args)
      await new Promise<void>((resolve) => held.push(resolve))
      return answer
    }
  }
  return {
    async rounds(opening) {
      let isOpen = false
      void opening.then(() => {
        isOpen = true
      })
      for (let count = 0; ; count++) {
        await settle()
        if (isOpen) return count
        const [now] = [held, (held = [])]
        for (const answer of now) answer()
      }
    },
  }
}

test('a start asks the store everything it needs at once, and the connection once more', async () => {
  const user = newId(dice)
  const device = createMemoryDevice()
  await (await openAlone(device.openStore(), user)).dispose()
  const store = device.openStore()
  const { rounds } = inRounds(store)
  expect(await rounds(openAlone(store, user))).toBeLessThanOrEqual(2)
})

test('what was left over of a lost space is gone before the first answer, and what was not sent of it is parked', async () => {
  const [user, space, item] = [newId(dice), newId(dice), newId(dice)]
  const device = createMemoryDevice()
  const before = device.openStore()
  await before.putLocal([{ space, entry: newId(dice), item, part: 'act', format: 'act1', schema: 1, clientTime: 1, writer: newId(dice), payload: new Uint8Array([1]), author: user }], 1)
  // The right was lost and noted; the engine ended before it removed the rest.
  await before.putSpace({ space, kind: 'municipality', name: 'Schiedam', role: null, epoch: newId(dice), cursor: 5, tailHash: new Uint8Array(16), head: 5, rechecking: false })
  const engine = await openAlone(device.openStore(), user)
  expect((await engine.parked()).map(({ code }) => code)).toEqual(['forbidden'])
  expect(await engine.status()).toMatchObject({ parkedCount: 1, waitingCount: 0 })
  expect(await before.spaces()).toMatchObject([{ role: null, cursor: 0 }])
})

test('marks of an earlier start that cannot be read keep nobody out', async () => {
  const user = newId(dice)
  const device = createMemoryDevice()
  const store = device.openStore()
  for (const key of ['applying', 'crashes']) await store.putValue(key, 42)
  await (await openAlone(device.openStore(), user)).dispose()
})
