// A document that is being opened: the log has not said yet whose it is.
import { afterEach, expect, test, vi } from 'vitest'
import type { Clock } from '../../shared/base/clock.ts'
import { relayWriter } from './other-door.ts'
import { addParagraph, setupGateway, whenSynced, whenText, type GatewayWorld } from './world.ts'

/** What the log waits for before it says whose an item is. */
let mayAnswer: Promise<void> | null = null
let asked: (() => void) | null = null
vi.mock('../../server/store/memory-log.ts', async (original) => {
  const module = await original<typeof import('../../server/store/memory-log.ts')>()
  return {
    ...module,
    createMemoryLog(...options: Parameters<typeof module.createMemoryLog>) {
      const log = module.createMemoryLog(...options)
      const { spaceOf } = log
      return Object.assign(log, {
        async spaceOf(item: string) {
          asked?.()
          await mayAnswer
          return spaceOf(item)
        },
      })
    },
  }
})

let world: GatewayWorld
afterEach(() => world.dispose())

test('[7] the sign of life that falls into it does not send somebody away who may read', async () => {
  const timers: (() => void)[] = []
  const clock: Clock = { now: () => 1_000, after: (_delayMs, call) => (timers.push(call), { dispose: () => void timers.splice(timers.indexOf(call), 1) }) }
  world = await setupGateway({ clock })
  const item = world.newItem()
  const made = world.accounts.createPerson({ login: 'wijkteam@voorbeeld.nl', name: 'wijkteam', job: 'wijkteam', organisation: 'Wijkteam' })
  if (!made.ok) throw new Error('taken')
  world.accounts.setRole(made.value.user, world.space, 'member')
  const other = relayWriter(world, made.value.user, item)
  await other.write((doc) => addParagraph(doc, 'Wat er staat.'))

  const { promise, resolve } = Promise.withResolvers<void>()
  mayAnswer = promise
  const isAsked = new Promise<void>((done) => (asked = done))
  // A reader's token opens no page of its own: whoever does not know the space would say that it may not read.
  const provider = world.stock(item, world.token('reader').token)
  const closed = new Promise<string>((done) => provider.once('closed', ({ code }) => done(`closed for good with ${code}`)))
  await isAsked
  for (const call of timers.splice(0)) call()
  resolve()
  mayAnswer = null
  expect(await Promise.race([whenSynced(provider).then(() => 'synced'), closed])).toBe('synced')
  await whenText(provider.doc, 'Wat er staat.')
})
